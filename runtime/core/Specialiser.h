//===- Specialiser.h - what is compiled for the calls that come -----------===//
//
// Sessions count which variant each call of a site would like. A variant that
// is wanted often and for long enough is compiled on a background thread, tried
// against what ran so far, and kept or dropped for good. Compiler, clock and
// verdicts come from outside: this part knows nothing of what a kernel is made
// of.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_RUNTIME_CORE_SPECIALISER_H
#define SEQC_RUNTIME_CORE_SPECIALISER_H

#include "runtime/core/IdleThread.h"
#include "runtime/core/Trial.h"
#include "runtime/core/VariantTable.h"
#include "seqc/Status.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace seqc::rt {

struct CompiledVariant {
  KernelEntry entry;
  std::shared_ptr<void> code;
  int64_t scratchBytes = 0;
  std::string objectKey;
  int64_t objectBytes = 0;
  double compileMs = 0;
  std::string origin; ///< "compiled", "memory" or "disk"
};

struct Verdict {
  bool kept = false;
  TrialFigures figures;
};

/// What the specialiser cannot do itself. All but `compile` may be null; all
/// are called without a lock held, from the background thread or, in the modes
/// Ahead and Force, from the caller's, one at a time.
struct SpecialiserHooks {
  std::function<Result<CompiledVariant>(int32_t kernel, int32_t variant)>
      compile;
  /// Monotonic nanoseconds, from any thread; null: the steady clock.
  std::function<int64_t()> now;
  /// What an earlier process found out.
  std::function<std::optional<Verdict>(int32_t kernel, int32_t variant,
                                       const std::string &layer)>
      loadVerdict;
  /// Called only with decisions that the noise allowed.
  std::function<void(int32_t kernel, int32_t variant, const std::string &layer,
                     const Verdict &verdict)>
      storeVerdict;
  /// Variants that cannot be compiled, each once.
  std::function<void(const Diagnostic &)> onDiagnostic;
  /// What a compile of one of the kernel's variants takes, about; asked in the
  /// constructor. Null: nothing, so that every one pays.
  std::function<int64_t(int32_t kernel)> compileNs;
};

enum class SpecialiseMode : uint8_t {
  Off,        ///< nothing is compiled; calls are counted
  Background, ///< as the calls ask for it
  Ahead,      ///< what compileAhead() is told, and no change afterwards
  Force       ///< everything, in the constructor, taken wherever guards hold
};

struct SpecialiserOptions {
  SpecialiseMode mode = SpecialiseMode::Background;
  int32_t maxVariantsPerSite = 4; ///< with code at one time; Background only
  int64_t minCalls = 32;          ///< before a variant is compiled
  int32_t samples = 15;           ///< of each side before a verdict
  double leastGain = 0.02;        ///< less is not worth another kernel
};

enum class VariantState : uint8_t {
  Unseen,
  Seen, ///< wanted, but too rarely so far
  Queued,
  Compiling,
  Trying,
  Kept,
  Dropped, ///< not faster
  Failed,  ///< does not compile
  Evicted  ///< made room for others; comes back if wanted again
};
const char *toString(VariantState state);

struct VariantReport {
  std::string name;
  int64_t calls = 0; ///< that wanted it: the first that holds and may be had
  int64_t ran = 0;   ///< calls that it answered
  VariantState state = VariantState::Unseen;
  bool measured = false; ///< whether there are figures
  bool unclear = false;  ///< dropped because of noise
  TrialFigures figures;  ///< of its trial or its stored verdict
  double compileMs = 0;
  std::string origin, objectKey;
  int64_t objectBytes = 0;
  std::string message; ///< why it failed
};

struct SiteReport {
  int32_t step = 0, kernel = 0; ///< indices into the plan
  std::string layer, symbol;
  int64_t genericCalls = 0; ///< that no variant is for
  std::vector<VariantReport> variants;
};

struct CompileEvent {
  int64_t startNs = 0, endNs = 0; ///< of the clock
  VariantId variant;
  bool ok = false;
};

/// Calls of one slot since they were last handed over.
struct SlotCounts {
  uint32_t wanted = 0, ran = 0;
  uint32_t timed = 0; ///< of those that wanted it and had to do without
  int64_t timedNs = 0, longestNs = 0; ///< of the timed: all, and the longest
};

/// One per program; sessions share it. Thread-safe; no caller ever waits for a
/// compile, except in compileAhead() and the constructor of mode Force.
class Specialiser {
public:
  Specialiser(const Plan &plan, SpecialiserHooks hooks,
              SpecialiserOptions options = {});
  /// A compile in progress is finished, what is queued is not begun.
  ~Specialiser();
  Specialiser(const Specialiser &) = delete;
  Specialiser &operator=(const Specialiser &) = delete;

  SpecialiseMode mode() const { return options.mode; }
  const SiteList &sites() const { return list; }

  /// What calls may use from now on.
  std::shared_ptr<const VariantTable> table() const;
  /// Changes with table(), and is cheap to ask.
  uint64_t version() const { return latest.load(std::memory_order_acquire); }

  /// Takes over and clears a session's counts of all slots from `runs` calls.
  /// False, with nothing done, if somebody else is at it and `wait` is not set.
  bool observe(std::vector<SlotCounts> &counts, int64_t runs,
               bool wait = false);

  /// Turns of a trial; `trial` is that of the table entry, and a trial that has
  /// ended wants the candidate no more.
  bool takesCandidate(int32_t slot, uint32_t trial, int64_t work);
  void sample(int32_t slot, uint32_t trial, bool candidate, int64_t ns,
              int64_t work);
  int64_t now() const { return hooks.now(); }
  /// How many have asked before.
  uint32_t nextSession() {
    return sessions.fetch_add(1, std::memory_order_relaxed);
  }

  /// Compiles in all layers that have them, on this thread, and keeps without
  /// trial; returns how many could be had. For mode Ahead, before the first
  /// call.
  size_t compileAhead(const std::vector<VariantId> &variants);

  /// Until nothing is queued or compiled.
  void drain() { thread.wait(); }
  /// Likewise, with all that is wanted often enough. Who waits has the time, so
  /// it does not have to pay.
  void wait();

  /// Puts a variant in place, whatever was measured, or with Absent takes it
  /// out. For tests.
  void install(int32_t slot, VariantRole role,
               const CompiledVariant &compiled = {});

  std::vector<SiteReport> report() const;
  /// Of the compiles so far, in their order.
  std::vector<CompileEvent> timeline() const;

private:
  struct Slot {
    VariantState state = VariantState::Unseen;
    int64_t calls = 0, ran = 0;
    int64_t since = 0; ///< calls that wanted it since it was last without code
    int64_t timed = 0, timedNs = 0, longestNs = 0; ///< as in SlotCounts
    double spentNs = 0; ///< its share of the variant's
    int64_t lastUse = 0;
    int32_t evictions = 0;
    bool unclear = false;
    std::optional<Verdict> verdict;
    uint32_t trialNumber = 0;
    std::optional<Trial> trial;
    CompiledVariant about; ///< without the code, which tables hold
    std::string message;
  };

  const Site &siteOf(int32_t slot) const {
    return list.sites[list.siteOfSlot[slot]];
  }
  bool isGeneric(int32_t slot) const {
    return slot == siteOf(slot).firstSlot + siteOf(slot).variants;
  }
  VariantId idOf(int32_t slot) const {
    return {siteOf(slot).kernel, slot - siteOf(slot).firstSlot};
  }

  // Without the lock.
  void loadVerdicts();
  void storeVerdicts();
  void makeReady(int32_t slot);
  std::optional<CompiledVariant> compileOnce(VariantId id);
  Result<CompiledVariant> compileTimed(VariantId id);
  void reportFailure(VariantId id, const Status &status);
  // With the lock. Tables are copied, changed and published.
  bool enqueue(int32_t slot);
  void want(int32_t slot, Slot &state);
  bool isWanted(const Slot &state) const;
  bool pays(int32_t slot);
  double &spentNs(VariantId id) {
    return spent[firstVariant[id.kernel] + id.variant];
  }
  void load(int32_t slot, const CompiledVariant &compiled);
  void makeRoom(VariantTable &table, const Site &site);
  void settle(int32_t slot, Slot &state);
  void drop(VariantTable &table, int32_t slot, VariantState why);
  void forget(VariantId id, const VariantTable &table);
  int32_t loadedVariants(const VariantTable &table, const Site &site) const;
  std::shared_ptr<VariantTable> edit() const;
  void publish(std::shared_ptr<VariantTable> table);

  const SiteList list;
  std::vector<std::string> symbols;  ///< of the plan's kernels
  std::vector<int64_t> compileNs;    ///< likewise
  std::vector<int32_t> firstVariant; ///< likewise: where `spent` has theirs
  SpecialiserHooks hooks;
  const SpecialiserOptions options;

  std::mutex compiling; ///< held around the compile hook
  mutable std::mutex mutex;
  std::vector<Slot> slots;
  std::map<VariantId, CompiledVariant> compiled; ///< with code in the table
  std::set<VariantId> failed, made;
  std::vector<double> spent; ///< ns, over all layers, that calls took without
  std::vector<int32_t> unsaved; ///< slots with verdicts to be stored
  std::vector<CompileEvent> events;
  int64_t calls = 0; ///< handed over so far; the time of lastUse
  uint32_t trials = 0;
  std::shared_ptr<const VariantTable> current;
  std::atomic<uint64_t> latest{0};
  std::atomic<uint32_t> sessions{0};
  IdleThread thread; ///< last: its jobs use the rest
};

} // namespace seqc::rt

#endif // SEQC_RUNTIME_CORE_SPECIALISER_H
