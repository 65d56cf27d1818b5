// RUN: seqc-opt %s --split-input-file --seqc-partition --verify-diagnostics | FileCheck %s
// RUN: seqc-opt %S/Inputs/seqboat.mlir --seqc-pipeline-simplify --seqc-pipeline-fuse --seqc-pipeline-partition \
// RUN:   | FileCheck %s --check-prefix=MODEL

// Both layers share all kernels but the last row map (no norm follows it) and the
// first norm.
// MODEL-LABEL: func.func @prepare
// MODEL-SAME: {seqc.weight = "layers.0.delta"}
// MODEL-SAME: -> ({{.*}} {seqc.prepared = "layers.0.delta.prepared"}, tensor<1x16x32xf32> {seqc.prepared = "layers.0.hx.weight.panels"}
// MODEL: call @rows_map_4({{.*}}) {seqc.layer = "layers.0"}
// MODEL: call @rows_map_4({{.*}}) {seqc.layer = "layers.1"}
// MODEL-LABEL: func.func @forward
// MODEL-NOT: seqc.weight = "layers.0.hx.weight"
// MODEL-NOT: linalg.pack
// MODEL: call @rows_reduce(
// MODEL: call @channels_scan_16x4({{.*}}) {seqc.layer = "layers.0"}
// MODEL: call @rows_matmul_32_route(
// MODEL: call @serial_compress(
// MODEL: call @rows_gather_matmul_48(
// MODEL: call @queries_attend_softmax_16_matmul_16_scatter(
// MODEL: call @rows_norm(
// MODEL: call @channels_scan_16x4_1({{.*}}) {seqc.layer = "layers.1"}
// MODEL: call @rows_matmul_32_route(
// MODEL: call @serial_compress(
// MODEL: call @rows_gather_matmul_48(
// MODEL: call @queries_attend_softmax_16_matmul_16_scatter(
// MODEL: call @rows_map_16(
// MODEL-NOT: func.func private @rows_matmul_32_route_1
// MODEL: func.func private @rows_gather_matmul_48({{.*}}: tensor<?xi32> {bufferization.writable = false, seqc.increasing}
// MODEL: func.func private @queries_attend_softmax_16_matmul_16_scatter({{.*}}: tensor<?xi32> {bufferization.writable = false, seqc.increasing}

// Equal bodies are one function, whatever their layer; a different body of the
// same main ops takes a number.
// CHECK-LABEL: func.func @forward
// CHECK: %[[A:.*]] = call @rows_map_8(%{{.*}}, %{{.*}}) {seqc.layer = "layers.0"}
// CHECK: %[[B:.*]] = call @rows_map_8(%[[A]], %{{.*}}) {seqc.layer = "layers.1"}
// CHECK: call @rows_map_8_1(%[[B]]
// CHECK: func.func private @rows_map_8(%{{.*}}: tensor<?x8xf32> {bufferization.writable = false}, %[[O:.*]]: tensor<?x8xf32> {bufferization.writable = true}) -> tensor<?x8xf32> attributes {seqc.kernel}
// CHECK-NEXT: linalg.exp {{.*}} outs(%[[O]]
// CHECK-NEXT: return
// CHECK: func.func private @rows_map_8_1
// CHECK-NEXT: linalg.log
func.func @forward(%x: tensor<?x8xf32> {seqc.input = "x"}, %e: tensor<?x8xf32> {seqc.input = "e"}) -> (tensor<?x8xf32> {seqc.output = "y"}) {
  %a = seqc.kernel {layer = "layers.0"} ins(%x : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) {
  ^bb0(%i: tensor<?x8xf32>, %o: tensor<?x8xf32>):
    %r = linalg.exp ins(%i : tensor<?x8xf32>) outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
    seqc.yield %r : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  %b = seqc.kernel {layer = "layers.1"} ins(%a : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) {
  ^bb0(%i: tensor<?x8xf32>, %o: tensor<?x8xf32>):
    %r = linalg.exp ins(%i : tensor<?x8xf32>) outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
    seqc.yield %r : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  %c = seqc.kernel ins(%b : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) {
  ^bb0(%i: tensor<?x8xf32>, %o: tensor<?x8xf32>):
    %r = linalg.log ins(%i : tensor<?x8xf32>) outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
    seqc.yield %r : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  return %c : tensor<?x8xf32>
}

// -----

// expected-error@+1 {{expected a function @forward}}
module {
}

// -----

module {
  func.func @forward(%x: tensor<?x8xf32> {seqc.input = "x"}, %e: tensor<?x8xf32> {seqc.input = "e"}) -> tensor<?x8xf32> {
    // expected-error@+1 {{is outside any kernel}}
    %r = linalg.exp ins(%x : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
    return %r : tensor<?x8xf32>
  }
}

// -----

// Rows that a compress picked rise, those of a caller need not: a kernel that
// both calls is not told that they do.
// CHECK: func.func private @serial_compress
// CHECK-NOT: seqc.increasing
// CHECK: func.func private @rows_gather({{.*}}, %{{.*}}: tensor<?xi32> {bufferization.writable = false}
// CHECK: func.func private @rows_gather_1({{.*}}, %{{.*}}: tensor<?xi32> {bufferization.writable = false, seqc.increasing}
func.func @forward(%x: tensor<?x8xf32> {seqc.input = "x"}, %z: tensor<?x4xf32> {seqc.input = "z"}, %i: tensor<?xi32> {seqc.input = "i"},
                   %a: tensor<?xi32> {seqc.input = "a"}, %off: tensor<?xi32> {seqc.builtin = "offsets"})
    -> (tensor<?x8xf32> {seqc.output = "y"}, tensor<?x8xf32> {seqc.output = "w"}, tensor<?x4xf32> {seqc.output = "v"}) {
  %c:2 = seqc.kernel ins(%a, %off : tensor<?xi32>, tensor<?xi32>) outs(%a, %off : tensor<?xi32>, tensor<?xi32>) {
  ^bb0(%k: tensor<?xi32>, %o: tensor<?xi32>, %p: tensor<?xi32>, %q: tensor<?xi32>):
    %r:2 = seqc.compress ins(%k, %o : tensor<?xi32>, tensor<?xi32>) outs(%p, %q : tensor<?xi32>, tensor<?xi32>) -> tensor<?xi32>, tensor<?xi32>
    seqc.yield %r#0, %r#1 : tensor<?xi32>, tensor<?xi32>
  } -> tensor<?xi32>, tensor<?xi32>
  %g = seqc.kernel ins(%x, %i : tensor<?x8xf32>, tensor<?xi32>) outs(%x : tensor<?x8xf32>) {
  ^bb0(%s: tensor<?x8xf32>, %j: tensor<?xi32>, %o: tensor<?x8xf32>):
    %r = seqc.gather_rows ins(%s, %j : tensor<?x8xf32>, tensor<?xi32>) outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
    seqc.yield %r : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  %h = seqc.kernel ins(%x, %c#0 : tensor<?x8xf32>, tensor<?xi32>) outs(%x : tensor<?x8xf32>) {
  ^bb0(%s: tensor<?x8xf32>, %j: tensor<?xi32>, %o: tensor<?x8xf32>):
    %r = seqc.gather_rows ins(%s, %j : tensor<?x8xf32>, tensor<?xi32>) outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
    seqc.yield %r : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  %f = seqc.kernel ins(%z, %c#0 : tensor<?x4xf32>, tensor<?xi32>) outs(%z : tensor<?x4xf32>) {
  ^bb0(%s: tensor<?x4xf32>, %j: tensor<?xi32>, %o: tensor<?x4xf32>):
    %r = seqc.gather_rows ins(%s, %j : tensor<?x4xf32>, tensor<?xi32>) outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
    seqc.yield %r : tensor<?x4xf32>
  } -> tensor<?x4xf32>
  return %g, %h, %f : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x4xf32>
}
