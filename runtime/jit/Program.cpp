//===- Program.cpp - a compiled model -------------------------------------===//

#include "runtime/jit/ProgramImpl.h"

#include "runtime/core/SessionImpl.h"

using namespace seqc;

const Signature &Program::signature() const { return impl->signature; }
std::string_view Program::fingerprint() const { return impl->fingerprint; }
std::string_view Program::target() const { return impl->target; }
const CompileStats &Program::stats() const { return impl->stats; }
std::string Program::explain() const {
  return rt::explain(impl->loaded->plan());
}

std::string Program::metadata(std::string_view key) const {
  auto found = impl->metadata.find(std::string(key));
  return found == impl->metadata.end() ? std::string() : found->second;
}

Result<Session> Program::session(const SessionOptions &options) const {
  std::shared_ptr<const rt::Parallel> parallel = impl->parallel;
  if (options.threads > 0 && options.threads != parallel->threads())
    parallel = std::make_shared<const rt::Parallel>(options.threads);
  return rt::makeSession(impl->loaded, parallel, impl->specialiser,
                         options.counting);
}

static VariantInfo infoOf(const rt::VariantReport &report,
                          const rt::PlanVariant &planned) {
  VariantInfo info;
  info.name = report.name;
  for (const rt::Guard &guard : planned.guards)
    info.guard += (info.guard.empty() ? "" : ", ") + rt::toString(guard);
  info.state = rt::toString(report.state);
  info.calls = report.calls;
  info.ran = report.ran;
  info.measured = report.measured;
  info.currentUs = report.figures.currentNs / 1e3;
  info.candidateUs = report.figures.candidateNs / 1e3;
  info.gain = report.figures.gain;
  info.noise = report.figures.noise;
  info.samples = report.figures.samples;
  info.compileMs = report.compileMs;
  info.origin = report.origin;
  info.objectKey = report.objectKey;
  info.objectBytes = report.objectBytes;
  info.message = report.message;
  return info;
}

std::vector<SiteVariants> Program::variants() const {
  std::vector<SiteVariants> sites;
  if (!impl->specialiser)
    return sites;
  const rt::Plan &plan = impl->loaded->plan();
  for (const rt::SiteReport &report : impl->specialiser->report()) {
    SiteVariants &site = sites.emplace_back();
    site.layer = report.layer;
    site.kernel = report.symbol;
    site.genericCalls = report.genericCalls;
    const rt::PlanKernel &kernel = plan.kernels[report.kernel];
    for (size_t i = 0; i < report.variants.size(); ++i)
      site.variants.push_back(infoOf(report.variants[i], kernel.variants[i]));
  }
  return sites;
}

std::vector<VariantCompile> Program::variantCompiles() const {
  std::vector<VariantCompile> compiles;
  if (!impl->specialiser)
    return compiles;
  const rt::Plan &plan = impl->loaded->plan();
  for (const rt::CompileEvent &event : impl->specialiser->timeline()) {
    const rt::PlanKernel &kernel = plan.kernels[event.variant.kernel];
    compiles.push_back({kernel.symbol,
                        kernel.variants[event.variant.variant].name,
                        double(event.startNs - impl->startNs) / 1e6,
                        double(event.endNs - impl->startNs) / 1e6, event.ok});
  }
  return compiles;
}

void Program::waitForVariants() const {
  if (impl->specialiser)
    impl->specialiser->wait();
}
