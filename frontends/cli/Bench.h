//===- Bench.h - what the benchmark files share ---------------------------===//
#ifndef SEQC_FRONTENDS_CLI_BENCH_H
#define SEQC_FRONTENDS_CLI_BENCH_H

#include "frontends/cli/Common.h"

#include <iosfwd>
#include <string>
#include <vector>

namespace seqc::cli {

struct BenchOptions {
  CommonOptions common;
  std::string filter;
  std::string jsonFile;
  int64_t length = 0; ///< 0: the model's window
  int64_t batch = 1;
};

struct BenchTimes {
  double firstMs = 0;     ///< the first call, which allocates
  double processorMs = 0; ///< smallest processor time of a call, all threads
  std::vector<double> ms; ///< the calls after the first
};

struct BenchLine {
  std::string name, target;
  int threads = 1;
  BenchTimes times;
  double compileMs = 0;
  bool warm = false;
  int64_t tokens = 0;
  double flops = 0;      ///< minimal count; 0: unknown
  double peakGflops = 0; ///< of one thread; 0: unknown
  double checkError = 0;
  bool checkOk = false;
};

/// Repeats a call until its minimum is stable. `results` holds the output of
/// the last one.
Result<BenchTimes> timeCalls(Session &session,
                             const std::vector<TensorRef> &inputs,
                             std::vector<Tensor> &results, bool keepState);
void printBenchLine(const BenchLine &line, std::ostream &stream);

int benchCases(const BenchOptions &options);

} // namespace seqc::cli

#endif // SEQC_FRONTENDS_CLI_BENCH_H
