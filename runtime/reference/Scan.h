//===- Scan.h - order in which seqc.scan visits rows
//-----------------------===//
//
// The step of a scan is a region, so the reference gives the order of rows and
// leaves the step to a callback.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_RUNTIME_REFERENCE_SCAN_H
#define SEQC_RUNTIME_REFERENCE_SCAN_H

#include "runtime/reference/Views.h"

namespace seqc::reference {

enum class Direction { Forward, Reverse };

/// Row that a scan of rows [begin, end) visited `delay` steps before it visits
/// `t`; -1 where there is none (the region then reads 0).
inline int64_t delayedRow(int64_t begin, int64_t end, int64_t t, int64_t delay,
                          Direction direction) {
  int64_t row = direction == Direction::Forward ? t - delay : t + delay;
  return row >= begin && row < end ? row : -1;
}

/// `seqc.scan` (scan_c1 to scan_c7 are the caller's): for every sequence b,
/// `begin(b)` loads its carries, `step(b, t)` runs once per row in `direction`,
/// `end(b)` stores the carries. Channels never meet, so the loop over them may
/// be inside the callbacks. A sequence without rows still passes through
/// `begin` and `end`: its state is carried unchanged.
template <class Begin, class Step, class End>
void scan(ConstInts offsets, Direction direction, Begin begin, Step step,
          End end) {
  for (int64_t b = 0; b < sequences(offsets); ++b) {
    int64_t first = offsets[b], count = offsets[b + 1] - first;
    begin(b);
    for (int64_t i = 0; i < count; ++i)
      step(b,
           direction == Direction::Forward ? first + i : first + count - 1 - i);
    end(b);
  }
}

} // namespace seqc::reference

#endif // SEQC_RUNTIME_REFERENCE_SCAN_H
