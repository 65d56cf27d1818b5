//===- StepRunner.cpp - run a list of plan steps --------------------------===//
#include "runtime/core/StepRunner.h"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace seqc::rt {

// A kernel that touches less than this is done before other threads wake up.
static constexpr int64_t kSerialBytes = 32 * 1024;
// Larger than any address space in use; keeps sums of sizes inside 64 bits.
static constexpr int64_t kMaxBytes = int64_t(1) << 47;

StepRunner::StepRunner(const Plan &plan, const std::vector<PlanStep> &planSteps,
                       const KernelSet &kernels, const Parallel &parallel)
    : plan(plan), parallel(parallel), symbols(plan.symbols.size()),
      buffers(plan.buffers.size()), capacities(plan.buffers.size()),
      dependents(plan.symbols.size()), aliases(plan.buffers.size()) {
  for (const PlanStep &step : planSteps) {
    Step flat{step.kind,  {},          step.kernel,     step.symbol,
              step.panel, args.size(), step.args.size()};
    if (step.kind == StepKind::Kernel) {
      flat.entry = kernels.entries[step.kernel];
      scratchStride =
          std::max(scratchStride,
                   static_cast<size_t>(plan.kernels[step.kernel].scratchBytes));
    }
    steps.push_back(flat);
    argBuffers.insert(argBuffers.end(), step.args.begin(), step.args.end());
    args.resize(argBuffers.size());
  }

  for (size_t i = steps.size(); i-- > 0;) {
    Step &step = steps[i];
    step.idleWith = planSteps[i].idleWith;
    bool more = i + 1 < steps.size() && steps[i + 1].idleWith == step.idleWith;
    step.idleEnd = more ? steps[i + 1].idleEnd : i + 1;
  }

  placeStarts.assign(plan.buffers.size() + 1, 0);
  for (int32_t buffer : argBuffers)
    ++placeStarts[buffer + 1];
  for (size_t i = 0; i < plan.buffers.size(); ++i)
    placeStarts[i + 1] += placeStarts[i];
  places.resize(args.size());
  std::vector<size_t> next(placeStarts.begin(), placeStarts.end() - 1);
  for (size_t i = 0; i < argBuffers.size(); ++i)
    places[next[argBuffers[i]]++] = i;

  for (size_t b = 0; b < plan.buffers.size(); ++b) {
    const PlanBuffer &buffer = plan.buffers[b];
    if (buffer.alias >= 0)
      aliases[buffer.alias].push_back(static_cast<int32_t>(b));
    for (const Extent &extent : buffer.shape) {
      if (extent.symbol < kFirstCountSymbol)
        continue;
      std::vector<int32_t> &list = dependents[extent.symbol];
      if (list.empty() || list.back() != static_cast<int32_t>(b))
        list.push_back(static_cast<int32_t>(b));
    }
  }
}

void StepRunner::attach(Dispatcher &variants, Profiler &counts) {
  dispatcher = &variants;
  profiler = &counts;
  const std::vector<int32_t> &siteOfStep = variants.siteList().siteOfStep;
  for (size_t i = 0; i < steps.size(); ++i) {
    steps[i].site = siteOfStep[i];
    if (steps[i].kind == StepKind::Count)
      steps[i].gate = counts.gateOf(steps[i].symbol);
  }
}

int64_t StepRunner::capacityBytes(int32_t index, int64_t rows,
                                  int64_t sequences) const {
  const PlanBuffer &buffer = plan.buffers[index];
  int64_t bytes = static_cast<int64_t>(byteSize(buffer.dtype));
  bool empty = false;
  for (const Extent &extent : buffer.capacity) {
    int64_t value = extent.addend;
    if (extent.symbol == kSymbolRows)
      value += rows;
    if (extent.symbol == kSymbolSequences)
      value += sequences;
    if (value < 0)
      return -1;
    empty |= value == 0;
    if (!empty && __builtin_mul_overflow(bytes, value, &bytes))
      return -1;
  }
  if (empty)
    return 0;
  return bytes > kMaxBytes ? -1 : bytes;
}

bool StepRunner::evaluate(int32_t index) {
  const PlanBuffer &buffer = plan.buffers[index];
  SeqcBuffer &target = buffers[index];
  int64_t elements = 1;
  for (size_t d = 0; d < SEQC_KERNEL_MAX_RANK; ++d) {
    if (d >= buffer.shape.size()) {
      target.dims[d] = 1;
      continue;
    }
    const Extent &extent = buffer.shape[d];
    int64_t value =
        extent.addend + (extent.symbol >= 0 ? symbols[extent.symbol] : 0);
    if (value < 0 || __builtin_mul_overflow(elements, value, &elements))
      return false;
    target.dims[d] = value;
  }
  return elements <= capacities[index];
}

void StepRunner::publish(int32_t index) {
  for (size_t i = placeStarts[index]; i < placeStarts[index + 1]; ++i)
    args[places[i]] = buffers[index];
}

Status StepRunner::resize(int64_t rows, int64_t sequences) {
  symbols[kSymbolRows] = rows;
  symbols[kSymbolSequences] = sequences;
  // No value yet: the count steps set them before anything reads them.
  std::fill(symbols.begin() + kFirstCountSymbol, symbols.end(), -1);
  for (size_t i = 0; i < buffers.size(); ++i) {
    const PlanBuffer &buffer = plan.buffers[i];
    int32_t index = static_cast<int32_t>(i);
    int64_t bytes = capacityBytes(index, rows, sequences);
    if (bytes < 0)
      return Status::error(ErrorCode::ResourceExhausted,
                           "buffer '" + buffer.name + "' is too large for " +
                               std::to_string(rows) + " rows");
    if (buffer.alias >= 0 &&
        bytes > capacityBytes(buffer.alias, rows, sequences))
      return Status::error(ErrorCode::Internal,
                           "view '" + buffer.name +
                               "' is larger than its buffer at " +
                               std::to_string(rows) + " rows");
    capacities[i] = bytes / static_cast<int64_t>(byteSize(buffer.dtype));
    bool counted = false;
    for (const Extent &extent : buffer.shape)
      counted |= extent.symbol >= kFirstCountSymbol;
    if (!counted && !evaluate(index))
      return Status::error(ErrorCode::Internal,
                           "buffer '" + buffer.name + "' has illegal extents");
    publish(index);
  }
  return {};
}

void StepRunner::bind(int32_t index, void *data) {
  if (buffers[index].data == data)
    return;
  buffers[index].data = data;
  publish(index);
  for (int32_t alias : aliases[index]) {
    buffers[alias].data = data;
    publish(alias);
  }
}

Status StepRunner::reserveScratch() {
  size_t stride = alignUp(scratchStride);
  if (scratch.reserve(stride * static_cast<size_t>(parallel.threads())))
    return {};
  return Status::error(ErrorCode::ResourceExhausted,
                       "no memory for scratch of " + std::to_string(stride) +
                           " bytes per thread");
}

void StepRunner::setTiming(bool on) {
  timing = on;
  times.assign(on ? steps.size() : 0, 0.0);
  works.assign(times.size(), {});
  idle.assign(times.size(), 0);
  slots.assign(times.size(), -1);
}

Status StepRunner::run() {
  Status status;
  if (dispatcher) {
    dispatcher->beginRun();
    size_t needed = static_cast<size_t>(dispatcher->scratchBytes());
    if (needed > scratchStride) {
      scratchStride = needed;
      if (status = reserveScratch(); !status.ok())
        return status;
    }
  }
  parallel.enter([&] { status = runAll(); });
  if (dispatcher)
    dispatcher->endRun();
  return status;
}

Status StepRunner::runAll() {
  if (timing)
    return runTimed();
  // Kernels cannot fail, and a plan may have hundreds with nothing to do.
  for (size_t i = 0; i < steps.size();) {
    const Step &step = steps[i];
    if (isIdle(step)) {
      i = step.idleEnd;
      continue;
    }
    ++i;
    if (step.kind == StepKind::Kernel)
      step.site < 0 ? runKernel(step) : runSite(step);
    else if (Status status = runStep(step); !status.ok())
      return status;
  }
  return {};
}

Status StepRunner::runTimed() {
  using Clock = std::chrono::steady_clock;
  for (size_t i = 0; i < steps.size(); ++i) {
    slots[i] = -1;
    // Now, since temporaries that it reads may be gone after the run.
    works[i] = {};
    idle[i] = isIdle(steps[i]);
    if (steps[i].kind == StepKind::Kernel && !idle[i])
      works[i] = workOf(plan.kernels[steps[i].kernel],
                        args.data() + steps[i].firstArg);
    Clock::time_point start = Clock::now();
    if (!idle[i])
      if (Status status = runStep(steps[i]); !status.ok())
        return status;
    times[i] =
        std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  }
  return {};
}

Status StepRunner::runStep(const Step &step) {
  switch (step.kind) {
  case StepKind::Kernel:
    step.site < 0 ? runKernel(step) : runSite(step);
    return {};
  case StepKind::Count:
    return runCount(step);
  case StepKind::Pack:
    runPack(step);
    return {};
  case StepKind::Copy:
    runCopy(step);
    return {};
  }
  return {};
}

void StepRunner::runKernel(const Step &step) {
  const SeqcBuffer *stepArgs = args.data() + step.firstArg;
  if (int64_t tasks = step.entry.tasks(stepArgs); tasks > 0)
    runTasks(step, step.entry, tasks);
}

void StepRunner::runSite(const Step &step) {
  const SeqcBuffer *stepArgs = args.data() + step.firstArg;
  int64_t tasks = step.entry.tasks(stepArgs);
  if (tasks <= 0)
    return; // whichever it would be
  if (!dispatcher->asksAt(step.site)) {
    if (timing)
      slots[static_cast<size_t>(&step - steps.data())] =
          dispatcher->genericSlot(step.site);
    return runTasks(step, step.entry, tasks);
  }
  Dispatcher::Choice choice =
      dispatcher->choose(step.site, stepArgs, step.argCount, step.entry);
  if (timing)
    slots[static_cast<size_t>(&step - steps.data())] = choice.slot;
  // Another kernel may cut the same work into other tasks.
  if (choice.entry.tasks != step.entry.tasks)
    tasks = choice.entry.tasks(stepArgs);
  if (tasks > 0)
    runTasks(step, choice.entry, tasks);
  dispatcher->finish(choice);
}

void StepRunner::runTasks(const Step &step, KernelEntry entry, int64_t tasks) {
  const SeqcBuffer *stepArgs = args.data() + step.firstArg;
  char *base = static_cast<char *>(scratch.data());
  bool serial = tasks == 1 || parallel.threads() == 1;
  if (!serial) {
    int64_t bytes = 0;
    for (size_t i = 0; i < step.argCount; ++i)
      bytes += elementsOf(stepArgs[i]) *
               static_cast<int64_t>(
                   byteSize(plan.buffers[argBuffers[step.firstArg + i]].dtype));
    serial = bytes < kSerialBytes;
  }
  if (serial)
    return entry.run(stepArgs, 0, tasks, base);
  size_t stride = alignUp(scratchStride);
  parallel.parallelFor(tasks, 1, [&](int64_t begin, int64_t end, int slot) {
    entry.run(stepArgs, begin, end, base + static_cast<size_t>(slot) * stride);
  });
}

Status StepRunner::runCount(const Step &step) {
  const SeqcBuffer &source = args[step.firstArg];
  int64_t extent = source.dims[0];
  int64_t value =
      extent > 0 ? static_cast<const int32_t *>(source.data)[extent - 1] : 0;
  if (value < 0)
    return Status::error(ErrorCode::Internal,
                         "count '" + plan.symbols[step.symbol] + "' is " +
                             std::to_string(value) + ", expected 0 or more");
  if (step.gate >= 0)
    countGate(step, value);
  if (value == symbols[step.symbol])
    return {};
  symbols[step.symbol] = value;
  for (int32_t index : dependents[step.symbol]) {
    if (!evaluate(index))
      return Status::error(ErrorCode::Internal,
                           "count '" + plan.symbols[step.symbol] + "' is " +
                               std::to_string(value) + ", more than buffer '" +
                               plan.buffers[index].name + "' holds");
    publish(index);
  }
  return {};
}

void StepRunner::countGate(const Step &step, int64_t active) {
  const SeqcBuffer &source = args[step.firstArg];
  int64_t longest = active;
  // Offsets of activated rows, if it is one entry per sequence and one more.
  if (source.dims[0] > 2 && source.dims[0] == symbols[kSymbolSequences] + 1) {
    const int32_t *offsets = static_cast<const int32_t *>(source.data);
    longest = 0;
    for (int64_t b = 0; b + 1 < source.dims[0]; ++b)
      longest = std::max<int64_t>(longest, offsets[b + 1] - offsets[b]);
  }
  profiler->countGate(static_cast<size_t>(step.gate), active, longest,
                      symbols[kSymbolRows]);
}

void StepRunner::runPack(const Step &step) {
  const SeqcBuffer &source = args[step.firstArg];
  const SeqcBuffer &target = args[step.firstArg + 1];
  size_t size = byteSize(plan.buffers[argBuffers[step.firstArg]].dtype);
  int64_t n = source.dims[0], k = source.dims[1], p = step.panel;
  const char *from = static_cast<const char *>(source.data);
  char *to = static_cast<char *>(target.data);
  auto packPanel = [&](int64_t panel) {
    char *out = to + static_cast<size_t>(panel * k * p) * size;
    int64_t filled = std::min(p, n - panel * p);
    if (filled < p)
      std::memset(out, 0, static_cast<size_t>(k * p) * size);
    for (int64_t j = 0; j < filled; ++j) {
      const char *row = from + static_cast<size_t>((panel * p + j) * k) * size;
      for (int64_t i = 0; i < k; ++i)
        std::memcpy(out + static_cast<size_t>(i * p + j) * size,
                    row + static_cast<size_t>(i) * size, size);
    }
  };
  parallel.parallelFor(target.dims[0], 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t panel = begin; panel < end; ++panel)
      packPanel(panel);
  });
}

void StepRunner::runCopy(const Step &step) {
  const SeqcBuffer &source = args[step.firstArg];
  const SeqcBuffer &target = args[step.firstArg + 1];
  size_t bytes = static_cast<size_t>(elementsOf(source)) *
                 byteSize(plan.buffers[argBuffers[step.firstArg]].dtype);
  if (bytes > 0)
    std::memcpy(target.data, source.data, bytes);
}

} // namespace seqc::rt
