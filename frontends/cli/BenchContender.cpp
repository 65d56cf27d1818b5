//===- BenchContender.cpp - programs that take turns ----------------------===//
#include "frontends/cli/BenchContender.h"

#include "frontends/cli/CheckOptions.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <sched.h>
#include <thread>

using namespace seqc;
using namespace seqc::cli;

using Clock = std::chrono::steady_clock;

Result<Contender> Contender::make(const Engine &engine,
                                  const SpecialiseSubject &subject,
                                  const ContenderKind &kind) {
  CompileOptions wanted = subject.compile;
  wanted.specialise = kind.specialise;
  wanted.useCache = kind.useCache;
  Result<Program> program = engine.compile(subject.source, wanted);
  if (!program)
    return program.status();
  SessionOptions options;
  options.counting = kind.counting;
  Result<Session> session = program->session(options);
  if (!session)
    return session.status();
  return Contender(std::move(*program), std::move(*session), subject);
}

Contender::Contender(Program program, Session session,
                     const SpecialiseSubject &subject)
    : program(std::move(program)), session(std::move(session)),
      subject(&subject) {
  for (const Tensor &tensor : subject.results)
    results.emplace_back(tensor.dtype(), tensor.shape());
  for (Tensor &tensor : results)
    outputs.push_back(tensor.ref());
}

Status Contender::setGates(float wanted) {
  bias = wanted;
  return session.setOption(kGateBias, wanted);
}

Result<double> Contender::call() {
  if (interrupted())
    return Status::error(ErrorCode::Cancelled, "interrupted");
  if (done % subject->start.every == 0)
    if (Status status = subject->start.prepare(session); !status.ok())
      return status;
  ++done;
  Clock::time_point begin = Clock::now();
  Status status = session.run(subject->inputs.data(), subject->inputs.size(),
                              outputs.data(), outputs.size());
  double ms =
      std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
  if (!status.ok())
    return status;
  return ms;
}

Status Contender::warm() {
  restart();
  Result<double> unused = call();
  restart();
  return unused ? Status() : unused.status();
}

Result<double> Contender::calls(int64_t count) {
  if (Status status = warm(); !status.ok())
    return status;
  double total = 0;
  for (int64_t i = 0; i < count; ++i) {
    Result<double> ms = call();
    if (!ms)
      return ms.status();
    total += *ms;
  }
  return total;
}

Result<double> Contender::stream(const std::vector<float> &biases) {
  if (Status status = warm(); !status.ok())
    return status;
  double total = 0;
  for (float each : biases) {
    if (Status status = setGates(each); !status.ok())
      return status;
    Result<double> ms = call();
    if (!ms)
      return ms.status();
    total += *ms;
  }
  return total;
}

double Contender::activeShare() const {
  int64_t active = 0, rows = 0;
  for (const GateCount &gate : session.gateCounts()) {
    active += gate.active;
    rows += gate.rows;
  }
  return rows ? double(active) / double(rows) : -1;
}

std::string Contender::whatIsWrong() {
  return subject->check(results, sincePrepare(), bias);
}

std::string cli::differenceOf(Contender &got, Contender &expected) {
  for (size_t i = 0; i < got.results.size(); ++i) {
    Difference difference =
        compare(got.results[i].ref(), expected.results[i].ref(),
                kRelativeTolerance, kAbsoluteTolerance);
    if (!difference.ok)
      return "the output differs from that of generic kernels by " +
             formatScientific(difference.absolute);
  }
  return "";
}

/// Over all calls from one preparation to the next.
static Result<double> shareWith(float bias, Contender &contender,
                                int64_t calls) {
  contender.restart();
  if (Status status = contender.setGates(bias); !status.ok())
    return status;
  double sum = 0;
  for (int64_t i = 0; i < calls; ++i) {
    if (Result<double> ms = contender.call(); !ms)
      return ms.status();
    sum += contender.activeShare();
  }
  return sum / double(calls);
}

Result<Gates> cli::gatesFor(double share, Contender &contender,
                            const SpecialiseSubject &subject) {
  bool isEnd = share <= 0 || share >= 1;
  constexpr int kMostSteps = 24;
  constexpr double kCloseEnough = 0.002;
  float low = -64, high = 64;
  Gates gates;
  for (int step = 0; step < kMostSteps; ++step) {
    gates.bias = (low + high) / 2;
    if (isEnd)
      gates.bias = share <= 0 ? INFINITY : -INFINITY;
    Result<double> got = shareWith(gates.bias, contender, subject.start.every);
    if (!got)
      return got.status();
    gates.active = *got;
    if (isEnd || std::fabs(*got - share) < kCloseEnough)
      break;
    (*got > share ? low : high) = gates.bias;
  }
  return gates;
}

int cli::usableCores() {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0)
    return CPU_COUNT(&allowed);
  return static_cast<int>(std::thread::hardware_concurrency());
}

double cli::medianOf(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  size_t middle = values.size() / 2;
  return values.size() % 2 ? values[middle]
                           : (values[middle - 1] + values[middle]) / 2;
}
