//===- CoreSpecialiserTest.cpp - observe, compile, try, keep --------------===//
#include "test/unit/CoreTestVariants.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <map>
#include <random>
#include <thread>
#include <tuple>

using namespace seqc;
using namespace seqc::rt;
using namespace seqc::test;

//===----------------------------------------------------------------------===//
// Helpers
//===----------------------------------------------------------------------===//

static SpecialiserHooks
hooksWith(std::function<Result<CompiledVariant>(int32_t, int32_t)> compile) {
  SpecialiserHooks hooks;
  hooks.compile = std::move(compile);
  return hooks;
}

static SpecialiserOptions optionsOf(SpecialiseMode mode) {
  SpecialiserOptions options;
  options.mode = mode;
  return options;
}

/// As sessions would report it; the times are those of calls that were timed.
static void want(Specialiser &specialiser, int32_t slot, int64_t calls,
                 const std::vector<int64_t> &times = {}) {
  std::vector<SlotCounts> counts(specialiser.sites().slots());
  counts[slot].wanted = static_cast<uint32_t>(calls);
  counts[slot].ran = static_cast<uint32_t>(calls);
  counts[slot].timed = static_cast<uint32_t>(times.size());
  for (int64_t ns : times) {
    counts[slot].timedNs += ns;
    counts[slot].longestNs = std::max(counts[slot].longestNs, ns);
  }
  ASSERT_TRUE(specialiser.observe(counts, calls, true));
  ASSERT_EQ(counts[slot].wanted, 0u);
}

/// Plays the calls of a trial; false if it does not end.
static bool playTrial(Specialiser &specialiser, int32_t slot,
                      const std::function<int64_t(bool)> &ns) {
  uint32_t trial = specialiser.table()->entries[slot].trial;
  for (int i = 0; i < 10000; ++i) {
    if (specialiser.table()->entries[slot].role != VariantRole::Trying)
      return true;
    bool candidate = specialiser.takesCandidate(slot, trial, 64);
    specialiser.sample(slot, trial, candidate, ns(candidate), 64);
  }
  return false;
}

static VariantRole roleOf(const Toy &toy, int32_t slot) {
  return toy.specialiser->table()->entries[slot].role;
}

using StoredVerdicts =
    std::map<std::tuple<int32_t, int32_t, std::string>, Verdict>;

//===----------------------------------------------------------------------===//
// What is compiled
//===----------------------------------------------------------------------===//

TEST(SpecialiserTest, AClassSeenOnceIsNotCompiled) {
  Toy toy;
  int32_t slot = toy.slot(kGather, 0);
  EXPECT_EQ(toy.report(kGather, 0).state, VariantState::Unseen);
  want(*toy.specialiser, slot, 1);
  toy.specialiser->wait();
  EXPECT_EQ(toy.report(kGather, 0).state, VariantState::Seen);
  want(*toy.specialiser, slot, 30);
  toy.specialiser->wait();
  EXPECT_TRUE(toy.specialiser->timeline().empty());
  want(*toy.specialiser, slot, 1); // the 32nd
  toy.specialiser->wait();
  EXPECT_EQ(toy.specialiser->timeline().size(), 1u);
  EXPECT_EQ(toy.report(kGather, 0).state, VariantState::Trying);
  EXPECT_EQ(roleOf(toy, slot), VariantRole::Trying);
  want(*toy.specialiser, slot, 1000);
  toy.specialiser->wait();
  EXPECT_EQ(toy.specialiser->timeline().size(), 1u) << "compiled once";
}

TEST(SpecialiserTest, CallersDoNotWaitForACompile) {
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  Toy toy({}, hooksWith([&](int32_t kernel, int32_t variant) {
            released.wait();
            return compileVariant(kernel, variant);
          }));
  {
    Session session = toy.session();
    for (int i = 0; i < 200; ++i) {
      ASSERT_TRUE(session.resetState().ok());
      std::vector<Sequence> sequences = batchOf({6}, i);
      runChecked(session, sequences, 100);
    }
    EXPECT_EQ(toy.report(kGather, 1).calls, 200);
    VariantState state = toy.report(kGather, 1).state;
    EXPECT_TRUE(state == VariantState::Queued ||
                state == VariantState::Compiling);
    EXPECT_EQ(roleOf(toy, toy.slot(kGather, 1)), VariantRole::Absent);
    release.set_value();
    toy.specialiser->wait();
    EXPECT_EQ(roleOf(toy, toy.slot(kGather, 1)), VariantRole::Trying);
  }
  // The first to be asked for was under way before the other.
  std::vector<CompileEvent> events = toy.specialiser->timeline();
  for (size_t i = 1; i < events.size(); ++i)
    EXPECT_GE(events[i].startNs, events[i - 1].endNs) << "one at a time";
}

TEST(SpecialiserTest, OneCompileServesAllLayers) {
  Plan plan = variantPlan();
  plan.run.push_back(plan.run[3]);
  plan.run.back().layer = "layers.1";
  Specialiser specialiser(plan, hooksWith(compileVariant));
  ASSERT_EQ(specialiser.sites().sites.size(), 4u);
  int32_t first = specialiser.sites().sites[1].firstSlot;
  int32_t second = specialiser.sites().sites[3].firstSlot;
  want(specialiser, first, 50);
  want(specialiser, second, 50);
  specialiser.wait();
  EXPECT_EQ(specialiser.timeline().size(), 1u);
  EXPECT_EQ(variantUse[kFewRows].alive, 1);
  std::shared_ptr<const VariantTable> table = specialiser.table();
  EXPECT_EQ(table->entries[first].code, table->entries[second].code);
  // One layer drops it, the other keeps it.
  ASSERT_TRUE(playTrial(specialiser, first, [](bool) { return 1000; }));
  ASSERT_TRUE(playTrial(specialiser, second,
                        [](bool candidate) { return candidate ? 1 : 1000; }));
  table = specialiser.table();
  EXPECT_EQ(table->entries[first].role, VariantRole::Out);
  EXPECT_EQ(table->entries[second].role, VariantRole::Kept);
  EXPECT_EQ(variantUse[kFewRows].alive, 1);
}

TEST(SpecialiserTest, FailuresAreReportedOnceAndNotRetried) {
  std::vector<Diagnostic> diagnostics;
  int asked = 0;
  SpecialiserHooks hooks = hooksWith([&](int32_t kernel, int32_t variant) {
    if (kernel != kGather || variant != 1)
      return compileVariant(kernel, variant);
    ++asked;
    return Result<CompiledVariant>(
        Status::error(ErrorCode::CompileFailed, "no registers left"));
  });
  hooks.onDiagnostic = [&](const Diagnostic &d) { diagnostics.push_back(d); };
  Toy toy({}, hooks);
  int32_t slot = toy.slot(kGather, 1);
  for (int i = 0; i < 5; ++i) {
    want(*toy.specialiser, slot, 100);
    toy.specialiser->wait();
  }
  EXPECT_EQ(asked, 1);
  ASSERT_EQ(diagnostics.size(), 1u);
  EXPECT_EQ(diagnostics[0].text,
            "variant 'all-rows' of kernel 'gather' does not compile, the "
            "generic kernel runs instead: no registers left");
  EXPECT_EQ(toy.report(kGather, 1).state, VariantState::Failed);
  EXPECT_EQ(toy.report(kGather, 1).message, "no registers left");
  EXPECT_EQ(roleOf(toy, slot), VariantRole::Out);
  ASSERT_EQ(toy.specialiser->timeline().size(), 1u);
  EXPECT_FALSE(toy.specialiser->timeline()[0].ok);
  // Calls go on, with the generic kernel.
  Session session = toy.session();
  std::vector<Sequence> sequences = batchOf({7}, 1);
  runChecked(session, sequences, 100);
}

TEST(SpecialiserTest, CodeWithoutEntryPointIsAFailure) {
  Toy toy(optionsOf(SpecialiseMode::Ahead),
          hooksWith([](int32_t, int32_t) { return CompiledVariant(); }));
  EXPECT_EQ(toy.specialiser->compileAhead({{kGather, 0}}), 0u);
  EXPECT_EQ(toy.report(kGather, 0).state, VariantState::Failed);
}

TEST(SpecialiserTest, ShutdownWaitsForTheCompileAtWorkOnly) {
  std::promise<void> begun, release;
  std::atomic<int> compiles{0};
  std::atomic<bool> ended{false};
  auto toy = std::make_unique<Toy>(
      SpecialiserOptions(), hooksWith([&](int32_t kernel, int32_t variant) {
        if (++compiles == 1) {
          begun.set_value();
          release.get_future().wait();
        }
        return compileVariant(kernel, variant);
      }));
  want(*toy->specialiser, toy->slot(kGather, 0), 100);
  want(*toy->specialiser, toy->slot(kGather, 1), 100);
  want(*toy->specialiser, toy->slot(kSum, 0), 100);
  begun.get_future().wait();
  std::thread destroyer([&] {
    toy.reset();
    ended = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_FALSE(ended);
  release.set_value();
  destroyer.join();
  EXPECT_EQ(compiles, 1);
  for (const VariantUse &use : variantUse)
    EXPECT_EQ(use.alive, 0);
}

//===----------------------------------------------------------------------===//
// What pays
//===----------------------------------------------------------------------===//

/// Every compile is said to take a millisecond.
static SpecialiserHooks dearHooks() {
  SpecialiserHooks hooks = hooksWith(compileVariant);
  hooks.compileNs = [](int32_t) { return 1000000; };
  return hooks;
}

/// What becomes of the first variant of the gather after these calls.
static VariantState stateAfter(Toy &toy, int64_t calls,
                               const std::vector<int64_t> &times = {}) {
  want(*toy.specialiser, toy.slot(kGather, 0), calls, times);
  toy.specialiser->drain();
  return toy.report(kGather, 0).state;
}

TEST(SpecialiserPays, ShortCallsHaveToBeMany) {
  Toy toy({}, dearHooks());
  EXPECT_EQ(stateAfter(toy, 999, {1000, 1000}), VariantState::Seen);
  EXPECT_EQ(stateAfter(toy, 1), VariantState::Trying);
}

TEST(SpecialiserPays, LongCallsOnlyHaveToBeAFew) {
  Toy toy({}, dearHooks());
  EXPECT_EQ(stateAfter(toy, 31, {500000}), VariantState::Seen);
  EXPECT_EQ(stateAfter(toy, 1), VariantState::Trying);
}

TEST(SpecialiserPays, WhatWasNeverTimedDoesNot) {
  Toy toy({}, dearHooks());
  EXPECT_EQ(stateAfter(toy, 1000000), VariantState::Seen);
  EXPECT_EQ(stateAfter(toy, 1, {1000}), VariantState::Trying);
}

TEST(SpecialiserPays, OneInterruptedCallIsNoLongCall) {
  Toy toy({}, dearHooks());
  int32_t slot = toy.slot(kGather, 0);
  want(*toy.specialiser, slot, 100, {1000, 4000000, 1000});
  want(*toy.specialiser, slot, 100, {3000000, 1000, 1000});
  toy.specialiser->drain();
  EXPECT_EQ(toy.report(kGather, 0).state, VariantState::Trying)
      << "the longest of all is left out, not of each time";
  Toy other({}, dearHooks());
  want(*other.specialiser, slot, 100, {1000, 4000000, 1000});
  want(*other.specialiser, slot, 100, {1000});
  other.specialiser->drain();
  EXPECT_EQ(other.report(kGather, 0).state, VariantState::Seen);
}

TEST(SpecialiserPays, LayersPayTogetherAndOnce) {
  Plan plan = variantPlan();
  plan.run.push_back(plan.run[3]);
  plan.run.back().layer = "layers.1";
  Specialiser specialiser(plan, dearHooks());
  int32_t first = specialiser.sites().sites[1].firstSlot;
  int32_t second = specialiser.sites().sites[3].firstSlot;
  want(specialiser, first, 500, {1000});
  want(specialiser, second, 400, {1000});
  specialiser.drain();
  EXPECT_TRUE(specialiser.timeline().empty());
  want(specialiser, second, 100);
  specialiser.drain();
  EXPECT_EQ(specialiser.timeline().size(), 1u);
  EXPECT_EQ(specialiser.table()->entries[second].role, VariantRole::Trying);
  EXPECT_EQ(specialiser.table()->entries[first].role, VariantRole::Absent);
  // It is there now: the other layer only loads it.
  want(specialiser, first, 1);
  specialiser.drain();
  EXPECT_EQ(specialiser.table()->entries[first].role, VariantRole::Trying);
  EXPECT_EQ(specialiser.timeline().size(), 1u);
}

TEST(SpecialiserPays, WhoWaitsDoesNotCount) {
  Toy toy({}, dearHooks());
  int32_t slot = toy.slot(kGather, 0);
  want(*toy.specialiser, slot, 31, {1000});
  toy.specialiser->wait();
  EXPECT_EQ(toy.report(kGather, 0).state, VariantState::Seen);
  want(*toy.specialiser, slot, 1);
  toy.specialiser->wait();
  EXPECT_EQ(toy.report(kGather, 0).state, VariantState::Trying);
}

//===----------------------------------------------------------------------===//
// Verdicts
//===----------------------------------------------------------------------===//

namespace {

/// A toy that stores its verdicts.
struct Judged {
  explicit Judged(StoredVerdicts before = {}) : stored(std::move(before)) {
    SpecialiserHooks hooks = hooksWith([this](int32_t kernel, int32_t variant) {
      ++compiles;
      return compileVariant(kernel, variant);
    });
    hooks.loadVerdict = [this](int32_t kernel, int32_t variant,
                               const std::string &layer) {
      auto found = stored.find({kernel, variant, layer});
      return found == stored.end() ? std::nullopt
                                   : std::optional<Verdict>(found->second);
    };
    hooks.storeVerdict = [this](int32_t kernel, int32_t variant,
                                const std::string &layer, const Verdict &v) {
      stored[{kernel, variant, layer}] = v;
    };
    toy = std::make_unique<Toy>(SpecialiserOptions(), hooks);
    toy->specialiser->wait();
  }
  void tryOut(int32_t slot, const std::function<int64_t(bool)> &ns) {
    want(*toy->specialiser, slot, 40);
    toy->specialiser->wait();
    ASSERT_EQ(roleOf(*toy, slot), VariantRole::Trying);
    ASSERT_TRUE(playTrial(*toy->specialiser, slot, ns));
    toy->specialiser->wait();
  }

  StoredVerdicts stored;
  std::atomic<int> compiles{0};
  std::unique_ptr<Toy> toy;
};

} // namespace

TEST(SpecialiserVerdict, FasterIsKept) {
  Judged judged;
  int32_t slot = judged.toy->slot(kGather, 0);
  judged.tryOut(slot, [](bool candidate) { return candidate ? 900 : 1000; });
  EXPECT_EQ(roleOf(*judged.toy, slot), VariantRole::Kept);
  VariantReport report = judged.toy->report(kGather, 0);
  EXPECT_EQ(report.state, VariantState::Kept);
  EXPECT_TRUE(report.measured);
  EXPECT_EQ(report.figures.samples, 15);
  EXPECT_EQ(report.figures.currentNs, 1000);
  EXPECT_EQ(report.figures.candidateNs, 900);
  EXPECT_EQ(report.compileMs, 7);
  EXPECT_EQ(report.origin, "compiled");
  EXPECT_EQ(report.objectKey, "key-2-0");
  ASSERT_EQ(judged.stored.size(), 1u);
  const auto &[key, verdict] = *judged.stored.begin();
  EXPECT_EQ(key, std::make_tuple(kGather, 0, std::string("layers.0")));
  EXPECT_TRUE(verdict.kept);
  EXPECT_NEAR(verdict.figures.gain, 0.1, 1e-9);
}

TEST(SpecialiserVerdict, SlowerIsDroppedForGood) {
  Judged judged;
  int32_t slot = judged.toy->slot(kGather, 0);
  judged.tryOut(slot, [](bool candidate) { return candidate ? 1001 : 1000; });
  EXPECT_EQ(roleOf(*judged.toy, slot), VariantRole::Out);
  EXPECT_EQ(judged.toy->report(kGather, 0).state, VariantState::Dropped);
  EXPECT_EQ(variantUse[kFewRows].alive, 0) << "its code is gone";
  ASSERT_EQ(judged.stored.size(), 1u);
  EXPECT_FALSE(judged.stored.begin()->second.kept);
  want(*judged.toy->specialiser, slot, 1000);
  judged.toy->specialiser->wait();
  EXPECT_EQ(judged.compiles, 1);
}

TEST(SpecialiserVerdict, NoiseIsDroppedButNotRemembered) {
  Judged judged;
  int32_t slot = judged.toy->slot(kGather, 0);
  std::mt19937 random(1);
  // A little faster, if one only knew.
  judged.tryOut(slot, [&](bool candidate) {
    return (candidate ? 1 : 2) + static_cast<int64_t>(200 + random() % 1600);
  });
  EXPECT_EQ(judged.toy->report(kGather, 0).state, VariantState::Dropped);
  EXPECT_TRUE(judged.toy->report(kGather, 0).unclear);
  EXPECT_EQ(judged.toy->report(kGather, 0).figures.samples, 60);
  EXPECT_TRUE(judged.stored.empty());
}

TEST(SpecialiserVerdict, StoredVerdictsAreFollowed) {
  Verdict kept, dropped;
  kept.kept = true;
  kept.figures.gain = 0.3;
  dropped.figures.gain = -0.3;
  Judged judged(
      {{{kGather, 0, "layers.0"}, kept}, {{kGather, 1, "layers.0"}, dropped}});
  // Loaded before any call, without a trial.
  EXPECT_EQ(roleOf(*judged.toy, judged.toy->slot(kGather, 0)),
            VariantRole::Kept);
  EXPECT_EQ(judged.toy->report(kGather, 0).figures.gain, 0.3);
  // Never compiled.
  EXPECT_EQ(roleOf(*judged.toy, judged.toy->slot(kGather, 1)),
            VariantRole::Out);
  want(*judged.toy->specialiser, judged.toy->slot(kGather, 1), 1000);
  judged.toy->specialiser->wait();
  EXPECT_EQ(judged.compiles, 1);
  EXPECT_EQ(judged.toy->report(kGather, 1).state, VariantState::Dropped);
}

TEST(SpecialiserVerdict, SamplesOfAnEarlierTrialDoNotCount) {
  Toy toy;
  int32_t slot = toy.slot(kGather, 0);
  want(*toy.specialiser, slot, 40);
  toy.specialiser->wait();
  uint32_t trial = toy.specialiser->table()->entries[slot].trial;
  ASSERT_TRUE(playTrial(*toy.specialiser, slot, [](bool) { return 5; }));
  // A call that began during the trial and ends after it.
  EXPECT_FALSE(toy.specialiser->takesCandidate(slot, trial, 64));
  toy.specialiser->sample(slot, trial, true, 1, 64);
  EXPECT_EQ(roleOf(toy, slot), VariantRole::Out);
}

//===----------------------------------------------------------------------===//
// Bounded variants
//===----------------------------------------------------------------------===//

TEST(SpecialiserEviction, TheLeastRecentlyUsedGoes) {
  SpecialiserOptions options;
  options.maxVariantsPerSite = 1;
  Toy toy(options, hooksWith(compileVariant));
  Specialiser &specialiser = *toy.specialiser;
  int32_t few = toy.slot(kGather, 0), all = toy.slot(kGather, 1);
  auto keep = [](bool candidate) { return candidate ? 1 : 10; };
  want(specialiser, few, 40);
  specialiser.wait();
  ASSERT_TRUE(playTrial(specialiser, few, keep));
  std::shared_ptr<const VariantTable> snapshot = specialiser.table();
  want(specialiser, all, 40);
  specialiser.wait();
  EXPECT_EQ(roleOf(toy, few), VariantRole::Absent);
  EXPECT_EQ(roleOf(toy, all), VariantRole::Trying);
  EXPECT_EQ(toy.report(kGather, 0).state, VariantState::Evicted);
  // Its code lives as long as somebody may run it.
  EXPECT_EQ(variantUse[kFewRows].alive, 1);
  EXPECT_NE(snapshot->entries[few].entry.run, nullptr);
  snapshot.reset();
  EXPECT_EQ(variantUse[kFewRows].alive, 0);

  // It comes back, if it is wanted for longer, and needs no second trial.
  want(specialiser, few, 63);
  specialiser.wait();
  EXPECT_EQ(roleOf(toy, few), VariantRole::Absent);
  want(specialiser, few, 1);
  specialiser.wait();
  EXPECT_EQ(roleOf(toy, few), VariantRole::Kept);
  EXPECT_EQ(toy.report(kGather, 1).state, VariantState::Evicted);
  EXPECT_EQ(specialiser.timeline().size(), 3u);
}

TEST(SpecialiserEviction, UseIsWhatCounts) {
  Plan plan = variantPlan();
  std::vector<PlanVariant> &variants = plan.kernels[kGather].variants;
  variants.push_back(variants[0]);
  variants[2].name = "third";
  SpecialiserOptions options;
  options.maxVariantsPerSite = 2;
  Specialiser specialiser(plan, hooksWith(compileVariant), options);
  int32_t first = specialiser.sites().sites[1].firstSlot;
  for (int32_t v : {0, 1}) {
    want(specialiser, first + v, 40);
    specialiser.wait();
    ASSERT_TRUE(playTrial(specialiser, first + v,
                          [](bool candidate) { return candidate ? 1 : 10; }));
  }
  want(specialiser, first, 1); // the older one is used again
  want(specialiser, first + 2, 40);
  specialiser.wait();
  std::shared_ptr<const VariantTable> table = specialiser.table();
  EXPECT_EQ(table->entries[first].role, VariantRole::Kept);
  EXPECT_EQ(table->entries[first + 1].role, VariantRole::Absent);
  EXPECT_EQ(table->entries[first + 2].role, VariantRole::Trying);
}
