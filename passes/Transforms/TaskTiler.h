//===- TaskTiler.h - a kernel's body for one block of its task space ------===//
#ifndef SEQC_PASSES_TRANSFORMS_TASKTILER_H
#define SEQC_PASSES_TRANSFORMS_TASKTILER_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

namespace seqc::passes {

/// The value is needed as a whole, not cut along one axis.
inline constexpr int64_t kWhole = -1;

/// Re-creates a kernel inside a top-level `scf.forall`, each task computing one
/// block of the results.
///
/// Demands flow from the results to the arguments: "this value, cut along axis
/// `d`", or "whole". An op is re-created once for each distinct way in which
/// its results are needed, so only what a task reads is computed. Values that
/// the whole kernel shares (scalars from argument extents or i32 arguments)
/// stay in front of the loop.
class TaskTiler {
public:
  /// Tasks are blocks of `block` out of `extent` along the axis demanded.
  TaskTiler(mlir::func::FuncOp kernel, mlir::OpFoldResult extent,
            int64_t block);
  /// One task that computes everything.
  explicit TaskTiler(mlir::func::FuncOp kernel);

  /// Result `index` is cut along `dim`.
  void demandResult(unsigned index, int64_t dim);

  /// Replaces the body. Reports and fails on an op that cannot be cut.
  mlir::LogicalResult build();

private:
  using Dims = llvm::SmallVector<int64_t>;

  bool isShared(mlir::Operation *op) const;
  mlir::LogicalResult propagate();
  mlir::LogicalResult propagate(mlir::Operation *op);

  /// How `op` is cut if its result is needed along `dim`: a loop of a linalg
  /// op, an axis of other ops, kWhole.
  mlir::FailureOr<int64_t> cutOf(mlir::OpResult result, int64_t dim);
  /// The axis along which each operand is needed.
  mlir::FailureOr<Dims> operandDims(mlir::Operation *op, int64_t cut);
  Dims resultDims(mlir::Operation *op, int64_t cut);

  void createLoop();
  mlir::Value tileOf(mlir::Value value, int64_t dim);
  llvm::ArrayRef<mlir::OpFoldResult> sizesOf(mlir::Value argument);
  mlir::Value sliceArgument(mlir::Value argument, int64_t dim);
  void emit(mlir::Operation *op, int64_t cut);
  mlir::Value emitEmpty(mlir::Operation *op, int64_t dim);
  mlir::Value emitView(mlir::Operation *op, int64_t dim);
  mlir::Operation *emitClone(mlir::Operation *op, int64_t cut);
  void shiftIndices(mlir::Operation *op, int64_t loop);
  void insertResults();
  void eraseOldBody();

  mlir::func::FuncOp kernel;
  mlir::Operation *terminator;
  mlir::OpBuilder b;
  mlir::Location loc;
  int64_t block = 1;
  bool serial = false;
  mlir::OpFoldResult tasks, extent, offset, size;
  mlir::scf::ForallOp loop;

  llvm::SmallVector<std::pair<unsigned, int64_t>> resultDemands;
  llvm::DenseMap<mlir::Value, llvm::SmallSetVector<int64_t, 2>> demands;
  llvm::DenseMap<mlir::Operation *, llvm::SmallSetVector<int64_t, 2>> cuts;
  llvm::DenseMap<std::pair<mlir::Value, int64_t>, mlir::Value> tiles;
  llvm::DenseMap<mlir::Value, llvm::SmallVector<mlir::OpFoldResult>>
      argumentSizes;
};

/// Extent of `value` along `dim` from arguments and sizes of `tensor.empty`,
/// looking through destinations and views.
mlir::OpFoldResult traceExtent(mlir::OpBuilder &builder, mlir::Value value,
                               int64_t dim);

/// Replaces `tensor.dim` of computed values, so that no extent depends on data.
void resolveExtents(mlir::func::FuncOp kernel);

} // namespace seqc::passes

#endif // SEQC_PASSES_TRANSFORMS_TASKTILER_H
