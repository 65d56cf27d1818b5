//===- BenchReport.cpp - results of benchmark cases -----------------------===//

#include "frontends/cli/BenchReport.h"
#include "frontends/cli/CheckOptions.h"

#include <iostream>
#include <unistd.h>

using namespace seqc;
using namespace seqc::cli;

static std::string timeText(double ms) {
  if (ms < 0.1)
    return formatNumber(ms * 1e3, 1) + " us";
  return formatNumber(ms, ms < 10 ? 3 : 1) + " ms";
}

static std::vector<std::string> tableRow(const BenchLine &line, bool byBytes) {
  double best = line.times.least();
  std::string rate;
  if (line.work.flops > 0)
    rate = byBytes ? formatNumber(line.work.bytes / best / 1e6, 1) + " GB/s"
                   : formatNumber(line.work.flops / best / 1e6, 1) + " GF/s";
  std::string share = line.limitMs > 0
                          ? formatNumber(100 * line.limitMs / best, 0) + " %"
                          : "-";
  return {line.name,
          timeText(best),
          rate,
          share,
          formatScientific(line.checkError),
          timeText(line.compileMs)};
}

BenchReport::BenchReport(const BenchOptions &options)
    : lines(options.common.json || !isatty(STDOUT_FILENO)) {
  copy.open(options.jsonFile);
  rows.push_back({"case", "time", "rate", "of limit", "error", "compile"});
}

void BenchReport::add(const BenchLine &line, bool byBytes) {
  rows.push_back(tableRow(line, byBytes));
  write(line.json().dump());
}

void BenchReport::addError(const std::string &name, int threads,
                           const std::string &message) {
  nlohmann::ordered_json object = {{"case", name},
                                   {"peer", "seqc"},
                                   {"threads", threads},
                                   {"error", message}};
  rows.push_back({name, "-"});
  notes += name + ": " + message + '\n';
  write(object.dump());
}

void BenchReport::finish() {
  if (!lines)
    std::cout << formatTable(rows) << notes;
}

void BenchReport::write(const std::string &text) {
  if (lines)
    std::cout << text << std::endl;
  copy.add(text);
}
