//===- IdleSteps.cpp - steps without effect when a gate is closed ---------===//

#include "runtime/jit/IdleSteps.h"

#include "dialect/SeqcOps.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

/// The kernel argument that has as many rows as `value`, as far as that can be
/// read off the ops in between.
static BlockArgument sameRows(Value value) {
  while (value) {
    if (auto argument = dyn_cast<BlockArgument>(value))
      return argument;
    Operation *op = value.getDefiningOp();
    if (auto empty = dyn_cast<tensor::EmptyOp>(op)) {
      if (!empty.getType().isDynamicDim(0))
        return {};
      auto dim = empty.getMixedSizes()[0]
                     .dyn_cast<Value>()
                     .getDefiningOp<tensor::DimOp>();
      if (!dim || dim.getConstantIndex() != std::optional<int64_t>(0))
        return {};
      value = dim.getSource();
      continue;
    }
    SmallVector<ReassociationIndices> groups;
    if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
      groups = collapse.getReassociationIndices();
      value = collapse.getSrc();
    } else if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
      groups = expand.getReassociationIndices();
      value = expand.getSrc();
    } else if (auto style = dyn_cast<DestinationStyleOpInterface>(op)) {
      value = style.getTiedOpOperand(cast<OpResult>(value))->get();
      continue;
    } else {
      return {};
    }
    if (groups.empty() || groups[0] != ReassociationIndices{0})
      return {};
  }
  return {};
}

namespace {

struct IdleCheck {
  func::FuncOp kernel;
  const seqc::rt::Plan &plan;
  const std::vector<int32_t> &args;
  int32_t symbol;

  bool isCount(int32_t arg, size_t dim) const {
    const std::vector<seqc::rt::Extent> &shape = plan.buffers[args[arg]].shape;
    return dim < shape.size() && shape[dim] == seqc::rt::Extent{symbol, 0};
  }
  bool isEmpty(int32_t arg) const {
    for (size_t d = 0; d < plan.buffers[args[arg]].shape.size(); ++d)
      if (isCount(arg, d))
        return true;
    return false;
  }
  bool hasNoRows(Value value) {
    BlockArgument argument = sameRows(value);
    return argument && argument.getOwner() == &kernel.getBody().front() &&
           isCount(int32_t(argument.getArgNumber()), 0);
  }
  /// Whether a result is the argument that it is written to, if there are no
  /// rows.
  bool keeps(Value result, unsigned arg) {
    Value destination = kernel.getArgument(arg);
    if (auto push = result.getDefiningOp<seqc::ir::RingPushOp>())
      return push.getRing() == destination && hasNoRows(push.getSource());
    if (auto scatter = result.getDefiningOp<seqc::ir::ScatterRowsOp>())
      return scatter.getOut() == destination && hasNoRows(scatter.getSource());
    return false;
  }
  bool run() {
    Operation *ret = kernel.getBody().front().getTerminator();
    unsigned first = unsigned(args.size()) - ret->getNumOperands();
    for (unsigned i = 0; i < ret->getNumOperands(); ++i)
      if (!isEmpty(int32_t(first + i)) && !keeps(ret->getOperand(i), first + i))
        return false;
    return true;
  }
};

} // namespace

int32_t seqc::jit::idleCount(func::FuncOp kernel, const rt::Plan &plan,
                             const std::vector<int32_t> &args) {
  llvm::SmallSetVector<int32_t, 4> counts;
  for (int32_t arg : args)
    for (const rt::Extent &extent : plan.buffers[arg].shape)
      if (extent.symbol >= rt::kFirstCountSymbol)
        counts.insert(extent.symbol);
  for (int32_t symbol : counts)
    if (IdleCheck{kernel, plan, args, symbol}.run())
      return symbol;
  return -1;
}
