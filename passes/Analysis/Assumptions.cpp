//===- Assumptions.cpp - facts that a kernel is compiled for --------------===//

#include "passes/Analysis/Assumptions.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"

using namespace mlir;
using namespace seqc::ir;
using namespace seqc::passes;

/// Number of the function argument that `value` is, or -1.
static int64_t argumentNumber(Value value) {
  auto arg = dyn_cast<BlockArgument>(value);
  bool ofFunction =
      arg && isa_and_nonnull<func::FuncOp>(arg.getOwner()->getParentOp());
  return ofFunction ? int64_t(arg.getArgNumber()) : -1;
}

/// The extent as an index value or constant is that of which argument.
static std::optional<ArgumentExtent> argumentExtent(OpFoldResult size) {
  auto value = dyn_cast<Value>(size);
  auto op = value ? value.getDefiningOp<tensor::DimOp>() : nullptr;
  if (!op || !op.getConstantIndex())
    return std::nullopt;
  return argumentExtent(op.getSource(), *op.getConstantIndex());
}

std::optional<ArgumentExtent> seqc::passes::argumentExtent(Value value,
                                                           int64_t dim) {
  if (!cast<ShapedType>(value.getType()).isDynamicDim(dim))
    return std::nullopt;
  if (int64_t arg = argumentNumber(value); arg >= 0)
    return ArgumentExtent{arg, dim};
  if (auto op = value.getDefiningOp<DestinationStyleOpInterface>())
    return argumentExtent(op.getTiedOpOperand(cast<OpResult>(value))->get(),
                          dim);
  if (auto op = value.getDefiningOp<tensor::EmptyOp>())
    return ::argumentExtent(op.getMixedSizes()[dim]);
  if (auto op = value.getDefiningOp<tensor::ExtractSliceOp>())
    return op.getDroppedDims().any()
               ? std::nullopt
               : ::argumentExtent(op.getMixedSizes()[dim]);
  if (auto op = value.getDefiningOp<tensor::CollapseShapeOp>()) {
    ReassociationIndices group = op.getReassociationIndices()[dim];
    if (group.size() == 1)
      return argumentExtent(op.getSrc(), group.front());
  }
  if (auto op = value.getDefiningOp<tensor::ExpandShapeOp>())
    return argumentExtent(op.getSrc(), op.getCorrespondingSourceDim(dim));
  return std::nullopt;
}

Assumptions::Assumptions(Operation *op) {
  kernel = isa<func::FuncOp>(op) ? cast<func::FuncOp>(op)
                                 : op->getParentOfType<func::FuncOp>();
  auto list =
      kernel ? kernel->getAttrOfType<ArrayAttr>(names::kAssume) : ArrayAttr();
  if (list)
    llvm::append_range(facts, list.getAsRange<FactAttr>());
}

std::optional<int64_t> Assumptions::extent(Value value, int64_t dim) const {
  auto type = cast<ShapedType>(value.getType());
  if (!type.isDynamicDim(dim))
    return type.getDimSize(dim);
  std::optional<ArgumentExtent> at = argumentExtent(value, dim);
  if (!at)
    return std::nullopt;
  for (FactAttr fact : facts)
    if (fact.getKind() == FactKind::Equals && fact.getArg() == at->arg &&
        fact.getDim() == at->dim)
      return fact.getValue();
  return std::nullopt;
}

bool Assumptions::same(Value a, int64_t aDim, Value b, int64_t bDim) const {
  std::optional<ArgumentExtent> x = argumentExtent(a, aDim),
                                y = argumentExtent(b, bDim);
  if (!x || !y)
    return false;
  if (*x == *y)
    return true;
  return llvm::any_of(facts, [&](FactAttr fact) {
    if (fact.getKind() != FactKind::Same)
      return false;
    ArgumentExtent one{fact.getArg(), fact.getDim()},
        two{fact.getOther(), fact.getOtherDim()};
    return (one == *x && two == *y) || (one == *y && two == *x);
  });
}

bool Assumptions::hasOn(Value value, FactKind kind) const {
  int64_t arg = argumentNumber(value);
  return arg >= 0 && llvm::any_of(facts, [&](FactAttr fact) {
           return fact.getKind() == kind && fact.getArg() == arg;
         });
}

bool Assumptions::isZero(Value vector) const {
  return hasOn(vector, FactKind::Zero);
}

bool Assumptions::isOneRowEach(Value offsets) const {
  return hasOn(offsets, FactKind::OneRow);
}

std::optional<int64_t> Assumptions::longest(Value offsets) const {
  std::optional<int64_t> least;
  if (isOneRowEach(offsets))
    least = 1;
  int64_t arg = argumentNumber(offsets);
  for (FactAttr fact : facts)
    if (fact.getKind() == FactKind::Longest && fact.getArg() == arg)
      least = std::min(least.value_or(fact.getValue()), fact.getValue());
  return least;
}

bool Assumptions::isIncreasing(Value vector) {
  int64_t arg = argumentNumber(vector);
  if (arg < 0)
    return false;
  auto function =
      cast<func::FuncOp>(cast<BlockArgument>(vector).getOwner()->getParentOp());
  return static_cast<bool>(
      function.getArgAttr(unsigned(arg), names::kIncreasing));
}
