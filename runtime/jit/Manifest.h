//===- Manifest.h - what makes a warm start -------------------------------===//
#ifndef SEQC_RUNTIME_JIT_MANIFEST_H
#define SEQC_RUNTIME_JIT_MANIFEST_H

#include "runtime/jit/ModelCompiler.h"

#include <optional>
#include <string>
#include <string_view>

namespace seqc::jit {

/// Plan, metadata and kernel keys as bytes; kernels are entries of their own.
std::string writeManifest(const CompiledModel &model);

/// The model of a manifest with its kernels from the pool or its disk. Nothing
/// if the bytes are no manifest, the plan is not sound or for another target,
/// or a kernel is missing: then the model is compiled anew.
std::optional<CompiledModel> readManifest(std::string_view bytes,
                                          const codegen::CpuTarget &target,
                                          KernelPool &pool);

} // namespace seqc::jit

#endif // SEQC_RUNTIME_JIT_MANIFEST_H
