//===- Tensor.cpp - element types and owned tensors -----------------------===//
#include "seqc/Tensor.h"

#include <cstring>

namespace seqc {

static constexpr size_t kAlignment = 64;

size_t byteSize(DType dtype) noexcept {
  switch (dtype) {
  case DType::F32:
  case DType::I32:
    return 4;
  case DType::F64:
  case DType::I64:
    return 8;
  case DType::U8:
    return 1;
  }
  return 1;
}

const char *toString(DType dtype) noexcept {
  switch (dtype) {
  case DType::F32:
    return "F32";
  case DType::F64:
    return "F64";
  case DType::I32:
    return "I32";
  case DType::I64:
    return "I64";
  case DType::U8:
    return "U8";
  }
  return "?";
}

std::optional<DType> parseDType(std::string_view text) noexcept {
  for (DType dtype :
       {DType::F32, DType::F64, DType::I32, DType::I64, DType::U8})
    if (text == toString(dtype))
      return dtype;
  return std::nullopt;
}

int64_t elementCount(const int64_t *shape, int32_t rank) noexcept {
  int64_t count = 1;
  for (int32_t i = 0; i < rank; ++i)
    count *= shape[i];
  return count;
}

Tensor::Tensor(DType dtype, std::vector<int64_t> shape)
    : type(dtype), extents(std::move(shape)) {
  size_t payload = static_cast<size_t>(elementCount(
                       extents.data(), static_cast<int32_t>(extents.size()))) *
                   byteSize(dtype);
  storage.resize(payload + kAlignment - 1);
}

// The aligned start lies at another offset in another allocation, so a copy has
// to move the bytes from start to start.
Tensor::Tensor(const Tensor &other)
    : type(other.type), extents(other.extents), storage(other.storage.size()) {
  if (!storage.empty())
    std::memcpy(data(), other.data(), bytes());
}

Tensor &Tensor::operator=(const Tensor &other) {
  if (this != &other)
    *this = Tensor(other);
  return *this;
}

int64_t Tensor::size() const noexcept {
  // A default-constructed tensor has no elements although its rank is 0.
  if (storage.empty() && extents.empty())
    return 0;
  return elementCount(extents.data(), static_cast<int32_t>(extents.size()));
}

size_t Tensor::bytes() const noexcept {
  return static_cast<size_t>(size()) * byteSize(type);
}

static size_t alignedOffset(const void *pointer) noexcept {
  size_t misalignment = reinterpret_cast<uintptr_t>(pointer) % kAlignment;
  return misalignment == 0 ? 0 : kAlignment - misalignment;
}

void *Tensor::data() noexcept {
  if (storage.empty())
    return nullptr;
  return storage.data() + alignedOffset(storage.data());
}

const void *Tensor::data() const noexcept {
  return const_cast<Tensor *>(this)->data();
}

TensorRef Tensor::ref() noexcept {
  TensorRef view;
  view.data = data();
  view.dtype = type;
  view.shape = extents.data();
  view.rank = static_cast<int32_t>(extents.size());
  return view;
}

} // namespace seqc
