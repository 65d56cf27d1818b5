//===- VariantPlan.h - variants of kernels as plan data -------------------===//
#ifndef SEQC_RUNTIME_JIT_VARIANTPLAN_H
#define SEQC_RUNTIME_JIT_VARIANTPLAN_H

#include "dialect/SeqcDialect.h"
#include "runtime/core/Plan.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <vector>

namespace seqc::jit {

/// The facts of `seqc.assume` as conditions that a session can check.
std::vector<rt::Guard> guardsOf(mlir::ArrayAttr facts);

/// What passes/Analysis/Variants lists for a kernel, for the plan.
std::vector<rt::PlanVariant> planVariants(mlir::func::FuncOp kernel);

} // namespace seqc::jit

#endif // SEQC_RUNTIME_JIT_VARIANTPLAN_H
