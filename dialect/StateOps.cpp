//===- StateOps.cpp - norms, rings, kernels -------------------------------===//

#include "dialect/OpSupport.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace seqc::ir;

void seqc::ir::getStructuredEffects(
    DestinationStyleOpInterface op,
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    effects.emplace_back(MemoryEffects::Read::get(), &operand,
                         SideEffects::DefaultResource::get());
    if (op.isDpsInit(&operand))
      effects.emplace_back(MemoryEffects::Write::get(), &operand,
                           SideEffects::DefaultResource::get());
  }
}

LogicalResult seqc::ir::reifyFromDestinations(DestinationStyleOpInterface op,
                                              OpBuilder &builder,
                                              ReifiedRankedShapedTypeDims &dims) {
  for (OpResult result : op->getResults())
    dims.push_back(
        tensor::getMixedSizes(builder, op.getLoc(), op.getTiedOpOperand(result)->get()));
  return success();
}

SEQC_STRUCTURED_OP_METHODS(NormOp)
SEQC_STRUCTURED_OP_METHODS(RingPushOp)

LogicalResult NormOp::verify() { return success(); }
LogicalResult RingPushOp::verify() { return success(); }
LogicalResult KernelOp::verify() { return success(); }
LogicalResult KernelOp::verifyRegions() { return success(); }
