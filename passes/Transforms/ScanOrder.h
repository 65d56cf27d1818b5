//===- ScanOrder.h - which rows and channels of a scan come first ---------===//
#ifndef SEQC_PASSES_TRANSFORMS_SCANORDER_H
#define SEQC_PASSES_TRANSFORMS_SCANORDER_H

#include "passes/Analysis/ScanPhases.h"
#include "passes/Transforms/LaneBuilder.h"

namespace seqc::passes {

/// Whether `rows` rows of `sequences` sequences go by blocks, all channels of a
/// task before the next rows, as they do where they come from far away or where
/// loads of one vector of channels would wait for its stores. `channels` is a
/// bound of those of a task.
mlir::Value goesByBlocks(LaneBuilder &lb, ir::ScanOp op, mlir::Value rows,
                         mlir::Value sequences, const ScanPhases &phases,
                         int64_t channels);

} // namespace seqc::passes

#endif // SEQC_PASSES_TRANSFORMS_SCANORDER_H
