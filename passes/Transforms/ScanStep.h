//===- ScanStep.h - a scan's step region on whole vectors -----------------===//
#ifndef SEQC_PASSES_TRANSFORMS_SCANSTEP_H
#define SEQC_PASSES_TRANSFORMS_SCANSTEP_H

#include "dialect/SeqcOps.h"
#include "passes/Transforms/LaneBuilder.h"

namespace seqc::passes {

/// Axis that the lanes of a vector run over: a lane is a channel, and the
/// states of a channel are spread over vectors; or a lane is a state, and
/// channels follow one another.
enum class LaneAxis { Channels, States };

/// A value of the step region as vectors. Over channels an f32 is one vector
/// and a vector<N x f32> is N of them; over states an f32 is one vector that
/// repeats it and a vector<N x f32> is ceil(N / lanes) vectors, the last one
/// padded.
using Lanes = llvm::SmallVector<mlir::Value>;

/// The vectors of a value of this type.
int64_t laneCount(mlir::Type type, LaneAxis axis, int64_t lanes);

/// First op of the region that has no vector form over `axis`, or null.
mlir::Operation *findUnsupported(ir::ScanOp op, LaneAxis axis, int64_t lanes);

/// Emits one step: `args` stand for the region's arguments, the result for the
/// yielded values. The region must be supported.
llvm::SmallVector<Lanes> emitStep(LaneBuilder &lb, ir::ScanOp op, LaneAxis axis,
                                  llvm::ArrayRef<Lanes> args);

} // namespace seqc::passes

#endif // SEQC_PASSES_TRANSFORMS_SCANSTEP_H
