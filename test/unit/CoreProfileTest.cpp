//===- CoreProfileTest.cpp - counts of calls, what counting costs ---------===//
#include "test/unit/CoreTestVariants.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>

using namespace seqc;
using namespace seqc::rt;
using namespace seqc::test;

static SpecialiserOptions off() {
  SpecialiserOptions options;
  options.mode = SpecialiseMode::Off;
  return options;
}

static int64_t callsOf(const Profile &profile, const std::string &kernel,
                       const std::string &name) {
  for (const Profile::Site &site : profile.sites)
    for (const auto &[variant, calls] : site.classes)
      if (site.kernel == kernel && variant == name)
        return calls;
  return -1;
}

static int64_t sum(const Profile::Lengths &bins) {
  int64_t total = 0;
  for (int64_t bin : bins)
    total += bin;
  return total;
}

TEST(ProfileTest, CountsCallsRowsAndLengths) {
  Toy toy(off());
  Session session = toy.session();
  std::vector<Sequence> sequences = batchOf({0, 1, 2, 3, 4, 1000}, 1);
  runChecked(session, sequences, 100);
  ASSERT_TRUE(session.resetState().ok());
  sequences = batchOf({7}, 2);
  runChecked(session, sequences, -100);
  Profile profile = session.profile();
  EXPECT_EQ(profile.model, "toy");
  EXPECT_EQ(profile.fingerprint, profileFingerprint(toy.loaded->plan()));
  EXPECT_EQ(profile.calls, 2);
  EXPECT_EQ(profile.rows, 1017);
  EXPECT_EQ(profile.lengths[0], 1);  // 0
  EXPECT_EQ(profile.lengths[1], 1);  // 1
  EXPECT_EQ(profile.lengths[2], 2);  // 2, 3
  EXPECT_EQ(profile.lengths[3], 2);  // 4 and 7
  EXPECT_EQ(profile.lengths[10], 1); // 1000
  EXPECT_EQ(sum(profile.lengths), 7);
}

TEST(ProfileTest, CountsWhatGatesLetThrough) {
  Plan plan = variantPlan();
  plan.gates[0].window = 4;
  Parallel parallel(1);
  auto loaded =
      *LoadedPlan::create(plan, testKernels(), testWeights(), parallel);
  Session session = *makeSession(loaded, std::make_shared<Parallel>(1));
  std::vector<Sequence> sequences = batchOf({5, 2, 3}, 1);
  runChecked(session, sequences, 100); // all: 5, 2 and 3 rows
  ASSERT_TRUE(session.resetState().ok());
  sequences = batchOf({5, 2, 3}, 1);
  runChecked(session, sequences, -100); // none
  ASSERT_TRUE(session.resetState().ok());
  sequences = batchOf({40}, 2);
  runChecked(session, sequences, 0); // some
  int64_t some = session.gateCounts()[0].active;
  ASSERT_GT(some, 4);
  ASSERT_LT(some, 40);
  Profile profile = session.profile();
  ASSERT_EQ(profile.layers.size(), 1u);
  const Profile::Layer &layer = profile.layers[0];
  EXPECT_EQ(layer.layer, "layers.0");
  EXPECT_EQ(layer.calls, 3);
  EXPECT_EQ(layer.rows, 60);
  EXPECT_EQ(layer.active, 10 + some);
  EXPECT_EQ(layer.density[0], 1);
  EXPECT_EQ(layer.density[Profile::kDensityBins - 1], 1);
  EXPECT_EQ(layer.density[static_cast<size_t>(1 + some * 10 / 40)], 1);
  EXPECT_EQ(layer.longestActive[0], 1);
  EXPECT_EQ(layer.longestActive[3], 1); // 5 of the longest sequence
  EXPECT_EQ(sum(layer.longestActive), 3);
  EXPECT_EQ(layer.window, 4);
  EXPECT_EQ(layer.insideWindow, 1);
}

TEST(ProfileTest, SessionsThatDoNotCountRunGenericKernels) {
  SpecialiserOptions options;
  options.mode = SpecialiseMode::Force;
  Toy toy(options);
  Session counting = toy.session();
  Session other = *makeSession(toy.loaded, std::make_shared<Parallel>(1),
                               toy.specialiser, /*counting=*/false);
  for (Session *session : {&counting, &other}) {
    session->setTiming(true);
    std::vector<Sequence> sequences = batchOf({5}, 1);
    runChecked(*session, sequences, 100); // all rows
  }
  auto variantsOfRun = [](const Session &session) {
    int count = 0;
    for (const StepTime &step : session.stepTimes())
      count += !step.variant.empty() && step.variant != "generic";
    return count;
  };
  EXPECT_GT(variantsOfRun(counting), 0);
  EXPECT_EQ(variantsOfRun(other), 0);
  EXPECT_EQ(counting.profile().calls, 1);
  EXPECT_EQ(counting.profile().layers[0].calls, 1);
  EXPECT_EQ(other.profile().calls, 0);
  EXPECT_EQ(other.profile().layers[0].calls, 0);
}

TEST(ProfileTest, CountsClassesWhateverIsCompiled) {
  for (SpecialiseMode mode :
       {SpecialiseMode::Off, SpecialiseMode::Force, SpecialiseMode::Ahead}) {
    SpecialiserOptions options;
    options.mode = mode;
    Toy toy(options);
    Session session = toy.session();
    auto call = [&](std::vector<int64_t> lengths, float bias) {
      ASSERT_TRUE(session.resetState().ok());
      std::vector<Sequence> sequences = batchOf(lengths, 3);
      runChecked(session, sequences, bias);
    };
    call({1, 1}, 100);  // one row each, few, short
    call({9}, 100);     // all
    call({9, 9}, -100); // none: nothing to gather
    Profile profile = session.profile();
    EXPECT_EQ(callsOf(profile, "sum", "one-row"), 1);
    EXPECT_EQ(callsOf(profile, "sum", "generic"), 2);
    EXPECT_EQ(callsOf(profile, "gather", "few-rows"), 1);
    EXPECT_EQ(callsOf(profile, "gather", "all-rows"), 1);
    EXPECT_EQ(callsOf(profile, "gather", "generic"), 0);
    EXPECT_EQ(callsOf(profile, "pool", "short"), 1);
    EXPECT_EQ(callsOf(profile, "pool", "generic"), 2);
  }
}

TEST(ProfileTest, NamesWhatToCompileAhead) {
  Toy toy(off());
  Session session = toy.session();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(session.resetState().ok());
    std::vector<Sequence> sequences = batchOf({i == 0 ? 9 : 3}, 1);
    runChecked(session, sequences, 100);
  }
  const Plan &plan = toy.loaded->plan();
  Profile profile = session.profile();
  using Ids = std::vector<VariantId>;
  EXPECT_EQ(variantsOf(profile, plan), (Ids{{kGather, 0}, {kGather, 1}}));
  EXPECT_EQ(variantsOf(profile, plan, 2), (Ids{{kGather, 0}}));
  EXPECT_EQ(variantsOf(profile, plan, 9), Ids());
  SpecialiserOptions options;
  options.mode = SpecialiseMode::Ahead;
  Toy ahead(options);
  EXPECT_EQ(ahead.specialiser->compileAhead(variantsOf(profile, plan)), 2u);
}

TEST(ProfileTest, InterpretedPlansCountGates) {
  Plan plan = testPlan();
  plan.run.clear();
  plan.prepare.clear();
  auto loaded = *LoadedPlan::interpret(
      plan, [](const SeqcBuffer *, int64_t *symbols) -> Status {
        symbols[kFirstCountSymbol] = 2;
        return {};
      });
  Session session = *makeSession(loaded, std::make_shared<Parallel>(1));
  std::vector<Sequence> one = batchOf({4}, 1), two = batchOf({4, 6}, 1);
  Call first(one), second(two);
  ASSERT_TRUE(first.run(session).ok());
  ASSERT_TRUE(session.resetState().ok());
  ASSERT_TRUE(second.run(session).ok());
  const Profile::Layer layer = session.profile().layers[0];
  EXPECT_EQ(layer.calls, 2);
  EXPECT_EQ(layer.rows, 14);
  EXPECT_EQ(layer.active, 4);
  EXPECT_EQ(sum(layer.longestActive), 1) << "known for one sequence only";
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

static Profile recorded() {
  Toy toy(off());
  Session session = toy.session();
  std::vector<Sequence> sequences = batchOf({5, 2, 0}, 1);
  runChecked(session, sequences, 0);
  return session.profile();
}

TEST(ProfileText, IsReadBackAsItWas) {
  Profile profile = recorded();
  profile.model = "a \"name\"\n";
  std::string text = profile.serialise();
  Result<Profile> back = Profile::parse(text);
  ASSERT_TRUE(back.ok()) << back.status().str();
  EXPECT_EQ(back->serialise(), text);
  EXPECT_EQ(back->model, profile.model);
  EXPECT_EQ(back->sites.size(), 3u);
}

TEST(ProfileText, AProfileOfAnotherModelIsRefused) {
  Plan plan = variantPlan();
  Profile profile = recorded();
  EXPECT_TRUE(checkProfile(profile, plan).ok());
  plan.target = "another";
  plan.kernels[0].objectKey = "another";
  EXPECT_TRUE(checkProfile(profile, plan).ok()) << "target and code may differ";
  plan.kernels[kGather].variants.pop_back();
  EXPECT_EQ(checkProfile(profile, plan).message(),
            "the profile of 'toy' was made with other inputs, outputs, states, "
            "positions, layers, kernels or variants; record it again");
  for (auto change : {+[](Plan &p) { p.maxPositions = 8; },
                      +[](Plan &p) { p.causal = !p.causal; },
                      +[](Plan &p) { p.buffers[0].shape[1].addend += 1; },
                      +[](Plan &p) { p.buffers[1].valueLimit += 1; }}) {
    plan = variantPlan();
    change(plan);
    EXPECT_FALSE(checkProfile(profile, plan).ok());
  }
  // The same file by another path, or other weights.
  plan = variantPlan();
  plan.model = "other";
  EXPECT_TRUE(checkProfile(profile, plan).ok());
  plan.run[0].layer = "elsewhere";
  EXPECT_EQ(checkProfile(profile, plan).message(),
            "the profile is of model 'toy', expected one of 'other'");
}

TEST(ProfileText, DamagedTextIsRefused) {
  std::string text = recorded().serialise();
  auto refused = [](const std::string &damaged, const char *why) {
    Result<Profile> result = Profile::parse(damaged);
    ASSERT_FALSE(result.ok());
    EXPECT_NE(result.status().message().find(why), std::string::npos)
        << result.status().message();
  };
  refused("", "profile: not JSON: stops making sense at line 1, column 1");
  refused("{\n \"format\": oops}", "at line 2, column 12");
  refused("[]", "expected an object with 'format'");
  refused("{}", "no field 'format'");
  refused("{\"format\": \"seqc-model\"}", "expected format 'seqc-profile'");
  auto swapped = [&](const std::string &from, const std::string &to) {
    std::string copy = text;
    size_t at = copy.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return copy.replace(at, from.size(), to);
  };
  refused(swapped("\"version\": 1", "\"version\": 9"), "record it again");
  refused(swapped("\"calls\": 1", "\"calls\": -1"), "expected a count");
  refused(swapped("\"calls\": 1", "\"calls\": 1.5"), "expected an integer");
  refused(swapped("\"calls\": 1", "\"calls\": 18446744073709551615"),
          "out of range");
  refused(swapped("\"lengths\": [", "\"lengths\": [1,"), "counts in 'lengths'");
  refused(swapped("\"calls\": 1,", "\"calls\": 1, \"cals\": 2,"),
          "unknown field 'cals', expected one of format, version");
  refused(swapped("\"window\"", "\"windw\": 3, \"window\""),
          "unknown field 'windw'");
  refused(swapped("\"kernel\"", "\"kernl\": 3, \"kernel\""),
          "unknown field 'kernl'");
  for (size_t end = 0; end < text.size() - 2; end += 7)
    EXPECT_FALSE(Profile::parse(text.substr(0, end)).ok()) << end;
}

TEST(ProfileText, ProfilesAddUp) {
  Profile one = recorded(), two = recorded();
  ASSERT_TRUE(one.merge(two).ok());
  EXPECT_EQ(one.calls, 2 * two.calls);
  EXPECT_EQ(one.rows, 14);
  EXPECT_EQ(one.layers[0].active, 2 * two.layers[0].active);
  EXPECT_EQ(sum(one.lengths), 6);
  EXPECT_EQ(callsOf(one, "sum", "generic"), 2);
  two.fingerprint = "of something else";
  EXPECT_EQ(one.merge(two).message(),
            "expected a profile of the same program as that of 'toy', got one "
            "with other inputs, outputs, states, positions, layers, kernels or "
            "variants");
  two.model = "other";
  EXPECT_EQ(one.merge(two).message(),
            "expected a profile of the same program as that of 'toy', got one "
            "of 'other'");
}

//===----------------------------------------------------------------------===//
// What it costs
//===----------------------------------------------------------------------===//

/// Best of several rounds, in nanoseconds per call of `work`.
template <class Work> static double nanoseconds(int calls, Work work) {
  using Clock = std::chrono::steady_clock;
  double best = 1e18;
  for (int round = 0; round < 7; ++round) {
    Clock::time_point start = Clock::now();
    for (int i = 0; i < calls; ++i)
      work();
    double ns =
        std::chrono::duration<double, std::nano>(Clock::now() - start).count();
    best = std::min(best, ns / calls);
  }
  return best;
}

/// Dispatch at a site with two variants: generic, kept, and on a batch whose
/// offsets a guard reads.
TEST(OverheadBench, DispatchPerCallSite) {
  Toy toy(off());
  Profiler profiler(toy.loaded->plan(), toy.loaded->sites());
  Dispatcher dispatcher(toy.loaded->sites(), profiler, toy.specialiser);
  std::vector<int32_t> offsets(65);
  for (int32_t b = 0; b <= 64; ++b)
    offsets[b] = 2 * b;
  SeqcBuffer args[4] = {};
  for (SeqcBuffer &arg : args)
    arg = {offsets.data(), {64, 3, 1, 1}};
  args[1].dims[0] = 65;
  int32_t slot = toy.slot(kGather, 1);
  auto cost = [&](int32_t site) {
    dispatcher.beginRun();
    return nanoseconds(20000, [&] {
      Dispatcher::Choice choice =
          dispatcher.choose(site, args, 4, {gatherRun, gatherTasks});
      dispatcher.finish(choice);
    });
  };
  double none = cost(1), batch = cost(2);
  args[1].dims[0] = 64;
  toy.specialiser->install(slot, VariantRole::Kept,
                           *compileVariant(kGather, 1));
  double kept = cost(1);
  double hands = nanoseconds(5000, [&] {
    dispatcher.beginRun();
    dispatcher.endRun();
  });
  std::printf("dispatch per call site: no variant holds %.1f ns, kept %.1f ns, "
              "guard over 64 sequences %.1f ns; per call %.1f ns\n",
              none, kept, batch, hands);
  for (double ns : {none, kept, batch, hands})
    EXPECT_LT(ns, 2000);
}

/// A session that is no longer new: a site without code, with and without a
/// sample, in a call of forty sites.
TEST(OverheadBench, ObservationPerCall) {
  Toy toy(off());
  Profiler profiler(toy.loaded->plan(), toy.loaded->sites());
  Dispatcher dispatcher(toy.loaded->sites(), profiler, nullptr);
  SeqcBuffer args[4] = {};
  for (SeqcBuffer &arg : args)
    arg = {nullptr, {7, 3, 1, 1}};
  int asked = 0;
  auto call = [&] {
    dispatcher.beginRun();
    for (int site = 0; site < 40; ++site)
      if (dispatcher.asksAt(1)) {
        ++asked;
        dispatcher.finish(
            dispatcher.choose(1, args, 4, {gatherRun, gatherTasks}));
      }
    dispatcher.endRun();
  };
  for (int i = 0; i < 256; ++i)
    call();
  EXPECT_EQ(asked, 256 * 40) << "a new session's calls are all counted";
  asked = 0;
  double ns = nanoseconds(20000, call);
  double share = static_cast<double>(asked) / (7 * 20000 * 40);
  EXPECT_NEAR(share, 1.0 / 32, 0.01);
  std::printf(
      "observation of forty sites: %.1f ns per call, %.3f %% of 15 us\n", ns,
      ns / 150);
  EXPECT_LT(ns, 2000);
}

TEST(ProfileTest, LongSessionsAreCountedBySamples) {
  Toy toy(off());
  Session session = toy.session();
  for (int i = 0; i < 4000; ++i) {
    ASSERT_TRUE(session.resetState().ok());
    std::vector<Sequence> sequences = batchOf({i % 4 ? 9 : 3}, 1);
    Call call(sequences);
    ASSERT_TRUE(session.setOption("act_bias", 100).ok());
    ASSERT_TRUE(call.run(session).ok());
  }
  Profile profile = session.profile();
  EXPECT_EQ(profile.calls, 4000);
  EXPECT_EQ(profile.layers[0].calls, 4000);
  double few = static_cast<double>(callsOf(profile, "gather", "few-rows"));
  double all = static_cast<double>(callsOf(profile, "gather", "all-rows"));
  EXPECT_NEAR(few + all, 4000, 1200);
  EXPECT_NEAR(few / (few + all), 0.25, 0.12);
}

/// The counts of a call with four gated layers and forty sites against a short
/// call of a real model of that size (20 us for one token).
TEST(OverheadBench, ProfilePerCall) {
  Toy toy(off());
  Profiler profiler(toy.loaded->plan(), toy.loaded->sites());
  int64_t lengths[] = {1};
  double ns = nanoseconds(20000, [&] {
    profiler.countCall(lengths, 1, 1);
    for (int gate = 0; gate < 4; ++gate)
      profiler.countGate(0, 1, 1, 1);
    for (int site = 0; site < 40; ++site)
      profiler.countClass(site % 4, 1);
  });
  std::printf("profile per call: %.1f ns, %.3f %% of 20 us\n", ns, ns / 200);
  EXPECT_LT(ns, 2000);
}
