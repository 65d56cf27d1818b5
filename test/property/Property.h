//===- Property.h - random trials, repeatable and counted -----------------===//
//
// A trial is one model or kernel of random shape, run with many random inputs;
// each of these runs is a case. The seed of a run is printed;
// SEQC_PROPERTY_SEED chooses it ("random": a fresh one), SEQC_PROPERTY_TRIAL
// picks one trial of each family.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_TEST_PROPERTY_PROPERTY_H
#define SEQC_TEST_PROPERTY_PROPERTY_H

#include "runtime/abi/KernelAbi.h"

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace seqc::test {
class KernelRunner;
}

namespace seqc::property {

class Random {
public:
  explicit Random(uint64_t seed) : engine(seed) {}
  uint64_t bits() { return engine(); }
  /// Both ends are possible.
  int64_t between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(bits() % uint64_t(high - low + 1));
  }
  bool chance(double share) { return uniform(0, 1) < share; }
  double uniform(double low, double high) {
    return low + (high - low) * double(bits() >> 11) / double(1ull << 53);
  }
  template <class T> T pick(std::initializer_list<T> list) {
    return list.begin()[between(0, int64_t(list.size()) - 1)];
  }
  template <class T> const T &pick(const std::vector<T> &list) {
    return list[size_t(between(0, int64_t(list.size()) - 1))];
  }
  /// An extent up to `most`: often small, often one beside a vector's width.
  int64_t extent(int64_t most);

private:
  std::mt19937_64 engine;
};

struct Trial {
  Trial(uint64_t seed, int index, std::string target)
      : random(seed), index(index), target(std::move(target)) {}
  Random random;
  int index;
  std::string target;       ///< one in ten runs on the baseline, two on AVX2
  std::ostringstream about; ///< shape, shown where a case fails
  /// Counts a case.
  void count();
};

/// Runs trials 0 .. count - 1 of a family, on two threads. What a body throws
/// fails its trial.
void forEachTrial(const std::string &family, int count,
                  const std::function<void(Trial &)> &body);

/// Lengths of up to `most` sequences of up to `longest` rows, 0 and 1 among
/// them.
std::vector<int64_t> randomLengths(Random &random, int64_t most,
                                   int64_t longest);

/// Runs a kernel on copies of its arguments (32-bit elements) that are aligned
/// to the element size only, stand between numbers that are none and must stay,
/// and with the tasks cut and ordered at random; then copies all back.
void runAnywhere(Random &random, const test::KernelRunner &kernel,
                 const std::vector<SeqcBuffer> &args);

} // namespace seqc::property

#endif // SEQC_TEST_PROPERTY_PROPERTY_H
