//===- VectorUtils.cpp - shared helpers of the vectorising passes ---------===//

#include "passes/Transforms/VectorUtils.h"

#include "dialect/SeqcDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace seqc;
using namespace seqc::passes;

//===----------------------------------------------------------------------===//
// Machine and schedule
//===----------------------------------------------------------------------===//

template <typename AttrTy>
static AttrTy findAttr(Operation *op, StringRef name) {
  for (; op; op = op->getParentOp())
    if (auto attr = op->getAttrOfType<AttrTy>(name))
      return attr;
  return {};
}

VectorTarget seqc::passes::getVectorTarget(Operation *op) {
  VectorTarget target;
  auto attr = findAttr<ir::TargetAttr>(op, ir::names::kTarget);
  if (!attr)
    return target;
  target.lanes = std::max<int64_t>(attr.lanes(), 1);
  target.registers = attr.getVectorRegisters();
  target.fma = attr.getFma();
  target.avx512 = attr.getIsa() == "avx512";
  return target;
}

MicroTile seqc::passes::getMicroTile(Operation *op,
                                     const VectorTarget &target) {
  MicroTile micro{target.registers >= 32 ? 8 : 4, 3, 4};
  if (auto attr = findAttr<ir::ScheduleAttr>(op, ir::names::kSchedule)) {
    if (attr.getRegisterRows() > 0)
      micro.rows = attr.getRegisterRows();
    if (attr.getRegisterVectors() > 0)
      micro.vectors = attr.getRegisterVectors();
    if (attr.getUnroll() > 0)
      micro.unroll = attr.getUnroll();
  }
  // Accumulators, one row of B and one broadcast element have to fit.
  while (micro.rows > 1 &&
         (micro.rows + 1) * micro.vectors + 1 > target.registers)
    --micro.rows;
  while (micro.vectors > 1 &&
         (micro.rows + 1) * micro.vectors + 1 > target.registers)
    --micro.vectors;
  return micro;
}

//===----------------------------------------------------------------------===//
// Values and extents
//===----------------------------------------------------------------------===//

Value seqc::passes::indexConstant(OpBuilder &builder, Location loc,
                                  int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

Value seqc::passes::indexValue(OpBuilder &builder, Location loc,
                               OpFoldResult value) {
  if (std::optional<int64_t> known = getConstantIntValue(value))
    return indexConstant(builder, loc, *known);
  return cast<Value>(value);
}

Value seqc::passes::splatConstant(OpBuilder &builder, Location loc, Type type,
                                  double value) {
  Type element = getElementTypeOrSelf(type);
  TypedAttr attr;
  if (auto floatType = dyn_cast<FloatType>(element))
    attr = builder.getFloatAttr(floatType, value);
  else
    attr = builder.getIntegerAttr(element, static_cast<int64_t>(value));
  if (auto vectorType = dyn_cast<VectorType>(type))
    attr = DenseElementsAttr::get(vectorType, attr);
  return arith::ConstantOp::create(builder, loc, attr);
}

SmallVector<OpFoldResult> seqc::passes::loopExtents(OpBuilder &builder,
                                                    linalg::LinalgOp op) {
  Location loc = op.getLoc();
  SmallVector<OpFoldResult> extents(op.getNumLoops());
  for (unsigned dim = 0, end = op.getNumLoops(); dim < end; ++dim) {
    Value source;
    unsigned sourcePosition = 0;
    for (OpOperand &operand : op->getOpOperands()) {
      auto type = dyn_cast<MemRefType>(operand.get().getType());
      std::optional<unsigned> position =
          positionOf(op.getMatchingIndexingMap(&operand), dim);
      if (!type || !position)
        continue;
      if (!source || !type.isDynamicDim(*position)) {
        source = operand.get();
        sourcePosition = *position;
      }
    }
    assert(source && "a loop dimension that no operand has");
    extents[dim] = memref::getMixedSize(builder, loc, source, sourcePosition);
  }
  return extents;
}

std::optional<unsigned> seqc::passes::positionOf(AffineMap map, unsigned dim) {
  for (auto [position, expr] : llvm::enumerate(map.getResults()))
    if (auto dimExpr = dyn_cast<AffineDimExpr>(expr);
        dimExpr && dimExpr.getPosition() == dim)
      return position;
  return std::nullopt;
}

bool seqc::passes::isSimpleAccess(AffineMap map) {
  llvm::SmallDenseSet<unsigned> seen;
  for (AffineExpr expr : map.getResults()) {
    if (isa<AffineConstantExpr>(expr))
      continue;
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (!dim || !seen.insert(dim.getPosition()).second)
      return false;
  }
  return true;
}

SmallVector<Value> seqc::passes::accessIndices(OpBuilder &builder, Location loc,
                                               AffineMap map,
                                               ArrayRef<Value> ivs) {
  SmallVector<Value> indices;
  for (AffineExpr expr : map.getResults()) {
    if (auto constant = dyn_cast<AffineConstantExpr>(expr))
      indices.push_back(indexConstant(builder, loc, constant.getValue()));
    else
      indices.push_back(ivs[cast<AffineDimExpr>(expr).getPosition()]);
  }
  return indices;
}

bool seqc::passes::isContiguous(MemRefType type, unsigned position) {
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(type.getStridesAndOffset(strides, offset)))
    return false;
  return strides[position] == 1 && strides.back() == 1;
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

void seqc::passes::emitLoopNest(OpBuilder &builder, Location loc,
                                ArrayRef<OpFoldResult> extents,
                                ArrayRef<unsigned> dims,
                                MutableArrayRef<Value> ivs, BodyFn body) {
  if (dims.empty())
    return body(builder);
  unsigned dim = dims.front();
  Value zero = indexConstant(builder, loc, 0);
  if (isConstantIntValue(extents[dim], 1)) {
    ivs[dim] = zero;
    return emitLoopNest(builder, loc, extents, dims.drop_front(), ivs, body);
  }
  auto loop = scf::ForOp::create(builder, loc, zero,
                                 indexValue(builder, loc, extents[dim]),
                                 indexConstant(builder, loc, 1));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  ivs[dim] = loop.getInductionVar();
  emitLoopNest(builder, loc, extents, dims.drop_front(), ivs, body);
}

Value seqc::passes::laneMask(OpBuilder &builder, Location loc, int64_t lanes,
                             OpFoldResult count) {
  auto type = VectorType::get(lanes, builder.getI1Type());
  if (std::optional<int64_t> known = getConstantIntValue(count))
    return vector::ConstantMaskOp::create(
        builder, loc, type,
        ArrayRef<int64_t>{std::clamp<int64_t>(*known, 0, lanes)});
  return vector::CreateMaskOp::create(builder, loc, type,
                                      ValueRange{cast<Value>(count)});
}

static void emitLaneLoop(OpBuilder &builder, Location loc, Value upper,
                         int64_t lanes,
                         function_ref<void(OpBuilder &, Value)> body) {
  auto loop = scf::ForOp::create(builder, loc, indexConstant(builder, loc, 0),
                                 upper, indexConstant(builder, loc, lanes));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  body(builder, loop.getInductionVar());
}

/// So few blocks are no loop: around one of them, bodies share what they load.
static constexpr int64_t kMaxLaneBlocks = 4;

void seqc::passes::emitLaneBlocks(OpBuilder &builder, Location loc,
                                  OpFoldResult extent, int64_t lanes,
                                  bool oneBody, LaneBlockFn body) {
  if (std::optional<int64_t> known = getConstantIntValue(extent)) {
    int64_t full = *known - *known % lanes;
    if (full <= kMaxLaneBlocks * lanes)
      for (int64_t base = 0; base < full; base += lanes)
        body(builder, indexConstant(builder, loc, base), {});
    else
      emitLaneLoop(
          builder, loc, indexConstant(builder, loc, full), lanes,
          [&](OpBuilder &inner, Value base) { body(inner, base, {}); });
    if (full != *known)
      body(builder, indexConstant(builder, loc, full),
           laneMask(builder, loc, lanes, builder.getIndexAttr(*known - full)));
    return;
  }
  Value end = cast<Value>(extent);
  auto masked = [&](OpBuilder &inner, Value base) {
    Value count = arith::SubIOp::create(inner, loc, end, base);
    body(inner, base, laneMask(inner, loc, lanes, count));
  };
  if (oneBody)
    return emitLaneLoop(builder, loc, end, lanes, masked);
  Value width = indexConstant(builder, loc, lanes);
  Value rest = arith::RemUIOp::create(builder, loc, end, width);
  Value full = arith::SubIOp::create(builder, loc, end, rest);
  emitLaneLoop(builder, loc, full, lanes,
               [&](OpBuilder &inner, Value base) { body(inner, base, {}); });
  Value ragged = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne,
                                       rest, indexConstant(builder, loc, 0));
  auto tail = scf::IfOp::create(builder, loc, ragged, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(tail.thenBlock());
  masked(builder, full);
}

//===----------------------------------------------------------------------===//
// Vectors of lanes
//===----------------------------------------------------------------------===//

Value seqc::passes::widen(OpBuilder &builder, Location loc, Value value,
                          int64_t lanes) {
  if (isa<VectorType>(value.getType()))
    return value;
  if (value.getType().isIndex())
    value =
        arith::IndexCastOp::create(builder, loc, builder.getI32Type(), value);
  return vector::BroadcastOp::create(
      builder, loc, VectorType::get(lanes, value.getType()), value);
}

Value seqc::passes::laneNumbers(OpBuilder &builder, Location loc, int64_t lanes,
                                int64_t step) {
  SmallVector<int32_t> numbers;
  for (int64_t lane = 0; lane < lanes; ++lane)
    numbers.push_back(static_cast<int32_t>(lane * step));
  return arith::ConstantOp::create(
      builder, loc,
      DenseElementsAttr::get(VectorType::get(lanes, builder.getI32Type()),
                             ArrayRef<int32_t>(numbers)));
}

static Value orAllLanes(OpBuilder &builder, Location loc, int64_t lanes,
                        Value mask) {
  return mask ? mask
              : laneMask(builder, loc, lanes, builder.getIndexAttr(lanes));
}

/// A view of all elements of `memref` with stride 1, and its strides.
static Value flatten(OpBuilder &builder, Location loc, Value memref,
                     SmallVectorImpl<OpFoldResult> &strides) {
  auto type = cast<MemRefType>(memref.getType());
  auto metadata =
      memref::ExtractStridedMetadataOp::create(builder, loc, memref);
  strides = metadata.getConstifiedMixedStrides();
  auto layout =
      StridedLayoutAttr::get(builder.getContext(), ShapedType::kDynamic, {1});
  auto flatType = MemRefType::get({ShapedType::kDynamic}, type.getElementType(),
                                  layout, type.getMemorySpace());
  // The extent is never asked for: any value that covers the source will do.
  Value size = indexConstant(builder, loc, std::numeric_limits<int32_t>::max());
  return memref::ReinterpretCastOp::create(
      builder, loc, flatType, metadata.getBaseBuffer(),
      OpFoldResult(metadata.getOffset()), ArrayRef<OpFoldResult>{size},
      ArrayRef<OpFoldResult>{builder.getIndexAttr(1)});
}

/// Splits an access into a flat view, a uniform offset and a vector of offsets.
struct FlatAccess {
  Value memref;
  Value offset;
  Value lanes;
};
static FlatAccess flatAccess(OpBuilder &builder, Location loc, Value memref,
                             ValueRange indices, int64_t lanes) {
  SmallVector<OpFoldResult> strides;
  FlatAccess access;
  access.memref = flatten(builder, loc, memref, strides);
  access.offset = indexConstant(builder, loc, 0);
  for (auto [index, stride] : llvm::zip_equal(indices, strides)) {
    Value factor = indexValue(builder, loc, stride);
    if (!isa<VectorType>(index.getType())) {
      Value term = arith::MulIOp::create(builder, loc, index, factor);
      access.offset = arith::AddIOp::create(builder, loc, access.offset, term);
      continue;
    }
    Value term = arith::MulIOp::create(builder, loc, index,
                                       widen(builder, loc, factor, lanes));
    access.lanes = access.lanes
                       ? arith::AddIOp::create(builder, loc, access.lanes, term)
                             .getResult()
                       : term;
  }
  return access;
}

Value seqc::passes::gatherElements(OpBuilder &builder, Location loc,
                                   Value memref, ValueRange indices,
                                   int64_t lanes, Value mask) {
  auto type = cast<MemRefType>(memref.getType());
  auto vectorType = VectorType::get(lanes, type.getElementType());
  mask = orAllLanes(builder, loc, lanes, mask);
  Value zero = splatConstant(builder, loc, vectorType, 0);
  if (type.getRank() == 1 && isContiguous(type, 0))
    return vector::GatherOp::create(builder, loc, vectorType, memref,
                                    ValueRange{indexConstant(builder, loc, 0)},
                                    indices[0], mask, zero);
  FlatAccess access = flatAccess(builder, loc, memref, indices, lanes);
  return vector::GatherOp::create(builder, loc, vectorType, access.memref,
                                  ValueRange{access.offset}, access.lanes, mask,
                                  zero);
}

/// Indices with the one of dimension `position` split off as lane numbers.
static FlatAccess laneAccess(OpBuilder &builder, Location loc, Value memref,
                             ValueRange indices, unsigned position,
                             int64_t lanes) {
  SmallVector<OpFoldResult> strides;
  FlatAccess access;
  access.memref = flatten(builder, loc, memref, strides);
  access.offset = indexConstant(builder, loc, 0);
  for (auto [index, stride] : llvm::zip_equal(indices, strides)) {
    Value term = arith::MulIOp::create(builder, loc, index,
                                       indexValue(builder, loc, stride));
    access.offset = arith::AddIOp::create(builder, loc, access.offset, term);
  }
  if (std::optional<int64_t> stride = getConstantIntValue(strides[position])) {
    access.lanes = laneNumbers(builder, loc, lanes, *stride);
    return access;
  }
  Value stride = widen(builder, loc, cast<Value>(strides[position]), lanes);
  access.lanes = arith::MulIOp::create(
      builder, loc, laneNumbers(builder, loc, lanes), stride);
  return access;
}

/// Which of each pair the access reads, if `memref` is [.., n, 2], dense in
/// both, and lanes run over the pairs.
static std::optional<int64_t> pairElement(Value memref, ValueRange indices,
                                          unsigned position) {
  auto type = cast<MemRefType>(memref.getType());
  int64_t rank = type.getRank();
  SmallVector<int64_t> strides;
  int64_t offset;
  if (rank < 2 || int64_t(position) != rank - 2 ||
      type.getDimSize(rank - 1) != 2 ||
      failed(type.getStridesAndOffset(strides, offset)) ||
      strides[rank - 1] != 1 || strides[rank - 2] != 2)
    return std::nullopt;
  return getConstantIntValue(OpFoldResult(indices.back()));
}

/// Every second element of two neighbouring vectors: a third of a gather's
/// time.
static Value loadPairs(OpBuilder &builder, Location loc, Value memref,
                       ValueRange indices, int64_t lanes, Value mask,
                       int64_t element) {
  auto type = cast<MemRefType>(memref.getType());
  auto vectorType = VectorType::get(lanes, type.getElementType());
  SmallVector<Value> halves, position(indices);
  position.back() = indexConstant(builder, loc, 0);
  for (int64_t half : {0, 1}) {
    if (half)
      position[position.size() - 2] =
          arith::AddIOp::create(builder, loc, position[position.size() - 2],
                                indexConstant(builder, loc, lanes / 2));
    if (!mask) {
      halves.push_back(
          vector::LoadOp::create(builder, loc, vectorType, memref, position));
      continue;
    }
    SmallVector<int64_t> twice;
    for (int64_t lane = 0; lane < lanes; ++lane)
      twice.push_back(half * lanes / 2 + lane / 2);
    Value both = vector::ShuffleOp::create(builder, loc, mask, mask, twice);
    halves.push_back(vector::MaskedLoadOp::create(
        builder, loc, vectorType, memref, position, both,
        splatConstant(builder, loc, vectorType, 0)));
  }
  SmallVector<int64_t> alternate;
  for (int64_t lane = 0; lane < lanes; ++lane)
    alternate.push_back(2 * lane + element);
  return vector::ShuffleOp::create(builder, loc, halves[0], halves[1],
                                   alternate);
}

Value seqc::passes::loadLanes(OpBuilder &builder, Location loc, Value memref,
                              ValueRange indices, unsigned position,
                              int64_t lanes, Value mask) {
  auto type = cast<MemRefType>(memref.getType());
  auto vectorType = VectorType::get(lanes, type.getElementType());
  if (isContiguous(type, position)) {
    if (!mask)
      return vector::LoadOp::create(builder, loc, vectorType, memref, indices);
    return vector::MaskedLoadOp::create(
        builder, loc, vectorType, memref, indices, mask,
        splatConstant(builder, loc, vectorType, 0));
  }
  if (std::optional<int64_t> element = pairElement(memref, indices, position);
      element && lanes % 2 == 0)
    return loadPairs(builder, loc, memref, indices, lanes, mask, *element);
  FlatAccess access =
      laneAccess(builder, loc, memref, indices, position, lanes);
  return vector::GatherOp::create(builder, loc, vectorType, access.memref,
                                  ValueRange{access.offset}, access.lanes,
                                  orAllLanes(builder, loc, lanes, mask),
                                  splatConstant(builder, loc, vectorType, 0));
}

void seqc::passes::storeLanes(OpBuilder &builder, Location loc, Value vector,
                              Value memref, ValueRange indices,
                              unsigned position, Value mask) {
  auto type = cast<MemRefType>(memref.getType());
  int64_t lanes = cast<VectorType>(vector.getType()).getDimSize(0);
  if (isContiguous(type, position)) {
    if (mask)
      vector::MaskedStoreOp::create(builder, loc, memref, indices, mask,
                                    vector);
    else
      vector::StoreOp::create(builder, loc, vector, memref, indices);
    return;
  }
  FlatAccess access =
      laneAccess(builder, loc, memref, indices, position, lanes);
  vector::ScatterOp::create(builder, loc, /*resultType=*/Type(), access.memref,
                            ValueRange{access.offset}, access.lanes,
                            orAllLanes(builder, loc, lanes, mask), vector);
}

void seqc::passes::lowerToScalarLoops(linalg::LinalgOp op) {
  IRRewriter rewriter(op);
  // Cannot fail on memrefs with the accesses that the passes let through.
  if (succeeded(linalg::linalgOpToLoops(rewriter, op)))
    rewriter.eraseOp(op);
}
