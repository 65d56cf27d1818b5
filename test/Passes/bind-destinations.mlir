// RUN: seqc-opt %s --seqc-bind-destinations | FileCheck %s
// Producers of results write the outs arguments.

#id = affine_map<(m, n) -> (m, n)>

// The view between the fill and the result is inverted.
// CHECK-LABEL: @through_view
// CHECK: %[[X:.*]] = tensor.expand_shape %arg0 {{\[\[}}0], [1, 2]] output_shape [%{{.*}}, 2, 16]
// CHECK: linalg.fill {{.*}} outs(%[[X]] :
// CHECK-NOT: linalg.copy
func.func private @through_view(%o: tensor<?x32xf32>) -> tensor<?x32xf32>
    attributes {seqc.kernel} {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %o, %c0 : tensor<?x32xf32>
  %e = tensor.empty(%n) : tensor<?x2x16xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x2x16xf32>) -> tensor<?x2x16xf32>
  %r = tensor.collapse_shape %f [[0], [1, 2]] : tensor<?x2x16xf32> into tensor<?x32xf32>
  return %r : tensor<?x32xf32>
}

// One fill for two results: each gets its own.
// CHECK-LABEL: @shared_fill
// CHECK-DAG: linalg.fill {{.*}} outs(%arg1 :
// CHECK-DAG: linalg.fill {{.*}} outs(%arg2 :
func.func private @shared_fill(%x: tensor<?x8xf32>, %o0: tensor<?xf32>, %o1: tensor<?xf32>)
    -> (tensor<?xf32>, tensor<?xf32>) attributes {seqc.kernel} {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%n) : tensor<?xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  %a = linalg.reduce { arith.addf } ins(%x : tensor<?x8xf32>) outs(%f : tensor<?xf32>) dimensions = [1]
  %b = linalg.reduce { arith.maximumf } ins(%x : tensor<?x8xf32>) outs(%f : tensor<?xf32>) dimensions = [1]
  return %a, %b : tensor<?xf32>, tensor<?xf32>
}

// A copy at the end of a chain is not needed; a slice of a wider value is copied.
// CHECK-LABEL: @copies
// CHECK: linalg.generic {{.*}} outs(%arg1 :
// CHECK: %[[S:.*]] = tensor.extract_slice %arg0
// CHECK: linalg.copy ins(%[[S]] : {{.*}}) outs(%arg2 :
// CHECK-NOT: linalg.copy
func.func private @copies(%x: tensor<?x8xf32>, %o0: tensor<?x8xf32>, %o1: tensor<?x4xf32>)
    -> (tensor<?x8xf32>, tensor<?x4xf32>) attributes {seqc.kernel} {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%n) : tensor<?x8xf32>
  %a = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) {
  ^bb0(%v: f32, %out: f32):
    %r = math.exp %v : f32
    linalg.yield %r : f32
  } -> tensor<?x8xf32>
  %c = linalg.copy ins(%a : tensor<?x8xf32>) outs(%o0 : tensor<?x8xf32>) -> tensor<?x8xf32>
  %s = tensor.extract_slice %x[0, 4] [%n, 4] [1, 1] : tensor<?x8xf32> to tensor<?x4xf32>
  return %c, %s : tensor<?x8xf32>, tensor<?x4xf32>
}

// A value returned twice is copied once.
// CHECK-LABEL: @twice
// CHECK: %[[A:.*]] = linalg.generic {{.*}} outs(%arg1 :
// CHECK: %[[B:.*]] = linalg.copy ins(%[[A]] : {{.*}}) outs(%arg2 :
// CHECK: return %[[A]], %[[B]]
func.func private @twice(%x: tensor<?x8xf32>, %o0: tensor<?x8xf32>, %o1: tensor<?x8xf32>)
    -> (tensor<?x8xf32>, tensor<?x8xf32>) attributes {seqc.kernel} {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%n) : tensor<?x8xf32>
  %a = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) {
  ^bb0(%v: f32, %out: f32):
    %r = math.exp %v : f32
    linalg.yield %r : f32
  } -> tensor<?x8xf32>
  return %a, %a : tensor<?x8xf32>, tensor<?x8xf32>
}

// A spent temporary is overwritten; an argument never is.
// CHECK-LABEL: @reuse
// CHECK: %[[T:.*]] = linalg.generic {{.*}} ins(%arg0 : {{.*}}) outs(%[[E:.*]] :
// CHECK: %[[U:.*]] = linalg.generic {{.*}} ins(%[[T]] : {{.*}}) outs(%[[T]] :
// CHECK: seqc.scatter_rows set ins(%[[U]],
func.func private @reuse(%x: tensor<?x8xf32>, %i: tensor<?xi32>, %o: tensor<?x8xf32>)
    -> tensor<?x8xf32> attributes {seqc.kernel} {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%n) : tensor<?x8xf32>
  %a = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) {
  ^bb0(%v: f32, %out: f32):
    %r = math.exp %v : f32
    linalg.yield %r : f32
  } -> tensor<?x8xf32>
  %b = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) {
  ^bb0(%v: f32, %out: f32):
    %r = arith.addf %v, %v : f32
    linalg.yield %r : f32
  } -> tensor<?x8xf32>
  %r = seqc.scatter_rows set ins(%b, %i : tensor<?x8xf32>, tensor<?xi32>)
      outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}
