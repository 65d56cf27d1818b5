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

//===----------------------------------------------------------------------===//
// Demands
//===----------------------------------------------------------------------===//

TaskTiler::TaskTiler(func::FuncOp kernel, OpFoldResult extent, int64_t block)
    : kernel(kernel), terminator(kernel.getBody().front().getTerminator()),
      b(terminator), loc(kernel.getLoc()), block(block), extent(extent) {}

TaskTiler::TaskTiler(func::FuncOp kernel, TileSource from, int64_t block)
    : TaskTiler(kernel, OpFoldResult(), block) {
  source = std::move(from);
}

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

LogicalResult TaskTiler::propagate(Operation *op) {
  llvm::SmallSetVector<int64_t, 2> cuts;
  for (OpResult result : op->getResults())
    for (int64_t dim : demands.lookup(result)) {
      FailureOr<int64_t> cut = cutOf(result, dim);
      if (failed(cut))
        return failure();
      cuts.insert(*cut);
    }
  for (int64_t cut : cuts) {
    FailureOr<Part> part = partOf(op, cut);
    if (failed(part))
      return failure();
    for (auto [operand, dim] :
         llvm::zip_equal(op->getOperands(), part->operands))
      if (dim != kUnused)
        demands[operand].insert(dim);
    parts[op].push_back(std::move(*part));
  }
  SetVector<Value> captured;
  getUsedValuesDefinedAbove(op->getRegions(), captured);
  if (!cuts.empty())
    for (Value value : captured)
      demands[value].insert(kWhole);
  return success();
}

//===----------------------------------------------------------------------===//
// Cuts: what TilingInterface says
//===----------------------------------------------------------------------===//

/// All of the op's loops but `loop`, which is cut at the block.
TaskTiler::LoopTile TaskTiler::blockOfLoop(TilingInterface op, int64_t loop) {
  LoopTile tile;
  for (Range range : op.getIterationDomain(b)) {
    tile.offsets.push_back(range.offset);
    tile.sizes.push_back(range.size);
  }
  tile.offsets[loop] = blockOffset;
  tile.sizes[loop] = blockSize;
  return tile;
}

/// The axis along which a tile is the block, and whole along all others.
FailureOr<int64_t> TaskTiler::cutAxis(ArrayRef<OpFoldResult> offsets,
                                      ArrayRef<OpFoldResult> sizes) const {
  int64_t axis = kWhole;
  for (auto [i, at, extent] : llvm::enumerate(offsets, sizes)) {
    if (isConstantIntValue(at, 0))
      continue;
    if (at != OpFoldResult(blockOffset) || extent != OpFoldResult(blockSize) ||
        axis != kWhole)
      return failure();
    axis = i;
  }
  return axis;
}

/// The axis along which a block of `loop` cuts each result.
FailureOr<TaskTiler::Dims> TaskTiler::resultDims(TilingInterface op,
                                                 int64_t loop) {
  LoopTile tile = blockOfLoop(op, loop);
  Dims dims;
  for (unsigned i = 0; i < op->getNumResults(); ++i) {
    SmallVector<OpFoldResult> offsets, sizes;
    if (failed(op.getResultTilePosition(b, i, tile.offsets, tile.sizes, offsets,
                                        sizes)))
      return failure();
    FailureOr<int64_t> axis = cutAxis(offsets, sizes);
    if (failed(axis))
      return failure();
    dims.push_back(*axis);
  }
  return dims;
}

/// A parallel loop of which every block writes some part of all results, as a
/// scatter does.
std::optional<int64_t> TaskTiler::scatteringLoop(Operation *op) {
  auto tiled = dyn_cast<TilingInterface>(op);
  if (!tiled)
    return std::nullopt;
  b.setInsertionPoint(op);
  for (auto [loop, kind] : llvm::enumerate(tiled.getLoopIteratorTypes())) {
    if (kind != utils::IteratorType::parallel)
      continue;
    FailureOr<Dims> dims = resultDims(tiled, loop);
    if (succeeded(dims) && llvm::all_equal(*dims) && dims->front() == kWhole)
      return loop;
  }
  return std::nullopt;
}

FailureOr<int64_t> TaskTiler::loopOf(OpResult result, int64_t dim) {
  auto op = dyn_cast<TilingInterface>(result.getOwner());
  if (!op)
    return result.getOwner()->emitOpError(
               "expected an op that can be cut along axis ")
           << dim << " of its result";
  b.setInsertionPoint(op);
  Value init = cast<DestinationStyleOpInterface>(op.getOperation())
                   .getTiedOpOperand(result)
                   ->get();
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, init);
  SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0));
  offsets[dim] = blockOffset;
  sizes[dim] = blockSize;
  SmallVector<OpFoldResult> loopOffsets, loopSizes;
  if (failed(op.getIterationDomainTileFromResultTile(
          b, result.getResultNumber(), offsets, sizes, loopOffsets, loopSizes)))
    return failure();
  FailureOr<int64_t> loop = cutAxis(loopOffsets, loopSizes);
  if (failed(loop) || *loop == kWhole ||
      op.getLoopIteratorTypes()[*loop] != utils::IteratorType::parallel)
    return op->emitOpError("expected a parallel loop along axis ")
           << dim << " of its result";
  return *loop;
}

FailureOr<int64_t> TaskTiler::cutOf(OpResult result, int64_t dim) {
  Operation *op = result.getOwner();
  if (op == source.op && dim == 0)
    return dim;
  if (dim == kWhole) {
    if (serial)
      return kWhole;
    if (std::optional<int64_t> loop = scatteringLoop(op))
      return *loop;
    auto type = dyn_cast<ShapedType>(result.getType());
    // Columns of an argument are a view, as whole as the argument itself.
    auto slice = dyn_cast<tensor::ExtractSliceOp>(op);
    bool ofArgument = slice && isa<BlockArgument>(slice.getSource());
    if (!ofArgument && type && !type.hasStaticShape())
      return op->emitOpError(
          "expected tasks that do not depend on each other, got a result that "
          "one of them needs as a whole; end the kernel after this op");
    return kWhole;
  }
  if (isView(op) || isa<tensor::EmptyOp>(op)) {
    if (failed(checkView(op, dim)))
      return failure();
    return dim;
  }
  if (isa<linalg::AggregatedOpInterface>(op))
    return op->emitOpError("expected decomposed ops; run seqc-decompose first");
  return loopOf(result, dim);
}

/// Tasks that share a destination work on it in place.
LogicalResult TaskTiler::checkShared(Operation *op, ArrayRef<int64_t> results) {
  for (OpResult result : op->getResults()) {
    if (results[result.getResultNumber()] != kWhole)
      return op->emitOpError("expected all results to run over the task axis");
    Operation *into = cast<DestinationStyleOpInterface>(op)
                          .getTiedOpOperand(result)
                          ->get()
                          .getDefiningOp();
    if (into && !scatteringLoop(into))
      return op->emitOpError("expected to scatter into an outs argument, got "
                             "the result of '")
             << into->getName() << "'";
  }
  return success();
}

FailureOr<TaskTiler::Part> TaskTiler::partOf(Operation *op, int64_t cut) {
  Part part;
  part.operands.assign(op->getNumOperands(), kWhole);
  part.results.assign(op->getNumResults(), cut);
  if (cut == kWhole)
    return part;
  if (op == source.op) {
    part.operands.assign(op->getNumOperands(), kUnused);
    return part;
  }
  if (isView(op) || isa<tensor::EmptyOp>(op)) {
    part.operands = viewOperandDims(op, cut);
    return part;
  }
  auto tiled = cast<TilingInterface>(op);
  b.setInsertionPoint(op);
  FailureOr<Dims> results = resultDims(tiled, cut);
  if (failed(results) || (llvm::is_contained(*results, kWhole) &&
                          failed(checkShared(op, *results))))
    return failure();
  part.results = *results;
  LoopTile tile = blockOfLoop(tiled, cut);
  FailureOr<TilingResult> made =
      tiled.getTiledImplementation(b, tile.offsets, tile.sizes);
  if (failed(made))
    return failure();
  part.op = made->tiledOps.front();
  for (auto [dim, operand] :
       llvm::zip_equal(part.operands, part.op->getOperands())) {
    auto slice = operand.getDefiningOp<tensor::ExtractSliceOp>();
    if (!slice || !llvm::is_contained(made->generatedSlices, slice))
      continue;
    FailureOr<int64_t> axis =
        cutAxis(slice.getMixedOffsets(), slice.getMixedSizes());
    if (failed(axis))
      return op->emitOpError("expected a projection along the task axis, got ")
             << slice.getSource().getType() << " read in another way";
    dim = *axis;
  }
  return part;
}

//===----------------------------------------------------------------------===//
// Emission
//===----------------------------------------------------------------------===//

void TaskTiler::createLoop() {
  AffineExpr s0 = b.getAffineSymbolExpr(0);
  tasks = source.op ? source.countTasks(b)
                    : affine::makeComposedFoldedAffineApply(
                          b, loc, s0.ceilDiv(block), extent);
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
  placeBlock(loop.getInductionVar(0));
}

/// Where the task's block is.
void TaskTiler::placeBlock(Value task) {
  if (source.op) {
    std::tie(offset, size) = source.locate(b, task);
    return;
  }
  AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1);
  offset = affine::makeComposedFoldedAffineApply(b, loc, s0 * block,
                                                 OpFoldResult(task));
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

/// The tiled op adds the block's offset to an index; here it is added after the
/// cast where there is one, for that is where arithmetic on indices is done.
void TaskTiler::shiftIndices(Operation *op) {
  SmallVector<affine::AffineApplyOp> shifts;
  op->walk([&](affine::AffineApplyOp apply) {
    if (llvm::is_contained(apply.getOperands(), blockOffset))
      shifts.push_back(apply);
  });
  if (shifts.empty())
    return;
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(op);
  Value shift = getValueOrCreateConstantIndexOp(b, loc, offset);
  for (affine::AffineApplyOp apply : shifts) {
    Value index = *llvm::find_if(apply.getOperands(), [](Value operand) {
      return operand.getDefiningOp<linalg::IndexOp>();
    });
    for (OpOperand &use : llvm::make_early_inc_range(apply->getUses())) {
      auto toInt = dyn_cast<arith::IndexCastOp>(use.getOwner());
      Operation *anchor = toInt ? toInt.getOperation() : index.getDefiningOp();
      b.setInsertionPoint(op);
      Value by = shift;
      if (toInt)
        by = arith::IndexCastOp::create(b, loc, toInt.getType(), shift);
      b.setInsertionPointAfter(anchor);
      auto sum =
          arith::AddIOp::create(b, loc, toInt ? toInt.getResult() : index, by);
      if (toInt)
        toInt.getResult().replaceAllUsesExcept(sum, sum);
      use.set(toInt ? index : sum.getResult());
    }
    apply.erase();
  }
}

/// Brings the op into the loop, on the tiles of its operands.
void TaskTiler::emitOp(Operation *op, const Part &part) {
  SetVector<Value> captured;
  getUsedValuesDefinedAbove(op->getRegions(), captured);
  SmallVector<Value> whole = llvm::map_to_vector(
      captured, [&](Value value) { return tileOf(value, kWhole); });
  SmallVector<Value> operands;
  for (auto [operand, dim] : llvm::zip_equal(op->getOperands(), part.operands))
    operands.push_back(tileOf(operand, dim));
  Operation *copy = part.op ? part.op : b.clone(*op);
  copy->moveBefore(loop.getTerminator());
  copy->setOperands(operands);
  for (auto [value, tile] : llvm::zip_equal(captured, whole))
    for (Region &region : copy->getRegions())
      replaceAllUsesInRegionWith(value, tile, region);
  if (auto dps = dyn_cast<DestinationStyleOpInterface>(copy))
    for (OpResult result : copy->getResults())
      result.setType(dps.getTiedOpOperand(result)->get().getType());
  shiftIndices(copy);
  for (auto [old, result, dim] :
       llvm::zip_equal(op->getResults(), copy->getResults(), part.results))
    tiles[{old, dim}] = result;
}

/// The rows go to the output that they are, if any.
void TaskTiler::emitSource() {
  Value result = source.op->getResult(0);
  Value destination;
  for (auto [index, dim] : resultDemands)
    if (terminator->getOperand(index) == result)
      destination = tileOf(outsArgument(kernel, index), dim);
  tiles[{result, 0}] = source.emit(b, destination);
  b.setInsertionPoint(loop.getTerminator());
}

void TaskTiler::emit(Operation *op, const Part &part) {
  if (op == source.op)
    return emitSource();
  int64_t dim = part.results.empty() ? kWhole : part.results.front();
  if (dim != kWhole && isView(op))
    tiles[{op->getResult(0), dim}] = tileView(
        b, op, tileOf(op->getOperand(0), part.operands[0]), dim, offset, size);
  else if (dim != kWhole && isa<tensor::EmptyOp>(op))
    tiles[{op->getResult(0), dim}] = emitEmpty(op, dim);
  else
    emitOp(op, part);
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
  SmallVector<Operation *> body;
  for (Operation &op : kernel.getBody().front().without_terminator())
    body.push_back(&op);
  // The block until its loop exists: values that nothing can look into.
  b.setInsertionPointToStart(&kernel.getBody().front());
  Type index = b.getIndexType();
  auto unknown = UnrealizedConversionCastOp::create(
      b, loc, TypeRange{index, index}, kernel.getArgument(0));
  blockOffset = unknown.getResult(0);
  blockSize = unknown.getResult(1);
  for (Operation *op : llvm::reverse(body))
    if (!isShared(op) && failed(propagate(op)))
      return failure();
  b.setInsertionPoint(terminator);
  createLoop();
  for (Operation *op : body)
    for (const Part &part : parts.lookup(op))
      emit(op, part);
  insertResults();
  eraseOldBody();
  return success();
}
