//===- Bufferize.cpp - kernels from tensors to buffers --------------------===//

#include "passes/Passes.h"

#include "dialect/SeqcOps.h"
#include "passes/Analysis/KernelForm.h"

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotModuleBufferize.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/BuiltinOps.h"

namespace seqc::passes {
#define GEN_PASS_DEF_BUFFERIZEPASS
#include "passes/Passes.h.inc"
} // namespace seqc::passes

using namespace mlir;
using namespace seqc;
using namespace seqc::passes;

namespace {
struct BufferizePass : passes::impl::BufferizePassBase<BufferizePass> {
  using BufferizePassBase::BufferizePassBase;
  void runOnOperation() override;
};
} // namespace

/// Outs may be written, ins may not, whether or not the maker said so.
static void markWritable(func::FuncOp kernel) {
  unsigned firstOuts = kernel.getNumArguments() - kernel.getNumResults();
  OpBuilder builder(kernel.getContext());
  for (BlockArgument argument : kernel.getArguments())
    if (isa<TensorType>(argument.getType()))
      kernel.setArgAttr(
          argument.getArgNumber(),
          bufferization::BufferizationDialect::kWritableAttrName,
          builder.getBoolAttr(argument.getArgNumber() >= firstOuts));
}

static LogicalResult runBufferization(ModuleOp module) {
  bufferization::OneShotBufferizationOptions options;
  options.bufferizeFunctionBoundaries = true;
  options.allowReturnAllocsFromLoops = true;
  options.setFunctionBoundaryTypeConversion(
      bufferization::LayoutMapOption::IdentityLayoutMap);
  bufferization::BufferizationState state;
  return bufferization::runOneShotModuleBufferize(module, options, state);
}

/// Every result is an outs argument by now: the caller knows it already.
static LogicalResult dropResults(func::FuncOp kernel) {
  Operation *terminator = kernel.getBody().front().getTerminator();
  for (OpOperand &operand : terminator->getOpOperands()) {
    Value value = operand.get();
    while (auto cast = value.getDefiningOp<memref::CastOp>())
      value = cast.getSource();
    if (value != outsArgument(kernel, operand.getOperandNumber()))
      return kernel.emitOpError("expected result ")
             << operand.getOperandNumber()
             << " to be written to its outs argument; run "
             << "seqc-bind-destinations before tiling";
  }
  llvm::BitVector all(kernel.getNumResults(), true);
  terminator->setOperands({});
  return kernel.eraseResults(all);
}

/// The same extent, be it known or read from the same buffer.
static bool isExtentOf(OpFoldResult size, Value buffer, int64_t dim) {
  auto type = cast<MemRefType>(buffer.getType());
  if (std::optional<int64_t> known = getConstantIntValue(size))
    return *known == type.getDimSize(dim);
  auto op = cast<Value>(size).getDefiningOp<memref::DimOp>();
  return op && op.getSource() == buffer && op.getConstantIndex() == dim;
}

static Value stripWholeViews(Value buffer);

/// The buffer that a loop or a branch hands through as this result, or null.
static Value handedThrough(OpResult result) {
  unsigned i = result.getResultNumber();
  if (auto loop = dyn_cast<scf::ForOp>(result.getOwner())) {
    Value yielded = stripWholeViews(loop.getYieldedValues()[i]);
    return yielded == loop.getRegionIterArg(i) ? loop.getInitArgs()[i]
                                               : Value();
  }
  if (auto branch = dyn_cast<scf::IfOp>(result.getOwner())) {
    Value taken = stripWholeViews(branch.thenYield().getOperand(i));
    return taken == stripWholeViews(branch.elseYield().getOperand(i)) ? taken
                                                                      : Value();
  }
  return {};
}

/// Looks through views of a whole buffer, and loops that return what they got.
static Value stripWholeViews(Value buffer) {
  while (Operation *def = buffer.getDefiningOp()) {
    if (Value source = handedThrough(cast<OpResult>(buffer))) {
      buffer = source;
      continue;
    }
    if (auto cast = dyn_cast<memref::CastOp>(def)) {
      buffer = cast.getSource();
      continue;
    }
    auto view = dyn_cast<memref::SubViewOp>(def);
    if (!view || view.getType().getRank() != view.getSourceType().getRank())
      break;
    bool whole = llvm::all_of(view.getMixedOffsets(),
                              [](OpFoldResult each) {
                                return isConstantIntValue(each, 0);
                              }) &&
                 llvm::all_of(view.getMixedStrides(), [](OpFoldResult each) {
                   return isConstantIntValue(each, 1);
                 });
    for (auto [dim, size] : llvm::enumerate(view.getMixedSizes()))
      whole = whole && isExtentOf(size, view.getSource(), dim);
    if (!whole)
      break;
    buffer = view.getSource();
  }
  return buffer;
}

static bool isSameBuffer(Value a, Value b);

static bool isSameExtent(OpFoldResult a, OpFoldResult b) {
  if (isEqualConstantIntOrValue(a, b))
    return true;
  auto x = dyn_cast<Value>(a), y = dyn_cast<Value>(b);
  if (!x || !y || !x.getDefiningOp() || !y.getDefiningOp())
    return false;
  return OperationEquivalence::isEquivalentTo(
      x.getDefiningOp(), y.getDefiningOp(),
      OperationEquivalence::IgnoreLocations);
}

static bool isSameView(memref::SubViewOp a, memref::SubViewOp b) {
  auto same = [](ArrayRef<OpFoldResult> x, ArrayRef<OpFoldResult> y) {
    return x.size() == y.size() && llvm::all_of(llvm::zip(x, y), [](auto pair) {
             return isSameExtent(std::get<0>(pair), std::get<1>(pair));
           });
  };
  return same(a.getMixedOffsets(), b.getMixedOffsets()) &&
         same(a.getMixedSizes(), b.getMixedSizes()) &&
         same(a.getMixedStrides(), b.getMixedStrides()) &&
         isSameBuffer(a.getSource(), b.getSource());
}

static bool isSameBuffer(Value a, Value b) {
  a = stripWholeViews(a);
  b = stripWholeViews(b);
  if (a == b)
    return true;
  // A view made flat and folded again, as around a contraction in panels.
  if (auto collapse = a.getDefiningOp<memref::CollapseShapeOp>())
    if (auto expand = collapse.getSrc().getDefiningOp<memref::ExpandShapeOp>())
      if (expand.getSrcType().getShape() == collapse.getResultType().getShape())
        return isSameBuffer(expand.getSrc(), b);
  auto x = a.getDefiningOp<memref::SubViewOp>(),
       y = b.getDefiningOp<memref::SubViewOp>();
  return x && y && isSameView(x, y);
}

/// Copies of a buffer to itself are what is left of in-place insertions; others
/// become tile-level ops like all the rest.
static void lowerCopies(func::FuncOp kernel) {
  SmallVector<memref::CopyOp> copies;
  kernel.walk([&](memref::CopyOp copy) { copies.push_back(copy); });
  for (memref::CopyOp copy : copies) {
    if (!isSameBuffer(copy.getSource(), copy.getTarget())) {
      OpBuilder builder(copy);
      linalg::CopyOp::create(builder, copy.getLoc(), copy.getSource(),
                             copy.getTarget());
    }
    copy.erase();
  }
}

void BufferizePass::runOnOperation() {
  ModuleOp module = getOperation();
  SmallVector<func::FuncOp> kernels;
  for (func::FuncOp function : module.getOps<func::FuncOp>())
    if (isKernel(function))
      kernels.push_back(function);
  for (func::FuncOp kernel : kernels)
    markWritable(kernel);
  if (failed(runBufferization(module)))
    return signalPassFailure();
  for (func::FuncOp kernel : kernels) {
    if (failed(dropResults(kernel)))
      return signalPassFailure();
    lowerCopies(kernel);
  }
}
