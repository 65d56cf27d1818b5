//===- CoreTestReference.h - what the test model should give --------------===//
#ifndef SEQC_TEST_UNIT_CORETESTREFERENCE_H
#define SEQC_TEST_UNIT_CORETESTREFERENCE_H

#include "test/unit/CoreTestModel.h"

#include <array>
#include <cstdint>
#include <random>
#include <vector>

namespace seqc::test {

/// One sequence: its tokens, what is carried, what comes out.
struct Sequence {
  std::vector<std::array<float, kWidth>> x;
  std::vector<int32_t> ids;

  std::array<float, kWidth> sum{}; ///< carried
  int64_t position = 0;            ///< carried

  std::vector<std::array<float, kWidth>> out;
  std::array<float, kWidth> pooled{};
  std::vector<float> z;
  int64_t kept = 0;

  void compute(float bias) {
    constexpr float scale[kWidth] = {0.5f, 1.5f, -2.0f};
    out.clear();
    z.clear();
    pooled = {};
    kept = 0;
    for (size_t t = 0; t < x.size(); ++t) {
      std::array<float, kWidth> row;
      bool keep = x[t][0] + bias > 0;
      kept += keep;
      for (int64_t d = 0; d < kWidth; ++d) {
        sum[d] += x[t][d];
        pooled[d] += sum[d];
        row[d] = keep ? sum[d] * (2 * scale[d]) : sum[d];
      }
      out.push_back(row);
      z.push_back(static_cast<float>(ids[t]) +
                  100.0f * static_cast<float>(position + int64_t(t)));
    }
    for (float &value : pooled)
      value = x.empty() ? 0 : value / static_cast<float>(x.size());
    position += static_cast<int64_t>(x.size());
  }
};

inline void randomTokens(Sequence &sequence, int64_t length,
                         std::mt19937 &random) {
  sequence.x.assign(static_cast<size_t>(length), {});
  sequence.ids.assign(static_cast<size_t>(length), 0);
  for (auto &row : sequence.x)
    for (float &value : row)
      value = static_cast<float>(static_cast<int>(random() % 65) - 32) / 8;
  for (int32_t &id : sequence.ids)
    id = static_cast<int32_t>(random() % kVocab);
}

} // namespace seqc::test

#endif // SEQC_TEST_UNIT_CORETESTREFERENCE_H
