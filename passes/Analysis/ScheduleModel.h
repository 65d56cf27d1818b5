//===- ScheduleModel.h - tile sizes from shapes and the target ------------===//
//
// The model knows three budgets. Vector registers: a micro-tile of MR rows by
// NV vectors keeps MR*NV accumulators, NV vectors of weights and two operands
// live. Code size: the body of a micro-tile is MR*NV multiply-adds times the
// unrolling, kept under kMaxUnrolledOps. Scratch: the temporaries of a tile
// must fit half of the second-level cache, those of attention half of the
// first.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_PASSES_ANALYSIS_SCHEDULEMODEL_H
#define SEQC_PASSES_ANALYSIS_SCHEDULEMODEL_H

#include "dialect/SeqcDialect.h"

namespace mlir {
class Operation;
} // namespace mlir

namespace seqc::passes {

/// Rows of a tile before any budget is looked at.
inline constexpr int64_t kTileRows = 64;
/// Multiply-adds of one unrolled micro-tile body.
inline constexpr int64_t kMaxUnrolledOps = 128;

/// `seqc.target` of the enclosing module; 16 lanes and 32 registers where the
/// module has none.
ir::TargetAttr targetOf(mlir::Operation *op);

/// Rows by vectors of a contraction's register tile.
struct MicroTile {
  int64_t rows = 1;
  int64_t vectors = 1;
};

/// The largest register tile that is `vectors` wide.
MicroTile microTile(int64_t vectors, ir::TargetAttr target);

/// Panel width for a weight of `columns` output features: the multiple (1 to 4)
/// of the lane count that loses least to padding and to narrow register tiles.
int64_t choosePanel(int64_t columns, ir::TargetAttr target);

/// Bytes of tile scratch that a kernel may use.
inline int64_t scratchBudget(ir::TargetAttr target) {
  return target.getL2Bytes() / 2;
}

} // namespace seqc::passes

#endif // SEQC_PASSES_ANALYSIS_SCHEDULEMODEL_H
