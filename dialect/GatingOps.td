//===- GatingOps.td - routing, compaction, row gather and scatter ---------===//
#ifndef SEQC_GATING_OPS_TD
#define SEQC_GATING_OPS_TD

include "dialect/SeqcBase.td"
include "dialect/SeqcEnums.td"

def Seqc_RouteOp : Seqc_TiledOp<"route", [AggregatedOpInterface]> {
  let summary = "two-way router: active mask and confidence";
  let description = [{
    With `u0 = logits[t,0] + skip_bias[0]` and `u1 = logits[t,1]`:
    `active[t] = u1 > u0 ? 1 : 0` (a tie skips, NaN skips) and
    `confidence[t] = max of softmax((u0, u1) * inverse_temperature[0])`.

    Rules:
    * (route_c1) logits is f32 [R, 2]; skip_bias and inverse_temperature are f32 [1].
    * (route_c2) active is i32 [R], confidence f32 [R].
    * (route_c3) on tensors, two results typed like active and confidence.

    Tiles:
    * (route_t1) rows are a parallel loop.

    ```mlir
    %a, %c = seqc.route ins(%u, %bias, %it : tensor<?x2xf32>, tensor<1xf32>, tensor<1xf32>)
        outs(%ai, %ci : tensor<?xi32>, tensor<?xf32>) -> tensor<?xi32>, tensor<?xf32>
    ```
  }];
  let arguments = (ins Seqc_F32:$logits, Seqc_F32:$skip_bias, Seqc_F32:$inverse_temperature,
                       Seqc_I32:$active, Seqc_F32:$confidence);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    attr-dict `ins` `(` $logits `,` $skip_bias `,` $inverse_temperature `:`
      type($logits) `,` type($skip_bias) `,` type($inverse_temperature) `)`
    `outs` `(` $active `,` $confidence `:` type($active) `,` type($confidence) `)`
    (`->` type($results)^)?
  }];
  let extraClassDeclaration = [{
    /// This op in terms of linalg, on tensors (dialect/Decompose.cpp).
    ::mlir::FailureOr<::llvm::SmallVector<::mlir::Value>>
    decomposeOperation(::mlir::OpBuilder &builder);
    ::mlir::MutableOperandRange getDpsInitsMutable() {
      return ::mlir::MutableOperandRange(*this, 3, 2);
    }
  }];
}

def Seqc_CompressOp : Seqc_StructuredOp<"compress"> {
  let summary = "row indices of the active rows, stable, per sequence";
  let description = [{
    ```
    k = 0
    for b in 0..B:  packed[b] = k
      for t in rows of b: if active[t] != 0: index[k] = t; k = k + 1
    packed[B] = k
    ```
    Entries of `index` from `packed[B]` on are not written. `packed` is the
    offsets of the compressed rows; the order of rows is kept.

    Rules:
    * (compress_c1) active and index have the same extent R where both are known;
      offsets and packed the same extent B+1.
    * (compress_c2) on tensors, two results typed like index and packed.

    Tiles: none, for the place of a row depends on all rows before it.

    ```mlir
    %idx, %off2 = seqc.compress ins(%a, %off : tensor<?xi32>, tensor<?xi32>)
        outs(%ii, %oi : tensor<?xi32>, tensor<?xi32>) -> tensor<?xi32>, tensor<?xi32>
    ```
  }];
  let arguments = (ins Seqc_I32:$active, Seqc_I32:$offsets, Seqc_I32:$index, Seqc_I32:$packed);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    attr-dict `ins` `(` $active `,` $offsets `:` type($active) `,` type($offsets) `)`
    `outs` `(` $index `,` $packed `:` type($index) `,` type($packed) `)` (`->` type($results)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() {
      return ::mlir::MutableOperandRange(*this, 2, 2);
    }
  }];
}

def Seqc_CountOp : Seqc_Op<"count", [
    AlwaysSpeculatable, DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "number of rows that an offsets tensor describes";
  let description = [{
    The last entry of `offsets` as an index. `partition` turns it into a plan
    slot that later kernels' extents read. `gate` names the layer for reports; a
    count with a gate writes to them, so it stays where no extent reads it: the
    activated rows may never leave one kernel. A count without is pure.

    Rules:
    * (count_c1) offsets is a rank-1 i32 tensor.

    ```mlir
    %n = seqc.count %off2 {gate = "layers.0"} : tensor<?xi32>
    ```
  }];
  let arguments = (ins 1DTensorOf<[I32]>:$offsets, OptionalAttr<StrAttr>:$gate);
  let results = (outs Index:$result);
  let assemblyFormat = "$offsets attr-dict `:` type($offsets)";
}

def Seqc_GatherRowsOp : Seqc_TiledOp<"gather_rows"> {
  let summary = "rows of a source picked by index";
  let description = [{
    `out[i, ...] = source[index[i], ...]` for every `i` below the extent of `out`
    (index may be longer). Indices must be in range; embeddings rely on the
    runtime's check of token ids.

    Rules:
    * (gather_rows_c1) source and out have the same rank (1 or 2), element type
      and trailing extent; index is i32.
    * (gather_rows_c2) on tensors, one result typed like out.

    Tiles:
    * (gather_rows_t1) rows of out and columns are parallel loops; a tile of rows
      sees all rows of the source.

    ```mlir
    %y = seqc.gather_rows ins(%x, %idx : tensor<?x128xf32>, tensor<?xi32>)
        outs(%init : tensor<?x128xf32>) -> tensor<?x128xf32>
    ```
  }];
  let arguments = (ins Seqc_Shaped:$source, Seqc_I32:$index, Seqc_Shaped:$out);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    attr-dict `ins` `(` $source `,` $index `:` type($source) `,` type($index) `)`
    `outs` `(` $out `:` type($out) `)` (`->` type($result)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getOutMutable(); }
  }];
}

def Seqc_ScatterRowsOp : Seqc_TiledOp<"scatter_rows"> {
  let summary = "write or add rows at positions given by index";
  let description = [{
    For every row `i` of `source`, with `t = index[i]` and
    `x = source[i, :] * scale[t]` (1 without scale; scale is read at the
    *destination* row): mode `set`: `out[t, :] = x`; mode `add`:
    `out[t, :] += x`. Other rows keep the content of `out`. Indices are distinct
    and in range.

    Rules:
    * (scatter_rows_c1) source is [n, d], out is [R, d], both f32, same d.
    * (scatter_rows_c2) index is i32; scale, if given, is f32 [R].
    * (scatter_rows_c3) on tensors, one result typed like out.

    Tiles:
    * (scatter_rows_t1) rows of the source and columns are parallel loops.
    * (scatter_rows_t2) the result of a tile of rows is all rows of out, of which
      it changes its own: no two tiles change the same row, so that they may work
      on one destination in place, in any order. On values, each tile has to start
      from what the one before returned.

    ```mlir
    %y = seqc.scatter_rows add ins(%g, %idx : tensor<?x128xf32>, tensor<?xi32>)
        scale(%c : tensor<?xf32>) outs(%init : tensor<?x128xf32>) -> tensor<?x128xf32>
    ```
  }];
  let arguments = (ins Seqc_F32:$source, Seqc_I32:$index, Optional<Seqc_F32>:$scale,
                       Seqc_F32:$out, Seqc_ScatterMode:$mode);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    $mode attr-dict `ins` `(` $source `,` $index `:` type($source) `,` type($index) `)`
    (`scale` `(` $scale^ `:` type($scale) `)`)?
    `outs` `(` $out `:` type($out) `)` (`->` type($result)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getOutMutable(); }
  }];
}

#endif // SEQC_GATING_OPS_TD
