// RUN: seqc-opt %s --transform-interpreter --split-input-file | FileCheck %s
// What a tile reads; that it computes the same is asked in test/unit/TilingTest.cpp.

// scan_t2: a tile of rows starts from the states so far, and every sequence owns of
// it what it owns of these rows.
// CHECK-LABEL: @scan_t2_rows
// CHECK: scf.for %[[I:.*]] = {{.*}} iter_args(%[[O:.*]] = %{{.*}}, %[[H:.*]] = %{{.*}})
// CHECK: %[[X:.*]] = tensor.extract_slice %{{.*}}[%[[I]], 0] [%[[N:.*]], 8] [1, 1]
// CHECK: %[[OT:.*]] = tensor.extract_slice %[[O]][%[[I]], 0] [%[[N]], 8] [1, 1]
// CHECK: %[[CLIPPED:.*]] = linalg.generic
// CHECK: arith.subi
// CHECK: arith.maxsi
// CHECK: arith.minsi
// CHECK: seqc.scan {{.*}} inputs(%[[X]] : {{[^)]*}}) offsets(%[[CLIPPED]] : {{[^)]*}}) outs(%[[OT]] : {{[^)]*}})
#td = affine_map<(t, d, n) -> (t, d)>
func.func @scan_t2_rows(%x: tensor<?x8xf32>, %off: tensor<?xi32>, %o: tensor<?x8xf32>,
    %h0: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %y, %h1 = seqc.scan {maps = [#td, #td, affine_map<(t, d, n) -> (d)>], delays = array<i64: 0>}
      inputs(%x : tensor<?x8xf32>) offsets(%off : tensor<?xi32>)
      outs(%o : tensor<?x8xf32>) states(%h0 : tensor<?x8xf32>) {
  ^bb0(%xt: f32, %h: f32):
    %hn = arith.addf %h, %xt : f32
    seqc.yield %hn, %hn : f32, f32
  } -> tensor<?x8xf32>, tensor<?x8xf32>
  return %y, %h1 : tensor<?x8xf32>, tensor<?x8xf32>
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

// scatter_rows_t2: rows are cut, the destination is not.
// CHECK-LABEL: @scatter_rows_t2
// CHECK: scf.for %[[I:.*]] = {{.*}} iter_args(%[[O:.*]] = %{{.*}})
// CHECK: tensor.extract_slice %{{.*}}[%[[I]], 0] [%{{.*}}, 8] [1, 1]
// CHECK: tensor.extract_slice %{{.*}}[%[[I]]] [%{{.*}}] [1]
// CHECK: %[[ALL:.*]] = tensor.extract_slice %[[O]][0, 0] [%{{.*}}, 8] [1, 1]
// CHECK: seqc.scatter_rows add {{.*}} outs(%[[ALL]]
func.func @scatter_rows_t2(%x: tensor<?x8xf32>, %i: tensor<?xi32>, %o: tensor<?x8xf32>)
    -> tensor<?x8xf32> {
  %r = seqc.scatter_rows add ins(%x, %i : tensor<?x8xf32>, tensor<?xi32>)
      outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["seqc.scatter_rows"]} in %root : (!transform.any_op) -> !transform.any_op
    %t, %l = transform.structured.tile_using_for %op tile_sizes [16, 0]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// attend_t2: query head i reads key head i / 2.
// CHECK: #[[$HALF:.*]] = affine_map<()[s0] -> (s0 floordiv 2)>
// CHECK-LABEL: @attend_t2
// CHECK: scf.forall (%[[I:.*]]) in (4)
// CHECK: %[[G:.*]] = affine.apply #[[$HALF]]()[%[[I]]]
// CHECK: %[[K:.*]] = tensor.extract_slice %{{.*}}[%[[G]], 0, 0] [1, %{{.*}}, 4] [1, 1, 1]
// CHECK: %[[V:.*]] = tensor.extract_slice %{{.*}}[%[[G]], 0, 0] [1, %{{.*}}, 4] [1, 1, 1]
// CHECK: seqc.attend softmax {{.*}} ins(%{{[^,]*}}, %[[K]], %[[V]], %arg3
func.func @attend_t2(%q: tensor<4x?x4xf32>, %k: tensor<2x?x4xf32>, %v: tensor<2x?x4xf32>,
    %off: tensor<?xi32>, %o: tensor<4x?x4xf32>) -> tensor<4x?x4xf32> {
  %y = seqc.attend softmax {left = 2 : i64, right = 0 : i64, scale = 0.5 : f32}
      ins(%q, %k, %v, %off : tensor<4x?x4xf32>, tensor<2x?x4xf32>, tensor<2x?x4xf32>, tensor<?xi32>)
      outs(%o : tensor<4x?x4xf32>) -> tensor<4x?x4xf32>
  return %y : tensor<4x?x4xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["seqc.attend"]} in %root : (!transform.any_op) -> !transform.any_op
    %t, %l = transform.structured.tile_using_forall %op tile_sizes [1, 0]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
