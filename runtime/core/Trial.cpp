//===- Trial.cpp - is a variant faster? -----------------------------------===//
#include "runtime/core/Trial.h"

#include <algorithm>
#include <cmath>

namespace seqc::rt {

static constexpr size_t kMostRounds = 4;
// Of two equal kernels, a trial with its four looks finds one better in less
// than 3 % of cases; the 1.57 of box plots would in 13 %.
static constexpr double kNotch = 3;

Trial::Trial(int32_t samples, double leastGain)
    : wanted(static_cast<size_t>(std::max(1, samples))), leastGain(leastGain) {
  // Samples come from callers, who should not pay for memory.
  for (std::vector<double> *list : {&current, &candidates, &ratios})
    list->reserve(kMostRounds * wanted);
}

Trial::Half &Trial::halfOf(int64_t work, int32_t &magnitude) {
  magnitude = 63 - __builtin_clzll(static_cast<uint64_t>(work) | 1);
  return halves[static_cast<size_t>(magnitude) % halves.size()];
}

bool Trial::takesCandidate(int64_t work) {
  if (!warm)
    return true;
  int32_t magnitude;
  const Half &half = halfOf(work, magnitude);
  if (half.magnitude == magnitude)
    return !half.candidate;
  // By chance: callers may alternate between two kinds of call themselves.
  random ^= random << 13;
  random ^= random >> 17;
  random ^= random << 5;
  return random & 1;
}

void Trial::add(bool candidate, int64_t ns, int64_t work) {
  if (candidate && !warm) {
    warm = true;
    return;
  }
  int32_t magnitude;
  Half &half = halfOf(work, magnitude);
  ns = std::max<int64_t>(1, ns);
  work = std::max<int64_t>(1, work);
  if (half.magnitude != magnitude || half.candidate == candidate) {
    half = {magnitude, candidate, ns, work};
    return;
  }
  double here = static_cast<double>(ns) / static_cast<double>(work);
  double there = static_cast<double>(half.ns) / static_cast<double>(half.work);
  ratios.push_back(candidate ? here / there : there / here);
  current.push_back(static_cast<double>(candidate ? half.ns : ns));
  candidates.push_back(static_cast<double>(candidate ? ns : half.ns));
  half.magnitude = -1;
  if (result == Outcome::Open && ratios.size() % wanted == 0)
    decide();
}

static double quantile(std::vector<double> values, double q) {
  if (values.empty())
    return 0;
  double place = q * static_cast<double>(values.size() - 1);
  size_t below = static_cast<size_t>(place);
  std::nth_element(values.begin(), values.begin() + below, values.end());
  double low = values[below];
  if (below + 1 == values.size())
    return low;
  double high = *std::min_element(values.begin() + below + 1, values.end());
  return low + (place - static_cast<double>(below)) * (high - low);
}

TrialFigures Trial::figures() const {
  TrialFigures figures;
  figures.samples = static_cast<int32_t>(ratios.size());
  if (ratios.empty())
    return figures;
  figures.currentNs = quantile(current, 0.5);
  figures.candidateNs = quantile(candidates, 0.5);
  figures.gain = 1 - quantile(ratios, 0.5);
  figures.noise = kNotch * (quantile(ratios, 0.75) - quantile(ratios, 0.25)) /
                  std::sqrt(static_cast<double>(ratios.size()));
  return figures;
}

void Trial::decide() {
  TrialFigures now = figures();
  if (now.gain >= std::max(leastGain, now.noise))
    result = Outcome::Better;
  else if (now.gain + now.noise < leastGain)
    result = Outcome::NotBetter;
  else if (ratios.size() >= kMostRounds * wanted)
    result = Outcome::Unclear;
}

} // namespace seqc::rt
