//===- BenchFirstCalls.cpp - calls beside compiles in the background ------===//
//
// The first calls of a program, while variants are compiled and tried: with
// generic kernels alone, with nothing in the store (cold), and with objects and
// verdicts of an earlier program (warm). Each time with a new engine.
//
//===----------------------------------------------------------------------===//
#include "frontends/cli/BenchContender.h"

#include "frontends/cli/ScratchCache.h"

#include <algorithm>
#include <chrono>
#include <cmath>

using namespace seqc;
using namespace seqc::cli;

using Clock = std::chrono::steady_clock;

static constexpr double kBar = 1.2;
/// A first program tells how many calls go by until nothing is compiled any
/// more; trials are over some calls later.
static constexpr int64_t kLeastCalls = 64, kCallsPerLook = 16;
static constexpr int64_t kCallsOfTrials = 128;
static constexpr double kLongestMs = 4000, kLongestRoundsMs = 30000;

namespace {
/// Least times over the rounds.
struct FirstTimes {
  double ms = INFINITY, worstMs = INFINITY;
};

class FirstCalls {
public:
  FirstCalls(const BenchOptions &options, const SpecialiseSubject &subject)
      : options(options), subject(subject) {}

  Result<PartResult> measure();

private:
  Result<Contender> fresh(Specialise specialise, const std::string &cache);
  Result<int64_t> callsUntilSettled(const std::string &cache);
  Status run(Specialise specialise, const std::string &cache,
             FirstTimes &times);
  PartResult result() const;

  const BenchOptions &options;
  const SpecialiseSubject &subject;
  int64_t calls = 0;
  size_t compiles = 0;
  double compileMs = 0; ///< from the first one's start to the last one's end
  FirstTimes generic, cold, warm;
  int rounds = 0;
  std::string mismatch, target;
};
} // namespace

Result<Contender> FirstCalls::fresh(Specialise specialise,
                                    const std::string &cache) {
  EngineOptions wanted = EngineOptions::fromEnvironment();
  wanted.threads = options.common.threads;
  wanted.cacheDir = cache;
  Result<Engine> engine = Engine::create(wanted);
  if (!engine)
    return engine.status();
  ContenderKind kind;
  kind.specialise = specialise;
  kind.useCache = !cache.empty();
  return Contender::make(*engine, subject, kind);
}

static bool isCompiling(const Program &program) {
  for (const SiteVariants &site : program.variants())
    for (const VariantInfo &variant : site.variants)
      if (variant.state == "queued" || variant.state == "compiling")
        return true;
  return false;
}

/// Leaves objects and verdicts in the cache, if there is one.
Result<int64_t> FirstCalls::callsUntilSettled(const std::string &cache) {
  Result<Contender> chosen = fresh(Specialise::Background, cache);
  if (!chosen)
    return chosen.status();
  int64_t last = kLeastCalls + kCallsOfTrials, made = 0;
  double spent = 0;
  while (made < last && spent < kLongestMs) {
    for (int64_t i = 0; i < kCallsPerLook; ++i, ++made) {
      Result<double> ms = chosen->call();
      if (!ms)
        return ms.status();
      spent += *ms;
    }
    if (isCompiling(chosen->program))
      last = std::max(last, made + kCallsOfTrials);
  }
  // On a busy machine the background thread may not have begun by now.
  auto call = [&]() -> Status { return chosen->call().status(); };
  if (Status status = settleVariants(chosen->program, call); !status.ok())
    return status;
  std::vector<VariantCompile> events = chosen->program.variantCompiles();
  compiles = std::max(compiles, events.size());
  if (!events.empty())
    compileMs =
        std::max(compileMs, events.back().endMs - events.front().startMs);
  return made;
}

Status FirstCalls::run(Specialise specialise, const std::string &cache,
                       FirstTimes &times) {
  Result<Contender> made = fresh(specialise, cache);
  if (!made)
    return made.status();
  double total = 0, worst = 0;
  for (int64_t i = 0; i < calls; ++i) {
    Result<double> ms = made->call();
    if (!ms)
      return ms.status();
    total += *ms;
    worst = std::max(worst, *ms);
  }
  times.ms = std::min(times.ms, total);
  times.worstMs = std::min(times.worstMs, worst);
  target = std::string(made->program.target());
  if (mismatch.empty())
    mismatch = made->whatIsWrong();
  return {};
}

std::vector<std::string> cli::firstCallsHeader() {
  return {"calls",    "compiles", "in ms",    "generic ms",      "cold ms",
          "/generic", "warm ms",  "/generic", "longest call ms", "bars"};
}

PartResult FirstCalls::result() const {
  PartResult result;
  result.mismatch = mismatch;
  result.target = target;
  double ofGeneric = cold.ms / generic.ms, warmOf = warm.ms / generic.ms;
  std::string bars = barText(std::max(ofGeneric, warmOf), kBar);
  result.figures = {{"calls", calls},
                    {"compiles", compiles},
                    {"compiles_ms", compileMs},
                    {"generic_ms", generic.ms},
                    {"cold_ms", cold.ms},
                    {"cold/generic", ofGeneric},
                    {"warm_ms", warm.ms},
                    {"warm/generic", warmOf},
                    {"generic_longest_ms", generic.worstMs},
                    {"cold_longest_ms", cold.worstMs},
                    {"warm_longest_ms", warm.worstMs},
                    {"rounds", rounds},
                    {"bars", bars}};
  auto ms = [](double value) {
    return formatNumber(value, value < 1 ? 3 : value < 100 ? 2 : 0);
  };
  result.row = {std::to_string(calls),
                std::to_string(compiles),
                formatNumber(compileMs, 0),
                ms(generic.ms),
                ms(cold.ms),
                formatNumber(ofGeneric, 3),
                ms(warm.ms),
                formatNumber(warmOf, 3),
                ms(generic.worstMs) + " / " + ms(cold.worstMs) + " / " +
                    ms(warm.worstMs),
                bars};
  return result;
}

Result<PartResult> FirstCalls::measure() {
  ScratchCache cache;
  if (Status status = cache.status(); !status.ok())
    return status;
  Result<int64_t> until = callsUntilSettled(cache.path);
  if (!until)
    return until.status();
  calls = *until;
  Clock::time_point begin = Clock::now();
  auto isEnough = [&] {
    if (options.repeats > 0)
      return rounds >= options.repeats;
    double spent =
        std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
    return rounds >= 9 || (rounds >= 3 && spent > kLongestRoundsMs);
  };
  for (; !isEnough(); ++rounds) {
    Status status = run(Specialise::Off, "", generic);
    if (status.ok())
      status = run(Specialise::Background, "", cold);
    if (status.ok())
      status = run(Specialise::Background, cache.path, warm);
    if (!status.ok())
      return status;
  }
  return result();
}

Result<PartResult> cli::measureFirstCalls(const BenchOptions &options,
                                          const Engine &,
                                          const SpecialiseSubject &subject) {
  return FirstCalls(options, subject).measure();
}
