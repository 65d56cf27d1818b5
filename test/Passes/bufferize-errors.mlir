// RUN: seqc-opt %s --seqc-bufferize --split-input-file --verify-diagnostics
// What is not ready for buffers.

// expected-error @below {{expected result 0 to be written to its outs argument; run seqc-bind-destinations before tiling}}
func.func private @not_bound(%x: tensor<8xf32>, %o: tensor<8xf32>) -> tensor<8xf32>
    attributes {seqc.kernel} {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  return %f : tensor<8xf32>
}
