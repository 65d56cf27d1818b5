//===- Overwrites.h - results that may lie where an operand lay -----------===//
#ifndef SEQC_PASSES_ANALYSIS_OVERWRITES_H
#define SEQC_PASSES_ANALYSIS_OVERWRITES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <optional>

namespace seqc::passes {

/// The result of `kernel` that may take the memory of `value`, an argument or
/// another result: one op alone reads `value`, and makes the result out of it
/// entry by entry, so that an entry is read before its place is written. Of
/// several such values, one may have the memory.
std::optional<unsigned> resultOver(mlir::func::FuncOp kernel,
                                   mlir::Value value);

} // namespace seqc::passes

#endif // SEQC_PASSES_ANALYSIS_OVERWRITES_H
