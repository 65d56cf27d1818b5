//===- AttentionTiling.cpp - tiles of attention ---------------------------===//

#include "dialect/TilingSupport.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace seqc::ir;
using utils::IteratorType;

static constexpr int kWhole = TileAxes::kWhole;

static int64_t extentOf(Value value, unsigned axis) {
  return cast<ShapedType>(value.getType()).getDimSize(axis);
}

static int64_t headsPerKeyHead(AttendOp op) {
  return extentOf(op.getQuery(), 0) / extentOf(op.getKey(), 0);
}

/// Columns of the values; in front of them heads, where there are any. Key
/// heads that are shared stay whole here, see getTiledImplementation.
static TileAxes axesOf(AttendOp op) {
  bool heads = op.hasHeads();
  int column = heads ? 1 : 0;
  unsigned out = op.getOutMutable().getOperandNumber();
  TileAxes axes;
  if (heads)
    axes.loops.push_back({IteratorType::parallel, out, 0});
  axes.loops.push_back({IteratorType::parallel, out, heads ? 2u : 1u});
  for (Value operand : op->getOperands())
    axes.operands.push_back(SmallVector<int>(
        cast<ShapedType>(operand.getType()).getRank(), kWhole));
  auto set = [&](OpOperand &operand, int axis, int loop) {
    SmallVector<int> &loops = axes.operands[operand.getOperandNumber()];
    loops[axis < 0 ? loops.size() + axis : axis] = loop;
  };
  set(op.getValueMutable(), -1, column);
  set(op.getOutMutable(), -1, column);
  if (op.hasPast())
    set(*op.getPastValueMutable().begin(), -1, column);
  if (!heads)
    return axes;
  set(op.getQueryMutable(), 0, 0);
  set(op.getOutMutable(), 0, 0);
  if (headsPerKeyHead(op) > 1)
    return axes;
  set(op.getKeyMutable(), 0, 0);
  set(op.getValueMutable(), 0, 0);
  return axes;
}

SEQC_TILED_OP_METHODS(AttendOp)

/// The key head of query head `head`, where `shared` of them have one, alone.
static void keepKeyHead(OpBuilder &builder, AttendOp tiled, OpFoldResult head,
                        int64_t shared) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(tiled);
  OpFoldResult keyHead = affine::makeComposedFoldedAffineApply(
      builder, tiled.getLoc(), builder.getAffineSymbolExpr(0).floorDiv(shared),
      {head});
  for (OpOperand *operand :
       {&tiled.getKeyMutable(), &tiled.getValueMutable()}) {
    SmallVector<OpFoldResult> sizes =
        tensor::getMixedSizes(builder, tiled.getLoc(), operand->get());
    SmallVector<OpFoldResult> at(sizes.size(), builder.getIndexAttr(0));
    SmallVector<OpFoldResult> strides(sizes.size(), builder.getIndexAttr(1));
    at[0] = keyHead;
    sizes[0] = builder.getIndexAttr(1);
    operand->set(tensor::ExtractSliceOp::create(
        builder, tiled.getLoc(), operand->get(), at, sizes, strides));
  }
}

FailureOr<TilingResult>
AttendOp::getTiledImplementation(OpBuilder &builder,
                                 ArrayRef<OpFoldResult> offsets,
                                 ArrayRef<OpFoldResult> sizes) {
  TileAxes axes = axesOf(*this);
  bool allHeads =
      !hasHeads() || isWholeLoop(*this, axes, 0, offsets[0], sizes[0]);
  int64_t shared = allHeads ? 1 : headsPerKeyHead(*this);
  // attend_t2: the number of heads of a tile is static, and a tile has one head
  // where query heads share key heads but do not all share one.
  if (!allHeads && !getConstantIntValue(sizes[0]))
    return emitOpError("expected tiles of a static number of heads");
  bool split = shared > 1 && extentOf(getKey(), 0) > 1;
  if (split && !isConstantIntValue(sizes[0], 1))
    return emitOpError("expected tiles of one head, since ")
           << shared << " heads share a key head, got tiles of "
           << *getConstantIntValue(sizes[0]);
  FailureOr<TilingResult> result =
      tileOperands(cast<DestinationStyleOpInterface>(getOperation()), axes,
                   builder, offsets, sizes);
  if (failed(result) || !split)
    return result;
  keepKeyHead(builder, cast<AttendOp>(result->tiledOps.front()), offsets[0],
              shared);
  return result;
}
