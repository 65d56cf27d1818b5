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
  /// Empty if call number `call` since `start.prepare` gave this, with gates of
  /// this bias in all calls.
  std::function<std::string(std::vector<Tensor> &results, int64_t call,
                            float bias)>
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

/// What one part of the suite found out about one subject.
struct PartResult {
  std::string mismatch; ///< why the times do not count; empty: they do
  std::string target;
  nlohmann::ordered_json figures;
  std::vector<std::string> row; ///< of the part's table, without the name
};

// Each part; `engine` is new. An empty result: the subject has no gates.

/// With so many rows active; negative: gates as they are.
Result<PartResult> measureGains(const BenchOptions &options,
                                const Engine &engine,
                                const SpecialiseSubject &subject,
                                double density);
std::vector<std::string> gainsHeader();
Result<PartResult> measureJumps(const BenchOptions &options,
                                const Engine &engine,
                                const SpecialiseSubject &subject);
std::vector<std::string> jumpsHeader();
Result<PartResult> measureFirstCalls(const BenchOptions &options,
                                     const Engine &engine,
                                     const SpecialiseSubject &subject);
std::vector<std::string> firstCallsHeader();
Result<PartResult> measureCounting(const BenchOptions &options,
                                   const Engine &engine,
                                   const SpecialiseSubject &subject);
std::vector<std::string> countingHeader();

/// "pass", or by how much a ratio is above its bar.
std::string barText(double ratio, double bar);

/// Measures and prints; an exit code.
int benchSpecialise(const BenchOptions &options,
                    const std::vector<SpecialiseCase> &cases);

} // namespace seqc::cli

#endif // SEQC_FRONTENDS_CLI_BENCHSPECIALISE_H
