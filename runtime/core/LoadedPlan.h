//===- LoadedPlan.h - a plan with its code and weights --------------------===//
#ifndef SEQC_RUNTIME_CORE_LOADEDPLAN_H
#define SEQC_RUNTIME_CORE_LOADEDPLAN_H

#include "runtime/core/KernelSet.h"
#include "runtime/core/Memory.h"
#include "runtime/core/Parallel.h"
#include "runtime/core/Plan.h"
#include "runtime/core/VariantTable.h"
#include "runtime/core/Workspace.h"
#include "seqc/WeightSource.h"

#include <functional>
#include <memory>
#include <vector>

namespace seqc::rt {

/// Replaces the run steps: all buffers of the plan in plan order, with memory
/// and extents of this call; counts go to `symbols` for the plan's gates.
/// Called from several threads at a time, for different sessions. This is how
/// the reference target runs.
using Interpreter =
    std::function<Status(const SeqcBuffer *buffers, int64_t *symbols)>;

/// Everything about a program that its sessions share: the checked plan, the
/// code, the weights, and what the prepare steps made of them. Immutable and
/// thread-safe.
class LoadedPlan {
public:
  /// Verifies the plan, binds the weights (by pointer wherever they are aligned
  /// to their element size) and runs the prepare steps. `weights` may be null
  /// for a plan without weights. An error names the weight and says what was
  /// expected.
  static Result<std::shared_ptr<const LoadedPlan>>
  create(Plan plan, KernelSet kernels,
         std::shared_ptr<const WeightSource> weights, const Parallel &parallel);

  /// A plan without steps that `interpreter` runs; it has its own weights.
  static Result<std::shared_ptr<const LoadedPlan>>
  interpret(Plan plan, Interpreter interpreter);

  const Plan &plan() const { return description; }
  const KernelSet &kernels() const { return code; }
  const Interpreter &interpreter() const { return interpreted; }
  /// Memory of a Weight or Prepared buffer, null for the other kinds.
  void *constant(int32_t buffer) const { return constants[buffer]; }
  /// Steps whose kernels have variants.
  const SiteList &sites() const { return siteList; }
  /// Live ranges of the temporaries of the run steps.
  const std::vector<LivePiece> &pieces() const { return livePieces; }
  /// Bytes that this plan holds besides the weight source's own.
  size_t constantBytes() const;

private:
  LoadedPlan() = default;
  Status bindWeights();
  Status prepare(const Parallel &parallel);
  Status checkCode() const;

  Plan description;
  KernelSet code;
  Interpreter interpreted;
  std::shared_ptr<const WeightSource> source;
  std::vector<void *> constants;
  std::vector<AlignedBuffer> owned;
  std::vector<LivePiece> livePieces;
  SiteList siteList;
};

} // namespace seqc::rt

#endif // SEQC_RUNTIME_CORE_LOADEDPLAN_H
