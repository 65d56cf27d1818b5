// RUN: seqc-opt %s --seqc-tile-rows --split-input-file --verify-diagnostics | FileCheck %s
// Kernels of row-wise ops become tasks over blocks of rows.

#mk = affine_map<(m, n0, n1, k) -> (m, k)>
#nk = affine_map<(m, n0, n1, k) -> (n0, k, n1)>
#mn = affine_map<(m, n0, n1, k) -> (m, n0, n1)>

// CHECK-DAG: #[[$TASKS:.*]] = affine_map<()[s0] -> (s0 ceildiv 64)>
// CHECK-DAG: #[[$START:.*]] = affine_map<()[s0] -> (s0 * 64)>
// CHECK-DAG: #[[$ROWS:.*]] = affine_map<()[s0, s1] -> (64, s0 - s1 * 64)>

// Rows of the destination count, not those of the longer index; a temporary has the
// full block and is cut to the rows that there are; weights are used whole.
// CHECK-LABEL: @gather_contract
// CHECK: %[[N:.*]] = tensor.dim %arg3
// CHECK: %[[T:.*]] = affine.apply #[[$TASKS]]()[%[[N]]]
// CHECK: scf.forall (%[[I:.*]]) in (%[[T]]) shared_outs(%[[O:.*]] = %arg3)
// CHECK: %[[R0:.*]] = affine.apply #[[$START]]()[%[[I]]]
// CHECK: %[[R:.*]] = affine.min #[[$ROWS]]()[%[[N]], %[[I]]]
// CHECK: %[[E:.*]] = tensor.empty() : tensor<64x32xf32>
// CHECK: %[[ET:.*]] = tensor.extract_slice %[[E]][0, 0] [%[[R]], 32] [1, 1]
// CHECK: %[[IDX:.*]] = tensor.extract_slice %arg1[%[[R0]]] [%[[R]]] [1]
// CHECK: %[[G:.*]] = seqc.gather_rows ins(%arg0, %[[IDX]] : {{.*}}) outs(%[[ET]] :
// CHECK: %[[OT:.*]] = tensor.extract_slice %[[O]][%[[R0]], 0] [%[[R]], 16]
// CHECK: %[[X:.*]] = tensor.expand_shape %[[OT]] {{\[\[}}0], [1, 2]] output_shape [%[[R]], 1, 16]
// CHECK: %[[F:.*]] = linalg.fill {{.*}} outs(%[[X]] :
// CHECK: %[[C:.*]] = linalg.generic {{.*}} ins(%[[G]], %arg2 : {{.*}}) outs(%[[F]] :
// CHECK: %[[Y:.*]] = tensor.collapse_shape %[[C]]
// CHECK: tensor.parallel_insert_slice %[[Y]] into %[[O]][%[[R0]], 0] [%[[R]], 16] [1, 1]
// CHECK: mapping = [#seqc.tasks]
func.func private @gather_contract(%x: tensor<?x32xf32>, %idx: tensor<?xi32>,
    %w: tensor<1x32x16xf32>, %o: tensor<?x16xf32>) -> tensor<?x16xf32> attributes {seqc.kernel} {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %o, %c0 : tensor<?x16xf32>
  %e = tensor.empty(%n) : tensor<?x32xf32>
  %g = seqc.gather_rows ins(%x, %idx : tensor<?x32xf32>, tensor<?xi32>)
      outs(%e : tensor<?x32xf32>) -> tensor<?x32xf32>
  %ex = tensor.expand_shape %o [[0], [1, 2]] output_shape [%n, 1, 16]
      : tensor<?x16xf32> into tensor<?x1x16xf32>
  %f = linalg.fill ins(%zero : f32) outs(%ex : tensor<?x1x16xf32>) -> tensor<?x1x16xf32>
  %c = linalg.generic {indexing_maps = [#mk, #nk, #mn],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%g, %w : tensor<?x32xf32>, tensor<1x32x16xf32>) outs(%f : tensor<?x1x16xf32>) {
  ^bb0(%a: f32, %b: f32, %acc: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %acc, %m : f32
    linalg.yield %s : f32
  } -> tensor<?x1x16xf32>
  %y = tensor.collapse_shape %c [[0], [1, 2]] : tensor<?x1x16xf32> into tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}

// A scatter runs over the rows that it has; its destination and the scale, which is
// read at the destination, stay whole.
// CHECK-LABEL: @scatter
// CHECK: %[[N:.*]] = tensor.dim %arg0
// CHECK: affine.apply #[[$TASKS]]()[%[[N]]]
// CHECK: shared_outs(%[[O:.*]] = %arg3)
// CHECK: %[[X:.*]] = tensor.extract_slice %arg0
// CHECK: %[[IDX:.*]] = tensor.extract_slice %arg1
// CHECK: %[[S:.*]] = seqc.scatter_rows add ins(%[[X]], %[[IDX]] : {{.*}}) scale(%arg2 : {{.*}}) outs(%[[O]] :
// CHECK: tensor.parallel_insert_slice %[[S]] into %[[O]][0, 0]
func.func private @scatter(%x: tensor<?x32xf32>, %idx: tensor<?xi32>, %c: tensor<?xf32>,
    %o: tensor<?x32xf32>) -> tensor<?x32xf32> attributes {seqc.kernel} {
  %r = seqc.scatter_rows add ins(%x, %idx : tensor<?x32xf32>, tensor<?xi32>)
      scale(%c : tensor<?xf32>) outs(%o : tensor<?x32xf32>) -> tensor<?x32xf32>
  return %r : tensor<?x32xf32>
}

// The rows are those of the second axis where the first counts heads.
// CHECK-LABEL: @heads
// CHECK: tensor.extract_slice %arg0[%{{.*}}, 0, 0] [%{{.*}}, 4, 8]
// CHECK: tensor.extract_slice %{{.*}}[0, %{{.*}}, 0] [4, %{{.*}}, 8]
// CHECK: tensor.parallel_insert_slice %{{.*}} into %{{.*}}[0, %{{.*}}, 0] [4, %{{.*}}, 8]
func.func private @heads(%x: tensor<?x4x8xf32>, %o: tensor<4x?x8xf32>) -> tensor<4x?x8xf32>
    attributes {seqc.kernel} {
  %r = linalg.transpose ins(%x : tensor<?x4x8xf32>) outs(%o : tensor<4x?x8xf32>)
      permutation = [1, 0, 2]
  return %r : tensor<4x?x8xf32>
}

// Weights: static extents, values per row and matrices in one kernel; 96 rows in one
// task of the schedule's block need no rest.
// CHECK-LABEL: @weights
// CHECK: scf.forall (%{{.*}}) in (2)
// CHECK: tensor.extract_slice %arg1[%{{.*}}] [48] [1] : tensor<96xf32> to tensor<48xf32>
// CHECK: tensor.extract_slice %arg0[%{{.*}}, 0] [48, 4] [1, 1] : tensor<96x4xf32> to tensor<48x4xf32>
func.func private @weights(%d: tensor<96x4xf32>, %a: tensor<96xf32>, %q: tensor<96x4xf32>,
    %p: tensor<96xf32>) -> (tensor<96x4xf32>, tensor<96xf32>) attributes {seqc.kernel,
    seqc.schedule = #seqc.schedule<"rows", rows = 48, micro = 1 by 1, keys = 0, unroll = 1>} {
  %s = linalg.generic {indexing_maps = [affine_map<(m) -> (m)>, affine_map<(m) -> (m)>],
      iterator_types = ["parallel"]} ins(%a : tensor<96xf32>) outs(%p : tensor<96xf32>) {
  ^bb0(%x: f32, %out: f32):
    %r = math.exp %x : f32
    linalg.yield %r : f32
  } -> tensor<96xf32>
  %m = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m)>,
      affine_map<(m, n) -> (m, n)>], iterator_types = ["parallel", "parallel"]}
      ins(%d, %s : tensor<96x4xf32>, tensor<96xf32>) outs(%q : tensor<96x4xf32>) {
  ^bb0(%x: f32, %b: f32, %out: f32):
    %r = arith.mulf %x, %b : f32
    linalg.yield %r : f32
  } -> tensor<96x4xf32>
  return %m, %s : tensor<96x4xf32>, tensor<96xf32>
}

// A small value that every row needs whole is computed by every task; the number of
// a row starts at that of the block.
// CHECK-LABEL: @shared_value
// CHECK: %[[SQ:.*]] = linalg.generic {{.*}} ins(%arg1 : tensor<8xf32>)
// CHECK: %[[BASE:.*]] = arith.index_cast %{{.*}} : index to i32
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[SQ]] : tensor<?x8xf32>, tensor<8xf32>)
// CHECK: %[[ROW:.*]] = arith.index_cast %{{.*}} : index to i32
// CHECK: %[[SUM:.*]] = arith.addi %[[ROW]], %[[BASE]]
// CHECK: arith.sitofp %[[SUM]]
func.func private @shared_value(%x: tensor<?x8xf32>, %g: tensor<8xf32>, %o: tensor<?x8xf32>)
    -> tensor<?x8xf32> attributes {seqc.kernel} {
  %e = tensor.empty() : tensor<8xf32>
  %sq = linalg.generic {indexing_maps = [affine_map<(n) -> (n)>, affine_map<(n) -> (n)>],
      iterator_types = ["parallel"]} ins(%g : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%a: f32, %out: f32):
    %r = arith.mulf %a, %a : f32
    linalg.yield %r : f32
  } -> tensor<8xf32>
  %m = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (n)>,
      affine_map<(m, n) -> (m, n)>], iterator_types = ["parallel", "parallel"]}
      ins(%x, %sq : tensor<?x8xf32>, tensor<8xf32>) outs(%o : tensor<?x8xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %i = linalg.index 0 : index
    %j = arith.index_cast %i : index to i32
    %t = arith.sitofp %j : i32 to f32
    %r = arith.mulf %a, %b : f32
    %s = arith.addf %r, %t : f32
    linalg.yield %s : f32
  } -> tensor<?x8xf32>
  return %m : tensor<?x8xf32>
}

// -----

// A slice that starts at row 1 is read from there.
// CHECK: #[[$NEXT:.*]] = affine_map<()[s0] -> (s0 * 1024 + 1)>
// CHECK-LABEL: @differences
// CHECK: %[[AT:.*]] = affine.apply #[[$NEXT]]()
// CHECK: tensor.extract_slice %arg0[%[[AT]]]
func.func private @differences(%x: tensor<?xi32>, %o: tensor<?xi32>) -> tensor<?xi32>
    attributes {seqc.kernel} {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %o, %c0 : tensor<?xi32>
  %s = tensor.extract_slice %x[1] [%n] [1] : tensor<?xi32> to tensor<?xi32>
  %r = linalg.copy ins(%s : tensor<?xi32>) outs(%o : tensor<?xi32>) -> tensor<?xi32>
  return %r : tensor<?xi32>
}

// -----

func.func private @needs_all_rows(%x: tensor<?x?xf32>, %o: tensor<?x?xf32>) -> tensor<?x?xf32>
    attributes {seqc.kernel} {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x?xf32>
  %e = tensor.empty(%n) : tensor<?xf32>
  // expected-error @below {{expected tasks that do not depend on each other, got a result that one of them needs as a whole}}
  %s = linalg.generic {indexing_maps = [affine_map<(m) -> (m, 0)>, affine_map<(m) -> (m)>],
      iterator_types = ["parallel"]} ins(%x : tensor<?x?xf32>) outs(%e : tensor<?xf32>) {
  ^bb0(%a: f32, %out: f32):
    linalg.yield %a : f32
  } -> tensor<?xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>],
      iterator_types = ["parallel", "parallel"]} ins(%s : tensor<?xf32>) outs(%o : tensor<?x?xf32>) {
  ^bb0(%a: f32, %out: f32):
    linalg.yield %a : f32
  } -> tensor<?x?xf32>
  return %r : tensor<?x?xf32>
}

// -----

func.func private @not_decomposed(%x: tensor<?x8xf32>, %o: tensor<?x8xf32>) -> tensor<?x8xf32>
    attributes {seqc.kernel} {
  // expected-error @below {{expected decomposed ops; run seqc-decompose first}}
  %r = seqc.norm rms {eps = 1.0e-05 : f32} ins(%x : tensor<?x8xf32>) outs(%o : tensor<?x8xf32>)
      -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// -----

func.func private @scatter_into_fill(%x: tensor<?x8xf32>, %i: tensor<?xi32>, %o: tensor<?x8xf32>)
    -> tensor<?x8xf32> attributes {seqc.kernel} {
  %zero = arith.constant 0.0 : f32
  %f = linalg.fill ins(%zero : f32) outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  // expected-error @below {{expected to scatter into an outs argument, got the result of 'linalg.fill'}}
  %r = seqc.scatter_rows set ins(%x, %i : tensor<?x8xf32>, tensor<?xi32>)
      outs(%f : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// -----

func.func private @merged_rows(%x: tensor<?x8xf32>, %o: tensor<?xf32>) -> tensor<?xf32>
    attributes {seqc.kernel} {
  // expected-error @below {{expected a view that leaves the task axis alone}}
  %v = tensor.collapse_shape %x [[0, 1]] : tensor<?x8xf32> into tensor<?xf32>
  %r = linalg.copy ins(%v : tensor<?xf32>) outs(%o : tensor<?xf32>) -> tensor<?xf32>
  return %r : tensor<?xf32>
}

// -----

// expected-error @below {{expected results with a row axis, got a scalar tensor}}
func.func private @scalar(%x: tensor<f32>, %o: tensor<f32>) -> tensor<f32>
    attributes {seqc.kernel} {
  %r = linalg.copy ins(%x : tensor<f32>) outs(%o : tensor<f32>) -> tensor<f32>
  return %r : tensor<f32>
}

// -----

// Rows that are read two at a time are no blocks.
func.func private @overlapping_rows(%x: tensor<?xf32>, %w: tensor<3xf32>, %o: tensor<?xf32>)
    -> tensor<?xf32> attributes {seqc.kernel} {
  // expected-error @below {{expected a projection along the task axis, got 'tensor<?xf32>' read in another way}}
  %r = linalg.generic {indexing_maps = [affine_map<(m, k) -> (m + k)>, affine_map<(m, k) -> (k)>,
      affine_map<(m, k) -> (m)>], iterator_types = ["parallel", "reduction"]}
      ins(%x, %w : tensor<?xf32>, tensor<3xf32>) outs(%o : tensor<?xf32>) {
  ^bb0(%a: f32, %b: f32, %acc: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  } -> tensor<?xf32>
  return %r : tensor<?xf32>
}

// -----

// Ops without tiles.
func.func private @concatenated(%x: tensor<?x8xf32>, %o: tensor<?x8xf32>) -> tensor<?x8xf32>
    attributes {seqc.kernel} {
  // expected-error @below {{expected an op that can be cut along axis 0 of its result}}
  %c = tensor.concat dim(0) %x, %x : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %r = linalg.copy ins(%c : tensor<?x8xf32>) outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// -----

// Rows of which only some come out per block.
func.func private @scattered_and_read(%x: tensor<?x8xf32>, %i: tensor<?xi32>, %o: tensor<?x8xf32>,
    %p: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) attributes {seqc.kernel} {
  // expected-error @below {{expected tiles with all of axis 0 of result 0, over which no loop runs}}
  %r = seqc.scatter_rows set ins(%x, %i : tensor<?x8xf32>, tensor<?xi32>)
      outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  %c = linalg.copy ins(%r : tensor<?x8xf32>) outs(%p : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r, %c : tensor<?x8xf32>, tensor<?x8xf32>
}
