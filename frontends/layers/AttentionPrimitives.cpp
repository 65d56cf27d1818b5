//===- AttentionPrimitives.cpp - windowed attention -----------------------===//

#include "frontends/layers/LayerBuilder.h"

#include "frontends/layers/GeneratedWeights.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <cmath>

using namespace mlir;
using namespace seqc;
using namespace seqc::frontend;

static constexpr int64_t kAny = ShapedType::kDynamic;

//===----------------------------------------------------------------------===//
// Positions and past keys
//===----------------------------------------------------------------------===//

Value LayerBuilder::positionsOf(const RowSpace *space) {
  Value positions = builtin("positions");
  if (!space->index)
    return positions;
  Value out = empty({kAny}, space->extent, b.getI32Type());
  return ir::GatherRowsOp::create(b, out.getType(), positions, space->index,
                                  out)
      .getResult();
}

Value LayerBuilder::rotaryTable(const AttendConfig &config, int64_t width,
                                const char *part) {
  int64_t pairs = width / 2;
  return generatedWeight(
      rotaryTableName(config.theta, config.maxPositions, pairs, part),
      {config.maxPositions, pairs});
}

/// First (0) or one past the last (1) row of each sequence.
Value LayerBuilder::borders(Value offsets, int64_t first) {
  SmallVector<OpFoldResult> offset = {b.getIndexAttr(first)},
                            size = {sequenceCount},
                            stride = {b.getIndexAttr(1)};
  return tensor::ExtractSliceOp::create(b, offsets, offset, size, stride);
}

/// count + rows of each sequence.
Value LayerBuilder::countAfter(const RowSpace *space, Value count) {
  Value begin = borders(space->offsets, 0), end = borders(space->offsets, 1);
  AffineMap identity = b.getMultiDimIdentityMap(1);
  Value out = empty({kAny}, sequenceCount, b.getI32Type());
  return elementwise({count, begin, end}, {identity, identity, identity}, out,
                     [](ImplicitLocOpBuilder &in, ValueRange v) -> Value {
                       Value rows = arith::SubIOp::create(in, v[2], v[1]);
                       return arith::AddIOp::create(in, v[0], rows);
                     });
}

//===----------------------------------------------------------------------===//
// Heads
//===----------------------------------------------------------------------===//

/// [n, heads * w] as [heads, n, w].
Value LayerBuilder::splitHeads(Rows x, int64_t heads) {
  int64_t width = x.width() / heads;
  auto apart = RankedTensorType::get({kAny, heads, width}, b.getF32Type());
  SmallVector<ReassociationIndices> axes = {{0}, {1, 2}};
  SmallVector<OpFoldResult> extents = {x.space->extent, b.getIndexAttr(heads),
                                       b.getIndexAttr(width)};
  Value rows = tensor::ExpandShapeOp::create(b, apart, x.value, axes, extents);
  Value out = empty({heads, kAny, width}, x.space->extent);
  return linalg::TransposeOp::create(b, rows, out, ArrayRef<int64_t>{1, 0, 2})
      ->getResult(0);
}

/// The inverse of splitHeads.
Value LayerBuilder::joinHeads(Value x, const RowSpace *space, int64_t heads) {
  int64_t width = cast<RankedTensorType>(x.getType()).getDimSize(2);
  Value out = empty({kAny, heads, width}, space->extent);
  Value rows =
      linalg::TransposeOp::create(b, x, out, ArrayRef<int64_t>{1, 0, 2})
          ->getResult(0);
  SmallVector<ReassociationIndices> axes = {{0}, {1, 2}};
  return tensor::CollapseShapeOp::create(b, rows, axes);
}

/// Whether heads of one width come out; reports why not.
bool LayerBuilder::checkHeads(Rows query, Rows key, Rows value,
                              const AttendConfig &config) {
  auto divides = [&](Rows rows, const char *what, int64_t heads) {
    if (rows.width() % heads == 0)
      return true;
    if (!guessed)
      error(std::string("expected ") + what + " of " + std::to_string(heads) +
            " equal heads, got a width of " + std::to_string(rows.width()));
    return false;
  };
  if (!divides(query, "queries", config.heads) ||
      !divides(key, "keys", config.keyHeads) ||
      !divides(value, "values", config.keyHeads))
    return false;
  int64_t wanted = query.width() / config.heads,
          found = key.width() / config.keyHeads;
  if (wanted == found)
    return true;
  if (!guessed)
    error("expected heads of one width, got queries of " +
          std::to_string(wanted) + " and keys of " + std::to_string(found));
  return false;
}

//===----------------------------------------------------------------------===//
// What a window counts
//===----------------------------------------------------------------------===//

/// i32 []: rows of the sequence that has most.
Value LayerBuilder::longest(Value offsets) {
  Value begin = borders(offsets, 0), end = borders(offsets, 1);
  Value none = arith::ConstantOp::create(b, b.getI32IntegerAttr(0));
  Value out = linalg::FillOp::create(b, ValueRange(none),
                                     ValueRange(empty({}, {}, b.getI32Type())))
                  .getResult(0);
  AffineMap each = b.getMultiDimIdentityMap(1);
  return linalg::GenericOp::create(
             b, TypeRange(out.getType()), ValueRange({begin, end}),
             ValueRange(out),
             ArrayRef<AffineMap>{each, each,
                                 AffineMap::get(1, 0, b.getContext())},
             ArrayRef{utils::IteratorType::reduction},
             [](OpBuilder &nested, Location loc, ValueRange v) {
               Value rows = arith::SubIOp::create(nested, loc, v[1], v[0]);
               Value most = arith::MaxSIOp::create(nested, loc, rows, v[2]);
               linalg::YieldOp::create(nested, loc, most);
             })
      .getResult(0);
}

/// `full` if a sequence has as many rows in the space as the longest has
/// tokens, else `other`: one sequence decides for the batch.
Rows LayerBuilder::selectByBatch(Rows full, Rows other) {
  AffineMap rows = b.getMultiDimIdentityMap(2);
  AffineMap scalar = AffineMap::get(2, 0, b.getContext());
  Value most = longest(full.space->offsets), all = longest(allRows().offsets);
  return rowwise(full.space, full.width(), {full.value, other.value, most, all},
                 {rows, rows, scalar, scalar},
                 [](ImplicitLocOpBuilder &in, ValueRange v) -> Value {
                   Value isFull = arith::CmpIOp::create(
                       in, arith::CmpIPredicate::eq, v[2], v[3]);
                   return arith::SelectOp::create(in, isFull, v[0], v[1]);
                 });
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

static ir::ScoreKind scoreKind(AttendConfig::Score score) {
  switch (score) {
  case AttendConfig::Score::Softmax:
    return ir::ScoreKind::Softmax;
  case AttendConfig::Score::Relu:
    return ir::ScoreKind::Relu;
  case AttendConfig::Score::Relu2:
    return ir::ScoreKind::Relu2;
  case AttendConfig::Score::Laplace:
    return ir::ScoreKind::Laplace;
  }
  llvm_unreachable("all scores are listed");
}

/// softmax: z^-1/2; the others: one over the keys of a full window on one or
/// both sides, whatever the number of keys that a query really sees.
static double scoreScale(const AttendConfig &config, int64_t width) {
  if (config.scale != 0)
    return config.scale;
  if (config.score == AttendConfig::Score::Softmax)
    return 1 / std::sqrt(static_cast<double>(width));
  return 1.0 /
         static_cast<double>(config.window * (config.bidirectional ? 2 : 1));
}

LayerBuilder::Ring LayerBuilder::ringState(int64_t window, int64_t keyWidth,
                                           int64_t valueWidth) {
  Ring ring;
  ring.key = state("ring_k", {kAny, window, keyWidth}, b.getF32Type());
  ring.value = state("ring_v", {kAny, window, valueWidth}, b.getF32Type());
  ring.positions = state("ring_pos", {kAny, window}, b.getI32Type());
  ring.count = state("count", {kAny}, b.getI32Type());
  return ring;
}

/// Comes after every read of the old ring.
void LayerBuilder::pushRing(const Ring &ring, const RowSpace *space, Value keys,
                            Value values, Value positions) {
  auto push = [&](Value old, Value rows) {
    auto op = ir::RingPushOp::create(b, old.getType(), rows, space->offsets,
                                     ring.count, old);
    setState(old, op.getResult());
  };
  push(ring.key, keys);
  push(ring.value, values);
  push(ring.positions, positions);
  setState(ring.count, countAfter(space, ring.count));
}

/// What the forms of one attention have in common; with several heads these
/// are apart in `query`, `key` and `value`.
struct LayerBuilder::AttendOperands {
  const AttendConfig &config;
  const RowSpace *space;
  int64_t keyWidth, valueWidth; ///< of a head
  Value query = {}, key = {}, value = {}, positions = {};
  Value cosines = {}, sines = {}, table = {};
  ir::BiasKind bias = ir::BiasKind::None;
  Ring ring = {};
};

/// The window counts positions, or rows.
Rows LayerBuilder::attendOver(const AttendOperands &o, bool byPosition) {
  using Bias = AttendConfig::Bias;
  const AttendConfig &config = o.config;
  int64_t heads = config.heads, w = config.window;
  bool needsPositions = byPosition || config.bias == Bias::Rotary ||
                        config.bias == Bias::Position;
  SmallVector<int64_t> shape = {kAny, o.valueWidth};
  if (heads > 1)
    shape.insert(shape.begin(), heads);
  Value out = empty(shape, o.space->extent);
  double scale = scoreScale(config, o.keyWidth);
  Value result =
      ir::AttendOp::create(
          b, out.getType(), o.query, o.key, o.value, o.space->offsets,
          needsPositions ? o.positions : Value(), o.cosines, o.sines, o.table,
          o.ring.key, o.ring.value, o.ring.count,
          needsPositions ? o.ring.positions : Value(), out, Value(), Value(),
          Value(), Value(), scoreKind(config.score), w,
          config.bidirectional ? w : 0, APFloat(static_cast<float>(scale)),
          o.bias, config.bias == Bias::Rank ? 4 * w - 1 : 0, byPosition)
          .getResult();
  return {heads > 1 ? joinHeads(result, o.space, heads) : result, o.space};
}

/// Whether these rows can be attended; reports why not.
bool LayerBuilder::checkAttend(Rows query, Rows key, Rows value,
                               const AttendConfig &config) {
  if (value.space != query.space || key.space != query.space) {
    error("expected queries, keys and values with the same rows");
    return false;
  }
  if (mask && query.space == &allRows()) {
    error("an attention over all rows would see those at padding; expected "
          "activated rows, or an input without 'mask'");
    return false;
  }
  if (!checkHeads(query, key, value, config))
    return false;
  int64_t z = key.width() / config.keyHeads;
  if (config.bias == AttendConfig::Bias::Rotary && z % 2 != 0) {
    error("expected an even key width for rotary positions, got " +
          std::to_string(z));
    return false;
  }
  return true;
}

/// Tables of positions, of angles or of biases.
void LayerBuilder::addTables(AttendOperands &o) {
  using Bias = AttendConfig::Bias;
  const AttendConfig &config = o.config;
  if (config.bias == Bias::Rotary) {
    o.cosines = rotaryTable(config, o.keyWidth, "cos");
    o.sines = rotaryTable(config, o.keyWidth, "sin");
    maxPositions = maxPositions < 0
                       ? config.maxPositions
                       : std::min(maxPositions, config.maxPositions);
  } else if (config.bias == Bias::Position) {
    o.bias = ir::BiasKind::Position;
    o.table = weight(config.table, {2 * config.maxPositions - 1});
  } else if (config.bias == Bias::Rank) {
    o.bias = ir::BiasKind::Rank;
    o.table = weight(config.table, {6 * config.window - 1});
  }
}

Rows LayerBuilder::attend(Rows query, Rows key, Rows value,
                          const AttendConfig &config) {
  using Bias = AttendConfig::Bias;
  using Over = AttendConfig::WindowOver;
  if (!checkAttend(query, key, value, config))
    return value;
  bool carried = streamable && config.isStreamable();
  AttendOperands o{config, query.space, key.width() / config.keyHeads,
                   value.width() / config.keyHeads};
  if (config.bias == Bias::Rotary || config.bias == Bias::Position ||
      config.windowOver != Over::Rows || carried)
    o.positions = positionsOf(o.space);
  addTables(o);
  if (carried)
    o.ring = ringState(config.window, o.keyWidth, o.valueWidth);
  auto apart = [&](Rows rows, int64_t heads) {
    return config.heads > 1 ? splitHeads(rows, heads) : rows.value;
  };
  o.query = apart(query, config.heads);
  o.key = apart(key, config.keyHeads);
  o.value = apart(value, config.keyHeads);
  Rows result = attendOver(o, config.windowOver == Over::Positions);
  if (config.windowOver == Over::Batch)
    result = selectByBatch(attendOver(o, /*byPosition=*/true), result);
  if (carried)
    pushRing(o.ring, o.space, key.value, value.value, o.positions);
  return result;
}
