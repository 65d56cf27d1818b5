//===- VectorizeElementwise.cpp - all-parallel linalg ops to lane loops ---===//

#include "passes/Passes.h"
#include "passes/Transforms/LaneEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace seqc::passes {
#define GEN_PASS_DEF_SEQCVECTORIZEELEMENTWISE
#include "passes/Passes.h.inc"
} // namespace seqc::passes

using namespace mlir;
using namespace seqc::passes;

namespace {

/// Bodies of more operations than this are emitted once, masked, where the
/// extent is dynamic: code size matters more than an unmasked main loop.
constexpr int64_t kHeavyBody = 12;

struct VectorizeElementwise
    : seqc::passes::impl::SeqcVectorizeElementwiseBase<VectorizeElementwise> {
  void runOnOperation() override;
};

} // namespace

static bool computesFloats(linalg::LinalgOp op) {
  return llvm::any_of(
      op.getBlock()->without_terminator(), [](Operation &inner) {
        return !inner.hasTrait<OpTrait::ConstantLike>() &&
               llvm::any_of(inner.getResultTypes(), llvm::IsaPred<FloatType>);
      });
}

/// The innermost dimension of the first output that has more than one element.
/// Where there is none, a single element that takes arithmetic is one lane: it
/// may stand in a loop over rows, as the one pair of a rotary embedding of
/// width 2.
static std::optional<unsigned> chooseLaneDim(linalg::LinalgOp op,
                                             ArrayRef<OpFoldResult> extents) {
  AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  std::optional<unsigned> innermost;
  for (AffineExpr expr : llvm::reverse(map.getResults())) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (!dim)
      continue;
    if (!isConstantIntValue(extents[dim.getPosition()], 1))
      return dim.getPosition();
    if (!innermost)
      innermost = dim.getPosition();
  }
  return computesFloats(op) ? innermost : std::nullopt;
}

static bool isHeavy(linalg::LinalgOp op) {
  int64_t size = 0;
  for (Operation &inner : op.getBlock()->without_terminator())
    size +=
        isa_and_nonnull<math::MathDialect>(inner.getDialect()) ? kHeavyBody : 1;
  return size >= kHeavyBody;
}

static void emitBlock(OpBuilder &builder, linalg::LinalgOp op,
                      LaneEmitter &emitter) {
  SmallVector<Value> results =
      emitter.emitBody(builder, emitter.loadInputs(builder));
  for (auto [index, result] : llvm::enumerate(results))
    emitter.store(builder, *op.getDpsInitOperand(index), result);
}

static void vectorizeOp(linalg::LinalgOp op, int64_t lanes) {
  OpBuilder builder(op);
  Location loc = op.getLoc();
  SmallVector<OpFoldResult> extents = loopExtents(builder, op);
  std::optional<unsigned> laneDim = chooseLaneDim(op, extents);
  LaneEmitter emitter(op, lanes, laneDim);
  SmallVector<unsigned> outer;
  for (unsigned dim = 0, end = op.getNumLoops(); dim < end; ++dim)
    if (dim != laneDim)
      outer.push_back(dim);
  emitLoopNest(
      builder, loc, extents, outer, emitter.ivs, [&](OpBuilder &inner) {
        emitter.preloadUniform(inner);
        if (!laneDim)
          return emitBlock(inner, op, emitter);
        emitLaneBlocks(inner, loc, extents[*laneDim], lanes, isHeavy(op),
                       [&](OpBuilder &block, Value base, Value mask) {
                         emitter.ivs[*laneDim] = base;
                         emitter.mask = mask;
                         emitBlock(block, op, emitter);
                       });
      });
  op->erase();
}

/// A copy of a buffer to itself, as in-place updates leave behind.
static bool isSelfCopy(linalg::LinalgOp op) {
  return isa<linalg::CopyOp>(op) &&
         op.getDpsInputOperand(0)->get() == op.getDpsInitOperand(0)->get();
}

/// memref.copy would become a library call where a layout is strided.
static linalg::LinalgOp copyToLinalg(memref::CopyOp copy) {
  OpBuilder builder(copy);
  auto op = linalg::CopyOp::create(builder, copy.getLoc(), copy.getSource(),
                                   copy.getTarget());
  copy.erase();
  return op;
}

void VectorizeElementwise::runOnOperation() {
  int64_t lanes = getVectorTarget(getOperation()).lanes;
  SmallVector<memref::CopyOp> copies;
  getOperation().walk([&](memref::CopyOp copy) { copies.push_back(copy); });
  for (memref::CopyOp copy : copies)
    copyToLinalg(copy);
  SmallVector<linalg::LinalgOp> ops;
  getOperation().walk([&](linalg::LinalgOp op) {
    if (op.hasPureBufferSemantics() && op.isAllParallelLoops())
      ops.push_back(op);
  });
  for (linalg::LinalgOp op : ops) {
    if (isSelfCopy(op))
      op->erase();
    else if (LaneEmitter::supports(op))
      vectorizeOp(op, lanes);
    else
      lowerToScalarLoops(op);
  }
}
