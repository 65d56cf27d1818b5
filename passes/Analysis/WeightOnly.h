//===- WeightOnly.h - values that depend on weights alone -----------------===//
#ifndef SEQC_PASSES_ANALYSIS_WEIGHTONLY_H
#define SEQC_PASSES_ANALYSIS_WEIGHTONLY_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace seqc::passes {

/// Which values of a model function can be computed once per set of weights:
/// weight and prepared arguments, constants, and results of ops with static
/// shapes on nothing but those. Built for one state of the function.
class WeightOnly {
public:
  explicit WeightOnly(mlir::func::FuncOp function);
  bool contains(mlir::Value value) const { return values.contains(value); }
  /// All results of `op` are weight-only; false for an op without results.
  bool contains(mlir::Operation *op) const {
    return op->getNumResults() != 0 && contains(op->getResult(0));
  }

private:
  llvm::DenseSet<mlir::Value> values;
};

} // namespace seqc::passes

#endif // SEQC_PASSES_ANALYSIS_WEIGHTONLY_H
