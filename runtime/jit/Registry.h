//===- Registry.h - dialects that compiling needs -------------------------===//
#ifndef SEQC_RUNTIME_JIT_REGISTRY_H
#define SEQC_RUNTIME_JIT_REGISTRY_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace seqc::jit {

/// The seqc dialect, the upstream dialects of docs/Pipeline.md, and their
/// interface models; nothing else, since each one costs start-up time.
const mlir::DialectRegistry &compilerRegistry();

} // namespace seqc::jit

#endif // SEQC_RUNTIME_JIT_REGISTRY_H
