//===- IdleSteps.h - steps without effect when a gate lets nothing through ===//
#ifndef SEQC_RUNTIME_JIT_IDLESTEPS_H
#define SEQC_RUNTIME_JIT_IDLESTEPS_H

#include "runtime/core/Plan.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace seqc::jit {

/// The count for PlanStep::idleWith: where it is 0, a call of `kernel` with
/// these buffers changes nothing that it writes. Each result is then either
/// empty itself, or its destination with that many rows scattered or pushed
/// into it. -1 if there is no such count.
int32_t idleCount(mlir::func::FuncOp kernel, const rt::Plan &plan,
                  const std::vector<int32_t> &args);

} // namespace seqc::jit

#endif // SEQC_RUNTIME_JIT_IDLESTEPS_H
