//===- BindDestinations.cpp - results written where they are wanted -------===//

#include "passes/Passes.h"

#include "passes/Analysis/KernelForm.h"
#include "passes/Transforms/TaskTiler.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"

namespace seqc::passes {
#define GEN_PASS_DEF_BINDDESTINATIONSPASS
#include "passes/Passes.h.inc"
} // namespace seqc::passes

using namespace mlir;
using namespace seqc;
using namespace seqc::passes;

namespace {
struct BindDestinationsPass
    : passes::impl::BindDestinationsPassBase<BindDestinationsPass> {
  using BindDestinationsPassBase::BindDestinationsPassBase;
  void runOnOperation() override;
};
} // namespace

/// The operand that decides where `value` is written; null for a value that is
/// not written by its producer.
static OpOperand *destinationOf(Value value) {
  if (auto op = value.getDefiningOp<DestinationStyleOpInterface>())
    return op.getTiedOpOperand(cast<OpResult>(value));
  if (auto op = value.getDefiningOp<tensor::CollapseShapeOp>())
    return &op.getSrcMutable();
  if (auto op = value.getDefiningOp<tensor::ExpandShapeOp>())
    return &op.getSrcMutable();
  return nullptr;
}

/// Last value of the destination chain.
static Value chainRoot(Value value) {
  while (OpOperand *operand = destinationOf(value))
    value = operand->get();
  return value;
}

/// Gives every user of a shared uninitialised or constant-filled destination
/// its own, so that it can be placed for that user.
static void splitSharedInits(func::FuncOp kernel) {
  SmallVector<DestinationStyleOpInterface> ops;
  kernel.walk([&](DestinationStyleOpInterface op) { ops.push_back(op); });
  for (DestinationStyleOpInterface op : llvm::reverse(ops)) {
    for (OpOperand &init : op.getDpsInitsMutable()) {
      Operation *def = init.get().getDefiningOp();
      if (!isa_and_nonnull<tensor::EmptyOp, linalg::FillOp>(def) ||
          init.get().hasOneUse())
        continue;
      OpBuilder builder(op);
      // The copy's own destination is split when its turn would have come.
      Operation *copy = builder.clone(*def);
      init.set(copy->getResult(0));
      if (auto fill = dyn_cast<linalg::FillOp>(copy))
        if (auto empty = fill.output().getDefiningOp<tensor::EmptyOp>()) {
          builder.setInsertionPoint(fill);
          fill.getOutputsMutable().assign(builder.clone(*empty)->getResult(0));
        }
    }
  }
}

/// `destination` seen with the shape of the view's source.
static Value invertView(OpBuilder &builder, Operation *view,
                        Value destination) {
  Location loc = view->getLoc();
  Type type = view->getOperand(0).getType();
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(view)) {
    SmallVector<OpFoldResult> shape;
    auto source = cast<RankedTensorType>(type);
    for (auto [dim, group] :
         llvm::enumerate(collapse.getReassociationIndices()))
      for (int64_t axis : group)
        shape.push_back(
            source.isDynamicDim(axis)
                ? tensor::getMixedSize(builder, loc, destination, dim)
                : OpFoldResult(builder.getIndexAttr(source.getDimSize(axis))));
    return tensor::ExpandShapeOp::create(builder, loc, type, destination,
                                         collapse.getReassociationIndices(),
                                         shape);
  }
  return tensor::CollapseShapeOp::create(
      builder, loc, type, destination,
      cast<tensor::ExpandShapeOp>(view).getReassociationIndices());
}

/// A group of axes with more than one unknown extent has no inverse.
static bool hasInverse(Operation *view) {
  auto collapse = dyn_cast<tensor::CollapseShapeOp>(view);
  if (!collapse)
    return true;
  auto type = collapse.getSrcType();
  return llvm::all_of(
      collapse.getReassociationIndices(), [&](ArrayRef<int64_t> group) {
        return group.size() == 1 || llvm::none_of(group, [&](int64_t axis) {
                 return type.isDynamicDim(axis);
               });
      });
}

/// Makes the chain of `value` start at `outs` in place of a fresh tensor.
static LogicalResult redirect(Value value, BlockArgument outs) {
  SmallVector<Operation *> views;
  OpOperand *last = nullptr;
  for (Value at = value; OpOperand *operand = destinationOf(at);
       at = operand->get()) {
    last = operand;
    if (!isa<DestinationStyleOpInterface>(operand->getOwner())) {
      if (!hasInverse(operand->getOwner()))
        return failure();
      views.push_back(operand->getOwner());
    }
  }
  // A chain of views alone writes nothing.
  if (!last || !isa<DestinationStyleOpInterface>(last->getOwner()) ||
      !last->get().getDefiningOp<tensor::EmptyOp>())
    return failure();
  OpBuilder builder(last->getOwner());
  Value destination = outs;
  for (Operation *view : views)
    destination = invertView(builder, view, destination);
  if (destination.getType() != last->get().getType())
    return failure();
  last->set(destination);
  return success();
}

/// A copy to the outs argument at the end of a chain that can write there.
static Value dropCopy(Value value, BlockArgument outs) {
  auto copy = value.getDefiningOp<linalg::CopyOp>();
  if (!copy || copy.getOutputs()[0] != outs)
    return value;
  Value source = copy.getInputs()[0];
  if (!source.hasOneUse() || failed(redirect(source, outs)))
    return value;
  copy->getResult(0).replaceAllUsesWith(source);
  copy.erase();
  return source;
}

static bool isReadBy(Value value, Operation *op) {
  return llvm::all_of(value.getUsers(),
                      [&](Operation *user) { return user == op; });
}

/// A temporary of this kernel that only `operand` reads, entry by entry in the
/// order of the result.
static bool isSpent(linalg::GenericOp op, OpOperand &operand) {
  OpOperand &init = *op.getDpsInitOperand(0);
  if (!operand.get().hasOneUse() ||
      operand.get().getType() != init.get().getType() ||
      op.getMatchingIndexingMap(&operand) != op.getMatchingIndexingMap(&init))
    return false;
  Value value = operand.get();
  while (OpOperand *destination = destinationOf(value)) {
    value = destination->get();
    if (!isReadBy(value, destination->getOwner()))
      return false;
  }
  return value.getDefiningOp<tensor::EmptyOp>() != nullptr;
}

/// Elementwise ops overwrite an operand that nothing else reads.
static void reuseOperand(linalg::GenericOp op) {
  if (op.getNumParallelLoops() != op.getNumLoops() ||
      op.getNumDpsInits() != 1 ||
      !op.getDpsInits()[0].getDefiningOp<tensor::EmptyOp>())
    return;
  for (OpOperand *input : op.getDpsInputOperands())
    if (isSpent(op, *input)) {
      op.getDpsInitOperand(0)->set(input->get());
      return;
    }
}

void BindDestinationsPass::runOnOperation() {
  func::FuncOp kernel = getOperation();
  if (!isKernel(kernel) || isTiled(kernel))
    return;
  splitSharedInits(kernel);
  Operation *terminator = kernel.getBody().front().getTerminator();
  for (OpOperand &result : terminator->getOpOperands()) {
    BlockArgument outs = outsArgument(kernel, result.getOperandNumber());
    Value value = dropCopy(result.get(), outs);
    if (chainRoot(value) == outs || succeeded(redirect(value, outs)))
      continue;
    OpBuilder builder(terminator);
    result.set(linalg::CopyOp::create(builder, kernel.getLoc(), value, outs)
                   .getResult(0));
    ++numCopies;
  }
  kernel.walk(reuseOperand);
}
