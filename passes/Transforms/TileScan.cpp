//===- TileScan.cpp - tasks over blocks of channels -----------------------===//

#include "passes/Passes.h"

#include "dialect/SeqcOps.h"
#include "passes/Analysis/KernelForm.h"
#include "passes/Transforms/TaskTiler.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/MathExtras.h"

namespace seqc::passes {
#define GEN_PASS_DEF_TILESCANPASS
#include "passes/Passes.h.inc"
} // namespace seqc::passes

using namespace mlir;
using namespace seqc;
using namespace seqc::passes;

/// Blocks are whole cache lines of channels, so that no two tasks write one.
static constexpr int64_t kChannelsPerLine = 16;
static constexpr int64_t kDefaultChannels = 64;

namespace {
struct TileScanPass : passes::impl::TileScanPassBase<TileScanPass> {
  using TileScanPassBase::TileScanPassBase;
  void runOnOperation() override;
};
} // namespace

static int64_t blockOf(func::FuncOp kernel) {
  auto schedule = kernel->getAttrOfType<ir::ScheduleAttr>(ir::names::kSchedule);
  if (!schedule || schedule.getRegisterVectors() <= 0)
    return kDefaultChannels;
  auto module = kernel->getParentOfType<ModuleOp>();
  auto target = module->getAttrOfType<ir::TargetAttr>(ir::names::kTarget);
  int64_t lanes = target ? target.lanes() : kChannelsPerLine;
  return llvm::alignTo(schedule.getRegisterVectors() * lanes, kChannelsPerLine);
}

void TileScanPass::runOnOperation() {
  func::FuncOp kernel = getOperation();
  if (!isKernel(kernel) || isTiled(kernel) ||
      kernelForm(kernel) != KernelForm::Channels)
    return;
  // Channels are axis 1 of rows and of states alike.
  if (llvm::any_of(kernel.getResultTypes(), [](Type type) {
        return cast<RankedTensorType>(type).getRank() < 2;
      })) {
    kernel.emitOpError(
        "expected results with a channel axis, got one of rank below 2");
    return signalPassFailure();
  }
  resolveExtents(kernel);
  Operation *terminator = kernel.getBody().front().getTerminator();
  OpBuilder builder(terminator);
  OpFoldResult channels = traceExtent(builder, terminator->getOperand(0), 1);
  TaskTiler tiler(kernel, channels, blockOf(kernel));
  for (unsigned index = 0; index < terminator->getNumOperands(); ++index)
    tiler.demandResult(index, 1);
  if (failed(tiler.build()))
    signalPassFailure();
}
