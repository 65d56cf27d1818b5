//===- KernelAbi.h - contract between generated code and the runtime ------===//
//
// Plain C. This is the whole contract: generated objects define the two
// functions below per kernel and may call nothing but the symbols listed in
// SEQC_KERNEL_IMPORTS. Any change here must be mirrored in
// passes/Conversion/KernelEntry.cpp and raises SEQC_KERNEL_ABI_VERSION, which
// is part of every artifact key (a mismatch is a cache miss).
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_RUNTIME_ABI_KERNELABI_H
#define SEQC_RUNTIME_ABI_KERNELABI_H

#include <stdint.h>

#define SEQC_KERNEL_ABI_VERSION 1
#define SEQC_KERNEL_MAX_RANK 4
/// Rows are numbered in i32, and one more than their number has to fit too.
#define SEQC_KERNEL_MAX_ROWS (INT32_MAX - 1)

#ifdef __cplusplus
extern "C" {
#endif

/// One kernel argument: a dense row-major tensor. `data` is aligned to 64
/// bytes for buffers that the runtime allocates and to the element size for a
/// caller's tensors; it may be null only if an extent is 0. `dims[i]` is the
/// extent of dimension i in elements; unused entries are 1.
typedef struct SeqcBuffer {
  void *data;
  int64_t dims[SEQC_KERNEL_MAX_RANK];
} SeqcBuffer;

/// `<kernel>`: performs tasks [begin, end) of the kernel's task space. Tasks
/// are independent: the runtime may run any split of the space on any threads,
/// in any order, at the same time. `scratch` is private to the call, aligned to
/// 64 bytes and as large as the kernel's declared scratch size; its content is
/// not kept between calls.
typedef void (*SeqcKernelFn)(const SeqcBuffer *args, int64_t begin, int64_t end,
                             void *scratch);

/// `<kernel>_tasks`: size of the task space for these arguments (reads extents
/// and, where the kernel says so, the `offsets` arguments). 0 means that there
/// is nothing to do.
typedef int64_t (*SeqcTasksFn)(const SeqcBuffer *args);

/// Symbols that generated code may import (code generation turns block copies
/// and fills into these).
#define SEQC_KERNEL_IMPORTS(X) X(memcpy) X(memmove) X(memset)

#ifdef __cplusplus
}
#endif
#endif // SEQC_RUNTIME_ABI_KERNELABI_H
