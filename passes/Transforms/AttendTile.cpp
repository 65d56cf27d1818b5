//===- AttendTile.cpp - one query tile of attention, on tensors -----------===//

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

static ShapedType shaped(Value value) {
  return cast<ShapedType>(value.getType());
}

AttendTileEmitter::AttendTileEmitter(ir::AttendOp op, int64_t queryTile,
                                     int64_t keyTile)
    : op(op), queryTile(queryTile), keyTile(keyTile),
      z(shaped(op.getQuery()).getDimSize(shaped(op.getQuery()).getRank() - 1)),
      h(shaped(op.getValue()).getDimSize(shaped(op.getValue()).getRank() - 1)),
      left(op.getLeft() >= kUnboundedWindow ? -1 : op.getLeft()),
      right(op.getRight() >= kUnboundedWindow ? -1 : op.getRight()) {}

bool AttendTileEmitter::isSoftmax() {
  return op.getScore() == ScoreKind::Softmax;
}

Type AttendTileEmitter::f32Type() { return Float32Type::get(op.getContext()); }

//===----------------------------------------------------------------------===//
// Tasks
//===----------------------------------------------------------------------===//

/// Sum of ceil(length / queryTile) over sequences is at most
/// (n + B * (queryTile - 1)) / queryTile.
Value AttendTileEmitter::tilesPerHead(TileBuilder &b) {
  Value rows = b.dim(op.getQuery(), op.hasHeads() ? 1 : 0);
  Value sequences = b.sub(b.dim(op.getOffsets(), 0), b.index(1));
  Value padded = b.add(rows, b.mul(sequences, b.index(queryTile - 1)));
  return b.createOrFold<arith::DivUIOp>(padded, b.index(queryTile));
}

Value AttendTileEmitter::taskCount(TileBuilder &b) {
  Value tiles = tilesPerHead(b);
  return op.hasHeads() ? b.mul(tiles, b.dim(op.getQuery(), 0)) : tiles;
}

QueryTile AttendTileEmitter::locate(TileBuilder &b, Value task) {
  QueryTile tile;
  Value wanted = task;
  if (op.hasHeads()) {
    Value tiles = tilesPerHead(b);
    tile.head = b.createOrFold<arith::DivUIOp>(task, tiles);
    wanted = b.createOrFold<arith::RemUIOp>(task, tiles);
  }
  Value zero = b.index(0), one = b.index(1), width = b.index(queryTile);
  Value sequences = b.sub(b.dim(op.getOffsets(), 0), one);
  // Once the tile is found, `wanted` is negative, which no unsigned compare
  // hits.
  auto walk = scf::ForOp::create(
      b, zero, sequences, one, ValueRange{wanted, zero, zero, zero, zero},
      [&](OpBuilder &inner, Location loc, Value s, ValueRange carried) {
        TileBuilder t(loc, inner);
        Value start = t.loadIndex(op.getOffsets(), s);
        Value length =
            t.sub(t.loadIndex(op.getOffsets(), t.add(s, one)), start);
        Value tiles = t.createOrFold<arith::DivUIOp>(
            t.add(length, t.index(queryTile - 1)), width);
        Value hit = t.cmp(arith::CmpIPredicate::ult, carried[0], tiles);
        scf::YieldOp::create(
            t,
            ValueRange{t.sub(carried[0], tiles), t.select(hit, s, carried[1]),
                       t.select(hit, start, carried[2]),
                       t.select(hit, length, carried[3]),
                       t.select(hit, t.mul(carried[0], width), carried[4])});
      });
  tile.sequence = walk.getResult(1);
  tile.start = walk.getResult(2);
  tile.length = walk.getResult(3);
  tile.rank = walk.getResult(4);
  tile.row = b.add(tile.start, tile.rank);
  tile.count = b.min(width, b.sub(tile.length, tile.rank));
  return tile;
}

Value AttendTileEmitter::emit(TileBuilder &b, const QueryTile &tile) {
  queries = loadQueries(b, tile);
  queryPositions = op.getBias() == BiasKind::Position
                       ? loadQueryPositions(b, tile)
                       : Value();

  Sums sums;
  Value whole = b.empty({queryTile, h}, f32Type());
  sums.out = b.fill(b.rows(whole, {}, b.index(0), tile.count), b.f32(0));
  if (isSoftmax()) {
    // Finite, so that a query whose keys are all masked so far has exp(-inf) =
    // 0 as weights and not exp(-inf + inf).
    double lowest = std::numeric_limits<float>::lowest();
    sums.maximum = b.fill(b.empty({queryTile}, f32Type()), b.f32(lowest));
    sums.total = b.fill(b.empty({queryTile}, f32Type()), b.f32(0));
  }
  Value visited;
  if (op.hasPast()) {
    Keys past = pastKeys(b, tile);
    sums = visit(b, tile, past, visited, sums);
    visited = b.cmp(arith::CmpIPredicate::slt, past.begin, past.end);
  }
  sums = visit(b, tile, currentKeys(b, tile), visited, sums);
  return isSoftmax() ? normalise(b, tile, sums) : sums.out;
}

//===----------------------------------------------------------------------===//
// Queries
//===----------------------------------------------------------------------===//

/// Queries as columns: lanes beyond the tile's rows are 0.
Value AttendTileEmitter::loadQueries(TileBuilder &b, const QueryTile &tile) {
  double scale = op.getScale().convertToFloat();
  Value zero = b.index(0);
  Value source = b.rows(op.getQuery(), tile.head, tile.row, tile.count);
  Value rows = b.empty({queryTile, z}, f32Type());
  Value part = b.rows(rows, {}, zero, tile.count);
  if (op.hasRotary()) {
    part = rotateRows(b, source, tile.count, op.getPositions(), {}, tile.row,
                      scale, part);
  } else {
    AffineMap same = b.getMultiDimIdentityMap(2);
    Value factor = b.f32(scale);
    part = b.generic(source, part, {same, same}, {},
                     [&](TileBuilder &t, ValueRange args) {
                       return t.mulF(args[0], factor);
                     });
  }
  SmallVector<OpFoldResult> at = {zero, b.attr(0)},
                            extent = {tile.count, b.attr(z)};
  rows = b.insert(part, rows, at, extent);
  Value missing = b.sub(b.index(queryTile), tile.count);
  at[0] = tile.count;
  extent[0] = missing;
  rows = b.insert(b.fill(b.rows(rows, {}, tile.count, missing), b.f32(0)), rows,
                  at, extent);
  return linalg::TransposeOp::create(b, rows,
                                     b.empty({z, queryTile}, f32Type()),
                                     ArrayRef<int64_t>{1, 0})
      .getResult()[0];
}

Value AttendTileEmitter::loadQueryPositions(TileBuilder &b,
                                            const QueryTile &tile) {
  Value all = b.fill(b.empty({queryTile}, b.getI32Type()), b.i32(0));
  Value part = b.slice(all, {b.attr(0)}, {tile.count}, 1);
  Value source = b.slice(op.getPositions(), {tile.row}, {tile.count}, 1);
  return b.insert(b.copy(source, part), all, {b.attr(0)}, {tile.count});
}

/// The even (or odd) elements of a rotated row, from its pairs [z/2, 2].
Value AttendTileEmitter::rotateHalf(TileBuilder &b, Value pairs, Value cosines,
                                    Value sines, double scale, bool odd,
                                    Value out) {
  AffineMap same = b.getMultiDimIdentityMap(1);
  AffineExpr c = b.getAffineDimExpr(0);
  AffineMap first =
      AffineMap::get(1, 0, {c, b.getAffineConstantExpr(0)}, b.getContext());
  AffineMap second =
      AffineMap::get(1, 0, {c, b.getAffineConstantExpr(1)}, b.getContext());
  Value factor = scale == 1.0 ? Value() : b.f32(scale);
  return b.generic(
      {pairs, pairs, cosines, sines}, out, {first, second, same, same, same},
      {}, [&](TileBuilder &t, ValueRange args) {
        Value turned =
            odd ? t.addF(t.mulF(args[0], args[3]), t.mulF(args[1], args[2]))
                : t.subF(t.mulF(args[0], args[2]), t.mulF(args[1], args[3]));
        return factor ? t.mulF(turned, factor) : turned;
      });
}

/// Rows rotated by their positions. Even elements land in the first half of a
/// row, odd ones in the second: queries and keys agree, so products do not
/// change.
Value AttendTileEmitter::rotateRows(TileBuilder &b, Value rows, Value count,
                                    Value positions, Value lead, Value firstRow,
                                    double scale, Value out) {
  auto loop = scf::ForOp::create(
      b, b.index(0), count, b.index(1), ValueRange{out},
      [&](OpBuilder &inner, Location loc, Value i, ValueRange carried) {
        TileBuilder t(loc, inner);
        SmallVector<Value> at;
        if (lead)
          at.push_back(lead);
        at.push_back(t.add(firstRow, i));
        Value position = t.loadIndex(positions, at);
        auto row = [&](Value matrix, Value index, int64_t column,
                       int64_t width) {
          return t.slice(matrix, {index, t.attr(column)},
                         {t.attr(1), t.attr(width)}, 1);
        };
        Value cosines = row(op.getCosines(), position, 0, z / 2);
        Value sines = row(op.getSines(), position, 0, z / 2);
        auto pairsType = RankedTensorType::get({z / 2, 2}, f32Type());
        Value pairs = tensor::ExpandShapeOp::create(
            t, pairsType, row(rows, i, 0, z),
            ArrayRef<ReassociationIndices>{{0, 1}});
        Value result = carried[0];
        for (bool odd : {false, true}) {
          int64_t column = odd ? z / 2 : 0;
          Value half = rotateHalf(t, pairs, cosines, sines, scale, odd,
                                  row(result, i, column, z / 2));
          result = t.insert(half, result, {i, t.attr(column)},
                            {t.attr(1), t.attr(z / 2)});
        }
        scf::YieldOp::create(t, result);
      });
  return loop.getResult(0);
}

//===----------------------------------------------------------------------===//
// Keys
//===----------------------------------------------------------------------===//

AttendTileEmitter::Keys AttendTileEmitter::currentKeys(TileBuilder &b,
                                                       const QueryTile &tile) {
  Keys keys;
  keys.keys = op.getKey();
  keys.values = op.getValue();
  keys.positions = op.getPositions();
  if (op.hasHeads()) {
    int64_t group =
        shaped(op.getQuery()).getDimSize(0) / shaped(op.getKey()).getDimSize(0);
    keys.lead = b.createOrFold<arith::DivUIOp>(tile.head, b.index(group));
  }
  keys.row = tile.start;
  keys.rank = b.index(0);
  keys.begin = left < 0 ? b.index(0)
                        : b.max(b.index(0), b.sub(tile.rank, b.index(left)));
  Value reach = b.add(tile.rank, tile.count);
  keys.end = right < 0 ? tile.length
                       : b.min(tile.length, b.add(reach, b.index(right)));
  return keys;
}

AttendTileEmitter::Keys AttendTileEmitter::pastKeys(TileBuilder &b,
                                                    const QueryTile &tile) {
  Keys keys;
  keys.keys = op.getPastKey();
  keys.values = op.getPastValue();
  keys.positions = op.getPastPositions();
  keys.lead = keys.positionLead = tile.sequence;
  keys.row = b.index(0);
  Value length = b.min(b.loadIndex(op.getPastCount(), tile.sequence),
                       b.dim(op.getPastKey(), 1));
  keys.rank = b.sub(b.index(0), length);
  Value first = b.sub(b.add(length, tile.rank), b.index(left));
  keys.begin = left < 0 ? b.index(0) : b.max(b.index(0), first);
  Value idle = b.cmp(arith::CmpIPredicate::eq, tile.count, b.index(0));
  keys.end = b.select(idle, b.index(0), length);
  return keys;
}

/// `visited` (null: false) says whether earlier keys are already in the sums.
AttendTileEmitter::Sums AttendTileEmitter::visit(TileBuilder &b,
                                                 const QueryTile &tile,
                                                 const Keys &keys,
                                                 Value visited, Sums sums) {
  SmallVector<Value> inits = {sums.out};
  if (isSoftmax())
    inits.append({sums.maximum, sums.total});
  auto loop = scf::ForOp::create(
      b, keys.begin, keys.end, b.index(keyTile), inits,
      [&](OpBuilder &inner, Location loc, Value first, ValueRange carried) {
        TileBuilder t(loc, inner);
        Sums now{carried[0], {}, {}};
        if (isSoftmax())
          now = {carried[0], carried[1], carried[2]};
        Value started = t.cmp(arith::CmpIPredicate::ne, first, keys.begin);
        if (visited)
          started = t.createOrFold<arith::OrIOp>(started, visited);
        now = visitTile(t, tile, keys, first, started, now);
        SmallVector<Value> yielded = {now.out};
        if (isSoftmax())
          yielded.append({now.maximum, now.total});
        scf::YieldOp::create(t, yielded);
      });
  if (!isSoftmax())
    return {loop.getResult(0), {}, {}};
  return {loop.getResult(0), loop.getResult(1), loop.getResult(2)};
}

AttendTileEmitter::Sums AttendTileEmitter::visitTile(TileBuilder &b,
                                                     const QueryTile &tile,
                                                     const Keys &keys,
                                                     Value first, Value started,
                                                     Sums sums) {
  Value count = b.min(b.index(keyTile), b.sub(keys.end, first));
  Value score = scores(b, keys, first, count);
  score = weights(b, tile, keys, first, count, score);
  if (isSoftmax())
    sums = softmax(b, score, tile, started, sums);
  Value weight = b.slice(score, {b.attr(0), b.attr(0)}, {count, tile.count}, 2);
  Value values = b.rows(keys.values, keys.lead, b.add(keys.row, first), count);
  // Loops (query, value column, key): lanes are value columns.
  sums.out =
      b.contract(weight, values, sums.out,
                 {b.axes(3, {2, 0}), b.axes(3, {2, 1}), b.axes(3, {0, 1})}, 2);
  return sums;
}
