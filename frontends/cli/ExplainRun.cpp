//===- ExplainRun.cpp - a model at work, watched --------------------------===//

#include "frontends/cli/Explain.h"

#include "frontends/cli/Bench.h"
#include "frontends/cli/CheckOptions.h"
#include "frontends/cli/InputTensors.h"

#include <algorithm>

using namespace seqc;
using namespace seqc::cli;

namespace {
/// Inputs of the calls and room for their results.
struct Calls {
  std::unique_ptr<InputFile> file;
  std::vector<Tensor> random, results;
  std::vector<TensorRef> inputs, outputs;
};

class Watcher {
public:
  Watcher(Session &session, Calls &calls, Explanation &about)
      : session(session), calls(calls), about(about) {}

  Status call();

private:
  void addGates();
  void addSteps();

  Session &session;
  Calls &calls;
  Explanation &about;
};
} // namespace

static Result<Calls> callsOf(const ExplainOptions &options,
                             const Program &program) {
  Calls calls;
  if (!options.input.empty()) {
    Result<std::unique_ptr<InputFile>> file = openInput(options.input);
    if (!file)
      return file.status();
    calls.file = std::move(*file);
    Result<std::vector<TensorRef>> inputs =
        inputsOf(*calls.file, program.signature());
    if (!inputs)
      return inputs.status();
    calls.inputs = std::move(*inputs);
  } else {
    calls.random =
        randomInputs(program, options.batch, lengthOf(program, options.length));
    for (Tensor &tensor : calls.random)
      calls.inputs.push_back(tensor.ref());
  }
  calls.results = resultsFor(program.signature(), calls.inputs);
  for (Tensor &tensor : calls.results)
    calls.outputs.push_back(tensor.ref());
  return Result<Calls>(std::move(calls));
}

void Watcher::addGates() {
  std::vector<GateCount> gates = session.gateCounts();
  about.gates.resize(gates.size());
  for (size_t i = 0; i < gates.size(); ++i) {
    about.gates[i].layer = gates[i].layer;
    about.gates[i].density.push_back(
        gates[i].rows ? double(gates[i].active) / double(gates[i].rows) : 0);
  }
}

void Watcher::addSteps() {
  std::vector<StepTime> times = session.stepTimes();
  about.steps.resize(times.size());
  for (size_t i = 0; i < times.size(); ++i) {
    ExplainStep &step = about.steps[i];
    step.layer = times[i].layer;
    step.kernel = times[i].kernel;
    step.idleWith = times[i].idleWith;
    step.gated = times[i].gated;
    if (times[i].leftOut) {
      ++step.leftOut;
      continue;
    }
    // Of another variant, earlier times say nothing.
    bool first = step.ms == 0 || step.variant != times[i].variant;
    step.variant = times[i].variant;
    step.ms = first ? times[i].ms : std::min(step.ms, times[i].ms);
    step.flops = times[i].flops;
    step.exps = times[i].exps;
    step.bytes = times[i].bytes;
  }
}

Status Watcher::call() {
  if (interrupted())
    return Status::error(ErrorCode::Cancelled, "interrupted");
  if (Status status = session.resetState(); !status.ok())
    return status;
  if (Status status = session.run(calls.inputs.data(), calls.inputs.size(),
                                  calls.outputs.data(), calls.outputs.size());
      !status.ok())
    return status;
  ++about.calls;
  addGates();
  addSteps();
  return {};
}

Result<Explanation> cli::explainRun(const ExplainOptions &options,
                                    const OpenModel &model,
                                    ProgressLine &progress) {
  const Program &program = model.program;
  Explanation about;
  about.model = options.common.model;
  about.target = std::string(program.target());
  about.fingerprint = std::string(program.fingerprint());
  about.threads = model.engine.options().threads;
  about.compile = program.stats();
  Result<Calls> calls = callsOf(options, program);
  if (!calls)
    return calls.status();
  about.sequences = calls->inputs[0].shape[0];
  about.tokens = about.sequences * calls->inputs[0].shape[1];
  Result<Session> session = program.session();
  if (!session)
    return session.status();
  if (options.actBias != 0)
    if (Status status =
            session->setOption("act_bias", static_cast<float>(options.actBias));
        !status.ok())
      return status;
  session->setTiming(true);

  Watcher watcher(*session, *calls, about);
  progress.update("running", 0);
  if (Status status = settleVariants(program, [&] { return watcher.call(); });
      !status.ok())
    return status;
  for (int64_t i = 0; i < options.calls; ++i) {
    progress.update("running", double(i) / double(options.calls));
    if (Status status = watcher.call(); !status.ok())
      return status;
  }
  about.sites = program.variants();
  about.compiles = program.variantCompiles();
  if (about.target != "reference")
    if (Result<jit::Roofline> machine = jit::measureRoofline(about.target))
      about.machine = *machine;
  for (ExplainStep &step : about.steps)
    step.limitMs = BenchWork{0, step.flops, step.exps, step.bytes}.limitMs(
        about.machine, about.threads);
  progress.finish();
  return about;
}
