//===- TestData.h - numbers and buffers for kernel tests ------------------===//
#ifndef SEQC_TEST_UNIT_TESTDATA_H
#define SEQC_TEST_UNIT_TESTDATA_H

#include "runtime/abi/KernelAbi.h"

#include <vector>

namespace seqc::test {

template <typename T>
SeqcBuffer buffer(std::vector<T> &data, std::vector<int64_t> dims) {
  SeqcBuffer result{data.data(), {1, 1, 1, 1}};
  for (size_t i = 0; i < dims.size(); ++i)
    result.dims[i] = dims[i];
  return result;
}

/// Repeatable numbers.
class Numbers {
public:
  explicit Numbers(uint64_t seed) : state(seed * 2 + 1) {}

  uint32_t next() {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<uint32_t>(state >> 33);
  }
  /// One of [low, high).
  float uniform(float low, float high) {
    return low + (high - low) * static_cast<float>(next() % 65536) / 65536.0f;
  }
  std::vector<float> vector(size_t count, float low, float high) {
    std::vector<float> values(count);
    for (float &value : values)
      value = uniform(low, high);
    return values;
  }

private:
  uint64_t state;
};

} // namespace seqc::test

#endif // SEQC_TEST_UNIT_TESTDATA_H
