//===- RowAccess.h - how an op reads and writes rows ----------------------===//
#ifndef SEQC_PASSES_ANALYSIS_ROWACCESS_H
#define SEQC_PASSES_ANALYSIS_ROWACCESS_H

#include "passes/Analysis/Extents.h"

#include "llvm/ADT/SmallVector.h"

#include <optional>

namespace mlir {
class Operation;
} // namespace mlir

namespace seqc::passes {

/// An op that treats rows one by one: iteration `i` of `extent` reads row `i`
/// of some operands and the whole of the others.
struct RowAccess {
  /// Marks an operand or a result that is not touched row by row.
  static constexpr int kWhole = -1;

  SymbolicExtent extent;
  /// Per operand: the dimension that counts rows, or kWhole.
  llvm::SmallVector<int> operands;
  /// Per result: likewise. kWhole: a row may be written by any iteration.
  llvm::SmallVector<int> results;
};

/// Row access of linalg ops, of the row ops of the seqc dialect and of
/// row-preserving views; none for anything else.
std::optional<RowAccess> rowAccess(mlir::Operation *op);

/// A view that keeps rows apart: collapse_shape, expand_shape or extract_slice
/// with a row access.
bool isRowView(mlir::Operation *op);

/// A view of leading memory, without a copy at run time: any reshape, or a
/// slice that keeps all dimensions but the first whole and starts at 0.
bool isMemoryView(mlir::Operation *op);

/// The op reads what its i-th destination holds before it.
bool readsDestination(mlir::Operation *op, unsigned i);

} // namespace seqc::passes

#endif // SEQC_PASSES_ANALYSIS_ROWACCESS_H
