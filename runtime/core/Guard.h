//===- Guard.h - what a variant assumes of a call -------------------------===//
#ifndef SEQC_RUNTIME_CORE_GUARD_H
#define SEQC_RUNTIME_CORE_GUARD_H

#include "runtime/abi/KernelAbi.h"

#include <cstdint>
#include <string>
#include <vector>

namespace seqc::rt {

enum class GuardKind : uint8_t {
  Equals,        ///< the extent is `value`
  AtMost,        ///< the extent is at most `value`
  Same,          ///< the extent is that of dimension `otherDim` of `other`
  Zero,          ///< every entry of the i32 argument is 0
  LongestAtMost, ///< i32 offsets: no sequence has more than `value` rows
  OneRowEach     ///< i32 offsets: sequence b owns row b and no other
};

/// A condition on the arguments of a kernel. Extents are dimension `dim` of
/// argument `arg`; the kinds that read entries take a vector of i32 and cost as
/// much as it has entries, one per sequence.
struct Guard {
  GuardKind kind = GuardKind::Equals;
  int32_t arg = 0, dim = 0;
  int64_t value = 0;
  int32_t other = 0, otherDim = 0;

  bool operator==(const Guard &o) const {
    return kind == o.kind && arg == o.arg && dim == o.dim && value == o.value &&
           other == o.other && otherDim == o.otherDim;
  }
};

/// "arg1.0 <= 64", for people.
std::string toString(const Guard &guard);

/// All of them. The arguments are those that the kernel would be called with:
/// what comes before it has run.
bool holds(const std::vector<Guard> &guards, const SeqcBuffer *args);

} // namespace seqc::rt

#endif // SEQC_RUNTIME_CORE_GUARD_H
