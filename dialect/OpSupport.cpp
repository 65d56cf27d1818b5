//===- OpSupport.cpp - what the op families share -------------------------===//

#include "dialect/OpSupport.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"

using namespace mlir;

void seqc::ir::getStructuredEffects(
    DestinationStyleOpInterface op,
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
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

LogicalResult
seqc::ir::reifyFromDestinations(DestinationStyleOpInterface op,
                                OpBuilder &builder,
                                ReifiedRankedShapedTypeDims &dims) {
  for (OpResult result : op->getResults())
    dims.push_back(tensor::getMixedSizes(builder, op.getLoc(),
                                         op.getTiedOpOperand(result)->get()));
  return success();
}

LogicalResult seqc::ir::verifyOneForm(Operation *op) {
  auto shaped = llvm::make_filter_range(op->getOperandTypes(),
                                        llvm::IsaPred<ShapedType>);
  bool tensors = llvm::all_of(shaped, llvm::IsaPred<RankedTensorType>);
  bool memrefs = llvm::all_of(shaped, llvm::IsaPred<MemRefType>);
  if (!tensors && !memrefs)
    return op->emitOpError(
        "expected all operands to be tensors or all to be memrefs, "
        "got both");
  return success();
}

LogicalResult seqc::ir::verifyRank(Operation *op, NamedValue operand,
                                   int64_t rank) {
  if (operand.rank() == rank)
    return success();
  return op->emitOpError("expected ") << operand.name << " of rank " << rank
                                      << ", got " << operand.value.getType();
}

LogicalResult seqc::ir::verifySameExtent(Operation *op, NamedValue a,
                                         int64_t aDim, NamedValue b,
                                         int64_t bDim) {
  int64_t x = a.extent(aDim), y = b.extent(bDim);
  if (ShapedType::isDynamic(x) || ShapedType::isDynamic(y) || x == y)
    return success();
  InFlightDiagnostic error = op->emitOpError("expected ")
                             << a.name << " and " << b.name
                             << " to agree in the extent of a shared axis, got "
                             << x << " and " << y;
  // A block argument has no text of its own that a note could point at.
  if (Operation *def = b.value.getDefiningOp())
    error.attachNote(def->getLoc()) << b.name << " is defined here";
  return error;
}

LogicalResult seqc::ir::verifyExtent(Operation *op, NamedValue a, int64_t dim,
                                     int64_t expected) {
  int64_t x = a.extent(dim);
  if (ShapedType::isDynamic(x) || ShapedType::isDynamic(expected) ||
      x == expected)
    return success();
  return op->emitOpError("expected extent ")
         << expected << " of " << a.name << ", got " << x;
}

LogicalResult seqc::ir::verifyOffsets(Operation *op, NamedValue offsets,
                                      NamedValue a, int64_t dim) {
  int64_t entries = offsets.extent(0), sequences = a.extent(dim);
  if (ShapedType::isDynamic(entries) || ShapedType::isDynamic(sequences) ||
      entries == sequences + 1)
    return success();
  return op->emitOpError("expected ")
         << offsets.name << " to have one entry more than the " << sequences
         << " sequences of " << a.name << ", got " << entries;
}
