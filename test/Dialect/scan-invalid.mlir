// RUN: seqc-opt %s --split-input-file --verify-diagnostics
// What scan and pool refuse, by rule.

#td = affine_map<(t, d, n) -> (t, d)>
#dn = affine_map<(t, d, n) -> (d, n)>

func.func @scan_c1_count(%x: tensor<?x8xf32>, %p: tensor<8x4xf32>, %off: tensor<?xi32>, %o: tensor<?x8xf32>, %s: tensor<?x8x4xf32>) {
  // expected-error @below {{expected 4 maps, one per input, param, out and state, got 3}}
  %r:2 = seqc.scan {delays = array<i64: 0>, maps = [#td, #dn, #td]}
      inputs(%x : tensor<?x8xf32>) params(%p : tensor<8x4xf32>) offsets(%off : tensor<?xi32>)
      outs(%o : tensor<?x8xf32>) states(%s : tensor<?x8x4xf32>) {
  ^bb0(%xt: f32, %pt: vector<4xf32>, %h: vector<4xf32>):
    seqc.yield %xt, %h : f32, vector<4xf32>
  } -> tensor<?x8xf32>, tensor<?x8x4xf32>
  return
}

// -----

#td = affine_map<(t, d, n) -> (t, d)>
#dn = affine_map<(t, d, n) -> (d, n)>

func.func @scan_c1_input_form(%x: tensor<?x8xf32>, %p: tensor<8x4xf32>, %off: tensor<?xi32>, %o: tensor<?x8xf32>, %s: tensor<?x8x4xf32>) {
  // expected-error @below {{expected map #0 to be a form of input over (t, d, n), got affine_map<(d0, d1, d2) -> (d1, d0)>}}
  %r:2 = seqc.scan {delays = array<i64: 0>, maps = [affine_map<(t, d, n) -> (d, t)>, #dn, #td, #dn]}
      inputs(%x : tensor<?x8xf32>) params(%p : tensor<8x4xf32>) offsets(%off : tensor<?xi32>)
      outs(%o : tensor<?x8xf32>) states(%s : tensor<?x8x4xf32>) {
  ^bb0(%xt: f32, %pt: vector<4xf32>, %h: vector<4xf32>):
    seqc.yield %xt, %h : f32, vector<4xf32>
  } -> tensor<?x8xf32>, tensor<?x8x4xf32>
  return
}

// -----

#td = affine_map<(t, d, n) -> (t, d)>
#dn = affine_map<(t, d, n) -> (d, n)>

func.func @scan_c1_param_form(%x: tensor<?x8xf32>, %p: tensor<8x4xf32>, %off: tensor<?xi32>, %o: tensor<?x8xf32>, %s: tensor<?x8x4xf32>) {
  // expected-error @below {{expected map #1 to be a form of param over (t, d, n), got affine_map<(d0, d1, d2) -> (d0, d1)>}}
  %r:2 = seqc.scan {delays = array<i64: 0>, maps = [#td, #td, #td, #dn]}
      inputs(%x : tensor<?x8xf32>) params(%p : tensor<8x4xf32>) offsets(%off : tensor<?xi32>)
      outs(%o : tensor<?x8xf32>) states(%s : tensor<?x8x4xf32>) {
  ^bb0(%xt: f32, %pt: vector<4xf32>, %h: vector<4xf32>):
    seqc.yield %xt, %h : f32, vector<4xf32>
  } -> tensor<?x8xf32>, tensor<?x8x4xf32>
  return
}

// -----

#td = affine_map<(t, d, n) -> (t, d)>
#dn = affine_map<(t, d, n) -> (d, n)>

func.func @scan_c1_out_form(%x: tensor<?x8xf32>, %p: tensor<8x4xf32>, %off: tensor<?xi32>, %o: tensor<?x8xf32>, %s: tensor<?x8x4xf32>) {
  // expected-error @below {{expected map #2 to be a form of out over (t, d, n), got affine_map<(d0, d1, d2) -> (d0, d2)>}}
  %r:2 = seqc.scan {delays = array<i64: 0>, maps = [#td, #dn, affine_map<(t, d, n) -> (t, n)>, #dn]}
      inputs(%x : tensor<?x8xf32>) params(%p : tensor<8x4xf32>) offsets(%off : tensor<?xi32>)
      outs(%o : tensor<?x8xf32>) states(%s : tensor<?x8x4xf32>) {
  ^bb0(%xt: f32, %pt: vector<4xf32>, %h: vector<4xf32>):
    seqc.yield %xt, %h : f32, vector<4xf32>
  } -> tensor<?x8xf32>, tensor<?x8x4xf32>
  return
}

// -----

#td = affine_map<(t, d, n) -> (t, d)>
#dn = affine_map<(t, d, n) -> (d, n)>

func.func @scan_c1_state_form(%x: tensor<?x8xf32>, %p: tensor<8x4xf32>, %off: tensor<?xi32>, %o: tensor<?x8xf32>, %s: tensor<?x8x4xf32>) {
  // expected-error @below {{expected map #3 to be a form of state over (t, d, n), got affine_map<(d0, d1, d2) -> (d2)>}}
  %r:2 = seqc.scan {delays = array<i64: 0>, maps = [#td, #dn, #td, affine_map<(t, d, n) -> (n)>]}
      inputs(%x : tensor<?x8xf32>) params(%p : tensor<8x4xf32>) offsets(%off : tensor<?xi32>)
      outs(%o : tensor<?x8xf32>) states(%s : tensor<?x8x4xf32>) {
  ^bb0(%xt: f32, %pt: vector<4xf32>, %h: vector<4xf32>):
    seqc.yield %xt, %h : f32, vector<4xf32>
  } -> tensor<?x8xf32>, tensor<?x8x4xf32>
  return
}

// -----

#td = affine_map<(t, d, n) -> (t, d)>
#dn = affine_map<(t, d, n) -> (d, n)>

func.func @scan_c1_no_projection(%x: tensor<?x8xf32>, %p: tensor<8x4xf32>, %off: tensor<?xi32>, %o: tensor<?x8xf32>, %s: tensor<?x8x4xf32>) {
  // expected-error @below {{expected map #0 to be a form of input over (t, d, n), got affine_map<(d0, d1, d2) -> (d0 + 1, d1)>}}
  %r:2 = seqc.scan {delays = array<i64: 0>, maps = [affine_map<(t, d, n) -> (t + 1, d)>, #dn, #td, #dn]}
      inputs(%x : tensor<?x8xf32>) params(%p : tensor<8x4xf32>) offsets(%off : tensor<?xi32>)
      outs(%o : tensor<?x8xf32>) states(%s : tensor<?x8x4xf32>) {
  ^bb0(%xt: f32, %pt: vector<4xf32>, %h: vector<4xf32>):
    seqc.yield %xt, %h : f32, vector<4xf32>
  } -> tensor<?x8xf32>, tensor<?x8x4xf32>
  return
}

// -----

#td = affine_map<(t, d, n) -> (t, d)>
#dn = affine_map<(t, d, n) -> (d, n)>

func.func @scan_c1_dims(%x: tensor<?x8xf32>, %p: tensor<8x4xf32>, %off: tensor<?xi32>, %o: tensor<?x8xf32>, %s: tensor<?x8x4xf32>) {
  // expected-error @below {{expected map #0 to be a form of input over (t, d, n), got affine_map<(d0, d1) -> (d0, d1)>}}
  %r:2 = seqc.scan {delays = array<i64: 0>, maps = [affine_map<(t, d) -> (t, d)>, #dn, #td, #dn]}
      inputs(%x : tensor<?x8xf32>) params(%p : tensor<8x4xf32>) offsets(%off : tensor<?xi32>)
      outs(%o : tensor<?x8xf32>) states(%s : tensor<?x8x4xf32>) {
  ^bb0(%xt: f32, %pt: vector<4xf32>, %h: vector<4xf32>):
    seqc.yield %xt, %h : f32, vector<4xf32>
  } -> tensor<?x8xf32>, tensor<?x8x4xf32>
  return
}

// -----

#td = affine_map<(t, d, n) -> (t, d)>
#dn = affine_map<(t, d, n) -> (d, n)>

func.func @scan_c2_channels(%x: tensor<?x8xf32>, %p: tensor<6x4xf32>, %off: tensor<?xi32>, %o: tensor<?x8xf32>, %s: tensor<?x8x4xf32>) {
  // expected-error @below {{expected extent 8 of d in the param of map #1, got 6}}
  %r:2 = seqc.scan {delays = array<i64: 0>, maps = [#td, #dn, #td, #dn]}
      inputs(%x : tensor<?x8xf32>) params(%p : tensor<6x4xf32>) offsets(%off : tensor<?xi32>)
      outs(%o : tensor<?x8xf32>) states(%s : tensor<?x8x4xf32>) {
  ^bb0(%xt: f32, %pt: vector<4xf32>, %h: vector<4xf32>):
    seqc.yield %xt, %h : f32, vector<4xf32>
  } -> tensor<?x8xf32>, tensor<?x8x4xf32>
  return
}

// -----

#td = affine_map<(t, d, n) -> (t, d)>
#dn = affine_map<(t, d, n) -> (d, n)>

func.func @scan_c2_static_state_axis(%x: tensor<?x8xf32>, %p: tensor<8x4xf32>, %off: tensor<?xi32>, %o: tensor<?x8xf32>, %s: tensor<?x8x?xf32>) {
  // expected-error @below {{expected a static extent of n in the state of map #3, got 'tensor<?x8x?xf32>'}}
  %r:2 = seqc.scan {delays = array<i64: 0>, maps = [#td, #dn, #td, #dn]}
      inputs(%x : tensor<?x8xf32>) params(%p : tensor<8x4xf32>) offsets(%off : tensor<?xi32>)
      outs(%o : tensor<?x8xf32>) states(%s : tensor<?x8x?xf32>) {
  ^bb0(%xt: f32, %pt: vector<4xf32>, %h: vector<4xf32>):
    seqc.yield %xt, %h : f32, vector<4xf32>
  } -> tensor<?x8xf32>, tensor<?x8x?xf32>
  return
}

// -----

#td = affine_map<(t, d, n) -> (t, d)>
#dn = affine_map<(t, d, n) -> (d, n)>

func.func @scan_c3_input_rank(%x: tensor<?xf32>, %p: tensor<8x4xf32>, %off: tensor<?xi32>, %o: tensor<?x8xf32>, %s: tensor<?x8x4xf32>) {
  // expected-error @below {{expected input operand of map #0 to have rank 2, got 'tensor<?xf32>'}}
  %r:2 = seqc.scan {delays = array<i64: 0>, maps = [#td, #dn, #td, #dn]}
      inputs(%x : tensor<?xf32>) params(%p : tensor<8x4xf32>) offsets(%off : tensor<?xi32>)
      outs(%o : tensor<?x8xf32>) states(%s : tensor<?x8x4xf32>) {
  ^bb0(%xt: f32, %pt: vector<4xf32>, %h: vector<4xf32>):
    seqc.yield %xt, %h : f32, vector<4xf32>
  } -> tensor<?x8xf32>, tensor<?x8x4xf32>
  return
}

// -----

#td = affine_map<(t, d, n) -> (t, d)>
#dn = affine_map<(t, d, n) -> (d, n)>

func.func @scan_c3_state_rank(%x: tensor<?x8xf32>, %p: tensor<8x4xf32>, %off: tensor<?xi32>, %o: tensor<?x8xf32>, %s: tensor<8x4xf32>) {
  // expected-error @below {{expected state operand of map #3 to have rank 3, got 'tensor<8x4xf32>'}}
  %r:2 = seqc.scan {delays = array<i64: 0>, maps = [#td, #dn, #td, #dn]}
      inputs(%x : tensor<?x8xf32>) params(%p : tensor<8x4xf32>) offsets(%off : tensor<?xi32>)
      outs(%o : tensor<?x8xf32>) states(%s : tensor<8x4xf32>) {
  ^bb0(%xt: f32, %pt: vector<4xf32>, %h: vector<4xf32>):
    seqc.yield %xt, %h : f32, vector<4xf32>
  } -> tensor<?x8xf32>, tensor<8x4xf32>
  return
}

// -----

#td = affine_map<(t, d, n) -> (t, d)>
#dn = affine_map<(t, d, n) -> (d, n)>

func.func @scan_c3_element_type(%x: tensor<?x8xf64>, %p: tensor<8x4xf32>, %off: tensor<?xi32>, %o: tensor<?x8xf32>, %s: tensor<?x8x4xf32>) {
  // expected-error @below {{operand #0 must be variadic of f32 tensor or memref, but got 'tensor<?x8xf64>'}}
  %r:2 = seqc.scan {delays = array<i64: 0>, maps = [#td, #dn, #td, #dn]}
      inputs(%x : tensor<?x8xf64>) params(%p : tensor<8x4xf32>) offsets(%off : tensor<?xi32>)
      outs(%o : tensor<?x8xf32>) states(%s : tensor<?x8x4xf32>) {
  ^bb0(%xt: f32, %pt: vector<4xf32>, %h: vector<4xf32>):
    seqc.yield %xt, %h : f32, vector<4xf32>
  } -> tensor<?x8xf32>, tensor<?x8x4xf32>
  return
}

// -----

#td = affine_map<(t, d, n) -> (t, d)>
#dn = affine_map<(t, d, n) -> (d, n)>

func.func @scan_c3_sequences(%x: tensor<?x8xf32>, %p: tensor<8x4xf32>, %off: tensor<3xi32>, %o: tensor<?x8xf32>, %s: tensor<3x8x4xf32>) {
  // expected-error @below {{expected offsets to have one entry more than the 3 sequences of state, got 3}}
  %r:2 = seqc.scan {delays = array<i64: 0>, maps = [#td, #dn, #td, #dn]}
      inputs(%x : tensor<?x8xf32>) params(%p : tensor<8x4xf32>) offsets(%off : tensor<3xi32>)
      outs(%o : tensor<?x8xf32>) states(%s : tensor<3x8x4xf32>) {
  ^bb0(%xt: f32, %pt: vector<4xf32>, %h: vector<4xf32>):
    seqc.yield %xt, %h : f32, vector<4xf32>
  } -> tensor<?x8xf32>, tensor<3x8x4xf32>
  return
}

// -----

#td = affine_map<(t, d, n) -> (t, d)>
#dn = affine_map<(t, d, n) -> (d, n)>

func.func @scan_c3_no_destination(%x: tensor<?x8xf32>, %off: tensor<?xi32>) {
  // expected-error @below {{expected at least one out or state, got none}}
  seqc.scan {delays = array<i64: 0>, maps = [#td]} inputs(%x : tensor<?x8xf32>)
      offsets(%off : tensor<?xi32>) {
  ^bb0(%xt: f32):
    seqc.yield
  }
  return
}

// -----

#td = affine_map<(t, d, n) -> (t, d)>
#dn = affine_map<(t, d, n) -> (d, n)>

func.func @scan_c4_count(%x: tensor<?x8xf32>, %p: tensor<8x4xf32>, %off: tensor<?xi32>, %o: tensor<?x8xf32>, %s: tensor<?x8x4xf32>) {
  // expected-error @below {{expected 3 step arguments, one per input, param and state, got 2}}
  %r:2 = seqc.scan {delays = array<i64: 0>, maps = [#td, #dn, #td, #dn]}
      inputs(%x : tensor<?x8xf32>) params(%p : tensor<8x4xf32>) offsets(%off : tensor<?xi32>)
      outs(%o : tensor<?x8xf32>) states(%s : tensor<?x8x4xf32>) {
  ^bb0(%xt: f32, %h: vector<4xf32>):
    seqc.yield %xt, %h : f32, vector<4xf32>
  } -> tensor<?x8xf32>, tensor<?x8x4xf32>
  return
}

// -----

#td = affine_map<(t, d, n) -> (t, d)>
#dn = affine_map<(t, d, n) -> (d, n)>

func.func @scan_c4_type(%x: tensor<?x8xf32>, %p: tensor<8x4xf32>, %off: tensor<?xi32>, %o: tensor<?x8xf32>, %s: tensor<?x8x4xf32>) {
  // expected-error @below {{expected step argument #1 of type 'vector<4xf32>', got 'f32'}}
  %r:2 = seqc.scan {delays = array<i64: 0>, maps = [#td, #dn, #td, #dn]}
      inputs(%x : tensor<?x8xf32>) params(%p : tensor<8x4xf32>) offsets(%off : tensor<?xi32>)
      outs(%o : tensor<?x8xf32>) states(%s : tensor<?x8x4xf32>) {
  ^bb0(%xt: f32, %pt: f32, %h: vector<4xf32>):
    seqc.yield %xt, %h : f32, vector<4xf32>
  } -> tensor<?x8xf32>, tensor<?x8x4xf32>
  return
}

// -----

#td = affine_map<(t, d, n) -> (t, d)>
#dn = affine_map<(t, d, n) -> (d, n)>

func.func @scan_c5_count(%x: tensor<?x8xf32>, %p: tensor<8x4xf32>, %off: tensor<?xi32>, %o: tensor<?x8xf32>, %s: tensor<?x8x4xf32>) {
  // expected-error @below {{expected 2 values from the step, one per out and state, got 1}}
  %r:2 = seqc.scan {delays = array<i64: 0>, maps = [#td, #dn, #td, #dn]}
      inputs(%x : tensor<?x8xf32>) params(%p : tensor<8x4xf32>) offsets(%off : tensor<?xi32>)
      outs(%o : tensor<?x8xf32>) states(%s : tensor<?x8x4xf32>) {
  ^bb0(%xt: f32, %pt: vector<4xf32>, %h: vector<4xf32>):
    seqc.yield %h : vector<4xf32>
  } -> tensor<?x8xf32>, tensor<?x8x4xf32>
  return
}

// -----

#td = affine_map<(t, d, n) -> (t, d)>
#dn = affine_map<(t, d, n) -> (d, n)>

func.func @scan_c5_type(%x: tensor<?x8xf32>, %p: tensor<8x4xf32>, %off: tensor<?xi32>, %o: tensor<?x8xf32>, %s: tensor<?x8x4xf32>) {
  // expected-error @below {{expected value #0 from the step of type 'f32', got 'vector<4xf32>'}}
  %r:2 = seqc.scan {delays = array<i64: 0>, maps = [#td, #dn, #td, #dn]}
      inputs(%x : tensor<?x8xf32>) params(%p : tensor<8x4xf32>) offsets(%off : tensor<?xi32>)
      outs(%o : tensor<?x8xf32>) states(%s : tensor<?x8x4xf32>) {
  ^bb0(%xt: f32, %pt: vector<4xf32>, %h: vector<4xf32>):
    seqc.yield %h, %h : vector<4xf32>, vector<4xf32>
  } -> tensor<?x8xf32>, tensor<?x8x4xf32>
  return
}

// -----

#td = affine_map<(t, d, n) -> (t, d)>
#dn = affine_map<(t, d, n) -> (d, n)>

func.func @scan_c6_count(%x: tensor<?x8xf32>, %p: tensor<8x4xf32>, %off: tensor<?xi32>, %o: tensor<?x8xf32>, %s: tensor<?x8x4xf32>) {
  // expected-error @below {{expected 1 delays, one per input, got 2}}
  %r:2 = seqc.scan {delays = array<i64: 0, 0>, maps = [#td, #dn, #td, #dn]}
      inputs(%x : tensor<?x8xf32>) params(%p : tensor<8x4xf32>) offsets(%off : tensor<?xi32>)
      outs(%o : tensor<?x8xf32>) states(%s : tensor<?x8x4xf32>) {
  ^bb0(%xt: f32, %pt: vector<4xf32>, %h: vector<4xf32>):
    seqc.yield %xt, %h : f32, vector<4xf32>
  } -> tensor<?x8xf32>, tensor<?x8x4xf32>
  return
}

// -----

#td = affine_map<(t, d, n) -> (t, d)>
#dn = affine_map<(t, d, n) -> (d, n)>

func.func @scan_c6_negative(%x: tensor<?x8xf32>, %p: tensor<8x4xf32>, %off: tensor<?xi32>, %o: tensor<?x8xf32>, %s: tensor<?x8x4xf32>) {
  // expected-error @below {{expected a non-negative delay of input #0, got -1}}
  %r:2 = seqc.scan {delays = array<i64: -1>, maps = [#td, #dn, #td, #dn]}
      inputs(%x : tensor<?x8xf32>) params(%p : tensor<8x4xf32>) offsets(%off : tensor<?xi32>)
      outs(%o : tensor<?x8xf32>) states(%s : tensor<?x8x4xf32>) {
  ^bb0(%xt: f32, %pt: vector<4xf32>, %h: vector<4xf32>):
    seqc.yield %xt, %h : f32, vector<4xf32>
  } -> tensor<?x8xf32>, tensor<?x8x4xf32>
  return
}

// -----

#td = affine_map<(t, d, n) -> (t, d)>
#dn = affine_map<(t, d, n) -> (d, n)>

func.func @scan_c7_result(%x: tensor<?x8xf32>, %p: tensor<8x4xf32>, %off: tensor<?xi32>, %o: tensor<?x8xf32>, %s: tensor<?x8x4xf32>) {
  // expected-error @below {{expected type of operand #3 ('tensor<?x8xf32>') to match type of corresponding result ('tensor<5x8xf32>')}}
  %r:2 = seqc.scan {delays = array<i64: 0>, maps = [#td, #dn, #td, #dn]}
      inputs(%x : tensor<?x8xf32>) params(%p : tensor<8x4xf32>) offsets(%off : tensor<?xi32>)
      outs(%o : tensor<?x8xf32>) states(%s : tensor<?x8x4xf32>) {
  ^bb0(%xt: f32, %pt: vector<4xf32>, %h: vector<4xf32>):
    seqc.yield %xt, %h : f32, vector<4xf32>
  } -> tensor<5x8xf32>, tensor<?x8x4xf32>
  return
}

// -----

func.func @pool_c1_source_rank(%x: tensor<?xf32>, %off: tensor<?xi32>, %o: tensor<?x8xf32>) {
  // expected-error @below {{expected source of rank 2, got 'tensor<?xf32>'}}
  %r = seqc.pool mean ins(%x, %off : tensor<?xf32>, tensor<?xi32>) outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @pool_c1_out_rank(%x: tensor<?x8xf32>, %off: tensor<?xi32>, %o: tensor<?xf32>) {
  // expected-error @below {{expected out of rank 2, got 'tensor<?xf32>'}}
  %r = seqc.pool mean ins(%x, %off : tensor<?x8xf32>, tensor<?xi32>) outs(%o : tensor<?xf32>) -> tensor<?xf32>
  return
}

// -----

func.func @pool_c1_columns(%x: tensor<?x8xf32>, %off: tensor<?xi32>, %o: tensor<?x4xf32>) {
  // expected-error @below {{expected source and out to agree in the extent of a shared axis, got 8 and 4}}
  %r = seqc.pool mean ins(%x, %off : tensor<?x8xf32>, tensor<?xi32>) outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @pool_c1_sequences(%x: tensor<?x8xf32>, %off: tensor<3xi32>, %o: tensor<3x8xf32>) {
  // expected-error @below {{expected offsets to have one entry more than the 3 sequences of out, got 3}}
  %r = seqc.pool mean ins(%x, %off : tensor<?x8xf32>, tensor<3xi32>) outs(%o : tensor<3x8xf32>) -> tensor<3x8xf32>
  return
}

// -----

func.func @pool_c2_result(%x: tensor<?x8xf32>, %off: tensor<?xi32>, %o: tensor<?x8xf32>) {
  // expected-error @below {{expected type of operand #2 ('tensor<?x8xf32>') to match type of corresponding result ('tensor<3x8xf32>')}}
  %r = seqc.pool mean ins(%x, %off : tensor<?x8xf32>, tensor<?xi32>) outs(%o : tensor<?x8xf32>) -> tensor<3x8xf32>
  return
}
