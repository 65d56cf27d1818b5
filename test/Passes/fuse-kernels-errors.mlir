// RUN: seqc-opt %s --split-input-file --seqc-fuse-kernels --verify-diagnostics

func.func @no_form(%x: tensor<?x8xf32> {seqc.input = "x"}) -> tensor<?x8xf32> {
  %zero = arith.constant 0.0 : f32
  // expected-error@+1 {{belongs to no kernel form}}
  %y = tensor.pad %x low[1, 0] high[0, 0] {
  ^bb0(%i: index, %j: index):
    tensor.yield %zero : f32
  } : tensor<?x8xf32> to tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

func.func @no_rows(%x: tensor<?x8xf32>, %s: f32 {seqc.option = "s"}) -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%n) : tensor<?x8xf32>
  // expected-error@+1 {{uses a value of type 'f32' from outside its kernel}}
  %y = linalg.fill ins(%s : f32) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
