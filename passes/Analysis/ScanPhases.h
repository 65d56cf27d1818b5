//===- ScanPhases.h - what of a scan's step goes state by state -----------===//
#ifndef SEQC_PASSES_ANALYSIS_SCANPHASES_H
#define SEQC_PASSES_ANALYSIS_SCANPHASES_H

#include "dialect/SeqcOps.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <optional>

namespace seqc::passes {

/// A step in three phases: values per channel that states wait for, updates of
/// states that do not see each other, and what is made of their sums. Then the
/// states of a channel may be taken some at a time.
struct ScanPhases {
  /// States per channel.
  int64_t states = 0;
  /// The operations of each phase, in order. Constants per channel are in none
  /// and sums in two: `perState` sums, `after` adds the accumulator.
  llvm::SmallVector<mlir::Operation *> constants, before, perState, after;
  /// Of what `before` makes, the values that are read behind it.
  llvm::SmallVector<mlir::Value> kept;
  llvm::SmallVector<mlir::vector::ReductionOp> sums;
  /// Vectors that each state takes in registers: itself, its parameters.
  int64_t stateVectors = 0, paramVectors = 0;
  /// The updates, what they wait for: functions are called, which need
  /// registers of their own and take long.
  bool callsMath = false, beforeCallsMath = false;
};

/// None where states see each other, differ in number, or stand beside others,
/// and where what would wait is not f32.
std::optional<ScanPhases> findPhases(ir::ScanOp op);

} // namespace seqc::passes

#endif // SEQC_PASSES_ANALYSIS_SCANPHASES_H
