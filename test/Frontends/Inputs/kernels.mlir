// A kernel of each form, none of which can join another.
#rows = affine_map<(m, n, k) -> (m, k)>
#weight = affine_map<(m, n, k) -> (n, k)>
#out = affine_map<(m, n, k) -> (m, n)>
#td = affine_map<(t, d, n) -> (t, d)>
#dn = affine_map<(t, d, n) -> (d, n)>
func.func @forward(
    %x: tensor<?x32xf32> {seqc.input = "x"},
    %s: tensor<?x64xf32> {seqc.input = "s"},
    %q: tensor<?x16xf32> {seqc.input = "q"},
    %k: tensor<?x16xf32> {seqc.input = "k"},
    %v: tensor<?x64xf32> {seqc.input = "v"},
    %active: tensor<?xi32> {seqc.input = "active"},
    %off: tensor<?xi32> {seqc.builtin = "offsets"},
    %w: tensor<64x32xf32> {seqc.weight = "w"},
    %decay: tensor<64x16xf32> {seqc.weight = "decay"},
    %h0: tensor<?x64x16xf32> {seqc.state = "h"})
    -> (tensor<?x64xf32> {seqc.output = "product"}, tensor<?x64xf32> {seqc.output = "average"},
        tensor<?x64xf32> {seqc.output = "attended"}, tensor<?xi32> {seqc.output = "picked"},
        tensor<?x64x16xf32> {seqc.state = "h"}) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x32xf32>
  %e = tensor.empty(%n) : tensor<?x64xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x64xf32>) -> tensor<?x64xf32>
  %product = linalg.generic {indexing_maps = [#rows, #weight, #out], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x32xf32>, tensor<64x32xf32>) outs(%f : tensor<?x64xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %m = arith.mulf %a, %b : f32
    %r = arith.addf %o, %m : f32
    linalg.yield %r : f32
  } -> tensor<?x64xf32>
  %average, %h = seqc.scan {delays = array<i64: 0>, maps = [#td, #dn, #td, #dn]}
      inputs(%s : tensor<?x64xf32>) params(%decay : tensor<64x16xf32>)
      offsets(%off : tensor<?xi32>)
      outs(%e : tensor<?x64xf32>) states(%h0 : tensor<?x64x16xf32>) {
  ^bb0(%xt: f32, %qd: vector<16xf32>, %c: vector<16xf32>):
    %xv = vector.broadcast %xt : f32 to vector<16xf32>
    %kept = arith.mulf %qd, %c : vector<16xf32>
    %next = arith.addf %kept, %xv : vector<16xf32>
    %sum = vector.reduction <add>, %next : vector<16xf32> into f32
    seqc.yield %sum, %next : f32, vector<16xf32>
  } -> tensor<?x64xf32>, tensor<?x64x16xf32>
  %attended = seqc.attend softmax {left = 64 : i64, right = 0 : i64, scale = 0.25 : f32}
      ins(%q, %k, %v, %off : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x64xf32>, tensor<?xi32>)
      outs(%e : tensor<?x64xf32>) -> tensor<?x64xf32>
  %rows = tensor.empty(%n) : tensor<?xi32>
  %picked, %counts = seqc.compress ins(%active, %off : tensor<?xi32>, tensor<?xi32>)
      outs(%rows, %off : tensor<?xi32>, tensor<?xi32>) -> tensor<?xi32>, tensor<?xi32>
  return %product, %average, %attended, %picked, %h
      : tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>, tensor<?xi32>, tensor<?x64x16xf32>
}
