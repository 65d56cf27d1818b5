// RUN: seqc-opt %s | seqc-opt | FileCheck %s
// RUN: seqc-opt --mlir-print-op-generic %s | seqc-opt | FileCheck %s
// Routing, compaction, gather and scatter print and parse back, on tensors and
// on memrefs.

// CHECK-LABEL: @route
// CHECK: seqc.route ins(%{{[^ ,]+}}, %{{[^ ,]+}}, %{{[^ ,]+}} : tensor<?x2xf32>, tensor<1xf32>, tensor<1xf32>)
// CHECK-SAME: outs(%{{[^ ,]+}}, %{{[^ ,]+}} : tensor<?xi32>, tensor<?xf32>) -> tensor<?xi32>, tensor<?xf32>
func.func @route(%u: tensor<?x2xf32>, %bias: tensor<1xf32>, %it: tensor<1xf32>,
                 %ai: tensor<?xi32>, %ci: tensor<?xf32>) -> (tensor<?xi32>, tensor<?xf32>) {
  %a, %c = seqc.route ins(%u, %bias, %it : tensor<?x2xf32>, tensor<1xf32>, tensor<1xf32>)
      outs(%ai, %ci : tensor<?xi32>, tensor<?xf32>) -> tensor<?xi32>, tensor<?xf32>
  return %a, %c : tensor<?xi32>, tensor<?xf32>
}

// CHECK-LABEL: @compress
// CHECK: seqc.compress ins(%{{[^ ,]+}}, %{{[^ ,]+}} : tensor<?xi32>, tensor<?xi32>)
// CHECK-SAME: outs(%{{[^ ,]+}}, %{{[^ ,]+}} : tensor<?xi32>, tensor<?xi32>) -> tensor<?xi32>, tensor<?xi32>
// CHECK: seqc.count %{{[^ ,]+}} {gate = "layers.0"} : tensor<?xi32>
func.func @compress(%a: tensor<?xi32>, %off: tensor<?xi32>, %ii: tensor<?xi32>,
                    %oi: tensor<?xi32>) -> (tensor<?xi32>, index) {
  %idx, %off2 = seqc.compress ins(%a, %off : tensor<?xi32>, tensor<?xi32>)
      outs(%ii, %oi : tensor<?xi32>, tensor<?xi32>) -> tensor<?xi32>, tensor<?xi32>
  %n = seqc.count %off2 {gate = "layers.0"} : tensor<?xi32>
  return %idx, %n : tensor<?xi32>, index
}

// CHECK-LABEL: @rows
// CHECK: seqc.gather_rows ins(%{{[^ ,]+}}, %{{[^ ,]+}} : tensor<?x128xf32>, tensor<?xi32>)
// CHECK-SAME: outs(%{{[^ ,]+}} : tensor<?x128xf32>) -> tensor<?x128xf32>
// CHECK: seqc.scatter_rows add ins(%{{[^ ,]+}}, %{{[^ ,]+}} : tensor<?x128xf32>, tensor<?xi32>)
// CHECK-SAME: scale(%{{[^ ,]+}} : tensor<?xf32>) outs(%{{[^ ,]+}} : tensor<?x128xf32>)
// CHECK: seqc.scatter_rows set ins(%{{[^ ,]+}}, %{{[^ ,]+}} : tensor<?x128xf32>, tensor<?xi32>) outs
func.func @rows(%x: tensor<?x128xf32>, %idx: tensor<?xi32>, %init: tensor<?x128xf32>,
                %c: tensor<?xf32>) -> tensor<?x128xf32> {
  %g = seqc.gather_rows ins(%x, %idx : tensor<?x128xf32>, tensor<?xi32>)
      outs(%init : tensor<?x128xf32>) -> tensor<?x128xf32>
  %y = seqc.scatter_rows add ins(%g, %idx : tensor<?x128xf32>, tensor<?xi32>)
      scale(%c : tensor<?xf32>) outs(%x : tensor<?x128xf32>) -> tensor<?x128xf32>
  %z = seqc.scatter_rows set ins(%g, %idx : tensor<?x128xf32>, tensor<?xi32>)
      outs(%y : tensor<?x128xf32>) -> tensor<?x128xf32>
  return %z : tensor<?x128xf32>
}

// Rank 1 of any element type: positions of activated rows.
// CHECK-LABEL: @positions
// CHECK: seqc.gather_rows ins(%{{[^ ,]+}}, %{{[^ ,]+}} : tensor<?xi32>, tensor<?xi32>)
func.func @positions(%pos: tensor<?xi32>, %idx: tensor<?xi32>, %init: tensor<?xi32>)
    -> tensor<?xi32> {
  %g = seqc.gather_rows ins(%pos, %idx : tensor<?xi32>, tensor<?xi32>)
      outs(%init : tensor<?xi32>) -> tensor<?xi32>
  return %g : tensor<?xi32>
}

// CHECK-LABEL: @buffers
// CHECK: seqc.route
// CHECK-SAME: outs(%{{[^ ,]+}}, %{{[^ ,]+}} : memref<?xi32>, memref<?xf32>){{$}}
// CHECK: seqc.compress
// CHECK-SAME: outs(%{{[^ ,]+}}, %{{[^ ,]+}} : memref<?xi32>, memref<?xi32>){{$}}
// CHECK: seqc.gather_rows
// CHECK-SAME: outs(%{{[^ ,]+}} : memref<?x8xf32>){{$}}
// CHECK: seqc.scatter_rows
// CHECK-SAME: outs(%{{[^ ,]+}} : memref<?x8xf32>){{$}}
func.func @buffers(%u: memref<?x2xf32>, %bias: memref<1xf32>, %it: memref<1xf32>,
                   %a: memref<?xi32>, %c: memref<?xf32>, %off: memref<?xi32>,
                   %idx: memref<?xi32>, %off2: memref<?xi32>, %x: memref<?x8xf32>,
                   %y: memref<?x8xf32>) {
  seqc.route ins(%u, %bias, %it : memref<?x2xf32>, memref<1xf32>, memref<1xf32>)
      outs(%a, %c : memref<?xi32>, memref<?xf32>)
  seqc.compress ins(%a, %off : memref<?xi32>, memref<?xi32>)
      outs(%idx, %off2 : memref<?xi32>, memref<?xi32>)
  seqc.gather_rows ins(%x, %idx : memref<?x8xf32>, memref<?xi32>) outs(%y : memref<?x8xf32>)
  seqc.scatter_rows set ins(%y, %idx : memref<?x8xf32>, memref<?xi32>) outs(%x : memref<?x8xf32>)
  return
}
