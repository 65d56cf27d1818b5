//===- GatingTiling.cpp - tiles of routing, row gather and scatter --------===//

#include "dialect/TilingSupport.h"

using namespace mlir;
using namespace seqc::ir;
using utils::IteratorType;

static constexpr int kWhole = TileAxes::kWhole;

static TileAxes axesOf(RouteOp) {
  TileAxes axes;
  axes.loops = {{IteratorType::parallel, {0, 0}}};
  axes.operands = {{0, kWhole}, {kWhole}, {kWhole}, {0}, {0}};
  return axes;
}

/// Rows of out, for the index may be longer; then columns.
static TileAxes axesOf(GatherRowsOp op) {
  bool columns = cast<ShapedType>(op.getOut().getType()).getRank() == 2;
  TileAxes axes;
  axes.loops = {{IteratorType::parallel, {2, 0}}};
  axes.operands = {{kWhole}, {0}, {0}};
  if (!columns)
    return axes;
  axes.loops.push_back({IteratorType::parallel, {2, 1}});
  axes.operands = {{kWhole, 1}, {0}, {0, 1}};
  return axes;
}

/// Rows of the source: where they go is not known, so every tile takes all rows
/// of out.
static TileAxes axesOf(ScatterRowsOp op) {
  TileAxes axes;
  axes.loops = {{IteratorType::parallel, {0, 0}},
                {IteratorType::parallel, {0, 1}}};
  axes.operands = {{0, 1}, {0}};
  if (op.getScale())
    axes.operands.push_back({kWhole});
  axes.operands.push_back({kWhole, 1});
  return axes;
}

SEQC_TILED_OP_METHODS(RouteOp)
SEQC_TILED_OP_METHODS(GatherRowsOp)
SEQC_TILED_OP_METHODS(ScatterRowsOp)
SEQC_TILE_BY_SLICES(RouteOp)
SEQC_TILE_BY_SLICES(GatherRowsOp)
SEQC_TILE_BY_SLICES(ScatterRowsOp)
