//===- PlanFromIR.h - the plan of a partitioned module --------------------===//
#ifndef SEQC_RUNTIME_JIT_PLANFROMIR_H
#define SEQC_RUNTIME_JIT_PLANFROMIR_H

#include "runtime/core/Plan.h"

#include "mlir/IR/BuiltinOps.h"

namespace seqc::jit {

/// Reads the plan off a module that `partition` left: buffers for arguments and
/// fresh destinations, aliases for views, one step per call, pack and count,
/// and copies where a value that is still needed would be overwritten. Kernels
/// are in module order, without object keys and scratch sizes. Emits a
/// diagnostic at an op that has no place in a plan; the result passes
/// rt::verify.
mlir::FailureOr<rt::Plan> planFromModule(mlir::ModuleOp module);

} // namespace seqc::jit

#endif // SEQC_RUNTIME_JIT_PLANFROMIR_H
