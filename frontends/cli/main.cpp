//===- main.cpp - the seqc command ----------------------------------------===//

#include "frontends/cli/Common.h"

#include <cstdint>
#include <exception>
#include <iostream>

using namespace seqc;

/// The candidate with the fewest edits to `word`; the first of equal ones.
static std::string nearestName(const std::string &word,
                               const std::vector<std::string> &candidates) {
  std::string best;
  size_t least = SIZE_MAX;
  for (const std::string &candidate : candidates)
    if (size_t distance = cli::editDistance(word, candidate);
        distance < least) {
      least = distance;
      best = candidate;
    }
  return best;
}

/// What is wrong with a word that no option or positional took.
static std::string explainExtra(const CLI::App &app, const std::string &word) {
  std::string text = "unexpected argument '" + word + "'";
  if (word.rfind('-', 0) != 0)
    return text;
  std::vector<std::string> flags;
  for (const CLI::Option *option : app.get_options())
    for (const std::string &name : option->get_lnames())
      flags.push_back("--" + name);
  std::string flag = word.substr(0, word.find('='));
  std::string close = nearestName(flag, flags);
  text = "unknown flag '" + flag + "'";
  // A flag that shares little with the word would only mislead.
  if (cli::editDistance(flag, close) * 2 < flag.size())
    text += ", did you mean '" + close + "'?";
  return text;
}

/// The message for a command line that does not parse.
static std::string explainParseError(const CLI::App &app,
                                     const CLI::ParseError &error) {
  const CLI::App *command = &app;
  while (!command->get_subcommands().empty())
    command = command->get_subcommands().front();
  std::vector<std::string> extras = command->remaining();
  for (const std::string &word : extras)
    if (word.rfind('-', 0) == 0)
      return explainExtra(*command, word);
  std::vector<std::string> names;
  for (const CLI::App *child : command->get_subcommands(nullptr))
    names.push_back(child->get_name());
  if (names.empty())
    return extras.empty() ? error.what() : explainExtra(*command, extras[0]);
  if (!extras.empty())
    return "unknown command '" + extras[0] + "', did you mean '" +
           nearestName(extras[0], names) + "'?";
  std::string text = "expected a command:";
  for (const std::string &name : names)
    text += (&name == &names.front() ? " " : ", ") + name;
  return text;
}

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
    std::cerr << "seqc: " << cli::printable(explainParseError(app, error))
              << "\nseqc: see `seqc --help`\n";
    return cli::kBadInput;
  }
  return action();
}

/// What could not be written is no result, whatever was computed.
static int closeOutput(int code) {
  bool readerIsGone = false;
  Status status = cli::closeStandardOutput(readerIsGone);
  if (status.ok())
    return code;
  if (readerIsGone)
    return cli::kClosedPipe;
  int written = cli::report(status);
  return code == cli::kDone ? written : code;
}

int main(int argc, char **argv) {
  cli::installInterruptHandler();
  cli::openStandardOutput();
  try {
    return closeOutput(runCommandLine(argc, argv));
  } catch (const std::bad_alloc &) {
    std::cerr << "seqc: out of memory; try fewer or shorter sequences\n";
    return cli::kEnvironment;
  } catch (const std::exception &error) {
    std::cerr << "seqc: internal error: " << error.what() << '\n';
    return cli::kInternal;
  }
}
