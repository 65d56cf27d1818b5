//===- KernelSummary.h - what a kernel does, for names and reports --------===//
#ifndef SEQC_PASSES_ANALYSIS_KERNELSUMMARY_H
#define SEQC_PASSES_ANALYSIS_KERNELSUMMARY_H

#include "mlir/IR/Block.h"

#include <string>
#include <vector>

namespace seqc::passes {

/// Facts about a kernel body that people read.
struct KernelSummary {
  std::string text;               ///< "rows: norm + matmul 128x544 + map"
  std::vector<std::string> baked; ///< compiled in: "window=64", "heads=4"
  std::vector<std::string> free;  ///< run-time extents: "rows", "sequences"
};

/// Symbol from content alone: the form, then the main ops in order
/// ("rows_norm_matmul_544").
std::string kernelName(mlir::Block &body);

/// Works on a kernel's region and on an outlined kernel function.
KernelSummary summarise(mlir::Block &body);

} // namespace seqc::passes

#endif // SEQC_PASSES_ANALYSIS_KERNELSUMMARY_H
