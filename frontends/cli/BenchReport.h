//===- BenchReport.h - results of benchmark cases -------------------------===//
#ifndef SEQC_FRONTENDS_CLI_BENCHREPORT_H
#define SEQC_FRONTENDS_CLI_BENCHREPORT_H

#include "frontends/cli/Bench.h"

namespace seqc::cli {

/// Lines for programs, or a table for people at the end; a copy of the lines in
/// a file.
class BenchReport {
public:
  explicit BenchReport(const BenchOptions &options);
  /// Of the copy.
  const Status &status() const { return copy.status(); }

  void add(const BenchLine &line, bool byBytes);
  void addError(const std::string &name, int threads,
                const std::string &message);
  /// Prints the table, if there is one.
  void finish();

private:
  void write(const std::string &text);

  bool lines;
  LineCopy copy;
  std::vector<std::vector<std::string>> rows;
  std::string notes;
};

} // namespace seqc::cli

#endif // SEQC_FRONTENDS_CLI_BENCHREPORT_H
