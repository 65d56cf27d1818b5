// RUN: seqc-opt %s --split-input-file --verify-diagnostics
// What route, compress, count, gather_rows and scatter_rows refuse, by rule.

func.func @route_c1_logits_rank(%u: tensor<?xf32>, %b: tensor<1xf32>, %t: tensor<1xf32>, %a: tensor<?xi32>, %c: tensor<?xf32>) {
  // expected-error @below {{expected logits of rank 2, got 'tensor<?xf32>'}}
  %r:2 = seqc.route ins(%u, %b, %t : tensor<?xf32>, tensor<1xf32>, tensor<1xf32>)
      outs(%a, %c : tensor<?xi32>, tensor<?xf32>) -> tensor<?xi32>, tensor<?xf32>
  return
}

// -----

func.func @route_c1_two_logits(%u: tensor<?x3xf32>, %b: tensor<1xf32>, %t: tensor<1xf32>, %a: tensor<?xi32>, %c: tensor<?xf32>) {
  // expected-error @below {{expected extent 2 of logits, got 3}}
  %r:2 = seqc.route ins(%u, %b, %t : tensor<?x3xf32>, tensor<1xf32>, tensor<1xf32>)
      outs(%a, %c : tensor<?xi32>, tensor<?xf32>) -> tensor<?xi32>, tensor<?xf32>
  return
}

// -----

func.func @route_c1_skip_bias_rank(%u: tensor<?x2xf32>, %b: tensor<1x1xf32>, %t: tensor<1xf32>, %a: tensor<?xi32>, %c: tensor<?xf32>) {
  // expected-error @below {{expected skip_bias of rank 1, got 'tensor<1x1xf32>'}}
  %r:2 = seqc.route ins(%u, %b, %t : tensor<?x2xf32>, tensor<1x1xf32>, tensor<1xf32>)
      outs(%a, %c : tensor<?xi32>, tensor<?xf32>) -> tensor<?xi32>, tensor<?xf32>
  return
}

// -----

func.func @route_c1_inverse_temperature_extent(%u: tensor<?x2xf32>, %b: tensor<1xf32>, %t: tensor<2xf32>, %a: tensor<?xi32>, %c: tensor<?xf32>) {
  // expected-error @below {{expected extent 1 of inverse_temperature, got 2}}
  %r:2 = seqc.route ins(%u, %b, %t : tensor<?x2xf32>, tensor<1xf32>, tensor<2xf32>)
      outs(%a, %c : tensor<?xi32>, tensor<?xf32>) -> tensor<?xi32>, tensor<?xf32>
  return
}

// -----

func.func @route_c2_confidence_rank(%u: tensor<?x2xf32>, %b: tensor<1xf32>, %t: tensor<1xf32>, %a: tensor<?xi32>, %c: tensor<?x1xf32>) {
  // expected-error @below {{expected confidence of rank 1, got 'tensor<?x1xf32>'}}
  %r:2 = seqc.route ins(%u, %b, %t : tensor<?x2xf32>, tensor<1xf32>, tensor<1xf32>)
      outs(%a, %c : tensor<?xi32>, tensor<?x1xf32>) -> tensor<?xi32>, tensor<?x1xf32>
  return
}

// -----

func.func @route_c2_active_rows(%u: tensor<5x2xf32>, %b: tensor<1xf32>, %t: tensor<1xf32>, %a: tensor<4xi32>, %c: tensor<?xf32>) {
  // expected-error @below {{expected active and logits to agree in the extent of a shared axis, got 4 and 5}}
  %r:2 = seqc.route ins(%u, %b, %t : tensor<5x2xf32>, tensor<1xf32>, tensor<1xf32>)
      outs(%a, %c : tensor<4xi32>, tensor<?xf32>) -> tensor<4xi32>, tensor<?xf32>
  return
}

// -----

func.func @route_c2_confidence_rows(%u: tensor<5x2xf32>, %b: tensor<1xf32>, %t: tensor<1xf32>, %a: tensor<?xi32>, %c: tensor<4xf32>) {
  // expected-error @below {{expected confidence and logits to agree in the extent of a shared axis, got 4 and 5}}
  %r:2 = seqc.route ins(%u, %b, %t : tensor<5x2xf32>, tensor<1xf32>, tensor<1xf32>)
      outs(%a, %c : tensor<?xi32>, tensor<4xf32>) -> tensor<?xi32>, tensor<4xf32>
  return
}

// -----

func.func @route_c3_results(%u: tensor<?x2xf32>, %b: tensor<1xf32>, %t: tensor<1xf32>, %a: tensor<?xi32>, %c: tensor<?xf32>) {
  // expected-error @below {{expected the number of tensor results (0) to be equal to the number of output tensors (2)}}
  seqc.route ins(%u, %b, %t : tensor<?x2xf32>, tensor<1xf32>, tensor<1xf32>)
      outs(%a, %c : tensor<?xi32>, tensor<?xf32>)
  return
}

// -----

// No op mixes tensors and memrefs.
func.func @route_one_form(%u: memref<?x2xf32>, %b: tensor<1xf32>, %a: tensor<?xi32>, %c: tensor<?xf32>) {
  // expected-error @below {{expected all operands to be tensors or all to be memrefs, got both}}
  %r:2 = seqc.route ins(%u, %b, %b : memref<?x2xf32>, tensor<1xf32>, tensor<1xf32>)
      outs(%a, %c : tensor<?xi32>, tensor<?xf32>) -> tensor<?xi32>, tensor<?xf32>
  return
}

// -----

func.func @compress_c1_rows(%a: tensor<4xi32>, %off: tensor<?xi32>, %i: tensor<5xi32>, %p: tensor<?xi32>) {
  // expected-error @below {{expected active and index to agree in the extent of a shared axis, got 4 and 5}}
  %r:2 = seqc.compress ins(%a, %off : tensor<4xi32>, tensor<?xi32>) outs(%i, %p : tensor<5xi32>, tensor<?xi32>) -> tensor<5xi32>, tensor<?xi32>
  return
}

// -----

func.func @compress_c1_offsets(%a: tensor<?xi32>, %off: tensor<3xi32>, %i: tensor<?xi32>, %p: tensor<2xi32>) {
  // expected-error @below {{expected offsets and packed to agree in the extent of a shared axis, got 3 and 2}}
  %r:2 = seqc.compress ins(%a, %off : tensor<?xi32>, tensor<3xi32>) outs(%i, %p : tensor<?xi32>, tensor<2xi32>) -> tensor<?xi32>, tensor<2xi32>
  return
}

// -----

// The note says where the other operand comes from.
func.func @compress_c1_note(%a: tensor<4xi32>, %off: tensor<?xi32>, %p: tensor<?xi32>) {
  // expected-note @below {{index is defined here}}
  %i = tensor.empty() : tensor<5xi32>
  // expected-error @below {{expected active and index to agree in the extent of a shared axis, got 4 and 5}}
  %r:2 = seqc.compress ins(%a, %off : tensor<4xi32>, tensor<?xi32>)
      outs(%i, %p : tensor<5xi32>, tensor<?xi32>) -> tensor<5xi32>, tensor<?xi32>
  return
}

// -----

func.func @compress_c2_results(%a: tensor<?xi32>, %off: tensor<?xi32>, %i: tensor<?xi32>, %p: tensor<?xi32>) {
  // expected-error @below {{expected type of operand #2 ('tensor<?xi32>') to match type of corresponding result ('tensor<8xi32>')}}
  %r:2 = seqc.compress ins(%a, %off : tensor<?xi32>, tensor<?xi32>) outs(%i, %p : tensor<?xi32>, tensor<?xi32>) -> tensor<8xi32>, tensor<?xi32>
  return
}

// -----

func.func @count_c1_type(%off: tensor<?xi64>) {
  // expected-error @below {{operand #0 must be 1D tensor of 32-bit signless integer values, but got 'tensor<?xi64>'}}
  %n = seqc.count %off : tensor<?xi64>
  return
}

// -----

func.func @gather_rows_c1_source_rank(%x: tensor<?x2x2xf32>, %i: tensor<?xi32>, %o: tensor<?x8xf32>) {
  // expected-error @below {{expected source of rank 1 or 2, got 'tensor<?x2x2xf32>'}}
  %r = seqc.gather_rows ins(%x, %i : tensor<?x2x2xf32>, tensor<?xi32>) outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @gather_rows_c1_out_rank(%x: tensor<?x8xf32>, %i: tensor<?xi32>, %o: tensor<?xf32>) {
  // expected-error @below {{expected out of rank 2, got 'tensor<?xf32>'}}
  %r = seqc.gather_rows ins(%x, %i : tensor<?x8xf32>, tensor<?xi32>) outs(%o : tensor<?xf32>) -> tensor<?xf32>
  return
}

// -----

func.func @gather_rows_c1_element_type(%x: tensor<?x8xf32>, %i: tensor<?xi32>, %o: tensor<?x8xi32>) {
  // expected-error @below {{expected the element type of source, 'f32', in out, got 'i32'}}
  %r = seqc.gather_rows ins(%x, %i : tensor<?x8xf32>, tensor<?xi32>) outs(%o : tensor<?x8xi32>) -> tensor<?x8xi32>
  return
}

// -----

func.func @gather_rows_c1_trailing_extent(%x: tensor<?x8xf32>, %i: tensor<?xi32>, %o: tensor<?x4xf32>) {
  // expected-error @below {{expected source and out to agree in the extent of a shared axis, got 8 and 4}}
  %r = seqc.gather_rows ins(%x, %i : tensor<?x8xf32>, tensor<?xi32>) outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @gather_rows_c1_index_type(%x: tensor<?x8xf32>, %i: tensor<?xi64>, %o: tensor<?x8xf32>) {
  // expected-error @below {{operand #1 must be rank-1 i32 tensor or memref, but got 'tensor<?xi64>'}}
  %r = seqc.gather_rows ins(%x, %i : tensor<?x8xf32>, tensor<?xi64>) outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @gather_rows_c2_result(%x: tensor<?x8xf32>, %i: tensor<?xi32>, %o: tensor<?x8xf32>) {
  // expected-error @below {{expected type of operand #2 ('tensor<?x8xf32>') to match type of corresponding result ('tensor<4x8xf32>')}}
  %r = seqc.gather_rows ins(%x, %i : tensor<?x8xf32>, tensor<?xi32>) outs(%o : tensor<?x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @scatter_rows_c1_source_rank(%x: tensor<?xf32>, %i: tensor<?xi32>, %o: tensor<?x8xf32>) {
  // expected-error @below {{expected source of rank 2, got 'tensor<?xf32>'}}
  %r = seqc.scatter_rows add ins(%x, %i : tensor<?xf32>, tensor<?xi32>) outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @scatter_rows_c1_out_rank(%x: tensor<?x8xf32>, %i: tensor<?xi32>, %o: tensor<?xf32>) {
  // expected-error @below {{expected out of rank 2, got 'tensor<?xf32>'}}
  %r = seqc.scatter_rows add ins(%x, %i : tensor<?x8xf32>, tensor<?xi32>) outs(%o : tensor<?xf32>) -> tensor<?xf32>
  return
}

// -----

func.func @scatter_rows_c1_columns(%x: tensor<?x8xf32>, %i: tensor<?xi32>, %o: tensor<?x4xf32>) {
  // expected-error @below {{expected source and out to agree in the extent of a shared axis, got 8 and 4}}
  %r = seqc.scatter_rows add ins(%x, %i : tensor<?x8xf32>, tensor<?xi32>) outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @scatter_rows_c1_element_type(%x: tensor<?x8xi32>, %i: tensor<?xi32>, %o: tensor<?x8xf32>) {
  // expected-error @below {{operand #0 must be f32 tensor or memref, but got 'tensor<?x8xi32>'}}
  %r = seqc.scatter_rows add ins(%x, %i : tensor<?x8xi32>, tensor<?xi32>) outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @scatter_rows_c2_index_type(%x: tensor<?x8xf32>, %i: tensor<?x1xi32>, %o: tensor<?x8xf32>) {
  // expected-error @below {{operand #1 must be rank-1 i32 tensor or memref, but got 'tensor<?x1xi32>'}}
  %r = seqc.scatter_rows add ins(%x, %i : tensor<?x8xf32>, tensor<?x1xi32>) outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @scatter_rows_c2_scale_rank(%x: tensor<?x8xf32>, %i: tensor<?xi32>, %o: tensor<?x8xf32>, %s: tensor<?x8xf32>) {
  // expected-error @below {{expected scale of rank 1, got 'tensor<?x8xf32>'}}
  %r = seqc.scatter_rows add ins(%x, %i : tensor<?x8xf32>, tensor<?xi32>) scale(%s : tensor<?x8xf32>) outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @scatter_rows_c2_scale_rows(%x: tensor<?x8xf32>, %i: tensor<?xi32>, %o: tensor<5x8xf32>, %s: tensor<4xf32>) {
  // expected-error @below {{expected scale and out to agree in the extent of a shared axis, got 4 and 5}}
  %r = seqc.scatter_rows add ins(%x, %i : tensor<?x8xf32>, tensor<?xi32>) scale(%s : tensor<4xf32>) outs(%o : tensor<5x8xf32>) -> tensor<5x8xf32>
  return
}

// -----

func.func @scatter_rows_c3_result(%x: tensor<?x8xf32>, %i: tensor<?xi32>, %o: tensor<?x8xf32>) {
  // expected-error @below {{expected type of operand #2 ('tensor<?x8xf32>') to match type of corresponding result ('tensor<4x8xf32>')}}
  %r = seqc.scatter_rows add ins(%x, %i : tensor<?x8xf32>, tensor<?xi32>) outs(%o : tensor<?x8xf32>) -> tensor<4x8xf32>
  return
}
