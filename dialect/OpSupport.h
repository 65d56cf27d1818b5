//===- OpSupport.h - what the op families share ---------------------------===//
#ifndef SEQC_DIALECT_OPSUPPORT_H
#define SEQC_DIALECT_OPSUPPORT_H

#include "dialect/SeqcOps.h"

namespace seqc::ir {

/// Reads of memref inputs, reads and writes of memref destinations; none on
/// tensors.
void getStructuredEffects(
    mlir::DestinationStyleOpInterface op,
    llvm::SmallVectorImpl<
        mlir::SideEffects::EffectInstance<mlir::MemoryEffects::Effect>>
        &effects);

/// Result extents are those of the destinations.
mlir::LogicalResult
reifyFromDestinations(mlir::DestinationStyleOpInterface op,
                      mlir::OpBuilder &builder,
                      mlir::ReifiedRankedShapedTypeDims &dims);

/// An operand and what messages call it.
struct NamedValue {
  llvm::StringRef name;
  mlir::Value value;

  mlir::ShapedType type() const {
    return llvm::cast<mlir::ShapedType>(value.getType());
  }
  int64_t rank() const { return type().getRank(); }
  /// Extent of dimension `i`, negative dimensions counting from the last one.
  int64_t extent(int64_t i) const {
    return type().getDimSize(i < 0 ? rank() + i : i);
  }
};

/// Every structured op is on tensors or on memrefs, never on both.
mlir::LogicalResult verifyOneForm(mlir::Operation *op);
mlir::LogicalResult verifyRank(mlir::Operation *op, NamedValue operand,
                               int64_t rank);
/// Static extents agree; dynamic ones agree with everything.
mlir::LogicalResult verifySameExtent(mlir::Operation *op, NamedValue a,
                                     int64_t aDim, NamedValue b, int64_t bDim);
/// Extent `dim` of `a` is `expected` where both are static.
mlir::LogicalResult verifyExtent(mlir::Operation *op, NamedValue a, int64_t dim,
                                 int64_t expected);
/// `offsets` has one entry more than there are sequences in `dim` of `a`.
mlir::LogicalResult verifyOffsets(mlir::Operation *op, NamedValue offsets,
                                  NamedValue a, int64_t dim = 0);

} // namespace seqc::ir

/// Interface methods that every structured op answers alike.
#define SEQC_STRUCTURED_OP_METHODS(OP)                                         \
  void OP::getEffects(                                                         \
      SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>      \
          &effects) {                                                          \
    getStructuredEffects(cast<DestinationStyleOpInterface>(getOperation()),    \
                         effects);                                             \
  }                                                                            \
  Speculation::Speculatability OP::getSpeculatability() {                      \
    return Speculation::NotSpeculatable;                                       \
  }                                                                            \
  LogicalResult OP::reifyResultShapes(OpBuilder &builder,                      \
                                      ReifiedRankedShapedTypeDims &dims) {     \
    return reifyFromDestinations(                                              \
        cast<DestinationStyleOpInterface>(getOperation()), builder, dims);     \
  }

#endif // SEQC_DIALECT_OPSUPPORT_H
