//===- BenchCasesMamba.cpp - the Mamba block as a case --------------------===//

#include "frontends/cli/BenchCase.h"

#include "runtime/reference/Math.h"

#include <algorithm>
#include <cmath>

using namespace seqc;
using namespace seqc::cli;
using nlohmann::json;

static constexpr int64_t kSampledRows = 12;

static json linearStep(const char *in, const char *weights, const char *out,
                       bool bias = false) {
  return {{"op", "linear"},
          {"in", in},
          {"weights", weights},
          {"bias", bias},
          {"out", out}};
}

static json mapStep(const char *in, const char *function, const char *out) {
  return {{"op", "map"}, {"in", in}, {"function", function}, {"out", out}};
}

static json blockSteps(CaseInputs &in) {
  int64_t D = in.extent("D"), N = in.extent("N"), r = in.extent("r");
  return json::array(
      {linearStep("x", "in_proj.", "xz"),
       {{"op", "split"},
        {"in", "xz"},
        {"widths", {D, D}},
        {"out", {"x0", "z"}}},
       {{"op", "conv"},
        {"in", "x0"},
        {"weights", "conv1d."},
        {"taps", in.extent("K")},
        {"out", "x1"}},
       mapStep("x1", "silu", "x2"),
       linearStep("x2", "x_proj.", "p"),
       {{"op", "split"},
        {"in", "p"},
        {"widths", {r, N, N}},
        {"out", {"low", "Bm", "Cm"}}},
       linearStep("low", "dt_proj.", "dt", /*bias=*/true),
       mapStep("dt", "softplus", "delta"),
       {{"op", "selective_scan"},
        {"in", "x2"},
        {"delta", "delta"},
        {"state_in", "Bm"},
        {"state_out", "Cm"},
        {"log_decay", "A_log"},
        {"skip", "D"},
        {"out", "y"}},
       mapStep("z", "silu", "gate"),
       {{"op", "multiply"}, {"in", {"y", "gate"}}, {"out", "gated"}},
       linearStep("gated", "out_proj.", "out")});
}

namespace {
/// The block of one sequence in f64, stage by stage.
class BlockReference {
public:
  explicit BlockReference(CaseInputs &in)
      : in(in), T(in.extent("T")), d(in.extent("d")), D(in.extent("D")),
        N(in.extent("N")), r(in.extent("r")), K(in.extent("K")) {}

  void run(int64_t sequence, std::vector<Sample> &samples);

private:
  using Values = std::vector<double>;
  Values copy(const char *name, int64_t first, int64_t count) {
    const float *from = in.values(name) + first;
    return Values(from, from + count);
  }
  static Values project(const Values &x, int64_t rows, const Values &weight,
                        int64_t width) {
    Values out(rows * width);
    int64_t inner = int64_t(x.size()) / rows;
    reference::linear({x.data(), rows, inner}, {weight.data(), width, inner},
                      {out.data(), rows, width});
    return out;
  }
  Values convolve(const Values &x);
  Values scan(const Values &x, const Values &p);

  CaseInputs &in;
  int64_t T, d, D, N, r, K;
};
} // namespace

BlockReference::Values BlockReference::convolve(const Values &x) {
  Values out(T * D);
  const float *w = in.values("conv_w"), *bias = in.values("conv_b");
  for (int64_t t = 0; t < T; ++t)
    for (int64_t c = 0; c < D; ++c) {
      double sum = bias[c];
      for (int64_t j = std::max<int64_t>(0, K - 1 - t); j < K; ++j)
        sum += double(w[c * K + j]) * x[(t - (K - 1 - j)) * D + c];
      out[t * D + c] = reference::silu(sum);
    }
  return out;
}

/// `p` is [T, r + 2 N]: time steps of low rank, state inputs, state outputs.
BlockReference::Values BlockReference::scan(const Values &x, const Values &p) {
  Values wDt = copy("w_dt", 0, D * r), out(T * D), low(T * r), h(D * N),
         decay(D * N);
  for (int64_t i = 0; i < D * N; ++i)
    decay[i] = -std::exp(double(in.values("A_log")[i]));
  int64_t width = r + 2 * N;
  for (int64_t t = 0; t < T; ++t)
    std::copy_n(p.begin() + t * width, r, low.begin() + t * r);
  Values dt = project(low, T, wDt, D);
  const float *bias = in.values("b_dt"), *skip = in.values("Dskip");
  for (int64_t t = 0; t < T; ++t)
    for (int64_t c = 0; c < D; ++c) {
      double delta = reference::softplus(dt[t * D + c] + double(bias[c]));
      double value = x[t * D + c], y = double(skip[c]) * value;
      for (int64_t n = 0; n < N; ++n) {
        double &state = h[c * N + n];
        state = std::exp(delta * decay[c * N + n]) * state +
                delta * value * p[t * width + r + n];
        y += state * p[t * width + r + N + n];
      }
      out[t * D + c] = y;
    }
  return out;
}

void BlockReference::run(int64_t sequence, std::vector<Sample> &samples) {
  Values x = copy("x", sequence * T * d, T * d);
  Values branch = project(x, T, copy("w_in", 0, D * d), D);
  Values activated = convolve(branch);
  Values p = project(activated, T, copy("w_x", 0, (r + 2 * N) * D), r + 2 * N);
  Values y = scan(activated, p);
  Values wGate = copy("w_in", D * d, D * d), wOut = copy("w_out", 0, d * D);
  for (int64_t t : spread(T, kSampledRows)) {
    Values row(x.begin() + t * d, x.begin() + (t + 1) * d);
    Values gated = project(row, 1, wGate, D);
    for (int64_t c = 0; c < D; ++c)
      gated[c] = y[t * D + c] * reference::silu(gated[c]);
    Values out = project(gated, 1, wOut, d);
    for (int64_t c = 0; c < d; ++c)
      samples.push_back({(sequence * T + t) * d + c, out[c]});
  }
}

BenchCase cli::buildMambaBlock(std::shared_ptr<CaseInputs> in) {
  int64_t B = in->extent("B"), T = in->extent("T"), d = in->extent("d"),
          D = in->extent("D"), N = in->extent("N"), r = in->extent("r"),
          K = in->extent("K");
  BenchCase built;
  built.description =
      composeModel({{"kind", "features"}, {"width", d}}, blockSteps(*in));
  built.weights = {{"in_proj.weight", &in->tensor("w_in"), {2 * D, d}},
                   {"conv1d.weight", &in->tensor("conv_w"), {D, 1, K}},
                   {"conv1d.bias", &in->tensor("conv_b"), {D}},
                   {"x_proj.weight", &in->tensor("w_x"), {r + 2 * N, D}},
                   {"dt_proj.weight", &in->tensor("w_dt"), {D, r}},
                   {"dt_proj.bias", &in->tensor("b_dt"), {D}},
                   {"A_log", &in->tensor("A_log"), {D, N}},
                   {"D", &in->tensor("Dskip"), {D}},
                   {"out_proj.weight", &in->tensor("w_out"), {d, D}}};
  built.inputs = {{"x", &in->tensor("x"), {B, T, d}}};
  built.outputShape = {B, T, d};
  built.sample = [in, B](int64_t) {
    std::vector<Sample> samples;
    BlockReference block(*in);
    for (int64_t b = 0; b < B; ++b)
      block.run(b, samples);
    return samples;
  };
  return built;
}
