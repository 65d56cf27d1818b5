//===- Plan.cpp - structural checks ---------------------------------------===//
#include "runtime/core/Plan.h"

#include "runtime/abi/KernelAbi.h"

#include <set>
#include <utility>

namespace seqc::rt {

int32_t Plan::find(BufferKind kind, std::string_view name) const {
  for (size_t i = 0; i < buffers.size(); ++i)
    if (buffers[i].kind == kind && buffers[i].alias < 0 &&
        buffers[i].name == name)
      return static_cast<int32_t>(i);
  return -1;
}

namespace {

// Bounds that no model comes near and that keep all products inside 64 bits.
constexpr int64_t kMaxElements = int64_t(1) << 44;
constexpr int64_t kMaxAddend = int64_t(1) << 31;
constexpr int64_t kMaxScratch = int64_t(1) << 32;
constexpr size_t kMaxArgs = 256;
constexpr size_t kMaxListed = size_t(1) << 24;

class Verifier {
public:
  explicit Verifier(const Plan &plan) : plan(plan) {}
  Status run();

private:
  Status fail(const std::string &where, const std::string &what) const {
    return Status::error(ErrorCode::InvalidModel,
                         "plan: " + where + ": " + what);
  }
  std::string nameOf(size_t buffer) const {
    return "buffer " + std::to_string(buffer) + " '" +
           plan.buffers[buffer].name + "'";
  }
  bool isStatic(const PlanBuffer &buffer) const {
    for (const Extent &extent : buffer.shape)
      if (extent.symbol >= 0)
        return false;
    return true;
  }

  Status checkTable();
  Status checkBuffer(size_t index);
  Status checkExtents(size_t index);
  Status checkAlias(size_t index);
  Status checkKind(size_t index);
  Status checkNames();
  Status checkSteps(const std::vector<PlanStep> &steps, bool prepare);
  Status checkArgs(const std::string &where, const PlanStep &step,
                   bool prepare) const;
  Status checkKernel(const std::string &where, const PlanStep &step);
  Status checkGuards(const std::string &where, const PlanStep &step) const;
  Status checkWork(const std::string &where, const PlanStep &step) const;
  Status checkCount(const std::string &where, const PlanStep &step);
  Status checkPack(const std::string &where, const PlanStep &step) const;
  Status checkCopy(const std::string &where, const PlanStep &step) const;
  Status checkTarget(const std::string &where, const PlanStep &step,
                     bool prepare) const;
  Status checkGates() const;

  const Plan &plan;
  std::vector<const PlanStep *> firstCall; ///< of each kernel
  std::vector<bool> counted;               ///< symbols known so far
};

Status Verifier::run() {
  if (Status status = checkTable(); !status.ok())
    return status;
  for (size_t i = 0; i < plan.buffers.size(); ++i)
    if (Status status = checkBuffer(i); !status.ok())
      return status;
  if (Status status = checkNames(); !status.ok())
    return status;
  firstCall.assign(plan.kernels.size(), nullptr);
  counted.assign(plan.symbols.size(), false);
  if (Status status = checkSteps(plan.prepare, true); !status.ok())
    return status;
  counted[kSymbolRows] = counted[kSymbolSequences] = true;
  if (Status status = checkSteps(plan.run, false); !status.ok())
    return status;
  return checkGates();
}

Status Verifier::checkTable() {
  if (plan.symbols.size() < kFirstCountSymbol || plan.symbols[0] != "rows" ||
      plan.symbols[1] != "sequences")
    return fail("symbols", "expected 'rows' and 'sequences' first");
  for (size_t size :
       {plan.symbols.size(), plan.buffers.size(), plan.kernels.size(),
        plan.prepare.size(), plan.run.size(), plan.gates.size()})
    if (size > kMaxListed)
      return fail("tables",
                  "more than " + std::to_string(kMaxListed) + " entries");
  if (plan.maxPositions < -1)
    return fail("max positions", "expected -1 or more, got " +
                                     std::to_string(plan.maxPositions));
  for (size_t i = 0; i < plan.kernels.size(); ++i) {
    const PlanKernel &kernel = plan.kernels[i];
    std::string where = "kernel " + std::to_string(i);
    if (kernel.symbol.empty())
      return fail(where, "no symbol");
    if (kernel.scratchBytes < 0 || kernel.scratchBytes > kMaxScratch)
      return fail(where, "expected scratch of 0 to " +
                             std::to_string(kMaxScratch) + " bytes, got " +
                             std::to_string(kernel.scratchBytes));
  }
  return {};
}

Status Verifier::checkBuffer(size_t index) {
  const PlanBuffer &buffer = plan.buffers[index];
  if (buffer.kind > BufferKind::Output)
    return fail(nameOf(index), "unknown kind");
  if (buffer.dtype > DType::U8)
    return fail(nameOf(index), "unknown element type");
  if (buffer.shape.size() > SEQC_KERNEL_MAX_RANK)
    return fail(nameOf(index),
                "expected rank 0 to " + std::to_string(SEQC_KERNEL_MAX_RANK) +
                    ", got " + std::to_string(buffer.shape.size()));
  if (buffer.shape.size() != buffer.capacity.size())
    return fail(nameOf(index), "shape and capacity differ in rank");
  if (buffer.valueLimit < -1 ||
      (buffer.valueLimit >= 0 &&
       ((buffer.kind != BufferKind::Input &&
         buffer.kind != BufferKind::State) ||
        (buffer.dtype != DType::I32 && buffer.dtype != DType::I64))))
    return fail(nameOf(index), "a value limit is for integer inputs and states "
                               "and is -1 or more");
  if (Status status = checkExtents(index); !status.ok())
    return status;
  return buffer.alias == -1 ? checkKind(index) : checkAlias(index);
}

Status Verifier::checkExtents(size_t index) {
  const PlanBuffer &buffer = plan.buffers[index];
  int64_t elements = 1;
  int32_t count = -1;
  for (size_t d = 0; d < buffer.shape.size(); ++d) {
    for (const Extent &extent : {buffer.shape[d], buffer.capacity[d]}) {
      bool fixed = extent.symbol < 0;
      if (extent.symbol < -1 ||
          extent.symbol >= static_cast<int64_t>(plan.symbols.size()))
        return fail(nameOf(index),
                    "no symbol " + std::to_string(extent.symbol));
      if (extent.addend > (fixed ? kMaxElements : kMaxAddend) ||
          extent.addend < (fixed ? 0 : -kMaxAddend))
        return fail(nameOf(index),
                    "extent " + std::to_string(extent.addend) + " is illegal");
    }
    const Extent &shape = buffer.shape[d], &capacity = buffer.capacity[d];
    if (shape.symbol >= kFirstCountSymbol) {
      if (count >= 0 && count != shape.symbol)
        return fail(nameOf(index), "depends on two counts, expected one");
      count = shape.symbol;
    }
    if (capacity.symbol >= kFirstCountSymbol)
      return fail(nameOf(index), "a capacity may not depend on a count");
    if (shape.symbol < kFirstCountSymbol && !(shape == capacity))
      return fail(nameOf(index), "dimension " + std::to_string(d) +
                                     ": shape and capacity differ without a "
                                     "count");
    // Symbolic factors are multiplied, with checks, when they are known.
    if (capacity.symbol < 0 && capacity.addend > 0 &&
        __builtin_mul_overflow(elements, capacity.addend, &elements))
      return fail(nameOf(index), "too large");
    if (elements > kMaxElements)
      return fail(nameOf(index), "too large");
  }
  return {};
}

Status Verifier::checkAlias(size_t index) {
  const PlanBuffer &buffer = plan.buffers[index];
  if (buffer.alias < 0 ||
      buffer.alias >= static_cast<int64_t>(plan.buffers.size()))
    return fail(nameOf(index),
                "no buffer " + std::to_string(buffer.alias) + " to alias");
  const PlanBuffer &owner = plan.buffers[buffer.alias];
  if (owner.alias != -1)
    return fail(nameOf(index), "aliases an alias; name the owner");
  if (owner.kind != buffer.kind || owner.dtype != buffer.dtype)
    return fail(nameOf(index), "differs from its owner in kind or type");
  if (!isStatic(buffer) || !isStatic(owner))
    return {}; // sizes are compared when rows and sequences are known
  int64_t own = 1, available = 1;
  for (const Extent &extent : buffer.capacity)
    own *= extent.addend;
  for (const Extent &extent : owner.capacity)
    available *= extent.addend;
  if (own > available)
    return fail(nameOf(index), "is larger than the buffer that it aliases");
  return {};
}

static bool isOne(const Extent &extent, int32_t symbol, int64_t addend) {
  return extent.symbol == symbol && extent.addend == addend;
}

Status Verifier::checkKind(size_t index) {
  const PlanBuffer &buffer = plan.buffers[index];
  const std::vector<Extent> &shape = buffer.shape;
  auto restStatic = [&] {
    for (size_t d = 1; d < shape.size(); ++d)
      if (shape[d].symbol >= 0)
        return false;
    return true;
  };
  switch (buffer.kind) {
  case BufferKind::Offsets:
    if (buffer.dtype != DType::I32 || shape.size() != 1 ||
        !isOne(shape[0], kSymbolSequences, 1))
      return fail(nameOf(index), "offsets are I32 [sequences + 1]");
    return {};
  case BufferKind::Positions:
    if (buffer.dtype != DType::I32 || shape.size() != 1 ||
        !isOne(shape[0], kSymbolRows, 0))
      return fail(nameOf(index), "positions are I32 [rows]");
    return {};
  case BufferKind::Option:
    if (buffer.dtype != DType::F32 || shape.size() != 1 ||
        !isOne(shape[0], -1, 1))
      return fail(nameOf(index), "an option is F32 [1]");
    return {};
  case BufferKind::Weight:
  case BufferKind::Prepared:
    if (!isStatic(buffer))
      return fail(nameOf(index), "weights have static extents");
    return {};
  case BufferKind::State:
    if (shape.empty() || !isOne(shape[0], kSymbolSequences, 0) || !restStatic())
      return fail(nameOf(index), "a state is [sequences, static extents]");
    return {};
  case BufferKind::Input:
  case BufferKind::Output:
    if (shape.empty() || !restStatic() ||
        (!isOne(shape[0], kSymbolRows, 0) &&
         !isOne(shape[0], kSymbolSequences, 0)))
      return fail(nameOf(index),
                  "inputs and outputs are [rows or sequences, static extents]");
    return {};
  case BufferKind::Temp:
    return {};
  }
  return {};
}

Status Verifier::checkNames() {
  std::set<std::pair<BufferKind, std::string_view>> seen;
  for (size_t i = 0; i < plan.buffers.size(); ++i) {
    const PlanBuffer &buffer = plan.buffers[i];
    if (buffer.alias >= 0 || buffer.kind == BufferKind::Temp)
      continue;
    bool builtin = buffer.kind == BufferKind::Offsets ||
                   buffer.kind == BufferKind::Positions;
    if (!builtin && buffer.name.empty())
      return fail(nameOf(i), "has no name");
    std::string_view name = builtin ? std::string_view() : buffer.name;
    if (!seen.insert({buffer.kind, name}).second)
      return fail(nameOf(i), "appears twice");
  }
  return {};
}

Status Verifier::checkSteps(const std::vector<PlanStep> &steps, bool prepare) {
  for (size_t i = 0; i < steps.size(); ++i) {
    const PlanStep &step = steps[i];
    std::string where =
        (prepare ? "prepare step " : "step ") + std::to_string(i);
    if (Status status = checkArgs(where, step, prepare); !status.ok())
      return status;
    if (step.idleWith != -1 &&
        (step.kind != StepKind::Kernel || step.idleWith < kFirstCountSymbol ||
         step.idleWith >= static_cast<int64_t>(plan.symbols.size()) ||
         !counted[step.idleWith]))
      return fail(where, "is idle with symbol " +
                             std::to_string(step.idleWith) +
                             ", expected a kernel and a count known before");
    Status status;
    switch (step.kind) {
    case StepKind::Kernel:
      status = checkKernel(where, step);
      break;
    case StepKind::Count:
      status = prepare ? fail(where, "weights give no counts")
                       : checkCount(where, step);
      break;
    case StepKind::Pack:
      status = checkPack(where, step);
      if (status.ok())
        status = checkTarget(where, step, prepare);
      break;
    case StepKind::Copy:
      status = checkCopy(where, step);
      if (status.ok())
        status = checkTarget(where, step, prepare);
      break;
    default:
      status = fail(where, "unknown kind");
    }
    if (!status.ok())
      return status;
  }
  return {};
}

Status Verifier::checkArgs(const std::string &where, const PlanStep &step,
                           bool prepare) const {
  if (step.args.size() > kMaxArgs)
    return fail(where, "more than " + std::to_string(kMaxArgs) + " arguments");
  for (int32_t arg : step.args) {
    if (arg < 0 || arg >= static_cast<int64_t>(plan.buffers.size()))
      return fail(where, "no buffer " + std::to_string(arg));
    const PlanBuffer &buffer = plan.buffers[arg];
    for (const Extent &extent : buffer.shape)
      if (extent.symbol >= 0 && !counted[extent.symbol])
        return fail(where, nameOf(arg) + " has an extent that depends on '" +
                               plan.symbols[extent.symbol] +
                               "', which is not known yet");
    if (prepare && buffer.kind != BufferKind::Weight &&
        buffer.kind != BufferKind::Prepared && buffer.kind != BufferKind::Temp)
      return fail(where, nameOf(arg) + " does not exist before a call");
  }
  return {};
}

/// The machine code fixes the argument list, so all calls must agree on it.
Status Verifier::checkKernel(const std::string &where, const PlanStep &step) {
  if (step.kernel < 0 ||
      step.kernel >= static_cast<int64_t>(plan.kernels.size()))
    return fail(where, "no kernel " + std::to_string(step.kernel));
  const PlanStep *&first = firstCall[step.kernel];
  if (!first) {
    first = &step;
    if (Status status = checkGuards(where, step); !status.ok())
      return status;
    if (Status status = checkWork(where, step); !status.ok())
      return status;
  }
  if (first->args.size() != step.args.size())
    return fail(where, "kernel '" + plan.kernels[step.kernel].symbol +
                           "' is called with " +
                           std::to_string(step.args.size()) +
                           " arguments, elsewhere with " +
                           std::to_string(first->args.size()));
  for (size_t a = 0; a < step.args.size(); ++a) {
    const PlanBuffer &here = plan.buffers[step.args[a]];
    const PlanBuffer &there = plan.buffers[first->args[a]];
    if (here.dtype != there.dtype || here.shape.size() != there.shape.size())
      return fail(where, "argument " + std::to_string(a) + " of kernel '" +
                             plan.kernels[step.kernel].symbol +
                             "' differs in type or rank from another call");
  }
  return {};
}

/// Guards read extents and entries without looking: they must be there.
Status Verifier::checkGuards(const std::string &where,
                             const PlanStep &step) const {
  const PlanKernel &kernel = plan.kernels[step.kernel];
  auto names = [&](int32_t arg, int32_t dim) {
    return arg >= 0 && static_cast<size_t>(arg) < step.args.size() &&
           dim >= 0 && dim < SEQC_KERNEL_MAX_RANK;
  };
  for (const PlanVariant &variant : kernel.variants) {
    if (variant.name.empty() || variant.guards.empty())
      return fail(where, "kernel '" + kernel.symbol +
                             "': expected a variant with a name and guards");
    for (const Guard &guard : variant.guards) {
      bool legal = guard.kind <= GuardKind::OneRowEach &&
                   names(guard.arg, guard.dim) &&
                   names(guard.other, guard.otherDim);
      if (legal && guard.kind >= GuardKind::Zero) {
        const PlanBuffer &buffer = plan.buffers[step.args[guard.arg]];
        legal = buffer.dtype == DType::I32 && buffer.shape.size() == 1;
      }
      if (!legal)
        return fail(where, "kernel '" + kernel.symbol + "': variant '" +
                               variant.name + "' has an illegal guard");
    }
  }
  return {};
}

Status Verifier::checkWork(const std::string &where,
                           const PlanStep &step) const {
  const PlanKernel &kernel = plan.kernels[step.kernel];
  for (const PlanWork &work : kernel.work) {
    bool legal = work.factor <= PlanWork::Factor::Pairs && work.arg >= 0 &&
                 static_cast<size_t>(work.arg) < step.args.size() &&
                 work.dim >= 0 && work.dim < SEQC_KERNEL_MAX_RANK;
    if (legal && work.factor == PlanWork::Factor::Pairs) {
      const PlanBuffer &buffer = plan.buffers[step.args[work.arg]];
      legal = buffer.dtype == DType::I32 && buffer.shape.size() == 1;
    }
    if (!legal)
      return fail(where, "kernel '" + kernel.symbol +
                             "': its work names an argument that does not fit");
  }
  return {};
}

Status Verifier::checkCount(const std::string &where, const PlanStep &step) {
  if (step.symbol < kFirstCountSymbol ||
      step.symbol >= static_cast<int64_t>(plan.symbols.size()))
    return fail(where, "no count symbol " + std::to_string(step.symbol));
  if (counted[step.symbol])
    return fail(where,
                "counts '" + plan.symbols[step.symbol] + "' a second time");
  if (step.args.size() != 1 || plan.buffers[step.args[0]].dtype != DType::I32 ||
      plan.buffers[step.args[0]].shape.size() != 1)
    return fail(where, "a count reads one I32 buffer of rank 1");
  counted[step.symbol] = true;
  return {};
}

Status Verifier::checkPack(const std::string &where,
                           const PlanStep &step) const {
  if (step.args.size() != 2 || step.panel < 1 || step.panel > kMaxAddend)
    return fail(where, "a pack has a source, a target and a panel width");
  const PlanBuffer &source = plan.buffers[step.args[0]];
  const PlanBuffer &target = plan.buffers[step.args[1]];
  if (!isStatic(source) || !isStatic(target) || source.shape.size() != 2 ||
      target.shape.size() != 3 || source.dtype != target.dtype)
    return fail(where, "a pack goes from static [N, K] to [N/p, K, p] of the "
                       "same type");
  int64_t panels = (source.shape[0].addend + step.panel - 1) / step.panel;
  if (target.shape[0].addend != panels ||
      target.shape[1].addend != source.shape[1].addend ||
      target.shape[2].addend != step.panel)
    return fail(where, "expected a target of [" + std::to_string(panels) +
                           ", " + std::to_string(source.shape[1].addend) +
                           ", " + std::to_string(step.panel) + "]");
  return {};
}

Status Verifier::checkCopy(const std::string &where,
                           const PlanStep &step) const {
  if (step.args.size() != 2)
    return fail(where, "a copy has a source and a target");
  const PlanBuffer &source = plan.buffers[step.args[0]];
  const PlanBuffer &target = plan.buffers[step.args[1]];
  if (source.dtype != target.dtype || !(source.shape == target.shape))
    return fail(where, nameOf(step.args[0]) + " and " + nameOf(step.args[1]) +
                           " differ in type or shape");
  return {};
}

Status Verifier::checkTarget(const std::string &where, const PlanStep &step,
                             bool prepare) const {
  const PlanBuffer &target = plan.buffers[step.args[1]];
  bool writable = target.kind == BufferKind::Temp ||
                  (prepare ? target.kind == BufferKind::Prepared
                           : target.kind == BufferKind::State ||
                                 target.kind == BufferKind::Output);
  if (!writable)
    return fail(where, nameOf(step.args[1]) + " may not be written here");
  auto owner = [&](int32_t index) {
    return plan.buffers[index].alias < 0 ? index : plan.buffers[index].alias;
  };
  if (owner(step.args[0]) == owner(step.args[1]))
    return fail(where, "source and target share memory");
  return {};
}

Status Verifier::checkGates() const {
  // Without steps somebody else computes the model, and its counts.
  bool interpreted = plan.run.empty();
  for (const PlanGate &gate : plan.gates)
    if (gate.symbol < kFirstCountSymbol ||
        gate.symbol >= static_cast<int64_t>(plan.symbols.size()) ||
        !(counted[gate.symbol] || interpreted))
      return fail("gate '" + gate.layer + "'",
                  "no count symbol " + std::to_string(gate.symbol));
  return {};
}

} // namespace

Status verify(const Plan &plan) { return Verifier(plan).run(); }

} // namespace seqc::rt
