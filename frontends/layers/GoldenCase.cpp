//===- GoldenCase.cpp - recorded cases of a layer as models ---------------===//

#include "frontends/layers/GoldenCase.h"

#include "frontends/json/JsonReader.h"

#include <filesystem>
#include <fstream>
#include <sstream>

using namespace seqc;
using namespace seqc::frontend;

namespace {

/// Members of one JSON object, as text.
class ObjectText {
public:
  ObjectText &raw(std::string_view key, std::string value) {
    text += (text.empty() ? "" : ", ") + quoteJson(key) + ": " + value;
    return *this;
  }
  ObjectText &string(std::string_view key, std::string_view value) {
    return raw(key, quoteJson(value));
  }
  ObjectText &integer(std::string_view key, int64_t value) {
    return raw(key, std::to_string(value));
  }
  ObjectText &boolean(std::string_view key, bool value) {
    return raw(key, value ? "true" : "false");
  }
  std::string str() const { return "{" + text + "}"; }

private:
  std::string text;
};

/// What a SeqBoat case says of its layers, in the words of a description.
struct SeqBoatCase {
  int64_t width, latent, hidden, states, window, maxPositions, truncation,
      layers;
  std::string score, norm, positions;
  bool bidirectional, normFirst, affine;
  double eps;
};

} // namespace

static std::string normWord(ObjectReader &config) {
  std::string word = config.requireOneOf(
      "norm_type", {"layernorm", "rmsnorm", "scalenorm", "batchnorm"});
  return word.substr(0, word.size() - 4);
}

/// The two writings of the configuration: a layer's own and that of the
/// classifier model.
static SeqBoatCase readSeqBoat(ObjectReader &config, bool classifier) {
  SeqBoatCase c;
  c.width = config.requireInteger(classifier ? "d_model" : "embed_dim");
  c.latent = config.requireInteger(classifier ? "d_qk" : "zdim");
  c.hidden = classifier ? 2 * c.width : config.requireInteger("hdim");
  c.states = config.requireInteger(classifier ? "d_ema" : "ndim");
  c.window = config.requireInteger(classifier ? "mem_size" : "window_size");
  c.maxPositions = config.requireInteger("max_positions");
  const JsonValue *truncation = config.get("truncation");
  c.truncation = truncation && !truncation->is(JsonValue::Kind::Null)
                     ? config.integer("truncation", 1)
                     : 0;
  c.layers = config.integer("n_layers", 1);
  c.score = config.requireOneOf("attention_activation",
                                {"softmax", "relu2", "laplace"});
  c.norm = normWord(config);
  std::string bias = config.requireOneOf("rel_pos_bias", {"simple", "rotary"});
  bool local = config.boolean("local_pos", false);
  c.positions = bias == "rotary" ? "rotary" : local ? "rank_bias" : "bias";
  c.bidirectional = config.boolean("bidirectional", false);
  c.normFirst = config.boolean("prenorm", true);
  c.affine = config.boolean("norm_affine", true);
  c.eps = config.positive("norm_eps", 1e-5);
  return c;
}

static std::string realText(double value) {
  std::ostringstream stream;
  stream.precision(17);
  stream << value;
  return stream.str();
}

static std::string layerText(const SeqBoatCase &c, const std::string &weights,
                             const std::string &name) {
  ObjectText layer;
  layer.string("kind", "seqboat")
      .string("name", name)
      .string("weights", weights);
  layer.integer("latent", c.latent).integer("hidden", c.hidden);
  layer.integer("states", c.states).integer("window", c.window);
  layer.string("score", c.score).string("positions", c.positions);
  if (c.positions != "rank_bias")
    layer.integer("max_positions", c.maxPositions);
  layer.string("norm", c.norm)
      .string("norm_place", c.normFirst ? "before" : "after");
  layer.raw("eps", realText(c.eps)).boolean("affine", c.affine);
  layer.boolean("bidirectional", c.bidirectional);
  if (c.truncation)
    layer.integer("truncation", c.truncation);
  return layer.str();
}

static std::string normText(const std::string &kind, const std::string &weights,
                            double eps) {
  return ObjectText()
      .string("norm", kind)
      .string("weights", weights)
      .raw("eps", realText(eps))
      .str();
}

static std::string blockText(const SeqBoatCase &c, const std::string &stack) {
  ObjectText block;
  bool repeated = !stack.empty();
  if (repeated)
    block.integer("repeat", c.layers);
  std::string place = repeated ? stack + ".{i}" : "layer";
  std::string weights = repeated ? "weight." + stack + ".{i}." : "weight.";
  block.raw("layers", "[\n    " + layerText(c, weights, place) + "]");
  return block.str();
}

static std::string seqBoatText(const JsonValue &configValue,
                               const std::string &name, Problems &problems) {
  ObjectReader config(configValue, problems);
  bool classifier = config.has("d_input"), languageModel = config.has("vocab");
  SeqBoatCase c = readSeqBoat(config, classifier);
  ObjectText input, output;
  std::string blocks;
  output.string("name", "y");
  if (classifier) {
    input.string("kind", "features").string("name", "x");
    input.integer("width", config.requireInteger("d_input"));
    ObjectText encoder;
    encoder.string("kind", "linear").string("weights", "weight.encoder.");
    blocks = "{\"layers\": [" + encoder.str() + "]},\n    " +
             blockText(c, "seq_layers");
    if (c.normFirst)
      output.raw("norm", normText(c.norm, "weight.final_norm.norm.", c.eps));
    output.string("pool", "mean");
    output.raw("linear",
               ObjectText().string("weights", "weight.decoder.").str());
  } else if (languageModel) {
    input.string("kind", "tokens").string("name", "ids");
    input.integer("vocab", config.requireInteger("vocab"))
        .integer("width", c.width);
    input.string("weights", "weight.embed.");
    blocks = blockText(c, "layers");
    output.raw("norm", normText("layer", "weight.final_norm.", c.eps));
    output.raw("linear", ObjectText().string("weights", "weight.head.").str());
  } else {
    input.string("kind", "features")
        .string("name", "x")
        .integer("width", c.width);
    blocks = blockText(c, "");
  }
  return "{\"format\": \"seqc-model\", \"version\": 1,\n  \"name\": " +
         quoteJson(name) +
         ",\n  \"weights\": \"tensors.safetensors\",\n  \"input\": " +
         input.str() + ",\n  \"blocks\": [" + blocks +
         "],\n  \"output\": " + output.str() + "}";
}

Result<std::string> frontend::goldenCaseText(const std::string &folder) {
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
  std::string description =
      seqBoatText(*config, "seqboat/" + place.filename().string(), problems);
  if (problems.any())
    return problems.status();
  return description;
}

Result<ModelDescription>
frontend::describeGoldenCase(const std::string &folder) {
  Result<std::string> text = goldenCaseText(folder);
  if (!text)
    return text.status();
  std::string name = (std::filesystem::path(folder) / "case.json").string();
  return ModelDescription::parse(*text, name + " (as a model)", folder);
}
