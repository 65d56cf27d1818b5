//===- BenchCounting.cpp - what the profile costs -------------------------===//
//
// Generic kernels with and without counts of what calls are like. The two take
// turns by blocks of calls, since only some calls are looked at in full; ratios
// of neighbouring blocks are compared by their median.
//
//===----------------------------------------------------------------------===//
#include "frontends/cli/BenchContender.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

using namespace seqc;
using namespace seqc::cli;

using Clock = std::chrono::steady_clock;

static constexpr double kBar = 1.005;
/// A block: about so long, within these bounds.
static constexpr double kBlockMs = 10;
static constexpr int64_t kLeastCalls = 32, kMostCalls = 1024;
/// The calls of a new session that are all looked at, and some more.
static constexpr int64_t kFirstCalls = 288;
static constexpr int kBlocksPerPair = 4;
static constexpr double kLongestMs = 20000;

namespace {
struct CountingTimes {
  double least = INFINITY, leastWithout = INFINITY; ///< of a call
  std::vector<double> ratios;

  double ratio() const { return medianOf(ratios); }
  /// How far the median may be off (as in trials of variants).
  double noise() const {
    std::vector<double> sorted = ratios;
    std::sort(sorted.begin(), sorted.end());
    size_t quarter = sorted.size() / 4;
    return 1.57 * (sorted[sorted.size() - 1 - quarter] - sorted[quarter]) /
           std::sqrt(double(sorted.size()));
  }
};
} // namespace

/// Rounded up to whole rounds of calls between preparations.
static int64_t callsOfBlock(double msOfCall, int64_t every) {
  auto calls = static_cast<int64_t>(kBlockMs / msOfCall);
  calls = std::clamp(calls, kLeastCalls, kMostCalls);
  return (calls + every - 1) / every * every;
}

namespace {
class Counting {
public:
  Counting(const BenchOptions &options, const Engine &engine,
           const SpecialiseSubject &subject)
      : options(options), engine(engine), subject(subject) {}

  Result<PartResult> measure();

private:
  Status timePair(bool countedFirst);
  Status timeBlocks(Contender &with, Contender &without);
  PartResult result() const;
  bool isEnough(int pairs) const;

  const BenchOptions &options;
  const Engine &engine;
  const SpecialiseSubject &subject;
  int64_t blockCalls = 0; ///< 0: not known yet
  const Clock::time_point begin = Clock::now();
  CountingTimes times;
  std::string mismatch, target;
};
} // namespace

/// Where a session's memory lies makes a difference of its own, so there are
/// many pairs of sessions.
Status Counting::timePair(bool countedFirst) {
  ContenderKind kinds[2];
  kinds[countedFirst ? 1 : 0].counting = false;
  Result<Contender> one = Contender::make(engine, subject, kinds[0]);
  Result<Contender> other = Contender::make(engine, subject, kinds[1]);
  for (const Result<Contender> *made : {&one, &other})
    if (!*made)
      return made->status();
  Contender &with = countedFirst ? *one : *other;
  Contender &without = countedFirst ? *other : *one;
  int64_t first = kFirstCalls;
  if (blockCalls > 0) // long calls do not notice how many are looked at
    first = std::min(first, 4 * blockCalls);
  Result<double> ms = with.calls(first);
  if (!ms)
    return ms.status();
  target = std::string(with.program.target());
  if (blockCalls == 0)
    blockCalls = callsOfBlock(*ms / double(first), subject.start.every);
  if (Status status = timeBlocks(with, without); !status.ok())
    return status;
  if (mismatch.empty())
    mismatch = with.whatIsWrong();
  if (mismatch.empty())
    mismatch = differenceOf(without, with);
  return {};
}

Status Counting::timeBlocks(Contender &with, Contender &without) {
  for (int i = 0; i < kBlocksPerPair; ++i) {
    // Who goes first changes: what ran before is not the same for both.
    std::pair<Contender *, Contender *> order = {&with, &without};
    if (i % 2)
      std::swap(order.first, order.second);
    Result<double> one = order.first->calls(blockCalls);
    Result<double> other = one ? order.second->calls(blockCalls) : one;
    if (!other)
      return other.status();
    double counted = i % 2 ? *other : *one, bare = i % 2 ? *one : *other;
    times.ratios.push_back(counted / bare);
    times.least = std::min(times.least, counted / double(blockCalls));
    times.leastWithout =
        std::min(times.leastWithout, bare / double(blockCalls));
  }
  return {};
}

bool Counting::isEnough(int pairs) const {
  if (options.repeats > 0)
    return pairs >= options.repeats;
  double spent =
      std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
  return pairs >= 200 || spent > kLongestMs;
}

std::vector<std::string> cli::countingHeader() {
  return {"calls of a block",
          "blocks",
          "counted us",
          "not us",
          "ratio",
          "+-",
          "bars"};
}

PartResult Counting::result() const {
  PartResult result;
  result.mismatch = mismatch;
  result.target = target;
  std::string bars = barText(times.ratio(), kBar);
  result.figures = {{"block_calls", blockCalls},
                    {"blocks", times.ratios.size()},
                    {"counted_us", 1e3 * times.least},
                    {"not_counted_us", 1e3 * times.leastWithout},
                    {"ratio", times.ratio()},
                    {"noise", times.noise()},
                    {"bars", bars}};
  result.row = {std::to_string(blockCalls),
                std::to_string(times.ratios.size()),
                formatNumber(1e3 * times.least, 2),
                formatNumber(1e3 * times.leastWithout, 2),
                formatNumber(times.ratio(), 4),
                formatNumber(times.noise(), 4),
                bars};
  return result;
}

Result<PartResult> Counting::measure() {
  for (int pairs = 0; !isEnough(pairs); ++pairs)
    if (Status status = timePair(pairs % 2 == 0); !status.ok())
      return status;
  return result();
}

Result<PartResult> cli::measureCounting(const BenchOptions &options,
                                        const Engine &engine,
                                        const SpecialiseSubject &subject) {
  return Counting(options, engine, subject).measure();
}
