// RUN: seqc-opt %s --split-input-file --verify-diagnostics
// What attend refuses, by rule.

func.func @attend_c1_query_rank(%q: tensor<?xf32>, %k: tensor<?x16xf32>, %v: tensor<?x4xf32>, %off: tensor<?xi32>, %o:
    tensor<?x4xf32>) {
  // expected-error @below {{expected query of rank 2 or 3, got 'tensor<?xf32>'}}
  %r = seqc.attend softmax {left = 3 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<?xf32>, tensor<?x16xf32>, tensor<?x4xf32>, tensor<?xi32>)
      outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @attend_c1_same_rank(%q: tensor<?x16xf32>, %k: tensor<2x?x16xf32>, %v: tensor<?x4xf32>, %off: tensor<?xi32>,
    %o: tensor<?x4xf32>) {
  // expected-error @below {{expected key of rank 2, got 'tensor<2x?x16xf32>'}}
  %r = seqc.attend softmax {left = 3 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<?x16xf32>, tensor<2x?x16xf32>, tensor<?x4xf32>, tensor<?xi32>)
      outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @attend_c1_query_key(%q: tensor<?x16xf32>, %k: tensor<?x8xf32>, %v: tensor<?x4xf32>, %off: tensor<?xi32>, %o:
    tensor<?x4xf32>) {
  // expected-error @below {{expected query and key to agree in the extent of a shared axis, got 16 and 8}}
  %r = seqc.attend softmax {left = 3 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<?x16xf32>, tensor<?x8xf32>, tensor<?x4xf32>, tensor<?xi32>)
      outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @attend_c1_value_out(%q: tensor<?x16xf32>, %k: tensor<?x16xf32>, %v: tensor<?x4xf32>, %off: tensor<?xi32>,
    %o: tensor<?x8xf32>) {
  // expected-error @below {{expected value and out to agree in the extent of a shared axis, got 4 and 8}}
  %r = seqc.attend softmax {left = 3 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x4xf32>, tensor<?xi32>)
      outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @attend_c1_rows(%q: tensor<5x16xf32>, %k: tensor<?x16xf32>, %v: tensor<6x4xf32>, %off: tensor<?xi32>,
    %o: tensor<?x4xf32>) {
  // expected-error @below {{expected query and value to agree in the extent of a shared axis, got 5 and 6}}
  %r = seqc.attend softmax {left = 3 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<5x16xf32>, tensor<?x16xf32>, tensor<6x4xf32>, tensor<?xi32>)
      outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @attend_c1_element_type(%q: tensor<?x16xf64>, %k: tensor<?x16xf32>, %v: tensor<?x4xf32>, %off: tensor<?xi32>,
    %o: tensor<?x4xf32>) {
  // expected-error @below {{operand #0 must be f32 tensor or memref, but got 'tensor<?x16xf64>'}}
  %r = seqc.attend softmax {left = 3 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<?x16xf64>, tensor<?x16xf32>, tensor<?x4xf32>, tensor<?xi32>)
      outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @attend_c1_positions(%q: tensor<5x16xf32>, %k: tensor<?x16xf32>, %v: tensor<?x4xf32>, %off: tensor<?xi32>,
    %o: tensor<?x4xf32>, %pos: tensor<6xi32>) {
  // expected-error @below {{expected positions and query to agree in the extent of a shared axis, got 6 and 5}}
  %r = seqc.attend softmax {left = 3 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<5x16xf32>, tensor<?x16xf32>, tensor<?x4xf32>, tensor<?xi32>)
      positions(%pos : tensor<6xi32>)
      outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @attend_c2_out_heads(%q: tensor<8x?x16xf32>, %k: tensor<2x?x16xf32>, %v: tensor<2x?x4xf32>, %off:
    tensor<?xi32>, %o: tensor<4x?x4xf32>) {
  // expected-error @below {{expected query and out to agree in the extent of a shared axis, got 8 and 4}}
  %r = seqc.attend softmax {left = 3 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<8x?x16xf32>, tensor<2x?x16xf32>, tensor<2x?x4xf32>, tensor<?xi32>)
      outs(%o : tensor<4x?x4xf32>) -> tensor<4x?x4xf32>
  return
}

// -----

func.func @attend_c2_value_heads(%q: tensor<8x?x16xf32>, %k: tensor<2x?x16xf32>, %v: tensor<4x?x4xf32>, %off:
    tensor<?xi32>, %o: tensor<8x?x4xf32>) {
  // expected-error @below {{expected key and value to agree in the extent of a shared axis, got 2 and 4}}
  %r = seqc.attend softmax {left = 3 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<8x?x16xf32>, tensor<2x?x16xf32>, tensor<4x?x4xf32>, tensor<?xi32>)
      outs(%o : tensor<8x?x4xf32>) -> tensor<8x?x4xf32>
  return
}

// -----

func.func @attend_c2_static(%q: tensor<?x?x16xf32>, %k: tensor<2x?x16xf32>, %v: tensor<2x?x4xf32>, %off:
    tensor<?xi32>, %o: tensor<8x?x4xf32>) {
  // expected-error @below {{expected static numbers of heads, got 'tensor<?x?x16xf32>' and 'tensor<2x?x16xf32>'}}
  %r = seqc.attend softmax {left = 3 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<?x?x16xf32>, tensor<2x?x16xf32>, tensor<2x?x4xf32>, tensor<?xi32>)
      outs(%o : tensor<8x?x4xf32>) -> tensor<8x?x4xf32>
  return
}

// -----

func.func @attend_c2_divides(%q: tensor<8x?x16xf32>, %k: tensor<3x?x16xf32>, %v: tensor<3x?x4xf32>, %off:
    tensor<?xi32>, %o: tensor<8x?x4xf32>) {
  // expected-error @below {{expected the number of key heads to divide the 8 query heads, got 3}}
  %r = seqc.attend softmax {left = 3 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<8x?x16xf32>, tensor<3x?x16xf32>, tensor<3x?x4xf32>, tensor<?xi32>)
      outs(%o : tensor<8x?x4xf32>) -> tensor<8x?x4xf32>
  return
}

// -----

func.func @attend_c3_left(%q: tensor<?x16xf32>, %k: tensor<?x16xf32>, %v: tensor<?x4xf32>, %off: tensor<?xi32>,
    %o: tensor<?x4xf32>) {
  // expected-error @below {{expected left of at least -1, got -2}}
  %r = seqc.attend softmax {left = -2 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x4xf32>, tensor<?xi32>)
      outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @attend_c3_right(%q: tensor<?x16xf32>, %k: tensor<?x16xf32>, %v: tensor<?x4xf32>, %off: tensor<?xi32>,
    %o: tensor<?x4xf32>) {
  // expected-error @below {{expected right of at least -1, got -3}}
  %r = seqc.attend softmax {left = 3 : i64, right = -3 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x4xf32>, tensor<?xi32>)
      outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @attend_c4_together(%q: tensor<?x16xf32>, %k: tensor<?x16xf32>, %v: tensor<?x4xf32>, %off: tensor<?xi32>, %cos: tensor<9x8xf32>, %o: tensor<?x4xf32>) {
  // expected-error @below {{expected cosines and sines together, got only one of them}}
  %r = "seqc.attend"(%q, %k, %v, %off, %cos, %o) <{left = 3 : i64, right = 0 : i64, scale = 1.0 : f32,
      score = 0 : i32, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0>}>
      : (tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x4xf32>, tensor<?xi32>, tensor<9x8xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @attend_c4_rank(%q: tensor<?x16xf32>, %k: tensor<?x16xf32>, %v: tensor<?x4xf32>, %off: tensor<?xi32>,
    %o: tensor<?x4xf32>, %pos: tensor<?xi32>, %cos: tensor<8xf32>, %sin: tensor<8xf32>) {
  // expected-error @below {{expected cosines of rank 2, got 'tensor<8xf32>'}}
  %r = seqc.attend softmax {left = 3 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x4xf32>, tensor<?xi32>)
      positions(%pos : tensor<?xi32>)
      rotary(%cos, %sin : tensor<8xf32>, tensor<8xf32>)
      outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @attend_c4_positions_extent(%q: tensor<?x16xf32>, %k: tensor<?x16xf32>, %v: tensor<?x4xf32>, %off: tensor<?xi32>,
    %o: tensor<?x4xf32>, %pos: tensor<?xi32>, %cos: tensor<9x8xf32>, %sin: tensor<7x8xf32>)
    {
  // expected-error @below {{expected cosines and sines to agree in the extent of a shared axis, got 9 and 7}}
  %r = seqc.attend softmax {left = 3 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x4xf32>, tensor<?xi32>)
      positions(%pos : tensor<?xi32>)
      rotary(%cos, %sin : tensor<9x8xf32>, tensor<7x8xf32>)
      outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @attend_c4_even(%q: tensor<?x5xf32>, %k: tensor<?x5xf32>, %v: tensor<?x4xf32>, %off: tensor<?xi32>, %o:
    tensor<?x4xf32>, %pos: tensor<?xi32>, %cos: tensor<9x2xf32>, %sin: tensor<9x2xf32>) {
  // expected-error @below {{expected an even last extent of query with rotary, got 5}}
  %r = seqc.attend softmax {left = 3 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<?x5xf32>, tensor<?x5xf32>, tensor<?x4xf32>, tensor<?xi32>)
      positions(%pos : tensor<?xi32>)
      rotary(%cos, %sin : tensor<9x2xf32>, tensor<9x2xf32>)
      outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @attend_c4_pairs(%q: tensor<?x16xf32>, %k: tensor<?x16xf32>, %v: tensor<?x4xf32>, %off: tensor<?xi32>,
    %o: tensor<?x4xf32>, %pos: tensor<?xi32>, %cos: tensor<9x16xf32>, %sin:
    tensor<9x16xf32>) {
  // expected-error @below {{expected extent 8 of cosines, got 16}}
  %r = seqc.attend softmax {left = 3 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x4xf32>, tensor<?xi32>)
      positions(%pos : tensor<?xi32>)
      rotary(%cos, %sin : tensor<9x16xf32>, tensor<9x16xf32>)
      outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @attend_c4_needs_positions(%q: tensor<?x16xf32>, %k: tensor<?x16xf32>, %v: tensor<?x4xf32>, %off: tensor<?xi32>,
    %o: tensor<?x4xf32>, %cos: tensor<9x8xf32>, %sin: tensor<9x8xf32>) {
  // expected-error @below {{expected positions with rotary, got none}}
  %r = seqc.attend softmax {left = 3 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x4xf32>, tensor<?xi32>)
      rotary(%cos, %sin : tensor<9x8xf32>, tensor<9x8xf32>)
      outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @attend_c5_unused_table(%q: tensor<?x16xf32>, %k: tensor<?x16xf32>, %v: tensor<?x4xf32>, %off: tensor<?xi32>,
    %o: tensor<?x4xf32>, %t: tensor<9xf32>) {
  // expected-error @below {{expected no table with bias none, set bias to position or rank}}
  %r = seqc.attend softmax {left = 3 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x4xf32>, tensor<?xi32>)
      table(%t : tensor<9xf32>)
      outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @attend_c5_needs_table(%q: tensor<?x16xf32>, %k: tensor<?x16xf32>, %v: tensor<?x4xf32>, %off: tensor<?xi32>,
    %o: tensor<?x4xf32>) {
  // expected-error @below {{expected a table with bias rank, got none}}
  %r = seqc.attend softmax {left = 3 : i64, right = 0 : i64, scale = 1.0 : f32, bias = #seqc.bias_kind<rank>}
      ins(%q, %k, %v, %off : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x4xf32>, tensor<?xi32>)
      outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @attend_c5_table_rank(%q: tensor<?x16xf32>, %k: tensor<?x16xf32>, %v: tensor<?x4xf32>, %off: tensor<?xi32>,
    %o: tensor<?x4xf32>, %t: tensor<9x1xf32>) {
  // expected-error @below {{expected table of rank 1, got 'tensor<9x1xf32>'}}
  %r = seqc.attend softmax {left = 3 : i64, right = 0 : i64, scale = 1.0 : f32, bias = #seqc.bias_kind<rank>}
      ins(%q, %k, %v, %off : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x4xf32>, tensor<?xi32>)
      table(%t : tensor<9x1xf32>)
      outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @attend_c5_needs_positions(%q: tensor<?x16xf32>, %k: tensor<?x16xf32>, %v: tensor<?x4xf32>, %off: tensor<?xi32>,
    %o: tensor<?x4xf32>, %t: tensor<9xf32>) {
  // expected-error @below {{expected positions with bias position, got none}}
  %r = seqc.attend softmax {left = 3 : i64, right = 0 : i64, scale = 1.0 : f32, bias = #seqc.bias_kind<position>}
      ins(%q, %k, %v, %off : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x4xf32>, tensor<?xi32>)
      table(%t : tensor<9xf32>)
      outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @attend_c5_odd(%q: tensor<?x16xf32>, %k: tensor<?x16xf32>, %v: tensor<?x4xf32>, %off: tensor<?xi32>,
    %o: tensor<?x4xf32>, %pos: tensor<?xi32>, %t: tensor<8xf32>) {
  // expected-error @below {{expected an odd extent of table with bias position, got 8}}
  %r = seqc.attend softmax {left = 3 : i64, right = 0 : i64, scale = 1.0 : f32, bias = #seqc.bias_kind<position>}
      ins(%q, %k, %v, %off : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x4xf32>, tensor<?xi32>)
      positions(%pos : tensor<?xi32>)
      table(%t : tensor<8xf32>)
      outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @attend_c6_together(%q: tensor<?x16xf32>, %k: tensor<?x16xf32>, %v: tensor<?x4xf32>, %off: tensor<?xi32>, %pk: tensor<?x7x16xf32>, %o: tensor<?x4xf32>) {
  // expected-error @below {{expected past_key, past_value and past_count together, got some of them}}
  %r = "seqc.attend"(%q, %k, %v, %off, %pk, %o) <{left = 3 : i64, right = 0 : i64, scale = 1.0 : f32,
      score = 0 : i32, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0>}>
      : (tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x4xf32>, tensor<?xi32>, tensor<?x7x16xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @attend_c6_heads(%q: tensor<8x?x16xf32>, %k: tensor<2x?x16xf32>, %v: tensor<2x?x4xf32>, %off:
    tensor<?xi32>, %o: tensor<8x?x4xf32>, %pk: tensor<?x7x16xf32>, %pv: tensor<?x7x4xf32>,
    %pc: tensor<?xi32>) {
  // expected-error @below {{expected query of rank 2 with past, got 'tensor<8x?x16xf32>'}}
  %r = seqc.attend softmax {left = 3 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<8x?x16xf32>, tensor<2x?x16xf32>, tensor<2x?x4xf32>, tensor<?xi32>)
      past(%pk, %pv, %pc : tensor<?x7x16xf32>, tensor<?x7x4xf32>, tensor<?xi32>)
      outs(%o : tensor<8x?x4xf32>) -> tensor<8x?x4xf32>
  return
}

// -----

func.func @attend_c6_right(%q: tensor<?x16xf32>, %k: tensor<?x16xf32>, %v: tensor<?x4xf32>, %off: tensor<?xi32>,
    %o: tensor<?x4xf32>, %pk: tensor<?x7x16xf32>, %pv: tensor<?x7x4xf32>, %pc:
    tensor<?xi32>) {
  // expected-error @below {{expected right = 0 with past, got 1}}
  %r = seqc.attend softmax {left = 3 : i64, right = 1 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x4xf32>, tensor<?xi32>)
      past(%pk, %pv, %pc : tensor<?x7x16xf32>, tensor<?x7x4xf32>, tensor<?xi32>)
      outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @attend_c6_past_key_rank(%q: tensor<?x16xf32>, %k: tensor<?x16xf32>, %v: tensor<?x4xf32>, %off: tensor<?xi32>,
    %o: tensor<?x4xf32>, %pk: tensor<?x16xf32>, %pv: tensor<?x7x4xf32>, %pc: tensor<?xi32>)
    {
  // expected-error @below {{expected past_key of rank 3, got 'tensor<?x16xf32>'}}
  %r = seqc.attend softmax {left = 3 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x4xf32>, tensor<?xi32>)
      past(%pk, %pv, %pc : tensor<?x16xf32>, tensor<?x7x4xf32>, tensor<?xi32>)
      outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @attend_c6_past_key_extent(%q: tensor<?x16xf32>, %k: tensor<?x16xf32>, %v: tensor<?x4xf32>, %off: tensor<?xi32>,
    %o: tensor<?x4xf32>, %pk: tensor<?x7x8xf32>, %pv: tensor<?x7x4xf32>, %pc: tensor<?xi32>)
    {
  // expected-error @below {{expected past_key and key to agree in the extent of a shared axis, got 8 and 16}}
  %r = seqc.attend softmax {left = 3 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x4xf32>, tensor<?xi32>)
      past(%pk, %pv, %pc : tensor<?x7x8xf32>, tensor<?x7x4xf32>, tensor<?xi32>)
      outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @attend_c6_past_value_extent(%q: tensor<?x16xf32>, %k: tensor<?x16xf32>, %v: tensor<?x4xf32>, %off: tensor<?xi32>,
    %o: tensor<?x4xf32>, %pk: tensor<?x7x16xf32>, %pv: tensor<?x7x5xf32>, %pc:
    tensor<?xi32>) {
  // expected-error @below {{expected past_value and value to agree in the extent of a shared axis, got 5 and 4}}
  %r = seqc.attend softmax {left = 3 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x4xf32>, tensor<?xi32>)
      past(%pk, %pv, %pc : tensor<?x7x16xf32>, tensor<?x7x5xf32>, tensor<?xi32>)
      outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @attend_c6_capacity(%q: tensor<?x16xf32>, %k: tensor<?x16xf32>, %v: tensor<?x4xf32>, %off: tensor<?xi32>,
    %o: tensor<?x4xf32>, %pk: tensor<?x7x16xf32>, %pv: tensor<?x6x4xf32>, %pc:
    tensor<?xi32>) {
  // expected-error @below {{expected past_key and past_value to agree in the extent of a shared axis, got 7 and 6}}
  %r = seqc.attend softmax {left = 3 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x4xf32>, tensor<?xi32>)
      past(%pk, %pv, %pc : tensor<?x7x16xf32>, tensor<?x6x4xf32>, tensor<?xi32>)
      outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @attend_c6_past_count(%q: tensor<?x16xf32>, %k: tensor<?x16xf32>, %v: tensor<?x4xf32>, %off: tensor<?xi32>,
    %o: tensor<?x4xf32>, %pk: tensor<3x7x16xf32>, %pv: tensor<?x7x4xf32>, %pc:
    tensor<2xi32>) {
  // expected-error @below {{expected past_count and past_key to agree in the extent of a shared axis, got 2 and 3}}
  %r = seqc.attend softmax {left = 3 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x4xf32>, tensor<?xi32>)
      past(%pk, %pv, %pc : tensor<3x7x16xf32>, tensor<?x7x4xf32>, tensor<2xi32>)
      outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @attend_c6_sequences(%q: tensor<?x16xf32>, %k: tensor<?x16xf32>, %v: tensor<?x4xf32>, %off: tensor<3xi32>,
    %o: tensor<?x4xf32>, %pk: tensor<3x7x16xf32>, %pv: tensor<?x7x4xf32>, %pc:
    tensor<?xi32>) {
  // expected-error @below {{expected offsets to have one entry more than the 3 sequences of past_key, got 3}}
  %r = seqc.attend softmax {left = 3 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x4xf32>, tensor<3xi32>)
      past(%pk, %pv, %pc : tensor<3x7x16xf32>, tensor<?x7x4xf32>, tensor<?xi32>)
      outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @attend_c6_needs_past_positions(%q: tensor<?x16xf32>, %k: tensor<?x16xf32>, %v: tensor<?x4xf32>, %off: tensor<?xi32>,
    %o: tensor<?x4xf32>, %pos: tensor<?xi32>, %pk: tensor<?x7x16xf32>, %pv:
    tensor<?x7x4xf32>, %pc: tensor<?xi32>) {
  // expected-error @below {{expected past_positions with past and positions, got none}}
  %r = seqc.attend softmax {left = 3 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x4xf32>, tensor<?xi32>)
      positions(%pos : tensor<?xi32>)
      past(%pk, %pv, %pc : tensor<?x7x16xf32>, tensor<?x7x4xf32>, tensor<?xi32>)
      outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @attend_c6_past_positions_alone(%q: tensor<?x16xf32>, %k: tensor<?x16xf32>, %v: tensor<?x4xf32>, %off: tensor<?xi32>,
    %o: tensor<?x4xf32>, %pp: tensor<?x7xi32>) {
  // expected-error @below {{expected past_key with past_positions, got none}}
  %r = seqc.attend softmax {left = 3 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x4xf32>, tensor<?xi32>)
      past_positions(%pp : tensor<?x7xi32>)
      outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @attend_c6_past_positions_type(%q: tensor<?x16xf32>, %k: tensor<?x16xf32>, %v: tensor<?x4xf32>, %off: tensor<?xi32>,
    %o: tensor<?x4xf32>, %pk: tensor<?x7x16xf32>, %pv: tensor<?x7x4xf32>, %pc:
    tensor<?xi32>, %pp: tensor<?x7xf32>) {
  // expected-error @below {{expected past_positions of i32, got 'tensor<?x7xf32>'}}
  %r = seqc.attend softmax {left = 3 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x4xf32>, tensor<?xi32>)
      past(%pk, %pv, %pc : tensor<?x7x16xf32>, tensor<?x7x4xf32>, tensor<?xi32>)
      past_positions(%pp : tensor<?x7xf32>)
      outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @attend_c6_past_positions_rank(%q: tensor<?x16xf32>, %k: tensor<?x16xf32>, %v: tensor<?x4xf32>, %off: tensor<?xi32>,
    %o: tensor<?x4xf32>, %pk: tensor<?x7x16xf32>, %pv: tensor<?x7x4xf32>, %pc:
    tensor<?xi32>, %pp: tensor<?xi32>) {
  // expected-error @below {{expected past_positions of rank 2, got 'tensor<?xi32>'}}
  %r = seqc.attend softmax {left = 3 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x4xf32>, tensor<?xi32>)
      past(%pk, %pv, %pc : tensor<?x7x16xf32>, tensor<?x7x4xf32>, tensor<?xi32>)
      past_positions(%pp : tensor<?xi32>)
      outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @attend_c6_past_positions_extent(%q: tensor<?x16xf32>, %k: tensor<?x16xf32>, %v: tensor<?x4xf32>, %off: tensor<?xi32>,
    %o: tensor<?x4xf32>, %pk: tensor<?x7x16xf32>, %pv: tensor<?x7x4xf32>, %pc:
    tensor<?xi32>, %pp: tensor<?x6xi32>) {
  // expected-error @below {{expected past_positions and past_key to agree in the extent of a shared axis, got 6 and 7}}
  %r = seqc.attend softmax {left = 3 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x4xf32>, tensor<?xi32>)
      past(%pk, %pv, %pc : tensor<?x7x16xf32>, tensor<?x7x4xf32>, tensor<?xi32>)
      past_positions(%pp : tensor<?x6xi32>)
      outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @attend_c7_result(%q: tensor<?x16xf32>, %k: tensor<?x16xf32>, %v: tensor<?x4xf32>, %off: tensor<?xi32>,
    %o: tensor<?x4xf32>) {
  // expected-error @below {{expected type of operand #4 ('tensor<?x4xf32>') to match type of corresponding result ('tensor<5x4xf32>')}}
  %r = seqc.attend softmax {left = 3 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x4xf32>, tensor<?xi32>)
      outs(%o : tensor<?x4xf32>) -> tensor<5x4xf32>
  return
}

// -----

func.func @attend_c9_alone(%q: tensor<?x16xf32>, %k: tensor<?x16xf32>, %v: tensor<?x4xf32>, %off: tensor<?xi32>,
    %o: tensor<?x4xf32>, %m: tensor<?xf32>, %a: index) {
  // expected-error @below {{expected maximum and total together, got only one of them}}
  %r = "seqc.attend"(%q, %k, %v, %off, %o, %m) <{left = 3 : i64, right = 0 : i64,
      scale = 1.0 : f32, score = 0 : i32, table_origin = 0 : i64, bias = #seqc.bias_kind<none>,
      operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0>}> : (tensor<?x16xf32>, tensor<?x16xf32>,
      tensor<?x4xf32>, tensor<?xi32>, tensor<?x4xf32>, tensor<?xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @attend_c10_alone(%q: tensor<?x16xf32>, %k: tensor<?x16xf32>, %v: tensor<?x4xf32>, %off: tensor<?xi32>,
    %o: tensor<?x4xf32>, %m: tensor<?xf32>, %a: index) {
  // expected-error @below {{expected from and to together, got only one of them}}
  %r = "seqc.attend"(%q, %k, %v, %off, %o, %a) <{left = 3 : i64, right = 0 : i64,
      scale = 1.0 : f32, score = 0 : i32, table_origin = 0 : i64, bias = #seqc.bias_kind<none>,
      operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0>}> : (tensor<?x16xf32>, tensor<?x16xf32>,
      tensor<?x4xf32>, tensor<?xi32>, tensor<?x4xf32>, index) -> tensor<?x4xf32>
  return
}

// -----

func.func @attend_c9_score(%q: tensor<?x16xf32>, %k: tensor<?x16xf32>, %v: tensor<?x4xf32>, %off: tensor<?xi32>,
    %o: tensor<?x4xf32>, %m: tensor<?xf32>, %a: index) {
  // expected-error @below {{expected no maximum and total with relu, only softmax has them}}
  %r:3 = seqc.attend relu {left = 3 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x4xf32>, tensor<?xi32>)
      outs(%o : tensor<?x4xf32>) open(%m, %m : tensor<?xf32>, tensor<?xf32>) -> tensor<?x4xf32>, tensor<?xf32>, tensor<?xf32>
  return
}

// -----

func.func @attend_c9_rank(%q: tensor<?x16xf32>, %k: tensor<?x16xf32>, %v: tensor<?x4xf32>, %off: tensor<?xi32>,
    %o: tensor<?x4xf32>, %m: tensor<?xf32>, %a: index) {
  // expected-error @below {{expected maximum of rank 1, got 'tensor<?x4xf32>'}}
  %r:3 = seqc.attend softmax {left = 3 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x4xf32>, tensor<?xi32>)
      outs(%o : tensor<?x4xf32>) open(%o, %o : tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>
  return
}

// -----

func.func @attend_c9_extent(%q: tensor<5x16xf32>, %v: tensor<5x4xf32>, %off: tensor<?xi32>,
    %o: tensor<5x4xf32>, %m: tensor<5xf32>, %t: tensor<6xf32>) {
  // expected-error @below {{expected out and total to agree in the extent of a shared axis, got 5 and 6}}
  %r:3 = seqc.attend softmax {left = 3 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %q, %v, %off : tensor<5x16xf32>, tensor<5x16xf32>, tensor<5x4xf32>, tensor<?xi32>)
      outs(%o : tensor<5x4xf32>) open(%m, %t : tensor<5xf32>, tensor<6xf32>)
      -> tensor<5x4xf32>, tensor<5xf32>, tensor<6xf32>
  return
}

// -----

func.func @attend_c8_needs_positions(%q: tensor<?x16xf32>, %v: tensor<?x4xf32>, %off: tensor<?xi32>, %o:
    tensor<?x4xf32>) {
  // expected-error @below {{expected positions with by_position, got none}}
  %r = seqc.attend softmax {left = 3 : i64, right = 0 : i64, scale = 1.0 : f32, by_position}
      ins(%q, %q, %v, %off : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x4xf32>, tensor<?xi32>)
      outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}
