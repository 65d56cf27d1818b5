#map = affine_map<(d0, d1) -> (d0, d1)>
#map1 = affine_map<(d0, d1, d2) -> (d0, d1)>
#map2 = affine_map<(d0, d1, d2) -> (d1, d2)>
#map3 = affine_map<(d0, d1, d2) -> (d1)>
#map4 = affine_map<(d0, d1, d2) -> (d0, d2)>
#map5 = affine_map<(d0, d1) -> (d1)>
#map6 = affine_map<(d0) -> (d0)>
#map7 = affine_map<(d0, d1) -> (0, d1)>
#map8 = affine_map<(d0, d1) -> (1, d1)>
module @"kjv-seqboat" attributes {seqc.metadata = {description = "byte-level language model of the King James Bible, four SeqBoat layers", generate.tokens = "64", name = "kjv-seqboat", tokenizer = "bytes", vocab = "256", window = "512"}} {
  func.func @forward(%arg0: tensor<?xi32> {seqc.input = "ids", seqc.limit = 256 : i64}, %arg1: tensor<?xi32> {seqc.builtin = "offsets"}, %arg2: tensor<?xi32> {seqc.builtin = "positions"}, %arg3: tensor<1xf32> {seqc.option = "act_bias"}, %arg4: tensor<?x128x16xf32> {seqc.state = "layers.0.h"}, %arg5: tensor<?x64x32xf32> {seqc.state = "layers.0.ring_k"}, %arg6: tensor<?x64x256xf32> {seqc.state = "layers.0.ring_v"}, %arg7: tensor<?x64xi32> {seqc.state = "layers.0.ring_pos"}, %arg8: tensor<?xi32> {seqc.state = "layers.0.count"}, %arg9: tensor<256x128xf32> {seqc.weight = "embed.weight"}, %arg10: tensor<128xf32> {seqc.weight = "layers.0.norm.norm.weight"}, %arg11: tensor<128xf32> {seqc.weight = "layers.0.norm.norm.bias"}, %arg12: tensor<128x16x1xf32> {seqc.weight = "layers.0.ssm.delta"}, %arg13: tensor<128x16x1xf32> {seqc.weight = "layers.0.ssm.alpha"}, %arg14: tensor<128x16x1xf32> {seqc.weight = "layers.0.ssm.beta"}, %arg15: tensor<128x16xf32> {seqc.weight = "layers.0.ssm.gamma"}, %arg16: tensor<128xf32> {seqc.weight = "layers.0.ssm.omega"}, %arg17: tensor<130x128xf32> {seqc.weight = "layers.0.hx_proj.weight"}, %arg18: tensor<130xf32> {seqc.weight = "layers.0.hx_proj.bias"}, %arg19: tensor<1xf32> {seqc.weight = "layers.0.q_router.temp"}, %arg20: tensor<544x128xf32> {seqc.weight = "layers.0.mx_proj.weight"}, %arg21: tensor<544xf32> {seqc.weight = "layers.0.mx_proj.bias"}, %arg22: tensor<2x32xf32> {seqc.weight = "layers.0.gamma"}, %arg23: tensor<2x32xf32> {seqc.weight = "layers.0.beta"}, %arg24: tensor<512x16xf32> {seqc.weight = "$rotary.10000.512x16.cos"}, %arg25: tensor<512x16xf32> {seqc.weight = "$rotary.10000.512x16.sin"}, %arg26: tensor<128x256xf32> {seqc.weight = "layers.0.h_proj.weight"}, %arg27: tensor<128xf32> {seqc.weight = "layers.0.h_proj.bias"}, %arg28: tensor<128xf32> {seqc.weight = "final_norm.weight"}, %arg29: tensor<128xf32> {seqc.weight = "final_norm.bias"}, %arg30: tensor<256x128xf32> {seqc.weight = "head.weight"}, %arg31: tensor<256xf32> {seqc.weight = "head.bias"}) -> (tensor<?x256xf32> {seqc.output = "y"}, tensor<?x128x16xf32> {seqc.state = "layers.0.h"}, tensor<?x64x32xf32> {seqc.state = "layers.0.ring_k"}, tensor<?x64x256xf32> {seqc.state = "layers.0.ring_v"}, tensor<?x64xi32> {seqc.state = "layers.0.ring_pos"}, tensor<?xi32> {seqc.state = "layers.0.count"}) attributes {seqc.causal, seqc.max_positions = 512 : i64} {
    %c0 = arith.constant 0 : index
    %dim = tensor.dim %arg0, %c0 : tensor<?xi32>
    %dim_0 = tensor.dim %arg1, %c0 : tensor<?xi32>
    %c1 = arith.constant 1 : index
    %0 = arith.subi %dim_0, %c1 : index
    %1 = tensor.empty(%dim) : tensor<?x128xf32>
    %2 = seqc.gather_rows ins(%arg9, %arg0 : tensor<256x128xf32>, tensor<?xi32>) outs(%1 : tensor<?x128xf32>) -> tensor<?x128xf32>
    %3 = tensor.empty(%dim) {seqc.layer = "layers.0"} : tensor<?x128xf32>
    %4 = seqc.norm layer {eps = 9.99999974E-6 : f32, seqc.layer = "layers.0"} ins(%2 : tensor<?x128xf32>) gain(%arg10 : tensor<128xf32>) bias(%arg11 : tensor<128xf32>) outs(%3 : tensor<?x128xf32>) -> tensor<?x128xf32>
    %collapsed = tensor.collapse_shape %arg12 [[0], [1, 2]] {seqc.layer = "layers.0"} : tensor<128x16x1xf32> into tensor<128x16xf32>
    %collapsed_1 = tensor.collapse_shape %arg13 [[0], [1, 2]] {seqc.layer = "layers.0"} : tensor<128x16x1xf32> into tensor<128x16xf32>
    %collapsed_2 = tensor.collapse_shape %arg14 [[0], [1, 2]] {seqc.layer = "layers.0"} : tensor<128x16x1xf32> into tensor<128x16xf32>
    %5 = tensor.empty() {seqc.layer = "layers.0"} : tensor<128x16xf32>
    %6 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%collapsed, %collapsed_1 : tensor<128x16xf32>, tensor<128x16xf32>) outs(%5 : tensor<128x16xf32>) attrs =  {seqc.layer = "layers.0"} {
    ^bb0(%in: f32, %in_12: f32, %out: f32):
      %cst_13 = arith.constant 1.000000e+00 : f32
      %cst_14 = arith.constant 1.000000e+00 : f32
      %70 = arith.negf %in : f32
      %71 = math.exp %70 : f32
      %72 = arith.addf %cst_14, %71 : f32
      %73 = arith.divf %cst_14, %72 : f32
      %cst_15 = arith.constant 1.000000e+00 : f32
      %74 = arith.negf %in_12 : f32
      %75 = math.exp %74 : f32
      %76 = arith.addf %cst_15, %75 : f32
      %77 = arith.divf %cst_15, %76 : f32
      %78 = arith.mulf %73, %77 : f32
      %79 = arith.subf %cst_13, %78 : f32
      linalg.yield %79 : f32
    } -> tensor<128x16xf32>
    %7 = tensor.empty() {seqc.layer = "layers.0"} : tensor<128x16xf32>
    %8 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%collapsed, %collapsed_2 : tensor<128x16xf32>, tensor<128x16xf32>) outs(%7 : tensor<128x16xf32>) attrs =  {seqc.layer = "layers.0"} {
    ^bb0(%in: f32, %in_12: f32, %out: f32):
      %cst_13 = arith.constant 1.000000e+00 : f32
      %70 = arith.negf %in : f32
      %71 = math.exp %70 : f32
      %72 = arith.addf %cst_13, %71 : f32
      %73 = arith.divf %cst_13, %72 : f32
      %74 = arith.mulf %73, %in_12 : f32
      linalg.yield %74 : f32
    } -> tensor<128x16xf32>
    %9 = tensor.empty() {seqc.layer = "layers.0"} : tensor<128x16xf32>
    %10 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg15 : tensor<128x16xf32>) outs(%9 : tensor<128x16xf32>) attrs =  {seqc.layer = "layers.0"} {
    ^bb0(%in: f32, %out: f32):
      %cst_12 = arith.constant 2.500000e-01 : f32
      %70 = arith.mulf %in, %cst_12 : f32
      linalg.yield %70 : f32
    } -> tensor<128x16xf32>
    %11 = tensor.empty(%dim) {seqc.layer = "layers.0"} : tensor<?x128xf32>
    %12:2 = seqc.scan {delays = array<i64: 0>, maps = [#map1, #map2, #map2, #map2, #map3, #map1, #map2], seqc.layer = "layers.0"} inputs(%4 : tensor<?x128xf32>) params(%6, %8, %10, %arg16 : tensor<128x16xf32>, tensor<128x16xf32>, tensor<128x16xf32>, tensor<128xf32>) offsets(%arg1 : tensor<?xi32>) outs(%11 : tensor<?x128xf32>) states(%arg4 : tensor<?x128x16xf32>) {
    ^bb0(%x: f32, %p: vector<16xf32>, %p_12: vector<16xf32>, %p_13: vector<16xf32>, %p_14: f32, %carry: vector<16xf32>):
      %70 = arith.mulf %p, %carry : vector<16xf32>
      %71 = vector.broadcast %x : f32 to vector<16xf32>
      %72 = arith.mulf %p_12, %71 : vector<16xf32>
      %73 = arith.addf %70, %72 : vector<16xf32>
      %74 = arith.mulf %p_13, %73 : vector<16xf32>
      %75 = vector.reduction <add>, %74 : vector<16xf32> into f32
      %76 = arith.mulf %p_14, %x : f32
      %77 = arith.addf %75, %76 : f32
      seqc.yield %77, %73 : f32, vector<16xf32>
    } -> tensor<?x128xf32>, tensor<?x128x16xf32>
    %13 = tensor.empty(%dim) {seqc.layer = "layers.0"} : tensor<?x128xf32>
    %14 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%12#0 : tensor<?x128xf32>) outs(%13 : tensor<?x128xf32>) attrs =  {seqc.layer = "layers.0"} {
    ^bb0(%in: f32, %out: f32):
      %70 = arith.negf %in : f32
      %71 = math.exp %70 : f32
      %cst_12 = arith.constant 1.000000e+00 : f32
      %72 = arith.addf %cst_12, %71 : f32
      %73 = arith.divf %in, %72 : f32
      linalg.yield %73 : f32
    } -> tensor<?x128xf32>
    %15 = tensor.empty(%dim) {seqc.layer = "layers.0"} : tensor<?x130xf32>
    %cst = arith.constant 0.000000e+00 : f32
    %16 = linalg.fill {seqc.layer = "layers.0"} ins(%cst : f32) outs(%15 : tensor<?x130xf32>) -> tensor<?x130xf32>
    %17 = linalg.matmul indexing_maps = [#map4, #map2, #map1] {seqc.layer = "layers.0"} ins(%14, %arg17 : tensor<?x128xf32>, tensor<130x128xf32>) outs(%16 : tensor<?x130xf32>) -> tensor<?x130xf32>
    %18 = tensor.empty(%dim) {seqc.layer = "layers.0"} : tensor<?x130xf32>
    %19 = linalg.generic {indexing_maps = [#map, #map5, #map], iterator_types = ["parallel", "parallel"]} ins(%17, %arg18 : tensor<?x130xf32>, tensor<130xf32>) outs(%18 : tensor<?x130xf32>) attrs =  {seqc.layer = "layers.0"} {
    ^bb0(%in: f32, %in_12: f32, %out: f32):
      %70 = arith.addf %in, %in_12 : f32
      linalg.yield %70 : f32
    } -> tensor<?x130xf32>
    %extracted_slice = tensor.extract_slice %19[0, 0] [%dim, 2] [1, 1] {seqc.layer = "layers.0"} : tensor<?x130xf32> to tensor<?x2xf32>
    %extracted_slice_3 = tensor.extract_slice %19[0, 2] [%dim, 128] [1, 1] {seqc.layer = "layers.0"} : tensor<?x130xf32> to tensor<?x128xf32>
    %20 = tensor.empty() {seqc.layer = "layers.0"} : tensor<1xf32>
    %21 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel"]} ins(%arg19 : tensor<1xf32>) outs(%20 : tensor<1xf32>) attrs =  {seqc.layer = "layers.0"} {
    ^bb0(%in: f32, %out: f32):
      %70 = arith.negf %in : f32
      %71 = math.exp %70 : f32
      linalg.yield %71 : f32
    } -> tensor<1xf32>
    %22 = tensor.empty(%dim) {seqc.layer = "layers.0"} : tensor<?xi32>
    %23 = tensor.empty(%dim) {seqc.layer = "layers.0"} : tensor<?xf32>
    %24:2 = seqc.route {seqc.layer = "layers.0"} ins(%extracted_slice, %arg3, %21 : tensor<?x2xf32>, tensor<1xf32>, tensor<1xf32>) outs(%22, %23 : tensor<?xi32>, tensor<?xf32>) -> tensor<?xi32>, tensor<?xf32>
    %25 = tensor.empty(%dim) {seqc.layer = "layers.0"} : tensor<?xi32>
    %26 = tensor.empty(%dim_0) {seqc.layer = "layers.0"} : tensor<?xi32>
    %27:2 = seqc.compress {seqc.layer = "layers.0"} ins(%24#0, %arg1 : tensor<?xi32>, tensor<?xi32>) outs(%25, %26 : tensor<?xi32>, tensor<?xi32>) -> tensor<?xi32>, tensor<?xi32>
    %28 = seqc.count %27#1 {gate = "layers.0", seqc.layer = "layers.0"} : tensor<?xi32>
    %29 = tensor.empty(%28) {seqc.layer = "layers.0"} : tensor<?x128xf32>
    %30 = seqc.gather_rows {seqc.layer = "layers.0"} ins(%14, %27#0 : tensor<?x128xf32>, tensor<?xi32>) outs(%29 : tensor<?x128xf32>) -> tensor<?x128xf32>
    %31 = tensor.empty(%28) {seqc.layer = "layers.0"} : tensor<?x544xf32>
    %cst_4 = arith.constant 0.000000e+00 : f32
    %32 = linalg.fill {seqc.layer = "layers.0"} ins(%cst_4 : f32) outs(%31 : tensor<?x544xf32>) -> tensor<?x544xf32>
    %33 = linalg.matmul indexing_maps = [#map4, #map2, #map1] {seqc.layer = "layers.0"} ins(%30, %arg20 : tensor<?x128xf32>, tensor<544x128xf32>) outs(%32 : tensor<?x544xf32>) -> tensor<?x544xf32>
    %34 = tensor.empty(%28) {seqc.layer = "layers.0"} : tensor<?x544xf32>
    %35 = linalg.generic {indexing_maps = [#map, #map5, #map], iterator_types = ["parallel", "parallel"]} ins(%33, %arg21 : tensor<?x544xf32>, tensor<544xf32>) outs(%34 : tensor<?x544xf32>) attrs =  {seqc.layer = "layers.0"} {
    ^bb0(%in: f32, %in_12: f32, %out: f32):
      %70 = arith.addf %in, %in_12 : f32
      linalg.yield %70 : f32
    } -> tensor<?x544xf32>
    %36 = tensor.empty(%28) {seqc.layer = "layers.0"} : tensor<?x544xf32>
    %37 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%35 : tensor<?x544xf32>) outs(%36 : tensor<?x544xf32>) attrs =  {seqc.layer = "layers.0"} {
    ^bb0(%in: f32, %out: f32):
      %70 = arith.negf %in : f32
      %71 = math.exp %70 : f32
      %cst_12 = arith.constant 1.000000e+00 : f32
      %72 = arith.addf %cst_12, %71 : f32
      %73 = arith.divf %in, %72 : f32
      linalg.yield %73 : f32
    } -> tensor<?x544xf32>
    %extracted_slice_5 = tensor.extract_slice %37[0, 0] [%28, 32] [1, 1] {seqc.layer = "layers.0"} : tensor<?x544xf32> to tensor<?x32xf32>
    %extracted_slice_6 = tensor.extract_slice %37[0, 32] [%28, 256] [1, 1] {seqc.layer = "layers.0"} : tensor<?x544xf32> to tensor<?x256xf32>
    %extracted_slice_7 = tensor.extract_slice %37[0, 288] [%28, 256] [1, 1] {seqc.layer = "layers.0"} : tensor<?x544xf32> to tensor<?x256xf32>
    %38 = tensor.empty(%28) {seqc.layer = "layers.0"} : tensor<?x32xf32>
    %39 = linalg.generic {indexing_maps = [#map, #map7, #map7, #map], iterator_types = ["parallel", "parallel"]} ins(%extracted_slice_5, %arg22, %arg23 : tensor<?x32xf32>, tensor<2x32xf32>, tensor<2x32xf32>) outs(%38 : tensor<?x32xf32>) attrs =  {seqc.layer = "layers.0"} {
    ^bb0(%in: f32, %in_12: f32, %in_13: f32, %out: f32):
      %70 = arith.mulf %in, %in_12 : f32
      %71 = arith.addf %70, %in_13 : f32
      linalg.yield %71 : f32
    } -> tensor<?x32xf32>
    %40 = tensor.empty(%28) {seqc.layer = "layers.0"} : tensor<?x32xf32>
    %41 = linalg.generic {indexing_maps = [#map, #map8, #map8, #map], iterator_types = ["parallel", "parallel"]} ins(%extracted_slice_5, %arg22, %arg23 : tensor<?x32xf32>, tensor<2x32xf32>, tensor<2x32xf32>) outs(%40 : tensor<?x32xf32>) attrs =  {seqc.layer = "layers.0"} {
    ^bb0(%in: f32, %in_12: f32, %in_13: f32, %out: f32):
      %70 = arith.mulf %in, %in_12 : f32
      %71 = arith.addf %70, %in_13 : f32
      linalg.yield %71 : f32
    } -> tensor<?x32xf32>
    %42 = tensor.empty(%28) {seqc.layer = "layers.0"} : tensor<?xi32>
    %43 = seqc.gather_rows {seqc.layer = "layers.0"} ins(%arg2, %27#0 : tensor<?xi32>, tensor<?xi32>) outs(%42 : tensor<?xi32>) -> tensor<?xi32>
    %44 = tensor.empty(%28) {seqc.layer = "layers.0"} : tensor<?x256xf32>
    %45 = seqc.attend softmax {left = 64 : i64, right = 0 : i64, scale = 0.176776692 : f32, seqc.layer = "layers.0"} ins(%39, %41, %extracted_slice_7, %27#1 : tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x256xf32>, tensor<?xi32>) positions(%43 : tensor<?xi32>) rotary(%arg24, %arg25 : tensor<512x16xf32>, tensor<512x16xf32>) past(%arg5, %arg6, %arg8 : tensor<?x64x32xf32>, tensor<?x64x256xf32>, tensor<?xi32>) past_positions(%arg7 : tensor<?x64xi32>) outs(%44 : tensor<?x256xf32>) -> tensor<?x256xf32>
    %46 = seqc.ring_push {seqc.layer = "layers.0"} ins(%41, %27#1, %arg8 : tensor<?x32xf32>, tensor<?xi32>, tensor<?xi32>) outs(%arg5 : tensor<?x64x32xf32>) -> tensor<?x64x32xf32>
    %47 = seqc.ring_push {seqc.layer = "layers.0"} ins(%extracted_slice_7, %27#1, %arg8 : tensor<?x256xf32>, tensor<?xi32>, tensor<?xi32>) outs(%arg6 : tensor<?x64x256xf32>) -> tensor<?x64x256xf32>
    %48 = seqc.ring_push {seqc.layer = "layers.0"} ins(%43, %27#1, %arg8 : tensor<?xi32>, tensor<?xi32>, tensor<?xi32>) outs(%arg7 : tensor<?x64xi32>) -> tensor<?x64xi32>
    %extracted_slice_8 = tensor.extract_slice %27#1[0] [%0] [1] {seqc.layer = "layers.0"} : tensor<?xi32> to tensor<?xi32>
    %extracted_slice_9 = tensor.extract_slice %27#1[1] [%0] [1] {seqc.layer = "layers.0"} : tensor<?xi32> to tensor<?xi32>
    %49 = tensor.empty(%0) {seqc.layer = "layers.0"} : tensor<?xi32>
    %50 = linalg.generic {indexing_maps = [#map6, #map6, #map6, #map6], iterator_types = ["parallel"]} ins(%arg8, %extracted_slice_8, %extracted_slice_9 : tensor<?xi32>, tensor<?xi32>, tensor<?xi32>) outs(%49 : tensor<?xi32>) attrs =  {seqc.layer = "layers.0"} {
    ^bb0(%in: i32, %in_12: i32, %in_13: i32, %out: i32):
      %70 = arith.subi %in_13, %in_12 : i32
      %71 = arith.addi %in, %70 : i32
      linalg.yield %71 : i32
    } -> tensor<?xi32>
    %51 = tensor.empty(%28) {seqc.layer = "layers.0"} : tensor<?x256xf32>
    %52 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%45, %extracted_slice_6 : tensor<?x256xf32>, tensor<?x256xf32>) outs(%51 : tensor<?x256xf32>) attrs =  {seqc.layer = "layers.0"} {
    ^bb0(%in: f32, %in_12: f32, %out: f32):
      %70 = arith.mulf %in, %in_12 : f32
      linalg.yield %70 : f32
    } -> tensor<?x256xf32>
    %53 = tensor.empty(%28) {seqc.layer = "layers.0"} : tensor<?x128xf32>
    %cst_10 = arith.constant 0.000000e+00 : f32
    %54 = linalg.fill {seqc.layer = "layers.0"} ins(%cst_10 : f32) outs(%53 : tensor<?x128xf32>) -> tensor<?x128xf32>
    %55 = linalg.matmul indexing_maps = [#map4, #map2, #map1] {seqc.layer = "layers.0"} ins(%52, %arg26 : tensor<?x256xf32>, tensor<128x256xf32>) outs(%54 : tensor<?x128xf32>) -> tensor<?x128xf32>
    %56 = tensor.empty(%28) {seqc.layer = "layers.0"} : tensor<?x128xf32>
    %57 = linalg.generic {indexing_maps = [#map, #map5, #map], iterator_types = ["parallel", "parallel"]} ins(%55, %arg27 : tensor<?x128xf32>, tensor<128xf32>) outs(%56 : tensor<?x128xf32>) attrs =  {seqc.layer = "layers.0"} {
    ^bb0(%in: f32, %in_12: f32, %out: f32):
      %70 = arith.addf %in, %in_12 : f32
      linalg.yield %70 : f32
    } -> tensor<?x128xf32>
    %58 = tensor.empty(%dim) {seqc.layer = "layers.0"} : tensor<?x128xf32>
    %59 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%extracted_slice_3, %2 : tensor<?x128xf32>, tensor<?x128xf32>) outs(%58 : tensor<?x128xf32>) attrs =  {seqc.layer = "layers.0"} {
    ^bb0(%in: f32, %in_12: f32, %out: f32):
      %70 = arith.addf %in, %in_12 : f32
      linalg.yield %70 : f32
    } -> tensor<?x128xf32>
    %60 = seqc.scatter_rows add {seqc.layer = "layers.0"} ins(%57, %27#0 : tensor<?x128xf32>, tensor<?xi32>) scale(%24#1 : tensor<?xf32>) outs(%59 : tensor<?x128xf32>) -> tensor<?x128xf32>
    %61 = tensor.empty(%dim) {seqc.layer = "layers.0"} : tensor<?x128xf32>
    %62 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%60 : tensor<?x128xf32>) outs(%61 : tensor<?x128xf32>) attrs =  {seqc.layer = "layers.0"} {
    ^bb0(%in: f32, %out: f32):
      %70 = arith.negf %in : f32
      %71 = math.exp %70 : f32
      %cst_12 = arith.constant 1.000000e+00 : f32
      %72 = arith.addf %cst_12, %71 : f32
      %73 = arith.divf %in, %72 : f32
      linalg.yield %73 : f32
    } -> tensor<?x128xf32>
    %63 = tensor.empty(%dim) : tensor<?x128xf32>
    %64 = seqc.norm layer {eps = 9.99999974E-6 : f32} ins(%62 : tensor<?x128xf32>) gain(%arg28 : tensor<128xf32>) bias(%arg29 : tensor<128xf32>) outs(%63 : tensor<?x128xf32>) -> tensor<?x128xf32>
    %65 = tensor.empty(%dim) : tensor<?x256xf32>
    %cst_11 = arith.constant 0.000000e+00 : f32
    %66 = linalg.fill ins(%cst_11 : f32) outs(%65 : tensor<?x256xf32>) -> tensor<?x256xf32>
    %67 = linalg.matmul indexing_maps = [#map4, #map2, #map1] ins(%64, %arg30 : tensor<?x128xf32>, tensor<256x128xf32>) outs(%66 : tensor<?x256xf32>) -> tensor<?x256xf32>
    %68 = tensor.empty(%dim) : tensor<?x256xf32>
    %69 = linalg.generic {indexing_maps = [#map, #map5, #map], iterator_types = ["parallel", "parallel"]} ins(%67, %arg31 : tensor<?x256xf32>, tensor<256xf32>) outs(%68 : tensor<?x256xf32>) {
    ^bb0(%in: f32, %in_12: f32, %out: f32):
      %70 = arith.addf %in, %in_12 : f32
      linalg.yield %70 : f32
    } -> tensor<?x256xf32>
    return %69, %12#1, %46, %47, %48, %50 : tensor<?x256xf32>, tensor<?x128x16xf32>, tensor<?x64x32xf32>, tensor<?x64x256xf32>, tensor<?x64xi32>, tensor<?xi32>
  }
}
