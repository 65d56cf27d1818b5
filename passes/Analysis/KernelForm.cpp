//===- KernelForm.cpp - what a kernel's task space runs over --------------===//

#include "passes/Analysis/KernelForm.h"

#include "dialect/SeqcOps.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace seqc;
using namespace seqc::passes;

KernelForm seqc::passes::kernelForm(func::FuncOp kernel) {
  KernelForm form = KernelForm::Rows;
  kernel.walk([&](Operation *op) {
    if (isa<ir::ScanOp>(op))
      form = KernelForm::Channels;
    else if (isa<ir::AttendOp>(op))
      form = KernelForm::Queries;
    else if (isa<ir::CompressOp, ir::RingPushOp, ir::PoolOp>(op))
      form = KernelForm::Serial;
    else
      return WalkResult::advance();
    return WalkResult::interrupt();
  });
  return form;
}

bool seqc::passes::isKernel(func::FuncOp function) {
  return function->hasAttr(ir::names::kKernel) && !function.isExternal();
}

bool seqc::passes::isTiled(func::FuncOp kernel) {
  return !kernel.getBody().front().getOps<scf::ForallOp>().empty();
}

BlockArgument seqc::passes::outsArgument(func::FuncOp kernel, unsigned index) {
  unsigned first = kernel.getNumArguments() - kernel.getNumResults();
  return kernel.getArgument(first + index);
}
