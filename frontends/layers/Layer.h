//===- Layer.h - one layer of a model description -------------------------===//
#ifndef SEQC_FRONTENDS_LAYERS_LAYER_H
#define SEQC_FRONTENDS_LAYERS_LAYER_H

#include "frontends/json/JsonReader.h"

#include <map>
#include <memory>
#include <string>

namespace seqc::frontend {

class LayerBuilder;
struct Rows;

/// A layer with its parameters read; it maps rows to rows. Immutable.
class Layer {
public:
  virtual ~Layer();
  /// Whether the layer can carry state from call to call.
  virtual bool isStreamable() const = 0;
  virtual Rows build(LayerBuilder &builder, Rows rows) const = 0;

  const JsonValue *place = nullptr; ///< element that the messages point at
  std::string name;                 ///< "layers.2", distinct in the model
};

/// What a layer's parser may look at besides its own element.
struct LayerContext {
  Problems &problems;
  std::string prefix; ///< of the layer's weights, `{i}` already replaced
  /// Layers that the description composes itself, by name.
  const std::map<std::string, const JsonValue *> &composed;
  /// Inputs of the document besides the one that feeds the first layer.
  const std::vector<std::string> &inputs;
};

using LayerParser = std::unique_ptr<Layer> (*)(ObjectReader &, LayerContext &);

/// The parser of a kind, or null.
LayerParser findLayerKind(std::string_view kind);
std::vector<std::string> layerKinds();

// One per kind; see Layers.cpp for the table.
std::unique_ptr<Layer> parseSeqBoat(ObjectReader &reader,
                                    LayerContext &context);
std::unique_ptr<Layer> parseNormLayer(ObjectReader &reader,
                                      LayerContext &context);
std::unique_ptr<Layer> parseLinearLayer(ObjectReader &reader,
                                        LayerContext &context);
std::unique_ptr<Layer> parseMapLayer(ObjectReader &reader,
                                     LayerContext &context);
std::unique_ptr<Layer> parseComposeLayer(ObjectReader &reader,
                                         LayerContext &context);
/// A layer whose steps stand in the description's `layers` section.
std::unique_ptr<Layer> parseComposedSteps(const JsonValue &definition,
                                          LayerContext &context);

} // namespace seqc::frontend

#endif // SEQC_FRONTENDS_LAYERS_LAYER_H
