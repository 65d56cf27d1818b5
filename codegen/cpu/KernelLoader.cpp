//===- KernelLoader.cpp - objects to callable kernels ---------------------===//

#include "codegen/cpu/KernelLoader.h"

#include "runtime/abi/KernelAbi.h"

#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/TargetSelect.h"

#include <atomic>
#include <cstring>
#include <mutex>

using namespace seqc::codegen;
namespace orc = llvm::orc;

LoadedCode::~LoadedCode() = default;
KernelLoader::~KernelLoader() = default;

namespace {
/// Shares the JIT, so that code outlives the loader that made it.
class OrcCode : public LoadedCode {
public:
  OrcCode(std::shared_ptr<orc::LLJIT> jit, orc::JITDylib &dylib)
      : jit(std::move(jit)), dylib(&dylib) {}
  ~OrcCode() override {
    llvm::consumeError(jit->getExecutionSession().removeJITDylib(*dylib));
  }

private:
  std::shared_ptr<orc::LLJIT> jit;
  orc::JITDylib *dylib;
};

class OrcLoader : public KernelLoader {
public:
  explicit OrcLoader(std::shared_ptr<orc::LLJIT> jit) : jit(std::move(jit)) {}

  llvm::Expected<std::shared_ptr<LoadedCode>>
  load(const std::vector<std::string> &objects,
       const std::vector<std::string> &symbols) override;

private:
  llvm::Error bindImports(orc::JITDylib &dylib);

  std::shared_ptr<orc::LLJIT> jit;
  std::atomic<unsigned> serial{0};
};
} // namespace

llvm::Expected<std::shared_ptr<KernelLoader>> KernelLoader::create() {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
  });
  orc::LLJITBuilder builder;
  builder.setLinkProcessSymbolsByDefault(false);
  builder.setPlatformSetUp(orc::setUpInactivePlatform);
  builder.setObjectLinkingLayerCreator([](orc::ExecutionSession &session) {
    return std::make_unique<orc::ObjectLinkingLayer>(session);
  });
  auto jit = builder.create();
  if (!jit)
    return jit.takeError();
  // Failed look-ups come back as errors; nothing is printed.
  (*jit)->getExecutionSession().setErrorReporter(
      [](llvm::Error error) { llvm::consumeError(std::move(error)); });
  return std::shared_ptr<KernelLoader>(std::make_shared<OrcLoader>(
      std::shared_ptr<orc::LLJIT>(std::move(*jit))));
}

llvm::Error OrcLoader::bindImports(orc::JITDylib &dylib) {
  orc::SymbolMap map;
#define SEQC_BIND(NAME)                                                        \
  map[jit->mangleAndIntern(#NAME)] = {orc::ExecutorAddr::fromPtr(&::NAME),     \
                                      llvm::JITSymbolFlags::Exported};
  SEQC_KERNEL_IMPORTS(SEQC_BIND)
#undef SEQC_BIND
  return dylib.define(orc::absoluteSymbols(std::move(map)));
}

llvm::Expected<std::shared_ptr<LoadedCode>>
OrcLoader::load(const std::vector<std::string> &objects,
                const std::vector<std::string> &symbols) {
  orc::JITDylib &dylib = jit->getExecutionSession().createBareJITDylib(
      "kernels." + std::to_string(serial++));
  auto code = std::make_shared<OrcCode>(jit, dylib);
  if (llvm::Error error = bindImports(dylib))
    return error;
  for (const std::string &object : objects) {
    auto buffer = llvm::MemoryBuffer::getMemBufferCopy(object, "kernel");
    if (llvm::Error error = jit->addObjectFile(dylib, std::move(buffer)))
      return error;
  }
  for (const std::string &symbol : symbols) {
    auto address = jit->lookup(dylib, symbol);
    if (!address)
      return address.takeError();
    code->addresses.push_back(address->toPtr<void *>());
  }
  return std::shared_ptr<LoadedCode>(code);
}
