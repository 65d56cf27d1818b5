//===- AttendTile.cpp - one query tile of attention, on tensors -----------===//

#include "passes/Transforms/AttendTile.h"

#include "passes/Analysis/Assumptions.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
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

AttendTileEmitter::AttendTileEmitter(ir::AttendOp op, Sizes sizes)
    : op(op), queryTile(sizes.queries), keyTile(sizes.keys),
      block(std::min(sizes.block, queryTile)), panel(sizes.panel),
      valueRows(block % sizes.valueRows == 0 ? sizes.valueRows : block),
      scoreTile(sizes.scoreTile),
      z(shaped(op.getQuery()).getDimSize(shaped(op.getQuery()).getRank() - 1)),
      h(shaped(op.getValue()).getDimSize(shaped(op.getValue()).getRank() - 1)),
      left(op.getLeft() >= kUnboundedWindow ? -1 : op.getLeft()),
      right(op.getRight() >= kUnboundedWindow ? -1 : op.getRight()),
      oneRowEach(Assumptions(op).isOneRowEach(op.getOffsets())),
      single(isSingle(op)) {
  queryTile = single ? 1 : llvm::alignTo(queryTile, block);
  // Few columns are one panel: all of them fit the cache next to the weights.
  if (h <= 2 * panel)
    panel = h;
}

SmallVector<Value> AttendTileEmitter::Sums::list() const {
  SmallVector<Value> values = {out};
  if (maximum)
    values.append({maximum, total});
  return values;
}

AttendTileEmitter::Sums AttendTileEmitter::Sums::of(ValueRange values) {
  if (values.size() == 1)
    return {values[0], {}, {}};
  return {values[0], values[1], values[2]};
}

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
  if (oneRowEach)
    return rows;
  Value sequences = b.sub(b.dim(op.getOffsets(), 0), b.index(1));
  Value padded = b.add(rows, b.mul(sequences, b.index(queryTile - 1)));
  return b.createOrFold<arith::DivUIOp>(padded, b.index(queryTile));
}

Value AttendTileEmitter::taskCount(TileBuilder &b) {
  Value tiles = tilesPerHead(b);
  return op.hasHeads() ? b.mul(tiles, b.dim(op.getQuery(), 0)) : tiles;
}

/// The sequence and the queries of tile `wanted`, counted over sequences.
void AttendTileEmitter::findTile(TileBuilder &b, Value wanted,
                                 QueryTile &tile) {
  Value zero = b.index(0), one = b.index(1), width = b.index(queryTile);
  Value sequences = b.sub(b.dim(op.getOffsets(), 0), one);
  // Once the tile is found, `wanted` is negative: no unsigned compare hits it.
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
}

QueryTile AttendTileEmitter::locate(TileBuilder &b, Value task) {
  QueryTile tile;
  Value wanted = task;
  if (op.hasHeads()) {
    Value tiles = tilesPerHead(b);
    tile.head = b.createOrFold<arith::DivUIOp>(task, tiles);
    wanted = b.createOrFold<arith::RemUIOp>(task, tiles);
  }
  if (oneRowEach) {
    tile.sequence = tile.start = tile.row = wanted;
    tile.rank = b.index(0);
    tile.length = tile.count = b.index(1);
  } else {
    findTile(b, wanted, tile);
  }
  if (op.hasPast()) {
    Value pushed = b.loadIndex(op.getPastCount(), tile.sequence);
    tile.ring = b.dim(op.getPastKey(), 1);
    tile.past = b.min(pushed, tile.ring);
    tile.next = b.createOrFold<arith::RemUIOp>(pushed, tile.ring);
  }
  return tile;
}

std::array<RingSegment, 2> seqc::passes::ringSegments(TileBuilder &b,
                                                      const QueryTile &tile,
                                                      Value begin,
                                                      Value count) {
  // Rank r is entry `pushed + r`, which lies in slot `next + r`, or that plus
  // the size of the ring where the sum is negative.
  Value zero = b.index(0);
  Value before = b.sub(b.sub(zero, tile.next), begin);
  Value first = b.min(count, b.max(zero, before));
  Value slot = b.add(begin, tile.next);
  RingSegment early{begin, first, b.add(slot, tile.ring)};
  RingSegment late{b.add(begin, first), b.sub(count, first),
                   b.add(slot, first)};
  return {early, late};
}

Value seqc::passes::countOf(TileBuilder &b, Value begin, Value end) {
  return b.max(b.index(0), b.sub(end, begin));
}

AttendTileEmitter::Range AttendTileEmitter::visibleTo(TileBuilder &b,
                                                      const QueryTile &tile,
                                                      Value rank, Value count) {
  Range range;
  range.begin = tile.past ? b.sub(b.index(0), tile.past) : b.index(0);
  if (left >= 0)
    range.begin = b.max(range.begin, b.sub(rank, b.index(left)));
  range.end = tile.length;
  if (right >= 0)
    range.end = b.min(range.end, b.add(b.add(rank, count), b.index(right)));
  return range;
}

Value AttendTileEmitter::emit(TileBuilder &b, const QueryTile &tile,
                              Value destination) {
  if (single)
    return emitOne(b, tile,
                   destination ? destination : b.empty({1, h}, f32Type()));
  Value out = destination;
  if (!out)
    out =
        b.rows(b.empty({queryTile, h}, f32Type()), {}, b.index(0), tile.count);
  // Without a window every key is seen by all queries or by none.
  return left < 0 && right < 0 ? attend(b, tile, out)
                               : attendExactly(b, tile, out);
}

/// All queries of the tile at once; and, if a row came out infinite or not a
/// number, all of them again one by one. A weight of 0 does not silence such a
/// value, so that one of a key outside a query's window, but inside a
/// neighbour's, would reach it. A single query reads the keys that it sees
/// only.
Value AttendTileEmitter::attendExactly(TileBuilder &b, const QueryTile &tile,
                                       Value out) {
  Value zero = b.index(0), one = b.index(1);
  Value alone = b.cmp(arith::CmpIPredicate::ule, tile.count, one);
  Value rounds = b.select(alone, tile.count, b.add(tile.count, one));
  Value no = arith::ConstantOp::create(b, b.getBoolAttr(false));
  auto loop = scf::ForOp::create(
      b, zero, rounds, one, ValueRange{out, no},
      [&](OpBuilder &outer, Location loc, Value round, ValueRange carried) {
        TileBuilder r(loc, outer);
        Value whole = r.cmp(arith::CmpIPredicate::eq, round, zero);
        auto run = [&](OpBuilder &inner, Location) {
          TileBuilder t(loc, inner);
          Value first = t.select(whole, zero, t.sub(round, one));
          QueryTile part = tile;
          part.rank = t.add(tile.rank, first);
          part.row = t.add(tile.row, first);
          part.count = t.select(whole, tile.count, one);
          SmallVector<OpFoldResult> at = {first, t.attr(0)};
          SmallVector<OpFoldResult> extent = {part.count, t.attr(h)};
          Value rows = attend(t, part, t.slice(carried[0], at, extent, 2));
          Value bad = isNotFinite(t, t.rows(rows, {}, zero, part.count));
          Value again = t.createOrFold<arith::OrIOp>(carried[1], bad);
          scf::YieldOp::create(
              t, ValueRange{t.insert(rows, carried[0], at, extent), again});
        };
        auto keep = [&](OpBuilder &inner, Location) {
          scf::YieldOp::create(inner, loc, carried);
        };
        Value needed = r.createOrFold<arith::OrIOp>(whole, carried[1]);
        auto result = scf::IfOp::create(r, needed, run, keep);
        scf::YieldOp::create(r, result.getResults());
      });
  return loop.getResult(0);
}

/// x - x is 0 for finite numbers only.
Value AttendTileEmitter::isNotFinite(TileBuilder &b, Value rows) {
  Value columns = b.fill(b.empty({h}, f32Type()), b.f32(0));
  columns =
      b.generic(rows, columns, {b.getMultiDimIdentityMap(2), b.axes(2, {1})},
                {0}, [](TileBuilder &t, ValueRange args) {
                  return t.addF(args[1], t.subF(args[0], args[0]));
                });
  Value sum = b.fill(b.empty({}, f32Type()), b.f32(0));
  sum = b.generic(
      columns, sum, {b.axes(1, {0}), b.axes(1, {})}, {0},
      [](TileBuilder &t, ValueRange args) { return t.addF(args[1], args[0]); });
  Value total = tensor::ExtractOp::create(b, sum, ValueRange{});
  return arith::CmpFOp::create(b, arith::CmpFPredicate::UNE, total, b.f32(0));
}

/// Attention of the tile's queries; `out` is where the rows go.
Value AttendTileEmitter::attend(TileBuilder &b, const QueryTile &tile,
                                Value out) {
  queries = loadQueries(b, tile);
  queryPositions = op.getBias() == BiasKind::Position
                       ? loadQueryPositions(b, tile)
                       : Value();
  Sums sums;
  sums.out = out;
  if (isSoftmax()) {
    // Finite, so that a query whose keys are all masked so far has weights
    // exp(-inf) = 0 and not exp(-inf + inf).
    double lowest = std::numeric_limits<float>::lowest();
    sums.maximum = b.fill(b.empty({queryTile}, f32Type()), b.f32(lowest));
    sums.total = b.fill(b.empty({queryTile}, f32Type()), b.f32(0));
  }
  Range all = visibleTo(b, tile, tile.rank, tile.count);
  if (isOneTile())
    return visitTile(b, tile, loadKeys(b, tile, all), sums).out;
  auto loop = scf::ForOp::create(
      b, all.begin, all.end, b.index(keyTile), sums.list(),
      [&](OpBuilder &inner, Location loc, Value first, ValueRange carried) {
        TileBuilder t(loc, inner);
        Range range{first, t.min(all.end, t.add(first, t.index(keyTile)))};
        KeyTile keys = loadKeys(t, tile, range);
        keys.started = t.cmp(arith::CmpIPredicate::ne, first, all.begin);
        keys.begins = t.cmp(arith::CmpIPredicate::eq, first, all.begin);
        keys.ends = t.cmp(arith::CmpIPredicate::eq, range.end, all.end);
        Sums now = visitTile(t, tile, keys, Sums::of(carried));
        scf::YieldOp::create(t, now.list());
      });
  return loop.getResult(0);
}

/// Whether a tile of keys has all that the queries of a task see.
bool AttendTileEmitter::isOneTile() {
  return left >= 0 && right >= 0 && left + right + queryTile <= keyTile;
}

/// Weights of the whole tile first, then their product with values, a panel of
/// value columns at a time: a panel stays in the first-level cache while all
/// queries of the tile pass over it.
AttendTileEmitter::Sums AttendTileEmitter::visitTile(TileBuilder &b,
                                                     const QueryTile &tile,
                                                     const KeyTile &keys,
                                                     Sums sums) {
  SmallVector<Value> initial = {
      b.empty({queryTile / block, keyTile, block}, f32Type())};
  initial.append(sums.list());
  auto loop = scf::ForOp::create(
      b, b.index(0), tile.count, b.index(block), initial,
      [&](OpBuilder &inner, Location loc, Value first, ValueRange carried) {
        TileBuilder t(loc, inner);
        Block part;
        part.index = blockIndex(t, first);
        part.first = first;
        part.count = t.min(t.index(block), t.sub(tile.count, first));
        part.rank = t.add(tile.rank, first);
        part.range = visibleIn(t, tile, keys, part.rank, part.count);
        part.firstKey = t.sub(part.range.begin, keys.range.begin);
        part.keyCount = countOf(t, part.range.begin, part.range.end);
        Value weights = carried.front();
        Sums now =
            visitBlock(t, keys, part, weights, Sums::of(carried.drop_front()));
        SmallVector<Value> next = {weights};
        next.append(now.list());
        scf::YieldOp::create(t, next);
      });
  sums = Sums::of(loop.getResults().drop_front());
  if (isSoftmax())
    sums.total = inverseTotal(b, keys, sums.total);
  sums.out = addValues(b, tile, keys, loop.getResult(0), sums);
  return sums;
}

/// Keys of the tile that queries of ranks [rank, rank + count) see.
AttendTileEmitter::Range AttendTileEmitter::visibleIn(TileBuilder &b,
                                                      const QueryTile &tile,
                                                      const KeyTile &keys,
                                                      Value rank, Value count) {
  Range seen = visibleTo(b, tile, rank, count);
  return {b.max(keys.range.begin, seen.begin), b.min(keys.range.end, seen.end)};
}

/// Puts the block's weights into its place in `weights`. Each step takes the
/// block out and puts it back, so that bufferization sees one buffer.
AttendTileEmitter::Sums
AttendTileEmitter::visitBlock(TileBuilder &b, const KeyTile &keys,
                              const Block &part, Value &weights, Sums sums) {
  weights = scores(b, keys, part, weights);
  weights = weigh(b, keys, part, weights);
  return isSoftmax() ? softmax(b, part, keys.started, weights, sums) : sums;
}

Value AttendTileEmitter::blockIndex(TileBuilder &b, Value first) {
  return queryTile == block
             ? b.index(0)
             : b.createOrFold<arith::DivUIOp>(first, b.index(block));
}

Value AttendTileEmitter::blockOf(TileBuilder &b, const Block &part,
                                 Value weights) {
  return b.slice(weights, {part.index, part.firstKey, b.attr(0)},
                 {b.attr(1), part.keyCount, b.attr(block)}, 2);
}

Value AttendTileEmitter::putBlock(TileBuilder &b, const Block &part,
                                  Value values, Value weights) {
  return b.insert(values, weights, {part.index, part.firstKey, b.attr(0)},
                  {b.attr(1), part.keyCount, b.attr(block)});
}
