//===- VariantCompilerTest.cpp - verdicts are found again -----------------===//

#include "runtime/jit/VariantCompiler.h"
#include "runtime/core/Store.h"

#include <gtest/gtest.h>

#include <cstdlib>

using namespace seqc;
using namespace seqc::jit;

namespace {

class VerdictTest : public testing::Test {
protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "seqc-verdict-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    dir = pattern;
  }
  void TearDown() override {
    EXPECT_EQ(std::system(("rm -rf '" + dir + "'").c_str()), 0);
  }

  VariantCompiler compilerOf(const std::string &path,
                             const std::string &fingerprint,
                             int threads = 1) const {
    auto model = std::make_shared<CompiledModel>();
    model->plan.model = path;
    rt::PlanKernel kernel;
    kernel.symbol = "rows_matmul";
    kernel.objectKey = contentKey({"generic"});
    kernel.variants = {{"one-row", "[#seqc.fact<equals arg0[0], 1>]", {}},
                       {"all-rows", "[#seqc.fact<same arg0[0], arg1[0]>]", {}}};
    model->plan.kernels = {kernel};
    VariantCompiler compiler;
    compiler.model = std::move(model);
    compiler.fingerprint = fingerprint;
    llvm::Expected<codegen::CpuTarget> target =
        codegen::parseCpuTarget("cpu:baseline");
    EXPECT_TRUE(static_cast<bool>(target));
    compiler.target = *target;
    compiler.store = rt::Store::open({dir, uint64_t(1) << 24, {}, {}, {}});
    compiler.useDisk = true;
    compiler.threads = threads;
    return compiler;
  }

  std::string dir;
};

} // namespace

TEST_F(VerdictTest, AnotherPathToTheModelFindsIt) {
  rt::Verdict verdict{true, {200, 150, 0.25, 0.01, 30}};
  compilerOf("model.json", "abc").storeVerdict(0, 0, "layers.1", verdict);
  std::optional<rt::Verdict> found =
      compilerOf("/elsewhere/copy.json", "abc").loadVerdict(0, 0, "layers.1");
  ASSERT_TRUE(found.has_value());
  EXPECT_TRUE(found->kept);
  EXPECT_EQ(found->figures.currentNs, 200);
  EXPECT_EQ(found->figures.candidateNs, 150);
  EXPECT_EQ(found->figures.gain, 0.25);
  EXPECT_EQ(found->figures.noise, 0.01);
  EXPECT_EQ(found->figures.samples, 30);
}

TEST_F(VerdictTest, AnythingElseDoesNot) {
  VariantCompiler compiler = compilerOf("model.json", "abc");
  compiler.storeVerdict(0, 0, "layers.1", {false, {}});
  ASSERT_TRUE(compiler.loadVerdict(0, 0, "layers.1").has_value());
  EXPECT_FALSE(compiler.loadVerdict(0, 0, "layers.1")->kept);
  EXPECT_FALSE(compiler.loadVerdict(0, 1, "layers.1").has_value());
  EXPECT_FALSE(compiler.loadVerdict(0, 0, "layers.2").has_value());
  EXPECT_FALSE(
      compilerOf("model.json", "abd").loadVerdict(0, 0, "layers.1").has_value())
      << "another model by the same name";
  EXPECT_FALSE(compilerOf("model.json", "abc", 2)
                   .loadVerdict(0, 0, "layers.1")
                   .has_value());
  compiler.useDisk = false;
  EXPECT_FALSE(compiler.loadVerdict(0, 0, "layers.1").has_value());
}
