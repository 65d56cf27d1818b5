//===- Phases.cpp - the one list of compilation phases --------------------===//

#include "passes/Phases.h"

using namespace seqc::passes;

static constexpr PhaseInfo kPhases[] = {
    {Phase::Import, "import", "model description to the seqc dialect"},
    {Phase::Simplify, "simplify", "canonical form, weights packed"},
    {Phase::Fuse, "fuse", "ops grouped into kernels"},
    {Phase::Partition, "partition", "kernels outlined and shared, plan written"},
    {Phase::Schedule, "schedule", "tiles chosen for each kernel"},
    {Phase::Tile, "tile", "task loops and tiles on tensors"},
    {Phase::Bufferize, "bufferize", "tensors to buffers, no allocation left"},
    {Phase::Vectorize, "vectorize", "tiles to vector loops"},
    {Phase::Lower, "lower", "LLVM dialect with kernel entry points"},
    {Phase::Artifact, "artifact", "object code"},
};

llvm::ArrayRef<PhaseInfo> seqc::passes::allPhases() { return kPhases; }

llvm::StringRef seqc::passes::toString(Phase phase) {
  return kPhases[static_cast<size_t>(phase)].name;
}

std::optional<Phase> seqc::passes::parsePhase(llvm::StringRef name) {
  for (const PhaseInfo &info : kPhases)
    if (info.name == name)
      return info.phase;
  return std::nullopt;
}
