//===- StateLimits.h - which integers a carried state may hold ------------===//
#ifndef SEQC_PASSES_ANALYSIS_STATELIMITS_H
#define SEQC_PASSES_ANALYSIS_STATELIMITS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace seqc::passes {

/// The integers that the ops of a model can take from argument `state` of
/// @forward are [0, limit); -1 where nothing is known. Positions index tables,
/// counts of entries give places in a ring: an op that meets another value
/// reads memory that is not its own. Works on the imported and on the
/// partitioned module.
int64_t stateLimit(mlir::func::FuncOp forward, unsigned state);

} // namespace seqc::passes

#endif // SEQC_PASSES_ANALYSIS_STATELIMITS_H
