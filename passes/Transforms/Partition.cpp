//===- Partition.cpp - kernels as functions, weight-only work apart -------===//

#include "passes/Analysis/KernelGroups.h"
#include "passes/Analysis/KernelSummary.h"
#include "passes/Analysis/WeightOnly.h"
#include "passes/Passes.h"

#include "dialect/SeqcOps.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/StringMap.h"

namespace seqc::passes {
#define GEN_PASS_DEF_PARTITIONPASS
#include "passes/Passes.h.inc"
} // namespace seqc::passes

using namespace mlir;
using namespace seqc::ir;
using namespace seqc::passes;

static constexpr llvm::StringLiteral kForward = "forward";
static constexpr llvm::StringLiteral kPrepare = "prepare";

/// Text that equal kernels share: the function without name and locations.
static std::string contentOf(func::FuncOp function) {
  std::string text;
  llvm::raw_string_ostream os(text);
  function->print(os, OpPrintingFlags().useLocalScope());
  return text;
}

namespace {
/// Turns kernels into functions and keeps equal ones once.
class Outliner {
public:
  explicit Outliner(ModuleOp module) : module(module), symbols(module) {}

  void outline(KernelOp kernel, IRRewriter &rewriter);
  unsigned kernels() const { return byContent.size(); }

private:
  func::FuncOp functionOf(KernelOp kernel, IRRewriter &rewriter);
  StringAttr uniqueName(const std::string &base);

  ModuleOp module;
  SymbolTable symbols;
  llvm::StringMap<func::FuncOp> byContent;
};
} // namespace

StringAttr Outliner::uniqueName(const std::string &base) {
  std::string name = base;
  for (unsigned i = 1; symbols.lookup(name); ++i)
    name = base + "_" + std::to_string(i);
  return StringAttr::get(module.getContext(), name);
}

func::FuncOp Outliner::functionOf(KernelOp kernel, IRRewriter &rewriter) {
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPointToEnd(module.getBody());
  auto type = rewriter.getFunctionType(kernel->getOperandTypes(),
                                       kernel->getResultTypes());
  auto function =
      func::FuncOp::create(rewriter, kernel.getLoc(), "kernel", type);
  function.setPrivate();
  function->setAttr(names::kKernel, rewriter.getUnitAttr());
  function.getBody().takeBody(kernel.getBody());
  Block &body = function.getBody().front();
  Operation *yield = body.getTerminator();
  rewriter.setInsertionPoint(yield);
  func::ReturnOp::create(rewriter, yield->getLoc(), yield->getOperands());
  rewriter.eraseOp(yield);
  // Layers share kernels, so a kernel must not know its layer.
  function.walk([](Operation *op) { op->removeAttr(names::kLayer); });
  unsigned inputs = kernel.getInputs().size();
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    function.setArgAttr(i,
                        bufferization::BufferizationDialect::kWritableAttrName,
                        rewriter.getBoolAttr(i >= inputs));

  auto [known, isNew] = byContent.try_emplace(contentOf(function), function);
  if (!isNew) {
    rewriter.eraseOp(function);
    return known->second;
  }
  function.setSymNameAttr(uniqueName(kernelName(body)));
  symbols.insert(function);
  return function;
}

void Outliner::outline(KernelOp kernel, IRRewriter &rewriter) {
  StringAttr layer = kernel.getLayerAttr();
  func::FuncOp function = functionOf(kernel, rewriter);
  rewriter.setInsertionPoint(kernel);
  auto call = func::CallOp::create(rewriter, kernel.getLoc(), function,
                                   kernel->getOperands());
  if (layer)
    call->setAttr(names::kLayer, layer);
  rewriter.replaceOp(kernel, call.getResults());
}

/// Rows that a compress kernel picked, or the first of them.
static bool isRising(Value value, ModuleOp module) {
  while (Operation *def = value.getDefiningOp()) {
    if (auto slice = dyn_cast<tensor::ExtractSliceOp>(def)) {
      if (!slice.hasUnitStride())
        return false;
      value = slice.getSource();
      continue;
    }
    auto call = dyn_cast<func::CallOp>(def);
    auto kernel = call ? module.lookupSymbol<func::FuncOp>(call.getCallee())
                       : func::FuncOp();
    if (!kernel || kernel.isExternal())
      return false;
    unsigned result = cast<OpResult>(value).getResultNumber();
    Value made = kernel.getBody().front().getTerminator()->getOperand(result);
    auto compress = made.getDefiningOp<CompressOp>();
    return compress && made == compress->getResult(0);
  }
  return false;
}

/// `seqc.increasing` on arguments that every call gives rising row numbers.
static void markRising(ModuleOp module) {
  DenseMap<Operation *, SmallVector<func::CallOp>> callsOf;
  module.walk([&](func::CallOp call) {
    callsOf[module.lookupSymbol<func::FuncOp>(call.getCallee())].push_back(
        call);
  });
  for (auto kernel : module.getOps<func::FuncOp>()) {
    ArrayRef<func::CallOp> calls = callsOf[kernel];
    if (!kernel->hasAttr(names::kKernel) || calls.empty())
      continue;
    for (BlockArgument arg : kernel.getArguments()) {
      unsigned number = arg.getArgNumber();
      bool rises = llvm::all_of(calls, [&](func::CallOp call) {
        return isRising(call.getOperand(number), module);
      });
      if (rises)
        kernel.setArgAttr(number, names::kIncreasing,
                          UnitAttr::get(module.getContext()));
    }
  }
}

namespace {
/// Moves what depends on weights alone from @forward to @prepare.
class Preparer {
public:
  explicit Preparer(func::FuncOp forward)
      : forward(forward), weightOnly(forward) {}

  /// The number of tensors that @prepare makes.
  unsigned run(IRRewriter &rewriter);

private:
  bool isWork(Operation *op) const {
    return weightOnly.contains(op) && !isFreshInit(op);
  }
  void findBoundary();
  std::string nameOf(Value value);
  func::FuncOp createPrepare(IRRewriter &rewriter);
  void dropUnusedWeights();

  func::FuncOp forward;
  WeightOnly weightOnly;
  llvm::SetVector<Value> boundary; ///< made in @prepare, read in @forward
  SmallVector<std::string> names;
  llvm::StringMap<unsigned> taken;
};
} // namespace

void Preparer::findBoundary() {
  for (Operation &op : forward.getBody().front()) {
    if (weightOnly.contains(&op))
      continue;
    for (Value operand : op.getOperands()) {
      Operation *def = operand.getDefiningOp();
      if (def && isWork(def))
        boundary.insert(operand);
    }
  }
}

/// "<weight>.panels" for a pack, else "<weight>.prepared" after the first
/// weight that the value depends on.
std::string Preparer::nameOf(Value value) {
  std::string base;
  bool packed = value.getDefiningOp<linalg::PackOp>() != nullptr;
  SmallVector<Value> work{value};
  while (!work.empty() && base.empty()) {
    Value at = work.pop_back_val();
    if (auto arg = dyn_cast<BlockArgument>(at)) {
      if (auto name = forward.getArgAttrOfType<StringAttr>(arg.getArgNumber(),
                                                           names::kWeight))
        base = name.str();
      continue;
    }
    SmallVector<Value> operands(at.getDefiningOp()->getOperands());
    work.append(operands.rbegin(), operands.rend());
  }
  base += packed ? ".panels" : ".prepared";
  unsigned count = taken[base]++;
  return count == 0 ? base : base + "." + std::to_string(count);
}

func::FuncOp Preparer::createPrepare(IRRewriter &rewriter) {
  llvm::SetVector<Operation *> slice;
  SmallVector<Value> work(boundary.begin(), boundary.end());
  llvm::SetVector<Value> weights;
  while (!work.empty()) {
    Value value = work.pop_back_val();
    if (isa<BlockArgument>(value))
      weights.insert(value);
    else if (slice.insert(value.getDefiningOp()))
      work.append(value.getDefiningOp()->operand_begin(),
                  value.getDefiningOp()->operand_end());
  }
  SmallVector<Value> inputs = weights.takeVector();
  llvm::sort(inputs, [](Value a, Value b) {
    return cast<BlockArgument>(a).getArgNumber() <
           cast<BlockArgument>(b).getArgNumber();
  });
  rewriter.setInsertionPoint(forward);
  auto type =
      rewriter.getFunctionType(TypeRange(ValueRange(inputs)),
                               TypeRange(ValueRange(boundary.getArrayRef())));
  auto prepare =
      func::FuncOp::create(rewriter, forward.getLoc(), kPrepare, type);
  Block *body = prepare.addEntryBlock();
  IRMapping mapping;
  for (auto [i, input] : llvm::enumerate(inputs)) {
    unsigned number = cast<BlockArgument>(input).getArgNumber();
    prepare.setArgAttr(i, names::kWeight,
                       forward.getArgAttr(number, names::kWeight));
    mapping.map(input, body->getArgument(i));
  }
  rewriter.setInsertionPointToEnd(body);
  for (Operation &op : forward.getBody().front())
    if (slice.contains(&op))
      rewriter.clone(op, mapping);
  SmallVector<Value> results;
  for (Value value : boundary)
    results.push_back(mapping.lookup(value));
  func::ReturnOp::create(rewriter, forward.getLoc(), results);
  for (auto [i, name] : llvm::enumerate(names))
    prepare.setResultAttr(i, names::kPrepared, rewriter.getStringAttr(name));
  return prepare;
}

void Preparer::dropUnusedWeights() {
  llvm::BitVector unused(forward.getNumArguments());
  for (BlockArgument arg : forward.getArguments())
    if (arg.use_empty() &&
        forward.getArgAttr(arg.getArgNumber(), names::kWeight))
      unused.set(arg.getArgNumber());
  (void)forward.eraseArguments(unused);
}

unsigned Preparer::run(IRRewriter &rewriter) {
  findBoundary();
  if (boundary.empty())
    return 0;
  for (Value value : boundary)
    this->names.push_back(nameOf(value));
  createPrepare(rewriter);
  for (auto [value, name] : llvm::zip(boundary, this->names)) {
    unsigned number = forward.getNumArguments();
    DictionaryAttr attrs = rewriter.getDictionaryAttr(rewriter.getNamedAttr(
        seqc::ir::names::kPrepared, rewriter.getStringAttr(name)));
    (void)forward.insertArgument(number, value.getType(), attrs,
                                 value.getLoc());
    rewriter.replaceAllUsesWith(value, forward.getArgument(number));
  }
  for (Operation &op :
       llvm::make_early_inc_range(llvm::reverse(forward.getBody().front())))
    if (isOpTriviallyDead(&op))
      rewriter.eraseOp(&op);
  dropUnusedWeights();
  return boundary.size();
}

/// An op that handles data outside any kernel has no place in a plan.
static LogicalResult verifyRest(func::FuncOp function) {
  WalkResult result = function.walk<WalkOrder::PreOrder>([](Operation *op)
                                                             -> WalkResult {
    if (isa<KernelOp>(op))
      return WalkResult::skip();
    if (isa<func::FuncOp, func::ReturnOp, linalg::PackOp, CountOp,
            tensor::EmptyOp, tensor::DimOp, tensor::CollapseShapeOp,
            tensor::ExpandShapeOp, tensor::CastOp, tensor::ExtractSliceOp>(
            op) ||
        op->hasTrait<OpTrait::ConstantLike>())
      return WalkResult::advance();
    if (llvm::all_of(op->getResultTypes(), [](Type t) { return t.isIndex(); }))
      return WalkResult::advance();
    return op->emitOpError(
        "is outside any kernel: expected kernels, packs and views only; run "
        "seqc-fuse-kernels before seqc-partition");
  });
  return failure(result.wasInterrupted());
}

namespace {
struct PartitionPass
    : public seqc::passes::impl::PartitionPassBase<PartitionPass> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto forward = module.lookupSymbol<func::FuncOp>(kForward);
    if (!forward || forward.isExternal()) {
      module.emitError("expected a function @forward; import a model first");
      return signalPassFailure();
    }
    if (failed(verifyRest(forward)))
      return signalPassFailure();
    IRRewriter rewriter(&getContext());
    preparedTensors = Preparer(forward).run(rewriter);
    SmallVector<KernelOp> kernelOps;
    for (auto function : module.getOps<func::FuncOp>())
      function.walk([&](KernelOp kernel) { kernelOps.push_back(kernel); });
    Outliner outliner(module);
    for (KernelOp kernel : kernelOps)
      outliner.outline(kernel, rewriter);
    markRising(module);
    kernels = outliner.kernels();
    calls = kernelOps.size();
  }
};
} // namespace
