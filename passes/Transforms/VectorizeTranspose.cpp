//===- VectorizeTranspose.cpp - copies with other lanes to blocks ---------===//
//
// A copy whose source is contiguous along another axis than its destination:
// blocks of lanes x lanes are read by rows, transposed in registers and written
// by rows, instead of gathering every element.
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"
#include "passes/Transforms/VectorUtils.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace seqc::passes {
#define GEN_PASS_DEF_SEQCVECTORIZETRANSPOSE
#include "passes/Passes.h.inc"
} // namespace seqc::passes

using namespace mlir;
using namespace seqc::passes;

namespace {

struct VectorizeTranspose
    : seqc::passes::impl::SeqcVectorizeTransposeBase<VectorizeTranspose> {
  void runOnOperation() override;
};

struct Transpose {
  linalg::LinalgOp op;
  OpOperand *source = nullptr;
  OpOperand *target = nullptr;
  unsigned sourceDim = 0; ///< contiguous in the source
  unsigned targetDim = 0; ///< contiguous in the target
};

/// Emits the loops of one transpose.
class TransposeEmitter {
public:
  TransposeEmitter(Transpose transpose, int64_t lanes)
      : info(transpose), lanes(lanes), loc(info.op.getLoc()),
        ivs(info.op.getNumLoops()) {}
  void emit();

private:
  void emitBlock(OpBuilder &builder);
  SmallVector<Value> loadRows(OpBuilder &builder, Value row, Value column);
  void storeRows(OpBuilder &builder, Value row, Value column,
                 ArrayRef<Value> vectors);
  SmallVector<Value> transposeBlock(OpBuilder &builder,
                                    SmallVector<Value> rows);
  /// How many of `lanes` elements from `first` exist along `dim`; null if all
  /// are known to.
  OpFoldResult countOf(OpBuilder &builder, unsigned dim, Value first);

  Transpose info;
  int64_t lanes;
  Location loc;
  SmallVector<Value> ivs;
  SmallVector<OpFoldResult> extents;
};

} // namespace

static std::optional<unsigned> contiguousDim(linalg::LinalgOp op,
                                             OpOperand *operand) {
  auto type = dyn_cast<MemRefType>(operand->get().getType());
  AffineMap map = op.getMatchingIndexingMap(operand);
  if (!type || type.getRank() < 2 || !isSimpleAccess(map) ||
      !type.getElementType().isIntOrFloat() ||
      type.getElementTypeBitWidth() != 32 ||
      !isContiguous(type, type.getRank() - 1))
    return std::nullopt;
  auto dim = dyn_cast<AffineDimExpr>(map.getResults().back());
  return dim ? std::optional<unsigned>(dim.getPosition()) : std::nullopt;
}

static std::optional<Transpose> matchTranspose(linalg::LinalgOp op) {
  if (!op.hasPureBufferSemantics() || !op.isAllParallelLoops() ||
      op.getNumDpsInputs() != 1 || op.getNumDpsInits() != 1)
    return std::nullopt;
  Block *block = op.getBlock();
  if (block->getOperations().size() != 1 ||
      block->getTerminator()->getOperand(0) != block->getArgument(0))
    return std::nullopt;
  Transpose match;
  match.op = op;
  match.source = op.getDpsInputOperand(0);
  match.target = op.getDpsInitOperand(0);
  std::optional<unsigned> sourceDim = contiguousDim(op, match.source);
  std::optional<unsigned> targetDim = contiguousDim(op, match.target);
  if (!sourceDim || !targetDim || sourceDim == targetDim ||
      !positionOf(op.getMatchingIndexingMap(match.source), *targetDim) ||
      !positionOf(op.getMatchingIndexingMap(match.target), *sourceDim))
    return std::nullopt;
  match.sourceDim = *sourceDim;
  match.targetDim = *targetDim;
  return match;
}

void TransposeEmitter::emit() {
  OpBuilder builder(info.op);
  extents = loopExtents(builder, info.op);
  SmallVector<unsigned> outer;
  for (unsigned dim = 0, end = info.op.getNumLoops(); dim < end; ++dim)
    if (dim != info.sourceDim && dim != info.targetDim)
      outer.push_back(dim);
  emitLoopNest(builder, loc, extents, outer, ivs, [&](OpBuilder &inner) {
    OpBuilder body = inner;
    for (unsigned dim : {info.targetDim, info.sourceDim}) {
      auto loop = scf::ForOp::create(body, loc, indexConstant(body, loc, 0),
                                     indexValue(body, loc, extents[dim]),
                                     indexConstant(body, loc, lanes));
      body = OpBuilder::atBlockTerminator(loop.getBody());
      ivs[dim] = loop.getInductionVar();
    }
    emitBlock(body);
  });
  info.op->erase();
}

OpFoldResult TransposeEmitter::countOf(OpBuilder &builder, unsigned dim,
                                       Value first) {
  std::optional<int64_t> known = getConstantIntValue(extents[dim]);
  if (known && *known % lanes == 0)
    return {};
  if (known && *known < lanes)
    return builder.getIndexAttr(*known);
  Value end = indexValue(builder, loc, extents[dim]);
  return arith::SubIOp::create(builder, loc, end, first).getResult();
}

/// Row i of the block is element i along the target's axis; rows past the end
/// repeat the last one and are never stored.
SmallVector<Value> TransposeEmitter::loadRows(OpBuilder &builder, Value row,
                                              Value column) {
  AffineMap map = info.op.getMatchingIndexingMap(info.source);
  auto type = cast<MemRefType>(info.source->get().getType());
  OpFoldResult columns = countOf(builder, info.sourceDim, column);
  Value mask = columns ? laneMask(builder, loc, lanes, columns) : Value();
  Value last;
  if (countOf(builder, info.targetDim, row))
    last = arith::SubIOp::create(
        builder, loc, indexValue(builder, loc, extents[info.targetDim]),
        indexConstant(builder, loc, 1));
  SmallVector<Value> rows;
  SmallVector<Value> position = ivs;
  position[info.sourceDim] = column;
  for (int64_t i = 0; i < lanes; ++i) {
    Value index = arith::AddIOp::create(builder, loc, row,
                                        indexConstant(builder, loc, i));
    if (last && i > 0)
      index = arith::MinSIOp::create(builder, loc, index, last);
    position[info.targetDim] = index;
    rows.push_back(loadLanes(builder, loc, info.source->get(),
                             accessIndices(builder, loc, map, position),
                             type.getRank() - 1, lanes, mask));
  }
  return rows;
}

void TransposeEmitter::storeRows(OpBuilder &builder, Value row, Value column,
                                 ArrayRef<Value> vectors) {
  AffineMap map = info.op.getMatchingIndexingMap(info.target);
  auto type = cast<MemRefType>(info.target->get().getType());
  OpFoldResult rows = countOf(builder, info.targetDim, row);
  OpFoldResult columns = countOf(builder, info.sourceDim, column);
  Value zero = indexConstant(builder, loc, 0);
  SmallVector<Value> position = ivs;
  position[info.targetDim] = row;
  for (auto [i, vector] : llvm::enumerate(vectors)) {
    Value offset = indexConstant(builder, loc, i);
    position[info.sourceDim] =
        arith::AddIOp::create(builder, loc, column, offset);
    Value mask;
    if (columns) {
      // A column past the end is stored with no lane at all.
      Value exists =
          arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, offset,
                                indexValue(builder, loc, columns));
      Value count = rows ? indexValue(builder, loc, rows)
                         : indexConstant(builder, loc, lanes);
      mask = laneMask(builder, loc, lanes,
                      arith::SelectOp::create(builder, loc, exists, count, zero)
                          .getResult());
    } else if (rows) {
      mask = laneMask(builder, loc, lanes, rows);
    }
    storeLanes(builder, loc, vector, info.target->get(),
               accessIndices(builder, loc, map, position), type.getRank() - 1,
               mask);
  }
}

/// Exchanges, at each distance, the off-diagonal blocks of that size.
SmallVector<Value> TransposeEmitter::transposeBlock(OpBuilder &builder,
                                                    SmallVector<Value> rows) {
  for (int64_t distance = 1; distance < lanes; distance *= 2) {
    SmallVector<int64_t> low, high;
    for (int64_t lane = 0; lane < lanes; ++lane) {
      bool upper = lane & distance;
      low.push_back(upper ? lanes + lane - distance : lane);
      high.push_back(upper ? lanes + lane : lane + distance);
    }
    for (int64_t i = 0; i < lanes; ++i) {
      if (i & distance)
        continue;
      Value a = rows[i], b = rows[i + distance];
      rows[i] = vector::ShuffleOp::create(builder, loc, a, b, low);
      rows[i + distance] = vector::ShuffleOp::create(builder, loc, a, b, high);
    }
  }
  return rows;
}

void TransposeEmitter::emitBlock(OpBuilder &builder) {
  Value row = ivs[info.targetDim], column = ivs[info.sourceDim];
  SmallVector<Value> rows = loadRows(builder, row, column);
  storeRows(builder, row, column, transposeBlock(builder, std::move(rows)));
}

void VectorizeTranspose::runOnOperation() {
  int64_t lanes = getVectorTarget(getOperation()).lanes;
  if (!llvm::isPowerOf2_64(lanes))
    return;
  SmallVector<Transpose> matches;
  getOperation().walk([&](linalg::LinalgOp op) {
    if (std::optional<Transpose> match = matchTranspose(op))
      matches.push_back(*match);
  });
  for (const Transpose &match : matches)
    TransposeEmitter(match, lanes).emit();
}
