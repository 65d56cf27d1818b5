//===- BenchStream.cpp - densities that jump ------------------------------===//
//
// A stream of calls whose gates jump between few and nearly all active rows,
// against the best fixed choice of each call: generic kernels, all variants
// wherever they may run, or all rows active, each timed at one density.
//
//===----------------------------------------------------------------------===//
#include "frontends/cli/BenchContender.h"

#include <algorithm>
#include <array>
#include <cmath>

using namespace seqc;
using namespace seqc::cli;

static constexpr std::array<double, 2> kDensities = {0.02, 0.98};
static constexpr double kBar = 1.1;
/// Calls of one stream: about a second of them, but a few at least.
static constexpr int64_t kMostCalls = 64, kLeastCalls = 16;
static constexpr double kStreamMs = 1000;
static constexpr int kColdStreams = 8;

namespace {
/// Least times of so many calls at one density.
struct FixedTimes {
  double generic = INFINITY, forced = INFINITY, dense = INFINITY;
  double best() const { return std::min({generic, forced, dense}); }
};

class Jumps {
public:
  Jumps(const BenchOptions &options, const Engine &engine,
        const SpecialiseSubject &subject)
      : options(options), engine(engine), subject(subject) {}

  Result<PartResult> measure();

private:
  Status findGates(Contender &generic);
  Status runCold(Contender &chosen);
  Status settle(Contender &chosen);
  Status runRound(Contender &chosen, Contender &generic, Contender &forced);
  std::string mismatch(Contender &chosen, Contender &generic,
                       Contender &forced);
  PartResult result(const Contender &chosen) const;
  bool isEnough(int rounds) const;

  const BenchOptions &options;
  const Engine &engine;
  const SpecialiseSubject &subject;
  std::array<float, 2> gates = {};
  std::array<double, 2> active = {};
  std::array<int64_t, 2> callsAt = {};
  std::vector<float> stream; ///< gates of each call
  std::array<FixedTimes, 2> fixed;
  double coldMs = 0; ///< of kColdStreams streams
  double chosenMs = INFINITY, genericMs = INFINITY, spentMs = 0;
};
} // namespace

/// One to six calls at one density, then at the other.
static std::vector<int> drawStream(int64_t calls) {
  std::vector<int> stream;
  uint32_t random = 0x2545f491;
  for (int which = 0; static_cast<int64_t>(stream.size()) < calls;
       which = 1 - which) {
    random = random * 1664525 + 1013904223;
    for (uint32_t i = 0; i <= (random >> 16) % 6; ++i)
      stream.push_back(which);
  }
  stream.resize(static_cast<size_t>(calls));
  return stream;
}

Status Jumps::findGates(Contender &generic) {
  double ms = 0;
  for (size_t i = 0; i < gates.size(); ++i) {
    Result<Gates> found = gatesFor(kDensities[i], generic, subject);
    if (!found)
      return found.status();
    gates[i] = found->bias;
    active[i] = found->active;
    Result<double> one = generic.calls(subject.start.every);
    if (!one)
      return one.status();
    ms = std::max(ms, *one / double(subject.start.every));
  }
  auto calls = static_cast<int64_t>(kStreamMs / ms);
  calls = std::clamp(calls, kLeastCalls, kMostCalls);
  for (int which : drawStream(calls)) {
    stream.push_back(gates[static_cast<size_t>(which)]);
    ++callsAt[static_cast<size_t>(which)];
  }
  return {};
}

/// From the first call of a program on, whatever is compiled and tried beside.
Status Jumps::runCold(Contender &chosen) {
  for (int i = 0; i < kColdStreams; ++i)
    for (float each : stream) {
      if (Status status = chosen.setGates(each); !status.ok())
        return status;
      Result<double> ms = chosen.call();
      if (!ms)
        return ms.status();
      coldMs += *ms;
    }
  return {};
}

Status Jumps::settle(Contender &chosen) {
  size_t next = 0;
  return settleVariants(chosen.program, [&]() -> Status {
    Status status = chosen.setGates(stream[next++ % stream.size()]);
    return status.ok() ? chosen.call().status() : status;
  });
}

Status Jumps::runRound(Contender &chosen, Contender &generic,
                       Contender &forced) {
  auto keep = [&](double &least, Result<double> ms) -> Status {
    if (!ms)
      return ms.status();
    least = std::min(least, *ms);
    spentMs += *ms;
    return {};
  };
  auto at = [&](double &least, Contender &contender, float bias,
                int64_t calls) -> Status {
    if (Status status = contender.setGates(bias); !status.ok())
      return status;
    return keep(least, contender.calls(calls));
  };
  for (size_t i = 0; i < gates.size(); ++i) {
    for (auto [least, contender] : {std::pair{&fixed[i].generic, &generic},
                                    std::pair{&fixed[i].forced, &forced}})
      if (Status status = at(*least, *contender, gates[i], callsAt[i]);
          !status.ok())
        return status;
    if (Status status = at(fixed[i].dense, generic, -INFINITY, callsAt[i]);
        !status.ok())
      return status;
  }
  if (Status status = keep(genericMs, generic.stream(stream)); !status.ok())
    return status;
  return keep(chosenMs, chosen.stream(stream));
}

/// At each density against the reference, and after streams against each other.
std::string Jumps::mismatch(Contender &chosen, Contender &generic,
                            Contender &forced) {
  if (std::string why = differenceOf(chosen, generic); !why.empty())
    return "with densities that jump " + why;
  for (float bias : {gates[0], gates[1], -INFINITY}) {
    for (Contender *each : {&generic, &forced}) {
      Status status = each->setGates(bias);
      if (status.ok())
        status = each->calls(subject.start.every).status();
      if (!status.ok())
        return status.message();
    }
    if (std::string why = generic.whatIsWrong(); !why.empty())
      return "with generic kernels " + why;
    if (std::string why = differenceOf(forced, generic); !why.empty())
      return "with all variants " + why;
  }
  return "";
}

bool Jumps::isEnough(int rounds) const {
  if (options.repeats > 0)
    return rounds >= options.repeats;
  return rounds >= 100 || (rounds >= 3 && spentMs > 8000) || spentMs > 30000;
}

std::vector<std::string> cli::jumpsHeader() {
  return {"calls",   "active", "best fixed ms", "generic ms", "/best",
          "cold ms", "/best",  "chosen ms",     "/best",      "bars"};
}

PartResult Jumps::result(const Contender &chosen) const {
  double best = fixed[0].best() + fixed[1].best();
  double cold = coldMs / kColdStreams;
  PartResult result;
  result.target = std::string(chosen.program.target());
  auto times = nlohmann::ordered_json::array();
  for (size_t i = 0; i < fixed.size(); ++i)
    times.push_back({{"active", active[i]},
                     {"calls", callsAt[i]},
                     {"generic_ms", fixed[i].generic},
                     {"forced_ms", fixed[i].forced},
                     {"dense_ms", fixed[i].dense}});
  std::string bars = barText(std::max(cold, chosenMs) / best, kBar);
  result.figures = {{"calls", stream.size()},
                    {"fixed", times},
                    {"best_ms", best},
                    {"generic_ms", genericMs},
                    {"cold_calls", kColdStreams * stream.size()},
                    {"cold_ms", cold},
                    {"cold/best", cold / best},
                    {"chosen_ms", chosenMs},
                    {"chosen/best", chosenMs / best},
                    {"bars", bars}};
  auto ms = [](double value) {
    return formatNumber(value, value < 10 ? 3 : 1);
  };
  result.row = {std::to_string(stream.size()),
                formatNumber(100 * active[0], 1) + " / " +
                    formatNumber(100 * active[1], 1) + " %",
                ms(best),
                ms(genericMs),
                formatNumber(genericMs / best, 3),
                ms(cold),
                formatNumber(cold / best, 3),
                ms(chosenMs),
                formatNumber(chosenMs / best, 3),
                bars};
  return result;
}

Result<PartResult> Jumps::measure() {
  Result<Contender> generic = Contender::make(engine, subject);
  if (!generic)
    return generic.status();
  if (!generic->setGates(0).ok())
    return PartResult(); // nothing to jump
  if (Status status = findGates(*generic); !status.ok())
    return status;
  Result<Contender> chosen =
      Contender::make(engine, subject, {Specialise::Background});
  if (!chosen)
    return chosen.status();
  // Before anything makes the variants' code, which the engine keeps.
  Status status = runCold(*chosen);
  if (status.ok())
    status = settle(*chosen);
  if (!status.ok())
    return status;
  Result<Contender> forced =
      Contender::make(engine, subject, {Specialise::Force});
  if (!forced)
    return forced.status();
  for (int rounds = 0; !isEnough(rounds); ++rounds)
    if (status = runRound(*chosen, *generic, *forced); !status.ok())
      return status;
  PartResult found = result(*chosen);
  found.mismatch = mismatch(*chosen, *generic, *forced);
  return found;
}

Result<PartResult> cli::measureJumps(const BenchOptions &options,
                                     const Engine &engine,
                                     const SpecialiseSubject &subject) {
  return Jumps(options, engine, subject).measure();
}
