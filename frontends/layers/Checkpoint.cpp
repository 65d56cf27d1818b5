//===- Checkpoint.cpp - checkpoint folders as models ----------------------===//

#include "frontends/layers/Checkpoint.h"

#include "frontends/json/JsonReader.h"
#include "frontends/json/JsonWriter.h"
#include "frontends/layers/Importer.h"
#include "frontends/layers/SeqBoatConfig.h"

#include "mlir/IR/MLIRContext.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

using namespace seqc;
using namespace seqc::frontend;

namespace fs = std::filesystem;

static constexpr const char *kConfigFile = "config.json";
static constexpr const char *kWeightFile = "model.safetensors";
static constexpr const char *kWeightIndex = "model.safetensors.index.json";

namespace {

/// Remembers which tensors the importer asked for.
class AskedWeights final : public WeightSource {
public:
  explicit AskedWeights(std::shared_ptr<const WeightSource> source)
      : source(std::move(source)) {}
  std::vector<std::string> names() const override { return source->names(); }
  TensorRef find(std::string_view name) const override {
    asked.emplace(name);
    return source->find(name);
  }
  std::string description() const override { return source->description(); }
  bool wasAsked(const std::string &name) const { return asked.count(name); }

private:
  std::shared_ptr<const WeightSource> source;
  mutable std::set<std::string, std::less<>> asked;
};

/// Says the model as a description on one line. `root` is config.json.
using DescribeModel = std::string (*)(ObjectReader &root, Problems &problems,
                                      SeqBoatNaming naming);

struct ModelType {
  const char *name;
  DescribeModel describe;
};

} // namespace

//===----------------------------------------------------------------------===//
// Model types
//===----------------------------------------------------------------------===//

/// The layer parameters stand in `config`, or beside the other keys.
static std::string describeSeqBoatModel(ObjectReader &root, Problems &problems,
                                        SeqBoatNaming naming) {
  // Free text about the model; "raw bytes 0..255, ..." is the one that counts.
  std::string tokenizer = root.string("tokenizer");
  naming.bytes = tokenizer == "bytes" || tokenizer.rfind("raw bytes", 0) == 0;
  for (const char *text : {"source", "parameter_names", "forward"})
    (void)root.string(text);
  if (!root.has("config"))
    return describeSeqBoat(readSeqBoatConfig(root), naming);
  double eps = root.positive("norm_eps", 1);
  ObjectReader config(*root.get("config"), problems);
  SeqBoatConfig layers = readSeqBoatConfig(config);
  if (root.has("norm_eps") && !config.has("norm_eps"))
    layers.eps = eps;
  config.finish();
  return describeSeqBoat(layers, naming);
}

/// A model type adds a row.
static constexpr ModelType kTypes[] = {{"SeqBoat", describeSeqBoatModel}};

std::vector<std::string> frontend::checkpointTypes() {
  std::vector<std::string> names;
  for (const ModelType &type : kTypes)
    names.emplace_back(type.name);
  return names;
}

static bool equalsIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

/// The row of `system` or `model_type`, or null with a problem.
static const ModelType *findType(ObjectReader &root, Problems &problems) {
  const char *key = root.has("system") ? "system" : "model_type";
  std::string known;
  for (const std::string &name : checkpointTypes())
    known += (known.empty() ? "'" : ", '") + name + "'";
  if (!root.has(key)) {
    problems.error(root.place(),
                   "expected a key 'system' or 'model_type' that says what "
                   "model this is; known are " +
                       known);
    return nullptr;
  }
  std::string word = root.requireString(key);
  for (const ModelType &type : kTypes)
    if (equalsIgnoringCase(word, type.name))
      return &type;
  if (!word.empty())
    problems.error(
        *root.get(key),
        "models of type '" + word + "' cannot be imported, known are " + known +
            "; others can be described by hand (docs/ModelFormat.md)",
        ErrorCode::Unsupported);
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Folders
//===----------------------------------------------------------------------===//

bool frontend::isCheckpoint(const std::string &folder) {
  std::error_code ignored;
  return fs::is_directory(folder, ignored) &&
         fs::exists(fs::path(folder) / kConfigFile, ignored) &&
         !fs::exists(fs::path(folder) / "model.json", ignored);
}

static Result<JsonDocument> readDocument(const fs::path &path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  if (stream)
    text << stream.rdbuf();
  if (!stream || !text)
    return Status::error(ErrorCode::InvalidArgument, "cannot read " +
                                                         path.string() + ": " +
                                                         std::strerror(errno));
  return parseJson(text.str(), path.string());
}

/// Names of the weight files in `folder`: the one file, or the parts that the
/// index names.
static Result<std::vector<std::string>> findWeights(const fs::path &folder) {
  std::error_code ignored;
  if (fs::exists(folder / kWeightFile, ignored))
    return std::vector<std::string>{kWeightFile};
  if (!fs::exists(folder / kWeightIndex, ignored))
    return Status::error(
        ErrorCode::InvalidArgument,
        folder.string() + ": expected " + kWeightFile + " or " + kWeightIndex +
            "; weights of another format must be saved as safetensors first");
  Result<JsonDocument> index = readDocument(folder / kWeightIndex);
  if (!index)
    return index.status();
  Problems problems(index->name);
  ObjectReader root(index->root, problems);
  std::set<std::string> files;
  if (const JsonValue *map = root.require("weight_map")) {
    ObjectReader entries(*map, problems);
    for (const JsonValue::Member &entry : map->members)
      files.insert(entries.requireString(entry.first));
    if (map->members.empty())
      problems.error(*map, "expected weight files, got none");
  }
  if (problems.any())
    return problems.status();
  return std::vector<std::string>(files.begin(), files.end());
}

/// `folder` as it is written in a description that lies in `base`. Links on the
/// way are followed, so that `..` leads where it seems to.
static fs::path relativeFolder(const fs::path &folder, const fs::path &base) {
  std::error_code error;
  fs::path from = fs::weakly_canonical(base.empty() ? "." : base, error);
  fs::path to = fs::weakly_canonical(folder, error);
  fs::path relative = to.lexically_relative(from);
  return relative.empty() ? to : relative;
}

static std::string folderName(const std::string &folder) {
  std::error_code error;
  fs::path path = fs::absolute(folder, error).lexically_normal();
  if (!path.has_filename())
    path = path.parent_path();
  return path.has_filename() ? path.filename().string() : "model";
}

Result<Checkpoint> frontend::readCheckpoint(const std::string &folder,
                                            const std::string &baseDir) {
  Result<JsonDocument> document = readDocument(fs::path(folder) / kConfigFile);
  if (!document)
    return document.status();
  Problems problems(document->name);
  ObjectReader root(document->root, problems);
  const ModelType *type = findType(root, problems);
  if (problems.any())
    return problems.status();
  Result<std::vector<std::string>> files = findWeights(folder);
  if (!files)
    return files.status();
  Checkpoint checkpoint;
  checkpoint.type = type->name;
  checkpoint.name = folderName(folder);
  checkpoint.baseDir = baseDir;
  fs::path place = relativeFolder(folder, baseDir);
  for (const std::string &file : *files)
    checkpoint.weightFiles.push_back(
        (place == "." ? fs::path(file) : place / file).generic_string());
  checkpoint.statedParameters =
      root.integer("num_parameters", -1, 0, INT64_MAX);
  SeqBoatNaming naming{checkpoint.name, root.string("model"),
                       checkpoint.weightFiles, "", false};
  std::string line = type->describe(root, problems, std::move(naming));
  root.finish();
  if (problems.any())
    return problems.status();
  Result<JsonDocument> description = parseJson(line, document->name);
  if (!description)
    return description.status();
  checkpoint.text = formatJson(description->root) + "\n";
  return checkpoint;
}

//===----------------------------------------------------------------------===//
// Verifying
//===----------------------------------------------------------------------===//

/// The places are of a text that the user has not seen; the paths still help.
static Status withoutPlaces(const Status &status) {
  std::vector<Diagnostic> all = status.diagnostics();
  for (Diagnostic &diagnostic : all)
    diagnostic.line = diagnostic.column = 0;
  return Status::error(status.code(), status.message(), std::move(all));
}

Result<CheckpointContents>
frontend::verifyCheckpoint(const Checkpoint &checkpoint) {
  Result<ModelDescription> model = ModelDescription::parse(
      checkpoint.text, "description of " + checkpoint.name, checkpoint.baseDir);
  if (!model)
    return withoutPlaces(model.status());
  Result<std::shared_ptr<const WeightSource>> weights = openWeights(*model);
  if (!weights)
    return withoutPlaces(weights.status());
  AskedWeights asked(*weights);
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  Result<mlir::OwningOpRef<mlir::ModuleOp>> module =
      importModel(context, *model, asked);
  if (!module)
    return withoutPlaces(module.status());
  CheckpointContents contents;
  contents.layers = static_cast<int64_t>(model->layers.size());
  for (const std::string &name : asked.names()) {
    bool isUsed = asked.wasAsked(name);
    (isUsed ? contents.used : contents.unused).push_back(name);
    TensorRef tensor = asked.find(name);
    if (isUsed)
      contents.parameters += elementCount(tensor.shape, tensor.rank);
  }
  return contents;
}
