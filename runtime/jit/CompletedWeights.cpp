//===- CompletedWeights.cpp - weights of a plan, generated tables included ===//

#include "runtime/jit/CompletedWeights.h"

#include "frontends/layers/GeneratedWeights.h"

using namespace seqc;
using namespace seqc::jit;

CompletedWeights::CompletedWeights(const rt::Plan &plan,
                                   std::shared_ptr<const WeightSource> base)
    : base(std::move(base)) {
  for (const rt::PlanBuffer &buffer : plan.buffers) {
    if (buffer.kind != rt::BufferKind::Weight || buffer.alias >= 0 ||
        !frontend::isGeneratedWeight(buffer.name))
      continue;
    std::vector<int64_t> shape;
    for (const rt::Extent &extent : buffer.shape)
      shape.push_back(extent.addend);
    Tensor tensor(DType::F32, shape);
    if (frontend::fillGeneratedWeight(buffer.name, tensor.as<float>(),
                                      tensor.size()))
      generated.emplace(buffer.name, std::move(tensor));
  }
}

std::vector<std::string> CompletedWeights::names() const {
  return base->names();
}

TensorRef CompletedWeights::find(std::string_view name) const {
  auto found = generated.find(name);
  return found == generated.end() ? base->find(name) : found->second.ref();
}
