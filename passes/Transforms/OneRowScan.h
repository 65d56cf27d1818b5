//===- OneRowScan.h - a scan of which every sequence has one row ----------===//
#ifndef SEQC_PASSES_TRANSFORMS_ONEROWSCAN_H
#define SEQC_PASSES_TRANSFORMS_ONEROWSCAN_H

#include "dialect/SeqcOps.h"

namespace seqc::passes {

/// The step can be done on states as they lie in memory.
bool hasOneRowForm(ir::ScanOp op, int64_t lanes);

/// A scan on memrefs whose kernel assumes that sequence b has row b and no
/// other, as steps without loops over rows. With nothing to carry from row to
/// row in registers, states need no turning around: vectors run over channels
/// and states as both lie in memory. False, and nothing emitted, where nothing
/// is assumed or operands are laid out in another way.
bool emitOneRowScan(mlir::OpBuilder &builder, ir::ScanOp op, int64_t lanes);

} // namespace seqc::passes

#endif // SEQC_PASSES_TRANSFORMS_ONEROWSCAN_H
