//===- Layers.cpp - the table of layer kinds and the simple ones ----------===//

#include "frontends/layers/Layer.h"
#include "frontends/layers/LayerBuilder.h"

using namespace seqc;
using namespace seqc::frontend;

Layer::~Layer() = default;

namespace {

struct LayerKind {
  const char *name;
  LayerParser parse;
};

/// A new system adds one row here and one file beside this one.
constexpr LayerKind kKinds[] = {
    {"seqboat", parseSeqBoat},      {"norm", parseNormLayer},
    {"linear", parseLinearLayer},   {"map", parseMapLayer},
    {"compose", parseComposeLayer},
};

class NormLayer final : public Layer {
public:
  bool isStreamable() const override { return true; }
  Rows build(LayerBuilder &b, Rows rows) const override {
    return b.norm(rows, config);
  }
  NormConfig config;
};

class LinearLayer final : public Layer {
public:
  bool isStreamable() const override { return true; }
  Rows build(LayerBuilder &b, Rows rows) const override {
    return b.linear(rows, config);
  }
  LinearConfig config;
};

class MapLayer final : public Layer {
public:
  bool isStreamable() const override { return true; }
  Rows build(LayerBuilder &b, Rows rows) const override {
    return b.map(rows, function);
  }
  Function function = Function::Silu;
};

} // namespace

LayerParser frontend::findLayerKind(std::string_view kind) {
  for (const LayerKind &known : kKinds)
    if (kind == known.name)
      return known.parse;
  return nullptr;
}

std::vector<std::string> frontend::layerKinds() {
  std::vector<std::string> names;
  for (const LayerKind &known : kKinds)
    names.push_back(known.name);
  return names;
}

std::unique_ptr<Layer> frontend::parseNormLayer(ObjectReader &reader,
                                                LayerContext &context) {
  auto layer = std::make_unique<NormLayer>();
  layer->config = readNorm(reader, "");
  layer->config.weights = context.prefix;
  return layer;
}

std::unique_ptr<Layer> frontend::parseLinearLayer(ObjectReader &reader,
                                                  LayerContext &context) {
  auto layer = std::make_unique<LinearLayer>();
  layer->config = readLinear(reader, "");
  layer->config.weights = context.prefix;
  return layer;
}

std::unique_ptr<Layer> frontend::parseMapLayer(ObjectReader &reader,
                                               LayerContext &context) {
  auto layer = std::make_unique<MapLayer>();
  layer->function = readFunction(reader, context.problems);
  return layer;
}
