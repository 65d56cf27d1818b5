//===- ModelDescription.h - a model as its JSON document says -------------===//
//
// See docs/ModelFormat.md. A description is checked as far as that is possible
// without weights; the importer checks the rest. No MLIR.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_FRONTENDS_LAYERS_MODELDESCRIPTION_H
#define SEQC_FRONTENDS_LAYERS_MODELDESCRIPTION_H

#include "frontends/json/JsonTree.h"
#include "frontends/layers/Layer.h"
#include "frontends/layers/LayerConfig.h"
#include "seqc/Status.h"
#include "seqc/WeightSource.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace seqc::frontend {

struct InputConfig {
  bool isTokens = false;
  std::string name;
  int64_t width = 0;
  int64_t vocabulary = 0; ///< tokens: rows of the embedding
  std::string embedding;  ///< tokens: weight of the embedding
  /// Further inputs by name, with their widths: rows that `input` steps read.
  std::vector<std::pair<std::string, int64_t>> also;
  std::string mask; ///< the further input that is 0 at padding, or empty
  const JsonValue *place = nullptr;
};

struct OutputConfig {
  std::string name;
  std::optional<NormConfig> norm;
  bool poolMean = false;
  std::optional<LinearConfig> linear;
  const JsonValue *place = nullptr, *normPlace = nullptr,
                  *linearPlace = nullptr;
};

/// Immutable after parse; copies share the document.
struct ModelDescription {
  std::string name;
  /// Where relative weight paths start.
  std::string baseDir;
  std::vector<std::string> weightFiles; ///< as written
  InputConfig input;
  std::vector<std::shared_ptr<const Layer>> layers; ///< repeats expanded
  OutputConfig output;
  /// What front ends ask for: "name", "description", "vocab", "window",
  /// "tokenizer", and the scalars of the document's `metadata`.
  std::map<std::string, std::string> metadata;
  std::shared_ptr<const JsonDocument>
      document; ///< the pointers above look here

  /// `name` is what messages call the document, usually its path.
  static Result<ModelDescription> parse(std::string_view text, std::string name,
                                        std::string baseDir);
  /// A document, or a folder that holds model.json or a checkpoint.
  static Result<ModelDescription> fromFile(const std::string &path);

  bool carriesState = true; ///< `"carry": false` makes each call stand alone

  /// State can be carried from call to call, and is to be.
  bool isStreamable() const;
};

/// Maps the weight files of the description.
Result<std::shared_ptr<const WeightSource>>
openWeights(const ModelDescription &model);

} // namespace seqc::frontend

#endif // SEQC_FRONTENDS_LAYERS_MODELDESCRIPTION_H
