//===- Common.cpp - what the subcommands share ----------------------------===//

#include "frontends/cli/Common.h"

#include "frontends/cli/TokenFile.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <unistd.h>

using namespace seqc;
using namespace seqc::cli;

int cli::exitCodeOf(const Status &status) {
  switch (status.code()) {
  case ErrorCode::Ok:
    return kDone;
  case ErrorCode::InvalidArgument:
  case ErrorCode::InvalidModel:
    return kBadInput;
  case ErrorCode::Unsupported:
    return kUnsupported;
  case ErrorCode::Unavailable:
  case ErrorCode::ResourceExhausted:
  case ErrorCode::DeviceError:
    return kEnvironment;
  case ErrorCode::Cancelled:
    return kInterrupted;
  case ErrorCode::CompileFailed:
  case ErrorCode::Internal:
    return kInternal;
  }
  return kInternal;
}

int cli::report(const Status &status) {
  std::cerr << "seqc: " << printable(status.str()) << '\n';
  int code = exitCodeOf(status);
  if (code == kInternal)
    std::cerr << "seqc: this is a bug in seqc; please report it with the "
                 "command, the model "
                 "description and the output of `seqc doctor`\n";
  return code;
}

void cli::addModelArgument(CLI::App &app, CommonOptions &options,
                           bool required) {
  auto *model = app.add_option(
      "MODEL", options.model,
      "model description (.json), .mlir file or checkpoint folder");
  if (required)
    model->required();
}

void cli::addCommonFlags(CLI::App &app, CommonOptions &options) {
  app.add_option(
         "--target", options.target,
         "cpu (this machine), cpu:avx512, cpu:avx2, cpu:baseline or reference")
      ->capture_default_str();
  app.add_option("--threads", options.threads,
                 "threads to use (0: one per core)")
      ->check(CLI::Range(0, EngineOptions::kMaxThreads))
      ->capture_default_str();
  app.add_flag("--no-cache", options.noCache,
               "neither read nor write the disk cache");
  app.add_flag("--json", options.json, "print one JSON object per result");
  app.add_option("--schedule", options.schedule,
                 "file with tiles of kernels, as `seqc bench --tune` writes");
}

void cli::addSpecialiseFlags(CLI::App &app, CommonOptions &options,
                             bool hasProfile) {
  std::vector<std::string> modes = {"on", "off"};
  if (hasProfile)
    modes.push_back("aot");
  modes.push_back("force");
  auto *mode =
      app.add_option(
             "--specialise", options.specialise,
             std::string("on: kernels for the calls that come, compiled while "
                         "the program runs; ") +
                 (hasProfile ? "aot: those of --profile, ahead; " : "") +
                 "force: all, ahead; off")
          ->check(CLI::IsMember(modes))
          ->capture_default_str();
  app.add_flag("--no-specialise", options.noSpecialise,
               "generic kernels only: results do not depend on earlier calls")
      ->excludes(mode);
}

static CLI::Validator numberFrom(bool withZero) {
  std::string text = withZero ? "a number of 0 or more" : "a number above 0";
  return CLI::Validator(
      [withZero, text](std::string &word) -> std::string {
        char *end = nullptr;
        double value = std::strtod(word.c_str(), &end);
        bool isNumber = end != word.c_str() && *end == 0;
        if (isNumber && std::isfinite(value) &&
            (withZero ? value >= 0 : value > 0))
          return "";
        return "expected " + text + ", got '" + word + "'";
      },
      "");
}

CLI::Validator cli::aboveZero() { return numberFrom(/*withZero=*/false); }
CLI::Validator cli::zeroOrMore() { return numberFrom(/*withZero=*/true); }

Status cli::checkUse(std::initializer_list<OptionUse> options) {
  for (const OptionUse &option : options)
    if (option.given && !option.makesSense)
      return Status::error(ErrorCode::InvalidArgument, option.refusal);
  return {};
}

//===----------------------------------------------------------------------===//
// Progress and interruption
//===----------------------------------------------------------------------===//

ProgressLine::ProgressLine(bool enabled)
    : enabled(enabled), terminal(isatty(STDERR_FILENO)) {}

ProgressLine::~ProgressLine() { finish(); }

void ProgressLine::update(const std::string &what, double fraction) {
  if (!enabled || !terminal)
    return;
  if (fraction < 1 && fraction - lastDrawn < 0.01 && lastDrawn <= fraction)
    return;
  lastDrawn = fraction;
  constexpr int kWidth = 30;
  int filled = static_cast<int>(fraction * kWidth + 0.5);
  std::string bar =
      std::string(filled, '#') + std::string(kWidth - filled, '.');
  std::fprintf(stderr, "\r\033[K[%s] %3.0f %% %s", bar.c_str(), fraction * 100,
               what.c_str());
  std::fflush(stderr);
  drawn = true;
}

void ProgressLine::finish() {
  if (drawn)
    std::fprintf(stderr, "\r\033[K");
  drawn = false;
  lastDrawn = -1;
}

static std::atomic<bool> gInterrupted{false};
static std::atomic<bool> gStopsAtOnce{false};

bool cli::interrupted() { return gInterrupted.load(std::memory_order_relaxed); }

void cli::installInterruptHandler() {
  struct sigaction action = {};
  action.sa_handler = [](int) {
    // A second Ctrl-C does not wait for the current call to end.
    if (gInterrupted.exchange(true) || gStopsAtOnce.load())
      _exit(kInterrupted);
  };
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  // Writes to a closed pipe or beyond a limit of file sizes fail instead.
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
}

void cli::stopAtOnce() {
  gStopsAtOnce = true;
  if (gInterrupted)
    _exit(kInterrupted);
}

//===----------------------------------------------------------------------===//
// Engine
//===----------------------------------------------------------------------===//

void cli::printDiagnostic(const Diagnostic &diagnostic) {
  std::cerr << "seqc: " << printable(diagnostic.str()) << '\n';
}

Result<Engine> cli::createEngine(const CommonOptions &options,
                                 ProgressLine &progress,
                                 DiagnosticHandler onDiagnostic) {
  EngineOptions engineOptions = EngineOptions::fromEnvironment();
  if (options.noCache)
    engineOptions.cacheDir.clear();
  if (options.threads)
    engineOptions.threads = options.threads;
  engineOptions.onDiagnostic = std::move(onDiagnostic);
  engineOptions.onProgress = [&progress](const Progress &step) {
    progress.update("compiling: " + step.what,
                    step.total ? double(step.done) / step.total : 0);
    return !interrupted();
  };
  return Engine::create(engineOptions);
}

CompileOptions cli::compileOptions(const CommonOptions &options) {
  CompileOptions compile;
  compile.target = options.target;
  compile.useCache = !options.noCache;
  compile.schedule = options.schedule;
  if (options.noSpecialise || options.specialise == "off")
    compile.specialise = Specialise::Off;
  else if (options.specialise == "aot")
    compile.specialise = Specialise::Ahead;
  else if (options.specialise == "force")
    compile.specialise = Specialise::Force;
  return compile;
}

Status cli::loadProfile(const CommonOptions &options, CompileOptions &compile) {
  if (!options.readsProfile() || options.noSpecialise)
    return {};
  if (options.profile.empty())
    return Status::error(ErrorCode::InvalidArgument,
                         "--specialise=aot compiles for a profile: expected "
                         "--profile FILE, as `seqc run --profile` writes it");
  Result<std::string> text = readFile(options.profile);
  if (!text)
    return text.status();
  compile.profile = std::move(*text);
  // What is wrong with it is told with the name of the file.
  if (Result<Profile> profile = Profile::parse(compile.profile); !profile)
    return Status::error(profile.status().code(),
                         options.profile + ": " + profile.status().message());
  return {};
}

CommonOptions cli::onReference(CommonOptions options) {
  options.target = "reference";
  options.schedule.clear();
  options.specialise = "off";
  return options;
}

Result<Program> cli::compileModel(const Engine &engine,
                                  const CommonOptions &options) {
  CompileOptions compile = compileOptions(options);
  if (Status status = loadProfile(options, compile); !status.ok())
    return status;
  return engine.compile(ModelSource::fromFile(options.model), compile);
}

int64_t cli::windowOf(const Program &program) {
  std::string own = program.metadata("window");
  return own.empty() ? 512 : std::atoll(own.c_str());
}

int64_t cli::lengthOf(const Program &program, int64_t wanted) {
  if (wanted)
    return wanted;
  int64_t length = windowOf(program);
  int64_t most = program.signature().maxPositions;
  return most > 0 ? std::min(length, most) : length;
}

/// Calls between two looks at the states.
static constexpr int kSettleCalls = 8;
static constexpr int kSettleRounds = 64;

Status cli::settleVariants(const Program &program,
                           const std::function<Status()> &call) {
  std::string before;
  int same = 0;
  for (int round = 0; round < kSettleRounds && same < 8; ++round) {
    for (int i = 0; i < kSettleCalls; ++i) {
      if (interrupted())
        return Status::error(ErrorCode::Cancelled, "interrupted");
      if (Status status = call(); !status.ok())
        return status;
    }
    program.waitForVariants();
    std::string states;
    bool open = false;
    for (const SiteVariants &site : program.variants())
      for (const VariantInfo &variant : site.variants) {
        states += variant.state + ";";
        open |= variant.state == "trying" || variant.state == "queued" ||
                variant.state == "compiling";
      }
    same = states == before && !open ? same + 1 : 0;
    before = std::move(states);
  }
  return {};
}

size_t cli::editDistance(const std::string &a, const std::string &b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j < row.size(); ++j)
    row[j] = j;
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      size_t replaced = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

Result<OpenModel> cli::openModel(const CommonOptions &options,
                                 ProgressLine &progress,
                                 DiagnosticHandler onDiagnostic) {
  Result<Engine> engine =
      createEngine(options, progress, std::move(onDiagnostic));
  if (!engine)
    return engine.status();
  Result<Program> program = compileModel(*engine, options);
  progress.finish();
  if (!program)
    return program.status();
  return OpenModel{std::move(*engine), std::move(*program)};
}

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

std::string cli::printable(const std::string &text) {
  std::string shown;
  for (unsigned char c : text) {
    char code[8];
    std::snprintf(code, sizeof(code), "\\x%02x", c);
    bool isControl = (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f;
    shown += isControl ? std::string(code) : std::string(1, char(c));
  }
  return shown;
}

std::string
cli::formatTable(const std::vector<std::vector<std::string>> &given) {
  std::vector<std::vector<std::string>> rows = given;
  for (auto &row : rows)
    for (std::string &cell : row)
      cell = printable(cell);
  std::vector<size_t> widths;
  for (const auto &row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto &row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      std::string padding(widths[i] - row[i].size(), ' ');
      line += (i ? "  " : "") + (i ? padding + row[i] : row[i] + padding);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

std::string cli::formatNumber(double value, int digits) {
  char buffer[64];
  std::snprintf(buffer, sizeof(buffer), "%.*f", digits, value);
  return buffer;
}
