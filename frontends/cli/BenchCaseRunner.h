//===- BenchCaseRunner.h - one case of the common list --------------------===//
#ifndef SEQC_FRONTENDS_CLI_BENCHCASERUNNER_H
#define SEQC_FRONTENDS_CLI_BENCHCASERUNNER_H

#include "frontends/cli/Bench.h"
#include "frontends/cli/BenchCase.h"
#include "frontends/cli/BenchJit.h"
#include "frontends/cli/BenchSpecialise.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace seqc::cli {

/// Builds, times and checks cases. What it makes lives on its own: the list
/// goes with the last case of it.
class CaseRunner {
public:
  /// `document` is the whole list.
  CaseRunner(std::shared_ptr<const nlohmann::json> document,
             BenchOptions options, const jit::Roofline &machine = {})
      : document(std::move(document)), options(std::move(options)),
        machine(machine), threads(std::max(1, this->options.common.threads)) {}

  /// Builds, times and checks one case.
  Result<BenchLine> run(const nlohmann::json &about, ProgressLine &progress);
  /// Searches for better tiles of one case; an exit code.
  int tune(const nlohmann::json &about);

  /// A case as a model; keeps what its weights point into.
  Result<JitSubject> subject(const nlohmann::json &about) const;
  /// A case to be timed with and without variants.
  Result<SpecialiseSubject> specialised(const Engine &engine,
                                        const nlohmann::json &about) const;

private:
  /// Without a disk cache: the time of a first call includes compilation.
  Result<Engine> ownEngine(ProgressLine &progress) const;
  Result<ModelSource> source(const BenchCase &built,
                             const std::string &name) const;
  Result<BenchCase> build(const nlohmann::json &about, bool small) const;
  Result<Program> compile(const Engine &engine, const BenchCase &built,
                          const std::string &name, const std::string &target,
                          const std::string &schedule = "") const;
  Result<double> checkAll(const Engine &engine, const nlohmann::json &about,
                          float bias = 0) const;

  std::shared_ptr<const nlohmann::json> document;
  BenchOptions options;
  jit::Roofline machine;
  int threads;
};

} // namespace seqc::cli

#endif // SEQC_FRONTENDS_CLI_BENCHCASERUNNER_H
