//===- Interpreter.cpp - functions, blocks and control flow
//----------------===//

#include "runtime/interpreter/Interpreter.h"

#include "runtime/interpreter/Errors.h"
#include "runtime/interpreter/OpCall.h"

#include "dialect/SeqcOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;

namespace seqc::interpreter {

static constexpr unsigned kMaxCallDepth = 64;

struct Interpreter::Impl {
  ModuleOp module;
  ProgramCache programs;
  llvm::DenseMap<Operation *, Value> constants;
  /// Values whose last use in their own block is the key.
  llvm::DenseMap<Operation *, SmallVector<mlir::Value>> dying;
  llvm::DenseSet<Block *> analysed;
  EvaluateOptions options;
  std::vector<TraceEntry> trace;
  std::vector<GateRecord> gates;
  unsigned depth = 0;

  Result<Values> call(func::FuncOp function, Values arguments);
  Result<Values> runBlock(Block &block, Values arguments,
                          Environment &environment);

private:
  void analyse(Block &block);
  Status runOp(Operation *op, Environment &environment);
  Status dispatch(OpCall &call, Environment &environment);
  Status runIf(scf::IfOp op, OpCall &call, Environment &environment);
  Status runFor(scf::ForOp op, OpCall &call, Environment &environment);
  Status runKernel(ir::KernelOp op, OpCall &call);
  Status runCall(func::CallOp op, OpCall &call);
  Status runConstant(arith::ConstantOp op, OpCall &call);
  void record(Operation *op, bool cleanOperands, ArrayRef<Value> results);
};

/// Finds the last use of every value that the block defines.
void Interpreter::Impl::analyse(Block &block) {
  if (!analysed.insert(&block).second)
    return;
  auto visit = [&](mlir::Value value) {
    Operation *last = nullptr;
    for (Operation *user : value.getUsers()) {
      Operation *here = block.findAncestorOpInBlock(*user);
      if (here && (!last || last->isBeforeInBlock(here)))
        last = here;
    }
    if (last)
      dying[last].push_back(value);
  };
  for (BlockArgument argument : block.getArguments())
    visit(argument);
  for (Operation &op : block)
    for (OpResult result : op.getResults())
      visit(result);
}

Result<Values> Interpreter::Impl::runBlock(Block &block, Values arguments,
                                           Environment &environment) {
  analyse(block);
  for (auto [argument, value] :
       llvm::zip_equal(block.getArguments(), arguments))
    environment[argument] = value;
  arguments.clear();
  for (Operation &op : block.without_terminator())
    if (Status status = runOp(&op, environment); !status.ok())
      return status;
  Values results;
  for (mlir::Value operand : block.getTerminator()->getOperands())
    results.push_back(environment.lookup(operand));
  return results;
}

static bool isFinite(const Value &value) {
  return !value.isFloat() ||
         llvm::all_of(ArrayRef(value.f(), value.size()),
                      [](double x) { return std::isfinite(x); });
}

/// False for a destination that the op overwrites: what is in it does not
/// matter.
static bool readsContent(OpOperand &operand) {
  Operation *op = operand.getOwner();
  auto destination = dyn_cast<DestinationStyleOpInterface>(op);
  if (!destination || !destination.isDpsInit(&operand))
    return true;
  if (auto structured = dyn_cast<linalg::LinalgOp>(op))
    return structured.payloadUsesValueFromOperand(&operand);
  if (auto scan = dyn_cast<ir::ScanOp>(op))
    return llvm::is_contained(scan.getStates(), operand.get());
  return isa<tensor::InsertOp, tensor::InsertSliceOp, ir::ScatterRowsOp,
             ir::RingPushOp>(op);
}

Status Interpreter::Impl::runOp(Operation *op, Environment &environment) {
  OpCall call{op, {}, {}, environment, programs};
  bool clean = true;
  for (mlir::Value operand : op->getOperands()) {
    call.operands.push_back(environment.lookup(operand));
    assert(call.operands.back() && "every value is defined before it is used");
  }
  if (options.trace)
    for (OpOperand &operand : op->getOpOperands())
      if (readsContent(operand))
        clean &= isFinite(call.operands[operand.getOperandNumber()]);
  // Values that end here may be changed in place; those that a region captures
  // must stay until the op is done.
  SmallVector<mlir::Value> ending = dying.lookup(op);
  for (mlir::Value value : ending)
    if (llvm::none_of(value.getUsers(), [&](Operation *user) {
          return op->isProperAncestor(user);
        }))
      environment.erase(value);
  if (Status status = dispatch(call, environment); !status.ok())
    return status;
  for (mlir::Value value : ending)
    environment.erase(value);
  if (call.results.size() != op->getNumResults())
    return unsupported(op, "wrong number of results");
  if (options.trace)
    record(op, clean, call.results);
  for (auto [result, value] : llvm::zip_equal(op->getResults(), call.results))
    if (!result.use_empty())
      environment[result] = std::move(value);
  return {};
}

Status Interpreter::Impl::runConstant(arith::ConstantOp op, OpCall &call) {
  Value &cached = constants[op];
  if (!cached) {
    std::optional<Value> value = valueOfAttribute(op.getValue());
    if (!value)
      return unsupported(op, "unknown kind of constant");
    cached = std::move(*value);
  }
  call.results.push_back(cached);
  return {};
}

Status Interpreter::Impl::runIf(scf::IfOp op, OpCall &call,
                                Environment &environment) {
  Region &region =
      call.operands.front().asInt() ? op.getThenRegion() : op.getElseRegion();
  if (region.empty())
    return {};
  Result<Values> results = runBlock(region.front(), {}, environment);
  if (!results)
    return results.status();
  call.results = std::move(*results);
  return {};
}

Status Interpreter::Impl::runFor(scf::ForOp op, OpCall &call,
                                 Environment &environment) {
  int64_t lower = call.operands[0].asInt(), upper = call.operands[1].asInt();
  int64_t step = call.operands[2].asInt();
  if (step <= 0)
    return errorAt(op, "expected a positive step, got " + std::to_string(step));
  Values carried(std::make_move_iterator(call.operands.begin() + 3),
                 std::make_move_iterator(call.operands.end()));
  for (int64_t i = lower; i < upper; i += step) {
    Values arguments{Value::scalarInt(i)};
    llvm::append_range(arguments, carried);
    carried.clear();
    Result<Values> results =
        runBlock(*op.getBody(), std::move(arguments), environment);
    if (!results)
      return results.status();
    carried = std::move(*results);
  }
  call.results = std::move(carried);
  return {};
}

Status Interpreter::Impl::runKernel(ir::KernelOp op, OpCall &call) {
  Environment inner;
  Result<Values> results =
      runBlock(op.getBody().front(), std::move(call.operands), inner);
  if (!results)
    return results.status();
  call.results = std::move(*results);
  return {};
}

Status Interpreter::Impl::runCall(func::CallOp op, OpCall &call) {
  auto callee = module.lookupSymbol<func::FuncOp>(op.getCallee());
  if (!callee)
    return errorAt(op, "expected a function '" + op.getCallee().str() + "'");
  Result<Values> results = this->call(callee, std::move(call.operands));
  if (!results)
    return results.status();
  call.results = std::move(*results);
  return {};
}

Status Interpreter::Impl::dispatch(OpCall &call, Environment &environment) {
  Operation *op = call.op;
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return runConstant(constant, call);
  if (auto branch = dyn_cast<scf::IfOp>(op))
    return runIf(branch, call, environment);
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return runFor(loop, call, environment);
  if (auto kernel = dyn_cast<ir::KernelOp>(op))
    return runKernel(kernel, call);
  if (auto inner = dyn_cast<func::CallOp>(op))
    return runCall(inner, call);
  StringRef dialect = op->getName().getDialectNamespace();
  if (dialect == "tensor")
    return evaluateTensorOp(call);
  if (dialect == "linalg")
    return evaluateLinalgOp(call);
  if (dialect == "arith" || dialect == "math")
    return evaluateElementOp(call);
  if (dialect != "seqc")
    return unsupported(op);
  Status status = evaluateSeqcOp(call);
  if (auto count = dyn_cast<ir::CountOp>(op);
      count && status.ok() && count.getGate())
    gates.push_back({count.getGate()->str(), call.results.front().asInt()});
  return status;
}

Result<Values> Interpreter::Impl::call(func::FuncOp function,
                                       Values arguments) {
  if (function.isExternal())
    return errorAt(function, "expected a function with a body");
  if (depth >= kMaxCallDepth)
    return errorAt(function, "expected calls nested less than " +
                                 std::to_string(kMaxCallDepth) + " deep");
  if (!function.getBody().hasOneBlock())
    return unsupported(function, "a function of several blocks");
  ++depth;
  Environment environment;
  Result<Values> results =
      runBlock(function.getBody().front(), std::move(arguments), environment);
  --depth;
  return results;
}

/// The layer attribute of the op or of the nearest op around it that has one.
static std::string layerOf(Operation *op) {
  for (; op; op = op->getParentOp()) {
    if (auto layer = op->getAttrOfType<StringAttr>(ir::names::kLayer))
      return layer.str();
    if (auto kernel = dyn_cast<ir::KernelOp>(op))
      if (std::optional<StringRef> layer = kernel.getLayer())
        return layer->str();
  }
  return {};
}

void Interpreter::Impl::record(Operation *op, bool cleanOperands,
                               ArrayRef<Value> results) {
  // Ops with ops of their own inside have been recorded by these.
  if (isa<ir::KernelOp, func::CallOp, scf::IfOp, scf::ForOp>(op))
    return;
  for (auto [k, value] : llvm::enumerate(results)) {
    if (!value.isFloat())
      continue;
    TraceEntry entry;
    entry.op = op->getName().getStringRef().str();
    entry.location = describeLocation(op->getLoc());
    entry.name = nameOfLocation(op->getLoc());
    entry.layer = layerOf(op);
    entry.result = static_cast<unsigned>(k);
    entry.shape = value.shape();
    entry.source = isa<arith::ConstantOp, tensor::EmptyOp, linalg::FillOp>(op);
    entry.cleanOperands = cleanOperands;
    for (double x : ArrayRef(value.f(), value.size())) {
      entry.nans += std::isnan(x);
      entry.infinities += std::isinf(x);
      if (std::isfinite(x))
        entry.largest = std::max(entry.largest, std::fabs(x));
    }
    if (options.keepValues)
      entry.value = value;
    trace.push_back(std::move(entry));
  }
}

Interpreter::Interpreter(ModuleOp module) : impl(std::make_unique<Impl>()) {
  impl->module = module;
}
Interpreter::~Interpreter() = default;
Interpreter::Interpreter(Interpreter &&) noexcept = default;
Interpreter &Interpreter::operator=(Interpreter &&) noexcept = default;

const std::vector<TraceEntry> &Interpreter::trace() const {
  return impl->trace;
}
const std::vector<GateRecord> &Interpreter::gates() const {
  return impl->gates;
}

const TraceEntry *Interpreter::firstNonFinite() const {
  for (const TraceEntry &entry : impl->trace)
    if (!entry.source && !entry.finite() && entry.cleanOperands)
      return &entry;
  return nullptr;
}

/// Whether a value may be passed for an argument of this type.
static std::string mismatch(const Value &value, Type type) {
  if (!value)
    return "expected a value, got none";
  bool isFloat = isa<FloatType>(getElementTypeOrSelf(type));
  if (isFloat != value.isFloat())
    return std::string("expected ") + (isFloat ? "floats" : "integers");
  Shape expected;
  if (auto shaped = dyn_cast<RankedTensorType>(type))
    expected.assign(shaped.getShape().begin(), shaped.getShape().end());
  if (expected.size() != value.shape().size())
    return "expected rank " + std::to_string(expected.size()) + ", got " +
           std::to_string(value.rank());
  for (size_t i = 0; i < expected.size(); ++i)
    if (!ShapedType::isDynamic(expected[i]) && expected[i] != value.shape()[i])
      return "expected extent " + std::to_string(expected[i]) + " of axis " +
             std::to_string(i) + ", got " + std::to_string(value.shape()[i]);
  return {};
}

Result<std::vector<Value>> Interpreter::call(std::string_view name,
                                             std::vector<Value> arguments,
                                             const EvaluateOptions &options) {
  auto function = impl->module.lookupSymbol<func::FuncOp>(StringRef(name));
  if (!function)
    return Status::error(ErrorCode::InvalidArgument, "expected a function '" +
                                                         std::string(name) +
                                                         "' in the module");
  if (function.getNumArguments() != arguments.size())
    return errorAt(function,
                   "expected " + std::to_string(function.getNumArguments()) +
                       " arguments, got " + std::to_string(arguments.size()),
                   ErrorCode::InvalidArgument);
  for (auto [i, value] : llvm::enumerate(arguments))
    if (std::string problem =
            mismatch(value, function.getArgument(i).getType());
        !problem.empty())
      return errorAt(function, problem + " as argument #" + std::to_string(i),
                     ErrorCode::InvalidArgument);
  impl->options = options;
  impl->trace.clear();
  impl->gates.clear();
  Result<Values> results =
      impl->call(function, Values(std::make_move_iterator(arguments.begin()),
                                  std::make_move_iterator(arguments.end())));
  if (!results)
    return results.status();
  return std::vector<Value>(std::make_move_iterator(results->begin()),
                            std::make_move_iterator(results->end()));
}

/// "input.x" and the like, empty if the attributes name nothing.
static std::string nameOf(DictionaryAttr attributes) {
  static const std::pair<llvm::StringLiteral, const char *> kRoles[] = {
      {ir::names::kInput, "input."},   {ir::names::kOutput, "output."},
      {ir::names::kWeight, "weight."}, {ir::names::kState, "state."},
      {ir::names::kOption, "option."}, {ir::names::kBuiltin, "builtin."}};
  if (!attributes)
    return {};
  for (const auto &[attribute, prefix] : kRoles)
    if (auto name = attributes.getAs<StringAttr>(attribute))
      return prefix + name.str();
  return {};
}

Result<NamedValues> Interpreter::forward(const NamedValues &arguments,
                                         const EvaluateOptions &options) {
  auto function = impl->module.lookupSymbol<func::FuncOp>("forward");
  if (!function)
    return Status::error(ErrorCode::InvalidModel,
                         "expected a function 'forward' in the module");
  std::vector<Value> ordered;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    std::string name = nameOf(function.getArgAttrDict(i));
    auto found = arguments.find(name);
    if (name.empty() || found == arguments.end())
      return errorAt(function,
                     "expected a value for argument #" + std::to_string(i) +
                         " '" + name + "', got none",
                     ErrorCode::InvalidArgument);
    if (std::string problem =
            mismatch(found->second, function.getArgument(i).getType());
        !problem.empty())
      return errorAt(function, problem + " as '" + name + "'",
                     ErrorCode::InvalidArgument);
    ordered.push_back(found->second);
  }
  Result<std::vector<Value>> results =
      call("forward", std::move(ordered), options);
  if (!results)
    return results.status();
  NamedValues named;
  for (auto [i, value] : llvm::enumerate(*results))
    named[nameOf(function.getResultAttrDict(i))] = std::move(value);
  return named;
}

std::string describe(const TraceEntry &entry) {
  std::string text = entry.op;
  if (!entry.name.empty())
    text += " '" + entry.name + "'";
  if (!entry.layer.empty())
    text += " of " + entry.layer;
  if (!entry.location.empty())
    text += " at " + entry.location;
  text += " gave " + std::to_string(entry.nans) + " NaN and " +
          std::to_string(entry.infinities) + " infinities in ";
  for (size_t i = 0; i < entry.shape.size(); ++i)
    text += (i ? "x" : "") + std::to_string(entry.shape[i]);
  return text + (entry.shape.empty() ? "one value" : " values");
}

} // namespace seqc::interpreter
