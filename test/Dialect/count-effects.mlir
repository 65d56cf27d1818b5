// RUN: seqc-opt %s --canonicalize --cse | FileCheck %s

// A count that reports stays though nothing reads it; one that does not goes.

// CHECK-LABEL: @unread
// CHECK-SAME: %[[OFF:[a-z0-9]+]]: tensor<?xi32>
// CHECK-NEXT: seqc.count %[[OFF]] {gate = "layers.0"}
// CHECK-NEXT: return
func.func @unread(%off: tensor<?xi32>) {
  %n = seqc.count %off {gate = "layers.0"} : tensor<?xi32>
  %m = seqc.count %off : tensor<?xi32>
  return
}

// CHECK-LABEL: @twice
// CHECK: %[[N:.*]] = seqc.count
// CHECK-NEXT: return %[[N]], %[[N]]
func.func @twice(%off: tensor<?xi32>) -> (index, index) {
  %n = seqc.count %off : tensor<?xi32>
  %m = seqc.count %off : tensor<?xi32>
  return %n, %m : index, index
}
