//===- main.cpp - the seqc command ----------------------------------------===//

#include "frontends/cli/Common.h"

#include <exception>
#include <iostream>

using namespace seqc;

static int runCommandLine(int argc, char **argv) {
  CLI::App app{"seqc: compile and run sequence models with scans, gates and "
               "windowed attention\n"
               "example: seqc run model.json --score text.txt"};
  app.set_version_flag("--version", std::string("seqc ") + SEQC_VERSION);
  app.require_subcommand(1);
  cli::Action action;
  cli::addRunCommand(app, action);
  cli::addCheckCommand(app, action);
  cli::addCompileCommand(app, action);
  cli::addBenchCommand(app, action);
  cli::addExplainCommand(app, action);
  cli::addCacheCommand(app, action);
  cli::addImportCommand(app, action);
  cli::addDoctorCommand(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp &error) {
    return app.exit(error), cli::kDone;
  } catch (const CLI::CallForVersion &error) {
    return app.exit(error), cli::kDone;
  } catch (const CLI::ParseError &error) {
    std::cerr << "seqc: " << error.what() << "\nseqc: see `seqc --help`\n";
    return cli::kBadInput;
  }
  return action();
}

int main(int argc, char **argv) {
  cli::installInterruptHandler();
  try {
    return runCommandLine(argc, argv);
  } catch (const std::bad_alloc &) {
    std::cerr << "seqc: out of memory; try fewer or shorter sequences\n";
    return cli::kEnvironment;
  } catch (const std::exception &error) {
    std::cerr << "seqc: internal error: " << error.what() << '\n';
    return cli::kInternal;
  }
}
