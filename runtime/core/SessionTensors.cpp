//===- SessionTensors.cpp - callers' tensors as rows ----------------------===//
#include "runtime/core/SessionTensors.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace seqc::rt {

void BoundTensor::view(const TensorRef &tensor) {
  data = static_cast<std::byte *>(tensor.data);
  dtype = tensor.dtype;
  staged = false;
  inner.fill(1);
  innerStride.fill(0);
  innerCount = 1;
  innerDense = dense = true;
  sequenceStride = tokenStride = 0;

  int64_t size = static_cast<int64_t>(byteSize(dtype));
  int64_t expected = 1, lowest = 0, highest = 0, count = 1;
  int32_t leading = perToken ? 2 : 1;
  for (int32_t d = tensor.rank - 1; d >= 0; --d) {
    int64_t extent = tensor.shape[d];
    int64_t stride = tensor.strides ? tensor.strides[d] : expected;
    bool fits = extent <= 1 || stride == expected;
    dense &= fits;
    if (d >= leading) {
      inner[d - leading] = extent;
      innerStride[d - leading] = stride;
      innerCount *= extent;
      innerDense &= fits;
    } else if (d == 0) {
      sequenceStride = stride;
    } else {
      tokenStride = stride;
    }
    int64_t reach = extent > 0 ? (extent - 1) * stride : 0;
    (reach < 0 ? lowest : highest) += reach;
    count *= extent;
    expected *= extent;
  }
  dense |= count == 0;
  dense &= reinterpret_cast<std::uintptr_t>(data) % byteSize(dtype) == 0;
  low = high = reinterpret_cast<std::uintptr_t>(data);
  if (count > 0) {
    low += static_cast<std::uintptr_t>(lowest * size);
    high += static_cast<std::uintptr_t>((highest + 1) * size);
  }
}

/// Calls visit(element) for each element of a row, in row-major order.
template <class Visit>
static void forEachElement(const BoundTensor &tensor, std::byte *row,
                           Visit visit) {
  int64_t size = static_cast<int64_t>(byteSize(tensor.dtype));
  static_assert(BoundTensor::kMaxInner == 3, "one loop per inner dimension");
  const std::array<int64_t, 3> &stride = tensor.innerStride;
  for (int64_t i = 0; i < tensor.inner[0]; ++i)
    for (int64_t j = 0; j < tensor.inner[1]; ++j)
      for (int64_t k = 0; k < tensor.inner[2]; ++k)
        visit(row + (i * stride[0] + j * stride[1] + k * stride[2]) * size);
}

/// The caller's elements need not be aligned.
static int64_t loadInteger(const std::byte *element, DType dtype) {
  if (dtype == DType::I64) {
    int64_t value;
    std::memcpy(&value, element, sizeof(value));
    return value;
  }
  int32_t value;
  std::memcpy(&value, element, sizeof(value));
  return value;
}

void readRow(const BoundTensor &tensor, int64_t sequence, int64_t token,
             void *target, DType to) {
  std::byte *row = tensor.row(sequence, token);
  std::byte *out = static_cast<std::byte *>(target);
  size_t size = byteSize(to);
  if (tensor.dtype == to) {
    if (tensor.innerDense) {
      if (tensor.innerCount > 0)
        std::memcpy(out, row, static_cast<size_t>(tensor.innerCount) * size);
      return;
    }
    forEachElement(tensor, row, [&](const std::byte *element) {
      std::memcpy(out, element, size);
      out += size;
    });
    return;
  }
  forEachElement(tensor, row, [&](const std::byte *element) {
    int64_t wide = loadInteger(element, tensor.dtype);
    int32_t narrow = static_cast<int32_t>(wide);
    if (to == DType::I64)
      std::memcpy(out, &wide, size);
    else
      std::memcpy(out, &narrow, size);
    out += size;
  });
}

void writeRow(const BoundTensor &tensor, int64_t sequence, int64_t token,
              const void *source) {
  std::byte *row = tensor.row(sequence, token);
  const std::byte *in = static_cast<const std::byte *>(source);
  size_t size = byteSize(tensor.dtype);
  if (tensor.innerDense) {
    if (tensor.innerCount > 0)
      std::memcpy(row, in, static_cast<size_t>(tensor.innerCount) * size);
    return;
  }
  forEachElement(tensor, row, [&](std::byte *element) {
    std::memcpy(element, in, size);
    in += size;
  });
}

void zeroRow(const BoundTensor &tensor, int64_t sequence, int64_t token) {
  size_t size = byteSize(tensor.dtype);
  forEachElement(tensor, tensor.row(sequence, token),
                 [&](std::byte *element) { std::memset(element, 0, size); });
}

bool findBadId(const BoundTensor &tensor, int64_t sequence, int64_t token,
               int64_t limit, int64_t &bad, int64_t *at) {
  int64_t low = limit < 0 ? std::numeric_limits<int32_t>::min() : 0;
  int64_t high =
      limit < 0 ? int64_t(std::numeric_limits<int32_t>::max()) + 1 : limit;
  bool found = false;
  int64_t number = 0;
  forEachElement(tensor, tensor.row(sequence, token),
                 [&](const std::byte *element) {
                   int64_t id = loadInteger(element, tensor.dtype);
                   if (!found && (id < low || id >= high)) {
                     found = true;
                     bad = id;
                     if (at)
                       *at = number;
                   }
                   ++number;
                 });
  return found;
}

int64_t largestId(const BoundTensor &tensor, int64_t sequence, int64_t token) {
  int64_t largest = 0;
  forEachElement(
      tensor, tensor.row(sequence, token), [&](const std::byte *element) {
        largest = std::max(largest, loadInteger(element, tensor.dtype));
      });
  return largest;
}

} // namespace seqc::rt
