//===- OpSupport.h - what the op families share ---------------------------===//
#ifndef SEQC_DIALECT_OPSUPPORT_H
#define SEQC_DIALECT_OPSUPPORT_H

#include "dialect/SeqcOps.h"

namespace seqc::ir {

/// Reads of memref inputs, reads and writes of memref destinations; none on
/// tensors.
void getStructuredEffects(
    mlir::DestinationStyleOpInterface op,
    llvm::SmallVectorImpl<mlir::SideEffects::EffectInstance<mlir::MemoryEffects::Effect>>
        &effects);

/// Result extents are those of the destinations.
mlir::LogicalResult reifyFromDestinations(mlir::DestinationStyleOpInterface op,
                                          mlir::OpBuilder &builder,
                                          mlir::ReifiedRankedShapedTypeDims &dims);

} // namespace seqc::ir

/// Interface methods that every structured op answers alike.
#define SEQC_STRUCTURED_OP_METHODS(OP)                                                   \
  void OP::getEffects(                                                                   \
      SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {    \
    getStructuredEffects(cast<DestinationStyleOpInterface>(getOperation()), effects);    \
  }                                                                                      \
  Speculation::Speculatability OP::getSpeculatability() {                                \
    return Speculation::NotSpeculatable;                                                 \
  }                                                                                      \
  LogicalResult OP::reifyResultShapes(OpBuilder &builder,                                \
                                      ReifiedRankedShapedTypeDims &dims) {               \
    return reifyFromDestinations(cast<DestinationStyleOpInterface>(getOperation()),      \
                                 builder, dims);                                         \
  }

#endif // SEQC_DIALECT_OPSUPPORT_H
