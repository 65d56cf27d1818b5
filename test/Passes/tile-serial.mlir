// RUN: seqc-opt %s --seqc-tile-serial | FileCheck %s
// Kernels that cannot be divided become one task, which canonicalisation keeps.
// RUN: seqc-opt %s --seqc-tile-serial --canonicalize | FileCheck %s --check-prefix=KEPT
// KEPT: scf.forall
// KEPT: scf.forall

// CHECK-LABEL: @compress
// CHECK: scf.forall (%{{.*}}) in (1) shared_outs(%[[I:.*]] = %arg2, %[[P:.*]] = %arg3)
// CHECK: %[[R:.*]]:2 = seqc.compress ins(%arg0, %arg1 : {{.*}}) outs(%[[I]], %[[P]] : {{.*}})
// CHECK: tensor.parallel_insert_slice %[[R]]#0 into %[[I]][0]
// CHECK: tensor.parallel_insert_slice %[[R]]#1 into %[[P]][0]
// CHECK: mapping = [#seqc.tasks]
func.func private @compress(%a: tensor<?xi32>, %off: tensor<?xi32>, %ii: tensor<?xi32>,
    %oi: tensor<?xi32>) -> (tensor<?xi32>, tensor<?xi32>) attributes {seqc.kernel} {
  %r:2 = seqc.compress ins(%a, %off : tensor<?xi32>, tensor<?xi32>)
      outs(%ii, %oi : tensor<?xi32>, tensor<?xi32>) -> tensor<?xi32>, tensor<?xi32>
  return %r#0, %r#1 : tensor<?xi32>, tensor<?xi32>
}

// CHECK-LABEL: @ring_push
// CHECK: scf.forall
// CHECK: seqc.ring_push
func.func private @ring_push(%k: tensor<?x32xf32>, %off: tensor<?xi32>, %n: tensor<?xi32>,
    %ring: tensor<?x64x32xf32>) -> tensor<?x64x32xf32> attributes {seqc.kernel} {
  %r = seqc.ring_push ins(%k, %off, %n : tensor<?x32xf32>, tensor<?xi32>, tensor<?xi32>)
      outs(%ring : tensor<?x64x32xf32>) -> tensor<?x64x32xf32>
  return %r : tensor<?x64x32xf32>
}

// Functions that are no kernels are left alone.
// CHECK-LABEL: @not_a_kernel
// CHECK-NOT: scf.forall
func.func private @not_a_kernel(%x: tensor<?x32xf32>, %off: tensor<?xi32>, %o: tensor<?x32xf32>)
    -> tensor<?x32xf32> {
  %y = seqc.pool mean ins(%x, %off : tensor<?x32xf32>, tensor<?xi32>)
      outs(%o : tensor<?x32xf32>) -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}
