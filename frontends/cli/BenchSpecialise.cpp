//===- BenchSpecialise.cpp - `seqc bench --suite specialise` --------------===//
//
// What variants gain: the same call with generic kernels, with those that were
// chosen for it, and with all rows active on generic kernels, which is what the
// model costs without gates. The three take turns in one process.
//
//===----------------------------------------------------------------------===//
#include "frontends/cli/BenchSpecialise.h"

#include "frontends/cli/CheckOptions.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <unistd.h>

using namespace seqc;
using namespace seqc::cli;

using Clock = std::chrono::steady_clock;

static double sinceMs(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin)
      .count();
}

namespace {
/// One of the programs that take turns.
class Contender {
public:
  Contender(Session session, const SpecialiseSubject &subject)
      : session(std::move(session)), subject(subject) {
    for (const Tensor &tensor : subject.results)
      results.emplace_back(tensor.dtype(), tensor.shape());
    for (Tensor &tensor : results)
      outputs.push_back(tensor.ref());
    forgetTimes();
  }

  Status call();
  /// The calls that are timed in one turn; in parts for gatedMs, else for ms.
  Status turn(bool inParts);
  int64_t sincePrepare() const { return (calls - 1) % subject.start.every + 1; }
  void forgetTimes() {
    least.assign(subject.start.every, INFINITY);
    gated.assign(subject.start.every, INFINITY);
  }
  double ms() const { return mean(least); }
  double gatedMs() const { return mean(gated); }
  /// Of the rows of all gates in the calls in parts; -1: no gates.
  double activeShare() const {
    return rows ? double(active) / double(rows) : -1;
  }

  Session session;
  std::vector<Tensor> results;

private:
  static double mean(const std::vector<double> &times);
  Status run(double &ms);
  Status callInParts();

  const SpecialiseSubject &subject;
  std::vector<TensorRef> outputs;
  int64_t calls = 0;
  /// By call since the start was prepared: decoding steps differ in the gates
  /// that are open.
  std::vector<double> least, gated;
  int64_t active = 0, rows = 0;
};

struct SpecialiseTimes {
  double genericMs = 0, chosenMs = 0, denseMs = 0; ///< 0: no such option
  double genericGatedMs = 0, chosenGatedMs = 0, denseGatedMs = 0;
  std::vector<SiteVariants> sites;
  double active = -1; ///< share of rows over all gates, -1: no gates
  int64_t calls = 0;  ///< timed of each
  std::string target;
  std::string mismatch; ///< why the times do not count; empty: they do
};

class SpecialiseSuite {
public:
  explicit SpecialiseSuite(const BenchOptions &options) : options(options) {}

  Result<SpecialiseTimes> measure(const Engine &engine,
                                  const SpecialiseSubject &subject) const;

private:
  Status timeInTurns(std::vector<Contender *> contenders, int64_t cycle,
                     SpecialiseTimes &times) const;

  const BenchOptions &options;
};
} // namespace

//===----------------------------------------------------------------------===//
// Times
//===----------------------------------------------------------------------===//

/// Of those that there are.
double Contender::mean(const std::vector<double> &times) {
  double sum = 0;
  int count = 0;
  for (double each : times)
    if (std::isfinite(each)) {
      sum += each;
      ++count;
    }
  return count ? sum / count : 0;
}

Status Contender::run(double &ms) {
  if (interrupted())
    return Status::error(ErrorCode::Cancelled, "interrupted");
  if (calls % subject.start.every == 0)
    if (Status status = subject.start.prepare(session); !status.ok())
      return status;
  ++calls;
  Clock::time_point begin = Clock::now();
  Status status = session.run(subject.inputs.data(), subject.inputs.size(),
                              outputs.data(), outputs.size());
  ms = sinceMs(begin);
  return status;
}

Status Contender::call() {
  double ms = 0;
  Status status = run(ms);
  double &best = least[sincePrepare() - 1];
  best = std::min(best, ms);
  return status;
}

Status Contender::callInParts() {
  session.setTiming(true);
  double whole = 0; // holds the clocks between the steps as well
  Status status = run(whole);
  double ms = 0;
  for (const StepTime &step : session.stepTimes())
    ms += step.gated ? step.ms : 0;
  for (const GateCount &gate : session.gateCounts()) {
    active += gate.active;
    rows += gate.rows;
  }
  double &best = gated[sincePrepare() - 1];
  best = std::min(best, ms);
  session.setTiming(false);
  return status;
}

/// All calls from one preparation to the next, each after a call of its own:
/// who runs before leaves other weights in the caches.
Status Contender::turn(bool inParts) {
  calls = 0;
  double unused = 0;
  if (subject.start.every == 1)
    if (Status status = run(unused); !status.ok())
      return status;
  for (int64_t i = 0; i < subject.start.every; ++i)
    if (Status status = inParts ? callInParts() : call(); !status.ok())
      return status;
  return {};
}

static Result<Contender> contender(const Engine &engine,
                                   const SpecialiseSubject &subject,
                                   Specialise specialise,
                                   std::optional<Program> *keep = nullptr) {
  CompileOptions wanted = subject.compile;
  wanted.specialise = specialise;
  Result<Program> program = engine.compile(subject.source, wanted);
  if (!program)
    return program.status();
  Result<Session> session = program->session();
  if (!session)
    return session.status();
  if (keep)
    *keep = *program;
  return Contender(std::move(*session), subject);
}

/// Enough turns for stable minima, bounded for the slow ones.
static bool isEnough(int64_t turns, double spentMs, int repeats) {
  if (repeats > 0)
    return turns >= repeats;
  return turns >= 2000 || spentMs > 8000 || (turns >= 7 && spentMs > 2500);
}

static constexpr int kTurnsInParts = 10;

Status SpecialiseSuite::timeInTurns(std::vector<Contender *> contenders,
                                    int64_t cycle,
                                    SpecialiseTimes &times) const {
  // The first turn allocates.
  for (Contender *each : contenders) {
    if (Status status = each->turn(/*inParts=*/false); !status.ok())
      return status;
    each->forgetTimes();
  }
  Clock::time_point begin = Clock::now();
  int64_t turns = 0;
  for (; !isEnough(turns, sinceMs(begin), options.repeats); ++turns)
    for (Contender *each : contenders)
      if (Status status = each->turn(/*inParts=*/false); !status.ok())
        return status;
  times.calls = turns * cycle;
  for (int64_t i = 0; i < std::min<int64_t>(turns, kTurnsInParts); ++i)
    for (Contender *each : contenders)
      if (Status status = each->turn(/*inParts=*/true); !status.ok())
        return status;
  return {};
}

/// What is wrong with the last outputs; empty: nothing.
static std::string mismatchOf(const SpecialiseSubject &subject,
                              Contender &generic, Contender &chosen,
                              Contender *dense) {
  auto look = [&](Contender &each, bool allActive) {
    return subject.check(each.results, each.sincePrepare(), allActive);
  };
  std::string why = look(generic, false);
  if (!why.empty())
    return "with generic kernels " + why;
  why = look(chosen, false);
  if (!why.empty())
    return "with chosen variants " + why;
  if (dense)
    why = look(*dense, true);
  return why.empty() ? "" : "with all rows active " + why;
}

Result<SpecialiseTimes>
SpecialiseSuite::measure(const Engine &engine,
                         const SpecialiseSubject &subject) const {
  std::optional<Program> program;
  Result<Contender> generic = contender(engine, subject, Specialise::Off);
  Result<Contender> dense = contender(engine, subject, Specialise::Off);
  Result<Contender> chosen =
      contender(engine, subject, Specialise::Background, &program);
  for (const Result<Contender> *made : {&generic, &dense, &chosen})
    if (!*made)
      return made->status();
  auto call = [&]() -> Status { return chosen->call(); };
  if (Status status = settleVariants(*program, call); !status.ok())
    return status;
  bool hasDense = dense->session.setOption("act_bias", -INFINITY).ok();
  std::vector<Contender *> contenders = {&*generic, &*chosen};
  if (hasDense)
    contenders.push_back(&*dense);
  SpecialiseTimes times;
  if (Status status = timeInTurns(contenders, subject.start.every, times);
      !status.ok())
    return status;

  times.mismatch =
      mismatchOf(subject, *generic, *chosen, hasDense ? &*dense : nullptr);
  times.genericMs = generic->ms(), times.genericGatedMs = generic->gatedMs();
  times.chosenMs = chosen->ms(), times.chosenGatedMs = chosen->gatedMs();
  if (hasDense)
    times.denseMs = dense->ms(), times.denseGatedMs = dense->gatedMs();
  times.active = generic->activeShare();
  times.sites = program->variants();
  times.target = std::string(program->target());
  return times;
}

//===----------------------------------------------------------------------===//
// What is printed
//===----------------------------------------------------------------------===//

static nlohmann::ordered_json keptVariants(const SpecialiseTimes &times) {
  auto kept = nlohmann::ordered_json::array();
  for (const SiteVariants &site : times.sites)
    for (const VariantInfo &variant : site.variants)
      if (variant.state == "kept")
        kept.push_back({{"layer", site.layer},
                        {"kernel", site.kernel},
                        {"variant", variant.name},
                        {"gain", variant.gain}});
  return kept;
}

/// Variants that were tried and are not faster.
static int droppedVariants(const SpecialiseTimes &times) {
  int count = 0;
  for (const SiteVariants &site : times.sites)
    for (const VariantInfo &variant : site.variants)
      count += variant.state == "dropped";
  return count;
}

static void printLine(std::ostream &out, const std::string &name,
                      const SpecialiseTimes &times, int threads) {
  nlohmann::ordered_json line = {
      {"suite", "specialise"},
      {"case", name},
      {"generic_ms", times.genericMs},
      {"chosen_ms", times.chosenMs},
      {"chosen/generic", times.chosenMs / times.genericMs}};
  if (times.denseMs > 0) {
    line["dense_ms"] = times.denseMs;
    line["chosen/dense"] = times.chosenMs / times.denseMs;
    line["generic_gated_ms"] = times.genericGatedMs;
    line["chosen_gated_ms"] = times.chosenGatedMs;
    line["dense_gated_ms"] = times.denseGatedMs;
  }
  if (times.active >= 0)
    line["active"] = times.active;
  line["sites"] = times.sites.size();
  line["kept"] = keptVariants(times);
  line["dropped"] = droppedVariants(times);
  line["calls"] = times.calls;
  line["threads"] = threads;
  line["target"] = times.target;
  line["version"] = SEQC_VERSION;
  out << line.dump() << std::endl;
}

/// "2 one-row-each, all-rows"
static std::string keptText(const SpecialiseTimes &times) {
  std::map<std::string, int> counts;
  for (const auto &kept : keptVariants(times))
    ++counts[kept["variant"].get<std::string>()];
  std::string text;
  for (const auto &[name, count] : counts)
    text += (text.empty() ? "" : ", ") +
            (count > 1 ? std::to_string(count) + " " : "") + name;
  return text.empty() ? "none" : text;
}

static std::vector<std::string> tableRow(const std::string &name,
                                         const SpecialiseTimes &times) {
  auto ms = [](double value) {
    return value > 0 ? formatNumber(value, value < 1 ? 4 : 2) : "-";
  };
  auto ratio = [](double part, double whole) {
    return whole > 0 ? formatNumber(part / whole, 3) : "-";
  };
  bool gated = times.denseMs > 0;
  return {name,
          times.active < 0 ? "-" : formatNumber(100 * times.active, 1) + " %",
          ms(times.genericMs),
          ms(times.chosenMs),
          ratio(times.chosenMs, times.genericMs),
          ms(times.denseMs),
          ratio(times.chosenMs, times.denseMs),
          gated ? ms(times.chosenGatedMs) : "-",
          gated ? ratio(times.chosenGatedMs, times.denseGatedMs) : "-",
          keptText(times)};
}

int cli::benchSpecialise(const BenchOptions &options,
                         const std::vector<SpecialiseCase> &cases) {
  if (options.common.target == "reference")
    return report(Status::error(ErrorCode::InvalidArgument,
                                "target reference has no variants; expected "
                                "cpu or one of its levels"));
  std::ofstream copy;
  if (!options.jsonFile.empty())
    copy.open(options.jsonFile, std::ios::app);
  bool lines = options.common.json || !isatty(STDOUT_FILENO);
  std::vector<std::vector<std::string>> table = {
      {"case", "active", "generic ms", "chosen ms", "/generic", "dense ms",
       "/dense", "gated part ms", "/dense", "kept"}};
  for (const SpecialiseCase &each : cases) {
    // Variants and verdicts of earlier runs are no part of a measurement.
    CommonOptions common = options.common;
    common.noCache = true;
    common.threads = std::max(1, common.threads);
    ProgressLine quiet(false);
    Result<Engine> engine = createEngine(common, quiet);
    if (!engine)
      return report(engine.status());
    Result<SpecialiseSubject> subject = each.make(*engine);
    if (!subject)
      return report(subject.status());
    Result<SpecialiseTimes> times =
        SpecialiseSuite(options).measure(*engine, *subject);
    if (!times)
      return report(times.status());
    if (!times->mismatch.empty()) {
      std::cerr << "seqc: " << each.name << ": " << times->mismatch
                << "; no time is reported\n";
      return kCheckFailed;
    }
    if (lines)
      printLine(std::cout, each.name, *times, common.threads);
    if (copy.is_open())
      printLine(copy, each.name, *times, common.threads);
    table.push_back(tableRow(each.name, *times));
  }
  if (!lines)
    std::cout << formatTable(table);
  return kDone;
}
