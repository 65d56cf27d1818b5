//===- AttendLoad.cpp - queries and keys of an attention tile -------------===//

#include "passes/Transforms/AttendTile.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace seqc::passes;
using seqc::ir::BiasKind;

/// Queries as columns, a block at a time: lanes of the last one beyond the
/// tile's rows are 0, and blocks without a query are left as they are.
Value AttendTileEmitter::loadQueries(TileBuilder &b, const QueryTile &tile) {
  double scale = op.getScale().convertToFloat();
  auto loop = scf::ForOp::create(
      b, b.index(0), tile.count, b.index(block),
      ValueRange{b.empty({queryTile / block, z, block}, f32Type())},
      [&](OpBuilder &inner, Location loc, Value first, ValueRange carried) {
        TileBuilder t(loc, inner);
        Value zero = t.index(0);
        Value count = t.min(t.index(block), t.sub(tile.count, first));
        Value rows = loadRows(t, op.getQuery(), tile.head,
                              t.add(tile.row, first), count, op.getPositions(),
                              {}, scale, t.empty({block, z}, f32Type()), zero);
        Value missing = t.sub(t.index(block), count);
        Value rest = t.fill(t.rows(rows, {}, count, missing), t.f32(0));
        rows = t.insert(rest, rows, {count, t.attr(0)}, {missing, t.attr(z)});
        SmallVector<OpFoldResult> at = {blockIndex(t, first), t.attr(0),
                                        t.attr(0)};
        SmallVector<OpFoldResult> extent = {t.attr(1), t.attr(z),
                                            t.attr(block)};
        Value columns = linalg::TransposeOp::create(
                            t, rows, t.slice(carried[0], at, extent, 2),
                            ArrayRef<int64_t>{1, 0})
                            .getResult()[0];
        scf::YieldOp::create(t, t.insert(columns, carried[0], at, extent));
      });
  return loop.getResult(0);
}

Value AttendTileEmitter::loadQueryPositions(TileBuilder &b,
                                            const QueryTile &tile) {
  Value all = b.fill(b.empty({queryTile}, b.getI32Type()), b.i32(0));
  Value part = b.elements(all, {}, b.index(0), tile.count);
  Value source = b.elements(op.getPositions(), {}, tile.row, tile.count);
  return b.insert(b.copy(source, part), all, {b.attr(0)}, {tile.count});
}

Value AttendTileEmitter::keyHead(TileBuilder &b, const QueryTile &tile) {
  if (!op.hasHeads())
    return {};
  int64_t heads = cast<ShapedType>(op.getQuery().getType()).getDimSize(0);
  int64_t keyHeads = cast<ShapedType>(op.getKey().getType()).getDimSize(0);
  return b.createOrFold<arith::DivUIOp>(tile.head, b.index(heads / keyHeads));
}

/// Keys with ranks in `range`. Only keys that are turned, or that come from two
/// arrays, are copied.
AttendTileEmitter::KeyTile AttendTileEmitter::loadKeys(TileBuilder &b,
                                                       const QueryTile &tile,
                                                       Range range) {
  KeyTile keys;
  keys.range = range;
  Value zero = b.index(0), head = keyHead(b, tile);
  Value count = b.sub(range.end, range.begin);
  Value row = b.add(tile.start, range.begin);
  bool needsPositions = op.getBias() == BiasKind::Position;
  if (!tile.past) {
    keys.keys =
        op.hasRotary()
            ? loadRows(b, op.getKey(), head, row, count, op.getPositions(), {},
                       1.0, b.empty({keyTile, z}, f32Type()), zero)
            : b.rows(op.getKey(), head, row, count);
    if (needsPositions)
      keys.positions = b.elements(op.getPositions(), {}, row, count);
    return keys;
  }
  Value pastCount = b.min(count, b.max(zero, b.sub(zero, range.begin)));
  Value ownCount = b.sub(count, pastCount), ownRow = b.add(row, pastCount);
  auto [early, late] = ringSegments(b, tile, range.begin, pastCount);
  keys.keys = loadRows(b, op.getPastKey(), tile.sequence, early.slot,
                       early.count, op.getPastPositions(), tile.sequence, 1.0,
                       b.empty({keyTile, z}, f32Type()), zero);
  keys.keys = loadRows(b, op.getPastKey(), tile.sequence, late.slot, late.count,
                       op.getPastPositions(), tile.sequence, 1.0, keys.keys,
                       early.count);
  keys.keys = loadRows(b, op.getKey(), head, ownRow, ownCount,
                       op.getPositions(), {}, 1.0, keys.keys, pastCount);
  if (!needsPositions)
    return keys;
  auto append = [&](Value source, Value lead, Value from, Value amount,
                    Value to) {
    Value part = b.elements(keys.positions, {}, to, amount);
    part = b.copy(b.elements(source, lead, from, amount), part);
    keys.positions = b.insert(part, keys.positions, {to}, {amount});
  };
  keys.positions = b.empty({keyTile}, b.getI32Type());
  append(op.getPastPositions(), tile.sequence, early.slot, early.count, zero);
  append(op.getPastPositions(), tile.sequence, late.slot, late.count,
         early.count);
  append(op.getPositions(), {}, ownRow, ownCount, pastCount);
  return keys;
}

/// Rows of `source`, turned and scaled, put into rows of `whole` from `at` on.
Value AttendTileEmitter::loadRows(TileBuilder &b, Value source, Value lead,
                                  Value row, Value count, Value positions,
                                  Value positionLead, double scale, Value whole,
                                  Value at) {
  Value rows = b.rows(source, lead, row, count);
  Value part = b.rows(whole, {}, at, count);
  if (op.hasRotary()) {
    part =
        rotateRows(b, rows, count, positions, positionLead, row, scale, part);
  } else if (scale == 1.0) {
    part = b.copy(rows, part);
  } else {
    AffineMap same = b.getMultiDimIdentityMap(2);
    Value factor = b.f32(scale);
    part = b.generic(rows, part, {same, same}, {},
                     [&](TileBuilder &t, ValueRange args) {
                       return t.mulF(args[0], factor);
                     });
  }
  return b.insert(part, whole, {at, b.attr(0)}, {count, b.attr(z)});
}

/// The even (or odd) elements of a rotated row, from its pairs [z/2, 2].
Value AttendTileEmitter::rotateHalf(TileBuilder &b, Value pairs, Value cosines,
                                    Value sines, double scale, bool odd,
                                    Value out) {
  AffineMap same = b.getMultiDimIdentityMap(1);
  AffineExpr c = b.getAffineDimExpr(0);
  auto element = [&](int64_t which) {
    return AffineMap::get(1, 0, {c, b.getAffineConstantExpr(which)},
                          b.getContext());
  };
  Value factor = scale == 1.0 ? Value() : b.f32(scale);
  return b.generic({pairs, pairs, cosines, sines}, out,
                   {element(0), element(1), same, same, same}, {},
                   [&](TileBuilder &t, ValueRange args) {
                     Value x = args[0], y = args[1], cosine = args[2],
                           sine = args[3];
                     Value turned =
                         odd ? t.addF(t.mulF(x, sine), t.mulF(y, cosine))
                             : t.subF(t.mulF(x, cosine), t.mulF(y, sine));
                     return factor ? t.mulF(turned, factor) : turned;
                   });
}

/// Rows rotated by their positions. Even elements land in the first half of a
/// row, odd ones in the second: queries and keys agree, so that products do not
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
