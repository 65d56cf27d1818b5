//===- Variants.h - assumptions that would change a kernel's code ---------===//
#ifndef SEQC_PASSES_ANALYSIS_VARIANTS_H
#define SEQC_PASSES_ANALYSIS_VARIANTS_H

#include "dialect/SeqcDialect.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <string>
#include <vector>

namespace seqc::passes {

/// Variants of one kernel at most.
inline constexpr size_t kMaxVariants = 6;

/// A kernel that may stand in for the generic one where the facts hold.
struct KernelVariant {
  std::string name;       ///< "all-rows"
  mlir::ArrayAttr assume; ///< of #seqc.fact, the value of `seqc.assume`
};

/// Assumptions of which the passes make other code for this kernel of a
/// partitioned module, the most special first. Empty for kernels that have
/// assumptions already, and for those of which nothing special is known.
std::vector<KernelVariant> variantsOf(mlir::func::FuncOp kernel);

} // namespace seqc::passes

#endif // SEQC_PASSES_ANALYSIS_VARIANTS_H
