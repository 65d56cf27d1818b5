//===- VariantTable.cpp - which variants may run where --------------------===//
#include "runtime/core/VariantTable.h"

namespace seqc::rt {

SiteList sitesOf(const Plan &plan) {
  SiteList list;
  list.siteOfStep.assign(plan.run.size(), -1);
  for (size_t i = 0; i < plan.run.size(); ++i) {
    const PlanStep &step = plan.run[i];
    if (step.kind != StepKind::Kernel ||
        plan.kernels[step.kernel].variants.empty())
      continue;
    int32_t index = static_cast<int32_t>(list.sites.size());
    list.siteOfStep[i] = index;
    Site site;
    site.step = static_cast<int32_t>(i);
    site.kernel = step.kernel;
    site.layer = step.layer;
    site.firstSlot = static_cast<int32_t>(list.slots());
    for (const PlanVariant &variant : plan.kernels[step.kernel].variants) {
      list.guards.push_back(variant.guards);
      list.names.push_back(variant.name);
      ++site.variants;
    }
    list.guards.emplace_back();
    list.names.push_back("generic");
    list.siteOfSlot.resize(list.slots(), index);
    list.sites.push_back(std::move(site));
  }
  return list;
}

} // namespace seqc::rt
