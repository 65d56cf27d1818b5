//===- AttendWeights.cpp - scores and weights of a key tile ---------------===//

#include "passes/Transforms/AttendTile.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <limits>

using namespace mlir;
using namespace seqc::passes;
using seqc::ir::BiasKind;
using seqc::ir::ScoreKind;

/// [keys, block]: lanes are queries.
Value AttendTileEmitter::scores(TileBuilder &b, const KeyTile &keys,
                                const Block &part, Value weights) {
  Value rows = b.rows(keys.keys, {}, part.firstKey, part.keyCount);
  Value columns = b.slice(queries, {part.index, b.attr(0), b.attr(0)},
                          {b.attr(1), b.attr(z), b.attr(block)}, 2);
  Value score =
      b.contract(rows, columns, b.fill(blockOf(b, part, weights), b.f32(0)),
                 {b.axes(3, {0, 2}), b.axes(3, {2, 1}), b.axes(3, {0, 1})}, 2);
  if (scoreTile)
    score.getDefiningOp()->setAttr(ir::names::kSchedule, scoreTile);
  return putBlock(b, part, score, weights);
}

/// Bias, score function and mask. Only blocks at an edge of the window pay for
/// the mask.
Value AttendTileEmitter::weigh(TileBuilder &b, const KeyTile &keys,
                               const Block &part, Value weights) {
  Value distance = b.sub(part.range.begin, part.rank);
  Value distance32 = b.toI32(distance);
  if (left < 0 && right < 0)
    return weighAs(b, keys, part, distance32, weights, /*masked=*/false);
  // Distances of the block's corners.
  Value furthest = b.sub(distance, b.sub(part.count, b.index(1)));
  Value nearest = b.add(distance, b.sub(part.keyCount, b.index(1)));
  Value edge;
  if (left >= 0)
    edge = b.cmp(arith::CmpIPredicate::slt, furthest, b.index(-left));
  if (right >= 0) {
    Value beyond = b.cmp(arith::CmpIPredicate::sgt, nearest, b.index(right));
    edge = edge ? b.createOrFold<arith::OrIOp>(edge, beyond) : beyond;
  }
  auto choose = [&](bool masked) {
    return [=, &keys, &part](OpBuilder &inner, Location loc) {
      TileBuilder t(loc, inner);
      scf::YieldOp::create(t,
                           weighAs(t, keys, part, distance32, weights, masked));
    };
  };
  return scf::IfOp::create(b, edge, choose(true), choose(false)).getResult(0);
}

Value AttendTileEmitter::weighAs(TileBuilder &b, const KeyTile &keys,
                                 const Block &part, Value distance,
                                 Value weights, bool masked) {
  if (!masked && isSoftmax() && op.getBias() == BiasKind::None)
    return weights;
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  if (op.getBias() == BiasKind::Position) {
    inputs = {b.elements(keys.positions, {}, part.firstKey, part.keyCount),
              b.slice(queryPositions, {part.first}, {b.attr(block)}, 1)};
    maps = {b.axes(2, {0}), b.axes(2, {1})};
  }
  maps.push_back(b.getMultiDimIdentityMap(2));
  Value hidden =
      b.f32(isSoftmax() ? -std::numeric_limits<double>::infinity() : 0.0);
  Value limit = op.getTable()
                    ? b.toI32(b.sub(b.dim(op.getTable(), 0), b.index(1)))
                    : Value();
  Value scores = b.generic(
      inputs, blockOf(b, part, weights), maps, {},
      [&](TileBuilder &t, ValueRange args) {
        Value away;
        if (masked || op.getBias() == BiasKind::Rank) {
          Value key = t.toI32(linalg::IndexOp::create(t, 0));
          Value query = t.toI32(linalg::IndexOp::create(t, 1));
          away = t.add(t.sub(key, query), distance);
        }
        Value score = args.back();
        if (op.getBias() == BiasKind::Rank)
          score = t.addF(
              score, lookUp(t, t.add(away, t.i32(op.getTableOrigin())), limit));
        if (op.getBias() == BiasKind::Position) {
          Value middle = t.createOrFold<arith::ShRUIOp>(limit, t.i32(1));
          score = t.addF(
              score, lookUp(t, t.add(t.sub(args[0], args[1]), middle), limit));
        }
        score = scoreFunction(t, score);
        return masked ? t.select(visible(t, away), score, hidden) : score;
      });
  return putBlock(b, part, scores, weights);
}

/// Entry of the bias table, the index clamped into it: hidden keys and lanes
/// without a query look up too.
Value AttendTileEmitter::lookUp(TileBuilder &b, Value index, Value limit) {
  Value inside = b.min(b.max(index, b.i32(0)), limit);
  return tensor::ExtractOp::create(b, op.getTable(), b.toIndex(inside));
}

Value AttendTileEmitter::scoreFunction(TileBuilder &b, Value score) {
  if (isSoftmax())
    return score;
  if (op.getScore() == ScoreKind::Laplace) {
    Value centred = b.subF(score, b.f32(0.707107));
    Value scaled =
        b.mulF(centred, b.f32(1.0 / (0.282095 * 1.4142135623730951)));
    Value erf = math::ErfOp::create(b, scaled);
    return b.mulF(b.addF(erf, b.f32(1)), b.f32(0.5));
  }
  Value negative =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, score, b.f32(0));
  Value positive = arith::SelectOp::create(b, negative, b.f32(0), score);
  return op.getScore() == ScoreKind::Relu2 ? b.mulF(positive, positive)
                                           : positive;
}

/// Whether a key at this signed distance from the query is inside the window.
Value AttendTileEmitter::visible(TileBuilder &b, Value distance) {
  if (left < 0)
    return b.cmp(arith::CmpIPredicate::sle, distance, b.i32(right));
  Value fromLeft = b.add(distance, b.i32(left));
  if (right < 0)
    return b.cmp(arith::CmpIPredicate::sge, fromLeft, b.i32(0));
  if (left + right >= kUnboundedWindow)
    return b.createOrFold<arith::AndIOp>(
        b.cmp(arith::CmpIPredicate::sge, fromLeft, b.i32(0)),
        b.cmp(arith::CmpIPredicate::sle, distance, b.i32(right)));
  // One compare: left of the window wraps to a large number.
  return b.cmp(arith::CmpIPredicate::ule, fromLeft, b.i32(left + right));
}

/// One step of online softmax: scores become exp(score - maximum).
AttendTileEmitter::Sums AttendTileEmitter::softmax(TileBuilder &b,
                                                   const Block &part,
                                                   Value started,
                                                   Value &weights, Sums sums) {
  Value scores = blockOf(b, part, weights);
  AffineMap same = b.getMultiDimIdentityMap(2), lanes = b.axes(2, {1});
  AffineMap vector = b.getMultiDimIdentityMap(1);
  auto ofBlock = [&](TileBuilder &t, Value values) {
    return t.slice(values, {part.first}, {t.attr(block)}, 1);
  };
  auto putBack = [&](TileBuilder &t, Value values, Value whole) {
    return t.insert(values, whole, {part.first}, {t.attr(block)});
  };
  Value old = ofBlock(b, sums.maximum);
  Value maximum = b.copy(old, b.empty({block}, f32Type()));
  maximum = b.generic(scores, maximum, {same, lanes}, {0},
                      [](TileBuilder &t, ValueRange args) {
                        Value larger = arith::CmpFOp::create(
                            t, arith::CmpFPredicate::OGT, args[0], args[1]);
                        return t.select(larger, args[0], args[1]);
                      });
  scores = b.generic(
      maximum, scores, {lanes, same}, {}, [](TileBuilder &t, ValueRange args) {
        return math::ExpOp::create(t, t.subF(args[1], args[0])).getResult();
      });
  weights = putBlock(b, part, scores, weights);
  auto rescale = [&](OpBuilder &inner, Location loc) {
    TileBuilder t(loc, inner);
    Value factor = t.generic(
        {old, maximum}, t.empty({block}, f32Type()), {vector, vector, vector},
        {}, [](TileBuilder &i, ValueRange args) {
          return math::ExpOp::create(i, i.subF(args[0], args[1])).getResult();
        });
    Value perRow = t.slice(factor, {t.attr(0)}, {part.count}, 1);
    Value rows = t.rows(sums.out, {}, part.first, part.count);
    auto scale = [](TileBuilder &i, ValueRange args) {
      return i.mulF(args[1], args[0]);
    };
    rows = t.generic(perRow, rows, {t.axes(2, {0}), same}, {}, scale);
    Value total =
        t.generic(factor, ofBlock(t, sums.total), {vector, vector}, {}, scale);
    scf::YieldOp::create(
        t, ValueRange{t.insert(rows, sums.out, {part.first, t.attr(0)},
                               {part.count, t.attr(h)}),
                      putBack(t, total, sums.total)});
  };
  auto keep = [&](OpBuilder &inner, Location loc) {
    scf::YieldOp::create(inner, loc, ValueRange{sums.out, sums.total});
  };
  if (started) {
    auto scaled = scf::IfOp::create(b, started, rescale, keep);
    sums.out = scaled.getResult(0);
    sums.total = scaled.getResult(1);
  }
  Value total = b.generic(
      blockOf(b, part, weights), ofBlock(b, sums.total), {same, lanes}, {0},
      [](TileBuilder &t, ValueRange args) { return t.addF(args[1], args[0]); });
  sums.total = putBack(b, total, sums.total);
  sums.maximum = putBack(b, b.copy(maximum, old), sums.maximum);
  return sums;
}

/// After the last tile, what rows are multiplied with in place of a division;
/// a query without keys has total 0 and gives 0.
Value AttendTileEmitter::inverseTotal(TileBuilder &b, const KeyTile &keys,
                                      Value total) {
  return when(b, keys.ends, total, [&](TileBuilder &t) {
    return t.generic({}, total, {t.getMultiDimIdentityMap(1)}, {},
                     [](TileBuilder &i, ValueRange args) {
                       Value none = arith::CmpFOp::create(
                           i, arith::CmpFPredicate::OEQ, args[0], i.f32(0));
                       Value inverse =
                           arith::DivFOp::create(i, i.f32(1), args[0]);
                       return i.select(none, i.f32(0), inverse);
                     });
  });
}
