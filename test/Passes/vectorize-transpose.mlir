// RUN: seqc-opt %s --seqc-vectorize-transpose --split-input-file | FileCheck %s

// 4 lanes: four rows are read, exchanged in two rounds of four shuffles, and
// written as rows of the target.
// CHECK-LABEL: func.func @blocks(
// CHECK-SAME: %[[X:.*]]: memref<8x12xf32>, %[[O:.*]]: memref<12x8xf32>
// CHECK: scf.for
// CHECK: scf.for
// CHECK-COUNT-4: vector.load %[[X]]
// CHECK: vector.shuffle %{{.*}}, %{{.*}} [0, 4, 2, 6]
// CHECK: vector.shuffle %{{.*}}, %{{.*}} [1, 5, 3, 7]
// CHECK: vector.shuffle %{{.*}}, %{{.*}} [0, 4, 2, 6]
// CHECK: vector.shuffle %{{.*}}, %{{.*}} [1, 5, 3, 7]
// CHECK: vector.shuffle %{{.*}}, %{{.*}} [0, 1, 4, 5]
// CHECK: vector.shuffle %{{.*}}, %{{.*}} [2, 3, 6, 7]
// CHECK-COUNT-4: vector.store %{{.*}}, %[[O]]
module attributes {seqc.target = #seqc.target<"baseline", bits = 128, registers = 16, fma = false, l1 = 32768, l2 = 1048576>} {
func.func @blocks(%x: memref<8x12xf32>, %o: memref<12x8xf32>) {
  linalg.transpose ins(%x : memref<8x12xf32>) outs(%o : memref<12x8xf32>) permutation = [1, 0]
  return
}
}

// -----

#in = affine_map<(i, j) -> (i, j)>
#out = affine_map<(i, j) -> (j, i)>

// Ragged: rows past the end are clamped when read, lanes masked when written.
// CHECK-LABEL: func.func @ragged(
// CHECK: vector.create_mask
// CHECK: arith.minsi
// CHECK: vector.maskedload
// CHECK: vector.maskedstore
func.func @ragged(%x: memref<?x?xf32>, %o: memref<?x?xf32>) {
  linalg.generic {indexing_maps = [#in, #out], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<?x?xf32>) outs(%o : memref<?x?xf32>) {
    ^bb0(%e: f32, %s: f32):
      linalg.yield %e : f32
  }
  return
}

// -----

#in = affine_map<(i, j) -> (i, j)>

// A plain copy is no business of this pass.
// CHECK-LABEL: func.func @copy(
// CHECK: linalg.generic
func.func @copy(%x: memref<?x?xf32>, %o: memref<?x?xf32>) {
  linalg.generic {indexing_maps = [#in, #in], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<?x?xf32>) outs(%o : memref<?x?xf32>) {
    ^bb0(%e: f32, %s: f32):
      linalg.yield %e : f32
  }
  return
}
