//===- Value.cpp - tensors of the interpreter
//------------------------------===//

#include "runtime/interpreter/Value.h"

#include <cassert>

namespace seqc::interpreter {

int64_t elementCount(const Shape &shape) {
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  return count;
}

Shape rowMajorStrides(const Shape &shape) {
  Shape strides(shape.size());
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= shape[i];
  }
  return strides;
}

Value Value::floats(Shape shape) {
  int64_t count = elementCount(shape);
  return floats(std::move(shape), std::vector<double>(count));
}

Value Value::ints(Shape shape) {
  int64_t count = elementCount(shape);
  return ints(std::move(shape), std::vector<int64_t>(count));
}

Value Value::floats(Shape shape, std::vector<double> elements) {
  assert(static_cast<int64_t>(elements.size()) == elementCount(shape));
  Value value;
  value.extents = std::move(shape);
  value.floatElements =
      std::make_shared<std::vector<double>>(std::move(elements));
  return value;
}

Value Value::ints(Shape shape, std::vector<int64_t> elements) {
  assert(static_cast<int64_t>(elements.size()) == elementCount(shape));
  Value value;
  value.extents = std::move(shape);
  value.intElements =
      std::make_shared<std::vector<int64_t>>(std::move(elements));
  return value;
}

int64_t Value::extent(int64_t i) const {
  if (i < 0)
    i += rank();
  return i >= 0 && i < rank() ? extents[i] : 1;
}

double *Value::mutableF() {
  if (floatElements.use_count() > 1)
    floatElements = std::make_shared<std::vector<double>>(*floatElements);
  return floatElements->data();
}

int64_t *Value::mutableI() {
  if (intElements.use_count() > 1)
    intElements = std::make_shared<std::vector<int64_t>>(*intElements);
  return intElements->data();
}

Value Value::reshaped(Shape shape) const {
  assert(elementCount(shape) == size());
  Value value = *this;
  value.extents = std::move(shape);
  return value;
}

} // namespace seqc::interpreter
