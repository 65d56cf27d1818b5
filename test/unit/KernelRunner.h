//===- KernelRunner.h - kernel text to a callable kernel, for tests -------===//
#ifndef SEQC_TEST_UNIT_KERNELRUNNER_H
#define SEQC_TEST_UNIT_KERNELRUNNER_H

#include "codegen/cpu/KernelLoader.h"
#include "codegen/cpu/ObjectCompiler.h"
#include "passes/Phases.h"
#include "runtime/abi/KernelAbi.h"

#include <memory>
#include <string>
#include <vector>

namespace seqc::test {

/// A kernel taken through the pipeline from phase `first` on (vectorize, that
/// is memrefs, unless said otherwise), compiled and loaded.
class KernelRunner {
public:
  /// `text` is a module with one kernel `name`; the target's seqc.target is set
  /// on it. Failures are reported to gtest and leave the runner empty.
  KernelRunner(const std::string &text, const std::string &name,
               const std::string &target,
               passes::Phase first = passes::Phase::Vectorize);

  explicit operator bool() const { return code != nullptr; }
  void run(const std::vector<SeqcBuffer> &args) const;

  int64_t tasks(const std::vector<SeqcBuffer> &args) const;
  /// Tasks [begin, end), from any thread. Scratch is filled with NaN before.
  void run(const std::vector<SeqcBuffer> &args, int64_t begin,
           int64_t end) const;

  /// Assembly of kernel text that is at `vectorize`.
  static std::string assembly(const std::string &text,
                              const std::string &target);

private:
  std::shared_ptr<codegen::LoadedCode> code;
};

} // namespace seqc::test

#endif // SEQC_TEST_UNIT_KERNELRUNNER_H
