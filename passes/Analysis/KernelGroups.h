//===- KernelGroups.h - which ops of a model share a kernel ---------------===//
#ifndef SEQC_PASSES_ANALYSIS_KERNELGROUPS_H
#define SEQC_PASSES_ANALYSIS_KERNELGROUPS_H

#include "passes/Analysis/KernelForm.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace seqc::passes {

llvm::StringRef toString(KernelForm form);

/// Form of a kernel body: that of its scan, attention or serial op, else rows.
KernelForm formOf(mlir::Block &body);

/// Makes no data of its own: a constant, tensor.empty, or a fill of one. Such
/// ops are repeated in each kernel that needs them.
bool isFreshInit(mlir::Operation *op);

/// A product of rows with a matrix. A sum over a row of what values per row make
/// of it, as in a norm, is none.
bool isContraction(mlir::Operation *op);

struct KernelGroup {
  bool outside = false; ///< one op that stays between the kernels
  llvm::SmallVector<mlir::Operation *> ops; ///< in block order
};

/// Splits the body of a model function into groups, in an order in which they
/// can run: each group depends on earlier ones only, and comes after the
/// readers of any value that it updates in place. Emits remarks of category
/// `seqc-fuse-kernels`. Fails with a diagnostic at an op that no form takes.
llvm::FailureOr<std::vector<KernelGroup>>
groupKernels(mlir::func::FuncOp function);

} // namespace seqc::passes

#endif // SEQC_PASSES_ANALYSIS_KERNELGROUPS_H
