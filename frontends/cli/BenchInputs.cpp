//===- BenchInputs.cpp - extents and values of benchmark cases ------------===//

#include "frontends/cli/BenchCase.h"

#include <cmath>
#include <set>

using namespace seqc;
using namespace seqc::cli;
using nlohmann::json;

CaseInputs::CaseInputs(std::string name, std::shared_ptr<const json> operation,
                       json shape, const json &routerBias)
    : name(std::move(name)), operation(std::move(operation)),
      shape(std::move(shape)), routerBias(routerBias) {}

/// An integer, or a sum and difference of products of integers and extents:
/// "2*N", "r+2*N", "6*w-1".
int64_t CaseInputs::evaluate(const json &expression) const {
  if (expression.is_number())
    return expression;
  std::string text = expression;
  int64_t sum = 0, product = 1, sign = 1;
  size_t at = 0;
  while (at <= text.size()) {
    size_t end = text.find_first_of("+-*", at);
    std::string word = text.substr(at, end - at);
    product *= std::isdigit(static_cast<unsigned char>(word[0]))
                   ? std::stoll(word)
                   : extent(word.c_str());
    if (end == std::string::npos)
      return sum + sign * product;
    if (text[end] != '*') {
      sum += sign * product;
      product = 1;
      sign = text[end] == '-' ? -1 : 1;
    }
    at = end + 1;
  }
  return sum;
}

Tensor CaseInputs::generate(const json &spec) const {
  std::string key = spec[0];
  std::vector<int64_t> extents;
  for (const json &extent : spec[1])
    extents.push_back(evaluate(extent));
  // "f": a projection with such weights keeps the scale of what goes in.
  double scale = std::sqrt(3.0 / double(extents.back()));
  auto limit = [&](const json &value) -> double {
    if (value.is_number())
      return value;
    return value == "-f" ? -scale : scale;
  };
  double low = limit(spec[2]), high = limit(spec[3]);
  uint32_t hash = 2166136261u;
  for (unsigned char c : name + "." + key)
    hash = (hash ^ c) * 16777619u;
  uint64_t seed = (uint64_t(hash) + 1) * 0x9E3779B97F4A7C15ull;
  Tensor tensor(DType::F32, std::move(extents));
  for (int64_t i = 0; i < tensor.size(); ++i) {
    uint64_t z = uint64_t(i) + seed;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    z ^= z >> 31;
    tensor.as<float>()[i] = static_cast<float>(
        low + (high - low) * double(z >> 40) / double(1 << 24));
  }
  if (key == "b_hx" && routerBias.is_array())
    for (int i = 0; i < 2; ++i)
      tensor.as<float>()[i] = routerBias[i].get<float>();
  return tensor;
}

Tensor &CaseInputs::tensor(const std::string &key) {
  if (auto found = tensors.find(key); found != tensors.end())
    return found->second;
  for (const json &spec : operation->at("inputs"))
    if (spec[0] == key)
      return tensors[key] = generate(spec);
  // Not of the list: what a model wants beside it, filled by the caller.
  return tensors[key];
}

TensorRef NamedView::ref() const {
  TensorRef ref = tensor->ref();
  ref.shape = shape.data();
  ref.rank = static_cast<int32_t>(shape.size());
  return ref;
}

std::string cli::composeModel(const json &input, const json &steps,
                              bool carry) {
  json layer = {{"kind", "compose"}, {"name", "case"}, {"steps", steps}};
  json document = {
      {"format", "seqc-model"}, {"version", 1},
      {"name", "case"},         {"carry", carry},
      {"input", input},         {"blocks", {{{"layers", {layer}}}}}};
  return document.dump();
}

std::vector<int64_t> cli::spread(int64_t extent, int64_t count) {
  std::set<int64_t> picked;
  for (int64_t i = 0; i < count && extent > 0; ++i)
    picked.insert(count < 2 ? 0 : i * (extent - 1) / (count - 1));
  return {picked.begin(), picked.end()};
}
