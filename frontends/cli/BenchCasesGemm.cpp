//===- BenchCasesGemm.cpp - projections of packed and gathered rows -------===//

#include "frontends/cli/BenchCase.h"

#include "runtime/reference/Math.h"

using namespace seqc;
using namespace seqc::cli;
using nlohmann::json;

static constexpr int64_t kSampledRows = 16;

/// Row of x that row i of the output is made of.
static int64_t pickedRow(CaseInputs &in, int64_t i) {
  if (!in.flag("gather"))
    return i;
  return 2 * i + (in.values("pick")[i] >= 0.5f ? 1 : 0);
}

/// Gathered rows are rows of an embedding: the same gather and the same
/// projection as of the activated rows of a gate, without a router.
BenchCase cli::buildGemm(std::shared_ptr<CaseInputs> in) {
  int64_t M = in->extent("M"), K = in->extent("K"), N = in->extent("N"),
          R = in->extent("R");
  bool gather = in->flag("gather");
  BenchCase built;
  json input = {{"kind", "features"}, {"width", K}};
  if (gather)
    input = {{"kind", "tokens"}, {"vocab", R}, {"width", K}, {"weights", "x."}};
  built.description = composeModel(input, json::array({{{"op", "linear"},
                                                        {"in", "x"},
                                                        {"weights", "w."},
                                                        {"bias", false},
                                                        {"out", "y"}}}));
  built.weights = {{"w.weight", &in->tensor("w"), {N, K}}};
  if (gather) {
    Tensor &ids = in->tensor("$ids");
    ids = Tensor(DType::I32, {M});
    for (int64_t i = 0; i < M; ++i)
      ids.as<int32_t>()[i] = static_cast<int32_t>(pickedRow(*in, i));
    built.weights.push_back({"x.weight", &in->tensor("x"), {R, K}});
    built.inputs = {{"ids", &ids, {1, M}}};
  } else {
    built.inputs = {{"x", &in->tensor("x"), {1, M, K}}};
  }
  built.outputShape = {1, M, N};
  built.sample = [in, M, K, N](int64_t) {
    const float *x = in->values("x"), *w = in->values("w");
    std::vector<double> weights(w, w + N * K);
    std::vector<Sample> samples;
    for (int64_t i : spread(M, kSampledRows)) {
      const float *from = x + pickedRow(*in, i) * K;
      std::vector<double> row(from, from + K), product(N);
      reference::linear({row.data(), 1, K}, {weights.data(), N, K},
                        {product.data(), 1, N});
      for (int64_t n = 0; n < N; ++n)
        samples.push_back({i * N + n, product[n]});
    }
    return samples;
  };
  return built;
}
