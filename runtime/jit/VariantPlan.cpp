//===- VariantPlan.cpp - variants of kernels as plan data -----------------===//

#include "runtime/jit/VariantPlan.h"

#include "passes/Analysis/Variants.h"

#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/raw_ostream.h"

using namespace seqc;

static rt::GuardKind guardKind(ir::FactKind kind) {
  switch (kind) {
  case ir::FactKind::Equals:
    return rt::GuardKind::Equals;
  case ir::FactKind::AtMost:
    return rt::GuardKind::AtMost;
  case ir::FactKind::Same:
    return rt::GuardKind::Same;
  case ir::FactKind::Zero:
    return rt::GuardKind::Zero;
  case ir::FactKind::Longest:
    return rt::GuardKind::LongestAtMost;
  case ir::FactKind::OneRow:
    return rt::GuardKind::OneRowEach;
  }
  llvm_unreachable("all kinds are listed");
}

std::vector<rt::Guard> jit::guardsOf(mlir::ArrayAttr facts) {
  std::vector<rt::Guard> guards;
  for (auto fact : facts.getAsRange<ir::FactAttr>()) {
    rt::Guard guard;
    guard.kind = guardKind(fact.getKind());
    guard.arg = int32_t(fact.getArg());
    guard.dim = int32_t(fact.getDim());
    guard.value = fact.getValue();
    guard.other = int32_t(fact.getOther());
    guard.otherDim = int32_t(fact.getOtherDim());
    guards.push_back(guard);
  }
  return guards;
}

std::vector<rt::PlanVariant> jit::planVariants(mlir::func::FuncOp kernel) {
  std::vector<rt::PlanVariant> variants;
  for (const passes::KernelVariant &known : passes::variantsOf(kernel)) {
    rt::PlanVariant &variant = variants.emplace_back();
    variant.name = known.name;
    llvm::raw_string_ostream stream(variant.assumption);
    known.assume.print(stream);
    variant.guards = guardsOf(known.assume);
  }
  return variants;
}
