//===- StateLimits.cpp - which integers a carried state may hold ----------===//

#include "passes/Analysis/StateLimits.h"

#include "dialect/SeqcDialect.h"
#include "dialect/SeqcOps.h"
#include "runtime/abi/KernelAbi.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;
using namespace seqc::ir;
using namespace seqc::passes;

namespace {
/// Follows a value to the ops that read it, through views and calls.
class Readers {
public:
  explicit Readers(func::FuncOp forward) {
    if (auto most = forward->getAttrOfType<IntegerAttr>(names::kMaxPositions))
      positions = std::min(positions, most.getInt());
  }

  void follow(Value value) {
    if (!seen.insert(value).second)
      return;
    for (OpOperand &use : value.getUses())
      visit(use);
  }

  int64_t limit = -1;

private:
  void atMost(int64_t bound) {
    limit = limit < 0 ? bound : std::min(limit, bound);
  }
  void visit(OpOperand &use);
  void attend(AttendOp op, Value value);

  /// Of a sequence, what was carried included.
  int64_t positions = SEQC_KERNEL_MAX_ROWS;
  llvm::DenseSet<Value> seen;
};
} // namespace

void Readers::attend(AttendOp op, Value value) {
  // Entries are rows of the sequence, so there are no more than positions.
  if (op.getPastCount() == value)
    atMost(positions + 1);
  if (op.getPastPositions() != value && op.getPositions() != value)
    return;
  atMost(positions);
  if (Value table = op.getCosines())
    if (auto type = cast<ShapedType>(table.getType()); !type.isDynamicDim(0))
      atMost(type.getDimSize(0));
}

void Readers::visit(OpOperand &use) {
  Operation *op = use.getOwner();
  Value value = use.get();
  if (auto call = dyn_cast<func::CallOp>(op)) {
    auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
        op, call.getCalleeAttr());
    if (callee && !callee.isExternal())
      follow(callee.getArgument(use.getOperandNumber()));
  } else if (isa<tensor::CastOp, tensor::CollapseShapeOp, tensor::ExpandShapeOp,
                 tensor::ExtractSliceOp>(op)) {
    if (use.getOperandNumber() == 0)
      follow(op->getResult(0));
  } else if (auto attends = dyn_cast<AttendOp>(op)) {
    attend(attends, value);
  } else if (auto push = dyn_cast<RingPushOp>(op)) {
    if (push.getCount() == value)
      atMost(positions + 1);
  } else if (auto gather = dyn_cast<GatherRowsOp>(op)) {
    auto table = cast<ShapedType>(gather.getSource().getType());
    if (gather.getIndex() == value && !table.isDynamicDim(0))
      atMost(table.getDimSize(0));
  }
}

int64_t seqc::passes::stateLimit(func::FuncOp forward, unsigned state) {
  Readers readers(forward);
  readers.follow(forward.getArgument(state));
  return readers.limit;
}
