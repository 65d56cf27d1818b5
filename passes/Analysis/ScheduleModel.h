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

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <optional>

namespace seqc::passes {

/// Rows of a tile before any budget is looked at.
inline constexpr int64_t kTileRows = 64;
/// Multiply-adds of one unrolled micro-tile body.
inline constexpr int64_t kMaxUnrolledOps = 128;

/// `seqc.target` of the enclosing module; 16 lanes and 32 registers where the
/// module has none.
ir::TargetAttr targetOf(mlir::Operation *op);

/// Rows by vectors of a contraction's register tile.
struct RegisterTile {
  int64_t rows = 1;
  int64_t vectors = 1;
};

/// The largest register tile that is `vectors` wide.
RegisterTile registerTile(int64_t vectors, ir::TargetAttr target);

/// Panel width for a weight of `columns` output features: the multiple of the lane
/// count that loses least to narrow register tiles and to a last panel with fewer
/// vectors. Padding beyond the last vector is stored, not computed.
int64_t choosePanel(int64_t columns, ir::TargetAttr target);

/// Tiles of a kernel, from its form, shapes and the target.
ir::ScheduleAttr chooseSchedule(mlir::func::FuncOp kernel,
                                ir::TargetAttr target);

/// Tiles of one contraction over packed weights in a kernel with the schedule
/// `kernel`: as wide as its own panel.
ir::ScheduleAttr contractionSchedule(mlir::linalg::LinalgOp op,
                                     ir::ScheduleAttr kernel,
                                     ir::TargetAttr target);

/// Tiles of the product of queries and keys in a kernel with the schedule
/// `kernel`: `block` queries wide, or an equal part of them.
ir::ScheduleAttr scoreSchedule(ir::ScheduleAttr kernel, int64_t block,
                               ir::TargetAttr target);

/// Vectors in a panel row of a contraction over packed weights; none for any
/// other op.
std::optional<int64_t> panelVectors(mlir::Operation *op, ir::TargetAttr target);

/// Bytes of tile scratch that a kernel may use.
inline int64_t scratchBudget(ir::TargetAttr target) {
  return target.getL2Bytes() / 2;
}

} // namespace seqc::passes

#endif // SEQC_PASSES_ANALYSIS_SCHEDULEMODEL_H
