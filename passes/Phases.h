//===- Phases.h - the one list of compilation phases ----------------------===//
//
// Used by --emit and --stop-after, by dumps, by the API and by docs. Each phase
// is a function that appends passes; a stage never reads an earlier stage's
// input. Why bufferize comes before vectorize: docs/Rationale/PhaseOrder.md.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_PASSES_PHASES_H
#define SEQC_PASSES_PHASES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <optional>

namespace seqc::passes {

enum class Phase {
  Import,    ///< description -> seqc dialect on tensors (frontends)
  Simplify,  ///< canonical form, weights packed, weight-only work marked
  Fuse,      ///< ops grouped into seqc.kernel
  Partition, ///< kernels outlined and shared; the rest becomes the plan
  Schedule,  ///< #seqc.schedule on each kernel
  Tile,      ///< task loops and tiles; seqc ops decomposed where linalg can say it
  Bufferize, ///< tensors -> memrefs, no allocation left
  Vectorize, ///< tiles -> vector loops of the target's width
  Lower,     ///< LLVM dialect with kernel entry points
  Artifact   ///< object code (codegen)
};

struct PhaseInfo {
  Phase phase;
  llvm::StringLiteral name;
  llvm::StringLiteral description;
};

/// All phases in order.
llvm::ArrayRef<PhaseInfo> allPhases();
llvm::StringRef toString(Phase phase);
std::optional<Phase> parsePhase(llvm::StringRef name);

} // namespace seqc::passes

#endif // SEQC_PASSES_PHASES_H
