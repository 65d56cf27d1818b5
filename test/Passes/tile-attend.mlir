// RUN: seqc-opt %s --split-input-file --seqc-tile-attend --canonicalize --verify-diagnostics | FileCheck %s

#map = affine_map<(m, n) -> (m, n)>
#heads = affine_map<(g, m, n) -> (g, m, n)>
#shared = affine_map<(g, m, n) -> (m, n)>
#merged = affine_map<(g, m, n) -> (m, g, n)>

// CHECK-DAG: #[[$A:.*]] = affine_map<(d0, d1, d2) -> (d0, d2)>
// CHECK-DAG: #[[$B:.*]] = affine_map<(d0, d1, d2) -> (d2, d1)>
// CHECK-DAG: #[[$C:.*]] = affine_map<(d0, d1, d2) -> (d0, d1)>
// CHECK-DAG: #[[$W:.*]] = affine_map<(d0, d1, d2) -> (d2, d0)>

// The number of tasks comes from extents: (n + B * 15) / 16. A task finds its
// sequence, visits the key tiles of its window and writes its own rows.
// CHECK-LABEL: func.func private @causal(
// CHECK-SAME: %[[Q:[a-z0-9]+]]: tensor<?x8xf32>, %{{[a-z0-9]+}}: tensor<?x8xf32>, %{{[a-z0-9]+}}: tensor<?x24xf32>, %[[OFF:[a-z0-9]+]]: tensor<?xi32>, %{{[a-z0-9]+}}: tensor<?x24xf32>, %[[OUT:[a-z0-9]+]]: tensor<?x24xf32>
// CHECK: %[[N:.*]] = tensor.dim %[[Q]]
// CHECK: %[[PADDED:.*]] = arith.addi %[[N]]
// CHECK: %[[TASKS:.*]] = arith.divui %[[PADDED]], %c16
// CHECK: scf.forall (%[[T:.*]]) in (%[[TASKS]]) shared_outs(%[[O:.*]] = %[[OUT]])
// CHECK: scf.for {{.*}} iter_args(%{{.*}} = %[[T]]
// CHECK: tensor.extract %[[OFF]]
// CHECK: linalg.transpose {{.*}} outs(%{{.*}} : tensor<8x16xf32>)
// CHECK: scf.for {{.*}} step %c32 {{.*}} -> (tensor<?x24xf32>, tensor<16xf32>, tensor<16xf32>)
// CHECK: linalg.generic {indexing_maps = [#[[$A]], #[[$B]], #[[$C]]], iterator_types = ["parallel", "parallel", "reduction"]}
// Only tiles at an edge of the window are masked.
// CHECK: scf.if
// CHECK: linalg.index
// CHECK: arith.cmpi ule
// CHECK: } else {
// CHECK-NEXT: scf.yield
// CHECK: math.exp
// CHECK: linalg.generic {indexing_maps = [#[[$W]], #[[$B]], #[[$C]]], iterator_types = ["parallel", "parallel", "reduction"]}
// The consumer works on the tile and writes to the output's slice.
// CHECK: %[[SLICE:.*]] = tensor.extract_slice %[[O]]
// CHECK: %[[ROWS:.*]] = linalg.generic {{.*}} outs(%[[SLICE]] : tensor<?x24xf32>)
// CHECK: scf.forall.in_parallel
// CHECK-NEXT: tensor.parallel_insert_slice %[[ROWS]] into %[[O]]
// CHECK-NOT: seqc.attend
func.func private @causal(%q: tensor<?x8xf32>, %k: tensor<?x8xf32>, %v: tensor<?x24xf32>,
    %off: tensor<?xi32>, %r: tensor<?x24xf32>, %out: tensor<?x24xf32>) -> tensor<?x24xf32>
    attributes {seqc.kernel, seqc.schedule = #seqc.schedule<"queries", rows = 16, micro = 8 by 1, keys = 32, unroll = 4>} {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %q, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%n) : tensor<?x24xf32>
  %a = seqc.attend softmax {left = 64 : i64, right = 0 : i64, scale = 0.125 : f32}
      ins(%q, %k, %v, %off : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x24xf32>, tensor<?xi32>)
      outs(%e : tensor<?x24xf32>) -> tensor<?x24xf32>
  %y = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]}
      ins(%a, %r : tensor<?x24xf32>, tensor<?x24xf32>) outs(%out : tensor<?x24xf32>) {
  ^bb0(%x: f32, %g: f32, %o: f32):
    %m = arith.mulf %x, %g : f32
    linalg.yield %m : f32
  } -> tensor<?x24xf32>
  return %y : tensor<?x24xf32>
}

// Without a window there is nothing to mask; without a normalising score function
// there is one loop-carried value. Tiles are the defaults.
// CHECK-LABEL: func.func private @dense(
// Rows that are returned are computed in their place; the first tile fills it.
// CHECK: scf.forall {{.*}} shared_outs(%[[O:.*]] = %{{.*}})
// CHECK: %[[PLACE:.*]] = tensor.extract_slice %[[O]]
// CHECK: scf.for {{.*}} step %c64 iter_args(%{{.*}} = %[[PLACE]]) -> (tensor<?x8xf32>)
// CHECK-NOT: linalg.index
// CHECK-NOT: math.exp
// CHECK: %[[FIRST:.*]] = arith.cmpi eq
// CHECK: scf.if %[[FIRST]]
// CHECK-NEXT: tensor.extract_slice
// CHECK-NEXT: linalg.fill
// CHECK-NOT: linalg.copy
// CHECK: scf.forall.in_parallel
func.func private @dense(%q: tensor<?x8xf32>, %k: tensor<?x8xf32>, %v: tensor<?x8xf32>,
    %off: tensor<?xi32>, %out: tensor<?x8xf32>) -> tensor<?x8xf32> attributes {seqc.kernel} {
  %a = seqc.attend relu2 {left = -1 : i64, right = -1 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>)
      outs(%out : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %a : tensor<?x8xf32>
}

// A key tile that has all keys that a task sees is the only one: no loop over
// tiles, nothing rescaled, and no condition on the first and the last of them.
// CHECK-LABEL: func.func private @one_tile(
// CHECK: scf.forall
// CHECK-NOT: step %c24
// CHECK: math.exp
// CHECK-NOT: math.exp
// CHECK: arith.divf
// CHECK: linalg.fill {{.*}} -> tensor<8x8xf32>
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "reduction"]
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel"]{{.*}} ins(%{{.*}} : tensor<8xf32>) outs(%{{.*}} : tensor<8x8xf32>)
// CHECK: scf.forall.in_parallel
func.func private @one_tile(%q: tensor<?x8xf32>, %k: tensor<?x8xf32>, %v: tensor<?x8xf32>,
    %off: tensor<?xi32>, %out: tensor<?x8xf32>) -> tensor<?x8xf32>
    attributes {seqc.kernel, seqc.schedule = #seqc.schedule<"queries", rows = 16, micro = 8 by 1, keys = 24, unroll = 2, block = 16>} {
  %a = seqc.attend softmax {left = 8 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>)
      outs(%out : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %a : tensor<?x8xf32>
}

// Past keys and those of the call are turned by their own positions into one key
// tile; the values stay where they are.
// CHECK-LABEL: func.func private @past(
// CHECK-SAME: %[[K:[a-z0-9]+]]: tensor<?x8xf32>, %[[V:[a-z0-9]+]]: tensor<?x8xf32>, %{{[a-z0-9]+}}: tensor<?xi32>, %[[POS:[a-z0-9]+]]: tensor<?xi32>, %{{[a-z0-9]+}}: tensor<32x4xf32>, %{{[a-z0-9]+}}: tensor<32x4xf32>, %[[PK:[a-z0-9]+]]: tensor<?x4x8xf32>, %[[PV:[a-z0-9]+]]: tensor<?x4x8xf32>, %[[PC:[a-z0-9]+]]: tensor<?xi32>, %[[PP:[a-z0-9]+]]: tensor<?x4xi32>
// CHECK: tensor.extract %[[PC]]
// CHECK: tensor.extract_slice %[[PK]]
// CHECK: tensor.extract %[[PP]]
// CHECK: tensor.expand_shape {{.*}} : tensor<8xf32> into tensor<4x2xf32>
// CHECK: tensor.extract_slice %[[K]]
// CHECK: tensor.extract %[[POS]]
// CHECK: tensor.extract_slice %[[PV]]
// CHECK: tensor.extract_slice %[[V]]
func.func private @past(%q: tensor<?x8xf32>, %k: tensor<?x8xf32>, %v: tensor<?x8xf32>,
    %off: tensor<?xi32>, %pos: tensor<?xi32>, %cos: tensor<32x4xf32>, %sin: tensor<32x4xf32>,
    %pk: tensor<?x4x8xf32>, %pv: tensor<?x4x8xf32>, %pc: tensor<?xi32>, %pp: tensor<?x4xi32>,
    %out: tensor<?x8xf32>) -> tensor<?x8xf32> attributes {seqc.kernel} {
  %a = seqc.attend softmax {left = 4 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>)
      positions(%pos : tensor<?xi32>) rotary(%cos, %sin : tensor<32x4xf32>, tensor<32x4xf32>)
      past(%pk, %pv, %pc : tensor<?x4x8xf32>, tensor<?x4x8xf32>, tensor<?xi32>)
      past_positions(%pp : tensor<?x4xi32>)
      outs(%out : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %a : tensor<?x8xf32>
}

// Heads are part of the task space; two query heads share a key head. The consumer
// writes them side by side.
// CHECK-LABEL: func.func private @heads(
// CHECK-SAME: %{{[a-z0-9]+}}: tensor<4x?x8xf32>, %[[K:[a-z0-9]+]]: tensor<2x?x8xf32>
// CHECK: scf.forall (%[[T:.*]]) in
// CHECK: %[[HEAD:.*]] = arith.divui %[[T]]
// CHECK: %[[GROUP:.*]] = arith.divui %[[HEAD]], %c2
// CHECK: tensor.extract_slice %[[K]][%[[GROUP]],
// CHECK: tensor.parallel_insert_slice %{{.*}} into %{{.*}}[%{{.*}}, %[[HEAD]], 0] [%{{.*}}, 1, 8]
func.func private @heads(%q: tensor<4x?x8xf32>, %k: tensor<2x?x8xf32>, %v: tensor<2x?x8xf32>,
    %off: tensor<?xi32>, %r: tensor<?x8xf32>, %out: tensor<?x4x8xf32>) -> tensor<?x4x8xf32>
    attributes {seqc.kernel} {
  %c1 = arith.constant 1 : index
  %n = tensor.dim %q, %c1 : tensor<4x?x8xf32>
  %e = tensor.empty(%n) : tensor<4x?x8xf32>
  %a = seqc.attend relu {left = 4 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %k, %v, %off : tensor<4x?x8xf32>, tensor<2x?x8xf32>, tensor<2x?x8xf32>, tensor<?xi32>)
      outs(%e : tensor<4x?x8xf32>) -> tensor<4x?x8xf32>
  %y = linalg.generic {indexing_maps = [#heads, #shared, #merged], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%a, %r : tensor<4x?x8xf32>, tensor<?x8xf32>) outs(%out : tensor<?x4x8xf32>) {
  ^bb0(%x: f32, %g: f32, %o: f32):
    %m = arith.mulf %x, %g : f32
    linalg.yield %m : f32
  } -> tensor<?x4x8xf32>
  return %y : tensor<?x4x8xf32>
}

// Without heads the task goes on with its rows: a product with weights, into a
// tile of its own, and back to where the rows came from.
// CHECK-LABEL: func.func private @projected(
// CHECK-SAME: %[[W:[a-z0-9]+]]: tensor<8x40xf32>, %[[IDX:[a-z0-9]+]]: tensor<?xi32>, %[[OUT:[a-z0-9]+]]: tensor<?x40xf32>
// CHECK: scf.forall {{.*}} shared_outs(%[[O:.*]] = %[[OUT]])
// CHECK: %[[F:.*]] = linalg.fill {{.*}} -> tensor<?x40xf32>
// CHECK: %[[P:.*]] = linalg.generic {{.*}} ins(%{{.*}}, %[[W]] : tensor<?x8xf32>, tensor<8x40xf32>) outs(%[[F]]
// CHECK: %[[I:.*]] = tensor.extract_slice %[[IDX]]
// CHECK: %[[S:.*]] = seqc.scatter_rows add ins(%[[P]], %[[I]] {{.*}} outs(%[[O]]
// CHECK: scf.forall.in_parallel
// CHECK-NEXT: tensor.parallel_insert_slice %[[S]] into %[[O]]
func.func private @projected(%q: tensor<?x8xf32>, %off: tensor<?xi32>, %w: tensor<8x40xf32>,
    %idx: tensor<?xi32>, %out: tensor<?x40xf32>) -> tensor<?x40xf32> attributes {seqc.kernel} {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %q, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%n) : tensor<?x8xf32>
  %a = seqc.attend relu {left = 4 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %q, %q, %off : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>)
      outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  %t = tensor.empty(%n) : tensor<?x40xf32>
  %f = linalg.fill ins(%zero : f32) outs(%t : tensor<?x40xf32>) -> tensor<?x40xf32>
  %p = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>,
      affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %w : tensor<?x8xf32>, tensor<8x40xf32>) outs(%f : tensor<?x40xf32>) {
  ^bb0(%x: f32, %y: f32, %s: f32):
    %m = arith.mulf %x, %y : f32
    %z = arith.addf %s, %m : f32
    linalg.yield %z : f32
  } -> tensor<?x40xf32>
  %r = seqc.scatter_rows add ins(%p, %idx : tensor<?x40xf32>, tensor<?xi32>)
      outs(%out : tensor<?x40xf32>) -> tensor<?x40xf32>
  return %r : tensor<?x40xf32>
}

// Functions that are not kernels stay.
// CHECK-LABEL: func.func @model(
// CHECK: seqc.attend
func.func @model(%q: tensor<?x8xf32>, %off: tensor<?xi32>, %out: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %a = seqc.attend relu {left = 4 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %q, %q, %off : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>)
      outs(%out : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %a : tensor<?x8xf32>
}

// -----

func.func private @reduction(%q: tensor<2x?x8xf32>, %off: tensor<?xi32>, %e: tensor<2x?x8xf32>,
    %out: tensor<2x?xf32>) -> tensor<2x?xf32> attributes {seqc.kernel} {
  %a = seqc.attend relu {left = 4 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %q, %q, %off : tensor<2x?x8xf32>, tensor<2x?x8xf32>, tensor<2x?x8xf32>, tensor<?xi32>)
      outs(%e : tensor<2x?x8xf32>) -> tensor<2x?x8xf32>
  // expected-error @+1 {{expected an elementwise consumer of attention rows, got a reduction}}
  %y = linalg.generic {indexing_maps = [affine_map<(g, m, n) -> (g, m, n)>, affine_map<(g, m, n) -> (g, m)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a : tensor<2x?x8xf32>) outs(%out : tensor<2x?xf32>) {
  ^bb0(%x: f32, %o: f32):
    %m = arith.addf %x, %o : f32
    linalg.yield %m : f32
  } -> tensor<2x?xf32>
  return %y : tensor<2x?xf32>
}

// -----

func.func private @width(%q: tensor<?x?xf32>, %v: tensor<?x8xf32>, %off: tensor<?xi32>,
    %out: tensor<?x8xf32>) -> tensor<?x8xf32> attributes {seqc.kernel} {
  // expected-error @+1 {{expected tensors with a static last extent, got 'tensor<?x?xf32>'}}
  %a = seqc.attend relu {left = 4 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %q, %v, %off : tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x8xf32>, tensor<?xi32>)
      outs(%out : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %a : tensor<?x8xf32>
}

// -----

func.func private @other(%q: tensor<2x?x8xf32>, %off: tensor<?xi32>, %e: tensor<2x?x8xf32>,
    %out: tensor<2x?x8xf32>) -> tensor<2x?x8xf32> attributes {seqc.kernel} {
  %a = seqc.attend relu {left = 4 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %q, %q, %off : tensor<2x?x8xf32>, tensor<2x?x8xf32>, tensor<2x?x8xf32>, tensor<?xi32>)
      outs(%e : tensor<2x?x8xf32>) -> tensor<2x?x8xf32>
  // expected-error @+1 {{expected only elementwise consumers next to seqc.attend}}
  %y = linalg.copy ins(%a : tensor<2x?x8xf32>) outs(%out : tensor<2x?x8xf32>) -> tensor<2x?x8xf32>
  return %y : tensor<2x?x8xf32>
}

// -----

// Rows of different tasks meet in a pool.
func.func private @pooled(%q: tensor<?x8xf32>, %off: tensor<?xi32>, %out: tensor<?x8xf32>,
    %pooled: tensor<?x8xf32>) -> tensor<?x8xf32> attributes {seqc.kernel} {
  // expected-error @+1 {{expected tasks that do not depend on each other, got a result that one of them needs as a whole; end the kernel after this op}}
  %a = seqc.attend relu {left = 4 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %q, %q, %off : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>)
      outs(%out : tensor<?x8xf32>) -> tensor<?x8xf32>
  %y = seqc.pool mean ins(%a, %off : tensor<?x8xf32>, tensor<?xi32>)
      outs(%pooled : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

func.func private @part(%q: tensor<?x8xf32>, %off: tensor<?xi32>, %out: tensor<?x8xf32>)
    -> tensor<?x8xf32> attributes {seqc.kernel} {
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  // expected-error @+1 {{expected all keys in a kernel, got a part}}
  %a = seqc.attend relu {left = 4 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %q, %q, %off : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>)
      keys(%c2 to %c4) outs(%out : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %a : tensor<?x8xf32>
}

// -----

func.func private @by_position(%q: tensor<?x8xf32>, %off: tensor<?xi32>, %pos: tensor<?xi32>,
    %out: tensor<?x8xf32>) -> tensor<?x8xf32> attributes {seqc.kernel} {
  // expected-error @+1 {{expected a window over rows, got by_position; only the target reference evaluates windows over positions}}
  %a = seqc.attend relu {left = 4 : i64, right = 0 : i64, scale = 1.0 : f32, by_position}
      ins(%q, %q, %q, %off : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>)
      positions(%pos : tensor<?xi32>) outs(%out : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %a : tensor<?x8xf32>
}
