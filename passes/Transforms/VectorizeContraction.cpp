//===- VectorizeContraction.cpp - contractions to register tiles ----------===//
//
// C(.., n) += sum over k of A(.., k) * B(.., k, n), where n ("lanes") is the
// last axis of B and C and absent from A. A tile of rows x vectors of C stays
// in registers over the whole reduction; A is read one element at a time and
// broadcast, B one vector at a time.
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"
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
/// Part of B that a block of steps reads: with a few rows of A and C, most of a
/// first-level cache.
constexpr int64_t kStepBlockBytes = 30 << 10;

struct VectorizeContraction
    : seqc::passes::impl::SeqcVectorizeContractionBase<VectorizeContraction> {
  void runOnOperation() override;
};

struct Contraction {
  linalg::LinalgOp op;
  OpOperand *a = nullptr;
  OpOperand *b = nullptr;
  OpOperand *c = nullptr;
  unsigned laneDim = 0;
  unsigned reductionDim = 0;
  std::optional<unsigned> rowDim; ///< the axis of A and C that B does not have
  SmallVector<unsigned> outerDims;
};

/// Emits the loops of one contraction.
class ContractionEmitter {
public:
  ContractionEmitter(Contraction contraction, const VectorTarget &target)
      : info(std::move(contraction)), target(target),
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
  };

  void findInitialValue();
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
                ArrayRef<Value> masks);

  SmallVector<Value> loadSums(OpBuilder &builder, const Tile &tile);
  SmallVector<Value> initialValues(OpBuilder &builder, const Tile &tile);
  SmallVector<Value> loadLaterSums(OpBuilder &builder, const Tile &tile,
                                   const SmallVector<Value> &filled);
  SmallVector<Value> emitReduction(OpBuilder &builder, const Tile &tile,
                                   SmallVector<Value> sums);
  void emitStep(OpBuilder &builder, const Tile &tile, Value k, int64_t chain,
                MutableArrayRef<Value> sums);
  Value laneIndex(OpBuilder &builder, const Tile &tile, int64_t vector);
  SmallVector<Value> indicesOf(OpBuilder &builder, OpOperand *operand,
                               Value row, Value lane, Value k);
  Value multiplyAdd(OpBuilder &builder, Value a, Value b, Value sum);

  Contraction info;
  VectorTarget target;
  MicroTile micro;
  int64_t tileRows = 1; ///< rows of the register tiles being emitted
  Location loc;
  SmallVector<Value> ivs;
  SmallVector<OpFoldResult> extents;
  Value initial; ///< scalar that C was filled with, if the fill could be folded
  /// Steps of the reduction in [stepBegin, stepEnd); null: all of them.
  Value stepBegin, stepEnd;
};

} // namespace

//===----------------------------------------------------------------------===//
// Recognition
//===----------------------------------------------------------------------===//

/// Whether the body is `out + in0 * in1`.
static bool isMultiplyAdd(linalg::LinalgOp op) {
  Block *block = op.getBlock();
  if (block->getOperations().size() != 3 || block->getNumArguments() != 3)
    return false;
  auto add =
      block->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!add)
    return false;
  Value out = block->getArgument(2);
  Value product = add.getLhs() == out ? add.getRhs() : add.getLhs();
  if (add.getLhs() != out && add.getRhs() != out)
    return false;
  auto mul = product.getDefiningOp<arith::MulFOp>();
  if (!mul)
    return false;
  Value in0 = block->getArgument(0), in1 = block->getArgument(1);
  return (mul.getLhs() == in0 && mul.getRhs() == in1) ||
         (mul.getLhs() == in1 && mul.getRhs() == in0);
}

static std::optional<unsigned> lastDim(AffineMap map) {
  if (map.getNumResults() == 0)
    return std::nullopt;
  auto dim = dyn_cast<AffineDimExpr>(map.getResults().back());
  return dim ? std::optional<unsigned>(dim.getPosition()) : std::nullopt;
}

static bool isF32Memref(OpOperand &operand) {
  auto type = dyn_cast<MemRefType>(operand.get().getType());
  return type && type.getElementType().isF32();
}

static std::optional<Contraction> matchContraction(linalg::LinalgOp op) {
  SmallVector<unsigned> reductions;
  op.getReductionDims(reductions);
  if (!op.hasPureBufferSemantics() || reductions.size() != 1 ||
      op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 ||
      !isMultiplyAdd(op))
    return std::nullopt;
  for (OpOperand &operand : op->getOpOperands())
    if (!isF32Memref(operand) ||
        !isSimpleAccess(op.getMatchingIndexingMap(&operand)))
      return std::nullopt;

  Contraction match;
  match.op = op;
  match.reductionDim = reductions.front();
  match.c = op.getDpsInitOperand(0);
  match.a = op.getDpsInputOperand(0);
  match.b = op.getDpsInputOperand(1);
  std::optional<unsigned> lane = lastDim(op.getMatchingIndexingMap(match.c));
  if (!lane)
    return std::nullopt;
  match.laneDim = *lane;
  if (positionOf(op.getMatchingIndexingMap(match.a), *lane))
    std::swap(match.a, match.b);
  AffineMap aMap = op.getMatchingIndexingMap(match.a);
  AffineMap bMap = op.getMatchingIndexingMap(match.b);
  AffineMap cMap = op.getMatchingIndexingMap(match.c);
  if (positionOf(aMap, *lane) || lastDim(bMap) != lane)
    return std::nullopt;
  for (OpOperand *operand : {match.b, match.c}) {
    auto type = cast<MemRefType>(operand->get().getType());
    if (!isContiguous(type, type.getRank() - 1))
      return std::nullopt;
  }
  for (AffineExpr expr : cMap.getResults())
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      if (positionOf(aMap, dim.getPosition()) &&
          !positionOf(bMap, dim.getPosition()))
        match.rowDim = dim.getPosition();
  for (unsigned dim = 0, end = op.getNumLoops(); dim < end; ++dim)
    if (dim != match.laneDim && dim != match.reductionDim &&
        dim != match.rowDim)
      match.outerDims.push_back(dim);
  return match;
}

//===----------------------------------------------------------------------===//
// Loops around the register tile
//===----------------------------------------------------------------------===//

/// A fill of C right before, with nothing in between that touches memory, gives
/// the accumulators their start.
void ContractionEmitter::findInitialValue() {
  for (Operation *prev = info.op->getPrevNode(); prev;
       prev = prev->getPrevNode()) {
    if (auto fill = dyn_cast<linalg::FillOp>(prev)) {
      if (fill.getOutputs()[0] != info.c->get())
        return;
      initial = fill.getInputs()[0];
      fill.erase();
      return;
    }
    if (!isMemoryEffectFree(prev))
      return;
  }
}

void ContractionEmitter::emit() {
  findInitialValue();
  OpBuilder builder(info.op);
  extents = loopExtents(builder, info.op);
  emitLoopNest(builder, loc, extents, info.outerDims, ivs,
               [&](OpBuilder &inner) { emitLaneTiles(inner); });
}

void ContractionEmitter::emitLaneTiles(OpBuilder &builder) {
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
  if (!info.rowDim || !steps || *steps <= block + block / 2)
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
  tileRows = micro.rows;
  while (2 * tileRows * masks.size() <= size_t(micro.rows * micro.vectors))
    tileRows *= 2;
  if (std::optional<int64_t> known = getConstantIntValue(extent))
    return emitStaticRows(builder, *known, lane, masks);
  emitDynamicRows(builder, cast<Value>(extent), lane, masks);
}

static SmallVector<Value> rowsFrom(OpBuilder &builder, Location loc,
                                   Value first, int64_t count,
                                   Value last = {}) {
  SmallVector<Value> rows;
  for (int64_t row = 0; row < count; ++row) {
    Value index = arith::AddIOp::create(builder, loc, first,
                                        indexConstant(builder, loc, row));
    if (last && row > 0)
      index = arith::MinSIOp::create(builder, loc, index, last);
    rows.push_back(index);
  }
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

/// Whole tiles, whose rows are a fixed distance apart, then tiles of half as
/// many rows, or a single row. Row indices past the end are clamped: such rows
/// repeat the last one, which costs less than a body for each count.
void ContractionEmitter::emitDynamicRows(OpBuilder &builder, Value extent,
                                         Value lane, ArrayRef<Value> masks) {
  Value one = indexConstant(builder, loc, 1);
  Value rows = indexConstant(builder, loc, tileRows);
  Value rest = arith::RemUIOp::create(builder, loc, extent, rows);
  Value full = arith::SubIOp::create(builder, loc, extent, rest);
  auto emitLoop = [&](OpBuilder &outer, Value lower, Value upper, int64_t count,
                      Value last) {
    auto loop = scf::ForOp::create(outer, loc, lower, upper,
                                   indexConstant(outer, loc, count));
    OpBuilder inner = OpBuilder::atBlockTerminator(loop.getBody());
    emitTile(inner, rowsFrom(inner, loc, loop.getInductionVar(), count, last),
             lane, masks);
  };
  emitLoop(builder, indexConstant(builder, loc, 0), full, tileRows, {});
  int64_t half = tileRows / 2;
  if (half < 2) {
    if (tileRows > 1)
      emitLoop(builder, full, extent, 1, {});
    return;
  }
  auto isOne =
      arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, rest, one);
  auto tail = scf::IfOp::create(builder, loc, isOne, /*withElseRegion=*/true);
  OpBuilder single = OpBuilder::atBlockTerminator(tail.thenBlock());
  emitTile(single, {full}, lane, masks);
  OpBuilder several = OpBuilder::atBlockTerminator(tail.elseBlock());
  Value last = arith::SubIOp::create(several, loc, extent, one);
  emitLoop(several, full, extent, half, last);
}

//===----------------------------------------------------------------------===//
// Register tile
//===----------------------------------------------------------------------===//

void ContractionEmitter::emitTile(OpBuilder &builder, SmallVector<Value> rows,
                                  Value lane, ArrayRef<Value> masks) {
  Tile tile;
  tile.rows = std::move(rows);
  tile.lane = lane;
  tile.masks.assign(masks.begin(), masks.end());
  int64_t accumulators = tile.rows.size() * tile.masks.size();
  while (tile.chains * accumulators < kLatencyChains &&
         2 * tile.chains * accumulators + 2 < target.registers)
    tile.chains *= 2;
  tile.unroll = llvm::alignTo(std::max<int64_t>(micro.unroll, 1), tile.chains);

  SmallVector<Value> sums =
      emitReduction(builder, tile, initialValues(builder, tile));
  for (int64_t chain = tile.chains / 2; chain >= 1; chain /= 2)
    for (int64_t i = 0; i < chain * accumulators; ++i)
      sums[i] = arith::AddFOp::create(builder, loc, sums[i],
                                      sums[i + chain * accumulators]);

  auto cType = cast<MemRefType>(info.c->get().getType());
  for (auto [r, row] : llvm::enumerate(tile.rows))
    for (auto [v, mask] : llvm::enumerate(tile.masks)) {
      SmallVector<Value> indices =
          indicesOf(builder, info.c, row, laneIndex(builder, tile, v), Value());
      storeLanes(builder, loc, sums[r * tile.masks.size() + v], info.c->get(),
                 indices, cType.getRank() - 1, mask);
    }
}

SmallVector<Value> ContractionEmitter::loadSums(OpBuilder &builder,
                                                const Tile &tile) {
  auto cType = cast<MemRefType>(info.c->get().getType());
  SmallVector<Value> sums;
  for (Value row : tile.rows)
    for (auto [v, mask] : llvm::enumerate(tile.masks)) {
      SmallVector<Value> indices =
          indicesOf(builder, info.c, row, laneIndex(builder, tile, v), Value());
      sums.push_back(loadLanes(builder, loc, info.c->get(), indices,
                               cType.getRank() - 1, target.lanes, mask));
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
                vector::BroadcastOp::create(builder, loc, type, initial));
    if (stepBegin)
      sums = loadLaterSums(builder, tile, sums);
  }
  Value zero = tile.chains > 1 ? splatConstant(builder, loc, type, 0) : Value();
  while (sums.size() < accumulators * tile.chains)
    sums.push_back(zero);
  return sums;
}

/// What C was filled with in the first block of steps, C itself in later ones.
SmallVector<Value>
ContractionEmitter::loadLaterSums(OpBuilder &builder, const Tile &tile,
                                  const SmallVector<Value> &filled) {
  Value first =
      arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, stepBegin,
                            indexConstant(builder, loc, 0));
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

SmallVector<Value> ContractionEmitter::emitReduction(OpBuilder &builder,
                                                     const Tile &tile,
                                                     SmallVector<Value> sums) {
  OpFoldResult extent = extents[info.reductionDim];
  auto emitLoop = [&](Value lower, Value upper, int64_t step) {
    auto loop = scf::ForOp::create(builder, loc, lower, upper,
                                   indexConstant(builder, loc, step), sums);
    OpBuilder inner = OpBuilder::atBlockEnd(loop.getBody());
    SmallVector<Value> values(loop.getRegionIterArgs());
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
  for (auto [v, mask] : llvm::enumerate(tile.masks)) {
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
