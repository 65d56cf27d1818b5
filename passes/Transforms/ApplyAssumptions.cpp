//===- ApplyAssumptions.cpp - a kernel's body under its assumptions -------===//

#include "dialect/SeqcOps.h"
#include "passes/Analysis/Assumptions.h"
#include "passes/Analysis/KernelForm.h"
#include "passes/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"

namespace seqc::passes {
#define GEN_PASS_DEF_APPLYASSUMPTIONSPASS
#include "passes/Passes.h.inc"
} // namespace seqc::passes

using namespace mlir;
using namespace seqc::ir;
using namespace seqc::passes;

/// Extents that are assumed become constants.
static bool foldExtent(tensor::DimOp op, const Assumptions &known,
                       IRRewriter &rewriter) {
  std::optional<int64_t> dim = op.getConstantIndex();
  std::optional<int64_t> extent =
      dim ? known.extent(op.getSource(), *dim) : std::nullopt;
  if (!extent)
    return false;
  rewriter.setInsertionPoint(op);
  rewriter.replaceOpWithNewOp<arith::ConstantIndexOp>(op, *extent);
  return true;
}

/// As many strictly rising row numbers as there are rows: each row its own.
static bool isIdentity(const Assumptions &known, Value index, Value packed,
                       Value all) {
  return Assumptions::isIncreasing(index) &&
         packed.getType() == all.getType() && known.same(packed, 0, all, 0);
}

/// All rows are the source itself, copied only where they leave the kernel.
static bool foldGather(GatherRowsOp op, const Assumptions &known,
                       IRRewriter &rewriter) {
  if (!isIdentity(known, op.getIndex(), op.getOut(), op.getSource()))
    return false;
  rewriter.setInsertionPoint(op);
  if (op.getOut().getDefiningOp<tensor::EmptyOp>())
    rewriter.replaceOp(op, op.getSource());
  else
    rewriter.replaceOpWithNewOp<linalg::CopyOp>(op, op.getSource(),
                                                op.getOut());
  return true;
}

/// Scattering all rows is an elementwise update.
static bool foldScatter(ScatterRowsOp op, const Assumptions &known,
                        IRRewriter &rewriter) {
  if (!isIdentity(known, op.getIndex(), op.getSource(), op.getOut()))
    return false;
  rewriter.setInsertionPoint(op);
  MLIRContext *context = op.getContext();
  AffineMap rows = AffineMap::getMultiDimIdentityMap(2, context);
  SmallVector<Value> inputs{op.getSource()};
  SmallVector<AffineMap> maps{rows};
  if (op.getScale()) {
    inputs.push_back(op.getScale());
    maps.push_back(rows.getSubMap({0}));
  }
  maps.push_back(rows);
  bool adds = op.getMode() == ScatterMode::Add;
  auto generic = linalg::GenericOp::create(
      rewriter, op.getLoc(), op.getOut().getType(), inputs, op.getOut(), maps,
      SmallVector<utils::IteratorType>(2, utils::IteratorType::parallel),
      [&](OpBuilder &b, Location loc, ValueRange args) {
        Value value = args[0];
        if (op.getScale())
          value = arith::MulFOp::create(b, loc, value, args[1]);
        if (adds)
          value = arith::AddFOp::create(b, loc, args.back(), value);
        linalg::YieldOp::create(b, loc, value);
      });
  rewriter.replaceOp(op, generic);
  return true;
}

/// Without carried keys there is one source of keys, and a window that no
/// sequence is longer than does not bind.
static bool narrowAttend(AttendOp op, const Assumptions &known) {
  bool changed = false;
  if (op.hasPast() && known.isZero(op.getPastCount())) {
    op.getPastKeyMutable().clear();
    op.getPastValueMutable().clear();
    op.getPastCountMutable().clear();
    op.getPastPositionsMutable().clear();
    changed = true;
  }
  std::optional<int64_t> longest = known.longest(op.getOffsets());
  if (!longest || op.hasPast() || op.getByPosition())
    return changed;
  auto unbind = [&](int64_t width, auto set) {
    if (width < 0 || *longest - 1 > width)
      return;
    set(-1);
    changed = true;
  };
  unbind(op.getLeft(), [&](int64_t width) { op.setLeft(width); });
  unbind(op.getRight(), [&](int64_t width) { op.setRight(width); });
  return changed;
}

namespace {
struct ApplyAssumptionsPass
    : seqc::passes::impl::ApplyAssumptionsPassBase<ApplyAssumptionsPass> {
  void runOnOperation() override {
    func::FuncOp kernel = getOperation();
    Assumptions known(kernel);
    if (!isKernel(kernel) || isTiled(kernel) || known.empty())
      return;
    IRRewriter rewriter(&getContext());
    SmallVector<Operation *> ops;
    kernel.walk([&](Operation *op) { ops.push_back(op); });
    // Extents last: whose argument they are has to be visible until then.
    for (Operation *op : ops) {
      if (auto gather = dyn_cast<GatherRowsOp>(op))
        numRewritten += foldGather(gather, known, rewriter);
      else if (auto scatter = dyn_cast<ScatterRowsOp>(op))
        numRewritten += foldScatter(scatter, known, rewriter);
      else if (auto attend = dyn_cast<AttendOp>(op))
        numRewritten += narrowAttend(attend, known);
    }
    SmallVector<tensor::DimOp> dims;
    kernel.walk([&](tensor::DimOp op) { dims.push_back(op); });
    for (tensor::DimOp op : dims)
      numExtents += foldExtent(op, known, rewriter);
  }
};
} // namespace
