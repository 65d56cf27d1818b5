//===- TileViews.cpp - views and extents of blocks ------------------------===//

#include "passes/Transforms/TileViews.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"

using namespace mlir;
using namespace seqc::passes;

//===----------------------------------------------------------------------===//
// Extents
//===----------------------------------------------------------------------===//

OpFoldResult seqc::passes::traceExtent(OpBuilder &builder, Value value,
                                       int64_t dim) {
  auto type = cast<ShapedType>(value.getType());
  if (!type.isDynamicDim(dim))
    return builder.getIndexAttr(type.getDimSize(dim));
  if (auto op = value.getDefiningOp<DestinationStyleOpInterface>())
    return traceExtent(builder,
                       op.getTiedOpOperand(cast<OpResult>(value))->get(), dim);
  if (auto op = value.getDefiningOp<tensor::EmptyOp>())
    return op.getMixedSizes()[dim];
  if (auto op = value.getDefiningOp<tensor::CastOp>())
    return traceExtent(builder, op.getSource(), dim);
  if (auto op = value.getDefiningOp<tensor::ExpandShapeOp>())
    return getMixedValues(op.getStaticOutputShape(), op.getOutputShape(),
                          builder)[dim];
  if (auto op = value.getDefiningOp<tensor::CollapseShapeOp>()) {
    ReassociationIndices group = op.getReassociationIndices()[dim];
    if (group.size() == 1)
      return traceExtent(builder, op.getSrc(), group.front());
  }
  if (auto op = value.getDefiningOp<tensor::ExtractSliceOp>()) {
    llvm::SmallBitVector dropped = op.getDroppedDims();
    SmallVector<OpFoldResult> sizes = op.getMixedSizes();
    for (int64_t source = 0, result = 0, e = sizes.size(); source < e; ++source)
      if (!dropped[source] && result++ == dim)
        return sizes[source];
  }
  return tensor::DimOp::create(builder, value.getLoc(), value, dim).getResult();
}

void seqc::passes::resolveExtents(func::FuncOp kernel) {
  SmallVector<tensor::DimOp> ops;
  kernel.walk([&](tensor::DimOp op) {
    if (!isa<BlockArgument>(op.getSource()) && op.getConstantIndex())
      ops.push_back(op);
  });
  for (tensor::DimOp op : ops) {
    OpBuilder builder(op);
    OpFoldResult extent =
        traceExtent(builder, op.getSource(), *op.getConstantIndex());
    op.replaceAllUsesWith(
        getValueOrCreateConstantIndexOp(builder, op.getLoc(), extent));
    op.erase();
  }
}

//===----------------------------------------------------------------------===//
// Views
//===----------------------------------------------------------------------===//

/// Source axis of a slice that result axis `dim` is.
static int64_t sourceDim(tensor::ExtractSliceOp op, int64_t dim) {
  llvm::SmallBitVector dropped = op.getDroppedDims();
  for (int64_t source = 0, result = 0; source < op.getSourceType().getRank();
       ++source)
    if (!dropped[source] && result++ == dim)
      return source;
  llvm_unreachable("axis of the result without axis of the source");
}

static bool startsAtZero(tensor::ExtractSliceOp op, int64_t source) {
  return isConstantIntValue(op.getMixedOffsets()[source], 0);
}

bool seqc::passes::isView(Operation *op) {
  return isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp, tensor::CastOp,
             tensor::ExtractSliceOp>(op);
}

LogicalResult seqc::passes::checkView(Operation *op, int64_t dim) {
  int64_t merged = 1;
  if (auto view = dyn_cast<tensor::CollapseShapeOp>(op))
    merged = view.getReassociationIndices()[dim].size();
  if (auto view = dyn_cast<tensor::ExpandShapeOp>(op))
    merged = view.getReassociationIndices()[view.getCorrespondingSourceDim(dim)]
                 .size();
  if (merged != 1)
    return op->emitOpError("expected a view that leaves the task axis alone");
  auto slice = dyn_cast<tensor::ExtractSliceOp>(op);
  if (slice &&
      !isConstantIntValue(slice.getMixedStrides()[sourceDim(slice, dim)], 1))
    return op->emitOpError("expected a slice of stride 1 along the task axis");
  return success();
}

SmallVector<int64_t> seqc::passes::viewOperandDims(Operation *op, int64_t dim) {
  SmallVector<int64_t> dims(op->getNumOperands(), kWhole);
  if (auto view = dyn_cast<tensor::CollapseShapeOp>(op)) {
    dims[0] = view.getReassociationIndices()[dim].front();
  } else if (auto view = dyn_cast<tensor::ExpandShapeOp>(op)) {
    dims.assign(dims.size(), kUnused);
    dims[0] = view.getCorrespondingSourceDim(dim);
  } else if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
    int64_t source = sourceDim(slice, dim);
    // Blocks of a slice that starts elsewhere are not blocks of its source.
    dims[0] = startsAtZero(slice, source) ? source : kWhole;
    if (auto size = dyn_cast<Value>(slice.getMixedSizes()[source]))
      for (OpOperand &operand : op->getOpOperands().drop_front())
        if (operand.get() == size)
          dims[operand.getOperandNumber()] = kUnused;
  } else if (isa<tensor::CastOp>(op)) {
    dims[0] = dim;
  } else if (auto empty = dyn_cast<tensor::EmptyOp>(op)) {
    if (empty.getType().isDynamicDim(dim))
      dims[empty.getType().getDynamicDimIndex(dim)] = kUnused;
  }
  return dims;
}

/// `type` with the task axis as long as a block.
static RankedTensorType withTaskAxis(Type type, int64_t dim,
                                     OpFoldResult size) {
  auto tensorType = cast<RankedTensorType>(type);
  SmallVector<int64_t> shape(tensorType.getShape());
  shape[dim] = getConstantIntValue(size).value_or(ShapedType::kDynamic);
  return tensorType.clone(shape);
}

Value seqc::passes::tileView(OpBuilder &b, Operation *op, Value source,
                             int64_t dim, OpFoldResult offset,
                             OpFoldResult size) {
  Location at = op->getLoc();
  Type type = op->getResult(0).getType();
  if (auto view = dyn_cast<tensor::CollapseShapeOp>(op))
    return tensor::CollapseShapeOp::create(b, at, withTaskAxis(type, dim, size),
                                           source,
                                           view.getReassociationIndices());
  if (auto view = dyn_cast<tensor::ExpandShapeOp>(op)) {
    SmallVector<OpFoldResult> shape =
        getMixedValues(view.getStaticOutputShape(), view.getOutputShape(), b);
    shape[dim] = size;
    return tensor::ExpandShapeOp::create(b, at, withTaskAxis(type, dim, size),
                                         source, view.getReassociationIndices(),
                                         shape);
  }
  if (isa<tensor::CastOp>(op))
    return tensor::CastOp::create(b, at, withTaskAxis(type, dim, size), source);
  auto slice = cast<tensor::ExtractSliceOp>(op);
  int64_t axis = sourceDim(slice, dim);
  SmallVector<OpFoldResult> offsets = slice.getMixedOffsets();
  SmallVector<OpFoldResult> sizes = slice.getMixedSizes();
  if (!startsAtZero(slice, axis))
    offsets[axis] = affine::makeComposedFoldedAffineApply(
        b, at, b.getAffineSymbolExpr(0) + b.getAffineSymbolExpr(1),
        {offsets[axis], offset});
  sizes[axis] = size;
  return tensor::ExtractSliceOp::create(b, at, withTaskAxis(type, dim, size),
                                        source, offsets, sizes,
                                        slice.getMixedStrides());
}
