//===- Signature.cpp - what a plan takes and gives ------------------------===//
#include "runtime/core/SessionImpl.h"

namespace seqc::rt {

static TensorSpec specOf(const PlanBuffer &buffer) {
  TensorSpec spec;
  spec.name = buffer.name;
  spec.dtype = buffer.dtype;
  bool perToken = buffer.shape[0].symbol == kSymbolRows;
  spec.shape.push_back(-1);
  spec.dims.push_back("B");
  if (perToken) {
    spec.shape.push_back(-1);
    spec.dims.push_back("T");
  }
  for (size_t d = 1; d < buffer.shape.size(); ++d) {
    spec.shape.push_back(buffer.shape[d].addend);
    spec.dims.push_back("");
  }
  return spec;
}

static TensorSpec perSequence(const char *name, bool optional) {
  TensorSpec spec;
  spec.name = name;
  spec.dtype = DType::I64;
  spec.shape = {-1};
  spec.dims = {"B"};
  spec.optional = optional;
  return spec;
}

Signature signatureOf(const Plan &plan) {
  Signature signature;
  signature.maxPositions = plan.maxPositions;
  signature.causal = plan.causal;
  for (const PlanBuffer &buffer : plan.buffers) {
    if (buffer.alias >= 0)
      continue;
    if (buffer.kind == BufferKind::Input) {
      signature.inputs.push_back(specOf(buffer));
      if (buffer.dtype == DType::I32)
        signature.inputs.back().dtype = DType::I64;
    }
    if (buffer.kind == BufferKind::Output)
      signature.outputs.push_back(specOf(buffer));
    if (buffer.kind == BufferKind::State && plan.causal)
      signature.states.push_back(specOf(buffer));
  }
  signature.inputs.push_back(perSequence("lengths", true));
  if (plan.causal)
    signature.states.push_back(perSequence("position", false));
  return signature;
}

} // namespace seqc::rt
