// RUN: seqc-opt %s --seqc-tile-scan --split-input-file --verify-diagnostics | FileCheck %s
// Scans become tasks over blocks of channels.

#td = affine_map<(t, d, n) -> (t, d)>
#tn = affine_map<(t, d, n) -> (t, n)>
#dn = affine_map<(t, d, n) -> (d, n)>

// Every operand with a channel axis is cut along it; 100 channels leave a shorter
// last block.
// CHECK-LABEL: @ragged
// CHECK: scf.forall (%[[I:.*]]) in (2) shared_outs(%[[Y:.*]] = %{{.*}}, %[[H:.*]] = %{{.*}})
// CHECK: %[[D0:.*]] = affine.apply #{{.*}}()[%[[I]]]
// CHECK: %[[D:.*]] = affine.min
// CHECK: %[[X:.*]] = tensor.extract_slice %{{.*}}[0, %[[D0]]] [%{{.*}}, %[[D]]] [1, 1]
// CHECK: %[[Q:.*]] = tensor.extract_slice %{{.*}}[%[[D0]], 0] [%[[D]], 16] [1, 1]
// CHECK: %[[YT:.*]] = tensor.extract_slice %[[Y]][0, %[[D0]]]
// CHECK: %[[HT:.*]] = tensor.extract_slice %[[H]][0, %[[D0]], 0]
// CHECK: %[[R:.*]]:2 = seqc.scan
// CHECK-SAME: inputs(%[[X]], %arg1 : {{[^)]*}}) params(%[[Q]] : {{[^)]*}}) offsets(%arg3 : {{[^)]*}})
// CHECK-SAME: outs(%[[YT]] : {{[^)]*}}) states(%[[HT]] : {{[^)]*}})
// CHECK: tensor.parallel_insert_slice %[[R]]#0 into %[[Y]][0, %[[D0]]]
// CHECK: tensor.parallel_insert_slice %[[R]]#1 into %[[H]][0, %[[D0]], 0]
// CHECK: mapping = [#seqc.tasks]
func.func private @ragged(%x: tensor<?x100xf32>, %c: tensor<?x16xf32>, %q: tensor<100x16xf32>,
    %off: tensor<?xi32>, %o: tensor<?x100xf32>, %h0: tensor<?x100x16xf32>)
    -> (tensor<?x100xf32>, tensor<?x100x16xf32>) attributes {seqc.kernel} {
  %y, %h1 = seqc.scan {maps = [#td, #tn, #dn, #td, #dn], delays = array<i64: 0, 0>}
      inputs(%x, %c : tensor<?x100xf32>, tensor<?x16xf32>) params(%q : tensor<100x16xf32>)
      offsets(%off : tensor<?xi32>) outs(%o : tensor<?x100xf32>)
      states(%h0 : tensor<?x100x16xf32>) {
  ^bb0(%xt: f32, %ct: vector<16xf32>, %qd: vector<16xf32>, %h: vector<16xf32>):
    %xv = vector.broadcast %xt : f32 to vector<16xf32>
    %qh = arith.mulf %qd, %h : vector<16xf32>
    %hn = arith.addf %qh, %xv : vector<16xf32>
    %hc = arith.mulf %hn, %ct : vector<16xf32>
    %yt = vector.reduction <add>, %hc : vector<16xf32> into f32
    seqc.yield %yt, %hn : f32, vector<16xf32>
  } -> tensor<?x100xf32>, tensor<?x100x16xf32>
  return %y, %h1 : tensor<?x100xf32>, tensor<?x100x16xf32>
}

// A state that starts at zero is filled block by block.
// CHECK-LABEL: @zero_state
// CHECK: %[[S:.*]] = tensor.extract_slice %{{.*}}[0, %{{.*}}] [%{{.*}}, 64]
// CHECK: linalg.fill {{.*}} outs(%[[S]] : tensor<?x64xf32>)
func.func private @zero_state(%x: tensor<?x128xf32>, %off: tensor<?xi32>, %o: tensor<?x128xf32>,
    %h0: tensor<?x128xf32>) -> (tensor<?x128xf32>, tensor<?x128xf32>) attributes {seqc.kernel} {
  %zero = arith.constant 0.0 : f32
  %f = linalg.fill ins(%zero : f32) outs(%h0 : tensor<?x128xf32>) -> tensor<?x128xf32>
  %y, %h1 = seqc.scan {maps = [#td, #td, affine_map<(t, d, n) -> (d)>], delays = array<i64: 0>}
      inputs(%x : tensor<?x128xf32>) offsets(%off : tensor<?xi32>)
      outs(%o : tensor<?x128xf32>) states(%f : tensor<?x128xf32>) {
  ^bb0(%xt: f32, %h: f32):
    %hn = arith.addf %h, %xt : f32
    seqc.yield %hn, %hn : f32, f32
  } -> tensor<?x128xf32>, tensor<?x128xf32>
  return %y, %h1 : tensor<?x128xf32>, tensor<?x128xf32>
}

// Other forms are left alone.
// CHECK-LABEL: @rows
// CHECK-NOT: scf.forall
func.func private @rows(%x: tensor<?x8xf32>, %o: tensor<?x8xf32>) -> tensor<?x8xf32>
    attributes {seqc.kernel} {
  %r = linalg.copy ins(%x : tensor<?x8xf32>) outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// -----

// Two vectors of eight lanes are one block of 16 channels; whole blocks are static.
#td = affine_map<(t, d, n) -> (t, d)>
// CHECK-LABEL: @scheduled
// CHECK: scf.forall (%{{.*}}) in (8)
// CHECK: tensor.extract_slice %arg0[0, %{{.*}}] [%{{.*}}, 16] [1, 1] : tensor<?x128xf32> to tensor<?x16xf32>
module attributes {seqc.target = #seqc.target<"avx2", bits = 256, registers = 16, fma = true, l1 = 32768, l2 = 1048576>} {
func.func private @scheduled(%x: tensor<?x128xf32>, %off: tensor<?xi32>, %o: tensor<?x128xf32>,
    %h0: tensor<?x128xf32>) -> (tensor<?x128xf32>, tensor<?x128xf32>)
    attributes {seqc.kernel,
      seqc.schedule = #seqc.schedule<"channels", rows = 8, micro = 1 by 2, keys = 0, unroll = 1>} {
  %y, %h1 = seqc.scan {maps = [#td, #td, affine_map<(t, d, n) -> (d)>], delays = array<i64: 0>}
      inputs(%x : tensor<?x128xf32>) offsets(%off : tensor<?xi32>)
      outs(%o : tensor<?x128xf32>) states(%h0 : tensor<?x128xf32>) {
  ^bb0(%xt: f32, %h: f32):
    %hn = arith.addf %h, %xt : f32
    seqc.yield %hn, %hn : f32, f32
  } -> tensor<?x128xf32>, tensor<?x128xf32>
  return %y, %h1 : tensor<?x128xf32>, tensor<?x128xf32>
}
}

// -----

// What is summed over channels cannot be cut along them.
func.func private @sum_over_channels(%x: tensor<?x128xf32>, %off: tensor<?xi32>,
    %e: tensor<?xf32>, %o: tensor<?x128xf32>) -> tensor<?x128xf32> attributes {seqc.kernel} {
  // expected-error @below {{when result is not accessed using a permuted projection}}
  %s = linalg.generic {indexing_maps = [affine_map<(t, d) -> (t, d)>, affine_map<(t, d) -> (t, 0)>],
      iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<?x128xf32>) outs(%o : tensor<?x128xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %sum = arith.addf %a, %acc : f32
    linalg.yield %sum : f32
  } -> tensor<?x128xf32>
  %y = seqc.scan {maps = [affine_map<(t, d, n) -> (t, d)>, affine_map<(t, d, n) -> (t, d)>], delays = array<i64: 0>}
      inputs(%s : tensor<?x128xf32>) offsets(%off : tensor<?xi32>) outs(%o : tensor<?x128xf32>) {
  ^bb0(%xt: f32):
    seqc.yield %xt : f32
  } -> tensor<?x128xf32>
  return %y : tensor<?x128xf32>
}

// -----

// Rows are visited one after another: channels that become rows cannot be cut.
func.func private @rows_of_a_scan(%x: tensor<128x128xf32>, %off: tensor<?xi32>,
    %o: tensor<128x128xf32>) -> tensor<128x128xf32> attributes {seqc.kernel} {
  %e = tensor.empty() : tensor<128x128xf32>
  // expected-error @below {{expected a parallel loop along axis 0 of its result}}
  %y = seqc.scan {maps = [affine_map<(t, d, n) -> (t, d)>, affine_map<(t, d, n) -> (t, d)>], delays = array<i64: 0>}
      inputs(%x : tensor<128x128xf32>) offsets(%off : tensor<?xi32>) outs(%e : tensor<128x128xf32>) {
  ^bb0(%xt: f32):
    seqc.yield %xt : f32
  } -> tensor<128x128xf32>
  %t = linalg.transpose ins(%y : tensor<128x128xf32>) outs(%o : tensor<128x128xf32>) permutation = [1, 0]
  return %t : tensor<128x128xf32>
}
