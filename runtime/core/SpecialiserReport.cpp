//===- SpecialiserReport.cpp - what became of the variants ----------------===//
#include "runtime/core/Specialiser.h"

namespace seqc::rt {

const char *toString(VariantState state) {
  static constexpr const char *kNames[] = {"unseen",    "seen",   "queued",
                                           "compiling", "trying", "kept",
                                           "dropped",   "failed", "evicted"};
  return kNames[static_cast<size_t>(state)];
}

std::vector<SiteReport> Specialiser::report() const {
  std::lock_guard<std::mutex> lock(mutex);
  std::vector<SiteReport> reports;
  for (const Site &site : list.sites) {
    SiteReport report;
    report.step = site.step;
    report.kernel = site.kernel;
    report.layer = site.layer;
    report.symbol = symbols[site.kernel];
    report.genericCalls = slots[site.firstSlot + site.variants].calls;
    for (int32_t v = 0; v < site.variants; ++v) {
      const Slot &slot = slots[site.firstSlot + v];
      VariantReport variant;
      variant.name = list.names[site.firstSlot + v];
      variant.calls = slot.calls;
      variant.ran = slot.ran;
      variant.state = slot.state;
      variant.measured = slot.verdict || slot.trial;
      variant.unclear = slot.unclear;
      variant.figures = slot.trial     ? slot.trial->figures()
                        : slot.verdict ? slot.verdict->figures
                                       : TrialFigures();
      variant.compileMs = slot.about.compileMs;
      variant.origin = slot.about.origin;
      variant.objectKey = slot.about.objectKey;
      variant.objectBytes = slot.about.objectBytes;
      variant.message = slot.message;
      report.variants.push_back(std::move(variant));
    }
    reports.push_back(std::move(report));
  }
  return reports;
}

std::vector<CompileEvent> Specialiser::timeline() const {
  std::lock_guard<std::mutex> lock(mutex);
  return events;
}

} // namespace seqc::rt
