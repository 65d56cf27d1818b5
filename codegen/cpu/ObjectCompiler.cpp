//===- ObjectCompiler.cpp - LLVM dialect to object code -------------------===//

#include "codegen/cpu/ObjectCompiler.h"

#include "codegen/cpu/AddressConstants.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/Analysis/TargetTransformInfo.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

#include <mutex>

using namespace seqc::codegen;

// Release builds trust the passes that tests run verified.
#ifdef NDEBUG
static constexpr bool kVerify = false;
#else
static constexpr bool kVerify = true;
#endif

void seqc::codegen::registerTranslations(mlir::DialectRegistry &registry) {
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
}

/// From here on a kernel is large. Strength reduction of loops, whose search
/// grows faster than the loops do, would take as long as everything else
/// together, and what it finds is no better than the addresses it starts from
/// once their constants are apart. It pays in small kernels.
static constexpr unsigned kManyInstructions = 2500;

namespace {
/// Takes the back end's passes except strength reduction and what only that
/// uses. (A gate that skips it would still run the analysis of its inputs.)
class NoStrengthReduction : public llvm::legacy::PassManagerBase {
public:
  explicit NoStrengthReduction(llvm::legacy::PassManagerBase &taker)
      : taker(taker) {}
  void add(llvm::Pass *pass) override {
    llvm::StringRef name = pass->getPassName();
    if (name == "Loop Strength Reduction" ||
        name == "Canonicalize Freeze Instructions in Loops")
      delete pass;
    else
      taker.add(pass);
  }

private:
  llvm::legacy::PassManagerBase &taker;
};
} // namespace

static void initialiseTargets() {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::InitializeAllTargetInfos();
    llvm::InitializeAllTargets();
    llvm::InitializeAllTargetMCs();
    llvm::InitializeAllAsmPrinters();
  });
}

static llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createMachine(const CpuTarget &target) {
  initialiseTargets();
  llvm::Triple triple(target.triple);
  std::string error;
  const llvm::Target *backend =
      llvm::TargetRegistry::lookupTarget(triple, error);
  if (!backend)
    return llvm::createStringError("LLVM has no back end for %s: %s",
                                   target.triple.c_str(), error.c_str());
  llvm::TargetOptions options;
  // Only operations that carry the contract flag are fused: results do not
  // depend on what the back end feels like.
  options.AllowFPOpFusion = llvm::FPOpFusion::Standard;
  return std::unique_ptr<llvm::TargetMachine>(backend->createTargetMachine(
      triple, target.cpu, "", options, llvm::Reloc::PIC_,
      llvm::CodeModel::Small, llvm::CodeGenOptLevel::Aggressive, /*JIT=*/true));
}

/// Attributes that make the back end keep the widths that passes chose.
static void annotate(llvm::Module &module, const CpuTarget &target) {
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", target.cpu);
    function.addFnAttr("tune-cpu", target.tuneCpu);
    function.addFnAttr("prefer-vector-width",
                       std::to_string(target.vectorBits));
    function.addFnAttr("min-legal-vector-width",
                       std::to_string(target.vectorBits));
    // Without it the back end notices too late that spilled vectors want more
    // alignment than the ABI gives: each would straddle two cache lines.
    if (target.vectorBits > 128)
      function.addFnAttr("stackrealign");
    function.addFnAttr(llvm::Attribute::NoUnwind);
    function.setUWTableKind(llvm::UWTableKind::None);
  }
}

// Equal values once: only then does a count of instructions say how much there
// is to do.
static constexpr llvm::StringLiteral kFirst = "function(early-cse)";

// What is left of LLVM's O2 for vector loops that our passes have already
// tiled, unrolled and made free of calls. Unrolling again and propagation
// between procedures were two thirds of its time and gained nothing;
// reassociation and induction variables are what addresses in scans and
// products depend on.
static constexpr llvm::StringLiteral kPipeline =
    "function("
    "sroa,early-cse<memssa>,simplifycfg,instcombine<no-verify-fixpoint>,"
    "reassociate,"
    "loop-mssa(loop-instsimplify,loop-rotate,licm<allowspeculation>),"
    "simplifycfg,instcombine<no-verify-fixpoint>,"
    "loop(loop-idiom,indvars,loop-deletion),"
    "vector-combine,gvn,sccp,bdce,instcombine<no-verify-fixpoint>,adce,dse,"
    "loop-mssa(licm<allowspeculation>),"
    "simplifycfg<hoist-common-insts;sink-common-insts>,"
    "instcombine<no-verify-fixpoint>,loop-load-elim,"
    "instcombine<no-verify-fixpoint>,"
    "simplifycfg<hoist-common-insts;sink-common-insts>,"
    "vector-combine,instcombine<no-verify-fixpoint>,"
    "loop-mssa(licm<allowspeculation>),loop-sink,instsimplify,div-rem-pairs,"
    "simplifycfg)";

/// For large kernels: turning loops so that what does not change in them can
/// leave, one order for the terms of addresses, and equal values once.
/// Early-cse finds in a twentieth of the time what global value numbering
/// finds. Loops of attention come out the same but for a compare of some short
/// ones; those of scans do not, and have the passes above.
static constexpr llvm::StringLiteral kPipelineOfLarge =
    "function("
    "simplifycfg,instcombine<no-verify-fixpoint>,"
    "loop(loop-rotate),reassociate,"
    "loop-mssa(licm<allowspeculation>),"
    "early-cse,instcombine<no-verify-fixpoint>,simplifycfg)";

/// Says whether the kernel is large.
static llvm::Expected<bool> optimise(llvm::Module &module,
                                     llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager graph;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(graph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, graph, modules);
  auto run = [&](llvm::StringRef pipeline) {
    llvm::ModulePassManager passes;
    llvm::Error error = builder.parsePassPipeline(passes, pipeline);
    if (!error)
      passes.run(module, modules);
    return error;
  };
  if (llvm::Error error = run(kFirst))
    return error;
  bool isLarge = module.getInstructionCount() > kManyInstructions;
  if (isLarge)
    for (llvm::Function &function : module)
      separateAddressConstants(function);
  if (llvm::Error error = run(isLarge ? kPipelineOfLarge : kPipeline))
    return error;
  return isLarge;
}

static llvm::Expected<std::string> emit(llvm::Module &module,
                                        llvm::TargetMachine &machine,
                                        CpuOutput output, bool isLarge) {
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  if (output == CpuOutput::LlvmIr) {
    module.print(stream, nullptr);
    return std::string(bytes.data(), bytes.size());
  }
  llvm::legacy::PassManager passes;
  auto type = output == CpuOutput::Object ? llvm::CodeGenFileType::ObjectFile
                                          : llvm::CodeGenFileType::AssemblyFile;
  NoStrengthReduction fewer(passes);
  if (machine.addPassesToEmitFile(
          isLarge ? static_cast<llvm::legacy::PassManagerBase &>(fewer)
                  : passes,
          stream, nullptr, type, /*DisableVerify=*/!kVerify))
    return llvm::createStringError(
        "the back end cannot emit this kind of file");
  passes.run(module);
  return std::string(bytes.data(), bytes.size());
}

llvm::Expected<std::string>
seqc::codegen::compileForCpu(mlir::ModuleOp module, const CpuTarget &target,
                             CpuOutput output) {
  llvm::Expected<std::unique_ptr<llvm::TargetMachine>> machine =
      createMachine(target);
  if (!machine)
    return machine.takeError();
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> translated = mlir::translateModuleToLLVMIR(
      module, context, "kernel", /*disableVerification=*/!kVerify);
  if (!translated)
    return llvm::createStringError("translation to LLVM IR failed");
  translated->setTargetTriple(llvm::Triple(target.triple));
  translated->setDataLayout((*machine)->createDataLayout());
  annotate(*translated, target);
  llvm::Expected<bool> isLarge = optimise(*translated, **machine);
  if (!isLarge)
    return isLarge.takeError();
  return emit(*translated, **machine, output, *isLarge);
}
