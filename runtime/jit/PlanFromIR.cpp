//===- PlanFromIR.cpp - the plan of a partitioned module ------------------===//

#include "runtime/jit/PlanFromIR.h"

#include "dialect/SeqcOps.h"
#include "passes/Analysis/Extents.h"
#include "passes/Analysis/KernelForm.h"
#include "passes/Analysis/KernelSummary.h"
#include "passes/Analysis/KernelWork.h"
#include "passes/Analysis/Overwrites.h"
#include "passes/Analysis/RowAccess.h"
#include "passes/Analysis/StateLimits.h"
#include "runtime/jit/IdleSteps.h"
#include "runtime/jit/VariantPlan.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace seqc;
using namespace seqc::ir;
using namespace seqc::passes;

using rt::BufferKind;
using rt::StepKind;

static constexpr llvm::StringLiteral kForward = "forward";
static constexpr llvm::StringLiteral kPrepare = "prepare";

namespace {
/// What the arguments of a model function stand for.
struct ArgumentRole {
  StringLiteral attribute;
  BufferKind kind;
};

/// Builds the steps of one function after the other into one plan.
class PlanBuilder {
public:
  PlanBuilder(ModuleOp module, rt::Plan &plan) : module(module), plan(plan) {}

  LogicalResult build();

private:
  void addKernels();
  void addFacts(func::FuncOp forward);
  LogicalResult buildPrepare(func::FuncOp prepare);
  LogicalResult buildForward(func::FuncOp forward);
  LogicalResult addArguments(func::FuncOp function);
  LogicalResult addOps(func::FuncOp function, BufferKind fresh,
                       std::vector<rt::PlanStep> &steps);
  LogicalResult addOp(Operation *op);
  LogicalResult addCall(func::CallOp call);
  LogicalResult addCount(CountOp count);
  LogicalResult addPack(linalg::PackOp pack);
  LogicalResult addView(Operation *op);

  FailureOr<int32_t> newBuffer(Value like, BufferKind kind, StringRef name);
  FailureOr<int32_t> bufferOf(Value value);
  FailureOr<int32_t> destinationOf(func::CallOp call, unsigned result);
  std::optional<int32_t> spentOperand(func::CallOp call, unsigned result);
  SmallVector<int> unreadBefore(func::CallOp call);
  LogicalResult addDestinations(func::CallOp call, std::vector<int32_t> &args);
  FailureOr<int32_t> aliasOf(int32_t buffer, Value view);
  FailureOr<rt::Extent> extent(Value tensor, int64_t dim);
  int32_t ownerOf(int32_t buffer) const {
    return plan.buffers[buffer].alias < 0 ? buffer : plan.buffers[buffer].alias;
  }
  void bind(Value value, int32_t buffer);
  bool isReadLater(int32_t owner, Operation *at, OpOperand *except);
  void addCopy(int32_t from, int32_t to, Operation *at);
  rt::PlanStep &addStep(StepKind kind, Operation *at);

  FailureOr<int32_t> copyToFresh(int32_t source, Value like, Operation *at);
  LogicalResult returnOutput(Value value, StringRef name);
  LogicalResult returnStates(func::FuncOp forward, func::ReturnOp ret);
  bool becomeOutput(int32_t buffer, StringRef name);

  ModuleOp module;
  rt::Plan &plan;
  llvm::StringMap<int32_t> kernels;
  DenseMap<Value, int32_t> buffers;
  DenseMap<Value, int32_t> counts;
  DenseMap<int32_t, SmallVector<Value>> valuesOf; ///< by owner
  llvm::StringMap<int32_t> prepared;
  llvm::DenseSet<Value> kept; ///< states that no result replaces
  BufferKind freshKind = BufferKind::Temp;
  std::vector<rt::PlanStep> *steps = nullptr;
};
} // namespace

static std::optional<DType> dtypeOf(Type type) {
  if (type.isF32())
    return DType::F32;
  if (type.isF64())
    return DType::F64;
  if (type.isInteger(32))
    return DType::I32;
  if (type.isInteger(64))
    return DType::I64;
  if (type.isInteger(8))
    return DType::U8;
  return std::nullopt;
}

static std::vector<rt::PlanWork> planWork(func::FuncOp kernel) {
  std::vector<rt::PlanWork> work;
  for (const WorkTerm &term : workOf(kernel))
    work.push_back({static_cast<rt::PlanWork::Factor>(term.factor),
                    int32_t(term.arg), int32_t(term.dim), term.left, term.right,
                    term.flops, term.exps, term.bytes});
  return work;
}

void PlanBuilder::addKernels() {
  for (auto function : module.getOps<func::FuncOp>()) {
    if (!isKernel(function))
      continue;
    KernelSummary summary = summarise(function.getBody().front());
    rt::PlanKernel kernel;
    kernel.symbol = function.getSymName().str();
    kernel.summary = std::move(summary.text);
    kernel.baked = std::move(summary.baked);
    kernel.free = std::move(summary.free);
    kernel.variants = jit::planVariants(function);
    kernel.work = planWork(function);
    kernels[function.getSymName()] = int32_t(plan.kernels.size());
    plan.kernels.push_back(std::move(kernel));
  }
}

FailureOr<rt::Extent> PlanBuilder::extent(Value tensor, int64_t dim) {
  SymbolicExtent symbolic = extentOf(tensor, dim);
  rt::Extent result;
  result.addend = symbolic.addend;
  switch (symbolic.kind) {
  case SymbolicExtent::Kind::Static:
    return result;
  case SymbolicExtent::Kind::Rows:
    result.symbol = rt::kSymbolRows;
    return result;
  case SymbolicExtent::Kind::Sequences:
    result.symbol = rt::kSymbolSequences;
    return result;
  case SymbolicExtent::Kind::Count:
    if (auto at = counts.find(symbolic.base); at != counts.end()) {
      result.symbol = at->second;
      return result;
    }
    break;
  case SymbolicExtent::Kind::Unknown:
    break;
  }
  return emitError(tensor.getLoc())
         << "dimension " << dim
         << " has an extent that no plan can compute: expected "
         << "rows, sequences, a count or a constant";
}

FailureOr<int32_t> PlanBuilder::newBuffer(Value like, BufferKind kind,
                                          StringRef name) {
  auto type = cast<RankedTensorType>(like.getType());
  std::optional<DType> dtype = dtypeOf(type.getElementType());
  if (!dtype)
    return emitError(like.getLoc())
           << "a plan has no buffers of " << type.getElementType()
           << ": expected f32, f64, i8, i32 or i64";
  rt::PlanBuffer buffer;
  buffer.name = name.str();
  buffer.kind = kind;
  buffer.dtype = *dtype;
  for (int64_t d = 0; d < type.getRank(); ++d) {
    FailureOr<rt::Extent> shape = extent(like, d);
    if (failed(shape))
      return failure();
    rt::Extent capacity = *shape;
    if (capacity.symbol >= rt::kFirstCountSymbol)
      capacity.symbol =
          rt::kSymbolRows; // no count exceeds the rows that it is of
    buffer.shape.push_back(*shape);
    buffer.capacity.push_back(capacity);
  }
  if (buffer.name.empty() && kind != BufferKind::Temp)
    buffer.name = "prepared." + std::to_string(plan.buffers.size());
  plan.buffers.push_back(std::move(buffer));
  return int32_t(plan.buffers.size() - 1);
}

void PlanBuilder::bind(Value value, int32_t buffer) {
  buffers[value] = buffer;
  valuesOf[ownerOf(buffer)].push_back(value);
}

FailureOr<int32_t> PlanBuilder::bufferOf(Value value) {
  if (auto at = buffers.find(value); at != buffers.end())
    return at->second;
  return emitError(value.getLoc(),
                   "is not in any buffer: expected an argument, the result "
                   "of a kernel or a view of one");
}

rt::PlanStep &PlanBuilder::addStep(StepKind kind, Operation *at) {
  rt::PlanStep &step = steps->emplace_back();
  step.kind = kind;
  if (auto layer = at->getAttrOfType<StringAttr>(names::kLayer))
    step.layer = layer.str();
  return step;
}

void PlanBuilder::addCopy(int32_t from, int32_t to, Operation *at) {
  addStep(StepKind::Copy, at).args = {from, to};
}

LogicalResult PlanBuilder::addArguments(func::FuncOp function) {
  static constexpr ArgumentRole kRoles[] = {
      {names::kInput, BufferKind::Input},
      {names::kWeight, BufferKind::Weight},
      {names::kOption, BufferKind::Option},
      {names::kState, BufferKind::State},
      {names::kBuiltin, BufferKind::Temp},
      {names::kPrepared, BufferKind::Prepared}};
  for (BlockArgument arg : function.getArguments()) {
    const ArgumentRole *role =
        llvm::find_if(kRoles, [&](const ArgumentRole &r) {
          return static_cast<bool>(
              function.getArgAttr(arg.getArgNumber(), r.attribute));
        });
    if (role == std::end(kRoles) || !isa<RankedTensorType>(arg.getType()))
      return emitError(arg.getLoc(),
                       "an argument of the model is no tensor with one of the "
                       "seqc attributes: expected seqc.input or another");
    auto name = function.getArgAttrOfType<StringAttr>(arg.getArgNumber(),
                                                      role->attribute);
    BufferKind kind = role->kind;
    if (role->attribute == names::kBuiltin)
      kind = name.getValue() == "offsets" ? BufferKind::Offsets
                                          : BufferKind::Positions;
    int32_t known =
        kind == BufferKind::Weight ? plan.find(kind, name.getValue()) : -1;
    if (kind == BufferKind::Prepared) {
      auto at = prepared.find(name.getValue());
      if (at == prepared.end())
        return emitError(arg.getLoc(),
                         "is prepared by nothing: expected a result of "
                         "@prepare named ")
               << name;
      known = at->second;
    }
    if (known >= 0) {
      bind(arg, known);
      continue;
    }
    FailureOr<int32_t> buffer = newBuffer(arg, kind, name.getValue());
    if (failed(buffer))
      return failure();
    if (auto limit = function.getArgAttrOfType<IntegerAttr>(arg.getArgNumber(),
                                                            names::kLimit))
      plan.buffers[*buffer].valueLimit = limit.getInt();
    else if (kind == BufferKind::State)
      plan.buffers[*buffer].valueLimit =
          stateLimit(function, arg.getArgNumber());
    bind(arg, *buffer);
  }
  return success();
}

/// The value is read after `at`, or by `at` through another operand.
static bool isUsedFrom(Value value, Operation *at, OpOperand *except) {
  return llvm::any_of(value.getUses(), [&](OpOperand &use) {
    if (&use == except || isa<tensor::DimOp>(use.getOwner()))
      return false;
    return use.getOwner() == at || at->isBeforeInBlock(use.getOwner());
  });
}

bool PlanBuilder::isReadLater(int32_t owner, Operation *at, OpOperand *except) {
  return llvm::any_of(valuesOf[owner], [&](Value value) {
    return kept.contains(value) || isUsedFrom(value, at, except);
  });
}

FailureOr<int32_t> PlanBuilder::copyToFresh(int32_t source, Value like,
                                            Operation *at) {
  FailureOr<int32_t> fresh = newBuffer(like, freshKind, "");
  if (failed(fresh))
    return failure();
  addCopy(source, *fresh, at);
  return *fresh;
}

/// An intermediate buffer that nothing reads after this call, and whose entries
/// the kernel reads before it writes those of the result. Memory that has just
/// been read is faster to write than any other.
std::optional<int32_t> PlanBuilder::spentOperand(func::CallOp call,
                                                 unsigned result) {
  auto kernel = module.lookupSymbol<func::FuncOp>(call.getCallee());
  unsigned inputs = call.getNumOperands() - call.getNumResults();
  for (unsigned i = 0; i < inputs; ++i) {
    OpOperand &operand = call->getOpOperand(i);
    auto buffer = buffers.find(operand.get());
    if (buffer == buffers.end() ||
        resultOver(kernel, kernel.getArgument(i)) != result)
      continue;
    const rt::PlanBuffer &held = plan.buffers[buffer->second];
    if (held.kind == BufferKind::Temp && held.alias < 0 &&
        !isReadLater(buffer->second, call, &operand))
      return buffer->second;
  }
  return std::nullopt;
}

/// The buffer that a call writes for one of its results: a fresh one or that of
/// a spent operand, the destination's own where nothing needs its old content,
/// else a copy of it.
FailureOr<int32_t> PlanBuilder::destinationOf(func::CallOp call,
                                              unsigned result) {
  unsigned first = call.getNumOperands() - call.getNumResults();
  OpOperand &operand = call->getOpOperand(first + result);
  Value value = operand.get();
  if (value.getDefiningOp<tensor::EmptyOp>()) {
    if (std::optional<int32_t> spent = spentOperand(call, result))
      return *spent;
    return newBuffer(value, freshKind, "");
  }
  FailureOr<int32_t> buffer = bufferOf(value);
  if (failed(buffer))
    return failure();
  int32_t owner = ownerOf(*buffer);
  BufferKind kind = plan.buffers[owner].kind;
  bool writable =
      kind == BufferKind::Temp || kind == BufferKind::State ||
      (kind == BufferKind::Prepared && freshKind == BufferKind::Prepared);
  if (writable && !isReadLater(owner, call, &operand))
    return *buffer;
  return copyToFresh(*buffer, value, call);
}

/// For each result the one, if any, whose memory it takes: one that only the
/// kernel itself reads.
SmallVector<int> PlanBuilder::unreadBefore(func::CallOp call) {
  auto kernel = module.lookupSymbol<func::FuncOp>(call.getCallee());
  auto ret = kernel.getBody().front().getTerminator()->getOperands();
  ValueRange outs = call.getOperands().take_back(call.getNumResults());
  auto isFresh = [&](unsigned result) {
    return outs[result].getDefiningOp<tensor::EmptyOp>() != nullptr;
  };
  SmallVector<int> before(call.getNumResults(), -1);
  for (unsigned i = 0; i < before.size(); ++i) {
    if (!isFresh(i) || !call.getResult(i).use_empty())
      continue;
    std::optional<unsigned> over = resultOver(kernel, ret[i]);
    if (over && isFresh(*over) && before[*over] < 0)
      before[*over] = int(i);
  }
  return before;
}

/// The buffers of a call's results.
LogicalResult PlanBuilder::addDestinations(func::CallOp call,
                                           std::vector<int32_t> &args) {
  unsigned first = args.size();
  SmallVector<int> before = unreadBefore(call);
  args.resize(call.getNumOperands());
  for (int i = 0; i < int(before.size()); ++i) {
    if (llvm::is_contained(before, i))
      continue; // with the one that takes its memory
    FailureOr<int32_t> buffer =
        before[i] < 0 ? destinationOf(call, i)
                      : newBuffer(call.getOperand(first + i), freshKind, "");
    if (failed(buffer))
      return failure();
    for (int at = i; at >= 0; at = before[at])
      args[first + at] = *buffer;
  }
  return success();
}

LogicalResult PlanBuilder::addCall(func::CallOp call) {
  auto kernel = kernels.find(call.getCallee());
  if (kernel == kernels.end() || call.getNumOperands() < call.getNumResults())
    return call.emitOpError(
        "calls no kernel: expected a function with seqc.kernel");
  unsigned inputs = call.getNumOperands() - call.getNumResults();
  std::vector<int32_t> args;
  for (Value input : call.getOperands().take_front(inputs)) {
    FailureOr<int32_t> buffer = bufferOf(input);
    if (failed(buffer))
      return failure();
    args.push_back(*buffer);
  }
  if (failed(addDestinations(call, args)))
    return failure();
  // Bound only now: a result may sit in the buffer of a value read above.
  for (auto [i, result] : llvm::enumerate(call.getResults()))
    bind(result, args[inputs + i]);
  rt::PlanStep &step = addStep(StepKind::Kernel, call);
  step.kernel = kernel->second;
  step.args = std::move(args);
  if (steps == &plan.run)
    step.idleWith = jit::idleCount(
        module.lookupSymbol<func::FuncOp>(call.getCallee()), plan, step.args);
  return success();
}

/// Keys that a row of these sequences sees at most on its narrower side, itself
/// among them, in the kernel that attends over them; -1: no bound, or none.
static int64_t windowOver(Value offsets) {
  for (OpOperand &use : offsets.getUses()) {
    auto call = dyn_cast<func::CallOp>(use.getOwner());
    auto kernel = call ? SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
                             call, call.getCalleeAttr())
                       : func::FuncOp();
    if (!kernel || kernel.isExternal())
      continue;
    Value inside = kernel.getArgument(use.getOperandNumber());
    for (Operation *user : inside.getUsers()) {
      auto attend = dyn_cast<AttendOp>(user);
      if (!attend || attend.getOffsets() != inside)
        continue;
      int64_t left = attend.getLeft(), right = attend.getRight();
      if (left < 0 && right < 0)
        return -1;
      // A causal window looks back alone.
      return (left < 0 ? right : right > 0 ? std::min(left, right) : left) + 1;
    }
  }
  return -1;
}

LogicalResult PlanBuilder::addCount(CountOp count) {
  FailureOr<int32_t> buffer = bufferOf(count.getOffsets());
  if (failed(buffer))
    return failure();
  auto symbol = int32_t(plan.symbols.size());
  std::string name = count.getGate() ? count.getGate()->str() + ".active"
                                     : "count." + std::to_string(symbol);
  plan.symbols.push_back(name);
  counts[count.getResult()] = symbol;
  rt::PlanStep &step = addStep(StepKind::Count, count);
  step.symbol = symbol;
  step.args = {*buffer};
  if (count.getGate()) {
    plan.gates.push_back(
        {count.getGate()->str(), symbol, windowOver(count.getOffsets())});
    if (step.layer.empty())
      step.layer = count.getGate()->str();
  }
  return success();
}

LogicalResult PlanBuilder::addPack(linalg::PackOp pack) {
  SmallVector<int64_t> tiles = pack.getStaticTiles();
  if (pack.getInnerDimsPos() != ArrayRef<int64_t>{0} || tiles.size() != 1 ||
      !pack.getOuterDimsPerm().empty() || pack.getSourceType().getRank() != 2)
    return pack.emitOpError("is no pack of [N, K] into [N/p, K, p]");
  FailureOr<int32_t> source = bufferOf(pack.getSource());
  if (failed(source))
    return failure();
  FailureOr<int32_t> target = newBuffer(pack.getResult(), freshKind, "");
  if (failed(target))
    return failure();
  bind(pack.getResult(), *target);
  rt::PlanStep &step = addStep(StepKind::Pack, pack);
  step.panel = tiles.front();
  step.args = {*source, *target};
  return success();
}

FailureOr<int32_t> PlanBuilder::aliasOf(int32_t buffer, Value view) {
  int32_t owner = ownerOf(buffer);
  FailureOr<int32_t> fresh = newBuffer(view, plan.buffers[owner].kind, "");
  if (failed(fresh))
    return failure();
  rt::PlanBuffer made = plan.buffers[*fresh];
  plan.buffers.pop_back();
  // Names of owners stay unique; an alias needs none.
  made.name.clear();
  made.alias = owner;
  for (auto [i, known] : llvm::enumerate(plan.buffers))
    if (ownerOf(int32_t(i)) == owner && known.shape == made.shape)
      return int32_t(i);
  plan.buffers.push_back(std::move(made));
  return int32_t(plan.buffers.size() - 1);
}

LogicalResult PlanBuilder::addView(Operation *op) {
  if (!isMemoryView(op))
    return op->emitOpError(
        "is no view of leading memory: expected a reshape or a slice "
        "of leading rows");
  FailureOr<int32_t> source = bufferOf(op->getOperand(0));
  if (failed(source))
    return failure();
  FailureOr<int32_t> alias = aliasOf(*source, op->getResult(0));
  if (failed(alias))
    return failure();
  bind(op->getResult(0), *alias);
  return success();
}

LogicalResult PlanBuilder::addOp(Operation *op) {
  if (auto call = dyn_cast<func::CallOp>(op))
    return addCall(call);
  if (auto count = dyn_cast<CountOp>(op))
    return addCount(count);
  if (auto pack = dyn_cast<linalg::PackOp>(op))
    return addPack(pack);
  if (isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp,
          tensor::ExtractSliceOp, tensor::CastOp>(op))
    return addView(op);
  bool onIndices =
      llvm::all_of(op->getResultTypes(), [](Type t) { return t.isIndex(); });
  if (onIndices || isa<tensor::EmptyOp>(op) ||
      op->hasTrait<OpTrait::ConstantLike>())
    return success();
  return op->emitOpError(
      "has no place in a plan: expected calls of kernels, packs, counts "
      "and views; run seqc-partition first");
}

LogicalResult PlanBuilder::addOps(func::FuncOp function, BufferKind fresh,
                                  std::vector<rt::PlanStep> &into) {
  freshKind = fresh;
  steps = &into;
  buffers.clear();
  valuesOf.clear();
  if (failed(addArguments(function)))
    return failure();
  for (Operation &op : function.getBody().front().without_terminator())
    if (failed(addOp(&op)))
      return failure();
  return success();
}

LogicalResult PlanBuilder::buildPrepare(func::FuncOp prepare) {
  if (failed(addOps(prepare, BufferKind::Prepared, plan.prepare)))
    return failure();
  auto ret = cast<func::ReturnOp>(prepare.getBody().front().getTerminator());
  for (auto [i, value] : llvm::enumerate(ret.getOperands())) {
    auto name =
        prepare.getResultAttrOfType<StringAttr>(unsigned(i), names::kPrepared);
    if (!name)
      return ret.emitOpError("of @prepare has a result without seqc.prepared");
    FailureOr<int32_t> buffer = bufferOf(value);
    if (failed(buffer))
      return failure();
    prepared[name.getValue()] = *buffer;
    rt::PlanBuffer &made = plan.buffers[*buffer];
    if (made.kind == BufferKind::Prepared && made.alias < 0)
      made.name = name.str();
  }
  return success();
}

/// Makes an intermediate buffer the caller's. The output keeps its own shape,
/// so it becomes the owner of the memory if it was a view.
bool PlanBuilder::becomeOutput(int32_t buffer, StringRef name) {
  int32_t owner = ownerOf(buffer);
  if (plan.buffers[owner].kind != BufferKind::Temp)
    return false;
  if (owner != buffer) {
    // A reshape holds as much as its source; a slice of leading rows less.
    bool sameRows =
        plan.buffers[owner].capacity.front() ==
            plan.buffers[buffer].capacity.front() &&
        plan.buffers[owner].shape.front() == plan.buffers[buffer].shape.front();
    if (!sameRows)
      return false;
  }
  for (size_t i = 0; i < plan.buffers.size(); ++i) {
    if (ownerOf(int32_t(i)) != owner || int32_t(i) == owner)
      continue;
    plan.buffers[i].kind = BufferKind::Output;
    plan.buffers[i].alias = buffer;
  }
  plan.buffers[owner].kind = BufferKind::Output;
  plan.buffers[owner].alias = buffer;
  plan.buffers[buffer].alias = -1;
  plan.buffers[buffer].name = name.str();
  return true;
}

LogicalResult PlanBuilder::returnOutput(Value value, StringRef name) {
  FailureOr<int32_t> buffer = bufferOf(value);
  if (failed(buffer))
    return failure();
  if (becomeOutput(*buffer, name))
    return success();
  FailureOr<int32_t> output = newBuffer(value, BufferKind::Output, name);
  if (failed(output))
    return failure();
  addCopy(*buffer, *output, value.getParentBlock()->getTerminator());
  return success();
}

/// States that ended up in another buffer are copied back, through an
/// intermediate one where that is a state of its own.
LogicalResult PlanBuilder::returnStates(func::FuncOp forward,
                                        func::ReturnOp ret) {
  SmallVector<std::pair<int32_t, int32_t>> moves;
  for (auto [i, value] : llvm::enumerate(ret.getOperands())) {
    auto name =
        forward.getResultAttrOfType<StringAttr>(unsigned(i), names::kState);
    if (!name)
      continue;
    int32_t state = plan.find(BufferKind::State, name.getValue());
    FailureOr<int32_t> buffer = bufferOf(value);
    if (failed(buffer))
      return failure();
    if (state < 0)
      return ret.emitOpError("gives a state that is no argument: ") << name;
    if (*buffer == state)
      continue;
    if (plan.buffers[ownerOf(*buffer)].kind == BufferKind::State) {
      buffer = copyToFresh(*buffer, value, ret);
      if (failed(buffer))
        return failure();
    }
    moves.push_back({*buffer, state});
  }
  for (auto [from, to] : moves)
    addCopy(from, to, ret);
  return success();
}

LogicalResult PlanBuilder::buildForward(func::FuncOp forward) {
  llvm::StringSet<llvm::MallocAllocator> replaced;
  for (unsigned i = 0; i < forward.getNumResults(); ++i)
    if (auto name = forward.getResultAttrOfType<StringAttr>(i, names::kState))
      replaced.insert(name.getValue());
  for (BlockArgument arg : forward.getArguments())
    if (auto name = forward.getArgAttrOfType<StringAttr>(arg.getArgNumber(),
                                                         names::kState))
      if (!replaced.contains(name.getValue()))
        kept.insert(arg);
  if (failed(addOps(forward, BufferKind::Temp, plan.run)))
    return failure();
  auto ret = cast<func::ReturnOp>(forward.getBody().front().getTerminator());
  for (auto [i, value] : llvm::enumerate(ret.getOperands()))
    if (auto name = forward.getResultAttrOfType<StringAttr>(unsigned(i),
                                                            names::kOutput))
      if (failed(returnOutput(value, name.getValue())))
        return failure();
  return returnStates(forward, ret);
}

void PlanBuilder::addFacts(func::FuncOp forward) {
  plan.symbols = {"rows", "sequences"};
  plan.model = module.getSymName().value_or("").str();
  if (auto target = module->getAttrOfType<TargetAttr>(names::kTarget))
    plan.target = target.getIsa().str();
  if (auto limit = forward->getAttrOfType<IntegerAttr>(names::kMaxPositions))
    plan.maxPositions = limit.getInt();
  plan.causal = forward->hasAttr(names::kCausal);
}

LogicalResult PlanBuilder::build() {
  auto forward = module.lookupSymbol<func::FuncOp>(kForward);
  if (!forward || forward.isExternal())
    return module.emitError(
        "expected a function @forward; import a model first");
  addFacts(forward);
  addKernels();
  if (auto prepare = module.lookupSymbol<func::FuncOp>(kPrepare))
    if (failed(buildPrepare(prepare)))
      return failure();
  if (failed(buildForward(forward)))
    return failure();
  if (Status status = rt::verify(plan); !status.ok())
    return module.emitError("the plan is not valid: ") << status.str();
  return success();
}

FailureOr<rt::Plan> seqc::jit::planFromModule(ModuleOp module) {
  rt::Plan plan;
  if (failed(PlanBuilder(module, plan).build()))
    return failure();
  return plan;
}
