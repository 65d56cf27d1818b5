//===- Work.cpp - what a call of a kernel costs ---------------------------===//
#include "runtime/core/Work.h"

#include <algorithm>

namespace seqc::rt {

/// Keys that the queries of a sequence see on one side, itself not counted:
/// min(i, reach) summed over i = 0 .. length - 1.
static double seenBeside(double length, int64_t reach) {
  double most = reach < 0 ? length : static_cast<double>(reach);
  double ramp = std::min(length, most + 1); // these see all that is there
  return ramp * (ramp - 1) / 2 + (length - ramp) * most;
}

static double pairsOf(const PlanWork &work, const SeqcBuffer &offsets) {
  const int32_t *entries = static_cast<const int32_t *>(offsets.data);
  double pairs = 0;
  for (int64_t b = 0; b + 1 < offsets.dims[0]; ++b) {
    double length = static_cast<double>(entries[b + 1] - entries[b]);
    pairs +=
        length + seenBeside(length, work.left) + seenBeside(length, work.right);
  }
  return pairs;
}

Work workOf(const PlanKernel &kernel, const SeqcBuffer *args) {
  Work sum;
  for (const PlanWork &work : kernel.work) {
    double factor = 1;
    if (work.factor == PlanWork::Factor::Extent)
      factor = static_cast<double>(args[work.arg].dims[work.dim]);
    if (work.factor == PlanWork::Factor::Pairs)
      factor = pairsOf(work, args[work.arg]);
    sum.flops += factor * work.flops;
    sum.exps += factor * work.exps;
    sum.bytes += factor * work.bytes;
  }
  return sum;
}

} // namespace seqc::rt
