// RUN: seqc-opt %s --split-input-file --verify-diagnostics --seqc-vectorize-rows --canonicalize --cse | FileCheck %s
// Row movement as loops of vectors.

// A row of 20 numbers: one whole vector and a masked one.
// CHECK-LABEL: func.func @gather_rows
// CHECK-SAME: %[[X:[a-z0-9]*]]: memref<?x20xf32>, %[[I:[a-z0-9]*]]: memref<?xi32>, %[[Y:[a-z0-9]*]]: memref<?x20xf32>
// CHECK: scf.for %[[R:.*]] =
// CHECK: %[[E:.*]] = memref.load %[[I]][%[[R]]]
// CHECK: %[[S:.*]] = arith.index_cast %[[E]]
// CHECK: %[[V:.*]] = vector.load %[[X]][%[[S]], %{{.*}}]
// CHECK: vector.store %[[V]], %[[Y]][%[[R]], %{{.*}}]
// CHECK: %[[T:.*]] = vector.maskedload %[[X]][%[[S]], %{{.*}}]
// CHECK: vector.maskedstore %[[Y]][%[[R]], %{{.*}}], %{{.*}}, %[[T]]
// CHECK-NOT: seqc.gather_rows
func.func @gather_rows(%x: memref<?x20xf32>, %i: memref<?xi32>, %y: memref<?x20xf32>) {
  seqc.gather_rows ins(%x, %i : memref<?x20xf32>, memref<?xi32>) outs(%y : memref<?x20xf32>)
  return
}

// -----

// Single numbers are gathered a vector at a time.
// CHECK-LABEL: func.func @gather_elements
// CHECK: %[[I:.*]] = vector.load %{{.*}} : memref<?xi32>, vector<16xi32>
// CHECK: vector.gather %{{.*}}[%{{.*}}] [%[[I]]]
// CHECK: scf.if
// CHECK: vector.create_mask
func.func @gather_elements(%x: memref<?xf32>, %i: memref<?xi32>, %y: memref<?xf32>) {
  seqc.gather_rows ins(%x, %i : memref<?xf32>, memref<?xi32>) outs(%y : memref<?xf32>)
  return
}

// -----

// The scale is that of the destination row.
// CHECK-LABEL: func.func @scatter_add
// CHECK-SAME: %[[X:[a-z0-9]*]]: memref<?x16xf32>, %[[I:[a-z0-9]*]]: memref<?xi32>, %[[S:[a-z0-9]*]]: memref<?xf32>, %[[Y:[a-z0-9]*]]: memref<?x16xf32>
// CHECK: scf.for %[[R:.*]] =
// CHECK: %[[E:.*]] = memref.load %[[I]][%[[R]]]
// CHECK: %[[T:.*]] = arith.index_cast %[[E]]
// CHECK: %[[C:.*]] = memref.load %[[S]][%[[T]]]
// CHECK: vector.broadcast %[[C]]
// CHECK: vector.load %[[X]][%[[R]], %{{.*}}]
// CHECK: arith.mulf
// CHECK: vector.load %[[Y]][%[[T]], %{{.*}}]
// CHECK: arith.addf
// CHECK: vector.store %{{.*}}, %[[Y]][%[[T]], %{{.*}}]
func.func @scatter_add(%x: memref<?x16xf32>, %i: memref<?xi32>, %s: memref<?xf32>, %y: memref<?x16xf32>) {
  seqc.scatter_rows add ins(%x, %i : memref<?x16xf32>, memref<?xi32>) scale(%s : memref<?xf32>)
      outs(%y : memref<?x16xf32>)
  return
}

// -----

// Setting without a scale is a copy.
// CHECK-LABEL: func.func @scatter_set
// CHECK-NOT: arith.mulf
// CHECK-NOT: arith.addf
// CHECK: vector.store
func.func @scatter_set(%x: memref<?x16xf32>, %i: memref<?xi32>, %y: memref<?x16xf32>) {
  seqc.scatter_rows set ins(%x, %i : memref<?x16xf32>, memref<?xi32>) outs(%y : memref<?x16xf32>)
  return
}

// -----

// Active rows are appended 16 at a time; only they are written.
// CHECK-LABEL: func.func @compress
// CHECK: scf.for
// CHECK: scf.for
// CHECK: vector.compressstore
// CHECK: math.ctpop
// CHECK: vector.create_mask
// CHECK: vector.compressstore
func.func @compress(%a: memref<?xi32>, %o: memref<?xi32>, %i: memref<?xi32>, %p: memref<?xi32>) {
  seqc.compress ins(%a, %o : memref<?xi32>, memref<?xi32>) outs(%i, %p : memref<?xi32>, memref<?xi32>)
  return
}

// -----

// CHECK-LABEL: func.func @ring_push
// CHECK-SAME: %[[X:[a-z0-9]*]]: memref<?x16xf32>
// CHECK-SAME: %[[RING:[a-z0-9]*]]: memref<?x8x16xf32>
// Up to the end of the ring, then from its start; nothing in it is moved.
// CHECK: arith.remui
// CHECK-NOT: vector.load %[[RING]]
// CHECK: vector.load %[[X]]
// CHECK: vector.store %{{.*}}, %[[RING]]
// CHECK: vector.load %[[X]]
// CHECK: vector.store %{{.*}}, %[[RING]]
func.func @ring_push(%x: memref<?x16xf32>, %o: memref<?xi32>, %n: memref<?xi32>, %r: memref<?x8x16xf32>) {
  seqc.ring_push ins(%x, %o, %n : memref<?x16xf32>, memref<?xi32>, memref<?xi32>) outs(%r : memref<?x8x16xf32>)
  return
}

// -----

// The divisor is a vector; the sum is carried.
// CHECK-LABEL: func.func @pool
// CHECK: %[[N:.*]] = vector.broadcast %{{.*}} : f32 to vector<16xf32>
// CHECK: %[[S:.*]] = scf.for {{.*}} -> (vector<16xf32>)
// CHECK: arith.divf %[[S]], %[[N]]
func.func @pool(%x: memref<?x16xf32>, %o: memref<?xi32>, %y: memref<?x16xf32>) {
  seqc.pool mean ins(%x, %o : memref<?x16xf32>, memref<?xi32>) outs(%y : memref<?x16xf32>)
  return
}

// -----

// Ops on tensors stay.
// CHECK-LABEL: func.func @on_tensors
// CHECK: seqc.gather_rows
func.func @on_tensors(%x: tensor<?x16xf32>, %i: tensor<?xi32>, %y: tensor<?x16xf32>) -> tensor<?x16xf32> {
  %r = seqc.gather_rows ins(%x, %i : tensor<?x16xf32>, tensor<?xi32>) outs(%y : tensor<?x16xf32>) -> tensor<?x16xf32>
  return %r : tensor<?x16xf32>
}

// -----

func.func @halves(%x: memref<?x16xf16>, %i: memref<?xi32>, %y: memref<?x16xf16>) {
  // expected-error @below {{expected 32-bit elements, got 'memref<?x16xf16>'}}
  seqc.gather_rows ins(%x, %i : memref<?x16xf16>, memref<?xi32>) outs(%y : memref<?x16xf16>)
  return
}
