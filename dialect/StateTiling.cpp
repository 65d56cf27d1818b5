//===- StateTiling.cpp - tiles of norms and rings -------------------------===//

#include "dialect/TilingSupport.h"

using namespace mlir;
using namespace seqc::ir;
using utils::IteratorType;

static constexpr int kWhole = TileAxes::kWhole;

/// A row is needed whole, so its elements are no loop.
static TileAxes axesOf(NormOp op) {
  TileAxes axes;
  axes.loops = {{IteratorType::parallel, {0, 0}}};
  axes.operands.push_back({0, kWhole});
  for (Value optional : {op.getGain(), op.getBias()})
    if (optional)
      axes.operands.push_back({kWhole});
  axes.operands.push_back({0, kWhole});
  return axes;
}

/// Sequences, then the elements of an entry.
static TileAxes axesOf(RingPushOp op) {
  TileAxes axes;
  axes.loops = {{IteratorType::parallel, {3, 0}}};
  axes.operands = {{kWhole}, {kWhole}, {0}, {0, kWhole}};
  if (cast<ShapedType>(op.getSource().getType()).getRank() == 1)
    return axes;
  axes.loops.push_back({IteratorType::parallel, {3, 2}});
  axes.operands = {{kWhole, 1}, {kWhole}, {0}, {0, kWhole, 1}};
  return axes;
}

SEQC_TILED_OP_METHODS(NormOp)
SEQC_TILED_OP_METHODS(RingPushOp)
SEQC_TILE_BY_SLICES(NormOp)
SEQC_TILE_BY_SEQUENCES(RingPushOp)
