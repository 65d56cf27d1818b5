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
// MODEL: call @rows_norm(
// MODEL: call @channels_scan_16x4({{.*}}) {seqc.layer = "layers.0"}
// MODEL: call @rows_matmul_32_route(
// MODEL: call @serial_compress(
// MODEL: call @rows_gather_matmul_48(
// MODEL: call @queries_attend_softmax_16_matmul_16_scatter(
// MODEL: call @rows_norm_1(
// MODEL: call @channels_scan_16x4({{.*}}) {seqc.layer = "layers.1"}
// MODEL: call @rows_matmul_32_route(
// MODEL: call @serial_compress(
// MODEL: call @rows_gather_matmul_48(
// MODEL: call @queries_attend_softmax_16_matmul_16_scatter(
// MODEL: call @rows_map_16(
// MODEL-NOT: func.func private @channels_scan_16x4_1

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
