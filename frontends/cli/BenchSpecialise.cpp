//===- BenchSpecialise.cpp - `seqc bench --suite specialise` --------------===//
//
// Parts, cases and what is printed of them.
//
//===----------------------------------------------------------------------===//
#include "frontends/cli/BenchSpecialise.h"

#include "frontends/cli/BenchContender.h"

#include <algorithm>
#include <iostream>
#include <unistd.h>

using namespace seqc;
using namespace seqc::cli;

std::string cli::barText(double ratio, double bar) {
  if (ratio <= bar)
    return "pass";
  return "SHORT: " + formatNumber(ratio, 4) + " > " + formatNumber(bar, 3);
}

namespace {
/// Lines for programs, or a table of each part at the end.
class SpecialiseReport {
public:
  explicit SpecialiseReport(const BenchOptions &options)
      : lines(options.common.json || !isatty(STDOUT_FILENO)),
        threads(options.common.threads) {
    copy.open(options.jsonFile);
  }

  void add(const std::string &part, const std::vector<std::string> &header,
           const std::string &name, const PartResult &result);
  /// Of the copy.
  const Status &status() const { return copy.status(); }
  void finish() const {
    for (const auto &[part, table] : tables)
      if (!lines)
        std::cout << part << '\n' << formatTable(table) << '\n';
  }

private:
  using Table = std::vector<std::vector<std::string>>;

  const bool lines;
  const int threads;
  LineCopy copy;
  std::vector<std::pair<std::string, Table>> tables; ///< by part
};
} // namespace

void SpecialiseReport::add(const std::string &part,
                           const std::vector<std::string> &header,
                           const std::string &name, const PartResult &result) {
  nlohmann::ordered_json line = {
      {"suite", "specialise"}, {"part", part}, {"case", name}};
  line.update(result.figures);
  line["threads"] = threads;
  line["cores"] = usableCores();
  line["target"] = result.target;
  line["version"] = SEQC_VERSION;
  if (lines)
    std::cout << line.dump() << std::endl;
  copy.add(line.dump());
  if (tables.empty() || tables.back().first != part) {
    tables.push_back({part, {header}});
    tables.back().second[0].insert(tables.back().second[0].begin(), "case");
  }
  std::vector<std::string> row = result.row;
  row.insert(row.begin(), name);
  tables.back().second.push_back(std::move(row));
}

namespace {
struct Part {
  const char *name;
  std::vector<std::string> (*header)();
  Result<PartResult> (*measure)(const BenchOptions &options,
                                const Engine &engine,
                                const SpecialiseSubject &subject);
};

/// Measures one part of one case after the other.
class SpecialiseSuite {
public:
  explicit SpecialiseSuite(const BenchOptions &given)
      : options(given), report(options) {}

  /// An exit code.
  int run(const Part &part, const SpecialiseCase &about);
  void finish() const { report.finish(); }
  /// Of what is written.
  const Status &status() const { return report.status(); }

private:
  Result<PartResult> measure(const Part &part, const SpecialiseCase &about,
                             double density);

  const BenchOptions &options;
  SpecialiseReport report;
};
} // namespace

static Result<PartResult> gainsAsTheyAre(const BenchOptions &options,
                                         const Engine &engine,
                                         const SpecialiseSubject &subject) {
  return measureGains(options, engine, subject, -1);
}

static const std::vector<Part> &allParts() {
  static const std::vector<Part> parts = {
      {"gains", gainsHeader, gainsAsTheyAre},
      {"jumps", jumpsHeader, measureJumps},
      {"first-calls", firstCallsHeader, measureFirstCalls},
      {"counting", countingHeader, measureCounting}};
  return parts;
}

/// With an engine of its own: variants and verdicts of earlier runs are no part
/// of a measurement.
Result<PartResult> SpecialiseSuite::measure(const Part &part,
                                            const SpecialiseCase &about,
                                            double density) {
  CommonOptions common = options.common;
  common.noCache = true;
  ProgressLine quiet(false);
  Result<Engine> engine = createEngine(common, quiet);
  if (!engine)
    return engine.status();
  Result<SpecialiseSubject> subject = about.make(*engine);
  if (!subject)
    return subject.status();
  return density < 0 ? part.measure(options, *engine, *subject)
                     : measureGains(options, *engine, *subject, density);
}

int SpecialiseSuite::run(const Part &part, const SpecialiseCase &about) {
  std::vector<double> densities = {-1};
  if (part.measure == gainsAsTheyAre && !options.densities.empty())
    densities = options.densities;
  for (double density : densities) {
    Result<PartResult> result = measure(part, about, density / 100);
    if (!result)
      return cli::report(result.status());
    if (!result->mismatch.empty()) {
      std::cerr << "seqc: " << about.name << ": " << result->mismatch
                << "; no time is reported\n";
      return kCheckFailed;
    }
    if (!result->row.empty())
      report.add(part.name, part.header(), about.name, *result);
  }
  return kDone;
}

int cli::benchSpecialise(const BenchOptions &given,
                         const std::vector<SpecialiseCase> &cases) {
  if (given.common.target == "reference")
    return report(Status::error(ErrorCode::InvalidArgument,
                                "target reference has no variants; expected "
                                "cpu or one of its levels"));
  BenchOptions options = given;
  options.common.threads = std::max(1, options.common.threads);
  SpecialiseSuite suite(options);
  if (!suite.status().ok())
    return report(suite.status());
  for (const Part &part : allParts()) {
    const std::vector<std::string> &wanted = options.parts;
    if (!wanted.empty() &&
        std::find(wanted.begin(), wanted.end(), part.name) == wanted.end())
      continue;
    for (const SpecialiseCase &about : cases)
      if (int code = suite.run(part, about); code != kDone)
        return code;
  }
  suite.finish();
  return suite.status().ok() ? kDone : report(suite.status());
}
