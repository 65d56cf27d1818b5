// RUN: seqc-opt %s --split-input-file --seqc-split-norms | FileCheck %s
// RUN: seqc-opt %s --split-input-file --seqc-split-norms --remarks-filter=seqc-split-norms -o /dev/null 2>&1 \
// RUN:   | FileCheck %s --check-prefix=REMARK
// RUN: seqc-opt %s --split-input-file --seqc-pipeline-fuse | FileCheck %s --check-prefix=FUSED

#t = affine_map<(t, d, n) -> (t, d)>
#d = affine_map<(t, d, n) -> (d)>

// Scans in both directions read the norm of an argument: one kernel makes means and
// deviations, the other applies them to rows as it reads them.
// CHECK-LABEL: func.func @both_ways
// CHECK-NOT: seqc.norm
// CHECK: %[[MEAN:.*]] = linalg.generic {{.*}}iterator_types = ["parallel"]{{.*}}seqc.layer = "layers.0"
// CHECK: math.rsqrt
// CHECK: %[[U:.*]] = linalg.generic {{.*}} ins(%arg0, %{{.*}}, %[[MEAN]], %arg1, %arg2
// CHECK: seqc.scan {{.*}} inputs(%[[U]] :
// CHECK: seqc.scan {{.*}} inputs(%[[U]], %{{.*}} :
// REMARK: [Passed] split | Category:seqc-split-norms | op=seqc.norm
// FUSED-LABEL: func.func @both_ways
// FUSED: %[[S:.*]]:2 = seqc.kernel {{.*}}ins(%arg0 : tensor<?x16xf32>) outs({{.*}} : tensor<?xf32>, tensor<?xf32>)
// FUSED: math.rsqrt
// FUSED: seqc.kernel {{.*}}ins(%arg0, %[[S]]#
// FUSED: seqc.scan {delays = array<i64: 0, 0, 0>, maps = [#[[TD:.*]], #[[T:.*]], #[[T]],
// FUSED: arith.subf
// FUSED: seqc.scan
// FUSED: arith.subf
// FUSED-NOT: seqc.kernel
// FUSED: return
func.func @both_ways(%x: tensor<?x16xf32> {seqc.input = "x"}, %gain: tensor<16xf32> {seqc.weight = "g"},
                     %bias: tensor<16xf32> {seqc.weight = "b"}, %off: tensor<?xi32> {seqc.builtin = "offsets"},
                     %s: tensor<?x16xf32> {seqc.state = "s"}, %r: tensor<?x16xf32> {seqc.state = "r"}) -> tensor<?x16xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x16xf32>
  %e = tensor.empty(%n) : tensor<?x16xf32>
  %u = seqc.norm layer {eps = 1.0e-05 : f32, seqc.layer = "layers.0"} ins(%x : tensor<?x16xf32>)
      gain(%gain : tensor<16xf32>) bias(%bias : tensor<16xf32>) outs(%e : tensor<?x16xf32>) -> tensor<?x16xf32>
  %y, %h = seqc.scan {delays = array<i64: 0>, maps = [#t, #t, #d]}
      inputs(%u : tensor<?x16xf32>) offsets(%off : tensor<?xi32>)
      outs(%e : tensor<?x16xf32>) states(%s : tensor<?x16xf32>) {
  ^bb0(%xt: f32, %c: f32):
    %hn = arith.addf %c, %xt : f32
    seqc.yield %hn, %hn : f32, f32
  } -> tensor<?x16xf32>, tensor<?x16xf32>
  %z, %g = seqc.scan {direction = #seqc.direction<reverse>, delays = array<i64: 0, 0>, maps = [#t, #t, #t, #d]}
      inputs(%u, %y : tensor<?x16xf32>, tensor<?x16xf32>) offsets(%off : tensor<?xi32>)
      outs(%e : tensor<?x16xf32>) states(%r : tensor<?x16xf32>) {
  ^bb0(%xt: f32, %yt: f32, %c: f32):
    %hn = arith.addf %c, %xt : f32
    %zt = arith.addf %hn, %yt : f32
    seqc.yield %zt, %hn : f32, f32
  } -> tensor<?x16xf32>, tensor<?x16xf32>
  return %z : tensor<?x16xf32>
}

// -----

// Rows that nothing else reads are made normalised.
#t = affine_map<(t, d, n) -> (t, d)>
#d = affine_map<(t, d, n) -> (d)>
// CHECK-LABEL: func.func @only_normalised
// CHECK: seqc.norm rms
// REMARK: [Missed] not split | Category:seqc-split-norms | Reason="nothing else reads the rows that it is made of"
func.func @only_normalised(%x: tensor<?x16xf32> {seqc.input = "x"}, %off: tensor<?xi32> {seqc.builtin = "offsets"},
                           %s: tensor<?x16xf32> {seqc.state = "s"}) -> tensor<?x16xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x16xf32>
  %e = tensor.empty(%n) : tensor<?x16xf32>
  %v = linalg.exp ins(%x : tensor<?x16xf32>) outs(%e : tensor<?x16xf32>) -> tensor<?x16xf32>
  %u = seqc.norm rms {eps = 1.0e-05 : f32} ins(%v : tensor<?x16xf32>) outs(%e : tensor<?x16xf32>) -> tensor<?x16xf32>
  %y, %h = seqc.scan {delays = array<i64: 0>, maps = [#t, #t, #d]}
      inputs(%u : tensor<?x16xf32>) offsets(%off : tensor<?xi32>)
      outs(%e : tensor<?x16xf32>) states(%s : tensor<?x16xf32>) {
  ^bb0(%xt: f32, %c: f32):
    %hn = arith.addf %c, %xt : f32
    seqc.yield %hn, %hn : f32, f32
  } -> tensor<?x16xf32>, tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}

// -----

// A row that does not exist is 0, not what a norm makes of 0.
#t = affine_map<(t, d, n) -> (t, d)>
#d = affine_map<(t, d, n) -> (d)>
// CHECK-LABEL: func.func @delayed
// CHECK: seqc.norm rms
// REMARK: Reason="a scan reads it delayed or by other axes"
func.func @delayed(%x: tensor<?x16xf32> {seqc.input = "x"}, %off: tensor<?xi32> {seqc.builtin = "offsets"},
                   %s: tensor<?x16xf32> {seqc.state = "s"}) -> tensor<?x16xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x16xf32>
  %e = tensor.empty(%n) : tensor<?x16xf32>
  %u = seqc.norm rms {eps = 1.0e-05 : f32} ins(%x : tensor<?x16xf32>) outs(%e : tensor<?x16xf32>) -> tensor<?x16xf32>
  %y, %h = seqc.scan {delays = array<i64: 1>, maps = [#t, #t, #d]}
      inputs(%u : tensor<?x16xf32>) offsets(%off : tensor<?xi32>)
      outs(%e : tensor<?x16xf32>) states(%s : tensor<?x16xf32>) {
  ^bb0(%xt: f32, %c: f32):
    %hn = arith.addf %c, %xt : f32
    seqc.yield %hn, %hn : f32, f32
  } -> tensor<?x16xf32>, tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}

// -----

// Others read the normalised rows as well, or one gain serves all channels.
#t = affine_map<(t, d, n) -> (t, d)>
#d = affine_map<(t, d, n) -> (d)>
// CHECK-LABEL: func.func @refused
// CHECK: seqc.norm rms
// CHECK: seqc.norm scale
// REMARK-DAG: Reason="others than scans read its result"
// REMARK-DAG: Reason="its gain is one value for all channels"
func.func @refused(%x: tensor<?x16xf32> {seqc.input = "x"}, %gain: tensor<1xf32> {seqc.weight = "g"},
                   %off: tensor<?xi32> {seqc.builtin = "offsets"}, %s: tensor<?x16xf32> {seqc.state = "s"})
    -> (tensor<?x16xf32>, tensor<?x16xf32>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x16xf32>
  %e = tensor.empty(%n) : tensor<?x16xf32>
  %u = seqc.norm rms {eps = 1.0e-05 : f32} ins(%x : tensor<?x16xf32>) outs(%e : tensor<?x16xf32>) -> tensor<?x16xf32>
  %v = seqc.norm scale {eps = 1.0e-05 : f32} ins(%x : tensor<?x16xf32>) gain(%gain : tensor<1xf32>)
      outs(%e : tensor<?x16xf32>) -> tensor<?x16xf32>
  %y, %h = seqc.scan {delays = array<i64: 0, 0>, maps = [#t, #t, #t, #d]}
      inputs(%u, %v : tensor<?x16xf32>, tensor<?x16xf32>) offsets(%off : tensor<?xi32>)
      outs(%e : tensor<?x16xf32>) states(%s : tensor<?x16xf32>) {
  ^bb0(%ut: f32, %vt: f32, %c: f32):
    %p = arith.addf %ut, %vt : f32
    %hn = arith.addf %c, %p : f32
    seqc.yield %hn, %hn : f32, f32
  } -> tensor<?x16xf32>, tensor<?x16xf32>
  return %y, %u : tensor<?x16xf32>, tensor<?x16xf32>
}
