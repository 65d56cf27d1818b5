//===- RowAccess.cpp - how an op reads and writes rows --------------------===//

#include "passes/Analysis/RowAccess.h"

#include "dialect/SeqcOps.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace seqc::ir;
using namespace seqc::passes;

static constexpr int kWhole = RowAccess::kWhole;

/// Position of loop `d` among the results of `map`; kWhole if it does not
/// occur, none if it occurs inside an expression or twice.
static std::optional<int> positionOf(AffineMap map, unsigned d) {
  int found = kWhole;
  for (auto [i, expr] : llvm::enumerate(map.getResults())) {
    if (!expr.isFunctionOfDim(d))
      continue;
    if (!isa<AffineDimExpr>(expr) || found != kWhole)
      return std::nullopt;
    found = int(i);
  }
  return found;
}

static std::optional<RowAccess> accessAlong(linalg::LinalgOp op,
                                            unsigned loop) {
  RowAccess access;
  for (OpOperand &operand : op->getOpOperands()) {
    bool isInit = op.isDpsInit(&operand);
    std::optional<int> at =
        positionOf(op.getMatchingIndexingMap(&operand), loop);
    if (!at || (isInit && *at == kWhole))
      return std::nullopt;
    access.operands.push_back(*at);
    if (!isInit)
      continue;
    access.results.push_back(*at);
    access.extent = extentOf(operand.get(), *at);
  }
  return access;
}

static std::optional<RowAccess> linalgAccess(linalg::LinalgOp op) {
  if (op.getNumDpsInits() == 0 || !op.hasPureTensorSemantics())
    return std::nullopt;
  AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  if (!out.isProjectedPermutation() || out.getNumResults() == 0)
    return std::nullopt;
  unsigned loop = out.getDimPosition(rowDimension(op.getDpsInits()[0]));
  if (op.getIteratorTypesArray()[loop] != utils::IteratorType::parallel)
    return std::nullopt;
  return accessAlong(op, loop);
}

/// Rows of the result are rows of the source if the slice keeps all of them;
/// any other slice needs the whole source.
static std::optional<RowAccess> sliceAccess(tensor::ExtractSliceOp op) {
  if (op.getResultType().getRank() == 0)
    return std::nullopt;
  int resultRow = int(rowDimension(op.getResult())), sourceRow = -1;
  llvm::SmallBitVector dropped = op.getDroppedDims();
  for (int kept = -1; kept < resultRow;)
    kept += !dropped.test(++sourceRow);
  RowAccess access;
  access.extent = extentOf(op.getResult(), resultRow);
  bool all = isConstantIntValue(op.getMixedOffsets()[sourceRow], 0) &&
             isConstantIntValue(op.getMixedStrides()[sourceRow], 1) &&
             access.extent == extentOf(op.getSource(), sourceRow);
  access.operands.assign(op->getNumOperands(), kWhole);
  access.operands[0] = all ? sourceRow : kWhole;
  access.results.push_back(resultRow);
  return access;
}

template <class Op> static std::optional<RowAccess> reshapeAccess(Op op) {
  bool expands = std::is_same_v<Op, tensor::ExpandShapeOp>;
  if (op.getSrcType().getRank() == 0 || op.getResultType().getRank() == 0)
    return std::nullopt;
  int row = int(rowDimension(op.getSrc()));
  for (auto [i, group] : llvm::enumerate(op.getReassociationIndices())) {
    int source = expands ? int(i) : int(group[0]);
    if (source != row || group.size() != 1)
      continue;
    RowAccess access;
    access.extent = extentOf(op.getSrc(), row);
    access.operands.assign(op->getNumOperands(), kWhole);
    access.operands[0] = row;
    access.results.push_back(expands ? int(group[0]) : int(i));
    return access;
  }
  return std::nullopt;
}

std::optional<RowAccess> seqc::passes::rowAccess(Operation *op) {
  auto rows = [](Value counted, ArrayRef<int> operands, ArrayRef<int> results) {
    return RowAccess{extentOf(counted, 0), SmallVector<int>(operands),
                     SmallVector<int>(results)};
  };
  return llvm::TypeSwitch<Operation *, std::optional<RowAccess>>(op)
      .Case([](linalg::LinalgOp o) { return linalgAccess(o); })
      .Case([&](NormOp o) {
        SmallVector<int> operands(o->getNumOperands(), kWhole);
        operands.front() = operands.back() = 0;
        return rows(o.getOut(), operands, {0});
      })
      .Case([&](RouteOp o) {
        return rows(o.getActive(), {0, kWhole, kWhole, 0, 0}, {0, 0});
      })
      .Case(
          [&](GatherRowsOp o) { return rows(o.getOut(), {kWhole, 0, 0}, {0}); })
      .Case([&](ScatterRowsOp o) {
        SmallVector<int> operands(o->getNumOperands(), kWhole);
        operands[0] = operands[1] = 0;
        return rows(o.getSource(), operands, {kWhole});
      })
      .Case([](tensor::ExtractSliceOp o) { return sliceAccess(o); })
      .Case([](tensor::CollapseShapeOp o) { return reshapeAccess(o); })
      .Case([](tensor::ExpandShapeOp o) { return reshapeAccess(o); })
      .Default([](Operation *) { return std::nullopt; });
}

bool seqc::passes::isRowView(Operation *op) {
  return isa<tensor::ExtractSliceOp, tensor::CollapseShapeOp,
             tensor::ExpandShapeOp>(op) &&
         rowAccess(op).has_value();
}

bool seqc::passes::isMemoryView(Operation *op) {
  if (isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp, tensor::CastOp>(op))
    return true;
  auto slice = dyn_cast<tensor::ExtractSliceOp>(op);
  if (!slice || slice.getDroppedDims().any() || !slice.hasUnitStride() ||
      !slice.hasZeroOffset())
    return false;
  for (int64_t i = 1; i < slice.getSourceType().getRank(); ++i)
    if (extentOf(slice.getResult(), i) != extentOf(slice.getSource(), i))
      return false;
  return true;
}

bool seqc::passes::readsDestination(Operation *op, unsigned i) {
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case([&](linalg::LinalgOp o) {
        return o.payloadUsesValueFromOperand(o.getDpsInitOperand(i));
      })
      .Case([&](ScanOp o) { return i >= o.getOuts().size(); })
      .Case<ScatterRowsOp, RingPushOp>([](Operation *) { return true; })
      .Default([](Operation *) { return false; });
}
