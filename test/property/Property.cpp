//===- Property.cpp - random trials, repeatable and counted ---------------===//

#include "Property.h"

#include "test/unit/KernelRunner.h"

#include "codegen/cpu/CpuTarget.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <thread>

using namespace seqc;
using namespace seqc::property;

static constexpr int64_t kWantedCases = 2000;
static constexpr uint64_t kDefaultSeed = 1;

static std::atomic<int64_t> countedCases{0};

static uint64_t chooseSeed() {
  const char *text = std::getenv("SEQC_PROPERTY_SEED");
  if (!text || !*text)
    return kDefaultSeed;
  if (std::strcmp(text, "random") == 0)
    return std::random_device()();
  return std::strtoull(text, nullptr, 10);
}

static uint64_t baseSeed() {
  static const uint64_t seed = chooseSeed();
  return seed;
}

/// Says the seed first and the number of cases last.
class Counting : public testing::Environment {
  void SetUp() override {
    std::printf("seed %llu (SEQC_PROPERTY_SEED)\n",
                static_cast<unsigned long long>(baseSeed()));
  }
  void TearDown() override {
    long long cases = countedCases;
    std::printf("%lld random cases\n", cases);
    bool complete = testing::GTEST_FLAG(filter) == "*" &&
                    !std::getenv("SEQC_PROPERTY_TRIAL");
    if (complete)
      EXPECT_GE(cases, kWantedCases);
  }
};
static testing::Environment *const counting =
    testing::AddGlobalTestEnvironment(new Counting);

void Trial::count() { ++countedCases; }

int64_t Random::extent(int64_t most) {
  if (chance(0.3))
    return between(1, std::min<int64_t>(most, 5));
  if (chance(0.3)) {
    int64_t near = pick({8, 16, 32, 48, 64}) + between(-1, 1);
    if (near <= most)
      return near;
  }
  return between(1, most);
}

//===----------------------------------------------------------------------===//
// Trials
//===----------------------------------------------------------------------===//

static std::string targetOf(int index) {
  std::vector<std::string> targets = codegen::runnableCpuTargets();
  size_t level = index % 10 == 3 ? 2 : index % 5 == 1 ? 1 : 0;
  return targets[std::min(level, targets.size() - 1)];
}

static void runTrial(const std::string &family, int index,
                     const std::function<void(Trial &)> &body) {
  uint64_t seed = 1469598103934665603ull ^ baseSeed();
  for (unsigned char letter : family)
    seed = (seed ^ letter) * 1099511628211ull;
  Trial trial(seed + uint64_t(index) * 0x9e3779b97f4a7c15ull, index,
              targetOf(index));
  std::string place = family + " trial " + std::to_string(index) + " of seed " +
                      std::to_string(baseSeed()) + " on " + trial.target;
  SCOPED_TRACE(place);
  try {
    body(trial);
  } catch (const std::exception &error) {
    ADD_FAILURE() << error.what() << "\n" << trial.about.str();
  }
}

void property::forEachTrial(const std::string &family, int count,
                            const std::function<void(Trial &)> &body) {
  const char *only = std::getenv("SEQC_PROPERTY_TRIAL");
  if (only) {
    runTrial(family, std::atoi(only), body);
    return;
  }
  std::atomic<int> next{0};
  auto work = [&] {
    for (int index = next++; index < count; index = next++)
      runTrial(family, index, body);
  };
  std::thread other(work);
  work();
  other.join();
}

std::vector<int64_t> property::randomLengths(Random &random, int64_t most,
                                             int64_t longest) {
  std::vector<int64_t> lengths(size_t(random.between(1, most)));
  for (int64_t &length : lengths)
    length =
        random.chance(0.3) ? random.between(0, 1) : random.between(0, longest);
  return lengths;
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

namespace {
/// One argument between guards: quiet NaNs as floats, far out of every range
/// as integers.
class Guarded {
public:
  Guarded(Random &random, const SeqcBuffer &buffer) : original(buffer) {
    size_t count = 1;
    for (int64_t extent : buffer.dims)
      count *= size_t(extent);
    lead = size_t(random.between(kGuard, kGuard + 15));
    words.assign(lead + count + kGuard, kPattern);
    if (count > 0)
      std::memcpy(words.data() + lead, buffer.data, count * sizeof(uint32_t));
    size = count;
  }
  SeqcBuffer buffer() {
    SeqcBuffer moved = original;
    moved.data = words.data() + lead;
    return moved;
  }
  /// False where something beside the tensor was written.
  bool copyBack() {
    if (size > 0)
      std::memcpy(original.data, words.data() + lead, size * sizeof(uint32_t));
    auto kept = [](uint32_t word) { return word == kPattern; };
    return std::all_of(words.begin(), words.begin() + long(lead), kept) &&
           std::all_of(words.begin() + long(lead + size), words.end(), kept);
  }

private:
  static constexpr int64_t kGuard = 64;
  static constexpr uint32_t kPattern = 0x7fc0beef;
  SeqcBuffer original;
  std::vector<uint32_t> words;
  size_t lead = 0, size = 0;
};
} // namespace

void property::runAnywhere(Random &random, const test::KernelRunner &kernel,
                           const std::vector<SeqcBuffer> &args) {
  std::vector<Guarded> guarded;
  for (const SeqcBuffer &buffer : args)
    guarded.emplace_back(random, buffer);
  std::vector<SeqcBuffer> moved;
  for (Guarded &argument : guarded)
    moved.push_back(argument.buffer());
  std::vector<std::pair<int64_t, int64_t>> parts;
  int64_t tasks = kernel.tasks(moved);
  for (int64_t begin = 0; begin < tasks;) {
    int64_t end = random.chance(0.3) ? tasks : random.between(begin + 1, tasks);
    parts.emplace_back(begin, end);
    begin = end;
  }
  for (size_t i = parts.size(); i > 1; --i)
    std::swap(parts[i - 1], parts[size_t(random.between(0, int64_t(i) - 1))]);
  for (auto [begin, end] : parts)
    kernel.run(moved, begin, end);
  for (size_t i = 0; i < guarded.size(); ++i)
    EXPECT_TRUE(guarded[i].copyBack()) << "wrote beside argument " << i;
}
