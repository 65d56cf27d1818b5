//===- ScheduleModel.cpp - tile sizes from shapes and the target ----------===//

#include "passes/Analysis/ScheduleModel.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace seqc::ir;
using namespace seqc::passes;

TargetAttr seqc::passes::targetOf(Operation *op) {
  for (Operation *at = op; at; at = at->getParentOp())
    if (auto target = at->getAttrOfType<TargetAttr>(names::kTarget))
      return target;
  return TargetAttr::get(op->getContext(), "avx512", /*vectorBits=*/512,
                         /*vectorRegisters=*/32, /*fma=*/true,
                         /*l1Bytes=*/32 << 10,
                         /*l2Bytes=*/1 << 20);
}

MicroTile seqc::passes::microTile(int64_t vectors, TargetAttr target) {
  // Besides the accumulators: one row of weights and two operands in flight.
  int64_t accumulators = target.getVectorRegisters() - vectors - 2;
  MicroTile tile;
  tile.vectors = vectors;
  tile.rows = std::max<int64_t>(1, accumulators / vectors);
  // Even row counts split into the smaller tiles of a row tail.
  if (tile.rows > 1)
    tile.rows &= ~int64_t(1);
  tile.rows = std::min<int64_t>(tile.rows, 12);
  return tile;
}

/// Share of the peak that a register tile loses to loads: a step does MR*NV
/// multiply-adds for NV loads and MR broadcasts.
static double narrowLoss(int64_t vectors, TargetAttr target) {
  MicroTile tile = microTile(vectors, target);
  double loads = double(tile.rows + tile.vectors);
  return 0.3 * loads / double(tile.rows * tile.vectors);
}

int64_t seqc::passes::choosePanel(int64_t columns, TargetAttr target) {
  int64_t lanes = target.lanes(), best = lanes;
  double bestLoss = 0;
  for (int64_t vectors = 4; vectors >= 1; --vectors) {
    int64_t panel = vectors * lanes;
    double padding =
        double(llvm::alignTo(columns, panel) - columns) / double(columns);
    double loss = padding + narrowLoss(vectors, target);
    if (vectors == 4 || loss < bestLoss) {
      best = panel;
      bestLoss = loss;
    }
  }
  return best;
}
