//===- Gating.cpp - routing, compaction, row gather and scatter
//------------===//

#include "runtime/reference/Gating.h"

#include <cmath>
#include <vector>

namespace seqc::reference {

void route(ConstMatrix logits, double skipBias, double inverseTemperature,
           Ints active, Vector confidence) {
  for (int64_t t = 0; t < logits.rows; ++t) {
    double u0 = logits.at(t, 0) + skipBias, u1 = logits.at(t, 1);
    active[t] = u1 > u0 ? 1 : 0;
    // The larger of two softmax entries depends on the distance alone.
    confidence[t] =
        1 / (1 + std::exp(-std::fabs((u1 - u0) * inverseTemperature)));
  }
}

Problem compress(ConstInts active, ConstInts offsets, Ints index, Ints packed) {
  if (Problem p = checkOffsets(offsets, active.size); !p.empty())
    return p;
  if (index.size < active.size || packed.size != offsets.size)
    return "expected room for every row index and for one offset per sequence "
           "and one";
  int64_t k = 0;
  for (int64_t b = 0; b < sequences(offsets); ++b) {
    packed[b] = k;
    for (int64_t t = offsets[b]; t < offsets[b + 1]; ++t)
      if (active[t] != 0)
        index[k++] = t;
  }
  packed[sequences(offsets)] = k;
  return {};
}

Problem checkIndex(ConstInts index, int64_t count, int64_t rows) {
  if (index.size < count)
    return "expected " + std::to_string(count) + " row indices, got " +
           std::to_string(index.size);
  for (int64_t i = 0; i < count; ++i)
    if (index[i] < 0 || index[i] >= rows)
      return "expected row indices in [0, " + std::to_string(rows) +
             "), entry " + std::to_string(i) + " is " +
             std::to_string(index[i]);
  return {};
}

Problem scatterRows(ConstMatrix source, ConstInts index, ConstVector scale,
                    ScatterMode mode, Matrix out) {
  if (Problem p = checkIndex(index, source.rows, out.rows); !p.empty())
    return p;
  std::vector<bool> seen(static_cast<size_t>(out.rows), false);
  for (int64_t i = 0; i < source.rows; ++i) {
    int64_t t = index[i];
    if (seen[t])
      return "expected distinct row indices, got " + std::to_string(t) +
             " twice";
    seen[t] = true;
    double factor = scale ? scale[t] : 1.0;
    for (int64_t j = 0; j < source.columns; ++j) {
      double x = source.at(i, j) * factor;
      out.at(t, j) = mode == ScatterMode::Add ? out.at(t, j) + x : x;
    }
  }
  return {};
}

} // namespace seqc::reference
