//===- Session.cpp - one stream of calls with its carried state -----------===//
#include "runtime/core/SessionImpl.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace seqc;
using namespace seqc::rt;

//===----------------------------------------------------------------------===//
// Construction
//===----------------------------------------------------------------------===//

Session::Impl::Impl(std::shared_ptr<const LoadedPlan> loadedPlan,
                    std::shared_ptr<const Parallel> threads,
                    std::shared_ptr<Specialiser> specialiser, bool counting)
    : loaded(std::move(loadedPlan)), parallel(std::move(threads)),
      runner(loaded, parallel, std::move(specialiser), counting) {
  for (size_t i = 0; i < plan().buffers.size(); ++i) {
    const PlanBuffer &buffer = plan().buffers[i];
    int32_t index = static_cast<int32_t>(i);
    if (buffer.alias >= 0)
      continue;
    BoundTensor bound;
    bound.buffer = index;
    bound.perToken =
        !buffer.shape.empty() && buffer.shape[0].symbol == kSymbolRows;
    switch (buffer.kind) {
    case BufferKind::Input:
      inputs.push_back(bound);
      break;
    case BufferKind::Output:
      outputs.push_back(bound);
      break;
    case BufferKind::Option:
      options.push_back(index);
      break;
    case BufferKind::State:
      hasStates = true;
      break;
    case BufferKind::Offsets:
      offsetsBuffer = index;
      break;
    case BufferKind::Positions:
      positionsBuffer = index;
      break;
    case BufferKind::Weight:
    case BufferKind::Prepared:
    case BufferKind::Temp:
      break;
    }
  }
  optionValues.assign(options.size(), 0.0f);
}

Result<Session> seqc::rt::makeSession(std::shared_ptr<const LoadedPlan> loaded,
                                      std::shared_ptr<const Parallel> parallel,
                                      std::shared_ptr<Specialiser> specialiser,
                                      bool counting) {
  bool perToken = false;
  for (const PlanBuffer &buffer : loaded->plan().buffers)
    perToken |= buffer.kind == BufferKind::Input && buffer.alias < 0 &&
                buffer.shape[0].symbol == kSymbolRows;
  if (!perToken)
    return Status::error(ErrorCode::InvalidModel,
                         "expected an input with one row per token");
  return Session(
      std::make_unique<Session::Impl>(std::move(loaded), std::move(parallel),
                                      std::move(specialiser), counting));
}

Session::Session(std::unique_ptr<Impl> impl) : impl(std::move(impl)) {}
Session::Session(Session &&) noexcept = default;
Session &Session::operator=(Session &&) noexcept = default;
Session::~Session() = default;

bool Session::Impl::carries() const {
  return plan().causal && (hasStates || positionsBuffer >= 0);
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

/// Memory for a call, and fresh states where there are none to carry.
Status Session::Impl::begin(int64_t count, int64_t rowCount) {
  if (Status status = runner.reserve(rowCount, count); !status.ok())
    return status;
  if (sequences == count && plan().causal)
    return {};
  runner.clearStates();
  position.assign(static_cast<size_t>(count), 0);
  reached.assign(static_cast<size_t>(count), 0);
  sequences = count;
  return {};
}

void Session::Impl::fillBuiltins() {
  if (offsetsBuffer >= 0) {
    int32_t *offsets = static_cast<int32_t *>(runner.data(offsetsBuffer));
    offsets[0] = 0;
    for (int64_t b = 0; b < batch; ++b)
      offsets[b + 1] = offsets[b] + static_cast<int32_t>(lengths[b]);
  }
  if (positionsBuffer >= 0) {
    int32_t *positions = static_cast<int32_t *>(runner.data(positionsBuffer));
    for (int64_t b = 0; b < batch; ++b)
      for (int64_t t = 0; t < lengths[b]; ++t)
        *positions++ = static_cast<int32_t>(position[b] + t);
  }
  for (size_t i = 0; i < options.size(); ++i)
    *static_cast<float *>(runner.data(options[i])) = optionValues[i];
}

/// Whether the caller's memory already is the packed rows. A single sequence is
/// even if it is padded: its rows come first.
bool Session::Impl::isDirect(const BoundTensor &bound) const {
  return bound.dense && bound.dtype == plan().buffers[bound.buffer].dtype &&
         (!bound.perToken || !ragged || batch == 1);
}

static Status noStaging(const PlanBuffer &buffer) {
  return Status::error(ErrorCode::ResourceExhausted,
                       "no memory to pack '" + buffer.name + "'");
}

Status Session::Impl::placeInput(BoundTensor &bound) {
  if (isDirect(bound)) {
    runner.bind(bound.buffer, bound.data);
    return {};
  }
  const PlanBuffer &buffer = plan().buffers[bound.buffer];
  std::byte *target = static_cast<std::byte *>(runner.stage(bound.buffer));
  if (!target)
    return noStaging(buffer);
  size_t rowBytes =
      static_cast<size_t>(bound.innerCount) * byteSize(buffer.dtype);
  for (int64_t b = 0; b < batch; ++b) {
    int64_t end = bound.perToken ? lengths[b] : 1;
    for (int64_t t = 0; t < end; ++t, target += rowBytes)
      readRow(bound, b, t, target, buffer.dtype);
  }
  return {};
}

Status Session::Impl::placeOutput(BoundTensor &bound) {
  bound.staged = !isDirect(bound);
  // A kernel may write an output before another one has read the input.
  for (const BoundTensor &input : inputs)
    bound.staged |= bound.overlaps(input);
  for (const BoundTensor &other : outputs)
    bound.staged |= &other != &bound && bound.overlaps(other);
  if (!bound.staged)
    runner.bind(bound.buffer, bound.data);
  else if (!runner.stage(bound.buffer))
    return noStaging(plan().buffers[bound.buffer]);
  return {};
}

void Session::Impl::finishOutput(const BoundTensor &bound) {
  const std::byte *source =
      static_cast<const std::byte *>(runner.data(bound.buffer));
  size_t rowBytes =
      static_cast<size_t>(bound.innerCount) * byteSize(bound.dtype);
  for (int64_t b = 0; b < batch; ++b) {
    int64_t end = bound.perToken ? lengths[b] : 1;
    if (bound.staged)
      for (int64_t t = 0; t < end; ++t, source += rowBytes)
        writeRow(bound, b, t, source);
    for (int64_t t = end; bound.perToken && t < tokens; ++t)
      zeroRow(bound, b, t);
  }
}

Status Session::Impl::run(const TensorRef *inputRefs, size_t inputCount,
                          const TensorRef *outputRefs, size_t outputCount) {
  if (Status status = checkCall(inputRefs, inputCount, outputRefs, outputCount);
      !status.ok())
    return status;
  if (Status status = begin(batch, rows); !status.ok())
    return status;
  fillBuiltins();
  for (BoundTensor &input : inputs)
    if (Status status = placeInput(input); !status.ok())
      return status;
  for (BoundTensor &output : outputs)
    if (Status status = placeOutput(output); !status.ok())
      return status;
  if (Status status = runner.run(); !status.ok())
    return status;
  if (runner.isCounting())
    runner.profiler().countCall(lengths.data(), batch, rows);
  for (const BoundTensor &output : outputs)
    if (output.staged || (output.perToken && ragged))
      finishOutput(output);
  if (plan().causal)
    for (int64_t b = 0; b < batch; ++b) {
      position[b] += lengths[b];
      reached[b] += lengths[b];
    }
  return {};
}

Status Session::run(const TensorRef *inputs, size_t inputCount,
                    const TensorRef *outputs, size_t outputCount) {
  return impl->run(inputs, inputCount, outputs, outputCount);
}

Status Session::setOption(std::string_view name, float value) {
  std::string text = "option '" + std::string(name) + "'";
  if (std::isnan(value))
    return Status::error(ErrorCode::InvalidArgument,
                         text + ": expected a number, got NaN");
  std::string known;
  for (size_t i = 0; i < impl->options.size(); ++i) {
    const std::string &option = impl->plan().buffers[impl->options[i]].name;
    if (option == name) {
      impl->optionValues[i] = value;
      return {};
    }
    known += (known.empty() ? "" : ", ") + option;
  }
  return Status::error(ErrorCode::InvalidArgument,
                       text + ": no such option; this model has " +
                           (known.empty() ? "none" : known));
}

//===----------------------------------------------------------------------===//
// State
//===----------------------------------------------------------------------===//

Status Session::resetState() {
  impl->sequences = -1;
  return {};
}

Status Session::exportState(std::string_view name,
                            TensorRef destination) const {
  BoundTensor bound;
  if (Status status = impl->checkState(name, destination, bound); !status.ok())
    return status;
  int64_t count = destination.shape[0];
  if (impl->sequences < 0) { // zero for any number of sequences
    for (int64_t b = 0; b < count; ++b)
      zeroRow(bound, b, 0);
    return {};
  }
  const void *memory = bound.buffer < 0 ? impl->position.data()
                                        : impl->runner.data(bound.buffer);
  const std::byte *source = static_cast<const std::byte *>(memory);
  size_t rowBytes =
      static_cast<size_t>(bound.innerCount) * byteSize(bound.dtype);
  for (int64_t b = 0; b < count; ++b, source += rowBytes)
    writeRow(bound, b, 0, source);
  return {};
}

Status Session::importState(std::string_view name, TensorRef source) {
  BoundTensor bound;
  if (Status status = impl->checkState(name, source, bound); !status.ok())
    return status;
  int64_t count = source.shape[0];
  bool isPosition = bound.buffer < 0;
  if (Status status = impl->checkStateValues(name, bound, count); !status.ok())
    return status;
  if (impl->sequences != count)
    if (Status status = impl->begin(count, 0); !status.ok())
      return status;
  void *memory =
      isPosition ? impl->position.data() : impl->runner.data(bound.buffer);
  std::byte *target = static_cast<std::byte *>(memory);
  size_t rowBytes =
      static_cast<size_t>(bound.innerCount) * byteSize(bound.dtype);
  bool limited =
      !isPosition && impl->plan().buffers[bound.buffer].valueLimit >= 0;
  for (int64_t b = 0; b < count; ++b, target += rowBytes) {
    readRow(bound, b, 0, target, bound.dtype);
    if (limited)
      impl->reached[b] = std::max(impl->reached[b], largestId(bound, b, 0));
  }
  return {};
}

//===----------------------------------------------------------------------===//
// Reports
//===----------------------------------------------------------------------===//

std::vector<GateCount> Session::gateCounts() const {
  std::vector<GateCount> counts;
  for (const PlanGate &gate : impl->plan().gates)
    counts.push_back({gate.layer,
                      std::max<int64_t>(0, impl->runner.symbol(gate.symbol)),
                      impl->rows});
  return counts;
}

/// Whether the work of a step of `run` follows a count of activated rows.
static bool isGated(const Plan &plan, size_t index) {
  const std::vector<int32_t> &args = plan.run[index].args;
  for (int32_t arg : args)
    for (const Extent &extent : plan.buffers[arg].shape)
      if (extent.symbol >= kFirstCountSymbol)
        return true;
  // Activated rows that stay inside one kernel are in none of its buffers; it
  // then takes their number from the offsets that were counted before.
  for (size_t i = 0; i < index; ++i)
    if (const PlanStep &before = plan.run[i];
        before.kind == StepKind::Count && before.symbol >= kFirstCountSymbol &&
        std::find(args.begin(), args.end(), before.args[0]) != args.end())
      return true;
  return false;
}

void Session::setTiming(bool on) {
  impl->timing = on;
  impl->runner.setTiming(on);
}

std::vector<StepTime> Session::stepTimes() const {
  std::vector<StepTime> times;
  const std::vector<double> &measured = impl->runner.milliseconds();
  for (size_t i = 0; i < measured.size(); ++i) {
    const PlanStep &step = impl->plan().run[i];
    StepTime time;
    time.layer = step.layer;
    time.gated = isGated(impl->plan(), i);
    time.kernel = step.kind == StepKind::Kernel
                      ? impl->plan().kernels[step.kernel].symbol
                  : step.kind == StepKind::Count ? "count"
                  : step.kind == StepKind::Pack  ? "pack"
                                                 : "copy";
    time.ms = measured[i];
    const Work &work = impl->runner.work()[i];
    time.flops = work.flops;
    time.exps = work.exps;
    time.bytes = work.bytes;
    if (int32_t slot = impl->runner.ranSlots()[i]; slot >= 0)
      time.variant = impl->loaded->sites().names[slot];
    if (step.idleWith >= 0)
      time.idleWith = impl->plan().symbols[step.idleWith];
    time.leftOut = impl->runner.leftOut()[i];
    times.push_back(std::move(time));
  }
  return times;
}

Profile Session::profile() const { return impl->runner.profiler().profile(); }

size_t Session::workspaceBytes() const { return impl->runner.workspaceBytes(); }
