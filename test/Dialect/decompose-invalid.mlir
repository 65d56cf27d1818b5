// RUN: seqc-opt %s --pass-pipeline='builtin.module(func.func(seqc-decompose))' --split-input-file --verify-diagnostics
// What cannot be decomposed says so.

func.func @norm_on_buffers(%x: memref<?x8xf32>, %o: memref<?x8xf32>) attributes {seqc.kernel} {
  // expected-error @below {{expected tensors in order to decompose, got }}
  // expected-error @below {{expected a decomposition into linalg, got none}}
  seqc.norm layer {eps = 1.0e-05 : f32} ins(%x : memref<?x8xf32>) outs(%o : memref<?x8xf32>)
  return
}

// -----

func.func @norm_of_unknown_width(%x: tensor<?x?xf32>, %o: tensor<?x?xf32>) -> tensor<?x?xf32>
    attributes {seqc.kernel} {
  // expected-error @below {{expected a static last extent in order to decompose, got }}
  // expected-error @below {{expected a decomposition into linalg, got none}}
  %y = seqc.norm rms {eps = 1.0e-05 : f32} ins(%x : tensor<?x?xf32>)
      outs(%o : tensor<?x?xf32>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// -----

func.func @route_on_buffers(%u: memref<?x2xf32>, %s: memref<1xf32>, %a: memref<?xi32>,
                            %c: memref<?xf32>) attributes {seqc.kernel} {
  // expected-error @below {{expected tensors in order to decompose, got }}
  // expected-error @below {{expected a decomposition into linalg, got none}}
  seqc.route ins(%u, %s, %s : memref<?x2xf32>, memref<1xf32>, memref<1xf32>)
      outs(%a, %c : memref<?xi32>, memref<?xf32>)
  return
}
