//===- Pipelines.cpp - the passes of each phase ---------------------------===//

#include "passes/Pipelines.h"
#include "passes/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace seqc::passes;

static void addSimplify(OpPassManager &pm, const PipelineOptions &options) {
  PackWeightsPassOptions packing;
  packing.panel = options.panel;
  pm.addNestedPass<func::FuncOp>(createPackWeightsPass(packing));
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

static void addFuse(OpPassManager &pm, const PipelineOptions &options) {
  pm.addNestedPass<func::FuncOp>(createSplitNormsPass());
  pm.addNestedPass<func::FuncOp>(createFuseScanPass());
  pm.addNestedPass<func::FuncOp>(createFuseKernelsPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

static void addPartition(OpPassManager &pm, const PipelineOptions &options) {
  pm.addPass(createPartitionPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

static void addSchedule(OpPassManager &pm, const PipelineOptions &options) {
  pm.addNestedPass<func::FuncOp>(createApplyAssumptionsPass());
  pm.addNestedPass<func::FuncOp>(createSchedulePass());
}

static void addTile(OpPassManager &pm, const PipelineOptions &options) {
  OpPassManager &kernel = pm.nest<func::FuncOp>();
  kernel.addPass(createDecomposePass());
  kernel.addPass(createSinkSlicesPass());
  kernel.addPass(createFuseElementwisePass());
  kernel.addPass(createBindDestinationsPass());
  kernel.addPass(createTileRowsPass());
  kernel.addPass(createTileScanPass());
  kernel.addPass(createTileSerialPass());
  kernel.addPass(createSeqcTileAttend());
}

/// One visit of every op, inner ones before the loops around them: kernels hold
/// still after it, and looking again for what is left would take as long. Their
/// loops have one block each, so there are no blocks to merge.
static std::unique_ptr<Pass> createShortCanonicalizer() {
  GreedyRewriteConfig config;
  config.setUseTopDownTraversal(false);
  config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
  config.setMaxIterations(1);
  return createCanonicalizerPass(config);
}

static void addBufferize(OpPassManager &pm, const PipelineOptions &options) {
  pm.addPass(createBufferizePass());
  OpPassManager &kernel = pm.nest<func::FuncOp>();
  // Loops return the buffer that they were given: copies of it to itself show
  // only when that is folded.
  kernel.addPass(createShortCanonicalizer());
  kernel.addPass(createCSEPass());
  kernel.addPass(createLowerCopiesPass());
  kernel.addPass(createPlaceScratchPass());
  kernel.addPass(createVerifyNoAllocPass());
  pm.addPass(createShortCanonicalizer());
  pm.addPass(createCSEPass());
}

static void addVectorize(OpPassManager &pm, const PipelineOptions &options) {
  // Equal subviews become one value, by which a fill and its reader are
  // matched.
  pm.addNestedPass<func::FuncOp>(createCSEPass());
  // linalg
  pm.addNestedPass<func::FuncOp>(createSeqcVectorizeContraction());
  pm.addNestedPass<func::FuncOp>(createSeqcVectorizeReduction());
  pm.addNestedPass<func::FuncOp>(createSeqcVectorizeTranspose());
  pm.addNestedPass<func::FuncOp>(createSeqcVectorizeElementwise());
  // seqc ops
  pm.addNestedPass<func::FuncOp>(createVectorizeScanPass());
  pm.addNestedPass<func::FuncOp>(createVectorizeRowsPass());
  // math and checks
  pm.addNestedPass<func::FuncOp>(createSeqcExpandMath());
  pm.addPass(createShortCanonicalizer());
  pm.addPass(createCSEPass());
  pm.addNestedPass<func::FuncOp>(createSeqcVerifyVectorized());
}

static void addLower(OpPassManager &pm, const PipelineOptions &options) {
  pm.addPass(createSeqcKernelEntry());
  pm.addPass(createSeqcLowerToLLVM());
}

void seqc::passes::addPhase(OpPassManager &pm, Phase phase,
                            const PipelineOptions &options) {
  switch (phase) {
  case Phase::Import:
  case Phase::Artifact:
    return;
  case Phase::Simplify:
    return addSimplify(pm, options);
  case Phase::Fuse:
    return addFuse(pm, options);
  case Phase::Partition:
    return addPartition(pm, options);
  case Phase::Schedule:
    return addSchedule(pm, options);
  case Phase::Tile:
    return addTile(pm, options);
  case Phase::Bufferize:
    return addBufferize(pm, options);
  case Phase::Vectorize:
    return addVectorize(pm, options);
  case Phase::Lower:
    return addLower(pm, options);
  }
}

void seqc::passes::registerPhasePipelines() {
  for (const PhaseInfo &info : allPhases()) {
    if (info.phase == Phase::Import || info.phase == Phase::Artifact)
      continue;
    Phase phase = info.phase;
    PassPipelineRegistration<>(
        "seqc-pipeline-" + info.name.str(), info.description.str(),
        [phase](OpPassManager &pm) { addPhase(pm, phase); });
  }
  PassPipelineRegistration<>(
      "seqc-cpu-pipeline", "from a scheduled kernel to LLVM dialect",
      [](OpPassManager &pm) {
        for (Phase phase : {Phase::Schedule, Phase::Tile, Phase::Bufferize,
                            Phase::Vectorize, Phase::Lower})
          addPhase(pm, phase);
      });
}
