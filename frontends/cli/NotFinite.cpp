//===- NotFinite.cpp - where values first stop being numbers --------------===//

#include "frontends/cli/NotFinite.h"

#include <algorithm>
#include <cmath>

using namespace seqc;
using namespace seqc::cli;

std::string BadElement::str() const {
  std::string text;
  for (int64_t i : index)
    text += (text.empty() ? "" : ", ") + std::to_string(i);
  return role + " '" + name + "', element [" + text + "] is " +
         (isNan ? "nan" : "infinite");
}

std::optional<BadElement> cli::firstNonFinite(const char *role,
                                              const std::string &name,
                                              const TensorRef &tensor) {
  if (tensor.dtype != DType::F32 || !tensor.data)
    return std::nullopt;
  auto *values = static_cast<const float *>(tensor.data);
  int64_t count = elementCount(tensor.shape, tensor.rank);
  const float *bad = std::find_if(values, values + count,
                                  [](float v) { return !std::isfinite(v); });
  if (bad == values + count)
    return std::nullopt;
  BadElement element{role, name, {}, std::isnan(*bad)};
  element.index.resize(tensor.rank);
  int64_t rest = bad - values;
  for (int d = tensor.rank - 1; d >= 0; --d) {
    element.index[d] = rest % tensor.shape[d];
    rest /= tensor.shape[d];
  }
  return element;
}

static std::optional<BadElement>
findCause(const Signature &signature,
          const std::vector<std::shared_ptr<const WeightSource>> &weights,
          const std::vector<TensorRef> &inputs) {
  for (const auto &file : weights)
    for (const std::string &name : file->names())
      if (auto bad = firstNonFinite("weight", name, file->find(name)))
        return bad;
  for (size_t i = 0; i < inputs.size(); ++i)
    if (auto bad = firstNonFinite("input", signature.inputs[i].name, inputs[i]))
      return bad;
  return std::nullopt;
}

NonFiniteReport cli::findNonFinite(
    const Signature &signature,
    const std::vector<std::shared_ptr<const WeightSource>> &weights,
    const std::vector<TensorRef> &inputs, const std::vector<Tensor> &expected,
    const std::vector<Tensor> &compiled, std::vector<Diagnostic> ops) {
  NonFiniteReport report;
  report.cause = findCause(signature, weights, inputs);
  // An op that was handed such a value is no cause.
  if (!report.cause)
    report.ops = std::move(ops);
  for (size_t i = 0; i < expected.size(); ++i) {
    const std::string &name = signature.outputs[i].name;
    Tensor wanted = expected[i], got = compiled[i];
    if (auto bad = firstNonFinite("output", name, wanted.ref()))
      report.outputs.push_back(std::move(*bad));
    else if (auto own = firstNonFinite("compiled output", name, got.ref()))
      report.outputs.push_back(std::move(*own));
  }
  return report;
}

std::string NonFiniteReport::str() const {
  std::string text;
  if (cause)
    text += "not finite first in " + cause->str() + '\n';
  for (const Diagnostic &op : ops)
    text += op.str() + '\n';
  for (const BadElement &output : outputs)
    text += "not finite: " + output.str() + '\n';
  return text;
}

static nlohmann::ordered_json toJson(const BadElement &element) {
  return {{"role", element.role},
          {"name", element.name},
          {"index", element.index},
          {"value", element.isNan ? "nan" : "infinite"}};
}

nlohmann::ordered_json NonFiniteReport::json() const {
  if (empty())
    return nullptr;
  nlohmann::ordered_json first = nullptr;
  if (cause)
    first = toJson(*cause);
  else if (!ops.empty())
    first = {{"role", "op"},
             {"file", ops.front().file},
             {"line", ops.front().line},
             {"column", ops.front().column},
             {"text", ops.front().text}};
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const BadElement &output : outputs)
    list.push_back(toJson(output));
  return {{"first", first}, {"outputs", list}};
}
