//===- Program.h - a compiled model ---------------------------------------===//
#ifndef SEQC_PROGRAM_H
#define SEQC_PROGRAM_H

#include "seqc/Session.h"
#include "seqc/Variants.h"
#include "seqc/Status.h"
#include "seqc/Tensor.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace seqc {

/// One named tensor of a signature. Extents are static, or -1 with a name:
/// "B" sequences, "T" tokens.
struct TensorSpec {
  std::string name;
  DType dtype = DType::F32;
  std::vector<int64_t> shape;
  std::vector<std::string> dims;
  bool optional = false;
};

/// What Session::run takes and gives. Inputs are [B, T, ...] padded on the
/// right; the optional input "lengths" (i64 [B]) gives the true length of each
/// sequence (default: T for all). Outputs are [B, T, ...] with 0 at padding, or
/// [B, ...] for pooled outputs. States are [B, ...].
struct Signature {
  std::vector<TensorSpec> inputs;
  std::vector<TensorSpec> outputs;
  std::vector<TensorSpec> states;
  int64_t maxPositions = -1; ///< longest sequence, -1: unbounded
  bool causal = true;        ///< calls may carry state
};

/// What making a kernel took, now or when it was put into the cache.
struct KernelStats {
  std::string symbol;
  double passesMs = 0, codegenMs = 0;
  bool compiled = false; ///< now
};

/// How a compile went.
struct CompileStats {
  double importMs = 0, passesMs = 0, codegenMs = 0, totalMs = 0;
  int kernels = 0;        ///< distinct kernels of the plan
  int kernelsCompiled = 0;///< of these, compiled now; the rest were cached
  int sites = 0;          ///< kernels that one call runs, counting repeats
  std::vector<KernelStats> perKernel; ///< in the order of the plan
  bool warm = false;      ///< everything came from the disk cache
};

struct SessionOptions {
  int threads = 0; ///< 0: the engine's
  /// False: calls are not counted and run generic kernels only, to tell what
  /// counting costs.
  bool counting = true;
};

/// A compiled model with its weights. Immutable and thread-safe; outlives its
/// Engine. Cheap to copy.
class Program {
public:
  const Signature &signature() const;
  /// Content key of description, weight shapes, options and target.
  std::string_view fingerprint() const;
  std::string_view target() const;
  const CompileStats &stats() const;
  /// Plan as text: kernels, buffers that reach memory, steps.
  std::string explain() const;
  /// Model-description metadata that front ends need ("window", "vocab", ...);
  /// empty if absent.
  std::string metadata(std::string_view key) const;
  Result<Session> session(const SessionOptions &options = {}) const;
  /// What is known now of the variants of each kernel step that has some.
  std::vector<SiteVariants> variants() const;
  /// Compiles of variants so far, in their order.
  std::vector<VariantCompile> variantCompiles() const;
  /// Until no variant is queued or being compiled. What calls asked for often
  /// enough is compiled now, whether they were long enough for it to pay or not.
  /// Sessions hand over what they have counted every few calls, and when they
  /// end.
  void waitForVariants() const;

  struct Impl; ///< private, named here so that runtime/jit can build one
  explicit Program(std::shared_ptr<const Impl> impl) : impl(std::move(impl)) {}

private:
  std::shared_ptr<const Impl> impl;
};

} // namespace seqc

#endif // SEQC_PROGRAM_H
