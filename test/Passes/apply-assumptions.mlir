// RUN: seqc-opt %s --split-input-file --seqc-apply-assumptions --canonicalize | FileCheck %s

// An extent that is assumed is a constant; the signature stays.
// CHECK-LABEL: @one_row
// CHECK-SAME: %{{.*}}: tensor<?x8xf32>, %[[O:.*]]: tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: tensor.empty() : tensor<1x8xf32>
func.func private @one_row(%x: tensor<?x8xf32>, %o: tensor<?x8xf32>) -> tensor<?x8xf32>
    attributes {seqc.kernel, seqc.assume = [#seqc.fact<equals arg1[0], 1>]} {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %o, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%n) : tensor<?x8xf32>
  %a = linalg.exp ins(%x : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  %b = linalg.tanh ins(%a : tensor<?x8xf32>) outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %b : tensor<?x8xf32>
}

// -----

// All rows in order are the source itself, copied where they leave the kernel.
// CHECK-LABEL: @all_rows
// CHECK-SAME: %[[X:.*]]: tensor<?x8xf32>, %{{.*}}: tensor<?xi32> {seqc.increasing}, %[[P:.*]]: tensor<?xi32>, %[[O:.*]]: tensor<?x8xf32>, %[[Q:.*]]: tensor<?xi32>)
// CHECK-NOT: seqc.gather_rows
// CHECK: linalg.exp ins(%[[X]] : tensor<?x8xf32>) outs(%[[O]] : tensor<?x8xf32>)
// CHECK: linalg.copy ins(%[[P]] : tensor<?xi32>) outs(%[[Q]] : tensor<?xi32>)
func.func private @all_rows(%x: tensor<?x8xf32>, %i: tensor<?xi32> {seqc.increasing}, %p: tensor<?xi32>,
                            %o: tensor<?x8xf32>, %q: tensor<?xi32>) -> (tensor<?x8xf32>, tensor<?xi32>)
    attributes {seqc.kernel, seqc.assume = [#seqc.fact<same arg3[0], arg0[0]>, #seqc.fact<same arg4[0], arg2[0]>]} {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %o, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%n) : tensor<?x8xf32>
  %g = seqc.gather_rows ins(%x, %i : tensor<?x8xf32>, tensor<?xi32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  %y = linalg.exp ins(%g : tensor<?x8xf32>) outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  %z = seqc.gather_rows ins(%p, %i : tensor<?xi32>, tensor<?xi32>) outs(%q : tensor<?xi32>) -> tensor<?xi32>
  return %y, %z : tensor<?x8xf32>, tensor<?xi32>
}

// -----

// As many rows in any order are no identity.
// CHECK-LABEL: @any_order
// CHECK: seqc.gather_rows
// CHECK: seqc.scatter_rows
func.func private @any_order(%x: tensor<?x8xf32>, %i: tensor<?xi32>, %o: tensor<?x8xf32>, %q: tensor<?x8xf32>)
    -> (tensor<?x8xf32>, tensor<?x8xf32>)
    attributes {seqc.kernel, seqc.assume = [#seqc.fact<same arg2[0], arg0[0]>, #seqc.fact<same arg2[0], arg3[0]>]} {
  %g = seqc.gather_rows ins(%x, %i : tensor<?x8xf32>, tensor<?xi32>) outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  %s = seqc.scatter_rows set ins(%g, %i : tensor<?x8xf32>, tensor<?xi32>) outs(%q : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %g, %s : tensor<?x8xf32>, tensor<?x8xf32>
}

// -----

// Rising, but fewer: another extent is assumed to be equal.
// CHECK-LABEL: @fewer
// CHECK: seqc.gather_rows
func.func private @fewer(%x: tensor<?x8xf32>, %i: tensor<?xi32> {seqc.increasing}, %y: tensor<?x8xf32>, %o: tensor<?x8xf32>)
    -> tensor<?x8xf32> attributes {seqc.kernel, seqc.assume = [#seqc.fact<same arg0[0], arg2[0]>]} {
  %g = seqc.gather_rows ins(%x, %i : tensor<?x8xf32>, tensor<?xi32>) outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %g : tensor<?x8xf32>
}

// -----

// Scattered rows are added where they are, with the scale of their row.
// CHECK-LABEL: @scatter
// CHECK-SAME: %[[X:.*]]: tensor<?x8xf32>, %{{.*}}: tensor<?xi32> {seqc.increasing}, %[[S:.*]]: tensor<?xf32>, %[[O:.*]]: tensor<?x8xf32>)
// CHECK: linalg.generic {{.*}} ins(%[[X]], %[[S]] : tensor<?x8xf32>, tensor<?xf32>) outs(%[[O]] : tensor<?x8xf32>)
// CHECK-NEXT: ^bb0(%[[A:.*]]: f32, %[[B:.*]]: f32, %[[C:.*]]: f32)
// CHECK-NEXT: %[[M:.*]] = arith.mulf %[[A]], %[[B]]
// CHECK-NEXT: arith.addf %[[C]], %[[M]]
func.func private @scatter(%x: tensor<?x8xf32>, %i: tensor<?xi32> {seqc.increasing}, %s: tensor<?xf32>, %o: tensor<?x8xf32>)
    -> tensor<?x8xf32> attributes {seqc.kernel, seqc.assume = [#seqc.fact<same arg0[0], arg3[0]>]} {
  %y = seqc.scatter_rows add ins(%x, %i : tensor<?x8xf32>, tensor<?xi32>) scale(%s : tensor<?xf32>)
      outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

// Nothing carried: no past, and the window of 64 keys does not bind.
// CHECK-LABEL: @no_past
// CHECK: seqc.attend softmax {left = -1 : i64, right = 0 : i64
// CHECK-NOT: past(
func.func private @no_past(%q: tensor<?x8xf32>, %k: tensor<?x8xf32>, %v: tensor<?x16xf32>, %off: tensor<?xi32>,
                           %pk: tensor<?x64x8xf32>, %pv: tensor<?x64x16xf32>, %pc: tensor<?xi32>, %o: tensor<?x16xf32>)
    -> tensor<?x16xf32>
    attributes {seqc.kernel, seqc.assume = [#seqc.fact<zero arg6>, #seqc.fact<longest arg3, 65>]} {
  %y = seqc.attend softmax {left = 64 : i64, right = 0 : i64, scale = 0.5 : f32}
      ins(%q, %k, %v, %off : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x16xf32>, tensor<?xi32>)
      past(%pk, %pv, %pc : tensor<?x64x8xf32>, tensor<?x64x16xf32>, tensor<?xi32>)
      outs(%o : tensor<?x16xf32>) -> tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}

// -----

// One row more, and the last query does not see the first key; carried keys may
// be out of the window however short the sequences of a call are.
// CHECK-LABEL: @window_binds
// CHECK: left = 64
func.func private @window_binds(%q: tensor<?x8xf32>, %k: tensor<?x8xf32>, %v: tensor<?x16xf32>, %off: tensor<?xi32>,
                                %o: tensor<?x16xf32>) -> tensor<?x16xf32>
    attributes {seqc.kernel, seqc.assume = [#seqc.fact<longest arg3, 66>]} {
  %y = seqc.attend softmax {left = 64 : i64, right = 0 : i64, scale = 0.5 : f32}
      ins(%q, %k, %v, %off : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x16xf32>, tensor<?xi32>)
      outs(%o : tensor<?x16xf32>) -> tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}

// CHECK-LABEL: @past_binds
// CHECK: left = 64
// CHECK-SAME: past(
func.func private @past_binds(%q: tensor<?x8xf32>, %k: tensor<?x8xf32>, %v: tensor<?x16xf32>, %off: tensor<?xi32>,
                              %pk: tensor<?x64x8xf32>, %pv: tensor<?x64x16xf32>, %pc: tensor<?xi32>, %o: tensor<?x16xf32>)
    -> tensor<?x16xf32> attributes {seqc.kernel, seqc.assume = [#seqc.fact<one_row arg3>]} {
  %y = seqc.attend softmax {left = 64 : i64, right = 0 : i64, scale = 0.5 : f32}
      ins(%q, %k, %v, %off : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x16xf32>, tensor<?xi32>)
      past(%pk, %pv, %pc : tensor<?x64x8xf32>, tensor<?x64x16xf32>, tensor<?xi32>)
      outs(%o : tensor<?x16xf32>) -> tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}

// -----

// Without an assumption nothing changes.
// CHECK-LABEL: @generic
// CHECK: tensor.dim
// CHECK: seqc.gather_rows
func.func private @generic(%x: tensor<?x8xf32>, %i: tensor<?xi32> {seqc.increasing}, %o: tensor<?x8xf32>)
    -> tensor<?x8xf32> attributes {seqc.kernel} {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %o, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%n) : tensor<?x8xf32>
  %g = seqc.gather_rows ins(%x, %i : tensor<?x8xf32>, tensor<?xi32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  %y = linalg.exp ins(%g : tensor<?x8xf32>) outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
