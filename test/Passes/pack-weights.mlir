// RUN: seqc-opt %s --split-input-file --seqc-pack-weights | FileCheck %s
// RUN: seqc-opt %s --split-input-file --seqc-pack-weights=panel=16 | FileCheck %s --check-prefix=P16
// RUN: seqc-opt %s --split-input-file --seqc-pack-weights --remarks-filter=seqc-pack-weights -o /dev/null 2>&1 \
// RUN:   | FileCheck %s --check-prefix=REMARK

#rows = affine_map<(m, n, k) -> (m, k)>
#weight = affine_map<(m, n, k) -> (n, k)>
#out = affine_map<(m, n, k) -> (m, n)>

// 544 = 17 * 32: no padding, no slice. One pack for both products.
// CHECK-LABEL: func.func @exact
// CHECK: %[[PACK:.*]] = linalg.pack %{{.*}} inner_dims_pos = [0] inner_tiles = [32] into %{{.*}} : tensor<544x128xf32> -> tensor<17x128x32xf32>
// CHECK-NOT: linalg.pack
// CHECK: %[[R:.*]] = linalg.generic {{.*}} ins(%{{.*}}, %[[PACK]] : tensor<?x128xf32>, tensor<17x128x32xf32>) outs(%{{.*}} : tensor<?x17x32xf32>) attrs = {seqc.layer = "layers.0"}
// CHECK: tensor.collapse_shape %[[R]] {{\[}}[0], [1, 2]]
// CHECK-NOT: tensor.extract_slice
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[PACK]]
// CHECK-NOT: linalg.matmul
// REMARK: [Passed] packed | Category:seqc-pack-weights | columns=544, panel=32
func.func @exact(%x: tensor<?x128xf32> {seqc.input = "x"}, %w: tensor<544x128xf32> {seqc.weight = "w"})
    -> (tensor<?x544xf32>, tensor<?x544xf32>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x128xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty(%n) : tensor<?x544xf32>
  %i = linalg.fill ins(%zero : f32) outs(%e : tensor<?x544xf32>) -> tensor<?x544xf32>
  %y = linalg.matmul indexing_maps = [#rows, #weight, #out] {seqc.layer = "layers.0"}
      ins(%x, %w : tensor<?x128xf32>, tensor<544x128xf32>) outs(%i : tensor<?x544xf32>) -> tensor<?x544xf32>
  %z = linalg.matmul indexing_maps = [#rows, #weight, #out]
      ins(%x, %w : tensor<?x128xf32>, tensor<544x128xf32>) outs(%i : tensor<?x544xf32>) -> tensor<?x544xf32>
  return %y, %z : tensor<?x544xf32>, tensor<?x544xf32>
}

// -----

#rows = affine_map<(m, n, k) -> (m, k)>
#weight = affine_map<(m, n, k) -> (n, k)>
#out = affine_map<(m, n, k) -> (m, n)>

// 130 columns take three panels of 48 padded with zeros, or nine of 16.
// CHECK-LABEL: func.func @padded
// CHECK: linalg.pack %{{.*}} padding_value(%{{.*}} : f32) inner_dims_pos = [0] inner_tiles = [48] {{.*}} -> tensor<3x64x48xf32>
// CHECK: tensor.collapse_shape {{.*}} into tensor<?x144xf32>
// CHECK: tensor.extract_slice {{.*}} : tensor<?x144xf32> to tensor<?x130xf32>
// P16-LABEL: func.func @padded
// P16: tensor<130x64xf32> -> tensor<9x64x16xf32>
func.func @padded(%x: tensor<?x64xf32> {seqc.input = "x"}, %w: tensor<130x64xf32> {seqc.weight = "w"}) -> tensor<?x130xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x64xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty(%n) : tensor<?x130xf32>
  %i = linalg.fill ins(%zero : f32) outs(%e : tensor<?x130xf32>) -> tensor<?x130xf32>
  %y = linalg.matmul indexing_maps = [#rows, #weight, #out]
      ins(%x, %w : tensor<?x64xf32>, tensor<130x64xf32>) outs(%i : tensor<?x130xf32>) -> tensor<?x130xf32>
  return %y : tensor<?x130xf32>
}

// -----

// Eight lanes and 16 registers: two vectors wide.
module attributes {seqc.target = #seqc.target<"avx2", bits = 256, registers = 16, fma = true, l1 = 32768, l2 = 262144>} {
  // CHECK-LABEL: func.func @narrow
  // CHECK: linalg.pack {{.*}} -> tensor<8x64x16xf32>
  func.func @narrow(%x: tensor<?x64xf32> {seqc.input = "x"}, %w: tensor<128x64xf32> {seqc.weight = "w"}) -> tensor<?x128xf32> {
    %c0 = arith.constant 0 : index
    %n = tensor.dim %x, %c0 : tensor<?x64xf32>
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty(%n) : tensor<?x128xf32>
    %i = linalg.fill ins(%zero : f32) outs(%e : tensor<?x128xf32>) -> tensor<?x128xf32>
    %y = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
        ins(%x, %w : tensor<?x64xf32>, tensor<128x64xf32>) outs(%i : tensor<?x128xf32>) -> tensor<?x128xf32>
    return %y : tensor<?x128xf32>
  }
}

// -----

#rows = affine_map<(m, n, k) -> (m, k)>
#weight = affine_map<(m, n, k) -> (n, k)>
#out = affine_map<(m, n, k) -> (m, n)>

// A product of two activations, and a weight stored the other way, stay.
// CHECK-LABEL: func.func @refused
// CHECK-NOT: linalg.pack
// CHECK: linalg.matmul
// CHECK: linalg.matmul
// REMARK: [Missed] not packed | Category:seqc-pack-weights | Reason="the second operand is not a weight"
// REMARK: [Missed] not packed | Category:seqc-pack-weights | Reason="the weight is not stored as [outputs, inputs]"
func.func @refused(%x: tensor<?x64xf32> {seqc.input = "x"}, %z: tensor<?x64xf32> {seqc.input = "z"},
                   %w: tensor<64x128xf32> {seqc.weight = "w"}) -> (tensor<?x?xf32>, tensor<?x128xf32>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x64xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty(%n, %n) : tensor<?x?xf32>
  %i = linalg.fill ins(%zero : f32) outs(%e : tensor<?x?xf32>) -> tensor<?x?xf32>
  %y = linalg.matmul indexing_maps = [#rows, #weight, #out]
      ins(%x, %z : tensor<?x64xf32>, tensor<?x64xf32>) outs(%i : tensor<?x?xf32>) -> tensor<?x?xf32>
  %e2 = tensor.empty(%n) : tensor<?x128xf32>
  %i2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<?x128xf32>) -> tensor<?x128xf32>
  %v = linalg.matmul ins(%x, %w : tensor<?x64xf32>, tensor<64x128xf32>) outs(%i2 : tensor<?x128xf32>) -> tensor<?x128xf32>
  return %y, %v : tensor<?x?xf32>, tensor<?x128xf32>
}
