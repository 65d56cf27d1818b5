//===- CoreDispatchTest.cpp - sessions take the variants that hold --------===//
#include "test/unit/CoreTestVariants.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <map>
#include <random>
#include <thread>

using namespace seqc;
using namespace seqc::rt;
using namespace seqc::test;

static Toy toyOf(SpecialiseMode mode, int threads = 1) {
  SpecialiserOptions options;
  options.mode = mode;
  SpecialiserHooks hooks;
  hooks.compile = compileVariant;
  return Toy(options, hooks, threads);
}

/// Calls of one kind, checked, each on fresh states.
static void runMany(Session &session, int calls,
                    const std::vector<int64_t> &lengths, float bias) {
  for (int i = 0; i < calls; ++i) {
    ASSERT_TRUE(session.resetState().ok());
    std::vector<Sequence> sequences =
        batchOf(lengths, static_cast<unsigned>(i));
    ASSERT_NO_FATAL_FAILURE(runChecked(session, sequences, bias));
  }
}

//===----------------------------------------------------------------------===//
// Modes
//===----------------------------------------------------------------------===//

TEST(DispatchTest, ForcedVariantsRunWhereTheyMay) {
  Toy toy = toyOf(SpecialiseMode::Force);
  EXPECT_EQ(toy.specialiser->timeline().size(), 4u);
  Session session = toy.session();
  session.setTiming(true);
  int64_t few = variantUse[kFewRows].ran, all = variantUse[kAllRows].ran,
          one = variantUse[kOneRow].ran, shortRuns = variantUse[kShort].ran;
  runMany(session, 1, {9}, 100); // all rows
  EXPECT_GT(variantUse[kAllRows].ran, all);
  EXPECT_EQ(variantUse[kFewRows].ran, few);
  EXPECT_EQ(session.stepTimes()[0].variant, "generic");
  EXPECT_EQ(session.stepTimes()[1].variant, "");
  EXPECT_EQ(session.stepTimes()[3].variant, "all-rows");
  runMany(session, 1, {1, 1, 1}, 0);
  EXPECT_EQ(variantUse[kOneRow].ran, one + 1);
  EXPECT_EQ(variantUse[kShort].ran, shortRuns + 1);
  EXPECT_EQ(session.stepTimes()[0].variant, "one-row");
  runMany(session, 1, {3, 40}, -100); // none: nothing to gather
  EXPECT_EQ(session.stepTimes()[3].variant, "");
  EXPECT_EQ(ranDead, 0);
}

TEST(DispatchTest, AheadIsWhatWasNamedAndNothingElse) {
  Toy toy = toyOf(SpecialiseMode::Ahead);
  EXPECT_TRUE(toy.specialiser->timeline().empty());
  EXPECT_EQ(toy.specialiser->compileAhead(
                {{kGather, 1}, {kGather, 1}, {kGather, 9}, {77, 0}}),
            1u);
  Session session = toy.session();
  int64_t all = variantUse[kAllRows].ran, one = variantUse[kOneRow].ran;
  runMany(session, 100, {9}, 100);
  runMany(session, 100, {1, 1}, -100);
  toy.specialiser->wait();
  EXPECT_GE(variantUse[kAllRows].ran, all + 100);
  EXPECT_EQ(variantUse[kOneRow].ran, one);
  EXPECT_EQ(toy.specialiser->timeline().size(), 1u);
  EXPECT_EQ(toy.report(kGather, 1).state, VariantState::Kept);
  EXPECT_EQ(toy.report(kSum, 0).state, VariantState::Seen);
}

TEST(DispatchTest, OffCountsOnly) {
  Toy toy = toyOf(SpecialiseMode::Off);
  {
    Session session = toy.session();
    runMany(session, 100, {1, 1}, 0);
  } // hands over what is left
  toy.specialiser->wait();
  EXPECT_TRUE(toy.specialiser->timeline().empty());
  EXPECT_EQ(toy.report(kSum, 0).calls, 100);
  EXPECT_EQ(toy.report(kSum, 0).ran, 0);
  EXPECT_EQ(toy.report(kPool, 0).calls, 100);
  for (const SiteReport &site : toy.specialiser->report())
    if (site.kernel == kSum) {
      EXPECT_EQ(site.genericCalls, 0);
      EXPECT_EQ(site.layer, "layers.0");
      EXPECT_EQ(site.symbol, "sum");
    }
}

/// A call where the first variant is out of the question goes to the next.
TEST(DispatchTest, WhatIsOutMakesRoomForTheNext) {
  Toy toy = toyOf(SpecialiseMode::Off);
  int32_t few = toy.slot(kGather, 0), all = toy.slot(kGather, 1);
  Session session = toy.session();
  runMany(session, 8, {3}, 100); // both hold
  EXPECT_EQ(toy.report(kGather, 0).calls, 8);
  EXPECT_EQ(toy.report(kGather, 1).calls, 0);
  toy.specialiser->install(few, VariantRole::Out);
  runMany(session, 8, {3}, 100);
  EXPECT_EQ(toy.report(kGather, 0).calls, 8);
  EXPECT_EQ(toy.report(kGather, 1).calls, 8);
  // While the first is wanted but not there, the next one runs.
  toy.specialiser->install(few, VariantRole::Absent);
  toy.specialiser->install(all, VariantRole::Kept, *compileVariant(kGather, 1));
  int64_t ran = variantUse[kAllRows].ran;
  runMany(session, 8, {3}, 100);
  EXPECT_EQ(variantUse[kAllRows].ran, ran + 8);
  EXPECT_EQ(toy.report(kGather, 0).calls, 16);
  EXPECT_EQ(toy.report(kGather, 1).ran, 8);
}

TEST(DispatchTest, LargerScratchIsThereBeforeItIsUsed) {
  Toy toy = toyOf(SpecialiseMode::Off);
  Session session = toy.session();
  runMany(session, 1, {4}, 100);
  size_t before = session.workspaceBytes();
  CompiledVariant few = *compileVariant(kGather, 0);
  few.scratchBytes = 1 << 20;
  few.entry.run = [](const SeqcBuffer *args, int64_t begin, int64_t end,
                     void *scratch) {
    std::fill_n(static_cast<char *>(scratch), 1 << 20, 'x');
    fewRun(args, begin, end, scratch);
  };
  toy.specialiser->install(toy.slot(kGather, 0), VariantRole::Kept, few);
  runMany(session, 2, {4}, 100);
  EXPECT_GE(session.workspaceBytes(), before + (1 << 20) - 4096);
}

TEST(DispatchTest, AnOldSnapshotIsLetGoWithTheNextCall) {
  Toy toy = toyOf(SpecialiseMode::Force);
  Session session = toy.session();
  runMany(session, 1, {4}, 100);
  int64_t alive = variantUse[kFewRows].alive;
  toy.specialiser->install(toy.slot(kGather, 0), VariantRole::Absent);
  // The specialiser may still know the code, the session's table holds it.
  runMany(session, 1, {4}, 100);
  EXPECT_LE(variantUse[kFewRows].alive, alive);
  EXPECT_EQ(ranDead, 0);
}

//===----------------------------------------------------------------------===//
// Nothing active
//===----------------------------------------------------------------------===//

static std::atomic<int> askedForTasks{0};

/// The gather and the scatter behind it, and no other step.
static void expectLeftOut(const std::vector<StepTime> &times, bool leftOut) {
  for (size_t i = 0; i < times.size(); ++i) {
    bool follows = i == 4 || i == 5;
    EXPECT_EQ(times[i].idleWith, follows ? "kept" : "") << i;
    EXPECT_EQ(times[i].leftOut, follows && leftOut) << i;
  }
}

TEST(DispatchTest, StepsWithoutEffectAreLeftOutTogether) {
  Plan plan = testPlan();
  std::swap(plan.run[3], plan.run[4]); // the copy first, then gather, scatter
  plan.run[4].idleWith = plan.run[5].idleWith = kFirstCountSymbol;
  KernelSet kernels = testKernels();
  for (int kernel : {2, 3})
    kernels.entries[kernel].tasks = [](const SeqcBuffer *args) {
      ++askedForTasks;
      return gatherTasks(args);
    };
  auto parallel = std::make_shared<const Parallel>(1);
  auto loaded = LoadedPlan::create(plan, kernels, testWeights(), *parallel);
  ASSERT_TRUE(loaded.ok()) << loaded.status().str();
  Session session = *makeSession(*loaded, parallel);
  for (bool timing : {false, true}) {
    session.setTiming(timing);
    askedForTasks = 0;
    runMany(session, 3, {5, 2}, -100);
    EXPECT_EQ(askedForTasks, 0);
    if (timing)
      expectLeftOut(session.stepTimes(), true);
    runMany(session, 3, {5, 2}, 100);
    EXPECT_EQ(askedForTasks, 6);
    if (timing)
      expectLeftOut(session.stepTimes(), false);
    runMany(session, 3, {5, 2}, -100);
    EXPECT_EQ(askedForTasks, 6);
    runMany(session, 3, {0, 0}, 100); // no rows at all
    EXPECT_EQ(askedForTasks, 6);
  }
}

TEST(DispatchTest, IdleStepsFollowAKnownCount) {
  auto message = [](int step, int32_t symbol) {
    Plan plan = testPlan();
    plan.run[step].idleWith = symbol;
    return verify(plan).message();
  };
  EXPECT_EQ(message(3, kFirstCountSymbol), "");
  for (std::string text : {message(3, kSymbolRows), message(3, 3),
                           message(0, kFirstCountSymbol),  // not yet counted
                           message(4, kFirstCountSymbol)}) // a copy
    EXPECT_NE(text.find("expected a kernel and a count known before"),
              std::string::npos)
        << text;
}

//===----------------------------------------------------------------------===//
// From the first call to the verdict
//===----------------------------------------------------------------------===//

static std::atomic<int64_t> fakeNs{0};

/// Every call takes 1000 ns, those of variants `cost` more or less.
static Toy timedToy(int64_t cost) {
  SpecialiserHooks hooks;
  hooks.now = [] { return fakeNs += 1000; };
  hooks.compile = [cost](int32_t kernel,
                         int32_t variant) -> Result<CompiledVariant> {
    CompiledVariant compiled = *compileVariant(kernel, variant);
    if (kernel == kGather && variant == 1 && cost < 0)
      compiled.entry.run = [](const SeqcBuffer *a, int64_t begin, int64_t end,
                              void *scratch) {
        fakeNs -= 300;
        allRun(a, begin, end, scratch);
      };
    if (kernel == kGather && variant == 1 && cost > 0)
      compiled.entry.run = [](const SeqcBuffer *a, int64_t begin, int64_t end,
                              void *scratch) {
        fakeNs += 300;
        allRun(a, begin, end, scratch);
      };
    return compiled;
  };
  return Toy(SpecialiserOptions(), hooks);
}

TEST(DispatchTest, ATrialTakesTurnsAndEnds) {
  for (int64_t cost : {-1, 1}) {
    Toy toy = timedToy(cost);
    Session session = toy.session();
    runMany(session, 40, {9}, 100);
    toy.specialiser->wait();
    ASSERT_EQ(toy.report(kGather, 1).state, VariantState::Trying);
    int64_t ran = variantUse[kAllRows].ran;
    runMany(session, 30, {9}, 100);
    int64_t turns = variantUse[kAllRows].ran - ran;
    EXPECT_GT(turns, 5);
    EXPECT_LT(turns, 25);
    runMany(session, 60, {9}, 100);
    VariantReport report = toy.report(kGather, 1);
    EXPECT_EQ(report.state,
              cost < 0 ? VariantState::Kept : VariantState::Dropped);
    EXPECT_EQ(report.figures.samples, 15);
    EXPECT_NEAR(report.figures.gain, cost < 0 ? 0.3 : -0.3, 1e-6);
    ran = variantUse[kAllRows].ran;
    runMany(session, 20, {9}, 100);
    EXPECT_EQ(variantUse[kAllRows].ran - ran, cost < 0 ? 20 : 0);
  }
}

/// Calls until the gather's class `all-rows` is compiled, which is said to take
/// 200 us. A clock that is read twice says 1 us.
static int callsUntilCompiled(Toy &toy, int callsPerSession) {
  for (int made = 0; made < 2000;) {
    Session session = toy.session();
    for (int i = 0; i < callsPerSession; ++i, ++made)
      runMany(session, 1, {9}, 100);
    toy.specialiser->drain();
    if (!toy.specialiser->timeline().empty())
      return made;
  }
  return -1;
}

TEST(DispatchTest, ASiteIsCompiledOnceItsTimePays) {
  for (int callsPerSession : {1, 8, 64}) {
    SpecialiserHooks hooks;
    hooks.compile = compileVariant;
    hooks.now = [] { return fakeNs += 1000; };
    hooks.compileNs = [](int32_t) { return 200000; };
    Toy toy({}, hooks);
    int made = callsUntilCompiled(toy, callsPerSession);
    EXPECT_GE(made, 200) << callsPerSession;
    EXPECT_LE(made, 200 + std::max(8, callsPerSession)) << callsPerSession;
    EXPECT_EQ(toy.specialiser->timeline()[0].variant, (VariantId{kGather, 1}));
  }
}

TEST(DispatchTest, OneSiteOfACallIsTimed) {
  static std::atomic<int> readings{0};
  SpecialiserHooks hooks;
  hooks.compile = compileVariant;
  hooks.now = [] { return ++readings, fakeNs += 1000; };
  hooks.compileNs = [](int32_t) { return INT64_MAX; };
  Toy toy({}, hooks);
  Session session = toy.session();
  for (int i = 0; i < 256; ++i) {
    int before = readings;
    runMany(session, 1, {1, 1}, 100); // every site has a variant for it
    EXPECT_EQ(readings - before, 2);
  }
  // From now on only calls that are looked at.
  readings = 0;
  runMany(session, 800, {1, 1}, 100);
  EXPECT_GT(readings, 100);
  EXPECT_LT(readings, 300);
  // Those without a variant need no times.
  Session other = toy.session();
  readings = 0;
  runMany(other, 100, {9, 9}, -100);
  EXPECT_EQ(readings, 0);
}

TEST(DispatchTest, ManyShortSessionsTogetherReachAVerdict) {
  Toy toy = timedToy(-1);
  for (int i = 0; i < 200; ++i) {
    Session session = toy.session();
    runMany(session, 1, {9}, 100);
    if (i == 50)
      toy.specialiser->wait();
  }
  EXPECT_EQ(toy.report(kGather, 1).state, VariantState::Kept);
  EXPECT_EQ(toy.report(kGather, 1).calls, 200);
}

TEST(DispatchTest, WanderingBetweenClassesCompilesEachOnce) {
  Toy toy = timedToy(-1);
  Session session = toy.session();
  std::mt19937 random(3);
  for (int i = 0; i < 600; ++i)
    runMany(session, 1, {random() % 2 ? 3 : 9}, random() % 2 ? 100.f : 0.f);
  toy.specialiser->wait();
  std::map<VariantId, int> compiles;
  for (const CompileEvent &event : toy.specialiser->timeline())
    EXPECT_EQ(++compiles[event.variant], 1);
}

//===----------------------------------------------------------------------===//
// Any variant at any time
//===----------------------------------------------------------------------===//

/// Another variant, or none, at one of the sites.
static void swapOne(const Toy &toy, std::mt19937 &random) {
  const VariantId ids[] = {{kGather, 0}, {kGather, 1}, {kSum, 0}, {kPool, 0}};
  const VariantRole roles[] = {VariantRole::Kept, VariantRole::Kept,
                               VariantRole::Trying, VariantRole::Absent,
                               VariantRole::Out};
  VariantId id = ids[random() % 4];
  VariantRole role = roles[random() % 5];
  CompiledVariant variant;
  if (role == VariantRole::Kept || role == VariantRole::Trying)
    variant = *compileVariant(id.kernel, id.variant);
  toy.specialiser->install(toy.slot(id.kernel, id.variant), role, variant);
}

namespace {

/// Sessions of one thread: random calls, all checked.
struct Caller {
  Caller(const Toy &toy, bool swap, unsigned seed)
      : toy(toy), swap(swap), random(seed) {}

  void run(int wanted) {
    while (calls < wanted && !testing::Test::HasFatalFailure()) {
      Session session = toy.session();
      std::vector<Sequence> sequences(random() % 4);
      for (int i = random() % 40; i >= 0 && calls < wanted; --i)
        call(session, sequences);
    }
  }
  void call(Session &session, std::vector<Sequence> &sequences) {
    int64_t longest = random() % 3 ? 12 : 1 + random() % 2;
    bool tokenwise = random() % 4 == 0;
    for (Sequence &sequence : sequences)
      randomTokens(sequence, tokenwise ? 1 : random() % (longest + 1), random);
    const float biases[] = {-100, -3, -1, 0, 2, 100}; // density 0 to 1
    if (swap && random() % 4 == 0)
      swapOne(toy, random);
    runChecked(session, sequences, biases[random() % 6]);
    ++calls;
  }

  const Toy &toy;
  bool swap;
  std::mt19937 random;
  int calls = 0;
};

} // namespace

static void swapVariants(const Toy &toy, const std::atomic<bool> &stop) {
  std::mt19937 random(99);
  while (!stop) {
    swapOne(toy, random);
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 50));
  }
}

static void runStress(SpecialiseMode mode, int calls) {
  Toy toy = toyOf(mode, 2);
  std::atomic<bool> stop{false};
  std::thread swapper([&] { swapVariants(toy, stop); });
  std::vector<std::thread> threads;
  std::atomic<int> total{0};
  for (unsigned i = 0; i < 3; ++i)
    threads.emplace_back([&, i] {
      Caller caller(toy, true, i + 1);
      caller.run(calls / 3 + 1);
      total += caller.calls;
    });
  for (std::thread &thread : threads)
    thread.join();
  stop = true;
  swapper.join();
  EXPECT_GE(total, calls);
}

TEST(DispatchStress, ResultsDoNotDependOnWhatRuns) {
  int64_t before[kTestVariants];
  for (int v = 0; v < kTestVariants; ++v)
    before[v] = variantUse[v].ran;
  runStress(SpecialiseMode::Off, 1500);
  runStress(SpecialiseMode::Background, 1500);
  for (int v = 0; v < kTestVariants; ++v) {
    EXPECT_GT(variantUse[v].ran, before[v]) << v;
    EXPECT_EQ(variantUse[v].alive, 0) << v;
  }
  EXPECT_EQ(ranDead, 0);
}

TEST(DispatchStress, AtItsOwnPaceWithoutSwaps) {
  Toy toy = toyOf(SpecialiseMode::Background);
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 3; ++i)
    threads.emplace_back([&, i] { Caller(toy, false, i + 50).run(600); });
  for (std::thread &thread : threads)
    thread.join();
  toy.specialiser->wait();
  EXPECT_FALSE(toy.specialiser->timeline().empty());
  EXPECT_EQ(ranDead, 0);
}
