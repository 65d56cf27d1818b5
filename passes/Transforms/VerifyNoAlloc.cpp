//===- VerifyNoAlloc.cpp - the promise of bufferize -----------------------===//

#include "passes/Passes.h"

#include "passes/Analysis/KernelForm.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace seqc::passes {
#define GEN_PASS_DEF_VERIFYNOALLOCPASS
#include "passes/Passes.h.inc"
} // namespace seqc::passes

using namespace mlir;
using namespace seqc;

namespace {
struct VerifyNoAllocPass
    : passes::impl::VerifyNoAllocPassBase<VerifyNoAllocPass> {
  using VerifyNoAllocPassBase::VerifyNoAllocPassBase;
  void runOnOperation() override;
};
} // namespace

/// An argument of the kernel, seen whole.
static bool isWholeArgument(Value value, func::FuncOp kernel) {
  while (auto cast = value.getDefiningOp<memref::CastOp>())
    value = cast.getSource();
  auto argument = dyn_cast<BlockArgument>(value);
  return argument && argument.getOwner()->getParentOp() == kernel;
}

void VerifyNoAllocPass::runOnOperation() {
  func::FuncOp kernel = getOperation();
  if (!passes::isKernel(kernel))
    return;
  WalkResult walk = kernel.walk([&](Operation *op) {
    if (isa<memref::AllocOp, memref::AllocaOp, memref::ReallocOp>(op)) {
      op->emitOpError(
          "expected no allocation after bufferize, got one; give the value a "
          "bounded "
          "size inside the task loop or a destination among the outs");
      return WalkResult::interrupt();
    }
    bool copiesArgument = isa<memref::CopyOp, linalg::CopyOp>(op) &&
                          llvm::any_of(op->getOperands(), [&](Value operand) {
                            return isWholeArgument(operand, kernel);
                          });
    if (copiesArgument) {
      op->emitOpError("expected no allocation after bufferize, got a copy of a "
                      "whole argument");
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  if (walk.wasInterrupted())
    signalPassFailure();
}
