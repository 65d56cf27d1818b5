//===- Tensor.h - element types and unowned tensor views ------------------===//
#ifndef SEQC_TENSOR_H
#define SEQC_TENSOR_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace seqc {

enum class DType : uint8_t { F32, F64, I32, I64, U8 };

/// Bytes of one element.
size_t byteSize(DType dtype) noexcept;
/// Safetensors spelling: "F32", "F64", "I32", "I64", "U8".
const char *toString(DType dtype) noexcept;
std::optional<DType> parseDType(std::string_view text) noexcept;

enum class Device : uint8_t { Reference, Cpu, Cuda };

/// A tensor that somebody else owns. The memory behind `data`, `shape` and
/// `strides` must stay alive and unmoved for as long as the view is used.
/// `strides` counts elements; null means dense row-major. Rank 0 is a scalar.
struct TensorRef {
  void *data = nullptr;
  DType dtype = DType::F32;
  Device device = Device::Cpu;
  const int64_t *shape = nullptr;
  const int64_t *strides = nullptr;
  int32_t rank = 0;
};

/// Product of the extents; 1 for rank 0.
int64_t elementCount(const int64_t *shape, int32_t rank) noexcept;

/// A dense row-major tensor that owns its memory (64-byte aligned; from 4 MiB
/// on in huge pages where the system has them). Throws std::bad_alloc if there
/// is none left. Movable and copyable; not thread-safe while being written.
class Tensor {
public:
  Tensor() = default;
  /// Zero-filled.
  Tensor(DType dtype, std::vector<int64_t> shape);
  Tensor(const Tensor &other);
  Tensor &operator=(const Tensor &other);
  Tensor(Tensor &&) noexcept = default;
  Tensor &operator=(Tensor &&) noexcept = default;

  DType dtype() const noexcept { return type; }
  const std::vector<int64_t> &shape() const noexcept { return extents; }
  int64_t size() const noexcept;
  size_t bytes() const noexcept;
  void *data() noexcept;
  const void *data() const noexcept;
  template <class T> T *as() noexcept { return static_cast<T *>(data()); }
  template <class T> const T *as() const noexcept {
    return static_cast<const T *>(data());
  }
  /// A view that is valid while this tensor lives and is not moved from.
  TensorRef ref() noexcept;

private:
  DType type = DType::F32;
  std::vector<int64_t> extents;
  struct Release {
    size_t alignment;
    void operator()(void *memory) const noexcept;
  };
  std::unique_ptr<void, Release> storage;
};

} // namespace seqc

#endif // SEQC_TENSOR_H
