// RUN: seqc-opt %s --seqc-place-scratch --split-input-file --verify-diagnostics | FileCheck %s
// Temporaries become views of the scratch argument.

// The first and the last temporary never live at the same time; offsets are aligned.
// CHECK-LABEL: @sharing(
// CHECK-SAME: %[[S:[a-z0-9]+]]: memref<?xi8>) attributes {seqc.kernel, seqc.scratch = 192 : i64}
// CHECK: %[[AT_A:.*]] = arith.constant 0 : index
// CHECK: %[[A:.*]] = memref.view %[[S]][%[[AT_A]]][] : memref<?xi8> to memref<17xf32>
// CHECK: %[[AT_B:.*]] = arith.constant 128 : index
// CHECK: memref.view %[[S]][%[[AT_B]]][] : memref<?xi8> to memref<8xf32>
// CHECK: %[[AT_C:.*]] = arith.constant 0 : index
// CHECK: memref.view %[[S]][%[[AT_C]]][] : memref<?xi8> to memref<8xi32>
func.func private @sharing(%o: memref<8xf32>, %p: memref<8xi32>) attributes {seqc.kernel} {
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1 : i32
  scf.forall (%i) in (4) {
    %a = memref.alloc() : memref<17xf32>
    linalg.fill ins(%zero : f32) outs(%a : memref<17xf32>)
    %b = memref.alloc() : memref<8xf32>
    %v = memref.subview %a[0] [8] [1] : memref<17xf32> to memref<8xf32, strided<[1]>>
    linalg.copy ins(%v : memref<8xf32, strided<[1]>>) outs(%b : memref<8xf32>)
    %c = memref.alloc() : memref<8xi32>
    linalg.fill ins(%one : i32) outs(%c : memref<8xi32>)
    linalg.copy ins(%b : memref<8xf32>) outs(%o : memref<8xf32>)
    linalg.copy ins(%c : memref<8xi32>) outs(%p : memref<8xi32>)
  }
  return
}

// A buffer that a loop carries keeps its place for the whole task.
// CHECK-LABEL: @carried(
// CHECK-SAME: seqc.scratch = 128 : i64
func.func private @carried(%o: memref<8xf32>) attributes {seqc.kernel} {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  scf.forall (%i) in (4) {
    %a = memref.alloc() : memref<8xf32>
    linalg.fill ins(%zero : f32) outs(%a : memref<8xf32>)
    %r = scf.for %k = %c0 to %c4 step %c1 iter_args(%m = %a) -> memref<8xf32> {
      scf.yield %m : memref<8xf32>
    }
    %b = memref.alloc() : memref<8xf32>
    linalg.fill ins(%zero : f32) outs(%b : memref<8xf32>)
    linalg.copy ins(%r : memref<8xf32>) outs(%o : memref<8xf32>)
    linalg.copy ins(%b : memref<8xf32>) outs(%o : memref<8xf32>)
  }
  return
}

// An extent that a minimum bounds is as good as a known one.
// CHECK-LABEL: @bounded(
// CHECK-SAME: seqc.scratch = 256 : i64
// CHECK: memref.view %{{.*}}[%{{.*}}][%{{.*}}] : memref<?xi8> to memref<?xf32>
func.func private @bounded(%o: memref<?xf32>) attributes {seqc.kernel} {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = memref.dim %o, %c0 : memref<?xf32>
  scf.forall (%i) in (4) {
    %r = affine.min affine_map<()[s0, s1] -> (64, s0 - s1 * 64)>()[%n, %i]
    %a = memref.alloc(%r) : memref<?xf32>
    linalg.fill ins(%zero : f32) outs(%a : memref<?xf32>)
  }
  return
}

// Kernels without temporaries take a scratch argument all the same.
// CHECK-LABEL: @none(
// CHECK-SAME: memref<?xi8>) attributes {seqc.kernel, seqc.scratch = 0 : i64}
func.func private @none(%o: memref<?xf32>) attributes {seqc.kernel} {
  return
}

// -----

func.func private @unbounded(%o: memref<?xf32>) attributes {seqc.kernel} {
  %c0 = arith.constant 0 : index
  %n = memref.dim %o, %c0 : memref<?xf32>
  // expected-error @below {{expected a temporary of bounded extents, got 'memref<?xf32>'; tile the axis or make the value a result of the kernel}}
  %a = memref.alloc(%n) : memref<?xf32>
  return
}

// -----

func.func private @indices(%o: memref<?xf32>) attributes {seqc.kernel} {
  // expected-error @below {{expected a temporary of numbers in identity layout, got 'memref<4xindex>'}}
  %a = memref.alloc() : memref<4xindex>
  return
}

// -----

// expected-error @below {{expected a kernel without scratch, got one with seqc.scratch}}
func.func private @again(%o: memref<?xf32>, %s: memref<?xi8>)
    attributes {seqc.kernel, seqc.scratch = 0 : i64} {
  return
}
