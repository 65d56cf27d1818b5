// RUN: seqc-opt %s --split-input-file --seqc-schedule | FileCheck %s
// RUN: seqc-opt %S/Inputs/seqboat.mlir --seqc-pipeline-simplify --seqc-pipeline-fuse \
// RUN:   --seqc-pipeline-partition --seqc-pipeline-schedule | FileCheck %s --check-prefix=MODEL

// MODEL: @channels_scan_16x4({{.*}}#seqc.schedule<"channels", rows = 0, micro = 1 by 1, keys = 0, unroll = 4>
// MODEL: @rows_matmul_32_route({{.*}}#seqc.schedule<"rows", rows = 64, micro = 12 by 2, keys = 0, unroll = 4>
// MODEL: @serial_compress({{.*}}#seqc.schedule<"serial"
// MODEL: @rows_gather_matmul_48({{.*}}#seqc.schedule<"rows", rows = 64, micro = 8 by 3, keys = 0, unroll = 4>
// MODEL: @queries_attend_softmax_16_matmul_16_scatter({{.*}}#seqc.schedule<"queries", rows = 16, micro = 8 by 1, keys = 32, unroll = 2, block = 16>

#a = affine_map<(m, n, p, k) -> (m, k)>
#b = affine_map<(m, n, p, k) -> (n, k, p)>
#c = affine_map<(m, n, p, k) -> (m, n, p)>

// 4096 columns leave room for 32 rows in half a megabyte, but weights that do not
// fit the second-level cache are read once per tile: 128 rows. Panels of 64 are
// tiles of 6 by 4 here, those of the smaller product of 8 by 3 there.
// CHECK-LABEL: @wide
// CHECK-SAME: seqc.schedule = #seqc.schedule<"rows", rows = 128, micro = 6 by 4, keys = 0, unroll = 4>
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<?x64xf32>, tensor<64x64x64xf32>)
// CHECK-NOT: attrs
// CHECK: linalg.generic {{.*}} tensor<1x4096x48xf32>) {{.*}} attrs = {seqc.schedule = #seqc.schedule<"rows", rows = 128, micro = 8 by 3, keys = 0, unroll = 4>}
func.func private @wide(%x: tensor<?x64xf32>, %w: tensor<64x64x64xf32>, %v: tensor<1x4096x48xf32>,
                        %o: tensor<?x1x48xf32>) -> tensor<?x1x48xf32> attributes {seqc.kernel} {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x64xf32>
  %e = tensor.empty(%n) : tensor<?x64x64xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x64x64xf32>) -> tensor<?x64x64xf32>
  %h = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x64xf32>, tensor<64x64x64xf32>) outs(%f : tensor<?x64x64xf32>) {
  ^bb0(%p: f32, %q: f32, %s: f32):
    %m = arith.mulf %p, %q : f32
    %r = arith.addf %s, %m : f32
    linalg.yield %r : f32
  } -> tensor<?x64x64xf32>
  %hc = tensor.collapse_shape %h [[0], [1, 2]] : tensor<?x64x64xf32> into tensor<?x4096xf32>
  %g = linalg.fill ins(%zero : f32) outs(%o : tensor<?x1x48xf32>) -> tensor<?x1x48xf32>
  %y = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%hc, %v : tensor<?x4096xf32>, tensor<1x4096x48xf32>) outs(%g : tensor<?x1x48xf32>) {
  ^bb0(%p: f32, %q: f32, %s: f32):
    %m = arith.mulf %p, %q : f32
    %r = arith.addf %s, %m : f32
    linalg.yield %r : f32
  } -> tensor<?x1x48xf32>
  return %y : tensor<?x1x48xf32>
}

// -----

// 32 registers: blocks of three vectors of queries; six of them by four vectors of
// values, all columns of which are one register tile.
// CHECK-LABEL: @causal
// CHECK-SAME: "queries", rows = 96, micro = 6 by 4, keys = 64, unroll = 2, block = 48
func.func private @causal(%q: tensor<?x64xf32>, %off: tensor<?xi32>, %o: tensor<?x64xf32>)
    -> tensor<?x64xf32> attributes {seqc.kernel} {
  %a = seqc.attend softmax {left = -1 : i64, right = 0 : i64, scale = 1.0 : f32}
      ins(%q, %q, %q, %off : tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>, tensor<?xi32>)
      outs(%o : tensor<?x64xf32>) -> tensor<?x64xf32>
  return %a : tensor<?x64xf32>
}

// -----

// 16 registers: six rows of two vectors; a schedule by hand stays.
module attributes {seqc.target = #seqc.target<"avx2", bits = 256, registers = 16, fma = true, l1 = 32768, l2 = 262144>} {
  // CHECK-LABEL: @narrow
  // CHECK-SAME: rows = 64, micro = 6 by 2
  func.func private @narrow(%x: tensor<?x8xf32>, %w: tensor<2x8x16xf32>, %o: tensor<?x2x16xf32>) -> tensor<?x2x16xf32> attributes {seqc.kernel} {
    %zero = arith.constant 0.0 : f32
    %g = linalg.fill ins(%zero : f32) outs(%o : tensor<?x2x16xf32>) -> tensor<?x2x16xf32>
    %y = linalg.generic {indexing_maps = [affine_map<(m, n, p, k) -> (m, k)>, affine_map<(m, n, p, k) -> (n, k, p)>, affine_map<(m, n, p, k) -> (m, n, p)>],
        iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
        ins(%x, %w : tensor<?x8xf32>, tensor<2x8x16xf32>) outs(%g : tensor<?x2x16xf32>) {
    ^bb0(%p: f32, %q: f32, %s: f32):
      %m = arith.mulf %p, %q : f32
      %r = arith.addf %s, %m : f32
      linalg.yield %r : f32
    } -> tensor<?x2x16xf32>
    return %y : tensor<?x2x16xf32>
  }
  // CHECK-LABEL: @by_hand
  // CHECK-SAME: rows = 24, micro = 2 by 1
  func.func private @by_hand(%x: tensor<?x8xf32>, %o: tensor<?x8xf32>) -> tensor<?x8xf32>
      attributes {seqc.kernel, seqc.schedule = #seqc.schedule<"rows", rows = 24, micro = 2 by 1, keys = 0, unroll = 1>} {
    %r = linalg.exp ins(%x : tensor<?x8xf32>) outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
    return %r : tensor<?x8xf32>
  }
  // Queries: one block of two vectors, which sees 65 + 16 keys, all of them at once.
  // CHECK-LABEL: @short_window
  // CHECK-SAME: "queries", rows = 16, micro = 4 by 2, keys = 88, unroll = 2, block = 16
  func.func private @short_window(%q: tensor<?x32xf32>, %v: tensor<?x256xf32>, %off: tensor<?xi32>, %o: tensor<?x256xf32>)
      -> tensor<?x256xf32> attributes {seqc.kernel} {
    %a = seqc.attend softmax {left = 64 : i64, right = 0 : i64, scale = 1.0 : f32}
        ins(%q, %q, %v, %off : tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x256xf32>, tensor<?xi32>)
        outs(%o : tensor<?x256xf32>) -> tensor<?x256xf32>
    return %a : tensor<?x256xf32>
  }
  // The weights of all keys would take 17 of 16 kB: a wide tile, whose keys are
  // divided evenly, 257 + 128 in 7.
  // CHECK-LABEL: @long_window
  // CHECK-SAME: "queries", rows = 128, micro = 4 by 2, keys = 56, unroll = 2, block = 16
  func.func private @long_window(%q: tensor<?x64xf32>, %off: tensor<?xi32>, %o: tensor<?x64xf32>)
      -> tensor<?x64xf32> attributes {seqc.kernel} {
    %a = seqc.attend softmax {left = 256 : i64, right = 0 : i64, scale = 1.0 : f32}
        ins(%q, %q, %q, %off : tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>, tensor<?xi32>)
        outs(%o : tensor<?x64xf32>) -> tensor<?x64xf32>
    return %a : tensor<?x64xf32>
  }
  // Sequences that are seen whole may be short: two key tiles' worth at once.
  // CHECK-LABEL: @no_window
  // CHECK-SAME: "queries", rows = 128, micro = 4 by 2, keys = 128, unroll = 2, block = 16
  func.func private @no_window(%q: tensor<?x64xf32>, %off: tensor<?xi32>, %o: tensor<?x64xf32>)
      -> tensor<?x64xf32> attributes {seqc.kernel} {
    %a = seqc.attend softmax {left = -1 : i64, right = -1 : i64, scale = 1.0 : f32}
        ins(%q, %q, %q, %off : tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>, tensor<?xi32>)
        outs(%o : tensor<?x64xf32>) -> tensor<?x64xf32>
    return %a : tensor<?x64xf32>
  }
  // Their results keep to the first-level cache.
  // CHECK-LABEL: @no_window_wide
  // CHECK-SAME: "queries", rows = 32, micro = 4 by 2, keys = 128, unroll = 2, block = 16
  func.func private @no_window_wide(%q: tensor<?x64xf32>, %v: tensor<?x256xf32>, %off: tensor<?xi32>, %o: tensor<?x256xf32>)
      -> tensor<?x256xf32> attributes {seqc.kernel} {
    %a = seqc.attend softmax {left = -1 : i64, right = -1 : i64, scale = 1.0 : f32}
        ins(%q, %q, %v, %off : tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x256xf32>, tensor<?xi32>)
        outs(%o : tensor<?x256xf32>) -> tensor<?x256xf32>
    return %a : tensor<?x256xf32>
  }
  // Single values: long tiles. A function that is no kernel gets nothing.
  // CHECK-LABEL: @scalars
  // CHECK-SAME: rows = 1024
  func.func private @scalars(%x: tensor<?xf32>, %o: tensor<?xf32>) -> tensor<?xf32> attributes {seqc.kernel} {
    %r = linalg.exp ins(%x : tensor<?xf32>) outs(%o : tensor<?xf32>) -> tensor<?xf32>
    return %r : tensor<?xf32>
  }
  // CHECK-LABEL: @no_kernel
  // CHECK-NOT: seqc.schedule
  func.func @no_kernel(%x: tensor<?xf32>) -> tensor<?xf32> {
    return %x : tensor<?xf32>
  }
}
