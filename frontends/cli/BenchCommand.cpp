//===- BenchCommand.cpp - `seqc bench` ------------------------------------===//

#include "frontends/cli/Bench.h"
#include "frontends/cli/BenchJit.h"
#include "frontends/cli/BenchSpecialise.h"

#include "frontends/cli/CheckOptions.h"
#include "frontends/cli/InputTensors.h"
#include "frontends/cli/Tuner.h"
#include "runtime/jit/Roofline.h"

#include <algorithm>
#include <chrono>
#include <cmath>
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

double BenchTimes::least() const {
  return *std::min_element(ms.begin(), ms.end());
}

/// Enough calls for a stable minimum, bounded for the slow ones.
static bool isEnough(size_t calls, double spentMs, int repeats) {
  if (repeats > 0)
    return calls >= static_cast<size_t>(repeats);
  return calls >= 2000 || spentMs > 4000 || (calls >= 7 && spentMs > 1000);
}

Result<BenchTimes> cli::timeCalls(Session &session,
                                  const std::vector<TensorRef> &inputs,
                                  std::vector<Tensor> &results,
                                  const BenchStart &start, int repeats) {
  std::vector<TensorRef> outputs;
  for (Tensor &tensor : results)
    outputs.push_back(tensor.ref());
  BenchTimes times;
  double spent = 0;
  for (int64_t call = 0;
       call == 0 || !isEnough(times.ms.size(), spent, repeats); ++call) {
    if (interrupted())
      return Status::error(ErrorCode::Cancelled, "interrupted");
    if (call % start.every == 0)
      if (Status status = start.prepare(session); !status.ok())
        return status;
    times.sincePrepare = call % start.every + 1;
    double processor = processorMs();
    Clock::time_point begin = Clock::now();
    Status status = session.run(inputs.data(), inputs.size(), outputs.data(),
                                outputs.size());
    double ms =
        std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
    processor = processorMs() - processor;
    if (!status.ok())
      return status;
    if (call == 0) {
      times.firstMs = ms;
      continue;
    }
    times.processorMs =
        times.ms.empty() ? processor : std::min(times.processorMs, processor);
    times.ms.push_back(ms);
    spent += ms;
  }
  return times;
}

/// Work on smaller arrays stays in the caches from call to call.
static constexpr double kCachedBytes = 24e6;

double BenchWork::limitMs(const jit::Roofline &machine, int threads) const {
  if (flops <= 0 || machine.fmaGflops <= 0)
    return 0;
  double arithmetic =
      flops / machine.fmaGflops / 1e6 + exps / machine.expGops / 1e6;
  double memory = bytes > kCachedBytes ? bytes / machine.readGbs / 1e6 : 0;
  return std::max(arithmetic, memory) / threads;
}

nlohmann::ordered_json BenchLine::json() const {
  double load[1] = {0};
  getloadavg(load, 1);
  double best = times.least();
  std::string isa = target.substr(target.find(':') + 1);
  nlohmann::ordered_json object = {{"case", name},
                                   {"op", op},
                                   {"peer", "seqc"},
                                   {"version", SEQC_VERSION},
                                   {"threads", threads},
                                   {"dtype", "f32"},
                                   {"repeats", times.ms.size()},
                                   {"min_ms", best},
                                   {"median_ms", percentile(times.ms, 0.5)},
                                   {"p90_ms", percentile(times.ms, 0.9)},
                                   {"p10_ms", percentile(times.ms, 0.1)},
                                   {"first_ms", compileMs + times.firstMs},
                                   {"compile_ms", compileMs},
                                   {"cache", warm ? "warm" : "cold"},
                                   {"cpu_min_ms", times.processorMs},
                                   {"load1", load[0]},
                                   {"target", target},
                                   {"isa", isa},
                                   {"kernels", kernels},
                                   {"check_err", checkError},
                                   {"small_err", smallError},
                                   {"check_ok", checkOk}};
  if (work.tokens > 0)
    object["tokens_per_s"] = 1e3 * double(work.tokens) / best;
  if (work.flops > 0) {
    object["gflops"] = work.flops / best / 1e6;
    object["gbs"] = work.bytes / best / 1e6;
  }
  if (limitMs > 0) {
    object["limit_ms"] = limitMs;
    object["of_limit"] = limitMs / best;
  }
  return object;
}

/// The outputs of a tuned program against the reference.
static std::string compareAll(std::vector<Tensor> &results,
                              std::vector<Tensor> &expected) {
  for (size_t i = 0; i < results.size(); ++i) {
    Difference difference = compare(results[i].ref(), expected[i].ref(),
                                    kRelativeTolerance, kAbsoluteTolerance);
    if (!difference.ok)
      return "the output differs from the reference by " +
             formatScientific(difference.absolute);
  }
  return "";
}

namespace {
/// A model with random input and what the reference makes of it.
struct ModelBench {
  Engine engine;
  Program program;
  int64_t tokens = 0;
  std::vector<Tensor> inputs, expected;
};
} // namespace

/// The engine in the result goes on using `progress`.
static Result<ModelBench> openBench(const BenchOptions &options,
                                    ProgressLine &progress) {
  Result<Engine> engine = createEngine(options.common, progress);
  if (!engine)
    return engine.status();
  Result<Program> program = compileModel(*engine, options.common);
  if (!program)
    return program.status();
  Result<Program> reference =
      compileModel(*engine, onReference(options.common));
  if (!reference)
    return reference.status();
  int64_t length = lengthOf(*program, options.length);
  std::vector<Tensor> random = randomInputs(*program, options.batch, length);
  ModelBench bench{std::move(*engine),
                   std::move(*program),
                   options.batch * length,
                   std::move(random),
                   {}};
  std::vector<TensorRef> inputs;
  for (Tensor &tensor : bench.inputs)
    inputs.push_back(tensor.ref());
  Result<std::vector<Tensor>> expected = runOnce(*reference, inputs);
  if (!expected)
    return expected.status();
  bench.expected = std::move(*expected);
  return bench;
}

/// Times one call of a model on random tokens and compares it with the
/// reference.
static int benchModel(const BenchOptions &options) {
  LineCopy copy;
  copy.open(options.jsonFile);
  if (!copy.status().ok())
    return report(copy.status());
  ProgressLine quiet(false);
  Result<ModelBench> bench = openBench(options, quiet);
  if (!bench)
    return report(bench.status());
  TuneSubject subject;
  for (Tensor &tensor : bench->inputs)
    subject.inputs.push_back(tensor.ref());
  for (const Tensor &tensor : bench->expected)
    subject.results.emplace_back(tensor.dtype(), tensor.shape());
  subject.start.prepare = [](Session &used) { return used.resetState(); };
  if (!options.tune.empty()) {
    subject.name = options.common.model;
    subject.source = ModelSource::fromFile(options.common.model);
    subject.compile = compileOptions(options.common);
    subject.check = [&](std::vector<Tensor> &results, int64_t) {
      return compareAll(results, bench->expected);
    };
    return tuneSchedule(bench->engine, subject, options);
  }
  const Program &program = bench->program;
  Result<Session> session = program.session();
  if (!session)
    return report(session.status());
  Result<BenchTimes> times =
      timeCalls(*session, subject.inputs, subject.results, subject.start,
                options.repeats);
  if (!times)
    return report(times.status());
  BenchLine line;
  line.name = options.common.model;
  line.threads = bench->engine.options().threads;
  line.target = std::string(program.target());
  line.times = *times;
  line.compileMs = program.stats().totalMs;
  line.warm = program.stats().warm;
  line.kernels = program.stats().kernels;
  line.work.tokens = bench->tokens;
  // The timed output itself is what is compared.
  Difference difference =
      compare(subject.results[0].ref(), bench->expected[0].ref(),
              kRelativeTolerance, kAbsoluteTolerance);
  line.checkError = difference.absolute;
  line.checkOk = difference.ok;
  if (!line.checkOk) {
    std::cerr << "seqc: the timed output differs from the reference by "
              << formatScientific(difference.absolute)
              << "; no time is reported\n";
    return kCheckFailed;
  }
  std::string text = line.json().dump();
  std::cout << text << '\n';
  copy.add(text);
  return copy.status().ok() ? kDone : report(copy.status());
}

static bool isCaseList(const std::string &path) {
  std::ifstream stream(path);
  nlohmann::json document =
      nlohmann::json::parse(stream, nullptr, /*allow_exceptions=*/false);
  return document.is_object() && document.contains("cases") &&
         document.contains("ops");
}

static int benchCompiling(const BenchOptions &options, bool isList) {
  if (!isList)
    return benchJit(options,
                    {{options.common.model,
                      ModelSource::fromFile(options.common.model), nullptr}});
  Result<std::vector<JitSubject>> subjects = jitSubjects(options);
  return subjects ? benchJit(options, *subjects) : report(subjects.status());
}

namespace {
/// A model's calls with and without variants: on random tokens from zero state,
/// or, with one token per sequence, decoding steps after a prompt.
struct VariantBench {
  ModelBench bench;
  std::vector<Tensor> prompt; ///< empty: each call is the first

  Status prepare(Session &session);
  /// Outputs of the reference in call number `call` since prepare().
  Result<std::vector<Tensor>> expected(const Engine &engine,
                                       const BenchOptions &options, float bias,
                                       int64_t call);
};
} // namespace

/// Decoding steps after one prompt.
static constexpr int64_t kDecodingSteps = 32;

static std::vector<TensorRef> refsOf(std::vector<Tensor> &tensors) {
  std::vector<TensorRef> refs;
  for (Tensor &tensor : tensors)
    refs.push_back(tensor.ref());
  return refs;
}

static Status callInto(Session &session, std::vector<Tensor> &inputs,
                       std::vector<Tensor> &results) {
  std::vector<TensorRef> in = refsOf(inputs), out = refsOf(results);
  return session.run(in.data(), in.size(), out.data(), out.size());
}

Status VariantBench::prepare(Session &session) {
  Status status = session.resetState();
  if (!status.ok() || prompt.empty())
    return status;
  std::vector<Tensor> unused =
      resultsFor(bench.program.signature(), refsOf(prompt));
  return callInto(session, prompt, unused);
}

Result<std::vector<Tensor>> VariantBench::expected(const Engine &engine,
                                                   const BenchOptions &options,
                                                   float bias, int64_t call) {
  Result<Program> reference = compileModel(engine, onReference(options.common));
  if (!reference)
    return reference.status();
  Result<Session> session = reference->session();
  if (!session)
    return session.status();
  Status status;
  if (bias != 0)
    status = session->setOption(kGateBias, bias);
  if (status.ok())
    status = prepare(*session);
  std::vector<Tensor> results =
      resultsFor(reference->signature(), refsOf(bench.inputs));
  for (int64_t i = 0; status.ok() && i < call; ++i)
    status = callInto(*session, bench.inputs, results);
  if (!status.ok())
    return status;
  return results;
}

static Result<SpecialiseSubject> specialiseModel(const Engine &engine,
                                                 const BenchOptions &options) {
  ProgressLine quiet(false);
  Result<ModelBench> opened = openBench(options, quiet);
  if (!opened)
    return opened.status();
  auto variants =
      std::make_shared<VariantBench>(VariantBench{std::move(*opened), {}});
  const Program &program = variants->bench.program;
  SpecialiseSubject subject;
  if (options.length == 1 && program.signature().causal) {
    subject.start.every = kDecodingSteps;
    int64_t length =
        std::max<int64_t>(1, lengthOf(program, 0) - kDecodingSteps);
    variants->prompt = randomInputs(program, options.batch, length);
  }
  subject.name = options.common.model;
  subject.source = ModelSource::fromFile(options.common.model);
  subject.compile = compileOptions(options.common);
  subject.compile.useCache = false;
  subject.inputs = refsOf(variants->bench.inputs);
  subject.results = resultsFor(program.signature(), subject.inputs);
  subject.start.prepare = [variants](Session &used) {
    return variants->prepare(used);
  };
  subject.check = [variants, engine, options](std::vector<Tensor> &results,
                                              int64_t call, float bias) {
    Result<std::vector<Tensor>> expected =
        variants->expected(engine, options, bias, call);
    return expected ? compareAll(results, *expected)
                    : "there is no reference: " + expected.status().message();
  };
  return subject;
}

static int benchVariants(const BenchOptions &options, bool isList) {
  if (!isList)
    return benchSpecialise(options,
                           {{options.common.model, [&](const Engine &engine) {
                               return specialiseModel(engine, options);
                             }}});
  Result<std::vector<SpecialiseCase>> cases = specialiseCases(options);
  return cases ? benchSpecialise(options, *cases) : report(cases.status());
}

/// Options that would change nothing.
static Status checkOptions(const BenchOptions &options, bool isList) {
  return checkUse(
      {{!options.filter.empty(), isList,
        "--case chooses from a list of cases: expected a list in place of a "
        "model"},
       {options.small, isList,
        "--small is for a list of cases: expected a list in place of a model"},
       {options.length > 0 || options.batch > 1, !isList,
        "--length and --batch are for a model: the cases of a list say their "
        "own"},
       {!options.parts.empty() || !options.densities.empty(),
        options.suite == "specialise",
        "--part and --density are of the suite specialise: expected --suite "
        "specialise as well"},
       {!options.tune.empty(), options.suite.empty(),
        "--tune searches for tiles of calls: expected no --suite beside it"}});
}

void cli::addBenchCommand(CLI::App &app, Action &action) {
  auto *bench = app.add_subcommand(
      "bench", "time a model, or a list of cases (one thread unless --threads "
               "says otherwise)\n"
               "example: seqc bench cases.json --case 'sma_*'");
  auto options = std::make_shared<BenchOptions>();
  bench
      ->add_option("MODEL", options->common.model,
                   "model description or list of cases")
      ->required();
  options->common.threads = 1;
  addCommonFlags(*bench, options->common);
  addSpecialiseFlags(*bench, options->common, /*hasProfile=*/false);
  bench->add_option("--case,--filter", options->filter,
                    "only cases whose name matches (* and ?, several by "
                    "commas)");
  bench
      ->add_option("--repeats", options->repeats,
                   "calls to time (default: about a second of them)")
      ->check(aboveZero());
  bench->add_flag("--small", options->small, "the small variants of the cases");
  bench->add_option("--json-file", options->jsonFile,
                    "append the lines to this file as well");
  bench
      ->add_option("--length", options->length,
                   "tokens per sequence (models; default: window)")
      ->check(aboveZero());
  bench->add_option("--tune", options->tune,
                    "search for better tiles and write them to this file, for "
                    "--schedule (a model or one case)");
  bench
      ->add_option("--suite", options->suite,
                   "jit: time compiling and dispatch instead of calls; "
                   "specialise: time generic kernels against chosen variants "
                   "and against all rows active")
      ->check(CLI::IsMember({"jit", "specialise"}));
  bench
      ->add_option("--part", options->parts,
                   "parts of the suite specialise, by commas (default: all)")
      ->delimiter(',')
      ->check(CLI::IsMember({"gains", "jumps", "first-calls", "counting"}));
  bench
      ->add_option(
          "--density", options->densities,
          "per cent of rows that the gates let through, by commas, for "
          "the part gains (default: as the gates are)")
      ->delimiter(',')
      ->check(CLI::Range(0, 100));
  bench->add_option("--batch", options->batch, "sequences per call (models)")
      ->check(aboveZero());
  bench->callback([&action, options] {
    action = [options]() -> int {
      bool isList = isCaseList(options->common.model);
      if (Status status = checkOptions(*options, isList); !status.ok())
        return report(status);
      if (options->suite == "specialise")
        return benchVariants(*options, isList);
      if (!options->suite.empty())
        return benchCompiling(*options, isList);
      return isList ? benchCases(*options) : benchModel(*options);
    };
  });
}
