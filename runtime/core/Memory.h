//===- Memory.h - aligned memory that reports failure ---------------------===//
#ifndef SEQC_RUNTIME_CORE_MEMORY_H
#define SEQC_RUNTIME_CORE_MEMORY_H

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace seqc::rt {

inline constexpr size_t kAlignment = 64;

inline size_t alignUp(size_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

/// 64-byte aligned bytes that only grow. Movable, owned by one thread.
class AlignedBuffer {
public:
  AlignedBuffer() = default;
  AlignedBuffer(AlignedBuffer &&other) noexcept { swap(other); }
  AlignedBuffer &operator=(AlignedBuffer &&other) noexcept {
    swap(other);
    return *this;
  }
  ~AlignedBuffer() { std::free(memory); }

  void *data() const { return memory; }
  size_t size() const { return bytes; }

  /// At least `wanted` bytes, never null. The content is lost when it grows;
  /// false, with the buffer as it was, if there is no memory.
  bool reserve(size_t wanted) {
    if (memory && wanted <= bytes)
      return true;
    size_t rounded = alignUp(wanted == 0 ? 1 : wanted);
    void *fresh = std::aligned_alloc(kAlignment, rounded);
    if (!fresh)
      return false;
    std::free(memory);
    memory = fresh;
    bytes = rounded;
    return true;
  }

private:
  void swap(AlignedBuffer &other) noexcept {
    std::swap(memory, other.memory);
    std::swap(bytes, other.bytes);
  }

  void *memory = nullptr;
  size_t bytes = 0;
};

} // namespace seqc::rt

#endif // SEQC_RUNTIME_CORE_MEMORY_H
