//===- CompletedWeights.h - weights of a plan, generated tables included --===//
#ifndef SEQC_RUNTIME_JIT_COMPLETEDWEIGHTS_H
#define SEQC_RUNTIME_JIT_COMPLETEDWEIGHTS_H

#include "runtime/core/Plan.h"
#include "seqc/WeightSource.h"

#include <map>
#include <memory>
#include <string>

namespace seqc::jit {

/// `base`, plus the tables that a plan names and no file holds (names that
/// start with `$`, see frontends/layers/GeneratedWeights.h).
class CompletedWeights final : public WeightSource {
public:
  CompletedWeights(const rt::Plan &plan,
                   std::shared_ptr<const WeightSource> base);

  std::vector<std::string> names() const override;
  TensorRef find(std::string_view name) const override;
  std::string description() const override { return base->description(); }

private:
  std::shared_ptr<const WeightSource> base;
  mutable std::map<std::string, Tensor, std::less<>>
      generated; ///< mutable: Tensor::ref
};

} // namespace seqc::jit

#endif // SEQC_RUNTIME_JIT_COMPLETEDWEIGHTS_H
