//===- KernelWork.h - operations and bytes of a kernel --------------------===//
#ifndef SEQC_PASSES_ANALYSIS_KERNELWORK_H
#define SEQC_PASSES_ANALYSIS_KERNELWORK_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <vector>

namespace seqc::passes {

/// Part of what a call of a kernel costs, as a factor that is known when it is
/// called times what is counted here.
struct WorkTerm {
  enum class Factor {
    One,    ///< once per call
    Extent, ///< dimension `dim` of argument `arg`
    Pairs   ///< pairs of a query and a key that it sees, by the i32 offsets in
            ///< argument `arg`, with `left` keys before and `right` behind (-1:
            ///< all); carried keys are not among them
  };
  Factor factor = Factor::One;
  unsigned arg = 0, dim = 0;
  int64_t left = -1, right = -1;
  double flops = 0; ///< additions and multiplications, each for itself
  double exps = 0;  ///< exponentials, logarithms and the like
  double bytes = 0; ///< read and written once, however often it is touched
};

/// Sums of the kernel as it is partitioned: what its ops compute, padding of
/// packed weights included, and the memory of its arguments. Rows that are
/// gathered or scattered count where the index does.
std::vector<WorkTerm> workOf(mlir::func::FuncOp kernel);

} // namespace seqc::passes

#endif // SEQC_PASSES_ANALYSIS_KERNELWORK_H
