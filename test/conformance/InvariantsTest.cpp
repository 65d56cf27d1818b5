//===- InvariantsTest.cpp - what holds on every target --------------------===//
//
// Each test names the invariant that it checks; no reference values are needed.
//
//===----------------------------------------------------------------------===//

#include "Lab.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

using namespace seqc;
using namespace seqc::lab;

namespace {

/// A streamable model of several layers; one compiled program per variant.
SeqBoat causal(const std::string &positions, const std::string &score) {
  SeqBoat config;
  config.layers = 2;
  config.positions = positions;
  config.score = score;
  config.window = 6;
  return config;
}

struct Variant {
  const char *name;
  const char *positions; ///< null: a convolution and a selective scan
  const char *score;

  Model model() const {
    return positions ? seqBoat(causal(positions, score))
                     : selective(SeqBoat().width, 40, 5, 4);
  }
};

class Causal : public testing::TestWithParam<Variant> {
protected:
  static constexpr int64_t kLength = 45;
  Program program = compile(GetParam().model());
  Tensor input = randomRows(1, kLength, SeqBoat().width);
};

std::string nameOf(const testing::TestParamInfo<Variant> &info) {
  return info.param.name;
}

/// One batch of `sequences`, padded with `padding` to the longest.
Tensor batchOf(const std::vector<Tensor> &sequences, float padding) {
  int64_t longest = 0, width = sequences[0].shape()[2];
  for (const Tensor &rows : sequences)
    longest = std::max(longest, rows.shape()[1]);
  Tensor batch(DType::F32,
               {static_cast<int64_t>(sequences.size()), longest, width});
  std::fill_n(batch.as<float>(), batch.size(), padding);
  for (size_t b = 0; b < sequences.size(); ++b)
    std::copy_n(sequences[b].as<float>(), sequences[b].size(),
                batch.as<float>() + int64_t(b) * longest * width);
  return batch;
}

Tensor sequenceOf(const Tensor &batch, int64_t index, int64_t length) {
  int64_t longest = batch.shape()[1], width = batch.shape()[2];
  Tensor rows(DType::F32, {1, length, width});
  std::copy_n(batch.as<float>() + index * longest * width, rows.size(),
              rows.as<float>());
  return rows;
}

} // namespace

// Invariant 1: a sequence cut anywhere gives what the whole gives.

TEST_P(Causal, TwoCallsGiveWhatOneGives) {
  Tensor whole = runOnce(program, input);
  for (int64_t cut = 0; cut <= kLength; ++cut) {
    Session session = open(program);
    Tensor head = call(session, program, rowsOf(input, 0, cut));
    Tensor tail = call(session, program, rowsOf(input, cut, kLength));
    EXPECT_LE(difference(head, rowsOf(whole, 0, cut)), kSameTarget)
        << "before a cut at " << cut;
    EXPECT_LE(difference(tail, rowsOf(whole, cut, kLength)), kSameTarget)
        << "after a cut at " << cut;
  }
}

TEST_P(Causal, TokenByTokenGivesWhatOneCallGives) {
  Tensor whole = runOnce(program, input);
  Session session = open(program);
  for (int64_t t = 0; t < kLength; ++t)
    EXPECT_LE(difference(call(session, program, rowsOf(input, t, t + 1)),
                         rowsOf(whole, t, t + 1)),
              10 * kSameTarget) // relative to one row's largest value
        << "token " << t;
}

TEST_P(Causal, CarriedStateDoesNotDependOnTheCuts) {
  Session once = open(program), pieces = open(program);
  call(once, program, input);
  int64_t done = 0;
  for (int64_t end : {1, 2, 9, 9, 30, int(kLength)}) {
    call(pieces, program, rowsOf(input, done, end));
    done = end;
  }
  for (const TensorSpec &spec : program.signature().states) {
    std::vector<int64_t> shape = spec.shape;
    for (int64_t &extent : shape)
      extent = extent < 0 ? 1 : extent;
    Tensor a(spec.dtype, shape), b(spec.dtype, shape);
    ASSERT_TRUE(once.exportState(spec.name, a.ref()).ok()) << spec.name;
    ASSERT_TRUE(pieces.exportState(spec.name, b.ref()).ok()) << spec.name;
    if (spec.dtype == DType::F32)
      EXPECT_LE(difference(b, a), kSameTarget) << spec.name;
    else
      EXPECT_EQ(0, std::memcmp(a.data(), b.data(), a.bytes())) << spec.name;
  }
}

TEST_P(Causal, ExportedStateContinuesElsewhere) {
  Tensor whole = runOnce(program, input);
  Session first = open(program), second = open(program);
  call(first, program, rowsOf(input, 0, 20));
  for (const TensorSpec &spec : program.signature().states) {
    std::vector<int64_t> shape = spec.shape;
    for (int64_t &extent : shape)
      extent = extent < 0 ? 1 : extent;
    Tensor state(spec.dtype, shape);
    ASSERT_TRUE(first.exportState(spec.name, state.ref()).ok()) << spec.name;
    ASSERT_TRUE(second.importState(spec.name, state.ref()).ok()) << spec.name;
  }
  Tensor tail = call(second, program, rowsOf(input, 20, kLength));
  EXPECT_LE(difference(tail, rowsOf(whole, 20, kLength)), kSameTarget);
}

TEST_P(Causal, CountsOfEntriesHaveTheRangeThatKernelsTake) {
  Session session = open(program);
  call(session, program, rowsOf(input, 0, 20));
  for (const TensorSpec &spec : program.signature().states) {
    if (spec.dtype != DType::I32 || spec.shape.size() != 1)
      continue;
    std::vector<int64_t> shape = spec.shape;
    shape[0] = 1;
    Tensor state(spec.dtype, shape);
    ASSERT_TRUE(session.exportState(spec.name, state.ref()).ok());
    int32_t &last = state.as<int32_t>()[state.size() - 1];
    const int32_t kept = last;
    for (int32_t bad : {-1, -1000000, std::numeric_limits<int32_t>::min(),
                        std::numeric_limits<int32_t>::max()}) {
      last = bad;
      Status status = session.importState(spec.name, state.ref());
      EXPECT_FALSE(status.ok()) << spec.name << " took " << bad;
      EXPECT_NE(status.message().find("has " + std::to_string(bad) +
                                      ", expected 0 to "),
                std::string::npos)
          << status.message();
    }
    last = kept;
    EXPECT_TRUE(session.importState(spec.name, state.ref()).ok());
  }
  // What was refused has left nothing behind.
  Tensor tail = call(session, program, rowsOf(input, 20, kLength));
  EXPECT_LE(difference(tail, rowsOf(runOnce(program, input), 20, kLength)),
            kSameTarget);
}

TEST(CarriedIntegers, PositionsEndWithTheTableAndCountsWithTheRows) {
  SeqBoat config;
  config.positions = "rotary";
  config.maxPositions = 40;
  Model model = seqBoat(config);
  for (const std::string &target : allTargets()) {
    Program program = compile(model, target);
    Session session = open(program);
    std::string places, counts;
    for (const TensorSpec &spec : program.signature().states)
      if (spec.dtype == DType::I32)
        (spec.shape.size() == 1 ? counts : places) = spec.name;
    ASSERT_FALSE(places.empty() || counts.empty());
    Tensor ring(DType::I32, {1, config.window}), count(DType::I32, {1});
    ring.as<int32_t>()[3] = 39;
    EXPECT_TRUE(session.importState(places, ring.ref()).ok());
    ring.as<int32_t>()[3] = 40;
    EXPECT_EQ(session.importState(places, ring.ref()).message(),
              "state '" + places +
                  "': sequence 0, entry 3 has 40, expected 0 to 39")
        << target;
    count.as<int32_t>()[0] = 40;
    EXPECT_TRUE(session.importState(counts, count.ref()).ok());
    count.as<int32_t>()[0] = 41;
    EXPECT_EQ(session.importState(counts, count.ref()).message(),
              "state '" + counts + "': sequence 0 has 41, expected 0 to 40")
        << target;
  }
}

// Invariant 2: a sequence does not notice its company.

TEST_P(Causal, SequencesOfABatchAreIndependent) {
  std::vector<int64_t> lengths = {kLength, 0, 1, 17, kLength - 1, 8};
  std::vector<Tensor> sequences;
  for (size_t b = 0; b < lengths.size(); ++b)
    sequences.push_back(randomRows(1, lengths[b], SeqBoat().width, int(b) + 1));
  for (float padding : {0.0f, 1e6f}) {
    Tensor got = runOnce(program, batchOf(sequences, padding), lengths);
    for (size_t b = 0; b < lengths.size(); ++b) {
      Tensor alone = runOnce(program, sequences[b]);
      EXPECT_LE(difference(sequenceOf(got, int64_t(b), lengths[b]), alone),
                kSameTarget)
          << "sequence " << b << ", padded with " << padding;
      Tensor all = sequenceOf(got, int64_t(b), kLength);
      EXPECT_EQ(std::count(all.as<float>() + alone.size(),
                           all.as<float>() + all.size(), 0.0f),
                all.size() - alone.size())
          << "padding of sequence " << b;
    }
  }
}

// Invariant 12: what comes later changes nothing that came before.

TEST_P(Causal, SuffixesChangeNothingBefore) {
  Tensor whole = runOnce(program, input);
  Tensor other = randomRows(1, kLength, SeqBoat().width, 99);
  for (int64_t cut : {1, 5, 16, 31, 44}) {
    Tensor changed = input;
    int64_t from = cut * SeqBoat().width;
    std::copy(other.as<float>() + from, other.as<float>() + other.size(),
              changed.as<float>() + from);
    Tensor got = runOnce(program, changed);
    EXPECT_LE(difference(rowsOf(got, 0, cut), rowsOf(whole, 0, cut)),
              kSameTarget)
        << "suffix from " << cut;
    EXPECT_GT(
        difference(rowsOf(got, cut, kLength), rowsOf(whole, cut, kLength)),
        1e-3);
    Tensor shortened = runOnce(program, rowsOf(input, 0, cut));
    EXPECT_LE(difference(shortened, rowsOf(whole, 0, cut)), kSameTarget)
        << "first " << cut;
  }
}

INSTANTIATE_TEST_SUITE_P(
    SeqBoat, Causal,
    testing::Values(Variant{"plain_softmax", "none", "softmax"},
                    Variant{"rotary_softmax", "rotary", "softmax"},
                    Variant{"bias_relu2", "bias", "relu2"},
                    Variant{"rank_bias_softmax", "rank_bias", "softmax"},
                    Variant{"selective_scan", nullptr, nullptr}),
    nameOf);

TEST(Sessions, ThreadsDoNotChangeTheResult) {
  Program program = compile(seqBoat(causal("rotary", "softmax")));
  Tensor input = randomRows(3, 64, SeqBoat().width);
  std::vector<Tensor> results;
  for (int threads : {1, 2}) {
    SessionOptions options;
    options.threads = threads;
    Result<Session> session = program.session(options);
    ASSERT_TRUE(session.ok());
    results.push_back(call(*session, program, input));
  }
  EXPECT_LE(difference(results[1], results[0]), kExact);
}

TEST(Sessions, WithoutCarryEachCallStandsAlone) {
  for (bool carry : {true, false}) {
    Model model = selective(8, 12, 4, 3);
    model.document["carry"] = carry;
    Program program = compile(model);
    EXPECT_EQ(program.signature().causal, carry);
    EXPECT_EQ(program.signature().states.empty(), !carry);
    Session session = open(program);
    Tensor input = randomRows(1, 9, 8);
    Tensor first = call(session, program, input),
           second = call(session, program, input);
    if (carry)
      EXPECT_GT(difference(second, first), 1e-3);
    else
      EXPECT_LE(difference(second, first), kExact);
  }
}

TEST(Sessions, PositionTableLimitsTheSequence) {
  SeqBoat config = causal("rotary", "softmax");
  config.maxPositions = 16;
  Program program = compile(seqBoat(config));
  Session session = open(program);
  Tensor input = randomRows(1, 17, config.width),
         output(DType::F32, {1, 17, config.width});
  TensorRef in = input.ref(), out = output.ref();
  Status status = session.run(&in, 1, &out, 1);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.code(), ErrorCode::InvalidArgument);
  EXPECT_NE(status.message().find("16 entries"), std::string::npos)
      << status.message();
  // The refused call left the session as it was.
  Tensor head = call(session, program, rowsOf(input, 0, 16));
  EXPECT_LE(difference(head, runOnce(program, rowsOf(input, 0, 16))), kExact);
}
