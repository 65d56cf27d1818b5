//===- BatchesTest.cpp - padding, and windows over positions --------------===//
//
// Rows at padding must not be heard by others, and what a window counts is
// checked against the definition, entry by entry.
//
//===----------------------------------------------------------------------===//

#include "Lab.h"

#include <gtest/gtest.h>

#include <algorithm>

using namespace seqc;
using namespace seqc::lab;
using nlohmann::json;

//===----------------------------------------------------------------------===//
// Padding
//===----------------------------------------------------------------------===//

static void addMask(Model &model) {
  model.document["input"]["also"] =
      json::array({{{"name", "valid"}, {"width", 1}}});
  model.document["input"]["mask"] = "valid";
}

/// One call on `input`, of whose sequence b the first `tokens[b]` rows count.
static Tensor runMasked(const Program &program, Tensor input,
                        const std::vector<int64_t> &tokens) {
  int64_t batch = input.shape()[0], length = input.shape()[1];
  Tensor valid(DType::F32, {batch, length, 1});
  for (int64_t b = 0; b < batch; ++b)
    std::fill_n(valid.as<float>() + b * length, tokens[b], 1.0f);
  Tensor out(DType::F32, {batch, length, input.shape()[2]});
  TensorRef inputs[] = {input.ref(), valid.ref()}, outputs[] = {out.ref()};
  Session session = open(program);
  Status status = session.run(inputs, 2, outputs, 1);
  EXPECT_TRUE(status.ok()) << status.str();
  return out;
}

/// Layers that look along the sequence in each way that there is.
static std::vector<std::pair<std::string, Model>> layersThatLookAround() {
  SeqBoat causal, both;
  causal.positions = "rotary";
  both.bidirectional = true, both.positions = "rank_bias", both.truncation = 7;
  Model recurrence = composed(
      24,
      {{{"op", "map"}, {"in", "x"}, {"function", "sigmoid"}, {"out", "keep"}},
       {{"op", "recurrence"},
        {"in", "x"},
        {"decay", "keep"},
        {"reverse", true},
        {"out", "y"}}});
  return {{"seqboat", seqBoat(causal)},
          {"bidirectional seqboat", seqBoat(both)},
          {"selective scan", selective(24, 20, 4, 3)},
          {"recurrence", recurrence}};
}

TEST(Padding, IsNotHeard) {
  constexpr int64_t kLength = 19, kWidth = 24;
  const std::vector<int64_t> tokens = {kLength, 11, 0};
  for (const auto &[name, plain] : layersThatLookAround()) {
    Model masked = plain;
    addMask(masked);
    Tensor input = randomRows(3, kLength, kWidth);
    // Instruction sets do not differ in this; compiling for each is slow.
    for (const char *target : {"cpu", "reference"}) {
      // `lengths` leaves padding out and gives 0 there.
      Tensor expected = runOnce(compile(plain, target), input, tokens);
      Tensor got = runMasked(compile(masked, target), input, tokens);
      for (int64_t b = 0; b < 3; ++b) {
        float *rows = got.as<float>() + b * kLength * kWidth;
        std::fill(rows + tokens[b] * kWidth, rows + kLength * kWidth, 0.0f);
      }
      EXPECT_LE(difference(got, expected), kSameTarget)
          << name << ", " << target;
    }
  }
}

TEST(Padding, IsComputed) {
  // What stands in a row at padding changes the result there and only there.
  SeqBoat config;
  Model masked = seqBoat(config);
  addMask(masked);
  Tensor input = randomRows(1, 6, config.width);
  Tensor got = runMasked(compile(masked, "reference"), input, {2});
  Tensor changed = input;
  changed.as<float>()[5 * config.width] += 1;
  Tensor other = runMasked(compile(masked, "reference"), changed, {2});
  EXPECT_LE(difference(rowsOf(other, 0, 5), rowsOf(got, 0, 5)), kExact);
  EXPECT_GT(difference(rowsOf(other, 5, 6), rowsOf(got, 5, 6)), 1e-3);
}

//===----------------------------------------------------------------------===//
// What a window counts
//===----------------------------------------------------------------------===//

/// Rows [skip, take, one-hot position]; entry [t, s] of the result is
/// 1 / count(t) where t and s are active and t sees s.
static Model visibleKeys(int64_t length, int64_t window, bool bidirectional,
                         const std::string &over) {
  return onPickedRows(
      length,
      {{{"op", "gather_rows"}, {"in", "v"}, {"rows", "picked"}, {"out", "g"}},
       {{"op", "scale_shift"},
        {"in", "g"},
        {"scale", "zero"},
        {"shift", "zero"},
        {"out", "q"}},
       {{"op", "attend"},
        {"query", "q"},
        {"key", "q"},
        {"value", "g"},
        {"window", window},
        {"window_over", over},
        {"bidirectional", bidirectional},
        {"out", "o"}}},
      "o", "v");
}

namespace {
using Active = std::vector<std::vector<bool>>; ///< by sequence and position
} // namespace

static Tensor visibleInput(const Active &active) {
  int64_t length = static_cast<int64_t>(active[0].size()), width = length + 2;
  Tensor input(DType::F32,
               {static_cast<int64_t>(active.size()), length, width});
  float *row = input.as<float>();
  for (const std::vector<bool> &sequence : active)
    for (int64_t t = 0; t < length; ++t, row += width) {
      row[1] = sequence[t] ? 1 : -1;
      row[2 + t] = 1;
    }
  return input;
}

static Tensor visibleExpected(const Active &active, int64_t window,
                              bool bidirectional, bool positions) {
  int64_t length = static_cast<int64_t>(active[0].size());
  Tensor expected(DType::F32,
                  {static_cast<int64_t>(active.size()), length, length});
  float *row = expected.as<float>();
  for (const std::vector<bool> &sequence : active) {
    std::vector<int64_t> rank(length);
    for (int64_t t = 0; t < length; ++t)
      rank[t] = positions
                    ? t
                    : std::count(sequence.begin(), sequence.begin() + t, true);
    for (int64_t t = 0; t < length; ++t, row += length) {
      auto sees = [&](int64_t s) {
        int64_t back = rank[t] - rank[s];
        return sequence[t] && sequence[s] && back <= window &&
               back >= (bidirectional ? -window : 0);
      };
      int64_t count = 0;
      for (int64_t s = 0; s < length; ++s)
        count += sees(s);
      for (int64_t s = 0; s < length; ++s)
        row[s] = sees(s) ? 1.0f / float(count) : 0;
    }
  }
  return expected;
}

/// A full sequence but for `missing` rows, one with gaps and an idle one.
static Active activeRows(int64_t length, int64_t missing) {
  Active active(3, std::vector<bool>(length));
  for (int64_t t = 0; t < length; ++t) {
    active[0][t] = t >= missing;
    active[1][t] = t % 4 == 1 || t % 5 == 3 || t > 2 * length / 3;
  }
  return active;
}

TEST(WindowOver, Positions) {
  constexpr int64_t kLength = 25;
  Active active = activeRows(kLength, 1);
  for (bool bidirectional : {false, true})
    for (int64_t window : {1, 4, 30}) {
      Model model = visibleKeys(kLength, window, bidirectional, "positions");
      Tensor got = runOnce(compile(model, "reference"), visibleInput(active));
      Tensor expected = visibleExpected(active, window, bidirectional, true);
      EXPECT_LE(difference(got, expected), 1e-6)
          << "window " << window << ", bidirectional " << bidirectional;
      if (window < kLength) {
        EXPECT_GT(
            difference(visibleExpected(active, window, bidirectional, false),
                       expected),
            0.1);
      }
    }
}

TEST(WindowOver, PositionsCutAnywhere) {
  constexpr int64_t kLength = 25;
  Active active = {activeRows(kLength, 0)[1]};
  Program program =
      compile(visibleKeys(kLength, 5, false, "positions"), "reference");
  Tensor input = visibleInput(active);
  Tensor expected = visibleExpected(active, 5, false, true);
  for (int64_t cut = 0; cut <= kLength; ++cut) {
    Session session = open(program);
    Tensor head = call(session, program, rowsOf(input, 0, cut));
    Tensor tail = call(session, program, rowsOf(input, cut, kLength));
    EXPECT_LE(difference(head, rowsOf(expected, 0, cut)), 1e-6) << cut;
    EXPECT_LE(difference(tail, rowsOf(expected, cut, kLength)), 1e-6) << cut;
  }
}

// One sequence that is active throughout decides for the whole batch.
TEST(WindowOver, Batch) {
  constexpr int64_t kLength = 25, kWindow = 4;
  for (bool bidirectional : {false, true})
    for (int64_t missing : {0, 1}) {
      Active active = activeRows(kLength, missing);
      Model model = visibleKeys(kLength, kWindow, bidirectional, "batch");
      Program program = compile(model, "reference");
      EXPECT_FALSE(program.signature().causal);
      EXPECT_LE(difference(runOnce(program, visibleInput(active)),
                           visibleExpected(active, kWindow, bidirectional,
                                           /*positions=*/missing == 0)),
                1e-6)
          << missing << " missing, bidirectional " << bidirectional;
    }
}
