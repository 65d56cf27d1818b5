//===- TargetsTest.cpp - every CPU target against the reference -----------===//

#include "Lab.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace seqc;
using namespace seqc::lab;

namespace {

struct Case {
  const char *name;
  SeqBoat config;
};

Case make(const char *name, void (*change)(SeqBoat &)) {
  Case result{name, {}};
  change(result.config);
  return result;
}

std::vector<Case> cases() {
  return {
      make("plain", [](SeqBoat &) {}),
      make("odd_widths",
           [](SeqBoat &c) {
             c.width = 13, c.latent = 7, c.hidden = 9, c.states = 3;
           }),
      make("width_of_one_vector",
           [](SeqBoat &c) { c.width = c.latent = c.hidden = c.states = 16; }),
      make("one_column", [](SeqBoat &c) { c.latent = 1, c.states = 1; }),
      make("window_of_one", [](SeqBoat &c) { c.window = 1; }),
      make("window_beyond_length", [](SeqBoat &c) { c.window = 200; }),
      make("rotary", [](SeqBoat &c) { c.positions = "rotary"; }),
      make("bias_relu2",
           [](SeqBoat &c) { c.positions = "bias", c.score = "relu2"; }),
      make("rank_bias_rms_after",
           [](SeqBoat &c) {
             c.positions = "rank_bias", c.norm = "rms", c.place = "after";
           }),
      make("relu2_rotary_scale_norm",
           [](SeqBoat &c) {
             c.score = "relu2", c.positions = "rotary", c.norm = "scale";
           }),
      make("batch_norm_relu",
           [](SeqBoat &c) { c.norm = "batch", c.score = "relu"; }),
      make("plain_norm", [](SeqBoat &c) { c.affine = false; }),
      make("bidirectional",
           [](SeqBoat &c) { c.bidirectional = true, c.width = 21; }),
      make("bidirectional_relu2_rank_bias",
           [](SeqBoat &c) {
             c.bidirectional = true, c.score = "relu2",
             c.positions = "rank_bias", c.norm = "rms";
           }),
      make("bidirectional_rotary_after",
           [](SeqBoat &c) {
             c.bidirectional = true, c.positions = "rotary", c.place = "after",
             c.window = 3;
           }),
      make("truncated", [](SeqBoat &c) { c.truncation = 6; }),
      make("three_layers",
           [](SeqBoat &c) {
             c.layers = 3, c.positions = "rank_bias", c.width = 20;
           }),
  };
}

/// Sequences of one call: padded length and true lengths.
struct Shape {
  int64_t length;
  std::vector<int64_t> lengths;
};

const std::vector<Shape> kShapes = {
    {0, {0}},
    {1, {1}},
    {2, {2}},
    {7, {7}},
    {37, {37}},
    {64, {64}},
    {19, {19, 0, 1, 8}},
    {33, {2, 33, 17}},
};

class Targets : public testing::TestWithParam<Case> {};

std::string nameOf(const testing::TestParamInfo<Case> &info) {
  return info.param.name;
}

} // namespace

TEST_P(Targets, AgreeWithTheReference) {
  Model model = seqBoat(GetParam().config);
  Program reference = compile(model, "reference");
  std::vector<Program> compiled;
  for (const std::string &target : runnableTargets())
    compiled.push_back(compile(model, target));
  ASSERT_FALSE(compiled.empty());
  for (const Shape &shape : kShapes)
    // Mixed, nothing active, everything active.
    for (float bias : {0.0f, INFINITY, -INFINITY}) {
      Tensor input = randomRows(static_cast<int64_t>(shape.lengths.size()),
                                shape.length, GetParam().config.width);
      Tensor expected = runOnce(reference, input, shape.lengths, bias);
      for (const Program &program : compiled) {
        Tensor got = runOnce(program, input, shape.lengths, bias);
        EXPECT_LE(difference(got, expected), kAgainstReference)
            << program.target() << ", " << shape.lengths.size()
            << " sequences of up to " << shape.length << ", act_bias " << bias;
      }
    }
}

INSTANTIATE_TEST_SUITE_P(SeqBoat, Targets, testing::ValuesIn(cases()), nameOf);

TEST(Targets, MixedCasesAreMixed) {
  // The list above would say little if the router always took one side.
  Program program = compile(seqBoat({}));
  Session session = open(program);
  call(session, program, randomRows(1, 64, SeqBoat().width));
  std::vector<GateCount> gates = session.gateCounts();
  ASSERT_EQ(gates.size(), 1u);
  EXPECT_EQ(gates[0].rows, 64);
  EXPECT_GT(gates[0].active, 8);
  EXPECT_LT(gates[0].active, 56);
}
