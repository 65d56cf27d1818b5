//===- ScanBlocks.h - scans by blocks of rows and groups of states --------===//
#ifndef SEQC_PASSES_TRANSFORMS_SCANBLOCKS_H
#define SEQC_PASSES_TRANSFORMS_SCANBLOCKS_H

#include "passes/Analysis/ScanPhases.h"
#include "passes/Transforms/LaneBuilder.h"

namespace seqc::passes {

/// Rows that all channels of a task pass before the next ones, and states of a
/// channel that are side by side in registers.
struct BlockSize {
  int64_t rows, states;
};

/// Emits a scan on memrefs, of at most `mostChannels`, whose step goes by
/// `phases`. What has to wait is kept in the kernel's scratch, which must
/// exist.
void emitBlockedScan(mlir::OpBuilder &builder, ir::ScanOp op, int64_t lanes,
                     const ScanPhases &phases, BlockSize size,
                     int64_t mostChannels);

} // namespace seqc::passes

#endif // SEQC_PASSES_TRANSFORMS_SCANBLOCKS_H
