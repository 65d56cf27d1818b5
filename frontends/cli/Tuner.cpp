//===- Tuner.cpp - a search for better schedules --------------------------===//
//
// A candidate differs from the best program so far in one field of one kernel.
// Both are called in turn, so that what else the machine does hits both, and
// the smallest times of that kernel are compared. Candidates share the engine:
// only the kernel that differs is compiled.
//
//===----------------------------------------------------------------------===//

#include "frontends/cli/Tuner.h"

#include "runtime/jit/ScheduleFile.h"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>

using namespace seqc;
using namespace seqc::cli;
using jit::ScheduleChoice;
using jit::ScheduleField;

using Clock = std::chrono::steady_clock;

/// Smaller gains are mostly noise.
static constexpr double kLeastGain = 0.02;
/// Kernels that take less of a call are not worth a search.
static constexpr double kLeastShare = 0.01;
/// Shorter times say more of the clock than of the kernel.
static constexpr double kLeastMs = 1e-3;
/// A candidate that is this much slower after a few calls is given up.
static constexpr double kHopeless = 1.15;
static constexpr int kFewCalls = 3;
static constexpr int kFinalRaces = 8;

namespace {

/// A program with a session, and the smallest times of its calls.
class TimedProgram {
public:
  static Result<std::unique_ptr<TimedProgram>> open(Program program,
                                                    const TuneSubject &subject);

  /// A call that does not count leaves the smallest times as they are.
  Status call(bool counts = true);
  /// What is wrong with the last results.
  std::string check() { return subject.check(results, sincePrepare); }
  void forgetTimes();
  double leastMs() const { return least; }
  double kernelMs(const std::string &kernel) const;
  /// Kernels that take a notable part of a call, most of it first.
  std::vector<std::string> costlyKernels() const;
  const Program &compiled() const { return program; }

private:
  TimedProgram(Program program, Session session, const TuneSubject &subject);

  Program program;
  Session session;
  const TuneSubject &subject;
  std::vector<Tensor> results;
  std::vector<TensorRef> outputs;
  int64_t calls = 0, sincePrepare = 0;
  double least = 0;
  std::map<std::string, double> kernels;
};

class Tuner {
public:
  Tuner(const Engine &engine, const TuneSubject &subject,
        const BenchOptions &options)
      : engine(engine), subject(subject), options(options),
        progress(!options.common.json) {}

  /// Compiles and checks the program to start from.
  Status start();
  Status search();
  Status write() const;
  /// Times the result against the start; takes back what gains nothing.
  Status finish();
  /// `stopped`: before the final race, so that there are no times to compare.
  void print(bool stopped) const;
  bool isReady() const { return first != nullptr; }
  /// What is wrong with the output before the search or after it.
  const std::string &problem() const { return wrong; }

private:
  Result<std::unique_ptr<TimedProgram>> compile() const;
  jit::ScheduleFile scheduleFile() const;
  Status climb(ScheduleChoice &choice, ScheduleField field);
  /// Whether the value was better and is kept.
  Result<bool> tryValue(ScheduleChoice &choice, ScheduleField field,
                        int64_t value);
  /// Calls both in turn; `kernel` empty: the whole call counts.
  Status race(TimedProgram &other, TimedProgram &candidate,
              const std::string &kernel) const;
  bool isEnough(int rounds, double spentMs) const;
  void note(const ScheduleChoice &choice, ScheduleField field, int64_t value,
            const std::string &text);

  const Engine &engine;
  const TuneSubject &subject;
  const BenchOptions &options;
  mutable ProgressLine progress;
  std::vector<ScheduleChoice> choices, startChoices;
  std::unique_ptr<TimedProgram> first, best; ///< best null: still the first
  std::string wrong;
  int tried = 0, kept = 0;
  double done = 0; ///< share of the search
  double beforeMs = 0, afterMs = 0;
};

} // namespace

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

TimedProgram::TimedProgram(Program program, Session session,
                           const TuneSubject &subject)
    : program(std::move(program)), session(std::move(session)),
      subject(subject) {
  for (const Tensor &shape : subject.results)
    results.emplace_back(shape.dtype(), shape.shape());
  for (Tensor &tensor : results)
    outputs.push_back(tensor.ref());
  this->session.setTiming(true);
}

Result<std::unique_ptr<TimedProgram>>
TimedProgram::open(Program program, const TuneSubject &subject) {
  Result<Session> session = program.session();
  if (!session)
    return session.status();
  std::unique_ptr<TimedProgram> timed(
      new TimedProgram(std::move(program), std::move(*session), subject));
  // The first call allocates.
  if (Status status = timed->call(/*counts=*/false); !status.ok())
    return status;
  return timed;
}

Status TimedProgram::call(bool counts) {
  if (interrupted())
    return Status::error(ErrorCode::Cancelled, "interrupted");
  if (calls % subject.start.every == 0)
    if (Status status = subject.start.prepare(session); !status.ok())
      return status;
  sincePrepare = calls++ % subject.start.every + 1;
  Clock::time_point begin = Clock::now();
  Status status = session.run(subject.inputs.data(), subject.inputs.size(),
                              outputs.data(), outputs.size());
  double ms =
      std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
  if (!status.ok() || !counts)
    return status;
  std::map<std::string, double> now;
  for (const StepTime &step : session.stepTimes())
    now[step.kernel] += step.ms;
  for (const auto &[kernel, time] : now) {
    auto [known, isNew] = kernels.try_emplace(kernel, time);
    if (!isNew)
      known->second = std::min(known->second, time);
  }
  least = least == 0 ? ms : std::min(least, ms);
  return {};
}

void TimedProgram::forgetTimes() {
  kernels.clear();
  least = 0;
}

double TimedProgram::kernelMs(const std::string &kernel) const {
  auto found = kernels.find(kernel);
  return found == kernels.end() ? least : found->second;
}

std::vector<std::string> TimedProgram::costlyKernels() const {
  std::vector<std::pair<double, std::string>> order;
  for (const auto &[kernel, ms] : kernels)
    if (ms >= std::max(kLeastMs, kLeastShare * least))
      order.emplace_back(-ms, kernel);
  std::sort(order.begin(), order.end());
  std::vector<std::string> names;
  for (auto &[ms, kernel] : order)
    names.push_back(std::move(kernel));
  return names;
}

//===----------------------------------------------------------------------===//
// Search
//===----------------------------------------------------------------------===//

jit::ScheduleFile Tuner::scheduleFile() const {
  jit::ScheduleFile file;
  file.name = options.tune;
  file.target = std::string(first->compiled().target());
  for (const ScheduleChoice &choice : choices) {
    jit::ScheduleKernel kernel;
    kernel.name = choice.kernel;
    for (size_t i = 0; i < jit::kScheduleFields; ++i)
      if (choice.current[i] != choice.model[i])
        kernel.entries.push_back({ScheduleField(i), choice.current[i], {}});
    if (!kernel.entries.empty())
      file.kernels.push_back(std::move(kernel));
  }
  return file;
}

/// With the schedules of `choices`. Candidates stay out of the disk cache.
Result<std::unique_ptr<TimedProgram>> Tuner::compile() const {
  CompileOptions compile = subject.compile;
  compile.useCache = false;
  compile.schedule = "<candidate>";
  compile.scheduleText = jit::writeScheduleFile(scheduleFile());
  Result<Program> program = engine.compile(subject.source, compile);
  if (!program)
    return program.status();
  return TimedProgram::open(std::move(*program), subject);
}

Status Tuner::start() {
  Result<std::vector<ScheduleChoice>> found =
      jit::scheduleChoices(subject.source, subject.compile);
  if (!found)
    return found.status();
  choices = startChoices = std::move(*found);
  Result<Program> program = engine.compile(subject.source, subject.compile);
  if (!program)
    return program.status();
  Result<std::unique_ptr<TimedProgram>> timed =
      TimedProgram::open(std::move(*program), subject);
  if (!timed)
    return timed.status();
  first = std::move(*timed);
  for (int call = 0; call < kFewCalls; ++call)
    if (Status status = first->call(); !status.ok())
      return status;
  beforeMs = afterMs = first->leastMs();
  wrong = first->check();
  return {};
}

bool Tuner::isEnough(int rounds, double spentMs) const {
  if (options.repeats > 0)
    return rounds >= options.repeats;
  return rounds >= 200 || (rounds >= 5 && spentMs > 300) ||
         (rounds >= kFewCalls && spentMs > 3000);
}

Status Tuner::race(TimedProgram &other, TimedProgram &candidate,
                   const std::string &kernel) const {
  TimedProgram *turns[2] = {&other, &candidate};
  // What a compile left in the caches favours neither.
  for (TimedProgram *each : turns)
    if (Status status = each->call(/*counts=*/false); !status.ok())
      return status;
  Clock::time_point begin = Clock::now();
  for (int round = 1;; ++round) {
    for (TimedProgram *each : turns)
      if (Status status = each->call(); !status.ok())
        return status;
    // Nor does it favour one that it goes second.
    std::swap(turns[0], turns[1]);
    double spent =
        std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
    if (isEnough(round, spent))
      return {};
    if (options.repeats == 0 && !kernel.empty() && round >= kFewCalls &&
        candidate.kernelMs(kernel) > kHopeless * other.kernelMs(kernel))
      return {};
  }
}

/// Values next to `value`, those tried first first.
static std::vector<int64_t> neighbours(ScheduleField field, int64_t value,
                                       int64_t lanes) {
  constexpr int64_t kMostUnroll = 8, kMostBlocks = 3, kKeyStep = 8;
  std::vector<int64_t> all;
  int64_t most = std::numeric_limits<int64_t>::max();
  switch (field) {
  case ScheduleField::Rows:
    all = {2 * value, value / 2};
    break;
  case ScheduleField::Keys:
    all = {(2 * value) / kKeyStep * kKeyStep,
           (value / 2 + kKeyStep - 1) / kKeyStep * kKeyStep};
    break;
  case ScheduleField::RegisterRows:
    all = {value + 2, value - 2, value + 4, value - 4};
    break;
  case ScheduleField::RegisterVectors:
    all = {value + 1, value - 1};
    break;
  case ScheduleField::Unroll:
    all = {2 * value, value / 2};
    most = kMostUnroll;
    break;
  case ScheduleField::Block:
    // 0 stands for one vector.
    value = std::max(value, lanes);
    all = {value + lanes, value - lanes};
    most = kMostBlocks * lanes;
    break;
  }
  all.erase(std::remove_if(all.begin(), all.end(),
                           [&](int64_t v) { return v < 1 || v > most; }),
            all.end());
  return all;
}

void Tuner::note(const ScheduleChoice &choice, ScheduleField field,
                 int64_t value, const std::string &text) {
  progress.finish();
  std::cerr << "seqc: " << choice.kernel << ": " << jit::toString(field) << ' '
            << choice.current[static_cast<size_t>(field)] << " -> " << value
            << ": " << text << '\n';
}

static std::string percent(double share) {
  return formatNumber(100 * share, 1) + " %";
}

Result<bool> Tuner::tryValue(ScheduleChoice &choice, ScheduleField field,
                             int64_t value) {
  progress.update("tuning " + choice.kernel + ": " + jit::toString(field) +
                      " " + std::to_string(value),
                  done);
  int64_t &slot = choice.current[static_cast<size_t>(field)];
  int64_t old = slot;
  slot = value;
  Result<std::unique_ptr<TimedProgram>> candidate = compile();
  slot = old;
  if (interrupted())
    return Status::error(ErrorCode::Cancelled, "interrupted");
  if (!candidate) {
    // What breaks a limit was only asked for to find the limit.
    if (candidate.status().code() != ErrorCode::InvalidArgument)
      note(choice, field, value,
           "skipped, it fails: " + candidate.status().message());
    return false;
  }
  ++tried;
  TimedProgram &other = best ? *best : *first;
  other.forgetTimes();
  auto gain = [&] {
    return 1 - (*candidate)->kernelMs(choice.kernel) /
                   other.kernelMs(choice.kernel);
  };
  auto isBetter = [&] {
    return gain() > kLeastGain &&
           (*candidate)->leastMs() <= (1 + kLeastGain) * other.leastMs();
  };
  // What wins has to win again: of many candidates some are lucky.
  for (int race = 0; race < 2; ++race) {
    if (Status status = this->race(other, **candidate, choice.kernel);
        !status.ok())
      return status;
    if (!isBetter())
      return false;
  }
  if (std::string wrong = (*candidate)->check(); !wrong.empty()) {
    note(choice, field, value, "not kept: " + wrong);
    return false;
  }
  note(choice, field, value,
       percent(gain()) + " faster (" +
           formatNumber(other.kernelMs(choice.kernel), 4) + " -> " +
           formatNumber((*candidate)->kernelMs(choice.kernel), 4) + " ms)");
  slot = value;
  best = std::move(*candidate);
  afterMs = best->leastMs();
  ++kept;
  return true;
}

Status Tuner::climb(ScheduleChoice &choice, ScheduleField field) {
  const int64_t &current = choice.current[static_cast<size_t>(field)];
  std::set<int64_t> seen = {current};
  for (bool moved = true; moved;) {
    moved = false;
    for (int64_t value : neighbours(field, current, choice.lanes)) {
      if (!seen.insert(value).second)
        continue;
      Result<bool> better = tryValue(choice, field, value);
      if (!better)
        return better.status();
      moved = *better;
      if (moved)
        break;
    }
  }
  return {};
}

Status Tuner::search() {
  std::vector<std::string> order = first->costlyKernels();
  for (size_t i = 0; i < order.size(); ++i) {
    auto choice = std::find_if(
        choices.begin(), choices.end(),
        [&](const ScheduleChoice &each) { return each.kernel == order[i]; });
    // Steps such as copies have a time but no schedule.
    if (choice == choices.end())
      continue;
    done = double(i) / double(order.size());
    for (ScheduleField field : choice->fields)
      if (Status status = climb(*choice, field); !status.ok())
        return status;
  }
  return {};
}

//===----------------------------------------------------------------------===//
// Result
//===----------------------------------------------------------------------===//

Status Tuner::finish() {
  if (!best)
    return {};
  first->forgetTimes();
  best->forgetTimes();
  // Longer than a candidate's: all that was found is at stake.
  for (int i = 0; i < kFinalRaces; ++i) {
    if (Status status = race(*first, *best, /*kernel=*/""); !status.ok())
      return status;
    if (i >= 1 && best->leastMs() < (1 - kLeastGain) * first->leastMs())
      break;
  }
  beforeMs = first->leastMs();
  afterMs = best->leastMs();
  wrong = best->check();
  if (afterMs < beforeMs)
    return {};
  progress.finish();
  std::cerr << "seqc: together the changes gain nothing (" << beforeMs << " -> "
            << afterMs << " ms); they are taken back\n";
  choices = startChoices;
  best = nullptr;
  kept = 0;
  afterMs = beforeMs;
  return {};
}

Status Tuner::write() const {
  return writeFile(options.tune, jit::writeScheduleFile(scheduleFile()));
}

void Tuner::print(bool stopped) const {
  progress.finish();
  double gain = beforeMs > 0 ? 1 - afterMs / beforeMs : 0;
  if (options.common.json) {
    nlohmann::ordered_json line = {{"tuned", subject.name},
                                   {"target", first->compiled().target()},
                                   {"threads", engine.options().threads},
                                   {"kernels", choices.size()},
                                   {"candidates", tried},
                                   {"kept", kept},
                                   {"before_ms", beforeMs},
                                   {"after_ms", afterMs},
                                   {"schedule", options.tune}};
    if (stopped)
      line["before_ms"] = line["after_ms"] = nullptr;
    std::cout << line.dump() << '\n';
    return;
  }
  if (stopped) {
    std::cout << "tuned " << subject.name << " for "
              << first->compiled().target() << ": interrupted, " << kept
              << " of " << tried
              << " candidates kept so far, not raced together, written to "
              << options.tune << '\n';
    return;
  }
  std::cout << "tuned " << subject.name << " for " << first->compiled().target()
            << ": " << formatNumber(beforeMs, 4) << " -> "
            << formatNumber(afterMs, 4) << " ms (" << percent(gain)
            << " less), " << kept << " of " << tried
            << " candidates kept, written to " << options.tune << '\n';
}

int cli::tuneSchedule(const Engine &engine, const TuneSubject &subject,
                      const BenchOptions &options) {
  // A place that cannot be written shows before the search.
  if (Status status = checkWritable(options.tune); !status.ok())
    return report(status);
  Tuner tuner(engine, subject, options);
  Status status = tuner.start();
  if (status.ok() && tuner.problem().empty())
    status = tuner.search();
  if (status.ok() && tuner.problem().empty())
    status = tuner.finish();
  bool stopped = tuner.isReady() && status.code() == ErrorCode::Cancelled;
  if (!status.ok() && !stopped)
    return report(status);
  if (!tuner.problem().empty()) {
    std::cerr << "seqc: " << tuner.problem() << "; no schedule is written\n";
    return kCheckFailed;
  }
  if (Status written = tuner.write(); !written.ok())
    return report(written);
  tuner.print(stopped);
  if (stopped)
    return report(Status::error(
        ErrorCode::Cancelled,
        "interrupted; what was found until then is in " + options.tune));
  return kDone;
}
