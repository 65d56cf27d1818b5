//===- ScanStep.h - a scan's step region on whole vectors -----------------===//
#ifndef SEQC_PASSES_TRANSFORMS_SCANSTEP_H
#define SEQC_PASSES_TRANSFORMS_SCANSTEP_H

#include "dialect/SeqcOps.h"
#include "passes/Transforms/LaneBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/DenseMap.h"

namespace seqc::passes {

/// Axis that the lanes of a vector run over: a lane is a channel, and the
/// states of a channel are spread over vectors; or a lane is a state, and
/// channels follow one another; or vectors run over channels and their states
/// as both lie in memory, several channels to a vector or several vectors to
/// one.
enum class LaneAxis { Channels, States, Memory };

/// A value of the step region as vectors. Over channels an f32 is one vector
/// and a vector<N x f32> is N of them; over states an f32 is one vector that
/// repeats it and a vector<N x f32> is ceil(N / lanes) vectors, the last one
/// padded. In memory order an f32 is one vector of channels and a
/// vector<N x f32> the N vectors of their N * lanes states.
using Lanes = llvm::SmallVector<mlir::Value>;

/// The vectors of a value of this type.
int64_t laneCount(mlir::Type type, LaneAxis axis, int64_t lanes);

/// In memory order: each channel's entry for all of its states.
Lanes spreadInMemory(LaneBuilder &lb, mlir::Value channels, int64_t states);

/// First op of the region that has no vector form over `axis`, or null.
mlir::Operation *findUnsupported(ir::ScanOp op, LaneAxis axis, int64_t lanes);

/// Emits operations of one step of one vector of channels. What they read has
/// to be bound or emitted before.
class StepEmitter {
public:
  /// With `states`, a value with a state axis stands for that many states of a
  /// channel, one vector each.
  StepEmitter(LaneBuilder &lb, LaneAxis axis, int64_t states = 0)
      : lb(lb), axis(axis), states(states) {}

  void bind(mlir::Value value, Lanes vectors) {
    values[value] = std::move(vectors);
  }
  const Lanes &lookup(mlir::Value value) { return values[value]; }
  void emit(mlir::Operation *op);
  /// What `op` reduces, without its accumulator.
  mlir::Value sumOf(mlir::vector::ReductionOp op);

private:
  Lanes emitConstant(mlir::arith::ConstantOp op);
  Lanes emitReduction(mlir::vector::ReductionOp op);
  mlir::Value reduceInMemory(mlir::vector::ReductionOp op, Lanes vectors);
  void emitElementwise(mlir::Operation *op);
  void emitRenaming(mlir::Operation *op);
  mlir::Value reduceLanes(mlir::vector::ReductionOp op, mlir::Value vector);
  void clearPadding(Lanes &vectors, int64_t extent);
  int64_t count(mlir::Type type) const;

  LaneBuilder &lb;
  LaneAxis axis;
  int64_t states;
  llvm::DenseMap<mlir::Value, Lanes> values;
};

/// Values that a step makes of its own row's inputs by long chains of
/// operations (an exponential, a logarithm) before states enter. Computed one
/// row ahead, they do not hold up the row.
struct AheadValues {
  llvm::SmallVector<mlir::Value> values;
  /// What computes them, in order.
  llvm::SmallVector<mlir::Operation *> slice;
  /// Inputs and parameters that it reads, by argument number.
  llvm::SmallVector<unsigned> arguments;
};
AheadValues findAheadValues(ir::ScanOp op);

/// Values of `ahead` for one row; of `args`, only those that it reads count.
llvm::SmallVector<Lanes> emitAhead(LaneBuilder &lb, ir::ScanOp op,
                                   LaneAxis axis, const AheadValues &ahead,
                                   llvm::ArrayRef<Lanes> args);

/// Emits one step: `args` stand for the region's arguments, `known` for the
/// values of `ahead`, the result for the yielded values. The region must be
/// supported.
llvm::SmallVector<Lanes> emitStep(LaneBuilder &lb, ir::ScanOp op, LaneAxis axis,
                                  llvm::ArrayRef<Lanes> args,
                                  const AheadValues &ahead = {},
                                  llvm::ArrayRef<Lanes> known = {});

} // namespace seqc::passes

#endif // SEQC_PASSES_TRANSFORMS_SCANSTEP_H
