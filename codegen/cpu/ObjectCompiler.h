//===- ObjectCompiler.h - LLVM dialect to object code ---------------------===//
#ifndef SEQC_CODEGEN_CPU_OBJECTCOMPILER_H
#define SEQC_CODEGEN_CPU_OBJECTCOMPILER_H

#include "codegen/cpu/CpuTarget.h"

#include "llvm/Support/Error.h"

#include <string>

namespace mlir {
class DialectRegistry;
class ModuleOp;
} // namespace mlir

namespace seqc::codegen {

enum class CpuOutput { LlvmIr, Assembly, Object };

/// Translations that compileForCpu needs on the module's context.
void registerTranslations(mlir::DialectRegistry &registry);

/// Translates a module of the LLVM dialect, optimises it and returns the text
/// or the ELF object. Uses an LLVMContext of its own, so calls on different
/// MLIRContexts may run at the same time. The same module and target give the
/// same bytes.
llvm::Expected<std::string>
compileForCpu(mlir::ModuleOp module, const CpuTarget &target, CpuOutput output);

} // namespace seqc::codegen

#endif // SEQC_CODEGEN_CPU_OBJECTCOMPILER_H
