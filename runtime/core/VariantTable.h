//===- VariantTable.h - which variants may run where ----------------------===//
//
// A site is a kernel step of the plan's run steps whose kernel has variants.
// Each variant of a site has a slot, and so has the generic kernel: the slots
// of a site are those of its variants in the plan's order, then the generic
// one's. Counters, roles and reports are indexed by slot.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_RUNTIME_CORE_VARIANTTABLE_H
#define SEQC_RUNTIME_CORE_VARIANTTABLE_H

#include "runtime/core/KernelSet.h"
#include "runtime/core/Plan.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace seqc::rt {

/// A variant of a kernel, in all layers.
struct VariantId {
  int32_t kernel = -1;
  int32_t variant = -1;
  bool operator<(const VariantId &o) const {
    return kernel != o.kernel ? kernel < o.kernel : variant < o.variant;
  }
  bool operator==(const VariantId &o) const {
    return kernel == o.kernel && variant == o.variant;
  }
};

struct Site {
  int32_t step = 0;   ///< index into plan.run
  int32_t kernel = 0; ///< index into plan.kernels
  int32_t firstSlot = 0;
  int32_t variants = 0; ///< slot firstSlot + variants is the generic kernel's
  std::string layer;
};

/// The sites of a plan, in the order of its steps. Immutable.
struct SiteList {
  std::vector<Site> sites;
  std::vector<int32_t> siteOfStep; ///< for each run step its site, or -1
  std::vector<int32_t> siteOfSlot;
  std::vector<std::vector<Guard>> guards; ///< by slot; generic: none
  std::vector<std::string> names;         ///< by slot; generic: "generic"

  size_t slots() const { return names.size(); }
};

SiteList sitesOf(const Plan &plan);

enum class VariantRole : uint8_t {
  Absent, ///< no code: calls are counted, the next one that holds runs
  Trying, ///< takes turns with what would run without it
  Kept,   ///< runs where its guards hold
  Out     ///< never to be had: calls belong to the next one that holds
};

struct VariantEntry {
  VariantRole role = VariantRole::Absent;
  KernelEntry entry;  ///< null without code
  uint32_t trial = 0; ///< number of the trial, while trying
  int64_t scratchBytes = 0;
  std::shared_ptr<void> code;
};

/// What one call may use. Immutable: changes make a new table, and code lives
/// as long as any table that names it.
struct VariantTable {
  uint64_t version = 0;
  std::vector<VariantEntry> entries; ///< by slot
  std::vector<uint8_t> live;         ///< by site: whether any has code
  int64_t scratchBytes = 0;          ///< the largest of those with code
};

} // namespace seqc::rt

#endif // SEQC_RUNTIME_CORE_VARIANTTABLE_H
