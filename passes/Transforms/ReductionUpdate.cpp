//===- ReductionUpdate.cpp - how a reduction's body combines --------------===//

#include "passes/Transforms/ReductionUpdate.h"
#include "passes/Transforms/VectorUtils.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace seqc::passes;

//===----------------------------------------------------------------------===//
// Recognition
//===----------------------------------------------------------------------===//

static bool dependsOnOutputs(linalg::LinalgOp op, Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return llvm::is_contained(op.getRegionOutputArgs(), argument);
  Operation *def = value.getDefiningOp();
  if (!def || def->getBlock() != op.getBlock())
    return false;
  return llvm::any_of(def->getOperands(), [&](Value operand) {
    return dependsOnOutputs(op, operand);
  });
}

static std::optional<Combiner> combinerOf(Operation *op) {
  if (isa<arith::AddFOp>(op))
    return Combiner::Add;
  if (isa<arith::MulFOp>(op))
    return Combiner::Mul;
  if (isa<arith::MaximumFOp, arith::MaxNumFOp>(op))
    return Combiner::Max;
  if (isa<arith::MinimumFOp, arith::MinNumFOp>(op))
    return Combiner::Min;
  return std::nullopt;
}

/// select(cmpf(a, b), a, b) with a and b in either role.
static std::optional<Combiner> selectCombiner(arith::SelectOp select) {
  auto compare = select.getCondition().getDefiningOp<arith::CmpFOp>();
  if (!compare)
    return std::nullopt;
  bool straight = compare.getLhs() == select.getTrueValue() &&
                  compare.getRhs() == select.getFalseValue();
  bool swapped = compare.getLhs() == select.getFalseValue() &&
                 compare.getRhs() == select.getTrueValue();
  if (!straight && !swapped)
    return std::nullopt;
  switch (compare.getPredicate()) {
  case arith::CmpFPredicate::OGT:
  case arith::CmpFPredicate::OGE:
  case arith::CmpFPredicate::UGT:
  case arith::CmpFPredicate::UGE:
    return straight ? Combiner::Max : Combiner::Min;
  case arith::CmpFPredicate::OLT:
  case arith::CmpFPredicate::OLE:
  case arith::CmpFPredicate::ULT:
  case arith::CmpFPredicate::ULE:
    return straight ? Combiner::Min : Combiner::Max;
  default:
    return std::nullopt;
  }
}

std::optional<Update> seqc::passes::matchUpdate(linalg::LinalgOp op,
                                                unsigned output) {
  Operation *def =
      op.getBlock()->getTerminator()->getOperand(output).getDefiningOp();
  if (!def || def->getBlock() != op.getBlock() ||
      !def->getResult(0).getType().isF32())
    return std::nullopt;
  Value out = op.getRegionOutputArgs()[output];
  std::optional<Combiner> combiner = combinerOf(def);
  unsigned first = 0;
  if (auto select = dyn_cast<arith::SelectOp>(def)) {
    combiner = selectCombiner(select);
    first = 1;
  }
  if (!combiner)
    return std::nullopt;
  Value lhs = def->getOperand(first), rhs = def->getOperand(first + 1);
  Value value = lhs == out ? rhs : lhs;
  if ((lhs != out && rhs != out) || dependsOnOutputs(op, value))
    return std::nullopt;
  return Update{*combiner, value};
}

//===----------------------------------------------------------------------===//
// Combining
//===----------------------------------------------------------------------===//

Value seqc::passes::combine(OpBuilder &builder, Location loc, Combiner combiner,
                            Value sum, Value value) {
  switch (combiner) {
  case Combiner::Add:
    return arith::AddFOp::create(builder, loc, sum, value,
                                 arith::FastMathFlags::contract);
  case Combiner::Mul:
    return arith::MulFOp::create(builder, loc, sum, value);
  case Combiner::Max:
  case Combiner::Min:
    break;
  }
  // One instruction, where the IEEE maximum takes four.
  auto predicate = combiner == Combiner::Max ? arith::CmpFPredicate::OGT
                                             : arith::CmpFPredicate::OLT;
  Value better = arith::CmpFOp::create(builder, loc, predicate, value, sum);
  return arith::SelectOp::create(builder, loc, better, value, sum);
}

double seqc::passes::identityOf(Combiner combiner) {
  switch (combiner) {
  case Combiner::Add:
    return 0;
  case Combiner::Mul:
    return 1;
  case Combiner::Max:
    return -std::numeric_limits<double>::infinity();
  case Combiner::Min:
    return std::numeric_limits<double>::infinity();
  }
  llvm_unreachable("all combiners handled");
}

/// The combination of all lanes, with `init` (a scalar) included.
Value seqc::passes::combineLanes(OpBuilder &builder, Location loc,
                                 Combiner combiner, Value partial, Value init) {
  int64_t lanes = cast<VectorType>(partial.getType()).getDimSize(0);
  if (combiner == Combiner::Add || combiner == Combiner::Mul) {
    auto kind = combiner == Combiner::Add ? vector::CombiningKind::ADD
                                          : vector::CombiningKind::MUL;
    return vector::ReductionOp::create(builder, loc, kind, partial, init,
                                       arith::FastMathFlags::reassoc);
  }
  partial = combine(builder, loc, combiner, partial,
                    widen(builder, loc, init, lanes));
  for (int64_t distance = lanes / 2; distance >= 1; distance /= 2) {
    SmallVector<int64_t> order;
    for (int64_t lane = 0; lane < lanes; ++lane)
      order.push_back(lane ^ distance);
    Value other =
        vector::ShuffleOp::create(builder, loc, partial, partial, order);
    partial = combine(builder, loc, combiner, partial, other);
  }
  return vector::ExtractOp::create(builder, loc, partial, ArrayRef<int64_t>{0});
}
