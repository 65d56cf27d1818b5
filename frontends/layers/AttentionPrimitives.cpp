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

/// count + rows of each sequence.
Value LayerBuilder::countAfter(const RowSpace *space, Value count) {
  auto borders = [&](int64_t first) -> Value {
    SmallVector<OpFoldResult> offset = {b.getIndexAttr(first)},
                              size = {sequenceCount},
                              stride = {b.getIndexAttr(1)};
    return tensor::ExtractSliceOp::create(b, space->offsets, offset, size,
                                          stride);
  };
  Value begin = borders(0), end = borders(1);
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

Rows LayerBuilder::attend(Rows query, Rows key, Rows value,
                          const AttendConfig &config) {
  using Bias = AttendConfig::Bias;
  if (value.space != query.space || key.space != query.space) {
    error("expected queries, keys and values with the same rows");
    return value;
  }
  if (!checkHeads(query, key, value, config))
    return value;
  const RowSpace *space = query.space;
  int64_t heads = config.heads, z = key.width() / config.keyHeads,
          h = value.width() / config.keyHeads, w = config.window;
  if (config.bias == Bias::Rotary && z % 2 != 0) {
    error("expected an even key width for rotary positions, got " +
          std::to_string(z));
    return value;
  }
  bool carried = streamable && !config.bidirectional && w > 0 && heads == 1;
  bool needsPositions =
      config.bias == Bias::Rotary || config.bias == Bias::Position;
  Value positions = needsPositions || carried ? positionsOf(space) : Value();
  Value cosines, sines, table;
  ir::BiasKind bias = ir::BiasKind::None;
  if (config.bias == Bias::Rotary) {
    cosines = rotaryTable(config, z, "cos");
    sines = rotaryTable(config, z, "sin");
    maxPositions = maxPositions < 0
                       ? config.maxPositions
                       : std::min(maxPositions, config.maxPositions);
  } else if (config.bias == Bias::Position) {
    bias = ir::BiasKind::Position;
    table = weight(config.table, {2 * config.maxPositions - 1});
  } else if (config.bias == Bias::Rank) {
    bias = ir::BiasKind::Rank;
    table = weight(config.table, {6 * w - 1});
  }
  Ring ring = carried ? ringState(w, z, h) : Ring();
  SmallVector<int64_t> shape = {kAny, h};
  if (heads > 1)
    shape.insert(shape.begin(), heads);
  auto apart = [&](Rows rows, int64_t count) {
    return heads > 1 ? splitHeads(rows, count) : rows.value;
  };
  Value out = empty(shape, space->extent);
  Value result =
      ir::AttendOp::create(
          b, out.getType(), apart(query, heads), apart(key, config.keyHeads),
          apart(value, config.keyHeads), space->offsets,
          needsPositions ? positions : Value(), cosines, sines, table, ring.key,
          ring.value, ring.count, needsPositions ? ring.positions : Value(),
          out, Value(), Value(), Value(), Value(), scoreKind(config.score), w,
          config.bidirectional ? w : 0,
          APFloat(static_cast<float>(scoreScale(config, z))), bias,
          config.bias == Bias::Rank ? 4 * w - 1 : 0)
          .getResult();
  if (carried)
    pushRing(ring, space, key.value, value.value, positions);
  return {heads > 1 ? joinHeads(result, space, heads) : result, space};
}
