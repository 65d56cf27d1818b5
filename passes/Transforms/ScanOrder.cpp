//===- ScanOrder.cpp - which rows and channels of a scan come first -------===//

#include "passes/Transforms/ScanOrder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;
using namespace seqc;
using namespace seqc::passes;

/// Rows of this size in all are far: their order decides, before the work on
/// them. Exponentials hide more.
static constexpr int64_t kFarBytes = int64_t(16) << 20;
static constexpr int64_t kFarBytesOfMath = int64_t(48) << 20;
/// Rows of this size have left the second-level cache, so that stores wait for
/// their lines, and loads for stores at like addresses.
static constexpr int64_t kSlowStoreBytes = int64_t(2) << 20;
/// Rows of a sequence that are worth turning its states around one by one.
static constexpr int64_t kManyRows = 64;
/// Stores and loads are compared by the last bits of their addresses, within
/// some rows that are on their way at once.
static constexpr int64_t kComparedBytes = 4096, kRowsOnTheirWay = 12;
static constexpr int64_t kLineBytes = 64;

/// Floats of a row of `memref`, those of other channels included.
static int64_t rowPitch(Value memref, int64_t channels) {
  auto [strides, offset] =
      cast<MemRefType>(memref.getType()).getStridesAndOffset();
  return ShapedType::isDynamic(strides.front()) ? channels : strides.front();
}

/// Rows that take so many bytes.
static int64_t rowsOf(ir::ScanOp op, int64_t bytes, int64_t channels) {
  int64_t floats = 0;
  for (ValueRange rows : {ValueRange(op.getInputs()), ValueRange(op.getOuts())})
    for (Value memref : rows)
      floats += rowPitch(memref, channels);
  return bytes / (std::max<int64_t>(1, floats) * int64_t(sizeof(float)));
}

/// Whether rows of `input` look to the machine like rows of `out` that were
/// visited a little before, though they are others.
static Value looksLike(LaneBuilder &lb, ir::ScanOp op, Value input, Value out,
                       int64_t pitch) {
  OpBuilder &b = lb.builder();
  auto address = [&](Value memref) -> Value {
    return memref::ExtractAlignedPointerAsIndexOp::create(b, lb.getLoc(),
                                                          memref);
  };
  auto compare = [&](arith::CmpIPredicate predicate, Value x,
                     Value y) -> Value {
    return arith::CmpIOp::create(b, lb.getLoc(), predicate, x, y);
  };
  Value distance = lb.sub(address(out), address(input));
  Value like;
  llvm::SmallDenseSet<int64_t> seen;
  for (int64_t k = 0; k < kRowsOnTheirWay; ++k) {
    int64_t rows = k * pitch * int64_t(sizeof(float)) % kComparedBytes;
    if (op.getDirection() == ir::Direction::Reverse)
      rows = (kComparedBytes - rows) % kComparedBytes;
    if (!seen.insert(rows).second)
      continue;
    Value apart = arith::AndIOp::create(
        b, lb.getLoc(),
        lb.add(distance, lb.index(kComparedBytes - rows + kLineBytes - 1)),
        lb.index(kComparedBytes - 1));
    Value near =
        compare(arith::CmpIPredicate::ult, apart, lb.index(2 * kLineBytes - 1));
    like = like ? arith::OrIOp::create(b, lb.getLoc(), like, near).getResult()
                : near;
  }
  Value others = compare(arith::CmpIPredicate::ne, distance, lb.index(0));
  return arith::AndIOp::create(b, lb.getLoc(), like, others);
}

Value seqc::passes::goesByBlocks(LaneBuilder &lb, ir::ScanOp op, Value rows,
                                 Value sequences, const ScanPhases &phases,
                                 int64_t channels) {
  OpBuilder &b = lb.builder();
  auto reaches = [&](int64_t bytes) -> Value {
    return arith::CmpIOp::create(b, lb.getLoc(), arith::CmpIPredicate::sge,
                                 rows, lb.index(rowsOf(op, bytes, channels)));
  };
  Value far = reaches(phases.callsMath ? kFarBytesOfMath : kFarBytes);
  if (phases.callsMath)
    return far;
  Value like;
  for (auto [i, input] : llvm::enumerate(op.getInputs()))
    for (Value out : op.getOuts()) {
      int64_t pitch = rowPitch(out, channels);
      if (!op.getMap(i).isFunctionOfDim(1) || op.hasStateAxis(i) ||
          rowPitch(input, channels) != pitch)
        continue;
      Value each = looksLike(lb, op, input, out, pitch);
      like = like ? arith::OrIOp::create(b, lb.getLoc(), like, each).getResult()
                  : each;
    }
  if (!like)
    return far;
  Value isLong =
      arith::CmpIOp::create(b, lb.getLoc(), arith::CmpIPredicate::sge, rows,
                            lb.mul(sequences, lb.index(kManyRows)));
  Value slow = arith::AndIOp::create(
      b, lb.getLoc(), like,
      arith::AndIOp::create(b, lb.getLoc(), isLong, reaches(kSlowStoreBytes)));
  return arith::OrIOp::create(b, lb.getLoc(), far, slow);
}
