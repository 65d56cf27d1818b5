// RUN: seqc-opt %s --seqc-decompose --split-input-file --verify-diagnostics | FileCheck %s
// Norm, route and named linalg ops become generics.

// CHECK-DAG: #[[$SCALAR:.*]] = affine_map<(d0, d1) -> (0)>
// CHECK-DAG: #[[$SKIP:.*]] = affine_map<(d0) -> (d0, 0)>
// CHECK-DAG: #[[$TAKE:.*]] = affine_map<(d0) -> (d0, 1)>

// Two passes over the row: mean first, then squares of the distance from it.
// CHECK-LABEL: @layer
// CHECK-NOT: seqc.norm
// CHECK: %[[SUM:.*]] = linalg.generic {{.*}}["parallel", "reduction"]} ins(%[[X:.*]] : tensor<?x64xf32>)
// CHECK: %[[MEAN:.*]] = linalg.generic {{.*}} ins(%[[SUM]] : tensor<?xf32>)
// CHECK: %[[SQUARES:.*]] = linalg.generic {{.*}} ins(%[[X]], %[[MEAN]] :
// CHECK: arith.subf
// CHECK: %[[RSTD:.*]] = linalg.generic {{.*}} ins(%[[SQUARES]] : tensor<?xf32>)
// CHECK: math.rsqrt
// CHECK: linalg.generic {{.*}} ins(%[[X]], %[[RSTD]], %[[MEAN]], %arg1, %arg2 : {{.*}}) outs(%arg3
// CHECK-NOT: math.rsqrt
func.func private @layer(%x: tensor<?x64xf32>, %g: tensor<64xf32>, %b: tensor<64xf32>,
    %o: tensor<?x64xf32>) -> tensor<?x64xf32> attributes {seqc.kernel} {
  %r = seqc.norm layer {eps = 1.0e-05 : f32} ins(%x : tensor<?x64xf32>) gain(%g : tensor<64xf32>)
      bias(%b : tensor<64xf32>) outs(%o : tensor<?x64xf32>) -> tensor<?x64xf32>
  return %r : tensor<?x64xf32>
}

// No mean; the gain is one number, offset by 1.
// CHECK-LABEL: @scale
// CHECK-NOT: arith.subf
// CHECK: linalg.generic {indexing_maps = [#{{.*}}, #{{.*}}, #[[$SCALAR]], #{{.*}}]
// CHECK: ^bb0(%[[V:.*]]: f32, %[[S:.*]]: f32, %[[G:.*]]: f32, %{{.*}}: f32):
// CHECK: %[[N:.*]] = arith.mulf %[[V]], %[[S]]
// CHECK: %[[GAIN:.*]] = arith.addf %[[G]], %{{.*}}
// CHECK: arith.mulf %[[N]], %[[GAIN]]
func.func private @scale(%x: tensor<?x64xf32>, %g: tensor<1xf32>, %o: tensor<?x64xf32>)
    -> tensor<?x64xf32> attributes {seqc.kernel} {
  %r = seqc.norm scale {eps = 1.0e-05 : f32, unit_offset} ins(%x : tensor<?x64xf32>)
      gain(%g : tensor<1xf32>) outs(%o : tensor<?x64xf32>) -> tensor<?x64xf32>
  return %r : tensor<?x64xf32>
}

// An ordered comparison: NaN skips.
// CHECK-LABEL: @route
// CHECK: linalg.generic {indexing_maps = [#[[$SKIP]], #[[$TAKE]],
// CHECK: arith.cmpf ogt
// CHECK: linalg.generic {indexing_maps = [#[[$SKIP]], #[[$TAKE]],
// CHECK: math.absf
// CHECK: math.exp
// CHECK: arith.divf
func.func private @route(%u: tensor<?x2xf32>, %b: tensor<1xf32>, %it: tensor<1xf32>,
    %a: tensor<?xi32>, %c: tensor<?xf32>) -> (tensor<?xi32>, tensor<?xf32>)
    attributes {seqc.kernel} {
  %r:2 = seqc.route ins(%u, %b, %it : tensor<?x2xf32>, tensor<1xf32>, tensor<1xf32>)
      outs(%a, %c : tensor<?xi32>, tensor<?xf32>) -> tensor<?xi32>, tensor<?xf32>
  return %r#0, %r#1 : tensor<?xi32>, tensor<?xf32>
}

// Named ops of the tile level keep their names, others do not.
// CHECK-LABEL: @named
// CHECK: linalg.fill
// CHECK-NOT: linalg.exp
// CHECK: math.exp
func.func private @named(%o: tensor<?x64xf32>) -> tensor<?x64xf32> attributes {seqc.kernel} {
  %one = arith.constant 1.0 : f32
  %f = linalg.fill ins(%one : f32) outs(%o : tensor<?x64xf32>) -> tensor<?x64xf32>
  %r = linalg.exp ins(%f : tensor<?x64xf32>) outs(%f : tensor<?x64xf32>) -> tensor<?x64xf32>
  return %r : tensor<?x64xf32>
}

// -----

func.func private @dynamic_columns(%x: tensor<?x?xf32>, %o: tensor<?x?xf32>) -> tensor<?x?xf32>
    attributes {seqc.kernel} {
  // expected-error @below {{expected a static last extent in order to decompose, got 'tensor<?x?xf32>'}}
  // expected-error @below {{expected a decomposition into linalg, got none}}
  %r = seqc.norm rms {eps = 1.0e-05 : f32} ins(%x : tensor<?x?xf32>) outs(%o : tensor<?x?xf32>)
      -> tensor<?x?xf32>
  return %r : tensor<?x?xf32>
}
