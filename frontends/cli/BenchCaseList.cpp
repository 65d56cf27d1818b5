//===- BenchCaseList.cpp - the common list of benchmark cases -------------===//

#include "frontends/cli/BenchCaseRunner.h"
#include "frontends/cli/BenchReport.h"

#include "frontends/cli/CheckOptions.h"
#include "frontends/json/JsonReader.h"

#include <fnmatch.h>
#include <fstream>
#include <iostream>
#include <sstream>

using namespace seqc;
using namespace seqc::cli;
using nlohmann::json;

static bool matches(const std::string &patterns, const std::string &name) {
  std::istringstream stream(patterns);
  for (std::string pattern; std::getline(stream, pattern, ',');)
    if (fnmatch(pattern.c_str(), name.c_str(), 0) == 0)
      return true;
  return patterns.empty();
}

/// The cases that the options ask for.
static Result<std::vector<json>> selectCases(const json &document,
                                             const std::string &patterns) {
  std::vector<json> selected;
  std::vector<std::string> names;
  for (const json &about : document["cases"]) {
    names.push_back(about["name"]);
    if (matches(patterns, names.back()))
      selected.push_back(about);
  }
  if (!selected.empty())
    return selected;
  std::string near = frontend::nearest(patterns, names);
  return Status::error(
      ErrorCode::InvalidArgument,
      "no case matches '" + patterns + "'" +
          (near.empty()
               ? "; the list has " + std::to_string(names.size()) + " cases"
               : "; did you mean '" + near + "'?"));
}

/// The best of some measurements: other programs only take away.
static jit::Roofline measureMachine() {
  constexpr int kMeasurements = 3;
  jit::Roofline best;
  for (int i = 0; i < kMeasurements; ++i) {
    Result<jit::Roofline> measured = jit::measureRoofline("cpu");
    if (!measured)
      break;
    best.fmaGflops = std::max(best.fmaGflops, measured->fmaGflops);
    best.expGops = std::max(best.expGops, measured->expGops);
    best.readGbs = std::max(best.readGbs, measured->readGbs);
  }
  return best;
}

namespace {
/// The cases that the options choose.
struct ChosenCases {
  std::shared_ptr<const json> document; ///< the whole list
  std::vector<json> cases;
};
} // namespace

static Result<ChosenCases> chooseCases(const BenchOptions &options,
                                       const std::string &patterns) {
  std::ifstream file(options.common.model);
  auto document = std::make_shared<const json>(
      json::parse(file, nullptr, /*allow_exceptions=*/false));
  Result<std::vector<json>> cases = selectCases(*document, patterns);
  if (!cases)
    return cases.status();
  return ChosenCases{std::move(document), std::move(*cases)};
}

static int tuneCase(const BenchOptions &options, const ChosenCases &chosen) {
  if (chosen.cases.size() > 1)
    return report(Status::error(ErrorCode::InvalidArgument,
                                "--tune takes one case, got " +
                                    std::to_string(chosen.cases.size()) +
                                    "; choose one with --case"));
  return CaseRunner(chosen.document, options).tune(chosen.cases.front());
}

static Status whatIsWrong(const Result<BenchLine> &line) {
  if (!line || line->checkOk)
    return line ? Status() : line.status();
  return Status::error(ErrorCode::Internal,
                       "the output differs from f64 by " +
                           formatScientific(line->checkError) +
                           ", that of the small variant by " +
                           formatScientific(line->smallError));
}

int cli::benchCases(const BenchOptions &options) {
  Result<ChosenCases> chosen = chooseCases(options, options.filter);
  if (!chosen)
    return report(chosen.status());
  if (!options.tune.empty())
    return tuneCase(options, *chosen);
  BenchReport reporter(options);
  if (!reporter.status().ok())
    return report(reporter.status());
  CaseRunner runner(chosen->document, options,
                    options.small ? jit::Roofline() : measureMachine());
  ProgressLine progress(!options.common.json);
  bool failed = false;
  double done = 0;
  for (const json &about : chosen->cases) {
    if (interrupted())
      break;
    std::string name = about["name"];
    progress.update(name, done++ / double(chosen->cases.size()));
    ProgressLine quiet(false);
    Result<BenchLine> line = runner.run(about, quiet);
    progress.finish();
    if (interrupted())
      break;
    Status status = whatIsWrong(line);
    if (status.ok()) {
      reporter.add(*line, about["metric"] == "gbs");
      continue;
    }
    failed |= status.code() != ErrorCode::Unsupported;
    reporter.addError(name, std::max(1, options.common.threads),
                      status.message());
  }
  reporter.finish();
  if (interrupted())
    return report(Status::error(ErrorCode::Cancelled, "interrupted"));
  if (!reporter.status().ok())
    return report(reporter.status());
  return failed ? kCheckFailed : kDone;
}

Result<std::vector<JitSubject>> cli::jitSubjects(const BenchOptions &options) {
  Result<ChosenCases> chosen = chooseCases(options, options.filter);
  if (!chosen)
    return chosen.status();
  CaseRunner runner(chosen->document, options);
  std::vector<JitSubject> subjects;
  for (const json &about : chosen->cases) {
    Result<JitSubject> subject = runner.subject(about);
    if (subject)
      subjects.push_back(std::move(*subject));
    else if (subject.status().code() != ErrorCode::Unsupported)
      return subject.status();
  }
  return subjects;
}

Result<std::vector<SpecialiseCase>>
cli::specialiseCases(const BenchOptions &options) {
  Result<ChosenCases> chosen =
      chooseCases(options, options.filter.empty() ? "sma_*" : options.filter);
  if (!chosen)
    return chosen.status();
  CaseRunner runner(chosen->document, options);
  std::vector<SpecialiseCase> cases;
  for (const json &about : chosen->cases)
    cases.push_back({about["name"], [runner, about](const Engine &engine) {
                       return runner.specialised(engine, about);
                     }});
  return cases;
}
