//===- SeqBoatConfig.h - the authors' configuration as a description ------===//
//
// The SeqBoat authors configure a layer, a classifier or a language model in
// keys of their own ("zdim", "mem_size", ...). Recorded cases and checkpoints
// are both read here and told as a model description. No MLIR.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_FRONTENDS_LAYERS_SEQBOATCONFIG_H
#define SEQC_FRONTENDS_LAYERS_SEQBOATCONFIG_H

#include "frontends/json/JsonReader.h"

#include <cstdint>
#include <string>
#include <vector>

namespace seqc::frontend {

/// In the words of a description.
struct SeqBoatConfig {
  enum class Form : uint8_t { Layer, Classifier, LanguageModel };
  Form form = Form::Layer;
  int64_t width = 0, latent = 0, hidden = 0, states = 0, window = 0;
  int64_t maxPositions = 0;
  int64_t truncation = 0; ///< 0: unbounded
  int64_t layers = 1;
  int64_t inputs = 0;     ///< classifier: columns of x
  int64_t outputs = 0;    ///< classifier: 0 takes what the file has
  int64_t vocabulary = 0; ///< language model
  std::string score, norm, positions;
  bool bidirectional = false, normFirst = true, affine = true;
  double eps = 1e-5;
  /// Batches as the authors run them: rows at padding are computed (a layer's
  /// further input "valid" is their mask), a full sequence changes the others.
  bool paddedBatch = false;
};

/// Takes the keys of the form that the configuration has, and marks those that
/// say nothing about inference as known.
SeqBoatConfig readSeqBoatConfig(ObjectReader &config);

/// What the configuration does not say.
struct SeqBoatNaming {
  std::string name;                     ///< of the model
  std::string description;              ///< may be empty
  std::vector<std::string> weightFiles; ///< relative to the description
  std::string prefix;                   ///< before all names of weights
  bool bytes = false;                   ///< tokens are bytes
};

/// The description as JSON text on one line. The input is "x" or "ids", the
/// output "y"; layers are called as in the authors' code, the only layer of
/// Form::Layer "layer".
std::string describeSeqBoat(const SeqBoatConfig &config,
                            const SeqBoatNaming &naming);

} // namespace seqc::frontend

#endif // SEQC_FRONTENDS_LAYERS_SEQBOATCONFIG_H
