//===- KernelSet.h - loaded machine code of a plan's kernels --------------===//
#ifndef SEQC_RUNTIME_CORE_KERNELSET_H
#define SEQC_RUNTIME_CORE_KERNELSET_H

#include "runtime/abi/KernelAbi.h"

#include <memory>
#include <vector>

namespace seqc::rt {

inline int64_t elementsOf(const SeqcBuffer &buffer) {
  return buffer.dims[0] * buffer.dims[1] * buffer.dims[2] * buffer.dims[3];
}

struct KernelEntry {
  SeqcKernelFn run = nullptr;
  SeqcTasksFn tasks = nullptr;
};

/// entries[i] belongs to plan.kernels[i]. `code` keeps the memory that the
/// pointers lead into alive. Immutable after construction, thread-safe.
struct KernelSet {
  std::vector<KernelEntry> entries;
  std::shared_ptr<void> code;
};

} // namespace seqc::rt

#endif // SEQC_RUNTIME_CORE_KERNELSET_H
