//===- CoreTestCall.h - tensors of one call of the test model -------------===//
#ifndef SEQC_TEST_UNIT_CORETESTCALL_H
#define SEQC_TEST_UNIT_CORETESTCALL_H

#include "test/unit/CoreTestReference.h"

#include "seqc/Session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

namespace seqc::test {

/// Tensors of one call, [B, T, ...], padding filled with rubbish.
struct Call {
  explicit Call(const std::vector<Sequence> &sequences, int64_t padTo = 0)
      : batch(static_cast<int64_t>(sequences.size())), tokens(padTo) {
    for (const Sequence &sequence : sequences)
      tokens = std::max(tokens, static_cast<int64_t>(sequence.x.size()));
    x = Tensor(DType::F32, {batch, tokens, kWidth});
    ids = Tensor(DType::I64, {batch, tokens});
    lengths = Tensor(DType::I64, {batch});
    out = Tensor(DType::F32, {batch, tokens, kWidth});
    pooled = Tensor(DType::F32, {batch, kWidth});
    z = Tensor(DType::F32, {batch, tokens});
    std::fill_n(x.as<float>(), x.size(), 1e30f);
    std::fill_n(ids.as<int64_t>(), ids.size(), -(int64_t(1) << 40));
    for (Tensor *output : {&out, &pooled, &z})
      std::fill_n(output->as<float>(), output->size(), -77.0f);
    for (int64_t b = 0; b < batch; ++b) {
      const Sequence &sequence = sequences[b];
      lengths.as<int64_t>()[b] = static_cast<int64_t>(sequence.x.size());
      for (size_t t = 0; t < sequence.x.size(); ++t) {
        int64_t row = b * tokens + static_cast<int64_t>(t);
        std::copy_n(sequence.x[t].data(), kWidth, x.as<float>() + row * kWidth);
        ids.as<int64_t>()[row] = sequence.ids[t];
      }
    }
    refs();
  }
  void refs() {
    inputs = {x.ref(), ids.ref(), lengths.ref()};
    outputs = {out.ref(), pooled.ref(), z.ref()};
  }

  Status run(Session &session, bool withLengths = true) {
    return session.run(inputs.data(), withLengths ? 3 : 2, outputs.data(), 3);
  }

  /// Outputs against sequences that have been computed.
  void expect(const std::vector<Sequence> &sequences) const {
    for (int64_t b = 0; b < batch; ++b) {
      const Sequence &sequence = sequences[b];
      for (int64_t t = 0; t < tokens; ++t) {
        bool real = t < static_cast<int64_t>(sequence.x.size());
        int64_t row = b * tokens + t;
        ASSERT_EQ(z.as<float>()[row], real ? sequence.z[t] : 0)
            << b << " " << t;
        for (int64_t d = 0; d < kWidth; ++d)
          ASSERT_EQ(out.as<float>()[row * kWidth + d],
                    real ? sequence.out[t][d] : 0)
              << b << " " << t << " " << d;
      }
      for (int64_t d = 0; d < kWidth; ++d)
        ASSERT_EQ(pooled.as<float>()[b * kWidth + d], sequence.pooled[d]);
    }
  }

  int64_t batch, tokens;
  Tensor x, ids, lengths, out, pooled, z;
  std::vector<TensorRef> inputs, outputs;
};

inline std::vector<Sequence> batchOf(const std::vector<int64_t> &lengths,
                                     unsigned seed) {
  std::mt19937 random(seed);
  std::vector<Sequence> sequences(lengths.size());
  for (size_t b = 0; b < lengths.size(); ++b)
    randomTokens(sequences[b], lengths[b], random);
  return sequences;
}

inline void compute(std::vector<Sequence> &sequences, float bias = 0) {
  for (Sequence &sequence : sequences)
    sequence.compute(bias);
}

} // namespace seqc::test

#endif // SEQC_TEST_UNIT_CORETESTCALL_H
