//===- BenchGains.cpp - what variants gain --------------------------------===//
//
// The same call with generic kernels, with those that were chosen for it, and
// with all rows active on generic kernels, which is what the model costs
// without gates. The three take turns in one process.
//
//===----------------------------------------------------------------------===//
#include "frontends/cli/BenchContender.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <optional>

using namespace seqc;
using namespace seqc::cli;

using Clock = std::chrono::steady_clock;

// What a choice has to keep to: times of generic kernels and of the dense
// model, and how much faster than dense a gated part is where few are active.
static constexpr double kOfGeneric = 1.03, kOfDense = 1.05;
static constexpr double kFewActive = 0.155, kTimesDense = 3;

namespace {
/// A contender and its least times.
class Turns {
public:
  explicit Turns(Contender &contender, int64_t cycle)
      : contender(contender), cycle(cycle) {
    forget();
  }

  /// All calls from one preparation to the next, each after a call of its own;
  /// in parts for gatedMs, else for ms.
  Status turn(bool inParts);
  void forget() {
    least.assign(static_cast<size_t>(cycle), INFINITY);
    gated.assign(static_cast<size_t>(cycle), INFINITY);
    shares = 0, counted = 0;
  }
  double ms() const { return mean(least); }
  double gatedMs() const { return mean(gated); }
  double activeShare() const { return counted ? shares / double(counted) : -1; }

  Contender &contender;

private:
  static double mean(const std::vector<double> &times);
  Status call();
  Status callInParts();

  const int64_t cycle;
  /// By call since the preparation: decoding steps differ in the gates that are
  /// open.
  std::vector<double> least, gated;
  double shares = 0;
  int64_t counted = 0;
};

struct Gains {
  double genericMs = 0, chosenMs = 0, denseMs = 0; ///< 0: no such option
  double chosenGatedMs = 0, genericGatedMs = 0, denseGatedMs = 0;
  double active = -1; ///< share of rows over all gates, -1: no gates
  int64_t calls = 0;  ///< timed of each
  std::vector<SiteVariants> sites;
};
} // namespace

/// Of those that there are.
double Turns::mean(const std::vector<double> &times) {
  double sum = 0;
  int count = 0;
  for (double each : times)
    if (std::isfinite(each)) {
      sum += each;
      ++count;
    }
  return count ? sum / count : 0;
}

Status Turns::call() {
  Result<double> ms = contender.call();
  if (!ms)
    return ms.status();
  double &best = least[static_cast<size_t>(contender.sincePrepare() - 1)];
  best = std::min(best, *ms);
  return {};
}

Status Turns::callInParts() {
  contender.session.setTiming(true);
  Result<double> whole = contender.call(); // holds the clocks between the steps
  if (!whole)
    return whole.status();
  double ms = 0;
  for (const StepTime &step : contender.session.stepTimes())
    ms += step.gated ? step.ms : 0;
  if (double share = contender.activeShare(); share >= 0) {
    shares += share;
    ++counted;
  }
  double &best = gated[static_cast<size_t>(contender.sincePrepare() - 1)];
  best = std::min(best, ms);
  contender.session.setTiming(false);
  return {};
}

Status Turns::turn(bool inParts) {
  contender.restart();
  if (cycle == 1)
    if (Result<double> unused = contender.call(); !unused)
      return unused.status();
  for (int64_t i = 0; i < cycle; ++i)
    if (Status status = inParts ? callInParts() : call(); !status.ok())
      return status;
  return {};
}

/// Enough turns for stable minima, bounded for the slow ones.
static bool isEnough(int64_t turns, double spentMs, int repeats) {
  if (repeats > 0)
    return turns >= repeats;
  return turns >= 2000 || spentMs > 8000 || (turns >= 7 && spentMs > 2500);
}

static constexpr int kTurnsInParts = 10;

/// Returns how many turns were timed.
static Result<int64_t> timeInTurns(std::vector<Turns> &contenders,
                                   int repeats) {
  // The first turn allocates.
  for (Turns &each : contenders) {
    if (Status status = each.turn(/*inParts=*/false); !status.ok())
      return status;
    each.forget();
  }
  Clock::time_point begin = Clock::now();
  auto spent = [&] {
    return std::chrono::duration<double, std::milli>(Clock::now() - begin)
        .count();
  };
  int64_t turns = 0;
  for (; !isEnough(turns, spent(), repeats); ++turns)
    for (Turns &each : contenders)
      if (Status status = each.turn(/*inParts=*/false); !status.ok())
        return status;
  for (int64_t i = 0; i < std::min<int64_t>(turns, kTurnsInParts); ++i)
    for (Turns &each : contenders)
      if (Status status = each.turn(/*inParts=*/true); !status.ok())
        return status;
  return turns;
}

//===----------------------------------------------------------------------===//
// What is printed
//===----------------------------------------------------------------------===//

static nlohmann::ordered_json keptVariants(const Gains &gains) {
  auto kept = nlohmann::ordered_json::array();
  for (const SiteVariants &site : gains.sites)
    for (const VariantInfo &variant : site.variants)
      if (variant.state == "kept")
        kept.push_back({{"layer", site.layer},
                        {"kernel", site.kernel},
                        {"variant", variant.name},
                        {"gain", variant.gain}});
  return kept;
}

/// Variants that were tried and are not faster.
static int droppedVariants(const Gains &gains) {
  int count = 0;
  for (const SiteVariants &site : gains.sites)
    for (const VariantInfo &variant : site.variants)
      count += variant.state == "dropped";
  return count;
}

/// "2 one-row-each, all-rows"
static std::string keptText(const Gains &gains) {
  std::map<std::string, int> counts;
  for (const auto &kept : keptVariants(gains))
    ++counts[kept["variant"].get<std::string>()];
  std::string text;
  for (const auto &[name, count] : counts)
    text += (text.empty() ? "" : ", ") +
            (count > 1 ? std::to_string(count) + " " : "") + name;
  return text.empty() ? "none" : text;
}

/// Which bars are missed; "pass": none.
static std::string barsText(const Gains &gains) {
  std::string text;
  auto miss = [&](bool missed, const std::string &what) {
    if (missed)
      text += (text.empty() ? "SHORT: " : ", ") + what;
  };
  miss(gains.chosenMs > kOfGeneric * gains.genericMs, "generic");
  if (gains.denseMs > 0) {
    miss(gains.chosenMs > kOfDense * gains.denseMs, "dense");
    miss(gains.active >= 0 && gains.active <= kFewActive &&
             kTimesDense * gains.chosenGatedMs > gains.denseGatedMs,
         "gated part");
  }
  return text.empty() ? "pass" : text;
}

static nlohmann::ordered_json figuresOf(const Gains &gains) {
  nlohmann::ordered_json line = {
      {"generic_ms", gains.genericMs},
      {"chosen_ms", gains.chosenMs},
      {"chosen/generic", gains.chosenMs / gains.genericMs}};
  if (gains.denseMs > 0) {
    line["dense_ms"] = gains.denseMs;
    line["chosen/dense"] = gains.chosenMs / gains.denseMs;
    line["generic_gated_ms"] = gains.genericGatedMs;
    line["chosen_gated_ms"] = gains.chosenGatedMs;
    line["dense_gated_ms"] = gains.denseGatedMs;
  }
  if (gains.active >= 0)
    line["active"] = gains.active;
  line["sites"] = gains.sites.size();
  line["kept"] = keptVariants(gains);
  line["dropped"] = droppedVariants(gains);
  line["bars"] = barsText(gains);
  line["calls"] = gains.calls;
  return line;
}

std::vector<std::string> cli::gainsHeader() {
  return {"active", "generic ms",    "chosen ms", "/generic", "dense ms",
          "/dense", "gated part ms", "/dense",    "kept",     "bars"};
}

static std::vector<std::string> rowOf(const Gains &gains) {
  auto ms = [](double value) {
    return value > 0 ? formatNumber(value, value < 1 ? 4 : 2) : "-";
  };
  auto ratio = [](double part, double whole) {
    return whole > 0 ? formatNumber(part / whole, 3) : "-";
  };
  bool gated = gains.denseMs > 0;
  return {gains.active < 0 ? "-" : formatNumber(100 * gains.active, 1) + " %",
          ms(gains.genericMs),
          ms(gains.chosenMs),
          ratio(gains.chosenMs, gains.genericMs),
          ms(gains.denseMs),
          ratio(gains.chosenMs, gains.denseMs),
          gated ? ms(gains.chosenGatedMs) : "-",
          gated ? ratio(gains.chosenGatedMs, gains.denseGatedMs) : "-",
          keptText(gains),
          barsText(gains)};
}

//===----------------------------------------------------------------------===//
// The part
//===----------------------------------------------------------------------===//

/// What is wrong with the last outputs; empty: nothing.
static std::string mismatchOf(std::vector<Turns> &contenders) {
  static constexpr const char *kNames[] = {"generic kernels", "chosen variants",
                                           "all rows active"};
  for (size_t i = 0; i < contenders.size(); ++i)
    if (std::string why = contenders[i].contender.whatIsWrong(); !why.empty())
      return std::string("with ") + kNames[i] + " " + why;
  return "";
}

Result<PartResult> cli::measureGains(const BenchOptions &options,
                                     const Engine &engine,
                                     const SpecialiseSubject &subject,
                                     double density) {
  Result<Contender> generic = Contender::make(engine, subject);
  Result<Contender> dense = Contender::make(engine, subject);
  Result<Contender> chosen =
      Contender::make(engine, subject, {Specialise::Background});
  for (const Result<Contender> *made : {&generic, &dense, &chosen})
    if (!*made)
      return made->status();
  bool hasGates = dense->setGates(-INFINITY).ok();
  if (density >= 0) {
    Result<Gates> gates = gatesFor(density, *generic, subject);
    Status status = gates ? chosen->setGates(gates->bias) : gates.status();
    if (!status.ok())
      return status;
  }
  auto call = [&]() -> Status { return chosen->call().status(); };
  if (Status status = settleVariants(chosen->program, call); !status.ok())
    return status;
  std::vector<Turns> contenders;
  contenders.emplace_back(*generic, subject.start.every);
  contenders.emplace_back(*chosen, subject.start.every);
  if (hasGates)
    contenders.emplace_back(*dense, subject.start.every);
  Result<int64_t> turns = timeInTurns(contenders, options.repeats);
  if (!turns)
    return turns.status();

  Gains gains;
  gains.genericMs = contenders[0].ms(), gains.chosenMs = contenders[1].ms();
  gains.genericGatedMs = contenders[0].gatedMs();
  gains.chosenGatedMs = contenders[1].gatedMs();
  if (hasGates)
    gains.denseMs = contenders[2].ms(),
    gains.denseGatedMs = contenders[2].gatedMs();
  gains.active = contenders[0].activeShare();
  gains.calls = *turns * subject.start.every;
  gains.sites = chosen->program.variants();
  return PartResult{mismatchOf(contenders),
                    std::string(generic->program.target()), figuresOf(gains),
                    rowOf(gains)};
}
