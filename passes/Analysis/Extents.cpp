//===- Extents.cpp - extents of tensors as symbols of the call ------------===//

#include "passes/Analysis/Extents.h"

#include "dialect/SeqcOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace seqc::ir;
using namespace seqc::passes;

using Kind = SymbolicExtent::Kind;

static SymbolicExtent staticExtent(int64_t value) {
  return {Kind::Static, {}, -1, value};
}

static SymbolicExtent extentOf(OpFoldResult size) {
  if (std::optional<int64_t> value = getConstantIntValue(size))
    return staticExtent(*value);
  return seqc::passes::extentOf(cast<Value>(size));
}

/// Extents that the attributes of a model function's arguments name.
static SymbolicExtent argumentExtent(BlockArgument arg, int64_t dim) {
  SymbolicExtent unknown{Kind::Unknown, arg, dim, 0};
  auto function =
      dyn_cast_or_null<FunctionOpInterface>(arg.getOwner()->getParentOp());
  if (!function || dim != 0)
    return unknown;
  unsigned i = arg.getArgNumber();
  if (function.getArgAttr(i, names::kInput))
    return {Kind::Rows, {}, -1, 0};
  if (function.getArgAttr(i, names::kState))
    return {Kind::Sequences, {}, -1, 0};
  auto builtin = function.getArgAttrOfType<StringAttr>(i, names::kBuiltin);
  if (builtin && builtin.getValue() == "positions")
    return {Kind::Rows, {}, -1, 0};
  if (builtin && builtin.getValue() == "offsets")
    return {Kind::Sequences, {}, -1, 1};
  return unknown;
}

/// The source dimension that `dim` of a reshape stands for, if it is that
/// dimension alone.
template <class Op>
static std::optional<int64_t> reshapedDim(Op op, int64_t dim) {
  bool expands = std::is_same_v<Op, tensor::ExpandShapeOp>;
  SmallVector<ReassociationIndices> groups = op.getReassociationIndices();
  for (auto [i, group] : llvm::enumerate(groups)) {
    if (group.size() != 1)
      continue;
    if (expands ? group[0] == dim : int64_t(i) == dim)
      return expands ? int64_t(i) : group[0];
  }
  return std::nullopt;
}

SymbolicExtent seqc::passes::extentOf(Value tensor, int64_t dim) {
  auto type = cast<ShapedType>(tensor.getType());
  if (!type.isDynamicDim(dim))
    return staticExtent(type.getDimSize(dim));
  if (auto arg = dyn_cast<BlockArgument>(tensor))
    return argumentExtent(arg, dim);
  Operation *op = tensor.getDefiningOp();
  if (auto empty = dyn_cast<tensor::EmptyOp>(op))
    return ::extentOf(empty.getMixedSizes()[dim]);
  if (auto cast = dyn_cast<tensor::CastOp>(op))
    return extentOf(cast.getSource(), dim);
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
    llvm::SmallBitVector dropped = slice.getDroppedDims();
    int64_t at = -1;
    for (int64_t i = 0; i <= dim; ++i)
      do
        ++at;
      while (dropped.test(at));
    return ::extentOf(slice.getMixedSizes()[at]);
  }
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op))
    if (auto source = reshapedDim(collapse, dim))
      return extentOf(collapse.getSrc(), *source);
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
    if (auto source = reshapedDim(expand, dim))
      return extentOf(expand.getSrc(), *source);
  if (auto style = dyn_cast<DestinationStyleOpInterface>(op))
    return extentOf(style.getTiedOpOperand(cast<OpResult>(tensor))->get(), dim);
  // A call of a kernel: the last operands are the destinations.
  if (auto call = dyn_cast<func::CallOp>(op)) {
    unsigned first = call.getNumOperands() - call.getNumResults();
    unsigned number = cast<OpResult>(tensor).getResultNumber();
    if (call.getNumOperands() >= call.getNumResults())
      return extentOf(call.getOperand(first + number), dim);
  }
  return {Kind::Unknown, tensor, dim, 0};
}

SymbolicExtent seqc::passes::extentOf(Value index) {
  if (std::optional<int64_t> value = getConstantIntValue(index))
    return staticExtent(*value);
  SymbolicExtent unknown{Kind::Unknown, index, -1, 0};
  Operation *op = index.getDefiningOp();
  if (!op)
    return unknown;
  if (isa<CountOp>(op))
    return {Kind::Count, index, -1, 0};
  if (auto dim = dyn_cast<tensor::DimOp>(op))
    if (std::optional<int64_t> at = dim.getConstantIndex())
      return extentOf(dim.getSource(), *at);
  bool adds = isa<arith::AddIOp>(op), subtracts = isa<arith::SubIOp>(op);
  if (!adds && !subtracts)
    return unknown;
  SymbolicExtent left = extentOf(op->getOperand(0)),
                 right = extentOf(op->getOperand(1));
  if (left.isStatic() && adds)
    std::swap(left, right);
  if (!right.isStatic())
    return unknown;
  left.addend += adds ? right.addend : -right.addend;
  return left;
}

int64_t seqc::passes::rowDimension(Value tensor) {
  auto type = cast<ShapedType>(tensor.getType());
  for (int64_t i = 0; i < type.getRank(); ++i)
    if (type.isDynamicDim(i))
      return i;
  return 0;
}
