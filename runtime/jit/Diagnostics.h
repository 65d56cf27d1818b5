//===- Diagnostics.h - MLIR diagnostics as seqc::Diagnostic ---------------===//
#ifndef SEQC_RUNTIME_JIT_DIAGNOSTICS_H
#define SEQC_RUNTIME_JIT_DIAGNOSTICS_H

#include "seqc/Status.h"

#include "mlir/IR/Diagnostics.h"

#include <mutex>
#include <vector>

namespace seqc::jit {

/// Collects what is reported on a context while it lives; nothing is printed.
/// Remarks are dropped.
class DiagnosticCollector {
public:
  explicit DiagnosticCollector(mlir::MLIRContext *context);
  std::vector<Diagnostic> take();

private:
  std::mutex mutex;
  std::vector<Diagnostic> collected;
  mlir::ScopedDiagnosticHandler handler;
};

Diagnostic convert(mlir::Diagnostic &diagnostic);

} // namespace seqc::jit

#endif // SEQC_RUNTIME_JIT_DIAGNOSTICS_H
