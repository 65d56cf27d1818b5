//===- StateOps.cpp - norms, rings, kernels -------------------------------===//

#include "dialect/OpSupport.h"

using namespace mlir;
using namespace seqc::ir;

SEQC_STRUCTURED_OP_METHODS(NormOp)
SEQC_STRUCTURED_OP_METHODS(RingPushOp)

LogicalResult NormOp::verify() {
  NamedValue source{"source", getSource()}, out{"out", getOut()};
  // norm_c1
  if (failed(verifyOneForm(*this)) || failed(verifyRank(*this, source, 2)) ||
      failed(verifyRank(*this, out, 2)) ||
      failed(verifySameExtent(*this, source, 0, out, 0)) ||
      failed(verifySameExtent(*this, source, 1, out, 1)))
    return failure();
  // norm_c2
  if (getGain()) {
    NamedValue gain{"gain", getGain()};
    if (failed(verifyRank(*this, gain, 1)))
      return failure();
    if (failed(getKind() == NormKind::Scale
                   ? verifyExtent(*this, gain, 0, 1)
                   : verifySameExtent(*this, gain, 0, source, 1)))
      return failure();
  }
  if (getBias()) {
    if (getKind() != NormKind::Layer)
      return emitOpError("expected no bias with kind ")
             << stringifyNormKind(getKind()) << ", only layer takes one";
    NamedValue bias{"bias", getBias()};
    if (failed(verifyRank(*this, bias, 1)) ||
        failed(verifySameExtent(*this, bias, 0, source, 1)))
      return failure();
  }
  // norm_c3: written so that NaN fails too.
  if (!(getEps().convertToFloat() > 0))
    return emitOpError("expected a positive eps, got ") << getEpsAttr();
  return success();
}

LogicalResult RingPushOp::verify() {
  NamedValue source{"source", getSource()}, ring{"ring", getRing()};
  NamedValue offsets{"offsets", getOffsets()}, count{"count", getCount()};
  // ring_push_c1
  if (failed(verifyOneForm(*this)))
    return failure();
  if (source.rank() != 1 && source.rank() != 2)
    return emitOpError("expected source of rank 1 or 2, got ") << source.type();
  if (failed(verifyRank(*this, ring, source.rank() + 1)))
    return failure();
  if (source.type().getElementType() != ring.type().getElementType())
    return emitOpError("expected the element type of source, ")
           << source.type().getElementType() << ", in ring, got "
           << ring.type().getElementType();
  if (source.rank() == 2 && failed(verifySameExtent(*this, source, 1, ring, 2)))
    return failure();
  // ring_push_c2
  if (failed(verifyOffsets(*this, offsets, ring)))
    return failure();
  return verifySameExtent(*this, count, 0, ring, 0);
}

LogicalResult KernelOp::verify() { return success(); }

LogicalResult KernelOp::verifyRegions() {
  Block &block = getBody().front();
  // kernel_c1
  if (block.getNumArguments() != getNumOperands())
    return emitOpError("expected ")
           << getNumOperands() << " block arguments, one per operand, got "
           << block.getNumArguments();
  for (auto [arg, operand] :
       llvm::zip_equal(block.getArguments(), getOperands()))
    if (arg.getType() != operand.getType())
      return emitOpError("expected block argument #")
             << arg.getArgNumber() << " of type " << operand.getType()
             << ", got " << arg.getType();
  // kernel_c2
  auto yield = cast<YieldOp>(block.getTerminator());
  if (yield.getValues().size() != getOuts().size())
    return emitOpError("expected ")
           << getOuts().size() << " yielded values, one per outs operand, got "
           << yield.getValues().size();
  for (auto [i, value, out] : llvm::enumerate(yield.getValues(), getOuts()))
    if (value.getType() != out.getType())
      return emitOpError("expected yielded value #")
             << i << " of type " << out.getType() << ", got "
             << value.getType();
  return success();
}
