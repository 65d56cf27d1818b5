//===- Decompose.cpp - aggregated ops into linalg -------------------------===//

#include "passes/Passes.h"

#include "dialect/SeqcOps.h"
#include "passes/Analysis/KernelForm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"

namespace seqc::passes {
#define GEN_PASS_DEF_DECOMPOSEPASS
#include "passes/Passes.h.inc"
} // namespace seqc::passes

using namespace mlir;
using namespace seqc;

namespace {
struct DecomposePass : passes::impl::DecomposePassBase<DecomposePass> {
  using DecomposePassBase::DecomposePassBase;
  void runOnOperation() override;
};
} // namespace

/// linalg.pack is aggregated too, but belongs to the plan.
static bool isDecomposed(Operation *op) {
  return isa<ir::NormOp, ir::RouteOp, linalg::SoftmaxOp>(op);
}

/// Named ops that later phases know by name.
static bool isTileLevel(linalg::LinalgOp op) {
  return isa<linalg::GenericOp, linalg::FillOp, linalg::CopyOp,
             linalg::TransposeOp, linalg::BroadcastOp, linalg::ReduceOp>(op);
}

static LogicalResult decompose(func::FuncOp kernel, IRRewriter &rewriter) {
  SmallVector<linalg::AggregatedOpInterface> ops;
  kernel.walk([&](linalg::AggregatedOpInterface op) {
    if (isDecomposed(op))
      ops.push_back(op);
  });
  for (linalg::AggregatedOpInterface op : ops) {
    rewriter.setInsertionPoint(op);
    FailureOr<SmallVector<Value>> values = op.decomposeOperation(rewriter);
    if (failed(values))
      return op->emitOpError("expected a decomposition into linalg, got none");
    rewriter.replaceOp(op, *values);
  }
  return success();
}

static LogicalResult generalize(func::FuncOp kernel, IRRewriter &rewriter) {
  SmallVector<linalg::LinalgOp> ops;
  kernel.walk([&](linalg::LinalgOp op) {
    if (!isTileLevel(op))
      ops.push_back(op);
  });
  for (linalg::LinalgOp op : ops) {
    rewriter.setInsertionPoint(op);
    if (failed(linalg::generalizeNamedOp(rewriter, op)))
      return op->emitOpError("expected an op that linalg.generic can say");
  }
  return success();
}

void DecomposePass::runOnOperation() {
  if (!passes::isKernel(getOperation()))
    return;
  IRRewriter rewriter(&getContext());
  if (failed(decompose(getOperation(), rewriter)) ||
      failed(generalize(getOperation(), rewriter)))
    signalPassFailure();
}
