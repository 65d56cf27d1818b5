//===- LayerConfig.cpp - reads parameters of the primitives ---------------===//

#include "frontends/layers/LayerConfig.h"

#include <algorithm>

using namespace seqc;
using namespace seqc::frontend;

const std::vector<std::string> &frontend::functionNames() {
  // In the order of the enumeration.
  static const std::vector<std::string> names = {
      "silu", "relu", "relu2",    "gelu",   "gelu_tanh", "sigmoid",
      "tanh", "exp",  "softplus", "negate", "one_minus"};
  return names;
}

std::optional<Function> frontend::parseFunction(std::string_view word) {
  const std::vector<std::string> &names = functionNames();
  auto found = std::find(names.begin(), names.end(), word);
  if (found == names.end())
    return std::nullopt;
  return static_cast<Function>(found - names.begin());
}

NormConfig::Kind frontend::normKind(const std::string &word) {
  if (word == "rms")
    return NormConfig::Kind::Rms;
  if (word == "scale")
    return NormConfig::Kind::Scale;
  if (word == "batch")
    return NormConfig::Kind::Batch;
  return NormConfig::Kind::Layer;
}

Function frontend::readFunction(ObjectReader &reader, Problems &problems) {
  std::string word = reader.requireString("function");
  if (std::optional<Function> function = parseFunction(word))
    return *function;
  if (!word.empty())
    reportUnknown(problems, *reader.get("function"), "function", word,
                  functionNames());
  return Function::Silu;
}

NormConfig frontend::readNorm(ObjectReader &reader, const std::string &prefix) {
  NormConfig config;
  config.kind =
      normKind(reader.oneOf("norm", {"layer", "rms", "scale", "batch"}));
  config.weights = prefix + reader.string("weights");
  config.eps = reader.positive("eps", config.eps);
  config.affine = reader.boolean("affine", true);
  return config;
}

LinearConfig frontend::readLinear(ObjectReader &reader,
                                  const std::string &prefix) {
  LinearConfig config;
  config.weights = prefix + reader.requireString("weights");
  config.width = reader.integer("width", -1);
  config.bias = reader.boolean("bias", true);
  return config;
}

static int64_t readTruncation(ObjectReader &reader) {
  const JsonValue *value = reader.get("truncation");
  return value && !value->is(JsonValue::Kind::Null)
             ? reader.integer("truncation", 1)
             : 0;
}

EmaConfig frontend::readEma(ObjectReader &reader, const std::string &prefix) {
  EmaConfig config;
  config.weights = prefix;
  config.states = reader.integer("states", config.states, 1, 1024);
  config.bidirectional = reader.boolean("bidirectional", false);
  config.truncation = readTruncation(reader);
  return config;
}

ConvConfig frontend::readConv(ObjectReader &reader, const std::string &prefix) {
  ConvConfig config;
  config.weights = prefix + reader.requireString("weights");
  config.taps = reader.integer("taps", config.taps, 2, 64);
  config.bias = reader.boolean("bias", true);
  return config;
}

SelectiveScanConfig frontend::readSelectiveScan(ObjectReader &reader,
                                                Problems &problems,
                                                const std::string &prefix) {
  SelectiveScanConfig config;
  config.logarithmic = reader.has("log_decay");
  if (reader.has("decay") == config.logarithmic)
    problems.error(reader.place(),
                   "expected one of 'decay' and 'log_decay', got " +
                       std::string(config.logarithmic ? "both" : "none"));
  config.decay =
      prefix + reader.string(config.logarithmic ? "log_decay" : "decay");
  reader.allow("decay");
  if (reader.has("skip"))
    config.skip = prefix + reader.string("skip");
  else
    reader.allow("skip");
  return config;
}

ComplexScanConfig frontend::readComplexScan(ObjectReader &reader,
                                            const std::string &prefix) {
  ComplexScanConfig config;
  config.weights = prefix + reader.requireString("weights");
  config.states = reader.integer("states", 16, 1, 1 << 12);
  return config;
}

/// `window`, -1 for null, which needs the caller's own scale and no table of
/// ranks: both are sized by the window.
static int64_t readWindow(ObjectReader &reader, Problems &problems,
                          const AttendConfig &config) {
  const JsonValue *value = reader.require("window");
  if (!value || !value->is(JsonValue::Kind::Null))
    return reader.integer("window", 1, 1, 1 << 20);
  if (config.bias == AttendConfig::Bias::Rank)
    problems.error(*value, "expected a number of keys for 'positions': "
                           "'rank_bias', whose table has an entry for each");
  if (config.score != AttendConfig::Score::Softmax && !reader.has("scale"))
    problems.error(*value, "expected a 'scale' beside a window of null for a "
                           "score other than softmax");
  return -1;
}

static AttendConfig::WindowOver
readWindowOver(ObjectReader &reader, Problems &problems, int64_t window) {
  using Over = AttendConfig::WindowOver;
  std::string word =
      reader.oneOf("window_over", {"rows", "positions", "batch"});
  if (window < 0 && reader.has("window_over"))
    problems.error(*reader.get("window_over"),
                   "a window of null counts nothing; expected a number, or no "
                   "'window_over'");
  return word == "positions" ? Over::Positions
         : word == "batch"   ? Over::Batch
                             : Over::Rows;
}

AttendConfig frontend::readAttend(ObjectReader &reader, Problems &problems,
                                  const std::string &prefix) {
  AttendConfig config;
  std::string score =
      reader.oneOf("score", {"softmax", "relu", "relu2", "laplace"});
  config.score = score == "relu"      ? AttendConfig::Score::Relu
                 : score == "relu2"   ? AttendConfig::Score::Relu2
                 : score == "laplace" ? AttendConfig::Score::Laplace
                                      : AttendConfig::Score::Softmax;
  std::string bias =
      reader.oneOf("positions", {"none", "bias", "rank_bias", "rotary"});
  config.bias = bias == "bias"        ? AttendConfig::Bias::Position
                : bias == "rank_bias" ? AttendConfig::Bias::Rank
                : bias == "rotary"    ? AttendConfig::Bias::Rotary
                                      : AttendConfig::Bias::None;
  config.window = readWindow(reader, problems, config);
  config.windowOver = readWindowOver(reader, problems, config.window);
  config.bidirectional = reader.boolean("bidirectional", false);
  if (reader.has("scale"))
    config.scale = reader.positive("scale", 1);
  else
    reader.allow("scale");
  bool needsTable = config.bias == AttendConfig::Bias::Position ||
                    config.bias == AttendConfig::Bias::Rank;
  config.table = prefix + reader.string("table", "rel_pos_bias.rel_pos_bias");
  if (!needsTable && reader.has("table"))
    problems.error(*reader.get("table"),
                   "a table goes with 'positions': 'bias' or 'rank_bias' only");
  if (config.bias == AttendConfig::Bias::Position ||
      config.bias == AttendConfig::Bias::Rotary)
    config.maxPositions = reader.requireInteger("max_positions", 1, 1 << 24);
  else
    reader.allow("max_positions");
  if (config.bias == AttendConfig::Bias::Rotary)
    config.theta = reader.positive("theta", config.theta);
  return config;
}

void frontend::readHeads(ObjectReader &reader, Problems &problems,
                         AttendConfig &config) {
  config.heads = reader.integer("heads", 1, 1, 1 << 12);
  config.keyHeads = reader.integer("key_heads", config.heads, 1, 1 << 12);
  if (config.heads % config.keyHeads != 0)
    problems.error(*reader.get("key_heads"),
                   "expected a divisor of the " + std::to_string(config.heads) +
                       " heads of the queries, got " +
                       std::to_string(config.keyHeads));
}
