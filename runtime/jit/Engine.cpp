//===- Engine.cpp - joins compiler and runtime ----------------------------===//

#include "seqc/Engine.h"

#include "codegen/cpu/KernelLoader.h"
#include "runtime/core/Profiler.h"
#include "runtime/core/SessionImpl.h"
#include "runtime/core/Store.h"
#include "runtime/core/StoreMeta.h"
#include "runtime/jit/BuildId.h"
#include "runtime/jit/CompletedWeights.h"
#include "runtime/jit/Manifest.h"
#include "runtime/jit/ModelCompiler.h"
#include "runtime/jit/ProgramImpl.h"
#include "runtime/jit/ReferenceProgram.h"
#include "runtime/jit/VariantCompiler.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <map>
#include <mutex>
#include <set>

using namespace seqc;

using Clock = std::chrono::steady_clock;

struct Engine::Impl {
  EngineOptions options;
  std::shared_ptr<const rt::Parallel> parallel;
  std::shared_ptr<codegen::KernelLoader> loader;
  std::shared_ptr<rt::Store> store; ///< null: no disk cache
  std::shared_ptr<jit::KernelPool> pool;

  // Models of this process. A key that is being compiled is in
  // `busy`; others who want it wait, no lock is held meanwhile.
  std::mutex mutex;
  std::condition_variable changed;
  std::set<std::string> busy;
  std::map<std::string, std::shared_ptr<const jit::CompiledModel>> models;

  Result<std::shared_ptr<const jit::CompiledModel>>
  getModel(const jit::ModelInput &model, const codegen::CpuTarget &target,
           const std::string &key, const CompileOptions &options,
           CompileStats &stats);
  Result<jit::CompiledModel> makeModel(const jit::ModelInput &model,
                                       const codegen::CpuTarget &target,
                                       const std::string &key,
                                       const CompileOptions &options,
                                       CompileStats &stats);
  void markUsed(const jit::CompiledModel &model, const std::string &key);
  Result<rt::KernelSet> load(const jit::CompiledModel &model);
  /// For a program of `model`, with what its profile asks for.
  Result<std::shared_ptr<rt::Specialiser>>
  specialiserOf(std::shared_ptr<const jit::CompiledModel> model,
                const std::string &fingerprint,
                const codegen::CpuTarget &target,
                const CompileOptions &compile);
};

Result<Engine> Engine::create(const EngineOptions &options) {
  if (options.threads < 0 || options.threads > EngineOptions::kMaxThreads)
    return Status::error(
        ErrorCode::InvalidArgument,
        "expected 0 (one per core) to " +
            std::to_string(EngineOptions::kMaxThreads) +
            " threads; EngineOptions::threads or SEQC_THREADS says otherwise");
  auto impl = std::make_shared<Impl>();
  impl->options = options;
  impl->parallel = std::make_shared<const rt::Parallel>(options.threads);
  impl->options.threads = impl->parallel->threads();
  llvm::Expected<std::shared_ptr<codegen::KernelLoader>> loader =
      codegen::KernelLoader::create(options.perfMap);
  if (!loader)
    return Status::error(ErrorCode::Internal,
                         "the loader of compiled code does not start: " +
                             llvm::toString(loader.takeError()));
  impl->loader = std::move(*loader);
  // Without a build id, entries of another build could not be told apart.
  if (!options.cacheDir.empty() && !jit::buildId().empty())
    impl->store = rt::Store::open(
        {options.cacheDir, options.cacheBytes, options.onDiagnostic, {}, {}});
  impl->pool = std::make_shared<jit::KernelPool>(impl->store);
  Engine engine;
  engine.impl = std::move(impl);
  return engine;
}

const EngineOptions &Engine::options() const { return impl->options; }

std::vector<std::string> Engine::targets() const {
  std::vector<std::string> names = codegen::runnableCpuTargets();
  names.insert(names.begin(), "cpu");
  names.push_back("reference");
  return names;
}

//===----------------------------------------------------------------------===//
// Sources
//===----------------------------------------------------------------------===//

ModelSource ModelSource::fromFile(std::string path) {
  ModelSource source;
  source.name = path;
  source.path = std::move(path);
  return source;
}

ModelSource ModelSource::fromText(std::string text, std::string name) {
  ModelSource source;
  source.text = std::move(text);
  source.name = std::move(name);
  return source;
}

//===----------------------------------------------------------------------===//
// Compiling
//===----------------------------------------------------------------------===//

/// For a model whose kernels all existed.
static void setWarmStats(const jit::CompiledModel &model, CompileStats &stats) {
  stats.kernels = static_cast<int>(model.kernels.size());
  stats.warm = true;
  for (size_t i = 0; i < model.kernels.size(); ++i)
    stats.perKernel.push_back({model.plan.kernels[i].symbol,
                               model.kernels[i]->passesMs,
                               model.kernels[i]->codegenMs, false});
}

/// The model under the name that it has in this call: the same text may have
/// been compiled from another file.
static std::shared_ptr<const jit::CompiledModel>
named(std::shared_ptr<const jit::CompiledModel> model,
      const std::string &name) {
  if (model->plan.model == name)
    return model;
  auto renamed = std::make_shared<jit::CompiledModel>(*model);
  renamed->plan.model = name;
  return renamed;
}

/// A model in use keeps its kernels in use, or the disk would lose the kernels
/// of the model that is used most.
void Engine::Impl::markUsed(const jit::CompiledModel &model,
                            const std::string &key) {
  for (const rt::PlanKernel &kernel : model.plan.kernels)
    store->touch(kernel.objectKey);
  store->touch(key);
}

static std::string metaOf(const jit::ModelInput &model,
                          const codegen::CpuTarget &target,
                          const CompileStats &stats) {
  char ms[32];
  std::snprintf(ms, sizeof(ms), "%.1f",
                stats.importMs + stats.passesMs + stats.codegenMs);
  return rt::toText({"model",
                     model.name,
                     {{"target", target.name},
                      {"ms", ms},
                      {"kernels", std::to_string(stats.kernels)}}});
}

Result<jit::CompiledModel>
Engine::Impl::makeModel(const jit::ModelInput &model,
                        const codegen::CpuTarget &target,
                        const std::string &key, const CompileOptions &compile,
                        CompileStats &stats) {
  bool useDisk = store && compile.useCache;
  bool useManifest = useDisk && compile.dumpDir.empty();
  if (useManifest) {
    if (std::optional<std::string> bytes = store->load(key)) {
      std::optional<jit::CompiledModel> warm =
          jit::readManifest(*bytes, target, *pool);
      if (warm) {
        setWarmStats(*warm, stats);
        return std::move(*warm);
      }
    }
  }
  Result<jit::CompiledModel> cold =
      jit::compileModel(model, target, *parallel, *pool, useDisk,
                        options.onProgress, compile.dumpDir, stats);
  if (cold && useManifest)
    store->put(key, jit::writeManifest(*cold), metaOf(model, target, stats));
  return cold;
}

Result<std::shared_ptr<const jit::CompiledModel>>
Engine::Impl::getModel(const jit::ModelInput &model,
                       const codegen::CpuTarget &target, const std::string &key,
                       const CompileOptions &compile, CompileStats &stats) {
  std::unique_lock<std::mutex> lock(mutex);
  changed.wait(lock, [&] { return !busy.count(key); });
  if (auto found = models.find(key);
      found != models.end() && compile.dumpDir.empty()) {
    std::shared_ptr<const jit::CompiledModel> model = found->second;
    lock.unlock();
    if (store && compile.useCache)
      markUsed(*model, key);
    setWarmStats(*model, stats);
    return model;
  }
  busy.insert(key);
  lock.unlock();
  Result<jit::CompiledModel> made =
      makeModel(model, target, key, compile, stats);
  lock.lock();
  busy.erase(key);
  changed.notify_all();
  if (!made)
    return made.status();
  auto shared = std::make_shared<const jit::CompiledModel>(std::move(*made));
  models[key] = shared;
  return shared;
}

Result<rt::KernelSet> Engine::Impl::load(const jit::CompiledModel &model) {
  std::vector<std::string> objects, kernels;
  std::set<std::string> keys;
  for (size_t i = 0; i < model.kernels.size(); ++i) {
    if (keys.insert(model.plan.kernels[i].objectKey).second)
      objects.push_back(model.kernels[i]->object);
    kernels.push_back(model.plan.kernels[i].symbol);
  }
  return jit::loadKernels(*loader, objects, kernels);
}

static rt::SpecialiseMode modeOf(Specialise mode) {
  switch (mode) {
  case Specialise::Off:
    return rt::SpecialiseMode::Off;
  case Specialise::Background:
    return rt::SpecialiseMode::Background;
  case Specialise::Ahead:
    return rt::SpecialiseMode::Ahead;
  case Specialise::Force:
    return rt::SpecialiseMode::Force;
  }
  return rt::SpecialiseMode::Off;
}

Result<std::shared_ptr<rt::Specialiser>>
Engine::Impl::specialiserOf(std::shared_ptr<const jit::CompiledModel> model,
                            const std::string &fingerprint,
                            const codegen::CpuTarget &target,
                            const CompileOptions &compile) {
  const rt::Plan &plan = model->plan;
  std::vector<rt::VariantId> ahead;
  if (!compile.profile.empty()) {
    Result<Profile> profile = Profile::parse(compile.profile);
    if (!profile)
      return profile.status();
    if (Status status = rt::checkProfile(*profile, plan); !status.ok())
      return status;
    ahead = rt::variantsOf(*profile, plan);
  }
  auto compiler = std::make_shared<jit::VariantCompiler>();
  compiler->model = std::move(model);
  compiler->fingerprint = fingerprint;
  compiler->target = target;
  compiler->pool = pool;
  compiler->loader = loader;
  compiler->store = store;
  compiler->useDisk = store && compile.useCache;
  compiler->threads = parallel->threads();
  rt::SpecialiserOptions chosen;
  chosen.mode = modeOf(compile.specialise);
  auto specialiser = std::make_shared<rt::Specialiser>(
      plan, jit::hooksOf(std::move(compiler), options.onDiagnostic), chosen);
  if (chosen.mode == rt::SpecialiseMode::Ahead)
    specialiser->compileAhead(ahead);
  return specialiser;
}

static Result<codegen::CpuTarget> parseTarget(const std::string &name) {
  llvm::Expected<codegen::CpuTarget> target = codegen::parseCpuTarget(name);
  if (target)
    return std::move(*target);
  std::string why = llvm::toString(target.takeError());
  if (name.rfind("cuda", 0) == 0)
    return Status::error(ErrorCode::Unsupported,
                         "target '" + name +
                             "' is not supported by this version; use cpu");
  return Status::error(ErrorCode::InvalidArgument, why);
}

Result<Program> Engine::compile(const ModelSource &source,
                                const CompileOptions &compile) const {
  Clock::time_point start = Clock::now();
  Result<jit::ModelInput> model = jit::readModel(source, compile);
  if (!model)
    return model.status();
  auto program = std::make_shared<Program::Impl>();
  program->parallel = impl->parallel;
  if (model->description)
    program->metadata = model->description->metadata;
  if (compile.target == "reference") {
    if (model->schedule)
      return jit::refuseReference();
    program->target = "reference";
    program->fingerprint = jit::modelKey(*model, "reference");
    Result<std::shared_ptr<const rt::LoadedPlan>> loaded =
        jit::loadReference(*model, impl->options.onDiagnostic);
    if (!loaded)
      return loaded.status();
    program->loaded = std::move(*loaded);
  } else {
    Result<codegen::CpuTarget> target = parseTarget(compile.target);
    if (!target)
      return target.status();
    if (!codegen::isRunnable(*target))
      return Status::error(ErrorCode::Unsupported,
                           "this machine cannot run code for " + target->name +
                               "; `seqc doctor` lists what it can run");
    program->target = target->name;
    program->fingerprint = jit::modelKey(*model, target->name);
    Result<std::shared_ptr<const jit::CompiledModel>> compiled = impl->getModel(
        *model, *target, program->fingerprint, compile, program->stats);
    if (!compiled)
      return compiled.status();
    compiled = named(*compiled, model->name);
    Result<rt::KernelSet> kernels = impl->load(**compiled);
    if (!kernels)
      return kernels.status();
    const rt::Plan &plan = (*compiled)->plan;
    Result<std::shared_ptr<const rt::LoadedPlan>> loaded =
        rt::LoadedPlan::create(
            plan, std::move(*kernels),
            std::make_shared<jit::CompletedWeights>(plan, model->weights),
            *impl->parallel);
    if (!loaded)
      return loaded.status();
    program->loaded = std::move(*loaded);
    Result<std::shared_ptr<rt::Specialiser>> specialiser =
        impl->specialiserOf(*compiled, program->fingerprint, *target, compile);
    if (!specialiser)
      return specialiser.status();
    program->specialiser = std::move(*specialiser);
    program->startNs = start.time_since_epoch().count();
    program->stats.sites = static_cast<int>(
        std::count_if(plan.run.begin(), plan.run.end(), [](const auto &step) {
          return step.kind == rt::StepKind::Kernel;
        }));
    if (program->metadata.empty())
      program->metadata = (*compiled)->metadata;
  }
  program->signature = rt::signatureOf(program->loaded->plan());
  program->stats.totalMs =
      std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  return Program(std::move(program));
}

Result<std::string> Engine::emit(const ModelSource &source,
                                 const std::string &form,
                                 const CompileOptions &compile) const {
  Result<jit::ModelInput> model = jit::readModel(source, compile);
  if (!model)
    return model.status();
  Result<codegen::CpuTarget> target = parseTarget(compile.target);
  if (!target)
    return target.status();
  return jit::emitModel(*model, *target, form, compile.variant,
                        compile.dumpDir);
}
