//===- GatingOps.cpp - routing, compaction, row gather and scatter --------===//

#include "dialect/OpSupport.h"

using namespace mlir;
using namespace seqc::ir;

SEQC_STRUCTURED_OP_METHODS(RouteOp)
SEQC_STRUCTURED_OP_METHODS(CompressOp)
SEQC_STRUCTURED_OP_METHODS(GatherRowsOp)
SEQC_STRUCTURED_OP_METHODS(ScatterRowsOp)

LogicalResult RouteOp::verify() {
  NamedValue logits{"logits", getLogits()}, skip{"skip_bias", getSkipBias()};
  NamedValue temperature{"inverse_temperature", getInverseTemperature()};
  NamedValue active{"active", getActive()},
      confidence{"confidence", getConfidence()};
  // route_c1
  if (failed(verifyOneForm(*this)) || failed(verifyRank(*this, logits, 2)) ||
      failed(verifyExtent(*this, logits, 1, 2)))
    return failure();
  for (NamedValue scalar : {skip, temperature})
    if (failed(verifyRank(*this, scalar, 1)) ||
        failed(verifyExtent(*this, scalar, 0, 1)))
      return failure();
  // route_c2
  if (failed(verifyRank(*this, confidence, 1)) ||
      failed(verifySameExtent(*this, active, 0, logits, 0)))
    return failure();
  return verifySameExtent(*this, confidence, 0, logits, 0);
}

LogicalResult CompressOp::verify() {
  // compress_c1
  if (failed(verifyOneForm(*this)) ||
      failed(verifySameExtent(*this, {"active", getActive()}, 0,
                              {"index", getIndex()}, 0)))
    return failure();
  return verifySameExtent(*this, {"offsets", getOffsets()}, 0,
                          {"packed", getPacked()}, 0);
}

namespace {
/// What a session tells of its gates.
struct GateReport : SideEffects::Resource::Base<GateReport> {
  StringRef getName() final { return "GateReport"; }
};
} // namespace

void CountOp::getEffects(
    SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  if (getGate())
    effects.emplace_back(MemoryEffects::Write::get(), GateReport::get());
}

LogicalResult GatherRowsOp::verify() {
  NamedValue source{"source", getSource()}, out{"out", getOut()};
  // gather_rows_c1
  if (failed(verifyOneForm(*this)))
    return failure();
  if (source.rank() != 1 && source.rank() != 2)
    return emitOpError("expected source of rank 1 or 2, got ") << source.type();
  if (failed(verifyRank(*this, out, source.rank())))
    return failure();
  if (source.type().getElementType() != out.type().getElementType())
    return emitOpError("expected the element type of source, ")
           << source.type().getElementType() << ", in out, got "
           << out.type().getElementType();
  if (source.rank() == 2)
    return verifySameExtent(*this, source, 1, out, 1);
  return success();
}

LogicalResult ScatterRowsOp::verify() {
  NamedValue source{"source", getSource()}, out{"out", getOut()};
  // scatter_rows_c1
  if (failed(verifyOneForm(*this)) || failed(verifyRank(*this, source, 2)) ||
      failed(verifyRank(*this, out, 2)) ||
      failed(verifySameExtent(*this, source, 1, out, 1)))
    return failure();
  // scatter_rows_c2
  if (!getScale())
    return success();
  NamedValue scale{"scale", getScale()};
  if (failed(verifyRank(*this, scale, 1)))
    return failure();
  return verifySameExtent(*this, scale, 0, out, 0);
}
