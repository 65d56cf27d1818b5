//===- ModelCompiler.h - from a model description to a plan and objects ---===//
//
// The pipeline of docs/Pipeline.md over a whole model: import to partition on
// the model module, then each kernel on its own. Knows nothing of sessions.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_RUNTIME_JIT_MODELCOMPILER_H
#define SEQC_RUNTIME_JIT_MODELCOMPILER_H

#include "codegen/cpu/CpuTarget.h"
#include "frontends/layers/ModelDescription.h"
#include "runtime/core/Parallel.h"
#include "runtime/core/Plan.h"
#include "runtime/jit/KernelPool.h"
#include "runtime/jit/ScheduleFile.h"
#include "seqc/Engine.h"

#include "mlir/IR/MLIRContext.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace seqc::jit {

/// A model as the caller gave it, read and checked as far as that needs no IR.
struct ModelInput {
  std::string text;
  std::string name;
  /// Absent for MLIR text.
  std::optional<frontend::ModelDescription> description;
  std::shared_ptr<const WeightSource> weights; ///< never null
  std::optional<ScheduleFile> schedule;        ///< of its kernels
};

/// Both in full, before anything is compiled.
Result<ModelInput> readModel(const ModelSource &source,
                             const CompileOptions &options = {});

/// Key of everything that decides plan and kernels: the document, the names and
/// shapes of the weights, the target, the schedule file, the build.
std::string modelKey(const ModelInput &model, const std::string &target);

/// The imported module; diagnostics are in the status.
Result<mlir::OwningOpRef<mlir::ModuleOp>> importInto(mlir::MLIRContext &context,
                                                     const ModelInput &model);

/// import … `last` (at most Partition) on the model module; after Partition the
/// kernels of the model's schedule file have their schedules.
Result<mlir::OwningOpRef<mlir::ModuleOp>>
lowerModel(mlir::MLIRContext &context, const ModelInput &model,
           const codegen::CpuTarget &target, passes::Phase last,
           const PhaseObserver &observer = {});

/// What a compile leaves: enough to run without compiling again.
struct CompiledModel {
  rt::Plan plan;
  std::vector<SharedKernel> kernels; ///< one per plan kernel
  std::map<std::string, std::string> metadata;
};

/// Compiles a model. Kernels that `pool` does not have are compiled on the
/// threads of `parallel`, those that take longest first. `progress` returning
/// false cancels. `dumpDir` (or empty) receives the IR after each phase.
Result<CompiledModel>
compileModel(const ModelInput &model, const codegen::CpuTarget &target,
             const rt::Parallel &parallel, KernelPool &pool, bool useDisk,
             const ProgressHandler &progress, const std::string &dumpDir,
             CompileStats &stats);

/// Text of one --emit form or phase; of a variant of the kernels that have it
/// unless `variant` is empty.
Result<std::string> emitModel(const ModelInput &model,
                              const codegen::CpuTarget &target,
                              const std::string &form,
                              const std::string &variant,
                              const std::string &dumpDir);

} // namespace seqc::jit

#endif // SEQC_RUNTIME_JIT_MODELCOMPILER_H
