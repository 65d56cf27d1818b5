//===- Value.h - tensors of the interpreter
//--------------------------------===//
#ifndef SEQC_RUNTIME_INTERPRETER_VALUE_H
#define SEQC_RUNTIME_INTERPRETER_VALUE_H

#include <cstdint>
#include <memory>
#include <vector>

namespace seqc::interpreter {

using Shape = std::vector<int64_t>;

/// Product of the extents; 1 for rank 0.
int64_t elementCount(const Shape &shape);
/// Elements between neighbours along each axis of a row-major tensor.
Shape rowMajorStrides(const Shape &shape);

/// A dense row-major tensor of f64 (for every float type) or i64 (for every
/// integer type and index); rank 0 is a scalar. Copies share their elements
/// until one of them is written. Not thread-safe.
class Value {
public:
  Value() = default;
  /// Elements are zero.
  static Value floats(Shape shape);
  static Value ints(Shape shape);
  static Value floats(Shape shape, std::vector<double> elements);
  static Value ints(Shape shape, std::vector<int64_t> elements);
  static Value scalar(double value) { return floats({}, {value}); }
  static Value scalarInt(int64_t value) { return ints({}, {value}); }

  bool isFloat() const { return static_cast<bool>(floatElements); }
  bool isInt() const { return static_cast<bool>(intElements); }
  explicit operator bool() const { return isFloat() || isInt(); }

  const Shape &shape() const { return extents; }
  int64_t rank() const { return static_cast<int64_t>(extents.size()); }
  int64_t size() const { return elementCount(extents); }
  /// Extent `i`; negative ones count from the last. 1 beyond the rank.
  int64_t extent(int64_t i) const;

  const double *f() const { return floatElements->data(); }
  const int64_t *i() const { return intElements->data(); }
  /// For writing: takes a copy first if the elements are shared.
  double *mutableF();
  int64_t *mutableI();

  int64_t asInt() const { return intElements->front(); }
  double asFloat() const { return floatElements->front(); }

  /// The same elements seen with another shape of as many elements.
  Value reshaped(Shape shape) const;

private:
  Shape extents;
  std::shared_ptr<std::vector<double>> floatElements;
  std::shared_ptr<std::vector<int64_t>> intElements;
};

} // namespace seqc::interpreter

#endif // SEQC_RUNTIME_INTERPRETER_VALUE_H
