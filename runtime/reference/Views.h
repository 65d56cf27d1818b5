//===- Views.h - unowned arrays that the reference works on
//----------------===//
#ifndef SEQC_RUNTIME_REFERENCE_VIEWS_H
#define SEQC_RUNTIME_REFERENCE_VIEWS_H

#include <cstdint>
#include <string>

namespace seqc::reference {

/// Dense row-major matrix that somebody else owns.
template <class T> struct MatrixView {
  T *data = nullptr;
  int64_t rows = 0;
  int64_t columns = 0;

  T *row(int64_t i) const { return data + i * columns; }
  T &at(int64_t i, int64_t j) const { return data[i * columns + j]; }
  operator MatrixView<const T>() const { return {data, rows, columns}; }
};
using Matrix = MatrixView<double>;
using ConstMatrix = MatrixView<const double>;

/// Dense vector that somebody else owns.
template <class T> struct VectorView {
  T *data = nullptr;
  int64_t size = 0;

  T &operator[](int64_t i) const { return data[i]; }
  explicit operator bool() const { return data != nullptr; }
  operator VectorView<const T>() const { return {data, size}; }
};
using Vector = VectorView<double>;
using ConstVector = VectorView<const double>;
using Ints = VectorView<int64_t>;
using ConstInts = VectorView<const int64_t>;

/// Sequence b owns rows [offsets[b], offsets[b+1]).
inline int64_t sequences(ConstInts offsets) {
  return offsets.size > 0 ? offsets.size - 1 : 0;
}

/// Why a call is meaningless (an index out of range, say); empty if it is not.
using Problem = std::string;

/// Whether `offsets` starts at 0, never decreases and ends at `rows`.
Problem checkOffsets(ConstInts offsets, int64_t rows);

} // namespace seqc::reference

#endif // SEQC_RUNTIME_REFERENCE_VIEWS_H
