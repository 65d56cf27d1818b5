//===- Dispatcher.cpp - which kernel a step runs --------------------------===//
#include "runtime/core/Dispatcher.h"

#include <algorithm>

namespace seqc::rt {

// Counts reach the specialiser after so many calls, or at the session's end.
static constexpr int32_t kRunsPerHandOver = 8;

Dispatcher::Dispatcher(const SiteList &sites, Profiler &profiler,
                       std::shared_ptr<Specialiser> given)
    : sites(sites), profiler(profiler), specialiser(std::move(given)),
      counts(specialiser ? sites.slots() : 0) {
  if (!specialiser || sites.sites.empty())
    return;
  // What compiles by these counts should know the rarer classes sooner.
  if (specialiser->mode() == SpecialiseMode::Background)
    sampling = 8;
  // Of many sessions of a few calls, each times other sites.
  timedSite =
      static_cast<int32_t>(specialiser->nextSession() % sites.sites.size());
}

Dispatcher::~Dispatcher() {
  if (specialiser && runs > 0)
    specialiser->observe(counts, runs, /*wait=*/true);
}

void Dispatcher::beginRun() {
  if (specialiser && (!table || table->version != specialiser->version()))
    table = specialiser->table();
  if (exact > 0) {
    --exact;
    weight = 1;
  } else {
    // By chance, not every n-th: callers may repeat themselves.
    random ^= random << 13;
    random ^= random >> 17;
    random ^= random << 5;
    weight = random % static_cast<uint32_t>(sampling) == 0
                 ? static_cast<uint32_t>(sampling)
                 : 0;
  }
  if (weight > 0 && ++timedSite >= static_cast<int32_t>(sites.sites.size()))
    timedSite = 0;
}

void Dispatcher::endRun() {
  if (specialiser && ++runs >= kRunsPerHandOver &&
      specialiser->observe(counts, runs))
    runs = 0;
}

Dispatcher::Choice Dispatcher::choose(int32_t siteIndex, const SeqcBuffer *args,
                                      size_t argCount, KernelEntry generic) {
  const Site &site = sites.sites[siteIndex];
  const int32_t end = site.firstSlot + site.variants;
  Choice choice;
  choice.entry = generic;
  choice.slot = end;
  int32_t seen = -1, wanted = -1, candidate = -1;
  for (int32_t slot = site.firstSlot; slot < end; ++slot) {
    VariantRole role = table ? table->entries[slot].role : VariantRole::Out;
    // Once it is known what the call is, only code that may run matters.
    if (seen >= 0 && (role == VariantRole::Out ||
                      (wanted >= 0 && role != VariantRole::Kept)))
      continue;
    if (!holds(sites.guards[slot], args))
      continue;
    if (seen < 0)
      seen = slot;
    if (role == VariantRole::Out) {
      if (!table)
        break;
      continue;
    }
    if (wanted < 0)
      wanted = slot;
    if (role == VariantRole::Trying)
      candidate = slot;
    if (role != VariantRole::Kept)
      continue;
    choice.slot = slot;
    choice.entry = table->entries[slot].entry;
    break;
  }
  profiler.countClass(seen < 0 ? end : seen, weight);
  if (!table)
    return choice;
  if (candidate >= 0) {
    take(choice, candidate, args, argCount);
  } else if (siteIndex == timedSite && weight > 0 && wanted >= 0 &&
             table->entries[wanted].role == VariantRole::Absent) {
    choice.timed = wanted;
    choice.start = specialiser->now();
  }
  counts[wanted < 0 ? end : wanted].wanted += weight;
  ++counts[choice.slot].ran;
  return choice;
}

/// A call of a class that is on trial: whose turn is it?
void Dispatcher::take(Choice &choice, int32_t candidate, const SeqcBuffer *args,
                      size_t argCount) {
  const VariantEntry &entry = table->entries[candidate];
  choice.timed = candidate;
  choice.trial = entry.trial;
  for (size_t i = 0; i < argCount; ++i)
    choice.work += elementsOf(args[i]);
  if (specialiser->takesCandidate(candidate, entry.trial, choice.work)) {
    choice.slot = candidate;
    choice.entry = entry.entry;
  }
  choice.start = specialiser->now();
}

void Dispatcher::finishTimed(const Choice &choice) {
  int64_t ns = specialiser->now() - choice.start;
  if (choice.trial)
    return specialiser->sample(choice.timed, choice.trial,
                               choice.slot == choice.timed, ns, choice.work);
  SlotCounts &count = counts[static_cast<size_t>(choice.timed)];
  ++count.timed;
  count.timedNs += ns;
  count.longestNs = std::max(count.longestNs, ns);
}

} // namespace seqc::rt
