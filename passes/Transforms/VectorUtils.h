//===- VectorUtils.h - shared helpers of the vectorising passes -----------===//
//
// What the machine offers, extents and loops of a linalg op on memrefs, and
// access to one vector of lanes of an operand.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_PASSES_TRANSFORMS_VECTORUTILS_H
#define SEQC_PASSES_TRANSFORMS_VECTORUTILS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <functional>
#include <optional>

namespace seqc::passes {

/// The part of seqc.target that decides the shape of vector code. Without the
/// attribute: 16 lanes, 32 registers, fused multiply-add.
struct VectorTarget {
  int64_t lanes = 16;
  int64_t registers = 32;
  bool fma = true;
  bool avx512 = true; ///< the instruction set, whatever the width
};
VectorTarget getVectorTarget(mlir::Operation *op);

/// Register tile of contractions: from seqc.schedule of the enclosing function,
/// reduced where it would not fit the registers.
struct MicroTile {
  int64_t rows;
  int64_t vectors;
  int64_t unroll;
};
MicroTile getMicroTile(mlir::Operation *op, const VectorTarget &target);

mlir::Value indexConstant(mlir::OpBuilder &builder, mlir::Location loc,
                          int64_t value);
mlir::Value indexValue(mlir::OpBuilder &builder, mlir::Location loc,
                       mlir::OpFoldResult value);

/// The constant `value` of type `type`, a float or integer or a vector of them.
mlir::Value splatConstant(mlir::OpBuilder &builder, mlir::Location loc,
                          mlir::Type type, double value);

/// Extent of each iteration dimension; constant wherever one operand knows it.
llvm::SmallVector<mlir::OpFoldResult> loopExtents(mlir::OpBuilder &builder,
                                                  mlir::linalg::LinalgOp op);

/// Position of iteration dimension `dim` among the results of `map`, if there.
std::optional<unsigned> positionOf(mlir::AffineMap map, unsigned dim);

/// Whether the map's results are distinct dimensions and constants.
bool isSimpleAccess(mlir::AffineMap map);

/// Index operands of an access: map results with dimensions replaced by `ivs`.
llvm::SmallVector<mlir::Value> accessIndices(mlir::OpBuilder &builder,
                                             mlir::Location loc,
                                             mlir::AffineMap map,
                                             llvm::ArrayRef<mlir::Value> ivs);

/// Whether consecutive indices of dimension `position` are consecutive in
/// memory in a way that vector.load accepts.
bool isContiguous(mlir::MemRefType type, unsigned position);

using BodyFn = std::function<void(mlir::OpBuilder &)>;

/// Loops over `dims` in order; sets ivs[dim] in each. Extents of 1 get no loop.
void emitLoopNest(mlir::OpBuilder &builder, mlir::Location loc,
                  llvm::ArrayRef<mlir::OpFoldResult> extents,
                  llvm::ArrayRef<unsigned> dims,
                  llvm::MutableArrayRef<mlir::Value> ivs, BodyFn body);

/// A mask of the lanes below `count` (a constant mask where it is known).
mlir::Value laneMask(mlir::OpBuilder &builder, mlir::Location loc,
                     int64_t lanes, mlir::OpFoldResult count);

/// Blocks of `lanes` elements over [0, extent): `body` gets the first element
/// of the block and its mask, null for a full one. `oneBody` emits a single
/// masked body where the extent is dynamic, instead of a full and a masked one.
using LaneBlockFn =
    std::function<void(mlir::OpBuilder &, mlir::Value base, mlir::Value mask)>;
void emitLaneBlocks(mlir::OpBuilder &builder, mlir::Location loc,
                    mlir::OpFoldResult extent, int64_t lanes, bool oneBody,
                    LaneBlockFn body);

/// Broadcast to a vector unless it is one already. An index becomes i32.
mlir::Value widen(mlir::OpBuilder &builder, mlir::Location loc,
                  mlir::Value value, int64_t lanes);

/// [0, 1, ..., lanes - 1] * step as i32.
mlir::Value laneNumbers(mlir::OpBuilder &builder, mlir::Location loc,
                        int64_t lanes, int64_t step = 1);

/// One vector along dimension `position` of `memref`, starting at `indices`.
/// Lanes outside `mask` (may be null) are zero.
mlir::Value loadLanes(mlir::OpBuilder &builder, mlir::Location loc,
                      mlir::Value memref, mlir::ValueRange indices,
                      unsigned position, int64_t lanes, mlir::Value mask);
void storeLanes(mlir::OpBuilder &builder, mlir::Location loc,
                mlir::Value vector, mlir::Value memref,
                mlir::ValueRange indices, unsigned position, mlir::Value mask);

/// Elements of `memref` at indices of which some are vectors (of i32).
mlir::Value gatherElements(mlir::OpBuilder &builder, mlir::Location loc,
                           mlir::Value memref, mlir::ValueRange indices,
                           int64_t lanes, mlir::Value mask);

/// Replaces an op that no vector form fits by plain loops.
void lowerToScalarLoops(mlir::linalg::LinalgOp op);

} // namespace seqc::passes

#endif // SEQC_PASSES_TRANSFORMS_VECTORUTILS_H
