//===- ScanOps.td - recurrences along the rows of a sequence --------------===//
#ifndef SEQC_SCAN_OPS_TD
#define SEQC_SCAN_OPS_TD

include "dialect/SeqcBase.td"
include "dialect/SeqcAttrs.td"

def Seqc_ScanOp : Seqc_TiledOp<"scan", [
    AttrSizedOperandSegments, IsolatedFromAbove,
    SingleBlockImplicitTerminator<"YieldOp">,
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmBlockArgumentNames"]>]> {
  let summary = "recurrence over the rows of each sequence with a step region";
  let description = [{
    For every sequence and every channel `d` on its own, visits the rows `t` of
    the sequence in `direction` and runs the step region:

    ```
    for b in 0..B:  for d in 0..D:
      carry = states[.][b, d, :]
      for t in rows of b, in direction:
        outs[.][t, d], carry = step(inputs at t, params of d, carry)
      states[.][b, d, :] = carry
    ```

    `maps` has one affine map over `(t, d, n)` per operand in the order inputs,
    params, outs, states and says which axes an operand has: inputs `(t, d)`,
    `(t)` or `(t, n)` (shared by all channels) or `(t, d, n)`; params `(d, n)`, `(d)` or
    `(n)`; outs `(t, d)` or `(t, d, n)`; states `(d, n)` or `(d)`, each with the
    sequence axis in front. An operand with the axis `n` is seen by the region as
    `vector<N x f32>`, one without as `f32`. Operands may have different extents
    of `n`. The region is made of `arith`, `math` and `vector` ops on these two
    kinds of values; `vector.reduction` sums over `n`.

    `delays[i]` (default all 0) makes input `i` read the row visited `delays[i]`
    steps earlier in the same sequence, 0 where there is none. A delayed input
    has no value before the start of the call: an op with a delay and carried
    state is only right when a sequence starts at this call.

    Rules:
    * (scan_c1) `maps` has one map per operand, each a projection of (t, d, n)
      of a form listed above.
    * (scan_c2) all extents of `d` agree; extents of `n` are static.
    * (scan_c3) inputs, params, outs and states have element type f32; the rank
      of an operand is the number of its map's results, plus one for states; there
      is at least one out or state.
    * (scan_c4) the region has one argument per input, param and state, in this
      order, of type f32 or vector<N x f32> as its map says.
    * (scan_c5) the region yields one value per out, then one per state, typed
      likewise.
    * (scan_c6) `delays` has one non-negative entry per input.
    * (scan_c7) on tensors, one result per out and state, typed like it.

    Tiles:
    * (scan_t1) channels are a parallel loop.
    * (scan_t2) rows are a reduction loop, if an input or out has rows: a tile of
      rows starts from the states that the one before left. Only forward and
      without delays.

    Example (an exponential moving average with 16 states per channel):

    ```mlir
    %y, %h1 = seqc.scan {direction = #seqc.direction<forward>, delays = array<i64: 0>,
        maps = [affine_map<(t, d, n) -> (t, d)>, affine_map<(t, d, n) -> (d, n)>,
                affine_map<(t, d, n) -> (t, d)>, affine_map<(t, d, n) -> (d, n)>]}
        inputs(%x : tensor<?x128xf32>) params(%q : tensor<128x16xf32>)
        offsets(%off : tensor<?xi32>)
        outs(%init : tensor<?x128xf32>) states(%h0 : tensor<?x128x16xf32>) {
    ^bb0(%xt: f32, %qd: vector<16xf32>, %h: vector<16xf32>):
      %xv = vector.broadcast %xt : f32 to vector<16xf32>
      %qh = arith.mulf %qd, %h : vector<16xf32>
      %hn = arith.addf %qh, %xv : vector<16xf32>
      %yt = vector.reduction <add>, %hn : vector<16xf32> into f32
      seqc.yield %yt, %hn : f32, vector<16xf32>
    } -> tensor<?x128xf32>, tensor<?x128x16xf32>
    ```
  }];
  let arguments = (ins
    Variadic<Seqc_F32>:$inputs, Variadic<Seqc_F32>:$params, Seqc_I32:$offsets,
    Variadic<Seqc_F32>:$outs, Variadic<Seqc_F32>:$states,
    AffineMapArrayAttr:$maps,
    DefaultValuedAttr<Seqc_DirectionAttr,
      "::seqc::ir::Direction::Forward">:$direction,
    DenseI64ArrayAttr:$delays);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$step);
  let assemblyFormat = [{
    attr-dict (`inputs` `(` $inputs^ `:` type($inputs) `)`)?
    (`params` `(` $params^ `:` type($params) `)`)?
    `offsets` `(` $offsets `:` type($offsets) `)`
    (`outs` `(` $outs^ `:` type($outs) `)`)?
    (`states` `(` $states^ `:` type($states) `)`)?
    $step (`->` type($results)^)?
  }];
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable();
    /// Map of the i-th operand among inputs, params, outs, states.
    ::mlir::AffineMap getMap(unsigned i);
    /// The map's results contain the state axis n.
    bool hasStateAxis(unsigned i);
    unsigned getNumInputs() { return getInputs().size(); }
    unsigned getNumParams() { return getParams().size(); }
    int64_t getNumChannels();
  }];
}

def Seqc_PoolOp : Seqc_TiledOp<"pool"> {
  let summary = "pool the rows of each sequence to one row";
  let description = [{
    `mean`: `out[b, :] = sum of source[t, :] over the rows t of b / count`; an
    empty sequence gives 0.

    Rules:
    * (pool_c1) source is [R, d], out is [B, d], both f32, same d.
    * (pool_c2) on tensors, one result typed like out.

    Tiles:
    * (pool_t1) sequences and columns are parallel loops; a tile of sequences
      reads the rows that they own.

    ```mlir
    %y = seqc.pool mean ins(%x, %off : tensor<?x32xf32>, tensor<?xi32>)
                        outs(%init : tensor<?x32xf32>) -> tensor<?x32xf32>
    ```
  }];
  let arguments = (ins Seqc_F32:$source, Seqc_I32:$offsets, Seqc_F32:$out,
                       Seqc_PoolKind:$kind);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    $kind attr-dict `ins` `(` $source `,` $offsets `:` type($source) `,` type($offsets) `)`
    `outs` `(` $out `:` type($out) `)` (`->` type($result)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getOutMutable(); }
  }];
}

#endif // SEQC_SCAN_OPS_TD
