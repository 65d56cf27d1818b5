//===- Compose.cpp - layers that a description composes itself ------------===//

#include "frontends/layers/Layer.h"
#include "frontends/layers/LayerBuilder.h"

using namespace seqc;
using namespace seqc::frontend;

static std::unique_ptr<Layer> reportUnsupported(const JsonValue &place,
                                                LayerContext &context) {
  context.problems.error(place, "composed layers are not read by this version",
                         ErrorCode::Unsupported);
  return nullptr;
}

std::unique_ptr<Layer> frontend::parseComposeLayer(ObjectReader &reader,
                                                   LayerContext &context) {
  return reportUnsupported(reader.place(), context);
}

std::unique_ptr<Layer> frontend::parseComposedSteps(const JsonValue &definition,
                                                    LayerContext &context) {
  return reportUnsupported(definition, context);
}
