//===- TileViews.h - views and extents of blocks --------------------------===//
#ifndef SEQC_PASSES_TRANSFORMS_TILEVIEWS_H
#define SEQC_PASSES_TRANSFORMS_TILEVIEWS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

namespace seqc::passes {

/// The value is needed as a whole, not cut along one axis.
inline constexpr int64_t kWhole = -1;

/// An operand that the re-created op does not use.
inline constexpr int64_t kUnused = -2;

/// Extent of `value` along `dim` from arguments and sizes of `tensor.empty`,
/// looking through destinations and views.
mlir::OpFoldResult traceExtent(mlir::OpBuilder &builder, mlir::Value value,
                               int64_t dim);

/// Replaces `tensor.dim` of computed values, so that no extent depends on data.
void resolveExtents(mlir::func::FuncOp kernel);

/// A reshape, a slice or a cast of a tensor. These have no TilingInterface, for
/// none of them computes anything.
bool isView(mlir::Operation *op);

/// Whether axis `dim` of the result of a view is one axis of its source;
/// reports where not.
mlir::LogicalResult checkView(mlir::Operation *op, int64_t dim);

/// The axis along which a view or a `tensor.empty`, cut along `dim`, needs each
/// operand.
llvm::SmallVector<int64_t> viewOperandDims(mlir::Operation *op, int64_t dim);

/// The view on a block of its source.
mlir::Value tileView(mlir::OpBuilder &b, mlir::Operation *op,
                     mlir::Value source, int64_t dim, mlir::OpFoldResult offset,
                     mlir::OpFoldResult size);

} // namespace seqc::passes

#endif // SEQC_PASSES_TRANSFORMS_TILEVIEWS_H
