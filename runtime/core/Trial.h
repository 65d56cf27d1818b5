//===- Trial.h - is a variant faster? -------------------------------------===//
//
// Two kernels take turns on the calls of a program that is at work, so calls
// differ in size and time wobbles. Times are therefore compared in pairs: one
// call with each, near to each other in time and of about the same size, the
// first of the two drawn by chance. A pair gives the ratio of the times per
// unit of work; the median of the ratios says how much is gained, and
// 3 IQR / sqrt(n) how much of that may be noise (a notch of a box plot, wide
// enough for looking more than once).
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_RUNTIME_CORE_TRIAL_H
#define SEQC_RUNTIME_CORE_TRIAL_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace seqc::rt {

struct TrialFigures {
  double currentNs = 0, candidateNs = 0; ///< medians of the times of a call
  double gain = 0;                       ///< 0.1: a tenth of the time is saved
  double noise = 0;                      ///< of the gain
  int32_t samples = 0;                   ///< of each side
};

enum class Outcome : uint8_t {
  Open,      ///< more samples are needed
  Better,    ///< by more than the noise and at least the least gain
  NotBetter, ///< surely gains less than the least gain
  Unclear    ///< the noise does not allow a decision with so many samples
};

class Trial {
public:
  /// Decides after `samples` pairs or, while the noise hides the answer, after
  /// two, three or four times as many.
  explicit Trial(int32_t samples = 15, double leastGain = 0.02);

  /// Which side the next call is for. `work` is any measure of the call's
  /// size; times are compared per unit of it.
  bool takesCandidate(int64_t work);
  void add(bool candidate, int64_t ns, int64_t work);

  Outcome outcome() const { return result; }
  TrialFigures figures() const;

private:
  struct Half {
    int32_t magnitude = -1; ///< log2 of the work; -1: none
    bool candidate = false;
    int64_t ns = 0, work = 1;
  };
  Half &halfOf(int64_t work, int32_t &magnitude);
  void decide();

  size_t wanted;
  double leastGain;
  bool warm = false; ///< the candidate's first call fetches its code
  uint32_t random = 0x9e3779b9;
  std::array<Half, 8> halves;
  std::vector<double> current, candidates, ratios;
  Outcome result = Outcome::Open;
};

} // namespace seqc::rt

#endif // SEQC_RUNTIME_CORE_TRIAL_H
