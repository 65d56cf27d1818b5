// RUN: seqc-opt %s --transform-interpreter --split-input-file --verify-diagnostics

// scan_t2
#td = affine_map<(t, d, n) -> (t, d)>
func.func @scan_t2_reverse(%x: tensor<?x8xf32>, %off: tensor<?xi32>, %o: tensor<?x8xf32>)
    -> tensor<?x8xf32> {
  // expected-error @below {{expected a forward scan without delays to tile its rows}}
  // expected-error @below {{faild to tile operation}}
  // expected-error @below {{failed to generate tiling loops}}
  %y = seqc.scan {maps = [#td, #td], delays = array<i64: 0>, direction = #seqc.direction<reverse>}
      inputs(%x : tensor<?x8xf32>) offsets(%off : tensor<?xi32>) outs(%o : tensor<?x8xf32>) {
  ^bb0(%xt: f32):
    seqc.yield %xt : f32
  } -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["seqc.scan"]} in %root : (!transform.any_op) -> !transform.any_op
    %t, %l = transform.structured.tile_using_for %op tile_sizes [0, 16]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// scan_t2
#td = affine_map<(t, d, n) -> (t, d)>
func.func @scan_t2_delays(%x: tensor<?x8xf32>, %off: tensor<?xi32>, %o: tensor<?x8xf32>)
    -> tensor<?x8xf32> {
  // expected-error @below {{expected a forward scan without delays to tile its rows}}
  // expected-error @below {{faild to tile operation}}
  // expected-error @below {{failed to generate tiling loops}}
  %y = seqc.scan {maps = [#td, #td], delays = array<i64: 1>}
      inputs(%x : tensor<?x8xf32>) offsets(%off : tensor<?xi32>) outs(%o : tensor<?x8xf32>) {
  ^bb0(%xt: f32):
    seqc.yield %xt : f32
  } -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["seqc.scan"]} in %root : (!transform.any_op) -> !transform.any_op
    %t, %l = transform.structured.tile_using_for %op tile_sizes [0, 16]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// attend_t2
func.func @attend_t2_shared(%q: tensor<4x?x4xf32>, %k: tensor<2x?x4xf32>, %v: tensor<2x?x4xf32>,
    %off: tensor<?xi32>, %o: tensor<4x?x4xf32>) -> tensor<4x?x4xf32> {
  // expected-error @below {{expected tiles of one head, since 2 heads share a key head, got tiles of 2}}
  // expected-error @below {{faild to tile operation}}
  // expected-error @below {{failed to generate tiling loops}}
  %y = seqc.attend softmax {left = 2 : i64, right = 0 : i64, scale = 0.5 : f32}
      ins(%q, %k, %v, %off : tensor<4x?x4xf32>, tensor<2x?x4xf32>, tensor<2x?x4xf32>, tensor<?xi32>)
      outs(%o : tensor<4x?x4xf32>) -> tensor<4x?x4xf32>
  return %y : tensor<4x?x4xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["seqc.attend"]} in %root : (!transform.any_op) -> !transform.any_op
    %t, %l = transform.structured.tile_using_for %op tile_sizes [2, 0]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// attend_t2
func.func @attend_t2_ragged(%q: tensor<4x?x4xf32>, %k: tensor<4x?x4xf32>, %v: tensor<4x?x4xf32>,
    %off: tensor<?xi32>, %o: tensor<4x?x4xf32>) -> tensor<4x?x4xf32> {
  // expected-error @below {{expected tiles of a static number of heads}}
  // expected-error @below {{faild to tile operation}}
  // expected-error @below {{failed to generate tiling loops}}
  %y = seqc.attend softmax {left = 2 : i64, right = 0 : i64, scale = 0.5 : f32}
      ins(%q, %k, %v, %off : tensor<4x?x4xf32>, tensor<4x?x4xf32>, tensor<4x?x4xf32>, tensor<?xi32>)
      outs(%o : tensor<4x?x4xf32>) -> tensor<4x?x4xf32>
  return %y : tensor<4x?x4xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["seqc.attend"]} in %root : (!transform.any_op) -> !transform.any_op
    %t, %l = transform.structured.tile_using_for %op tile_sizes [3, 0]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// scatter_rows_t2: a tile of rows gives no tile of rows of the result.
func.func @scatter_rows_t2_read(%x: tensor<?x8xf32>, %i: tensor<?xi32>, %o: tensor<?x8xf32>)
    -> tensor<?x8xf32> {
  // expected-error @below {{expected tiles with all of axis 0 of result 0, over which no loop runs}}
  %r = seqc.scatter_rows set ins(%x, %i : tensor<?x8xf32>, tensor<?xi32>)
      outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  %c = linalg.exp ins(%r : tensor<?x8xf32>) outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %c : tensor<?x8xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["linalg.exp"]} in %root : (!transform.any_op) -> !transform.any_op
    %t, %l = transform.structured.fuse %op tile_sizes [16, 0]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// attend_t3
func.func @attend_t3_full(%q: tensor<?x4xf32>, %k: tensor<?x4xf32>, %v: tensor<?x4xf32>,
    %off: tensor<?xi32>, %o: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // expected-error @below {{expected tiles with all keys, or a partial reduction}}
  // expected-error @below {{faild to tile operation}}
  // expected-error @below {{failed to generate tiling loops}}
  %y = seqc.attend softmax {left = 2 : i64, right = 0 : i64, scale = 0.5 : f32}
      ins(%q, %k, %v, %off : tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?xi32>)
      outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["seqc.attend"]} in %root : (!transform.any_op) -> !transform.any_op
    %t, %l = transform.structured.tile_using_for %op tile_sizes [0, 16]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// attend_t3
func.func @attend_t3_serial(%q: tensor<?x4xf32>, %k: tensor<?x4xf32>, %v: tensor<?x4xf32>,
    %off: tensor<?xi32>, %o: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // expected-error @below {{expected the parts of the keys in a parallel loop}}
  // expected-error @below {{faild to tile operation}}
  // expected-error @below {{failed to generate tiling loops}}
  %y = seqc.attend softmax {left = 2 : i64, right = 0 : i64, scale = 0.5 : f32}
      ins(%q, %k, %v, %off : tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?xi32>)
      outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["seqc.attend"]} in %root : (!transform.any_op) -> !transform.any_op
    // expected-error @below {{failed to tile using partial reduction}}
    %a, %b, %c, %d = transform.structured.tile_reduction_using_for %op by tile_sizes = [0, 16]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// attend_t3
func.func @attend_t3_twice(%q: tensor<?x4xf32>, %k: tensor<?x4xf32>, %v: tensor<?x4xf32>,
    %off: tensor<?xi32>, %o: tensor<?x4xf32>, %a: index, %b: index) -> tensor<?x4xf32> {
  // expected-error @below {{expected all keys to make parts of, got a part}}
  %y = seqc.attend softmax {left = 2 : i64, right = 0 : i64, scale = 0.5 : f32}
      ins(%q, %k, %v, %off : tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?xi32>)
      keys(%a to %b) outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["seqc.attend"]} in %root : (!transform.any_op) -> !transform.any_op
    // expected-error @below {{could not tile reduction}}
    %a, %b, %c, %d = transform.structured.tile_reduction_using_forall %op by tile_sizes = [0, 16]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}
