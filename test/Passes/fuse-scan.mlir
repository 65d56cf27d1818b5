// RUN: seqc-opt %s --split-input-file --seqc-fuse-scan | FileCheck %s
// RUN: seqc-opt %s --split-input-file --seqc-fuse-scan --remarks-filter=seqc-fuse-scan -o /dev/null 2>&1 \
// RUN:   | FileCheck %s --check-prefix=REMARK

#t = affine_map<(t, d, n) -> (t, d)>
#s = affine_map<(t, d, n) -> (d, n)>
#td = affine_map<(t, d) -> (t, d)>
#d = affine_map<(t, d) -> (d)>

// A gate, a bias per channel and an activation of the output: one scan.
// CHECK-LABEL: func.func @consumer
// CHECK-SAME: (%[[X:.*]]: tensor<?x16xf32> {{.*}}, %[[G:.*]]: tensor<?x16xf32> {{.*}}, %[[B:.*]]: tensor<16xf32>
// CHECK: %[[R:.*]]:2 = seqc.scan {delays = array<i64: 0, 0>, maps = [#[[T:.*]], #[[T]], #[[D:.*]], #[[T]], #[[S:.*]]], seqc.layer = "layers.1"}
// CHECK-SAME: inputs(%[[X]], %[[G]] :
// CHECK-SAME: params(%[[B]] : tensor<16xf32>)
// CHECK: ^bb0(%{{.*}}: f32, %[[GT:.*]]: f32, %[[BD:.*]]: f32, %{{.*}}: vector<4xf32>):
// CHECK: %[[Y:.*]] = vector.reduction
// CHECK: %[[M:.*]] = arith.mulf %[[Y]], %[[GT]]
// CHECK: %[[A:.*]] = arith.addf %[[M]], %[[BD]]
// CHECK: %[[E:.*]] = math.exp %[[A]]
// CHECK: seqc.yield %[[E]], %{{.*}} : f32, vector<4xf32>
// CHECK: return %[[R]]#0, %[[R]]#1
// REMARK: [Passed] inlined | Category:seqc-fuse-scan | op=linalg.generic
// REMARK: [Passed] inlined | Category:seqc-fuse-scan | op=linalg.exp
func.func @consumer(%x: tensor<?x16xf32> {seqc.input = "x"}, %g: tensor<?x16xf32> {seqc.input = "g"}, %b: tensor<16xf32> {seqc.weight = "b"},
                    %off: tensor<?xi32> {seqc.builtin = "offsets"}, %h0: tensor<?x16x4xf32> {seqc.state = "h"})
    -> (tensor<?x16xf32>, tensor<?x16x4xf32>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x16xf32>
  %e = tensor.empty(%n) : tensor<?x16xf32>
  %y, %h1 = seqc.scan {delays = array<i64: 0>, maps = [#t, #t, #s], seqc.layer = "layers.1"}
      inputs(%x : tensor<?x16xf32>) offsets(%off : tensor<?xi32>)
      outs(%e : tensor<?x16xf32>) states(%h0 : tensor<?x16x4xf32>) {
  ^bb0(%xt: f32, %c: vector<4xf32>):
    %xv = vector.broadcast %xt : f32 to vector<4xf32>
    %hn = arith.addf %c, %xv : vector<4xf32>
    %yt = vector.reduction <add>, %hn : vector<4xf32> into f32
    seqc.yield %yt, %hn : f32, vector<4xf32>
  } -> tensor<?x16xf32>, tensor<?x16x4xf32>
  %z = linalg.generic {indexing_maps = [#td, #td, #d, #td], iterator_types = ["parallel", "parallel"]}
      ins(%y, %g, %b : tensor<?x16xf32>, tensor<?x16xf32>, tensor<16xf32>) outs(%e : tensor<?x16xf32>) {
  ^bb0(%p: f32, %q: f32, %r: f32, %o: f32):
    %m = arith.mulf %p, %q : f32
    %a = arith.addf %m, %r : f32
    linalg.yield %a : f32
  } -> tensor<?x16xf32>
  %w = linalg.exp ins(%z : tensor<?x16xf32>) outs(%e : tensor<?x16xf32>) -> tensor<?x16xf32>
  return %w, %h1 : tensor<?x16xf32>, tensor<?x16x4xf32>
}

// -----

#t = affine_map<(t, d, n) -> (t, d)>
#s = affine_map<(t, d, n) -> (d, n)>
#td = affine_map<(t, d) -> (t, d)>

// Both directions: the later scan reads the earlier one's rows and adds them. The
// constant of the factor moves along. The input's maker has two readers and stays.
// CHECK-LABEL: func.func @bidirectional
// CHECK: %[[U:.*]] = linalg.exp
// CHECK: %[[F:.*]]:2 = seqc.scan {{.*}} inputs(%[[U]] :
// CHECK: %[[R:.*]]:2 = seqc.scan {{.*}} direction = #seqc.direction<reverse>
// CHECK-SAME: inputs(%[[U]], %[[F]]#0 :
// CHECK: %[[TWO:.*]] = arith.constant 2.0
// CHECK: %[[SUM:.*]] = arith.addf %{{.*}}, %{{.*}} : f32
// CHECK: %[[Z:.*]] = arith.mulf %[[SUM]], %[[TWO]]
// CHECK: seqc.yield %[[Z]], %
// CHECK-NOT: linalg.generic
// CHECK: return %[[R]]#0
// REMARK: [Missed] not inlined {{.*}}Reason="others read its result", op=linalg.exp
func.func @bidirectional(%x: tensor<?x16xf32> {seqc.input = "x"}, %off: tensor<?xi32> {seqc.builtin = "offsets"},
                         %h0: tensor<?x16x4xf32> {seqc.state = "h"}) -> tensor<?x16xf32> {
  %c0 = arith.constant 0 : index
  %two = arith.constant 2.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x16xf32>
  %e = tensor.empty(%n) : tensor<?x16xf32>
  %u = linalg.exp ins(%x : tensor<?x16xf32>) outs(%e : tensor<?x16xf32>) -> tensor<?x16xf32>
  %y, %h1 = seqc.scan {delays = array<i64: 0>, maps = [#t, #t, #s]}
      inputs(%u : tensor<?x16xf32>) offsets(%off : tensor<?xi32>)
      outs(%e : tensor<?x16xf32>) states(%h0 : tensor<?x16x4xf32>) {
  ^bb0(%xt: f32, %c: vector<4xf32>):
    %xv = vector.broadcast %xt : f32 to vector<4xf32>
    %hn = arith.addf %c, %xv : vector<4xf32>
    %yt = vector.reduction <add>, %hn : vector<4xf32> into f32
    seqc.yield %yt, %hn : f32, vector<4xf32>
  } -> tensor<?x16xf32>, tensor<?x16x4xf32>
  %y2, %h2 = seqc.scan {delays = array<i64: 1>, direction = #seqc.direction<reverse>, maps = [#t, #t, #s]}
      inputs(%u : tensor<?x16xf32>) offsets(%off : tensor<?xi32>)
      outs(%e : tensor<?x16xf32>) states(%h0 : tensor<?x16x4xf32>) {
  ^bb0(%xt: f32, %c: vector<4xf32>):
    %xv = vector.broadcast %xt : f32 to vector<4xf32>
    %hn = arith.addf %c, %xv : vector<4xf32>
    %yt = vector.reduction <add>, %hn : vector<4xf32> into f32
    seqc.yield %yt, %hn : f32, vector<4xf32>
  } -> tensor<?x16xf32>, tensor<?x16x4xf32>
  %z = linalg.generic {indexing_maps = [#td, #td, #td], iterator_types = ["parallel", "parallel"]}
      ins(%y, %y2 : tensor<?x16xf32>, tensor<?x16xf32>) outs(%e : tensor<?x16xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %a = arith.addf %p, %q : f32
    %m = arith.mulf %a, %two : f32
    linalg.yield %m : f32
  } -> tensor<?x16xf32>
  return %z : tensor<?x16xf32>
}

// -----

#t = affine_map<(t, d, n) -> (t, d)>
#s1 = affine_map<(t, d, n) -> (d)>
#td = affine_map<(t, d) -> (t, d)>
#row = affine_map<(t, d) -> (t)>
#one = affine_map<(t, d) -> ()>

// An activation of an argument becomes part of the step, and the output stays an
// output if somebody else reads it. A value per row is an input that all channels
// share; one value for all is nothing a step can read.
// CHECK-LABEL: func.func @producer
// CHECK-NOT: linalg.exp
// CHECK: %[[R:.*]]:4 = seqc.scan {{.*}}maps = [#[[ROW:.*]], #[[T:.*]], #[[T]], #[[T]], #[[T]], #{{.*}}]} inputs(%arg1, %arg0 :
// CHECK-NEXT: ^bb0(%[[V:.*]]: f32, %[[X:.*]]: f32, %[[C:.*]]: f32):
// CHECK-NEXT: %[[E:.*]] = math.exp %[[X]]
// CHECK-NEXT: %[[H:.*]] = arith.addf %[[C]], %[[E]]
// CHECK-DAG: %[[L:.*]] = math.log %[[H]]
// CHECK-DAG: %[[P:.*]] = arith.addf %[[H]], %[[V]]
// CHECK: seqc.yield %[[H]], %[[L]], %[[P]], %[[H]]
// CHECK: %[[Q:.*]] = linalg.generic {{.*}} ins(%[[R]]#0, %{{.*}} : tensor<?x16xf32>, tensor<f32>)
// CHECK: return %[[R]]#2, %[[R]]#1, %[[Q]]
// REMARK: [Missed] not inlined {{.*}}Reason="an operand is neither rows by channels nor one value per row or channel"
func.func @producer(%x: tensor<?x16xf32> {seqc.input = "x"}, %v: tensor<?xf32> {seqc.input = "v"},
                    %one: tensor<f32> {seqc.weight = "one"},
                    %off: tensor<?xi32> {seqc.builtin = "offsets"}, %h0: tensor<?x16xf32> {seqc.state = "h"})
    -> (tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x16xf32>
  %e = tensor.empty(%n) : tensor<?x16xf32>
  %u = linalg.exp ins(%x : tensor<?x16xf32>) outs(%e : tensor<?x16xf32>) -> tensor<?x16xf32>
  %y, %h1 = seqc.scan {delays = array<i64: 0>, maps = [#t, #t, #s1]}
      inputs(%u : tensor<?x16xf32>) offsets(%off : tensor<?xi32>)
      outs(%e : tensor<?x16xf32>) states(%h0 : tensor<?x16xf32>) {
  ^bb0(%xt: f32, %c: f32):
    %hn = arith.addf %c, %xt : f32
    seqc.yield %hn, %hn : f32, f32
  } -> tensor<?x16xf32>, tensor<?x16xf32>
  %z = linalg.generic {indexing_maps = [#td, #row, #td], iterator_types = ["parallel", "parallel"]}
      ins(%y, %v : tensor<?x16xf32>, tensor<?xf32>) outs(%e : tensor<?x16xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %a = arith.addf %p, %q : f32
    linalg.yield %a : f32
  } -> tensor<?x16xf32>
  %w = linalg.log ins(%y : tensor<?x16xf32>) outs(%e : tensor<?x16xf32>) -> tensor<?x16xf32>
  %k = linalg.generic {indexing_maps = [#td, #one, #td], iterator_types = ["parallel", "parallel"]}
      ins(%y, %one : tensor<?x16xf32>, tensor<f32>) outs(%e : tensor<?x16xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %a = arith.mulf %p, %q : f32
    linalg.yield %a : f32
  } -> tensor<?x16xf32>
  return %z, %w, %k : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>
}

// -----

#t = affine_map<(t, d, n) -> (t, d)>
#s1 = affine_map<(t, d, n) -> (d)>
#td = affine_map<(t, d) -> (t, d)>

// The other operand depends on the scan; a delayed input keeps its maker, since a
// row before the first is 0 and not exp(0).
// CHECK-LABEL: func.func @refused
// CHECK: linalg.exp
// CHECK: seqc.scan
// CHECK: seqc.norm
// CHECK: linalg.generic
// REMARK-DAG: Reason="the input is delayed", op=linalg.exp
// REMARK-DAG: Reason="another operand depends on the scan", op=linalg.generic
func.func @refused(%x: tensor<?x16xf32> {seqc.input = "x"}, %off: tensor<?xi32> {seqc.builtin = "offsets"},
                   %h0: tensor<?x16xf32> {seqc.state = "h"}) -> tensor<?x16xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x16xf32>
  %e = tensor.empty(%n) : tensor<?x16xf32>
  %u = linalg.exp ins(%x : tensor<?x16xf32>) outs(%e : tensor<?x16xf32>) -> tensor<?x16xf32>
  %y, %h1 = seqc.scan {delays = array<i64: 1>, maps = [#t, #t, #s1]}
      inputs(%u : tensor<?x16xf32>) offsets(%off : tensor<?xi32>)
      outs(%e : tensor<?x16xf32>) states(%h0 : tensor<?x16xf32>) {
  ^bb0(%xt: f32, %c: f32):
    %hn = arith.addf %c, %xt : f32
    seqc.yield %hn, %hn : f32, f32
  } -> tensor<?x16xf32>, tensor<?x16xf32>
  %k = seqc.norm rms {eps = 1.0e-05 : f32} ins(%y : tensor<?x16xf32>) outs(%e : tensor<?x16xf32>) -> tensor<?x16xf32>
  %z = linalg.generic {indexing_maps = [#td, #td, #td], iterator_types = ["parallel", "parallel"]}
      ins(%y, %k : tensor<?x16xf32>, tensor<?x16xf32>) outs(%e : tensor<?x16xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %a = arith.addf %p, %q : f32
    linalg.yield %a : f32
  } -> tensor<?x16xf32>
  return %z : tensor<?x16xf32>
}
