//===- ModelProperty.cpp - composed layers of random shape ----------------===//
//
// Layers as a description composes them, through the public API: what a kernel
// makes of a shape, what the compiler makes of the layer and what a session
// makes of the caller's tensors.
//
//===----------------------------------------------------------------------===//

#include "Calls.h"

#include <gtest/gtest.h>

using namespace seqc;
using namespace seqc::lab;
using namespace seqc::property;
using nlohmann::json;

namespace {

/// Steps of one layer with their weights; values are known by name and width.
class Layer {
public:
  explicit Layer(Random &random) : random(random) {}

  std::string fresh() { return "v" + std::to_string(next++); }
  std::string add(json step) {
    std::string out = fresh();
    step["out"] = out;
    steps.push_back(std::move(step));
    return out;
  }
  std::vector<std::string> split(const std::string &from,
                                 const std::vector<int64_t> &widths);
  std::string linear(const std::string &from, int64_t columns, int64_t rows);
  std::string map(const std::string &from);
  std::string norm(const std::string &from, int64_t width);
  /// A few steps that keep the width.
  std::string some(std::string from, int64_t width);
  std::string weightName() { return "w" + std::to_string(next++); }
  Model model(int64_t width) {
    Model made = composed(width, steps);
    made.weights = weights.weights;
    return made;
  }

  Random &random;
  json steps = json::array();
  Model weights;

private:
  int next = 0;
};

} // namespace

std::vector<std::string> Layer::split(const std::string &from,
                                      const std::vector<int64_t> &widths) {
  std::vector<std::string> names;
  for (size_t i = 0; i < widths.size(); ++i)
    names.push_back(fresh());
  steps.push_back(
      {{"op", "split"}, {"in", from}, {"widths", widths}, {"out", names}});
  return names;
}

std::string Layer::linear(const std::string &from, int64_t columns,
                          int64_t rows) {
  std::string name = weightName() + ".";
  bool bias = random.chance(0.7);
  addLinear(random, weights, name, rows, columns);
  if (!bias)
    weights.weights.pop_back();
  return add(
      {{"op", "linear"}, {"in", from}, {"weights", name}, {"bias", bias}});
}

std::string Layer::map(const std::string &from) {
  return add({{"op", "map"},
              {"in", from},
              {"function", random.pick({"silu", "relu", "relu2", "gelu",
                                        "gelu_tanh", "sigmoid", "tanh",
                                        "softplus", "negate", "one_minus"})}});
}

std::string Layer::norm(const std::string &from, int64_t width) {
  std::string kind = random.pick({"layer", "rms", "scale", "batch"}),
              name = weightName() + ".";
  bool affine = kind == "scale" || random.chance(0.7);
  json step = {{"op", "norm"}, {"in", from}, {"norm", kind}, {"weights", name}};
  if (kind != "scale")
    step["affine"] = affine;
  if (kind == "batch") {
    addWeight(random, weights, name + "running_mean", {width}, -0.5, 0.5);
    addWeight(random, weights, name + "running_var", {width}, 0.5, 2);
  }
  if (kind == "scale")
    addWeight(random, weights, name + "scalar", {1}, 0.5, 1.5);
  if (kind != "scale" && affine)
    addWeight(random, weights, name + "weight", {width}, 0.5, 1.5);
  if ((kind == "layer" || kind == "batch") && affine)
    addWeight(random, weights, name + "bias", {width}, -0.1, 0.1);
  return add(step);
}

std::string Layer::some(std::string from, int64_t width) {
  for (int64_t i = random.between(0, 2); i > 0; --i) {
    std::string made;
    switch (random.between(0, 4)) {
    case 0:
      made = map(from);
      break;
    case 1:
      // Rows of few, nearly equal values: a norm multiplies their rounding.
      made = width < 8 ? map(from) : norm(from, width);
      break;
    case 2: {
      std::string scale = weightName(), shift = weightName();
      int64_t rows = random.between(1, 3);
      addWeight(random, weights, scale, {rows, width}, -1, 1);
      addWeight(random, weights, shift, {rows, width}, -1, 1);
      made = add({{"op", "scale_shift"},
                  {"in", from},
                  {"scale", scale},
                  {"shift", shift},
                  {"rows", rows},
                  {"row", random.between(0, rows - 1)}});
      break;
    }
    default:
      made = add({{"op", random.pick({"add", "multiply"})},
                  {"in", {from, map(from)}}});
    }
    from = made;
  }
  return from;
}

/// One call in six holds a few values that are no ordinary numbers: they must
/// leave alone what does not depend on them.
static Questions poisoned() {
  Questions questions;
  questions.poisoned = 1.0 / 6;
  questions.bound.anyNonFinite = true;
  // That of the error function, which laplace leaves in small results.
  questions.bound.absolute = 1e-6;
  return questions;
}

//===----------------------------------------------------------------------===//
// Scans
//===----------------------------------------------------------------------===//

static std::string selectiveScan(Layer &layer, const std::string &x, int64_t d,
                                 int64_t n) {
  Random &random = layer.random;
  std::vector<std::string> parts = layer.split(x, {d, d, n, n});
  std::string delta =
      layer.add({{"op", "map"}, {"in", parts[1]}, {"function", "softplus"}});
  bool logarithmic = random.chance(0.5);
  std::string decay = layer.weightName();
  addWeight(random, layer.weights, decay, {d, n}, logarithmic ? -1 : -3,
            logarithmic ? 1 : -0.05);
  json step = {
      {"op", "selective_scan"}, {"in", layer.some(parts[0], d)},
      {"delta", delta},         {"state_in", layer.some(parts[2], n)},
      {"state_out", parts[3]},  {logarithmic ? "log_decay" : "decay", decay}};
  if (random.chance(0.5)) {
    step["skip"] = layer.weightName();
    addWeight(random, layer.weights, step["skip"], {d}, -1, 1);
  }
  return layer.add(step);
}

static std::string average(Layer &layer, const std::string &x, int64_t d,
                           int64_t n) {
  Random &random = layer.random;
  std::string name = layer.weightName() + ".";
  json step = {{"op", "ema"}, {"in", x}, {"weights", name}, {"states", n}};
  bool both = random.chance(0.3);
  step["bidirectional"] = both;
  if (random.chance(0.3))
    step["truncation"] = random.between(1, 12);
  int64_t rows = both ? 2 * d : d;
  for (const char *part : {"delta", "alpha", "beta"})
    addWeight(random, layer.weights, name + part, {rows, n, 1}, -1, 1);
  addWeight(random, layer.weights, name + "gamma", {rows, n}, -1, 1);
  addWeight(random, layer.weights, name + "omega", {d}, -1, 1);
  return layer.add(step);
}

static std::string recurrence(Layer &layer, const std::string &x, int64_t d) {
  std::vector<std::string> parts = layer.split(x, {d, d});
  std::string keep =
      layer.add({{"op", "map"}, {"in", parts[1]}, {"function", "sigmoid"}});
  return layer.add({{"op", "recurrence"},
                    {"in", layer.some(parts[0], d)},
                    {"decay", keep},
                    {"reverse", layer.random.chance(0.4)}});
}

static std::string convolution(Layer &layer, const std::string &x, int64_t d) {
  Random &random = layer.random;
  std::string name = layer.weightName() + ".";
  int64_t taps = random.between(2, 9);
  bool bias = random.chance(0.5);
  addWeight(random, layer.weights, name + "weight", {d, taps}, -0.5, 0.5);
  if (bias)
    addWeight(random, layer.weights, name + "bias", {d}, -0.5, 0.5);
  return layer.add({{"op", "conv"},
                    {"in", x},
                    {"weights", name},
                    {"taps", taps},
                    {"bias", bias}});
}

TEST(ModelProperty, Scans) {
  forEachTrial("scans", 24, [](Trial &trial) {
    Random &random = trial.random;
    Layer layer(random);
    int64_t d = random.extent(50), n = random.extent(20), width = d;
    std::string y;
    switch (random.between(0, 3)) {
    case 0:
      width = 2 * d + 2 * n;
      y = selectiveScan(layer, "x", d, n);
      break;
    case 1:
      y = average(layer, layer.some("x", d), d, n);
      break;
    case 2:
      width = 2 * d;
      y = recurrence(layer, "x", d);
      break;
    default:
      y = convolution(layer, layer.some("x", d), d);
    }
    layer.linear(layer.some(y, d), d, width);
    Questions questions = poisoned();
    questions.longest = 30;
    askBoth(trial, layer.model(width), questions);
  });
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

/// Three linear steps of x and attention over them; gives its width.
static int64_t attention(Layer &layer, const std::string &x, int64_t width,
                         std::string &out) {
  Random &random = layer.random;
  int64_t keyHeads = random.chance(0.6) ? 1 : random.between(1, 3);
  int64_t heads =
      keyHeads *
      (keyHeads == 1 && random.chance(0.6) ? 1 : random.between(1, 3));
  int64_t z = random.extent(24), h = random.extent(33);
  int64_t window = random.between(1, 20);
  json step = {{"op", "attend"},
               {"score", random.pick({"softmax", "relu", "relu2", "laplace"})},
               {"bidirectional", random.chance(0.4)},
               {"heads", heads},
               {"key_heads", keyHeads}};
  step["window"] = window;
  std::string positions = random.pick({"none", "rotary", "bias", "rank_bias"});
  if (random.chance(0.2) && positions != "rank_bias") {
    step["window"] = nullptr;
    step["scale"] = 0.3;
  }
  step["positions"] = positions;
  if (positions == "rotary") {
    z += z % 2;
    step["max_positions"] = 200;
  } else if (positions == "bias") {
    int64_t most = random.between(1, 50);
    step["max_positions"] = most;
    step["table"] = layer.weightName();
    addWeight(random, layer.weights, step["table"], {2 * most - 1}, -1, 1);
  } else if (positions == "rank_bias") {
    step["table"] = layer.weightName();
    addWeight(random, layer.weights, step["table"], {6 * window - 1}, -1, 1);
  }
  // Relative to the width, as initial values of a trained model would be.
  step["query"] = layer.linear(x, width, heads * z);
  step["key"] = layer.linear(x, width, keyHeads * z);
  step["value"] =
      layer.some(layer.linear(x, width, keyHeads * h), keyHeads * h);
  out = layer.add(step);
  return heads * h;
}

TEST(ModelProperty, Attention) {
  forEachTrial("attention layers", 20, [](Trial &trial) {
    Random &random = trial.random;
    Layer layer(random);
    int64_t width = random.extent(40);
    std::string y;
    int64_t made = attention(layer, layer.some("x", width), width, y);
    layer.linear(layer.some(y, made), made, width);
    Questions questions = poisoned();
    questions.longest = 30;
    askBoth(trial, layer.model(width), questions);
  });
}

//===----------------------------------------------------------------------===//
// Gates
//===----------------------------------------------------------------------===//

// The router reads columns of the input, so that no rounding decides.
TEST(ModelProperty, Gates) {
  forEachTrial("gates", 24, [](Trial &trial) {
    Random &random = trial.random;
    Layer layer(random);
    int64_t d = random.extent(40), inner = random.extent(70);
    std::vector<std::string> parts = layer.split("x", {2, d});
    std::string temperature = layer.weightName(), active = layer.fresh(),
                confidence = layer.fresh();
    addWeight(random, layer.weights, temperature, {1}, -1, 1);
    layer.steps.push_back({{"op", "route"},
                           {"in", parts[0]},
                           {"temperature", temperature},
                           {"active", active},
                           {"confidence", confidence}});
    std::string rows = layer.add({{"op", "compress"}, {"in", active}});
    std::string full = layer.linear(layer.some(parts[1], d), d, inner);
    std::string taken =
        layer.add({{"op", "gather_rows"},
                   {"in", random.chance(0.5) ? full : layer.map(full)},
                   {"rows", rows}});
    int64_t made = inner;
    if (random.chance(0.4))
      made = attention(layer, taken, inner, taken);
    taken = layer.some(layer.linear(layer.some(taken, made), made, d), d);
    json scatter = {
        {"op", "scatter_rows"},
        {"in", taken},
        {"into", random.chance(0.5) ? parts[1] : layer.some(parts[1], d)},
        {"mode", random.pick({"add", "set"})}};
    if (random.chance(0.6))
      scatter["scale"] = confidence;
    std::string y = layer.add(scatter);
    layer.linear(layer.some(y, d), d, d + 2);
    askBoth(trial, layer.model(d + 2), poisoned());
  });
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

TEST(ModelProperty, Contractions) {
  forEachTrial("contractions", 16, [](Trial &trial) {
    Random &random = trial.random;
    Layer layer(random);
    int64_t width = random.extent(70), columns = width;
    std::string y = "x";
    for (int64_t i = random.between(1, 3); i > 0; --i) {
      int64_t made = i == 1 ? width : random.extent(130);
      std::string product = layer.linear(y, columns, made);
      y = layer.some(product, made);
      if (made == width && random.chance(0.5))
        y = layer.add({{"op", "add"}, {"in", {"x", y}}});
      columns = made;
    }
    if (y == "x" || columns != width)
      y = layer.linear(y, columns, width);
    Questions questions = poisoned();
    questions.longest = 90;
    questions.mostSequences = 3;
    askBoth(trial, layer.model(width), questions);
  });
}

TEST(ModelProperty, SpecialValues) {
  forEachTrial("special values", 16, [](Trial &trial) {
    Random &random = trial.random;
    Layer layer(random);
    int64_t width = random.extent(70);
    if (random.chance(0.5))
      layer.map("x");
    else
      layer.norm("x", width);
    Questions questions;
    questions.bound.perElement = true;
    // Results like log(1 + x) have the error of the sum inside.
    questions.bound.absolute = 1e-6;
    questions.value = anyNumber;
    askBoth(trial, layer.model(width), questions);
  });
}

// Nothing is computed: bits stay.
TEST(ModelProperty, MovedRows) {
  forEachTrial("moved rows", 8, [](Trial &trial) {
    Random &random = trial.random;
    Layer layer(random);
    int64_t d = random.extent(70);
    std::vector<std::string> parts = layer.split("x", {2, d, d});
    addWeight(random, layer.weights, "temperature", {1}, -1, 1);
    layer.steps.push_back({{"op", "route"},
                           {"in", parts[0]},
                           {"temperature", "temperature"},
                           {"active", "active"},
                           {"confidence", "confidence"}});
    std::string rows = layer.add({{"op", "compress"}, {"in", "active"}});
    std::string taken =
        layer.add({{"op", "gather_rows"}, {"in", parts[1]}, {"rows", rows}});
    layer.add({{"op", "scatter_rows"},
               {"in", taken},
               {"into", parts[2]},
               {"mode", "set"}});
    Questions questions;
    questions.value = anyNumber;
    questions.bound.sameBits = true;
    questions.cases = 30;
    askBoth(trial, layer.model(2 * d + 2), questions);
  });
}

/// Functions of one element as a region may call them.
static const std::vector<const char *> kFunctions = {
    "%r = math.exp %v : f32",
    "%r = math.exp2 %v : f32",
    "%r = math.log %v : f32",
    "%r = math.log2 %v : f32",
    "%r = math.log1p %v : f32",
    "%r = math.erf %v : f32",
    "%r = math.tanh %v : f32",
    "%r = math.sqrt %v : f32",
    "%r = math.rsqrt %v : f32",
    "%r = math.absf %v : f32",
    "%r = math.floor %v : f32",
    "%r = math.ceil %v : f32",
    "%r = arith.negf %v : f32",
    "%one = arith.constant 1.0 : f32\n %r = arith.divf %one, %v : f32",
    "%c = arith.constant 0.5 : f32\n %r = arith.maximumf %v, %c : f32",
    "%c = arith.constant -0.5 : f32\n %r = arith.minimumf %v, %c : f32",
    "%c = arith.constant 0.0 : f32\n %b = arith.cmpf ogt, %v, %c : f32\n"
    "%r = arith.select %b, %v, %c : f32",
};

TEST(ModelProperty, Functions) {
  forEachTrial("functions", int(2 * kFunctions.size()), [](Trial &trial) {
    Random &random = trial.random;
    std::string function = kFunctions[size_t(trial.index) % kFunctions.size()];
    std::string type =
        "tensor<?x" + std::to_string(random.extent(70)) + "xf32>";
    Model model;
    model.text = "#id = affine_map<(t, d) -> (t, d)>\n"
                 "func.func @forward(%x: " +
                 type +
                 " {seqc.input = \"x\"}, %off: tensor<?xi32> "
                 "{seqc.builtin = \"offsets\"})\n    -> (" +
                 type +
                 " {seqc.output = \"y\"}) attributes {seqc.causal} {\n"
                 "  %c0 = arith.constant 0 : index\n"
                 "  %n = tensor.dim %x, %c0 : " +
                 type +
                 "\n"
                 "  %e = tensor.empty(%n) : " +
                 type +
                 "\n"
                 "  %y = linalg.generic {indexing_maps = [#id, #id], "
                 "iterator_types = [\"parallel\", \"parallel\"]} ins(%x : " +
                 type + ") outs(%e : " + type +
                 ") {\n"
                 "  ^bb0(%v: f32, %o: f32):\n    " +
                 function + "\n    linalg.yield %r : f32\n  } -> " + type +
                 "\n  return %y : " + type + "\n}\n";
    Questions questions;
    questions.bound.perElement = true;
    questions.bound.absolute = 1e-6;
    questions.value = anyNumber;
    questions.cases = 8;
    askBoth(trial, model, questions);
  });
}
