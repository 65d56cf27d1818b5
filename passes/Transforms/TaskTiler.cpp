//===- TaskTiler.cpp - a kernel's body for one block of its task space ----===//

#include "passes/Transforms/TaskTiler.h"

#include "dialect/SeqcOps.h"
#include "passes/Analysis/KernelForm.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace seqc;
using namespace seqc::passes;

/// An operand that the re-created op does not use.
static constexpr int64_t kUnused = -2;

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
// Demands
//===----------------------------------------------------------------------===//

TaskTiler::TaskTiler(func::FuncOp kernel, OpFoldResult extent, int64_t block)
    : kernel(kernel), terminator(kernel.getBody().front().getTerminator()),
      b(terminator), loc(kernel.getLoc()), block(block), extent(extent) {}

TaskTiler::TaskTiler(func::FuncOp kernel)
    : TaskTiler(kernel, OpBuilder(kernel.getContext()).getIndexAttr(1), 1) {
  serial = true;
}

void TaskTiler::demandResult(unsigned index, int64_t dim) {
  resultDemands.push_back({index, dim});
  demands[terminator->getOperand(index)].insert(dim);
}

/// Scalars from arguments: computed once, in front of the loop.
bool TaskTiler::isShared(Operation *op) const {
  if (op->getNumRegions() != 0 || op->getNumResults() == 0)
    return false;
  auto isTensor = [](Type type) { return isa<TensorType>(type); };
  // A constant tensor is shared as well.
  if (op->hasTrait<OpTrait::ConstantLike>())
    return true;
  if (llvm::any_of(op->getResultTypes(), isTensor))
    return false;
  return llvm::all_of(op->getOperands(), [&](Value operand) {
    Operation *def = operand.getDefiningOp();
    return !def || isShared(def);
  });
}

LogicalResult TaskTiler::propagate() {
  for (Operation &op :
       llvm::reverse(kernel.getBody().front().without_terminator()))
    if (!isShared(&op) && failed(propagate(&op)))
      return failure();
  return success();
}

LogicalResult TaskTiler::propagate(Operation *op) {
  for (OpResult result : op->getResults()) {
    auto found = demands.find(result);
    if (found == demands.end())
      continue;
    for (int64_t dim : found->second) {
      FailureOr<int64_t> cut = cutOf(result, dim);
      if (failed(cut))
        return failure();
      cuts[op].insert(*cut);
    }
  }
  auto found = cuts.find(op);
  if (found == cuts.end())
    return success();
  for (int64_t cut : found->second) {
    FailureOr<Dims> dims = operandDims(op, cut);
    if (failed(dims))
      return failure();
    for (auto [operand, dim] : llvm::zip_equal(op->getOperands(), *dims))
      if (dim != kUnused)
        demands[operand].insert(dim);
  }
  SetVector<Value> captured;
  getUsedValuesDefinedAbove(op->getRegions(), captured);
  for (Value value : captured)
    demands[value].insert(kWhole);
  return success();
}

/// Where `expr` alone is a result of `map`.
static int64_t positionOf(AffineMap map, unsigned loop) {
  for (auto [position, result] : llvm::enumerate(map.getResults()))
    if (auto dim = dyn_cast<AffineDimExpr>(result);
        dim && dim.getPosition() == loop)
      return position;
  return kWhole;
}

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

static FailureOr<int64_t> cutOfLinalg(linalg::LinalgOp op, OpResult result,
                                      int64_t dim) {
  AffineMap map = op.getIndexingMapMatchingResult(result);
  auto expr = dyn_cast<AffineDimExpr>(map.getResult(dim));
  if (!expr || op.getIteratorTypesArray()[expr.getPosition()] !=
                   utils::IteratorType::parallel)
    return op->emitOpError("expected a parallel loop along axis ")
           << dim << " of its result";
  for (AffineMap each : op.getIndexingMapsArray())
    for (AffineExpr e : each.getResults())
      if (!isa<AffineDimExpr>(e) && e.isFunctionOfDim(expr.getPosition()))
        return op->emitOpError(
                   "expected a projection along the task axis, got ")
               << AffineMapAttr::get(each);
  for (OpResult other : op->getResults())
    if (positionOf(op.getIndexingMapMatchingResult(other),
                   expr.getPosition()) == kWhole)
      return op->emitOpError("expected all results to run over the task axis");
  return expr.getPosition();
}

FailureOr<int64_t> TaskTiler::cutOf(OpResult result, int64_t dim) {
  Operation *op = result.getOwner();
  if (auto scatter = dyn_cast<ir::ScatterRowsOp>(op); scatter && !serial) {
    Operation *into = scatter.getOut().getDefiningOp();
    if (into && !isa<ir::ScatterRowsOp>(into))
      return op->emitOpError("expected to scatter into an outs argument, got "
                             "the result of '")
             << into->getName() << "'";
    if (dim != kWhole)
      return op->emitOpError(
          "expected no use of scattered rows in the same kernel");
    return 0;
  }
  if (dim == kWhole) {
    auto type = dyn_cast<ShapedType>(result.getType());
    // Columns of an argument are a view, as whole as the argument itself.
    auto slice = dyn_cast<tensor::ExtractSliceOp>(op);
    bool isView = slice && isa<BlockArgument>(slice.getSource());
    if (!serial && !isView && type && !type.hasStaticShape())
      return op->emitOpError(
          "expected tasks that do not depend on each other, got a result that "
          "one of them needs as a whole; end the kernel after this op");
    return kWhole;
  }
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
    return cutOfLinalg(linalgOp, result, dim);
  if (auto view = dyn_cast<tensor::CollapseShapeOp>(op)) {
    if (view.getReassociationIndices()[dim].size() != 1)
      return op->emitOpError("expected a view that leaves the task axis alone");
    return dim;
  }
  if (auto view = dyn_cast<tensor::ExpandShapeOp>(op)) {
    int64_t source = view.getCorrespondingSourceDim(dim);
    if (view.getReassociationIndices()[source].size() != 1)
      return op->emitOpError("expected a view that leaves the task axis alone");
    return dim;
  }
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
    int64_t source = sourceDim(slice, dim);
    if (!isConstantIntValue(slice.getMixedStrides()[source], 1))
      return op->emitOpError(
          "expected a slice of stride 1 along the task axis");
    return dim;
  }
  if (isa<tensor::EmptyOp, tensor::CastOp, ir::GatherRowsOp>(op))
    return dim;
  if (isa<ir::ScanOp>(op) && dim == 1)
    return dim;
  if (isa<ir::NormOp, ir::RouteOp, linalg::SoftmaxOp>(op))
    return op->emitOpError("expected decomposed ops; run seqc-decompose first");
  return op->emitOpError("expected an op that can be cut along axis ")
         << dim << " of its result";
}

static SmallVector<int64_t> scanOperandDims(ir::ScanOp scan) {
  SmallVector<int64_t> dims;
  unsigned map = 0;
  auto append = [&](OperandRange operands, int64_t leading) {
    for (size_t i = 0; i < operands.size(); ++i, ++map) {
      int64_t position = positionOf(scan.getMap(map), 1);
      dims.push_back(position == kWhole ? kWhole : position + leading);
    }
  };
  append(scan.getInputs(), 0);
  append(scan.getParams(), 0);
  dims.push_back(kWhole);
  append(scan.getOuts(), 0);
  append(scan.getStates(), 1);
  return dims;
}

FailureOr<TaskTiler::Dims> TaskTiler::operandDims(Operation *op, int64_t cut) {
  Dims dims(op->getNumOperands(), kWhole);
  if (cut == kWhole)
    return dims;
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op)) {
    for (OpOperand &operand : op->getOpOperands())
      dims[operand.getOperandNumber()] =
          positionOf(linalgOp.getMatchingIndexingMap(&operand), cut);
    return dims;
  }
  if (isa<ir::ScanOp>(op))
    return scanOperandDims(cast<ir::ScanOp>(op));
  if (isa<ir::GatherRowsOp>(op))
    return cut == 0 ? Dims{kWhole, 0, 0} : Dims{cut, kWhole, cut};
  if (isa<ir::ScatterRowsOp>(op)) {
    dims[0] = dims[1] = 0;
    return dims;
  }
  if (auto view = dyn_cast<tensor::CollapseShapeOp>(op)) {
    dims[0] = view.getReassociationIndices()[cut].front();
  } else if (auto view = dyn_cast<tensor::ExpandShapeOp>(op)) {
    dims.assign(dims.size(), kUnused);
    dims[0] = view.getCorrespondingSourceDim(cut);
  } else if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
    int64_t source = sourceDim(slice, cut);
    // Blocks of a slice that starts elsewhere are not blocks of its source.
    dims[0] = startsAtZero(slice, source) ? source : kWhole;
    if (auto size = dyn_cast<Value>(slice.getMixedSizes()[source]))
      for (OpOperand &operand : op->getOpOperands().drop_front())
        if (operand.get() == size)
          dims[operand.getOperandNumber()] = kUnused;
  } else if (isa<tensor::CastOp>(op)) {
    dims[0] = cut;
  } else if (auto empty = dyn_cast<tensor::EmptyOp>(op)) {
    if (empty.getType().isDynamicDim(cut))
      dims[empty.getType().getDynamicDimIndex(cut)] = kUnused;
  }
  return dims;
}

TaskTiler::Dims TaskTiler::resultDims(Operation *op, int64_t cut) {
  Dims dims(op->getNumResults(), isa<ir::ScatterRowsOp>(op) ? kWhole : cut);
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op); linalgOp && cut != kWhole)
    for (OpResult result : op->getResults())
      dims[result.getResultNumber()] =
          positionOf(linalgOp.getIndexingMapMatchingResult(result), cut);
  return dims;
}

//===----------------------------------------------------------------------===//
// Emission
//===----------------------------------------------------------------------===//

void TaskTiler::createLoop() {
  AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1);
  tasks =
      affine::makeComposedFoldedAffineApply(b, loc, s0.ceilDiv(block), extent);
  SmallVector<Value> outs;
  for (auto [index, dim] : resultDemands)
    outs.push_back(outsArgument(kernel, index));
  ArrayAttr mapping = b.getArrayAttr(ir::TasksAttr::get(b.getContext()));
  loop = scf::ForallOp::create(b, loc, ArrayRef<OpFoldResult>(tasks), outs,
                               mapping);
  for (auto [slot, demand] : llvm::enumerate(resultDemands))
    tiles[{outsArgument(kernel, demand.first), kWhole}] =
        loop.getRegionOutArgs()[slot];

  b.setInsertionPoint(loop.getTerminator());
  Value iv = loop.getInductionVar(0);
  offset = affine::makeComposedFoldedAffineApply(b, loc, s0 * block,
                                                 OpFoldResult(iv));
  std::optional<int64_t> known = getConstantIntValue(extent);
  if (known && (*known <= block || *known % block == 0)) {
    size = b.getIndexAttr(std::min(*known, block));
    return;
  }
  AffineMap map = AffineMap::get(
      0, 2, {b.getAffineConstantExpr(block), s0 - s1}, b.getContext());
  size = affine::makeComposedFoldedAffineMin(b, loc, map, {extent, offset});
}

/// One set of values per argument: bufferization knows a slice again only by
/// equal values.
ArrayRef<OpFoldResult> TaskTiler::sizesOf(Value argument) {
  SmallVector<OpFoldResult> &sizes = argumentSizes[argument];
  if (sizes.empty()) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(loop);
    sizes = tensor::getMixedSizes(b, loc, argument);
  }
  return sizes;
}

Value TaskTiler::sliceArgument(Value argument, int64_t dim) {
  SmallVector<OpFoldResult> sizes(sizesOf(argument));
  SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(sizes.size(), b.getIndexAttr(1));
  offsets[dim] = offset;
  sizes[dim] = size;
  return tensor::ExtractSliceOp::create(b, loc, tileOf(argument, kWhole),
                                        offsets, sizes, strides);
}

Value TaskTiler::tileOf(Value value, int64_t dim) {
  if (Value tile = tiles.lookup({value, dim}))
    return tile;
  bool outside = isa<BlockArgument>(value) || isShared(value.getDefiningOp());
  assert(outside && "value was not demanded");
  (void)outside;
  if (dim == kWhole)
    return value;
  return tiles[{value, dim}] = sliceArgument(value, dim);
}

/// A static buffer of the block's full length, cut to what the last block has.
Value TaskTiler::emitEmpty(Operation *op, int64_t dim) {
  auto empty = cast<tensor::EmptyOp>(op);
  SmallVector<OpFoldResult> sizes = empty.getMixedSizes();
  std::optional<int64_t> known = getConstantIntValue(size);
  sizes[dim] = b.getIndexAttr(known ? *known : block);
  Value buffer = tensor::EmptyOp::create(b, op->getLoc(), sizes,
                                         empty.getType().getElementType());
  if (known)
    return buffer;
  sizes[dim] = size;
  SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(sizes.size(), b.getIndexAttr(1));
  return tensor::ExtractSliceOp::create(b, op->getLoc(), buffer, offsets, sizes,
                                        strides);
}

/// `type` with the task axis as long as a block.
static RankedTensorType withTaskAxis(Type type, int64_t dim,
                                     OpFoldResult size) {
  auto tensorType = cast<RankedTensorType>(type);
  SmallVector<int64_t> shape(tensorType.getShape());
  shape[dim] = getConstantIntValue(size).value_or(ShapedType::kDynamic);
  return tensorType.clone(shape);
}

Value TaskTiler::emitView(Operation *op, int64_t dim) {
  Location at = op->getLoc();
  Type type = op->getResult(0).getType();
  Dims dims = *operandDims(op, dim);
  Value source = tileOf(op->getOperand(0), dims[0]);
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

/// Adds the block's offset to `linalg.index` of the task loop; after the cast
/// where there is one, for that is where arithmetic on indices is done.
void TaskTiler::shiftIndices(Operation *op, int64_t taskLoop) {
  SmallVector<linalg::IndexOp> indices;
  op->walk([&](linalg::IndexOp index) {
    if (index.getDim() == static_cast<uint64_t>(taskLoop))
      indices.push_back(index);
  });
  if (indices.empty())
    return;
  OpBuilder::InsertionGuard guard(b);
  Value shift = getValueOrCreateConstantIndexOp(b, loc, offset);
  for (linalg::IndexOp index : indices) {
    for (OpOperand &use : llvm::make_early_inc_range(index->getUses())) {
      auto toInt = dyn_cast<arith::IndexCastOp>(use.getOwner());
      Operation *anchor = toInt ? toInt.getOperation() : index.getOperation();
      b.setInsertionPoint(op);
      Value by = shift;
      if (toInt)
        by = arith::IndexCastOp::create(b, loc, toInt.getType(), shift);
      b.setInsertionPointAfter(anchor);
      auto sum = arith::AddIOp::create(b, loc, anchor->getResult(0), by);
      if (toInt)
        toInt.getResult().replaceAllUsesExcept(sum, sum);
      else
        use.set(sum);
    }
  }
}

Operation *TaskTiler::emitClone(Operation *op, int64_t cut) {
  IRMapping map;
  SetVector<Value> captured;
  getUsedValuesDefinedAbove(op->getRegions(), captured);
  for (Value value : captured)
    map.map(value, tileOf(value, kWhole));
  Dims dims = *operandDims(op, cut);
  SmallVector<Value> operands;
  for (auto [operand, dim] : llvm::zip_equal(op->getOperands(), dims))
    operands.push_back(tileOf(operand, dim));
  Operation *copy = b.clone(*op, map);
  copy->setOperands(operands);
  if (auto dps = dyn_cast<DestinationStyleOpInterface>(copy))
    for (OpResult result : copy->getResults())
      result.setType(dps.getTiedOpOperand(result)->get().getType());
  if (isa<linalg::LinalgOp>(op) && cut != kWhole) {
    b.setInsertionPoint(copy);
    shiftIndices(copy, cut);
    b.setInsertionPointAfter(copy);
  }
  return copy;
}

void TaskTiler::emit(Operation *op, int64_t cut) {
  bool isView = isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp,
                    tensor::CastOp, tensor::ExtractSliceOp>(op);
  if (cut != kWhole && (isView || isa<tensor::EmptyOp>(op))) {
    tiles[{op->getResult(0), cut}] =
        isView ? emitView(op, cut) : emitEmpty(op, cut);
    return;
  }
  Operation *copy = emitClone(op, cut);
  b.setInsertionPoint(loop.getTerminator());
  for (auto [old, result, dim] : llvm::zip_equal(
           op->getResults(), copy->getResults(), resultDims(op, cut)))
    tiles[{old, dim}] = result;
}

void TaskTiler::insertResults() {
  for (auto [slot, demand] : llvm::enumerate(resultDemands)) {
    auto [index, dim] = demand;
    b.setInsertionPoint(loop.getTerminator());
    Value tile = tileOf(terminator->getOperand(index), dim);
    SmallVector<OpFoldResult> sizes(sizesOf(outsArgument(kernel, index)));
    SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0));
    SmallVector<OpFoldResult> strides(sizes.size(), b.getIndexAttr(1));
    if (dim != kWhole) {
      offsets[dim] = offset;
      sizes[dim] = size;
    }
    b.setInsertionPointToEnd(loop.getTerminator().getBody());
    tensor::ParallelInsertSliceOp::create(
        b, loc, tile, loop.getRegionOutArgs()[slot], offsets, sizes, strides);
  }
  for (auto [slot, demand] : llvm::enumerate(resultDemands))
    terminator->setOperand(demand.first, loop.getResult(slot));
}

void TaskTiler::eraseOldBody() {
  SmallVector<Operation *> body;
  for (Operation &op : kernel.getBody().front().without_terminator())
    body.push_back(&op);
  for (Operation *op : llvm::reverse(body))
    if (op != loop && op->use_empty())
      op->erase();
}

LogicalResult TaskTiler::build() {
  if (failed(propagate()))
    return failure();
  SmallVector<Operation *> body;
  for (Operation &op : kernel.getBody().front().without_terminator())
    body.push_back(&op);
  createLoop();
  for (Operation *op : body)
    if (auto found = cuts.find(op); found != cuts.end())
      for (int64_t cut : found->second)
        emit(op, cut);
  insertResults();
  eraseOldBody();
  return success();
}
