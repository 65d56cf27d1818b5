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

// Rows are not known: whole tiles of 16, then eight, four, two and one row where
// they are left; no row is clamped and computed twice. A read of C between the fill
// and the contraction keeps the fill.
// CHECK-LABEL: func.func @dynamic_rows(
// CHECK-NOT: arith.minsi
// CHECK: linalg.fill
// CHECK: %[[REST:.*]] = arith.remui %[[ROWS:.*]], %c16
// CHECK: %[[FULL:.*]] = arith.subi %[[ROWS]], %[[REST]]
// CHECK: scf.for %{{.*}} = %c0{{.*}} to %[[FULL]] step %c16
// CHECK-COUNT-64: vector.fma
// CHECK-NOT: vector.fma
// CHECK: %[[EIGHT:.*]] = arith.andi %[[REST]], %c8
// CHECK: %[[HAS_EIGHT:.*]] = arith.cmpi ne, %[[EIGHT]], %c0
// CHECK: scf.if %[[HAS_EIGHT]]
// CHECK-COUNT-16: vector.fma
// CHECK-NOT: vector.fma
// CHECK: arith.addi %[[FULL]], %[[EIGHT]]
// CHECK: arith.andi %[[REST]], %c4
// CHECK: scf.if
// CHECK-COUNT-8: vector.fma
// CHECK-NOT: vector.fma
// CHECK: arith.andi %[[REST]], %c2
// CHECK: scf.if
// CHECK: arith.andi %[[REST]], %c1
// CHECK: scf.if
// CHECK: vector.fma
// CHECK-NOT: scf.if
// CHECK: return
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

// -----

#a = affine_map<(m, n0, n1, k) -> (m, k)>
#b = affine_map<(m, n0, n1, k) -> (n0, k, n1)>
#c = affine_map<(m, n0, n1, k) -> (m, n0, n1)>

// Panels of two vectors hold 34 columns: one whole panel and a vector of the second,
// whose other one is padding. Only copied, they go to their destination, at once and
// two columns of the last vector; panels are read whole.
// CHECK-LABEL: func.func @padded(
// CHECK-SAME: %{{.*}}: memref<8x8xf32>, %[[B:.*]]: memref<2x8x32xf32>, %[[OUT:.*]]: memref<8x34xf32>
// CHECK: scf.for {{.*}} step %c4
// CHECK-COUNT-16: vector.fma
// CHECK: vector.store %{{.*}}, %[[OUT]]
// CHECK: %[[MASK:.*]] = vector.constant_mask [2]
// CHECK: scf.for {{.*}} step %c8
// CHECK: scf.for
// CHECK-NOT: vector.maskedload
// CHECK-COUNT-16: vector.fma
// CHECK-NOT: vector.fma
// CHECK-COUNT-8: vector.maskedstore %[[OUT]][%{{.*}}, %{{.*}}], %[[MASK]]
// CHECK-NOT: linalg.copy
// CHECK: return
module attributes {seqc.target = #seqc.target<"avx512", bits = 512, registers = 32, fma = true, l1 = 32768, l2 = 1048576>} {
func.func @padded(%a: memref<8x8xf32>, %b: memref<2x8x32xf32>, %out: memref<8x34xf32>, %scratch: memref<?xi8>)
    attributes {seqc.schedule = #seqc.schedule<"rows", rows = 64, micro = 4 by 2, keys = 0, unroll = 2>} {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c = memref.view %scratch[%c0][] : memref<?xi8> to memref<8x2x32xf32>
  linalg.fill ins(%zero : f32) outs(%c : memref<8x2x32xf32>)
  linalg.generic {indexing_maps = [#a, #b, #c],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<8x8xf32>, memref<2x8x32xf32>) outs(%c : memref<8x2x32xf32>) {
    ^bb0(%x: f32, %w: f32, %s: f32):
      %p = arith.mulf %x, %w : f32
      %t = arith.addf %s, %p : f32
      linalg.yield %t : f32
  }
  %flat = memref.collapse_shape %c [[0], [1, 2]] : memref<8x2x32xf32> into memref<8x64xf32>
  %cut = memref.subview %flat[0, 0] [8, 34] [1, 1] : memref<8x64xf32> to memref<8x34xf32, strided<[64, 1]>>
  linalg.copy ins(%cut : memref<8x34xf32, strided<[64, 1]>>) outs(%out : memref<8x34xf32>)
  return
}
}

// -----

#a = affine_map<(m, n0, n1, k) -> (m, k)>
#b = affine_map<(m, n0, n1, k) -> (n0, k, n1)>
#c = affine_map<(m, n0, n1, k) -> (m, n0, n1)>

// The destination is what the product reads: the copy stays.
// CHECK-LABEL: func.func @in_place(
// CHECK-SAME: %[[A:.*]]: memref<8x34xf32>
// CHECK: %[[C:.*]] = memref.view
// CHECK-NOT: vector.store %{{.*}}, %[[A]]
// CHECK: vector.store %{{.*}}, %[[C]]
// CHECK: linalg.copy
module attributes {seqc.target = #seqc.target<"avx512", bits = 512, registers = 32, fma = true, l1 = 32768, l2 = 1048576>} {
func.func @in_place(%a: memref<8x34xf32>, %b: memref<2x34x32xf32>, %scratch: memref<?xi8>)
    attributes {seqc.schedule = #seqc.schedule<"rows", rows = 64, micro = 4 by 2, keys = 0, unroll = 2>} {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c = memref.view %scratch[%c0][] : memref<?xi8> to memref<8x2x32xf32>
  linalg.fill ins(%zero : f32) outs(%c : memref<8x2x32xf32>)
  linalg.generic {indexing_maps = [#a, #b, #c],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<8x34xf32>, memref<2x34x32xf32>) outs(%c : memref<8x2x32xf32>) {
    ^bb0(%x: f32, %w: f32, %s: f32):
      %p = arith.mulf %x, %w : f32
      %t = arith.addf %s, %p : f32
      linalg.yield %t : f32
  }
  %flat = memref.collapse_shape %c [[0], [1, 2]] : memref<8x2x32xf32> into memref<8x64xf32>
  %cut = memref.subview %flat[0, 0] [8, 34] [1, 1] : memref<8x64xf32> to memref<8x34xf32, strided<[64, 1]>>
  linalg.copy ins(%cut : memref<8x34xf32, strided<[64, 1]>>) outs(%a : memref<8x34xf32>)
  return
}
}

// -----

#a = affine_map<(m, n0, n1, k) -> (m, k)>
#b = affine_map<(m, n0, n1, k) -> (n0, k, n1)>
#c = affine_map<(m, n0, n1, k) -> (m, n0, n1)>

// Something reads the panels as they are: all of them are computed, padding as well.
// CHECK-LABEL: func.func @read_whole(
// CHECK: scf.for {{.*}} to %c2{{.*}} step %c1
// CHECK: scf.for {{.*}} step %c4
// CHECK-COUNT-16: vector.fma
// CHECK-NOT: vector.fma
// CHECK: return
module attributes {seqc.target = #seqc.target<"avx512", bits = 512, registers = 32, fma = true, l1 = 32768, l2 = 1048576>} {
func.func @read_whole(%a: memref<8x8xf32>, %b: memref<2x8x32xf32>, %scratch: memref<?xi8>) -> f32
    attributes {seqc.schedule = #seqc.schedule<"rows", rows = 64, micro = 4 by 2, keys = 0, unroll = 2>} {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c = memref.view %scratch[%c0][] : memref<?xi8> to memref<8x2x32xf32>
  linalg.fill ins(%zero : f32) outs(%c : memref<8x2x32xf32>)
  linalg.generic {indexing_maps = [#a, #b, #c],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<8x8xf32>, memref<2x8x32xf32>) outs(%c : memref<8x2x32xf32>) {
    ^bb0(%x: f32, %w: f32, %s: f32):
      %p = arith.mulf %x, %w : f32
      %t = arith.addf %s, %p : f32
      linalg.yield %t : f32
  }
  %r = memref.load %c[%c0, %c0, %c0] : memref<8x2x32xf32>
  return %r : f32
}
}

// -----

#a = affine_map<(m, n0, n1, k) -> (m, k)>
#b = affine_map<(m, n0, n1, k) -> (n0, k, n1)>
#c = affine_map<(m, n0, n1, k) -> (m, n0, n1)>

// 2 MB of weights do not stay in a second-level cache of 1 MB: while a block of
// steps is read from the first level, the tiles of rows fetch the next one, in equal
// parts, which end with the weights. Tails fetch nothing.
// CHECK-LABEL: func.func @ahead(
// CHECK-SAME: %{{.*}}: memref<?x512xf32>, %[[B:.*]]: memref<32x512x32xf32>
// CHECK: %[[FLAT:.*]] = memref.collapse_shape %[[B]] {{\[}}[0, 1, 2]] : memref<32x512x32xf32> into memref<524288xf32>
// CHECK: %[[TILES:.*]] = arith.ceildivui
// CHECK: %[[PER_STEP:.*]] = arith.ceildivui %{{.*}}, %[[TILES]]
// CHECK: scf.for
// CHECK: %[[FIRST:.*]] = arith.minui
// CHECK: scf.for {{.*}} iter_args
// CHECK: %[[DONE:.*]] = arith.muli %{{.*}}, %[[PER_STEP]]
// CHECK: %[[AT:.*]] = arith.addi %[[FIRST]], %[[DONE]]
// CHECK-COUNT-6: memref.prefetch %[[FLAT]][%{{.*}}], read, locality<2>, data
// CHECK-NOT: memref.prefetch
// CHECK: return
module attributes {seqc.target = #seqc.target<"avx512", bits = 512, registers = 32, fma = true, l1 = 32768, l2 = 1048576>} {
func.func @ahead(%a: memref<?x512xf32>, %b: memref<32x512x32xf32>, %c: memref<?x32x32xf32>)
    attributes {seqc.schedule = #seqc.schedule<"rows", rows = 64, micro = 4 by 2, keys = 0, unroll = 2>} {
  linalg.generic {indexing_maps = [#a, #b, #c],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<?x512xf32>, memref<32x512x32xf32>) outs(%c : memref<?x32x32xf32>) {
    ^bb0(%x: f32, %w: f32, %s: f32):
      %p = arith.mulf %x, %w : f32
      %t = arith.addf %s, %p : f32
      linalg.yield %t : f32
  }
  return
}
}

// -----

#a = affine_map<(m, n0, n1, k) -> (m, k)>
#b = affine_map<(m, n0, n1, k) -> (n0, k, n1)>
#c = affine_map<(m, n0, n1, k) -> (m, n0, n1)>

// Half a megabyte stays there.
// CHECK-LABEL: func.func @near(
// CHECK-NOT: memref.prefetch
// CHECK: return
module attributes {seqc.target = #seqc.target<"avx512", bits = 512, registers = 32, fma = true, l1 = 32768, l2 = 1048576>} {
func.func @near(%a: memref<?x128xf32>, %b: memref<32x128x32xf32>, %c: memref<?x32x32xf32>)
    attributes {seqc.schedule = #seqc.schedule<"rows", rows = 64, micro = 4 by 2, keys = 0, unroll = 2>} {
  linalg.generic {indexing_maps = [#a, #b, #c],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<?x128xf32>, memref<32x128x32xf32>) outs(%c : memref<?x32x32xf32>) {
    ^bb0(%x: f32, %w: f32, %s: f32):
      %p = arith.mulf %x, %w : f32
      %t = arith.addf %s, %p : f32
      linalg.yield %t : f32
  }
  return
}
}

// -----

#a = affine_map<(m, n, k) -> (k, m)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>
#row = affine_map<(m, n) -> (m)>
#same = affine_map<(m, n) -> (m, n)>

// A step of a sum: the first one starts from 0 in place of what C holds, the last
// one scales rows before they are stored, each where its condition says so.
// CHECK-LABEL: func.func @ends(
// CHECK-SAME: %{{.*}}: memref<?x2xf32>, %{{.*}}: memref<?x16xf32>, %[[C:[a-z0-9]+]]: memref<8x32xf32>, %[[F:[a-z0-9]+]]: memref<8xf32>, %[[FIRST:[a-z0-9]+]]: i1, %[[LAST:[a-z0-9]+]]: i1
// CHECK-NOT: linalg
// CHECK: %[[PART:.*]] = memref.subview %[[C]]
// CHECK: %[[START:.*]]:2 = scf.if %[[FIRST]]
// CHECK-NEXT: scf.yield %[[ZERO:.*]], %[[ZERO]]
// CHECK-NEXT: else
// CHECK: vector.load %[[PART]]
// CHECK: vector.load %[[PART]]
// CHECK: scf.yield
// CHECK: scf.for
// CHECK: vector.fma
// CHECK: scf.if %[[LAST]]
// CHECK: memref.load %{{.*}} : memref<2xf32
// CHECK: %[[X:.*]] = arith.mulf
// CHECK: %[[Y:.*]] = arith.mulf
// CHECK: scf.yield %[[X]], %[[Y]]
// CHECK: else
// CHECK-NEXT: scf.yield
// CHECK: vector.store %{{.*}}, %[[PART]]
// CHECK-NOT: linalg
// CHECK: return
module attributes {seqc.target = #seqc.target<"avx512", bits = 512, registers = 32, fma = true, l1 = 32768, l2 = 1048576>} {
func.func @ends(%a: memref<?x2xf32>, %b: memref<?x16xf32>, %c: memref<8x32xf32>, %f: memref<8xf32>, %first: i1, %last: i1)
    attributes {seqc.schedule = #seqc.schedule<"queries", rows = 8, micro = 2 by 1, keys = 64, unroll = 2>} {
  %zero = arith.constant 0.0 : f32
  scf.if %first {
    %part = memref.subview %c[2, 16] [2, 16] [1, 1] : memref<8x32xf32> to memref<2x16xf32, strided<[32, 1], offset: 80>>
    linalg.fill ins(%zero : f32) outs(%part : memref<2x16xf32, strided<[32, 1], offset: 80>>)
  }
  %part = memref.subview %c[2, 16] [2, 16] [1, 1] : memref<8x32xf32> to memref<2x16xf32, strided<[32, 1], offset: 80>>
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<?x2xf32>, memref<?x16xf32>) outs(%part : memref<2x16xf32, strided<[32, 1], offset: 80>>) {
    ^bb0(%x: f32, %w: f32, %s: f32):
      %p = arith.mulf %x, %w : f32
      %t = arith.addf %s, %p : f32
      linalg.yield %t : f32
  }
  scf.if %last {
    %factors = memref.subview %f[2] [2] [1] : memref<8xf32> to memref<2xf32, strided<[1], offset: 2>>
    %again = memref.subview %c[2, 16] [2, 16] [1, 1] : memref<8x32xf32> to memref<2x16xf32, strided<[32, 1], offset: 80>>
    linalg.generic {indexing_maps = [#row, #same], iterator_types = ["parallel", "parallel"]}
        ins(%factors : memref<2xf32, strided<[1], offset: 2>>) outs(%again : memref<2x16xf32, strided<[32, 1], offset: 80>>) {
      ^bb0(%x: f32, %s: f32):
        %t = arith.mulf %s, %x : f32
        linalg.yield %t : f32
    }
  }
  return
}

// Another part of C is filled, and columns are scaled: both stay.
// CHECK-LABEL: func.func @other_ends(
// CHECK: linalg.fill
// CHECK-NOT: scf.if
// CHECK: scf.for
// CHECK: vector.fma
// CHECK-NOT: arith.mulf
// CHECK: linalg.generic
// CHECK: arith.mulf
func.func @other_ends(%a: memref<?x2xf32>, %b: memref<?x16xf32>, %c: memref<8x32xf32>, %f: memref<16xf32>)
    attributes {seqc.schedule = #seqc.schedule<"queries", rows = 8, micro = 2 by 1, keys = 64, unroll = 2>} {
  %zero = arith.constant 0.0 : f32
  %other = memref.subview %c[2, 0] [2, 16] [1, 1] : memref<8x32xf32> to memref<2x16xf32, strided<[32, 1], offset: 64>>
  %part = memref.subview %c[2, 16] [2, 16] [1, 1] : memref<8x32xf32> to memref<2x16xf32, strided<[32, 1], offset: 80>>
  linalg.fill ins(%zero : f32) outs(%other : memref<2x16xf32, strided<[32, 1], offset: 64>>)
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<?x2xf32>, memref<?x16xf32>) outs(%part : memref<2x16xf32, strided<[32, 1], offset: 80>>) {
    ^bb0(%x: f32, %w: f32, %s: f32):
      %p = arith.mulf %x, %w : f32
      %t = arith.addf %s, %p : f32
      linalg.yield %t : f32
  }
  linalg.generic {indexing_maps = [affine_map<(m, n) -> (n)>, #same], iterator_types = ["parallel", "parallel"]}
      ins(%f : memref<16xf32>) outs(%part : memref<2x16xf32, strided<[32, 1], offset: 80>>) {
    ^bb0(%x: f32, %s: f32):
      %t = arith.mulf %s, %x : f32
      linalg.yield %t : f32
  }
  return
}
}
