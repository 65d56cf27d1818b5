// RUN: seqc-opt %s | seqc-opt | FileCheck %s

// CHECK: seqc.assume = [#seqc.fact<equals arg0[0], 1>, #seqc.fact<at_most arg0[1], 8>, #seqc.fact<same arg0[0], arg1[0]>,
// CHECK-SAME: #seqc.fact<zero arg1>, #seqc.fact<longest arg1, 64>, #seqc.fact<one_row arg1>]
func.func private @kernel(%x: tensor<?x?xf32>, %i: tensor<?xi32> {seqc.increasing}) attributes {seqc.kernel,
    seqc.assume = [#seqc.fact<equals arg0[0], 1>, #seqc.fact<at_most arg0[1], 8>, #seqc.fact<same arg0[0], arg1[0]>,
                   #seqc.fact<zero arg1>, #seqc.fact<longest arg1, 64>, #seqc.fact<one_row arg1>]} {
  return
}
