//===- BenchCase.h - one case of the list, ready to compile and run -------===//
#ifndef SEQC_FRONTENDS_CLI_BENCHCASE_H
#define SEQC_FRONTENDS_CLI_BENCHCASE_H

#include "seqc/Tensor.h"

#include <nlohmann/json.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace seqc::cli {

/// Extents and values of one case. Every program of a comparison makes the same
/// values: value i of a tensor follows from the operation's and the tensor's
/// names and i (test/bench/README.md).
class CaseInputs {
public:
  /// `operation` is the list's entry for the case's op.
  CaseInputs(std::string name, std::shared_ptr<const nlohmann::json> operation,
             nlohmann::json shape, const nlohmann::json &routerBias);

  int64_t extent(const char *key) const { return shape.at(key); }
  bool flag(const char *key) const { return shape.at(key); }
  std::string word(const char *key) const { return shape.at(key); }
  /// Lives as long as this object.
  Tensor &tensor(const std::string &name);
  const float *values(const std::string &name) {
    return tensor(name).as<float>();
  }

private:
  int64_t evaluate(const nlohmann::json &expression) const;
  Tensor generate(const nlohmann::json &spec) const;

  std::string name; ///< of the operation
  std::shared_ptr<const nlohmann::json> operation;
  nlohmann::json shape, routerBias;
  std::map<std::string, Tensor> tensors;
};

/// A tensor under the name and the shape that a model wants.
struct NamedView {
  std::string name;
  Tensor *tensor = nullptr;
  std::vector<int64_t> shape; ///< same elements as the tensor

  TensorRef ref() const;
};

/// The value that element `index` of the output should have.
struct Sample {
  int64_t index;
  double value;
};

struct BenchCase {
  std::string description; ///< of a model
  std::vector<NamedView> weights, inputs;
  std::vector<NamedView> states; ///< set before the first call, then kept
  std::vector<int64_t> outputShape;
  /// Elements of the output of call number `calls` (from 1), in f64.
  std::function<std::vector<Sample>(int64_t calls)> sample;
};

using CaseBuilder = BenchCase (*)(std::shared_ptr<CaseInputs> inputs);

BenchCase buildSelectiveScan(std::shared_ptr<CaseInputs> in);
BenchCase buildComplexScan(std::shared_ptr<CaseInputs> in);
BenchCase buildEma(std::shared_ptr<CaseInputs> in);
BenchCase buildConv(std::shared_ptr<CaseInputs> in);
BenchCase buildAttention(std::shared_ptr<CaseInputs> in);
BenchCase buildRela(std::shared_ptr<CaseInputs> in);
BenchCase buildChunkAttention(std::shared_ptr<CaseInputs> in);
BenchCase buildGemm(std::shared_ptr<CaseInputs> in);
BenchCase buildMambaBlock(std::shared_ptr<CaseInputs> in);
BenchCase buildSmaLayer(std::shared_ptr<CaseInputs> in);

/// A model whose one layer has these steps.
std::string composeModel(const nlohmann::json &input,
                         const nlohmann::json &steps, bool carry = false);
/// At most `count` numbers below `extent`, spread over it, both ends among
/// them.
std::vector<int64_t> spread(int64_t extent, int64_t count);

/// One direction of the damped moving average of all rows of a sequence, in
/// f64: out[t, d] += sum_n c h. `first` is the row of the parameters.
struct EmaChannel {
  EmaChannel(CaseInputs &in, int64_t row);
  double step(double x);

  std::vector<double> decay, output, state;
};

} // namespace seqc::cli

#endif // SEQC_FRONTENDS_CLI_BENCHCASE_H
