//===- Bench.h - what the benchmark files share ---------------------------===//
#ifndef SEQC_FRONTENDS_CLI_BENCH_H
#define SEQC_FRONTENDS_CLI_BENCH_H

#include "frontends/cli/Common.h"
#include "runtime/jit/Roofline.h"

#include <functional>
#include <string>
#include <vector>

namespace seqc::cli {

struct BenchOptions {
  CommonOptions common;
  std::string filter; ///< patterns of case names, separated by commas
  std::string jsonFile;
  int repeats = 0;    ///< calls that are timed; 0: until the minimum is stable
  bool small = false; ///< the cases' small variants
  int64_t length = 0; ///< 0: the model's window
  int64_t batch = 1;
  std::string suite; ///< "jit": compiling, "specialise": variants, else calls
  std::vector<std::string> parts; ///< of the suite "specialise"; empty: all
  std::vector<double> densities;  ///< per cent of active rows; empty: as it is
  std::string tune; ///< file for the schedule that a search finds; empty: none
};

struct BenchTimes {
  double firstMs = 0;       ///< the first call, which allocates
  double processorMs = 0;   ///< smallest processor time of a call, all threads
  std::vector<double> ms;   ///< the calls after the first
  int64_t sincePrepare = 0; ///< number of the last call, from 1 on

  double least() const;
};

/// Work of one call in its minimal form; 0: not counted.
struct BenchWork {
  int64_t tokens = 0;
  double flops = 0, exps = 0, bytes = 0;

  /// Milliseconds that the machine needs at least; 0: unknown.
  double limitMs(const jit::Roofline &machine, int threads) const;
};

struct BenchLine {
  std::string name, op, target;
  int threads = 1;
  BenchTimes times;
  double compileMs = 0;
  int kernels = 0;
  bool warm = false;
  BenchWork work;
  double limitMs = 0;    ///< 0: unknown
  double checkError = 0; ///< of the timed output
  double smallError = 0; ///< of the case's small variant
  bool checkOk = false;

  nlohmann::ordered_json json() const;
};

/// The option that shifts all gates of a model: -inf opens, +inf closes them.
inline constexpr const char *kGateBias = "act_bias";

/// What timed calls start from.
struct BenchStart {
  /// Called before a call, outside its time.
  std::function<Status(Session &)> prepare;
  int64_t every = 1; ///< calls from one `prepare` to the next
};

/// Repeats a call `repeats` times, or until its minimum is stable. `results`
/// holds the output of the last one.
Result<BenchTimes> timeCalls(Session &session,
                             const std::vector<TensorRef> &inputs,
                             std::vector<Tensor> &results,
                             const BenchStart &start, int repeats);

int benchCases(const BenchOptions &options);

} // namespace seqc::cli

#endif // SEQC_FRONTENDS_CLI_BENCH_H
