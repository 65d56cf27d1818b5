//===- SeqBoatConfig.cpp - the authors' configuration as a description ----===//

#include "frontends/layers/SeqBoatConfig.h"

#include "frontends/json/JsonWriter.h"

using namespace seqc;
using namespace seqc::frontend;

static constexpr double kDefaultEps = 1e-5;

static std::string normWord(ObjectReader &config) {
  std::string word = config.requireOneOf(
      "norm_type", {"layernorm", "rmsnorm", "scalenorm", "batchnorm"});
  return word.substr(0, word.size() - 4);
}

SeqBoatConfig frontend::readSeqBoatConfig(ObjectReader &config) {
  using Form = SeqBoatConfig::Form;
  SeqBoatConfig c;
  bool classifier = config.has("d_input");
  c.form = classifier            ? Form::Classifier
           : config.has("vocab") ? Form::LanguageModel
                                 : Form::Layer;
  c.width = config.requireInteger(classifier ? "d_model" : "embed_dim");
  c.latent = config.requireInteger(classifier ? "d_qk" : "zdim");
  c.hidden = classifier ? 2 * c.width : config.requireInteger("hdim");
  c.states = config.requireInteger(classifier ? "d_ema" : "ndim");
  c.window = config.requireInteger(classifier ? "mem_size" : "window_size");
  c.maxPositions = config.requireInteger("max_positions");
  const JsonValue *truncation = config.get("truncation");
  if (truncation && !truncation->is(JsonValue::Kind::Null))
    c.truncation = config.integer("truncation", 1);
  c.layers = config.integer("n_layers", 1);
  if (classifier) {
    c.inputs = config.requireInteger("d_input");
    c.outputs = config.integer("d_output", 0);
  } else if (c.form == Form::LanguageModel) {
    c.vocabulary = config.requireInteger("vocab");
  }
  c.score = config.requireOneOf("attention_activation",
                                {"softmax", "relu2", "laplace"});
  c.norm = normWord(config);
  std::string bias = config.requireOneOf("rel_pos_bias", {"simple", "rotary"});
  bool local = config.boolean("local_pos", false);
  c.positions = bias == "rotary" ? "rotary" : local ? "rank_bias" : "bias";
  c.bidirectional = config.boolean("bidirectional", false);
  c.normFirst = config.boolean("prenorm", true);
  c.affine = config.boolean("norm_affine", true);
  c.eps = config.positive("norm_eps", kDefaultEps);
  // How training started and what it dropped.
  config.allow("init_temp_scale");
  config.allow("dropout");
  config.allow("seed");
  return c;
}

static std::string layerText(const SeqBoatConfig &c, const std::string &weights,
                             const std::string &name) {
  ObjectText layer;
  layer.string("kind", "seqboat");
  // A layer is called by its weights anyway.
  if (weights != name + ".")
    layer.string("name", name);
  layer.string("weights", weights);
  layer.integer("latent", c.latent).integer("hidden", c.hidden);
  layer.integer("states", c.states).integer("window", c.window);
  if (c.paddedBatch)
    layer.string("window_over", "batch");
  layer.string("score", c.score).string("positions", c.positions);
  if (c.positions != "rank_bias")
    layer.integer("max_positions", c.maxPositions);
  layer.string("norm", c.norm)
      .string("norm_place", c.normFirst ? "before" : "after");
  if (c.eps != kDefaultEps)
    layer.real("eps", c.eps);
  if (!c.affine)
    layer.boolean("affine", false);
  if (c.bidirectional)
    layer.boolean("bidirectional", true);
  if (c.truncation)
    layer.integer("truncation", c.truncation);
  return layer.str();
}

static std::string normText(const SeqBoatConfig &c, const std::string &kind,
                            const std::string &weights) {
  ObjectText norm;
  norm.string("norm", kind).string("weights", weights);
  if (c.eps != kDefaultEps)
    norm.real("eps", c.eps);
  return norm.str();
}

static std::string blockText(const SeqBoatConfig &c, const std::string &prefix,
                             const std::string &stack) {
  ObjectText block;
  if (!stack.empty())
    block.integer("repeat", c.layers);
  std::string place = stack.empty() ? "" : stack + ".{i}";
  std::string weights = prefix + (place.empty() ? "" : place + ".");
  std::string name = place.empty() ? "layer" : place;
  block.raw("layers", "[" + layerText(c, weights, name) + "]");
  return block.str();
}

static void addClassifier(const SeqBoatConfig &c, const std::string &prefix,
                          ObjectText &model) {
  model.raw("input", ObjectText()
                         .string("kind", "features")
                         .string("name", "x")
                         .integer("width", c.inputs)
                         .str());
  ObjectText encoder, decoder, output;
  encoder.string("kind", "linear").string("weights", prefix + "encoder.");
  model.raw("blocks", "[{\"layers\": [" + encoder.str() + "]}, " +
                          blockText(c, prefix, "seq_layers") + "]");
  if (c.normFirst)
    output.raw("norm", normText(c, c.norm, prefix + "final_norm.norm."));
  decoder.string("weights", prefix + "decoder.");
  if (c.outputs)
    decoder.integer("width", c.outputs);
  model.raw("output",
            output.string("pool", "mean").raw("linear", decoder.str()).str());
}

static void addLanguageModel(const SeqBoatConfig &c,
                             const SeqBoatNaming &naming, ObjectText &model) {
  ObjectText input, head, output;
  input.string("kind", "tokens");
  if (naming.bytes)
    input.string("tokenizer", "bytes");
  input.integer("vocab", c.vocabulary).integer("width", c.width);
  input.string("weights", naming.prefix + "embed.");
  model.raw("input", input.str());
  model.raw("blocks", "[" + blockText(c, naming.prefix, "layers") + "]");
  output.raw("norm", normText(c, "layer", naming.prefix + "final_norm."));
  head.string("weights", naming.prefix + "head.");
  model.raw("output", output.raw("linear", head.str()).str());
  model.raw("score", ObjectText().integer("window", c.maxPositions).str());
}

static void addLayer(const SeqBoatConfig &c, const std::string &prefix,
                     ObjectText &model) {
  ObjectText input;
  input.string("kind", "features").string("name", "x");
  input.integer("width", c.width);
  if (c.paddedBatch) {
    ObjectText mask;
    mask.string("name", "valid").integer("width", 1);
    input.raw("also", "[" + mask.str() + "]").string("mask", "valid");
  }
  model.raw("input", input.str());
  model.raw("blocks", "[" + blockText(c, prefix, "") + "]");
}

std::string frontend::describeSeqBoat(const SeqBoatConfig &config,
                                      const SeqBoatNaming &naming) {
  ObjectText model;
  model.string("format", "seqc-model").integer("version", 1);
  model.string("name", naming.name);
  if (!naming.description.empty())
    model.string("description", naming.description);
  std::string files;
  for (const std::string &file : naming.weightFiles)
    files += (files.empty() ? "" : ", ") + quoteJson(file);
  model.raw("weights",
            naming.weightFiles.size() == 1 ? files : "[" + files + "]");
  switch (config.form) {
  case SeqBoatConfig::Form::Layer:
    addLayer(config, naming.prefix, model);
    break;
  case SeqBoatConfig::Form::Classifier:
    addClassifier(config, naming.prefix, model);
    break;
  case SeqBoatConfig::Form::LanguageModel:
    addLanguageModel(config, naming, model);
    break;
  }
  return model.str();
}
