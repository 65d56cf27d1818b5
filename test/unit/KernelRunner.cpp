//===- KernelRunner.cpp - kernel text to a callable kernel, for tests -----===//

#include "KernelRunner.h"

#include "dialect/SeqcDialect.h"
#include "passes/Passes.h"
#include "passes/Pipelines.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

#include <gtest/gtest.h>

#include <cstring>

using namespace seqc;
using namespace seqc::test;

static mlir::DialectRegistry makeRegistry() {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  registry.insert<ir::SeqcDialect>();
  passes::registerDialectExtensions(registry);
  codegen::registerTranslations(registry);
  return registry;
}

static llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>>
lowerText(mlir::MLIRContext &context, const std::string &text,
          const codegen::CpuTarget &target, passes::Phase first,
          passes::Phase last) {
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  if (!module)
    return llvm::createStringError("expected kernel text that parses");
  (*module)->setAttr(ir::names::kTarget,
                     codegen::makeTargetAttr(&context, target));
  mlir::PassManager pm(&context);
  for (const passes::PhaseInfo &info : passes::allPhases())
    if (info.phase >= first && info.phase <= last)
      passes::addPhase(pm, info.phase);
  if (mlir::failed(pm.run(*module)))
    return llvm::createStringError("expected a kernel that lowers");
  return module;
}

static llvm::Expected<std::string> compileText(const std::string &text,
                                               const std::string &targetName,
                                               codegen::CpuOutput output,
                                               passes::Phase first) {
  auto target = codegen::parseCpuTarget(targetName);
  if (!target)
    return target.takeError();
  mlir::MLIRContext context(makeRegistry());
  auto module = lowerText(context, text, *target, first, passes::Phase::Lower);
  if (!module)
    return module.takeError();
  return codegen::compileForCpu(**module, *target, output);
}

KernelRunner::KernelRunner(const std::string &text, const std::string &name,
                           const std::string &target, passes::Phase first) {
  auto object = compileText(text, target, codegen::CpuOutput::Object, first);
  if (!object) {
    ADD_FAILURE() << llvm::toString(object.takeError());
    return;
  }
  auto loader = llvm::cantFail(codegen::KernelLoader::create());
  auto loaded = loader->load({*object}, {name, name + "_tasks"});
  if (!loaded) {
    ADD_FAILURE() << llvm::toString(loaded.takeError());
    return;
  }
  code = *loaded;
}

int64_t KernelRunner::tasks(const std::vector<SeqcBuffer> &args) const {
  return reinterpret_cast<SeqcTasksFn>(code->addresses[1])(args.data());
}

void KernelRunner::run(const std::vector<SeqcBuffer> &args, int64_t begin,
                       int64_t end) const {
  alignas(64) static thread_local char scratch[1 << 20];
  std::memset(scratch, 0xff, sizeof(scratch));
  reinterpret_cast<SeqcKernelFn>(code->addresses[0])(args.data(), begin, end,
                                                     scratch);
}

void KernelRunner::run(const std::vector<SeqcBuffer> &args) const {
  run(args, 0, tasks(args));
}

std::string KernelRunner::assembly(const std::string &text,
                                   const std::string &target) {
  auto out = compileText(text, target, codegen::CpuOutput::Assembly,
                         passes::Phase::Vectorize);
  if (out)
    return *out;
  ADD_FAILURE() << llvm::toString(out.takeError());
  return {};
}
