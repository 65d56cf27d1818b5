//===- VariantCompiler.cpp - what the specialiser compiles with -----------===//

#include "runtime/jit/VariantCompiler.h"

#include "runtime/core/StoreMeta.h"
#include "runtime/jit/BuildId.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

using namespace seqc;
using namespace seqc::jit;

//===----------------------------------------------------------------------===//
// Code
//===----------------------------------------------------------------------===//

Result<rt::KernelSet>
jit::loadKernels(codegen::KernelLoader &loader,
                 const std::vector<std::string> &objects,
                 const std::vector<std::string> &kernels) {
  std::vector<std::string> symbols;
  for (const std::string &kernel : kernels) {
    symbols.push_back(kernel);
    symbols.push_back(kernel + "_tasks");
  }
  llvm::Expected<std::shared_ptr<codegen::LoadedCode>> code =
      loader.load(objects, symbols);
  if (!code)
    return Status::error(ErrorCode::Internal,
                         "compiled kernels do not load: " +
                             llvm::toString(code.takeError()));
  rt::KernelSet set;
  for (size_t i = 0; i < kernels.size(); ++i)
    set.entries.push_back(
        {reinterpret_cast<SeqcKernelFn>((*code)->addresses[2 * i]),
         reinterpret_cast<SeqcTasksFn>((*code)->addresses[2 * i + 1])});
  set.code = *code;
  return set;
}

Result<rt::CompiledVariant> VariantCompiler::compile(int32_t kernel,
                                                     int32_t variant) const {
  const rt::PlanKernel &planned = model->plan.kernels[kernel];
  KernelSource generic;
  generic.symbol = planned.symbol;
  generic.text = model->kernels[kernel]->text;
  Result<KernelSource> source =
      variantSource(generic, planned.variants[variant].assumption, target);
  if (!source)
    return source.status();

  rt::CompiledVariant result;
  SharedKernel artifact = pool->find(*source, /*useDisk=*/false);
  result.origin = "memory";
  if (!artifact) {
    bool made = false;
    auto make = [&] { return compileKernel(*source, target); };
    Result<SharedKernel> got = pool->get(*source, useDisk, make, made);
    if (!got)
      return got.status();
    artifact = std::move(*got);
    result.origin = made ? "compiled" : "disk";
  }
  Result<rt::KernelSet> loaded =
      loadKernels(*loader, {artifact->object}, {source->symbol});
  if (!loaded)
    return loaded.status();
  result.entry = loaded->entries[0];
  result.code = loaded->code;
  result.scratchBytes = artifact->scratchBytes;
  result.objectKey = source->key;
  result.objectBytes = static_cast<int64_t>(artifact->object.size());
  result.compileMs = artifact->passesMs + artifact->codegenMs;
  return result;
}

/// A variant is about as much code as its kernel. That took as long in this
/// process or in the one that put it into the store.
int64_t VariantCompiler::compileNs(int32_t kernel) const {
  const KernelArtifact &generic = *model->kernels[kernel];
  return static_cast<int64_t>(1e6 * (generic.passesMs + generic.codegenMs));
}

//===----------------------------------------------------------------------===//
// Verdicts
//===----------------------------------------------------------------------===//

/// A verdict holds for this variant against this kernel, in this layer of this
/// model whatever its file is called, on this kind of machine with so many
/// threads.
std::string VariantCompiler::verdictKey(int32_t kernel, int32_t variant,
                                        const std::string &layer) const {
  const rt::PlanKernel &planned = model->plan.kernels[kernel];
  return contentKey({"verdict", fingerprint, planned.symbol, planned.objectKey,
                     planned.variants[variant].assumption, layer,
                     machineOf(target), std::to_string(threads), buildId()});
}

std::optional<rt::Verdict>
VariantCompiler::loadVerdict(int32_t kernel, int32_t variant,
                             const std::string &layer) const {
  if (!store || !useDisk)
    return std::nullopt;
  std::optional<std::string> text =
      store->load(verdictKey(kernel, variant, layer));
  if (!text)
    return std::nullopt;
  llvm::Expected<llvm::json::Value> json = llvm::json::parse(*text);
  if (!json) {
    llvm::consumeError(json.takeError());
    return std::nullopt;
  }
  const llvm::json::Object *object = json->getAsObject();
  std::optional<bool> kept;
  if (object)
    kept = object->getBoolean("kept");
  if (!kept)
    return std::nullopt;
  auto number = [&](const char *name) {
    return object->getNumber(name).value_or(0);
  };
  rt::Verdict verdict;
  verdict.kept = *kept;
  verdict.figures.currentNs = number("current_ns");
  verdict.figures.candidateNs = number("candidate_ns");
  verdict.figures.gain = number("gain");
  verdict.figures.noise = number("noise");
  verdict.figures.samples = static_cast<int32_t>(number("samples"));
  return verdict;
}

void VariantCompiler::storeVerdict(int32_t kernel, int32_t variant,
                                   const std::string &layer,
                                   const rt::Verdict &verdict) const {
  if (!store || !useDisk)
    return;
  const rt::TrialFigures &figures = verdict.figures;
  llvm::json::Value json =
      llvm::json::Object{{"kept", verdict.kept},
                         {"current_ns", figures.currentNs},
                         {"candidate_ns", figures.candidateNs},
                         {"gain", figures.gain},
                         {"noise", figures.noise},
                         {"samples", int64_t(figures.samples)}};
  const rt::PlanKernel &planned = model->plan.kernels[kernel];
  std::string gain = llvm::formatv("{0:f1} %", 100 * figures.gain);
  rt::StoreMeta meta{"verdict",
                     planned.symbol + " " + planned.variants[variant].name,
                     {{"target", target.name},
                      {"layer", layer},
                      {"verdict", verdict.kept ? "kept" : "dropped"},
                      {"gain", gain}}};
  store->put(verdictKey(kernel, variant, layer),
             llvm::formatv("{0}", json).str(), rt::toText(meta));
}

rt::SpecialiserHooks
jit::hooksOf(std::shared_ptr<const VariantCompiler> compiler,
             DiagnosticHandler onDiagnostic) {
  rt::SpecialiserHooks hooks;
  hooks.compile = [compiler](int32_t kernel, int32_t variant) {
    return compiler->compile(kernel, variant);
  };
  hooks.loadVerdict = [compiler](int32_t kernel, int32_t variant,
                                 const std::string &layer) {
    return compiler->loadVerdict(kernel, variant, layer);
  };
  hooks.storeVerdict = [compiler](int32_t kernel, int32_t variant,
                                  const std::string &layer,
                                  const rt::Verdict &verdict) {
    compiler->storeVerdict(kernel, variant, layer, verdict);
  };
  hooks.onDiagnostic = std::move(onDiagnostic);
  hooks.compileNs = [compiler](int32_t kernel) {
    return compiler->compileNs(kernel);
  };
  return hooks;
}
