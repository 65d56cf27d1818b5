//===- Rows.cpp - norms and pooling
//----------------------------------------===//

#include "runtime/reference/Rows.h"

#include <cmath>

namespace seqc::reference {

void norm(NormKind kind, ConstMatrix source, ConstVector gain, ConstVector bias,
          double eps, bool unitOffset, Matrix out) {
  int64_t d = source.columns;
  for (int64_t r = 0; r < source.rows; ++r) {
    const double *x = source.row(r);
    double mean = 0, square = 0;
    if (kind == NormKind::Layer) {
      for (int64_t i = 0; i < d; ++i)
        mean += x[i] / d;
    }
    for (int64_t i = 0; i < d; ++i)
      square += (x[i] - mean) * (x[i] - mean) / d;
    double factor = 1 / std::sqrt(square + eps);
    for (int64_t i = 0; i < d; ++i) {
      double g = gain ? gain[kind == NormKind::Scale ? 0 : i] : 1.0;
      if (gain && unitOffset)
        g += 1;
      out.at(r, i) = (x[i] - mean) * factor * g + (bias ? bias[i] : 0.0);
    }
  }
}

Problem poolMean(ConstMatrix source, ConstInts offsets, Matrix out) {
  if (Problem p = checkOffsets(offsets, source.rows); !p.empty())
    return p;
  for (int64_t b = 0; b < sequences(offsets); ++b) {
    int64_t count = offsets[b + 1] - offsets[b];
    for (int64_t j = 0; j < out.columns; ++j) {
      double sum = 0;
      for (int64_t t = offsets[b]; t < offsets[b + 1]; ++t)
        sum += source.at(t, j);
      out.at(b, j) = count > 0 ? sum / count : 0;
    }
  }
  return {};
}

} // namespace seqc::reference
