//===- BenchCases.cpp - the common list of benchmark cases ----------------===//
//
// A case names an operation, shapes and how its inputs are generated, so that
// every program times the same work on the same values (test/bench/README.md).
// A time is printed only if the timed output itself agrees with f64 on a sample
// of its elements, and all elements of the case's small variant with the
// reference target.
//
//===----------------------------------------------------------------------===//

#include "frontends/cli/Bench.h"
#include "frontends/cli/BenchCase.h"
#include "frontends/cli/BenchJit.h"
#include "frontends/cli/BenchReport.h"
#include "frontends/cli/BenchSpecialise.h"

#include "frontends/cli/CheckOptions.h"
#include "frontends/cli/Tuner.h"
#include "frontends/json/JsonReader.h"
#include "frontends/safetensors/Safetensors.h"

#include <algorithm>
#include <cmath>
#include <fnmatch.h>
#include <fstream>
#include <sstream>

using namespace seqc;
using namespace seqc::cli;
using nlohmann::json;

/// A new operation adds a row here and its builder beside the others.
static const std::map<std::string, CaseBuilder> &builders() {
  static const std::map<std::string, CaseBuilder> table = {
      {"attn", buildAttention},
      {"causal_conv1d", buildConv},
      {"chunk_attn", buildChunkAttention},
      {"complex_scan", buildComplexScan},
      {"ema", buildEma},
      {"gemm", buildGemm},
      {"mamba_block", buildMambaBlock},
      {"rela", buildRela},
      {"selective_scan", buildSelectiveScan},
      {"sma_layer", buildSmaLayer}};
  return table;
}

namespace {
class CaseRunner {
public:
  CaseRunner(const json &document, const BenchOptions &options,
             const jit::Roofline &machine, int threads)
      : document(document), options(options), machine(machine),
        threads(threads) {}

  /// Builds, times and checks one case.
  Result<BenchLine> run(const json &about, ProgressLine &progress);
  /// Searches for better tiles of one case; an exit code.
  int tune(const json &about);

  /// A case as a model; keeps what its weights point into.
  Result<JitSubject> subject(const json &about) const;
  /// A case to be timed with and without variants.
  Result<SpecialiseSubject> specialised(const Engine &engine,
                                        const json &about) const;

private:
  /// Without a disk cache: the time of a first call includes compilation.
  Result<Engine> ownEngine(ProgressLine &progress) const;
  Result<ModelSource> source(const BenchCase &built,
                             const std::string &name) const;
  Result<BenchCase> build(const json &about, bool small) const;
  Result<Program> compile(const Engine &engine, const BenchCase &built,
                          const std::string &name, const std::string &target,
                          const std::string &schedule = "") const;
  Result<double> checkAll(const Engine &engine, const json &about,
                          bool allActive = false) const;

  const json &document;
  const BenchOptions &options;
  const jit::Roofline &machine;
  int threads;
};
} // namespace

//===----------------------------------------------------------------------===//
// One case
//===----------------------------------------------------------------------===//

Result<BenchCase> CaseRunner::build(const json &about, bool small) const {
  std::string op = about["op"];
  auto found = builders().find(op);
  if (found == builders().end())
    return Status::error(ErrorCode::Unsupported,
                         "operation '" + op + "' is not supported");
  json shape = about["shape"];
  if (small)
    shape.update(about["check"]);
  const char *bias = small ? "check_router_bias" : "router_bias";
  return found->second(std::make_shared<CaseInputs>(
      op, document["ops"][op], std::move(shape), about.value(bias, json())));
}

Result<Engine> CaseRunner::ownEngine(ProgressLine &progress) const {
  CommonOptions common = options.common;
  common.noCache = true;
  common.threads = threads;
  return createEngine(common, progress);
}

Result<ModelSource> CaseRunner::source(const BenchCase &built,
                                       const std::string &name) const {
  auto weights = std::make_shared<frontend::MemoryWeights>("generated weights");
  for (const NamedView &weight : built.weights)
    if (Status status = weights->add(weight.name, weight.ref()); !status.ok())
      return status;
  ModelSource source = ModelSource::fromText(built.description, name);
  source.weights = weights;
  return source;
}

Result<Program> CaseRunner::compile(const Engine &engine,
                                    const BenchCase &built,
                                    const std::string &name,
                                    const std::string &target,
                                    const std::string &schedule) const {
  Result<ModelSource> from = source(built, name);
  if (!from)
    return from.status();
  CompileOptions compile = compileOptions(options.common);
  compile.target = target;
  compile.schedule = schedule;
  compile.useCache = false;
  return engine.compile(*from, compile);
}

static std::vector<TensorRef> refsOf(const std::vector<NamedView> &views) {
  std::vector<TensorRef> refs;
  for (const NamedView &view : views)
    refs.push_back(view.ref());
  return refs;
}

/// Calls that carry a state on before it is set again: rounding errors add up,
/// and the tolerance of a case is meant for few calls.
static constexpr int64_t kCarriedCalls = 32;

static BenchStart startOf(const BenchCase &built) {
  BenchStart start;
  start.every = built.states.empty() ? 1 : kCarriedCalls;
  start.prepare = [&built](Session &session) {
    if (built.states.empty())
      return session.resetState();
    Status status;
    for (const NamedView &state : built.states)
      if (status.ok())
        status = session.importState(state.name, state.ref());
    return status;
  };
  return start;
}

static Result<Tensor> callOnce(const Program &program, const BenchCase &built,
                               bool allActive) {
  Result<Session> session = program.session();
  if (!session)
    return session.status();
  if (allActive)
    if (Status status = session->setOption("act_bias", -INFINITY); !status.ok())
      return status;
  if (Status status = startOf(built).prepare(*session); !status.ok())
    return status;
  Tensor output(DType::F32, built.outputShape);
  std::vector<TensorRef> inputs = refsOf(built.inputs);
  TensorRef result = output.ref();
  if (Status status = session->run(inputs.data(), inputs.size(), &result, 1);
      !status.ok())
    return status;
  return output;
}

/// Largest difference over the largest expected value; infinite where the
/// output is not a number.
static double sampledError(const Tensor &output,
                           const std::vector<Sample> &samples) {
  double error = 0, largest = 1e-6;
  for (const Sample &sample : samples) {
    double difference =
        std::fabs(double(output.as<float>()[sample.index]) - sample.value);
    if (!std::isfinite(difference))
      return INFINITY;
    error = std::max(error, difference);
    largest = std::max(largest, std::fabs(sample.value));
  }
  return samples.empty() ? INFINITY : error / largest;
}

/// All elements of the small variant against the reference target, and its
/// sample; with `allActive`, of gates that let all rows through.
Result<double> CaseRunner::checkAll(const Engine &engine, const json &about,
                                    bool allActive) const {
  Result<BenchCase> built = build(about, /*small=*/true);
  if (!built)
    return built.status();
  Tensor results[2];
  const std::string targets[2] = {options.common.target, "reference"};
  for (int i = 0; i < 2; ++i) {
    Result<Program> program = compile(engine, *built, "check", targets[i]);
    if (!program)
      return program.status();
    Result<Tensor> result = callOnce(*program, *built, allActive);
    if (!result)
      return result.status();
    results[i] = std::move(*result);
  }
  std::vector<Sample> all;
  for (int64_t i = 0; i < results[1].size(); ++i)
    all.push_back({i, results[1].as<float>()[i]});
  double error = sampledError(results[0], all);
  // The sample is of the gates that the case has.
  return allActive
             ? error
             : std::max(error, sampledError(results[0], built->sample(1)));
}

Result<BenchLine> CaseRunner::run(const json &about, ProgressLine &progress) {
  Result<BenchCase> built = build(about, options.small);
  if (!built)
    return built.status();
  BenchLine line;
  line.name = about["name"];
  line.op = about["op"];
  line.threads = threads;
  // Of its own, so that no kernel is left from an earlier case.
  Result<Engine> engine = ownEngine(progress);
  if (!engine)
    return engine.status();
  Result<Program> program =
      compile(*engine, *built, line.name, options.common.target,
              options.common.schedule);
  progress.finish();
  if (!program)
    return program.status();
  // Before the time: most of what can be wrong shows here, and soon.
  Result<double> smallError = checkAll(*engine, about);
  if (!smallError)
    return smallError.status();
  Result<Session> session = program->session();
  if (!session)
    return session.status();
  std::vector<Tensor> results;
  results.emplace_back(DType::F32, built->outputShape);
  Result<BenchTimes> times = timeCalls(*session, refsOf(built->inputs), results,
                                       startOf(*built), options.repeats);
  if (!times)
    return times.status();
  line.times = std::move(*times);
  line.target = std::string(program->target());
  line.compileMs = program->stats().totalMs;
  line.kernels = program->stats().kernels;
  line.warm = program->stats().warm;
  if (!options.small) {
    line.work = {about["tokens"], about["flops"], about["exps"],
                 about["bytes"]};
    line.limitMs = line.work.limitMs(machine, threads);
  }
  line.smallError = *smallError;
  line.checkError =
      sampledError(results[0], built->sample(line.times.sincePrepare));
  double tolerance = about["tol"];
  line.checkOk = line.checkError <= tolerance && line.smallError <= tolerance;
  return line;
}

Result<JitSubject> CaseRunner::subject(const json &about) const {
  Result<BenchCase> built = build(about, options.small);
  if (!built)
    return built.status();
  JitSubject subject;
  subject.name = about["name"];
  Result<ModelSource> from = source(*built, subject.name);
  if (!from)
    return from.status();
  subject.source = std::move(*from);
  subject.keep = std::make_shared<BenchCase>(std::move(*built));
  return subject;
}

static std::string differsFromF64(double error, double tolerance) {
  return error <= tolerance
             ? ""
             : "the output differs from f64 by " + formatScientific(error);
}

Result<SpecialiseSubject> CaseRunner::specialised(const Engine &engine,
                                                  const json &about) const {
  Result<BenchCase> made = build(about, options.small);
  if (!made)
    return made.status();
  auto built = std::make_shared<BenchCase>(std::move(*made));
  SpecialiseSubject subject;
  subject.name = about["name"];
  Result<ModelSource> from = source(*built, subject.name);
  if (!from)
    return from.status();
  subject.source = std::move(*from);
  subject.compile.target = options.common.target;
  subject.compile.schedule = options.common.schedule;
  subject.compile.useCache = false;
  subject.inputs = refsOf(built->inputs);
  subject.results.emplace_back(DType::F32, built->outputShape);
  subject.start = startOf(*built);
  subject.check = [this, built, about, engine](std::vector<Tensor> &results,
                                               int64_t call, bool allActive) {
    double tolerance = about["tol"];
    if (!allActive)
      return differsFromF64(sampledError(results[0], built->sample(call)),
                            tolerance);
    // Samples are of the case's own gates: what all rows give is looked at in
    // the small variant.
    Result<double> error = checkAll(engine, about, allActive);
    return error ? differsFromF64(*error, tolerance)
                 : "there is no output: " + error.status().message();
  };
  return subject;
}

int CaseRunner::tune(const json &about) {
  Result<BenchCase> built = build(about, options.small);
  if (!built)
    return report(built.status());
  ProgressLine quiet(false);
  Result<Engine> engine = ownEngine(quiet);
  if (!engine)
    return report(engine.status());
  TuneSubject subject;
  subject.name = about["name"];
  Result<ModelSource> from = source(*built, subject.name);
  if (!from)
    return report(from.status());
  subject.source = std::move(*from);
  subject.compile.target = options.common.target;
  subject.compile.schedule = options.common.schedule;
  subject.compile.specialise = Specialise::Off;
  subject.inputs = refsOf(built->inputs);
  subject.results.emplace_back(DType::F32, built->outputShape);
  subject.start = startOf(*built);
  double tolerance = about["tol"];
  subject.check = [&](std::vector<Tensor> &results, int64_t calls) {
    return differsFromF64(sampledError(results[0], built->sample(calls)),
                          tolerance);
  };
  return tuneSchedule(*engine, subject, options);
}

//===----------------------------------------------------------------------===//
// The list
//===----------------------------------------------------------------------===//

static bool matches(const std::string &patterns, const std::string &name) {
  std::istringstream stream(patterns);
  for (std::string pattern; std::getline(stream, pattern, ',');)
    if (fnmatch(pattern.c_str(), name.c_str(), 0) == 0)
      return true;
  return patterns.empty();
}

/// The cases that the options ask for.
static Result<std::vector<json>> selectCases(const json &document,
                                             const std::string &patterns) {
  std::vector<json> selected;
  std::vector<std::string> names;
  for (const json &about : document["cases"]) {
    names.push_back(about["name"]);
    if (matches(patterns, names.back()))
      selected.push_back(about);
  }
  if (!selected.empty())
    return selected;
  std::string near = frontend::nearest(patterns, names);
  return Status::error(
      ErrorCode::InvalidArgument,
      "no case matches '" + patterns + "'" +
          (near.empty()
               ? "; the list has " + std::to_string(names.size()) + " cases"
               : "; did you mean '" + near + "'?"));
}

/// The best of some measurements: other programs only take away.
static jit::Roofline measureMachine() {
  constexpr int kMeasurements = 3;
  jit::Roofline best;
  for (int i = 0; i < kMeasurements; ++i) {
    Result<jit::Roofline> measured = jit::measureRoofline("cpu");
    if (!measured)
      break;
    best.fmaGflops = std::max(best.fmaGflops, measured->fmaGflops);
    best.expGops = std::max(best.expGops, measured->expGops);
    best.readGbs = std::max(best.readGbs, measured->readGbs);
  }
  return best;
}

int cli::benchCases(const BenchOptions &options) {
  std::ifstream file(options.common.model);
  json document = json::parse(file, nullptr, /*allow_exceptions=*/false);
  Result<std::vector<json>> cases = selectCases(document, options.filter);
  if (!cases)
    return report(cases.status());
  jit::Roofline machine;
  if (!options.tune.empty()) {
    if (cases->size() > 1)
      return report(Status::error(ErrorCode::InvalidArgument,
                                  "--tune takes one case, got " +
                                      std::to_string(cases->size()) +
                                      "; choose one with --case"));
    return CaseRunner(document, options, machine,
                      std::max(1, options.common.threads))
        .tune(cases->front());
  }
  if (!options.small)
    machine = measureMachine();
  int threads = std::max(1, options.common.threads);
  CaseRunner runner(document, options, machine, threads);
  BenchReport reporter(options);
  ProgressLine progress(!options.common.json);
  bool failed = false;
  for (size_t i = 0; i < cases->size() && !interrupted(); ++i) {
    const json &about = (*cases)[i];
    std::string name = about["name"];
    progress.update(name, double(i) / double(cases->size()));
    ProgressLine quiet(false);
    Result<BenchLine> line = runner.run(about, quiet);
    progress.finish();
    if (interrupted())
      break;
    Status status = line ? Status() : line.status();
    if (line && !line->checkOk)
      status = Status::error(ErrorCode::Internal,
                             "the output differs from f64 by " +
                                 formatScientific(line->checkError) +
                                 ", that of the small variant by " +
                                 formatScientific(line->smallError));
    if (status.ok()) {
      reporter.add(*line, about["metric"] == "gbs");
      continue;
    }
    failed |= status.code() != ErrorCode::Unsupported;
    reporter.addError(name, threads, status.message());
  }
  reporter.finish();
  if (interrupted())
    return report(Status::error(ErrorCode::Cancelled, "interrupted"));
  return failed ? kCheckFailed : kDone;
}

Result<std::vector<JitSubject>> cli::jitSubjects(const BenchOptions &options) {
  std::ifstream file(options.common.model);
  // Cases refer to it for as long as they live.
  auto document = std::make_shared<const json>(
      json::parse(file, nullptr, /*allow_exceptions=*/false));
  Result<std::vector<json>> cases = selectCases(*document, options.filter);
  if (!cases)
    return cases.status();
  jit::Roofline unused;
  CaseRunner runner(*document, options, unused, 1);
  std::vector<JitSubject> subjects;
  for (const json &about : *cases) {
    Result<JitSubject> subject = runner.subject(about);
    if (subject) {
      subject->keep = std::make_shared<
          std::pair<std::shared_ptr<const json>, std::shared_ptr<const void>>>(
          document, std::move(subject->keep));
      subjects.push_back(std::move(*subject));
    } else if (subject.status().code() != ErrorCode::Unsupported)
      return subject.status();
  }
  return subjects;
}

Result<std::vector<SpecialiseCase>>
cli::specialiseCases(const BenchOptions &options) {
  std::ifstream file(options.common.model);
  // Cases refer to these for as long as they live.
  struct Shared {
    json document;
    BenchOptions options;
    jit::Roofline unused;
    std::unique_ptr<CaseRunner> runner;
  };
  auto shared = std::make_shared<Shared>();
  shared->document = json::parse(file, nullptr, /*allow_exceptions=*/false);
  shared->options = options;
  shared->runner = std::make_unique<CaseRunner>(
      shared->document, shared->options, shared->unused,
      std::max(1, options.common.threads));
  Result<std::vector<json>> chosen = selectCases(
      shared->document, options.filter.empty() ? "sma_*" : options.filter);
  if (!chosen)
    return chosen.status();
  std::vector<SpecialiseCase> cases;
  for (const json &about : *chosen)
    cases.push_back({about["name"], [shared, about](const Engine &engine) {
                       return shared->runner->specialised(engine, about);
                     }});
  return cases;
}
