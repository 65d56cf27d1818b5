//===- BenchSpecialise.h - `seqc bench --suite specialise` ----------------===//
#ifndef SEQC_FRONTENDS_CLI_BENCHSPECIALISE_H
#define SEQC_FRONTENDS_CLI_BENCHSPECIALISE_H

#include "frontends/cli/Bench.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace seqc::cli {

/// A call that is timed with and without variants.
struct SpecialiseSubject {
  std::string name;
  ModelSource source;
  CompileOptions compile; ///< without `specialise`
  std::vector<TensorRef> inputs;
  std::vector<Tensor> results; ///< shapes of the outputs
  BenchStart start;
  /// Empty if call number `call` since `start.prepare` gave this, with the
  /// gates as they are or with all rows active.
  std::function<std::string(std::vector<Tensor> &results, int64_t call,
                            bool allActive)>
      check;
};

/// Makes a subject when its turn comes: inputs are large.
struct SpecialiseCase {
  std::string name;
  std::function<Result<SpecialiseSubject>(const Engine &engine)> make;
};

/// The cases that the options choose, the gated layers if they choose none.
Result<std::vector<SpecialiseCase>>
specialiseCases(const BenchOptions &options);

/// Measures and prints; an exit code.
int benchSpecialise(const BenchOptions &options,
                    const std::vector<SpecialiseCase> &cases);

} // namespace seqc::cli

#endif // SEQC_FRONTENDS_CLI_BENCHSPECIALISE_H
