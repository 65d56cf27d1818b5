//===- ImportCommand.cpp - `seqc import` ----------------------------------===//

#include "frontends/cli/Common.h"

#include <filesystem>

using namespace seqc;
using namespace seqc::cli;

/// Checkpoint folders are recognised by their config.json; which systems can be
/// imported is what frontends/hf knows.
static int runImport(const std::string &folder) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error))
    return report(Status::error(ErrorCode::InvalidArgument,
                                "expected a checkpoint folder, got " + folder));
  if (!std::filesystem::exists(std::filesystem::path(folder) / "config.json",
                               error))
    return report(Status::error(
        ErrorCode::InvalidArgument,
        folder + " holds no config.json, so it is no checkpoint folder"));
  return report(
      Status::error(ErrorCode::Unsupported,
                    "no checkpoint format can be imported by this version; "
                    "write a model description "
                    "(docs/ModelFormat.md) that names the weight files of " +
                        folder));
}

void cli::addImportCommand(CLI::App &app, Action &action) {
  auto *import = app.add_subcommand(
      "import", "make a model description from a checkpoint folder\n"
                "example: seqc import checkpoint -o model.json");
  auto folder = std::make_shared<std::string>();
  auto output = std::make_shared<std::string>();
  import->add_option("DIR", *folder, "folder with config.json and weights")
      ->required();
  import->add_option("-o,--output", *output, "description to write")
      ->required();
  import->callback([&action, folder, output] {
    action = [folder] { return runImport(*folder); };
  });
}
