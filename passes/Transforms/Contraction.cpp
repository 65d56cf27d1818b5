//===- Contraction.cpp - which ops are contractions over lanes ------------===//

#include "passes/Transforms/Contraction.h"

#include "passes/Transforms/VectorUtils.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace seqc::passes;

/// Whether the body is `out + in0 * in1`.
static bool isMultiplyAdd(linalg::LinalgOp op) {
  Block *block = op.getBlock();
  if (block->getOperations().size() != 3 || block->getNumArguments() != 3)
    return false;
  auto add =
      block->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!add)
    return false;
  Value out = block->getArgument(2);
  Value product = add.getLhs() == out ? add.getRhs() : add.getLhs();
  if (add.getLhs() != out && add.getRhs() != out)
    return false;
  auto mul = product.getDefiningOp<arith::MulFOp>();
  if (!mul)
    return false;
  Value in0 = block->getArgument(0), in1 = block->getArgument(1);
  return (mul.getLhs() == in0 && mul.getRhs() == in1) ||
         (mul.getLhs() == in1 && mul.getRhs() == in0);
}

static std::optional<unsigned> lastDim(AffineMap map) {
  if (map.getNumResults() == 0)
    return std::nullopt;
  auto dim = dyn_cast<AffineDimExpr>(map.getResults().back());
  return dim ? std::optional<unsigned>(dim.getPosition()) : std::nullopt;
}

static bool isF32Memref(OpOperand &operand) {
  auto type = dyn_cast<MemRefType>(operand.get().getType());
  return type && type.getElementType().isF32();
}

std::optional<Contraction> seqc::passes::matchContraction(linalg::LinalgOp op) {
  SmallVector<unsigned> reductions;
  op.getReductionDims(reductions);
  if (!op.hasPureBufferSemantics() || reductions.size() != 1 ||
      op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 ||
      !isMultiplyAdd(op))
    return std::nullopt;
  for (OpOperand &operand : op->getOpOperands())
    if (!isF32Memref(operand) ||
        !isSimpleAccess(op.getMatchingIndexingMap(&operand)))
      return std::nullopt;

  Contraction match;
  match.op = op;
  match.reductionDim = reductions.front();
  match.c = op.getDpsInitOperand(0);
  match.a = op.getDpsInputOperand(0);
  match.b = op.getDpsInputOperand(1);
  std::optional<unsigned> lane = lastDim(op.getMatchingIndexingMap(match.c));
  if (!lane)
    return std::nullopt;
  match.laneDim = *lane;
  if (positionOf(op.getMatchingIndexingMap(match.a), *lane))
    std::swap(match.a, match.b);
  AffineMap aMap = op.getMatchingIndexingMap(match.a);
  AffineMap bMap = op.getMatchingIndexingMap(match.b);
  AffineMap cMap = op.getMatchingIndexingMap(match.c);
  if (positionOf(aMap, *lane) || lastDim(bMap) != lane)
    return std::nullopt;
  for (OpOperand *operand : {match.b, match.c}) {
    auto type = cast<MemRefType>(operand->get().getType());
    if (!isContiguous(type, type.getRank() - 1))
      return std::nullopt;
  }
  for (AffineExpr expr : cMap.getResults())
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      if (positionOf(aMap, dim.getPosition()) &&
          !positionOf(bMap, dim.getPosition()))
        match.rowDim = dim.getPosition();
  for (unsigned dim = 0, end = op.getNumLoops(); dim < end; ++dim)
    if (dim != match.laneDim && dim != match.reductionDim &&
        dim != match.rowDim)
      match.outerDims.push_back(dim);
  return match;
}
