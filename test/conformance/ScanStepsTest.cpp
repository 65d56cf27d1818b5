//===- ScanStepsTest.cpp - convolutions, selective and complex scans ------===//
//
// Their formulas, written out, against every target. Shapes are ragged:
// channels and states that fill no vector, sequences shorter than the taps.
//
//===----------------------------------------------------------------------===//

#include "Lab.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>

using namespace seqc;
using namespace seqc::lab;
using nlohmann::json;

static const float *weight(const Model &model, const std::string &name) {
  for (const auto &[key, tensor] : model.weights)
    if (key == name)
      return tensor.as<float>();
  return nullptr;
}

namespace {
struct ConvShape {
  int64_t channels, taps;
  bool bias, grouped;
};
} // namespace

TEST(Convolution, IsASumOverTaps) {
  constexpr int64_t kBatch = 2, kLength = 11;
  for (const ConvShape &shape :
       {ConvShape{5, 2, true, false}, ConvShape{37, 4, false, true},
        ConvShape{64, 7, true, true}, ConvShape{3, 20, true, false}}) {
    int64_t d = shape.channels, taps = shape.taps;
    Model model = composed(d, json::array({{{"op", "conv"},
                                            {"in", "x"},
                                            {"weights", "c."},
                                            {"taps", taps},
                                            {"bias", shape.bias},
                                            {"out", "y"}}}));
    std::vector<int64_t> extents = {d, taps};
    if (shape.grouped)
      extents.insert(extents.begin() + 1, 1);
    model.random("c.weight", extents, -1, 1);
    model.random("c.bias", {d}, -1, 1);
    const float *w = weight(model, "c.weight"), *bias = weight(model, "c.bias");
    Tensor input = randomRows(kBatch, kLength, d);
    Tensor expected(DType::F32, input.shape());
    for (int64_t t = 0; t < kBatch * kLength; ++t)
      for (int64_t c = 0; c < d; ++c) {
        double sum = shape.bias ? bias[c] : 0;
        for (int64_t back = 0; back < taps && back <= t % kLength; ++back)
          sum += double(w[c * taps + taps - 1 - back]) *
                 double(input.as<float>()[(t - back) * d + c]);
        expected.as<float>()[t * d + c] = static_cast<float>(sum);
      }
    for (const std::string &target : allTargets())
      EXPECT_LE(difference(runOnce(compile(model, target), input), expected),
                kAgainstReference)
          << target << ", " << d << " channels, " << taps << " taps";
  }
}

namespace {
struct ScanShape {
  int64_t channels, states;
  bool logarithmic, skip;
};
} // namespace

/// Inputs of a selective scan beside each other in the rows of one input:
/// value and step of every channel, inputs and outputs of the states.
static Model scanModel(const ScanShape &shape) {
  int64_t d = shape.channels, n = shape.states;
  json scan = {{"op", "selective_scan"},
               {"in", "u"},
               {"delta", "delta"},
               {"state_in", "b"},
               {"state_out", "c"},
               {shape.logarithmic ? "log_decay" : "decay", "A"},
               {"out", "y"}};
  if (shape.skip)
    scan["skip"] = "D";
  Model model =
      composed(2 * d + 2 * n, json::array({{{"op", "split"},
                                            {"in", "x"},
                                            {"widths", {d, d, n, n}},
                                            {"out", {"u", "dt", "b", "c"}}},
                                           {{"op", "map"},
                                            {"in", "dt"},
                                            {"function", "softplus"},
                                            {"out", "delta"}},
                                           scan}));
  model.random("A", {d, n}, shape.logarithmic ? -1 : -3,
               shape.logarithmic ? 1 : -0.1);
  model.random("D", {d}, -1, 1);
  return model;
}

TEST(SelectiveScan, IsARecurrenceOfItsRows) {
  constexpr int64_t kBatch = 2, kLength = 13;
  for (const ScanShape &shape :
       {ScanShape{3, 4, false, false}, ScanShape{37, 16, true, true},
        ScanShape{64, 5, true, false}, ScanShape{16, 33, false, true}}) {
    int64_t d = shape.channels, n = shape.states, width = 2 * d + 2 * n;
    Model model = scanModel(shape);
    const float *A = weight(model, "A"), *D = weight(model, "D");
    Tensor input = randomRows(kBatch, kLength, width);
    Tensor expected(DType::F32, {kBatch, kLength, d});
    for (int64_t c = 0; c < d; ++c) {
      std::vector<double> h(n);
      for (int64_t t = 0; t < kBatch * kLength; ++t) {
        if (t % kLength == 0)
          h.assign(n, 0);
        const float *row = input.as<float>() + t * width;
        double u = row[c], delta = std::log1p(std::exp(double(row[d + c])));
        double y = shape.skip ? double(D[c]) * u : 0;
        for (int64_t s = 0; s < n; ++s) {
          double a = A[c * n + s];
          h[s] =
              std::exp(delta * (shape.logarithmic ? -std::exp(a) : a)) * h[s] +
              delta * u * double(row[2 * d + s]);
          y += h[s] * double(row[2 * d + n + s]);
        }
        expected.as<float>()[t * d + c] = static_cast<float>(y);
      }
    }
    for (const std::string &target : allTargets())
      EXPECT_LE(difference(runOnce(compile(model, target), input), expected),
                kAgainstReference)
          << target << ", " << d << " channels, " << n << " states";
  }
}

namespace {
struct ComplexShape {
  int64_t channels, states;
};
} // namespace

static Model complexModel(const ComplexShape &shape) {
  int64_t d = shape.channels, n = shape.states;
  Model model = composed(d, json::array({{{"op", "complex_scan"},
                                          {"in", "x"},
                                          {"weights", "s."},
                                          {"states", n},
                                          {"out", "y"}}}));
  // Of magnitude below 1.
  model.random("s.decay_re", {d, n}, -0.7, 0.7);
  model.random("s.decay_im", {d, n}, -0.7, 0.7);
  model.random("s.out_re", {d, n}, -1, 1);
  model.random("s.out_im", {d, n}, -1, 1);
  model.random("s.skip", {d}, -1, 1);
  return model;
}

static Tensor complexRows(const Model &model, const ComplexShape &shape,
                          const Tensor &input, int64_t length) {
  int64_t d = shape.channels, n = shape.states;
  auto pair = [&](const char *re, const char *im, int64_t i) {
    return std::complex<double>(weight(model, re)[i], weight(model, im)[i]);
  };
  Tensor expected(DType::F32, input.shape());
  int64_t rows = input.shape()[0] * length;
  for (int64_t c = 0; c < d; ++c) {
    std::vector<std::complex<double>> h(n);
    for (int64_t t = 0; t < rows; ++t) {
      if (t % length == 0)
        h.assign(n, 0);
      double x = input.as<float>()[t * d + c];
      double y = double(weight(model, "s.skip")[c]) * x;
      for (int64_t s = 0; s < n; ++s) {
        h[s] = pair("s.decay_re", "s.decay_im", c * n + s) * h[s] + x;
        y += (pair("s.out_re", "s.out_im", c * n + s) * h[s]).real();
      }
      expected.as<float>()[t * d + c] = static_cast<float>(y);
    }
  }
  return expected;
}

// 37 rows end within a block of rows; 33 states leave a rest in groups of them.
TEST(ComplexScan, IsARecurrenceOfPairs) {
  for (const ComplexShape &shape : {ComplexShape{21, 1}, ComplexShape{3, 4},
                                    ComplexShape{37, 16}, ComplexShape{16, 33}})
    for (int64_t length : {1, 2, 37}) {
      Model model = complexModel(shape);
      Tensor input = randomRows(2, length, shape.channels);
      Tensor expected = complexRows(model, shape, input, length);
      for (const std::string &target : allTargets())
        EXPECT_LE(difference(runOnce(compile(model, target), input), expected),
                  kAgainstReference)
            << target << ", " << shape.channels << " channels, " << shape.states
            << " states, " << length << " rows";
    }
}

// Both parts of the states go from call to call.
TEST(ComplexScan, GoesOnInTheNextCall) {
  constexpr int64_t kLength = 21;
  ComplexShape shape{19, 16};
  Model model = complexModel(shape);
  Tensor input = randomRows(1, kLength, shape.channels);
  Tensor expected = complexRows(model, shape, input, kLength);
  for (const std::string &target : allTargets()) {
    Program program = compile(model, target);
    for (int64_t cut : {1, 16, 20}) {
      Session session = open(program);
      Tensor head = call(session, program, rowsOf(input, 0, cut));
      Tensor tail = call(session, program, rowsOf(input, cut, kLength));
      EXPECT_LE(difference(head, rowsOf(expected, 0, cut)), kAgainstReference)
          << target << ", " << cut;
      EXPECT_LE(difference(tail, rowsOf(expected, cut, kLength)),
                kAgainstReference)
          << target << ", " << cut;
    }
  }
}
