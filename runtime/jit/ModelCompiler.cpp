//===- ModelCompiler.cpp - from a model description to a plan and objects -===//

#include "runtime/jit/ModelCompiler.h"

#include "codegen/cpu/ObjectCompiler.h"
#include "dialect/SeqcOps.h"
#include "frontends/layers/Checkpoint.h"
#include "frontends/layers/Importer.h"
#include "frontends/safetensors/Safetensors.h"
#include "runtime/abi/KernelAbi.h"
#include "runtime/jit/BuildId.h"
#include "runtime/jit/Diagnostics.h"
#include "runtime/jit/KernelSchedules.h"
#include "runtime/jit/PhaseDump.h"
#include "runtime/jit/PlanFromIR.h"
#include "runtime/jit/Registry.h"

#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <numeric>

using namespace seqc;
using namespace seqc::jit;

using Clock = std::chrono::steady_clock;

static double millisecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start)
      .count();
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

static bool isMlir(llvm::StringRef name) { return name.ends_with(".mlir"); }

/// Fills in the text of a source that names a file or folder.
static Result<ModelSource> readText(ModelSource source) {
  if (source.path.empty())
    return source;
  if (frontend::isCheckpoint(source.path)) {
    std::string base = source.baseDir.empty() ? source.path : source.baseDir;
    Result<frontend::Checkpoint> checkpoint =
        frontend::readCheckpoint(source.path, base);
    if (!checkpoint)
      return checkpoint.status();
    source.text = std::move(checkpoint->text);
    source.name = source.path + "/config.json (as a description)";
    source.baseDir = std::move(base);
    return source;
  }
  llvm::SmallString<128> path(source.path);
  if (llvm::sys::fs::is_directory(path))
    llvm::sys::path::append(path, "model.json");
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer)
    return Status::error(ErrorCode::InvalidArgument,
                         "cannot read " + path.str().str() + ": " +
                             buffer.getError().message());
  source.text = (*buffer)->getBuffer().str();
  source.name = path.str().str();
  if (source.baseDir.empty())
    source.baseDir = llvm::sys::path::parent_path(path).str();
  return source;
}

static Result<ModelInput> readDescription(const ModelSource &given) {
  Result<ModelSource> source = readText(given);
  if (!source)
    return source.status();
  ModelInput model;
  model.text = std::move(source->text);
  model.name = source->name;
  model.weights = source->weights;
  if (isMlir(model.name)) {
    if (!model.weights)
      model.weights = std::make_shared<frontend::MemoryWeights>(
          "the weights (none are given)");
    return model;
  }
  Result<frontend::ModelDescription> description =
      frontend::ModelDescription::parse(model.text, model.name,
                                        source->baseDir);
  if (!description)
    return description.status();
  model.description = std::move(*description);
  if (model.weights)
    return model;
  Result<std::shared_ptr<const WeightSource>> weights =
      frontend::openWeights(*model.description);
  if (!weights)
    return weights.status();
  model.weights = std::move(*weights);
  return model;
}

Result<ModelInput> jit::readModel(const ModelSource &source,
                                  const CompileOptions &options) {
  Result<std::optional<ScheduleFile>> schedule = readScheduleFile(options);
  if (!schedule)
    return schedule.status();
  Result<ModelInput> model = readDescription(source);
  if (model)
    model->schedule = std::move(*schedule);
  return model;
}

std::string jit::modelKey(const ModelInput &model, const std::string &target) {
  std::string shapes;
  for (const std::string &name : model.weights->names()) {
    TensorRef tensor = model.weights->find(name);
    shapes += name + ":" + toString(tensor.dtype);
    for (int i = 0; i < tensor.rank; ++i)
      shapes += "," + std::to_string(tensor.shape[i]);
    shapes += ';';
  }
  std::string versions = std::to_string(SEQC_KERNEL_ABI_VERSION) + "." +
                         std::to_string(rt::kPlanVersion) + "." +
                         LLVM_VERSION_STRING;
  std::string schedule =
      model.schedule ? writeScheduleFile(*model.schedule) : "";
  return contentKey(
      {"model", model.text, shapes, target, schedule, versions, buildId()});
}

//===----------------------------------------------------------------------===//
// Model phases
//===----------------------------------------------------------------------===//

Result<mlir::OwningOpRef<mlir::ModuleOp>>
jit::importInto(mlir::MLIRContext &context, const ModelInput &model) {
  DiagnosticCollector collector(&context);
  if (model.description)
    return frontend::importModel(context, *model.description, *model.weights);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(
      model.text, mlir::ParserConfig(&context), model.name);
  if (!module)
    return Status::error(ErrorCode::InvalidModel,
                         model.name + " is not a valid MLIR module",
                         collector.take());
  auto forward = module->lookupSymbol<mlir::func::FuncOp>("forward");
  if (forward && !forward.isExternal())
    return module;
  mlir::emitError(forward ? forward.getLoc()
                          : mlir::Location(mlir::FileLineColLoc::get(
                                &context, model.name, 1, 1)))
      << "expected a function @forward with a body, the model";
  return Status::error(ErrorCode::InvalidModel,
                       model.name + " has no function @forward",
                       collector.take());
}

/// Refuses, at its place in the description, what only the reference evaluates.
static Status checkCompilable(mlir::ModuleOp module) {
  // Layers of a repeated block have one place.
  llvm::SetVector<mlir::Location> places;
  module.walk([&](ir::AttendOp attend) {
    if (attend.getByPosition())
      places.insert(attend.getLoc());
  });
  if (places.empty())
    return {};
  DiagnosticCollector collector(module.getContext());
  for (mlir::Location place : places)
    mlir::emitError(place)
        << "a window over positions or over the batch is evaluated by the "
           "target reference only; expected one over rows";
  return Status::error(ErrorCode::Unsupported,
                       "the model has attention that no compiled target does",
                       collector.take());
}

Result<mlir::OwningOpRef<mlir::ModuleOp>>
jit::lowerModel(mlir::MLIRContext &context, const ModelInput &model,
                const codegen::CpuTarget &target, passes::Phase last,
                const PhaseObserver &observer) {
  Result<mlir::OwningOpRef<mlir::ModuleOp>> module = importInto(context, model);
  if (!module)
    return module.status();
  (**module)->setAttr(ir::names::kTarget,
                      codegen::makeTargetAttr(&context, target));
  if (observer)
    observer(passes::Phase::Import, **module);
  if (last > passes::Phase::Import)
    if (Status status = checkCompilable(**module); !status.ok())
      return status;
  for (auto phase : {passes::Phase::Simplify, passes::Phase::Fuse,
                     passes::Phase::Partition}) {
    if (phase > last)
      break;
    DiagnosticCollector collector(&context);
    mlir::PassManager manager(&context);
    passes::addPhase(manager, phase);
    if (mlir::failed(manager.run(**module)))
      return Status::error(ErrorCode::CompileFailed,
                           "phase " + passes::toString(phase).str() + " failed",
                           collector.take());
    if (phase == passes::Phase::Partition && model.schedule)
      if (Status status = applySchedule(**module, *model.schedule, target.name);
          !status.ok())
        return status;
    if (observer)
      observer(phase, **module);
  }
  return module;
}

Result<std::vector<ScheduleChoice>>
jit::scheduleChoices(const ModelSource &source, const CompileOptions &options) {
  Result<ModelInput> model = readModel(source, options);
  if (!model)
    return model.status();
  if (options.target == "reference")
    return refuseReference();
  llvm::Expected<codegen::CpuTarget> target =
      codegen::parseCpuTarget(options.target);
  if (!target)
    return Status::error(ErrorCode::InvalidArgument,
                         llvm::toString(target.takeError()));
  mlir::MLIRContext context(compilerRegistry(),
                            mlir::MLIRContext::Threading::DISABLED);
  Result<mlir::OwningOpRef<mlir::ModuleOp>> module =
      lowerModel(context, *model, *target, passes::Phase::Partition);
  if (!module)
    return module.status();
  return scheduleChoices(**module);
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

namespace {
/// Compiles what is missing, each kernel on some thread.
class KernelBatch {
public:
  KernelBatch(std::vector<KernelSource> sources,
              const codegen::CpuTarget &target, KernelPool &pool, bool useDisk,
              const ProgressHandler &progress, PhaseDump &dump)
      : sources(std::move(sources)), target(target), pool(pool),
        useDisk(useDisk), progress(progress), dump(dump),
        kernels(this->sources.size()), made(this->sources.size()) {}

  Status run(const rt::Parallel &parallel, CompileStats &stats);
  std::vector<KernelSource> sources;

private:
  Result<SharedKernel> getKernel(const KernelSource &source, bool &isNew);
  void compileOne(size_t index);

  const codegen::CpuTarget &target;
  KernelPool &pool;
  const bool useDisk;
  const ProgressHandler &progress;
  PhaseDump &dump;
  std::mutex mutex;
  int done = 0;
  Status firstFailure;
  std::atomic<bool> stop{false};

public:
  std::vector<SharedKernel> kernels;
  std::vector<char> made; ///< compiled now
};
} // namespace

Result<SharedKernel> KernelBatch::getKernel(const KernelSource &source,
                                            bool &isNew) {
  if (!dump.isOn())
    return pool.get(
        source, useDisk, [&] { return compileKernel(source, target); }, isNew);
  isNew = true;
  Result<KernelArtifact> artifact =
      compileKernel(source, target, dump.forKernel(source.symbol));
  if (!artifact)
    return artifact.status();
  return SharedKernel(
      std::make_shared<const KernelArtifact>(std::move(*artifact)));
}

void KernelBatch::compileOne(size_t index) {
  if (stop)
    return;
  const KernelSource &source = sources[index];
  bool isNew = false;
  Result<SharedKernel> kernel = getKernel(source, isNew);
  Status status = kernel.status();
  if (kernel)
    kernels[index] = std::move(*kernel);
  std::lock_guard<std::mutex> lock(mutex);
  made[index] = isNew && status.ok();
  ++done;
  if (status.ok() && progress &&
      !progress({source.symbol, done, static_cast<int>(sources.size())}))
    status = Status::error(ErrorCode::Cancelled, "compiling was cancelled");
  if (!status.ok() && firstFailure.ok()) {
    firstFailure = status;
    stop = true;
  }
}

/// What grows with the time that a kernel takes to compile: the size of its
/// text, and attention is worth ten of the others.
static size_t effortOf(const KernelSource &source) {
  bool attends = source.text.find("seqc.attend") != std::string::npos;
  return source.text.size() * (attends ? 10 : 1);
}

Status KernelBatch::run(const rt::Parallel &parallel, CompileStats &stats) {
  // Long ones first, or the last thread at work would have just begun one.
  std::vector<size_t> order(sources.size());
  std::iota(order.begin(), order.end(), size_t(0));
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return effortOf(sources[a]) > effortOf(sources[b]);
  });
  std::atomic<size_t> next{0};
  parallel.parallelFor(static_cast<int64_t>(sources.size()), 1,
                       [&](int64_t begin, int64_t end, int) {
                         for (int64_t i = begin; i < end; ++i)
                           compileOne(order[next++]);
                       });
  if (!firstFailure.ok())
    return firstFailure;
  for (size_t i = 0; i < sources.size(); ++i) {
    stats.passesMs += kernels[i]->passesMs;
    stats.codegenMs += kernels[i]->codegenMs;
    stats.kernelsCompiled += made[i];
  }
  return {};
}

Result<CompiledModel>
jit::compileModel(const ModelInput &model, const codegen::CpuTarget &target,
                  const rt::Parallel &parallel, KernelPool &pool, bool useDisk,
                  const ProgressHandler &progress, const std::string &dumpDir,
                  CompileStats &stats) {
  Clock::time_point start = Clock::now();
  PhaseDump dump(dumpDir);
  mlir::MLIRContext context(compilerRegistry(),
                            mlir::MLIRContext::Threading::DISABLED);
  Result<mlir::OwningOpRef<mlir::ModuleOp>> module = lowerModel(
      context, model, target, passes::Phase::Partition, dump.forModel());
  if (!module)
    return module.status();
  CompiledModel result;
  DiagnosticCollector collector(&context);
  mlir::FailureOr<rt::Plan> plan = planFromModule(**module);
  if (mlir::failed(plan))
    return Status::error(ErrorCode::CompileFailed,
                         "the partitioned model has no plan", collector.take());
  result.plan = std::move(*plan);
  result.plan.model = model.name;
  result.plan.target = target.name;
  if (model.description)
    result.metadata = model.description->metadata;
  stats.importMs = millisecondsSince(start);

  KernelBatch batch(extractKernels(**module, target), target, pool, useDisk,
                    progress, dump);
  stats.kernels = static_cast<int>(batch.sources.size());
  if (Status status = batch.run(parallel, stats); !status.ok())
    return status;
  for (rt::PlanKernel &kernel : result.plan.kernels) {
    size_t index = 0;
    while (index < batch.sources.size() &&
           batch.sources[index].symbol != kernel.symbol)
      ++index;
    if (index == batch.sources.size())
      return Status::error(ErrorCode::Internal,
                           "the plan names a kernel '" + kernel.symbol +
                               "' that the module does not have");
    kernel.objectKey = batch.sources[index].key;
    const SharedKernel &compiled = batch.kernels[index];
    kernel.scratchBytes = compiled->scratchBytes;
    if (!compiled->schedule.empty())
      kernel.baked.push_back(compiled->schedule);
    const ScheduleKernel *wanted =
        model.schedule ? model.schedule->find(kernel.symbol) : nullptr;
    if (wanted && !wanted->entries.empty())
      kernel.baked.push_back("schedule file: " + summary(*wanted));
    result.kernels.push_back(compiled);
    stats.perKernel.push_back({kernel.symbol, compiled->passesMs,
                               compiled->codegenMs, batch.made[index] != 0});
  }
  if (Status status = dump.status(); !status.ok())
    return status;
  return result;
}
