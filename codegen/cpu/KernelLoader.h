//===- KernelLoader.h - objects to callable kernels -----------------------===//
#ifndef SEQC_CODEGEN_CPU_KERNELLOADER_H
#define SEQC_CODEGEN_CPU_KERNELLOADER_H

#include "llvm/Support/Error.h"

#include <memory>
#include <string>
#include <vector>

namespace seqc::codegen {

/// Machine code in memory. Addresses are valid while an object of this type
/// lives.
class LoadedCode {
public:
  virtual ~LoadedCode();
  std::vector<void *> addresses; ///< in the order of the symbols asked for
};

/// Links objects into memory. The only symbols they may import are those of
/// SEQC_KERNEL_IMPORTS, bound explicitly; anything else is an error that names
/// the symbol. Thread-safe.
class KernelLoader {
public:
  /// Kernels are listed in `perfMap` for profilers, unless that is empty.
  static llvm::Expected<std::shared_ptr<KernelLoader>>
  create(std::string perfMap = "");
  virtual ~KernelLoader();

  /// Loads the objects and looks up `symbols` in them. Symbols of different
  /// calls do not see each other.
  virtual llvm::Expected<std::shared_ptr<LoadedCode>>
  load(const std::vector<std::string> &objects,
       const std::vector<std::string> &symbols) = 0;
};

} // namespace seqc::codegen

#endif // SEQC_CODEGEN_CPU_KERNELLOADER_H
