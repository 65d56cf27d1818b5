//===- CpuTarget.h - the CPUs that kernels are compiled for ---------------===//
#ifndef SEQC_CODEGEN_CPU_CPUTARGET_H
#define SEQC_CODEGEN_CPU_CPUTARGET_H

#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>
#include <vector>

namespace mlir {
class MLIRContext;
} // namespace mlir

namespace seqc::ir {
class TargetAttr;
} // namespace seqc::ir

namespace seqc::codegen {

/// One instruction-set level. Levels, not processor models: artifacts can be
/// shared between machines, and what is compiled is what tests saw.
struct CpuTarget {
  std::string name; ///< "cpu:avx512"
  std::string isa;  ///< "avx512", "avx2", "baseline", "neon"
  std::string triple;
  std::string cpu; ///< -mcpu: decides features
  std::string tuneCpu;
  int64_t vectorBits = 128;
  int64_t vectorRegisters = 16;
  bool fma = false;
  int64_t l1Bytes = 32 * 1024;
  int64_t l2Bytes = 1024 * 1024;
};

/// "cpu" is the best level that this machine runs; "cpu:<isa>" names one. An
/// unknown name is an error that lists the known ones.
llvm::Expected<CpuTarget> parseCpuTarget(llvm::StringRef name);
/// True if this machine can execute code of the target.
bool isRunnable(const CpuTarget &target);
/// Names of all levels that this machine can run, best first.
std::vector<std::string> runnableCpuTargets();

ir::TargetAttr makeTargetAttr(mlir::MLIRContext *context,
                              const CpuTarget &target);

} // namespace seqc::codegen

#endif // SEQC_CODEGEN_CPU_CPUTARGET_H
