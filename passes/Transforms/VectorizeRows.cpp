//===- VectorizeRows.cpp - row movement on memrefs to loops of vectors ----===//

#include "dialect/SeqcOps.h"
#include "passes/Passes.h"
#include "passes/Transforms/LaneBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/TypeSwitch.h"

namespace seqc::passes {
#define GEN_PASS_DEF_VECTORIZEROWSPASS
#include "passes/Passes.h.inc"
} // namespace seqc::passes

using namespace mlir;
using namespace seqc;
using namespace seqc::passes;

static MemRefType typeOf(Value memref) {
  return cast<MemRefType>(memref.getType());
}

static auto contraction(OpBuilder &b) {
  return arith::FastMathFlagsAttr::get(b.getContext(),
                                       arith::FastMathFlags::contract);
}

//===----------------------------------------------------------------------===//
// gather_rows, scatter_rows
//===----------------------------------------------------------------------===//

static void copyRow(LaneBuilder &lb, Value from, Value fromRow, Value to,
                    Value toRow) {
  lb.forEachVector(lb.dim(to, 1), [&](Value j, Value mask) {
    Value row = lb.load(from, {fromRow, j}, /*axis=*/1, mask);
    lb.store(row, to, {toRow, j}, /*axis=*/1, mask);
  });
}

static void gatherElements(LaneBuilder &lb, ir::GatherRowsOp op) {
  lb.forEachVector(lb.dim(op.getOut(), 0), [&](Value i, Value mask) {
    Value rows = lb.load(op.getIndex(), {i}, /*axis=*/0, mask);
    lb.store(lb.gather(op.getSource(), rows, mask), op.getOut(), {i},
             /*axis=*/0, mask);
  });
}

static void emitGatherRows(LaneBuilder &lb, ir::GatherRowsOp op) {
  if (typeOf(op.getOut()).getRank() == 1)
    return gatherElements(lb, op);
  lb.forEach(lb.dim(op.getOut(), 0), 1, [&](Value i) {
    copyRow(lb, op.getSource(), lb.loadIndex(op.getIndex(), i), op.getOut(), i);
  });
}

static void scatterRow(LaneBuilder &lb, ir::ScatterRowsOp op, Value from,
                       Value to) {
  OpBuilder &b = lb.builder();
  Location loc = lb.getLoc();
  Value scale;
  if (op.getScale())
    scale = lb.splat(memref::LoadOp::create(b, loc, op.getScale(), to));
  lb.forEachVector(lb.dim(op.getOut(), 1), [&](Value j, Value mask) {
    Value row = lb.load(op.getSource(), {from, j}, /*axis=*/1, mask);
    if (scale)
      row = arith::MulFOp::create(b, loc, row, scale, contraction(b));
    if (op.getMode() == ir::ScatterMode::Add) {
      Value old = lb.load(op.getOut(), {to, j}, /*axis=*/1, mask);
      row = arith::AddFOp::create(b, loc, row, old, contraction(b));
    }
    lb.store(row, op.getOut(), {to, j}, /*axis=*/1, mask);
  });
}

static void emitScatterRows(LaneBuilder &lb, ir::ScatterRowsOp op) {
  lb.forEach(lb.dim(op.getSource(), 0), 1, [&](Value i) {
    scatterRow(lb, op, i, lb.loadIndex(op.getIndex(), i));
  });
}

//===----------------------------------------------------------------------===//
// compress
//===----------------------------------------------------------------------===//

// Appends the active rows among `lanes` rows from `row` on; the new count.
static Value compressVector(LaneBuilder &lb, ir::CompressOp op, Value row,
                            Value mask, Value count) {
  OpBuilder &b = lb.builder();
  Location loc = lb.getLoc();
  Type i32 = b.getI32Type();
  int64_t lanes = lb.getLanes();
  Value active = lb.load(op.getActive(), {row}, /*axis=*/0, mask);
  Value keep = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, active,
                                     lb.zero(i32));
  if (mask)
    keep = arith::AndIOp::create(b, loc, keep, mask);
  Value first = arith::IndexCastOp::create(b, loc, i32, row);
  Value rows = arith::AddIOp::create(b, loc, lb.iota(), lb.splat(first));
  // The builder that takes no attribute swaps mask and value (LLVM 22).
  vector::CompressStoreOp::create(b, loc, op.getIndex(), ValueRange{count},
                                  keep, rows,
                                  /*alignment=*/IntegerAttr());

  Type bits = b.getIntegerType(lanes);
  Value packed =
      vector::BitCastOp::create(b, loc, VectorType::get({1}, bits), keep);
  Value word = vector::ExtractOp::create(b, loc, packed, 0);
  Value kept = math::CtPopOp::create(b, loc, word);
  return lb.add(count,
                arith::IndexCastUIOp::create(b, loc, b.getIndexType(), kept));
}

static Value compressSequence(LaneBuilder &lb, ir::CompressOp op, Value start,
                              Value end, Value count) {
  OpBuilder &b = lb.builder();
  Location loc = lb.getLoc();
  Value fullEnd = lb.add(start, lb.floorTo(lb.sub(end, start), lb.getLanes()));
  auto loop = scf::ForOp::create(b, loc, start, fullEnd,
                                 lb.index(lb.getLanes()), count);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value next = compressVector(lb, op, loop.getInductionVar(), {},
                                loop.getRegionIterArg(0));
    scf::YieldOp::create(b, loc, next);
  }
  Value mask = lb.maskBelow(lb.sub(end, fullEnd));
  return compressVector(lb, op, fullEnd, mask, loop.getResult(0));
}

static void emitCompress(LaneBuilder &lb, ir::CompressOp op) {
  OpBuilder &b = lb.builder();
  Location loc = lb.getLoc();
  auto storeCount = [&](Value count, Value at) {
    Value entry = arith::IndexCastOp::create(b, loc, b.getI32Type(), count);
    memref::StoreOp::create(b, loc, entry, op.getPacked(), at);
  };
  Value sequences = lb.sub(lb.dim(op.getOffsets(), 0), lb.index(1));
  auto loop = scf::ForOp::create(b, loc, lb.index(0), sequences, lb.index(1),
                                 lb.index(0));
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value sequence = loop.getInductionVar(), count = loop.getRegionIterArg(0);
    storeCount(count, sequence);
    Value start = lb.loadIndex(op.getOffsets(), sequence);
    Value end = lb.loadIndex(op.getOffsets(), lb.add(sequence, lb.index(1)));
    Value next = compressSequence(lb, op, start, end, count);
    scf::YieldOp::create(b, loc, next);
  }
  storeCount(loop.getResult(0), sequences);
}

//===----------------------------------------------------------------------===//
// ring_push
//===----------------------------------------------------------------------===//

// Copies `count` entries.
static void moveEntries(LaneBuilder &lb, Value from, ValueRange fromAt,
                        Value to, ValueRange toAt, Value count) {
  auto shifted = [&](ValueRange at, Value i) {
    SmallVector<Value> indices(at);
    indices.back() = lb.add(indices.back(), i);
    return indices;
  };
  if (typeOf(to).getRank() == 2)
    return lb.forEachVector(count, [&](Value i, Value mask) {
      Value entries =
          lb.load(from, shifted(fromAt, i), fromAt.size() - 1, mask);
      lb.store(entries, to, shifted(toAt, i), toAt.size() - 1, mask);
    });
  lb.forEach(count, 1, [&](Value i) {
    SmallVector<Value> source = shifted(fromAt, i), target = shifted(toAt, i);
    source.push_back({});
    target.push_back({});
    lb.forEachVector(lb.dim(to, 2), [&](Value j, Value mask) {
      source.back() = target.back() = j;
      Value entry = lb.load(from, source, source.size() - 1, mask);
      lb.store(entry, to, target, target.size() - 1, mask);
    });
  });
}

static void pushSequence(LaneBuilder &lb, ir::RingPushOp op, Value sequence) {
  Value ring = op.getRing(), window = lb.dim(ring, 1);
  Value start = lb.loadIndex(op.getOffsets(), sequence);
  Value end = lb.loadIndex(op.getOffsets(), lb.add(sequence, lb.index(1)));
  Value pushed = lb.sub(end, start);
  Value kept = lb.min(pushed, window);
  // The first kept row goes to the slot of its number among all pushed ones;
  // the rest follow up to the end of the ring and go on at its start.
  Value number =
      lb.add(lb.loadIndex(op.getCount(), sequence), lb.sub(pushed, kept));
  Value slot = lb.rem(number, window);
  Value row = lb.sub(end, kept);
  Value early = lb.min(kept, lb.sub(window, slot));
  moveEntries(lb, op.getSource(), {row}, ring, {sequence, slot}, early);
  moveEntries(lb, op.getSource(), {lb.add(row, early)}, ring,
              {sequence, lb.index(0)}, lb.sub(kept, early));
}

static void emitRingPush(LaneBuilder &lb, ir::RingPushOp op) {
  lb.forEach(lb.dim(op.getRing(), 0), 1,
             [&](Value sequence) { pushSequence(lb, op, sequence); });
}

//===----------------------------------------------------------------------===//
// pool
//===----------------------------------------------------------------------===//

static Value sumColumns(LaneBuilder &lb, Value source, Value start, Value end,
                        Value j, Value mask) {
  OpBuilder &b = lb.builder();
  Location loc = lb.getLoc();
  auto loop = scf::ForOp::create(b, loc, start, end, lb.index(1),
                                 lb.zero(b.getF32Type()));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value row = lb.load(source, {loop.getInductionVar(), j}, /*axis=*/1, mask);
  Value sum = arith::AddFOp::create(b, loc, loop.getRegionIterArg(0), row);
  scf::YieldOp::create(b, loc, sum);
  return loop.getResult(0);
}

static void emitPool(LaneBuilder &lb, ir::PoolOp op) {
  OpBuilder &b = lb.builder();
  Location loc = lb.getLoc();
  lb.forEach(lb.dim(op.getOut(), 0), 1, [&](Value sequence) {
    Value start = lb.loadIndex(op.getOffsets(), sequence);
    Value end = lb.loadIndex(op.getOffsets(), lb.add(sequence, lb.index(1)));
    // An empty sequence sums to 0, which any divisor keeps.
    Value rows = lb.max(lb.sub(end, start), lb.index(1));
    Value rows32 = arith::IndexCastOp::create(b, loc, b.getI32Type(), rows);
    Value count =
        lb.splat(arith::SIToFPOp::create(b, loc, b.getF32Type(), rows32));
    lb.forEachVector(lb.dim(op.getOut(), 1), [&](Value j, Value mask) {
      Value sum = sumColumns(lb, op.getSource(), start, end, j, mask);
      Value mean = arith::DivFOp::create(b, loc, sum, count);
      lb.store(mean, op.getOut(), {sequence, j}, /*axis=*/1, mask);
    });
  });
}

//===----------------------------------------------------------------------===//
// Pass
//===----------------------------------------------------------------------===//

static LogicalResult vectorize(Operation *op, OpBuilder &builder) {
  // Lanes move 32-bit elements; nothing else is a row of a model.
  for (Type type : op->getOperandTypes())
    if (getElementTypeOrSelf(type).getIntOrFloatBitWidth() != 32)
      return op->emitOpError("expected 32-bit elements, got ") << type;
  LaneBuilder lb(builder, op->getLoc(), targetLanes(op));
  llvm::TypeSwitch<Operation *>(op)
      .Case([&](ir::GatherRowsOp rows) { emitGatherRows(lb, rows); })
      .Case([&](ir::ScatterRowsOp rows) { emitScatterRows(lb, rows); })
      .Case([&](ir::CompressOp compress) { emitCompress(lb, compress); })
      .Case([&](ir::RingPushOp push) { emitRingPush(lb, push); })
      .Case([&](ir::PoolOp pool) { emitPool(lb, pool); });
  op->erase();
  return success();
}

namespace {
struct VectorizeRowsPass
    : passes::impl::VectorizeRowsPassBase<VectorizeRowsPass> {
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation()->walk([&](Operation *op) {
      if (op->getNumResults() == 0 &&
          isa<ir::GatherRowsOp, ir::ScatterRowsOp, ir::CompressOp,
              ir::RingPushOp, ir::PoolOp>(op))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      OpBuilder builder(op);
      if (failed(vectorize(op, builder)))
        return signalPassFailure();
      ++numVectorized;
    }
  }
};
} // namespace
