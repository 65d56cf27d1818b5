//===- PrimitivesTest.cpp - invariants of single primitives ---------------===//
//
// Models of one primitive each, whose results can be said without a reference.
//
//===----------------------------------------------------------------------===//

#include "Lab.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

using namespace seqc;
using namespace seqc::lab;
using nlohmann::json;

//===----------------------------------------------------------------------===//
// Invariant 3: compress and extract
//===----------------------------------------------------------------------===//

/// Rows whose first two columns are the logits "skip" and "take"; the result is
/// the active rows, and zero elsewhere.
static Model maskModel(int64_t width) {
  return onPickedRows(
      width - 2,
      {{{"op", "gather_rows"}, {"in", "x"}, {"rows", "picked"}, {"out", "g"}}},
      "g", "x");
}

TEST(Compress, ExtractedRowsAreTheActiveOnes) {
  constexpr int64_t kWidth = 9, kLength = 29;
  Model model = maskModel(kWidth);
  for (const std::string &target : allTargets()) {
    Program program = compile(model, target);
    // None, all, one at either end, every third.
    for (int pattern = 0; pattern < 5; ++pattern) {
      Tensor input = randomRows(1, kLength, kWidth);
      Tensor expected(DType::F32, {1, kLength, kWidth});
      for (int64_t t = 0; t < kLength; ++t) {
        bool active[] = {false, true, t == 0, t == kLength - 1, t % 3 == 1};
        float *row = input.as<float>() + t * kWidth;
        row[0] = 0, row[1] = active[pattern] ? 1 : -1;
        if (active[pattern])
          std::copy_n(row, kWidth, expected.as<float>() + t * kWidth);
      }
      EXPECT_LE(difference(runOnce(program, input), expected), kExact)
          << target << ", pattern " << pattern;
    }
  }
}

TEST(Compress, RowsOfSomeColumns) {
  // The gathered rows are columns 2 .. 8 of the input, read in place.
  constexpr int64_t kWidth = 9;
  Model model = maskModel(kWidth);
  nlohmann::json &steps = model.document["blocks"][0]["layers"][0]["steps"];
  steps[3]["in"] = steps[4]["in"] = "v";
  model.weights.pop_back();
  model.constant("zero", {1, kWidth - 2}, 0);
  Tensor input = randomRows(1, 40, kWidth);
  Tensor expected = runOnce(compile(model, "reference"), input);
  for (const std::string &target : runnableTargets())
    EXPECT_LE(difference(runOnce(compile(model, target), input), expected),
              kExact)
        << target;
}

//===----------------------------------------------------------------------===//
// Invariants 4 and 11: windows, and attention over parts of the keys
//===----------------------------------------------------------------------===//

/// Attention of x (T columns, one-hot rows) with equal logits: entry [t, s] is
/// 1 / count(t) where t sees s.
static Model uniformAttention(int64_t width, int64_t window,
                              bool bidirectional) {
  Model model = composed(width, {{{"op", "scale_shift"},
                                  {"in", "x"},
                                  {"scale", "zero"},
                                  {"shift", "zero"},
                                  {"out", "q"}},
                                 {{"op", "attend"},
                                  {"query", "q"},
                                  {"key", "q"},
                                  {"value", "x"},
                                  {"window", window},
                                  {"score", "softmax"},
                                  {"positions", "none"},
                                  {"bidirectional", bidirectional},
                                  {"out", "y"}}});
  model.constant("zero", {1, width}, 0);
  return model;
}

TEST(Windows, VisibleKeys) {
  constexpr int64_t kLength = 24;
  Tensor input(DType::F32, {1, kLength, kLength});
  for (int64_t t = 0; t < kLength; ++t)
    input.as<float>()[t * kLength + t] = 1;
  for (bool bidirectional : {false, true})
    for (int64_t window : {1, 5, 23, 40}) {
      Tensor expected(DType::F32, {1, kLength, kLength});
      for (int64_t t = 0; t < kLength; ++t) {
        int64_t first = std::max<int64_t>(0, t - window);
        int64_t last =
            bidirectional ? std::min<int64_t>(kLength - 1, t + window) : t;
        for (int64_t s = first; s <= last; ++s)
          expected.as<float>()[t * kLength + s] =
              1.0f / float(last - first + 1);
      }
      Model model = uniformAttention(kLength, window, bidirectional);
      for (const std::string &target :
           {std::string("cpu"), std::string("reference")}) {
        Tensor got = runOnce(compile(model, target), input);
        EXPECT_LE(difference(got, expected), 1e-6)
            << target << ", window " << window << ", bidirectional "
            << bidirectional;
      }
    }
}

/// Every head on its own, as a model of one head on its columns.
TEST(Windows, HeadsDoNotMeet) {
  constexpr int64_t kLength = 21, kHeads = 4, kKeyHeads = 2, kKey = 5,
                    kValue = 3;
  auto attendModel = [&](int64_t heads, int64_t keyHeads, int64_t width,
                         json split) {
    return composed(width, json::array({split,
                                        {{"op", "attend"},
                                         {"query", "q"},
                                         {"key", "k"},
                                         {"value", "v"},
                                         {"window", json()},
                                         {"heads", heads},
                                         {"key_heads", keyHeads},
                                         {"out", "y"}}}));
  };
  auto split = [](std::vector<int64_t> widths) -> json {
    return {{"op", "split"},
            {"in", "x"},
            {"widths", widths},
            {"out", {"q", "k", "v"}}};
  };
  constexpr int64_t kQueries = kHeads * kKey, kKeys = kKeyHeads * kKey,
                    kWidth = kQueries + kKeys + kKeyHeads * kValue;
  Model all = attendModel(kHeads, kKeyHeads, kWidth,
                          split({kQueries, kKeys, kKeyHeads * kValue}));
  Model one = attendModel(1, 1, 2 * kKey + kValue, split({kKey, kKey, kValue}));
  Tensor input = randomRows(2, kLength, kWidth);
  for (const std::string &target : allTargets()) {
    Tensor got = runOnce(compile(all, target), input);
    Program single = compile(one, target);
    ASSERT_EQ(got.shape().back(), kHeads * kValue);
    for (int64_t head = 0; head < kHeads; ++head) {
      int64_t keyHead = head * kKeyHeads / kHeads;
      Tensor own(DType::F32, {2, kLength, 2 * kKey + kValue});
      Tensor part(DType::F32, {2, kLength, kValue});
      for (int64_t t = 0; t < 2 * kLength; ++t) {
        const float *row = input.as<float>() + t * kWidth;
        float *to = own.as<float>() + t * (2 * kKey + kValue);
        to = std::copy_n(row + head * kKey, kKey, to);
        to = std::copy_n(row + kQueries + keyHead * kKey, kKey, to);
        std::copy_n(row + kQueries + kKeys + keyHead * kValue, kValue, to);
        std::copy_n(got.as<float>() + (t * kHeads + head) * kValue, kValue,
                    part.as<float>() + t * kValue);
      }
      EXPECT_LE(difference(part, runOnce(single, own)), kSameTarget)
          << target << ", head " << head;
    }
  }
}

TEST(Windows, SplitKeysGiveTheWhole) {
  // Large logits: a sum of parts must be weighted by each part's maximum.
  constexpr int64_t kWidth = 9, kLength = 33;
  Model model = composed(kWidth, {{{"op", "scale_shift"},
                                   {"in", "x"},
                                   {"scale", "gain"},
                                   {"shift", "shift"},
                                   {"out", "q"}},
                                  {{"op", "attend"},
                                   {"query", "q"},
                                   {"key", "x"},
                                   {"value", "x"},
                                   {"window", 11},
                                   {"score", "softmax"},
                                   {"positions", "none"},
                                   {"out", "y"}}});
  model.constant("gain", {1, kWidth}, 60);
  model.constant("shift", {1, kWidth}, -20);
  Tensor input = randomRows(1, kLength, kWidth);
  Tensor expected = runOnce(compile(model, "reference"), input);
  for (const std::string &target : runnableTargets()) {
    Program program = compile(model, target);
    for (int64_t cut = 0; cut <= kLength; ++cut) {
      Session session = open(program);
      Tensor head = call(session, program, rowsOf(input, 0, cut));
      Tensor tail = call(session, program, rowsOf(input, cut, kLength));
      EXPECT_LE(difference(head, rowsOf(expected, 0, cut)), 1e-4)
          << target << ", before " << cut;
      EXPECT_LE(difference(tail, rowsOf(expected, cut, kLength)), 1e-4)
          << target << ", after " << cut;
    }
  }
}

//===----------------------------------------------------------------------===//
// Invariant 5: the moving average is a convolution
//===----------------------------------------------------------------------===//

namespace {
constexpr int64_t kChannels = 6, kStates = 3, kTaps = 40;

/// A model of one average; the second half of the rows of a bidirectional one
/// are its backward direction.
Model averageModel(bool bidirectional, int64_t truncation, bool direct = true) {
  json step = {{"op", "ema"},
               {"in", "x"},
               {"weights", "average."},
               {"states", kStates},
               {"bidirectional", bidirectional},
               {"out", "y"}};
  if (truncation)
    step["truncation"] = truncation;
  Model model = composed(kChannels, json::array({step}));
  int64_t rows = bidirectional ? 2 * kChannels : kChannels;
  addAverage(model, "average.", rows, kChannels, kStates);
  if (!direct)
    for (auto &[name, tensor] : model.weights)
      if (name == "average.omega")
        std::fill_n(tensor.as<float>(), tensor.size(), 0.0f);
  return model;
}

/// The forward or backward half of a bidirectional model as a causal one.
Model halfOf(const Model &both, bool second) {
  Model half = averageModel(false, 0, /*direct=*/false);
  for (size_t i = 0; i < half.weights.size(); ++i) {
    Tensor &to = half.weights[i].second;
    const Tensor &from = both.weights[i].second;
    if (from.size() == 2 * to.size())
      std::copy_n(from.as<float>() + (second ? to.size() : 0), to.size(),
                  to.as<float>());
  }
  return half;
}

/// Response to 1 in every channel at `place` of `length` tokens.
Tensor impulse(const Program &program, int64_t place, int64_t length) {
  Tensor input(DType::F32, {1, length, kChannels});
  std::fill_n(input.as<float>() + place * kChannels, kChannels, 1.0f);
  return runOnce(program, input);
}
} // namespace

TEST(Average, ScanIsConvolution) {
  Model model = averageModel(false, 0);
  for (const std::string &target : allTargets()) {
    Program program = compile(model, target);
    Tensor kernel = impulse(program, 0, kTaps);
    Tensor input = randomRows(1, kTaps, kChannels);
    Tensor expected(DType::F32, {1, kTaps, kChannels});
    for (int64_t t = 0; t < kTaps; ++t)
      for (int64_t c = 0; c < kChannels; ++c) {
        double sum = 0;
        for (int64_t lag = 0; lag <= t; ++lag)
          sum += double(kernel.as<float>()[lag * kChannels + c]) *
                 input.as<float>()[(t - lag) * kChannels + c];
        expected.as<float>()[t * kChannels + c] = static_cast<float>(sum);
      }
    EXPECT_LE(difference(runOnce(program, input), expected), kAgainstReference)
        << target;
  }
}

TEST(Average, TruncationKeepsTheFirstTaps) {
  for (const std::string &target : allTargets()) {
    Tensor full = impulse(compile(averageModel(false, 0), target), 0, kTaps);
    for (int64_t taps : {1, 7, 39, 64}) {
      Tensor cut =
          impulse(compile(averageModel(false, taps), target), 0, kTaps);
      Tensor expected = full;
      for (int64_t t = taps; t < kTaps; ++t)
        std::fill_n(expected.as<float>() + t * kChannels, kChannels, 0.0f);
      EXPECT_LE(difference(cut, expected), kSameTarget)
          << target << ", " << taps << " taps";
    }
  }
}

TEST(Average, BothDirectionsMeetAtLagZero) {
  Model both = averageModel(true, 0, /*direct=*/false);
  constexpr int64_t kLength = 25, kPlace = 11;
  for (const std::string &target : allTargets()) {
    Tensor got = impulse(compile(both, target), kPlace, kLength);
    Tensor forward = impulse(compile(halfOf(both, false), target), 0, kLength);
    Tensor backward = impulse(compile(halfOf(both, true), target), 0, kLength);
    Tensor expected(DType::F32, {1, kLength, kChannels});
    for (int64_t t = 0; t < kLength; ++t)
      for (int64_t c = 0; c < kChannels; ++c) {
        float value = 0;
        if (t >= kPlace)
          value += forward.as<float>()[(t - kPlace) * kChannels + c];
        if (t <= kPlace) // the token itself counts in both directions
          value += backward.as<float>()[(kPlace - t) * kChannels + c];
        expected.as<float>()[t * kChannels + c] = value;
      }
    EXPECT_LE(difference(got, expected), kSameTarget) << target;
  }
}
