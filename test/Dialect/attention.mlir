// RUN: seqc-opt %s | seqc-opt | FileCheck %s
// RUN: seqc-opt --mlir-print-op-generic %s | seqc-opt | FileCheck %s
// Attend prints and parses back, on tensors and on memrefs.

// CHECK-LABEL: @plain
// CHECK: seqc.attend softmax {left = 64 : i64, right = 0 : i64, scale = 1.250000e-01 : f32}
// CHECK-SAME: ins(%{{[^ ,]+}}, %{{[^ ,]+}}, %{{[^ ,]+}}, %{{[^ ,]+}} : tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x64xf32>, tensor<?xi32>)
// CHECK-SAME: outs(%{{[^ ,]+}} : tensor<?x64xf32>) -> tensor<?x64xf32>
func.func @plain(%q: tensor<?x32xf32>, %k: tensor<?x32xf32>, %v: tensor<?x64xf32>,
                 %off: tensor<?xi32>, %init: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %o = seqc.attend softmax {left = 64 : i64, right = 0 : i64, scale = 0.125 : f32}
      ins(%q, %k, %v, %off : tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x64xf32>, tensor<?xi32>)
      outs(%init : tensor<?x64xf32>) -> tensor<?x64xf32>
  return %o : tensor<?x64xf32>
}

// CHECK-LABEL: @heads
// CHECK: seqc.attend relu2
func.func @heads(%q: tensor<8x?x16xf32>, %k: tensor<2x?x16xf32>, %v: tensor<2x?x4xf32>,
                 %off: tensor<?xi32>, %init: tensor<8x?x4xf32>) -> tensor<8x?x4xf32> {
  %o = seqc.attend relu2 {left = -1 : i64, right = -1 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<8x?x16xf32>, tensor<2x?x16xf32>, tensor<2x?x4xf32>, tensor<?xi32>)
      outs(%init : tensor<8x?x4xf32>) -> tensor<8x?x4xf32>
  return %o : tensor<8x?x4xf32>
}

// A part of the keys, softmax left open.
// CHECK-LABEL: @part
// CHECK: seqc.attend softmax
// CHECK-SAME: keys(%{{[^ ,]+}} to %{{[^ ,]+}}) outs(%{{[^ ,]+}} : tensor<?x64xf32>)
// CHECK-SAME: open(%{{[^ ,]+}}, %{{[^ ,]+}} : tensor<?xf32>, tensor<?xf32>) -> tensor<?x64xf32>, tensor<?xf32>, tensor<?xf32>
func.func @part(%q: tensor<?x32xf32>, %k: tensor<?x32xf32>, %v: tensor<?x64xf32>,
    %off: tensor<?xi32>, %a: index, %b: index, %init: tensor<?x64xf32>, %m: tensor<?xf32>,
    %t: tensor<?xf32>) -> (tensor<?x64xf32>, tensor<?xf32>, tensor<?xf32>) {
  %o:3 = seqc.attend softmax {left = 64 : i64, right = 0 : i64, scale = 0.125 : f32}
      ins(%q, %k, %v, %off : tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x64xf32>, tensor<?xi32>)
      keys(%a to %b) outs(%init : tensor<?x64xf32>)
      open(%m, %t : tensor<?xf32>, tensor<?xf32>)
      -> tensor<?x64xf32>, tensor<?xf32>, tensor<?xf32>
  return %o#0, %o#1, %o#2 : tensor<?x64xf32>, tensor<?xf32>, tensor<?xf32>
}

// Rotary, a rank bias and past keys, all at once.
// CHECK-LABEL: @everything
// CHECK: seqc.attend laplace
// CHECK-SAME: bias = #seqc.bias_kind<rank>
// CHECK-SAME: table_origin = 7 : i64
// CHECK-SAME: positions(%{{[^ ,]+}} : tensor<?xi32>)
// CHECK-SAME: rotary(%{{[^ ,]+}}, %{{[^ ,]+}} : tensor<512x8xf32>, tensor<512x8xf32>)
// CHECK-SAME: table(%{{[^ ,]+}} : tensor<8xf32>)
// CHECK-SAME: past(%{{[^ ,]+}}, %{{[^ ,]+}}, %{{[^ ,]+}} : tensor<?x7x16xf32>, tensor<?x7x4xf32>, tensor<?xi32>)
// CHECK-SAME: past_positions(%{{[^ ,]+}} : tensor<?x7xi32>)
func.func @everything(%q: tensor<?x16xf32>, %k: tensor<?x16xf32>, %v: tensor<?x4xf32>,
    %off: tensor<?xi32>, %pos: tensor<?xi32>, %cos: tensor<512x8xf32>, %sin: tensor<512x8xf32>,
    %t: tensor<8xf32>, %pk: tensor<?x7x16xf32>, %pv: tensor<?x7x4xf32>, %pc: tensor<?xi32>,
    %pp: tensor<?x7xi32>, %init: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %o = seqc.attend laplace {left = 7 : i64, right = 0 : i64, scale = 0.25 : f32,
                            bias = #seqc.bias_kind<rank>, table_origin = 7 : i64}
      ins(%q, %k, %v, %off : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x4xf32>, tensor<?xi32>)
      positions(%pos : tensor<?xi32>)
      rotary(%cos, %sin : tensor<512x8xf32>, tensor<512x8xf32>)
      table(%t : tensor<8xf32>)
      past(%pk, %pv, %pc : tensor<?x7x16xf32>, tensor<?x7x4xf32>, tensor<?xi32>)
      past_positions(%pp : tensor<?x7xi32>)
      outs(%init : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %o : tensor<?x4xf32>
}

// CHECK-LABEL: @buffers
// CHECK: seqc.attend relu {bias = #seqc.bias_kind<position>
// CHECK-SAME: outs(%{{[^ ,]+}} : memref<?x4xf32>){{$}}
func.func @buffers(%q: memref<?x16xf32>, %k: memref<?x16xf32>, %v: memref<?x4xf32>,
                   %off: memref<?xi32>, %pos: memref<?xi32>, %t: memref<15xf32>,
                   %o: memref<?x4xf32>) {
  seqc.attend relu {left = 3 : i64, right = 3 : i64, scale = 1.0 : f32,
                    bias = #seqc.bias_kind<position>}
      ins(%q, %k, %v, %off : memref<?x16xf32>, memref<?x16xf32>, memref<?x4xf32>, memref<?xi32>)
      positions(%pos : memref<?xi32>) table(%t : memref<15xf32>)
      outs(%o : memref<?x4xf32>)
  return
}

// A window over positions, of own keys and of past ones.
// CHECK-LABEL: @by_position
// CHECK: seqc.attend relu2 {by_position, left = 4 : i64
// CHECK-SAME: positions(%{{[^ ,]+}} : tensor<?xi32>)
// CHECK-SAME: past_positions(%{{[^ ,]+}} : tensor<?x7xi32>)
func.func @by_position(%q: tensor<?x16xf32>, %v: tensor<?x4xf32>, %off: tensor<?xi32>,
    %pos: tensor<?xi32>, %pk: tensor<?x7x16xf32>, %pv: tensor<?x7x4xf32>, %pc: tensor<?xi32>,
    %pp: tensor<?x7xi32>, %init: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %o = seqc.attend relu2 {left = 4 : i64, right = 0 : i64, scale = 1.0 : f32, by_position}
      ins(%q, %q, %v, %off : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x4xf32>, tensor<?xi32>)
      positions(%pos : tensor<?xi32>)
      past(%pk, %pv, %pc : tensor<?x7x16xf32>, tensor<?x7x4xf32>, tensor<?xi32>)
      past_positions(%pp : tensor<?x7xi32>)
      outs(%init : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %o : tensor<?x4xf32>
}
