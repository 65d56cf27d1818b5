//===- KernelCompiler.cpp - one kernel from partitioned IR to an object ---===//

#include "runtime/jit/KernelCompiler.h"

#include "codegen/cpu/ObjectCompiler.h"
#include "dialect/SeqcDialect.h"
#include "runtime/abi/KernelAbi.h"
#include "runtime/jit/BuildId.h"
#include "runtime/jit/Diagnostics.h"
#include "runtime/jit/Registry.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/BLAKE3.h"

#include <chrono>
#include <cstring>

using namespace seqc;
using namespace seqc::jit;

using Clock = std::chrono::steady_clock;

static double millisecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start)
      .count();
}

std::string jit::contentKey(const std::vector<std::string_view> &parts) {
  llvm::BLAKE3 hasher;
  for (std::string_view part : parts) {
    uint64_t length = part.size();
    hasher.update(llvm::StringRef(reinterpret_cast<const char *>(&length),
                                  sizeof(length)));
    hasher.update(llvm::StringRef(part.data(), part.size()));
  }
  auto digest = hasher.final();
  return llvm::toHex(llvm::ArrayRef<uint8_t>(digest.data(), digest.size()),
                     /*LowerCase=*/true);
}

//===----------------------------------------------------------------------===//
// Artifacts as bytes
//===----------------------------------------------------------------------===//

static constexpr char kMagic[8] = {'s', 'e', 'q', 'c', 'k', 'r', 'n', '3'};

std::string jit::encode(const KernelArtifact &artifact) {
  std::string bytes(kMagic, sizeof(kMagic));
  auto put = [&](const void *data, size_t size) {
    bytes.append(static_cast<const char *>(data), size);
  };
  put(&artifact.scratchBytes, 8);
  put(&artifact.passesMs, 8);
  put(&artifact.codegenMs, 8);
  for (const std::string *part : {&artifact.machine, &artifact.schedule,
                                  &artifact.text, &artifact.object}) {
    uint64_t size = part->size();
    put(&size, sizeof(size));
    put(part->data(), size);
  }
  return bytes;
}

bool jit::decode(std::string_view bytes, KernelArtifact &artifact) {
  auto take = [&](void *to, size_t size) {
    if (bytes.size() < size)
      return false;
    std::memcpy(to, bytes.data(), size);
    bytes.remove_prefix(size);
    return true;
  };
  char magic[sizeof(kMagic)];
  if (!take(magic, sizeof(magic)) || std::memcmp(magic, kMagic, sizeof(magic)))
    return false;
  if (!take(&artifact.scratchBytes, 8) || !take(&artifact.passesMs, 8) ||
      !take(&artifact.codegenMs, 8) || artifact.scratchBytes < 0)
    return false;
  for (std::string *part : {&artifact.machine, &artifact.schedule,
                            &artifact.text, &artifact.object}) {
    uint64_t size = 0;
    if (!take(&size, sizeof(size)) || size > bytes.size())
      return false;
    part->assign(bytes.data(), size);
    bytes.remove_prefix(size);
  }
  return bytes.empty();
}

//===----------------------------------------------------------------------===//
// Kernels of a partitioned module
//===----------------------------------------------------------------------===//

std::string jit::machineOf(const codegen::CpuTarget &target) {
  return target.triple + " " + target.cpu + " tuned for " + target.tuneCpu +
         ", " + std::to_string(target.vectorRegisters) + " registers of " +
         std::to_string(target.vectorBits) + (target.fma ? ", fma" : "");
}

static KernelSource sourceOf(std::string symbol, mlir::ModuleOp alone,
                             const codegen::CpuTarget &target) {
  KernelSource source;
  source.symbol = std::move(symbol);
  llvm::raw_string_ostream stream(source.text);
  alone->print(stream);
  source.target = target.name;
  source.machine = machineOf(target);
  // What device code may call is part of what it was compiled against.
  static constexpr llvm::StringLiteral kImports =
#define SEQC_NAME(NAME) #NAME " "
      SEQC_KERNEL_IMPORTS(SEQC_NAME);
#undef SEQC_NAME
  std::string abi = std::to_string(SEQC_KERNEL_ABI_VERSION);
  source.key = contentKey({"kernel", source.text, target.name, source.machine,
                           abi, kImports, buildId(), LLVM_VERSION_STRING});
  return source;
}

std::vector<KernelSource>
jit::extractKernels(mlir::ModuleOp partitioned,
                    const codegen::CpuTarget &target) {
  mlir::MLIRContext *context = partitioned.getContext();
  std::vector<KernelSource> kernels;
  for (auto func : partitioned.getOps<mlir::func::FuncOp>()) {
    if (!func->hasAttr(ir::names::kKernel))
      continue;
    mlir::OpBuilder builder(context);
    mlir::OwningOpRef<mlir::ModuleOp> alone =
        mlir::ModuleOp::create(builder.getUnknownLoc());
    (*alone)->setAttr(ir::names::kTarget,
                      codegen::makeTargetAttr(context, target));
    builder.setInsertionPointToEnd(alone->getBody());
    builder.clone(*func);
    kernels.push_back(sourceOf(func.getName().str(), *alone, target));
  }
  return kernels;
}

Status jit::runKernelPhases(mlir::ModuleOp module, passes::Phase last,
                            const PhaseObserver &observer) {
  for (auto phase :
       {passes::Phase::Schedule, passes::Phase::Tile, passes::Phase::Bufferize,
        passes::Phase::Vectorize, passes::Phase::Lower}) {
    if (phase > last)
      break;
    mlir::PassManager manager(module.getContext());
#ifdef NDEBUG
    // Whoever looks at a phase sees verified IR; release builds trust the
    // passes, which tests run verified.
    manager.enableVerifier(observer || last != passes::Phase::Lower);
#endif
    passes::addPhase(manager, phase);
    if (mlir::failed(manager.run(module)))
      return Status::error(ErrorCode::CompileFailed,
                           "phase " + passes::toString(phase).str() +
                               " failed");
    if (observer)
      observer(phase, module);
  }
  return {};
}

/// The one kernel function of a module, by its attribute.
static mlir::Operation *findKernel(mlir::ModuleOp module) {
  for (mlir::Operation &op : *module.getBody())
    if (op.hasAttr(ir::names::kKernel))
      return &op;
  return nullptr;
}

/// Rows and sequences are as many as they were.
static bool keepsRows(mlir::ArrayAttr facts) {
  return llvm::none_of(facts.getAsRange<ir::FactAttr>(), [](ir::FactAttr fact) {
    return fact.getKind() == ir::FactKind::Equals ||
           fact.getKind() == ir::FactKind::AtMost ||
           fact.getKind() == ir::FactKind::OneRow;
  });
}

static Status withDiagnostics(Status status, const std::string &symbol,
                              DiagnosticCollector &collector) {
  return Status::error(status.code(),
                       "kernel " + symbol + ": " + status.message(),
                       collector.take());
}

Result<KernelSource> jit::variantSource(const KernelSource &generic,
                                        std::string_view assumption,
                                        const codegen::CpuTarget &target) {
  mlir::MLIRContext context(compilerRegistry(),
                            mlir::MLIRContext::Threading::DISABLED);
  context.getOrLoadDialect<ir::SeqcDialect>();
  DiagnosticCollector collector(&context);
  auto refuse = [&](const std::string &why) {
    return withDiagnostics(Status::error(ErrorCode::Internal, why),
                           generic.symbol, collector);
  };
  auto module = mlir::parseSourceString<mlir::ModuleOp>(
      generic.text, mlir::ParserConfig(&context), generic.symbol);
  mlir::Operation *kernel = module ? findKernel(*module) : nullptr;
  if (!kernel)
    return refuse("kernel text does not parse");
  auto facts = llvm::dyn_cast_if_present<mlir::ArrayAttr>(
      mlir::parseAttribute(assumption, &context));
  if (!facts)
    return refuse("expected an array of #seqc.fact, got " +
                  std::string(assumption));
  kernel->setAttr(ir::names::kAssume, facts);
  if (mlir::failed(mlir::verify(*module)))
    return refuse("the kernel has no variant for " + std::string(assumption));
  if (!keepsRows(facts))
    kernel->removeAttr(ir::names::kSchedule);
  return sourceOf(generic.symbol, *module, target);
}

Result<KernelArtifact> jit::compileKernel(const KernelSource &source,
                                          const codegen::CpuTarget &target,
                                          const PhaseObserver &observer) {
  Clock::time_point start = Clock::now();
  mlir::MLIRContext context(compilerRegistry(),
                            mlir::MLIRContext::Threading::DISABLED);
  DiagnosticCollector collector(&context);
  // The text was printed from verified IR.
  auto module = mlir::parseSourceString<mlir::ModuleOp>(
      source.text, mlir::ParserConfig(&context, /*verifyAfterParse=*/false),
      source.symbol);
  if (!module)
    return withDiagnostics(
        Status::error(ErrorCode::Internal, "kernel text does not parse"),
        source.symbol, collector);
  Status status = runKernelPhases(*module, passes::Phase::Lower, observer);
  if (!status.ok())
    return withDiagnostics(status, source.symbol, collector);

  KernelArtifact artifact;
  artifact.machine = source.machine;
  if (mlir::Operation *kernel = findKernel(*module)) {
    if (auto scratch =
            kernel->getAttrOfType<mlir::IntegerAttr>(ir::names::kScratch))
      artifact.scratchBytes = scratch.getInt();
    if (mlir::Attribute schedule = kernel->getAttr(ir::names::kSchedule)) {
      llvm::raw_string_ostream stream(artifact.schedule);
      schedule.print(stream);
    }
  }
  artifact.passesMs = millisecondsSince(start);
  start = Clock::now();
  llvm::Expected<std::string> object =
      codegen::compileForCpu(*module, target, codegen::CpuOutput::Object);
  if (!object)
    return withDiagnostics(Status::error(ErrorCode::CompileFailed,
                                         llvm::toString(object.takeError())),
                           source.symbol, collector);
  artifact.object = std::move(*object);
  artifact.text = source.text;
  artifact.codegenMs = millisecondsSince(start);
  return artifact;
}
