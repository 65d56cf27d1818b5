//===- ImportCommand.cpp - `seqc import` ----------------------------------===//

#include "frontends/cli/Common.h"

#include "frontends/layers/Checkpoint.h"

#include <filesystem>
#include <iostream>

using namespace seqc;
using namespace seqc::cli;

namespace fs = std::filesystem;

namespace {
struct ImportOptions {
  std::string folder;
  std::string output; ///< empty: model.json in the folder; "-": standard output
  bool force = false;
  bool json = false;
};
} // namespace

static Status writeDescription(const std::string &path,
                               const std::string &text) {
  Status status = writeFile(path, text);
  if (status.ok())
    return status;
  return Status::error(status.code(),
                       status.message() + "; choose another place with -o");
}

/// Files that exist are somebody's work.
static Status checkOutput(const ImportOptions &options) {
  std::error_code ignored;
  if (options.output == "-")
    return Status();
  fs::path folder = fs::path(options.output).parent_path();
  if (!folder.empty() && !fs::is_directory(folder, ignored))
    return Status::error(ErrorCode::Unavailable,
                         options.output + ": there is no folder " +
                             folder.string() + " to write to");
  if (!fs::exists(options.output, ignored))
    return Status();
  if (fs::is_directory(options.output, ignored))
    return Status::error(ErrorCode::InvalidArgument,
                         "expected a file for -o, " + options.output +
                             " is a folder");
  // Nothing is lost in a device or a FIFO.
  if (options.force || !fs::is_regular_file(options.output, ignored))
    return Status();
  return Status::error(ErrorCode::InvalidArgument,
                       options.output +
                           " exists; give --force to replace it or another "
                           "file with -o");
}

static void printTable(const ImportOptions &options,
                       const frontend::Checkpoint &checkpoint,
                       const frontend::CheckpointContents &contents,
                       std::ostream &out) {
  if (options.json) {
    nlohmann::ordered_json line = {{"model", checkpoint.name},
                                   {"type", checkpoint.type},
                                   {"layers", contents.layers},
                                   {"parameters", contents.parameters},
                                   {"tensors_used", contents.used.size()},
                                   {"tensors_unused", contents.unused},
                                   {"output", options.output}};
    out << line.dump() << '\n';
    return;
  }
  std::string files;
  for (const std::string &file : checkpoint.weightFiles)
    files += (files.empty() ? "" : ", ") + file;
  out << formatTable(
             {{"model", checkpoint.name},
              {"type", checkpoint.type},
              {"layers", std::to_string(contents.layers)},
              {"parameters", std::to_string(contents.parameters)},
              {"tensors used", std::to_string(contents.used.size())},
              {"tensors unused", std::to_string(contents.unused.size())}})
      << "wrote " << (options.output == "-" ? "the text" : options.output)
      << ", weights in " << files << '\n';
}

/// What is likely not meant.
static void warn(const frontend::Checkpoint &checkpoint,
                 const frontend::CheckpointContents &contents) {
  constexpr size_t kMostNames = 8;
  std::string names;
  for (size_t i = 0; i < contents.unused.size() && i < kMostNames; ++i)
    names += (i ? ", " : "") + contents.unused[i];
  if (contents.unused.size() > kMostNames)
    names += ", ...";
  if (!names.empty())
    std::cerr << "seqc: warning: the model asks for none of these tensors: "
              << names << '\n';
  if (checkpoint.statedParameters >= 0 &&
      checkpoint.statedParameters != contents.parameters)
    std::cerr << "seqc: warning: config.json says "
              << checkpoint.statedParameters << " parameters, the model has "
              << contents.parameters << '\n';
}

static int runImport(ImportOptions options) {
  std::error_code error;
  if (!fs::is_directory(options.folder, error))
    return report(
        Status::error(ErrorCode::InvalidArgument,
                      "expected a checkpoint folder, got " + options.folder));
  if (!fs::exists(fs::path(options.folder) / "config.json", error))
    return report(Status::error(
        ErrorCode::InvalidArgument,
        options.folder + " holds no config.json, so it is no checkpoint "
                         "folder"));
  if (options.output.empty())
    options.output = (fs::path(options.folder) / "model.json").string();
  if (Status status = checkOutput(options); !status.ok())
    return report(status);
  bool toStream = options.output == "-";
  std::string place =
      toStream ? "" : fs::path(options.output).parent_path().string();
  Result<frontend::Checkpoint> checkpoint =
      frontend::readCheckpoint(options.folder, place);
  if (!checkpoint)
    return report(checkpoint.status());
  Result<frontend::CheckpointContents> contents =
      frontend::verifyCheckpoint(*checkpoint);
  if (!contents)
    return report(contents.status());
  if (toStream)
    std::cout << checkpoint->text << std::flush;
  else if (Status status = writeDescription(options.output, checkpoint->text);
           !status.ok())
    return report(status);
  printTable(options, *checkpoint, *contents, toStream ? std::cerr : std::cout);
  warn(*checkpoint, *contents);
  return kDone;
}

void cli::addImportCommand(CLI::App &app, Action &action) {
  auto *import = app.add_subcommand(
      "import", "make a model description from a checkpoint folder\n"
                "example: seqc import checkpoint -o model.json");
  auto options = std::make_shared<ImportOptions>();
  std::string known;
  for (const std::string &name : frontend::checkpointTypes())
    known += (known.empty() ? "" : ", ") + name;
  import
      ->add_option("DIR", options->folder,
                   "folder with config.json and model.safetensors; known model "
                   "types: " +
                       known)
      ->required();
  import->add_option("-o,--output", options->output,
                     "description to write (default: model.json in DIR; - for "
                     "standard output)");
  import->add_flag("--force", options->force, "replace a file that exists");
  import->add_flag("--json", options->json,
                   "print what was recognised as one JSON object");
  import->callback([&action, options] {
    action = [options] { return runImport(*options); };
  });
}
