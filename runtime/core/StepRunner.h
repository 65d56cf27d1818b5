//===- StepRunner.h - run a list of plan steps ----------------------------===//
#ifndef SEQC_RUNTIME_CORE_STEPRUNNER_H
#define SEQC_RUNTIME_CORE_STEPRUNNER_H

#include "runtime/abi/KernelAbi.h"
#include "runtime/core/Dispatcher.h"
#include "runtime/core/KernelSet.h"
#include "runtime/core/Memory.h"
#include "runtime/core/Parallel.h"
#include "runtime/core/Plan.h"
#include "runtime/core/Profiler.h"
#include "runtime/core/Work.h"

#include <cstdint>
#include <vector>

namespace seqc::rt {

/// Buffers, symbols and steps at run time. Knows addresses and extents, but
/// owns no buffer memory. `plan`, `kernels` and `parallel` must outlive it.
/// One thread at a time.
class StepRunner {
public:
  StepRunner(const Plan &plan, const std::vector<PlanStep> &steps,
             const KernelSet &kernels, const Parallel &parallel);

  /// Variants at the sites of run steps, and counts of gates. Both must outlive
  /// the runner.
  void attach(Dispatcher &variants, Profiler &counts);

  /// Evaluates all extents; fails if a product of them does not fit.
  Status resize(int64_t rows, int64_t sequences);
  /// Memory of a buffer and of its aliases.
  void bind(int32_t buffer, void *data);
  const SeqcBuffer &buffer(int32_t index) const { return buffers[index]; }
  /// All buffers and symbols, in plan order.
  const SeqcBuffer *allBuffers() const { return buffers.data(); }
  int64_t *allSymbols() { return symbols.data(); }
  /// Bytes that a buffer needs at these rows and sequences; -1: too many.
  int64_t capacityBytes(int32_t buffer, int64_t rows, int64_t sequences) const;

  /// Scratch memory for every thread; call before run().
  Status reserveScratch();
  size_t scratchBytes() const { return scratch.size(); }

  Status run();
  int64_t symbol(int32_t index) const { return symbols[index]; }

  /// Wall time of each step of the last run while `timing` is on, and what its
  /// kernel had to do.
  void setTiming(bool on);
  const std::vector<double> &milliseconds() const { return times; }
  const std::vector<Work> &work() const { return works; }
  /// Likewise: whether the step had no effect and was not run.
  const std::vector<uint8_t> &leftOut() const { return idle; }
  /// Slots of what ran at each step of that run; -1 where there is no site or
  /// nothing to do.
  const std::vector<int32_t> &ranSlots() const { return slots; }

private:
  struct Step {
    StepKind kind;
    KernelEntry entry;
    int32_t kernel, symbol;
    int64_t panel;
    size_t firstArg, argCount;
    int32_t site = -1; ///< of the dispatcher
    int32_t gate = -1; ///< of the profiler
    int32_t idleWith = -1;
    size_t idleEnd = 0; ///< the next step that is not idle with that count
  };

  /// Extents of one buffer from the symbols, into it and its arguments.
  bool evaluate(int32_t buffer);
  void publish(int32_t buffer);
  bool isIdle(const Step &step) const {
    return step.idleWith >= 0 && symbols[step.idleWith] == 0;
  }
  Status runStep(const Step &step);
  void runKernel(const Step &step);
  void runSite(const Step &step);
  void runTasks(const Step &step, KernelEntry entry, int64_t tasks);
  void countGate(const Step &step, int64_t active);
  Status runCount(const Step &step);
  void runPack(const Step &step);
  void runCopy(const Step &step);
  Status runAll();
  Status runTimed();

  const Plan &plan;
  const Parallel &parallel;
  std::vector<int64_t> symbols;
  std::vector<SeqcBuffer> buffers;
  std::vector<int64_t> capacities; ///< elements, at the current size
  std::vector<Step> steps;
  std::vector<SeqcBuffer> args;    ///< of all steps, one after another
  std::vector<int32_t> argBuffers; ///< which buffer each of them is
  // For each buffer its places in `args`, for each symbol its buffers and for
  // each owner its aliases; lists start at [i] and end at [i + 1].
  std::vector<size_t> placeStarts, places;
  std::vector<std::vector<int32_t>> dependents, aliases;
  AlignedBuffer scratch;
  size_t scratchStride = 0;
  Dispatcher *dispatcher = nullptr;
  Profiler *profiler = nullptr;
  bool timing = false;
  std::vector<double> times;
  std::vector<Work> works;
  std::vector<uint8_t> idle;
  std::vector<int32_t> slots;
};

} // namespace seqc::rt

#endif // SEQC_RUNTIME_CORE_STEPRUNNER_H
