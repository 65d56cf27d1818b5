//===- CpuTarget.h - the CPUs that kernels are compiled for ---------------===//
#ifndef SEQC_CODEGEN_CPU_CPUTARGET_H
#define SEQC_CODEGEN_CPU_CPUTARGET_H

#include "llvm/ADT/StringMap.h"
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

/// Features by their LLVM names, "avx2"; one that is absent or false is not
/// there. An operating system that does not save a register counts.
using CpuFeatures = llvm::StringMap<bool>;
/// Of this machine.
CpuFeatures hostFeatures();

/// "cpu" is the best level that a machine with these features runs;
/// "cpu:<isa>" names one. An unknown name is an error that lists the known
/// ones.
llvm::Expected<CpuTarget>
parseCpuTarget(llvm::StringRef name,
               const CpuFeatures &features = hostFeatures());
/// True if a machine with these features, of the architecture that this is
/// built for, can execute code of the target.
bool isRunnable(const CpuTarget &target,
                const CpuFeatures &features = hostFeatures());
/// Names of all levels that such a machine can run, best first.
std::vector<std::string>
runnableCpuTargets(const CpuFeatures &features = hostFeatures());

ir::TargetAttr makeTargetAttr(mlir::MLIRContext *context,
                              const CpuTarget &target);

} // namespace seqc::codegen

#endif // SEQC_CODEGEN_CPU_CPUTARGET_H
