//===- BenchCases.cpp - one case of the common list -----------------------===//
//
// A case names an operation, shapes and how its inputs are generated, so that
// every program times the same work on the same values (test/bench/README.md).
// A time is printed only if the timed output itself agrees with f64 on a sample
// of its elements, and all elements of the case's small variant with the
// reference target.
//
//===----------------------------------------------------------------------===//

#include "frontends/cli/BenchCaseRunner.h"

#include "frontends/cli/CheckOptions.h"
#include "frontends/cli/Tuner.h"
#include "frontends/safetensors/Safetensors.h"

#include <algorithm>
#include <cmath>

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
      op, std::shared_ptr<const json>(document, &(*document)["ops"][op]),
      std::move(shape), about.value(bias, json())));
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
                               float bias) {
  Result<Session> session = program.session();
  if (!session)
    return session.status();
  if (bias != 0)
    if (Status status = session->setOption(kGateBias, bias); !status.ok())
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
/// sample; with another gate bias than 0 only the former.
Result<double> CaseRunner::checkAll(const Engine &engine, const json &about,
                                    float bias) const {
  Result<BenchCase> built = build(about, /*small=*/true);
  if (!built)
    return built.status();
  Tensor results[2];
  const std::string targets[2] = {options.common.target, "reference"};
  for (int i = 0; i < 2; ++i) {
    Result<Program> program = compile(engine, *built, "check", targets[i]);
    if (!program)
      return program.status();
    Result<Tensor> result = callOnce(*program, *built, bias);
    if (!result)
      return result.status();
    results[i] = std::move(*result);
  }
  std::vector<Sample> all;
  for (int64_t i = 0; i < results[1].size(); ++i)
    all.push_back({i, results[1].as<float>()[i]});
  double error = sampledError(results[0], all);
  // The sample is of the gates that the case has.
  return bias != 0
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
  subject.check = [self = *this, built, about, engine](
                      std::vector<Tensor> &results, int64_t call, float bias) {
    double tolerance = about["tol"];
    if (bias == 0)
      return differsFromF64(sampledError(results[0], built->sample(call)),
                            tolerance);
    // Samples are of the case's own gates: what others give is looked at in the
    // small variant.
    Result<double> error = self.checkAll(engine, about, bias);
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
