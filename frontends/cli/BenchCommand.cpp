//===- BenchCommand.cpp - `seqc bench` ------------------------------------===//

#include "frontends/cli/Bench.h"

#include "frontends/cli/CheckOptions.h"
#include "runtime/jit/Roofline.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <fstream>
#include <iostream>
#include <stdlib.h>

using namespace seqc;
using namespace seqc::cli;

using Clock = std::chrono::steady_clock;

static double processorMs() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return double(time.tv_sec) * 1e3 + double(time.tv_nsec) * 1e-6;
}

static double percentile(std::vector<double> sorted, double fraction) {
  std::sort(sorted.begin(), sorted.end());
  return sorted[static_cast<size_t>(fraction * double(sorted.size() - 1) +
                                    0.5)];
}

Result<BenchTimes> cli::timeCalls(Session &session,
                                  const std::vector<TensorRef> &inputs,
                                  std::vector<Tensor> &results,
                                  bool keepState) {
  std::vector<TensorRef> outputs;
  for (Tensor &tensor : results)
    outputs.push_back(tensor.ref());
  BenchTimes times;
  double spent = 0;
  // Enough calls for a stable minimum, bounded for the slow ones.
  for (int repeat = 0; repeat < 400 && (repeat < 7 || spent < 1500); ++repeat) {
    if (interrupted())
      return Status::error(ErrorCode::Cancelled, "interrupted");
    if (!keepState)
      if (Status status = session.resetState(); !status.ok())
        return status;
    double processor = processorMs();
    Clock::time_point start = Clock::now();
    Status status = session.run(inputs.data(), inputs.size(), outputs.data(),
                                outputs.size());
    double ms =
        std::chrono::duration<double, std::milli>(Clock::now() - start).count();
    processor = processorMs() - processor;
    if (!status.ok())
      return status;
    if (repeat == 0) {
      times.firstMs = ms;
      continue;
    }
    times.ms.push_back(ms);
    times.processorMs = times.processorMs == 0
                            ? processor
                            : std::min(times.processorMs, processor);
    spent += ms;
  }
  return times;
}

void cli::printBenchLine(const BenchLine &line, std::ostream &stream) {
  double load[1] = {0};
  getloadavg(load, 1);
  double least = *std::min_element(line.times.ms.begin(), line.times.ms.end());
  nlohmann::ordered_json object = {
      {"case", line.name},
      {"peer", "seqc"},
      {"version", SEQC_VERSION},
      {"threads", line.threads},
      {"dtype", "f32"},
      {"repeats", line.times.ms.size()},
      {"min_ms", least},
      {"median_ms", percentile(line.times.ms, 0.5)},
      {"p90_ms", percentile(line.times.ms, 0.9)},
      {"p10_ms", percentile(line.times.ms, 0.1)},
      {"first_ms", line.compileMs + line.times.firstMs},
      {"compile_ms", line.compileMs},
      {"cache", line.warm ? "warm" : "cold"},
      {"cpu_min_ms", line.times.processorMs},
      {"load1", load[0]},
      {"tokens_per_s", 1e3 * double(line.tokens) / least},
      {"target", line.target},
      {"check_err", line.checkError},
      {"check_ok", line.checkOk}};
  if (line.flops > 0) {
    object["gflops"] = line.flops / least / 1e6;
    if (line.peakGflops > 0)
      object["of_limit"] =
          line.flops / least / 1e6 / (line.peakGflops * line.threads);
  }
  stream << object.dump() << std::endl;
}

/// Times one call of a model on random tokens and compares it with the
/// reference.
static int benchModel(const BenchOptions &options) {
  ProgressLine progress(false);
  Result<Engine> engine = createEngine(options.common, progress);
  if (!engine)
    return report(engine.status());
  Result<Program> program = compileModel(*engine, options.common);
  if (!program)
    return report(program.status());
  CommonOptions referenceOptions = options.common;
  referenceOptions.target = "reference";
  Result<Program> reference = compileModel(*engine, referenceOptions);
  if (!reference)
    return report(reference.status());
  int64_t length = options.length;
  if (!length) {
    std::string own = program->metadata("window");
    length = own.empty() ? 512 : std::atoll(own.c_str());
  }
  if (int64_t most = program->signature().maxPositions; most > 0)
    length = std::min(length, most);
  std::vector<Tensor> random = randomInputs(*program, options.batch, length);
  std::vector<TensorRef> inputs;
  for (Tensor &tensor : random)
    inputs.push_back(tensor.ref());
  Result<std::vector<Tensor>> expected = runOnce(*reference, inputs);
  if (!expected)
    return report(expected.status());
  Result<Session> session = program->session();
  if (!session)
    return report(session.status());
  std::vector<Tensor> results;
  for (const Tensor &tensor : *expected)
    results.emplace_back(tensor.dtype(), tensor.shape());
  Result<BenchTimes> times =
      timeCalls(*session, inputs, results, /*keepState=*/false);
  if (!times)
    return report(times.status());
  BenchLine line;
  line.name = options.common.model;
  line.threads = engine->options().threads;
  line.target = std::string(program->target());
  line.times = *times;
  line.compileMs = program->stats().totalMs;
  line.warm = program->stats().warm;
  line.tokens = options.batch * length;
  // The timed output itself is what is compared.
  Difference difference = compare(results[0].ref(), (*expected)[0].ref(),
                                  kRelativeTolerance, kAbsoluteTolerance);
  line.checkError = difference.absolute;
  line.checkOk = difference.ok;
  if (!line.checkOk) {
    std::cerr << "seqc: the timed output differs from the reference by "
              << formatScientific(difference.absolute)
              << "; no time is reported\n";
    return kCheckFailed;
  }
  printBenchLine(line, std::cout);
  return kDone;
}

static bool isCaseList(const std::string &path) {
  std::ifstream stream(path);
  nlohmann::json document =
      nlohmann::json::parse(stream, nullptr, /*allow_exceptions=*/false);
  return document.is_object() && document.contains("cases") &&
         document.contains("ops");
}

void cli::addBenchCommand(CLI::App &app, Action &action) {
  auto *bench = app.add_subcommand(
      "bench", "time a model, or a list of cases\n"
               "example: seqc bench cases.json --filter 'sma_*'");
  auto options = std::make_shared<BenchOptions>();
  bench
      ->add_option("MODEL", options->common.model,
                   "model description or list of cases")
      ->required();
  addCommonFlags(*bench, options->common);
  bench->add_option("--filter", options->filter,
                    "only cases whose name matches (* and ?)");
  bench->add_option("--json-file", options->jsonFile,
                    "append the lines to this file as well");
  bench
      ->add_option("--length", options->length,
                   "tokens per sequence (models; default: window)")
      ->check(CLI::PositiveNumber);
  bench->add_option("--batch", options->batch, "sequences per call (models)")
      ->check(CLI::PositiveNumber);
  bench->callback([&action, options] {
    action = [options] {
      return isCaseList(options->common.model) ? benchCases(*options)
                                               : benchModel(*options);
    };
  });
}
