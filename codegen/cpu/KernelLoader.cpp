//===- KernelLoader.cpp - objects to callable kernels ---------------------===//

#include "codegen/cpu/KernelLoader.h"

#include "runtime/abi/KernelAbi.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Object/SymbolSize.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"

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
  OrcLoader(std::shared_ptr<orc::LLJIT> jit, std::string perfMap)
      : jit(std::move(jit)), perfMap(std::move(perfMap)) {}

  llvm::Expected<std::shared_ptr<LoadedCode>>
  load(const std::vector<std::string> &objects,
       const std::vector<std::string> &symbols) override;

private:
  llvm::Error bindImports(orc::JITDylib &dylib);
  void listForProfilers(orc::JITDylib &dylib,
                        const std::vector<std::string> &objects);

  std::shared_ptr<orc::LLJIT> jit;
  std::string perfMap;
  std::mutex perfMapLock;
  std::atomic<unsigned> serial{0};
};
} // namespace

llvm::Expected<std::shared_ptr<KernelLoader>>
KernelLoader::create(std::string perfMap) {
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
      std::shared_ptr<orc::LLJIT>(std::move(*jit)), std::move(perfMap)));
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

/// A help for whoever measures: a file that cannot be written is left alone.
void OrcLoader::listForProfilers(orc::JITDylib &dylib,
                                 const std::vector<std::string> &objects) {
  std::lock_guard<std::mutex> guard(perfMapLock);
  std::error_code failed;
  llvm::raw_fd_ostream out(perfMap, failed, llvm::sys::fs::OF_Append);
  // A full disk must not end the process, which an error that nobody took does.
  auto forgive = llvm::make_scope_exit([&] {
    out.flush();
    out.clear_error();
  });
  for (const std::string &object : objects) {
    auto file = llvm::object::ObjectFile::createObjectFile(
        llvm::MemoryBufferRef(object, "kernel"));
    if (failed || !file)
      return llvm::consumeError(file ? llvm::Error::success()
                                     : file.takeError());
    for (auto [symbol, size] : llvm::object::computeSymbolSizes(**file)) {
      auto name = symbol.getName();
      auto type = symbol.getType();
      if (!name || !type || *type != llvm::object::SymbolRef::ST_Function)
        continue;
      if (auto address = jit->lookup(dylib, *name))
        out << llvm::formatv("{0:x-} {1:x-} {2}\n", address->getValue(), size,
                             *name);
      else
        llvm::consumeError(address.takeError());
    }
  }
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
  if (!perfMap.empty())
    listForProfilers(dylib, objects);
  return std::shared_ptr<LoadedCode>(code);
}
