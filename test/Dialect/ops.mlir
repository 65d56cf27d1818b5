// RUN: seqc-opt %s | seqc-opt | FileCheck %s
// Every op prints and parses back.

// CHECK-LABEL: @count
// CHECK: seqc.count %{{.*}} {gate = "layers.0"} : tensor<?xi32>
func.func @count(%off: tensor<?xi32>) -> index {
  %n = seqc.count %off {gate = "layers.0"} : tensor<?xi32>
  return %n : index
}
