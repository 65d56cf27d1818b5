//===- TileAttend.cpp - tasks and tiles of an attention kernel ------------===//
//
// A kernel with one seqc.attend and elementwise consumers of its rows becomes
// one task loop over heads x query tiles. The tile itself: AttendTile.h.
//
//===----------------------------------------------------------------------===//

#include "dialect/SeqcDialect.h"
#include "passes/Analysis/KernelForm.h"
#include "passes/Analysis/ScheduleModel.h"
#include "passes/Passes.h"
#include "passes/Transforms/AttendTile.h"
#include "passes/Transforms/TaskTiler.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"

namespace seqc::passes {
#define GEN_PASS_DEF_SEQCTILEATTEND
#include "passes/Passes.h.inc"
} // namespace seqc::passes

using namespace mlir;
using namespace seqc::passes;

static constexpr int64_t kDefaultQueryTile = 16;
static constexpr int64_t kDefaultKeyTile = 64;
static constexpr int64_t kDefaultPanelVectors = 3;
static constexpr int64_t kDefaultValueRows = 8;

namespace ir = seqc::ir;

namespace {

/// Part of a tensor that one task computes: rows [row, row + count) of axis
/// `rowAxis`, one entry of axis `headAxis` (dropped from the tile).
struct TiledValue {
  Value tile;
  int64_t rowAxis = 0;
  int64_t headAxis = 0;
};

/// With heads.
class AttendKernelTiler {
public:
  AttendKernelTiler(func::FuncOp func, ir::AttendOp attend,
                    AttendTileEmitter::Sizes sizes)
      : func(func), attend(attend), emitter(attend, sizes),
        queryTile(emitter.getQueryTile()) {}

  LogicalResult run();

private:
  LogicalResult check();
  LogicalResult checkConsumer(linalg::GenericOp consumer);
  LogicalResult findLoops(linalg::GenericOp consumer, int64_t &rowLoop,
                          int64_t &headLoop);
  LogicalResult tileConsumer(TileBuilder &b, linalg::GenericOp consumer);
  bool isReturnedInPlace(Value init, Value result);
  Value sliceOperand(TileBuilder &b, Value operand, AffineMap map,
                     int64_t rowLoop, int64_t headLoop);
  Value destination(TileBuilder &b, Value tensor, int64_t rowAxis,
                    int64_t headAxis);
  void sliceBounds(TileBuilder &b, Value tensor, int64_t rowAxis,
                   int64_t headAxis, SmallVectorImpl<OpFoldResult> &offsets,
                   SmallVectorImpl<OpFoldResult> &sizes);
  LogicalResult emitTask(TileBuilder &b, scf::ForallOp forall);

  func::FuncOp func;
  ir::AttendOp attend;
  AttendTileEmitter emitter;
  int64_t queryTile;
  QueryTile tile;
  DenseMap<Value, TiledValue> tiled;
  SmallVector<linalg::GenericOp> consumers;
  ArrayRef<BlockArgument> shared; ///< destinations inside the task loop
};

} // namespace

static func::ReturnOp returnOf(func::FuncOp func) {
  return cast<func::ReturnOp>(func.getBody().front().getTerminator());
}

//===----------------------------------------------------------------------===//
// What is accepted
//===----------------------------------------------------------------------===//

static LogicalResult checkAttend(ir::AttendOp attend) {
  if (attend.isOpen() || attend.hasKeyRange())
    return attend.emitOpError("expected all keys in a kernel, got a part");
  if (attend.getByPosition())
    return attend.emitOpError(
        "expected a window over rows, got by_position; only the target "
        "reference evaluates windows over positions");
  for (Value operand :
       {attend.getQuery(), attend.getKey(), attend.getValue()}) {
    auto type = dyn_cast<RankedTensorType>(operand.getType());
    if (!type || type.isDynamicDim(type.getRank() - 1))
      return attend.emitOpError(
                 "expected tensors with a static last extent, got ")
             << operand.getType();
    if (type.getRank() == 3 && type.isDynamicDim(0))
      return attend.emitOpError("expected a static number of heads, got ")
             << type;
  }
  return success();
}

LogicalResult AttendKernelTiler::check() {
  for (Operation &op : func.getBody().front().without_terminator()) {
    if (&op == attend.getOperation() || op.hasTrait<OpTrait::ConstantLike>() ||
        isa<tensor::EmptyOp, tensor::DimOp, linalg::FillOp>(op) ||
        isa<arith::ArithDialect>(op.getDialect()))
      continue;
    auto consumer = dyn_cast<linalg::GenericOp>(op);
    if (!consumer)
      return op.emitOpError(
          "expected only elementwise consumers next to seqc.attend");
    if (failed(checkConsumer(consumer)))
      return failure();
    consumers.push_back(consumer);
  }
  return success();
}

LogicalResult AttendKernelTiler::checkConsumer(linalg::GenericOp consumer) {
  if (consumer.getNumParallelLoops() != consumer.getNumLoops())
    return consumer.emitOpError(
        "expected an elementwise consumer of attention rows, "
        "got a reduction; fuse it into another kernel");
  if (consumer.hasIndexSemantics())
    return consumer.emitOpError(
        "expected a consumer of attention rows without linalg.index");
  for (OpOperand &init : consumer.getDpsInitsMutable())
    if (!consumer.getMatchingIndexingMap(&init).isPermutation())
      return consumer.emitOpError(
          "expected permutation maps on the outputs of a consumer of "
          "attention rows");
  return success();
}

//===----------------------------------------------------------------------===//
// Consumers
//===----------------------------------------------------------------------===//

void AttendKernelTiler::sliceBounds(TileBuilder &b, Value tensor,
                                    int64_t rowAxis, int64_t headAxis,
                                    SmallVectorImpl<OpFoldResult> &offsets,
                                    SmallVectorImpl<OpFoldResult> &sizes) {
  auto type = cast<RankedTensorType>(tensor.getType());
  for (int64_t axis = 0; axis < type.getRank(); ++axis) {
    if (axis == rowAxis) {
      offsets.push_back(tile.row);
      sizes.push_back(tile.count);
    } else if (axis == headAxis) {
      offsets.push_back(tile.head);
      sizes.push_back(b.getIndexAttr(1));
    } else {
      offsets.push_back(b.getIndexAttr(0));
      sizes.push_back(type.isDynamicDim(axis)
                          ? OpFoldResult(b.dim(tensor, axis))
                          : b.getIndexAttr(type.getDimSize(axis)));
    }
  }
}

/// Where the tile of a value goes: the task's slice of an output if the value
/// is returned, scratch if not.
Value AttendKernelTiler::destination(TileBuilder &b, Value tensor,
                                     int64_t rowAxis, int64_t headAxis) {
  for (auto [i, returned] : llvm::enumerate(returnOf(func).getOperands())) {
    if (returned != tensor)
      continue;
    SmallVector<OpFoldResult> offsets, sizes;
    sliceBounds(b, shared[i], rowAxis, headAxis, offsets, sizes);
    return b.slice(shared[i], offsets, sizes, offsets.size() - 1);
  }
  auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<int64_t> shape;
  SmallVector<OpFoldResult> offsets, sizes;
  for (int64_t axis = 0; axis < type.getRank(); ++axis) {
    if (axis == headAxis)
      continue;
    shape.push_back(axis == rowAxis ? queryTile : type.getDimSize(axis));
    offsets.push_back(b.getIndexAttr(0));
    sizes.push_back(axis == rowAxis ? OpFoldResult(tile.count)
                                    : b.getIndexAttr(shape.back()));
  }
  return b.slice(b.empty(shape, type.getElementType()), offsets, sizes,
                 shape.size());
}

Value AttendKernelTiler::sliceOperand(TileBuilder &b, Value operand,
                                      AffineMap map, int64_t rowLoop,
                                      int64_t headLoop) {
  if (!isa<RankedTensorType>(operand.getType()))
    return operand;
  int64_t rowAxis = -1, headAxis = -1;
  for (auto [axis, expr] : llvm::enumerate(map.getResults()))
    if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
      if (dim.getPosition() == rowLoop)
        rowAxis = axis;
      if (dim.getPosition() == headLoop)
        headAxis = axis;
    }
  if (rowAxis < 0 && headAxis < 0)
    return operand;
  SmallVector<OpFoldResult> offsets, sizes;
  sliceBounds(b, operand, rowAxis, headAxis, offsets, sizes);
  return b.slice(operand, offsets, sizes, offsets.size() - (headAxis >= 0));
}

/// The map without loop `dropped` and without results that are it.
static AffineMap dropLoop(AffineMap map, int64_t dropped) {
  MLIRContext *context = map.getContext();
  SmallVector<AffineExpr> replacements;
  for (int64_t loop = 0; loop < map.getNumDims(); ++loop)
    replacements.push_back(
        loop == dropped ? getAffineConstantExpr(0, context)
                        : getAffineDimExpr(loop - (loop > dropped), context));
  SmallVector<AffineExpr> results;
  for (AffineExpr expr : map.getResults())
    if (expr != getAffineDimExpr(dropped, context))
      results.push_back(expr.replaceDims(replacements));
  return AffineMap::get(map.getNumDims() - 1, 0, results, context);
}

/// Loops of the consumer over rows and heads, from the operands that are
/// already tiled.
LogicalResult AttendKernelTiler::findLoops(linalg::GenericOp consumer,
                                           int64_t &rowLoop,
                                           int64_t &headLoop) {
  rowLoop = headLoop = -1;
  for (OpOperand *input : consumer.getDpsInputOperands()) {
    auto found = tiled.find(input->get());
    if (found == tiled.end())
      continue;
    AffineMap map = consumer.getMatchingIndexingMap(input);
    auto loopOf = [&](int64_t axis) -> int64_t {
      auto dim = dyn_cast<AffineDimExpr>(map.getResult(axis));
      return dim ? dim.getPosition() : -1;
    };
    int64_t row = loopOf(found->second.rowAxis),
            head = loopOf(found->second.headAxis);
    bool clash = (rowLoop >= 0 && (row != rowLoop || head != headLoop)) ||
                 row < 0 || head < 0;
    if (clash)
      return consumer.emitOpError(
          "expected attention rows to be read row by row");
    rowLoop = row;
    headLoop = head;
  }
  if (rowLoop < 0)
    return consumer.emitOpError("expected a consumer of attention rows");
  return success();
}

/// The consumer on the task's rows.
LogicalResult AttendKernelTiler::tileConsumer(TileBuilder &b,
                                              linalg::GenericOp consumer) {
  int64_t rowLoop, headLoop;
  if (failed(findLoops(consumer, rowLoop, headLoop)))
    return failure();
  SmallVector<Value> inputs, outputs;
  for (OpOperand *input : consumer.getDpsInputOperands()) {
    auto found = tiled.find(input->get());
    inputs.push_back(found != tiled.end()
                         ? found->second.tile
                         : sliceOperand(b, input->get(),
                                        consumer.getMatchingIndexingMap(input),
                                        rowLoop, headLoop));
  }
  SmallVector<TiledValue> results;
  for (auto [init, result] :
       llvm::zip(consumer.getDpsInitsMutable(), consumer.getResults())) {
    AffineMap map = consumer.getMatchingIndexingMap(&init);
    auto axisOf = [&](int64_t loop) -> int64_t {
      return *map.getResultPosition(b.getAffineDimExpr(loop));
    };
    TiledValue part{{}, axisOf(rowLoop), axisOf(headLoop)};
    bool reads = consumer.payloadUsesValueFromOperand(&init);
    if (auto found = tiled.find(init.get()); reads && found != tiled.end())
      outputs.push_back(found->second.tile);
    else if (reads && !isReturnedInPlace(init.get(), result))
      outputs.push_back(sliceOperand(b, init.get(), map, rowLoop, headLoop));
    else
      outputs.push_back(destination(b, result, part.rowAxis, part.headAxis));
    results.push_back(part);
  }
  SmallVector<AffineMap> maps;
  for (AffineMap map : consumer.getIndexingMapsArray())
    maps.push_back(dropLoop(map, headLoop));
  SmallVector<utils::IteratorType> iterators(maps.front().getNumDims(),
                                             utils::IteratorType::parallel);
  SmallVector<Type> types(ValueRange(outputs).getTypes());
  auto op =
      linalg::GenericOp::create(b, types, inputs, outputs, maps, iterators);
  IRMapping mapping;
  consumer.getRegion().cloneInto(&op.getRegion(), mapping);
  for (auto [part, result, whole] :
       llvm::zip(results, op.getResults(), consumer.getResults())) {
    part.tile = result;
    tiled[whole] = part;
  }
  return success();
}

/// Whether `result` is returned as the new value of the argument `init`, so
/// that the task's slice of that output starts as the argument's.
bool AttendKernelTiler::isReturnedInPlace(Value init, Value result) {
  for (auto [i, returned] : llvm::enumerate(returnOf(func).getOperands()))
    if (returned == result)
      return init == outsArgument(func, i);
  return false;
}

//===----------------------------------------------------------------------===//
// The task loop
//===----------------------------------------------------------------------===//

LogicalResult AttendKernelTiler::emitTask(TileBuilder &b,
                                          scf::ForallOp forall) {
  tile = emitter.locate(b, forall.getInductionVar(0));
  TiledValue rows{{}, 1, 0};
  Value output;
  if (llvm::is_contained(returnOf(func).getOperands(), attend.getResult()))
    output = destination(b, attend.getResult(), rows.rowAxis, rows.headAxis);
  rows.tile = emitter.emit(b, tile, output);
  tiled[attend.getResult()] = rows;
  for (linalg::GenericOp consumer : consumers)
    if (failed(tileConsumer(b, consumer)))
      return failure();

  b.setInsertionPointToStart(forall.getTerminator().getBody());
  for (auto [i, returned] : llvm::enumerate(returnOf(func).getOperands())) {
    auto found = tiled.find(returned);
    if (found == tiled.end())
      return func.emitOpError("expected result ")
             << i << " to hold attention rows";
    SmallVector<OpFoldResult> offsets, sizes;
    sliceBounds(b, shared[i], found->second.rowAxis, found->second.headAxis,
                offsets, sizes);
    SmallVector<OpFoldResult> strides(offsets.size(), b.getIndexAttr(1));
    tensor::ParallelInsertSliceOp::create(b, found->second.tile, shared[i],
                                          offsets, sizes, strides);
  }
  return success();
}

LogicalResult AttendKernelTiler::run() {
  if (failed(check()))
    return failure();
  SmallVector<Value> destinations;
  for (unsigned i = 0; i < func.getNumResults(); ++i)
    destinations.push_back(outsArgument(func, i));

  func::ReturnOp end = returnOf(func);
  TileBuilder b(attend.getLoc(), OpBuilder(end));
  OpFoldResult tasks = emitter.taskCount(b);
  ArrayAttr mapping = b.getArrayAttr(ir::TasksAttr::get(func.getContext()));
  auto forall = scf::ForallOp::create(b, ArrayRef<OpFoldResult>{tasks},
                                      destinations, mapping);
  shared = forall.getRegionOutArgs();
  b.setInsertionPoint(forall.getTerminator());
  if (failed(emitTask(b, forall)))
    return failure();
  end.getOperandsMutable().assign(forall.getResults());

  for (linalg::GenericOp consumer : llvm::reverse(consumers))
    consumer.erase();
  attend.erase();
  return success();
}

static AttendTileEmitter::Sizes sizesOf(func::FuncOp func) {
  ir::TargetAttr target = targetOf(func);
  int64_t lanes = target.lanes();
  AttendTileEmitter::Sizes sizes{kDefaultQueryTile,
                                 kDefaultKeyTile,
                                 lanes,
                                 kDefaultPanelVectors * lanes,
                                 kDefaultValueRows,
                                 {}};
  auto schedule = func->getAttrOfType<ir::ScheduleAttr>(ir::names::kSchedule);
  if (!schedule)
    return sizes;
  auto use = [](int64_t &size, int64_t chosen) {
    if (chosen > 0)
      size = chosen;
  };
  use(sizes.queries, schedule.getRows());
  use(sizes.keys, schedule.getKeys());
  use(sizes.block, schedule.getBlock());
  use(sizes.panel, schedule.getRegisterVectors() * lanes);
  use(sizes.valueRows, schedule.getRegisterRows());
  sizes.scoreTile = scoreSchedule(schedule, sizes.block, target);
  return sizes;
}

//===----------------------------------------------------------------------===//
// Without heads: a row is an axis, and what follows is cut along it
//===----------------------------------------------------------------------===//

static LogicalResult tileRowsOf(func::FuncOp func, ir::AttendOp attend,
                                AttendTileEmitter::Sizes sizes) {
  resolveExtents(func);
  AttendTileEmitter emitter(attend, sizes);
  QueryTile tile;
  Location loc = attend.getLoc();
  TileSource source;
  source.op = attend;
  source.countTasks = [&](OpBuilder &builder) -> OpFoldResult {
    TileBuilder b(loc, builder);
    return emitter.taskCount(b);
  };
  source.locate = [&](OpBuilder &builder, Value task) {
    TileBuilder b(loc, builder);
    tile = emitter.locate(b, task);
    return std::pair<OpFoldResult, OpFoldResult>(tile.row, tile.count);
  };
  source.emit = [&](OpBuilder &builder, Value destination) {
    TileBuilder b(loc, builder);
    return emitter.emit(b, tile, destination);
  };
  TaskTiler tiler(func, source, emitter.getQueryTile());
  for (auto [index, value] : llvm::enumerate(returnOf(func).getOperands()))
    tiler.demandResult(index,
                       value.getDefiningOp<ir::ScatterRowsOp>() ? kWhole : 0);
  return tiler.build();
}

//===----------------------------------------------------------------------===//
// Pass
//===----------------------------------------------------------------------===//

namespace {

struct TileAttend : seqc::passes::impl::SeqcTileAttendBase<TileAttend> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (!func->hasAttr(ir::names::kKernel))
      return;
    SmallVector<ir::AttendOp> attends;
    func.walk([&](ir::AttendOp op) { attends.push_back(op); });
    if (attends.empty())
      return;
    if (attends.size() > 1) {
      attends[1].emitOpError("expected one seqc.attend in a kernel, got ")
          << attends.size();
      return signalPassFailure();
    }
    if (func.getNumResults() == 0 ||
        func.getNumResults() > func.getNumArguments()) {
      func.emitOpError("expected one destination argument for each result");
      return signalPassFailure();
    }
    ir::AttendOp attend = attends.front();
    if (failed(checkAttend(attend)))
      return signalPassFailure();
    AttendTileEmitter::Sizes sizes = sizesOf(func);
    if (failed(attend.hasHeads() ? AttendKernelTiler(func, attend, sizes).run()
                                 : tileRowsOf(func, attend, sizes)))
      signalPassFailure();
  }
};

} // namespace
