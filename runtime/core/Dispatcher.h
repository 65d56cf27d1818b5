//===- Dispatcher.h - which kernel a step runs ----------------------------===//
#ifndef SEQC_RUNTIME_CORE_DISPATCHER_H
#define SEQC_RUNTIME_CORE_DISPATCHER_H

#include "runtime/core/Profiler.h"
#include "runtime/core/Specialiser.h"
#include "runtime/core/VariantTable.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace seqc::rt {

/// A session's view of the variants: a snapshot of the table for each call, and
/// counts that are handed over now and then. Every call of a new session is
/// looked at, later ones now and then, unless there is code to choose from: a
/// short call has many sites. In a call that is looked at, one site is timed,
/// if it would like a variant that has no code. One thread at a time.
class Dispatcher {
public:
  /// `specialiser` may be null: then all calls are generic, and counted.
  /// `sites` and `profiler` must outlive it.
  Dispatcher(const SiteList &sites, Profiler &profiler,
             std::shared_ptr<Specialiser> specialiser);
  /// Hands over what is left.
  ~Dispatcher();
  Dispatcher(const Dispatcher &) = delete;
  Dispatcher &operator=(const Dispatcher &) = delete;

  /// Before the steps of a call.
  void beginRun();
  /// After them.
  void endRun();
  /// Of the largest variant that this call may run.
  int64_t scratchBytes() const { return table ? table->scratchBytes : 0; }

  /// Whether choose() has to be asked in this call; else it is the generic
  /// kernel.
  bool asksAt(int32_t site) const {
    return weight > 0 || (table && table->live[static_cast<size_t>(site)]);
  }

  int32_t genericSlot(int32_t site) const {
    const Site &at = sites.sites[static_cast<size_t>(site)];
    return at.firstSlot + at.variants;
  }

  struct Choice {
    KernelEntry entry;
    int32_t slot = -1;  ///< of what runs
    int32_t timed = -1; ///< slot that the call's time says something about
    uint32_t trial = 0; ///< of that slot; 0: it has none, and no code
    int64_t work = 0;
    int64_t start = 0;
  };
  /// What runs at a site with these arguments; `generic` where no variant does.
  Choice choose(int32_t site, const SeqcBuffer *args, size_t argCount,
                KernelEntry generic);
  /// After what was chosen has run.
  void finish(const Choice &choice) {
    if (choice.timed >= 0)
      finishTimed(choice);
  }

  const SiteList &siteList() const { return sites; }

private:
  void take(Choice &choice, int32_t candidate, const SeqcBuffer *args,
            size_t argCount);
  void finishTimed(const Choice &choice);

  const SiteList &sites;
  Profiler &profiler;
  std::shared_ptr<Specialiser> specialiser;
  std::shared_ptr<const VariantTable> table;
  std::vector<SlotCounts> counts;
  int32_t runs = 0;    ///< since the counts were handed over
  int32_t exact = 256; ///< calls that are still looked at one by one
  int32_t sampling = 32;
  uint32_t weight = 0;   ///< calls that this one stands for; 0: not looked at
  int32_t timedSite = 0; ///< of a call that is looked at; two clocks cost 50 ns
  uint32_t random = 0x2545f491;
};

} // namespace seqc::rt

#endif // SEQC_RUNTIME_CORE_DISPATCHER_H
