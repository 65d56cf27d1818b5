//===- SessionTensors.h - callers' tensors as rows ------------------------===//
#ifndef SEQC_RUNTIME_CORE_SESSIONTENSORS_H
#define SEQC_RUNTIME_CORE_SESSIONTENSORS_H

#include "runtime/abi/KernelAbi.h"
#include "seqc/Tensor.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace seqc::rt {

/// A tensor of the caller seen as [B, T, inner...] (per token) or [B,
/// inner...].
struct BoundTensor {
  static constexpr int32_t kMaxInner = SEQC_KERNEL_MAX_RANK - 1;

  int32_t buffer = -1;   ///< of the plan
  bool perToken = false; ///< [B, T, ...]
  bool staged = false;   ///< goes through memory of the session in this call

  std::byte *data = nullptr;
  DType dtype = DType::F32;
  int64_t sequenceStride = 0, tokenStride = 0;  ///< elements
  std::array<int64_t, kMaxInner> inner{};       ///< extents, padded with 1
  std::array<int64_t, kMaxInner> innerStride{}; ///< elements
  int64_t innerCount = 1;                       ///< elements of one row
  bool innerDense = true;
  bool dense = true; ///< row-major without gaps and aligned to its element
  std::uintptr_t low = 0, high = 0; ///< bytes touched: [low, high)

  /// Takes over a view of rank 1 + perToken + inner rank; that rank has been
  /// checked to fit.
  void view(const TensorRef &tensor);
  std::byte *row(int64_t sequence, int64_t token) const {
    return data + (sequence * sequenceStride + token * tokenStride) *
                      static_cast<int64_t>(byteSize(dtype));
  }
  bool overlaps(const BoundTensor &other) const {
    return low < other.high && other.low < high;
  }
};

/// Row of `tensor` to dense memory of type `to`; integers are converted.
void readRow(const BoundTensor &tensor, int64_t sequence, int64_t token,
             void *target, DType to);
/// Dense memory of the tensor's own type to a row.
void writeRow(const BoundTensor &tensor, int64_t sequence, int64_t token,
              const void *source);
void zeroRow(const BoundTensor &tensor, int64_t sequence, int64_t token);
/// First integer of the row outside [0, limit) (limit -1: outside I32) to
/// `bad`, its number in the row to `at`; false if there is none.
bool findBadId(const BoundTensor &tensor, int64_t sequence, int64_t token,
               int64_t limit, int64_t &bad, int64_t *at = nullptr);
/// Largest integer of the row, at least 0.
int64_t largestId(const BoundTensor &tensor, int64_t sequence, int64_t token);

} // namespace seqc::rt

#endif // SEQC_RUNTIME_CORE_SESSIONTENSORS_H
