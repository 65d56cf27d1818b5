// RUN: seqc-opt %s --seqc-lower-copies | FileCheck %s
// Copies of a buffer to itself go, others become linalg.copy.

// CHECK-LABEL: @copies
// CHECK-NOT: memref.copy
// CHECK: linalg.copy ins(%arg1 : memref<?x8xf32>) outs(%arg0 : memref<?x8xf32>)
// CHECK: linalg.copy
// CHECK-NOT: copy
func.func private @copies(%a: memref<?x8xf32>, %b: memref<?x8xf32>, %i: index)
    attributes {seqc.kernel} {
  %c0 = arith.constant 0 : index
  %n = memref.dim %a, %c0 : memref<?x8xf32>
  %whole = memref.subview %a[0, 0] [%n, 8] [1, 1] : memref<?x8xf32> to memref<?x8xf32, strided<[8, 1]>>
  memref.copy %a, %whole : memref<?x8xf32> to memref<?x8xf32, strided<[8, 1]>>
  %s0 = memref.subview %a[%i, 0] [4, 8] [1, 1] : memref<?x8xf32> to memref<4x8xf32, strided<[8, 1], offset: ?>>
  %s1 = memref.subview %a[%i, 0] [4, 8] [1, 1] : memref<?x8xf32> to memref<4x8xf32, strided<[8, 1], offset: ?>>
  memref.copy %s0, %s1 : memref<4x8xf32, strided<[8, 1], offset: ?>> to memref<4x8xf32, strided<[8, 1], offset: ?>>
  %x = memref.expand_shape %s0 [[0], [1, 2]] output_shape [4, 2, 4] : memref<4x8xf32, strided<[8, 1], offset: ?>> into memref<4x2x4xf32, strided<[8, 4, 1], offset: ?>>
  %c = memref.collapse_shape %x [[0], [1, 2]] : memref<4x2x4xf32, strided<[8, 4, 1], offset: ?>> into memref<4x8xf32, strided<[8, 1], offset: ?>>
  memref.copy %c, %s1 : memref<4x8xf32, strided<[8, 1], offset: ?>> to memref<4x8xf32, strided<[8, 1], offset: ?>>
  memref.copy %b, %a : memref<?x8xf32> to memref<?x8xf32>
  %s2 = memref.subview %a[0, 0] [4, 8] [1, 1] : memref<?x8xf32> to memref<4x8xf32, strided<[8, 1]>>
  memref.copy %s0, %s2 : memref<4x8xf32, strided<[8, 1], offset: ?>> to memref<4x8xf32, strided<[8, 1]>>
  return
}
