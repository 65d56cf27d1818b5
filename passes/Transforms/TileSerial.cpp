//===- TileSerial.cpp - one task that does all ----------------------------===//

#include "passes/Passes.h"

#include "dialect/SeqcDialect.h"
#include "passes/Analysis/KernelForm.h"
#include "passes/Transforms/TaskTiler.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace seqc::passes {
#define GEN_PASS_DEF_TILESERIALPASS
#include "passes/Passes.h.inc"
} // namespace seqc::passes

using namespace mlir;
using namespace seqc;
using namespace seqc::passes;

namespace {
struct TileSerialPass : passes::impl::TileSerialPassBase<TileSerialPass> {
  using TileSerialPassBase::TileSerialPassBase;
  void runOnOperation() override;
};
} // namespace

void TileSerialPass::runOnOperation() {
  func::FuncOp kernel = getOperation();
  if (!isKernel(kernel) || isTiled(kernel) ||
      kernelForm(kernel) != KernelForm::Serial)
    return;
  resolveExtents(kernel);
  TaskTiler tiler(kernel);
  for (unsigned index = 0; index < kernel.getNumResults(); ++index)
    tiler.demandResult(index, kWhole);
  if (failed(tiler.build()))
    signalPassFailure();
}
