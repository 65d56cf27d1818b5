// RUN: seqc-opt %s --seqc-vectorize-elementwise --split-input-file | FileCheck %s

#id = affine_map<(m, h) -> (m, h)>
#row = affine_map<(m, h) -> (m)>
#col = affine_map<(m, h) -> (h)>

// A per-row operand is read once per row, a per-column one by lanes; the static
// remainder of 20 lanes is a constant mask.
// CHECK-LABEL: func.func @broadcasts(
// CHECK-SAME: %[[X:.*]]: memref<?x20xf32>, %[[R:.*]]: memref<?xf32>, %[[G:.*]]: memref<20xf32>, %[[O:.*]]: memref<?x20xf32>
// CHECK: scf.for %[[M:.*]] =
// CHECK: %[[S:.*]] = memref.load %[[R]][%[[M]]]
// CHECK: %[[W:.*]] = vector.broadcast %[[S]] : f32 to vector<16xf32>
// CHECK: vector.load %[[X]]
// CHECK: vector.load %[[G]]
// CHECK: arith.mulf %{{.*}}, %[[W]] fastmath<contract> : vector<16xf32>
// CHECK: vector.store %{{.*}}, %[[O]]
// CHECK: %[[MASK:.*]] = vector.constant_mask [4] : vector<16xi1>
// CHECK: vector.maskedload %[[X]][%{{.*}}, %{{.*}}], %[[MASK]]
// CHECK: vector.maskedstore %[[O]][%{{.*}}, %{{.*}}], %[[MASK]]
// CHECK-NOT: linalg
func.func @broadcasts(%x: memref<?x20xf32>, %r: memref<?xf32>, %g: memref<20xf32>,
                      %o: memref<?x20xf32>) {
  linalg.generic {indexing_maps = [#id, #row, #col, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %r, %g : memref<?x20xf32>, memref<?xf32>, memref<20xf32>)
      outs(%o : memref<?x20xf32>) {
    ^bb0(%a: f32, %b: f32, %c: f32, %u: f32):
      %p = arith.mulf %a, %b : f32
      %q = arith.addf %p, %c : f32
      linalg.yield %q : f32
  }
  return
}

// -----

// A fill, and a copy in either spelling; a dynamic extent has a full and a
// masked body.
// CHECK-LABEL: func.func @fill_and_copy(
// CHECK-SAME: %[[X:.*]]: memref<?xf32>, %[[Y:.*]]: memref<?xf32>, %[[Z:.*]]: memref<?xf32>
// CHECK: vector.store %{{.*}}, %[[Z]]
// CHECK: vector.maskedstore %[[Z]]
// CHECK: vector.load %[[X]]
// CHECK: vector.store %{{.*}}, %[[Y]]
// CHECK: scf.if
// CHECK: vector.create_mask
// CHECK: vector.maskedload %[[X]]
// CHECK: vector.maskedstore %[[Y]]
// CHECK-NOT: memref.copy
func.func @fill_and_copy(%x: memref<?xf32>, %y: memref<?xf32>, %z: memref<?xf32>) {
  %one = arith.constant 1.0 : f32
  linalg.fill ins(%one : f32) outs(%z : memref<?xf32>)
  memref.copy %x, %y : memref<?xf32> to memref<?xf32>
  return
}

// -----

#pair = affine_map<(c) -> (c, 1)>
#id = affine_map<(c) -> (c)>

// The second elements of pairs: two loads and a shuffle. The lane's number is an
// i32.
// CHECK-LABEL: func.func @pairs(
// CHECK: %[[L:.*]] = vector.load
// CHECK: %[[H:.*]] = vector.load
// CHECK: vector.shuffle %[[L]], %[[H]] [1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31]
// CHECK: arith.sitofp %{{.*}} : vector<16xi32> to vector<16xf32>
func.func @pairs(%x: memref<16x2xf32>, %o: memref<16xf32>) {
  linalg.generic {indexing_maps = [#pair, #id], iterator_types = ["parallel"]}
      ins(%x : memref<16x2xf32>) outs(%o : memref<16xf32>) {
    ^bb0(%a: f32, %u: f32):
      %i = linalg.index 0 : index
      %j = arith.index_cast %i : index to i32
      %f = arith.sitofp %j : i32 to f32
      %s = arith.addf %a, %f : f32
      linalg.yield %s : f32
  }
  return
}

// -----

#in = affine_map<(c) -> (c, 1)>
#out = affine_map<(c) -> (c)>

// Lanes further apart are gathered, by constant offsets if the stride is known.
// CHECK-LABEL: func.func @triples(
// CHECK: %[[STEP:.*]] = arith.constant dense<[0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 33, 36, 39, 42, 45]> : vector<16xi32>
// CHECK: vector.gather %{{.*}}[%{{.*}}] [%[[STEP]]]
func.func @triples(%x: memref<16x3xf32>, %o: memref<16xf32>) {
  linalg.generic {indexing_maps = [#in, #out], iterator_types = ["parallel"]}
      ins(%x : memref<16x3xf32>) outs(%o : memref<16xf32>) {
    ^bb0(%a: f32, %u: f32):
      linalg.yield %a : f32
  }
  return
}

// -----

#id = affine_map<(c) -> (c)>

// A table read at the lane's own number is a load, at a computed one a gather.
// CHECK-LABEL: func.func @tables(
// CHECK-SAME: %[[T:.*]]: memref<?xf32>, %[[I:.*]]: memref<16xi32>
// CHECK: %[[IDX:.*]] = vector.load %[[I]]
// CHECK: vector.gather %[[T]][%{{.*}}] [%[[IDX]]]
// CHECK: vector.load %[[T]]
func.func @tables(%t: memref<?xf32>, %i: memref<16xi32>, %o: memref<16xf32>) {
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%i : memref<16xi32>) outs(%o : memref<16xf32>) {
    ^bb0(%a: i32, %u: f32):
      %k = arith.index_cast %a : i32 to index
      %e = memref.load %t[%k] : memref<?xf32>
      %n = linalg.index 0 : index
      %d = memref.load %t[%n] : memref<?xf32>
      %s = arith.addf %e, %d : f32
      linalg.yield %s : f32
  }
  return
}

// -----

#row = affine_map<(m, h) -> (m, h)>

// The innermost extent is 1: lanes run over rows.
// CHECK-LABEL: func.func @column(
// CHECK: vector.load %{{.*}} : memref<64x1xf32>, vector<16xf32>
func.func @column(%x: memref<64x1xf32>, %o: memref<64x1xf32>) {
  linalg.generic {indexing_maps = [#row, #row], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<64x1xf32>) outs(%o : memref<64x1xf32>) {
    ^bb0(%a: f32, %u: f32):
      %s = arith.addf %a, %a : f32
      linalg.yield %s : f32
  }
  return
}

// -----

#id = affine_map<(c) -> (c)>

// Bits in memory have no vector form: plain loops.
// CHECK-LABEL: func.func @bits(
// CHECK: scf.for
// CHECK: memref.load
// CHECK: arith.cmpf ogt, %{{.*}}, %{{.*}} : f32
// CHECK: memref.store
// CHECK-NOT: linalg
func.func @bits(%x: memref<?xf32>, %o: memref<?xi1>) {
  %zero = arith.constant 0.0 : f32
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : memref<?xf32>) outs(%o : memref<?xi1>) {
    ^bb0(%a: f32, %u: i1):
      %s = arith.cmpf ogt, %a, %zero : f32
      linalg.yield %s : i1
  }
  return
}

// -----

// A buffer copied to itself.
// CHECK-LABEL: func.func @self_copy(
// CHECK-NEXT: return
func.func @self_copy(%x: memref<?xf32>) {
  linalg.copy ins(%x : memref<?xf32>) outs(%x : memref<?xf32>)
  return
}

// -----

#id = affine_map<(c) -> (c)>

// Arithmetic on a single element is one lane; a single element that is only
// moved is a scalar.
// CHECK-LABEL: func.func @one_element(
// CHECK: vector.maskedload
// CHECK: arith.mulf %{{.*}} : vector<16xf32>
// CHECK: vector.maskedstore
// CHECK: memref.load
// CHECK: memref.store
func.func @one_element(%x: memref<1xf32>, %o: memref<1xf32>, %p: memref<1xf32>) {
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : memref<1xf32>) outs(%o : memref<1xf32>) {
    ^bb0(%a: f32, %u: f32):
      %s = arith.mulf %a, %a : f32
      linalg.yield %s : f32
  }
  linalg.copy ins(%x : memref<1xf32>) outs(%p : memref<1xf32>)
  return
}
