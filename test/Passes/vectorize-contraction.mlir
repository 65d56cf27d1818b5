// RUN: seqc-opt %s --seqc-vectorize-contraction --split-input-file | FileCheck %s

#a = affine_map<(m, n0, n1, k) -> (m, k)>
#b = affine_map<(m, n0, n1, k) -> (n0, k, n1)>
#c = affine_map<(m, n0, n1, k) -> (m, n0, n1)>

// Four rows by two vectors of accumulators, carried over a reduction unrolled by
// two; the fill before gives their start and is gone.
// CHECK-LABEL: func.func @packed(
// CHECK-SAME: %[[A:.*]]: memref<8x8xf32>, %[[B:.*]]: memref<2x8x32xf32>, %[[C:.*]]: memref<8x2x32xf32>
// CHECK-NOT: linalg.fill
// CHECK: scf.for %[[N0:.*]] =
// CHECK: scf.for %[[M:.*]] =
// CHECK: %[[ZERO:.*]] = vector.broadcast %{{.*}} : f32 to vector<16xf32>
// CHECK: %[[SUMS:.*]]:8 = scf.for %[[K:.*]] = {{.*}} iter_args(%{{.*}} = %[[ZERO]], {{.*}}) -> ({{.*}}vector<16xf32>)
// CHECK: vector.load %[[B]][%[[N0]], %[[K]], %{{.*}}]
// CHECK: vector.load %[[B]][%[[N0]], %[[K]], %{{.*}}]
// CHECK: %[[E:.*]] = memref.load %[[A]]
// CHECK: %[[W:.*]] = vector.broadcast %[[E]] : f32 to vector<16xf32>
// CHECK: vector.fma %[[W]]
// CHECK-COUNT-15: vector.fma
// CHECK-NOT: vector.fma
// CHECK: scf.yield
// CHECK: vector.store %[[SUMS]]#0, %[[C]]
// CHECK: vector.store %[[SUMS]]#7, %[[C]]
// CHECK-NOT: linalg
module attributes {seqc.target = #seqc.target<"avx512", bits = 512, registers = 32, fma = true, l1 = 32768, l2 = 1048576>} {
func.func @packed(%a: memref<8x8xf32>, %b: memref<2x8x32xf32>, %c: memref<8x2x32xf32>)
    attributes {seqc.schedule = #seqc.schedule<"rows", rows = 64, micro = 4 by 2, keys = 0, unroll = 2>} {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<8x2x32xf32>)
  linalg.generic {indexing_maps = [#a, #b, #c],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<8x8xf32>, memref<2x8x32xf32>) outs(%c : memref<8x2x32xf32>) {
    ^bb0(%x: f32, %w: f32, %s: f32):
      %p = arith.mulf %x, %w : f32
      %t = arith.addf %s, %p : f32
      linalg.yield %t : f32
  }
  return
}
}

// -----

#a = affine_map<(n, k) -> (k)>
#b = affine_map<(n, k) -> (k, n)>
#c = affine_map<(n, k) -> (n)>

// One row: the reduction is split in chains, which are added at the end. Without
// a fused instruction multiply and add stay apart. The last lanes are masked.
// CHECK-LABEL: func.func @one_row(
// CHECK-SAME: %[[A:.*]]: memref<?xf32>, %[[B:.*]]: memref<?x6xf32>, %[[C:.*]]: memref<6xf32>
// CHECK: %[[MASK:.*]] = vector.constant_mask [2] : vector<4xi1>
// CHECK: vector.load %[[C]]
// CHECK: vector.maskedload %[[C]]
// CHECK: scf.for {{.*}} iter_args
// CHECK: vector.load %[[B]]
// CHECK: vector.maskedload %[[B]][%{{.*}}, %{{.*}}], %[[MASK]]
// CHECK: arith.mulf
// CHECK: arith.addf
// CHECK-NOT: vector.fma
// CHECK: vector.maskedstore %[[C]]
module attributes {seqc.target = #seqc.target<"baseline", bits = 128, registers = 16, fma = false, l1 = 32768, l2 = 1048576>} {
func.func @one_row(%a: memref<?xf32>, %b: memref<?x6xf32>, %c: memref<6xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "reduction"]}
      ins(%a, %b : memref<?xf32>, memref<?x6xf32>) outs(%c : memref<6xf32>) {
    ^bb0(%x: f32, %w: f32, %s: f32):
      %p = arith.mulf %x, %w : f32
      %t = arith.addf %s, %p : f32
      linalg.yield %t : f32
  }
  return
}
}

// -----

#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>

// Rows are not known: whole tiles, then one row or clamped half tiles. A read
// of C between the fill and the contraction keeps the fill.
// CHECK-LABEL: func.func @dynamic_rows(
// CHECK: linalg.fill
// CHECK: scf.for
// CHECK-NOT: arith.minsi
// CHECK: vector.fma
// CHECK: scf.if
// CHECK: vector.fma
// CHECK: } else {
// CHECK: scf.for
// CHECK: arith.minsi
// CHECK: vector.fma
func.func @dynamic_rows(%a: memref<?x8xf32>, %b: memref<8x16xf32>, %c: memref<?x16xf32>) -> f32 {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  linalg.fill ins(%zero : f32) outs(%c : memref<?x16xf32>)
  %r = memref.load %c[%c0, %c0] : memref<?x16xf32>
  linalg.generic {indexing_maps = [#a, #b, #c],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<?x8xf32>, memref<8x16xf32>) outs(%c : memref<?x16xf32>) {
    ^bb0(%x: f32, %w: f32, %s: f32):
      %p = arith.mulf %x, %w : f32
      %t = arith.addf %s, %p : f32
      linalg.yield %t : f32
  }
  return %r : f32
}

// -----

#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (n, k)>
#c = affine_map<(m, n, k) -> (m, n)>

// B does not end in the output's last axis: not a contraction over lanes.
// CHECK-LABEL: func.func @dot_products(
// CHECK: linalg.generic
func.func @dot_products(%a: memref<4x8xf32>, %b: memref<16x8xf32>, %c: memref<4x16xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<4x8xf32>, memref<16x8xf32>) outs(%c : memref<4x16xf32>) {
    ^bb0(%x: f32, %w: f32, %s: f32):
      %p = arith.mulf %x, %w : f32
      %t = arith.addf %s, %p : f32
      linalg.yield %t : f32
  }
  return
}

// -----

#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>

// 1024 steps would read 128 kB of B for every tile of rows. They go by blocks of
// 208, which all rows visit before the next; sums of later blocks start from C.
// CHECK-LABEL: func.func @long_reduction(
// CHECK: scf.for %[[FIRST:.*]] = %c0{{.*}} to %c1024{{.*}} step %c208
// CHECK: %[[SUM:.*]] = arith.addi %[[FIRST]], %c208
// CHECK: %[[END:.*]] = arith.minsi %c1024{{.*}}, %[[SUM]]
// CHECK: scf.for %{{.*}} = %c0{{.*}} to %c64{{.*}} step %c8
// CHECK: %[[IS_FIRST:.*]] = arith.cmpi eq, %[[FIRST]], %c0
// CHECK: %[[START:.*]]:16 = scf.if %[[IS_FIRST]]
// CHECK: } else {
// CHECK-COUNT-16: vector.load
// CHECK: scf.for %{{.*}} = %[[FIRST]] to %[[END]] step %c2{{.*}} iter_args(%{{.*}} = %[[START]]#0,
// CHECK-NOT: scf.for
// CHECK: return
module attributes {seqc.target = #seqc.target<"avx512", bits = 512, registers = 32, fma = true, l1 = 32768, l2 = 1048576>} {
func.func @long_reduction(%a: memref<64x1024xf32>, %b: memref<1024x32xf32>, %c: memref<64x32xf32>)
    attributes {seqc.schedule = #seqc.schedule<"rows", rows = 64, micro = 8 by 2, keys = 0, unroll = 2>} {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<64x32xf32>)
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<64x1024xf32>, memref<1024x32xf32>) outs(%c : memref<64x32xf32>) {
    ^bb0(%x: f32, %w: f32, %s: f32):
      %p = arith.mulf %x, %w : f32
      %t = arith.addf %s, %p : f32
      linalg.yield %t : f32
  }
  return
}
}
