// RUN: seqc-opt %s | seqc-opt | FileCheck %s
// RUN: seqc-opt --mlir-print-op-generic %s | seqc-opt | FileCheck %s
// Norms, rings and kernels print and parse back, on tensors and on memrefs.

// CHECK-LABEL: @norms
// CHECK: seqc.norm layer {eps = 9.99999974E-6 : f32} ins(%{{[^ ,]+}} : tensor<?x8xf32>)
// CHECK-SAME: gain(%{{[^ ,]+}} : tensor<8xf32>) bias(%{{[^ ,]+}} : tensor<8xf32>)
// CHECK-SAME: outs(%{{[^ ,]+}} : tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: seqc.norm rms {{.*}}unit_offset
// CHECK: seqc.norm scale
// CHECK-SAME: gain(%{{[^ ,]+}} : tensor<1xf32>)
func.func @norms(%x: tensor<?x8xf32>, %g: tensor<8xf32>, %b: tensor<8xf32>, %s: tensor<1xf32>,
                 %init: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %0 = seqc.norm layer {eps = 1.0e-05 : f32} ins(%x : tensor<?x8xf32>) gain(%g : tensor<8xf32>)
      bias(%b : tensor<8xf32>) outs(%init : tensor<?x8xf32>) -> tensor<?x8xf32>
  %1 = seqc.norm rms {eps = 1.0e-05 : f32, unit_offset} ins(%0 : tensor<?x8xf32>)
      gain(%g : tensor<8xf32>) outs(%init : tensor<?x8xf32>) -> tensor<?x8xf32>
  %2 = seqc.norm scale {eps = 1.0e-05 : f32} ins(%1 : tensor<?x8xf32>)
      gain(%s : tensor<1xf32>) outs(%init : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %2 : tensor<?x8xf32>
}

// CHECK-LABEL: @rings
// CHECK: seqc.ring_push ins(%{{[^ ,]+}}, %{{[^ ,]+}}, %{{[^ ,]+}} : tensor<?x32xf32>, tensor<?xi32>, tensor<?xi32>)
// CHECK-SAME: outs(%{{[^ ,]+}} : tensor<?x64x32xf32>) -> tensor<?x64x32xf32>
// CHECK: seqc.ring_push ins(%{{[^ ,]+}}, %{{[^ ,]+}}, %{{[^ ,]+}} : tensor<?xi32>, tensor<?xi32>, tensor<?xi32>)
func.func @rings(%k: tensor<?x32xf32>, %pos: tensor<?xi32>, %off: tensor<?xi32>,
                 %n: tensor<?xi32>, %ring: tensor<?x64x32xf32>, %at: tensor<?x64xi32>)
    -> (tensor<?x64x32xf32>, tensor<?x64xi32>) {
  %0 = seqc.ring_push ins(%k, %off, %n : tensor<?x32xf32>, tensor<?xi32>, tensor<?xi32>)
      outs(%ring : tensor<?x64x32xf32>) -> tensor<?x64x32xf32>
  %1 = seqc.ring_push ins(%pos, %off, %n : tensor<?xi32>, tensor<?xi32>, tensor<?xi32>)
      outs(%at : tensor<?x64xi32>) -> tensor<?x64xi32>
  return %0, %1 : tensor<?x64x32xf32>, tensor<?x64xi32>
}

// CHECK-LABEL: @kernel
// CHECK: seqc.kernel {layer = "layers.1"} ins(%{{[^ ,]+}} : tensor<?x8xf32>) outs(%{{[^ ,]+}} : tensor<?x8xf32>) {
// CHECK: linalg.exp
// CHECK: seqc.yield %{{[^ ,]+}} : tensor<?x8xf32>
// CHECK: } -> tensor<?x8xf32>
func.func @kernel(%x: tensor<?x8xf32>, %init: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %y = seqc.kernel {layer = "layers.1"} ins(%x : tensor<?x8xf32>) outs(%init : tensor<?x8xf32>) {
  ^bb0(%a: tensor<?x8xf32>, %o: tensor<?x8xf32>):
    %r = linalg.exp ins(%a : tensor<?x8xf32>) outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
    seqc.yield %r : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// CHECK-LABEL: @buffers
// CHECK: seqc.norm rms
// CHECK-SAME: outs(%{{[^ ,]+}} : memref<?x8xf32>){{$}}
// CHECK: seqc.ring_push
// CHECK-SAME: outs(%{{[^ ,]+}} : memref<?x4x8xf32>){{$}}
func.func @buffers(%x: memref<?x8xf32>, %y: memref<?x8xf32>, %off: memref<?xi32>,
                   %n: memref<?xi32>, %ring: memref<?x4x8xf32>) {
  seqc.norm rms {eps = 1.0e-05 : f32} ins(%x : memref<?x8xf32>) outs(%y : memref<?x8xf32>)
  seqc.ring_push ins(%y, %off, %n : memref<?x8xf32>, memref<?xi32>, memref<?xi32>)
      outs(%ring : memref<?x4x8xf32>)
  return
}
