//===- PanelColumns.h - which columns of a product in panels are read -----===//
//
// A product by packed weights gives [rows, panels, columns of a panel]; padding
// of the last panel is cut off by what reads it. Where the result is only
// copied, it can go to its destination at once.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_PASSES_TRANSFORMS_PANELCOLUMNS_H
#define SEQC_PASSES_TRANSFORMS_PANELCOLUMNS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <optional>

namespace seqc::passes {

struct PanelColumns {
  int64_t panel = 0;
  int64_t read = 0; ///< columns that are read, over all panels
  /// The only reader, where it copies all rows; their buffer is then not read.
  mlir::linalg::CopyOp copy;
};

/// What is read of `result`, [rows, panels, columns], of the contraction `op`;
/// none where it is not in panels or something reads it as a whole.
std::optional<PanelColumns> findPanelColumns(mlir::linalg::LinalgOp op,
                                             mlir::Value result);

} // namespace seqc::passes

#endif // SEQC_PASSES_TRANSFORMS_PANELCOLUMNS_H
