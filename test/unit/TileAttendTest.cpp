//===- TileAttendTest.cpp - tiled attention against its definition --------===//
//
// The tiled IR of every case, lowered with nothing but upstream passes, must
// give the rows of the op's definition: an error here is an error of the
// tiling.
//
//===----------------------------------------------------------------------===//

#include "AttendCase.h"

#include "dialect/SeqcDialect.h"
#include "passes/Passes.h"

#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "llvm/Support/TargetSelect.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace mlir;
using namespace seqc::test;

static constexpr const char *kUpstreamLowering =
    "func.func(seqc-tile-attend,llvm-request-c-wrappers),"
    "one-shot-bufferize{bufferize-function-boundaries "
    "function-boundary-type-conversion=identity-layout-map},canonicalize,cse,"
    "canonicalize,"
    "convert-linalg-to-loops,func.func(scf-forall-to-for),convert-math-to-llvm,"
    "convert-math-to-libm,expand-strided-metadata,lower-affine,convert-scf-to-"
    "cf,"
    "convert-arith-to-llvm,convert-index-to-llvm,finalize-memref-to-llvm,"
    "convert-func-to-llvm,convert-cf-to-llvm,"
    "reconcile-unrealized-casts";

/// Registered once for the process.
static DialectRegistry &registry() {
  static DialectRegistry *all = [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    registerAllPasses();
    seqc::passes::registerSeqcPasses();
    auto *result = new DialectRegistry;
    registerAllDialects(*result);
    registerAllExtensions(*result);
    registerAllToLLVMIRTranslations(*result);
    result->insert<seqc::ir::SeqcDialect>();
    seqc::passes::registerDialectExtensions(*result);
    return result;
  }();
  return *all;
}

/// A memref descriptor of any rank: two pointers, offset, sizes, strides.
static std::vector<int64_t> descriptorOf(AttendTensor &tensor) {
  void *data = tensor.isFloat ? static_cast<void *>(tensor.f32.data())
                              : tensor.i32.data();
  std::vector<int64_t> words = {reinterpret_cast<int64_t>(data),
                                reinterpret_cast<int64_t>(data), 0};
  words.insert(words.end(), tensor.shape.begin(), tensor.shape.end());
  int64_t stride = 1;
  std::vector<int64_t> strides;
  for (auto extent = tensor.shape.rbegin(); extent != tensor.shape.rend();
       ++extent) {
    strides.insert(strides.begin(), stride);
    stride *= *extent;
  }
  words.insert(words.end(), strides.begin(), strides.end());
  return words;
}

/// Runs the kernel; the output argument then holds its result.
static void run(ModuleOp module, AttendData &data) {
  ExecutionEngineOptions options;
  auto engine = ExecutionEngine::create(module, options);
  ASSERT_TRUE(bool(engine)) << llvm::toString(engine.takeError());
  std::vector<std::vector<int64_t>> descriptors;
  for (AttendTensor &tensor : data.arguments)
    descriptors.push_back(descriptorOf(tensor));
  std::vector<int64_t> result(3 + 2 * data.arguments.back().shape.size());
  std::vector<void *> pointers = {result.data()};
  for (std::vector<int64_t> &descriptor : descriptors)
    pointers.push_back(descriptor.data());
  std::vector<void *> arguments;
  for (void *&pointer : pointers)
    arguments.push_back(&pointer);
  llvm::Error error = (*engine)->invokePacked("_mlir_ciface_attend", arguments);
  ASSERT_FALSE(bool(error)) << llvm::toString(std::move(error));
  EXPECT_EQ(result[1], descriptors.back()[1])
      << "result is not the output argument";
}

class TileAttend : public testing::TestWithParam<AttendCase> {};

TEST_P(TileAttend, MatchesDefinition) {
  AttendCase test = GetParam();
  MLIRContext context(registry());
  std::string text = kernelText(test);
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context);
  ASSERT_TRUE(module) << text;
  PassManager pm(&context);
  ASSERT_TRUE(succeeded(parsePassPipeline(kUpstreamLowering, pm)));
  ASSERT_TRUE(succeeded(pm.run(*module))) << text;

  AttendData data = makeData(test);
  run(*module, data);
  const std::vector<float> &got = data.arguments.back().f32;
  ASSERT_EQ(got.size(), data.expected.size());
  for (size_t i = 0; i < got.size(); ++i) {
    if (!std::isfinite(data.expected[i]))
      continue; // such rows must only leave the others alone
    double tolerance = 2e-5 * (1 + std::abs(data.expected[i]));
    ASSERT_NEAR(got[i], data.expected[i], tolerance)
        << "row " << int64_t(i) / test.h << " column " << int64_t(i) % test.h;
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, TileAttend, testing::ValuesIn(attendCases()),
                         [](const auto &info) { return info.param.name; });
