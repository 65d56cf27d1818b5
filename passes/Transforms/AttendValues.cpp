//===- AttendValues.cpp - weights of a key tile times its values ----------===//

#include "passes/Transforms/AttendTile.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace seqc::passes;

Value AttendTileEmitter::addValues(TileBuilder &b, const QueryTile &tile,
                                   const KeyTile &keys, Value weights,
                                   Sums sums) {
  auto addPanels = [&](int64_t begin, int64_t end, int64_t width) {
    if (begin == end)
      return;
    auto loop = scf::ForOp::create(
        b, b.index(begin), b.index(end), b.index(width), sums.out,
        [&](OpBuilder &inner, Location loc, Value column, ValueRange carried) {
          TileBuilder t(loc, inner);
          Sums now{carried[0], sums.maximum, sums.total};
          scf::YieldOp::create(
              t, addPanel(t, tile, keys, weights, {column, width}, now));
        });
    sums.out = loop.getResult(0);
  };
  int64_t full = h - h % panel;
  addPanels(0, full, panel);
  addPanels(full, h, h - full);
  return sums.out;
}

/// All queries, a register tile of them at a time, each with the keys that it
/// sees.
Value AttendTileEmitter::addPanel(TileBuilder &b, const QueryTile &tile,
                                  const KeyTile &keys, Value weights,
                                  Panel columns, Sums sums) {
  auto addRows = [&](TileBuilder &t, ValueRows at, Value out) {
    Range seen =
        visibleIn(t, tile, keys, t.add(tile.rank, at.inTile), at.count);
    return addValuesToRows(t, tile, keys, weights, at, seen, columns,
                           {out, sums.maximum, sums.total});
  };
  auto blocks = scf::ForOp::create(
      b, b.index(0), tile.count, b.index(block), sums.out,
      [&](OpBuilder &outer, Location loc, Value first, ValueRange whole) {
        TileBuilder o(loc, outer);
        Value index = blockIndex(o, first);
        Value count = o.min(o.index(block), o.sub(tile.count, first));
        auto rows = scf::ForOp::create(
            o, o.index(0), count, o.index(valueRows), whole[0],
            [&](OpBuilder &inner, Location, Value row, ValueRange carried) {
              TileBuilder t(loc, inner);
              ValueRows at{index, row, t.add(first, row),
                           t.min(t.index(valueRows), t.sub(count, row))};
              scf::YieldOp::create(t, addRows(t, at, carried[0]));
            });
        scf::YieldOp::create(o, rows.getResults());
      });
  return blocks.getResult(0);
}

/// The same for `valueRows` rows of the tile from `at` on and keys in `range`:
/// carried values first, then the call's own. The two parts of the ring and the
/// call's own rows are one body that is run three times, since it is most of
/// the kernel's code.
Value AttendTileEmitter::addValuesToRows(TileBuilder &b, const QueryTile &tile,
                                         const KeyTile &keys, Value weights,
                                         ValueRows at, Range range,
                                         Panel columns, Sums sums) {
  Value zero = b.index(0), one = b.index(1);
  if (!tile.past)
    return multiply(b, tile, keys, weights, at, range,
                    b.rows(op.getValue(), keyHead(b, tile),
                           b.add(tile.start, range.begin),
                           countOf(b, range.begin, range.end)),
                    columns, sums);
  auto loop = scf::ForOp::create(
      b, zero, b.index(3), one, sums.out,
      [&](OpBuilder &inner, Location loc, Value round, ValueRange carried) {
        TileBuilder t(loc, inner);
        Value own = t.cmp(arith::CmpIPredicate::eq, round, t.index(2));
        Value wrapped = t.cmp(arith::CmpIPredicate::eq, round, one);
        Value pastEnd = t.min(range.end, zero);
        auto [early, late] = ringSegments(t, tile, range.begin,
                                          countOf(t, range.begin, pastEnd));
        Value slot = t.select(wrapped, late.slot, early.slot);
        Value begin = t.select(wrapped, late.begin, early.begin);
        Value count = t.select(wrapped, late.count, early.count);
        Range rest{t.max(range.begin, zero), range.end};
        Value values =
            t.select(own,
                     t.rows(op.getValue(), {}, t.add(tile.start, rest.begin),
                            countOf(t, rest.begin, rest.end)),
                     t.rows(op.getPastValue(), tile.sequence, slot, count));
        Range now{t.select(own, rest.begin, begin),
                  t.select(own, rest.end, t.add(begin, count))};
        KeyTile part = keys;
        part.begins = t.cmp(arith::CmpIPredicate::eq, round, zero);
        part.ends = own;
        if (keys.ends) {
          part.begins = t.createOrFold<arith::AndIOp>(part.begins, keys.begins);
          part.ends = t.createOrFold<arith::AndIOp>(own, keys.ends);
        }
        scf::YieldOp::create(
            t, multiply(t, tile, part, weights, at, now, values, columns,
                        {carried[0], sums.maximum, sums.total}));
      });
  return loop.getResult(0);
}

/// What `make` gives under the condition, else `value`; no condition is true.
Value AttendTileEmitter::when(TileBuilder &b, Value condition, Value value,
                              llvm::function_ref<Value(TileBuilder &)> make) {
  if (!condition)
    return make(b);
  auto yes = [&](OpBuilder &inner, Location loc) {
    TileBuilder t(loc, inner);
    scf::YieldOp::create(t, make(t));
  };
  auto no = [&](OpBuilder &inner, Location loc) {
    scf::YieldOp::create(inner, loc, value);
  };
  return scf::IfOp::create(b, condition, yes, no).getResult(0);
}

/// A whole register tile of rows, or one row after the other. The start from 0
/// and, after the last keys, the division by the total are for the registers.
Value AttendTileEmitter::multiply(TileBuilder &b, const QueryTile &tile,
                                  const KeyTile &keys, Value weights,
                                  ValueRows at, Range range, Value values,
                                  Panel columns, Sums sums) {
  // Loops (query, value column, key): lanes are value columns.
  AffineMap maps[] = {b.axes(3, {2, 0}), b.axes(3, {2, 1}), b.axes(3, {0, 1})};
  Value keyCount = countOf(b, range.begin, range.end);
  Value firstKey = b.sub(range.begin, keys.range.begin);
  values = b.slice(values, {b.attr(0), columns.first},
                   {keyCount, b.attr(columns.width)}, 2);
  auto addRows = [&](TileBuilder &t, Value first, int64_t count, Value all) {
    Value weight =
        t.slice(weights, {at.block, firstKey, t.add(at.inBlock, first)},
                {t.attr(1), keyCount, t.attr(count)}, 2);
    SmallVector<OpFoldResult> place = {t.add(at.inTile, first), columns.first};
    SmallVector<OpFoldResult> extent = {t.attr(count), t.attr(columns.width)};
    all = when(t, keys.begins, all, [&](TileBuilder &i) {
      Value rows = i.slice(all, place, extent, 2);
      return i.insert(i.fill(rows, i.f32(0)), all, place, extent);
    });
    Value rows = t.slice(all, place, extent, 2);
    rows = t.contract(weight, values, rows, maps, 2);
    all = t.insert(rows, all, place, extent);
    if (!isSoftmax())
      return all;
    return when(t, keys.ends, all, [&](TileBuilder &i) {
      Value factors = i.slice(sums.total, {place[0]}, {i.attr(count)}, 1);
      Value scaled = i.generic(factors, i.slice(all, place, extent, 2),
                               {i.axes(2, {0}), i.getMultiDimIdentityMap(2)},
                               {}, [](TileBuilder &e, ValueRange args) {
                                 return e.mulF(args[1], args[0]);
                               });
      return i.insert(scaled, all, place, extent);
    });
  };
  auto addAll = [&](OpBuilder &inner, Location loc) {
    TileBuilder t(loc, inner);
    scf::YieldOp::create(t, addRows(t, t.index(0), valueRows, sums.out));
  };
  auto addEach = [&](OpBuilder &outer, Location loc) {
    TileBuilder o(loc, outer);
    auto loop = scf::ForOp::create(
        o, o.index(0), at.count, o.index(1), sums.out,
        [&](OpBuilder &inner, Location, Value row, ValueRange carried) {
          TileBuilder t(loc, inner);
          scf::YieldOp::create(t, addRows(t, row, 1, carried[0]));
        });
    scf::YieldOp::create(o, loop.getResults());
  };
  Value whole = b.cmp(arith::CmpIPredicate::eq, at.count, b.index(valueRows));
  return scf::IfOp::create(b, whole, addAll, addEach).getResult(0);
}
