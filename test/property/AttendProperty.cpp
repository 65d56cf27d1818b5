//===- AttendProperty.cpp - attention kernels of random shape -------------===//

#include "Property.h"

#include "test/unit/AttendCase.h"
#include "test/unit/KernelRunner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

using namespace seqc::property;
using namespace seqc::test;

// The tables of AttendCase end beyond the positions of this many rows.
static constexpr int64_t kLongest = 70, kRing = 40;

/// What the kernel is compiled for.
static AttendCase randomKernel(Random &random) {
  AttendCase test;
  test.score = random.pick<std::string>(
      {"softmax", "softmax", "relu", "relu2", "laplace"});
  test.z = random.extent(40), test.h = random.extent(70);
  test.left = random.chance(0.2) ? -1 : random.between(0, 40);
  test.right = random.chance(0.5)   ? 0
               : random.chance(0.3) ? -1
                                    : random.between(0, 20);
  if (random.chance(0.3)) {
    test.keyHeads = random.between(1, 3);
    test.heads = test.keyHeads * random.between(1, 3);
    test.gated = random.chance(0.5);
  } else if (random.chance(0.5)) {
    test.ring = test.left < 0 ? random.between(1, kRing)
                              : std::max<int64_t>(test.left, 1);
    test.right = 0;
  }
  test.rotary = random.chance(0.3);
  test.z += test.rotary ? test.z % 2 : 0;
  test.bias = random.pick<std::string>({"none", "position", "rank"});
  test.tableOrigin = kLongest + kRing;
  test.queryTile = random.between(1, 64);
  test.keyTile = random.between(1, 64);
  return test;
}

/// What differs from run to run.
static void chooseRun(Random &random, AttendCase &test) {
  test.lengths = randomLengths(random, 4, kLongest);
  test.pastCounts.clear();
  if (test.ring > 0)
    for (size_t b = 0; b < test.lengths.size(); ++b)
      test.pastCounts.push_back(random.between(0, 3 * test.ring));
  test.poison = random.chance(0.15);
  test.poisonValues = random.chance(0.15);
  test.masked = random.chance(0.2) ? random.pick({0.3, 0.9, 1.0}) : 0;
  test.seed = unsigned(random.bits());
}

static std::string describe(const AttendCase &test) {
  std::ostringstream text;
  text << test.score << ", left " << test.left << ", right " << test.right
       << ", z " << test.z << ", h " << test.h << ", heads " << test.heads
       << "/" << test.keyHeads << (test.rotary ? ", rotary" : "") << ", bias "
       << test.bias << ", ring " << test.ring << (test.gated ? ", gated" : "")
       << ", tiles " << test.queryTile << " by " << test.keyTile
       << (test.poison ? ", infinite keys" : "")
       << (test.poisonValues ? ", infinite values" : "") << ", masked "
       << test.masked << ", seed " << test.seed << ", lengths";
  for (size_t b = 0; b < test.lengths.size(); ++b) {
    text << " " << test.lengths[b];
    if (test.ring > 0)
      text << "+" << test.pastCounts[b];
  }
  return text.str();
}

static void checkRun(Random &random, const KernelRunner &kernel,
                     const AttendCase &test) {
  SCOPED_TRACE(describe(test));
  AttendData data = makeData(test);
  std::vector<SeqcBuffer> args;
  for (AttendTensor &tensor : data.arguments)
    args.push_back(bufferOf(tensor));
  runAnywhere(random, kernel, args);
  const std::vector<float> &got = data.arguments.back().f32;
  ASSERT_EQ(got.size(), data.expected.size());
  for (size_t i = 0; i < got.size(); ++i) {
    double expected = data.expected[i];
    std::string place = "row " + std::to_string(int64_t(i) / test.h) +
                        " column " + std::to_string(int64_t(i) % test.h);
    // A weight may be too small for f32, and no weight times infinity is a
    // number: which of the two stands there is left open.
    if (!std::isfinite(expected))
      ASSERT_FALSE(std::isfinite(got[i])) << got[i] << " at " << place;
    else
      ASSERT_NEAR(got[i], expected, 5e-5 * (1 + std::abs(expected))) << place;
  }
}

TEST(AttendProperty, AgreesWithTheDefinition) {
  forEachTrial("attention", 40, [](Trial &trial) {
    AttendCase test = randomKernel(trial.random);
    // The text says whether there is a past, not how much.
    chooseRun(trial.random, test);
    std::string text = kernelText(test);
    KernelRunner kernel(text, "attend", trial.target,
                        seqc::passes::Phase::Tile);
    ASSERT_TRUE(bool(kernel)) << text;
    for (int i = 0; i < 20; ++i) {
      chooseRun(trial.random, test);
      checkRun(trial.random, kernel, test);
      trial.count();
      if (testing::Test::HasFailure())
        return;
    }
  });
}
