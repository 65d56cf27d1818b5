//===- LowerCopies.cpp - copies that are needed ---------------------------===//

#include "passes/Passes.h"

#include "passes/Analysis/KernelForm.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

namespace seqc::passes {
#define GEN_PASS_DEF_LOWERCOPIESPASS
#include "passes/Passes.h.inc"
} // namespace seqc::passes

using namespace mlir;
using namespace seqc;

namespace {
struct LowerCopiesPass : passes::impl::LowerCopiesPassBase<LowerCopiesPass> {
  using LowerCopiesPassBase::LowerCopiesPassBase;
  void runOnOperation() override;
};
} // namespace

/// The same extent, be it known or read from the same buffer.
static bool isExtentOf(OpFoldResult size, Value buffer, int64_t dim) {
  auto type = cast<MemRefType>(buffer.getType());
  if (std::optional<int64_t> known = getConstantIntValue(size))
    return *known == type.getDimSize(dim);
  auto op = cast<Value>(size).getDefiningOp<memref::DimOp>();
  return op && op.getSource() == buffer && op.getConstantIndex() == dim;
}

static Value stripWholeViews(Value buffer);

/// The buffer that a loop or a branch hands through as this result, or null.
static Value handedThrough(OpResult result) {
  unsigned i = result.getResultNumber();
  if (auto loop = dyn_cast<scf::ForOp>(result.getOwner())) {
    Value yielded = stripWholeViews(loop.getYieldedValues()[i]);
    return yielded == loop.getRegionIterArg(i) ? loop.getInitArgs()[i]
                                               : Value();
  }
  if (auto branch = dyn_cast<scf::IfOp>(result.getOwner())) {
    Value taken = stripWholeViews(branch.thenYield().getOperand(i));
    return taken == stripWholeViews(branch.elseYield().getOperand(i)) ? taken
                                                                      : Value();
  }
  return {};
}

/// Looks through views of a whole buffer, and loops that return what they got.
static Value stripWholeViews(Value buffer) {
  while (Operation *def = buffer.getDefiningOp()) {
    if (Value source = handedThrough(cast<OpResult>(buffer))) {
      buffer = source;
      continue;
    }
    if (auto cast = dyn_cast<memref::CastOp>(def)) {
      buffer = cast.getSource();
      continue;
    }
    auto view = dyn_cast<memref::SubViewOp>(def);
    if (!view || view.getType().getRank() != view.getSourceType().getRank())
      break;
    bool whole = llvm::all_of(view.getMixedOffsets(),
                              [](OpFoldResult each) {
                                return isConstantIntValue(each, 0);
                              }) &&
                 llvm::all_of(view.getMixedStrides(), [](OpFoldResult each) {
                   return isConstantIntValue(each, 1);
                 });
    for (auto [dim, size] : llvm::enumerate(view.getMixedSizes()))
      whole = whole && isExtentOf(size, view.getSource(), dim);
    if (!whole)
      break;
    buffer = view.getSource();
  }
  return buffer;
}

static bool isSameBuffer(Value a, Value b);

static bool isSameExtent(OpFoldResult a, OpFoldResult b) {
  if (isEqualConstantIntOrValue(a, b))
    return true;
  auto x = dyn_cast<Value>(a), y = dyn_cast<Value>(b);
  if (!x || !y || !x.getDefiningOp() || !y.getDefiningOp() ||
      !isMemoryEffectFree(x.getDefiningOp()))
    return false;
  return OperationEquivalence::isEquivalentTo(
      x.getDefiningOp(), y.getDefiningOp(),
      OperationEquivalence::IgnoreLocations);
}

static bool isSameView(memref::SubViewOp a, memref::SubViewOp b) {
  auto same = [](ArrayRef<OpFoldResult> x, ArrayRef<OpFoldResult> y) {
    return x.size() == y.size() && llvm::all_of(llvm::zip(x, y), [](auto pair) {
             return isSameExtent(std::get<0>(pair), std::get<1>(pair));
           });
  };
  return same(a.getMixedOffsets(), b.getMixedOffsets()) &&
         same(a.getMixedSizes(), b.getMixedSizes()) &&
         same(a.getMixedStrides(), b.getMixedStrides()) &&
         isSameBuffer(a.getSource(), b.getSource());
}

static bool isSameBuffer(Value a, Value b) {
  a = stripWholeViews(a);
  b = stripWholeViews(b);
  if (a == b)
    return true;
  // A view made flat and folded again, as around a contraction in panels.
  if (auto collapse = a.getDefiningOp<memref::CollapseShapeOp>())
    if (auto expand = collapse.getSrc().getDefiningOp<memref::ExpandShapeOp>())
      if (expand.getSrcType().getShape() == collapse.getResultType().getShape())
        return isSameBuffer(expand.getSrc(), b);
  auto x = a.getDefiningOp<memref::SubViewOp>(),
       y = b.getDefiningOp<memref::SubViewOp>();
  return x && y && isSameView(x, y);
}

void LowerCopiesPass::runOnOperation() {
  if (!passes::isKernel(getOperation()))
    return;
  SmallVector<memref::CopyOp> copies;
  getOperation().walk([&](memref::CopyOp copy) { copies.push_back(copy); });
  for (memref::CopyOp copy : copies) {
    if (!isSameBuffer(copy.getSource(), copy.getTarget())) {
      OpBuilder builder(copy);
      linalg::CopyOp::create(builder, copy.getLoc(), copy.getSource(),
                             copy.getTarget());
      ++numCopies;
    }
    copy.erase();
  }
}
