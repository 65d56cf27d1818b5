//===- TileRows.cpp - tasks over blocks of rows ---------------------------===//

#include "passes/Passes.h"

#include "dialect/SeqcOps.h"
#include "passes/Analysis/Assumptions.h"
#include "passes/Analysis/KernelForm.h"
#include "passes/Transforms/TaskTiler.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace seqc::passes {
#define GEN_PASS_DEF_TILEROWSPASS
#include "passes/Passes.h.inc"
} // namespace seqc::passes

using namespace mlir;
using namespace seqc;
using namespace seqc::passes;

/// Rows per task without a schedule, and for kernels of single values per row.
static constexpr int64_t kDefaultRows = 64;
static constexpr int64_t kDefaultScalarRows = 1024;

namespace {
struct TileRowsPass : passes::impl::TileRowsPassBase<TileRowsPass> {
  using TileRowsPassBase::TileRowsPassBase;
  void runOnOperation() override;
};
} // namespace

static int64_t blockOf(func::FuncOp kernel) {
  if (auto schedule =
          kernel->getAttrOfType<ir::ScheduleAttr>(ir::names::kSchedule))
    if (schedule.getRows() > 0)
      return schedule.getRows();
  bool scalars = llvm::all_of(kernel.getResultTypes(), [](Type type) {
    return cast<RankedTensorType>(type).getRank() == 1;
  });
  return scalars ? kDefaultScalarRows : kDefaultRows;
}

/// Rows are the first axis of unknown extent, the first one where all are
/// known.
static int64_t rowAxis(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  for (int64_t axis = 0; axis < type.getRank(); ++axis)
    if (type.isDynamicDim(axis))
      return axis;
  return 0;
}

/// A kernel that only scatters iterates over the rows that it has, not over
/// those of the destination.
static OpFoldResult rowExtent(OpBuilder &builder, Operation *terminator) {
  Assumptions known(terminator);
  auto kernel = cast<func::FuncOp>(terminator->getParentOp());
  for (auto [i, value] : llvm::enumerate(terminator->getOperands())) {
    BlockArgument outs = outsArgument(kernel, i);
    if (value.getDefiningOp<ir::ScatterRowsOp>())
      continue;
    if (auto extent = known.extent(outs, rowAxis(outs)))
      return builder.getIndexAttr(*extent);
  }
  for (Value value : terminator->getOperands())
    if (!value.getDefiningOp<ir::ScatterRowsOp>())
      return traceExtent(builder, value, rowAxis(value));
  auto scatter = terminator->getOperand(0).getDefiningOp<ir::ScatterRowsOp>();
  return traceExtent(builder, scatter.getSource(), 0);
}

void TileRowsPass::runOnOperation() {
  func::FuncOp kernel = getOperation();
  if (!isKernel(kernel) || isTiled(kernel) ||
      kernelForm(kernel) != KernelForm::Rows)
    return;
  if (llvm::any_of(kernel.getResultTypes(), [](Type type) {
        return cast<RankedTensorType>(type).getRank() == 0;
      })) {
    kernel.emitOpError("expected results with a row axis, got a scalar tensor");
    return signalPassFailure();
  }
  resolveExtents(kernel);
  Operation *terminator = kernel.getBody().front().getTerminator();
  OpBuilder builder(terminator);
  TaskTiler tiler(kernel, rowExtent(builder, terminator), blockOf(kernel));
  for (auto [index, value] : llvm::enumerate(terminator->getOperands()))
    tiler.demandResult(index, value.getDefiningOp<ir::ScatterRowsOp>()
                                  ? kWhole
                                  : rowAxis(value));
  if (failed(tiler.build()))
    signalPassFailure();
}
