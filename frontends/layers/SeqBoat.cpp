//===- SeqBoat.cpp - gated attention that a router switches per token -----===//
//
// One layer: an exponential moving average looks at every token; a router reads
// its output and picks the tokens that are worth attention; those alone, packed
// together, go through window attention and come back scaled by the router's
// confidence. Weight names are those of the published code.
//
//===----------------------------------------------------------------------===//

#include "frontends/layers/Layer.h"
#include "frontends/layers/LayerBuilder.h"

using namespace seqc;
using namespace seqc::frontend;

namespace {

class SeqBoatLayer final : public Layer {
public:
  bool isStreamable() const override {
    return attention.isStreamable() && ema.truncation == 0;
  }
  Rows build(LayerBuilder &b, Rows stream) const override;

  int64_t latent = 0, hidden = 0;
  bool normFirst = true;
  std::string weights;
  NormConfig norm;
  EmaConfig ema;
  AttendConfig attention;

private:
  Rows attend(LayerBuilder &b, Rows active) const;
  Rows latentProjection(LayerBuilder &b, Rows latentRows, int64_t row) const {
    return b.scaleShift(latentRows,
                        {weights + "gamma", weights + "beta", 2, row});
  }
};

} // namespace

/// Gated attention over the active rows; every row attends to the window of
/// active rows around it, however far apart they were.
Rows SeqBoatLayer::attend(LayerBuilder &b, Rows active) const {
  Rows mixed =
      b.map(b.linear(active, {weights + "mx_proj.", latent + 2 * hidden}),
            Function::Silu);
  Rows z = b.columns(mixed, 0, latent);
  Rows gate = b.columns(mixed, latent, hidden);
  Rows value = b.columns(mixed, latent + hidden, hidden);
  Rows query = latentProjection(b, z, 0);
  Rows key = latentProjection(b, z, 1);
  Rows attended = b.attend(query, key, value, attention);
  return b.multiply({attended, gate});
}

Rows SeqBoatLayer::build(LayerBuilder &b, Rows stream) const {
  int64_t width = stream.width();
  Rows x = normFirst ? b.norm(stream, norm) : stream;
  Rows memory = b.map(b.ema(x, ema), Function::Silu);
  Rows projected = b.linear(memory, {weights + "hx_proj.", width + 2});
  Rows logits = b.columns(projected, 0, 2);
  Rows always = b.columns(projected, 2, width);
  Routing routing = b.route(logits, weights + "q_router.temp");
  const RowSpace *active = b.compress(routing.active);

  Rows attended = attend(b, b.gatherRows(memory, active));
  Rows update = b.linear(attended, {weights + "h_proj.", width});
  Rows sum = b.scatterRows(update, b.add({always, stream}), routing.confidence,
                           /*replace=*/false);
  // The activation comes after the residual sum.
  Rows out = b.map(sum, Function::Silu);
  return normFirst ? out : b.norm(out, norm);
}

std::unique_ptr<Layer> frontend::parseSeqBoat(ObjectReader &reader,
                                              LayerContext &context) {
  auto layer = std::make_unique<SeqBoatLayer>();
  layer->weights = context.prefix;
  layer->latent = reader.requireInteger("latent");
  layer->hidden = reader.requireInteger("hidden");
  layer->normFirst =
      reader.oneOf("norm_place", {"before", "after"}) == "before";
  layer->norm.kind =
      normKind(reader.oneOf("norm", {"layer", "rms", "scale", "batch"}));
  layer->norm.weights = context.prefix + "norm.norm.";
  layer->norm.eps = reader.positive("eps", layer->norm.eps);
  layer->norm.affine = reader.boolean("affine", true);
  layer->attention = readAttend(reader, context.problems, context.prefix);
  layer->ema = readEma(reader, context.prefix + "ssm.");
  return layer;
}
