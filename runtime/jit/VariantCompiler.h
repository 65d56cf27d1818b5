//===- VariantCompiler.h - what the specialiser compiles with -------------===//
#ifndef SEQC_RUNTIME_JIT_VARIANTCOMPILER_H
#define SEQC_RUNTIME_JIT_VARIANTCOMPILER_H

#include "codegen/cpu/KernelLoader.h"
#include "runtime/core/Specialiser.h"
#include "runtime/jit/KernelPool.h"
#include "runtime/jit/ModelCompiler.h"

#include <memory>
#include <string>
#include <vector>

namespace seqc::jit {

/// Makes the variants of one model's kernels: from the text that each kernel
/// was compiled from, by the same passes. Keeps all it needs, so it outlives
/// the engine. Thread-safe.
struct VariantCompiler {
  std::shared_ptr<const CompiledModel> model;
  std::string fingerprint; ///< modelKey() of the model, wherever it lies
  codegen::CpuTarget target;
  std::shared_ptr<KernelPool> pool;
  std::shared_ptr<codegen::KernelLoader> loader;
  std::shared_ptr<rt::Store> store; ///< of verdicts; null: they are forgotten
  bool useDisk = false;
  int threads = 1; ///< that calls run on; times depend on it

  Result<rt::CompiledVariant> compile(int32_t kernel, int32_t variant) const;
  int64_t compileNs(int32_t kernel) const;
  std::optional<rt::Verdict> loadVerdict(int32_t kernel, int32_t variant,
                                         const std::string &layer) const;
  void storeVerdict(int32_t kernel, int32_t variant, const std::string &layer,
                    const rt::Verdict &verdict) const;

private:
  std::string verdictKey(int32_t kernel, int32_t variant,
                         const std::string &layer) const;
};

rt::SpecialiserHooks hooksOf(std::shared_ptr<const VariantCompiler> compiler,
                             DiagnosticHandler onDiagnostic);

/// The entry points of `kernels`, which the objects define.
Result<rt::KernelSet> loadKernels(codegen::KernelLoader &loader,
                                  const std::vector<std::string> &objects,
                                  const std::vector<std::string> &kernels);

} // namespace seqc::jit

#endif // SEQC_RUNTIME_JIT_VARIANTCOMPILER_H
