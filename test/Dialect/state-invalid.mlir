// RUN: seqc-opt %s --split-input-file --verify-diagnostics
// What norm, ring_push, kernel and yield refuse, by rule.

func.func @norm_c1_source_rank(%x: tensor<?xf32>, %o: tensor<?x8xf32>) {
  // expected-error @below {{expected source of rank 2, got 'tensor<?xf32>'}}
  %r = seqc.norm layer {eps = 1.0e-05 : f32} ins(%x : tensor<?xf32>)
      outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @norm_c1_out_rank(%x: tensor<?x8xf32>, %o: tensor<?xf32>) {
  // expected-error @below {{expected out of rank 2, got 'tensor<?xf32>'}}
  %r = seqc.norm layer {eps = 1.0e-05 : f32} ins(%x : tensor<?x8xf32>)
      outs(%o : tensor<?xf32>) -> tensor<?xf32>
  return
}

// -----

func.func @norm_c1_rows(%x: tensor<4x8xf32>, %o: tensor<5x8xf32>) {
  // expected-error @below {{expected source and out to agree in the extent of a shared axis, got 4 and 5}}
  %r = seqc.norm layer {eps = 1.0e-05 : f32} ins(%x : tensor<4x8xf32>)
      outs(%o : tensor<5x8xf32>) -> tensor<5x8xf32>
  return
}

// -----

func.func @norm_c1_columns(%x: tensor<?x8xf32>, %o: tensor<?x4xf32>) {
  // expected-error @below {{expected source and out to agree in the extent of a shared axis, got 8 and 4}}
  %r = seqc.norm layer {eps = 1.0e-05 : f32} ins(%x : tensor<?x8xf32>)
      outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @norm_c2_gain_rank(%x: tensor<?x8xf32>, %o: tensor<?x8xf32>, %g: tensor<1x8xf32>) {
  // expected-error @below {{expected gain of rank 1, got 'tensor<1x8xf32>'}}
  %r = seqc.norm layer {eps = 1.0e-05 : f32} ins(%x : tensor<?x8xf32>) gain(%g : tensor<1x8xf32>)
      outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @norm_c2_gain_extent(%x: tensor<?x8xf32>, %o: tensor<?x8xf32>, %g: tensor<4xf32>) {
  // expected-error @below {{expected gain and source to agree in the extent of a shared axis, got 4 and 8}}
  %r = seqc.norm layer {eps = 1.0e-05 : f32} ins(%x : tensor<?x8xf32>) gain(%g : tensor<4xf32>)
      outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @norm_c2_scale_gain(%x: tensor<?x8xf32>, %o: tensor<?x8xf32>, %g: tensor<8xf32>) {
  // expected-error @below {{expected extent 1 of gain, got 8}}
  %r = seqc.norm scale {eps = 1.0e-05 : f32} ins(%x : tensor<?x8xf32>) gain(%g : tensor<8xf32>)
      outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @norm_c2_rms_bias(%x: tensor<?x8xf32>, %o: tensor<?x8xf32>, %b: tensor<8xf32>) {
  // expected-error @below {{expected no bias with kind rms, only layer takes one}}
  %r = seqc.norm rms {eps = 1.0e-05 : f32} ins(%x : tensor<?x8xf32>) bias(%b : tensor<8xf32>)
      outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @norm_c2_bias_rank(%x: tensor<?x8xf32>, %o: tensor<?x8xf32>, %b: tensor<1x8xf32>) {
  // expected-error @below {{expected bias of rank 1, got 'tensor<1x8xf32>'}}
  %r = seqc.norm layer {eps = 1.0e-05 : f32} ins(%x : tensor<?x8xf32>) bias(%b : tensor<1x8xf32>)
      outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @norm_c2_bias_extent(%x: tensor<?x8xf32>, %o: tensor<?x8xf32>, %b: tensor<4xf32>) {
  // expected-error @below {{expected bias and source to agree in the extent of a shared axis, got 4 and 8}}
  %r = seqc.norm layer {eps = 1.0e-05 : f32} ins(%x : tensor<?x8xf32>) bias(%b : tensor<4xf32>)
      outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @norm_c3_zero_eps(%x: tensor<?x8xf32>, %o: tensor<?x8xf32>) {
  // expected-error @below {{expected a positive eps, got 0.000000e+00 : f32}}
  %r = seqc.norm layer {eps = 0.0 : f32} ins(%x : tensor<?x8xf32>)
      outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @norm_c3_nan_eps(%x: tensor<?x8xf32>, %o: tensor<?x8xf32>) {
  // expected-error @below {{expected a positive eps, got 0x7FC00000 : f32}}
  %r = seqc.norm layer {eps = 0x7FC00000 : f32} ins(%x : tensor<?x8xf32>)
      outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @norm_c4_result(%x: tensor<?x8xf32>, %o: tensor<?x8xf32>) {
  // expected-error @below {{expected type of operand #1 ('tensor<?x8xf32>') to match type of corresponding result ('tensor<4x8xf32>')}}
  %r = seqc.norm layer {eps = 1.0e-05 : f32} ins(%x : tensor<?x8xf32>)
      outs(%o : tensor<?x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @ring_push_c1_source_rank(%x: tensor<?x2x2xf32>, %off: tensor<?xi32>, %n: tensor<?xi32>, %r: tensor<?x4x8xf32>) {
  // expected-error @below {{expected source of rank 1 or 2, got 'tensor<?x2x2xf32>'}}
  %0 = seqc.ring_push ins(%x, %off, %n : tensor<?x2x2xf32>, tensor<?xi32>, tensor<?xi32>)
      outs(%r : tensor<?x4x8xf32>) -> tensor<?x4x8xf32>
  return
}

// -----

func.func @ring_push_c1_ring_rank(%x: tensor<?x8xf32>, %off: tensor<?xi32>, %n: tensor<?xi32>, %r: tensor<?x4xf32>) {
  // expected-error @below {{expected ring of rank 3, got 'tensor<?x4xf32>'}}
  %0 = seqc.ring_push ins(%x, %off, %n : tensor<?x8xf32>, tensor<?xi32>, tensor<?xi32>)
      outs(%r : tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @ring_push_c1_element_type(%x: tensor<?x8xf32>, %off: tensor<?xi32>, %n: tensor<?xi32>, %r: tensor<?x4x8xi32>) {
  // expected-error @below {{expected the element type of source, 'f32', in ring, got 'i32'}}
  %0 = seqc.ring_push ins(%x, %off, %n : tensor<?x8xf32>, tensor<?xi32>, tensor<?xi32>)
      outs(%r : tensor<?x4x8xi32>) -> tensor<?x4x8xi32>
  return
}

// -----

func.func @ring_push_c1_columns(%x: tensor<?x8xf32>, %off: tensor<?xi32>, %n: tensor<?xi32>, %r: tensor<?x4x7xf32>) {
  // expected-error @below {{expected source and ring to agree in the extent of a shared axis, got 8 and 7}}
  %0 = seqc.ring_push ins(%x, %off, %n : tensor<?x8xf32>, tensor<?xi32>, tensor<?xi32>)
      outs(%r : tensor<?x4x7xf32>) -> tensor<?x4x7xf32>
  return
}

// -----

func.func @ring_push_c2_offsets(%x: tensor<?x8xf32>, %off: tensor<3xi32>, %n: tensor<?xi32>, %r: tensor<3x4x8xf32>) {
  // expected-error @below {{expected offsets to have one entry more than the 3 sequences of ring, got 3}}
  %0 = seqc.ring_push ins(%x, %off, %n : tensor<?x8xf32>, tensor<3xi32>, tensor<?xi32>)
      outs(%r : tensor<3x4x8xf32>) -> tensor<3x4x8xf32>
  return
}

// -----

func.func @ring_push_c2_count(%x: tensor<?x8xf32>, %off: tensor<?xi32>, %n: tensor<2xi32>, %r: tensor<3x4x8xf32>) {
  // expected-error @below {{expected count and ring to agree in the extent of a shared axis, got 2 and 3}}
  %0 = seqc.ring_push ins(%x, %off, %n : tensor<?x8xf32>, tensor<?xi32>, tensor<2xi32>)
      outs(%r : tensor<3x4x8xf32>) -> tensor<3x4x8xf32>
  return
}

// -----

func.func @ring_push_c3_result(%x: tensor<?x8xf32>, %off: tensor<?xi32>, %n: tensor<?xi32>, %r: tensor<?x4x8xf32>) {
  // expected-error @below {{expected type of operand #3 ('tensor<?x4x8xf32>') to match type of corresponding result ('tensor<3x4x8xf32>')}}
  %0 = seqc.ring_push ins(%x, %off, %n : tensor<?x8xf32>, tensor<?xi32>, tensor<?xi32>)
      outs(%r : tensor<?x4x8xf32>) -> tensor<3x4x8xf32>
  return
}

// -----

func.func @kernel_c1_count(%x: tensor<?x8xf32>, %init: tensor<?x8xf32>) {
  // expected-error @below {{expected 2 block arguments, one per operand, got 1}}
  %r = seqc.kernel ins(%x : tensor<?x8xf32>) outs(%init : tensor<?x8xf32>) {
  ^bb0(%o: tensor<?x8xf32>):
    seqc.yield %o : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  return
}

// -----

func.func @kernel_c1_type(%x: tensor<?x8xf32>, %init: tensor<?x8xf32>) {
  // expected-error @below {{expected block argument #0 of type 'tensor<?x8xf32>', got 'tensor<4x8xf32>'}}
  %r = seqc.kernel ins(%x : tensor<?x8xf32>) outs(%init : tensor<?x8xf32>) {
  ^bb0(%a: tensor<4x8xf32>, %o: tensor<?x8xf32>):
    seqc.yield %o : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  return
}

// -----

func.func @kernel_c2_yield_count(%x: tensor<?x8xf32>, %init: tensor<?x8xf32>) {
  // expected-error @below {{expected 1 yielded values, one per outs operand, got 2}}
  %r = seqc.kernel ins(%x : tensor<?x8xf32>) outs(%init : tensor<?x8xf32>) {
  ^bb0(%a: tensor<?x8xf32>, %o: tensor<?x8xf32>):
    seqc.yield %a, %o : tensor<?x8xf32>, tensor<?x8xf32>
  } -> tensor<?x8xf32>
  return
}

// -----

func.func @kernel_c2_yield_type(%x: tensor<?x8xf32>, %init: tensor<?x8xf32>) {
  // expected-error @below {{expected yielded value #0 of type 'tensor<?x8xf32>', got 'tensor<4x8xf32>'}}
  %r = seqc.kernel ins(%x : tensor<?x8xf32>) outs(%init : tensor<?x8xf32>) {
  ^bb0(%a: tensor<?x8xf32>, %o: tensor<?x8xf32>):
    %c = tensor.empty() : tensor<4x8xf32>
    seqc.yield %c : tensor<4x8xf32>
  } -> tensor<?x8xf32>
  return
}

// -----

func.func @kernel_c2_result(%x: tensor<?x8xf32>, %init: tensor<?x8xf32>) {
  // expected-error @below {{expected type of operand #1 ('tensor<?x8xf32>') to match type of corresponding result ('tensor<4x8xf32>')}}
  %r = seqc.kernel ins(%x : tensor<?x8xf32>) outs(%init : tensor<?x8xf32>) {
  ^bb0(%a: tensor<?x8xf32>, %o: tensor<?x8xf32>):
    seqc.yield %o : tensor<?x8xf32>
  } -> tensor<4x8xf32>
  return
}

// -----

func.func @yield_parent() {
  // expected-error @below {{expects parent op to be one of 'seqc.scan, seqc.kernel'}}
  seqc.yield
}
