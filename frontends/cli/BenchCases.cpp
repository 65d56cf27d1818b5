//===- BenchCases.cpp - the common list of benchmark cases ----------------===//
//
// A case names an operation, shapes and how its inputs are generated, so that
// every program times the same work on the same values (test/bench/README.md).
// An operation becomes a model description with weights from memory.
//
//===----------------------------------------------------------------------===//

#include "frontends/cli/Bench.h"
#include "frontends/cli/CheckOptions.h"

#include "frontends/safetensors/Safetensors.h"
#include "runtime/jit/Roofline.h"

#include <cmath>
#include <fnmatch.h>
#include <fstream>
#include <iostream>

using namespace seqc;
using namespace seqc::cli;
using nlohmann::json;

/// Value i of input NAME of operation OP is a function of names and i alone.
static Tensor generate(const std::string &operation, const std::string &name,
                       std::vector<int64_t> shape, double low, double high) {
  uint32_t hash = 2166136261u;
  for (unsigned char c : operation + "." + name)
    hash = (hash ^ c) * 16777619u;
  uint64_t seed = (uint64_t(hash) + 1) * 0x9E3779B97F4A7C15ull;
  Tensor tensor(DType::F32, std::move(shape));
  for (int64_t i = 0; i < tensor.size(); ++i) {
    uint64_t z = uint64_t(i) + seed;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    z ^= z >> 31;
    tensor.as<float>()[i] = static_cast<float>(
        low + (high - low) * double(z >> 40) / double(1 << 24));
  }
  return tensor;
}

namespace {
/// A case as something that can be compiled and run.
struct CaseModel {
  std::string description;
  std::vector<std::pair<std::string, Tensor>> weights;
  Tensor input; ///< [B, T, d]
};
} // namespace

/// One gated attention layer (operation sma_layer).
static CaseModel gatedLayer(const json &shape, const json &routerBias) {
  int64_t d = shape["d"], z = shape["z"], h = shape["h"], w = shape["w"],
          n = shape["N"];
  int64_t directions = shape["dirs"];
  bool causal = shape["causal"], rotary = shape["pos"] == "rotary";
  auto input = [&](const char *name, std::vector<int64_t> extents, double low,
                   double high) {
    return generate("sma_layer", name, std::move(extents), low, high);
  };
  // "f" in the list: sqrt(3 / last extent), which keeps a projection's scale.
  double fd = std::sqrt(3.0 / double(d)), fh = std::sqrt(3.0 / double(h));
  CaseModel model;
  auto add = [&](const char *name, Tensor tensor) {
    model.weights.emplace_back(name, std::move(tensor));
  };
  add("norm.norm.weight", input("norm_w", {d}, 0.5, 1.5));
  add("norm.norm.bias", input("norm_b", {d}, -0.1, 0.1));
  add("ssm.delta", input("delta", {directions * d, n, 1}, -0.4, 0.4));
  add("ssm.alpha", input("alpha", {directions * d, n, 1}, -0.4, 0.4));
  add("ssm.beta", input("beta", {directions * d, n, 1}, -1, 1));
  add("ssm.gamma", input("gamma", {directions * d, n}, -1, 1));
  add("ssm.omega", input("omega", {d}, -1, 1));
  add("hx_proj.weight", input("w_hx", {2 + d, d}, -fd, fd));
  Tensor bias = input("b_hx", {2 + d}, -0.1, 0.1);
  for (int i = 0; i < 2; ++i)
    bias.as<float>()[i] = routerBias[i].get<float>();
  add("hx_proj.bias", std::move(bias));
  add("mx_proj.weight", input("w_mx", {z + 2 * h, d}, -fd, fd));
  add("mx_proj.bias", input("b_mx", {z + 2 * h}, -0.1, 0.1));
  add("gamma", input("qk_gamma", {2, z}, -1, 1));
  add("beta", input("qk_beta", {2, z}, -0.1, 0.1));
  add("h_proj.weight", input("w_h", {d, h}, -fh, fh));
  add("h_proj.bias", input("b_h", {d}, -0.1, 0.1));
  if (!rotary)
    add("rel_pos_bias.rel_pos_bias", input("rel", {6 * w - 1}, -0.2, 0.2));
  // The router's temperature: exp(temp) = sqrt(d).
  Tensor temperature(DType::F32, {1});
  temperature.as<float>()[0] = static_cast<float>(0.5 * std::log(double(d)));
  add("q_router.temp", std::move(temperature));

  json layer = {{"kind", "seqboat"},
                {"weights", ""},
                {"latent", z},
                {"hidden", h},
                {"states", n},
                {"window", w},
                {"score", "softmax"},
                {"bidirectional", !causal},
                {"positions", rotary ? "rotary" : "rank_bias"},
                {"norm", "layer"},
                {"norm_place", "before"}};
  if (rotary)
    layer["max_positions"] = shape["T"];
  json document = {{"format", "seqc-model"},
                   {"version", 1},
                   {"name", "sma_layer"},
                   {"input", {{"kind", "features"}, {"width", d}}},
                   {"blocks", {{{"layers", {layer}}}}}};
  model.description = document.dump();
  model.input = input("x", {shape["B"], shape["T"], d}, -1, 1);
  return model;
}

static Result<Program> compileCase(const Engine &engine, const CaseModel &model,
                                   const std::string &name,
                                   const std::string &target,
                                   const CommonOptions &options) {
  auto weights = std::make_shared<frontend::MemoryWeights>("generated weights");
  for (const auto &[key, tensor] : model.weights)
    if (Status status = weights->add(key, const_cast<Tensor &>(tensor).ref());
        !status.ok())
      return status;
  ModelSource source = ModelSource::fromText(model.description, name);
  source.weights = weights;
  CompileOptions compile;
  compile.target = target;
  compile.useCache = !options.noCache;
  return engine.compile(source, compile);
}

/// Largest error on the case's small variant, relative to the largest value.
static Result<double> checkSmall(const Engine &engine, const json &about,
                                 const CommonOptions &options) {
  json shape = about["shape"];
  shape.update(about["check"]);
  CaseModel model = gatedLayer(shape, about["check_router_bias"]);
  std::vector<Tensor> results[2];
  const std::string targets[2] = {options.target, "reference"};
  for (int i = 0; i < 2; ++i) {
    Result<Program> program =
        compileCase(engine, model, "check", targets[i], options);
    if (!program)
      return program.status();
    Result<std::vector<Tensor>> result = runOnce(*program, {model.input.ref()});
    if (!result)
      return result.status();
    results[i] = std::move(*result);
  }
  double error = 0, largest = 0;
  for (int64_t i = 0; i < results[0][0].size(); ++i) {
    double expected = results[1][0].as<float>()[i];
    error = std::max(
        error, std::fabs(double(results[0][0].as<float>()[i]) - expected));
    largest = std::max(largest, std::fabs(expected));
  }
  return error / largest;
}

static Status benchCase(const Engine &engine, const json &about,
                        const BenchOptions &options, double peakGflops,
                        std::ostream &stream) {
  Result<double> error = checkSmall(engine, about, options.common);
  if (!error)
    return error.status();
  CaseModel model = gatedLayer(about["shape"], about["router_bias"]);
  std::string name = about["name"];
  Result<Program> program =
      compileCase(engine, model, name, options.common.target, options.common);
  if (!program)
    return program.status();
  Result<Session> session = program->session();
  if (!session)
    return session.status();
  std::vector<Tensor> results;
  results.emplace_back(DType::F32, model.input.shape());
  Result<BenchTimes> times =
      timeCalls(*session, {model.input.ref()}, results, /*keepState=*/false);
  if (!times)
    return times.status();
  BenchLine line;
  line.name = name;
  line.target = std::string(program->target());
  line.threads = engine.options().threads;
  line.times = *times;
  line.compileMs = program->stats().totalMs;
  line.warm = program->stats().warm;
  line.tokens = about["tokens"];
  line.flops = about["flops"];
  line.peakGflops = peakGflops;
  line.checkError = *error;
  line.checkOk = *error <= about["tol"].get<double>();
  printBenchLine(line, stream);
  return {};
}

int cli::benchCases(const BenchOptions &options) {
  std::ifstream file(options.common.model);
  json document = json::parse(file, nullptr, /*allow_exceptions=*/false);
  ProgressLine progress(false);
  Result<Engine> engine = createEngine(options.common, progress);
  if (!engine)
    return report(engine.status());
  Result<jit::Roofline> roofline = jit::measureRoofline("cpu");
  double peak = roofline ? roofline->fmaGflops : 0;
  std::ofstream copy;
  if (!options.jsonFile.empty())
    copy.open(options.jsonFile, std::ios::app);
  bool failed = false;
  for (const json &about : document["cases"]) {
    std::string name = about["name"];
    if (!options.filter.empty() &&
        fnmatch(options.filter.c_str(), name.c_str(), 0) != 0)
      continue;
    if (interrupted())
      return report(Status::error(ErrorCode::Cancelled, "interrupted"));
    std::ostringstream line;
    Status status;
    if (about["op"] == "sma_layer")
      status = benchCase(*engine, about, options, peak, line);
    else
      status = Status::error(ErrorCode::Unsupported,
                             "no benchmark for operation " +
                                 about["op"].get<std::string>());
    if (!status.ok()) {
      failed |= status.code() != ErrorCode::Unsupported;
      nlohmann::ordered_json error = {{"case", name},
                                      {"peer", "seqc"},
                                      {"threads", engine->options().threads},
                                      {"error", status.message()}};
      line << error.dump() << '\n';
    }
    std::cout << line.str() << std::flush;
    if (copy.is_open())
      copy << line.str() << std::flush;
  }
  return failed ? kCheckFailed : kDone;
}
