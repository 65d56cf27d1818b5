//===- BenchJit.cpp - `seqc bench --suite jit` ----------------------------===//
//
// What compiling costs: each kernel cold, the whole model cold on one thread
// and on several, warm from a disk cache and from memory, and what a call pays
// per kernel it dispatches. Minima of some repeats.
//
//===----------------------------------------------------------------------===//
#include "frontends/cli/BenchJit.h"

#include "frontends/cli/CheckOptions.h"
#include "frontends/cli/ScratchCache.h"

#include <algorithm>
#include <iostream>
#include <unistd.h>

using namespace seqc;
using namespace seqc::cli;

namespace {
struct JitTimes {
  std::vector<KernelStats> kernels;
  double coldMs = 0, coldThreadsMs = 0, diskMs = 0, memoryMs = 0;
  int threads = 1;
  int sites = 0;     ///< kernels that a call runs, counting repeats
  double callUs = 0; ///< one row
  std::string target;
};

class JitSuite {
public:
  JitSuite(const BenchOptions &options)
      : options(options), repeats(options.repeats > 0 ? options.repeats : 5) {}

  Result<JitTimes> measure(const JitSubject &subject);

private:
  Result<Engine> engine(int threads, const std::string &cacheDir) const;
  Result<Program> compile(const Engine &engine,
                          const JitSubject &subject) const;
  Result<double> coldMs(const JitSubject &subject, int threads,
                        std::vector<KernelStats> *kernels) const;
  Result<double> diskMs(const JitSubject &subject) const;
  Status timeCall(const Program &program, JitTimes &times) const;

  const BenchOptions &options;
  const int repeats;
};
} // namespace

Result<Engine> JitSuite::engine(int threads,
                                const std::string &cacheDir) const {
  EngineOptions wanted = EngineOptions::fromEnvironment();
  wanted.threads = threads;
  wanted.cacheDir = cacheDir;
  wanted.onDiagnostic = printDiagnostic;
  wanted.onProgress = [](const Progress &) { return !interrupted(); };
  return Engine::create(wanted);
}

Result<Program> JitSuite::compile(const Engine &engine,
                                  const JitSubject &subject) const {
  CompileOptions wanted = compileOptions(options.common);
  wanted.useCache = true; // the engine decides whether there is a disk
  return engine.compile(subject.source, wanted);
}

/// Each time with an engine that knows nothing yet. `kernels` receives the
/// least time of each.
Result<double> JitSuite::coldMs(const JitSubject &subject, int threads,
                                std::vector<KernelStats> *kernels) const {
  double best = 0;
  for (int i = 0; i < repeats; ++i) {
    Result<Engine> fresh = engine(threads, "");
    if (!fresh)
      return fresh.status();
    Result<Program> program = compile(*fresh, subject);
    if (!program)
      return program.status();
    const CompileStats &stats = program->stats();
    best = i ? std::min(best, stats.totalMs) : stats.totalMs;
    if (!kernels)
      continue;
    if (i == 0)
      *kernels = stats.perKernel;
    for (size_t k = 0; k < kernels->size(); ++k) {
      (*kernels)[k].passesMs =
          std::min((*kernels)[k].passesMs, stats.perKernel[k].passesMs);
      (*kernels)[k].codegenMs =
          std::min((*kernels)[k].codegenMs, stats.perKernel[k].codegenMs);
    }
  }
  return best;
}

Result<double> JitSuite::diskMs(const JitSubject &subject) const {
  ScratchCache cache;
  if (Status status = cache.status(); !status.ok())
    return status;
  double best = 0;
  for (int i = 0; i <= repeats; ++i) { // the first one fills the cache
    Result<Engine> fresh = engine(1, cache.path);
    if (!fresh)
      return fresh.status();
    Result<Program> program = compile(*fresh, subject);
    if (!program)
      return program.status();
    if (i > 0 && !program->stats().warm)
      return Status::error(ErrorCode::Unavailable,
                           "the disk cache in " + cache.path +
                               " does not keep what is compiled");
    double ms = program->stats().totalMs;
    best = i > 1 ? std::min(best, ms) : ms;
  }
  return best;
}

/// One sequence of one row: hardly any arithmetic beside the dispatch.
Status JitSuite::timeCall(const Program &program, JitTimes &times) const {
  std::vector<Tensor> inputs = randomInputs(program, 1, 1);
  std::vector<TensorRef> refs;
  for (Tensor &tensor : inputs)
    refs.push_back(tensor.ref());
  Result<std::vector<Tensor>> results = runOnce(program, refs);
  if (!results)
    return results.status();
  Result<Session> session = program.session();
  if (!session)
    return session.status();
  BenchStart start;
  start.prepare = [](Session &used) { return used.resetState(); };
  Result<BenchTimes> calls =
      timeCalls(*session, refs, *results, start, 200 * repeats);
  if (!calls)
    return calls.status();
  times.callUs = 1e3 * calls->least();
  return {};
}

Result<JitTimes> JitSuite::measure(const JitSubject &subject) {
  JitTimes times;
  times.threads = options.common.threads > 1 ? options.common.threads : 2;
  // Loads libraries and touches tables that all later compiles share.
  Result<Engine> kept = engine(1, "");
  if (!kept)
    return kept.status();
  Result<Program> program = compile(*kept, subject);
  if (!program)
    return program.status();
  times.target = std::string(program->target());
  times.sites = program->stats().sites;
  Result<double> cold = coldMs(subject, 1, &times.kernels);
  if (!cold)
    return cold.status();
  times.coldMs = *cold;
  Result<double> parallel = coldMs(subject, times.threads, nullptr);
  if (!parallel)
    return parallel.status();
  times.coldThreadsMs = *parallel;
  Result<double> disk = diskMs(subject);
  if (!disk)
    return disk.status();
  times.diskMs = *disk;
  for (int i = 0; i < repeats; ++i) {
    Result<Program> again = compile(*kept, subject);
    if (!again)
      return again.status();
    double ms = again->stats().totalMs;
    times.memoryMs = i ? std::min(times.memoryMs, ms) : ms;
  }
  if (Status status = timeCall(*program, times); !status.ok())
    return status;
  return times;
}

//===----------------------------------------------------------------------===//
// What is printed
//===----------------------------------------------------------------------===//

static bool isAttention(const KernelStats &kernel) {
  return kernel.symbol.find("attend") != std::string::npos;
}

static double totalMs(const KernelStats &kernel) {
  return kernel.passesMs + kernel.codegenMs;
}

namespace {
/// The kernels' cold times together; 0 where there is no kernel of that kind.
struct Summary {
  double median = 0, most = 0, attention = 0;
};
} // namespace

static Summary summarise(const std::vector<KernelStats> &kernels) {
  Summary summary;
  std::vector<double> times;
  for (const KernelStats &kernel : kernels) {
    times.push_back(totalMs(kernel));
    double &most = isAttention(kernel) ? summary.attention : summary.most;
    most = std::max(most, times.back());
  }
  if (times.empty())
    return summary;
  auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  summary.median = *middle;
  return summary;
}

static std::string linesOf(const std::string &name, const JitTimes &times) {
  std::string lines;
  for (const KernelStats &kernel : times.kernels)
    lines += nlohmann::ordered_json({{"suite", "jit"},
                                     {"model", name},
                                     {"kernel", kernel.symbol},
                                     {"attention", isAttention(kernel)},
                                     {"passes_ms", kernel.passesMs},
                                     {"codegen_ms", kernel.codegenMs},
                                     {"total_ms", totalMs(kernel)},
                                     {"target", times.target}})
                 .dump() +
             '\n';
  Summary summary = summarise(times.kernels);
  return lines + nlohmann::ordered_json(
                     {{"suite", "jit"},
                      {"model", name},
                      {"kernels", times.kernels.size()},
                      {"kernel_median_ms", summary.median},
                      {"kernel_max_ms", summary.most},
                      {"attention_max_ms", summary.attention},
                      {"cold_1_thread_ms", times.coldMs},
                      {"cold_ms", times.coldThreadsMs},
                      {"threads", times.threads},
                      {"warm_disk_ms", times.diskMs},
                      {"warm_memory_ms", times.memoryMs},
                      {"sites", times.sites},
                      {"call_us", times.callUs},
                      {"us_per_site",
                       times.sites ? times.callUs / times.sites : times.callUs},
                      {"target", times.target},
                      {"version", SEQC_VERSION}})
                     .dump();
}

static void printTable(const std::string &name, const JitTimes &times) {
  auto ms = [](double value) { return formatNumber(value, 1) + " ms"; };
  std::vector<std::vector<std::string>> rows = {
      {"kernel", "passes", "codegen", "together"}};
  for (const KernelStats &kernel : times.kernels)
    rows.push_back({kernel.symbol, ms(kernel.passesMs), ms(kernel.codegenMs),
                    ms(totalMs(kernel))});
  Summary summary = summarise(times.kernels);
  rows.push_back({"median", "", "", ms(summary.median)});
  rows.push_back({"most, without attention", "", "", ms(summary.most)});
  if (summary.attention > 0)
    rows.push_back({"most, attention", "", "", ms(summary.attention)});
  std::string threads = std::to_string(times.threads);
  std::cout << formatTable(rows) << '\n'
            << formatTable(
                   {{name, times.target},
                    {"cold, 1 thread", ms(times.coldMs)},
                    {"cold, " + threads + " threads", ms(times.coldThreadsMs)},
                    {"warm, from disk", ms(times.diskMs)},
                    {"warm, from memory", ms(times.memoryMs)},
                    {"call of one row", formatNumber(times.callUs, 1) + " us"},
                    {"kernels it runs", std::to_string(times.sites)},
                    {"per kernel",
                     formatNumber(times.sites ? times.callUs / times.sites
                                              : times.callUs,
                                  2) +
                         " us"}});
}

int cli::benchJit(const BenchOptions &options,
                  const std::vector<JitSubject> &subjects) {
  if (options.common.target == "reference")
    return report(Status::error(ErrorCode::InvalidArgument,
                                "target reference compiles nothing; expected "
                                "cpu or one of its levels"));
  LineCopy copy;
  copy.open(options.jsonFile);
  if (!copy.status().ok())
    return report(copy.status());
  bool lines = options.common.json || !isatty(STDOUT_FILENO);
  for (const JitSubject &subject : subjects) {
    Result<JitTimes> times = JitSuite(options).measure(subject);
    if (!times)
      return report(times.status());
    std::string text = linesOf(subject.name, *times);
    if (lines)
      std::cout << text << std::endl;
    else
      printTable(subject.name, *times);
    copy.add(text);
  }
  return copy.status().ok() ? kDone : report(copy.status());
}
