//===- AttendTile.h - one query tile of attention, on tensors -------------===//
//
// Emits the body of one task of windowed attention: which tile it is, the loops
// over key tiles, scores, weights and the weighted sum of values. Layouts and
// their reasons: docs/Rationale/WindowAttention.md.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_PASSES_TRANSFORMS_ATTENDTILE_H
#define SEQC_PASSES_TRANSFORMS_ATTENDTILE_H

#include "dialect/SeqcOps.h"
#include "passes/Transforms/TileBuilder.h"

namespace seqc::passes {

/// A window at least this wide never cuts anything off (rows are counted in
/// i32) and is dropped, so that the rank arithmetic of masks fits i32.
inline constexpr int64_t kUnboundedWindow = int64_t(1) << 30;

/// Query tile of one task. Rows of the packed axis are `row + i`, ranks in the
/// sequence `rank + i`, for i < count; count is 0 if the task has no tile.
struct QueryTile {
  mlir::Value head;     ///< null without heads
  mlir::Value sequence; ///< b
  mlir::Value start;    ///< packed row of the sequence's first row
  mlir::Value length;   ///< rows of the sequence
  mlir::Value rank;     ///< rank of the first query
  mlir::Value row;      ///< start + rank
  mlir::Value count;
};

class AttendTileEmitter {
public:
  AttendTileEmitter(ir::AttendOp op, int64_t queryTile, int64_t keyTile);

  /// Number of tasks; computed from the op's operands' extents alone.
  mlir::Value taskCount(TileBuilder &b);
  /// The tile of task `task`.
  QueryTile locate(TileBuilder &b, mlir::Value task);
  /// Attention of the tile's queries: [count, h].
  mlir::Value emit(TileBuilder &b, const QueryTile &tile);

private:
  /// Keys in one array: those carried from earlier calls, or the call's own.
  struct Keys {
    mlir::Value keys, values, positions;
    mlir::Value lead;         ///< leading index of keys and values, or null
    mlir::Value positionLead; ///< leading index of positions, or null
    mlir::Value row;          ///< row of key 0
    mlir::Value rank;         ///< rank of key 0
    mlir::Value begin, end;   ///< keys to visit
  };
  /// Loop-carried values.
  struct Sums {
    mlir::Value out;     ///< [count, h]
    mlir::Value maximum; ///< [queryTile], softmax only
    mlir::Value total;   ///< [queryTile], softmax only
  };

  bool isSoftmax();
  mlir::Value tilesPerHead(TileBuilder &b);
  mlir::Value loadQueries(TileBuilder &b, const QueryTile &tile);
  mlir::Value loadQueryPositions(TileBuilder &b, const QueryTile &tile);
  mlir::Value rotateRows(TileBuilder &b, mlir::Value rows, mlir::Value count,
                         mlir::Value positions, mlir::Value lead,
                         mlir::Value firstRow, double scale, mlir::Value out);
  mlir::Value rotateHalf(TileBuilder &b, mlir::Value pairs, mlir::Value cosines,
                         mlir::Value sines, double scale, bool odd,
                         mlir::Value out);
  Keys currentKeys(TileBuilder &b, const QueryTile &tile);
  Keys pastKeys(TileBuilder &b, const QueryTile &tile);
  Sums visit(TileBuilder &b, const QueryTile &tile, const Keys &keys,
             mlir::Value visited, Sums sums);
  Sums visitTile(TileBuilder &b, const QueryTile &tile, const Keys &keys,
                 mlir::Value first, mlir::Value started, Sums sums);
  mlir::Value scores(TileBuilder &b, const Keys &keys, mlir::Value first,
                     mlir::Value count);
  mlir::Value weights(TileBuilder &b, const QueryTile &tile, const Keys &keys,
                      mlir::Value first, mlir::Value count, mlir::Value scores);
  mlir::Value weigh(TileBuilder &b, const Keys &keys, mlir::Value first,
                    mlir::Value count, mlir::Value distance, mlir::Value scores,
                    bool masked);
  mlir::Value lookUp(TileBuilder &b, mlir::Value index, mlir::Value limit);
  mlir::Value scoreFunction(TileBuilder &b, mlir::Value score);
  mlir::Value visible(TileBuilder &b, mlir::Value distance);
  Sums softmax(TileBuilder &b, mlir::Value &scores, const QueryTile &tile,
               mlir::Value started, Sums sums);
  mlir::Value normalise(TileBuilder &b, const QueryTile &tile, Sums sums);

  mlir::Type f32Type();

  ir::AttendOp op;
  int64_t queryTile, keyTile;
  int64_t z, h;
  int64_t left, right;        ///< -1: unbounded
  mlir::Value queries;        ///< [z, queryTile], rotated and scaled
  mlir::Value queryPositions; ///< i32 [queryTile], bias = position only
};

} // namespace seqc::passes

#endif // SEQC_PASSES_TRANSFORMS_ATTENDTILE_H
