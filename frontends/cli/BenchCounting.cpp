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

static Status timeBlocks(Contender &with, Contender &without, int64_t calls,
                         int repeats, CountingTimes &times) {
  Clock::time_point begin = Clock::now();
  auto isEnough = [&](size_t rounds) {
    if (repeats > 0)
      return rounds >= static_cast<size_t>(repeats);
    double spent =
        std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
    return rounds >= 2000 || spent > kLongestMs;
  };
  while (!isEnough(times.ratios.size())) {
    // Who goes first changes: what ran before is not the same for both.
    bool first = times.ratios.size() % 2 == 0;
    std::pair<Contender *, Contender *> order = {&with, &without};
    if (!first)
      std::swap(order.first, order.second);
    Result<double> one = order.first->calls(calls);
    Result<double> other = one ? order.second->calls(calls) : one;
    if (!other)
      return other.status();
    double counted = first ? *one : *other, bare = first ? *other : *one;
    times.ratios.push_back(counted / bare);
    times.least = std::min(times.least, counted / double(calls));
    times.leastWithout = std::min(times.leastWithout, bare / double(calls));
  }
  return {};
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

static PartResult resultOf(const CountingTimes &times, int64_t calls) {
  PartResult result;
  std::string bars = barText(times.ratio(), kBar);
  result.figures = {{"block_calls", calls},
                    {"blocks", times.ratios.size()},
                    {"counted_us", 1e3 * times.least},
                    {"not_counted_us", 1e3 * times.leastWithout},
                    {"ratio", times.ratio()},
                    {"noise", times.noise()},
                    {"bars", bars}};
  result.row = {std::to_string(calls),
                std::to_string(times.ratios.size()),
                formatNumber(1e3 * times.least, 2),
                formatNumber(1e3 * times.leastWithout, 2),
                formatNumber(times.ratio(), 4),
                formatNumber(times.noise(), 4),
                bars};
  return result;
}

Result<PartResult> cli::measureCounting(const BenchOptions &options,
                                        const Engine &engine,
                                        const SpecialiseSubject &subject) {
  ContenderKind uncounted;
  uncounted.counting = false;
  Result<Contender> with = Contender::make(engine, subject);
  Result<Contender> without = Contender::make(engine, subject, uncounted);
  for (const Result<Contender> *made : {&with, &without})
    if (!*made)
      return made->status();
  Result<double> first = with->calls(kFirstCalls);
  if (!first)
    return first.status();
  int64_t calls =
      callsOfBlock(*first / double(kFirstCalls), subject.start.every);
  CountingTimes times;
  if (Status status =
          timeBlocks(*with, *without, calls, options.repeats, times);
      !status.ok())
    return status;
  PartResult result = resultOf(times, calls);
  result.target = std::string(with->program.target());
  result.mismatch = with->whatIsWrong();
  if (result.mismatch.empty())
    result.mismatch = differenceOf(*without, *with);
  return result;
}
