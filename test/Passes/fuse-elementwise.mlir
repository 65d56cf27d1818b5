// RUN: seqc-opt %s --seqc-fuse-elementwise | FileCheck %s
// Elementwise ops that feed each other become one.

#id = affine_map<(m, n) -> (m, n)>
#row = affine_map<(m, n) -> (m)>
#first = affine_map<(m, n) -> (0, n)>

// CHECK-LABEL: @chain
// CHECK: linalg.generic {{.*}} ins(%arg0, %arg1 : {{.*}}) outs(%arg2 :
// CHECK: math.exp
// CHECK: arith.mulf
// CHECK: arith.addf
// CHECK-NOT: linalg.generic
func.func private @chain(%x: tensor<?x8xf32>, %g: tensor<2x8xf32>, %o: tensor<?x8xf32>)
    -> tensor<?x8xf32> attributes {seqc.kernel} {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%n) : tensor<?x8xf32>
  %a = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) {
  ^bb0(%v: f32, %out: f32):
    %r = math.exp %v : f32
    linalg.yield %r : f32
  } -> tensor<?x8xf32>
  %b = linalg.generic {indexing_maps = [#id, #first, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a, %g : tensor<?x8xf32>, tensor<2x8xf32>) outs(%e : tensor<?x8xf32>) {
  ^bb0(%v: f32, %w: f32, %out: f32):
    %r = arith.mulf %v, %w : f32
    linalg.yield %r : f32
  } -> tensor<?x8xf32>
  %c = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%b : tensor<?x8xf32>) outs(%o : tensor<?x8xf32>) {
  ^bb0(%v: f32, %out: f32):
    %r = arith.addf %v, %v : f32
    linalg.yield %r : f32
  } -> tensor<?x8xf32>
  return %c : tensor<?x8xf32>
}

// A value per row stays apart: it would be computed for each column.
// CHECK-LABEL: @per_row
// CHECK: linalg.generic
// CHECK: math.rsqrt
// CHECK: linalg.generic
// CHECK-NOT: math.rsqrt
func.func private @per_row(%x: tensor<?x8xf32>, %s: tensor<?xf32>, %o: tensor<?x8xf32>)
    -> tensor<?x8xf32> attributes {seqc.kernel} {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%n) : tensor<?xf32>
  %a = linalg.generic {indexing_maps = [affine_map<(m) -> (m)>, affine_map<(m) -> (m)>],
      iterator_types = ["parallel"]} ins(%s : tensor<?xf32>) outs(%e : tensor<?xf32>) {
  ^bb0(%v: f32, %out: f32):
    %r = math.rsqrt %v : f32
    linalg.yield %r : f32
  } -> tensor<?xf32>
  %b = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %a : tensor<?x8xf32>, tensor<?xf32>) outs(%o : tensor<?x8xf32>) {
  ^bb0(%v: f32, %w: f32, %out: f32):
    %r = arith.mulf %v, %w : f32
    linalg.yield %r : f32
  } -> tensor<?x8xf32>
  return %b : tensor<?x8xf32>
}

// Two readers: done once.
// CHECK-LABEL: @two_readers
// CHECK: math.exp
// CHECK-NOT: math.exp
func.func private @two_readers(%x: tensor<?x8xf32>, %o0: tensor<?x8xf32>, %o1: tensor<?x8xf32>)
    -> (tensor<?x8xf32>, tensor<?x8xf32>) attributes {seqc.kernel} {
  %a = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x8xf32>) outs(%o0 : tensor<?x8xf32>) {
  ^bb0(%v: f32, %out: f32):
    %r = math.exp %v : f32
    linalg.yield %r : f32
  } -> tensor<?x8xf32>
  %b = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a : tensor<?x8xf32>) outs(%o1 : tensor<?x8xf32>) {
  ^bb0(%v: f32, %out: f32):
    %r = arith.addf %v, %v : f32
    linalg.yield %r : f32
  } -> tensor<?x8xf32>
  return %a, %b : tensor<?x8xf32>, tensor<?x8xf32>
}
