//===- Common.h - what the subcommands share ------------------------------===//
#ifndef SEQC_FRONTENDS_CLI_COMMON_H
#define SEQC_FRONTENDS_CLI_COMMON_H

#include "frontends/cli/OutputFile.h"
#include "seqc/Engine.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <functional>
#include <initializer_list>
#include <string>

namespace seqc::cli {

/// Exit codes that scripts rely on.
enum ExitCode : int {
  kDone = 0,
  kCheckFailed = 1,
  kBadInput = 2,
  kUnsupported = 3,
  kEnvironment = 4,
  kInternal = 70,
  kInterrupted = 130,
  kClosedPipe = 141 ///< as of a program that SIGPIPE ends
};

int exitCodeOf(const Status &status);

/// Prints "seqc: …" with all diagnostics to stderr; returns the exit code.
int report(const Status &status);

/// Flags that most subcommands take.
struct CommonOptions {
  std::string model;
  std::string target = "cpu";
  int threads = 0;
  bool noCache = false;
  bool json = false;
  std::string schedule; ///< file; empty: none
  /// "off", "on", "aot" or "force"; a command sets what it does by default.
  std::string specialise = "off";
  bool noSpecialise = false;
  std::string profile; ///< file; empty: none
  /// Whether the profile is an input: what to compile ahead.
  bool readsProfile() const { return specialise == "aot"; }
};

/// The flags that a compile takes, without the profile's content.
CompileOptions compileOptions(const CommonOptions &options);
/// Reads the profile that is to be compiled for, if there is one.
Status loadProfile(const CommonOptions &options, CompileOptions &compile);
/// The same model on the reference target, which knows no schedules.
CommonOptions onReference(CommonOptions options);

void addModelArgument(CLI::App &app, CommonOptions &options,
                      bool required = true);
void addCommonFlags(CLI::App &app, CommonOptions &options);
/// --specialise, --no-specialise; the default is what `options` has. "aot" is
/// for commands that also take --profile.
void addSpecialiseFlags(CLI::App &app, CommonOptions &options,
                        bool hasProfile = true);

/// Finite numbers above 0, or from 0 on.
CLI::Validator aboveZero();
CLI::Validator zeroOrMore();

/// An option, and whether anything would come of it.
struct OptionUse {
  bool given, makesSense;
  const char *refusal;
};
/// InvalidArgument for the first that is given and makes no sense.
Status checkUse(std::initializer_list<OptionUse> options);

/// One line of progress on stderr, redrawn in place; silent if stderr is no
/// terminal (then only a line per stage is written) or with --json.
class ProgressLine {
public:
  explicit ProgressLine(bool enabled);
  ~ProgressLine();
  /// `fraction` in [0, 1].
  void update(const std::string &what, double fraction);
  void finish();

private:
  bool enabled;
  bool terminal;
  bool drawn = false;
  double lastDrawn = -1;
};

/// True once Ctrl-C was pressed; long work checks it between calls.
bool interrupted();
void installInterruptHandler();
/// From here on the first Ctrl-C ends the process: there is nothing to finish.
void stopAtOnce();

/// "seqc: file:line: warning: ..." on stderr.
void printDiagnostic(const Diagnostic &diagnostic);

/// An engine with the flags' options and compile progress on `progress`.
Result<Engine> createEngine(const CommonOptions &options,
                            ProgressLine &progress,
                            DiagnosticHandler onDiagnostic = printDiagnostic);

/// A compiled model and the engine that made it.
struct OpenModel {
  Engine engine;
  Program program;
};
/// createEngine and compileModel, with the progress line gone afterwards.
Result<OpenModel> openModel(const CommonOptions &options,
                            ProgressLine &progress,
                            DiagnosticHandler onDiagnostic = printDiagnostic);
Result<Program> compileModel(const Engine &engine,
                             const CommonOptions &options);

/// Tokens of a sequence that the model is made for.
int64_t windowOf(const Program &program);
/// `wanted`, or if that is 0 the same, but no more than the model has
/// positions.
int64_t lengthOf(const Program &program, int64_t wanted);

/// Calls until no variant that calls ask for is waited for or on trial, or
/// nothing changes any more; stops early at an error.
Status settleVariants(const Program &program,
                      const std::function<Status()> &call);

/// Levenshtein distance.
size_t editDistance(const std::string &a, const std::string &b);

/// The text with its control characters spelt out: names come from files, and
/// a terminal obeys what it is sent. Line breaks stay.
std::string printable(const std::string &text);

/// A table with aligned columns; numbers go right, the first column left.
std::string formatTable(const std::vector<std::vector<std::string>> &rows);
std::string formatNumber(double value, int digits);

/// Runs on one subcommand's options; returns an exit code.
using Action = std::function<int()>;

/// Each adds its subcommand to `app` and its action to `action` when chosen.
void addRunCommand(CLI::App &app, Action &action);
void addCheckCommand(CLI::App &app, Action &action);
void addCompileCommand(CLI::App &app, Action &action);
void addBenchCommand(CLI::App &app, Action &action);
void addExplainCommand(CLI::App &app, Action &action);
void addCacheCommand(CLI::App &app, Action &action);
void addImportCommand(CLI::App &app, Action &action);
void addDoctorCommand(CLI::App &app, Action &action);

} // namespace seqc::cli

#endif // SEQC_FRONTENDS_CLI_COMMON_H
