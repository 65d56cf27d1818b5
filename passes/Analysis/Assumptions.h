//===- Assumptions.h - facts that a kernel is compiled for ----------------===//
#ifndef SEQC_PASSES_ANALYSIS_ASSUMPTIONS_H
#define SEQC_PASSES_ANALYSIS_ASSUMPTIONS_H

#include "dialect/SeqcDialect.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <optional>

namespace seqc::passes {

/// A dimension of an argument of a kernel function.
struct ArgumentExtent {
  int64_t arg = 0, dim = 0;
  bool operator==(const ArgumentExtent &o) const {
    return arg == o.arg && dim == o.dim;
  }
};

/// The argument and dimension that gives the extent of `value` along `dim`;
/// none where the extent is static or comes from elsewhere.
std::optional<ArgumentExtent> argumentExtent(mlir::Value value, int64_t dim);

/// What `seqc.assume` of the kernel function around `op` says; nothing without
/// it. Values that are no arguments of the function have no facts.
class Assumptions {
public:
  explicit Assumptions(mlir::Operation *op);

  bool empty() const { return facts.empty(); }
  /// The extent where it is known, from the type or from a fact.
  std::optional<int64_t> extent(mlir::Value value, int64_t dim) const;
  /// Both extents are those of one argument, or assumed to be equal.
  bool same(mlir::Value a, int64_t aDim, mlir::Value b, int64_t bDim) const;
  /// Every entry of this vector is 0.
  bool isZero(mlir::Value vector) const;
  /// Most rows of a sequence.
  std::optional<int64_t> longest(mlir::Value offsets) const;
  /// Sequence b has row b and no other.
  bool isOneRowEach(mlir::Value offsets) const;
  /// The argument `seqc.increasing` says that its entries rise strictly.
  static bool isIncreasing(mlir::Value vector);

private:
  bool hasOn(mlir::Value value, ir::FactKind kind) const;

  mlir::func::FuncOp kernel;
  llvm::SmallVector<ir::FactAttr> facts;
};

} // namespace seqc::passes

#endif // SEQC_PASSES_ANALYSIS_ASSUMPTIONS_H
