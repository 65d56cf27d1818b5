//===- SeqcBase.td - dialect definition and op base classes ---------------===//
#ifndef SEQC_BASE_TD
#define SEQC_BASE_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/Dialect/Linalg/IR/LinalgInterfaces.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/TilingInterface.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/IR/OpAsmInterface.td"

def Seqc_Dialect : Dialect {
  let name = "seqc";
  let cppNamespace = "::seqc::ir";
  let summary = "Sequence layers: scans, dynamic gates, windowed attention";
  let description = [{
    A sequence-mixing layer is a composition of the ops below with `linalg`,
    `arith`, `math` and `tensor`.

    **Rows.** All sequences of a call are packed along one row axis. A tensor
    whose first extent is `R` holds one row per token; `offsets` (i32, B+1
    entries, first 0, last R, never decreasing) says that sequence `b` owns rows
    `[offsets[b], offsets[b+1])`. An op that mixes rows takes `offsets` and never
    looks across a border: the result of a sequence does not depend on the
    others. An op without `offsets` treats rows one by one.

    **Destinations.** Ops are in destination style: an `outs` (or `states`)
    operand gives the shape of a result and, where the op says so, its initial
    content. On tensors the op returns the new values; on memrefs (after
    bufferization, as in linalg) it writes the destinations and returns nothing; no
    op mixes the two.

    **State.** A carried state is an argument tied to a result; its first extent
    is B.
  }];
  let usePropertiesForAttributes = 1;
  let useDefaultAttributePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect", "::mlir::math::MathDialect",
                           "::mlir::vector::VectorDialect"];
}

def Seqc_Shaped : AnyTypeOf<[AnyRankedTensor, AnyStridedMemRef], "ranked tensor or memref">;
def Seqc_F32 : AnyTypeOf<[TensorOf<[F32]>, MemRefOf<[F32]>], "f32 tensor or memref">;
def Seqc_I32 : AnyTypeOf<[1DTensorOf<[I32]>, MemRefRankOf<[I32], [1]>], "rank-1 i32 tensor or memref">;

class Seqc_Op<string mnemonic, list<Trait> traits = []>
    : Op<Seqc_Dialect, mnemonic, traits>;

/// Destination style on tensors or memrefs, effects on memref operands only.
class Seqc_StructuredOp<string mnemonic, list<Trait> traits = []>
    : Seqc_Op<mnemonic, !listconcat([
        DestinationStyleOpInterface,
        DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
        DeclareOpInterfaceMethods<ConditionallySpeculatable>,
        DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface, ["reifyResultShapes"]>],
        traits)> {
  let hasVerifier = 1;
}

/// A structured op on tensors of which tiles can be computed alone; its loops
/// and their rules are in the op's text (dialect/*Tiling.cpp).
class Seqc_TiledOp<string mnemonic, list<Trait> traits = []>
    : Seqc_StructuredOp<mnemonic, !listconcat([
        DeclareOpInterfaceMethods<TilingInterface, [
          "getLoopIteratorTypes", "getIterationDomain", "getTiledImplementation",
          "getResultTilePosition", "generateResultTileValue",
          "getIterationDomainTileFromResultTile"]>],
        traits)>;

#endif // SEQC_BASE_TD
