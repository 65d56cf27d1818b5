//===- CheckOptions.h - options and helpers of `seqc check` ---------------===//
#ifndef SEQC_FRONTENDS_CLI_CHECKOPTIONS_H
#define SEQC_FRONTENDS_CLI_CHECKOPTIONS_H

#include "frontends/cli/Common.h"

#include "seqc/WeightSource.h"

#include <memory>
#include <string>
#include <vector>

namespace seqc::cli {

/// Compiled f32 code against the f64 reference; docs/Testing.md has the table.
inline constexpr double kRelativeTolerance = 1e-3;
inline constexpr double kAbsoluteTolerance = 2e-4;

struct CheckOptions {
  CommonOptions common;
  std::string input;
  std::vector<std::string> golden;
  bool batchFaithful = false;
};

struct Difference {
  double absolute = 0;
  double relative = 0; ///< where the expected value is above the tolerance
  bool ok = true;
};

/// |got - expected| <= atol + rtol |expected|; integers and infinities exactly.
Difference compare(const TensorRef &got, const TensorRef &expected, double rtol,
                   double atol);

/// The same random inputs each time; tokens below the vocabulary.
std::vector<Tensor> randomInputs(const Program &program, int64_t batch,
                                 int64_t length);

/// One call from zero state.
Result<std::vector<Tensor>> runOnce(const Program &program,
                                    const std::vector<TensorRef> &inputs);

using SafetensorsSources = std::vector<std::shared_ptr<const WeightSource>>;
/// The weight files of a model description; empty if it has none.
SafetensorsSources modelWeights(const std::string &model);

std::string formatScientific(double value);

int checkGoldens(const CheckOptions &options);

} // namespace seqc::cli

#endif // SEQC_FRONTENDS_CLI_CHECKOPTIONS_H
