//===- TileBuilder.cpp - short forms for building tile-level IR -----------===//

#include "passes/Transforms/TileBuilder.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace seqc::passes;

Value TileBuilder::index(int64_t value) {
  return arith::ConstantIndexOp::create(*this, value);
}

Value TileBuilder::i32(int64_t value) {
  return arith::ConstantOp::create(
      *this, getI32IntegerAttr(static_cast<int32_t>(value)));
}

Value TileBuilder::f32(double value) {
  return arith::ConstantOp::create(*this,
                                   getF32FloatAttr(static_cast<float>(value)));
}

Value TileBuilder::toIndex(Value value) {
  return createOrFold<arith::IndexCastOp>(getIndexType(), value);
}

Value TileBuilder::toI32(Value value) {
  return createOrFold<arith::IndexCastOp>(getI32Type(), value);
}

Value TileBuilder::dim(Value tensor, int64_t axis) {
  return createOrFold<tensor::DimOp>(tensor, axis);
}

Value TileBuilder::loadIndex(Value tensor, ValueRange at) {
  return toIndex(tensor::ExtractOp::create(*this, tensor, at));
}

Value TileBuilder::empty(ArrayRef<int64_t> shape, Type element) {
  return tensor::EmptyOp::create(*this, shape, element);
}

Value TileBuilder::slice(Value tensor, ArrayRef<OpFoldResult> offsets,
                         ArrayRef<OpFoldResult> sizes, unsigned rank) {
  auto type = tensor::ExtractSliceOp::inferCanonicalRankReducedResultType(
      rank, cast<RankedTensorType>(tensor.getType()), sizes);
  SmallVector<OpFoldResult> strides(offsets.size(), getIndexAttr(1));
  return tensor::ExtractSliceOp::create(*this, type, tensor, offsets, sizes,
                                        strides);
}

Value TileBuilder::insert(Value tile, Value tensor,
                          ArrayRef<OpFoldResult> offsets,
                          ArrayRef<OpFoldResult> sizes) {
  SmallVector<OpFoldResult> strides(offsets.size(), getIndexAttr(1));
  return tensor::InsertSliceOp::create(*this, tile, tensor, offsets, sizes,
                                       strides);
}

Value TileBuilder::rows(Value tensor, Value lead, Value row, Value count) {
  auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<OpFoldResult> offsets, sizes;
  if (lead) {
    offsets.push_back(lead);
    sizes.push_back(attr(1));
  }
  offsets.append({row, attr(0)});
  sizes.append({count, attr(type.getShape().back())});
  return slice(tensor, offsets, sizes, 2);
}

Value TileBuilder::elements(Value tensor, Value lead, Value first,
                            Value count) {
  if (!lead)
    return slice(tensor, {first}, {count}, 1);
  return slice(tensor, {lead, first}, {attr(1), count}, 1);
}

Value TileBuilder::copy(Value source, Value destination) {
  return linalg::CopyOp::create(*this, source, destination).getResult(0);
}

Value TileBuilder::fill(Value tensor, Value scalar) {
  return linalg::FillOp::create(*this, scalar, tensor).getResult(0);
}

AffineMap TileBuilder::axes(unsigned loops, ArrayRef<unsigned> targets) {
  return AffineMap::getMultiDimMapWithTargets(loops, targets, getContext());
}

Value TileBuilder::generic(ValueRange inputs, Value output,
                           ArrayRef<AffineMap> maps,
                           ArrayRef<unsigned> reductions, BodyFn body) {
  SmallVector<utils::IteratorType> iterators(maps.front().getNumDims(),
                                             utils::IteratorType::parallel);
  for (unsigned loop : reductions)
    iterators[loop] = utils::IteratorType::reduction;
  auto op = linalg::GenericOp::create(
      *this, TypeRange{output.getType()}, inputs, ValueRange{output}, maps,
      iterators, [&](OpBuilder &inner, Location loc, ValueRange args) {
        TileBuilder tile(loc, inner);
        linalg::YieldOp::create(tile, ValueRange{body(tile, args)});
      });
  return op.getResult(0);
}

Value TileBuilder::contract(Value a, Value b, Value c, ArrayRef<AffineMap> maps,
                            unsigned reduction) {
  return generic({a, b}, c, maps, {reduction},
                 [](TileBuilder &tile, ValueRange args) {
                   return tile.addF(args[2], tile.mulF(args[0], args[1]));
                 });
}
