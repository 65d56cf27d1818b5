//===- Pipelines.h - phase pipelines as functions -------------------------===//
#ifndef SEQC_PASSES_PIPELINES_H
#define SEQC_PASSES_PIPELINES_H

#include "passes/Phases.h"

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace seqc::passes {

/// Options of the pipelines; filled alike by the CLI, the runtime and tests.
struct PipelineOptions {
  /// Panel width of packed weights; 0: chosen from seqc.target.
  int64_t panel = 0;
};

/// Appends the passes of one phase. Phases up to Partition run on a whole model
/// module, later ones on a module with one kernel. Import and Artifact add none.
void addPhase(mlir::OpPassManager &pm, Phase phase, const PipelineOptions &options = {});

} // namespace seqc::passes

#endif // SEQC_PASSES_PIPELINES_H
