//===- GoldenCase.cpp - recorded cases of a layer as models ---------------===//

#include "frontends/layers/GoldenCase.h"

#include "frontends/json/JsonReader.h"
#include "frontends/layers/SeqBoatConfig.h"

#include <filesystem>
#include <fstream>
#include <sstream>

using namespace seqc;
using namespace seqc::frontend;

Result<std::string> frontend::goldenCaseText(const std::string &folder,
                                             GoldenForm form) {
  std::filesystem::path path = std::filesystem::path(folder) / "case.json";
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  if (stream)
    text << stream.rdbuf();
  if (!stream)
    return Status::error(ErrorCode::Unavailable,
                         path.string() + ": cannot read the golden case");
  Result<JsonDocument> document = parseJson(text.str(), path.string());
  if (!document)
    return document.status();
  Problems problems(path.string());
  ObjectReader root(document->root, problems);
  std::string system = root.requireString("system");
  const JsonValue *config = root.require("config");
  if (problems.any())
    return problems.status();
  if (system != "SeqBoat")
    return Status::error(ErrorCode::Unsupported,
                         path.string() + ": no layer builder for the system '" +
                             system + "', known is 'SeqBoat'");
  std::filesystem::path place =
      std::filesystem::path(folder).lexically_normal();
  if (!place.has_filename())
    place = place.parent_path();
  ObjectReader reader(*config, problems);
  SeqBoatConfig layers = readSeqBoatConfig(reader);
  layers.paddedBatch = form == GoldenForm::Batch;
  if (problems.any())
    return problems.status();
  return describeSeqBoat(layers, {"seqboat/" + place.filename().string(),
                                  "",
                                  {"tensors.safetensors"},
                                  "weight.",
                                  false});
}

Result<ModelDescription>
frontend::describeGoldenCase(const std::string &folder) {
  Result<std::string> text = goldenCaseText(folder);
  if (!text)
    return text.status();
  std::string name = (std::filesystem::path(folder) / "case.json").string();
  return ModelDescription::parse(*text, name + " (as a model)", folder);
}
