//===- TaskTiler.h - a kernel's body for one block of its task space ------===//
#ifndef SEQC_PASSES_TRANSFORMS_TASKTILER_H
#define SEQC_PASSES_TRANSFORMS_TASKTILER_H

#include "passes/Transforms/TileViews.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/TilingInterface.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

#include <functional>

namespace seqc::passes {

/// An op that decides itself what a task is and computes its part, a run of
/// rows along axis 0 of its one result. Its operands are read as they are.
struct TileSource {
  mlir::Operation *op = nullptr;
  /// In front of the loop.
  std::function<mlir::OpFoldResult(mlir::OpBuilder &)> countTasks;
  /// In the loop: first row and number of rows of the task.
  std::function<std::pair<mlir::OpFoldResult, mlir::OpFoldResult>(
      mlir::OpBuilder &, mlir::Value task)>
      locate;
  /// In the loop, after `locate`: the rows. They go to `destination` where that
  /// is not null, else where they like.
  std::function<mlir::Value(mlir::OpBuilder &, mlir::Value destination)> emit;
};

/// Re-creates a kernel inside a top-level `scf.forall`, each task computing one
/// block of the results.
///
/// Demands flow from the results to the arguments: "this value, cut along axis
/// `d`", or "whole". An op is re-created once for each distinct way in which
/// its results are needed, so only what a task reads is computed. What an op's
/// block is and what it reads is asked of TilingInterface; views and buffers
/// are known here. Values that
/// the whole kernel shares (scalars from argument extents or i32 arguments)
/// stay in front of the loop.
class TaskTiler {
public:
  /// Tasks are blocks of `block` out of `extent` along the axis demanded.
  TaskTiler(mlir::func::FuncOp kernel, mlir::OpFoldResult extent,
            int64_t block);
  /// Tasks are those of `source`, of at most `block` rows.
  TaskTiler(mlir::func::FuncOp kernel, TileSource source, int64_t block);
  /// One task that computes everything.
  explicit TaskTiler(mlir::func::FuncOp kernel);

  /// Result `index` is cut along `dim`.
  void demandResult(unsigned index, int64_t dim);

  /// Replaces the body. Reports and fails on an op that cannot be cut.
  mlir::LogicalResult build();

private:
  using Dims = llvm::SmallVector<int64_t>;

  /// An op, re-created for one way in which its results are needed.
  struct Part {
    /// What TilingInterface made of it, in front of the old one; null for
    /// views, buffers and ops that are needed whole.
    mlir::Operation *op = nullptr;
    Dims operands; ///< the axis along which each operand is needed
    Dims results;
  };
  struct LoopTile {
    llvm::SmallVector<mlir::OpFoldResult> offsets, sizes;
  };

  bool isShared(mlir::Operation *op) const;
  mlir::LogicalResult propagate(mlir::Operation *op);

  LoopTile blockOfLoop(mlir::TilingInterface op, int64_t loop);
  mlir::FailureOr<int64_t>
  cutAxis(llvm::ArrayRef<mlir::OpFoldResult> offsets,
          llvm::ArrayRef<mlir::OpFoldResult> sizes) const;
  mlir::FailureOr<Dims> resultDims(mlir::TilingInterface op, int64_t loop);
  std::optional<int64_t> scatteringLoop(mlir::Operation *op);
  mlir::FailureOr<int64_t> loopOf(mlir::OpResult result, int64_t dim);
  /// How `op` is cut if its result is needed along `dim`: a loop, or an axis of
  /// a view or buffer, or kWhole.
  mlir::FailureOr<int64_t> cutOf(mlir::OpResult result, int64_t dim);
  mlir::LogicalResult checkShared(mlir::Operation *op,
                                  llvm::ArrayRef<int64_t> results);
  mlir::FailureOr<Part> partOf(mlir::Operation *op, int64_t cut);

  void createLoop();
  void placeBlock(mlir::Value task);
  void emitSource();
  mlir::Value tileOf(mlir::Value value, int64_t dim);
  llvm::ArrayRef<mlir::OpFoldResult> sizesOf(mlir::Value argument);
  mlir::Value sliceArgument(mlir::Value argument, int64_t dim);
  void emit(mlir::Operation *op, const Part &part);
  void emitOp(mlir::Operation *op, const Part &part);
  mlir::Value emitEmpty(mlir::Operation *op, int64_t dim);
  void shiftIndices(mlir::Operation *op);
  void insertResults();
  void eraseOldBody();

  mlir::func::FuncOp kernel;
  mlir::Operation *terminator;
  mlir::OpBuilder b;
  mlir::Location loc;
  int64_t block = 1;
  bool serial = false;
  TileSource source;
  mlir::OpFoldResult tasks, extent, offset, size;
  mlir::scf::ForallOp loop;

  llvm::SmallVector<std::pair<unsigned, int64_t>> resultDemands;
  llvm::DenseMap<mlir::Value, llvm::SmallSetVector<int64_t, 2>> demands;
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<Part>> parts;
  mlir::Value blockOffset, blockSize; ///< in the ops that TilingInterface made
  llvm::DenseMap<std::pair<mlir::Value, int64_t>, mlir::Value> tiles;
  llvm::DenseMap<mlir::Value, llvm::SmallVector<mlir::OpFoldResult>>
      argumentSizes;
};

} // namespace seqc::passes

#endif // SEQC_PASSES_TRANSFORMS_TASKTILER_H
