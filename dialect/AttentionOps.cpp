//===- AttentionOps.cpp - attention over a window of keys -----------------===//

#include "dialect/OpSupport.h"

using namespace mlir;
using namespace seqc::ir;

SEQC_STRUCTURED_OP_METHODS(AttendOp)

bool AttendOp::hasHeads() {
  return cast<ShapedType>(getQuery().getType()).getRank() == 3;
}

/// attend_c1 and attend_c2.
static LogicalResult verifyRows(AttendOp op) {
  NamedValue query{"query", op.getQuery()}, key{"key", op.getKey()};
  NamedValue value{"value", op.getValue()}, out{"out", op.getOut()};
  if (query.rank() != 2 && query.rank() != 3)
    return op.emitOpError("expected query of rank 2 or 3, got ")
           << query.type();
  for (NamedValue v : {key, value, out})
    if (failed(verifyRank(op, v, query.rank())))
      return failure();
  if (failed(verifySameExtent(op, query, -1, key, -1)) ||
      failed(verifySameExtent(op, value, -1, out, -1)))
    return failure();
  // Queries, keys and values are rows of the same sequences.
  for (NamedValue v : {key, value, out})
    if (failed(verifySameExtent(op, query, -2, v, -2)))
      return failure();
  if (!op.hasHeads())
    return success();
  if (failed(verifySameExtent(op, query, 0, out, 0)) ||
      failed(verifySameExtent(op, key, 0, value, 0)))
    return failure();
  int64_t heads = query.extent(0), groups = key.extent(0);
  if (ShapedType::isDynamic(heads) || ShapedType::isDynamic(groups))
    return op.emitOpError("expected static numbers of heads, got ")
           << query.type() << " and " << key.type();
  if (groups == 0 || heads % groups != 0)
    return op.emitOpError("expected the number of key heads to divide the ")
           << heads << " query heads, got " << groups;
  return success();
}

/// attend_c4.
static LogicalResult verifyRotary(AttendOp op) {
  if (static_cast<bool>(op.getCosines()) != static_cast<bool>(op.getSines()))
    return op.emitOpError(
        "expected cosines and sines together, got only one of them");
  if (!op.hasRotary())
    return success();
  NamedValue cosines{"cosines", op.getCosines()}, sines{"sines", op.getSines()};
  if (failed(verifyRank(op, cosines, 2)) || failed(verifyRank(op, sines, 2)) ||
      failed(verifySameExtent(op, cosines, 0, sines, 0)))
    return failure();
  int64_t z = cast<ShapedType>(op.getQuery().getType()).getShape().back();
  if (!ShapedType::isDynamic(z) && z % 2 != 0)
    return op.emitOpError(
               "expected an even last extent of query with rotary, got ")
           << z;
  int64_t pairs = ShapedType::isDynamic(z) ? z : z / 2;
  if (failed(verifyExtent(op, cosines, 1, pairs)) ||
      failed(verifyExtent(op, sines, 1, pairs)))
    return failure();
  if (!op.getPositions())
    return op.emitOpError("expected positions with rotary, got none");
  return success();
}

/// attend_c5.
static LogicalResult verifyBias(AttendOp op) {
  if (op.getBias() == BiasKind::None) {
    if (op.getTable())
      return op.emitOpError(
          "expected no table with bias none, set bias to position or "
          "rank");
    return success();
  }
  if (!op.getTable())
    return op.emitOpError("expected a table with bias ")
           << stringifyBiasKind(op.getBias()) << ", got none";
  NamedValue table{"table", op.getTable()};
  if (failed(verifyRank(op, table, 1)))
    return failure();
  if (op.getBias() == BiasKind::Rank)
    return success();
  if (!op.getPositions())
    return op.emitOpError("expected positions with bias position, got none");
  if (!ShapedType::isDynamic(table.extent(0)) && table.extent(0) % 2 == 0)
    return op.emitOpError(
               "expected an odd extent of table with bias position, got ")
           << table.extent(0);
  return success();
}

/// attend_c6.
static LogicalResult verifyPast(AttendOp op) {
  bool all = op.getPastKey() && op.getPastValue() && op.getPastCount();
  bool any = op.getPastKey() || op.getPastValue() || op.getPastCount();
  if (all != any)
    return op.emitOpError("expected past_key, past_value and past_count "
                          "together, got some of them");
  if (op.getPastPositions() && !all)
    return op.emitOpError("expected past_key with past_positions, got none");
  if (!all)
    return success();
  if (op.hasHeads())
    return op.emitOpError("expected query of rank 2 with past, got ")
           << op.getQuery().getType();
  if (op.getRight() != 0)
    return op.emitOpError("expected right = 0 with past, got ")
           << op.getRight();
  NamedValue key{"past_key", op.getPastKey()},
      value{"past_value", op.getPastValue()};
  NamedValue count{"past_count", op.getPastCount()};
  if (failed(verifyRank(op, key, 3)) || failed(verifyRank(op, value, 3)) ||
      failed(verifySameExtent(op, key, 2, {"key", op.getKey()}, 1)) ||
      failed(verifySameExtent(op, value, 2, {"value", op.getValue()}, 1)) ||
      failed(verifySameExtent(op, key, 0, value, 0)) ||
      failed(verifySameExtent(op, key, 1, value, 1)) ||
      failed(verifySameExtent(op, count, 0, key, 0)) ||
      failed(verifyOffsets(op, {"offsets", op.getOffsets()}, key)))
    return failure();
  if (op.getPositions() && !op.getPastPositions())
    return op.emitOpError(
        "expected past_positions with past and positions, got none");
  if (!op.getPastPositions())
    return success();
  NamedValue positions{"past_positions", op.getPastPositions()};
  if (!positions.type().getElementType().isInteger(32))
    return op.emitOpError("expected past_positions of i32, got ")
           << positions.type();
  if (failed(verifyRank(op, positions, 2)) ||
      failed(verifySameExtent(op, positions, 0, key, 0)))
    return failure();
  return verifySameExtent(op, positions, 1, key, 1);
}

/// attend_c9 and attend_c10.
static LogicalResult verifyPart(AttendOp op) {
  if (static_cast<bool>(op.getFrom()) != static_cast<bool>(op.getTo()))
    return op.emitOpError("expected from and to together, got only one of "
                          "them");
  if (static_cast<bool>(op.getMaximum()) != static_cast<bool>(op.getTotal()))
    return op.emitOpError(
        "expected maximum and total together, got only one of them");
  if (!op.isOpen())
    return success();
  if (op.getScore() != ScoreKind::Softmax)
    return op.emitOpError("expected no maximum and total with ")
           << stringifyScoreKind(op.getScore()) << ", only softmax has them";
  NamedValue out{"out", op.getOut()};
  for (NamedValue v : {NamedValue{"maximum", op.getMaximum()},
                       NamedValue{"total", op.getTotal()}}) {
    if (failed(verifyRank(op, v, out.rank() - 1)))
      return failure();
    for (int64_t axis = 0; axis < v.rank(); ++axis)
      if (failed(verifySameExtent(op, out, axis, v, axis)))
        return failure();
  }
  return success();
}

LogicalResult AttendOp::verify() {
  if (failed(verifyOneForm(*this)) || failed(verifyRows(*this)))
    return failure();
  // attend_c3
  for (auto [name, bound] :
       {std::pair<StringRef, int64_t>{"left", getLeft()},
        std::pair<StringRef, int64_t>{"right", getRight()}})
    if (bound < -1)
      return emitOpError("expected ")
             << name << " of at least -1, got " << bound;
  if (getPositions() &&
      failed(verifySameExtent(*this, {"positions", getPositions()}, 0,
                              {"query", getQuery()}, -2)))
    return failure();
  // attend_c8
  if (getByPosition() && !getPositions())
    return emitOpError("expected positions with by_position, got none");
  if (failed(verifyRotary(*this)) || failed(verifyBias(*this)) ||
      failed(verifyPart(*this)))
    return failure();
  return verifyPast(*this);
}
