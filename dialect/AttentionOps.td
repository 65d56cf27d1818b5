//===- AttentionOps.td - attention over a window of keys ------------------===//
#ifndef SEQC_ATTENTION_OPS_TD
#define SEQC_ATTENTION_OPS_TD

include "dialect/SeqcBase.td"
include "dialect/SeqcAttrs.td"

def Seqc_AttendOp : Seqc_TiledOp<"attend", [
    AttrSizedOperandSegments, PartialReductionOpInterface]> {
  let summary = "attention of each query over a window of keys of its sequence";
  let description = [{
    Queries, keys and values are the rows of the same sequences. With no heads
    axis: query [n, z], key [n, z], value [n, h], out [n, h]; with heads:
    query [H, n, z], key [G, n, z], value [G, n, h], out [H, n, h], head `i`
    reading key head `i * G / H` (G divides H).

    Let the keys of a sequence be numbered by rank, past keys first: past key
    `p` of `len` has rank `p - len`, row `i` of the sequence has rank `i`. Query
    of rank `i` sees keys of rank `j` with `i - left <= j <= i + right` (`left`
    or `right` -1: unbounded). With `by_position` positions take the place of
    ranks in the window and in `bias = rank`: it has a width in the original
    sequence, in which positions that no row has are holes.

    ```
    s_ij = scale * <rot(q_i, pos_i), rot(k_j, pos_j)> + bias_ij
    softmax: o_i = sum_j softmax_j(s_ij) v_j      relu:  o_i = sum_j max(s_ij,0) v_j
    relu2:   o_i = sum_j max(s_ij,0)^2 v_j
    laplace: o_i = sum_j (1 + erf((s_ij - 0.707107) / (0.282095 * sqrt 2))) / 2 * v_j
    ```

    A query that sees no key gives 0, and so does one whose scores are all minus
    infinity (a bias that masks) under softmax. Keys outside the window count for
    nothing, whatever the score function gives at 0.

    * `positions` (i32 [n]): original position of each row; needed for rotary,
      for `bias = position` and for `by_position`.
    * `cosines`, `sines` ([P, z/2]): rotary tables; pair (2c, 2c+1) of row x is
      rotated by the angle of (position, c). Positions must be below P.
    * `table`: `bias = position`: [2P-1], entry `P-1 + clamp(pos_j - pos_i)` with
      the distance clamped to the table; `bias = rank`: entry
      `table_origin + rank_j - rank_i`.
    * `past_key` [B, w, z], `past_value` [B, w, h], `past_count` (i32 [B]),
      `past_positions` (i32 [B, w], optional): a ring as `seqc.ring_push` fills
      it: `past_count[b]` entries were pushed, the newest
      `len = min(past_count[b], w)` are valid, entry `e` in slot `e mod w`. Keys
      are stored unrotated. Not available with heads.

    A part of the keys: with `keys (%from to %to)` only keys of rank
    `from <= j < to` count. With the destinations `maximum` and `total`, [n] or
    [H, n], softmax is left open, so that parts can be put together:

    ```
    maximum_i = max_j s_ij (the lowest finite f32 where no key is seen)
    total_i = sum_j exp(s_ij - maximum_i)      o_i = sum_j exp(s_ij - maximum_i) v_j
    ```

    The interpreter evaluates parts and `by_position`; kernels are compiled for all
    keys and for windows by rank only.

    Rules:
    * (attend_c1) query and key have the same last extent z; value and out the
      same last extent h; all are f32 of rank 2, or all of rank 3.
    * (attend_c2) with heads, their numbers are static and that of keys divides
      that of queries.
    * (attend_c3) left and right are >= -1.
    * (attend_c4) rotary tables come together, are [P, z/2] with even z, and need
      positions.
    * (attend_c5) a bias kind other than none needs a table of rank 1, and none
      forbids it; position needs positions and a table of odd extent.
    * (attend_c6) past_key, past_value and past_count come together, with extents
      [B, w, z], [B, w, h], [B]; past needs right = 0 and rank 2; past positions
      are needed if positions are given.
    * (attend_c7) on tensors, one result typed like each destination.
    * (attend_c8) by_position needs positions.
    * (attend_c9) maximum and total come together, only with softmax; their extents
      are those of out but the last.
    * (attend_c10) from and to come together.

    Tiles:
    * (attend_t1) heads, where there are any, and columns of the values are
      parallel loops. Queries are no loop: the rows of a query tile would be no
      rows of the same sequences any more (docs/Rationale/WindowAttention.md).
    * (attend_t2) a tile has a static number of heads, and one head where several
      heads share a key head but not all the same.
    * (attend_t3) keys are a reduction loop over ranks, those of the past in front:
      number `j` is rank `j - w`. A tile has all of them; parts of them are
      computed by partial reduction, in parallel loops, and merged by their maxima
      and totals. Columns are not cut then.

    ```mlir
    %o = seqc.attend softmax {left = 64 : i64, right = 0 : i64, scale = 0.125 : f32}
        ins(%q, %k, %v, %off : tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x64xf32>, tensor<?xi32>)
        outs(%init : tensor<?x64xf32>) -> tensor<?x64xf32>
    ```
  }];
  let arguments = (ins
    Seqc_F32:$query, Seqc_F32:$key, Seqc_F32:$value, Seqc_I32:$offsets,
    Optional<Seqc_I32>:$positions,
    Optional<Seqc_F32>:$cosines, Optional<Seqc_F32>:$sines,
    Optional<Seqc_F32>:$table,
    Optional<Seqc_F32>:$past_key, Optional<Seqc_F32>:$past_value,
    Optional<Seqc_I32>:$past_count, Optional<Seqc_Shaped>:$past_positions,
    Seqc_F32:$out, Optional<Seqc_F32>:$maximum, Optional<Seqc_F32>:$total,
    Optional<Index>:$from, Optional<Index>:$to,
    Seqc_ScoreKind:$score,
    I64Attr:$left, I64Attr:$right, F32Attr:$scale,
    DefaultValuedAttr<Seqc_BiasKindAttr,
      "::seqc::ir::BiasKind::None">:$bias,
    DefaultValuedAttr<I64Attr, "0">:$table_origin,
    UnitAttr:$by_position);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    $score attr-dict
    `ins` `(` $query `,` $key `,` $value `,` $offsets `:`
      type($query) `,` type($key) `,` type($value) `,` type($offsets) `)`
    (`positions` `(` $positions^ `:` type($positions) `)`)?
    (`rotary` `(` $cosines^ `,` $sines `:` type($cosines) `,` type($sines) `)`)?
    (`table` `(` $table^ `:` type($table) `)`)?
    (`past` `(` $past_key^ `,` $past_value `,` $past_count `:`
      type($past_key) `,` type($past_value) `,` type($past_count) `)`)?
    (`past_positions` `(` $past_positions^ `:` type($past_positions) `)`)?
    (`keys` `(` $from^ `to` $to `)`)?
    `outs` `(` $out `:` type($out) `)`
    (`open` `(` $maximum^ `,` $total `:` type($maximum) `,` type($total) `)`)?
    (`->` type($results)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() {
      return ::mlir::MutableOperandRange(
          *this, getOutMutable().getOperandNumber(), isOpen() ? 3 : 1);
    }
    // Upstream's declarations of these need `using namespace mlir`.
    ::mlir::FailureOr<::mlir::SmallVector<::mlir::Value>>
    generateInitialTensorForPartialReduction(
        ::mlir::OpBuilder &builder, ::mlir::Location loc,
        ::llvm::ArrayRef<::mlir::OpFoldResult> sizes,
        const ::llvm::SetVector<unsigned> &reductions);
    ::mlir::FailureOr<::mlir::TilingResult> tileToPartialReduction(
        ::mlir::OpBuilder &builder, ::mlir::Location loc,
        ::mlir::ReductionTilingStrategy strategy, ::mlir::ValueRange init,
        ::llvm::ArrayRef<::mlir::OpFoldResult> offsets,
        ::llvm::ArrayRef<::mlir::OpFoldResult> sizes,
        const ::llvm::SetVector<unsigned> &reductions,
        ::llvm::ArrayRef<::mlir::OpFoldResult> parts);
    ::mlir::FailureOr<::mlir::MergeResult> mergeReductions(
        ::mlir::OpBuilder &builder, ::mlir::Location loc, ::mlir::ValueRange parts,
        const ::llvm::SetVector<unsigned> &reductions);
    ::llvm::LogicalResult getPartialResultTilePosition(
        ::mlir::OpBuilder &builder, unsigned result,
        ::mlir::ReductionTilingStrategy strategy,
        ::llvm::ArrayRef<::mlir::OpFoldResult> offsets,
        ::llvm::ArrayRef<::mlir::OpFoldResult> sizes,
        const ::llvm::SetVector<unsigned> &reductions,
        ::llvm::ArrayRef<::mlir::OpFoldResult> parts,
        ::llvm::SmallVector<::mlir::OpFoldResult> &resultOffsets,
        ::llvm::SmallVector<::mlir::OpFoldResult> &resultSizes);
    /// The rows; null on memrefs.
    ::mlir::Value getResult() {
      return getResults().empty() ? ::mlir::Value() : getResults().front();
    }
    /// Leaves softmax open: maximum and total are destinations as well.
    bool isOpen() { return getMaximum() && getTotal(); }
    /// Counts some of the keys only.
    bool hasKeyRange() { return static_cast<bool>(getFrom()); }
    bool hasHeads();
    bool hasPast() { return static_cast<bool>(getPastKey()); }
    bool hasRotary() { return static_cast<bool>(getCosines()); }
  }];
}

#endif // SEQC_ATTENTION_OPS_TD
