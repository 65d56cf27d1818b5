//===- ScanTiling.cpp - tiles of scans and pools --------------------------===//

#include "dialect/TilingSupport.h"

using namespace mlir;
using namespace seqc::ir;
using utils::IteratorType;

static constexpr int kWhole = TileAxes::kWhole;
/// The loops of a scan: channels, then rows if an operand has any.
static constexpr int kChannels = 0, kRows = 1;

/// Loops of the axes of an operand with this map over (t, d, n).
static SmallVector<int> loopsOf(AffineMap map) {
  static constexpr int kLoops[] = {kRows, kChannels, kWhole};
  return llvm::map_to_vector(map.getResults(), [](AffineExpr axis) {
    return kLoops[cast<AffineDimExpr>(axis).getPosition()];
  });
}

static TileAxes axesOf(ScanOp op) {
  TileAxes axes;
  unsigned map = 0;
  for (size_t i = 0, e = op.getInputs().size() + op.getParams().size(); i < e;
       ++i)
    axes.operands.push_back(loopsOf(op.getMap(map++)));
  axes.operands.push_back({kWhole});
  unsigned firstOut = axes.operands.size();
  for (size_t i = 0; i < op.getOuts().size(); ++i)
    axes.operands.push_back(loopsOf(op.getMap(map++)));
  for (size_t i = 0; i < op.getStates().size(); ++i) {
    axes.operands.push_back(loopsOf(op.getMap(map++)));
    axes.operands.back().insert(axes.operands.back().begin(), kWhole);
  }
  axes.loops.push_back({IteratorType::parallel, {firstOut, 1}});
  if (!op.getInputs().empty())
    axes.loops.push_back({IteratorType::reduction, {0, 0}});
  else if (!op.getOuts().empty())
    axes.loops.push_back({IteratorType::reduction, {firstOut, 0}});
  return axes;
}

SEQC_TILED_OP_METHODS(ScanOp)

FailureOr<TilingResult>
ScanOp::getTiledImplementation(OpBuilder &builder,
                               ArrayRef<OpFoldResult> offsets,
                               ArrayRef<OpFoldResult> sizes) {
  TileAxes axes = axesOf(*this);
  bool allRows = axes.loops.size() <= kRows ||
                 isWholeLoop(*this, axes, kRows, offsets[kRows], sizes[kRows]);
  // scan_t2: tiles of rows are visited in the order of the loop, and a delayed
  // row may lie in another tile.
  bool inOrder = getDirection() == Direction::Forward &&
                 llvm::all_of(getDelays(), [](int64_t d) { return d == 0; });
  if (!allRows && !inOrder)
    return emitOpError(
        "expected a forward scan without delays to tile its rows");
  FailureOr<TilingResult> result =
      tileOperands(cast<DestinationStyleOpInterface>(getOperation()), axes,
                   builder, offsets, sizes);
  if (failed(result) || allRows)
    return result;
  auto tiled = cast<ScanOp>(result->tiledOps.front());
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(tiled);
  tiled.getOffsetsMutable().assign(clipOffsets(builder, getLoc(), getOffsets(),
                                               offsets[kRows], sizes[kRows]));
  return result;
}

static TileAxes axesOf(PoolOp) {
  TileAxes axes;
  axes.loops = {{IteratorType::parallel, {2, 0}},
                {IteratorType::parallel, {2, 1}}};
  axes.operands = {{kWhole, 1}, {kWhole}, {0, 1}};
  return axes;
}

SEQC_TILED_OP_METHODS(PoolOp)
SEQC_TILE_BY_SEQUENCES(PoolOp)
