//===- Variants.h - what is compiled for the calls that come --------------===//
#ifndef SEQC_VARIANTS_H
#define SEQC_VARIANTS_H

#include <cstdint>
#include <string>
#include <vector>

namespace seqc {

/// One variant of a kernel in one layer.
struct VariantInfo {
  std::string name;
  std::string guard;   ///< what it assumes of a call, as text
  std::string state;   ///< unseen, seen, queued, compiling, trying, kept,
                       ///< dropped, failed, evicted
  int64_t calls = 0;   ///< that it would be right for, before any other
  int64_t ran = 0;     ///< calls that it answered
  bool measured = false;
  double currentUs = 0;   ///< median time of a call of what ran before
  double candidateUs = 0; ///< and of the variant
  double gain = 0;        ///< 0.1: a tenth of the time is saved
  double noise = 0;       ///< of the gain
  int32_t samples = 0;    ///< of each side
  double compileMs = 0;
  std::string origin; ///< compiled, memory or disk; empty: no code yet
  std::string objectKey;
  int64_t objectBytes = 0;
  std::string message; ///< why it failed
};

/// A kernel step that has variants.
struct SiteVariants {
  std::string layer, kernel;
  int64_t genericCalls = 0; ///< that no variant is for
  std::vector<VariantInfo> variants;
};

struct VariantCompile {
  std::string kernel, variant;
  double startMs = 0, endMs = 0; ///< since the program was made
  bool ok = false;
};

} // namespace seqc

#endif // SEQC_VARIANTS_H
