//===- VectorizeContraction.cpp - contractions to register tiles ----------===//
//
// C(.., n) += sum over k of A(.., k) * B(.., k, n), where n ("lanes") is the
// last axis of B and C and absent from A. A tile of rows x vectors of C stays
// in registers over the whole reduction; A is read one element at a time and
// broadcast, B one vector at a time.
//
//===----------------------------------------------------------------------===//

#include "passes/Analysis/ScheduleModel.h"
#include "passes/Passes.h"
#include "passes/Transforms/ContractionEnds.h"
#include "passes/Transforms/PanelColumns.h"
#include "passes/Transforms/VectorUtils.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

namespace seqc::passes {
#define GEN_PASS_DEF_SEQCVECTORIZECONTRACTION
#include "passes/Passes.h.inc"
} // namespace seqc::passes

using namespace mlir;
using namespace seqc::passes;

namespace {

/// Independent accumulators that hide the latency of a multiply-add.
constexpr int64_t kLatencyChains = 8;
/// Rows of a narrow tile: more of them only make code longer.
constexpr int64_t kMaxTileRows = 16;
/// Steps of a tile with few rows, which shares them with other code.
constexpr int64_t kTailUnroll = 2;
/// Part of B that a block of steps reads: with a few rows of A and C, most of a
/// first-level cache.
constexpr int64_t kStepBlockBytes = 30 << 10;
/// Lines of weights that an unrolled group of steps fetches ahead: all that
/// rows read next from 50 rows on, part of it for fewer.
constexpr int64_t kLinesAhead = 6;
constexpr int64_t kLineBytes = 64;
/// Locality of a prefetch to the second-level cache.
constexpr int64_t kSecondLevel = 2;

struct VectorizeContraction
    : seqc::passes::impl::SeqcVectorizeContractionBase<VectorizeContraction> {
  void runOnOperation() override;
};

/// Emits the loops of one contraction.
class ContractionEmitter {
public:
  ContractionEmitter(Contraction contraction, const VectorTarget &target)
      : info(std::move(contraction)), result(info.c->get()), target(target),
        micro(getMicroTile(info.op, target)), loc(info.op.getLoc()),
        ivs(info.op.getNumLoops()) {}

  void emit();

private:
  /// One register tile: row indices, first lane, vectors and their masks.
  struct Tile {
    SmallVector<Value> rows;
    Value lane;
    SmallVector<Value> masks;
    int64_t chains = 1;
    int64_t unroll = 1;
    Value ahead; ///< where to prefetch in `weights`, null: not at all
  };

  void findWeights(OpBuilder &builder);
  void planAhead(OpBuilder &builder, Value rows);
  Value aheadOf(OpBuilder &builder, Value row);
  void emitAhead(OpBuilder &builder, const Tile &tile, Value k);
  int64_t panelWidth() {
    return cast<MemRefType>(info.b->get().getType()).getShape().back();
  }
  void emitPanels(OpBuilder &builder);
  void emitPaddedPanels(OpBuilder &builder);
  void emitMaskedPanel(OpBuilder &builder);
  void emitLaneTiles(OpBuilder &builder);
  void emitStaticLaneTiles(OpBuilder &builder, int64_t extent);
  void emitDynamicLaneTiles(OpBuilder &builder, Value extent);
  void emitSteps(OpBuilder &builder, Value lane, ArrayRef<Value> masks);
  void emitRows(OpBuilder &builder, Value lane, ArrayRef<Value> masks);
  void emitStaticRows(OpBuilder &builder, int64_t extent, Value lane,
                      ArrayRef<Value> masks);
  void emitDynamicRows(OpBuilder &builder, Value extent, Value lane,
                       ArrayRef<Value> masks);
  void emitTile(OpBuilder &builder, SmallVector<Value> rows, Value lane,
                ArrayRef<Value> masks, Value ahead = {});

  /// Panels are whole vectors: their padding may be read and written.
  bool isPadded() const { return panels && panels->panel % target.lanes == 0; }

  SmallVector<Value> loadSums(OpBuilder &builder, const Tile &tile);
  SmallVector<Value> initialValues(OpBuilder &builder, const Tile &tile);
  SmallVector<Value> loadLaterSums(OpBuilder &builder, const Tile &tile,
                                   const SmallVector<Value> &filled);
  SmallVector<Value> scaleRows(OpBuilder &builder, const Tile &tile,
                               const SmallVector<Value> &sums);
  SmallVector<Value> emitReduction(OpBuilder &builder, const Tile &tile,
                                   SmallVector<Value> sums);
  void emitStep(OpBuilder &builder, const Tile &tile, Value k, int64_t chain,
                MutableArrayRef<Value> sums);
  Value laneIndex(OpBuilder &builder, const Tile &tile, int64_t vector);
  SmallVector<Value> resultIndices(OpBuilder &builder, Value row, Value lane);
  SmallVector<Value> indicesOf(OpBuilder &builder, OpOperand *operand,
                               Value row, Value lane, Value k);
  Value multiplyAdd(OpBuilder &builder, Value a, Value b, Value sum);

  Contraction info;
  std::optional<PanelColumns> panels;
  Value result;           ///< C, or where it would be copied to
  bool masksLast = false; ///< stores to the last panel are masked in all panels
  VectorTarget target;
  MicroTile micro;
  int64_t tileRows = 1; ///< rows of the register tiles being emitted
  Location loc;
  SmallVector<Value> ivs;
  SmallVector<OpFoldResult> extents;
  ContractionEnd initial; ///< scalar that C would have been filled with
  ContractionEnd factors; ///< of the rows of C
  /// B as one row of elements, where what rows read next is fetched ahead.
  Value weights;
  Value aheadPerStep; ///< elements to fetch in each step
  /// Steps of the reduction in [stepBegin, stepEnd); null: all of them.
  Value stepBegin, stepEnd;
};

} // namespace

/// C is (rows, panels, lanes) and B (panels, .., lanes).
static bool isInPanels(Contraction &info) {
  AffineMap map = info.op.getMatchingIndexingMap(info.c);
  return info.rowDim && info.outerDims.size() == 1 &&
         map.getNumResults() == 3 && positionOf(map, *info.rowDim) == 0u &&
         positionOf(map, info.outerDims[0]) == 1u &&
         positionOf(map, info.laneDim) == 2u &&
         positionOf(info.op.getMatchingIndexingMap(info.b), info.outerDims[0]);
}

//===----------------------------------------------------------------------===//
// Loops around the register tile
//===----------------------------------------------------------------------===//

void ContractionEmitter::emit() {
  initial = takeFill(info);
  factors = takeRowFactors(info);
  OpBuilder builder(info.op);
  extents = loopExtents(builder, info.op);
  if (isInPanels(info)) {
    findWeights(builder);
    panels = findPanelColumns(info.op, info.c->get());
  }
  if (!panels)
    return emitPanels(builder);
  // The accumulators' start would be in the buffer.
  if (!initial || initial.condition)
    panels->copy = {};
  // Without its own buffer the result has no panels either.
  if (panels->copy) {
    builder.setInsertionPoint(panels->copy);
    result = panels->copy.getOutputs()[0];
  }
  emitPaddedPanels(builder);
  if (panels->copy)
    panels->copy.erase();
}

/// The last panel has a body of its own where that leaves out vectors or where
/// masks cost; otherwise it is as the others.
void ContractionEmitter::emitPaddedPanels(OpBuilder &builder) {
  unsigned dim = info.outerDims[0];
  int64_t full = panels->read / panels->panel,
          rest = panels->read % panels->panel;
  bool isWhole = int64_t(llvm::alignTo(rest, target.lanes)) == panels->panel;
  bool isOneTile = panels->panel == micro.vectors * target.lanes;
  if (isWhole && (!panels->copy || (target.avx512 && isOneTile))) {
    extents[dim] = builder.getIndexAttr(full + 1);
    masksLast = bool(panels->copy);
    return emitPanels(builder);
  }
  extents[dim] = builder.getIndexAttr(full);
  emitPanels(builder);
  if (rest == 0)
    return;
  ivs[dim] = indexConstant(builder, loc, full);
  extents[info.laneDim] = builder.getIndexAttr(rest);
  emitLaneTiles(builder);
}

/// One tile of vectors, the last one masked in the last panel only.
void ContractionEmitter::emitMaskedPanel(OpBuilder &builder) {
  SmallVector<Value> masks(micro.vectors);
  Value before =
      arith::MulIOp::create(builder, loc, ivs[info.outerDims[0]],
                            indexConstant(builder, loc, panels->panel));
  int64_t last = panels->read - (micro.vectors - 1) * target.lanes;
  Value left = arith::SubIOp::create(builder, loc,
                                     indexConstant(builder, loc, last), before);
  masks.back() = laneMask(builder, loc, target.lanes, left);
  emitSteps(builder, indexConstant(builder, loc, 0), masks);
}

/// Weights that do not stay in the second-level cache, as one row of elements.
void ContractionEmitter::findWeights(OpBuilder &builder) {
  auto type = cast<MemRefType>(info.b->get().getType());
  if (!type.hasStaticShape() || !type.getLayout().isIdentity() ||
      type.getNumElements() * int64_t(sizeof(float)) <=
          targetOf(info.op).getL2Bytes())
    return;
  weights = memref::CollapseShapeOp::create(
      builder, loc, info.b->get(),
      SmallVector<ReassociationIndices>{{0, 1, 2}});
}

/// The next block of steps of B follows this one in memory, and each tile of
/// rows fetches its part of it: so many elements for each of its own steps.
void ContractionEmitter::planAhead(OpBuilder &builder, Value rows) {
  Value one = indexConstant(builder, loc, 1);
  Value tiles = arith::CeilDivUIOp::create(
      builder, loc, arith::MaxUIOp::create(builder, loc, rows, one),
      indexConstant(builder, loc, tileRows));
  aheadPerStep = arith::CeilDivUIOp::create(
      builder, loc, indexConstant(builder, loc, panelWidth()), tiles);
}

/// Where the part of the tile at `row` begins.
Value ContractionEmitter::aheadOf(OpBuilder &builder, Value row) {
  int64_t count = *getConstantIntValue(extents[info.reductionDim]);
  auto index = [&](int64_t value) {
    return indexConstant(builder, loc, value);
  };
  auto times = [&](Value a, Value b) -> Value {
    return arith::MulIOp::create(builder, loc, a, b);
  };
  auto plus = [&](Value a, Value b) -> Value {
    return arith::AddIOp::create(builder, loc, a, b);
  };
  Value end = stepEnd ? stepEnd : index(count);
  Value steps = end;
  if (stepBegin)
    steps = arith::SubIOp::create(builder, loc, end, stepBegin);
  Value part = times(steps, aheadPerStep);
  Value tile = arith::DivUIOp::create(builder, loc, row, index(tileRows));
  Value next = plus(times(ivs[info.outerDims[0]], index(count)), end);
  Value first = plus(times(next, index(panelWidth())), times(tile, part));
  Value all = index(cast<MemRefType>(weights.getType()).getNumElements());
  return arith::MinUIOp::create(builder, loc, first,
                                arith::SubIOp::create(builder, loc, all, part));
}

/// The lines of a few steps, from step `k` of the tile on.
void ContractionEmitter::emitAhead(OpBuilder &builder, const Tile &tile,
                                   Value k) {
  Value step = k;
  if (stepBegin)
    step = arith::SubIOp::create(builder, loc, k, stepBegin);
  Value first = arith::AddIOp::create(
      builder, loc, tile.ahead,
      arith::MulIOp::create(builder, loc, step, aheadPerStep));
  for (int64_t line = 0; line < kLinesAhead; ++line) {
    Value at = arith::AddIOp::create(
        builder, loc, first,
        indexConstant(builder, loc, line * kLineBytes / sizeof(float)));
    memref::PrefetchOp::create(builder, loc, weights, at, /*isWrite=*/false,
                               /*localityHint=*/kSecondLevel,
                               /*isDataCache=*/true);
  }
}

void ContractionEmitter::emitPanels(OpBuilder &builder) {
  if (llvm::any_of(info.outerDims, [&](unsigned dim) {
        return isConstantIntValue(extents[dim], 0);
      }))
    return;
  emitLoopNest(builder, loc, extents, info.outerDims, ivs,
               [&](OpBuilder &inner) { emitLaneTiles(inner); });
}

void ContractionEmitter::emitLaneTiles(OpBuilder &builder) {
  if (masksLast)
    return emitMaskedPanel(builder);
  OpFoldResult extent = extents[info.laneDim];
  if (std::optional<int64_t> known = getConstantIntValue(extent))
    return emitStaticLaneTiles(builder, *known);
  emitDynamicLaneTiles(builder, cast<Value>(extent));
}

void ContractionEmitter::emitStaticLaneTiles(OpBuilder &builder,
                                             int64_t extent) {
  // Equal tiles: four vectors are two and two rather than three and one.
  int64_t vectors = llvm::divideCeil(extent, target.lanes);
  int64_t tiles = llvm::divideCeil(vectors, micro.vectors);
  vectors = tiles ? llvm::divideCeil(vectors, tiles) : 1;
  int64_t width = vectors * target.lanes;
  int64_t full = extent - extent % width;
  SmallVector<Value> noMasks(vectors);
  if (full == width) {
    emitSteps(builder, indexConstant(builder, loc, 0), noMasks);
  } else if (full) {
    auto loop = scf::ForOp::create(builder, loc, indexConstant(builder, loc, 0),
                                   indexConstant(builder, loc, full),
                                   indexConstant(builder, loc, width));
    OpBuilder inner = OpBuilder::atBlockTerminator(loop.getBody());
    emitSteps(inner, loop.getInductionVar(), noMasks);
  }
  int64_t rest = extent - full;
  if (rest == 0)
    return;
  SmallVector<Value> masks(llvm::divideCeil(rest, target.lanes));
  if (rest % target.lanes)
    masks.back() = laneMask(builder, loc, target.lanes,
                            builder.getIndexAttr(rest % target.lanes));
  emitSteps(builder, indexConstant(builder, loc, full), masks);
}

void ContractionEmitter::emitDynamicLaneTiles(OpBuilder &builder,
                                              Value extent) {
  // One masked body: a second one for full tiles would double the code.
  int64_t width = micro.vectors * target.lanes;
  auto loop = scf::ForOp::create(builder, loc, indexConstant(builder, loc, 0),
                                 extent, indexConstant(builder, loc, width));
  OpBuilder inner = OpBuilder::atBlockTerminator(loop.getBody());
  Value left =
      arith::SubIOp::create(inner, loc, extent, loop.getInductionVar());
  SmallVector<Value> masks;
  for (int64_t vector = 0; vector < micro.vectors; ++vector) {
    Value count = arith::SubIOp::create(
        inner, loc, left, indexConstant(inner, loc, vector * target.lanes));
    masks.push_back(laneMask(inner, loc, target.lanes, count));
  }
  emitSteps(inner, loop.getInductionVar(), masks);
}

/// A long reduction goes by blocks of steps, so that what all rows read of B
/// stays in the first-level cache while they do; C is kept in between.
void ContractionEmitter::emitSteps(OpBuilder &builder, Value lane,
                                   ArrayRef<Value> masks) {
  std::optional<int64_t> steps =
      getConstantIntValue(extents[info.reductionDim]);
  int64_t stepBytes = masks.size() * target.lanes * sizeof(float);
  int64_t block = kStepBlockBytes / stepBytes;
  if (!info.rowDim || factors || !steps || *steps <= block + block / 2)
    return emitRows(builder, lane, masks);
  int64_t unroll = std::max<int64_t>(micro.unroll, kLatencyChains);
  block = llvm::alignTo(
      llvm::divideCeil(*steps, llvm::divideCeil(*steps, block)), unroll);
  Value end = indexConstant(builder, loc, *steps);
  auto loop = scf::ForOp::create(builder, loc, indexConstant(builder, loc, 0),
                                 end, indexConstant(builder, loc, block));
  OpBuilder inner = OpBuilder::atBlockTerminator(loop.getBody());
  stepBegin = loop.getInductionVar();
  stepEnd = arith::MinSIOp::create(
      inner, loc, end,
      arith::AddIOp::create(inner, loc, stepBegin,
                            indexConstant(inner, loc, block)));
  emitRows(inner, lane, masks);
  stepBegin = stepEnd = Value();
}

void ContractionEmitter::emitRows(OpBuilder &builder, Value lane,
                                  ArrayRef<Value> masks) {
  if (!info.rowDim)
    return emitTile(builder, {Value()}, lane, masks);
  OpFoldResult extent = extents[*info.rowDim];
  // Narrow tiles take more rows: the same number of accumulators hides latency.
  int64_t vectors = masks.size(), most = micro.rows * micro.vectors;
  tileRows = micro.rows;
  while (2 * tileRows * vectors <= most && 2 * tileRows <= kMaxTileRows)
    tileRows *= 2;
  if (std::optional<int64_t> known = getConstantIntValue(extent))
    return emitStaticRows(builder, *known, lane, masks);
  emitDynamicRows(builder, cast<Value>(extent), lane, masks);
}

static SmallVector<Value> rowsFrom(OpBuilder &builder, Location loc,
                                   Value first, int64_t count) {
  SmallVector<Value> rows;
  for (int64_t row = 0; row < count; ++row)
    rows.push_back(arith::AddIOp::create(builder, loc, first,
                                         indexConstant(builder, loc, row)));
  return rows;
}

void ContractionEmitter::emitStaticRows(OpBuilder &builder, int64_t extent,
                                        Value lane, ArrayRef<Value> masks) {
  int64_t full = extent - extent % tileRows;
  if (full) {
    auto loop = scf::ForOp::create(builder, loc, indexConstant(builder, loc, 0),
                                   indexConstant(builder, loc, full),
                                   indexConstant(builder, loc, tileRows));
    OpBuilder inner = OpBuilder::atBlockTerminator(loop.getBody());
    emitTile(inner, rowsFrom(inner, loc, loop.getInductionVar(), tileRows),
             lane, masks);
  }
  if (int64_t rest = extent - full)
    emitTile(builder,
             rowsFrom(builder, loc, indexConstant(builder, loc, full), rest),
             lane, masks);
}

/// Whole tiles, then what is left by powers of two: no row is computed twice,
/// and the bodies of the tail have few accumulators each.
void ContractionEmitter::emitDynamicRows(OpBuilder &builder, Value extent,
                                         Value lane, ArrayRef<Value> masks) {
  Value zero = indexConstant(builder, loc, 0);
  Value rest = arith::RemUIOp::create(builder, loc, extent,
                                      indexConstant(builder, loc, tileRows));
  Value first = arith::SubIOp::create(builder, loc, extent, rest);
  if (weights)
    planAhead(builder, extent);
  auto loop = scf::ForOp::create(builder, loc, zero, first,
                                 indexConstant(builder, loc, tileRows));
  OpBuilder inner = OpBuilder::atBlockTerminator(loop.getBody());
  emitTile(inner, rowsFrom(inner, loc, loop.getInductionVar(), tileRows), lane,
           masks, weights ? aheadOf(inner, loop.getInductionVar()) : Value());
  for (int64_t count = llvm::bit_floor(uint64_t(tileRows - 1)); count >= 1;
       count /= 2) {
    Value part = arith::AndIOp::create(builder, loc, rest,
                                       indexConstant(builder, loc, count));
    auto isThere = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne,
                                         part, zero);
    auto branch = scf::IfOp::create(builder, loc, isThere);
    OpBuilder tail = OpBuilder::atBlockTerminator(branch.thenBlock());
    emitTile(tail, rowsFrom(tail, loc, first, count), lane, masks);
    first = arith::AddIOp::create(builder, loc, first, part);
  }
}

//===----------------------------------------------------------------------===//
// Register tile
//===----------------------------------------------------------------------===//

void ContractionEmitter::emitTile(OpBuilder &builder, SmallVector<Value> rows,
                                  Value lane, ArrayRef<Value> masks,
                                  Value ahead) {
  Tile tile;
  tile.ahead = ahead;
  tile.rows = std::move(rows);
  tile.lane = lane;
  tile.masks.assign(masks.begin(), masks.end());
  int64_t accumulators = tile.rows.size() * tile.masks.size();
  while (tile.chains * accumulators < kLatencyChains &&
         2 * tile.chains * accumulators + 2 < target.registers)
    tile.chains *= 2;
  int64_t unroll = std::max<int64_t>(micro.unroll, 1);
  if (tile.rows.size() > 1 && 2 * int64_t(tile.rows.size()) <= tileRows + 1)
    unroll = std::min(unroll, kTailUnroll);
  tile.unroll = llvm::alignTo(unroll, tile.chains);

  SmallVector<Value> sums =
      emitReduction(builder, tile, initialValues(builder, tile));
  for (int64_t chain = tile.chains / 2; chain >= 1; chain /= 2)
    for (int64_t i = 0; i < chain * accumulators; ++i)
      sums[i] = arith::AddFOp::create(builder, loc, sums[i],
                                      sums[i + chain * accumulators]);
  sums.resize(accumulators);
  if (factors)
    sums = scaleRows(builder, tile, sums);

  unsigned last = cast<MemRefType>(result.getType()).getRank() - 1;
  for (auto [r, row] : llvm::enumerate(tile.rows))
    for (auto [v, laneMask] : llvm::enumerate(tile.masks)) {
      Value mask = isPadded() && !panels->copy ? Value() : laneMask;
      storeLanes(builder, loc, sums[r * tile.masks.size() + v], result,
                 resultIndices(builder, row, laneIndex(builder, tile, v)), last,
                 mask);
    }
}

SmallVector<Value> ContractionEmitter::loadSums(OpBuilder &builder,
                                                const Tile &tile) {
  unsigned last = cast<MemRefType>(result.getType()).getRank() - 1;
  SmallVector<Value> sums;
  for (Value row : tile.rows)
    for (auto [v, laneMask] : llvm::enumerate(tile.masks)) {
      Value mask = isPadded() && !panels->copy ? Value() : laneMask;
      sums.push_back(
          loadLanes(builder, loc, result,
                    resultIndices(builder, row, laneIndex(builder, tile, v)),
                    last, target.lanes, mask));
    }
  return sums;
}

SmallVector<Value> ContractionEmitter::initialValues(OpBuilder &builder,
                                                     const Tile &tile) {
  auto type = VectorType::get(target.lanes, builder.getF32Type());
  size_t accumulators = tile.rows.size() * tile.masks.size();
  SmallVector<Value> sums;
  if (!initial) {
    sums = loadSums(builder, tile);
  } else {
    sums.assign(accumulators,
                vector::BroadcastOp::create(builder, loc, type, initial.value));
    if (stepBegin || initial.condition)
      sums = loadLaterSums(builder, tile, sums);
  }
  Value zero = tile.chains > 1 ? splatConstant(builder, loc, type, 0) : Value();
  while (sums.size() < accumulators * tile.chains)
    sums.push_back(zero);
  return sums;
}

/// What C was filled with in the first block of steps, C itself in later ones
/// and where nothing was filled.
SmallVector<Value>
ContractionEmitter::loadLaterSums(OpBuilder &builder, const Tile &tile,
                                  const SmallVector<Value> &filled) {
  Value first = initial.condition;
  if (stepBegin) {
    Value begins =
        arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, stepBegin,
                              indexConstant(builder, loc, 0));
    first = first ? arith::AndIOp::create(builder, loc, first, begins) : begins;
  }
  auto choice = scf::IfOp::create(
      builder, loc, first,
      [&](OpBuilder &inner, Location) {
        scf::YieldOp::create(inner, loc, filled);
      },
      [&](OpBuilder &inner, Location) {
        scf::YieldOp::create(inner, loc, loadSums(inner, tile));
      });
  return choice.getResults();
}

SmallVector<Value>
ContractionEmitter::scaleRows(OpBuilder &builder, const Tile &tile,
                              const SmallVector<Value> &sums) {
  auto scale = [&](OpBuilder &inner) {
    SmallVector<Value> scaled;
    for (auto [r, row] : llvm::enumerate(tile.rows)) {
      Value factor = memref::LoadOp::create(inner, loc, factors.value, row);
      factor =
          vector::BroadcastOp::create(inner, loc, sums[0].getType(), factor);
      for (size_t v = 0; v < tile.masks.size(); ++v)
        scaled.push_back(arith::MulFOp::create(
            inner, loc, sums[r * tile.masks.size() + v], factor));
    }
    return scaled;
  };
  if (!factors.condition)
    return scale(builder);
  auto choice = scf::IfOp::create(
      builder, loc, factors.condition,
      [&](OpBuilder &inner, Location) {
        scf::YieldOp::create(inner, loc, scale(inner));
      },
      [&](OpBuilder &inner, Location) {
        scf::YieldOp::create(inner, loc, sums);
      });
  return choice.getResults();
}

SmallVector<Value> ContractionEmitter::emitReduction(OpBuilder &builder,
                                                     const Tile &tile,
                                                     SmallVector<Value> sums) {
  OpFoldResult extent = extents[info.reductionDim];
  auto emitLoop = [&](Value lower, Value upper, int64_t step) {
    auto loop = scf::ForOp::create(builder, loc, lower, upper,
                                   indexConstant(builder, loc, step), sums);
    OpBuilder inner = OpBuilder::atBlockEnd(loop.getBody());
    SmallVector<Value> values(loop.getRegionIterArgs());
    if (tile.ahead && step > 1)
      emitAhead(inner, tile, loop.getInductionVar());
    for (int64_t i = 0; i < step; ++i) {
      Value k = loop.getInductionVar();
      if (i)
        k = arith::AddIOp::create(inner, loc, k, indexConstant(inner, loc, i));
      emitStep(inner, tile, k, i % tile.chains, values);
    }
    scf::YieldOp::create(inner, loc, values);
    sums.assign(loop.getResults().begin(), loop.getResults().end());
  };
  Value zero = indexConstant(builder, loc, 0);
  std::optional<int64_t> known = getConstantIntValue(extent);
  // Blocks of steps are whole numbers of unrolled ones but for the last.
  if (stepBegin && *known % tile.unroll == 0) {
    emitLoop(stepBegin, stepEnd, tile.unroll);
    return sums;
  }
  if (known && !stepBegin) {
    int64_t full = *known - *known % tile.unroll;
    if (full)
      emitLoop(zero, indexConstant(builder, loc, full), tile.unroll);
    if (full != *known)
      emitLoop(indexConstant(builder, loc, full),
               indexConstant(builder, loc, *known), 1);
    return sums;
  }
  Value begin = stepBegin ? stepBegin : zero;
  Value end = stepBegin ? stepEnd : cast<Value>(extent);
  Value count = arith::SubIOp::create(builder, loc, end, begin);
  Value rest = arith::RemUIOp::create(builder, loc, count,
                                      indexConstant(builder, loc, tile.unroll));
  Value full = arith::SubIOp::create(builder, loc, end, rest);
  emitLoop(begin, full, tile.unroll);
  if (tile.unroll > 1)
    emitLoop(full, end, 1);
  return sums;
}

void ContractionEmitter::emitStep(OpBuilder &builder, const Tile &tile, Value k,
                                  int64_t chain, MutableArrayRef<Value> sums) {
  auto bType = cast<MemRefType>(info.b->get().getType());
  auto type = VectorType::get(target.lanes, builder.getF32Type());
  SmallVector<Value> columns;
  for (auto [v, laneMask] : llvm::enumerate(tile.masks)) {
    Value mask = isPadded() ? Value() : laneMask;
    SmallVector<Value> indices =
        indicesOf(builder, info.b, Value(), laneIndex(builder, tile, v), k);
    columns.push_back(loadLanes(builder, loc, info.b->get(), indices,
                                bType.getRank() - 1, target.lanes, mask));
  }
  size_t first = chain * tile.rows.size() * columns.size();
  for (auto [r, row] : llvm::enumerate(tile.rows)) {
    SmallVector<Value> indices = indicesOf(builder, info.a, row, Value(), k);
    Value element =
        memref::LoadOp::create(builder, loc, info.a->get(), indices);
    Value broadcast = vector::BroadcastOp::create(builder, loc, type, element);
    for (auto [v, column] : llvm::enumerate(columns)) {
      Value &sum = sums[first + r * columns.size() + v];
      sum = multiplyAdd(builder, broadcast, column, sum);
    }
  }
}

Value ContractionEmitter::laneIndex(OpBuilder &builder, const Tile &tile,
                                    int64_t vector) {
  if (vector == 0)
    return tile.lane;
  return arith::AddIOp::create(
      builder, loc, tile.lane,
      indexConstant(builder, loc, vector * target.lanes));
}

SmallVector<Value> ContractionEmitter::resultIndices(OpBuilder &builder,
                                                     Value row, Value lane) {
  if (!panels || !panels->copy)
    return indicesOf(builder, info.c, row, lane, Value());
  Value first =
      arith::MulIOp::create(builder, loc, ivs[info.outerDims[0]],
                            indexConstant(builder, loc, panels->panel));
  return {row, arith::AddIOp::create(builder, loc, first, lane)};
}

SmallVector<Value> ContractionEmitter::indicesOf(OpBuilder &builder,
                                                 OpOperand *operand, Value row,
                                                 Value lane, Value k) {
  SmallVector<Value> values = ivs;
  if (info.rowDim)
    values[*info.rowDim] = row;
  values[info.laneDim] = lane;
  values[info.reductionDim] = k;
  return accessIndices(builder, loc, info.op.getMatchingIndexingMap(operand),
                       values);
}

/// Without a fused instruction vector.fma would become a library call.
Value ContractionEmitter::multiplyAdd(OpBuilder &builder, Value a, Value b,
                                      Value sum) {
  if (target.fma)
    return vector::FMAOp::create(builder, loc, a, b, sum);
  Value product = arith::MulFOp::create(builder, loc, a, b);
  return arith::AddFOp::create(builder, loc, sum, product);
}

void VectorizeContraction::runOnOperation() {
  VectorTarget target = getVectorTarget(getOperation());
  SmallVector<Contraction> matches;
  getOperation().walk([&](linalg::LinalgOp op) {
    if (std::optional<Contraction> match = matchContraction(op))
      matches.push_back(*match);
  });
  for (Contraction &match : matches) {
    ContractionEmitter(match, target).emit();
    match.op->erase();
  }
}
