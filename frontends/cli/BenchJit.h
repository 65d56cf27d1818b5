//===- BenchJit.h - `seqc bench --suite jit` ------------------------------===//
#ifndef SEQC_FRONTENDS_CLI_BENCHJIT_H
#define SEQC_FRONTENDS_CLI_BENCHJIT_H

#include "frontends/cli/Bench.h"

#include <memory>
#include <string>
#include <vector>

namespace seqc::cli {

/// A model whose compiling is timed.
struct JitSubject {
  std::string name;
  ModelSource source;
  std::shared_ptr<const void> keep; ///< what the source's weights point into
};

/// The cases that the options choose, as models; those of operations that are
/// not supported are left out.
Result<std::vector<JitSubject>> jitSubjects(const BenchOptions &options);

/// Measures and prints; an exit code.
int benchJit(const BenchOptions &options,
             const std::vector<JitSubject> &subjects);

} // namespace seqc::cli

#endif // SEQC_FRONTENDS_CLI_BENCHJIT_H
