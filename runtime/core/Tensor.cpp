//===- Tensor.cpp - element types and owned tensors -----------------------===//
#include "seqc/Tensor.h"

#include "runtime/core/Memory.h"

#include <cstring>
#include <new>

namespace seqc {

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

void Tensor::Release::operator()(void *memory) const noexcept {
  ::operator delete(memory, std::align_val_t(alignment));
}

Tensor::Tensor(DType dtype, std::vector<int64_t> shape)
    : type(dtype), extents(std::move(shape)) {
  int64_t count =
      elementCount(extents.data(), static_cast<int32_t>(extents.size()));
  size_t payload = static_cast<size_t>(count) * byteSize(dtype);
  size_t alignment = rt::alignmentOf(payload);
  void *memory =
      ::operator new(payload == 0 ? 1 : payload, std::align_val_t(alignment));
  rt::adviseHugePages(memory, payload);
  std::memset(memory, 0, payload);
  storage = {memory, Release{alignment}};
}

Tensor::Tensor(const Tensor &other) {
  if (!other.storage) {
    type = other.type;
    extents = other.extents;
    return;
  }
  *this = Tensor(other.type, other.extents);
  std::memcpy(data(), other.data(), bytes());
}

Tensor &Tensor::operator=(const Tensor &other) {
  if (this != &other)
    *this = Tensor(other);
  return *this;
}

int64_t Tensor::size() const noexcept {
  // A default-constructed tensor has no elements although its rank is 0.
  if (!storage && extents.empty())
    return 0;
  return elementCount(extents.data(), static_cast<int32_t>(extents.size()));
}

size_t Tensor::bytes() const noexcept {
  return static_cast<size_t>(size()) * byteSize(type);
}

void *Tensor::data() noexcept { return storage.get(); }

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
