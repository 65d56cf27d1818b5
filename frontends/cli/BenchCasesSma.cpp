//===- BenchCasesSma.cpp - the gated attention layer as a case ------------===//
//
// Which tokens are active follows from all of them, so that the sample computes
// the front of the layer in full and its attention for some rows only.
//
//===----------------------------------------------------------------------===//

#include "frontends/cli/BenchCase.h"

#include "runtime/reference/Gating.h"
#include "runtime/reference/Math.h"
#include "runtime/reference/Rows.h"

#include <algorithm>
#include <cmath>
#include <map>

using namespace seqc;
using namespace seqc::cli;
using nlohmann::json;

/// Rows of attention in the sample, and rows of all tokens.
static constexpr int64_t kSampledActive = 5, kSampledRows = 24;

namespace {
using Values = std::vector<double>;

/// One sequence in f64.
class LayerReference {
public:
  LayerReference(CaseInputs &in, int64_t sequence);

  void run(std::vector<Sample> &samples);

private:
  struct Mixed {
    Values query, key, gate, value;
  };
  void average();
  void routeRows();
  Values project(const double *row, int64_t inner, const char *weight,
                 int64_t first, int64_t width, const char *bias);
  const Mixed &mixed(int64_t rank);
  void turn(Values &row, int64_t position);
  Values attend(int64_t rank);
  void sampleRow(int64_t t, std::vector<Sample> &samples);

  CaseInputs &in;
  int64_t sequence, T, d, z, h, w;
  bool causal, rotary;
  Values normed, memory; ///< [T, d]
  std::vector<int64_t> active, index;
  Values confidence;
  std::map<int64_t, Mixed> known;
};
} // namespace

LayerReference::LayerReference(CaseInputs &in, int64_t sequence)
    : in(in), sequence(sequence), T(in.extent("T")), d(in.extent("d")),
      z(in.extent("z")), h(in.extent("h")), w(in.extent("w")),
      causal(in.flag("causal")), rotary(in.word("pos") == "rotary"),
      normed(T * d), memory(T * d), active(T), confidence(T) {
  const float *x = in.values("x") + sequence * T * d;
  Values rows(x, x + T * d), gain(in.values("norm_w"), in.values("norm_w") + d),
      bias(in.values("norm_b"), in.values("norm_b") + d);
  reference::norm(reference::NormKind::Layer, {rows.data(), T, d},
                  {gain.data(), d}, {bias.data(), d}, 1e-5,
                  /*unitOffset=*/false, {normed.data(), T, d});
}

void LayerReference::average() {
  for (int64_t c = 0; c < d; ++c) {
    EmaChannel forward(in, c);
    double omega = in.values("omega")[c];
    for (int64_t t = 0; t < T; ++t)
      memory[t * d + c] =
          forward.step(normed[t * d + c]) + omega * normed[t * d + c];
    if (causal)
      continue;
    EmaChannel backward(in, d + c);
    for (int64_t t = T - 1; t >= 0; --t)
      memory[t * d + c] += backward.step(normed[t * d + c]);
  }
  for (double &value : memory)
    value = reference::silu(value);
}

Values LayerReference::project(const double *row, int64_t inner,
                               const char *weight, int64_t first, int64_t width,
                               const char *bias) {
  const float *w = in.values(weight) + first * inner;
  Values weights(w, w + width * inner), out(width);
  for (int64_t n = 0; n < width; ++n)
    out[n] = in.values(bias)[first + n];
  reference::linear({row, 1, inner}, {weights.data(), width, inner},
                    {out.data(), 1, width});
  return out;
}

void LayerReference::routeRows() {
  Values logits(T * 2);
  for (int64_t t = 0; t < T; ++t) {
    Values both = project(&memory[t * d], d, "w_hx", 0, 2, "b_hx");
    std::copy(both.begin(), both.end(), logits.begin() + t * 2);
  }
  reference::route({logits.data(), T, 2}, 0, 1 / std::sqrt(double(d)),
                   {active.data(), T}, {confidence.data(), T});
  for (int64_t t = 0; t < T; ++t)
    if (active[t])
      index.push_back(t);
}

void LayerReference::turn(Values &row, int64_t position) {
  for (int64_t c = 0; c < z; c += 2) {
    double angle = double(position) * std::pow(10000.0, -double(c) / double(z));
    double x = row[c], y = row[c + 1];
    row[c] = x * std::cos(angle) - y * std::sin(angle);
    row[c + 1] = x * std::sin(angle) + y * std::cos(angle);
  }
}

const LayerReference::Mixed &LayerReference::mixed(int64_t rank) {
  auto [found, isNew] = known.try_emplace(rank);
  Mixed &m = found->second;
  if (!isNew)
    return m;
  Values all =
      project(&memory[index[rank] * d], d, "w_mx", 0, z + 2 * h, "b_mx");
  for (double &value : all)
    value = reference::silu(value);
  const float *gamma = in.values("qk_gamma"), *beta = in.values("qk_beta");
  for (int64_t c = 0; c < z; ++c) {
    m.query.push_back(all[c] * double(gamma[c]) + double(beta[c]));
    m.key.push_back(all[c] * double(gamma[z + c]) + double(beta[z + c]));
  }
  m.gate.assign(all.begin() + z, all.begin() + z + h);
  m.value.assign(all.begin() + z + h, all.end());
  if (rotary) {
    turn(m.query, index[rank]);
    turn(m.key, index[rank]);
  }
  return m;
}

Values LayerReference::attend(int64_t rank) {
  int64_t n = index.size(), begin = std::max<int64_t>(0, rank - w),
          end = causal ? rank + 1 : std::min(n, rank + w + 1);
  const Mixed &own = mixed(rank);
  Values scores;
  for (int64_t j = begin; j < end; ++j) {
    const Mixed &other = mixed(j);
    double score = 0;
    for (int64_t c = 0; c < z; ++c)
      score += own.query[c] * other.key[c];
    score /= std::sqrt(double(z));
    if (!rotary)
      score += in.values("rel")[4 * w - 1 + j - rank];
    scores.push_back(score);
  }
  reference::softmax({scores.data(), end - begin});
  Values out(h);
  for (int64_t j = begin; j < end; ++j)
    for (int64_t c = 0; c < h; ++c)
      out[c] += scores[j - begin] * mixed(j).value[c];
  for (int64_t c = 0; c < h; ++c)
    out[c] *= own.gate[c];
  return out;
}

void LayerReference::sampleRow(int64_t t, std::vector<Sample> &samples) {
  Values sum = project(&memory[t * d], d, "w_hx", 2, d, "b_hx");
  int64_t first = (sequence * T + t) * d;
  for (int64_t c = 0; c < d; ++c)
    sum[c] += in.values("x")[first + c];
  if (active[t]) {
    int64_t rank =
        std::lower_bound(index.begin(), index.end(), t) - index.begin();
    Values update = project(attend(rank).data(), h, "w_h", 0, d, "b_h");
    for (int64_t c = 0; c < d; ++c)
      sum[c] += confidence[t] * update[c];
  }
  for (int64_t c = 0; c < d; ++c)
    samples.push_back({first + c, reference::silu(sum[c])});
}

void LayerReference::run(std::vector<Sample> &samples) {
  average();
  routeRows();
  for (int64_t rank : spread(index.size(), kSampledActive))
    sampleRow(index[rank], samples);
  for (int64_t t : spread(T, kSampledRows))
    if (!active[t])
      sampleRow(t, samples);
}

BenchCase cli::buildSmaLayer(std::shared_ptr<CaseInputs> in) {
  int64_t B = in->extent("B"), T = in->extent("T"), d = in->extent("d"),
          z = in->extent("z"), h = in->extent("h"), w = in->extent("w"),
          n = in->extent("N"), rows = in->extent("dirs") * d;
  bool rotary = in->word("pos") == "rotary";
  BenchCase built;
  auto add = [&](const char *name, const char *tensor,
                 std::vector<int64_t> shape) {
    built.weights.push_back({name, &in->tensor(tensor), std::move(shape)});
  };
  add("norm.norm.weight", "norm_w", {d});
  add("norm.norm.bias", "norm_b", {d});
  add("ssm.delta", "delta", {rows, n, 1});
  add("ssm.alpha", "alpha", {rows, n, 1});
  add("ssm.beta", "beta", {rows, n, 1});
  add("ssm.gamma", "gamma", {rows, n});
  add("ssm.omega", "omega", {d});
  add("hx_proj.weight", "w_hx", {2 + d, d});
  add("hx_proj.bias", "b_hx", {2 + d});
  add("mx_proj.weight", "w_mx", {z + 2 * h, d});
  add("mx_proj.bias", "b_mx", {z + 2 * h});
  add("gamma", "qk_gamma", {2, z});
  add("beta", "qk_beta", {2, z});
  add("h_proj.weight", "w_h", {d, h});
  add("h_proj.bias", "b_h", {d});
  if (!rotary)
    add("rel_pos_bias.rel_pos_bias", "rel", {6 * w - 1});
  // The router's temperature: exp(temp) = sqrt(d).
  Tensor &temperature = in->tensor("$temperature");
  temperature = Tensor(DType::F32, {1});
  temperature.as<float>()[0] = static_cast<float>(0.5 * std::log(double(d)));
  add("q_router.temp", "$temperature", {1});

  json layer = {{"kind", "seqboat"},
                {"weights", ""},
                {"latent", z},
                {"hidden", h},
                {"states", n},
                {"window", w},
                {"score", "softmax"},
                {"bidirectional", !in->flag("causal")},
                {"positions", rotary ? "rotary" : "rank_bias"},
                {"norm", "layer"},
                {"norm_place", "before"}};
  if (rotary)
    layer["max_positions"] = T;
  json document = {{"format", "seqc-model"},
                   {"version", 1},
                   {"name", "case"},
                   {"carry", false},
                   {"input", {{"kind", "features"}, {"width", d}}},
                   {"blocks", {{{"layers", {layer}}}}}};
  built.description = document.dump();
  built.inputs = {{"x", &in->tensor("x"), {B, T, d}}};
  built.outputShape = {B, T, d};
  built.sample = [in, B](int64_t) {
    std::vector<Sample> samples;
    for (int64_t b = 0; b < B; ++b)
      LayerReference(*in, b).run(samples);
    return samples;
  };
  return built;
}
