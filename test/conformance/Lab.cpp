//===- Lab.cpp - small models and their runs ------------------------------===//

#include "Lab.h"

#include "frontends/safetensors/Safetensors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <stdexcept>

using namespace seqc;
using namespace seqc::lab;
using nlohmann::json;

//===----------------------------------------------------------------------===//
// Models
//===----------------------------------------------------------------------===//

static uint64_t seedOf(const std::string &name) {
  uint64_t hash = 1469598103934665603ull;
  for (unsigned char c : name)
    hash = (hash ^ c) * 1099511628211ull;
  return hash;
}

static void fill(Tensor &tensor, uint64_t seed, double low, double high) {
  std::mt19937_64 random(seed);
  for (int64_t i = 0; i < tensor.size(); ++i)
    tensor.as<float>()[i] = static_cast<float>(
        low + (high - low) * double(random() >> 11) / double(1ull << 53));
}

void Model::random(const std::string &name, std::vector<int64_t> shape,
                   double low, double high) {
  Tensor tensor(DType::F32, std::move(shape));
  fill(tensor, seedOf(name), low, high);
  weights.emplace_back(name, std::move(tensor));
}

void Model::constant(const std::string &name, std::vector<int64_t> shape,
                     double value) {
  Tensor tensor(DType::F32, std::move(shape));
  std::fill_n(tensor.as<float>(), tensor.size(), static_cast<float>(value));
  weights.emplace_back(name, std::move(tensor));
}

void Model::values(const std::string &name, const std::vector<float> &values) {
  Tensor tensor(DType::F32, {static_cast<int64_t>(values.size())});
  std::copy(values.begin(), values.end(), tensor.as<float>());
  weights.emplace_back(name, std::move(tensor));
}

static json documentOf(int64_t width, json blocks) {
  return {{"format", "seqc-model"},
          {"version", 1},
          {"name", "conformance"},
          {"input", {{"kind", "features"}, {"width", width}}},
          {"blocks", json::array({std::move(blocks)})}};
}

Model lab::composed(int64_t width, json steps) {
  json layer = {{"kind", "compose"}, {"weights", ""}, {"steps", steps}};
  Model model;
  model.document = documentOf(width, {{"layers", json::array({layer})}});
  return model;
}

void lab::addAverage(Model &model, const std::string &prefix, int64_t rows,
                     int64_t width, int64_t states) {
  model.random(prefix + "delta", {rows, states, 1}, -1, 1);
  model.random(prefix + "alpha", {rows, states, 1}, -1, 1);
  model.random(prefix + "beta", {rows, states, 1}, -1, 1);
  model.random(prefix + "gamma", {rows, states}, -1, 1);
  model.random(prefix + "omega", {width}, -1, 1);
}

static void addNorm(Model &model, const SeqBoat &c, const std::string &prefix) {
  if (c.norm == "scale")
    return model.random(prefix + "scalar", {1}, 0.5, 1.5);
  if (c.norm == "batch") {
    model.random(prefix + "running_mean", {c.width}, -0.5, 0.5);
    model.random(prefix + "running_var", {c.width}, 0.5, 2);
  }
  if (!c.affine)
    return;
  model.random(prefix + "weight", {c.width}, 0.5, 1.5);
  if (c.norm != "rms")
    model.random(prefix + "bias", {c.width}, -0.1, 0.1);
}

static void addLayer(Model &model, const SeqBoat &c, const std::string &p) {
  int64_t d = c.width, z = c.latent, h = c.hidden;
  addNorm(model, c, p + "norm.norm.");
  addAverage(model, p + "ssm.", c.bidirectional ? 2 * d : d, d, c.states);
  double fan = std::sqrt(3.0 / double(d));
  model.random(p + "hx_proj.weight", {2 + d, d}, -fan, fan);
  model.random(p + "hx_proj.bias", {2 + d}, -0.1, 0.1);
  model.weights.back().second.as<float>()[0] += static_cast<float>(c.skipBias);
  model.random(p + "mx_proj.weight", {z + 2 * h, d}, -fan, fan);
  model.random(p + "mx_proj.bias", {z + 2 * h}, -0.1, 0.1);
  model.random(p + "gamma", {2, z}, -1.5, 1.5);
  model.random(p + "beta", {2, z}, -0.5, 0.5);
  double fanHidden = std::sqrt(3.0 / double(h));
  model.random(p + "h_proj.weight", {d, h}, -fanHidden, fanHidden);
  model.random(p + "h_proj.bias", {d}, -0.1, 0.1);
  model.constant(p + "q_router.temp", {1}, 0.5 * std::log(double(d)));
  if (c.positions == "rank_bias")
    model.random(p + "rel_pos_bias.rel_pos_bias", {6 * c.window - 1}, -1, 1);
  if (c.positions == "bias")
    model.random(p + "rel_pos_bias.rel_pos_bias", {2 * c.maxPositions - 1}, -1,
                 1);
}

Model lab::seqBoat(const SeqBoat &c) {
  json layer = {{"kind", "seqboat"},  {"weights", "layers.{i}."},
                {"latent", c.latent}, {"hidden", c.hidden},
                {"states", c.states}, {"window", c.window},
                {"score", c.score},   {"positions", c.positions},
                {"norm", c.norm},     {"norm_place", c.place},
                {"affine", c.affine}, {"bidirectional", c.bidirectional}};
  if (c.norm == "scale" || c.affine)
    layer.erase("affine");
  if (c.positions == "rotary" || c.positions == "bias")
    layer["max_positions"] = c.maxPositions;
  if (c.truncation)
    layer["truncation"] = c.truncation;
  Model model;
  model.document = documentOf(
      c.width, {{"repeat", c.layers}, {"layers", json::array({layer})}});
  for (int i = 0; i < c.layers; ++i)
    addLayer(model, c, "layers." + std::to_string(i) + ".");
  return model;
}

Model lab::selective(int64_t width, int64_t inner, int64_t states,
                     int64_t taps) {
  Model model = composed(
      width,
      {{{"op", "linear"}, {"in", "x"}, {"weights", "in."}, {"out", "u0"}},
       {{"op", "conv"},
        {"in", "u0"},
        {"weights", "conv."},
        {"taps", taps},
        {"out", "u1"}},
       {{"op", "map"}, {"in", "u1"}, {"function", "silu"}, {"out", "u"}},
       {{"op", "linear"}, {"in", "u"}, {"weights", "p."}, {"out", "p"}},
       {{"op", "split"},
        {"in", "p"},
        {"widths", {inner, states, states}},
        {"out", {"d", "b", "c"}}},
       {{"op", "map"}, {"in", "d"}, {"function", "softplus"}, {"out", "delta"}},
       {{"op", "selective_scan"},
        {"in", "u"},
        {"delta", "delta"},
        {"state_in", "b"},
        {"state_out", "c"},
        {"log_decay", "A_log"},
        {"skip", "D"},
        {"out", "s"}},
       {{"op", "linear"}, {"in", "s"}, {"weights", "out."}, {"out", "y"}}});
  auto linear = [&](const std::string &name, int64_t rows, int64_t columns) {
    double fan = std::sqrt(3.0 / double(columns));
    model.random(name + ".weight", {rows, columns}, -fan, fan);
    model.random(name + ".bias", {rows}, -0.1, 0.1);
  };
  linear("in", inner, width);
  linear("p", inner + 2 * states, inner);
  linear("out", width, inner);
  model.random("conv.weight", {inner, 1, taps}, -0.5, 0.5);
  model.random("conv.bias", {inner}, -0.1, 0.1);
  model.random("A_log", {inner, states}, -1, 1);
  model.random("D", {inner}, 0.5, 1.5);
  return model;
}

Model lab::onPickedRows(int64_t rest, json steps, const std::string &result,
                        const std::string &like) {
  json all = {
      {{"op", "split"},
       {"in", "x"},
       {"widths", {2, rest}},
       {"out", {"u", "v"}}},
      {{"op", "route"},
       {"in", "u"},
       {"temperature", "temp"},
       {"active", "a"},
       {"confidence", "c"}},
      {{"op", "compress"}, {"in", "a"}, {"out", "picked"}},
  };
  for (json &step : steps)
    all.push_back(std::move(step));
  all.push_back({{"op", "scale_shift"},
                 {"in", like},
                 {"scale", "zero"},
                 {"shift", "zero"},
                 {"out", "empty"}});
  all.push_back({{"op", "scatter_rows"},
                 {"in", result},
                 {"into", "empty"},
                 {"mode", "set"},
                 {"out", "y"}});
  Model model = composed(rest + 2, std::move(all));
  model.constant("temp", {1}, 0);
  model.constant("zero", {1, like == "x" ? rest + 2 : rest}, 0);
  return model;
}

Tensor lab::randomRows(int64_t batch, int64_t length, int64_t width, int seed) {
  Tensor tensor(DType::F32, {batch, length, width});
  fill(tensor, static_cast<uint64_t>(seed), -1, 1);
  return tensor;
}

Tensor lab::rowsOf(const Tensor &tensor, int64_t begin, int64_t end) {
  int64_t width = tensor.shape()[2];
  Tensor rows(DType::F32, {1, end - begin, width});
  std::copy_n(tensor.as<float>() + begin * width, rows.size(),
              rows.as<float>());
  return rows;
}

//===----------------------------------------------------------------------===//
// Runs
//===----------------------------------------------------------------------===//

const Engine &lab::engine() {
  static const Engine instance = [] {
    EngineOptions options;
    options.threads = 2;
    Result<Engine> made = Engine::create(options);
    if (!made)
      throw std::runtime_error(made.status().str());
    return *made;
  }();
  return instance;
}

std::vector<std::string> lab::runnableTargets() {
  std::vector<std::string> names;
  for (const std::string &name : engine().targets())
    if (name.rfind("cpu:", 0) == 0)
      names.push_back(name);
  return names;
}

std::vector<std::string> lab::allTargets() {
  std::vector<std::string> names = runnableTargets();
  names.push_back("reference");
  return names;
}

Program lab::compile(const Model &model, const std::string &target,
                     Specialise specialise) {
  bool described = model.text.empty();
  std::string text = described ? model.document.dump() : model.text;
  ModelSource source = ModelSource::fromText(
      text, described ? "conformance" : "conformance.mlir");
  auto weights = std::make_shared<frontend::MemoryWeights>("random weights");
  // The copies live as long as the source that points to them.
  auto copies = std::make_shared<std::vector<std::pair<std::string, Tensor>>>(
      model.weights);
  for (auto &[name, tensor] : *copies)
    if (Status status = weights->add(name, tensor.ref()); !status.ok())
      ADD_FAILURE() << status.str();
  source.weights = std::shared_ptr<const WeightSource>(
      weights.get(), [weights, copies](const WeightSource *) {});
  CompileOptions options;
  options.target = target;
  options.useCache = false;
  options.specialise = specialise;
  Result<Program> program = engine().compile(source, options);
  if (program)
    return *program;
  throw std::runtime_error("compile for " + target + ": " +
                           program.status().str() + "\n" + text);
}

Session lab::open(const Program &program) {
  Result<Session> session = program.session();
  if (!session)
    throw std::runtime_error(session.status().str());
  return std::move(*session);
}

Tensor lab::call(Session &session, const Program &program, Tensor input,
                 const std::vector<int64_t> &lengths) {
  const TensorSpec &spec = program.signature().outputs[0];
  std::vector<int64_t> shape = spec.shape;
  for (size_t i = 0; i < shape.size(); ++i)
    if (shape[i] < 0)
      shape[i] = input.shape()[spec.dims[i] == "B" ? 0 : 1];
  Tensor output(spec.dtype, shape);
  // What a call leaves unwritten must not pass for a result.
  std::fill_n(output.as<float>(), output.size(), NAN);
  std::vector<TensorRef> inputs = {input.ref()};
  Tensor lengthTensor(DType::I64, {static_cast<int64_t>(lengths.size())});
  std::copy(lengths.begin(), lengths.end(), lengthTensor.as<int64_t>());
  if (!lengths.empty())
    inputs.push_back(lengthTensor.ref());
  TensorRef result = output.ref();
  Status status = session.run(inputs.data(), inputs.size(), &result, 1);
  EXPECT_TRUE(status.ok()) << status.str();
  return output;
}

Tensor lab::runOnce(const Program &program, const Tensor &input,
                    const std::vector<int64_t> &lengths, float actBias) {
  Session session = open(program);
  if (actBias != 0) {
    Status status = session.setOption("act_bias", actBias);
    EXPECT_TRUE(status.ok()) << status.str();
  }
  return call(session, program, input, lengths);
}

double lab::difference(const Tensor &got, const Tensor &expected) {
  if (got.shape() != expected.shape())
    return INFINITY;
  double error = 0, largest = 0;
  for (int64_t i = 0; i < got.size(); ++i) {
    double a = got.as<float>()[i], b = expected.as<float>()[i];
    if (!std::isfinite(a) || !std::isfinite(b))
      return INFINITY;
    error = std::max(error, std::fabs(a - b));
    largest = std::max(largest, std::fabs(b));
  }
  return error == 0 ? 0 : error / std::max(largest, 1e-30);
}
