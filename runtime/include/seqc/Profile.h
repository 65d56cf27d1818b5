//===- Profile.h - what the calls of a program were like ------------------===//
#ifndef SEQC_PROFILE_H
#define SEQC_PROFILE_H

#include "seqc/Status.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace seqc {

/// Counts over all calls of a session, or of several (merge). Histograms over
/// lengths have a bin per power of two: bin 0 is 0, bin k is
/// [2^(k-1), 2^k).
struct Profile {
  static constexpr size_t kDensityBins = 12;
  static constexpr size_t kLengthBins = 33;
  using Lengths = std::array<int64_t, kLengthBins>;

  /// A layer with a gate.
  struct Layer {
    std::string layer;
    int64_t calls = 0;
    int64_t rows = 0;   ///< seen by the gate
    int64_t active = 0; ///< let through
    /// Calls by the share that was let through: none, ten tenths (above 0,
    /// below 1), all.
    std::array<int64_t, kDensityBins> density{};
    /// Calls by the activated rows of the sequence with the most.
    Lengths longestActive{};
    int64_t window = -1; ///< of the attention over activated rows; -1: none
                         ///< known
    int64_t insideWindow = 0; ///< calls in which no sequence had more of them
  };

  /// A kernel step that has variants.
  struct Site {
    std::string layer, kernel;
    /// Calls by the most special variant whose guards held; "generic" last.
    /// The first 256 calls of a session are all counted, later ones by a sample
    /// drawn by chance.
    std::vector<std::pair<std::string, int64_t>> classes;
  };

  std::string model;
  std::string fingerprint; ///< of what is profiled, not of weights or target
  int64_t calls = 0;
  int64_t rows = 0;
  Lengths lengths{}; ///< sequences by their rows in a call
  std::vector<Layer> layers;
  std::vector<Site> sites;

  /// Adds the counts of `other`; fails if it is of another model.
  Status merge(const Profile &other);
  /// JSON text.
  std::string serialise() const;
  static Result<Profile> parse(std::string_view text);
};

} // namespace seqc

#endif // SEQC_PROFILE_H
