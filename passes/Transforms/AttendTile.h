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

#include <array>

namespace seqc::passes {

/// A window at least this wide never cuts anything off (rows are counted in
/// i32) and is dropped, so that the rank arithmetic of masks fits i32.
inline constexpr int64_t kUnboundedWindow = int64_t(1) << 30;

/// Queries of one task. Rows of the packed axis are `row + i`, ranks in the
/// sequence `rank + i`, for i < count; count is 0 if the task has none.
struct QueryTile {
  mlir::Value head;     ///< null without heads
  mlir::Value sequence; ///< b
  mlir::Value start;    ///< packed row of the sequence's first row
  mlir::Value length;   ///< rows of the sequence
  mlir::Value rank;     ///< rank of the first query
  mlir::Value row;      ///< start + rank
  mlir::Value count;
  mlir::Value past; ///< valid keys carried into the sequence, or null
  mlir::Value ring; ///< slots of the ring that holds them
  mlir::Value next; ///< slot that the next key would take
};

/// Carried keys of neighbouring ranks that lie in neighbouring slots.
struct RingSegment {
  mlir::Value begin; ///< rank of the first, negative
  mlir::Value count;
  mlir::Value slot; ///< of the first; means nothing if count is 0
};

/// The slots of `count` carried keys from rank `begin` on: those before the end
/// of the ring, then those that wrapped around to its start.
std::array<RingSegment, 2> ringSegments(TileBuilder &b, const QueryTile &tile,
                                        mlir::Value begin, mlir::Value count);

/// Keys from rank `begin` to `end`; none if that comes before.
mlir::Value countOf(TileBuilder &b, mlir::Value begin, mlir::Value end);

class AttendTileEmitter {
public:
  /// Tile sizes of one task. Queries are rounded up to a whole number of
  /// blocks.
  struct Sizes {
    int64_t queries;
    int64_t keys;
    int64_t block;     ///< queries whose scores are computed side by side
    int64_t panel;     ///< value columns multiplied at a time
    int64_t valueRows; ///< queries of a register tile of that product
    ir::ScheduleAttr scoreTile; ///< of the product with keys, or null
  };
  AttendTileEmitter(ir::AttendOp op, Sizes sizes);

  int64_t getQueryTile() const { return queryTile; }
  /// Number of tasks; computed from the op's operands' extents alone.
  mlir::Value taskCount(TileBuilder &b);
  /// The tile of task `task`.
  QueryTile locate(TileBuilder &b, mlir::Value task);
  /// Attention of the tile's queries, [count, h], in `destination` or, where
  /// that is null, in scratch.
  mlir::Value emit(TileBuilder &b, const QueryTile &tile,
                   mlir::Value destination);

private:
  /// Loop-carried values.
  struct Sums {
    mlir::Value out;     ///< [count, h]
    mlir::Value maximum; ///< [queryTile], softmax only
    mlir::Value total;   ///< [queryTile], softmax only; its inverse at the end
    llvm::SmallVector<mlir::Value> list() const;
    static Sums of(mlir::ValueRange values);
  };
  /// Keys by rank, [begin, end): those below 0 are carried ones.
  struct Range {
    mlir::Value begin, end;
  };
  /// What is loaded of a key tile: [keyTile, ..], the first `end - begin` used.
  struct KeyTile {
    Range range;
    mlir::Value keys;      ///< rotated
    mlir::Value positions; ///< i32, bias = position only
    mlir::Value started;   ///< earlier tiles are in the sums
    mlir::Value begins;    ///< or none are; null: as `ends`
    mlir::Value ends;      ///< no tile comes after it; null: it is the only one
  };
  /// A block of the tile's queries along the lanes, and its keys in a tile.
  struct Block {
    mlir::Value index;        ///< of the block in the tile
    mlir::Value first, count; ///< among the tile's queries
    mlir::Value rank;         ///< of the first one
    Range range;              ///< keys that any of them sees
    mlir::Value firstKey;     ///< of the range, counted from the tile's first
    mlir::Value keyCount;
  };

  /// Queries of a register tile of weights and values.
  struct ValueRows {
    mlir::Value block;           ///< of the tile
    mlir::Value inBlock, inTile; ///< the first one, counted from there
    mlir::Value count;
  };
  /// Columns of the values and of the result.
  struct Panel {
    mlir::Value first;
    int64_t width;
  };

  bool isSoftmax();
  bool isOneTile();
  mlir::Type f32Type();
  mlir::Value tilesPerHead(TileBuilder &b);
  void findTile(TileBuilder &b, mlir::Value wanted, QueryTile &tile);
  mlir::Value keyHead(TileBuilder &b, const QueryTile &tile);
  /// Keys that some query of ranks [rank, rank + count) sees.
  Range visibleTo(TileBuilder &b, const QueryTile &tile, mlir::Value rank,
                  mlir::Value count);

  mlir::Value attendExactly(TileBuilder &b, const QueryTile &tile,
                            mlir::Value out);
  mlir::Value attend(TileBuilder &b, const QueryTile &tile, mlir::Value out);
  mlir::Value isNotFinite(TileBuilder &b, mlir::Value rows);

  // Loading.
  mlir::Value loadQueries(TileBuilder &b, const QueryTile &tile);
  mlir::Value loadQueryPositions(TileBuilder &b, const QueryTile &tile);
  KeyTile loadKeys(TileBuilder &b, const QueryTile &tile, Range range);
  mlir::Value loadRows(TileBuilder &b, mlir::Value source, mlir::Value lead,
                       mlir::Value row, mlir::Value count,
                       mlir::Value positions, mlir::Value positionLead,
                       double scale, mlir::Value whole, mlir::Value at);
  mlir::Value rotateRows(TileBuilder &b, mlir::Value rows, mlir::Value count,
                         mlir::Value positions, mlir::Value lead,
                         mlir::Value firstRow, double scale, mlir::Value out);
  mlir::Value rotateHalf(TileBuilder &b, mlir::Value pairs, mlir::Value cosines,
                         mlir::Value sines, double scale, bool odd,
                         mlir::Value out);

  // One key tile, one block of queries.
  Sums visitTile(TileBuilder &b, const QueryTile &tile, const KeyTile &keys,
                 Sums sums);
  Range visibleIn(TileBuilder &b, const QueryTile &tile, const KeyTile &keys,
                  mlir::Value rank, mlir::Value count);
  Sums visitBlock(TileBuilder &b, const KeyTile &keys, const Block &block,
                  mlir::Value &weights, Sums sums);
  /// Number of the block whose first query is `first`.
  mlir::Value blockIndex(TileBuilder &b, mlir::Value first);
  /// A block's place in the weights of a key tile, [blocks, keyTile, block].
  mlir::Value blockOf(TileBuilder &b, const Block &block, mlir::Value weights);
  mlir::Value putBlock(TileBuilder &b, const Block &block, mlir::Value values,
                       mlir::Value weights);
  mlir::Value scores(TileBuilder &b, const KeyTile &keys, const Block &block,
                     mlir::Value weights);
  mlir::Value weigh(TileBuilder &b, const KeyTile &keys, const Block &block,
                    mlir::Value weights);
  mlir::Value weighAs(TileBuilder &b, const KeyTile &keys, const Block &block,
                      mlir::Value distance, mlir::Value weights, bool masked);
  mlir::Value lookUp(TileBuilder &b, mlir::Value index, mlir::Value limit);
  mlir::Value scoreFunction(TileBuilder &b, mlir::Value score);
  mlir::Value visible(TileBuilder &b, mlir::Value distance);
  Sums softmax(TileBuilder &b, const Block &block, mlir::Value started,
               mlir::Value &weights, Sums sums);
  mlir::Value addValues(TileBuilder &b, const QueryTile &tile,
                        const KeyTile &keys, mlir::Value weights, Sums sums);
  mlir::Value addPanel(TileBuilder &b, const QueryTile &tile,
                       const KeyTile &keys, mlir::Value weights, Panel columns,
                       Sums sums);
  mlir::Value addValuesToRows(TileBuilder &b, const QueryTile &tile,
                              const KeyTile &keys, mlir::Value weights,
                              ValueRows at, Range range, Panel columns,
                              Sums sums);
  mlir::Value multiply(TileBuilder &b, const QueryTile &tile,
                       const KeyTile &keys, mlir::Value weights, ValueRows at,
                       Range range, mlir::Value values, Panel columns,
                       Sums sums);
  mlir::Value inverseTotal(TileBuilder &b, const KeyTile &keys,
                           mlir::Value total);
  static mlir::Value when(TileBuilder &b, mlir::Value condition,
                          mlir::Value value,
                          llvm::function_ref<mlir::Value(TileBuilder &)> make);

  // The only query of a sequence (AttendOne.cpp).
  /// Keys that lie side by side, and their place among all that the query sees.
  struct KeyPart {
    mlir::Value keys, values, positions, lead;
    mlir::Value row, count, at;
  };
  static bool isSingle(ir::AttendOp op);
  llvm::SmallVector<KeyPart> partsOf(TileBuilder &b, const QueryTile &tile);
  mlir::Value scoresOfPart(TileBuilder &b, const KeyPart &part,
                           mlir::Value query, mlir::Value scores);
  mlir::Value turnedScoresOfPart(TileBuilder &b, const KeyPart &part,
                                 mlir::Value query, mlir::Value scores);
  mlir::Value weighAll(TileBuilder &b, const QueryTile &tile,
                       llvm::ArrayRef<KeyPart> parts, mlir::Value count,
                       mlir::Value scores);
  mlir::Value softmaxAll(TileBuilder &b, mlir::Value count,
                         mlir::Value &scores);
  mlir::Value emitOne(TileBuilder &b, const QueryTile &tile, mlir::Value out);

  ir::AttendOp op;
  int64_t queryTile, keyTile;
  int64_t block;
  int64_t panel;
  int64_t valueRows; ///< rows of a register tile of the result
  ir::ScheduleAttr scoreTile;
  int64_t z, h;
  int64_t left, right;        ///< -1: unbounded
  bool oneRowEach;            ///< sequence b has row b and no other
  bool single;                ///< and its query is computed alone
  mlir::Value queries;        ///< [blocks, z, block], rotated and scaled
  mlir::Value queryPositions; ///< i32 [queryTile], bias = position only
};

} // namespace seqc::passes

#endif // SEQC_PASSES_TRANSFORMS_ATTENDTILE_H
