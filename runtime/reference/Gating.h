//===- Gating.h - routing, compaction, row gather and scatter
//--------------===//
#ifndef SEQC_RUNTIME_REFERENCE_GATING_H
#define SEQC_RUNTIME_REFERENCE_GATING_H

#include "runtime/reference/Views.h"

#include <algorithm>

namespace seqc::reference {

/// `seqc.route` (route_c1, route_c2). `logits` is [R, 2]. A tie skips, and so
/// does NaN.
void route(ConstMatrix logits, double skipBias, double inverseTemperature,
           Ints active, Vector confidence);

/// `seqc.compress` (compress_c1). Entries of `index` behind the last active row
/// are left alone. `index` has room for every row, `packed` for B+1 entries.
Problem compress(ConstInts active, ConstInts offsets, Ints index, Ints packed);

/// Problem of the first index outside [0, rows), if any.
Problem checkIndex(ConstInts index, int64_t count, int64_t rows);

/// `seqc.gather_rows` (gather_rows_c1) for any element type.
template <class T>
Problem gatherRows(MatrixView<const T> source, ConstInts index,
                   MatrixView<T> out) {
  if (Problem p = checkIndex(index, out.rows, source.rows); !p.empty())
    return p;
  for (int64_t i = 0; i < out.rows; ++i)
    std::copy_n(source.row(index[i]), out.columns, out.row(i));
  return {};
}

enum class ScatterMode { Set, Add };

/// `seqc.scatter_rows` (scatter_rows_c1, scatter_rows_c2). `scale`, if given,
/// is read at the destination row. Indices must be distinct.
Problem scatterRows(ConstMatrix source, ConstInts index, ConstVector scale,
                    ScatterMode mode, Matrix out);

} // namespace seqc::reference

#endif // SEQC_RUNTIME_REFERENCE_GATING_H
