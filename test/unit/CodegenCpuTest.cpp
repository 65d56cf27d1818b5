//===- CodegenCpuTest.cpp - targets, objects, loading ---------------------===//

#include "codegen/cpu/CpuTarget.h"
#include "codegen/cpu/KernelLoader.h"
#include "codegen/cpu/ObjectCompiler.h"
#include "passes/Passes.h"
#include "passes/Pipelines.h"
#include "runtime/abi/KernelAbi.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <unistd.h>

using namespace seqc;

static constexpr const char *kDoubleRows = R"(
func.func private @double_rows(%a: memref<?x5xf32>, %o: memref<?x5xf32>, %scratch: memref<?xi8>)
    attributes {seqc.kernel, seqc.scratch = 64 : i64} {
  %c0 = arith.constant 0 : index
  %n = memref.dim %a, %c0 : memref<?x5xf32>
  %mask = vector.constant_mask [5] : vector<16xi1>
  %zero = arith.constant dense<0.0> : vector<16xf32>
  %m = memref.view %scratch[%c0][] : memref<?xi8> to memref<16xf32>
  scf.forall (%i) in (%n) {
    %v = vector.maskedload %a[%i, %c0], %mask, %zero
      : memref<?x5xf32>, vector<16xi1>, vector<16xf32> into vector<16xf32>
    %w = arith.addf %v, %v : vector<16xf32>
    vector.store %w, %m[%c0] : memref<16xf32>, vector<16xf32>
    %z = vector.load %m[%c0] : memref<16xf32>, vector<16xf32>
    vector.maskedstore %o[%i, %c0], %mask, %z
      : memref<?x5xf32>, vector<16xi1>, vector<16xf32>
  }
  return
})";

/// Lowers kernel text to an object of the target.
static llvm::Expected<std::string> compile(const char *text,
                                           const codegen::CpuTarget &target,
                                           codegen::CpuOutput output) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  codegen::registerTranslations(registry);
  mlir::MLIRContext context(registry);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  if (!module)
    return llvm::createStringError("parse failed");
  mlir::PassManager pm(&context);
  passes::addPhase(pm, passes::Phase::Lower);
  if (mlir::failed(pm.run(*module)))
    return llvm::createStringError("lowering failed");
  return codegen::compileForCpu(*module, target, output);
}

TEST(CpuTarget, NamesAndErrors) {
  for (const std::string &name : codegen::runnableCpuTargets()) {
    auto target = codegen::parseCpuTarget(name);
    ASSERT_TRUE(bool(target));
    EXPECT_EQ(target->name, name);
  }
  auto native = codegen::parseCpuTarget("cpu");
  ASSERT_TRUE(bool(native));
  EXPECT_EQ(native->name, codegen::runnableCpuTargets().front());
  auto wrong = codegen::parseCpuTarget("cpu:avx513");
  ASSERT_FALSE(bool(wrong));
  EXPECT_NE(llvm::toString(wrong.takeError())
                .find("unknown target 'cpu:avx513', expected"),
            std::string::npos);
}

#if defined(__x86_64__)
/// A machine that has these and nothing else.
static codegen::CpuFeatures machine(std::string_view names) {
  codegen::CpuFeatures features;
  llvm::SmallVector<llvm::StringRef> list;
  llvm::StringRef(names).split(list, ' ');
  for (llvm::StringRef name : list)
    features[name] = true;
  return features;
}

TEST(CpuTarget, FollowsTheFeatures) {
  using Names = std::vector<std::string>;
  const std::string v2 = "sse4.2 popcnt cx16 sahf";
  const std::string ivyBridge = v2 + " avx f16c";
  const std::string haswell = ivyBridge + " avx2 fma bmi bmi2 lzcnt movbe";
  const std::string skylake =
      haswell + " avx512f avx512bw avx512dq avx512vl avx512cd";
  EXPECT_EQ(codegen::runnableCpuTargets(machine("")), Names{"cpu:baseline"});
  // Without AVX2 neither of the wider levels is left.
  EXPECT_EQ(codegen::runnableCpuTargets(machine(ivyBridge)),
            Names{"cpu:baseline"});
  EXPECT_EQ(codegen::runnableCpuTargets(machine(haswell)),
            (Names{"cpu:avx2", "cpu:baseline"}));
  EXPECT_EQ(codegen::runnableCpuTargets(machine(skylake)),
            (Names{"cpu:avx512", "cpu:avx2", "cpu:baseline"}));
  // The first generation of AVX-512 lacks byte and word instructions.
  EXPECT_EQ(codegen::runnableCpuTargets(machine(haswell + " avx512f avx512cd")),
            (Names{"cpu:avx2", "cpu:baseline"}));

  auto best = [](const std::string &features) {
    return llvm::cantFail(codegen::parseCpuTarget("cpu", machine(features)))
        .name;
  };
  EXPECT_EQ(best(ivyBridge), "cpu:baseline");
  EXPECT_EQ(best(haswell), "cpu:avx2");
  EXPECT_EQ(best(skylake), "cpu:avx512");
  // A level by name is found, but is not for this machine.
  auto named =
      llvm::cantFail(codegen::parseCpuTarget("cpu:avx2", machine(ivyBridge)));
  EXPECT_EQ(named.isa, "avx2");
  EXPECT_FALSE(codegen::isRunnable(named, machine(ivyBridge)));
}

// Compiled code of a level may use any instruction of it; a virtual machine
// that hides one falls back as a whole.
TEST(CpuTarget, EachHiddenFeatureCounts) {
  codegen::CpuFeatures full = machine(
      "sse4.2 popcnt cx16 sahf avx f16c avx2 fma bmi bmi2 lzcnt movbe avx512f "
      "avx512bw avx512dq avx512vl avx512cd");
  ASSERT_EQ(codegen::runnableCpuTargets(full).size(), 3u);
  for (const auto &feature : full) {
    codegen::CpuFeatures masked = full;
    masked[feature.first()] = false;
    SCOPED_TRACE(feature.first().str());
    bool only512 = feature.first().starts_with("avx512");
    EXPECT_EQ(codegen::runnableCpuTargets(masked).size(), only512 ? 2u : 1u);
  }
}
#endif

TEST(ObjectCompiler, RunsOnEveryRunnableTarget) {
  for (const std::string &name : codegen::runnableCpuTargets()) {
    SCOPED_TRACE(name);
    auto target = llvm::cantFail(codegen::parseCpuTarget(name));
    auto object = compile(kDoubleRows, target, codegen::CpuOutput::Object);
    ASSERT_TRUE(bool(object)) << llvm::toString(object.takeError());
    auto loader = llvm::cantFail(codegen::KernelLoader::create());
    auto code = loader->load({*object}, {"double_rows", "double_rows_tasks"});
    ASSERT_TRUE(bool(code)) << llvm::toString(code.takeError());
    loader.reset(); // code outlives its loader

    alignas(64) float in[15], out[16] = {};
    for (int i = 0; i < 15; ++i)
      in[i] = float(i) - 7.5f;
    out[15] = 42;
    SeqcBuffer args[2] = {{in, {3, 5, 1, 1}}, {out, {3, 5, 1, 1}}};
    auto tasks = reinterpret_cast<SeqcTasksFn>((*code)->addresses[1]);
    auto run = reinterpret_cast<SeqcKernelFn>((*code)->addresses[0]);
    EXPECT_EQ(tasks(args), 3);
    alignas(64) char scratch[64];
    run(args, 1, 3, scratch);
    for (int i = 0; i < 5; ++i)
      EXPECT_EQ(out[i], 0.0f);
    for (int i = 5; i < 15; ++i)
      EXPECT_EQ(out[i], 2 * in[i]);
    EXPECT_EQ(out[15], 42.0f);
  }
}

TEST(ObjectCompiler, NeonIsCrossCompiled) {
  auto target = llvm::cantFail(codegen::parseCpuTarget("cpu:neon"));
  auto text = compile(kDoubleRows, target, codegen::CpuOutput::Assembly);
  ASSERT_TRUE(bool(text)) << llvm::toString(text.takeError());
  EXPECT_NE(text->find("fadd\tv"), std::string::npos);
}

TEST(ObjectCompiler, SameBytesTwice) {
  auto target = llvm::cantFail(codegen::parseCpuTarget("cpu:baseline"));
  auto first =
      llvm::cantFail(compile(kDoubleRows, target, codegen::CpuOutput::Object));
  auto second =
      llvm::cantFail(compile(kDoubleRows, target, codegen::CpuOutput::Object));
  EXPECT_EQ(first, second);
}

TEST(KernelLoader, RefusesForeignImportsAndGarbage) {
  auto target = llvm::cantFail(codegen::parseCpuTarget("cpu"));
  auto object = llvm::cantFail(compile(R"(
    func.func private @malloc(i64) -> !llvm.ptr
    func.func @calls(%n: i64) -> !llvm.ptr {
      %p = call @malloc(%n) : (i64) -> !llvm.ptr
      return %p : !llvm.ptr
    })",
                                       target, codegen::CpuOutput::Object));
  auto loader = llvm::cantFail(codegen::KernelLoader::create());
  auto code = loader->load({object}, {"calls"});
  ASSERT_FALSE(bool(code));
  llvm::consumeError(code.takeError());
  auto garbage = loader->load({std::string("\x7f"
                                           "ELF not an object")},
                              {"calls"});
  ASSERT_FALSE(bool(garbage));
  llvm::consumeError(garbage.takeError());
}

TEST(KernelLoader, ListsKernelsForProfilers) {
  auto target = llvm::cantFail(codegen::parseCpuTarget("cpu"));
  auto object =
      llvm::cantFail(compile(kDoubleRows, target, codegen::CpuOutput::Object));
  std::string map =
      testing::TempDir() + "seqc-perf-" + std::to_string(getpid()) + ".map";
  auto loader = llvm::cantFail(codegen::KernelLoader::create(map));
  auto code = llvm::cantFail(loader->load({object}, {"double_rows"}));

  std::ifstream in(map);
  std::string address, size, name;
  bool found = false;
  while (in >> address >> size >> name) {
    if (name != "double_rows")
      continue;
    found = true;
    EXPECT_EQ(std::stoull(address, nullptr, 16),
              reinterpret_cast<uintptr_t>(code->addresses[0]));
    EXPECT_GT(std::stoull(size, nullptr, 16), 0u);
  }
  EXPECT_TRUE(found);
  std::remove(map.c_str());
}
