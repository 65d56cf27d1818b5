// Two gated layers as an importer writes them: norm, moving average, router,
// compaction, window attention over the active rows with carried keys, scatter.
// Arguments: x, offsets, positions, act_bias, weights by layer, states by layer.
#rows = affine_map<(m, n, k) -> (m, k)>
#weight = affine_map<(m, n, k) -> (n, k)>
#out = affine_map<(m, n, k) -> (m, n)>
#td = affine_map<(t, d) -> (t, d)>
#d = affine_map<(t, d) -> (d)>
#s_td = affine_map<(t, d, n) -> (t, d)>
#s_dn = affine_map<(t, d, n) -> (d, n)>
#one = affine_map<(i) -> (i)>
module {
  func.func @forward(
      %x: tensor<?x16xf32> {seqc.input = "x"},
      %off: tensor<?xi32> {seqc.builtin = "offsets"},
      %pos: tensor<?xi32> {seqc.builtin = "positions"},
      %act: tensor<1xf32> {seqc.option = "act_bias"},
      %L0_g: tensor<16xf32> {seqc.weight = "layers.0.gain"},
      %L0_delta: tensor<16x4xf32> {seqc.weight = "layers.0.delta"},
      %L0_wh: tensor<18x16xf32> {seqc.weight = "layers.0.hx.weight"},
      %L0_bh: tensor<18xf32> {seqc.weight = "layers.0.hx.bias"},
      %L0_tau: tensor<1xf32> {seqc.weight = "layers.0.tau"},
      %L0_wm: tensor<40x16xf32> {seqc.weight = "layers.0.mx.weight"},
      %L0_bm: tensor<40xf32> {seqc.weight = "layers.0.mx.bias"},
      %L0_qk: tensor<2x8xf32> {seqc.weight = "layers.0.qk.gain"},
      %L0_wo: tensor<16x16xf32> {seqc.weight = "layers.0.h.weight"},
      %L0_bo: tensor<16xf32> {seqc.weight = "layers.0.h.bias"},
      %L0_h0: tensor<?x16x4xf32> {seqc.state = "layers.0.ema"},
      %L0_sk: tensor<?x12x8xf32> {seqc.state = "layers.0.keys"},
      %L0_sv: tensor<?x12x16xf32> {seqc.state = "layers.0.values"},
      %L0_sp: tensor<?x12xi32> {seqc.state = "layers.0.positions"},
      %L0_sc: tensor<?xi32> {seqc.state = "layers.0.count"},
      %L1_g: tensor<16xf32> {seqc.weight = "layers.1.gain"},
      %L1_delta: tensor<16x4xf32> {seqc.weight = "layers.1.delta"},
      %L1_wh: tensor<18x16xf32> {seqc.weight = "layers.1.hx.weight"},
      %L1_bh: tensor<18xf32> {seqc.weight = "layers.1.hx.bias"},
      %L1_tau: tensor<1xf32> {seqc.weight = "layers.1.tau"},
      %L1_wm: tensor<40x16xf32> {seqc.weight = "layers.1.mx.weight"},
      %L1_bm: tensor<40xf32> {seqc.weight = "layers.1.mx.bias"},
      %L1_qk: tensor<2x8xf32> {seqc.weight = "layers.1.qk.gain"},
      %L1_wo: tensor<16x16xf32> {seqc.weight = "layers.1.h.weight"},
      %L1_bo: tensor<16xf32> {seqc.weight = "layers.1.h.bias"},
      %L1_h0: tensor<?x16x4xf32> {seqc.state = "layers.1.ema"},
      %L1_sk: tensor<?x12x8xf32> {seqc.state = "layers.1.keys"},
      %L1_sv: tensor<?x12x16xf32> {seqc.state = "layers.1.values"},
      %L1_sp: tensor<?x12xi32> {seqc.state = "layers.1.positions"},
      %L1_sc: tensor<?xi32> {seqc.state = "layers.1.count"}
      ) -> (tensor<?x16xf32> {seqc.output = "y"}, tensor<?x16x4xf32> {seqc.state = "layers.0.ema"}, tensor<?x12x8xf32> {seqc.state = "layers.0.keys"}, tensor<?x12x16xf32> {seqc.state = "layers.0.values"}, tensor<?x12xi32> {seqc.state = "layers.0.positions"}, tensor<?xi32> {seqc.state = "layers.0.count"}, tensor<?x16x4xf32> {seqc.state = "layers.1.ema"}, tensor<?x12x8xf32> {seqc.state = "layers.1.keys"}, tensor<?x12x16xf32> {seqc.state = "layers.1.values"}, tensor<?x12xi32> {seqc.state = "layers.1.positions"}, tensor<?xi32> {seqc.state = "layers.1.count"}) attributes {seqc.causal, seqc.max_positions = 64 : i64} {
    %c0 = arith.constant 0 : index
    %zero = arith.constant 0.0 : f32
    %one = arith.constant 1.0 : f32

    // layers.0
    %L0_n = tensor.dim %x, %c0 : tensor<?x16xf32>
    %L0_e = tensor.empty(%L0_n) : tensor<?x16xf32>
    %L0_xn = seqc.norm rms {eps = 1.0e-05 : f32, seqc.layer = "layers.0"} ins(%x : tensor<?x16xf32>) gain(%L0_g : tensor<16xf32>)
        outs(%L0_e : tensor<?x16xf32>) -> tensor<?x16xf32>
    %L0_qe = tensor.empty() : tensor<16x4xf32>
    %L0_q = linalg.generic {indexing_maps = [#td, #td], iterator_types = ["parallel", "parallel"]}
        ins(%L0_delta : tensor<16x4xf32>) outs(%L0_qe : tensor<16x4xf32>) attrs = {seqc.layer = "layers.0"} {
    ^bb0(%a: f32, %o: f32):
      %r = math.exp %a : f32
      linalg.yield %r : f32
    } -> tensor<16x4xf32>
    %L0_y0, %L0_h1 = seqc.scan {direction = #seqc.direction<forward>, delays = array<i64: 0>,
        maps = [#s_td, #s_dn, #s_td, #s_dn], seqc.layer = "layers.0"}
        inputs(%L0_xn : tensor<?x16xf32>) params(%L0_q : tensor<16x4xf32>) offsets(%off : tensor<?xi32>)
        outs(%L0_e : tensor<?x16xf32>) states(%L0_h0 : tensor<?x16x4xf32>) {
    ^bb0(%xt: f32, %qd: vector<4xf32>, %h: vector<4xf32>):
      %xv = vector.broadcast %xt : f32 to vector<4xf32>
      %qh = arith.mulf %qd, %h : vector<4xf32>
      %hn = arith.addf %qh, %xv : vector<4xf32>
      %yt = vector.reduction <add>, %hn : vector<4xf32> into f32
      seqc.yield %yt, %hn : f32, vector<4xf32>
    } -> tensor<?x16xf32>, tensor<?x16x4xf32>
    %L0_s = linalg.generic {indexing_maps = [#td, #td], iterator_types = ["parallel", "parallel"]}
        ins(%L0_y0 : tensor<?x16xf32>) outs(%L0_e : tensor<?x16xf32>) attrs = {seqc.layer = "layers.0"} {
    ^bb0(%a: f32, %o: f32):
      %m = arith.negf %a : f32
      %p = math.exp %m : f32
      %q = arith.addf %p, %one : f32
      %r = arith.divf %a, %q : f32
      linalg.yield %r : f32
    } -> tensor<?x16xf32>
    %L0_he = tensor.empty(%L0_n) : tensor<?x18xf32>
    %L0_hz = linalg.fill ins(%zero : f32) outs(%L0_he : tensor<?x18xf32>) -> tensor<?x18xf32>
    %L0_hm = linalg.matmul indexing_maps = [#rows, #weight, #out] {seqc.layer = "layers.0"}
        ins(%L0_s, %L0_wh : tensor<?x16xf32>, tensor<18x16xf32>) outs(%L0_hz : tensor<?x18xf32>) -> tensor<?x18xf32>
    %L0_hb = linalg.generic {indexing_maps = [#td, #d, #td], iterator_types = ["parallel", "parallel"]}
        ins(%L0_hm, %L0_bh : tensor<?x18xf32>, tensor<18xf32>) outs(%L0_he : tensor<?x18xf32>) attrs = {seqc.layer = "layers.0"} {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %r = arith.addf %a, %b : f32
      linalg.yield %r : f32
    } -> tensor<?x18xf32>
    %L0_u = tensor.extract_slice %L0_hb[0, 0] [%L0_n, 2] [1, 1] : tensor<?x18xf32> to tensor<?x2xf32>
    %L0_c = tensor.extract_slice %L0_hb[0, 2] [%L0_n, 16] [1, 1] : tensor<?x18xf32> to tensor<?x16xf32>
    %L0_te = tensor.empty() : tensor<1xf32>
    %L0_it = linalg.generic {indexing_maps = [#one, #one], iterator_types = ["parallel"]}
        ins(%L0_tau : tensor<1xf32>) outs(%L0_te : tensor<1xf32>) attrs = {seqc.layer = "layers.0"} {
    ^bb0(%a: f32, %o: f32):
      %m = arith.negf %a : f32
      %r = math.exp %m : f32
      linalg.yield %r : f32
    } -> tensor<1xf32>
    %L0_ae = tensor.empty(%L0_n) : tensor<?xi32>
    %L0_ce = tensor.empty(%L0_n) : tensor<?xf32>
    %L0_a, %L0_conf = seqc.route {seqc.layer = "layers.0"} ins(%L0_u, %act, %L0_it : tensor<?x2xf32>, tensor<1xf32>, tensor<1xf32>)
        outs(%L0_ae, %L0_ce : tensor<?xi32>, tensor<?xf32>) -> tensor<?xi32>, tensor<?xf32>
    %L0_pre = linalg.generic {indexing_maps = [#td, #td, #td], iterator_types = ["parallel", "parallel"]}
        ins(%L0_c, %L0_s : tensor<?x16xf32>, tensor<?x16xf32>) outs(%L0_e : tensor<?x16xf32>) attrs = {seqc.layer = "layers.0"} {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %r = arith.addf %a, %b : f32
      linalg.yield %r : f32
    } -> tensor<?x16xf32>
    %L0_b1 = tensor.dim %off, %c0 : tensor<?xi32>
    %L0_pe = tensor.empty(%L0_b1) : tensor<?xi32>
    %L0_idx, %L0_packed = seqc.compress {seqc.layer = "layers.0"} ins(%L0_a, %off : tensor<?xi32>, tensor<?xi32>)
        outs(%L0_ae, %L0_pe : tensor<?xi32>, tensor<?xi32>) -> tensor<?xi32>, tensor<?xi32>
    %L0_k = seqc.count %L0_packed {gate = "layers.0"} : tensor<?xi32>
    %L0_i = tensor.extract_slice %L0_idx[0] [%L0_k] [1] : tensor<?xi32> to tensor<?xi32>
    %L0_ge = tensor.empty(%L0_k) : tensor<?x16xf32>
    %L0_gx = seqc.gather_rows {seqc.layer = "layers.0"} ins(%L0_s, %L0_i : tensor<?x16xf32>, tensor<?xi32>)
        outs(%L0_ge : tensor<?x16xf32>) -> tensor<?x16xf32>
    %L0_gpe = tensor.empty(%L0_k) : tensor<?xi32>
    %L0_gp = seqc.gather_rows {seqc.layer = "layers.0"} ins(%pos, %L0_i : tensor<?xi32>, tensor<?xi32>)
        outs(%L0_gpe : tensor<?xi32>) -> tensor<?xi32>
    %L0_me = tensor.empty(%L0_k) : tensor<?x40xf32>
    %L0_mz = linalg.fill ins(%zero : f32) outs(%L0_me : tensor<?x40xf32>) -> tensor<?x40xf32>
    %L0_mm = linalg.matmul indexing_maps = [#rows, #weight, #out] {seqc.layer = "layers.0"}
        ins(%L0_gx, %L0_wm : tensor<?x16xf32>, tensor<40x16xf32>) outs(%L0_mz : tensor<?x40xf32>) -> tensor<?x40xf32>
    %L0_mb = linalg.generic {indexing_maps = [#td, #d, #td], iterator_types = ["parallel", "parallel"]}
        ins(%L0_mm, %L0_bm : tensor<?x40xf32>, tensor<40xf32>) outs(%L0_me : tensor<?x40xf32>) attrs = {seqc.layer = "layers.0"} {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %t = arith.addf %a, %b : f32
      %m = arith.negf %t : f32
      %p = math.exp %m : f32
      %q = arith.addf %p, %one : f32
      %r = arith.divf %t, %q : f32
      linalg.yield %r : f32
    } -> tensor<?x40xf32>
    %L0_z = tensor.extract_slice %L0_mb[0, 0] [%L0_k, 8] [1, 1] : tensor<?x40xf32> to tensor<?x8xf32>
    %L0_r = tensor.extract_slice %L0_mb[0, 8] [%L0_k, 16] [1, 1] : tensor<?x40xf32> to tensor<?x16xf32>
    %L0_v = tensor.extract_slice %L0_mb[0, 24] [%L0_k, 16] [1, 1] : tensor<?x40xf32> to tensor<?x16xf32>
    %L0_gq = tensor.extract_slice %L0_qk[0, 0] [1, 8] [1, 1] : tensor<2x8xf32> to tensor<8xf32>
    %L0_gk = tensor.extract_slice %L0_qk[1, 0] [1, 8] [1, 1] : tensor<2x8xf32> to tensor<8xf32>
    %L0_ze = tensor.empty(%L0_k) : tensor<?x8xf32>
    %L0_qq = linalg.generic {indexing_maps = [#td, #d, #td], iterator_types = ["parallel", "parallel"]}
        ins(%L0_z, %L0_gq : tensor<?x8xf32>, tensor<8xf32>) outs(%L0_ze : tensor<?x8xf32>) attrs = {seqc.layer = "layers.0"} {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %t = arith.mulf %a, %b : f32
      linalg.yield %t : f32
    } -> tensor<?x8xf32>
    %L0_kk = linalg.generic {indexing_maps = [#td, #d, #td], iterator_types = ["parallel", "parallel"]}
        ins(%L0_z, %L0_gk : tensor<?x8xf32>, tensor<8xf32>) outs(%L0_ze : tensor<?x8xf32>) attrs = {seqc.layer = "layers.0"} {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %t = arith.mulf %a, %b : f32
      linalg.yield %t : f32
    } -> tensor<?x8xf32>
    %L0_o = seqc.attend softmax {left = 11 : i64, right = 0 : i64, scale = 0.35 : f32, seqc.layer = "layers.0"}
        ins(%L0_qq, %L0_kk, %L0_v, %L0_packed : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x16xf32>, tensor<?xi32>)
        positions(%L0_gp : tensor<?xi32>)
        past(%L0_sk, %L0_sv, %L0_sc : tensor<?x12x8xf32>, tensor<?x12x16xf32>, tensor<?xi32>)
        past_positions(%L0_sp : tensor<?x12xi32>)
        outs(%L0_ge : tensor<?x16xf32>) -> tensor<?x16xf32>
    %L0_or = linalg.generic {indexing_maps = [#td, #td, #td], iterator_types = ["parallel", "parallel"]}
        ins(%L0_o, %L0_r : tensor<?x16xf32>, tensor<?x16xf32>) outs(%L0_ge : tensor<?x16xf32>) attrs = {seqc.layer = "layers.0"} {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %t = arith.mulf %a, %b : f32
      linalg.yield %t : f32
    } -> tensor<?x16xf32>
    %L0_gz = linalg.fill ins(%zero : f32) outs(%L0_ge : tensor<?x16xf32>) -> tensor<?x16xf32>
    %L0_om = linalg.matmul indexing_maps = [#rows, #weight, #out] {seqc.layer = "layers.0"}
        ins(%L0_or, %L0_wo : tensor<?x16xf32>, tensor<16x16xf32>) outs(%L0_gz : tensor<?x16xf32>) -> tensor<?x16xf32>
    %L0_ob = linalg.generic {indexing_maps = [#td, #d, #td], iterator_types = ["parallel", "parallel"]}
        ins(%L0_om, %L0_bo : tensor<?x16xf32>, tensor<16xf32>) outs(%L0_ge : tensor<?x16xf32>) attrs = {seqc.layer = "layers.0"} {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %r = arith.addf %a, %b : f32
      linalg.yield %r : f32
    } -> tensor<?x16xf32>
    %L0_sum = seqc.scatter_rows add {seqc.layer = "layers.0"} ins(%L0_ob, %L0_i : tensor<?x16xf32>, tensor<?xi32>) scale(%L0_conf : tensor<?xf32>)
        outs(%L0_pre : tensor<?x16xf32>) -> tensor<?x16xf32>
    %L0_y = linalg.generic {indexing_maps = [#td, #td], iterator_types = ["parallel", "parallel"]}
        ins(%L0_sum : tensor<?x16xf32>) outs(%L0_e : tensor<?x16xf32>) attrs = {seqc.layer = "layers.0"} {
    ^bb0(%a: f32, %o: f32):
      %m = arith.negf %a : f32
      %p = math.exp %m : f32
      %q = arith.addf %p, %one : f32
      %r = arith.divf %a, %q : f32
      linalg.yield %r : f32
    } -> tensor<?x16xf32>
    %L0_rk = seqc.ring_push {seqc.layer = "layers.0"} ins(%L0_kk, %L0_packed, %L0_sc : tensor<?x8xf32>, tensor<?xi32>, tensor<?xi32>)
        outs(%L0_sk : tensor<?x12x8xf32>) -> tensor<?x12x8xf32>
    %L0_rv = seqc.ring_push {seqc.layer = "layers.0"} ins(%L0_v, %L0_packed, %L0_sc : tensor<?x16xf32>, tensor<?xi32>, tensor<?xi32>)
        outs(%L0_sv : tensor<?x12x16xf32>) -> tensor<?x12x16xf32>
    %L0_rp = seqc.ring_push {seqc.layer = "layers.0"} ins(%L0_gp, %L0_packed, %L0_sc : tensor<?xi32>, tensor<?xi32>, tensor<?xi32>)
        outs(%L0_sp : tensor<?x12xi32>) -> tensor<?x12xi32>
    %L0_bb = tensor.dim %L0_sc, %c0 : tensor<?xi32>
    %L0_cce = tensor.empty(%L0_bb) : tensor<?xi32>
    %L0_p0 = tensor.extract_slice %L0_packed[0] [%L0_bb] [1] : tensor<?xi32> to tensor<?xi32>
    %L0_p1 = tensor.extract_slice %L0_packed[1] [%L0_bb] [1] : tensor<?xi32> to tensor<?xi32>
    %L0_rc = linalg.generic {indexing_maps = [#one, #one, #one, #one], iterator_types = ["parallel"]}
        ins(%L0_sc, %L0_p0, %L0_p1 : tensor<?xi32>, tensor<?xi32>, tensor<?xi32>) outs(%L0_cce : tensor<?xi32>) attrs = {seqc.layer = "layers.0"} {
    ^bb0(%a: i32, %lo: i32, %hi: i32, %o: i32):
      %len = arith.subi %hi, %lo : i32
      %r = arith.addi %a, %len : i32
      linalg.yield %r : i32
    } -> tensor<?xi32>

    // layers.1
    %L1_n = tensor.dim %L0_y, %c0 : tensor<?x16xf32>
    %L1_e = tensor.empty(%L1_n) : tensor<?x16xf32>
    %L1_xn = seqc.norm rms {eps = 1.0e-05 : f32, seqc.layer = "layers.1"} ins(%L0_y : tensor<?x16xf32>) gain(%L1_g : tensor<16xf32>)
        outs(%L1_e : tensor<?x16xf32>) -> tensor<?x16xf32>
    %L1_qe = tensor.empty() : tensor<16x4xf32>
    %L1_q = linalg.generic {indexing_maps = [#td, #td], iterator_types = ["parallel", "parallel"]}
        ins(%L1_delta : tensor<16x4xf32>) outs(%L1_qe : tensor<16x4xf32>) attrs = {seqc.layer = "layers.1"} {
    ^bb0(%a: f32, %o: f32):
      %r = math.exp %a : f32
      linalg.yield %r : f32
    } -> tensor<16x4xf32>
    %L1_y0, %L1_h1 = seqc.scan {direction = #seqc.direction<forward>, delays = array<i64: 0>,
        maps = [#s_td, #s_dn, #s_td, #s_dn], seqc.layer = "layers.1"}
        inputs(%L1_xn : tensor<?x16xf32>) params(%L1_q : tensor<16x4xf32>) offsets(%off : tensor<?xi32>)
        outs(%L1_e : tensor<?x16xf32>) states(%L1_h0 : tensor<?x16x4xf32>) {
    ^bb0(%xt: f32, %qd: vector<4xf32>, %h: vector<4xf32>):
      %xv = vector.broadcast %xt : f32 to vector<4xf32>
      %qh = arith.mulf %qd, %h : vector<4xf32>
      %hn = arith.addf %qh, %xv : vector<4xf32>
      %yt = vector.reduction <add>, %hn : vector<4xf32> into f32
      seqc.yield %yt, %hn : f32, vector<4xf32>
    } -> tensor<?x16xf32>, tensor<?x16x4xf32>
    %L1_s = linalg.generic {indexing_maps = [#td, #td], iterator_types = ["parallel", "parallel"]}
        ins(%L1_y0 : tensor<?x16xf32>) outs(%L1_e : tensor<?x16xf32>) attrs = {seqc.layer = "layers.1"} {
    ^bb0(%a: f32, %o: f32):
      %m = arith.negf %a : f32
      %p = math.exp %m : f32
      %q = arith.addf %p, %one : f32
      %r = arith.divf %a, %q : f32
      linalg.yield %r : f32
    } -> tensor<?x16xf32>
    %L1_he = tensor.empty(%L1_n) : tensor<?x18xf32>
    %L1_hz = linalg.fill ins(%zero : f32) outs(%L1_he : tensor<?x18xf32>) -> tensor<?x18xf32>
    %L1_hm = linalg.matmul indexing_maps = [#rows, #weight, #out] {seqc.layer = "layers.1"}
        ins(%L1_s, %L1_wh : tensor<?x16xf32>, tensor<18x16xf32>) outs(%L1_hz : tensor<?x18xf32>) -> tensor<?x18xf32>
    %L1_hb = linalg.generic {indexing_maps = [#td, #d, #td], iterator_types = ["parallel", "parallel"]}
        ins(%L1_hm, %L1_bh : tensor<?x18xf32>, tensor<18xf32>) outs(%L1_he : tensor<?x18xf32>) attrs = {seqc.layer = "layers.1"} {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %r = arith.addf %a, %b : f32
      linalg.yield %r : f32
    } -> tensor<?x18xf32>
    %L1_u = tensor.extract_slice %L1_hb[0, 0] [%L1_n, 2] [1, 1] : tensor<?x18xf32> to tensor<?x2xf32>
    %L1_c = tensor.extract_slice %L1_hb[0, 2] [%L1_n, 16] [1, 1] : tensor<?x18xf32> to tensor<?x16xf32>
    %L1_te = tensor.empty() : tensor<1xf32>
    %L1_it = linalg.generic {indexing_maps = [#one, #one], iterator_types = ["parallel"]}
        ins(%L1_tau : tensor<1xf32>) outs(%L1_te : tensor<1xf32>) attrs = {seqc.layer = "layers.1"} {
    ^bb0(%a: f32, %o: f32):
      %m = arith.negf %a : f32
      %r = math.exp %m : f32
      linalg.yield %r : f32
    } -> tensor<1xf32>
    %L1_ae = tensor.empty(%L1_n) : tensor<?xi32>
    %L1_ce = tensor.empty(%L1_n) : tensor<?xf32>
    %L1_a, %L1_conf = seqc.route {seqc.layer = "layers.1"} ins(%L1_u, %act, %L1_it : tensor<?x2xf32>, tensor<1xf32>, tensor<1xf32>)
        outs(%L1_ae, %L1_ce : tensor<?xi32>, tensor<?xf32>) -> tensor<?xi32>, tensor<?xf32>
    %L1_pre = linalg.generic {indexing_maps = [#td, #td, #td], iterator_types = ["parallel", "parallel"]}
        ins(%L1_c, %L1_s : tensor<?x16xf32>, tensor<?x16xf32>) outs(%L1_e : tensor<?x16xf32>) attrs = {seqc.layer = "layers.1"} {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %r = arith.addf %a, %b : f32
      linalg.yield %r : f32
    } -> tensor<?x16xf32>
    %L1_b1 = tensor.dim %off, %c0 : tensor<?xi32>
    %L1_pe = tensor.empty(%L1_b1) : tensor<?xi32>
    %L1_idx, %L1_packed = seqc.compress {seqc.layer = "layers.1"} ins(%L1_a, %off : tensor<?xi32>, tensor<?xi32>)
        outs(%L1_ae, %L1_pe : tensor<?xi32>, tensor<?xi32>) -> tensor<?xi32>, tensor<?xi32>
    %L1_k = seqc.count %L1_packed {gate = "layers.1"} : tensor<?xi32>
    %L1_i = tensor.extract_slice %L1_idx[0] [%L1_k] [1] : tensor<?xi32> to tensor<?xi32>
    %L1_ge = tensor.empty(%L1_k) : tensor<?x16xf32>
    %L1_gx = seqc.gather_rows {seqc.layer = "layers.1"} ins(%L1_s, %L1_i : tensor<?x16xf32>, tensor<?xi32>)
        outs(%L1_ge : tensor<?x16xf32>) -> tensor<?x16xf32>
    %L1_gpe = tensor.empty(%L1_k) : tensor<?xi32>
    %L1_gp = seqc.gather_rows {seqc.layer = "layers.1"} ins(%pos, %L1_i : tensor<?xi32>, tensor<?xi32>)
        outs(%L1_gpe : tensor<?xi32>) -> tensor<?xi32>
    %L1_me = tensor.empty(%L1_k) : tensor<?x40xf32>
    %L1_mz = linalg.fill ins(%zero : f32) outs(%L1_me : tensor<?x40xf32>) -> tensor<?x40xf32>
    %L1_mm = linalg.matmul indexing_maps = [#rows, #weight, #out] {seqc.layer = "layers.1"}
        ins(%L1_gx, %L1_wm : tensor<?x16xf32>, tensor<40x16xf32>) outs(%L1_mz : tensor<?x40xf32>) -> tensor<?x40xf32>
    %L1_mb = linalg.generic {indexing_maps = [#td, #d, #td], iterator_types = ["parallel", "parallel"]}
        ins(%L1_mm, %L1_bm : tensor<?x40xf32>, tensor<40xf32>) outs(%L1_me : tensor<?x40xf32>) attrs = {seqc.layer = "layers.1"} {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %t = arith.addf %a, %b : f32
      %m = arith.negf %t : f32
      %p = math.exp %m : f32
      %q = arith.addf %p, %one : f32
      %r = arith.divf %t, %q : f32
      linalg.yield %r : f32
    } -> tensor<?x40xf32>
    %L1_z = tensor.extract_slice %L1_mb[0, 0] [%L1_k, 8] [1, 1] : tensor<?x40xf32> to tensor<?x8xf32>
    %L1_r = tensor.extract_slice %L1_mb[0, 8] [%L1_k, 16] [1, 1] : tensor<?x40xf32> to tensor<?x16xf32>
    %L1_v = tensor.extract_slice %L1_mb[0, 24] [%L1_k, 16] [1, 1] : tensor<?x40xf32> to tensor<?x16xf32>
    %L1_gq = tensor.extract_slice %L1_qk[0, 0] [1, 8] [1, 1] : tensor<2x8xf32> to tensor<8xf32>
    %L1_gk = tensor.extract_slice %L1_qk[1, 0] [1, 8] [1, 1] : tensor<2x8xf32> to tensor<8xf32>
    %L1_ze = tensor.empty(%L1_k) : tensor<?x8xf32>
    %L1_qq = linalg.generic {indexing_maps = [#td, #d, #td], iterator_types = ["parallel", "parallel"]}
        ins(%L1_z, %L1_gq : tensor<?x8xf32>, tensor<8xf32>) outs(%L1_ze : tensor<?x8xf32>) attrs = {seqc.layer = "layers.1"} {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %t = arith.mulf %a, %b : f32
      linalg.yield %t : f32
    } -> tensor<?x8xf32>
    %L1_kk = linalg.generic {indexing_maps = [#td, #d, #td], iterator_types = ["parallel", "parallel"]}
        ins(%L1_z, %L1_gk : tensor<?x8xf32>, tensor<8xf32>) outs(%L1_ze : tensor<?x8xf32>) attrs = {seqc.layer = "layers.1"} {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %t = arith.mulf %a, %b : f32
      linalg.yield %t : f32
    } -> tensor<?x8xf32>
    %L1_o = seqc.attend softmax {left = 11 : i64, right = 0 : i64, scale = 0.35 : f32, seqc.layer = "layers.1"}
        ins(%L1_qq, %L1_kk, %L1_v, %L1_packed : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x16xf32>, tensor<?xi32>)
        positions(%L1_gp : tensor<?xi32>)
        past(%L1_sk, %L1_sv, %L1_sc : tensor<?x12x8xf32>, tensor<?x12x16xf32>, tensor<?xi32>)
        past_positions(%L1_sp : tensor<?x12xi32>)
        outs(%L1_ge : tensor<?x16xf32>) -> tensor<?x16xf32>
    %L1_or = linalg.generic {indexing_maps = [#td, #td, #td], iterator_types = ["parallel", "parallel"]}
        ins(%L1_o, %L1_r : tensor<?x16xf32>, tensor<?x16xf32>) outs(%L1_ge : tensor<?x16xf32>) attrs = {seqc.layer = "layers.1"} {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %t = arith.mulf %a, %b : f32
      linalg.yield %t : f32
    } -> tensor<?x16xf32>
    %L1_gz = linalg.fill ins(%zero : f32) outs(%L1_ge : tensor<?x16xf32>) -> tensor<?x16xf32>
    %L1_om = linalg.matmul indexing_maps = [#rows, #weight, #out] {seqc.layer = "layers.1"}
        ins(%L1_or, %L1_wo : tensor<?x16xf32>, tensor<16x16xf32>) outs(%L1_gz : tensor<?x16xf32>) -> tensor<?x16xf32>
    %L1_ob = linalg.generic {indexing_maps = [#td, #d, #td], iterator_types = ["parallel", "parallel"]}
        ins(%L1_om, %L1_bo : tensor<?x16xf32>, tensor<16xf32>) outs(%L1_ge : tensor<?x16xf32>) attrs = {seqc.layer = "layers.1"} {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %r = arith.addf %a, %b : f32
      linalg.yield %r : f32
    } -> tensor<?x16xf32>
    %L1_sum = seqc.scatter_rows add {seqc.layer = "layers.1"} ins(%L1_ob, %L1_i : tensor<?x16xf32>, tensor<?xi32>) scale(%L1_conf : tensor<?xf32>)
        outs(%L1_pre : tensor<?x16xf32>) -> tensor<?x16xf32>
    %L1_y = linalg.generic {indexing_maps = [#td, #td], iterator_types = ["parallel", "parallel"]}
        ins(%L1_sum : tensor<?x16xf32>) outs(%L1_e : tensor<?x16xf32>) attrs = {seqc.layer = "layers.1"} {
    ^bb0(%a: f32, %o: f32):
      %m = arith.negf %a : f32
      %p = math.exp %m : f32
      %q = arith.addf %p, %one : f32
      %r = arith.divf %a, %q : f32
      linalg.yield %r : f32
    } -> tensor<?x16xf32>
    %L1_rk = seqc.ring_push {seqc.layer = "layers.1"} ins(%L1_kk, %L1_packed, %L1_sc : tensor<?x8xf32>, tensor<?xi32>, tensor<?xi32>)
        outs(%L1_sk : tensor<?x12x8xf32>) -> tensor<?x12x8xf32>
    %L1_rv = seqc.ring_push {seqc.layer = "layers.1"} ins(%L1_v, %L1_packed, %L1_sc : tensor<?x16xf32>, tensor<?xi32>, tensor<?xi32>)
        outs(%L1_sv : tensor<?x12x16xf32>) -> tensor<?x12x16xf32>
    %L1_rp = seqc.ring_push {seqc.layer = "layers.1"} ins(%L1_gp, %L1_packed, %L1_sc : tensor<?xi32>, tensor<?xi32>, tensor<?xi32>)
        outs(%L1_sp : tensor<?x12xi32>) -> tensor<?x12xi32>
    %L1_bb = tensor.dim %L1_sc, %c0 : tensor<?xi32>
    %L1_cce = tensor.empty(%L1_bb) : tensor<?xi32>
    %L1_p0 = tensor.extract_slice %L1_packed[0] [%L1_bb] [1] : tensor<?xi32> to tensor<?xi32>
    %L1_p1 = tensor.extract_slice %L1_packed[1] [%L1_bb] [1] : tensor<?xi32> to tensor<?xi32>
    %L1_rc = linalg.generic {indexing_maps = [#one, #one, #one, #one], iterator_types = ["parallel"]}
        ins(%L1_sc, %L1_p0, %L1_p1 : tensor<?xi32>, tensor<?xi32>, tensor<?xi32>) outs(%L1_cce : tensor<?xi32>) attrs = {seqc.layer = "layers.1"} {
    ^bb0(%a: i32, %lo: i32, %hi: i32, %o: i32):
      %len = arith.subi %hi, %lo : i32
      %r = arith.addi %a, %len : i32
      linalg.yield %r : i32
    } -> tensor<?xi32>
    return %L1_y, %L0_h1, %L0_rk, %L0_rv, %L0_rp, %L0_rc, %L1_h1, %L1_rk, %L1_rv, %L1_rp, %L1_rc : tensor<?x16xf32>, tensor<?x16x4xf32>, tensor<?x12x8xf32>, tensor<?x12x16xf32>, tensor<?x12xi32>, tensor<?xi32>, tensor<?x16x4xf32>, tensor<?x12x8xf32>, tensor<?x12x16xf32>, tensor<?x12xi32>, tensor<?xi32>
  }
}
