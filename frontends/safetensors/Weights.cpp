//===- Weights.cpp - weights in memory and in several places --------------===//

#include "frontends/safetensors/Safetensors.h"

#include <algorithm>

using namespace seqc;
using namespace seqc::frontend;

static bool isDense(const TensorRef &tensor) {
  if (!tensor.strides)
    return true;
  int64_t expected = 1;
  for (int32_t i = tensor.rank - 1; i >= 0; --i) {
    if (tensor.shape[i] > 1 && tensor.strides[i] != expected)
      return false;
    expected *= tensor.shape[i];
  }
  return true;
}

Status MemoryWeights::add(std::string name, const TensorRef &tensor) {
  if (!tensor.data || tensor.device == Device::Cuda || !isDense(tensor))
    return Status::error(
        ErrorCode::InvalidArgument,
        "weight '" + name +
            "': expected a dense tensor in the memory of the host");
  std::vector<int64_t> shape(tensor.shape, tensor.shape + tensor.rank);
  if (std::any_of(shape.begin(), shape.end(), [](int64_t n) { return n < 0; }))
    return Status::error(ErrorCode::InvalidArgument,
                         "weight '" + name + "' has a negative extent");
  Entry entry{tensor.dtype, std::move(shape), tensor.data};
  if (!tensors.try_emplace(name, std::move(entry)).second)
    return Status::error(ErrorCode::InvalidArgument,
                         "weight '" + name + "' was added twice");
  return Status();
}

std::vector<std::string> MemoryWeights::names() const {
  std::vector<std::string> all;
  for (const auto &[name, entry] : tensors)
    all.push_back(name);
  return all;
}

TensorRef MemoryWeights::find(std::string_view name) const {
  auto found = tensors.find(name);
  if (found == tensors.end())
    return TensorRef();
  TensorRef ref;
  ref.data = found->second.data;
  ref.dtype = found->second.dtype;
  ref.shape = found->second.shape.data();
  ref.rank = static_cast<int32_t>(found->second.shape.size());
  return ref;
}

Result<std::shared_ptr<const WeightSource>> CombinedWeights::create(
    std::vector<std::shared_ptr<const WeightSource>> sources) {
  if (sources.size() == 1)
    return std::move(sources.front());
  auto combined = std::make_shared<CombinedWeights>();
  std::map<std::string, const WeightSource *> owners;
  for (const auto &source : sources)
    for (const std::string &name : source->names())
      if (auto [known, isNew] = owners.try_emplace(name, source.get()); !isNew)
        return Status::error(ErrorCode::InvalidModel,
                             "weight '" + name + "' is in " +
                                 known->second->description() + " and in " +
                                 source->description());
  combined->sources = std::move(sources);
  return std::shared_ptr<const WeightSource>(std::move(combined));
}

std::vector<std::string> CombinedWeights::names() const {
  std::vector<std::string> all;
  for (const auto &source : sources) {
    std::vector<std::string> part = source->names();
    all.insert(all.end(), part.begin(), part.end());
  }
  std::sort(all.begin(), all.end());
  return all;
}

TensorRef CombinedWeights::find(std::string_view name) const {
  for (const auto &source : sources)
    if (TensorRef ref = source->find(name); ref.data)
      return ref;
  return TensorRef();
}

std::string CombinedWeights::description() const {
  std::string text;
  for (const auto &source : sources)
    text += (text.empty() ? "" : ", ") + source->description();
  return text.empty() ? "the weight files (none are named)" : text;
}
