//===- Profiler.h - counts that are always on -----------------------------===//
#ifndef SEQC_RUNTIME_CORE_PROFILER_H
#define SEQC_RUNTIME_CORE_PROFILER_H

#include "runtime/core/VariantTable.h"
#include "seqc/Profile.h"

#include <cstdint>
#include <vector>

namespace seqc::rt {

/// What a profile is of: layers, steps, kernels and variants of a plan. The
/// same for all targets that make the same kernels.
std::string profileFingerprint(const Plan &plan);

/// Fails, saying which model the profile is of, if it is not of this one.
Status checkProfile(const Profile &profile, const Plan &plan);

/// What a fingerprint tells apart, for messages.
inline constexpr const char *kFingerprinted =
    "inputs, outputs, states, positions, layers, kernels or variants";

/// Variants that calls of the profile were for, at least `leastCalls` of them
/// over all layers; what to compile ahead. The profile is one of the plan.
std::vector<VariantId> variantsOf(const Profile &profile, const Plan &plan,
                                  int64_t leastCalls = 1);

/// The counts of one session. Allocates in the constructor only. One thread at
/// a time; `plan` and `sites` must outlive it.
class Profiler {
public:
  Profiler(const Plan &plan, const SiteList &sites);

  void countCall(const int64_t *lengths, int64_t sequences, int64_t rows);
  /// A Count step's value, and the activated rows of the sequence with the
  /// most; -1 if that is not known.
  void countGate(size_t gate, int64_t active, int64_t longest, int64_t rows);
  void countClass(int32_t slot, uint32_t times) {
    classes[static_cast<size_t>(slot)] += times;
  }

  /// Which gate of the plan a count belongs to, or -1.
  int32_t gateOf(int32_t symbol) const { return gates[symbol]; }

  Profile profile() const;

private:
  const Plan &plan;
  const SiteList &sites;
  int64_t calls = 0, allRows = 0;
  Profile::Lengths lengths{};
  std::vector<Profile::Layer> layers;
  std::vector<uint64_t> classes; ///< by slot
  std::vector<int32_t> gates;    ///< by symbol
};

} // namespace seqc::rt

#endif // SEQC_RUNTIME_CORE_PROFILER_H
