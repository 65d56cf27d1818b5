// RUN: seqc-opt %s --seqc-kernel-entry --split-input-file --verify-diagnostics | FileCheck %s
// A kernel gets the two functions of the kernel ABI.

// The task bound depends on an extent only, so k_tasks reads nothing else.
// CHECK-LABEL: func.func @dynamic_tasks(
// CHECK-SAME: %{{.*}}: !llvm.ptr) -> i64
// CHECK: memref.dim
// CHECK: return
// CHECK-LABEL: func.func @dynamic(
// CHECK-SAME: %{{.*}}: !llvm.ptr, %[[BEGIN:.*]]: i64, %[[END:.*]]: i64, %{{.*}}: !llvm.ptr)
// CHECK-DAG: %[[B:.*]] = arith.index_cast %[[BEGIN]]
// CHECK-DAG: %[[E:.*]] = arith.index_cast %[[END]]
// CHECK: scf.for %{{.*}} = %[[B]] to %[[E]]
// CHECK-NOT: scf.forall
func.func private @dynamic(%a: memref<?x8xf32>, %scratch: memref<?xi8>)
    attributes {seqc.kernel, seqc.scratch = 64 : i64} {
  %c0 = arith.constant 0 : index
  %n = memref.dim %a, %c0 : memref<?x8xf32>
  scf.forall (%i) in (%n) {
    %v = vector.load %a[%i, %c0] : memref<?x8xf32>, vector<8xf32>
    %m = memref.view %scratch[%c0][] : memref<?xi8> to memref<8xf32>
    vector.store %v, %m[%c0] : memref<8xf32>, vector<8xf32>
  }
  return
}

// -----

// A constant bound needs no argument.
// CHECK-LABEL: func.func @constant_tasks(
// CHECK-NOT: llvm.load
// CHECK: %[[C:.*]] = arith.constant 4 : index
// CHECK: arith.index_cast %[[C]] : index to i64
func.func private @constant(%a: memref<4x8xf32>) attributes {seqc.kernel} {
  scf.forall (%i) in (4) {
    %c0 = arith.constant 0 : index
    %v = vector.load %a[%i, %c0] : memref<4x8xf32>, vector<8xf32>
    vector.store %v, %a[%i, %c0] : memref<4x8xf32>, vector<8xf32>
  }
  return
}

// -----

// Canonicalisation may have dissolved a loop of one task: the body is that task.
// CHECK-LABEL: func.func @one_task_tasks(
// CHECK: %[[ONE:.*]] = arith.constant 1 : index
// CHECK: arith.index_cast %[[ONE]] : index to i64
// CHECK-LABEL: func.func @one_task(
// CHECK: scf.for
// CHECK: vector.store
func.func private @one_task(%a: memref<4x8xf32>) attributes {seqc.kernel} {
  %c0 = arith.constant 0 : index
  %v = vector.load %a[%c0, %c0] : memref<4x8xf32>, vector<8xf32>
  vector.store %v, %a[%c0, %c0] : memref<4x8xf32>, vector<8xf32>
  return
}

// -----

// expected-error @below {{expected one top-level scf.forall, got a second one}}
func.func private @two_loops(%a: memref<4x8xf32>) attributes {seqc.kernel} {
  scf.forall (%i) in (4) {
  }
  scf.forall (%i) in (4) {
  }
  return
}

// -----

func.func private @rank_two(%a: memref<4x8xf32>) attributes {seqc.kernel} {
  // expected-error @below {{expected a task loop of rank 1 from 0 by 1 on buffers}}
  scf.forall (%i, %j) in (4, 2) {
  }
  return
}

// -----

// expected-error @below {{expected dense memref arguments of rank at most 4, got 'memref<4x8xf32, strided<[16, 1]>>'}}
func.func private @strided(%a: memref<4x8xf32, strided<[16, 1]>>) attributes {seqc.kernel} {
  scf.forall (%i) in (4) {
  }
  return
}

// -----

// A function that is no kernel is left alone.
// CHECK-LABEL: func.func @plain(
// CHECK-SAME: memref<4xf32>
func.func @plain(%a: memref<4xf32>) {
  return
}
