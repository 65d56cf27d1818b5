//===- FuseElementwise.cpp - chains of elementwise ops as one -------------===//

#include "passes/Passes.h"

#include "passes/Analysis/KernelForm.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/IR/PatternMatch.h"

namespace seqc::passes {
#define GEN_PASS_DEF_FUSEELEMENTWISEPASS
#include "passes/Passes.h.inc"
} // namespace seqc::passes

using namespace mlir;
using namespace seqc;
using namespace seqc::passes;

namespace {
struct FuseElementwisePass
    : passes::impl::FuseElementwisePassBase<FuseElementwisePass> {
  using FuseElementwisePassBase::FuseElementwisePassBase;
  void runOnOperation() override;
};
} // namespace

/// Entry by entry; operands may be broadcast or read at a constant position.
static bool isElementwise(linalg::GenericOp op) {
  return op.getNumParallelLoops() == op.getNumLoops();
}

/// Both are elementwise, nothing else reads the producer, and each of its
/// values is read once: a value per row that is broadcast over columns stays
/// apart.
static bool isWorthFusing(OpOperand &operand) {
  auto consumer = dyn_cast<linalg::GenericOp>(operand.getOwner());
  auto producer = operand.get().getDefiningOp<linalg::GenericOp>();
  if (!consumer || !producer || producer->getNumResults() != 1 ||
      !operand.get().hasOneUse() || consumer.isDpsInit(&operand))
    return false;
  return isElementwise(consumer) && isElementwise(producer) &&
         consumer.getMatchingIndexingMap(&operand).isPermutation() &&
         linalg::areElementwiseOpsFusable(&operand);
}

/// Fuses one producer into `op`; the fused op, null if there is none to fuse.
static linalg::GenericOp fuseOne(linalg::GenericOp op, RewriterBase &rewriter) {
  for (OpOperand *operand : op.getDpsInputOperands()) {
    if (!isWorthFusing(*operand))
      continue;
    Operation *producer = operand->get().getDefiningOp();
    rewriter.setInsertionPoint(op);
    FailureOr<linalg::ElementwiseOpFusionResult> fused =
        linalg::fuseElementwiseOps(rewriter, operand);
    if (failed(fused))
      continue;
    for (OpResult result : op->getResults())
      rewriter.replaceAllUsesWith(result, fused->replacements.lookup(result));
    rewriter.eraseOp(op);
    if (producer->use_empty())
      rewriter.eraseOp(producer);
    return cast<linalg::GenericOp>(fused->fusedOp);
  }
  return {};
}

void FuseElementwisePass::runOnOperation() {
  func::FuncOp kernel = getOperation();
  if (!isKernel(kernel) || isTiled(kernel) ||
      kernelForm(kernel) != KernelForm::Rows)
    return;
  SmallVector<linalg::GenericOp> generics(
      kernel.getBody().front().getOps<linalg::GenericOp>());
  IRRewriter rewriter(&getContext());
  // Forwards: a producer is complete when its consumer's turn comes, and it is
  // never an op of which the list still speaks.
  for (linalg::GenericOp op : generics)
    while (linalg::GenericOp fused = fuseOne(op, rewriter)) {
      op = fused;
      ++numFused;
    }
}
