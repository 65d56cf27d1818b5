//===- Memory.h - aligned memory that reports failure ---------------------===//
#ifndef SEQC_RUNTIME_CORE_MEMORY_H
#define SEQC_RUNTIME_CORE_MEMORY_H

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <sys/mman.h>

namespace seqc::rt {

inline constexpr size_t kAlignment = 64;

inline size_t alignUp(size_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

/// From this size on a block is aligned to, and asked to be in, huge pages: a
/// kernel that walks down a column touches a page per row, and looking up as
/// many small pages would take longer than its arithmetic.
inline constexpr size_t kHugeBlock = size_t(4) << 20;
inline constexpr size_t kHugePage = size_t(2) << 20;

inline size_t alignmentOf(size_t bytes) {
  return bytes >= kHugeBlock ? kHugePage : kAlignment;
}

/// A request: pages stay small where the system says so.
inline void adviseHugePages(void *memory, size_t bytes) {
#ifdef MADV_HUGEPAGE
  if (bytes >= kHugeBlock)
    (void)::madvise(memory, bytes / kHugePage * kHugePage, MADV_HUGEPAGE);
#else
  (void)memory, (void)bytes;
#endif
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
    // aligned_alloc asks for a multiple of the alignment; not every C library
    // insists on it.
    size_t alignment = alignmentOf(wanted);
    size_t rounded = (wanted + alignment - 1) / alignment * alignment;
    if (rounded < wanted)
      return false;
    rounded = rounded == 0 ? alignment : rounded;
    void *fresh = std::aligned_alloc(alignment, rounded);
    if (!fresh)
      return false;
    adviseHugePages(fresh, rounded);
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
