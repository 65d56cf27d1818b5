//===- AttendOne.cpp - attention of a sequence's only query ---------------===//
//
// Where every sequence has one row, a block of queries would be one lane wide.
// Here lanes of scores and weights are keys, those of a score the elements of a
// key. The keys are exactly those that the query sees: nothing is masked, and
// all of them are visited at once.
//
//===----------------------------------------------------------------------===//

#include "passes/Analysis/Assumptions.h"
#include "passes/Transforms/AttendTile.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <limits>

using namespace mlir;
using namespace seqc::passes;
using seqc::ir::BiasKind;
namespace ir = seqc::ir;

/// Longer rings keep their scores out of the first-level cache.
static constexpr int64_t kMaxRing = 4096;

bool AttendTileEmitter::isSingle(ir::AttendOp op) {
  if (!Assumptions(op).isOneRowEach(op.getOffsets()) || op.hasHeads())
    return false;
  if (!op.hasPast())
    return true;
  int64_t ring = cast<ShapedType>(op.getPastKey().getType()).getDimSize(1);
  return ShapedType::isStatic(ring) && ring <= kMaxRing;
}

/// By rank: the two pieces of the ring, then the row itself.
SmallVector<AttendTileEmitter::KeyPart>
AttendTileEmitter::partsOf(TileBuilder &b, const QueryTile &tile) {
  Value zero = b.index(0), past = zero;
  SmallVector<KeyPart> parts;
  if (tile.past) {
    past = left < 0 ? tile.past : b.min(tile.past, b.index(left));
    auto [early, late] = ringSegments(b, tile, b.sub(zero, past), past);
    KeyPart ring{op.getPastKey(),
                 op.getPastValue(),
                 op.getPastPositions(),
                 tile.sequence,
                 early.slot,
                 early.count,
                 zero};
    parts.push_back(ring);
    ring.row = late.slot;
    ring.count = late.count;
    ring.at = early.count;
    parts.push_back(ring);
  }
  parts.push_back({op.getKey(), op.getValue(), op.getPositions(), Value(),
                   tile.row, b.index(1), past});
  return parts;
}

/// Products of the query with the keys of a part.
Value AttendTileEmitter::scoresOfPart(TileBuilder &b, const KeyPart &part,
                                      Value query, Value scores) {
  Value rows = b.rows(part.keys, part.lead, part.row, part.count);
  Value own = b.elements(scores, {}, part.at, part.count);
  own = b.generic({rows, query}, own,
                  {b.axes(2, {0, 1}), b.axes(2, {1}), b.axes(2, {0})}, {1},
                  [](TileBuilder &t, ValueRange args) {
                    return t.addF(args[2], t.mulF(args[0], args[1]));
                  });
  return b.insert(own, scores, {part.at}, {part.count});
}

/// The same with keys turned by their positions, which is done on the way:
/// `query` is turned, with even elements in front.
Value AttendTileEmitter::turnedScoresOfPart(TileBuilder &b, const KeyPart &part,
                                            Value query, Value scores) {
  auto half = [&](TileBuilder &t, int64_t first) {
    return t.slice(query, {t.attr(first)}, {t.attr(z / 2)}, 1);
  };
  auto loop = scf::ForOp::create(
      b, b.index(0), part.count, b.index(1), ValueRange{scores},
      [&](OpBuilder &inner, Location loc, Value i, ValueRange carried) {
        TileBuilder t(loc, inner);
        Value row = t.add(part.row, i), at = t.add(part.at, i);
        SmallVector<Value> place;
        if (part.lead)
          place.push_back(part.lead);
        place.push_back(row);
        Value position = t.loadIndex(part.positions, place);
        auto angles = [&](Value table) {
          return t.slice(table, {position, t.attr(0)},
                         {t.attr(1), t.attr(z / 2)}, 1);
        };
        Value key = t.rows(part.keys, part.lead, row, t.index(1));
        key = t.slice(key, {t.attr(0), t.attr(0)}, {t.attr(1), t.attr(z)}, 1);
        Value pairs = tensor::ExpandShapeOp::create(
            t, RankedTensorType::get({z / 2, 2}, f32Type()), key,
            ArrayRef<ReassociationIndices>{{0, 1}});
        auto element = [&](int64_t which) {
          return AffineMap::get(
              1, 0, {t.getAffineDimExpr(0), t.getAffineConstantExpr(which)},
              t.getContext());
        };
        AffineMap same = t.axes(1, {0});
        Value score = t.slice(carried[0], {at}, {t.attr(1)}, 0);
        score = t.generic(
            {pairs, pairs, angles(op.getCosines()), angles(op.getSines()),
             half(t, 0), half(t, z / 2)},
            score,
            {element(0), element(1), same, same, same, same, t.axes(1, {})},
            {0}, [](TileBuilder &g, ValueRange args) {
              Value x = args[0], y = args[1], cosine = args[2], sine = args[3];
              Value even =
                  g.addF(g.mulF(args[4], cosine), g.mulF(args[5], sine));
              Value odd =
                  g.subF(g.mulF(args[5], cosine), g.mulF(args[4], sine));
              return g.addF(args[6], g.addF(g.mulF(x, even), g.mulF(y, odd)));
            });
        scf::YieldOp::create(t, t.insert(score, carried[0], {at}, {t.attr(1)}));
      });
  return loop.getResult(0);
}

/// Scale (where the query has none), bias and score function of `count` scores.
Value AttendTileEmitter::weighAll(TileBuilder &b, const QueryTile &tile,
                                  ArrayRef<KeyPart> parts, Value count,
                                  Value scores) {
  double scale = op.hasRotary() ? 1.0 : op.getScale().convertToFloat();
  bool plain = scale == 1.0 && isSoftmax() && op.getBias() == BiasKind::None;
  if (plain)
    return scores;
  AffineMap same = b.axes(1, {0});
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  Value limit, own;
  if (op.getBias() != BiasKind::None)
    limit = b.toI32(b.sub(b.dim(op.getTable(), 0), b.index(1)));
  if (op.getBias() == BiasKind::Position) {
    int64_t most = cast<ShapedType>(scores.getType()).getDimSize(0);
    Value all = b.empty({most}, b.getI32Type());
    for (const KeyPart &part : parts) {
      Value to = b.elements(all, {}, part.at, part.count);
      Value from = b.elements(part.positions, part.lead, part.row, part.count);
      all = b.insert(b.copy(from, to), all, {part.at}, {part.count});
    }
    inputs = {b.elements(all, {}, b.index(0), count)};
    maps = {same};
    own = b.toI32(b.loadIndex(op.getPositions(), {tile.row}));
  }
  maps.push_back(same);
  // Ranks run up to 0, that of the query.
  Value first = b.toI32(b.sub(b.index(1), count));
  Value seen = b.generic(
      inputs, b.elements(scores, {}, b.index(0), count), maps, {},
      [&](TileBuilder &t, ValueRange args) {
        Value score = args.back();
        if (scale != 1.0)
          score = t.mulF(score, t.f32(scale));
        if (op.getBias() == BiasKind::Rank) {
          Value rank = t.add(t.toI32(linalg::IndexOp::create(t, 0)), first);
          score = t.addF(
              score, lookUp(t, t.add(rank, t.i32(op.getTableOrigin())), limit));
        }
        if (op.getBias() == BiasKind::Position) {
          Value middle = t.createOrFold<arith::ShRUIOp>(limit, t.i32(1));
          score = t.addF(score,
                         lookUp(t, t.add(t.sub(args[0], own), middle), limit));
        }
        return scoreFunction(t, score);
      });
  return b.insert(seen, scores, {b.attr(0)}, {count});
}

/// Scores become exp(score - maximum); gives 1 / total, or 0 for a total of 0.
Value AttendTileEmitter::softmaxAll(TileBuilder &b, Value count,
                                    Value &scores) {
  AffineMap same = b.axes(1, {0}), scalar = b.axes(1, {});
  Value seen = b.elements(scores, {}, b.index(0), count);
  double lowest = std::numeric_limits<float>::lowest();
  Value maximum = b.fill(b.empty({}, f32Type()), b.f32(lowest));
  maximum = b.generic(seen, maximum, {same, scalar}, {0},
                      [](TileBuilder &t, ValueRange args) {
                        Value larger = arith::CmpFOp::create(
                            t, arith::CmpFPredicate::OGT, args[0], args[1]);
                        return t.select(larger, args[0], args[1]);
                      });
  seen = b.generic(
      maximum, seen, {scalar, same}, {}, [](TileBuilder &t, ValueRange args) {
        return math::ExpOp::create(t, t.subF(args[1], args[0])).getResult();
      });
  Value total = b.fill(b.empty({}, f32Type()), b.f32(0));
  total = b.generic(
      seen, total, {same, scalar}, {0},
      [](TileBuilder &t, ValueRange args) { return t.addF(args[1], args[0]); });
  scores = b.insert(seen, scores, {b.attr(0)}, {count});
  Value sum = tensor::ExtractOp::create(b, total, ValueRange{});
  Value none =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, sum, b.f32(0));
  return b.select(none, b.f32(0), arith::DivFOp::create(b, b.f32(1), sum));
}

Value AttendTileEmitter::emitOne(TileBuilder &b, const QueryTile &tile,
                                 Value out) {
  SmallVector<KeyPart> parts = partsOf(b, tile);
  Value count = b.add(parts.back().at, b.index(1));
  int64_t most = 1;
  if (op.hasPast())
    most += cast<ShapedType>(op.getPastKey().getType()).getDimSize(1);
  Value scores = b.fill(b.empty({most}, f32Type()), b.f32(0));
  Value query = b.rows(op.getQuery(), {}, tile.row, b.index(1));
  if (op.hasRotary())
    query =
        rotateRows(b, query, b.index(1), op.getPositions(), {}, tile.row,
                   op.getScale().convertToFloat(), b.empty({1, z}, f32Type()));
  query = b.slice(query, {b.attr(0), b.attr(0)}, {b.attr(1), b.attr(z)}, 1);
  for (const KeyPart &part : parts)
    scores = op.hasRotary() ? turnedScoresOfPart(b, part, query, scores)
                            : scoresOfPart(b, part, query, scores);
  scores = weighAll(b, tile, parts, count, scores);
  Value factor = isSoftmax() ? softmaxAll(b, count, scores) : Value();

  SmallVector<OpFoldResult> at = {b.attr(0), b.attr(0)},
                            extent = {b.attr(1), b.attr(h)};
  Value row = b.fill(b.slice(out, at, extent, 1), b.f32(0));
  for (const KeyPart &part : parts)
    row = b.contract(b.elements(scores, {}, part.at, part.count),
                     b.rows(part.values, part.lead, part.row, part.count), row,
                     {b.axes(2, {1}), b.axes(2, {1, 0}), b.axes(2, {0})}, 1);
  if (factor)
    row = b.generic({}, row, {b.axes(1, {0})}, {},
                    [&](TileBuilder &t, ValueRange args) {
                      return t.mulF(args[0], factor);
                    });
  return b.insert(row, out, at, extent);
}
