// RUN: seqc-opt %s --seqc-sink-slices | FileCheck %s
// Elementwise ops whose results are only split are done part by part.

#id = affine_map<(m, n) -> (m, n)>
#col = affine_map<(m, n) -> (n)>

// Both ops of the chain are split, and the operand that runs over the columns.
// CHECK-LABEL: @chain
// CHECK-DAG: %[[X0:.*]] = tensor.extract_slice %arg0[0, 0] [%{{.*}}, 32]
// CHECK-DAG: %[[X1:.*]] = tensor.extract_slice %arg0[0, 32] [%{{.*}}, 64]
// CHECK-DAG: %[[B0:.*]] = tensor.extract_slice %arg1[0] [32] [1]
// CHECK-DAG: %[[B1:.*]] = tensor.extract_slice %arg1[32] [64] [1]
// CHECK-DAG: %[[S0:.*]] = linalg.generic {{.*}} ins(%[[X0]], %[[B0]] :
// CHECK-DAG: %[[S1:.*]] = linalg.generic {{.*}} ins(%[[X1]], %[[B1]] :
// CHECK-DAG: %[[E0:.*]] = linalg.generic {{.*}} ins(%[[S0]] : tensor<?x32xf32>)
// CHECK-DAG: %[[E1:.*]] = linalg.generic {{.*}} ins(%[[S1]] : tensor<?x64xf32>)
// CHECK-DAG: linalg.copy ins(%[[E0]] :
// CHECK-DAG: linalg.copy ins(%[[E1]] :
func.func private @chain(%x: tensor<?x96xf32>, %b: tensor<96xf32>, %o0: tensor<?x32xf32>,
    %o1: tensor<?x64xf32>) -> (tensor<?x32xf32>, tensor<?x64xf32>) attributes {seqc.kernel} {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x96xf32>
  %e = tensor.empty(%n) : tensor<?x96xf32>
  %s = linalg.generic {indexing_maps = [#id, #col, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %b : tensor<?x96xf32>, tensor<96xf32>) outs(%e : tensor<?x96xf32>) {
  ^bb0(%a: f32, %c: f32, %out: f32):
    %r = arith.addf %a, %c : f32
    linalg.yield %r : f32
  } -> tensor<?x96xf32>
  %t = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%s : tensor<?x96xf32>) outs(%e : tensor<?x96xf32>) {
  ^bb0(%a: f32, %out: f32):
    %r = math.exp %a : f32
    linalg.yield %r : f32
  } -> tensor<?x96xf32>
  %t0 = tensor.extract_slice %t[0, 0] [%n, 32] [1, 1] : tensor<?x96xf32> to tensor<?x32xf32>
  %t1 = tensor.extract_slice %t[0, 32] [%n, 64] [1, 1] : tensor<?x96xf32> to tensor<?x64xf32>
  %r0 = linalg.copy ins(%t0 : tensor<?x32xf32>) outs(%o0 : tensor<?x32xf32>) -> tensor<?x32xf32>
  %r1 = linalg.copy ins(%t1 : tensor<?x64xf32>) outs(%o1 : tensor<?x64xf32>) -> tensor<?x64xf32>
  return %r0, %r1 : tensor<?x32xf32>, tensor<?x64xf32>
}

// Not split: columns 16 to 32 would be computed twice.
// CHECK-LABEL: @overlap
// CHECK: %[[T:.*]] = linalg.generic {{.*}} ins(%arg0 : tensor<?x96xf32>)
// CHECK: tensor.extract_slice %[[T]]
// CHECK: tensor.extract_slice %[[T]]
func.func private @overlap(%x: tensor<?x96xf32>, %o0: tensor<?x32xf32>, %o1: tensor<?x32xf32>)
    -> (tensor<?x32xf32>, tensor<?x32xf32>) attributes {seqc.kernel} {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x96xf32>
  %e = tensor.empty(%n) : tensor<?x96xf32>
  %t = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x96xf32>) outs(%e : tensor<?x96xf32>) {
  ^bb0(%a: f32, %out: f32):
    %r = math.exp %a : f32
    linalg.yield %r : f32
  } -> tensor<?x96xf32>
  %t0 = tensor.extract_slice %t[0, 0] [%n, 32] [1, 1] : tensor<?x96xf32> to tensor<?x32xf32>
  %t1 = tensor.extract_slice %t[0, 16] [%n, 32] [1, 1] : tensor<?x96xf32> to tensor<?x32xf32>
  %r0 = linalg.copy ins(%t0 : tensor<?x32xf32>) outs(%o0 : tensor<?x32xf32>) -> tensor<?x32xf32>
  %r1 = linalg.copy ins(%t1 : tensor<?x32xf32>) outs(%o1 : tensor<?x32xf32>) -> tensor<?x32xf32>
  return %r0, %r1 : tensor<?x32xf32>, tensor<?x32xf32>
}

// Not split: the whole result is wanted too.
// CHECK-LABEL: @also_whole
// CHECK: %[[T:.*]] = linalg.generic {{.*}} ins(%arg0 : tensor<?x96xf32>)
// CHECK: tensor.extract_slice %[[T]]
func.func private @also_whole(%x: tensor<?x96xf32>, %o0: tensor<?x32xf32>, %o1: tensor<?x96xf32>)
    -> (tensor<?x32xf32>, tensor<?x96xf32>) attributes {seqc.kernel} {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x96xf32>
  %e = tensor.empty(%n) : tensor<?x96xf32>
  %t = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x96xf32>) outs(%e : tensor<?x96xf32>) {
  ^bb0(%a: f32, %out: f32):
    %r = math.exp %a : f32
    linalg.yield %r : f32
  } -> tensor<?x96xf32>
  %t0 = tensor.extract_slice %t[0, 0] [%n, 32] [1, 1] : tensor<?x96xf32> to tensor<?x32xf32>
  %r0 = linalg.copy ins(%t0 : tensor<?x32xf32>) outs(%o0 : tensor<?x32xf32>) -> tensor<?x32xf32>
  return %r0, %t : tensor<?x32xf32>, tensor<?x96xf32>
}
