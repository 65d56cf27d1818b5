// RUN: seqc-opt %s --seqc-pipeline-tile --seqc-pipeline-bufferize | FileCheck %s
// Kernels on buffers: no results, no allocation, no copy that is not needed.

#id = affine_map<(m, n) -> (m, n)>
#col = affine_map<(m, n) -> (n)>
#mk = affine_map<(m, n0, n1, k) -> (m, k)>
#nk = affine_map<(m, n0, n1, k) -> (n0, k, n1)>
#mn = affine_map<(m, n0, n1, k) -> (m, n0, n1)>

// Gather, contraction, bias, activation and split: the two halves are written straight
// to the outs; the temporaries are the gathered rows and the contraction.
// CHECK-LABEL: @gather_contract_split(
// CHECK-SAME: %[[SCRATCH:[a-z0-9]+]]: memref<?xi8>) attributes {seqc.kernel, seqc.scratch = 12288 : i64}
// CHECK-NOT: memref.alloc
// CHECK-NOT: copy
// CHECK: scf.forall
// CHECK-DAG: memref.view %[[SCRATCH]][%{{.*}}][] : memref<?xi8> to memref<64x32xf32>
// CHECK-DAG: memref.view %[[SCRATCH]][%{{.*}}][] : memref<?xi8> to memref<64x1x16xf32>
// CHECK-DAG: %[[O0:.*]] = memref.subview %arg4[
// CHECK-DAG: %[[O1:.*]] = memref.subview %arg5[
// CHECK-DAG: linalg.generic {{.*}} outs(%[[O0]] :
// CHECK-DAG: linalg.generic {{.*}} outs(%[[O1]] :
// CHECK-NOT: copy
// CHECK: return{{$}}
func.func private @gather_contract_split(%x: tensor<?x32xf32>, %idx: tensor<?xi32>,
    %w: tensor<1x32x16xf32>, %b: tensor<16xf32>, %o0: tensor<?x8xf32>, %o1: tensor<?x8xf32>)
    -> (tensor<?x8xf32>, tensor<?x8xf32>) attributes {seqc.kernel} {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %o0, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%n) : tensor<?x32xf32>
  %g = seqc.gather_rows ins(%x, %idx : tensor<?x32xf32>, tensor<?xi32>)
      outs(%e : tensor<?x32xf32>) -> tensor<?x32xf32>
  %e2 = tensor.empty(%n) : tensor<?x1x16xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e2 : tensor<?x1x16xf32>) -> tensor<?x1x16xf32>
  %c = linalg.generic {indexing_maps = [#mk, #nk, #mn],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%g, %w : tensor<?x32xf32>, tensor<1x32x16xf32>) outs(%f : tensor<?x1x16xf32>) {
  ^bb0(%u: f32, %v: f32, %acc: f32):
    %m = arith.mulf %u, %v : f32
    %s = arith.addf %acc, %m : f32
    linalg.yield %s : f32
  } -> tensor<?x1x16xf32>
  %y = tensor.collapse_shape %c [[0], [1, 2]] : tensor<?x1x16xf32> into tensor<?x16xf32>
  %e3 = tensor.empty(%n) : tensor<?x16xf32>
  %z = linalg.generic {indexing_maps = [#id, #col, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y, %b : tensor<?x16xf32>, tensor<16xf32>) outs(%e3 : tensor<?x16xf32>) {
  ^bb0(%u: f32, %v: f32, %out: f32):
    %s = arith.addf %u, %v : f32
    %t = math.exp %s : f32
    linalg.yield %t : f32
  } -> tensor<?x16xf32>
  %z0 = tensor.extract_slice %z[0, 0] [%n, 8] [1, 1] : tensor<?x16xf32> to tensor<?x8xf32>
  %z1 = tensor.extract_slice %z[0, 8] [%n, 8] [1, 1] : tensor<?x16xf32> to tensor<?x8xf32>
  return %z0, %z1 : tensor<?x8xf32>, tensor<?x8xf32>
}

// A sum and its norm, both results: the norm reads the sum where it was written.
// CHECK-LABEL: @add_norm(
// CHECK-SAME: seqc.scratch = 256 : i64
// CHECK-NOT: copy
// CHECK: %[[S:.*]] = memref.subview %arg2[
// CHECK: linalg.generic {{.*}} outs(%[[S]] :
// CHECK: linalg.generic {{.*}}"reduction"]} ins(%[[S]] :
// CHECK: %[[N:.*]] = memref.subview %arg3[
// CHECK: linalg.generic {{.*}} ins(%[[S]], {{.*}} outs(%[[N]] :
// CHECK-NOT: copy
func.func private @add_norm(%x: tensor<?x8xf32>, %y: tensor<?x8xf32>, %o0: tensor<?x8xf32>,
    %o1: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) attributes {seqc.kernel} {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%n) : tensor<?x8xf32>
  %s = linalg.add ins(%x, %y : tensor<?x8xf32>, tensor<?x8xf32>) outs(%e : tensor<?x8xf32>)
      -> tensor<?x8xf32>
  %r = seqc.norm rms {eps = 1.0e-05 : f32} ins(%s : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>)
      -> tensor<?x8xf32>
  return %s, %r : tensor<?x8xf32>, tensor<?x8xf32>
}

// Scattered rows go straight to the destination of the caller.
// CHECK-LABEL: @scatter(
// CHECK-NOT: copy
// CHECK: seqc.scatter_rows add {{.*}} outs(%arg2 : memref<?x8xf32>)
// CHECK-NOT: copy
func.func private @scatter(%x: tensor<?x8xf32>, %idx: tensor<?xi32>, %o: tensor<?x8xf32>)
    -> tensor<?x8xf32> attributes {seqc.kernel} {
  %r = seqc.scatter_rows add ins(%x, %idx : tensor<?x8xf32>, tensor<?xi32>)
      outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// CHECK-LABEL: @scan(
// CHECK-NOT: copy
// CHECK: %[[Y:.*]] = memref.subview %arg2[0,
// CHECK: %[[H:.*]] = memref.subview %arg3[0,
// CHECK: seqc.scan {{.*}} outs(%[[Y]] : {{[^)]*}}) states(%[[H]] :
// CHECK-NOT: copy
func.func private @scan(%x: tensor<?x128xf32>, %off: tensor<?xi32>, %o: tensor<?x128xf32>,
    %h0: tensor<?x128xf32>) -> (tensor<?x128xf32>, tensor<?x128xf32>) attributes {seqc.kernel} {
  %y, %h1 = seqc.scan {maps = [affine_map<(t, d, n) -> (t, d)>, affine_map<(t, d, n) -> (t, d)>,
      affine_map<(t, d, n) -> (d)>], delays = array<i64: 0>}
      inputs(%x : tensor<?x128xf32>) offsets(%off : tensor<?xi32>)
      outs(%o : tensor<?x128xf32>) states(%h0 : tensor<?x128xf32>) {
  ^bb0(%xt: f32, %h: f32):
    %hn = arith.addf %h, %xt : f32
    seqc.yield %hn, %hn : f32, f32
  } -> tensor<?x128xf32>, tensor<?x128xf32>
  return %y, %h1 : tensor<?x128xf32>, tensor<?x128xf32>
}

// CHECK-LABEL: @pool(
// CHECK: scf.forall (%{{.*}}) in (1)
// CHECK: seqc.pool mean ins(%arg0, %arg1 : {{.*}}) outs(%arg2 : memref<?x8xf32>)
func.func private @pool(%x: tensor<?x8xf32>, %off: tensor<?xi32>, %o: tensor<?x8xf32>)
    -> tensor<?x8xf32> attributes {seqc.kernel} {
  %y = seqc.pool mean ins(%x, %off : tensor<?x8xf32>, tensor<?xi32>)
      outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
