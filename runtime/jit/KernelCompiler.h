//===- KernelCompiler.h - one kernel from partitioned IR to an object -----===//
#ifndef SEQC_RUNTIME_JIT_KERNELCOMPILER_H
#define SEQC_RUNTIME_JIT_KERNELCOMPILER_H

#include "codegen/cpu/CpuTarget.h"
#include "passes/Pipelines.h"
#include "seqc/Status.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace seqc::jit {

/// A kernel cut out of a partitioned module: text that stands alone, so that it
/// can be compiled on any thread in a context of its own and serves as the
/// content of the artifact key.
struct KernelSource {
  std::string symbol;
  std::string text; ///< a module with seqc.target and this one function
  std::string
      key; ///< hex digest of text and everything else that reaches the object
  std::string target;  ///< its name
  std::string machine; ///< machineOf() that target
};

/// What is kept of a compiled kernel.
struct KernelArtifact {
  int64_t scratchBytes = 0;
  std::string machine;  ///< whose code it is
  std::string schedule; ///< printed #seqc.schedule
  double passesMs = 0;
  double codegenMs = 0;
  std::string text; ///< of its source, from which variants are made
  std::string object;
};

/// Everything about a target that decides which instructions are used.
std::string machineOf(const codegen::CpuTarget &target);

std::string encode(const KernelArtifact &artifact);
/// False if the bytes are not an artifact of this version.
bool decode(std::string_view bytes, KernelArtifact &artifact);

/// Hex BLAKE3 of the parts, each with its length.
std::string contentKey(const std::vector<std::string_view> &parts);

/// All kernels of a partitioned module, in order.
std::vector<KernelSource> extractKernels(mlir::ModuleOp partitioned,
                                         const codegen::CpuTarget &target);

/// `generic` under an assumption, an array of #seqc.fact as text: the same
/// symbol, arguments and meaning, its own text and key. A schedule that the
/// generic kernel was given stays where the facts leave its rows as they were.
Result<KernelSource> variantSource(const KernelSource &generic,
                                   std::string_view assumption,
                                   const codegen::CpuTarget &target);

/// Called with the IR after each phase; for dumps and --emit.
using PhaseObserver = std::function<void(passes::Phase, mlir::ModuleOp)>;

/// schedule … lower, in the module's own context. Diagnostics go to the
/// context's handlers.
Status runKernelPhases(mlir::ModuleOp module, passes::Phase last,
                       const PhaseObserver &observer);

/// Parses, lowers and compiles one kernel. Thread-safe: uses a context of its
/// own.
Result<KernelArtifact> compileKernel(const KernelSource &source,
                                     const codegen::CpuTarget &target,
                                     const PhaseObserver &observer = {});

} // namespace seqc::jit

#endif // SEQC_RUNTIME_JIT_KERNELCOMPILER_H
