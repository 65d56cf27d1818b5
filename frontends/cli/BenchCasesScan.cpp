//===- BenchCasesScan.cpp - cases that run along a sequence ---------------===//
//
// Channels of a scan do not meet, so that some channels over the whole history
// of a sequence are an exact sample.
//
//===----------------------------------------------------------------------===//

#include "frontends/cli/BenchCase.h"

#include "runtime/reference/Math.h"
#include "runtime/reference/Scan.h"

#include <cmath>
#include <complex>

using namespace seqc;
using namespace seqc::cli;
using nlohmann::json;

static constexpr int64_t kSampledChannels = 24;

/// Borders of B sequences of T rows.
static std::vector<int64_t> bordersOf(int64_t sequences, int64_t rows) {
  std::vector<int64_t> borders;
  for (int64_t b = 0; b <= sequences; ++b)
    borders.push_back(b * rows);
  return borders;
}

template <class Begin, class Step>
static void scanRows(const std::vector<int64_t> &borders,
                     reference::Direction direction, Begin begin, Step step) {
  reference::scan({borders.data(), int64_t(borders.size())}, direction, begin,
                  step, [](int64_t) {});
}

//===----------------------------------------------------------------------===//
// Selective scan
//===----------------------------------------------------------------------===//

/// One channel of all sequences through `calls` calls on the same inputs.
static void sampleChannel(CaseInputs &in, int64_t d, int64_t calls,
                          std::vector<Sample> &samples) {
  int64_t B = in.extent("B"), T = in.extent("T"), D = in.extent("D"),
          N = in.extent("N");
  const float *u = in.values("u"), *dt = in.values("dt"), *A = in.values("A"),
              *Bm = in.values("Bm"), *Cm = in.values("Cm");
  const float *h0 = T == 1 ? in.values("h0") : nullptr;
  std::vector<double> kept(B * N), h(N);
  for (int64_t i = 0; h0 && i < B * N; ++i)
    kept[i] = h0[(i / N * D + d) * N + i % N];
  std::vector<int64_t> borders = bordersOf(B, T);
  for (int64_t call = 1; call <= calls; ++call) {
    auto begin = [&](int64_t b) {
      for (int64_t n = 0; n < N; ++n)
        h[n] = h0 ? kept[b * N + n] : 0;
    };
    auto step = [&](int64_t b, int64_t t) {
      double delta = reference::softplus(dt[t * D + d]), y = 0;
      for (int64_t n = 0; n < N; ++n) {
        h[n] = std::exp(delta * double(A[d * N + n])) * h[n] +
               delta * double(u[t * D + d]) * double(Bm[t * N + n]);
        y += h[n] * double(Cm[t * N + n]);
      }
      if (call == calls)
        samples.push_back({t * D + d, y});
      if (h0 && t + 1 == borders[b + 1])
        std::copy(h.begin(), h.end(), kept.begin() + b * N);
    };
    scanRows(borders, reference::Direction::Forward, begin, step);
  }
}

BenchCase cli::buildSelectiveScan(std::shared_ptr<CaseInputs> in) {
  int64_t B = in->extent("B"), T = in->extent("T"), D = in->extent("D"),
          N = in->extent("N");
  bool decode = T == 1;
  BenchCase built;
  json input = {{"kind", "features"},
                {"name", "u"},
                {"width", D},
                {"also", json::array({{{"name", "dt"}, {"width", D}},
                                      {{"name", "Bm"}, {"width", N}},
                                      {{"name", "Cm"}, {"width", N}}})}};
  json steps = json::array({{{"op", "input"}, {"name", "dt"}, {"out", "dt"}},
                            {{"op", "input"}, {"name", "Bm"}, {"out", "Bm"}},
                            {{"op", "input"}, {"name", "Cm"}, {"out", "Cm"}},
                            {{"op", "map"},
                             {"in", "dt"},
                             {"function", "softplus"},
                             {"out", "delta"}},
                            {{"op", "selective_scan"},
                             {"in", "x"},
                             {"delta", "delta"},
                             {"state_in", "Bm"},
                             {"state_out", "Cm"},
                             {"decay", "A"},
                             {"out", "y"}}});
  built.description = composeModel(input, steps, /*carry=*/decode);
  for (auto [name, width] :
       {std::pair{"u", D}, {"dt", D}, {"Bm", N}, {"Cm", N}})
    built.inputs.push_back({name, &in->tensor(name), {B, T, width}});
  built.weights = {{"A", &in->tensor("A"), {D, N}}};
  if (decode)
    built.states = {{"case.h", &in->tensor("h0"), {B, D, N}}};
  built.outputShape = {B, T, D};
  built.sample = [in, D](int64_t calls) {
    std::vector<Sample> samples;
    for (int64_t d : spread(D, kSampledChannels))
      sampleChannel(*in, d, calls, samples);
    return samples;
  };
  return built;
}

//===----------------------------------------------------------------------===//
// Moving average
//===----------------------------------------------------------------------===//

EmaChannel::EmaChannel(CaseInputs &in, int64_t row) {
  int64_t N = in.extent("N");
  for (int64_t i = row * N; i < (row + 1) * N; ++i) {
    double p = reference::sigmoid(in.values("delta")[i]);
    decay.push_back(1 - p * reference::sigmoid(in.values("alpha")[i]));
    output.push_back(double(in.values("gamma")[i]) * p *
                     double(in.values("beta")[i]) / std::sqrt(double(N)));
  }
  state.assign(N, 0);
}

double EmaChannel::step(double x) {
  double y = 0;
  for (size_t n = 0; n < state.size(); ++n) {
    state[n] = decay[n] * state[n] + x;
    y += output[n] * state[n];
  }
  return y;
}

BenchCase cli::buildEma(std::shared_ptr<CaseInputs> in) {
  int64_t B = in->extent("B"), T = in->extent("T"), D = in->extent("D"),
          N = in->extent("N");
  BenchCase built;
  built.description = composeModel({{"kind", "features"}, {"width", D}},
                                   json::array({{{"op", "ema"},
                                                 {"in", "x"},
                                                 {"weights", "w."},
                                                 {"states", N},
                                                 {"out", "y"}}}));
  for (const char *name : {"delta", "alpha", "beta"})
    built.weights.push_back(
        {std::string("w.") + name, &in->tensor(name), {D, N, 1}});
  built.weights.push_back({"w.gamma", &in->tensor("gamma"), {D, N}});
  built.weights.push_back({"w.omega", &in->tensor("omega"), {D}});
  built.inputs = {{"x", &in->tensor("x"), {B, T, D}}};
  built.outputShape = {B, T, D};
  built.sample = [in, B, T, D](int64_t) {
    std::vector<Sample> samples;
    const float *x = in->values("x"), *omega = in->values("omega");
    for (int64_t d : spread(D, kSampledChannels)) {
      EmaChannel channel(*in, d);
      scanRows(
          bordersOf(B, T), reference::Direction::Forward,
          [&](int64_t) { channel.state.assign(channel.state.size(), 0); },
          [&](int64_t, int64_t t) {
            double value = x[t * D + d];
            samples.push_back(
                {t * D + d, channel.step(value) + double(omega[d]) * value});
          });
    }
    return samples;
  };
  return built;
}

//===----------------------------------------------------------------------===//
// Complex states
//===----------------------------------------------------------------------===//

static void sampleComplexChannel(CaseInputs &in, int64_t d,
                                 std::vector<Sample> &samples) {
  int64_t B = in.extent("B"), T = in.extent("T"), D = in.extent("D"),
          N = in.extent("N");
  const float *x = in.values("x"), *skip = in.values("skip");
  auto pair = [&](const char *re, const char *im, int64_t n) {
    return std::complex<double>(in.values(re)[d * N + n],
                                in.values(im)[d * N + n]);
  };
  std::vector<std::complex<double>> decay, out, h(N);
  for (int64_t n = 0; n < N; ++n) {
    decay.push_back(pair("decay_re", "decay_im", n));
    out.push_back(pair("out_re", "out_im", n));
  }
  scanRows(
      bordersOf(B, T), reference::Direction::Forward,
      [&](int64_t) { h.assign(N, 0); },
      [&](int64_t, int64_t t) {
        double value = x[t * D + d], y = double(skip[d]) * value;
        for (int64_t n = 0; n < N; ++n) {
          h[n] = decay[n] * h[n] + value;
          y += (out[n] * h[n]).real();
        }
        samples.push_back({t * D + d, y});
      });
}

BenchCase cli::buildComplexScan(std::shared_ptr<CaseInputs> in) {
  int64_t B = in->extent("B"), T = in->extent("T"), D = in->extent("D"),
          N = in->extent("N");
  BenchCase built;
  built.description = composeModel({{"kind", "features"}, {"width", D}},
                                   json::array({{{"op", "complex_scan"},
                                                 {"in", "x"},
                                                 {"weights", "w."},
                                                 {"states", N},
                                                 {"out", "y"}}}));
  for (const char *name : {"decay_re", "decay_im", "out_re", "out_im"})
    built.weights.push_back(
        {std::string("w.") + name, &in->tensor(name), {D, N}});
  built.weights.push_back({"w.skip", &in->tensor("skip"), {D}});
  built.inputs = {{"x", &in->tensor("x"), {B, T, D}}};
  built.outputShape = {B, T, D};
  built.sample = [in, D](int64_t) {
    std::vector<Sample> samples;
    for (int64_t d : spread(D, kSampledChannels))
      sampleComplexChannel(*in, d, samples);
    return samples;
  };
  return built;
}

//===----------------------------------------------------------------------===//
// Convolution
//===----------------------------------------------------------------------===//

BenchCase cli::buildConv(std::shared_ptr<CaseInputs> in) {
  int64_t B = in->extent("B"), T = in->extent("T"), D = in->extent("D"),
          K = in->extent("K");
  BenchCase built;
  built.description = composeModel({{"kind", "features"}, {"width", D}},
                                   json::array({{{"op", "conv"},
                                                 {"in", "x"},
                                                 {"weights", "w."},
                                                 {"taps", K},
                                                 {"bias", false},
                                                 {"out", "y"}}}));
  built.weights = {{"w.weight", &in->tensor("w"), {D, K}}};
  built.inputs = {{"x", &in->tensor("x"), {B, T, D}}};
  built.outputShape = {B, T, D};
  built.sample = [in, B, T, D, K](int64_t) {
    std::vector<Sample> samples;
    const float *x = in->values("x"), *w = in->values("w");
    for (int64_t d : spread(D, kSampledChannels))
      for (int64_t t = 0; t < B * T; ++t) {
        double y = 0;
        for (int64_t j = 0; j < K; ++j)
          if (int64_t back = K - 1 - j; back <= t % T)
            y += double(w[d * K + j]) * double(x[(t - back) * D + d]);
        samples.push_back({t * D + d, y});
      }
    return samples;
  };
  return built;
}
