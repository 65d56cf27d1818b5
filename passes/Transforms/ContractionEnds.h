//===- ContractionEnds.h - what registers of a contraction take along -----===//
//
// A fill of C right before a contraction is the start of its accumulators, and
// a scaling of C's rows right after it is done before they are stored. Either
// may be under a condition, as in the steps of a sum over tiles.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_PASSES_TRANSFORMS_CONTRACTIONENDS_H
#define SEQC_PASSES_TRANSFORMS_CONTRACTIONENDS_H

#include "passes/Transforms/Contraction.h"

namespace seqc::passes {

/// What was found; the value is null if nothing was.
struct ContractionEnd {
  mlir::Value value;
  mlir::Value condition; ///< null: always
  explicit operator bool() const { return bool(value); }
};

/// The scalar that C is filled with right before; erases the fill.
ContractionEnd takeFill(const Contraction &contraction);

/// The vector whose entry of the same row each row of C, a matrix, is
/// multiplied with right after; erases the multiplication.
ContractionEnd takeRowFactors(const Contraction &contraction);

} // namespace seqc::passes

#endif // SEQC_PASSES_TRANSFORMS_CONTRACTIONENDS_H
