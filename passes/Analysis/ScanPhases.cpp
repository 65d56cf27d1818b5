//===- ScanPhases.cpp - what of a scan's step goes state by state ---------===//

#include "passes/Analysis/ScanPhases.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/SmallPtrSet.h"

using namespace mlir;
using namespace seqc;
using namespace seqc::passes;

static bool hasStates(Type type) { return isa<VectorType>(type); }

static bool callsMath(Operation *op) {
  return isa<math::MathDialect>(op->getDialect()) && !isa<math::FmaOp>(op);
}

/// All states take the same step.
static bool isUniform(Operation *op) {
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return isa<SplatElementsAttr>(constant.getValue());
  if (auto broadcast = dyn_cast<vector::BroadcastOp>(op))
    return !hasStates(broadcast.getSourceType());
  if (auto reduction = dyn_cast<vector::ReductionOp>(op))
    return reduction.getKind() == vector::CombiningKind::ADD;
  return OpTrait::hasElementwiseMappableTraits(op) || isa<vector::FMAOp>(op);
}

namespace {
class PhaseFinder {
public:
  explicit PhaseFinder(ir::ScanOp op) : op(op) {}
  std::optional<ScanPhases> find();

private:
  bool checkOperands();
  bool sort(Operation &inner);
  void markBefore(Value value);
  void findKept();
  bool fitScratch();

  ir::ScanOp op;
  ScanPhases phases;
  llvm::SmallPtrSet<Operation *, 16> dependOnSums, needed;
};
} // namespace

/// Every state has the state axis and is made by an operation, nothing is
/// delayed, outs are per channel.
bool PhaseFinder::checkOperands() {
  if (op.getStates().empty() ||
      llvm::any_of(op.getDelays(), [](int64_t delay) { return delay != 0; }))
    return false;
  unsigned outs = op.getOuts().size();
  for (auto [i, value] :
       llvm::enumerate(op.getStep().front().getTerminator()->getOperands()))
    if (hasStates(value.getType()) != (i >= outs) ||
        (i >= outs && isa<BlockArgument>(value)))
      return false;
  for (auto [i, argument] : llvm::enumerate(op.getStep().getArguments())) {
    auto type = dyn_cast<VectorType>(argument.getType());
    if (!type)
      continue;
    if (phases.states && phases.states != type.getNumElements())
      return false;
    phases.states = type.getNumElements();
    bool isInput = i < op.getNumInputs();
    bool isParam = !isInput && i < op.getNumInputs() + op.getNumParams();
    phases.stateVectors += !isInput && !isParam;
    phases.paramVectors += isParam;
  }
  return phases.states > 0;
}

/// `value` is needed ahead of the states.
void PhaseFinder::markBefore(Value value) {
  Operation *def = value.getDefiningOp();
  if (!def || !needed.insert(def).second)
    return;
  for (Value operand : def->getOperands())
    markBefore(operand);
}

bool PhaseFinder::sort(Operation &inner) {
  bool perState = llvm::any_of(inner.getOperandTypes(), hasStates) ||
                  llvm::any_of(inner.getResultTypes(), hasStates);
  bool late = llvm::any_of(inner.getOperands(), [&](Value operand) {
    return dependOnSums.contains(operand.getDefiningOp());
  });
  if (auto sum = dyn_cast<vector::ReductionOp>(inner)) {
    phases.sums.push_back(sum);
    phases.after.push_back(sum);
    dependOnSums.insert(&inner);
  } else if (perState && late) {
    return false;
  } else if (late) {
    dependOnSums.insert(&inner);
  }
  if (!perState)
    return true;
  for (Type type : inner.getOperandTypes())
    if (auto vectorType = dyn_cast<VectorType>(type);
        vectorType && vectorType.getNumElements() != phases.states)
      return false;
  phases.perState.push_back(&inner);
  phases.callsMath |= callsMath(&inner);
  for (Value operand : inner.getOperands())
    if (!hasStates(operand.getType()) && !isa<vector::ReductionOp>(inner))
      markBefore(operand);
  return isUniform(&inner);
}

void PhaseFinder::findKept() {
  llvm::SmallPtrSet<Operation *, 16> before(phases.before.begin(),
                                            phases.before.end());
  for (Operation *made : phases.before)
    for (Value result : made->getResults())
      if (llvm::any_of(result.getUsers(),
                       [&](Operation *user) { return !before.contains(user); }))
        phases.kept.push_back(result);
}

/// What waits in scratch is f32 there.
bool PhaseFinder::fitScratch() {
  return llvm::all_of(phases.kept,
                      [](Value value) { return value.getType().isF32(); }) &&
         llvm::all_of(phases.sums, [](vector::ReductionOp sum) {
           return sum.getType().isF32();
         });
}

std::optional<ScanPhases> PhaseFinder::find() {
  if (!checkOperands())
    return std::nullopt;
  Block &step = op.getStep().front();
  for (Operation &inner : step.without_terminator())
    if (!sort(inner))
      return std::nullopt;
  SmallVector<Operation *> after;
  for (Operation &inner : step.without_terminator()) {
    if (isa<vector::ReductionOp>(inner)) {
      after.push_back(&inner);
      continue;
    }
    if (llvm::is_contained(phases.perState, &inner))
      continue;
    if (inner.hasTrait<OpTrait::ConstantLike>())
      phases.constants.push_back(&inner);
    else
      (needed.contains(&inner) ? phases.before : after).push_back(&inner);
  }
  phases.after = std::move(after);
  phases.beforeCallsMath = llvm::any_of(phases.before, callsMath);
  findKept();
  if (!fitScratch())
    return std::nullopt;
  return phases;
}

std::optional<ScanPhases> seqc::passes::findPhases(ir::ScanOp op) {
  return PhaseFinder(op).find();
}
