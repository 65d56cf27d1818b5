// RUN: seqc-opt %s --split-input-file --verify-diagnostics --seqc-vectorize-scan --canonicalize --cse | FileCheck %s
// Lanes over channels, states carried in registers; the region decides about lanes over states.

#td = affine_map<(t, d, n) -> (t, d)>
#d = affine_map<(t, d, n) -> (d)>

// Two channel vectors are one group; the state is loaded once per sequence and
// carried, and a multiplication may join the addition that uses it.
// CHECK-LABEL: func.func @forward
// CHECK-SAME: %[[X:[a-z0-9]*]]: memref<?x32xf32>, %[[A:[a-z0-9]*]]: memref<32xf32>
// CHECK-SAME: %[[OFF:[a-z0-9]*]]: memref<?xi32>, %[[Y:[a-z0-9]*]]: memref<?x32xf32>, %[[H:[a-z0-9]*]]: memref<?x32xf32>
// CHECK: %[[A0:.*]] = vector.load %[[A]][%{{.*}}] : memref<32xf32>, vector<16xf32>
// CHECK: %[[A1:.*]] = vector.load %[[A]][%{{.*}}] : memref<32xf32>, vector<16xf32>
// CHECK: scf.for %[[B:.*]] =
// CHECK: memref.load %[[OFF]][%[[B]]]
// CHECK: %[[H0:.*]] = vector.load %[[H]][%[[B]], %{{.*}}]
// CHECK: %[[H1:.*]] = vector.load %[[H]][%[[B]], %{{.*}}]
// CHECK: %[[R:.*]]:2 = scf.for {{.*}} iter_args(%[[S0:.*]] = %[[H0]], %[[S1:.*]] = %[[H1]])
// CHECK: %[[M:.*]] = arith.mulf %[[A0]], %[[S0]] fastmath<contract> : vector<16xf32>
// CHECK: arith.addf %[[M]], %{{.*}} fastmath<contract> : vector<16xf32>
// CHECK: vector.store %{{.*}}, %[[Y]]
// CHECK: arith.mulf %[[A1]], %[[S1]]
// CHECK: scf.yield
// CHECK: vector.store %[[R]]#0, %[[H]][%[[B]], %{{.*}}]
// CHECK: vector.store %[[R]]#1, %[[H]][%[[B]], %{{.*}}]
// CHECK-NOT: seqc.scan
func.func @forward(%x: memref<?x32xf32>, %a: memref<32xf32>, %off: memref<?xi32>,
                   %y: memref<?x32xf32>, %h: memref<?x32xf32>) {
  seqc.scan {delays = array<i64: 0>, maps = [#td, #d, #td, #d]}
      inputs(%x : memref<?x32xf32>) params(%a : memref<32xf32>) offsets(%off : memref<?xi32>)
      outs(%y : memref<?x32xf32>) states(%h : memref<?x32xf32>) {
  ^bb0(%xt: f32, %at: f32, %ht: f32):
    %k = arith.mulf %at, %ht : f32
    %hn = arith.addf %k, %xt : f32
    seqc.yield %hn, %hn : f32, f32
  }
  return
}

// -----

#td = affine_map<(t, d, n) -> (t, d)>
#dn = affine_map<(t, d, n) -> (d, n)>

// The states of a channel lie in four vectors; the broadcast is a renaming, the
// sum goes across vectors in two chains. 5 channels: masked accesses. Rows of
// states are read whole and turned around.
// CHECK-LABEL: func.func @states_reverse
// CHECK: vector.constant_mask [5]
// CHECK: scf.for %[[B:.*]] =
// CHECK-COUNT-5: vector.load %arg3{{.*}} vector<4xf32>
// CHECK: vector.shuffle
// CHECK-NOT: vector.gather
// CHECK: scf.for {{.*}} -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>)
// CHECK: vector.maskedload %arg0
// CHECK-NOT: vector.broadcast
// CHECK-COUNT-4: arith.addf {{.*}} : vector<16xf32>
// CHECK-COUNT-3: arith.addf {{.*}} : vector<16xf32>
// CHECK-NOT: vector.reduction
// CHECK: vector.maskedstore %arg2
// CHECK: vector.shuffle
// CHECK-COUNT-5: vector.maskedstore %arg3
func.func @states_reverse(%x: memref<?x5xf32>, %off: memref<?xi32>, %y: memref<?x5xf32>,
                          %h: memref<?x5x4xf32>) {
  seqc.scan {direction = #seqc.direction<reverse>, delays = array<i64: 0>, maps = [#td, #td, #dn]}
      inputs(%x : memref<?x5xf32>) offsets(%off : memref<?xi32>)
      outs(%y : memref<?x5xf32>) states(%h : memref<?x5x4xf32>) {
  ^bb0(%xt: f32, %ht: vector<4xf32>):
    %xv = vector.broadcast %xt : f32 to vector<4xf32>
    %hn = arith.addf %ht, %xv : vector<4xf32>
    %yt = vector.reduction <add>, %hn : vector<4xf32> into f32
    seqc.yield %yt, %hn : f32, vector<4xf32>
  }
  return
}

// -----

#td = affine_map<(t, d, n) -> (t, d)>

// Two states per channel are too few to turn around; the number of channels is
// not known. The next rows are fetched ahead.
// CHECK-LABEL: func.func @gathered
// CHECK: scf.for
// CHECK-COUNT-8: vector.gather
// CHECK: scf.for {{.*}} iter_args
// CHECK: memref.prefetch %arg0[%{{.*}}, %{{.*}}], read, locality<3>, data
// CHECK: memref.prefetch %arg2[%{{.*}}, %{{.*}}], write, locality<3>, data
// CHECK-COUNT-8: vector.scatter
// CHECK: scf.if
// CHECK: vector.create_mask
func.func @gathered(%x: memref<?x?xf32>, %off: memref<?xi32>, %y: memref<?x?xf32>, %h: memref<?x?x2xf32>) {
  seqc.scan {delays = array<i64: 0>, maps = [#td, #td, affine_map<(t, d, n) -> (d, n)>]}
      inputs(%x : memref<?x?xf32>) offsets(%off : memref<?xi32>)
      outs(%y : memref<?x?xf32>) states(%h : memref<?x?x2xf32>) {
  ^bb0(%xt: f32, %ht: vector<2xf32>):
    %a = vector.extract %ht[0] : f32 from vector<2xf32>
    %b = vector.extract %ht[1] : f32 from vector<2xf32>
    %c = arith.addf %b, %xt : f32
    %hn = vector.from_elements %c, %a : vector<2xf32>
    seqc.yield %a, %hn : f32, vector<2xf32>
  }
  return
}

// -----

#td = affine_map<(t, d, n) -> (t, d)>

// Taps of a short convolution share one load; earlier rows are carried.
// CHECK-LABEL: func.func @taps
// CHECK: %[[Z:.*]] = arith.constant dense<0.000000e+00> : vector<16xf32>
// CHECK: scf.for {{.*}} iter_args(%[[P1:.*]] = %[[Z]], %[[P2:.*]] = %[[Z]])
// CHECK: %[[C:.*]] = vector.load
// CHECK-NOT: vector.load
// CHECK: %[[S:.*]] = arith.addf %[[C]], %[[P1]]
// CHECK: arith.addf %[[S]], %[[P2]]
// CHECK: scf.yield %[[C]], %[[P1]]
func.func @taps(%x: memref<?x16xf32>, %off: memref<?xi32>, %y: memref<?x16xf32>) {
  seqc.scan {delays = array<i64: 0, 1, 2>, maps = [#td, #td, #td, #td]}
      inputs(%x, %x, %x : memref<?x16xf32>, memref<?x16xf32>, memref<?x16xf32>)
      offsets(%off : memref<?xi32>) outs(%y : memref<?x16xf32>) {
  ^bb0(%x0: f32, %x1: f32, %x2: f32):
    %s = arith.addf %x0, %x1 : f32
    %r = arith.addf %s, %x2 : f32
    seqc.yield %r : f32
  }
  return
}

// -----

#tdn = affine_map<(t, d, n) -> (t, d, n)>
#td = affine_map<(t, d, n) -> (t, d)>

// Rows that hold a channel's states side by side: lanes over states.
// CHECK-LABEL: func.func @over_states
// CHECK: vector.load %{{.*}} : memref<?x3x32xf32>, vector<16xf32>
// CHECK: vector.load %{{.*}} : memref<?x3x32xf32>, vector<16xf32>
// CHECK: vector.reduction <add>, %{{.*}} : vector<16xf32> into f32
// CHECK-NOT: vector.gather
func.func @over_states(%x: memref<?x3x32xf32>, %off: memref<?xi32>, %y: memref<?x3xf32>) {
  seqc.scan {delays = array<i64: 0>, maps = [#tdn, #td]}
      inputs(%x : memref<?x3x32xf32>) offsets(%off : memref<?xi32>) outs(%y : memref<?x3xf32>) {
  ^bb0(%xt: vector<32xf32>):
    %s = vector.reduction <add>, %xt : vector<32xf32> into f32
    seqc.yield %s : f32
  }
  return
}

// -----

#td = affine_map<(t, d, n) -> (t, d)>

// What all states wait for is computed a row ahead; a sequence without rows has
// no first row to compute it from. Only the decay is: it alone comes from inputs
// through a long chain and goes to all states.
// CHECK-LABEL: func.func @ahead
// CHECK: %[[SOME:.*]] = arith.cmpi sgt, %[[LENGTH:.*]], %c0
// CHECK: %[[FIRST:.*]] = scf.if %[[SOME]]
// CHECK: math.exp
// CHECK: } else {
// CHECK: scf.for %[[I:.*]] = %c0{{.*}} to %[[LENGTH]] step %{{.*}} iter_args(%[[S0:.*]] = %{{.*}}, %{{.*}}, %[[KNOWN:.*]] = %[[FIRST]])
// CHECK: %[[NEXT:.*]] = arith.addi %[[I]], %c1
// CHECK: %[[CLAMPED:.*]] = arith.minsi %[[NEXT]]
// CHECK: %[[AHEAD:.*]] = math.exp
// CHECK: arith.mulf %[[KNOWN]], %[[S0]]
// CHECK-NOT: math.exp
// CHECK: scf.yield {{.*}}, %[[AHEAD]] :
#dn = affine_map<(t, d, n) -> (d, n)>
func.func @ahead(%x: memref<?x16xf32>, %g: memref<?x16xf32>, %off: memref<?xi32>, %y: memref<?x16xf32>,
                 %h: memref<?x16x2xf32>) {
  seqc.scan {delays = array<i64: 0, 0>, maps = [#td, #td, #td, #dn]}
      inputs(%x, %g : memref<?x16xf32>, memref<?x16xf32>) offsets(%off : memref<?xi32>)
      outs(%y : memref<?x16xf32>) states(%h : memref<?x16x2xf32>) {
  ^bb0(%xt: f32, %gt: f32, %ht: vector<2xf32>):
    %e = math.exp %gt : f32
    %ev = vector.broadcast %e : f32 to vector<2xf32>
    %xv = vector.broadcast %xt : f32 to vector<2xf32>
    %k = arith.mulf %ev, %ht : vector<2xf32>
    %hn = arith.addf %k, %xv : vector<2xf32>
    %s = vector.reduction <add>, %hn : vector<2xf32> into f32
    seqc.yield %s, %hn : f32, vector<2xf32>
  }
  return
}

// -----

#td = affine_map<(t, d, n) -> (t, d)>

// A scan on tensors is not this pass's business.
// CHECK-LABEL: func.func @on_tensors
// CHECK: seqc.scan
func.func @on_tensors(%x: tensor<?x4xf32>, %off: tensor<?xi32>, %y: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %r = seqc.scan {delays = array<i64: 0>, maps = [#td, #td]}
      inputs(%x : tensor<?x4xf32>) offsets(%off : tensor<?xi32>) outs(%y : tensor<?x4xf32>) {
  ^bb0(%xt: f32):
    seqc.yield %xt : f32
  } -> tensor<?x4xf32>
  return %r : tensor<?x4xf32>
}

// -----

// Eight lanes on a 256-bit target.
module attributes {seqc.target = #seqc.target<"avx2", bits = 256, registers = 16, fma = true, l1 = 32768, l2 = 1048576>} {
  // CHECK-LABEL: func.func @narrow
  // CHECK: vector.load %{{.*}} : memref<?x8xf32>, vector<8xf32>
  func.func @narrow(%x: memref<?x8xf32>, %off: memref<?xi32>, %y: memref<?x8xf32>) {
    seqc.scan {delays = array<i64: 0>,
               maps = [affine_map<(t, d, n) -> (t, d)>, affine_map<(t, d, n) -> (t, d)>]}
        inputs(%x : memref<?x8xf32>) offsets(%off : memref<?xi32>) outs(%y : memref<?x8xf32>) {
    ^bb0(%xt: f32):
      seqc.yield %xt : f32
    }
    return
  }
}

// -----

#tn = affine_map<(t, d, n) -> (t, n)>
#td = affine_map<(t, d, n) -> (t, d)>

func.func @foreign_op(%x: memref<?x4xf32>, %off: memref<?xi32>, %y: memref<?x16xf32>) {
  seqc.scan {delays = array<i64: 0>, maps = [#tn, #td]}
      inputs(%x : memref<?x4xf32>) offsets(%off : memref<?xi32>) outs(%y : memref<?x16xf32>) {
  ^bb0(%xt: vector<4xf32>):
    // expected-error @below {{has no vector form in a scan step; use elementwise arith and math ops, vector.broadcast, vector.reduction and vector ops at constant positions}}
    %b = vector.bitcast %xt : vector<4xf32> to vector<4xi32>
    %s = vector.reduction <add>, %xt : vector<4xf32> into f32
    seqc.yield %s : f32
  }
  return
}

// -----

#otd = affine_map<(t, d, n) -> (t, d)>
#odn = affine_map<(t, d, n) -> (d, n)>

// Each sequence has one row: no loop over rows, and states stay as they lie in
// memory, four channels of four to a vector. An input is spread over the states
// by a shuffle, a sum over them pairs neighbours, 16 entries at last.
// CHECK-LABEL: func.func private @one_row
// CHECK-SAME: %[[X:[a-z0-9]*]]: memref<?x16xf32>, %{{[a-z0-9]*}}: memref<16x4xf32>, %{{[a-z0-9]*}}: memref<?xi32>, %[[Y:[a-z0-9]*]]: memref<?x16xf32>, %[[H:[a-z0-9]*]]: memref<?x16x4xf32>
// CHECK: scf.for %[[B:.*]] = %c0 to
// CHECK-NOT: scf.for
// CHECK: %[[XT:.*]] = vector.load %[[X]][%[[B]], %{{.*}}]
// CHECK-COUNT-4: vector.load %{{.*}} : memref<64xf32>, vector<16xf32>
// CHECK: %[[FLAT:.*]] = memref.collapse_shape %[[H]] {{.*}} into memref<?x64xf32>
// CHECK-COUNT-4: vector.load %[[FLAT]][%[[B]], %{{.*}}]
// CHECK: vector.shuffle %[[XT]], %[[XT]] [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]
// CHECK-COUNT-6: vector.shuffle {{.*}} [{{0|1}}, {{2|3}}, {{4|5}}
// CHECK: vector.store %{{.*}}, %[[Y]][%[[B]], %{{.*}}]
// CHECK-COUNT-4: vector.store
// CHECK-NOT: vector.store
func.func private @one_row(%x: memref<?x16xf32>, %q: memref<16x4xf32>, %off: memref<?xi32>,
                           %y: memref<?x16xf32>, %h: memref<?x16x4xf32>)
    attributes {seqc.kernel, seqc.assume = [#seqc.fact<one_row arg2>]} {
  seqc.scan {delays = array<i64: 0>, maps = [#otd, #odn, #otd, #odn]}
      inputs(%x : memref<?x16xf32>) params(%q : memref<16x4xf32>) offsets(%off : memref<?xi32>)
      outs(%y : memref<?x16xf32>) states(%h : memref<?x16x4xf32>) {
  ^bb0(%xt: f32, %qd: vector<4xf32>, %hd: vector<4xf32>):
    %xv = vector.broadcast %xt : f32 to vector<4xf32>
    %qh = arith.mulf %qd, %hd : vector<4xf32>
    %hn = arith.addf %qh, %xv : vector<4xf32>
    %yt = vector.reduction <add>, %hn : vector<4xf32> into f32
    seqc.yield %yt, %hn : f32, vector<4xf32>
  }
  return
}

// -----

#rtd = affine_map<(t, d, n) -> (t, d)>
#rdn = affine_map<(t, d, n) -> (d, n)>

// Three states neither fill a vector nor divide one: the usual way.
// CHECK-LABEL: func.func private @one_row_of_three
// CHECK: scf.for {{.*}} iter_args
func.func private @one_row_of_three(%x: memref<?x16xf32>, %q: memref<16x3xf32>, %off: memref<?xi32>,
                                    %y: memref<?x16xf32>, %h: memref<?x16x3xf32>)
    attributes {seqc.kernel, seqc.assume = [#seqc.fact<one_row arg2>]} {
  seqc.scan {delays = array<i64: 0>, maps = [#rtd, #rdn, #rtd, #rdn]}
      inputs(%x : memref<?x16xf32>) params(%q : memref<16x3xf32>) offsets(%off : memref<?xi32>)
      outs(%y : memref<?x16xf32>) states(%h : memref<?x16x3xf32>) {
  ^bb0(%xt: f32, %qd: vector<3xf32>, %hd: vector<3xf32>):
    %xv = vector.broadcast %xt : f32 to vector<3xf32>
    %qh = arith.mulf %qd, %hd : vector<3xf32>
    %hn = arith.addf %qh, %xv : vector<3xf32>
    %yt = vector.reduction <add>, %hn : vector<3xf32> into f32
    seqc.yield %yt, %hn : f32, vector<3xf32>
  }
  return
}

// -----

#td = affine_map<(t, d, n) -> (t, d)>
#dn = affine_map<(t, d, n) -> (d, n)>

// Blocks of 16 rows in groups of 4 of the 8 states: params and states are turned
// around into scratch one state at a time; the exponential that all states wait for
// is computed for the whole block, with the sums at 0; each group adds its share.
// CHECK-LABEL: func.func @groups
// CHECK-SAME: attributes {{{.*}}seqc.scratch = 3200 : i64
// CHECK: %[[KEPT:.*]] = memref.view %arg5[%{{.*}}]{{.*}} to memref<16x16xf32>
// CHECK: %[[SUMS:.*]] = memref.view %arg5[%{{.*}}]{{.*}} to memref<16x16xf32>
// CHECK: scf.for %{{.*}} to %c8 step %c1
// CHECK: vector.gather
// CHECK: scf.for %{{.*}} to %c8 step %c1
// CHECK: vector.gather
// CHECK: scf.for %{{.*}} step %c16
// CHECK: scf.for
// CHECK: math.exp
// CHECK: vector.store %{{.*}}, %[[KEPT]]
// CHECK: vector.store %{{.*}}, %[[SUMS]]
// CHECK: scf.for %{{.*}} = %c0 to %c8 step %c4
// CHECK: scf.for {{.*}} -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>)
// CHECK: vector.load %[[KEPT]]
// CHECK: vector.load %[[SUMS]]
// CHECK: vector.store %{{.*}}, %[[SUMS]]
// CHECK: scf.for
// CHECK: vector.load %[[SUMS]]
// CHECK: vector.store %{{.*}}, %arg3
// CHECK: memref.prefetch %arg0
// CHECK: vector.scatter
func.func @groups(%x: memref<?x16xf32>, %a: memref<16x8xf32>, %off: memref<?xi32>,
                  %y: memref<?x16xf32>, %h: memref<?x16x8xf32>, %scratch: memref<?xi8>)
    attributes {seqc.scratch = 100 : i64,
                seqc.schedule = #seqc.schedule<"channels", rows = 16, micro = 1 by 1, keys = 0, unroll = 4, block = 4>} {
  seqc.scan {delays = array<i64: 0>, maps = [#td, #dn, #td, #dn]}
      inputs(%x : memref<?x16xf32>) params(%a : memref<16x8xf32>) offsets(%off : memref<?xi32>)
      outs(%y : memref<?x16xf32>) states(%h : memref<?x16x8xf32>) {
  ^bb0(%xt: f32, %at: vector<8xf32>, %ht: vector<8xf32>):
    %e = math.exp %xt : f32
    %ev = vector.broadcast %e : f32 to vector<8xf32>
    %k = arith.mulf %at, %ht : vector<8xf32>
    %hn = arith.addf %k, %ev : vector<8xf32>
    %yt = vector.reduction <add>, %hn : vector<8xf32> into f32
    seqc.yield %yt, %hn : f32, vector<8xf32>
  }
  return
}

// -----

#td = affine_map<(t, d, n) -> (t, d)>
#dn = affine_map<(t, d, n) -> (d, n)>

// All states side by side: many rows go by blocks, few at once, without scratch.
// CHECK-LABEL: func.func @blocks
// CHECK: %[[FAR:.*]] = arith.cmpi sge
// CHECK: %[[OUT:.*]] = memref.extract_aligned_pointer_as_index %arg2
// CHECK: %[[IN:.*]] = memref.extract_aligned_pointer_as_index %arg0
// CHECK: %[[APART:.*]] = arith.subi %[[OUT]], %[[IN]]
// CHECK: arith.cmpi ne, %[[APART]]
// CHECK: %[[BLOCKS:.*]] = arith.ori %[[FAR]],
// CHECK: scf.if %[[BLOCKS]]
// CHECK: scf.for %{{.*}} step %c16
// CHECK: scf.for {{.*}} iter_args
// CHECK: vector.store %{{.*}}, %arg2
// CHECK: else
// CHECK-NOT: memref.view
// CHECK: scf.for {{.*}} iter_args
// CHECK: vector.store %{{.*}}, %arg2
func.func @blocks(%x: memref<?x16xf32>, %off: memref<?xi32>, %y: memref<?x16xf32>,
                  %h: memref<?x16x8xf32>, %scratch: memref<?xi8>)
    attributes {seqc.scratch = 0 : i64,
                seqc.schedule = #seqc.schedule<"channels", rows = 16, micro = 1 by 1, keys = 0, unroll = 4>} {
  seqc.scan {delays = array<i64: 0>, maps = [#td, #td, #dn]}
      inputs(%x : memref<?x16xf32>) offsets(%off : memref<?xi32>)
      outs(%y : memref<?x16xf32>) states(%h : memref<?x16x8xf32>) {
  ^bb0(%xt: f32, %ht: vector<8xf32>):
    %xv = vector.broadcast %xt : f32 to vector<8xf32>
    %hn = arith.addf %ht, %xv : vector<8xf32>
    %yt = vector.reduction <add>, %hn : vector<8xf32> into f32
    seqc.yield %yt, %hn : f32, vector<8xf32>
  }
  return
}

// -----

#td = affine_map<(t, d, n) -> (t, d)>
#dn = affine_map<(t, d, n) -> (d, n)>

// Where the step has exponentials, only the number of rows counts.
// CHECK-LABEL: func.func @far_alone
// CHECK: %[[FAR:.*]] = arith.cmpi sge
// CHECK-NOT: memref.extract_aligned_pointer_as_index
// CHECK: scf.if %[[FAR]]
func.func @far_alone(%x: memref<?x16xf32>, %off: memref<?xi32>, %y: memref<?x16xf32>,
                     %h: memref<?x16x8xf32>, %scratch: memref<?xi8>)
    attributes {seqc.scratch = 0 : i64,
                seqc.schedule = #seqc.schedule<"channels", rows = 16, micro = 1 by 1, keys = 0, unroll = 4>} {
  seqc.scan {delays = array<i64: 0>, maps = [#td, #td, #dn]}
      inputs(%x : memref<?x16xf32>) offsets(%off : memref<?xi32>)
      outs(%y : memref<?x16xf32>) states(%h : memref<?x16x8xf32>) {
  ^bb0(%xt: f32, %ht: vector<8xf32>):
    %xv = vector.broadcast %xt : f32 to vector<8xf32>
    %e = math.exp %xv : vector<8xf32>
    %hn = arith.addf %ht, %e : vector<8xf32>
    %yt = vector.reduction <add>, %hn : vector<8xf32> into f32
    seqc.yield %yt, %hn : f32, vector<8xf32>
  }
  return
}

// -----

#td = affine_map<(t, d, n) -> (t, d)>
#dn = affine_map<(t, d, n) -> (d, n)>

// States that see each other's sum take one step together, whatever the schedule.
// CHECK-LABEL: func.func @together
// CHECK-NOT: memref.view
// CHECK-NOT: scf.if
// CHECK: return
func.func @together(%x: memref<?x16xf32>, %off: memref<?xi32>, %y: memref<?x16xf32>,
                    %h: memref<?x16x8xf32>, %scratch: memref<?xi8>)
    attributes {seqc.scratch = 0 : i64,
                seqc.schedule = #seqc.schedule<"channels", rows = 16, micro = 1 by 1, keys = 0, unroll = 4, block = 4>} {
  seqc.scan {delays = array<i64: 0>, maps = [#td, #td, #dn]}
      inputs(%x : memref<?x16xf32>) offsets(%off : memref<?xi32>)
      outs(%y : memref<?x16xf32>) states(%h : memref<?x16x8xf32>) {
  ^bb0(%xt: f32, %ht: vector<8xf32>):
    %s = vector.reduction <add>, %ht : vector<8xf32> into f32
    %z = arith.addf %s, %xt : f32
    %zv = vector.broadcast %z : f32 to vector<8xf32>
    %hn = arith.addf %ht, %zv : vector<8xf32>
    seqc.yield %z, %hn : f32, vector<8xf32>
  }
  return
}

// -----

#td = affine_map<(t, d, n) -> (t, d)>
#dn = affine_map<(t, d, n) -> (d, n)>

// What states wait for is a comparison, which scratch does not hold.
// CHECK-LABEL: func.func @not_f32
// CHECK-NOT: memref.view
// CHECK: return
func.func @not_f32(%x: memref<?x16xf32>, %off: memref<?xi32>, %y: memref<?x16xf32>,
                   %h: memref<?x16x8xf32>, %scratch: memref<?xi8>)
    attributes {seqc.scratch = 0 : i64,
                seqc.schedule = #seqc.schedule<"channels", rows = 16, micro = 1 by 1, keys = 0, unroll = 4, block = 4>} {
  seqc.scan {delays = array<i64: 0>, maps = [#td, #td, #dn]}
      inputs(%x : memref<?x16xf32>) offsets(%off : memref<?xi32>)
      outs(%y : memref<?x16xf32>) states(%h : memref<?x16x8xf32>) {
  ^bb0(%xt: f32, %ht: vector<8xf32>):
    %zero = arith.constant 0.0 : f32
    %more = arith.cmpf ogt, %xt, %zero : f32
    %mv = vector.broadcast %more : i1 to vector<8xi1>
    %xv = vector.broadcast %xt : f32 to vector<8xf32>
    %hx = arith.addf %ht, %xv : vector<8xf32>
    %hn = arith.select %mv, %hx, %ht : vector<8xi1>, vector<8xf32>
    %yt = vector.reduction <add>, %hn : vector<8xf32> into f32
    seqc.yield %yt, %hn : f32, vector<8xf32>
  }
  return
}

// -----

#td = affine_map<(t, d, n) -> (t, d)>
#tn = affine_map<(t, d, n) -> (t, n)>
#dn = affine_map<(t, d, n) -> (d, n)>

// States that are an operand as it came are no updates.
// CHECK-LABEL: func.func @passed_on
// CHECK-NOT: memref.view
// CHECK: return
func.func @passed_on(%x: memref<?x8xf32>, %off: memref<?xi32>, %y: memref<?x16xf32>,
                     %h: memref<?x16x8xf32>, %scratch: memref<?xi8>)
    attributes {seqc.scratch = 0 : i64,
                seqc.schedule = #seqc.schedule<"channels", rows = 16, micro = 1 by 1, keys = 0, unroll = 4, block = 4>} {
  seqc.scan {delays = array<i64: 0>, maps = [#tn, #td, #dn]}
      inputs(%x : memref<?x8xf32>) offsets(%off : memref<?xi32>)
      outs(%y : memref<?x16xf32>) states(%h : memref<?x16x8xf32>) {
  ^bb0(%xt: vector<8xf32>, %ht: vector<8xf32>):
    %yt = vector.reduction <add>, %ht : vector<8xf32> into f32
    seqc.yield %yt, %xt : f32, vector<8xf32>
  }
  return
}
