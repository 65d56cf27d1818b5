//===- KernelPoolTest.cpp - each kernel is made once ----------------------===//

#include "runtime/jit/KernelPool.h"
#include "runtime/core/Store.h"
#include "seqc/Engine.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <map>
#include <thread>
#include <unistd.h>

using namespace seqc;
using namespace seqc::jit;

namespace {

class KernelPoolTest : public testing::Test {
protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "seqc-pool-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    dir = pattern;
  }
  void TearDown() override {
    EXPECT_EQ(std::system(("rm -rf '" + dir + "'").c_str()), 0);
  }
  std::shared_ptr<rt::Store> openStore() const {
    return rt::Store::open({dir, uint64_t(1) << 24, {}, {}, {}});
  }
  static KernelSource source(const std::string &name,
                             const std::string &machine = "machine A") {
    KernelSource source;
    source.symbol = name;
    source.key = contentKey({name});
    source.target = "cpu:test";
    source.machine = machine;
    return source;
  }
  static KernelArtifact artifactOf(const KernelSource &source) {
    KernelArtifact artifact;
    artifact.machine = source.machine;
    artifact.object = "code of " + source.symbol + " for " + source.machine;
    artifact.passesMs = 1;
    return artifact;
  }

  std::string dir;
};

} // namespace

TEST_F(KernelPoolTest, ManyWhoAskAtOnceGetOneKernel) {
  KernelPool pool(nullptr);
  std::atomic<int> made{0}, told{0}, wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&, i] {
      KernelSource wanted = source(i % 2 ? "odd" : "even");
      bool isNew = false;
      Result<SharedKernel> kernel = pool.get(
          wanted, true,
          [&]() -> Result<KernelArtifact> {
            ++made;
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
            return artifactOf(wanted);
          },
          isNew);
      told += isNew;
      wrong += !kernel || (*kernel)->object != artifactOf(wanted).object;
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(made, 2);
  EXPECT_EQ(told, 2);
  EXPECT_EQ(wrong, 0);
}

TEST_F(KernelPoolTest, AFailureIsNotPassedOn) {
  KernelPool pool(nullptr);
  std::atomic<int> attempts{0}, failures{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      bool isNew = false;
      Result<SharedKernel> kernel = pool.get(
          source("fragile"), false,
          [&]() -> Result<KernelArtifact> {
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
            if (++attempts == 1)
              return Status::error(ErrorCode::Cancelled, "the first fails");
            return artifactOf(source("fragile"));
          },
          isNew);
      failures += !kernel;
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(failures, 1);
  EXPECT_EQ(attempts, 2);
}

TEST_F(KernelPoolTest, KernelsComeBackFromDisk) {
  bool isNew = false;
  auto make = [&]() -> Result<KernelArtifact> {
    return artifactOf(source("kept"));
  };
  {
    KernelPool pool(openStore());
    ASSERT_TRUE(pool.get(source("kept"), true, make, isNew).ok());
    EXPECT_TRUE(isNew);
  }
  KernelPool pool(openStore());
  EXPECT_FALSE(pool.find(source("kept"), /*useDisk=*/false));
  ASSERT_TRUE(pool.get(source("kept"), true, make, isNew).ok());
  EXPECT_FALSE(isNew);
  EXPECT_TRUE(pool.find(source("kept"), /*useDisk=*/false));
  Result<std::vector<rt::StoreItem>> items = openStore()->list();
  ASSERT_TRUE(items.ok());
  ASSERT_EQ(items->size(), 1u);
  EXPECT_EQ(items->front().meta, "kernel kept\ttarget=cpu:test\tms=1.0");
}

// Keys differ by machine, so this takes a mistake: it must not be run then.
TEST_F(KernelPoolTest, CodeOfAnotherMachineIsAMiss) {
  bool isNew = false;
  for (const char *machine : {"machine A", "machine B", "machine A"}) {
    KernelSource wanted = source("kernel", machine);
    KernelPool pool(openStore());
    Result<SharedKernel> kernel = pool.get(
        wanted, true,
        [&]() -> Result<KernelArtifact> { return artifactOf(wanted); }, isNew);
    ASSERT_TRUE(kernel.ok());
    EXPECT_TRUE(isNew) << machine;
    EXPECT_EQ((*kernel)->machine, machine);
    KernelSource other = source("kernel", "machine C");
    EXPECT_FALSE(pool.find(other, true));
  }
}

TEST_F(KernelPoolTest, MachinesDifferByEveryFeature) {
  llvm::Expected<codegen::CpuTarget> target =
      codegen::parseCpuTarget("cpu:avx2");
  ASSERT_TRUE(bool(target));
  std::string machine = machineOf(*target);
  codegen::CpuTarget other = *target;
  other.cpu = "x86-64-v4";
  EXPECT_NE(machineOf(other), machine);
  other = *target;
  other.tuneCpu = "znver4";
  EXPECT_NE(machineOf(other), machine);
  other = *target;
  other.fma = !other.fma;
  EXPECT_NE(machineOf(other), machine);
  other = *target;
  other.vectorBits *= 2;
  EXPECT_NE(machineOf(other), machine);
}

TEST_F(KernelPoolTest, DamagedBytesAreNoArtifact) {
  KernelArtifact artifact = artifactOf(source("kernel"));
  artifact.schedule = "schedule";
  std::string bytes = encode(artifact);
  KernelArtifact back;
  ASSERT_TRUE(decode(bytes, back));
  EXPECT_EQ(back.object, artifact.object);
  EXPECT_EQ(back.machine, artifact.machine);
  EXPECT_EQ(back.schedule, artifact.schedule);
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decode(std::string_view(bytes).substr(0, size), back)) << size;
  EXPECT_FALSE(decode(bytes + "x", back));
}

//===----------------------------------------------------------------------===//
// Through the engine
//===----------------------------------------------------------------------===//

/// Models of different names with the same kernels: different documents.
static ModelSource model(const std::string &name) {
  return ModelSource::fromText(
      R"({"format": "seqc-model", "version": 1, "name": ")" + name +
          R"(", "input": {"kind": "features", "width": 40}, "blocks": [{"layers":
          [{"kind": "compose", "weights": "", "steps": [
            {"op": "map", "in": "x", "function": "sigmoid", "out": "keep"},
            {"op": "recurrence", "in": "x", "decay": "keep", "out": "y"}]}]}]})",
      name + ".json");
}

TEST_F(KernelPoolTest, ModelsCompiledAtOnceShareTheirKernels) {
  EngineOptions options;
  options.cacheDir = dir;
  options.threads = 1;
  Result<Engine> engine = Engine::create(options);
  ASSERT_TRUE(engine.ok());
  constexpr int kModels = 4;
  std::vector<CompileStats> stats(kModels);
  std::vector<std::thread> threads;
  for (int i = 0; i < kModels; ++i)
    threads.emplace_back([&, i] {
      Result<Program> program =
          engine->compile(model("model" + std::to_string(i)));
      EXPECT_TRUE(program.ok()) << program.status().str();
      if (program)
        stats[static_cast<size_t>(i)] = program->stats();
    });
  for (std::thread &thread : threads)
    thread.join();
  int compiled = 0;
  for (const CompileStats &each : stats) {
    EXPECT_GT(each.kernels, 0);
    EXPECT_EQ(each.kernels, stats[0].kernels);
    compiled += each.kernelsCompiled;
  }
  EXPECT_EQ(compiled, stats[0].kernels);
}

/// Last use by what the entries say they are.
static std::map<std::string, int64_t> lastUses(rt::Store &store) {
  std::map<std::string, int64_t> uses;
  Result<std::vector<rt::StoreItem>> items = store.list();
  EXPECT_TRUE(items.ok());
  for (const rt::StoreItem &item : *items)
    uses[item.meta] = item.lastUse;
  return uses;
}

TEST_F(KernelPoolTest, UsingAModelMarksItsKernels) {
  EngineOptions options;
  options.cacheDir = dir;
  options.threads = 1;
  Result<Engine> engine = Engine::create(options);
  ASSERT_TRUE(engine.ok());
  ASSERT_TRUE(engine->compile(model("one")).ok());
  std::map<std::string, int64_t> before = lastUses(*openStore());
  ASSERT_GE(before.size(), 2u);
  // From memory, and from disk in a process that starts anew.
  for (bool anew : {false, true}) {
    if (anew)
      engine = Engine::create(options);
    Result<Program> again = engine->compile(model("one"));
    ASSERT_TRUE(again.ok());
    EXPECT_TRUE(again->stats().warm);
    std::map<std::string, int64_t> after = lastUses(*openStore());
    ASSERT_EQ(after.size(), before.size());
    for (const auto &[what, use] : after)
      EXPECT_GT(use, before[what]) << what << (anew ? " (disk)" : " (memory)");
    before = after;
  }
}

TEST_F(KernelPoolTest, TargetsShareNothing) {
  EngineOptions options;
  options.cacheDir = dir;
  options.threads = 1;
  size_t entries = 0;
  for (const std::string &target : codegen::runnableCpuTargets()) {
    Result<Engine> engine = Engine::create(options);
    ASSERT_TRUE(engine.ok());
    CompileOptions compile;
    compile.target = target;
    Result<Program> program = engine->compile(model("one"), compile);
    ASSERT_TRUE(program.ok());
    EXPECT_FALSE(program->stats().warm) << target;
    EXPECT_EQ(program->stats().kernelsCompiled, program->stats().kernels);
    entries += static_cast<size_t>(program->stats().kernels) + 1;
    EXPECT_EQ(openStore()->list()->size(), entries);
  }
}
