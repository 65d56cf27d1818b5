//===- TilingSupport.cpp - the tiling interface from a table of axes ------===//

#include "dialect/TilingSupport.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/OperationSupport.h"

using namespace mlir;
using namespace seqc::ir;

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

SmallVector<Range> seqc::ir::iterationDomain(Operation *op,
                                             const TileAxes &axes,
                                             OpBuilder &builder) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(op);
  SmallVector<Range> domain;
  auto sizeOf = [&](TileExtent extent) {
    return tensor::getMixedSize(builder, op->getLoc(),
                                op->getOperand(extent.operand), extent.axis);
  };
  for (const TileLoop &loop : axes.loops) {
    OpFoldResult size = sizeOf(loop.extent);
    if (loop.more)
      size = affine::makeComposedFoldedAffineApply(
          builder, op->getLoc(),
          builder.getAffineSymbolExpr(0) + builder.getAffineSymbolExpr(1),
          {size, sizeOf(*loop.more)});
    domain.push_back({builder.getIndexAttr(0), size, builder.getIndexAttr(1)});
  }
  return domain;
}

/// The same constant, or computed alike from the same values.
static bool isSameSize(OpFoldResult a, OpFoldResult b) {
  if (isEqualConstantIntOrValue(a, b))
    return true;
  auto x = dyn_cast<Value>(a), y = dyn_cast<Value>(b);
  Operation *opX = x ? x.getDefiningOp() : nullptr;
  Operation *opY = y ? y.getDefiningOp() : nullptr;
  return opX && opY && isPure(opX) &&
         OperationEquivalence::isEquivalentTo(
             opX, opY,
             [](Value l, Value r) { return success(isSameSize(l, r)); },
             /*markEquivalent=*/nullptr,
             OperationEquivalence::Flags::IgnoreLocations);
}

/// Sizes count as those of an axis if they are the same constant or were asked
/// of the same tensor.
static bool isExtentOf(OpFoldResult size, Value tensor, int64_t axis) {
  int64_t extent = cast<ShapedType>(tensor.getType()).getDimSize(axis);
  if (std::optional<int64_t> known = getConstantIntValue(size))
    return *known == extent;
  auto dim = cast<Value>(size).getDefiningOp<tensor::DimOp>();
  return dim && dim.getSource() == tensor && dim.getConstantIndex() == axis;
}

static bool isWholeAxis(Value tensor, int64_t axis, OpFoldResult offset,
                        OpFoldResult size) {
  return isConstantIntValue(offset, 0) && isExtentOf(size, tensor, axis);
}

bool seqc::ir::isWholeLoop(Operation *op, const TileAxes &axes, int loop,
                           OpFoldResult offset, OpFoldResult size) {
  for (auto [operand, loops] :
       llvm::zip_equal(op->getOperands(), axes.operands))
    for (auto [axis, each] : llvm::enumerate(loops))
      if (each == loop && isWholeAxis(operand, axis, offset, size))
        return true;
  if (!isConstantIntValue(offset, 0))
    return false;
  OpBuilder builder(op);
  return isSameSize(size, iterationDomain(op, axes, builder)[loop].size);
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

static void positionOf(OpBuilder &builder, Location loc, Value tensor,
                       ArrayRef<int> loops, Extents offsets, Extents sizes,
                       SmallVector<OpFoldResult> &tensorOffsets,
                       SmallVector<OpFoldResult> &tensorSizes) {
  tensorOffsets.clear();
  tensorSizes.clear();
  for (auto [axis, loop] : llvm::enumerate(loops)) {
    bool whole = loop == TileAxes::kWhole;
    tensorOffsets.push_back(whole ? OpFoldResult(builder.getIndexAttr(0))
                                  : offsets[loop]);
    tensorSizes.push_back(
        whole ? tensor::getMixedSize(builder, loc, tensor, axis) : sizes[loop]);
  }
}

Value seqc::ir::tileOf(OpBuilder &builder, Location loc, Value tensor,
                       ArrayRef<int> loops, Extents offsets, Extents sizes) {
  if (llvm::all_of(loops, [](int loop) { return loop == TileAxes::kWhole; }))
    return tensor;
  SmallVector<OpFoldResult> at, extent;
  positionOf(builder, loc, tensor, loops, offsets, sizes, at, extent);
  SmallVector<OpFoldResult> strides(at.size(), builder.getIndexAttr(1));
  return tensor::ExtractSliceOp::create(builder, loc, tensor, at, extent,
                                        strides);
}

FailureOr<TilingResult> seqc::ir::tileOperands(DestinationStyleOpInterface op,
                                               const TileAxes &axes,
                                               OpBuilder &builder,
                                               Extents offsets, Extents sizes) {
  if (!op.hasPureTensorSemantics())
    return failure();
  TilingResult result;
  SmallVector<Value> operands;
  for (auto [operand, loops] :
       llvm::zip_equal(op->getOperands(), axes.operands)) {
    operands.push_back(
        tileOf(builder, op.getLoc(), operand, loops, offsets, sizes));
    if (operands.back() != operand)
      result.generatedSlices.push_back(operands.back().getDefiningOp());
  }
  SmallVector<Type> types;
  for (OpResult each : op->getResults())
    types.push_back(
        operands[op.getTiedOpOperand(each)->getOperandNumber()].getType());
  Operation *tiled = clone(builder, op, types, operands);
  result.tiledOps.push_back(tiled);
  llvm::append_range(result.tiledValues, tiled->getResults());
  return result;
}

static ArrayRef<int> axesOfResult(DestinationStyleOpInterface op,
                                  const TileAxes &axes, unsigned result) {
  OpOperand *init = op.getTiedOpOperand(op->getResult(result));
  return axes.operands[init->getOperandNumber()];
}

LogicalResult
seqc::ir::resultTilePosition(DestinationStyleOpInterface op,
                             const TileAxes &axes, OpBuilder &builder,
                             unsigned result, Extents offsets, Extents sizes,
                             SmallVector<OpFoldResult> &resultOffsets,
                             SmallVector<OpFoldResult> &resultSizes) {
  Value init = op.getTiedOpOperand(op->getResult(result))->get();
  positionOf(builder, op.getLoc(), init, axesOfResult(op, axes, result),
             offsets, sizes, resultOffsets, resultSizes);
  return success();
}

LogicalResult
seqc::ir::loopsOfResultTile(DestinationStyleOpInterface op,
                            const TileAxes &axes, OpBuilder &builder,
                            unsigned result, Extents offsets, Extents sizes,
                            SmallVectorImpl<OpFoldResult> &loopOffsets,
                            SmallVectorImpl<OpFoldResult> &loopSizes) {
  loopOffsets.clear();
  loopSizes.clear();
  for (Range range : iterationDomain(op, axes, builder)) {
    loopOffsets.push_back(range.offset);
    loopSizes.push_back(range.size);
  }
  OpResult value = op->getResult(result);
  Value init = op.getTiedOpOperand(value)->get();
  for (auto [axis, loop] : llvm::enumerate(axesOfResult(op, axes, result))) {
    if (loop != TileAxes::kWhole) {
      loopOffsets[loop] = offsets[axis];
      loopSizes[loop] = sizes[axis];
    } else if (!isWholeAxis(init, axis, offsets[axis], sizes[axis]) &&
               !isWholeAxis(value, axis, offsets[axis], sizes[axis])) {
      return op->emitOpError("expected tiles with all of axis ")
             << axis << " of result " << result << ", over which no loop runs";
    }
  }
  return success();
}

FailureOr<TilingResult> seqc::ir::tileOfResult(TilingInterface op,
                                               OpBuilder &builder,
                                               unsigned result, Extents offsets,
                                               Extents sizes) {
  SmallVector<OpFoldResult> loopOffsets, loopSizes;
  if (failed(op.getIterationDomainTileFromResultTile(
          builder, result, offsets, sizes, loopOffsets, loopSizes)))
    return failure();
  FailureOr<TilingResult> tile =
      op.getTiledImplementation(builder, loopOffsets, loopSizes);
  if (succeeded(tile))
    tile->tiledValues = {tile->tiledValues[result]};
  return tile;
}

//===----------------------------------------------------------------------===//
// Offsets
//===----------------------------------------------------------------------===//

static Value toI32(OpBuilder &builder, Location loc, OpFoldResult value) {
  return arith::IndexCastOp::create(
      builder, loc, builder.getI32Type(),
      getValueOrCreateConstantIndexOp(builder, loc, value));
}

Value seqc::ir::clipOffsets(OpBuilder &builder, Location loc, Value offsets,
                            OpFoldResult row, OpFoldResult count) {
  Value first = toI32(builder, loc, row), rows = toI32(builder, loc, count);
  Value zero =
      arith::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(0));
  Value init = tensor::EmptyOp::create(
      builder, loc, tensor::getMixedSizes(builder, loc, offsets),
      builder.getI32Type());
  AffineMap map = builder.getMultiDimIdentityMap(1);
  auto body = [&](OpBuilder &b, Location at, ValueRange args) {
    Value inside = arith::SubIOp::create(b, at, args[0], first);
    inside = arith::MaxSIOp::create(b, at, inside, zero);
    inside = arith::MinSIOp::create(b, at, inside, rows);
    linalg::YieldOp::create(b, at, inside);
  };
  return linalg::GenericOp::create(
             builder, loc, init.getType(), offsets, init,
             ArrayRef<AffineMap>{map, map},
             ArrayRef<utils::IteratorType>{utils::IteratorType::parallel}, body)
      .getResult(0);
}

static Value loadOffset(OpBuilder &builder, Location loc, Value offsets,
                        OpFoldResult sequence) {
  Value at = getValueOrCreateConstantIndexOp(builder, loc, sequence);
  Value row = tensor::ExtractOp::create(builder, loc, offsets, at);
  return arith::IndexCastOp::create(builder, loc, builder.getIndexType(), row);
}

static OpFoldResult apply(OpBuilder &builder, Location loc, AffineExpr expr,
                          ArrayRef<OpFoldResult> values) {
  return affine::makeComposedFoldedAffineApply(builder, loc, expr, values);
}

void seqc::ir::keepSequences(OpBuilder &builder, Operation *tiled,
                             unsigned rows, unsigned offsets,
                             OpFoldResult first, OpFoldResult count) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(tiled);
  Location loc = tiled->getLoc();
  AffineExpr a = builder.getAffineSymbolExpr(0);
  AffineExpr b = builder.getAffineSymbolExpr(1);
  OpFoldResult one = builder.getIndexAttr(1);

  Value all = tiled->getOperand(offsets);
  OpFoldResult end = apply(builder, loc, a + b, {first, count});
  Value begin = loadOffset(builder, loc, all, first);
  OpFoldResult owned =
      apply(builder, loc, a - b, {loadOffset(builder, loc, all, end), begin});
  Value kept = tensor::ExtractSliceOp::create(
      builder, loc, all, ArrayRef<OpFoldResult>{first},
      ArrayRef<OpFoldResult>{apply(builder, loc, a + 1, {count})},
      ArrayRef<OpFoldResult>{one});
  tiled->setOperand(offsets, clipOffsets(builder, loc, kept, begin, owned));

  Value source = tiled->getOperand(rows);
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, source);
  SmallVector<OpFoldResult> at(sizes.size(), builder.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(sizes.size(), one);
  at[0] = begin;
  sizes[0] = owned;
  tiled->setOperand(rows, tensor::ExtractSliceOp::create(builder, loc, source,
                                                         at, sizes, strides));
}
