//===- Contraction.h - which ops are contractions over lanes --------------===//
//
// C(.., n) += sum over k of A(.., k) * B(.., k, n), where n ("lanes") is the
// last axis of B and C and absent from A.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_PASSES_TRANSFORMS_CONTRACTION_H
#define SEQC_PASSES_TRANSFORMS_CONTRACTION_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <optional>

namespace seqc::passes {

struct Contraction {
  mlir::linalg::LinalgOp op;
  mlir::OpOperand *a = nullptr;
  mlir::OpOperand *b = nullptr;
  mlir::OpOperand *c = nullptr;
  unsigned laneDim = 0;
  unsigned reductionDim = 0;
  std::optional<unsigned> rowDim; ///< the axis of A and C that B does not have
  llvm::SmallVector<unsigned> outerDims;
};

/// The contraction that `op` on buffers is; none for any other op.
std::optional<Contraction> matchContraction(mlir::linalg::LinalgOp op);

} // namespace seqc::passes

#endif // SEQC_PASSES_TRANSFORMS_CONTRACTION_H
