//===- Workspace.h - temporaries that share memory ------------------------===//
#ifndef SEQC_RUNTIME_CORE_WORKSPACE_H
#define SEQC_RUNTIME_CORE_WORKSPACE_H

#include "runtime/core/Plan.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace seqc::rt {

/// One piece of workspace memory: needed from step `first` to step `last`.
struct LivePiece {
  int32_t buffer = -1;
  int32_t first = 0;
  int32_t last = 0;
  size_t bytes = 0;
  size_t offset = 0; ///< set by placePieces
};

/// Temp buffers that `steps` name, with their live ranges (those of aliases
/// count for the owner); bytes are left at 0.
std::vector<LivePiece> livePieces(const Plan &plan,
                                  const std::vector<PlanStep> &steps);

/// First fit, large pieces first: pieces that live at the same step do not
/// overlap. Offsets are multiples of 64. Returns the bytes needed.
size_t placePieces(std::vector<LivePiece> &pieces);

} // namespace seqc::rt

#endif // SEQC_RUNTIME_CORE_WORKSPACE_H
