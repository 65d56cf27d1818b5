//===- PlanFixture.h - tests that partition models ------------------------===//
#ifndef SEQC_TEST_UNIT_PLANFIXTURE_H
#define SEQC_TEST_UNIT_PLANFIXTURE_H

#include "codegen/cpu/CpuTarget.h"
#include "passes/Pipelines.h"
#include "runtime/jit/PlanFromIR.h"
#include "runtime/jit/Registry.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/PassManager.h"
#include "gtest/gtest.h"

#include <optional>

namespace seqc::test {

/// A context with all dialects and the best target that runs here.
class PlanFixture : public ::testing::Test {
protected:
  PlanFixture()
      : context(jit::compilerRegistry(),
                mlir::MLIRContext::Threading::DISABLED) {
    context.loadAllAvailableDialects();
    auto parsed =
        codegen::parseCpuTarget(codegen::runnableCpuTargets().front());
    if (parsed)
      target = *parsed;
    else
      ADD_FAILURE() << llvm::toString(parsed.takeError());
  }

  /// simplify, fuse and partition; none where that fails.
  std::optional<rt::Plan> partition(mlir::ModuleOp module) {
    mlir::PassManager pm(&context);
    for (passes::Phase phase : {passes::Phase::Simplify, passes::Phase::Fuse,
                                passes::Phase::Partition})
      passes::addPhase(pm, phase);
    if (mlir::failed(pm.run(module)))
      return std::nullopt;
    mlir::FailureOr<rt::Plan> plan = jit::planFromModule(module);
    if (mlir::failed(plan))
      return std::nullopt;
    return *plan;
  }

  mlir::MLIRContext context;
  std::optional<codegen::CpuTarget> target;
};

} // namespace seqc::test

#endif // SEQC_TEST_UNIT_PLANFIXTURE_H
