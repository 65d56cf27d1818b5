//===- Tuner.h - a search for better schedules ----------------------------===//
#ifndef SEQC_FRONTENDS_CLI_TUNER_H
#define SEQC_FRONTENDS_CLI_TUNER_H

#include "frontends/cli/Bench.h"

#include <functional>
#include <string>
#include <vector>

namespace seqc::cli {

/// What is tuned: how it is compiled, called and checked.
struct TuneSubject {
  std::string name;
  ModelSource source;
  CompileOptions compile; ///< with the schedule to start from, if any
  std::vector<TensorRef> inputs;
  std::vector<Tensor> results; ///< of the right shapes
  BenchStart start;
  /// What is wrong with results of call number `calls` since `start.prepare`;
  /// empty: nothing.
  std::function<std::string(std::vector<Tensor> &results, int64_t calls)> check;
};

/// Climbs from the schedule of each kernel to better ones, the kernels that
/// take most of the time first, and writes what it found to `options.tune`,
/// also on Ctrl-C. Returns an exit code.
int tuneSchedule(const Engine &engine, const TuneSubject &subject,
                 const BenchOptions &options);

} // namespace seqc::cli

#endif // SEQC_FRONTENDS_CLI_TUNER_H
