//===- PhaseDump.h - the IR after each phase, in files --------------------===//
#ifndef SEQC_RUNTIME_JIT_PHASEDUMP_H
#define SEQC_RUNTIME_JIT_PHASEDUMP_H

#include "runtime/jit/KernelCompiler.h"
#include "seqc/Status.h"

#include <mutex>
#include <string>

namespace seqc::jit {

/// Writes NN-<phase>.mlir for the model and NN-<phase>.<kernel>.mlir for each
/// kernel into a folder. Thread-safe; the first failure to write is kept.
class PhaseDump {
public:
  /// Empty: off.
  explicit PhaseDump(std::string folder) : folder(std::move(folder)) {}

  bool isOn() const { return !folder.empty(); }
  PhaseObserver forModel() { return forKernel(""); }
  PhaseObserver forKernel(const std::string &symbol);
  Status status();

private:
  void write(passes::Phase phase, const std::string &symbol,
             mlir::ModuleOp module);

  std::string folder;
  std::mutex mutex;
  Status failure;
};

} // namespace seqc::jit

#endif // SEQC_RUNTIME_JIT_PHASEDUMP_H
