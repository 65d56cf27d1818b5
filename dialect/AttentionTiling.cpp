//===- AttentionTiling.cpp - tiles of attention ---------------------------===//

#include "dialect/TilingSupport.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

#include <limits>

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

namespace {
/// The loops: heads, where there are any, columns of the values, keys.
struct Loops {
  explicit Loops(AttendOp op) : heads(op.hasHeads()) {}
  bool heads;
  int column() const { return heads ? 1 : 0; }
  int keys() const { return column() + 1; }
};
} // namespace

/// Keys are no axis of an operand: a tile sees all of them, or a range by rank.
/// Key heads that are shared stay whole here, see keepKeyHead.
static TileAxes axesOf(AttendOp op) {
  Loops loops(op);
  bool heads = loops.heads;
  TileAxes axes;
  if (heads)
    axes.loops.push_back({IteratorType::parallel, {0, 0}});
  axes.loops.push_back({IteratorType::parallel, {2, heads ? 2u : 1u}});
  axes.loops.push_back({IteratorType::reduction, {0, heads ? 1u : 0u}});
  if (op.hasPast())
    axes.loops.back().more = {
        op.getPastKeyMutable().begin()->getOperandNumber(), 1};
  for (Value operand : op->getOperands()) {
    auto type = dyn_cast<ShapedType>(operand.getType());
    axes.operands.push_back(
        SmallVector<int>(type ? type.getRank() : 0, kWhole));
  }
  auto set = [&](OpOperand &operand, int axis, int loop) {
    SmallVector<int> &loopsOf = axes.operands[operand.getOperandNumber()];
    loopsOf[axis < 0 ? loopsOf.size() + axis : axis] = loop;
  };
  set(op.getValueMutable(), -1, loops.column());
  set(op.getOutMutable(), -1, loops.column());
  if (op.hasPast())
    set(*op.getPastValueMutable().begin(), -1, loops.column());
  if (!heads)
    return axes;
  set(op.getQueryMutable(), 0, 0);
  set(op.getOutMutable(), 0, 0);
  if (op.isOpen()) {
    set(*op.getMaximumMutable().begin(), 0, 0);
    set(*op.getTotalMutable().begin(), 0, 0);
  }
  if (headsPerKeyHead(op) > 1)
    return axes;
  set(op.getKeyMutable(), 0, 0);
  set(op.getValueMutable(), 0, 0);
  return axes;
}

SEQC_TILED_OP_METHODS(AttendOp)

//===----------------------------------------------------------------------===//
// Tiles of all keys
//===----------------------------------------------------------------------===//

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

/// attend_t2. Returns how many query heads share a key head if a tile has to
/// pick one, else 0.
static FailureOr<int64_t> checkHeads(AttendOp op, Extents offsets,
                                     Extents sizes) {
  if (!op.hasHeads() || isWholeLoop(op, axesOf(op), 0, offsets[0], sizes[0]))
    return 0;
  std::optional<int64_t> heads = getConstantIntValue(sizes[0]);
  if (!heads)
    return op.emitOpError("expected tiles of a static number of heads");
  int64_t shared = headsPerKeyHead(op);
  if (shared == 1 || extentOf(op.getKey(), 0) == 1)
    return 0;
  if (*heads != 1)
    return op.emitOpError("expected tiles of one head, since ")
           << shared << " heads share a key head, got tiles of " << *heads;
  return shared;
}

FailureOr<TilingResult>
AttendOp::getTiledImplementation(OpBuilder &builder,
                                 ArrayRef<OpFoldResult> offsets,
                                 ArrayRef<OpFoldResult> sizes) {
  // attend_t3
  int keys = Loops(*this).keys();
  if (!isWholeLoop(*this, axesOf(*this), keys, offsets[keys], sizes[keys]))
    return emitOpError("expected tiles with all keys, or a partial reduction");
  FailureOr<int64_t> shared = checkHeads(*this, offsets, sizes);
  if (failed(shared))
    return failure();
  FailureOr<TilingResult> result =
      tileOperands(cast<DestinationStyleOpInterface>(getOperation()),
                   axesOf(*this), builder, offsets, sizes);
  if (succeeded(result) && *shared)
    keepKeyHead(builder, cast<AttendOp>(result->tiledOps.front()), offsets[0],
                *shared);
  return result;
}

//===----------------------------------------------------------------------===//
// Parts of the keys
//===----------------------------------------------------------------------===//

/// attend_t3: keys are the only reduction.
static LogicalResult checkParts(AttendOp op) {
  if (op.isOpen() || op.hasKeyRange())
    return op.emitOpError("expected all keys to make parts of, got a part");
  return success();
}

/// Destinations of a part: of the rows, and for softmax their maxima and
/// totals.
static unsigned partialsOf(AttendOp op) {
  return op.getScore() == ScoreKind::Softmax ? 3 : 1;
}

/// Where the tile of destination `index` is: parts, heads, rows, columns. Asked
/// of the inputs, for upstream's loops ask a copy of the op that has the
/// partial results as its destination.
static void positionOfPart(AttendOp op, OpBuilder &builder, unsigned index,
                           Extents offsets, Extents sizes, OpFoldResult part,
                           SmallVector<OpFoldResult> &at,
                           SmallVector<OpFoldResult> &extent) {
  OpFoldResult zero = builder.getIndexAttr(0);
  Loops loops(op);
  at = {part};
  extent = {builder.getIndexAttr(1)};
  if (loops.heads) {
    at.push_back(offsets[0]);
    extent.push_back(sizes[0]);
  }
  at.push_back(zero);
  extent.push_back(tensor::getMixedSize(builder, op.getLoc(), op.getQuery(),
                                        loops.heads ? 1 : 0));
  if (index > 0)
    return;
  at.push_back(offsets[loops.column()]);
  extent.push_back(sizes[loops.column()]);
}

FailureOr<SmallVector<Value>>
AttendOp::generateInitialTensorForPartialReduction(
    OpBuilder &builder, Location loc, ArrayRef<OpFoldResult> sizes,
    const llvm::SetVector<unsigned> &reductions) {
  if (failed(checkParts(*this)))
    return failure();
  SmallVector<OpFoldResult> shape =
      tensor::getMixedSizes(builder, loc, getOut());
  shape.insert(shape.begin(), sizes[reductions.front()]);
  // A part writes all of its destinations.
  SmallVector<Value> tensors;
  for (unsigned i = 0; i < partialsOf(*this); ++i) {
    tensors.push_back(
        tensor::EmptyOp::create(builder, loc, shape, builder.getF32Type()));
    if (i == 0)
      shape.pop_back();
  }
  return tensors;
}

LogicalResult AttendOp::getPartialResultTilePosition(
    OpBuilder &builder, unsigned result, ReductionTilingStrategy,
    ArrayRef<OpFoldResult> offsets, ArrayRef<OpFoldResult> sizes,
    const llvm::SetVector<unsigned> &reductions, ArrayRef<OpFoldResult> parts,
    SmallVector<OpFoldResult> &resultOffsets,
    SmallVector<OpFoldResult> &resultSizes) {
  positionOfPart(*this, builder, result, offsets, sizes, parts.front(),
                 resultOffsets, resultSizes);
  return success();
}

/// Ranks of the keys with these numbers: those of the past are in front.
static std::pair<Value, Value> ranksOf(AttendOp op, OpBuilder &builder,
                                       OpFoldResult number,
                                       OpFoldResult count) {
  Location loc = op.getLoc();
  OpFoldResult past =
      op.hasPast() ? tensor::getMixedSize(builder, loc, op.getPastKey(), 1)
                   : OpFoldResult(builder.getIndexAttr(0));
  AffineExpr first = builder.getAffineSymbolExpr(0);
  AffineExpr w = builder.getAffineSymbolExpr(1);
  AffineExpr keys = builder.getAffineSymbolExpr(2);
  auto apply = [&](AffineExpr expr) {
    return getValueOrCreateConstantIndexOp(
        builder, loc,
        affine::makeComposedFoldedAffineApply(builder, loc, expr,
                                              {number, past, count}));
  };
  return {apply(first - w), apply(first - w + keys)};
}

FailureOr<TilingResult> AttendOp::tileToPartialReduction(
    OpBuilder &builder, Location loc, ReductionTilingStrategy strategy,
    ValueRange init, ArrayRef<OpFoldResult> offsets,
    ArrayRef<OpFoldResult> sizes, const llvm::SetVector<unsigned> &reductions,
    ArrayRef<OpFoldResult> parts) {
  if (failed(checkParts(*this)))
    return failure();
  if (strategy != ReductionTilingStrategy::PartialReductionOuterParallel)
    return emitOpError("expected the parts of the keys in a parallel loop");
  // Upstream cuts no parallel loop together with parts.
  Loops loops(*this);
  TileAxes axes = axesOf(*this);
  for (int loop = 0; loop < loops.keys(); ++loop)
    if (!isWholeLoop(*this, axes, loop, offsets[loop], sizes[loop]))
      return failure();
  TilingResult result;
  SmallVector<Value> outs(3);
  for (auto [i, tensor] : llvm::enumerate(init)) {
    SmallVector<OpFoldResult> at, extent;
    positionOfPart(*this, builder, i, offsets, sizes, parts.front(), at,
                   extent);
    SmallVector<OpFoldResult> strides(at.size(), builder.getIndexAttr(1));
    auto type = cast<RankedTensorType>(
        tensor::ExtractSliceOp::inferCanonicalRankReducedResultType(
            at.size() - 1, cast<RankedTensorType>(tensor.getType()), extent));
    outs[i] = tensor::ExtractSliceOp::create(builder, loc, type, tensor, at,
                                             extent, strides);
    result.generatedSlices.push_back(outs[i].getDefiningOp());
  }
  auto [from, to] =
      ranksOf(*this, builder, offsets[loops.keys()], sizes[loops.keys()]);
  auto part = AttendOp::create(
      builder, loc, TypeRange(ValueRange(outs).take_front(init.size())),
      getQuery(), getKey(), getValue(), getOffsets(), getPositions(),
      getCosines(), getSines(), getTable(), getPastKey(), getPastValue(),
      getPastCount(), getPastPositions(), outs[0], outs[1], outs[2], from, to,
      getScoreAttr(), getLeftAttr(), getRightAttr(), getScaleAttr(),
      getBiasAttr(), getTableOriginAttr(), getByPositionAttr());
  result.tiledOps = {part};
  result.tiledValues = llvm::to_vector_of<Value>(part->getResults());
  return result;
}

//===----------------------------------------------------------------------===//
// Merging
//===----------------------------------------------------------------------===//

namespace {
/// Generics with one output; loop 0 is over parts where they are summed.
struct Merger {
  using Body = llvm::function_ref<Value(OpBuilder &, Location, ValueRange)>;

  /// Loops [first, end) of `loops`.
  AffineMap map(unsigned loops, unsigned first, unsigned end) {
    AffineMap all = builder.getMultiDimIdentityMap(loops);
    return all.getSliceMap(first, end - first);
  }

  Value filled(Extents shape, double value) {
    Value empty =
        tensor::EmptyOp::create(builder, loc, shape, builder.getF32Type());
    auto scalar = arith::ConstantOp::create(
        builder, loc, builder.getF32FloatAttr(static_cast<float>(value)));
    ops.push_back(
        linalg::FillOp::create(builder, loc, scalar.getResult(), empty));
    return ops.back()->getResult(0);
  }

  Value generic(ValueRange inputs, Value out, ArrayRef<AffineMap> maps,
                bool overParts, Body body) {
    SmallVector<IteratorType> loops(maps.back().getNumDims(),
                                    IteratorType::parallel);
    if (overParts)
      loops.front() = IteratorType::reduction;
    ops.push_back(linalg::GenericOp::create(
        builder, loc, out.getType(), inputs, out, maps, loops,
        [&](OpBuilder &b, Location at, ValueRange args) {
          linalg::YieldOp::create(b, at, body(b, at, args));
        }));
    return ops.back()->getResult(0);
  }

  OpBuilder &builder;
  Location loc;
  SmallVector<Operation *> ops = {};
};
} // namespace

/// args: what a part summed, its maximum, that of all parts, the sum so far.
static Value addRescaled(OpBuilder &b, Location loc, ValueRange args) {
  Value below = arith::SubFOp::create(b, loc, args[1], args[2]);
  Value factor = math::ExpOp::create(b, loc, below);
  Value term = arith::MulFOp::create(b, loc, args[0], factor);
  return arith::AddFOp::create(b, loc, args[3], term);
}

static Value divideOrZero(OpBuilder &b, Location loc, ValueRange args) {
  Value zero =
      arith::ConstantOp::create(b, loc, b.getF32FloatAttr(0)).getResult();
  Value none =
      arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, args[1], zero);
  Value ratio = arith::DivFOp::create(b, loc, args[0], args[1]);
  return arith::SelectOp::create(b, loc, none, zero, ratio);
}

FailureOr<MergeResult>
AttendOp::mergeReductions(OpBuilder &builder, Location loc, ValueRange parts,
                          const llvm::SetVector<unsigned> &) {
  Merger merger{builder, loc};
  SmallVector<OpFoldResult> shape =
      tensor::getMixedSizes(builder, loc, getOut());
  unsigned rank = shape.size();
  AffineMap partOut = merger.map(rank + 1, 0, rank + 1);
  AffineMap out = merger.map(rank + 1, 1, rank + 1);
  if (parts.size() == 1) {
    Value sum =
        merger.generic(parts[0], merger.filled(shape, 0), {partOut, out}, true,
                       [](OpBuilder &b, Location at, ValueRange args) -> Value {
                         return arith::AddFOp::create(b, at, args[1], args[0]);
                       });
    return MergeResult{merger.ops, {sum}};
  }
  Extents queries = Extents(shape).drop_back();
  AffineMap partQuery = merger.map(rank, 0, rank);
  AffineMap query = merger.map(rank, 1, rank);
  Value maximum = merger.generic(
      parts[1], merger.filled(queries, std::numeric_limits<float>::lowest()),
      {partQuery, query}, true,
      [](OpBuilder &b, Location at, ValueRange args) -> Value {
        return arith::MaximumFOp::create(b, at, args[0], args[1]);
      });
  Value total =
      merger.generic({parts[2], parts[1], maximum}, merger.filled(queries, 0),
                     {partQuery, partQuery, query, query}, true, addRescaled);
  Value rows =
      merger.generic({parts[0], parts[1], maximum}, merger.filled(shape, 0),
                     {partOut, merger.map(rank + 1, 0, rank),
                      merger.map(rank + 1, 1, rank), out},
                     true, addRescaled);
  AffineMap all = merger.map(rank, 0, rank);
  Value result = merger.generic({rows, total}, getOut(),
                                {all, merger.map(rank, 0, rank - 1), all},
                                false, divideOrZero);
  return MergeResult{merger.ops, {result}};
}
