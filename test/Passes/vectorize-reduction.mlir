// RUN: seqc-opt %s --seqc-vectorize-reduction --split-input-file | FileCheck %s

#in = affine_map<(m, h) -> (m, h)>
#row = affine_map<(m, h) -> (m)>
#col = affine_map<(m, h) -> (h)>

// Lanes along the reduction: four chains, single vectors, a masked rest whose
// other lanes count as 0, one horizontal sum per row that includes the init.
// CHECK-LABEL: func.func @row_sums(
// CHECK-SAME: %[[X:.*]]: memref<?x150xf32>, %[[O:.*]]: memref<?xf32>
// CHECK: scf.for %[[M:.*]] =
// CHECK: scf.for {{.*}} iter_args(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>)
// CHECK-COUNT-4: vector.load %[[X]]
// CHECK: scf.yield
// CHECK: vector.load %[[X]]
// CHECK: %[[MASK:.*]] = vector.constant_mask [6] : vector<16xi1>
// CHECK: vector.maskedload %[[X]]
// CHECK: arith.select %[[MASK]]
// CHECK: %[[INIT:.*]] = memref.load %[[O]][%[[M]]]
// CHECK: %[[SUM:.*]] = vector.reduction <add>, %{{.*}}, %[[INIT]] fastmath<reassoc>
// CHECK: memref.store %[[SUM]], %[[O]][%[[M]]]
// CHECK-NOT: linalg
func.func @row_sums(%x: memref<?x150xf32>, %o: memref<?xf32>) {
  linalg.generic {indexing_maps = [#in, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<?x150xf32>) outs(%o : memref<?xf32>) {
    ^bb0(%e: f32, %s: f32):
      %r = arith.addf %e, %s : f32
      linalg.yield %r : f32
  }
  return
}

// -----

#in = affine_map<(m, h) -> (m, h)>
#col = affine_map<(m, h) -> (h)>

// Lanes along the other axis: three vectors carried through one loop over rows.
// CHECK-LABEL: func.func @column_maxima(
// CHECK-SAME: %[[X:.*]]: memref<?x48xf32>, %[[O:.*]]: memref<48xf32>
// CHECK-COUNT-3: vector.load %[[O]]
// CHECK: scf.for {{.*}} iter_args(%{{.*}}, %{{.*}}, %{{.*}}) -> (vector<16xf32>, vector<16xf32>, vector<16xf32>)
// CHECK: arith.cmpf ogt, %{{.*}} : vector<16xf32>
// CHECK-NOT: vector.reduction
// CHECK-COUNT-3: vector.store
// CHECK-NOT: linalg
func.func @column_maxima(%x: memref<?x48xf32>, %o: memref<48xf32>) {
  linalg.generic {indexing_maps = [#in, #col], iterator_types = ["reduction", "parallel"]}
      ins(%x : memref<?x48xf32>) outs(%o : memref<48xf32>) {
    ^bb0(%e: f32, %s: f32):
      %c = arith.cmpf ogt, %e, %s : f32
      %r = arith.select %c, %e, %s : f32
      linalg.yield %r : f32
  }
  return
}

// -----

// linalg.reduce, and a maximum across lanes: shuffles, the init broadcast in.
// CHECK-LABEL: func.func @row_maximum(
// CHECK: vector.load
// CHECK-COUNT-4: vector.shuffle
// CHECK: vector.extract
// CHECK: memref.store
func.func @row_maximum(%x: memref<16xf32>, %o: memref<f32>) {
  linalg.reduce ins(%x : memref<16xf32>) outs(%o : memref<f32>) dimensions = [0]
    (%e: f32, %s: f32) {
      %r = arith.maximumf %e, %s : f32
      linalg.yield %r : f32
    }
  return
}

// -----

#in = affine_map<(m, h) -> (m, h)>
#row = affine_map<(m, h) -> (m)>

// No plain combination: lanes over rows, the input gathered.
// CHECK-LABEL: func.func @running_product_of_differences(
// CHECK: scf.for {{.*}} iter_args
// CHECK: vector.gather
// CHECK: arith.subf %{{.*}} : vector<16xf32>
func.func @running_product_of_differences(%x: memref<16x7xf32>, %o: memref<16xf32>) {
  linalg.generic {indexing_maps = [#in, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<16x7xf32>) outs(%o : memref<16xf32>) {
    ^bb0(%e: f32, %s: f32):
      %d = arith.subf %e, %s : f32
      %r = arith.mulf %d, %s : f32
      linalg.yield %r : f32
  }
  return
}

// -----

#in = affine_map<(m, h) -> (m, h)>
#col = affine_map<(m, h) -> (h)>

// A column of width 1 is summed like a row.
// CHECK-LABEL: func.func @one_column(
// CHECK: scf.for {{.*}} -> (vector<16xf32>
// CHECK: vector.reduction <add>
// CHECK-NOT: linalg
func.func @one_column(%x: memref<?x1xf32>, %o: memref<1xf32>) {
  linalg.generic {indexing_maps = [#in, #col], iterator_types = ["reduction", "parallel"]}
      ins(%x : memref<?x1xf32>) outs(%o : memref<1xf32>) {
    ^bb0(%e: f32, %s: f32):
      %r = arith.addf %e, %s : f32
      linalg.yield %r : f32
  }
  return
}
