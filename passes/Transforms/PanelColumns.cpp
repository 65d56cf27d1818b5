//===- PanelColumns.cpp - which columns of a product in panels are read ---===//

#include "passes/Transforms/PanelColumns.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;
using namespace seqc::passes;

static Value rootOf(Value buffer) {
  while (auto view = buffer.getDefiningOp<ViewLikeOpInterface>())
    buffer = view.getViewSource();
  return buffer;
}

/// Whether the temporary that `view` is a part of is read through it only.
static bool isOnlyView(Value view) {
  auto part = view.getDefiningOp<memref::SubViewOp>();
  Value whole = part ? part.getSource() : view;
  return whole.getDefiningOp<memref::ViewOp>() && (!part || whole.hasOneUse());
}

/// [rows, panels, columns] as [rows, panels * columns].
static bool joinsPanels(memref::CollapseShapeOp collapse) {
  SmallVector<ReassociationIndices> groups = collapse.getReassociationIndices();
  return groups.size() == 2 && groups[0].size() == 1 && groups[1].size() == 2;
}

static bool startsAtZero(memref::SubViewOp view) {
  return llvm::all_of(
             view.getMixedOffsets(),
             [](OpFoldResult each) { return isConstantIntValue(each, 0); }) &&
         llvm::all_of(view.getMixedStrides(), [](OpFoldResult each) {
           return isConstantIntValue(each, 1);
         });
}

/// Columns up to the last one that `view` of the joined panels has.
static std::optional<int64_t> lastColumn(memref::SubViewOp view) {
  std::optional<int64_t> offset =
                             getConstantIntValue(view.getMixedOffsets()[1]),
                         size = getConstantIntValue(view.getMixedSizes()[1]),
                         step = getConstantIntValue(view.getMixedStrides()[1]);
  if (!offset || !size || step != 1)
    return std::nullopt;
  return *offset + *size;
}

/// As many rows as `result` has, which is a part of a temporary or all of it.
static bool hasAllRows(memref::SubViewOp view, Value result) {
  OpFoldResult rows = view.getMixedSizes()[0];
  if (auto part = result.getDefiningOp<memref::SubViewOp>())
    return isEqualConstantIntOrValue(rows, part.getMixedSizes()[0]);
  return getConstantIntValue(rows) ==
         cast<MemRefType>(result.getType()).getDimSize(0);
}

/// Nothing between the two, which are in one block, touches memory.
static bool isNext(Operation *op, Operation *later) {
  if (op->getBlock() != later->getBlock())
    return false;
  for (Operation *at = op->getNextNode(); at != later; at = at->getNextNode())
    if (!at || !isMemoryEffectFree(at))
      return false;
  return true;
}

/// The copy of `view`, its only reader, to rows that the contraction does not
/// read.
static linalg::CopyOp copyOf(memref::SubViewOp view, linalg::LinalgOp op,
                             Value result) {
  if (!view->hasOneUse() || !startsAtZero(view) || !hasAllRows(view, result))
    return {};
  auto copy = dyn_cast<linalg::CopyOp>(*view->user_begin());
  if (!copy || copy.getInputs()[0] != view.getResult() || !isNext(op, copy))
    return {};
  Value to = copy.getOutputs()[0];
  auto type = dyn_cast<MemRefType>(to.getType());
  if (!type || type.getRank() != 2 || !type.isLastDimUnitStride())
    return {};
  for (Value input : op.getDpsInputs())
    if (rootOf(input) == rootOf(to))
      return {};
  return copy;
}

std::optional<PanelColumns> seqc::passes::findPanelColumns(linalg::LinalgOp op,
                                                           Value result) {
  auto type = cast<MemRefType>(result.getType());
  if (type.getRank() != 3 || type.isDynamicDim(1) || type.isDynamicDim(2) ||
      !isOnlyView(result))
    return std::nullopt;
  PanelColumns found;
  found.panel = type.getDimSize(2);
  SmallVector<memref::SubViewOp> readers;
  for (Operation *user : result.getUsers()) {
    if (user == op.getOperation() || isa<linalg::FillOp>(user))
      continue;
    auto collapse = dyn_cast<memref::CollapseShapeOp>(user);
    if (!collapse || !joinsPanels(collapse))
      return std::nullopt;
    for (Operation *reader : collapse->getUsers()) {
      auto view = dyn_cast<memref::SubViewOp>(reader);
      std::optional<int64_t> last = view ? lastColumn(view) : std::nullopt;
      if (!last)
        return std::nullopt;
      found.read = std::max(found.read, *last);
      readers.push_back(view);
    }
  }
  if (readers.empty())
    return std::nullopt;
  if (readers.size() == 1)
    found.copy = copyOf(readers.front(), op, result);
  return found;
}
