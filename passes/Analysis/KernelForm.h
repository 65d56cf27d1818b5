//===- KernelForm.h - what a kernel's task space runs over ----------------===//
#ifndef SEQC_PASSES_ANALYSIS_KERNELFORM_H
#define SEQC_PASSES_ANALYSIS_KERNELFORM_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace seqc::passes {

/// The forms of docs/Rationale/KernelForms.md.
enum class KernelForm { Rows, Channels, Queries, Serial };

/// Read off the anchor op in the body, never off the schedule: a kernel without
/// schedule has a form too.
KernelForm kernelForm(mlir::func::FuncOp kernel);

/// A kernel function (`seqc.kernel`) with a body.
bool isKernel(mlir::func::FuncOp function);

/// The task loop was made already.
bool isTiled(mlir::func::FuncOp kernel);

/// The destination of result `index`.
mlir::BlockArgument outsArgument(mlir::func::FuncOp kernel, unsigned index);

} // namespace seqc::passes

#endif // SEQC_PASSES_ANALYSIS_KERNELFORM_H
