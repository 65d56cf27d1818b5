//===- LaneBuilder.cpp - vectors of the target's width on memrefs ---------===//

#include "passes/Transforms/LaneBuilder.h"

#include "dialect/SeqcDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace seqc::passes;

static constexpr int64_t kDefaultLanes = 16;
/// Rows of at most this many vectors are copied without a loop.
static constexpr int64_t kUnrolledVectors = 8;

int64_t seqc::passes::targetLanes(Operation *op) {
  auto module = op->getParentOfType<ModuleOp>();
  if (!module)
    return kDefaultLanes;
  auto target = module->getAttrOfType<ir::TargetAttr>(ir::names::kTarget);
  return target ? target.lanes() : kDefaultLanes;
}

VectorType LaneBuilder::type(Type element) const {
  return VectorType::get({lanes}, element);
}

Value LaneBuilder::index(int64_t value) {
  return arith::ConstantIndexOp::create(b, loc, value);
}

Value LaneBuilder::add(Value lhs, Value rhs) {
  return b.createOrFold<arith::AddIOp>(loc, lhs, rhs);
}
Value LaneBuilder::sub(Value lhs, Value rhs) {
  return b.createOrFold<arith::SubIOp>(loc, lhs, rhs);
}
Value LaneBuilder::rem(Value lhs, Value rhs) {
  return b.createOrFold<arith::RemUIOp>(loc, lhs, rhs);
}
Value LaneBuilder::mul(Value lhs, Value rhs) {
  return b.createOrFold<arith::MulIOp>(loc, lhs, rhs);
}
Value LaneBuilder::min(Value lhs, Value rhs) {
  return b.createOrFold<arith::MinSIOp>(loc, lhs, rhs);
}
Value LaneBuilder::max(Value lhs, Value rhs) {
  return b.createOrFold<arith::MaxSIOp>(loc, lhs, rhs);
}

Value LaneBuilder::floorTo(Value extent, int64_t step) {
  if (step == 1)
    return extent;
  return sub(extent, b.createOrFold<arith::RemSIOp>(loc, extent, index(step)));
}

Value LaneBuilder::dim(Value memref, int64_t axis) {
  int64_t extent = cast<MemRefType>(memref.getType()).getDimSize(axis);
  if (ShapedType::isStatic(extent))
    return index(extent);
  return memref::DimOp::create(b, loc, memref, axis);
}

Value LaneBuilder::loadIndex(Value memref, Value at) {
  Value entry = memref::LoadOp::create(b, loc, memref, at);
  return arith::IndexCastOp::create(b, loc, b.getIndexType(), entry);
}

Value LaneBuilder::splat(Value scalar) {
  return vector::BroadcastOp::create(b, loc, type(scalar.getType()), scalar);
}

Value LaneBuilder::zero(Type element) {
  return arith::ConstantOp::create(b, loc, b.getZeroAttr(type(element)));
}

Value LaneBuilder::iota() {
  SmallVector<int32_t> numbers = llvm::to_vector(llvm::seq<int32_t>(0, lanes));
  return arith::ConstantOp::create(b, loc, b.getI32VectorAttr(numbers));
}

Value LaneBuilder::allLanes() {
  return vector::ConstantMaskOp::create(b, loc, type(b.getI1Type()),
                                        vector::ConstantMaskKind::AllTrue);
}

Value LaneBuilder::maskBelow(Value count) {
  VectorType maskType = type(b.getI1Type());
  std::optional<int64_t> known = getConstantIntValue(count);
  if (!known)
    return vector::CreateMaskOp::create(b, loc, maskType, count);
  if (*known >= lanes)
    return {};
  return vector::ConstantMaskOp::create(b, loc, maskType,
                                        ArrayRef<int64_t>{*known});
}

bool LaneBuilder::isDenseAlong(Value memref, int64_t axis) const {
  auto type = cast<MemRefType>(memref.getType());
  return axis == type.getRank() - 1 && type.isLastDimUnitStride();
}

// A view of the whole allocation with one dense axis, so that lanes may stride
// over an inner axis without leaving the extents of the view they index.
LaneBuilder::FlatAccess LaneBuilder::flatten(Value memref, ValueRange indices,
                                             int64_t axis) {
  auto metadata = memref::ExtractStridedMetadataOp::create(b, loc, memref);
  SmallVector<OpFoldResult> strides = metadata.getConstifiedMixedStrides();
  SmallVector<OpFoldResult> sizes = metadata.getConstifiedMixedSizes();
  Value at = index(0), extent = index(1);
  for (auto [i, stride, size] : llvm::zip_equal(indices, strides, sizes)) {
    Value step = getValueOrCreateConstantIndexOp(b, loc, stride);
    Value last = sub(getValueOrCreateConstantIndexOp(b, loc, size), index(1));
    at = add(at, mul(i, step));
    extent = add(extent, mul(last, step));
  }
  auto flat = memref::ReinterpretCastOp::create(
      b, loc, metadata.getBaseBuffer(), metadata.getConstifiedMixedOffset(),
      ArrayRef<OpFoldResult>{extent},
      ArrayRef<OpFoldResult>{b.getIndexAttr(1)});

  Value stride = getValueOrCreateConstantIndexOp(b, loc, strides[axis]);
  Value stride32 =
      b.createOrFold<arith::IndexCastOp>(loc, b.getI32Type(), stride);
  return {flat, at, splat(stride32)};
}

Value LaneBuilder::load(Value memref, ValueRange indices, int64_t axis,
                        Value mask) {
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  VectorType vectorType = type(element);
  if (isDenseAlong(memref, axis)) {
    if (!mask)
      return vector::LoadOp::create(b, loc, vectorType, memref, indices);
    return vector::MaskedLoadOp::create(b, loc, vectorType, memref, indices,
                                        mask, zero(element));
  }
  FlatAccess flat = flatten(memref, indices, axis);
  Value lane = b.createOrFold<arith::MulIOp>(loc, iota(), flat.stride);
  return vector::GatherOp::create(b, loc, vectorType, flat.memref,
                                  ValueRange{flat.at}, lane,
                                  mask ? mask : allLanes(), zero(element));
}

Value LaneBuilder::gather(Value memref, Value positions, Value mask) {
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  Value base = memref, at = index(0);
  if (!isDenseAlong(memref, 0)) {
    FlatAccess flat = flatten(memref, {at}, /*axis=*/0);
    base = flat.memref;
    positions = arith::MulIOp::create(b, loc, positions, flat.stride);
  }
  return vector::GatherOp::create(b, loc, type(element), base, ValueRange{at},
                                  positions, mask ? mask : allLanes(),
                                  zero(element));
}

void LaneBuilder::store(Value value, Value memref, ValueRange indices,
                        int64_t axis, Value mask) {
  if (isDenseAlong(memref, axis)) {
    if (mask)
      vector::MaskedStoreOp::create(b, loc, memref, indices, mask, value);
    else
      vector::StoreOp::create(b, loc, value, memref, indices);
    return;
  }
  FlatAccess flat = flatten(memref, indices, axis);
  Value lane = b.createOrFold<arith::MulIOp>(loc, iota(), flat.stride);
  vector::ScatterOp::create(b, loc, /*resultType=*/Type(), flat.memref,
                            ValueRange{flat.at}, lane, mask ? mask : allLanes(),
                            value);
}

// Swaps the off-diagonal blocks of each size from `largest` down to single
// entries: a round of two-register shuffles for each size.
void LaneBuilder::transpose(MutableArrayRef<Value> square, int64_t largest) {
  for (int64_t block = largest; block > 0; block /= 2) {
    SmallVector<int64_t> low, high;
    for (int64_t lane = 0; lane < lanes; ++lane) {
      bool upper = lane & block;
      low.push_back(upper ? lanes + lane - block : lane);
      high.push_back(upper ? lanes + lane : lane + block);
    }
    for (int64_t i = 0; i < lanes; ++i) {
      if (i & block)
        continue;
      Value a = square[i], c = square[i + block];
      square[i] = vector::ShuffleOp::create(b, loc, a, c, low);
      square[i + block] = vector::ShuffleOp::create(b, loc, a, c, high);
    }
  }
}

/// Entries that shuffles move about without crossing the quarters of a
/// register, and that an instruction puts into or takes out of one on its way
/// to memory.
static constexpr int64_t kPiece = 4;

// Vector 4q+r: columns 4q to 4q+3 of the rows r, 4+r, 8+r, ..., as if the
// blocks of 4 and more were swapped already.
SmallVector<Value> LaneBuilder::loadPieces(Value memref, ValueRange indices,
                                           int64_t rows, int64_t columns) {
  int64_t inner = indices.size() - 1;
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  auto pieceType = VectorType::get({kPiece}, element);
  SmallVector<Value> at(indices), square;
  for (int64_t i = 0; i < lanes; ++i) {
    Value vector = zero(element);
    int64_t column = i / kPiece * kPiece;
    at[inner] = add(indices[inner], index(column));
    for (int64_t row = i % kPiece; row < rows && column < columns;
         row += kPiece) {
      at[inner - 1] = add(indices[inner - 1], index(row));
      Value piece = vector::LoadOp::create(b, loc, pieceType, memref, at);
      vector = vector::InsertStridedSliceOp::create(
          b, loc, piece, vector, ArrayRef<int64_t>{row / kPiece * kPiece},
          ArrayRef<int64_t>{1});
    }
    square.push_back(vector);
  }
  return square;
}

SmallVector<Value> LaneBuilder::loadRows(Value memref, ValueRange indices,
                                         int64_t rows, int64_t columns) {
  int64_t inner = indices.size() - 1;
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  Value mask = maskBelow(index(columns));
  SmallVector<Value> at(indices), square;
  for (int64_t row = 0; row < lanes; ++row) {
    at[inner - 1] = add(indices[inner - 1], index(row));
    square.push_back(row < rows ? load(memref, at, inner, mask)
                                : zero(element));
  }
  return square;
}

SmallVector<Value> LaneBuilder::loadTransposed(Value memref, ValueRange indices,
                                               int64_t rows, int64_t columns) {
  int64_t inner = indices.size() - 1;
  SmallVector<Value> at(indices), result;
  for (int64_t first = 0; first < columns; first += lanes) {
    int64_t wide = std::min(lanes, columns - first);
    at[inner] = add(indices[inner], index(first));
    bool inPieces = lanes > kPiece && wide % kPiece == 0;
    SmallVector<Value> square = inPieces ? loadPieces(memref, at, rows, wide)
                                         : loadRows(memref, at, rows, wide);
    transpose(square, inPieces ? kPiece / 2 : lanes / 2);
    llvm::append_range(result, ArrayRef(square).take_front(wide));
  }
  return result;
}

void LaneBuilder::storeTransposed(ArrayRef<Value> columns, Value memref,
                                  ValueRange indices, int64_t rows) {
  int64_t inner = indices.size() - 1, count = columns.size();
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  SmallVector<Value> at(indices);
  for (int64_t first = 0; first < count; first += lanes) {
    Value mask = maskBelow(index(count - first));
    at[inner] = add(indices[inner], index(first));
    SmallVector<Value> square(columns.slice(first).take_front(lanes));
    square.resize(lanes, zero(element));
    transpose(square, lanes / 2);
    for (int64_t row = 0; row < rows; ++row) {
      at[inner - 1] = add(indices[inner - 1], index(row));
      store(square[row], memref, at, inner, mask);
    }
  }
}

void LaneBuilder::forEach(Value extent, int64_t step,
                          function_ref<void(Value)> body) {
  auto loop = scf::ForOp::create(b, loc, index(0), extent, index(step));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
}

void LaneBuilder::ifNotZero(Value count, function_ref<void()> body) {
  if (std::optional<int64_t> known = getConstantIntValue(count)) {
    if (*known != 0)
      body();
    return;
  }
  Value some =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, count, index(0));
  auto guarded = scf::IfOp::create(b, loc, some, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(guarded.thenBlock());
  body();
}

void LaneBuilder::forEachVector(Value extent,
                                function_ref<void(Value, Value)> body) {
  std::optional<int64_t> known = getConstantIntValue(extent);
  Value full = floorTo(extent, lanes);
  if (known && *known / lanes <= kUnrolledVectors) {
    for (int64_t j = 0; j + lanes <= *known; j += lanes)
      body(index(j), {});
  } else {
    forEach(full, lanes, [&](Value j) { body(j, {}); });
  }
  Value rest = sub(extent, full);
  ifNotZero(rest, [&] { body(full, maskBelow(rest)); });
}
