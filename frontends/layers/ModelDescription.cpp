//===- ModelDescription.cpp - reads a model's JSON document ---------------===//

#include "frontends/layers/ModelDescription.h"

#include "frontends/layers/Checkpoint.h"
#include "frontends/safetensors/Safetensors.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace seqc;
using namespace seqc::frontend;

namespace {

class DescriptionReader {
public:
  DescriptionReader(ModelDescription &model, Problems &problems)
      : model(model), problems(problems) {}

  void read(const JsonValue &root);

private:
  void readMetadata(ObjectReader &root);
  void readWeights(ObjectReader &root);
  void readInput(const JsonValue &value);
  void readAlso(const JsonValue &value);
  void checkMask(const JsonValue &place);
  void readComposed(ObjectReader &root);
  void readBlock(const JsonValue &value);
  void readLayer(const JsonValue &value, int64_t i, bool repeats);
  void readOutput(const JsonValue &value);
  void readHints(ObjectReader &root);
  std::string expand(const JsonValue &place, const std::string &pattern,
                     int64_t i);

  ModelDescription &model;
  Problems &problems;
  std::map<std::string, const JsonValue *> composed;
  std::map<std::string, const JsonValue *> layerPlaces;
  std::vector<std::string> inputNames; ///< of the further inputs
};

} // namespace

/// Replaces `{i}` by the number of the repetition.
std::string DescriptionReader::expand(const JsonValue &place,
                                      const std::string &pattern, int64_t i) {
  std::string text;
  for (size_t at = 0; at < pattern.size(); ++at) {
    if (pattern.compare(at, 3, "{i}") == 0) {
      text += std::to_string(i);
      at += 2;
      continue;
    }
    if (pattern[at] == '{' || pattern[at] == '}') {
      problems.error(place, "expected '{i}' as the only placeholder, got '" +
                                pattern + "'");
      return pattern;
    }
    text += pattern[at];
  }
  return text;
}

/// For names that may be left out: one that is there is not empty.
static void checkName(ObjectReader &reader, Problems &problems) {
  const JsonValue *name = reader.get("name");
  if (name && name->is(JsonValue::Kind::String) && name->text.empty())
    problems.error(*name, "expected a string that is not empty");
}

void DescriptionReader::readMetadata(ObjectReader &root) {
  model.name = root.requireString("name");
  model.metadata["name"] = model.name;
  if (std::string text = root.string("description"); !text.empty())
    model.metadata["description"] = text;
  const JsonValue *metadata = root.get("metadata");
  if (!metadata)
    return;
  if (!metadata->is(JsonValue::Kind::Object)) {
    problems.error(*metadata, "expected an object, got " + describe(*metadata));
    return;
  }
  for (const auto &[key, value] : metadata->members) {
    if (value.is(JsonValue::Kind::String))
      model.metadata[key] = value.text;
    else if (value.is(JsonValue::Kind::Integer))
      model.metadata[key] = std::to_string(value.integer);
  }
}

void DescriptionReader::readWeights(ObjectReader &root) {
  const JsonValue *value = root.get("weights");
  model.weightFiles = root.strings("weights");
  for (const std::string &file : model.weightFiles)
    if (file.empty())
      problems.error(*value, "expected the path of a weight file, got ''");
}

/// One of the inputs besides the first.
void DescriptionReader::readAlso(const JsonValue &value) {
  ObjectReader reader(value, problems);
  std::string name = reader.requireString("name");
  int64_t width = reader.requireInteger("width");
  reader.finish();
  bool taken = name == model.input.name;
  for (const std::string &other : inputNames)
    taken |= name == other;
  if (name == "lengths")
    problems.error(value, "the input name 'lengths' is reserved");
  else if (taken)
    problems.error(value, "the input name '" + name + "' is already taken");
  else
    inputNames.push_back(name);
  model.input.also.emplace_back(name, width);
}

/// The mask is a further input with one column.
void DescriptionReader::checkMask(const JsonValue &place) {
  const std::string &mask = model.input.mask;
  for (const auto &[name, width] : model.input.also) {
    if (name != mask)
      continue;
    if (width != 1)
      problems.error(place, "expected a mask of width 1, but '" + mask +
                                "' has width " + std::to_string(width));
    return;
  }
  reportUnknown(problems, place, "input", mask, inputNames);
}

void DescriptionReader::readInput(const JsonValue &value) {
  ObjectReader reader(value, problems);
  InputConfig &input = model.input;
  input.place = &value;
  input.isTokens =
      reader.requireOneOf("kind", {"features", "tokens"}) == "tokens";
  input.name = reader.string("name", input.isTokens ? "ids" : "x");
  checkName(reader, problems);
  input.width = reader.requireInteger("width");
  if (input.isTokens) {
    input.vocabulary = reader.requireInteger("vocab");
    input.embedding = reader.requireString("weights") + "weight";
    model.metadata["vocab"] = std::to_string(input.vocabulary);
    if (reader.has("tokenizer"))
      model.metadata["tokenizer"] = reader.oneOf("tokenizer", {"bytes"});
    else
      reader.allow("tokenizer");
    // One that is out of range has been reported.
    const JsonValue *vocab = value.find("vocab");
    bool legal = vocab && vocab->is(JsonValue::Kind::Integer) &&
                 vocab->integer == input.vocabulary;
    if (legal && model.metadata.count("tokenizer") && input.vocabulary < 256)
      problems.error(
          value, "expected a vocab of at least 256 for the tokenizer 'bytes', "
                 "got " +
                     std::to_string(input.vocabulary));
  }
  if (input.name == "lengths")
    problems.error(value, "the input name 'lengths' is reserved");
  if (const std::vector<JsonValue> *also = reader.list("also"))
    for (const JsonValue &further : *also)
      readAlso(further);
  if (input.mask = reader.string("mask"); !input.mask.empty())
    checkMask(*reader.get("mask"));
  reader.finish();
}

void DescriptionReader::readComposed(ObjectReader &root) {
  const JsonValue *value = root.get("layers");
  if (!value)
    return;
  if (!value->is(JsonValue::Kind::Object)) {
    problems.error(*value, "expected an object of layers by name, got " +
                               describe(*value));
    return;
  }
  for (const auto &[name, definition] : value->members) {
    if (findLayerKind(name))
      problems.error(definition,
                     "layer '" + name + "' has the name of a built-in kind");
    composed[name] = &definition;
    // Read once here so that a definition that is never used is checked too.
    LayerContext context{problems, "", composed, inputNames};
    (void)parseComposedSteps(definition, context);
  }
}

void DescriptionReader::readLayer(const JsonValue &value, int64_t i,
                                  bool repeats) {
  ObjectReader reader(value, problems);
  std::string kind = reader.requireString("kind");
  const JsonValue *kindPlace = reader.get("kind");
  const JsonValue *weights = reader.get("weights");
  std::string prefix = reader.string("weights");
  if (weights)
    prefix = expand(*weights, prefix, i);
  const JsonValue *namePlace = reader.get("name");
  std::string name = reader.string("name");
  if (namePlace) {
    name = expand(*namePlace, name, i);
  } else {
    name = prefix;
    while (!name.empty() && name.back() == '.')
      name.pop_back();
    if (name.empty())
      name = "layer" + std::to_string(model.layers.size());
  }
  if (repeats && layerPlaces.count(name) && layerPlaces[name] == &value)
    name += "." + std::to_string(i);

  LayerContext context{problems, prefix, composed, inputNames};
  std::unique_ptr<Layer> layer;
  if (LayerParser parse = findLayerKind(kind)) {
    layer = parse(reader, context);
  } else if (auto found = composed.find(kind); found != composed.end()) {
    Problems repeated(problems.fileName());
    LayerContext quiet{repeated, prefix, composed, inputNames};
    // Its problems were reported at the definition.
    layer = parseComposedSteps(*found->second, quiet);
  } else if (!kind.empty()) {
    std::vector<std::string> kinds = layerKinds();
    for (const auto &[known, definition] : composed)
      kinds.push_back(known);
    reportUnknown(problems, *kindPlace, "kind of layer", kind, kinds);
    return;
  }
  // The repetitions of a block have the same problems.
  reader.finish();
  if (!layer)
    return;
  layer->place = &value;
  layer->name = name;
  if (auto [known, isNew] = layerPlaces.try_emplace(name, &value); !isNew)
    problems.error(value, "layer name '" + name + "' is taken by " +
                              known->second->path + "; give it a 'name'");
  model.layers.push_back(std::move(layer));
}

void DescriptionReader::readBlock(const JsonValue &value) {
  ObjectReader reader(value, problems);
  int64_t repeat = reader.integer("repeat", 1, 1, 4096);
  int64_t start = reader.integer("start", 0, 0);
  const std::vector<JsonValue> *layers = reader.requireList("layers");
  reader.finish();
  if (!layers)
    return;
  for (int64_t i = 0; i < repeat; ++i) {
    size_t before = problems.count();
    for (const JsonValue &layer : *layers)
      readLayer(layer, start + i, repeat > 1);
    if (problems.count() != before)
      return;
  }
}

void DescriptionReader::readOutput(const JsonValue &value) {
  ObjectReader reader(value, problems);
  OutputConfig &output = model.output;
  output.place = &value;
  output.name = reader.string("name", "y");
  checkName(reader, problems);
  if (const JsonValue *norm = reader.get("norm")) {
    ObjectReader normReader(*norm, problems);
    output.norm = readNorm(normReader, "");
    output.normPlace = norm;
    normReader.finish();
  }
  if (reader.has("pool"))
    output.poolMean = reader.oneOf("pool", {"mean"}) == "mean";
  else
    reader.allow("pool");
  if (const JsonValue *linear = reader.get("linear")) {
    ObjectReader linearReader(*linear, problems);
    output.linear = readLinear(linearReader, "");
    output.linearPlace = linear;
    linearReader.finish();
  }
  reader.finish();
}

void DescriptionReader::readHints(ObjectReader &root) {
  if (const JsonValue *score = root.get("score")) {
    ObjectReader reader(*score, problems);
    model.metadata["window"] = std::to_string(reader.requireInteger("window"));
    reader.finish();
  }
  if (const JsonValue *generate = root.get("generate")) {
    ObjectReader reader(*generate, problems);
    if (reader.has("tokens"))
      model.metadata["generate.tokens"] =
          std::to_string(reader.integer("tokens", 1));
    else
      reader.allow("tokens");
    reader.finish();
  }
}

void DescriptionReader::read(const JsonValue &rootValue) {
  ObjectReader root(rootValue, problems);
  root.requireOneOf("format", {"seqc-model"});
  const JsonValue *version = root.require("version");
  if (version &&
      (!version->is(JsonValue::Kind::Integer) || version->integer != 1))
    problems.error(*version, "expected version 1, got " + describe(*version),
                   ErrorCode::Unsupported);
  root.allow("$schema");
  readMetadata(root);
  readWeights(root);
  readHints(root);
  model.carriesState = root.boolean("carry", true);
  if (const JsonValue *input = root.require("input"))
    readInput(*input);
  readComposed(root);
  if (const std::vector<JsonValue> *blocks = root.requireList("blocks"))
    for (const JsonValue &block : *blocks)
      readBlock(block);
  if (const JsonValue *output = root.get("output"))
    readOutput(*output);
  else
    model.output.name = "y";
  root.finish();
}

Result<ModelDescription> ModelDescription::parse(std::string_view text,
                                                 std::string name,
                                                 std::string baseDir) {
  Result<JsonDocument> tree = parseJson(text, name);
  if (!tree)
    return tree.status();
  ModelDescription model;
  model.baseDir = std::move(baseDir);
  auto document = std::make_shared<const JsonDocument>(std::move(*tree));
  model.document = document;
  model.output.place = &document->root;
  Problems problems(std::move(name));
  DescriptionReader(model, problems).read(document->root);
  if (problems.any())
    return problems.status();
  return model;
}

Result<ModelDescription> ModelDescription::fromFile(const std::string &path) {
  if (isCheckpoint(path)) {
    Result<Checkpoint> checkpoint = readCheckpoint(path, path);
    if (!checkpoint)
      return checkpoint.status();
    return parse(checkpoint->text, path + "/config.json (as a description)",
                 path);
  }
  std::error_code ignored;
  std::filesystem::path file(path);
  if (std::filesystem::is_directory(file, ignored))
    file /= "model.json";
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  if (stream)
    text << stream.rdbuf();
  if (!stream || !text)
    return Status::error(
        ErrorCode::Unavailable,
        file.string() +
            ": cannot read the model description: " + std::strerror(errno));
  return parse(text.str(), file.string(), file.parent_path().string());
}

bool ModelDescription::isStreamable() const {
  // A pooled output would need the rows of earlier calls.
  bool streamable = carriesState && !output.poolMean;
  for (const auto &layer : layers)
    streamable &= layer->isStreamable();
  return streamable;
}

Result<std::shared_ptr<const WeightSource>>
frontend::openWeights(const ModelDescription &model) {
  std::vector<std::shared_ptr<const WeightSource>> sources;
  const JsonValue *place = model.document->root.find("weights");
  for (size_t i = 0; i < model.weightFiles.size(); ++i) {
    std::filesystem::path path =
        std::filesystem::path(model.baseDir) / model.weightFiles[i];
    Result<std::shared_ptr<SafetensorsFile>> file =
        SafetensorsFile::open(path.string());
    if (!file) {
      Problems problems(model.document->name);
      const JsonValue &element =
          place->is(JsonValue::Kind::Array) ? place->elements[i] : *place;
      // That the file is absent is the description's mistake, whatever the
      // reader calls it.
      problems.error(element, file.status().message());
      return problems.status();
    }
    sources.push_back(std::move(*file));
  }
  return CombinedWeights::create(std::move(sources));
}
