// RUN: seqc-opt %s --seqc-lower-to-llvm --split-input-file --verify-diagnostics | FileCheck %s
// All dialects of a kernel become LLVM's in one conversion.

// A view of a view is one address: neither casts nor descriptors are left.
// CHECK-LABEL: llvm.func @views(
// CHECK-NOT: unrealized_conversion_cast
// CHECK-NOT: llvm.insertvalue
// CHECK: %[[V:.*]] = llvm.load {{.*}} -> vector<8xf32>
// CHECK: llvm.store %[[V]]
// CHECK-NOT: llvm.insertvalue
// CHECK: llvm.return
func.func @views(%packed: !llvm.struct<(ptr, ptr, i64, array<2 x i64>, array<2 x i64>)>, %row: index) {
  %a = builtin.unrealized_conversion_cast %packed : !llvm.struct<(ptr, ptr, i64, array<2 x i64>, array<2 x i64>)> to memref<4x16xf32>
  %c0 = arith.constant 0 : index
  %half = memref.subview %a[0, 8] [4, 8] [1, 1] : memref<4x16xf32> to memref<4x8xf32, strided<[16, 1], offset: 8>>
  %one = memref.subview %half[%row, 0] [1, 8] [1, 1] : memref<4x8xf32, strided<[16, 1], offset: 8>> to memref<8xf32, strided<[1], offset: ?>>
  %v = vector.load %one[%c0] : memref<8xf32, strided<[1], offset: ?>>, vector<8xf32>
  vector.store %v, %a[%c0, %c0] : memref<4x16xf32>, vector<8xf32>
  return
}

// -----

// Loops become blocks. Sums over lanes may take any order; masks compare
// indices of 32 bits, of which one register holds as many as of floats.
// CHECK-LABEL: llvm.func @loop(
// CHECK: llvm.cond_br
// CHECK: llvm.icmp "sgt" {{.*}} : vector<8xi32>
// CHECK: llvm.intr.masked.load
// CHECK: "llvm.intr.vector.reduce.fadd"{{.*}}reassoc
// CHECK: llvm.br
func.func @loop(%packed: !llvm.struct<(ptr, ptr, i64, array<1 x i64>, array<1 x i64>)>, %n: index) -> f32 {
  %a = builtin.unrealized_conversion_cast %packed : !llvm.struct<(ptr, ptr, i64, array<1 x i64>, array<1 x i64>)> to memref<?xf32>
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0.0 : f32
  %none = arith.constant dense<0.0> : vector<8xf32>
  %sum = scf.for %i = %c0 to %n step %c8 iter_args(%s = %zero) -> f32 {
    %left = affine.apply affine_map<(d0)[s0] -> (s0 - d0)>(%i)[%n]
    %mask = vector.create_mask %left : vector<8xi1>
    %v = vector.maskedload %a[%i], %mask, %none : memref<?xf32>, vector<8xi1>, vector<8xf32> into vector<8xf32>
    %next = vector.reduction <add>, %v, %s : vector<8xf32> into f32
    scf.yield %next : f32
  }
  return %sum : f32
}

// -----

// Slices of vectors, which LLVM does not know, are shuffles.
// CHECK-LABEL: llvm.func @slices(
// CHECK-NOT: vector.
// CHECK: llvm.shufflevector
// CHECK: llvm.shufflevector
func.func @slices(%v: vector<4xf32>, %to: vector<8xf32>) -> vector<8xf32> {
  %r = vector.insert_strided_slice %v, %to {offsets = [4], strides = [1]} : vector<4xf32> into vector<8xf32>
  return %r : vector<8xf32>
}

// -----

// What has no form in LLVM is an error here, not in what reads the result.
func.func @unknown(%a: memref<4xf32>, %f: f32) {
  // expected-error @below {{failed to legalize operation 'linalg.fill'}}
  linalg.fill ins(%f : f32) outs(%a : memref<4xf32>)
  return
}
