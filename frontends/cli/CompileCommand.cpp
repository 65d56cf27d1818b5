//===- CompileCommand.cpp - `seqc compile` --------------------------------===//

#include "frontends/cli/Common.h"

#include <filesystem>
#include <iostream>

using namespace seqc;
using namespace seqc::cli;

namespace {
struct CompileCommandOptions {
  CommonOptions common;
  std::string output;
  std::string emit;
  std::string stopAfter;
  std::string dump;
  std::string variant;
};
} // namespace

static int emitText(const Engine &engine,
                    const CompileCommandOptions &options) {
  CompileOptions compile = compileOptions(options.common);
  compile.dumpDir = options.dump;
  compile.variant = options.variant;
  const std::string &form =
      options.emit.empty() ? options.stopAfter : options.emit;
  Result<std::string> text =
      engine.emit(ModelSource::fromFile(options.common.model), form, compile);
  if (!text)
    return report(text.status());
  if (options.output.empty()) {
    std::cout << *text;
    if (!text->empty() && text->back() != '\n')
      std::cout << '\n';
    return kDone;
  }
  std::error_code error;
  std::filesystem::create_directories(options.output, error);
  if (Status status = writeFile(
          std::filesystem::path(options.output) / (form + ".txt"), *text);
      !status.ok())
    return report(status);
  return kDone;
}

static int compileToFolder(const Engine &engine, ProgressLine &progress,
                           const CompileCommandOptions &options) {
  CompileOptions compile = compileOptions(options.common);
  if (Status status = loadProfile(options.common, compile); !status.ok())
    return report(status);
  compile.dumpDir = options.dump;
  ModelSource source = ModelSource::fromFile(options.common.model);
  Result<Program> program = engine.compile(source, compile);
  progress.finish();
  if (!program)
    return report(program.status());
  if (!options.output.empty()) {
    std::error_code error;
    std::filesystem::create_directories(options.output, error);
    for (const char *form : {"plan", "kernels", "asm"}) {
      Result<std::string> text = engine.emit(source, form, compile);
      if (!text)
        return report(text.status());
      std::string name = form == std::string("plan")      ? "plan.json"
                         : form == std::string("kernels") ? "kernels.mlir"
                                                          : "kernels.s";
      if (Status status =
              writeFile(std::filesystem::path(options.output) / name, *text);
          !status.ok())
        return report(status);
    }
  }
  const CompileStats &stats = program->stats();
  if (options.common.json) {
    nlohmann::ordered_json line = {{"fingerprint", program->fingerprint()},
                                   {"target", program->target()},
                                   {"kernels", stats.kernels},
                                   {"kernels_compiled", stats.kernelsCompiled},
                                   {"compile_ms", stats.totalMs},
                                   {"import_ms", stats.importMs},
                                   {"passes_ms", stats.passesMs},
                                   {"codegen_ms", stats.codegenMs},
                                   {"cache", stats.warm ? "warm" : "cold"},
                                   {"version", SEQC_VERSION}};
    std::cout << line.dump() << '\n';
    return kDone;
  }
  std::cout << "compiled " << options.common.model << " for "
            << program->target() << " in " << formatNumber(stats.totalMs, 1)
            << " ms (" << (stats.warm ? "warm" : "cold") << ", "
            << stats.kernelsCompiled << " of " << stats.kernels
            << " kernels compiled)\n";
  return kDone;
}

static int runCompile(const CompileCommandOptions &options) {
  ProgressLine progress(!options.common.json);
  Result<Engine> engine = createEngine(options.common, progress);
  if (!engine)
    return report(engine.status());
  if (!options.emit.empty() || !options.stopAfter.empty()) {
    stopAtOnce();
    return emitText(*engine, options);
  }
  if (!options.variant.empty())
    return report(Status::error(ErrorCode::InvalidArgument,
                                "--variant says what to print, expected "
                                "--emit or --stop-after beside it"));
  return compileToFolder(*engine, progress, options);
}

void cli::addCompileCommand(CLI::App &app, Action &action) {
  auto *compile = app.add_subcommand(
      "compile", "compile a model, or show what a phase makes of it\n"
                 "example: seqc compile model.json --emit=vector");
  auto options = std::make_shared<CompileCommandOptions>();
  addModelArgument(*compile, options->common);
  addCommonFlags(*compile, options->common);
  compile->add_option("-o,--output", options->output,
                      "folder for plan, kernels and assembly");
  compile->add_option_function<std::string>(
      "--profile",
      [options](const std::string &file) {
        options->common.profile = file;
        options->common.specialise = "aot";
      },
      "also compile the variants that the calls of this profile want, as "
      "`seqc run --profile` writes it");
  auto *emit = compile->add_option(
      "--emit", options->emit,
      "print one form: seqc, kernels, plan, vector, llvm, llvm-ir, asm, obj");
  compile
      ->add_option("--stop-after", options->stopAfter,
                   "print the IR after a phase: import, simplify, fuse, "
                   "partition, schedule, "
                   "tile, bufferize, vectorize, lower")
      ->excludes(emit);
  compile->add_option("--variant", options->variant,
                      "with --emit or --stop-after: this variant of the "
                      "kernels that have it in place of all kernels");
  compile->add_option("--dump-phases-to", options->dump,
                      "folder for the IR after each phase");
  compile->callback([&action, options] {
    action = [options] { return runCompile(*options); };
  });
}
