//===- PlanRunner.h - memory and execution of one session's plan ----------===//
#ifndef SEQC_RUNTIME_CORE_PLANRUNNER_H
#define SEQC_RUNTIME_CORE_PLANRUNNER_H

#include "runtime/core/LoadedPlan.h"
#include "runtime/core/StepRunner.h"

#include <memory>
#include <vector>

namespace seqc::rt {

/// Runs a loaded plan in memory of its own. Inputs and outputs are either the
/// caller's memory (bind) or staging memory (stage). Allocates only when more
/// rows or sequences come than ever before. One thread at a time.
class PlanRunner {
public:
  /// `specialiser` may be null. Without `counting` gates and classes of calls
  /// are not counted, and no variant runs.
  PlanRunner(std::shared_ptr<const LoadedPlan> loaded,
             std::shared_ptr<const Parallel> parallel,
             std::shared_ptr<Specialiser> specialiser = nullptr,
             bool counting = true);

  const Plan &plan() const { return loaded->plan(); }

  /// Sizes everything for a call. States keep their content, which means
  /// something only while the number of sequences stays the same; new memory
  /// is zero. After a failure nothing may run until a reserve() succeeds.
  Status reserve(int64_t rows, int64_t sequences);
  /// All states become zero.
  void clearStates();

  /// After reserve(): the caller's memory for an Input or Output buffer.
  void bind(int32_t buffer, void *data) { steps.bind(buffer, data); }
  /// After reserve(): own memory for an Input or Output buffer; null if there
  /// is none to be had.
  void *stage(int32_t buffer);
  /// Memory of any bound buffer.
  void *data(int32_t buffer) const { return steps.buffer(buffer).data; }
  size_t bytes(int32_t buffer) const;

  Status run();

  int64_t symbol(int32_t index) const { return steps.symbol(index); }
  void setTiming(bool on) { steps.setTiming(on); }
  const std::vector<double> &milliseconds() const {
    return steps.milliseconds();
  }
  const std::vector<Work> &work() const { return steps.work(); }
  const std::vector<int32_t> &ranSlots() const { return steps.ranSlots(); }
  const std::vector<uint8_t> &leftOut() const { return steps.leftOut(); }
  Profiler &profiler() { return counts; }
  bool isCounting() const { return counting; }
  /// Bytes of temporaries, staging and scratch.
  size_t workspaceBytes() const;

private:
  Status grow(int64_t newRows, int64_t newSequences);

  std::shared_ptr<const LoadedPlan> loaded;
  std::shared_ptr<const Parallel> parallel;
  const bool counting;
  Profiler counts;
  Dispatcher dispatcher;
  StepRunner steps;
  std::vector<LivePiece> pieces;
  AlignedBuffer workspace;
  std::vector<AlignedBuffer> own; ///< states, builtins, options and staging
  int64_t rows = -1, sequences = -1;
  int64_t rowCapacity = -1, sequenceCapacity = -1;
};

} // namespace seqc::rt

#endif // SEQC_RUNTIME_CORE_PLANRUNNER_H
