//===- Manifest.cpp - what makes a warm start -----------------------------===//

#include "runtime/jit/Manifest.h"

#include <cstring>

using namespace seqc;
using namespace seqc::jit;

static constexpr std::string_view kMagic = "seqc manifest 1";

static void putString(std::string &bytes, std::string_view text) {
  uint64_t size = text.size();
  bytes.append(reinterpret_cast<const char *>(&size), sizeof(size));
  bytes.append(text);
}

static bool takeString(std::string_view &bytes, std::string &text) {
  uint64_t size = 0;
  if (bytes.size() < sizeof(size))
    return false;
  std::memcpy(&size, bytes.data(), sizeof(size));
  bytes.remove_prefix(sizeof(size));
  if (size > bytes.size())
    return false;
  text.assign(bytes.data(), size);
  bytes.remove_prefix(size);
  return true;
}

std::string jit::writeManifest(const CompiledModel &model) {
  std::string bytes;
  putString(bytes, kMagic);
  putString(bytes, rt::serialise(model.plan));
  for (const auto &[key, value] : model.metadata) {
    putString(bytes, key);
    putString(bytes, value);
  }
  return bytes;
}

std::optional<CompiledModel> jit::readManifest(std::string_view bytes,
                                               const codegen::CpuTarget &target,
                                               KernelPool &pool) {
  std::string magic, planText;
  if (!takeString(bytes, magic) || magic != kMagic ||
      !takeString(bytes, planText))
    return std::nullopt;
  Result<rt::Plan> plan = rt::parsePlan(planText);
  if (!plan || !rt::verify(*plan).ok() || plan->target != target.name)
    return std::nullopt;
  CompiledModel model;
  model.plan = std::move(*plan);
  for (std::string key, value; !bytes.empty();) {
    if (!takeString(bytes, key) || !takeString(bytes, value))
      return std::nullopt;
    model.metadata[key] = value;
  }
  std::string machine = machineOf(target);
  for (const rt::PlanKernel &kernel : model.plan.kernels) {
    KernelSource source;
    source.symbol = kernel.symbol;
    source.key = kernel.objectKey;
    source.machine = machine;
    SharedKernel artifact = pool.find(source, /*useDisk=*/true);
    if (!artifact || artifact->scratchBytes != kernel.scratchBytes)
      return std::nullopt;
    model.kernels.push_back(std::move(artifact));
  }
  return model;
}
