//===- TilingSupport.h - the tiling interface from a table of axes --------===//
//
// An op says which of its loops runs over which axis of which operand; the
// methods of TilingInterface follow from that. What a table cannot say (offsets
// that move with a tile) is done by the op.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_DIALECT_TILINGSUPPORT_H
#define SEQC_DIALECT_TILINGSUPPORT_H

#include "dialect/SeqcOps.h"

namespace seqc::ir {

/// Axis `axis` of operand `operand`.
struct TileExtent {
  unsigned operand;
  unsigned axis;
};

/// A loop from 0 in steps of 1.
struct TileLoop {
  mlir::utils::IteratorType kind;
  TileExtent extent;
  std::optional<TileExtent> more = std::nullopt; ///< added to the extent
};

struct TileAxes {
  /// An axis that no loop runs over: every tile sees all of it.
  static constexpr int kWhole = -1;

  llvm::SmallVector<TileLoop> loops;
  /// Per operand, per axis: its loop or kWhole. Results are like their
  /// destinations.
  llvm::SmallVector<llvm::SmallVector<int>> operands;
};

using Extents = llvm::ArrayRef<mlir::OpFoldResult>;

llvm::SmallVector<mlir::Range> iterationDomain(mlir::Operation *op,
                                               const TileAxes &axes,
                                               mlir::OpBuilder &builder);

/// Loop `loop` runs over all of its range in this tile. Never true wrongly; may
/// be false where the size was computed in an unusual way.
bool isWholeLoop(mlir::Operation *op, const TileAxes &axes, int loop,
                 mlir::OpFoldResult offset, mlir::OpFoldResult size);

/// The part of `tensor` that a tile sees; all of it as it is, not as a slice.
mlir::Value tileOf(mlir::OpBuilder &builder, mlir::Location loc,
                   mlir::Value tensor, llvm::ArrayRef<int> loops,
                   Extents offsets, Extents sizes);

/// The op on slices of its operands; fails on memrefs.
mlir::FailureOr<mlir::TilingResult>
tileOperands(mlir::DestinationStyleOpInterface op, const TileAxes &axes,
             mlir::OpBuilder &builder, Extents offsets, Extents sizes);

mlir::LogicalResult
resultTilePosition(mlir::DestinationStyleOpInterface op, const TileAxes &axes,
                   mlir::OpBuilder &builder, unsigned result, Extents offsets,
                   Extents sizes,
                   llvm::SmallVector<mlir::OpFoldResult> &resultOffsets,
                   llvm::SmallVector<mlir::OpFoldResult> &resultSizes);

/// Loops that give this tile of a result; fails where the tile cuts an axis
/// without a loop.
mlir::LogicalResult
loopsOfResultTile(mlir::DestinationStyleOpInterface op, const TileAxes &axes,
                  mlir::OpBuilder &builder, unsigned result, Extents offsets,
                  Extents sizes,
                  llvm::SmallVectorImpl<mlir::OpFoldResult> &loopOffsets,
                  llvm::SmallVectorImpl<mlir::OpFoldResult> &loopSizes);

mlir::FailureOr<mlir::TilingResult>
tileOfResult(mlir::TilingInterface op, mlir::OpBuilder &builder,
             unsigned result, Extents offsets, Extents sizes);

/// Offsets of the sequences within rows [row, row + count): a sequence owns
/// there what it owns of these rows.
mlir::Value clipOffsets(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Value offsets, mlir::OpFoldResult row,
                        mlir::OpFoldResult count);

/// Cuts `tiled` down to sequences [first, first + count): operand `rows` to the
/// rows that they own, operand `offsets` to theirs.
void keepSequences(mlir::OpBuilder &builder, mlir::Operation *tiled,
                   unsigned rows, unsigned offsets, mlir::OpFoldResult first,
                   mlir::OpFoldResult count);

} // namespace seqc::ir

/// What TilingInterface asks besides getTiledImplementation, from a function
/// `TileAxes axesOf(OP)`.
#define SEQC_TILED_OP_METHODS(OP)                                              \
  SmallVector<utils::IteratorType> OP::getLoopIteratorTypes() {                \
    return llvm::map_to_vector(                                                \
        axesOf(*this).loops, [](const TileLoop &loop) { return loop.kind; });  \
  }                                                                            \
  SmallVector<Range> OP::getIterationDomain(OpBuilder &builder) {              \
    return iterationDomain(*this, axesOf(*this), builder);                     \
  }                                                                            \
  LogicalResult OP::getResultTilePosition(                                     \
      OpBuilder &builder, unsigned result, ArrayRef<OpFoldResult> offsets,     \
      ArrayRef<OpFoldResult> sizes, SmallVector<OpFoldResult> &resultOffsets,  \
      SmallVector<OpFoldResult> &resultSizes) {                                \
    return resultTilePosition(                                                 \
        cast<DestinationStyleOpInterface>(getOperation()), axesOf(*this),      \
        builder, result, offsets, sizes, resultOffsets, resultSizes);          \
  }                                                                            \
  LogicalResult OP::getIterationDomainTileFromResultTile(                      \
      OpBuilder &builder, unsigned result, ArrayRef<OpFoldResult> offsets,     \
      ArrayRef<OpFoldResult> sizes,                                            \
      SmallVectorImpl<OpFoldResult> &loopOffsets,                              \
      SmallVectorImpl<OpFoldResult> &loopSizes) {                              \
    return loopsOfResultTile(                                                  \
        cast<DestinationStyleOpInterface>(getOperation()), axesOf(*this),      \
        builder, result, offsets, sizes, loopOffsets, loopSizes);              \
  }                                                                            \
  FailureOr<TilingResult> OP::generateResultTileValue(                         \
      OpBuilder &builder, unsigned result, ArrayRef<OpFoldResult> offsets,     \
      ArrayRef<OpFoldResult> sizes) {                                          \
    return tileOfResult(cast<TilingInterface>(getOperation()), builder,        \
                        result, offsets, sizes);                               \
  }

/// For ops of which a tile is the op on slices of the operands.
#define SEQC_TILE_BY_SLICES(OP)                                                \
  FailureOr<TilingResult> OP::getTiledImplementation(                          \
      OpBuilder &builder, ArrayRef<OpFoldResult> offsets,                      \
      ArrayRef<OpFoldResult> sizes) {                                          \
    return tileOperands(cast<DestinationStyleOpInterface>(getOperation()),     \
                        axesOf(*this), builder, offsets, sizes);               \
  }

/// For ops whose loop 0 runs over sequences: operand 0 is their rows, operand 1
/// the offsets.
#define SEQC_TILE_BY_SEQUENCES(OP)                                             \
  FailureOr<TilingResult> OP::getTiledImplementation(                          \
      OpBuilder &builder, ArrayRef<OpFoldResult> offsets,                      \
      ArrayRef<OpFoldResult> sizes) {                                          \
    TileAxes axes = axesOf(*this);                                             \
    FailureOr<TilingResult> result =                                           \
        tileOperands(cast<DestinationStyleOpInterface>(getOperation()), axes,  \
                     builder, offsets, sizes);                                 \
    if (succeeded(result) &&                                                   \
        !isWholeLoop(*this, axes, 0, offsets[0], sizes[0]))                    \
      keepSequences(builder, result->tiledOps.front(), 0, 1, offsets[0],       \
                    sizes[0]);                                                 \
    return result;                                                             \
  }

#endif // SEQC_DIALECT_TILINGSUPPORT_H
