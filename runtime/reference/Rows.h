//===- Rows.h - norms, pooling and rings
//-----------------------------------===//
#ifndef SEQC_RUNTIME_REFERENCE_ROWS_H
#define SEQC_RUNTIME_REFERENCE_ROWS_H

#include "runtime/reference/Views.h"

#include <algorithm>
#include <vector>

namespace seqc::reference {

enum class NormKind { Layer, Rms, Scale };

/// `seqc.norm` (norm_c1 to norm_c3). A missing `gain` is 1, a missing `bias` 0;
/// `unitOffset` makes the gain `1 + gain`. For Scale the gain has one entry.
void norm(NormKind kind, ConstMatrix source, ConstVector gain, ConstVector bias,
          double eps, bool unitOffset, Matrix out);

/// `seqc.pool mean` (pool_c1): mean of the rows of each sequence, 0 if it has
/// none.
Problem poolMean(ConstMatrix source, ConstInts offsets, Matrix out);

/// `seqc.ring_push` (ring_push_c1, ring_push_c2) for any element type. `ring`
/// holds, for each sequence, `capacity` entries of `source.columns` values:
/// entry number e, counted over all that were ever pushed, is in slot
/// e mod capacity. It is updated in place.
template <class T>
Problem ringPush(MatrixView<const T> source, ConstInts offsets, ConstInts count,
                 int64_t capacity, T *ring) {
  if (Problem p = checkOffsets(offsets, source.rows); !p.empty())
    return p;
  int64_t width = source.columns;
  for (int64_t b = 0; b < sequences(offsets); ++b) {
    if (count[b] < 0)
      return "expected counts of at least 0, got " + std::to_string(count[b]);
    T *mine = ring + b * capacity * width;
    for (int64_t t = offsets[b]; capacity > 0 && t < offsets[b + 1]; ++t) {
      int64_t entry = count[b] + t - offsets[b];
      std::copy(source.row(t), source.row(t) + width,
                mine + entry % capacity * width);
    }
  }
  return {};
}

} // namespace seqc::reference

#endif // SEQC_RUNTIME_REFERENCE_ROWS_H
