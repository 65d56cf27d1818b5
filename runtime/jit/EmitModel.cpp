//===- EmitModel.cpp - what `--emit` and `--stop-after` print -------------===//

#include "runtime/jit/ModelCompiler.h"

#include "codegen/cpu/ObjectCompiler.h"
#include "runtime/jit/Diagnostics.h"
#include "runtime/jit/PhaseDump.h"
#include "runtime/jit/PlanFromIR.h"
#include "runtime/jit/Registry.h"
#include "runtime/jit/VariantPlan.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/StringExtras.h"

#include <algorithm>
#include <set>

using namespace seqc;
using namespace seqc::jit;

namespace {
/// What an --emit form prints: the IR after a phase, or what follows the last.
struct Form {
  passes::Phase phase = passes::Phase::Import;
  enum class Kind { Ir, Plan, Code } kind = Kind::Ir;
  codegen::CpuOutput output = codegen::CpuOutput::Object;
};
} // namespace

static Result<Form> parseForm(const std::string &name) {
  using passes::Phase;
  static const std::pair<const char *, Form> kForms[] = {
      {"seqc", {Phase::Import}},
      {"kernels", {Phase::Partition}},
      {"plan", {Phase::Partition, Form::Kind::Plan}},
      {"vector", {Phase::Vectorize}},
      {"llvm", {Phase::Lower}},
      {"llvm-ir", {Phase::Lower, Form::Kind::Code, codegen::CpuOutput::LlvmIr}},
      {"asm", {Phase::Lower, Form::Kind::Code, codegen::CpuOutput::Assembly}},
      {"obj", {Phase::Lower, Form::Kind::Code, codegen::CpuOutput::Object}},
      {"artifact",
       {Phase::Lower, Form::Kind::Code, codegen::CpuOutput::Object}}};
  std::string known;
  for (const auto &[key, form] : kForms) {
    if (name == key)
      return form;
    known += std::string(known.empty() ? "" : ", ") + key;
  }
  if (std::optional<Phase> phase = passes::parsePhase(name))
    return Form{*phase};
  return Status::error(ErrorCode::InvalidArgument,
                       "unknown form '" + name + "', expected one of " + known +
                           " or the name of a phase");
}

static std::string print(mlir::ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.print(stream);
  return text;
}

static Result<std::string> emitKernel(const KernelSource &source,
                                      const Form &form,
                                      const codegen::CpuTarget &target,
                                      const PhaseObserver &observer) {
  mlir::MLIRContext context(compilerRegistry(),
                            mlir::MLIRContext::Threading::DISABLED);
  DiagnosticCollector collector(&context);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(
      source.text, mlir::ParserConfig(&context), source.symbol);
  if (!module)
    return Status::error(ErrorCode::Internal, "kernel text does not parse",
                         collector.take());
  if (Status status = runKernelPhases(*module, form.phase, observer);
      !status.ok())
    return Status::error(status.code(),
                         "kernel " + source.symbol + ": " + status.message(),
                         collector.take());
  if (form.kind == Form::Kind::Ir)
    return print(*module);
  llvm::Expected<std::string> code =
      codegen::compileForCpu(*module, target, form.output);
  if (!code)
    return Status::error(ErrorCode::CompileFailed,
                         llvm::toString(code.takeError()));
  return std::move(*code);
}

/// The kernels that have a variant of this name, as that variant.
static Result<std::vector<KernelSource>>
variantsNamed(const std::string &name, mlir::ModuleOp partitioned,
              const codegen::CpuTarget &target) {
  std::vector<KernelSource> found;
  std::set<std::string> known;
  for (const KernelSource &generic : extractKernels(partitioned, target)) {
    auto kernel = partitioned.lookupSymbol<mlir::func::FuncOp>(generic.symbol);
    for (const rt::PlanVariant &variant : planVariants(kernel)) {
      known.insert(variant.name);
      if (variant.name != name)
        continue;
      Result<KernelSource> source =
          variantSource(generic, variant.assumption, target);
      if (!source)
        return source.status();
      found.push_back(std::move(*source));
    }
  }
  if (!found.empty())
    return found;
  return Status::error(ErrorCode::InvalidArgument,
                       "no kernel has a variant '" + name + "', expected " +
                           (known.empty()
                                ? "none: there are no variants"
                                : "one of " + llvm::join(known, ", ")));
}

Result<std::string> jit::emitModel(const ModelInput &model,
                                   const codegen::CpuTarget &target,
                                   const std::string &name,
                                   const std::string &variant,
                                   const std::string &dumpDir) {
  Result<Form> form = parseForm(name);
  if (!form)
    return form.status();
  if (!variant.empty() && form->phase <= passes::Phase::Partition)
    return Status::error(ErrorCode::InvalidArgument,
                         "form '" + name +
                             "' comes before kernels have variants, expected "
                             "a later one, such as asm");
  PhaseDump dump(dumpDir);
  mlir::MLIRContext context(compilerRegistry(),
                            mlir::MLIRContext::Threading::DISABLED);
  Result<mlir::OwningOpRef<mlir::ModuleOp>> module = lowerModel(
      context, model, target, std::min(form->phase, passes::Phase::Partition),
      dump.forModel());
  if (!module)
    return module.status();
  if (form->kind == Form::Kind::Plan) {
    DiagnosticCollector collector(&context);
    mlir::FailureOr<rt::Plan> plan = planFromModule(**module);
    if (mlir::failed(plan))
      return Status::error(ErrorCode::CompileFailed,
                           "the partitioned model has no plan",
                           collector.take());
    plan->model = model.name;
    plan->target = target.name;
    return rt::serialise(*plan);
  }
  if (form->phase <= passes::Phase::Partition)
    return print(**module);
  Result<std::vector<KernelSource>> sources =
      variant.empty() ? extractKernels(**module, target)
                      : variantsNamed(variant, **module, target);
  if (!sources)
    return sources.status();
  std::string text;
  for (const KernelSource &source : *sources) {
    Result<std::string> part =
        emitKernel(source, *form, target, dump.forKernel(source.symbol));
    if (!part)
      return part.status();
    text += *part;
  }
  if (Status status = dump.status(); !status.ok())
    return status;
  return text;
}
