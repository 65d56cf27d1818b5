//===- StateOps.td - norms, rotary, rings, kernels ------------------------===//
#ifndef SEQC_STATE_OPS_TD
#define SEQC_STATE_OPS_TD

include "dialect/SeqcBase.td"
include "dialect/SeqcEnums.td"

def Seqc_NormOp : Seqc_TiledOp<"norm", [
    AttrSizedOperandSegments, AggregatedOpInterface]> {
  let summary = "normalise each row over its last axis";
  let description = [{
    ```
    layer: y = (x - mean(x)) * rsqrt(var(x) + eps) * gain + bias   (biased variance)
    rms:   y = x * rsqrt(mean(x^2) + eps) * gain
    scale: y = x * rsqrt(mean(x^2) + eps) * gain[0]
    ```
    Missing gain is 1, missing bias 0; `unit_offset` makes the gain `1 + gain`.

    Rules:
    * (norm_c1) source and out are f32 [R, d] of the same type up to R.
    * (norm_c2) gain is f32 [d], for scale [1]; bias is f32 [d] and only for layer.
    * (norm_c3) eps is positive.
    * (norm_c4) on tensors, one result typed like out.

    Tiles:
    * (norm_t1) rows are a parallel loop; a row is never cut.

    ```mlir
    %y = seqc.norm layer {eps = 1.0e-05 : f32} ins(%x : tensor<?x128xf32>)
        gain(%g : tensor<128xf32>) bias(%b : tensor<128xf32>)
        outs(%init : tensor<?x128xf32>) -> tensor<?x128xf32>
    ```
  }];
  let arguments = (ins Seqc_F32:$source, Optional<Seqc_F32>:$gain, Optional<Seqc_F32>:$bias,
                       Seqc_F32:$out, Seqc_NormKind:$kind, F32Attr:$eps, UnitAttr:$unit_offset);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    $kind attr-dict `ins` `(` $source `:` type($source) `)`
    (`gain` `(` $gain^ `:` type($gain) `)`)? (`bias` `(` $bias^ `:` type($bias) `)`)?
    `outs` `(` $out `:` type($out) `)` (`->` type($result)^)?
  }];
  let extraClassDeclaration = [{
    /// This op in terms of linalg, on tensors (dialect/Decompose.cpp).
    ::mlir::FailureOr<::llvm::SmallVector<::mlir::Value>>
    decomposeOperation(::mlir::OpBuilder &builder);
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getOutMutable(); }
  }];
}

def Seqc_RingPushOp : Seqc_TiledOp<"ring_push"> {
  let summary = "append the rows of each sequence to its ring";
  let description = [{
    Entry number `e` of a sequence, counted over all rows that were ever pushed,
    is in slot `e mod w` of `ring[b]`; `count[b]` entries were pushed before, so
    the newest `min(count[b], w)` are there and the other slots hold zero.
    Appends the rows `[offsets[b], offsets[b+1])` of `source` in order; of more
    than `w` rows only the last `w` are written. Nothing is moved, so a push costs
    its rows. `count` is read, not written.

    Rules:
    * (ring_push_c1) source is [n, x] or [n]; ring is [B, w, x] or [B, w]; same
      element type and x.
    * (ring_push_c2) offsets is i32 [B+1], count i32 [B].
    * (ring_push_c3) on tensors, one result typed like ring.

    Tiles:
    * (ring_push_t1) sequences and the elements of an entry are parallel loops; a
      tile of sequences reads the rows that they own.

    ```mlir
    %r = seqc.ring_push ins(%k, %off, %n : tensor<?x32xf32>, tensor<?xi32>, tensor<?xi32>)
        outs(%ring : tensor<?x64x32xf32>) -> tensor<?x64x32xf32>
    ```
  }];
  let arguments = (ins Seqc_Shaped:$source, Seqc_I32:$offsets, Seqc_I32:$count, Seqc_Shaped:$ring);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    attr-dict `ins` `(` $source `,` $offsets `,` $count `:`
      type($source) `,` type($offsets) `,` type($count) `)`
    `outs` `(` $ring `:` type($ring) `)` (`->` type($result)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getRingMutable(); }
  }];
}

def Seqc_KernelOp : Seqc_Op<"kernel", [
    AttrSizedOperandSegments, IsolatedFromAbove, DestinationStyleOpInterface,
    RecursiveMemoryEffects, SingleBlockImplicitTerminator<"YieldOp">]> {
  let summary = "ops that become one kernel";
  let description = [{
    Made by `fuse`, outlined by `partition`. The block has one argument per
    operand in the order ins, outs; the yielded values are the results, each tied
    to the `outs` operand of its number: the body writes a value whose destination
    chain starts at that argument.

    Rules:
    * (kernel_c1) block arguments are typed like the operands.
    * (kernel_c2) one yielded value and one result per outs operand, typed like it.

    ```mlir
    %y = seqc.kernel ins(%x : tensor<?x8xf32>) outs(%init : tensor<?x8xf32>) {
    ^bb0(%a: tensor<?x8xf32>, %o: tensor<?x8xf32>):
      %r = linalg.exp ins(%a : tensor<?x8xf32>) outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
      seqc.yield %r : tensor<?x8xf32>
    } -> tensor<?x8xf32>
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$inputs, Variadic<AnyRankedTensor>:$outs,
                       OptionalAttr<StrAttr>:$layer);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    attr-dict (`ins` `(` $inputs^ `:` type($inputs) `)`)?
    `outs` `(` $outs `:` type($outs) `)` $body `->` type($results)
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getOutsMutable(); }
  }];
}

def Seqc_YieldOp : Seqc_Op<"yield", [Pure, Terminator, ReturnLike,
    ParentOneOf<["ScanOp", "KernelOp"]>]> {
  let summary = "end a step or kernel region";
  let description = [{ The enclosing op says which values are expected. }];
  let arguments = (ins Variadic<AnyType>:$values);
  let builders = [OpBuilder<(ins), [{ build($_builder, $_state, ::mlir::ValueRange()); }]>];
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
}

#endif // SEQC_STATE_OPS_TD
