// RUN: seqc-opt %s --split-input-file --seqc-fuse-kernels | FileCheck %s
// RUN: seqc-opt %s --split-input-file --seqc-fuse-kernels --remarks-filter=seqc-fuse-kernels -o /dev/null 2>&1 \
// RUN:   | FileCheck %s --check-prefix=REMARK
// RUN: seqc-opt %S/Inputs/seqboat.mlir --seqc-pipeline-simplify --seqc-pipeline-fuse | FileCheck %s --check-prefix=MODEL

// A whole gated layer: statistics of the norm | norm, scan, activation | matmul .. route, residual |
// compress | ...
// MODEL-LABEL: func.func @forward
// MODEL: seqc.kernel {layer = "layers.0"}
// MODEL: math.rsqrt
// MODEL: %[[SCAN:.*]]:2 = seqc.kernel {layer = "layers.0"} {{.*}} outs(%{{.*}}, %{{.*}} : tensor<?x16xf32>, tensor<?x16x4xf32>)
// MODEL-NEXT: ^bb0
// MODEL-NEXT: seqc.scan
// MODEL: arith.divf
// MODEL: %[[ROWS:.*]]:3 = seqc.kernel
// MODEL: collapse_shape
// MODEL: seqc.route
// MODEL: seqc.yield
// MODEL: %[[IDX:.*]]:2 = seqc.kernel
// MODEL: seqc.compress
// MODEL: %[[N:.*]] = seqc.count %[[IDX]]#1 {gate = "layers.0"}
// MODEL: %[[I:.*]] = tensor.extract_slice %[[IDX]]#0[0] [%[[N]]] [1]
// Both gathers read the same indices and share a kernel with the product; slices
// that leave are copied.
// MODEL: %[[ACT:.*]]:5 = seqc.kernel {{.*}} ins(%[[SCAN]]#0, %[[I]]
// MODEL: seqc.gather_rows
// MODEL: seqc.gather_rows
// MODEL: linalg.copy
// MODEL: linalg.copy
// MODEL: seqc.yield
// Rows of attention go on to the projection and back to where they came from. The
// residual is updated in place, the rings after the attention that reads them.
// MODEL: seqc.kernel {{.*}} ins(%[[ACT]]#3{{.*}} outs(%[[ROWS]]#2 : tensor<?x16xf32>)
// MODEL: seqc.attend
// MODEL: linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "parallel", "reduction"]
// MODEL-NOT: seqc.kernel
// MODEL: seqc.scatter_rows add
// MODEL: seqc.ring_push
// MODEL: seqc.ring_push
// MODEL: seqc.ring_push

#td = affine_map<(t, d) -> (t, d)>
#d = affine_map<(t, d) -> (d)>

// Two row ops are one kernel; the intermediate value stays inside.
// CHECK-LABEL: func.func @chain
// CHECK: %[[E:.*]] = tensor.empty
// CHECK: %[[K:.*]] = seqc.kernel {layer = "layers.3"} ins(%{{.*}} : tensor<?x8xf32>) outs(%[[E]] : tensor<?x8xf32>) {
// CHECK: ^bb0(%[[X:.*]]: tensor<?x8xf32>, %[[O:.*]]: tensor<?x8xf32>):
// CHECK:   %[[N:.*]] = tensor.dim %[[X]]
// CHECK:   %[[T:.*]] = tensor.empty(%[[N]])
// CHECK:   %[[A:.*]] = seqc.norm {{.*}} ins(%[[X]] {{.*}} outs(%[[T]]
// CHECK:   %[[B:.*]] = linalg.exp ins(%[[A]] {{.*}} outs(%[[O]]
// CHECK:   seqc.yield %[[B]]
// CHECK: return %[[K]]
// REMARK: [Passed] fused | Category:seqc-fuse-kernels | op=linalg.exp, with=seqc.norm
func.func @chain(%x: tensor<?x8xf32> {seqc.input = "x"}) -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%n) : tensor<?x8xf32>
  %a = seqc.norm rms {eps = 1.0e-05 : f32, seqc.layer = "layers.3"} ins(%x : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  %b = linalg.exp ins(%a : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %b : tensor<?x8xf32>
}

// -----

// A gather reads any row of its source: never in the kernel that makes it.
// CHECK-LABEL: func.func @gather_source
// CHECK: %[[A:.*]] = seqc.kernel
// CHECK: linalg.exp
// CHECK: seqc.kernel ins(%[[A]], %{{.*}}
// CHECK: seqc.gather_rows
func.func @gather_source(%x: tensor<?x8xf32> {seqc.input = "x"}, %i: tensor<?xi32> {seqc.input = "i"}) -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%n) : tensor<?x8xf32>
  %a = linalg.exp ins(%x : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  %b = seqc.gather_rows ins(%a, %i : tensor<?x8xf32>, tensor<?xi32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %b : tensor<?x8xf32>
}

// -----

// a and c could share a kernel but for the pool between them, whose result c
// reads whole. The extent of rows of c does not make it wait for b.
#td = affine_map<(t, d) -> (t, d)>
#fix = affine_map<(t, d) -> (0, d)>
// CHECK-LABEL: func.func @between
// CHECK: %[[A:.*]] = seqc.kernel
// CHECK: linalg.exp
// CHECK: %[[B:.*]] = seqc.kernel
// CHECK: seqc.pool
// CHECK: seqc.kernel ins(%[[A]], %[[B]]
// REMARK: [Missed] not fused | Category:seqc-fuse-kernels | Reason="an op between them belongs to another kernel", op=linalg.generic, with=linalg.exp
func.func @between(%x: tensor<?x8xf32> {seqc.input = "x"}, %off: tensor<?xi32> {seqc.builtin = "offsets"}) -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = tensor.dim %x, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%n) : tensor<?x8xf32>
  %a = linalg.exp ins(%x : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  %m = tensor.dim %off, %c0 : tensor<?xi32>
  %s = arith.subi %m, %c1 : index
  %pe = tensor.empty(%s) : tensor<?x8xf32>
  %b = seqc.pool mean ins(%a, %off : tensor<?x8xf32>, tensor<?xi32>) outs(%pe : tensor<?x8xf32>) -> tensor<?x8xf32>
  %c = linalg.generic {indexing_maps = [#td, #fix, #td], iterator_types = ["parallel", "parallel"]}
      ins(%a, %b : tensor<?x8xf32>, tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %r = arith.addf %p, %q : f32
    linalg.yield %r : f32
  } -> tensor<?x8xf32>
  return %c : tensor<?x8xf32>
}

// -----

// 2048 + 4096 columns a row are more than 32 rows may take of half the cache.
module attributes {seqc.target = #seqc.target<"avx512", bits = 512, registers = 32, fma = true, l1 = 32768, l2 = 262144>} {
  // CHECK-LABEL: func.func @too_wide
  // CHECK: %[[A:.*]] = seqc.kernel
  // CHECK: seqc.kernel ins(%[[A]]
  // REMARK: [Missed] not fused {{.*}}Reason="the temporaries of a tile would not fit half of the second-level cache"
  func.func @too_wide(%x: tensor<?x2048xf32> {seqc.input = "x"}) -> tensor<?x2048xf32> {
    %c0 = arith.constant 0 : index
    %n = tensor.dim %x, %c0 : tensor<?x2048xf32>
    %e = tensor.empty(%n) : tensor<?x2048xf32>
    %a = seqc.norm rms {eps = 1.0e-05 : f32} ins(%x : tensor<?x2048xf32>) outs(%e : tensor<?x2048xf32>) -> tensor<?x2048xf32>
    %b = seqc.norm rms {eps = 1.0e-05 : f32} ins(%a : tensor<?x2048xf32>) outs(%e : tensor<?x2048xf32>) -> tensor<?x2048xf32>
    return %b : tensor<?x2048xf32>
  }
}

// -----

// A product that leaves as it is: the kernel writes panels, the reshape that
// follows is free. A state that is replaced gets a fresh tensor.
#a = affine_map<(m, n, p, k) -> (m, k)>
#b = affine_map<(m, n, p, k) -> (n, k, p)>
#c = affine_map<(m, n, p, k) -> (m, n, p)>
// CHECK-LABEL: func.func @product
// CHECK: %[[E:.*]] = tensor.empty(%{{.*}}) : tensor<?x2x16xf32>
// CHECK: %[[K:.*]] = seqc.kernel {{.*}} outs(%[[E]] : tensor<?x2x16xf32>)
// CHECK: linalg.fill {{.*}} outs(%{{.*}} : tensor<?x2x16xf32>)
// CHECK: %[[R:.*]] = tensor.collapse_shape %[[K]]
// CHECK: return %[[R]]
func.func @product(%x: tensor<?x8xf32> {seqc.input = "x"}, %w: tensor<2x8x16xf32> {seqc.weight = "w"}) -> tensor<?x32xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%n) : tensor<?x2x16xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x2x16xf32>) -> tensor<?x2x16xf32>
  %y = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x8xf32>, tensor<2x8x16xf32>) outs(%f : tensor<?x2x16xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %m = arith.mulf %p, %q : f32
    %r = arith.addf %o, %m : f32
    linalg.yield %r : f32
  } -> tensor<?x2x16xf32>
  %z = tensor.collapse_shape %y [[0], [1, 2]] : tensor<?x2x16xf32> into tensor<?x32xf32>
  return %z : tensor<?x32xf32>
}

// -----

// The extent of an activated row comes from an argument; a scatter that keeps
// the rest of its destination writes the state in place, after its reader.
// CHECK-LABEL: func.func @in_place
// CHECK: seqc.kernel
// CHECK: linalg.exp
// CHECK: seqc.kernel {{.*}} outs(%[[Y:.*]] : tensor<?x8xf32>)
// CHECK: seqc.scatter_rows set
func.func @in_place(%x: tensor<?x8xf32> {seqc.input = "x"}, %i: tensor<?xi32> {seqc.input = "i"},
                    %s: tensor<?x8xf32> {seqc.state = "s"}) -> (tensor<?x8xf32> {seqc.state = "s"}, tensor<?x8xf32> {seqc.output = "y"}) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %s, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%n) : tensor<?x8xf32>
  %b = linalg.exp ins(%s : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  %a = seqc.scatter_rows set ins(%x, %i : tensor<?x8xf32>, tensor<?xi32>) outs(%s : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %a, %b : tensor<?x8xf32>, tensor<?x8xf32>
}

// -----

// The state of a scan that starts fresh and is not carried on: filled inside the
// kernel, kept in a tensor of its own.
#t = affine_map<(t, d, n) -> (t, d)>
#s = affine_map<(t, d, n) -> (d, n)>
// CHECK-LABEL: func.func @fresh_state
// CHECK: %[[O:.*]] = tensor.empty(%{{.*}}) : tensor<?x16xf32>
// CHECK: %[[S:.*]] = tensor.empty(%{{.*}}) : tensor<?x16x4xf32>
// CHECK: %[[K:.*]]:2 = seqc.kernel {{.*}} outs(%[[O]], %[[S]] :
// CHECK: ^bb0({{.*}}, %[[S1:.*]]: tensor<?x16x4xf32>):
// CHECK: %[[F:.*]] = linalg.fill {{.*}} outs(%[[S1]]
// CHECK: seqc.scan {{.*}} states(%[[F]]
// CHECK: return %[[K]]#0
func.func @fresh_state(%x: tensor<?x16xf32> {seqc.input = "x"}, %off: tensor<?xi32> {seqc.builtin = "offsets"}) -> tensor<?x16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x16xf32>
  %m = tensor.dim %off, %c0 : tensor<?xi32>
  %b = arith.subi %m, %c1 : index
  %e = tensor.empty(%n) : tensor<?x16xf32>
  %h = tensor.empty(%b) : tensor<?x16x4xf32>
  %h0 = linalg.fill ins(%zero : f32) outs(%h : tensor<?x16x4xf32>) -> tensor<?x16x4xf32>
  %y, %h1 = seqc.scan {direction = #seqc.direction<reverse>, delays = array<i64: 0>, maps = [#t, #t, #s]}
      inputs(%x : tensor<?x16xf32>) offsets(%off : tensor<?xi32>)
      outs(%e : tensor<?x16xf32>) states(%h0 : tensor<?x16x4xf32>) {
  ^bb0(%xt: f32, %c: vector<4xf32>):
    %xv = vector.broadcast %xt : f32 to vector<4xf32>
    %hn = arith.addf %c, %xv : vector<4xf32>
    %yt = vector.reduction <add>, %hn : vector<4xf32> into f32
    seqc.yield %yt, %hn : f32, vector<4xf32>
  } -> tensor<?x16xf32>, tensor<?x16x4xf32>
  return %y : tensor<?x16xf32>
}

// -----

// What follows an attention element by element joins it; a consumer that adds
// into a value, or that reads a slice of an argument, does not.
#td = affine_map<(t, d) -> (t, d)>
#d = affine_map<(t, d) -> (d)>
// CHECK-LABEL: func.func @queries
// CHECK: %[[A:.*]]:2 = seqc.kernel
// CHECK: %[[O:.*]] = seqc.attend
// CHECK-NEXT: %[[E:.*]] = linalg.exp ins(%[[O]]
// CHECK-NEXT: seqc.yield %[[O]], %[[E]]
// CHECK: seqc.kernel {{.*}} outs(%[[A]]#0 :
// CHECK: linalg.generic
// CHECK: seqc.kernel ins(%[[A]]#1, %{{.*}} : tensor<?x8xf32>, tensor<2x8xf32>)
// CHECK: tensor.extract_slice
// CHECK: linalg.generic
func.func @queries(%x: tensor<?x8xf32> {seqc.input = "x"}, %w: tensor<2x8xf32> {seqc.weight = "w"},
                   %off: tensor<?xi32> {seqc.builtin = "offsets"}) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%n) : tensor<?x8xf32>
  %a = seqc.attend softmax {left = 3 : i64, right = 0 : i64, scale = 5.0e-01 : f32}
      ins(%x, %x, %x, %off : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>)
      outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  %b = linalg.exp ins(%a : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  %c = linalg.generic {indexing_maps = [#td, #td], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x8xf32>) outs(%a : tensor<?x8xf32>) {
  ^bb0(%p: f32, %o: f32):
    %r = arith.addf %p, %o : f32
    linalg.yield %r : f32
  } -> tensor<?x8xf32>
  %s = tensor.extract_slice %w[1, 0] [1, 8] [1, 1] : tensor<2x8xf32> to tensor<8xf32>
  %v = linalg.generic {indexing_maps = [#td, #d, #td], iterator_types = ["parallel", "parallel"]}
      ins(%b, %s : tensor<?x8xf32>, tensor<8xf32>) outs(%e : tensor<?x8xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %r = arith.mulf %p, %q : f32
    linalg.yield %r : f32
  } -> tensor<?x8xf32>
  return %c, %v : tensor<?x8xf32>, tensor<?x8xf32>
}

// -----

// Columns of an argument are no buffer: what updates them updates a copy.
// CHECK-LABEL: func.func @updated_columns
// CHECK: %[[COPY:.*]] = seqc.kernel ins(%{{.*}} : tensor<?x8xf32>)
// CHECK:   tensor.extract_slice %{{.*}}[0, 2] [%{{.*}}, 6] [1, 1]
// CHECK:   linalg.copy
// CHECK: seqc.kernel ins({{.*}} outs(%[[COPY]] : tensor<?x6xf32>)
// CHECK:   seqc.scatter_rows set
// CHECK-NOT: extract_slice
func.func @updated_columns(%x: tensor<?x8xf32> {seqc.input = "x"}, %y: tensor<?x6xf32> {seqc.input = "y"}, %i: tensor<?xi32> {seqc.input = "i"}) -> tensor<?x6xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x8xf32>
  %s = tensor.extract_slice %x[0, 2] [%n, 6] [1, 1] : tensor<?x8xf32> to tensor<?x6xf32>
  %r = seqc.scatter_rows set ins(%y, %i : tensor<?x6xf32>, tensor<?xi32>) outs(%s : tensor<?x6xf32>) -> tensor<?x6xf32>
  return %r : tensor<?x6xf32>
}

// -----

// A scan that reads what another one puts out goes on with its channels. All
// results of both leave, read or not.
#t = affine_map<(t, d, n) -> (t, d)>
#d = affine_map<(t, d, n) -> (d)>
// CHECK-LABEL: func.func @both_ways
// CHECK: %[[K:.*]]:4 = seqc.kernel
// CHECK: %[[F:.*]]:2 = seqc.scan
// CHECK: seqc.scan {{.*}}direction = #seqc.direction<reverse>{{.*}} inputs(%{{.*}}, %[[F]]#0
// CHECK: seqc.yield
// CHECK-NOT: seqc.kernel
// REMARK: [Passed] fused | Category:seqc-fuse-kernels | op=seqc.scan, with=seqc.scan
func.func @both_ways(%x: tensor<?x16xf32> {seqc.input = "x"}, %off: tensor<?xi32> {seqc.builtin = "offsets"},
                     %s: tensor<?x16xf32> {seqc.state = "s"}, %r: tensor<?x16xf32> {seqc.state = "r"}) -> tensor<?x16xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x16xf32>
  %e = tensor.empty(%n) : tensor<?x16xf32>
  %y, %h = seqc.scan {delays = array<i64: 0>, maps = [#t, #t, #d]}
      inputs(%x : tensor<?x16xf32>) offsets(%off : tensor<?xi32>)
      outs(%e : tensor<?x16xf32>) states(%s : tensor<?x16xf32>) {
  ^bb0(%xt: f32, %c: f32):
    %hn = arith.addf %c, %xt : f32
    seqc.yield %hn, %hn : f32, f32
  } -> tensor<?x16xf32>, tensor<?x16xf32>
  %z, %g = seqc.scan {direction = #seqc.direction<reverse>, delays = array<i64: 0, 0>, maps = [#t, #t, #t, #d]}
      inputs(%x, %y : tensor<?x16xf32>, tensor<?x16xf32>) offsets(%off : tensor<?xi32>)
      outs(%e : tensor<?x16xf32>) states(%r : tensor<?x16xf32>) {
  ^bb0(%xt: f32, %yt: f32, %c: f32):
    %hn = arith.addf %c, %xt : f32
    %zt = arith.addf %hn, %yt : f32
    seqc.yield %zt, %hn : f32, f32
  } -> tensor<?x16xf32>, tensor<?x16xf32>
  return %z : tensor<?x16xf32>
}

// -----

// Not where an op on whole rows stands in between.
#t = affine_map<(t, d, n) -> (t, d)>
#s = affine_map<(t, d, n) -> (d)>
// CHECK-LABEL: func.func @scans_apart
// CHECK-COUNT-3: seqc.kernel
// CHECK: return
// REMARK: [Missed] not fused | Category:seqc-fuse-kernels | Reason="an op between them belongs to another kernel", op=seqc.scan, with=seqc.scan
func.func @scans_apart(%x: tensor<?x16xf32> {seqc.input = "x"}, %w: tensor<16xf32> {seqc.weight = "w"},
                       %off: tensor<?xi32> {seqc.builtin = "offsets"},
                       %s: tensor<?x16xf32> {seqc.state = "s"}, %r: tensor<?x16xf32> {seqc.state = "r"}) -> tensor<?x16xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x16xf32>
  %e = tensor.empty(%n) : tensor<?x16xf32>
  %y, %h = seqc.scan {delays = array<i64: 0>, maps = [#t, #t, #s]}
      inputs(%x : tensor<?x16xf32>) offsets(%off : tensor<?xi32>)
      outs(%e : tensor<?x16xf32>) states(%s : tensor<?x16xf32>) {
  ^bb0(%xt: f32, %c: f32):
    %hn = arith.addf %c, %xt : f32
    seqc.yield %hn, %hn : f32, f32
  } -> tensor<?x16xf32>, tensor<?x16xf32>
  %m = seqc.norm rms {eps = 1.0e-05 : f32} ins(%y : tensor<?x16xf32>) gain(%w : tensor<16xf32>)
      outs(%e : tensor<?x16xf32>) -> tensor<?x16xf32>
  %z, %g = seqc.scan {delays = array<i64: 0, 0>, maps = [#t, #t, #t, #s]}
      inputs(%y, %m : tensor<?x16xf32>, tensor<?x16xf32>) offsets(%off : tensor<?xi32>)
      outs(%e : tensor<?x16xf32>) states(%r : tensor<?x16xf32>) {
  ^bb0(%yt: f32, %mt: f32, %c: f32):
    %p = arith.mulf %mt, %yt : f32
    %hn = arith.addf %c, %p : f32
    seqc.yield %hn, %hn : f32, f32
  } -> tensor<?x16xf32>, tensor<?x16xf32>
  return %z : tensor<?x16xf32>
}

// -----

// Nor where channels of one are what the other's channels share.
#t = affine_map<(t, d, n) -> (t, d)>
#tn = affine_map<(t, d, n) -> (t, n)>
#s = affine_map<(t, d, n) -> (d)>
// CHECK-LABEL: func.func @shared_by_channels
// CHECK-COUNT-2: seqc.kernel
// CHECK: return
func.func @shared_by_channels(%x: tensor<?x16xf32> {seqc.input = "x"}, %off: tensor<?xi32> {seqc.builtin = "offsets"},
                              %s: tensor<?x16xf32> {seqc.state = "s"}, %r: tensor<?x16xf32> {seqc.state = "r"}) -> tensor<?x16xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x16xf32>
  %e = tensor.empty(%n) : tensor<?x16xf32>
  %y, %h = seqc.scan {delays = array<i64: 0>, maps = [#t, #t, #s]}
      inputs(%x : tensor<?x16xf32>) offsets(%off : tensor<?xi32>)
      outs(%e : tensor<?x16xf32>) states(%s : tensor<?x16xf32>) {
  ^bb0(%xt: f32, %c: f32):
    %hn = arith.addf %c, %xt : f32
    seqc.yield %hn, %hn : f32, f32
  } -> tensor<?x16xf32>, tensor<?x16xf32>
  %z, %g = seqc.scan {delays = array<i64: 0>, maps = [#tn, #t, #s]}
      inputs(%y : tensor<?x16xf32>) offsets(%off : tensor<?xi32>)
      outs(%e : tensor<?x16xf32>) states(%r : tensor<?x16xf32>) {
  ^bb0(%v: vector<16xf32>, %c: f32):
    %sum = vector.reduction <add>, %v : vector<16xf32> into f32
    %hn = arith.addf %c, %sum : f32
    seqc.yield %hn, %hn : f32, f32
  } -> tensor<?x16xf32>, tensor<?x16xf32>
  return %z : tensor<?x16xf32>
}
