//===- Overwrites.cpp - results that may lie where an operand lay ---------===//

#include "passes/Analysis/Overwrites.h"

#include "dialect/SeqcOps.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace seqc::ir;
using namespace seqc::passes;

/// The one op that reads `value`.
static Operation *onlyReader(Value value) {
  Operation *reader = nullptr;
  for (Operation *user : value.getUsers()) {
    if (user == reader || isa<tensor::DimOp, func::ReturnOp>(user))
      continue;
    if (reader)
      return nullptr;
    reader = user;
  }
  return reader;
}

/// The result that `op` makes from `value` entry by entry. Another op must not
/// take `op` into itself, nor may one that `op` reads write its result where
/// that of `op` will be: so `op` reads arguments alone.
static Value madeEntryByEntry(linalg::LinalgOp op, Value value) {
  OpOperand *init =
      op->getNumResults() == 1 ? op.getDpsInitOperand(0) : nullptr;
  if (!init || !linalg::isElementwise(op) || !op->getResult(0).hasOneUse() ||
      op.payloadUsesValueFromOperand(init) ||
      !op.getMatchingIndexingMap(init).isIdentity())
    return {};
  for (OpOperand *operand : op.getDpsInputOperands())
    if (!isa<BlockArgument>(operand->get()) ||
        (operand->get() == value &&
         !op.getMatchingIndexingMap(operand).isIdentity()))
      return {};
  return op->getResult(0);
}

/// A scan reads a row before it writes it, whichever way it goes.
static Value madeEntryByEntry(ScanOp scan, Value value) {
  AffineMap rows =
      AffineMap::getMultiDimIdentityMap(3, scan.getContext()).getMajorSubMap(2);
  for (OpOperand &operand : scan->getOpOperands()) {
    unsigned i = operand.getOperandNumber();
    if (operand.get() == value &&
        (i >= scan.getNumInputs() || scan.getMap(i) != rows ||
         scan.getDelays()[i] != 0))
      return {};
  }
  unsigned first = scan.getNumInputs() + scan.getNumParams();
  if (scan.getOuts().size() != 1 || scan.getMap(first) != rows)
    return {};
  return scan->getResult(0);
}

std::optional<unsigned> seqc::passes::resultOver(func::FuncOp kernel,
                                                 Value value) {
  Operation *reader = onlyReader(value);
  Value made;
  if (auto scan = dyn_cast_or_null<ScanOp>(reader))
    made = madeEntryByEntry(scan, value);
  else if (auto op = dyn_cast_or_null<linalg::LinalgOp>(reader))
    made = madeEntryByEntry(op, value);
  if (!made || made.getType() != value.getType())
    return std::nullopt;
  for (OpOperand &returned :
       kernel.getBody().front().getTerminator()->getOpOperands())
    if (returned.get() == made)
      return returned.getOperandNumber();
  return std::nullopt;
}
