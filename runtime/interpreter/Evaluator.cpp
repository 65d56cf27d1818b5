//===- Evaluator.cpp - ops in order, what dies where, records
//--------------===//

#include "runtime/interpreter/Evaluator.h"

#include "runtime/interpreter/Errors.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <cmath>

using namespace mlir;

namespace seqc::interpreter {

static constexpr unsigned kMaxCallDepth = 64;

void Evaluator::start(const EvaluateOptions &chosen) {
  options = chosen;
  trace.clear();
  gates.clear();
  calls.clear();
}

void Evaluator::analyse(Block &block) {
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

Result<Values> Evaluator::runBlock(Block &block, Values arguments,
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

Status Evaluator::runOp(Operation *op, Environment &environment) {
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

Status Evaluator::runConstant(arith::ConstantOp op, OpCall &call) {
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

Status Evaluator::dispatch(OpCall &call, Environment &environment) {
  Operation *op = call.op;
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return runConstant(constant, call);
  if (auto branch = dyn_cast<scf::IfOp>(op))
    return runIf(branch, call, environment);
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return runFor(loop, call, environment);
  if (auto tasks = dyn_cast<scf::ForallOp>(op))
    return runForall(tasks, call, environment);
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
  if (dialect == "affine")
    return evaluateAffineOp(call);
  if (dialect != "seqc")
    return unsupported(op);
  Status status = evaluateSeqcOp(call);
  if (auto count = dyn_cast<ir::CountOp>(op);
      count && status.ok() && count.getGate())
    gates.push_back({count.getGate()->str(), call.results.front().asInt()});
  return status;
}

Result<Values> Evaluator::call(func::FuncOp function, Values arguments) {
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

void Evaluator::record(Operation *op, bool cleanOperands,
                       ArrayRef<Value> results) {
  // Ops with ops of their own inside have been recorded by these.
  if (isa<ir::KernelOp, func::CallOp, scf::IfOp, scf::ForOp, scf::ForallOp>(op))
    return;
  for (auto [k, value] : llvm::enumerate(results)) {
    if (!value.isFloat())
      continue;
    TraceEntry entry;
    entry.op = op->getName().getStringRef().str();
    Diagnostic place = placeOf(op->getLoc());
    entry.file = place.file;
    entry.line = place.line;
    entry.column = place.column;
    entry.name = nameOfLocation(op->getLoc());
    entry.layer = layerOf(op);
    entry.result = static_cast<unsigned>(k);
    entry.shape = value.shape();
    entry.source = isa<arith::ConstantOp, tensor::EmptyOp, linalg::FillOp>(op);
    entry.cleanOperands = cleanOperands;
    for (auto [at, x] : llvm::enumerate(ArrayRef(value.f(), value.size()))) {
      entry.nans += std::isnan(x);
      entry.infinities += std::isinf(x);
      if (entry.firstBad < 0 && !std::isfinite(x))
        entry.firstBad = static_cast<int64_t>(at);
      if (std::isfinite(x))
        entry.largest = std::max(entry.largest, std::fabs(x));
    }
    if (options.keepValues)
      entry.value = value;
    trace.push_back(std::move(entry));
  }
}

} // namespace seqc::interpreter
