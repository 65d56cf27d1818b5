//===- Profiler.cpp - counts that are always on ---------------------------===//
#include "runtime/core/Profiler.h"

#include "runtime/core/Digest.h"

#include <algorithm>
#include <map>

namespace seqc::rt {

std::string profileFingerprint(const Plan &plan) {
  Digester digest;
  auto text = [&](const std::string &value) {
    digest.add(uint64_t(value.size())).add(value);
  };
  // Not the model's name: that is a path, and paths may be spelt in many ways.
  digest.add(uint64_t(plan.causal)).add(uint64_t(plan.maxPositions));
  // Nor the names of tensors: the same layers may be written as other steps.
  for (const PlanBuffer &buffer : plan.buffers) {
    if (buffer.kind != BufferKind::Input && buffer.kind != BufferKind::State &&
        buffer.kind != BufferKind::Output)
      continue;
    digest.add(uint64_t(buffer.kind)).add(uint64_t(buffer.dtype));
    digest.add(uint64_t(buffer.valueLimit)).add(uint64_t(buffer.shape.size()));
    for (const Extent &extent : buffer.shape)
      digest.add(uint64_t(extent.symbol)).add(uint64_t(extent.addend));
  }
  for (const PlanGate &gate : plan.gates) {
    text(gate.layer);
    digest.add(uint64_t(gate.window));
  }
  digest.add(uint64_t(plan.run.size()));
  for (const PlanStep &step : plan.run) {
    digest.add(uint64_t(step.kind));
    text(step.layer);
    if (step.kind != StepKind::Kernel)
      continue;
    const PlanKernel &kernel = plan.kernels[step.kernel];
    text(kernel.symbol);
    digest.add(uint64_t(kernel.variants.size()));
    for (const PlanVariant &variant : kernel.variants) {
      text(variant.name);
      for (const Guard &guard : variant.guards)
        text(toString(guard));
    }
  }
  return toHex(digest.finish());
}

Status checkProfile(const Profile &profile, const Plan &plan) {
  if (profile.fingerprint == profileFingerprint(plan))
    return {};
  if (profile.model != plan.model)
    return Status::error(ErrorCode::InvalidArgument,
                         "the profile is of model '" + profile.model +
                             "', expected one of '" + plan.model + "'");
  return Status::error(ErrorCode::InvalidArgument,
                       "the profile of '" + profile.model +
                           "' was made with other " + kFingerprinted +
                           "; record it again");
}

std::vector<VariantId> variantsOf(const Profile &profile, const Plan &plan,
                                  int64_t leastCalls) {
  std::map<VariantId, int64_t> calls;
  for (const Profile::Site &site : profile.sites)
    for (size_t k = 0; k < plan.kernels.size(); ++k) {
      const PlanKernel &kernel = plan.kernels[k];
      if (kernel.symbol != site.kernel)
        continue;
      // The generic kernel comes last and is none of them.
      size_t count = std::min(kernel.variants.size(), site.classes.size());
      for (size_t v = 0; v < count; ++v)
        calls[{static_cast<int32_t>(k), static_cast<int32_t>(v)}] +=
            site.classes[v].second;
    }
  std::vector<VariantId> wanted;
  for (const auto &[id, count] : calls)
    if (count >= leastCalls)
      wanted.push_back(id);
  return wanted;
}

Profiler::Profiler(const Plan &plan, const SiteList &sites)
    : plan(plan), sites(sites), layers(plan.gates.size()),
      classes(sites.slots()), gates(plan.symbols.size(), -1) {
  for (size_t i = 0; i < plan.gates.size(); ++i) {
    layers[i].layer = plan.gates[i].layer;
    layers[i].window = plan.gates[i].window;
    gates[plan.gates[i].symbol] = static_cast<int32_t>(i);
  }
}

static size_t lengthBin(int64_t length) {
  if (length <= 0)
    return 0;
  size_t bin =
      64 - static_cast<size_t>(__builtin_clzll(static_cast<uint64_t>(length)));
  return std::min(bin, Profile::kLengthBins - 1);
}

void Profiler::countCall(const int64_t *lengthOf, int64_t sequences,
                         int64_t rows) {
  ++calls;
  allRows += rows;
  for (int64_t b = 0; b < sequences; ++b)
    ++lengths[lengthBin(lengthOf[b])];
}

static size_t densityBin(int64_t active, int64_t rows) {
  if (active <= 0)
    return 0;
  if (active >= rows)
    return Profile::kDensityBins - 1;
  return 1 + static_cast<size_t>(active * 10 / rows);
}

void Profiler::countGate(size_t gate, int64_t active, int64_t longest,
                         int64_t rows) {
  Profile::Layer &layer = layers[gate];
  ++layer.calls;
  layer.rows += rows;
  layer.active += active;
  ++layer.density[densityBin(active, rows)];
  if (longest < 0)
    return;
  ++layer.longestActive[lengthBin(longest)];
  layer.insideWindow += layer.window >= 0 && longest <= layer.window;
}

Profile Profiler::profile() const {
  Profile profile;
  profile.model = plan.model;
  profile.fingerprint = profileFingerprint(plan);
  profile.calls = calls;
  profile.rows = allRows;
  profile.lengths = lengths;
  profile.layers = layers;
  for (const Site &site : sites.sites) {
    Profile::Site counted;
    counted.layer = site.layer;
    counted.kernel = plan.kernels[site.kernel].symbol;
    for (int32_t slot = site.firstSlot; slot <= site.firstSlot + site.variants;
         ++slot)
      counted.classes.emplace_back(sites.names[slot],
                                   static_cast<int64_t>(classes[slot]));
    profile.sites.push_back(std::move(counted));
  }
  return profile;
}

} // namespace seqc::rt
