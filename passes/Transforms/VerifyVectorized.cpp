//===- VerifyVectorized.cpp - no scalar f32 work in innermost loops -------===//

#include "passes/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace seqc::passes {
#define GEN_PASS_DEF_SEQCVERIFYVECTORIZED
#include "passes/Passes.h.inc"
} // namespace seqc::passes

using namespace mlir;

namespace {
struct VerifyVectorized
    : seqc::passes::impl::SeqcVerifyVectorizedBase<VerifyVectorized> {
  void runOnOperation() override;
};
} // namespace

/// Loads, selects and compares of one element may steer vector work; these may
/// not do the work.
static bool isScalarArithmetic(Operation *op) {
  bool isMath = isa_and_nonnull<math::MathDialect>(op->getDialect());
  if (!isMath &&
      !isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::DivFOp,
           arith::RemFOp, arith::NegFOp, arith::MaximumFOp, arith::MinimumFOp,
           arith::MaxNumFOp, arith::MinNumFOp>(op))
    return false;
  return llvm::any_of(op->getResultTypes(), llvm::IsaPred<FloatType>);
}

static bool isInnermost(Operation *loop) {
  return !loop->walk([&](Operation *op) {
                bool nested = op != loop && isa<scf::ForOp, scf::WhileOp>(op);
                return nested ? WalkResult::interrupt() : WalkResult::advance();
              })
              .wasInterrupted();
}

void VerifyVectorized::runOnOperation() {
  WalkResult result = getOperation().walk([&](Operation *op) {
    if (isa<linalg::LinalgOp>(op)) {
      op->emitOpError("expected no tile-level op after vectorize, got one; no "
                      "vectorising pass knows its form");
      return WalkResult::interrupt();
    }
    if (!isa<scf::ForOp, scf::WhileOp>(op) || !isInnermost(op))
      return WalkResult::advance();
    return op->walk([&](Operation *inner) {
      if (!isScalarArithmetic(inner))
        return WalkResult::advance();
      inner->emitError("expected no scalar f32 arithmetic in an innermost loop "
                       "after vectorize, got '")
          << inner->getName() << "'";
      return WalkResult::interrupt();
    });
  });
  if (result.wasInterrupted())
    signalPassFailure();
}
