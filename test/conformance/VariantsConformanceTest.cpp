//===- VariantsConformanceTest.cpp - variants against the reference -------===//
//
// A variant may be taken wherever its guard holds, so what it computes is
// compared call by call with the reference, and none may be listed that no call
// here runs.
//
//===----------------------------------------------------------------------===//

#include "Lab.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <thread>

using namespace seqc;
using namespace seqc::lab;

namespace {

struct Subject {
  const char *name;
  Model model;
  bool gated = false;
  /// Of a call against the reference.
  double tolerance = kAgainstReference;
};

/// What one call passes; `lengths` may be empty.
struct Call {
  Tensor input;
  std::vector<int64_t> lengths;
};

/// Calls of one session, from zero state.
struct Stream {
  std::string name;
  float actBias = 0;
  std::vector<Call> calls;
};

} // namespace

static constexpr int64_t kWidth = 32;
static constexpr float kFewActive = 0.3f; ///< an act_bias

static std::vector<Subject> subjects() {
  SeqBoat config;
  config.width = kWidth, config.latent = 16, config.hidden = 40;
  config.states = 16, config.window = 6, config.layers = 2;
  config.positions = "rank_bias", config.norm = "rms";
  return {{"seqboat", seqBoat(config), /*gated=*/true},
          {"selective", selective(kWidth, 36, 16, 4)}};
}

//===----------------------------------------------------------------------===//
// Streams of calls
//===----------------------------------------------------------------------===//

/// Decoding steps: one token for each sequence; with `prefill` rows before.
static Stream decoding(int64_t batch, float bias, int64_t prefill) {
  Stream stream;
  stream.name = "decoding " + std::to_string(batch) + " sequences after " +
                std::to_string(prefill) + " rows";
  stream.actBias = bias;
  if (prefill)
    stream.calls.push_back({randomRows(batch, prefill, kWidth, 7), {}});
  for (int step = 0; step < 6; ++step)
    stream.calls.push_back({randomRows(batch, 1, kWidth, 20 + step), {}});
  return stream;
}

/// Padded calls whose sequences differ in length, or have no row at all.
static Stream ragged(float bias) {
  Stream stream;
  stream.name = "ragged lengths";
  stream.actBias = bias;
  const std::vector<std::vector<int64_t>> lengths = {
      {9, 0, 4, 1}, {1, 1, 1, 1}, {1, 0, 1, 0}, {0, 0, 0, 0},
      {0, 3, 0, 0}, {1, 1, 1, 1}, {2, 7, 1, 8}};
  int seed = 50;
  for (const std::vector<int64_t> &each : lengths)
    stream.calls.push_back({randomRows(4, 9, kWidth, seed++), each});
  return stream;
}

/// Calls of many rows one after the other, and one without rows.
static Stream prefilling(int64_t batch, float bias) {
  Stream stream;
  stream.name = "prefill of " + std::to_string(batch) + " sequences";
  stream.actBias = bias;
  int seed = 80;
  for (int64_t length : {37, 5, 0, 64, 2})
    stream.calls.push_back({randomRows(batch, length, kWidth, seed++), {}});
  return stream;
}

static std::vector<Stream> streams(bool gated) {
  std::vector<Stream> all;
  std::vector<float> biases = {0};
  // Few rows active, none, all.
  if (gated)
    biases = {0, kFewActive, INFINITY, -INFINITY};
  for (float bias : biases) {
    for (int64_t batch : {1, 2, 4, 8})
      all.push_back(decoding(batch, bias, /*prefill=*/0));
    all.push_back(decoding(3, bias, /*prefill=*/17));
    all.push_back(ragged(bias));
    all.push_back(prefilling(1, bias));
    all.push_back(prefilling(3, bias));
  }
  return all;
}

static Session openWith(const Program &program, float actBias) {
  Session session = open(program);
  if (actBias != 0) {
    Status status = session.setOption("act_bias", actBias);
    EXPECT_TRUE(status.ok()) << status.str();
  }
  return session;
}

static std::vector<Tensor> run(const Program &program, const Stream &stream) {
  Session session = openWith(program, stream.actBias);
  std::vector<Tensor> results;
  for (const Call &each : stream.calls)
    results.push_back(call(session, program, each.input, each.lengths));
  return results;
}

//===----------------------------------------------------------------------===//
// Every variant
//===----------------------------------------------------------------------===//

/// Calls that each variant of each kernel answered, over its layers. Sessions
/// have handed over their counts when they end.
static std::map<std::string, int64_t> variantRuns(const Program &program) {
  std::map<std::string, int64_t> runs;
  for (const SiteVariants &site : program.variants())
    for (const VariantInfo &variant : site.variants)
      runs[site.kernel + " " + variant.name] += variant.ran;
  return runs;
}

TEST(Variants, AgreeWithTheReference) {
  for (Subject &subject : subjects()) {
    Program reference = compile(subject.model, "reference");
    const std::vector<Stream> asked = streams(subject.gated);
    std::vector<std::vector<Tensor>> expected;
    for (const Stream &stream : asked)
      expected.push_back(run(reference, stream));
    for (const std::string &target : runnableTargets()) {
      Program program = compile(subject.model, target, Specialise::Force);
      for (size_t s = 0; s < asked.size(); ++s) {
        std::vector<Tensor> got = run(program, asked[s]);
        for (size_t i = 0; i < got.size(); ++i)
          EXPECT_LE(difference(got[i], expected[s][i]), subject.tolerance)
              << subject.name << ", " << target << ", " << asked[s].name
              << ", act_bias " << asked[s].actBias << ", call " << i;
      }
      std::map<std::string, int64_t> runs = variantRuns(program);
      EXPECT_FALSE(runs.empty()) << subject.name << ", " << target;
      for (const auto &[variant, count] : runs)
        EXPECT_GT(count, 0) << subject.name << ", " << target << ": " << variant
                            << " was never run";
    }
  }
}

TEST(Variants, FewActiveRowsAreFew) {
  // The list above would say little if that bias left none.
  Subject subject = std::move(subjects()[0]);
  Program program = compile(subject.model, "cpu", Specialise::Off);
  Session session = openWith(program, kFewActive);
  call(session, program, randomRows(1, 64, kWidth));
  int64_t active = 0;
  for (const GateCount &gate : session.gateCounts()) {
    EXPECT_LT(gate.active, 20) << gate.layer;
    active += gate.active;
  }
  EXPECT_GT(active, 2);
}

//===----------------------------------------------------------------------===//
// Variants that come and go while calls are answered
//===----------------------------------------------------------------------===//

/// A call of any size, mostly small ones, which classes are made for.
static Call anyCall(std::mt19937 &random, int64_t batch) {
  auto below = [&](int64_t limit) {
    return static_cast<int64_t>(random() % static_cast<uint32_t>(limit));
  };
  int64_t length = below(4) ? 1 : below(13);
  Call made{randomRows(batch, length, kWidth, int(random() % 100000)), {}};
  if (below(3) == 0)
    for (int64_t b = 0; b < batch; ++b)
      made.lengths.push_back(below(length + 1));
  return made;
}

/// Random calls of sessions that begin anew now and then, each compared; the
/// largest difference.
static double worstOfRandomCalls(const Program &program,
                                 const Program &reference, int seed,
                                 int sessions, int calls, bool gated) {
  std::mt19937 random(seed);
  const float biases[] = {0, 0, kFewActive, INFINITY, -INFINITY};
  double worst = 0;
  for (int s = 0; s < sessions; ++s) {
    int64_t batch = int64_t(1) << (random() % 4);
    float bias = gated ? biases[random() % 5] : 0;
    Session tested = openWith(program, bias);
    Session known = openWith(reference, bias);
    for (int i = 0; i < calls; ++i) {
      Call each = anyCall(random, batch);
      Tensor expected = call(known, reference, each.input, each.lengths);
      Tensor got = call(tested, program, each.input, each.lengths);
      worst = std::max(worst, difference(got, expected));
    }
  }
  return worst;
}

TEST(Variants, InTheBackgroundNeverChangeTheResult) {
  constexpr int kSessions = 8, kCalls = 80;
  for (Subject &subject : subjects()) {
    Program reference = compile(subject.model, "reference");
    Program program = compile(subject.model, "cpu", Specialise::Background);
    auto runBeside = [&](int seed) {
      double worst[2] = {INFINITY, INFINITY};
      std::thread other([&] {
        worst[1] = worstOfRandomCalls(program, reference, seed + 1, kSessions,
                                      kCalls, subject.gated);
      });
      worst[0] = worstOfRandomCalls(program, reference, seed, kSessions, kCalls,
                                    subject.gated);
      other.join();
      EXPECT_LE(worst[0], subject.tolerance) << subject.name;
      EXPECT_LE(worst[1], subject.tolerance) << subject.name;
    };
    runBeside(1);
    program.waitForVariants(); // calls as short as these do not pay for any
    runBeside(3);
    // Else nothing was tested.
    int64_t ran = 0;
    for (const auto &[variant, count] : variantRuns(program))
      ran += count;
    EXPECT_GT(ran, 0) << subject.name;
  }
}
