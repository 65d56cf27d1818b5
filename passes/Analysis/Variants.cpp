//===- Variants.cpp - assumptions that would change a kernel's code -------===//

#include "passes/Analysis/Variants.h"

#include "dialect/SeqcOps.h"
#include "passes/Analysis/Assumptions.h"
#include "passes/Analysis/Extents.h"
#include "passes/Analysis/KernelForm.h"
#include "passes/Transforms/LaneBuilder.h"
#include "passes/Transforms/OneRowScan.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace seqc::ir;
using namespace seqc::passes;

namespace {
/// Collects the variants of one kernel.
class VariantList {
public:
  explicit VariantList(func::FuncOp kernel) : kernel(kernel) {}

  std::vector<KernelVariant> run();

private:
  void ofRows();
  void ofScans();
  void ofAttend(AttendOp attend);

  FactAttr fact(FactKind kind, ArgumentExtent at, int64_t value = 0,
                ArgumentExtent other = {}) {
    return FactAttr::get(kernel.getContext(), kind, at.arg, at.dim, value,
                         other.arg, other.dim);
  }
  /// No fact on a value that is no argument.
  FactAttr entryFact(FactKind kind, Value vector, int64_t value = 0);
  /// All of the facts; null where one of them is missing.
  void add(StringRef name, ArrayRef<FactAttr> facts);
  SmallVector<FactAttr> allRows();

  func::FuncOp kernel;
  std::vector<KernelVariant> variants;
};
} // namespace

FactAttr VariantList::entryFact(FactKind kind, Value vector, int64_t value) {
  auto arg = dyn_cast_if_present<BlockArgument>(vector);
  if (!arg)
    return {};
  return fact(kind, {int64_t(arg.getArgNumber()), 0}, value);
}

void VariantList::add(StringRef name, ArrayRef<FactAttr> facts) {
  if (variants.size() == kMaxVariants ||
      llvm::any_of(facts, [](FactAttr fact) { return !fact; }))
    return;
  SmallVector<Attribute> list(facts.begin(), facts.end());
  variants.push_back({name.str(), ArrayAttr::get(kernel.getContext(), list)});
}

/// The packed rows of every gather and scatter by a rising index are all rows
/// of the other side. Empty where there is none.
SmallVector<FactAttr> VariantList::allRows() {
  llvm::SmallSetVector<FactAttr, 4> found;
  auto take = [&](Value index, Value packed, Value all) {
    std::optional<ArgumentExtent> n = argumentExtent(packed, 0),
                                  rows = argumentExtent(all, 0);
    if (Assumptions::isIncreasing(index) && n && rows && !(*n == *rows))
      found.insert(fact(FactKind::Same, *n, 0, *rows));
  };
  kernel.walk([&](Operation *op) {
    if (auto gather = dyn_cast<GatherRowsOp>(op))
      take(gather.getIndex(), gather.getOut(), gather.getSource());
    else if (auto scatter = dyn_cast<ScatterRowsOp>(op))
      take(scatter.getIndex(), scatter.getSource(), scatter.getOut());
  });
  return found.takeVector();
}

void VariantList::ofRows() {
  if (SmallVector<FactAttr> all = allRows(); !all.empty())
    add("all-rows", all);
}

/// Scans of one kernel run over the same sequences.
void VariantList::ofScans() {
  SmallVector<ScanOp> scans(kernel.getOps<ScanOp>());
  int64_t lanes = targetLanes(kernel);
  if (llvm::all_of(scans, [&](ScanOp s) { return hasOneRowForm(s, lanes); }))
    add("one-row-each",
        {entryFact(FactKind::OneRow, scans.front().getOffsets())});
}

void VariantList::ofAttend(AttendOp attend) {
  add("one-row-each", {entryFact(FactKind::OneRow, attend.getOffsets())});
  add("no-past", {entryFact(FactKind::Zero, attend.getPastCount())});
}

std::vector<KernelVariant> VariantList::run() {
  switch (kernelForm(kernel)) {
  case KernelForm::Rows:
    ofRows();
    break;
  case KernelForm::Channels:
    ofScans();
    break;
  case KernelForm::Queries:
    kernel.walk([&](AttendOp attend) { ofAttend(attend); });
    break;
  case KernelForm::Serial:
    break;
  }
  return std::move(variants);
}

std::vector<KernelVariant> seqc::passes::variantsOf(func::FuncOp kernel) {
  if (!isKernel(kernel) || isTiled(kernel) || kernel->hasAttr(names::kAssume))
    return {};
  return VariantList(kernel).run();
}
