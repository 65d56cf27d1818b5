// RUN: seqc-opt %s | seqc-opt | FileCheck %s
// RUN: seqc-opt --mlir-print-op-generic %s | seqc-opt | FileCheck %s
// Scan and pool print and parse back, on tensors and on memrefs.

#td = affine_map<(t, d, n) -> (t, d)>
#row = affine_map<(t, d, n) -> (t)>
#tn = affine_map<(t, d, n) -> (t, n)>
#tdn = affine_map<(t, d, n) -> (t, d, n)>
#dn = affine_map<(t, d, n) -> (d, n)>
#d = affine_map<(t, d, n) -> (d)>
#n = affine_map<(t, d, n) -> (n)>

// An exponential moving average, the direction by default.
// CHECK-LABEL: @average
// CHECK: seqc.scan
// CHECK-SAME: delays = array<i64: 0>
// CHECK-SAME: inputs(%{{[^ ,]+}} : tensor<?x128xf32>) params(%{{[^ ,]+}} : tensor<128x16xf32>)
// CHECK-SAME: offsets(%{{[^ ,]+}} : tensor<?xi32>)
// CHECK-SAME: outs(%{{[^ ,]+}} : tensor<?x128xf32>) states(%{{[^ ,]+}} : tensor<?x128x16xf32>)
// CHECK: ^bb0(%[[X:x.*]]: f32, %[[P:p.*]]: vector<16xf32>, %[[C:carry.*]]: vector<16xf32>):
// CHECK: seqc.yield %{{[^ ,]+}}, %{{[^ ,]+}} : f32, vector<16xf32>
// CHECK: -> tensor<?x128xf32>, tensor<?x128x16xf32>
func.func @average(%x: tensor<?x128xf32>, %q: tensor<128x16xf32>, %off: tensor<?xi32>,
                   %init: tensor<?x128xf32>, %h0: tensor<?x128x16xf32>)
    -> (tensor<?x128xf32>, tensor<?x128x16xf32>) {
  %y, %h = seqc.scan {delays = array<i64: 0>, maps = [#td, #dn, #td, #dn]}
      inputs(%x : tensor<?x128xf32>) params(%q : tensor<128x16xf32>)
      offsets(%off : tensor<?xi32>)
      outs(%init : tensor<?x128xf32>) states(%h0 : tensor<?x128x16xf32>) {
  ^bb0(%xt: f32, %qd: vector<16xf32>, %h: vector<16xf32>):
    %xv = vector.broadcast %xt : f32 to vector<16xf32>
    %qh = arith.mulf %qd, %h : vector<16xf32>
    %hn = arith.addf %qh, %xv : vector<16xf32>
    %yt = vector.reduction <add>, %hn : vector<16xf32> into f32
    seqc.yield %yt, %hn : f32, vector<16xf32>
  } -> tensor<?x128xf32>, tensor<?x128x16xf32>
  return %y, %h : tensor<?x128xf32>, tensor<?x128x16xf32>
}

// Every form of an operand, against time, with a delay; different extents of n.
// CHECK-LABEL: @forms
// CHECK: seqc.scan {delays = array<i64: 0, 2, 0, 1>, direction = #seqc.direction<reverse>
func.func @forms(%a: tensor<?x8xf32>, %b: tensor<?x4xf32>, %c: tensor<?x8x2xf32>, %e: tensor<?xf32>,
                 %p: tensor<8x4xf32>, %q: tensor<8xf32>, %r: tensor<2xf32>, %off: tensor<3xi32>,
                 %o1: tensor<?x8xf32>, %o2: tensor<?x8x2xf32>, %s1: tensor<2x8x4xf32>,
                 %s2: tensor<2x8xf32>)
    -> (tensor<?x8xf32>, tensor<?x8x2xf32>, tensor<2x8x4xf32>, tensor<2x8xf32>) {
  %0:4 = seqc.scan {delays = array<i64: 0, 2, 0, 1>, direction = #seqc.direction<reverse>,
      maps = [#td, #tn, #tdn, #row, #dn, #d, #n, #td, #tdn, #dn, #d]}
      inputs(%a, %b, %c, %e : tensor<?x8xf32>, tensor<?x4xf32>, tensor<?x8x2xf32>, tensor<?xf32>)
      params(%p, %q, %r : tensor<8x4xf32>, tensor<8xf32>, tensor<2xf32>)
      offsets(%off : tensor<3xi32>) outs(%o1, %o2 : tensor<?x8xf32>, tensor<?x8x2xf32>)
      states(%s1, %s2 : tensor<2x8x4xf32>, tensor<2x8xf32>) {
  ^bb0(%x: f32, %y: vector<4xf32>, %z: vector<2xf32>, %k: f32, %u: vector<4xf32>, %v: f32,
       %w: vector<2xf32>, %h: vector<4xf32>, %g: f32):
    seqc.yield %x, %w, %h, %g : f32, vector<2xf32>, vector<4xf32>, f32
  } -> tensor<?x8xf32>, tensor<?x8x2xf32>, tensor<2x8x4xf32>, tensor<2x8xf32>
  return %0#0, %0#1, %0#2, %0#3
      : tensor<?x8xf32>, tensor<?x8x2xf32>, tensor<2x8x4xf32>, tensor<2x8xf32>
}

// CHECK-LABEL: @buffers
// CHECK: seqc.scan
// CHECK-SAME: inputs(%{{[^ ,]+}} : memref<?x8xf32, strided<[16, 1]>>)
// CHECK: seqc.yield %{{[^ ,]+}} : f32
// CHECK-NEXT: }
// CHECK-NEXT: seqc.pool mean ins(%{{[^ ,]+}}, %{{[^ ,]+}} : memref<?x8xf32>, memref<?xi32>) outs(%{{[^ ,]+}} : memref<?x8xf32>)
func.func @buffers(%x: memref<?x8xf32, strided<[16, 1]>>, %off: memref<?xi32>,
                   %o: memref<?x8xf32>, %mean: memref<?x8xf32>) {
  seqc.scan {delays = array<i64: 0>, maps = [#td, #td]}
      inputs(%x : memref<?x8xf32, strided<[16, 1]>>) offsets(%off : memref<?xi32>)
      outs(%o : memref<?x8xf32>) {
  ^bb0(%xt: f32):
    seqc.yield %xt : f32
  }
  seqc.pool mean ins(%o, %off : memref<?x8xf32>, memref<?xi32>) outs(%mean : memref<?x8xf32>)
  return
}

// CHECK-LABEL: @pool
// CHECK: seqc.pool mean ins(%{{[^ ,]+}}, %{{[^ ,]+}} : tensor<?x32xf32>, tensor<?xi32>) outs(%{{[^ ,]+}} : tensor<?x32xf32>) -> tensor<?x32xf32>
func.func @pool(%x: tensor<?x32xf32>, %off: tensor<?xi32>, %init: tensor<?x32xf32>)
    -> tensor<?x32xf32> {
  %y = seqc.pool mean ins(%x, %off : tensor<?x32xf32>, tensor<?xi32>)
      outs(%init : tensor<?x32xf32>) -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}
