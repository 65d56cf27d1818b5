//===- ProgramImpl.h - what a program holds -------------------------------===//
#ifndef SEQC_RUNTIME_JIT_PROGRAMIMPL_H
#define SEQC_RUNTIME_JIT_PROGRAMIMPL_H

#include "runtime/core/LoadedPlan.h"
#include "runtime/core/Parallel.h"
#include "runtime/core/Specialiser.h"
#include "seqc/Program.h"

#include <map>
#include <memory>
#include <string>

namespace seqc {

struct Program::Impl {
  std::shared_ptr<const rt::LoadedPlan> loaded;
  std::shared_ptr<const rt::Parallel> parallel;
  std::shared_ptr<rt::Specialiser> specialiser; ///< null: no variants
  int64_t startNs = 0;                          ///< of the specialiser's clock
  Signature signature;
  std::string fingerprint;
  std::string target;
  CompileStats stats;
  std::map<std::string, std::string> metadata;
};

} // namespace seqc

#endif // SEQC_RUNTIME_JIT_PROGRAMIMPL_H
