//===- Engine.h - compile a model description to a program ----------------===//
//
// The entry point of the public API:
//
//   auto engine  = seqc::Engine::create();
//   auto program = engine->compile(seqc::ModelSource::fromFile("model.json"));
//   auto session = program->session();
//   session->run(inputs, 1, outputs, 1);
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_ENGINE_H
#define SEQC_ENGINE_H

#include "seqc/Program.h"
#include "seqc/Status.h"
#include "seqc/WeightSource.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace seqc {

/// Progress of a compile: `done` of `total` work items, `what` names the one
/// that just ended ("kernel 3 of 8: scan"). Return false to cancel.
struct Progress {
  std::string what;
  int done = 0;
  int total = 0;
};
using ProgressHandler = std::function<bool(const Progress &)>;
using DiagnosticHandler = std::function<void(const Diagnostic &)>;

struct EngineOptions {
  /// Folder of the disk cache; empty: no disk cache.
  std::string cacheDir;
  /// Least-recently-used entries are dropped above this.
  uint64_t cacheBytes = uint64_t(1) << 30;
  /// Threads for running and compiling; 0: one per core. Engine::create refuses
  /// numbers outside [0, kMaxThreads].
  int threads = 0;
  static constexpr int kMaxThreads = 1024;
  /// File to which the address, size and name of each kernel in memory are
  /// appended, in the form that Linux `perf` reads from /tmp/perf-PID.map;
  /// empty: none.
  std::string perfMap;
  /// Both may be called from any thread, also at the same time.
  DiagnosticHandler onDiagnostic;
  ProgressHandler onProgress;

  /// Defaults plus SEQC_CACHE_DIR, SEQC_DISABLE_CACHE, SEQC_THREADS and
  /// SEQC_PERF_MAP (1: the file that perf looks for). A SEQC_THREADS that is no
  /// number of threads is left to Engine::create to refuse. The only place
  /// that reads the environment. The default folder is
  /// $XDG_CACHE_HOME/seqc, else $HOME/.cache/seqc.
  static EngineOptions fromEnvironment();
};

/// What is compiled while a program runs (docs/Rationale/Specialisation.md).
enum class Specialise : uint8_t {
  Off,        ///< nothing: results do not depend on earlier calls
  Background, ///< variants that calls ask for, tried and kept where faster
  Ahead,      ///< what `profile` asks for, in Engine::compile; then no change
  Force       ///< all, in Engine::compile, taken wherever they may; for tests
};

struct CompileOptions {
  /// "reference", "cpu" (this machine), "cpu:avx512", "cpu:avx2",
  /// "cpu:baseline", "cpu:neon" (object only).
  std::string target = "cpu";
  /// Write the IR after each phase here; empty: do not.
  std::string dumpDir;
  bool useCache = true;
  /// A schedule file (docs/Benchmarks.md, "Tuning"): tiles of kernels in place
  /// of those that the schedule model chooses; empty: none. Refused for
  /// "reference", which has no kernels.
  std::string schedule;
  /// The content of that file, if it is in memory; `schedule` is then only what
  /// messages call it.
  std::string scheduleText;
  /// "reference" has nothing to specialise.
  Specialise specialise = Specialise::Background;
  /// For Specialise::Ahead: text of Profile::serialise, of this model.
  std::string profile;
  /// For Engine::emit, forms after "kernels": this variant of the kernels that
  /// have it in place of all kernels; empty: none.
  std::string variant;
};

/// A model description and its weights.
struct ModelSource {
  std::string path; ///< file that text came from; empty for text in memory
  std::string text; ///< JSON; MLIR where `name` ends in ".mlir"
  std::string name; ///< what messages call it
  std::string baseDir; ///< where relative weight paths start
  /// Overrides the weight files that the description names, if set.
  std::shared_ptr<const WeightSource> weights;

  /// A JSON or .mlir file, or a folder that holds model.json or a checkpoint
  /// (config.json and weights). Reading happens in Engine::compile, which
  /// reports a missing file.
  static ModelSource fromFile(std::string path);
  static ModelSource fromText(std::string text, std::string name = "<memory>");
};

/// Compiles models. Thread-safe; cheap to copy (copies share caches and
/// threads). The same model compiled twice at once is compiled once.
class Engine {
public:
  static Result<Engine> create(const EngineOptions &options = EngineOptions::fromEnvironment());

  /// Ownership: the program keeps what it needs of `source` (mapped weights).
  Result<Program> compile(const ModelSource &source,
                          const CompileOptions &options = {}) const;
  /// IR or text of one --emit form ("seqc", "kernels", "plan", "vector",
  /// "llvm", "llvm-ir", "asm", "obj") or of a phase by name.
  Result<std::string> emit(const ModelSource &source, const std::string &form,
                           const CompileOptions &options = {}) const;
  /// Targets that this machine can run.
  std::vector<std::string> targets() const;
  const EngineOptions &options() const;

private:
  struct Impl;
  std::shared_ptr<Impl> impl;
  friend class Program;
};

} // namespace seqc

#endif // SEQC_ENGINE_H
