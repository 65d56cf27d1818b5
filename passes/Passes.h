//===- Passes.h - pass constructors and registration ----------------------===//
#ifndef SEQC_PASSES_PASSES_H
#define SEQC_PASSES_PASSES_H

#include "dialect/SeqcDialect.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

#include <memory>

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace seqc::passes {

#define GEN_PASS_DECL
#include "passes/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "passes/Passes.h.inc"

/// seqc-pipeline-<phase> for each phase, seqc-cpu-pipeline end to end.
void registerPhasePipelines();

/// External models (bufferization) that the passes need.
void registerDialectExtensions(mlir::DialectRegistry &registry);

} // namespace seqc::passes

#endif // SEQC_PASSES_PASSES_H
