//===- BuildId.h - identity of the running build --------------------------===//
#ifndef SEQC_RUNTIME_JIT_BUILDID_H
#define SEQC_RUNTIME_JIT_BUILDID_H

#include <string>

namespace seqc::jit {

/// Hex ELF build id of the object that this code was linked into: another
/// compiler build never shares cache entries. Empty if the object has none
/// (then nothing is cached on disk).
const std::string &buildId();

} // namespace seqc::jit

#endif // SEQC_RUNTIME_JIT_BUILDID_H
