//===- ContractionEnds.cpp - what registers of a contraction take along ---===//

#include "passes/Transforms/ContractionEnds.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace seqc::passes;

/// The same buffer, or the same part of one.
static bool isSameView(Value a, Value b) {
  if (a == b)
    return true;
  auto x = a.getDefiningOp<memref::SubViewOp>(),
       y = b.getDefiningOp<memref::SubViewOp>();
  return x && y &&
         OperationEquivalence::isEquivalentTo(
             x, y, OperationEquivalence::IgnoreLocations);
}

/// The only op of the branch that touches memory, where there is no other
/// branch.
static Operation *onlyEffectOf(scf::IfOp branch) {
  if (branch.getNumResults() != 0 || branch.elseBlock())
    return nullptr;
  Operation *only = nullptr;
  for (Operation &op : branch.thenBlock()->without_terminator()) {
    if (isMemoryEffectFree(&op))
      continue;
    if (only)
      return nullptr;
    only = &op;
  }
  return only;
}

/// `op`, or what it does under a condition.
template <typename OpTy> static OpTy lookInto(Operation *op, Value &condition) {
  if (auto branch = dyn_cast<scf::IfOp>(op)) {
    condition = branch.getCondition();
    op = onlyEffectOf(branch);
  }
  return dyn_cast_or_null<OpTy>(op);
}

ContractionEnd seqc::passes::takeFill(const Contraction &contraction) {
  Operation *at = contraction.op->getPrevNode();
  while (at && isMemoryEffectFree(at))
    at = at->getPrevNode();
  ContractionEnd end;
  auto fill = at ? lookInto<linalg::FillOp>(at, end.condition) : nullptr;
  if (!fill || !isSameView(fill.getOutputs()[0], contraction.c->get()))
    return {};
  Value value = fill.getInputs()[0];
  // A constant of the branch goes with it.
  if (end.condition && value.getParentRegion() == fill->getParentRegion()) {
    Operation *def = value.getDefiningOp();
    if (!def || !def->hasTrait<OpTrait::ConstantLike>())
      return {};
    def->moveBefore(at);
  }
  end.value = value;
  at->erase();
  return end;
}

/// out = out * in, with `in` along the rows of `out`.
static bool scalesRows(linalg::GenericOp op) {
  if (op.getNumLoops() != 2 || op.getNumParallelLoops() != 2 ||
      op.getNumDpsInputs() != 1 || op.getNumDpsInits() != 1)
    return false;
  AffineMap rows = AffineMap::get(2, 0, {getAffineDimExpr(0, op.getContext())},
                                  op.getContext());
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  if (maps[0] != rows || !maps[1].isIdentity())
    return false;
  Block &body = *op.getBlock();
  auto product =
      body.getTerminator()->getOperand(0).getDefiningOp<arith::MulFOp>();
  Value in = body.getArgument(0), out = body.getArgument(1);
  return product && product->getBlock() == &body &&
         ((product.getLhs() == in && product.getRhs() == out) ||
          (product.getLhs() == out && product.getRhs() == in));
}

ContractionEnd seqc::passes::takeRowFactors(const Contraction &contraction) {
  linalg::LinalgOp op = contraction.op;
  AffineMap map = op.getMatchingIndexingMap(contraction.c);
  if (!contraction.rowDim || !contraction.outerDims.empty() ||
      map != AffineMap::getMultiDimMapWithTargets(
                 op.getNumLoops(), {*contraction.rowDim, contraction.laneDim},
                 op.getContext()))
    return {};
  Operation *at = op->getNextNode();
  while (at && isMemoryEffectFree(at))
    at = at->getNextNode();
  ContractionEnd end;
  auto scale = at ? lookInto<linalg::GenericOp>(at, end.condition) : nullptr;
  if (!scale || !isSameView(scale.getDpsInits()[0], contraction.c->get()) ||
      !scalesRows(scale))
    return {};
  // Views of the factors, and the condition, move in front.
  SmallVector<Operation *> needed;
  for (Operation &before :
       llvm::make_range(op->getIterator(), at->getIterator()))
    if (&before != op.getOperation())
      needed.push_back(&before);
  if (end.condition)
    for (Operation &inside : scale->getBlock()->without_terminator())
      if (&inside != scale.getOperation())
        needed.push_back(&inside);
  for (Operation *each : needed)
    each->moveBefore(op);
  end.value = scale.getDpsInputs()[0];
  at->erase();
  return end;
}
