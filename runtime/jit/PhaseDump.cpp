//===- PhaseDump.cpp - the IR after each phase, in files ------------------===//

#include "runtime/jit/PhaseDump.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace seqc;
using namespace seqc::jit;

PhaseObserver PhaseDump::forKernel(const std::string &symbol) {
  if (!isOn())
    return {};
  return [this, symbol](passes::Phase phase, mlir::ModuleOp module) {
    write(phase, symbol, module);
  };
}

void PhaseDump::write(passes::Phase phase, const std::string &symbol,
                      mlir::ModuleOp module) {
  int number = static_cast<int>(phase);
  std::string name = (number < 10 ? "0" : "") + std::to_string(number) + "-" +
                     passes::toString(phase).str() +
                     (symbol.empty() ? "" : "." + symbol) + ".mlir";
  llvm::SmallString<128> path(folder);
  std::error_code error = llvm::sys::fs::create_directories(path);
  llvm::sys::path::append(path, name);
  if (!error) {
    llvm::raw_fd_ostream stream(path, error);
    if (!error) {
      module.print(stream);
      stream.close();
      error = stream.error();
      stream.clear_error(); // one that nobody took ends the process
    }
  }
  std::lock_guard<std::mutex> lock(mutex);
  if (error && failure.ok())
    failure = Status::error(ErrorCode::Unavailable, "cannot write " +
                                                        path.str().str() +
                                                        ": " + error.message());
}

Status PhaseDump::status() {
  std::lock_guard<std::mutex> lock(mutex);
  return failure;
}
