//===- NotFinite.h - where values first stop being numbers ----------------===//
#ifndef SEQC_FRONTENDS_CLI_NOTFINITE_H
#define SEQC_FRONTENDS_CLI_NOTFINITE_H

#include "seqc/Program.h"
#include "seqc/Status.h"
#include "seqc/Tensor.h"
#include "seqc/WeightSource.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace seqc::cli {

/// The first value of a tensor that is not finite.
struct BadElement {
  std::string role; ///< "weight", "input", "output", "compiled output"
  std::string name;
  std::vector<int64_t> index;
  bool isNan = false;

  /// "weight 'x', element [0, 3] is nan".
  std::string str() const;
};

/// Nothing where all values are finite or are no f32.
std::optional<BadElement> firstNonFinite(const char *role,
                                         const std::string &name,
                                         const TensorRef &tensor);

/// What a check saw of one model on one set of inputs.
struct NonFiniteReport {
  /// Where it starts: a weight, an input, or an op with finite operands.
  std::optional<BadElement> cause;
  std::vector<Diagnostic> ops;
  /// Outputs of the reference; of the compiled code where that differs.
  std::vector<BadElement> outputs;

  bool empty() const { return !cause && ops.empty() && outputs.empty(); }
  /// A line each; empty if there is nothing.
  std::string str() const;
  /// Null if there is nothing.
  nlohmann::ordered_json json() const;
};

/// `ops`: what the reference said while it ran.
NonFiniteReport
findNonFinite(const Signature &signature,
              const std::vector<std::shared_ptr<const WeightSource>> &weights,
              const std::vector<TensorRef> &inputs,
              const std::vector<Tensor> &expected,
              const std::vector<Tensor> &compiled, std::vector<Diagnostic> ops);

} // namespace seqc::cli

#endif // SEQC_FRONTENDS_CLI_NOTFINITE_H
