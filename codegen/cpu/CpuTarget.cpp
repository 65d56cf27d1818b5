//===- CpuTarget.cpp - the CPUs that kernels are compiled for -------------===//

#include "codegen/cpu/CpuTarget.h"

#include "dialect/SeqcDialect.h"

#include "llvm/TargetParser/Host.h"

using namespace seqc::codegen;

static const CpuTarget kLevels[] = {
    {"cpu:avx512", "avx512", "x86_64-unknown-linux-gnu", "x86-64-v4",
     "skylake-avx512", 512, 32, true, 32 * 1024, 1024 * 1024},
    {"cpu:avx2", "avx2", "x86_64-unknown-linux-gnu", "x86-64-v3", "haswell",
     256, 16, true, 32 * 1024, 256 * 1024},
    {"cpu:baseline", "baseline", "x86_64-unknown-linux-gnu", "x86-64",
     "generic", 128, 16, false, 32 * 1024, 256 * 1024},
    {"cpu:neon", "neon", "aarch64-unknown-linux-gnu", "generic", "neoverse-n1",
     128, 32, true, 64 * 1024, 1024 * 1024},
};

CpuFeatures seqc::codegen::hostFeatures() {
  return llvm::sys::getHostCPUFeatures();
}

bool seqc::codegen::isRunnable(const CpuTarget &target,
                               const CpuFeatures &features) {
#if defined(__x86_64__)
  auto has = [&](std::initializer_list<const char *> names) {
    return llvm::all_of(
        names, [&](const char *name) { return features.lookup(name); });
  };
  // All that x86-64-v3 and -v4 add: a virtual machine may hide any of it.
  bool avx2 = has({"avx", "avx2", "fma", "bmi", "bmi2", "lzcnt", "movbe",
                   "f16c", "popcnt", "sse4.2", "cx16", "sahf"});
  if (target.isa == "avx512")
    return avx2 &&
           has({"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd"});
  return target.isa == "avx2" ? avx2 : target.isa == "baseline";
#elif defined(__aarch64__)
  return target.isa == "neon";
#else
  return false;
#endif
}

std::vector<std::string>
seqc::codegen::runnableCpuTargets(const CpuFeatures &features) {
  std::vector<std::string> names;
  for (const CpuTarget &level : kLevels)
    if (isRunnable(level, features))
      names.push_back(level.name);
  return names;
}

llvm::Expected<CpuTarget>
seqc::codegen::parseCpuTarget(llvm::StringRef name,
                              const CpuFeatures &features) {
  std::string known;
  for (const CpuTarget &level : kLevels) {
    if (name == level.name || (name == "cpu" && isRunnable(level, features)))
      return level;
    known += (known.empty() ? "" : ", ") + level.name;
  }
  if (name == "cpu")
    return llvm::createStringError("this processor runs none of the targets %s",
                                   known.c_str());
  return llvm::createStringError(
      "unknown target '%s', expected reference, cpu or one of %s",
      name.str().c_str(), known.c_str());
}

seqc::ir::TargetAttr seqc::codegen::makeTargetAttr(mlir::MLIRContext *context,
                                                   const CpuTarget &target) {
  context->getOrLoadDialect<ir::SeqcDialect>();
  return ir::TargetAttr::get(context, target.isa, target.vectorBits,
                             target.vectorRegisters, target.fma, target.l1Bytes,
                             target.l2Bytes);
}
