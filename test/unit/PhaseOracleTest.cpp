//===- PhaseOracleTest.cpp - whole models evaluated after each phase
//-------===//
//
// Phases that leave tensors must not change what a model computes: `@forward`
// is evaluated in f64 as imported and after simplify, fuse and partition; then
// every call of a kernel is repeated with the kernel as `tile` leaves it. In
// f64 the results agree to rounding, so a wrong index cannot hide in a
// tolerance.
//
// Models: the example, and the recorded cases below SEQC_GOLDENS.
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/CpuTarget.h"
#include "frontends/layers/GeneratedWeights.h"
#include "frontends/layers/GoldenCase.h"
#include "frontends/layers/Importer.h"
#include "passes/Pipelines.h"
#include "runtime/jit/KernelCompiler.h"
#include "runtime/jit/Registry.h"
#include "test/unit/InterpreterCase.h"

#include "mlir/Pass/PassManager.h"

#include <cmath>
#include <cstdlib>
#include <filesystem>

using namespace seqc;
using namespace seqc::test;

namespace {
constexpr double kTolerance = 1e-9;
/// Decompositions multiply by reciprocals that were rounded to f32.
constexpr double kTileTolerance = 1e-6;

/// A model with its weights and one call's arguments.
class Model {
public:
  explicit Model(const std::string &folder)
      : context(jit::compilerRegistry(),
                mlir::MLIRContext::Threading::DISABLED) {
    context.loadAllAvailableDialects();
    bool golden = std::filesystem::exists(folder + "/case.json");
    Result<frontend::ModelDescription> description =
        golden ? frontend::describeGoldenCase(folder)
               : frontend::ModelDescription::fromFile(folder);
    EXPECT_TRUE(description.ok()) << description.status().str();
    if (!description.ok())
      return;
    Result<std::shared_ptr<const WeightSource>> weights =
        frontend::openWeights(*description);
    EXPECT_TRUE(weights.ok()) << weights.status().str();
    if (!weights.ok())
      return;
    auto imported = frontend::importModel(context, *description, **weights);
    EXPECT_TRUE(imported.ok()) << imported.status().str();
    if (!imported.ok())
      return;
    module = std::move(*imported);
    makeArguments(**weights, description->input.vocabulary);
  }

  /// Two sequences of 19 and 0 to 5 rows more; `carried` tokens came before.
  void makeArguments(const WeightSource &weights, int64_t vocabulary);
  Result<NamedValues> evaluate(Interpreter &interpreter) {
    EvaluateOptions options;
    options.keepValues = true;
    return interpreter.forward(arguments, options);
  }
  mlir::LogicalResult run(passes::Phase phase) {
    mlir::PassManager pm(&context);
    passes::addPhase(pm, phase);
    return pm.run(*module);
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  NamedValues arguments;

private:
  Value argument(mlir::func::FuncOp forward, unsigned i,
                 const WeightSource &weights, int64_t vocabulary);
};
} // namespace

static const std::vector<int64_t> kOffsets = {0, 19, 19, 43};

static Value weightValue(const std::string &name, Shape shape,
                         const WeightSource &weights) {
  std::vector<float> table(interpreter::elementCount(shape));
  TensorRef tensor = weights.find(name);
  if (tensor.data)
    std::copy_n(static_cast<const float *>(tensor.data), table.size(),
                table.begin());
  else
    EXPECT_TRUE(frontend::fillGeneratedWeight(name, table.data(), table.size()))
        << name;
  return Value::floats(std::move(shape), {table.begin(), table.end()});
}

static std::string attribute(mlir::func::FuncOp forward, unsigned i,
                             llvm::StringRef key) {
  auto attr = forward.getArgAttrOfType<mlir::StringAttr>(i, key);
  return attr ? attr.str() : std::string();
}

Value Model::argument(mlir::func::FuncOp forward, unsigned i,
                      const WeightSource &weights, int64_t vocabulary) {
  auto type =
      mlir::cast<mlir::RankedTensorType>(forward.getArgument(i).getType());
  Shape shape(type.getShape().begin(), type.getShape().end());
  if (std::string name = attribute(forward, i, ir::names::kWeight);
      !name.empty())
    return weightValue(name, shape, weights);
  int64_t sequences = static_cast<int64_t>(kOffsets.size()) - 1,
          rows = kOffsets.back();
  bool isInput = !attribute(forward, i, ir::names::kInput).empty();
  for (int64_t &extent : shape)
    if (mlir::ShapedType::isDynamic(extent))
      extent = isInput ? rows : sequences;
  if (isInput && type.getElementType().isF32())
    return randoms(shape, 11);
  if (isInput) {
    std::vector<int64_t> ids;
    for (int64_t r = 0; r < rows; ++r)
      ids.push_back((r * r * 31 + 7 * r) % vocabulary);
    return ints(shape, ids);
  }
  std::string builtin = attribute(forward, i, ir::names::kBuiltin);
  if (builtin == "offsets")
    return ints({sequences + 1}, kOffsets);
  if (builtin == "positions") {
    std::vector<int64_t> positions;
    for (int64_t b = 0; b < sequences; ++b)
      for (int64_t t = kOffsets[b]; t < kOffsets[b + 1]; ++t)
        positions.push_back(t - kOffsets[b] + 3);
    return ints({rows}, positions);
  }
  if (type.getElementType().isF32())
    return attribute(forward, i, ir::names::kOption).empty()
               ? randoms(shape, i)
               : Value::floats(shape);
  // Counts and positions of rings: two entries are in use.
  std::vector<int64_t> counts(interpreter::elementCount(shape), 2);
  if (shape.size() == 2)
    for (size_t k = 0; k < counts.size(); ++k)
      counts[k] = static_cast<int64_t>(k) % shape[1] < 2 ? k % shape[1] : 0;
  return ints(shape, counts);
}

void Model::makeArguments(const WeightSource &weights, int64_t vocabulary) {
  auto forward = module->lookupSymbol<mlir::func::FuncOp>("forward");
  static const std::pair<llvm::StringRef, const char *> kRoles[] = {
      {ir::names::kInput, "input."},
      {ir::names::kWeight, "weight."},
      {ir::names::kState, "state."},
      {ir::names::kOption, "option."},
      {ir::names::kBuiltin, "builtin."}};
  for (unsigned i = 0; i < forward.getNumArguments(); ++i)
    for (const auto &[key, prefix] : kRoles)
      if (std::string name = attribute(forward, i, key); !name.empty())
        arguments[prefix + name] = argument(forward, i, weights, vocabulary);
}

static void expectSame(const Value &got, const Value &expected,
                       const std::string &what, double tolerance) {
  ASSERT_EQ(got.shape(), expected.shape()) << what;
  ASSERT_EQ(got.isFloat(), expected.isFloat()) << what;
  for (int64_t k = 0; k < got.size(); ++k) {
    if (got.isInt()) {
      // Entries that nobody wrote are poison in both.
      ASSERT_EQ(got.i()[k], expected.i()[k]) << what << " element " << k;
      continue;
    }
    double x = got.f()[k], y = expected.f()[k];
    if (std::isnan(x) && std::isnan(y))
      continue;
    ASSERT_NEAR(x, y, tolerance * std::max(1.0, std::fabs(y)))
        << what << " element " << k;
  }
}

/// Repeats the recorded calls of each kernel on its tiled form.
static void checkTiles(Model &model,
                       const std::vector<interpreter::CallRecord> &calls) {
  llvm::Expected<codegen::CpuTarget> target =
      codegen::parseCpuTarget("cpu:avx2");
  ASSERT_TRUE(static_cast<bool>(target));
  for (const jit::KernelSource &source :
       jit::extractKernels(*model.module, *target)) {
    auto kernel =
        mlir::parseSourceString<mlir::ModuleOp>(source.text, &model.context);
    ASSERT_TRUE(kernel) << source.symbol;
    Status tiled = jit::runKernelPhases(*kernel, passes::Phase::Tile, {});
    ASSERT_TRUE(tiled.ok()) << source.symbol << ": " << tiled.str();
    Interpreter interpreter(*kernel);
    int number = 0;
    for (const interpreter::CallRecord &call : calls) {
      if (call.callee != source.symbol)
        continue;
      Result<std::vector<Value>> results =
          interpreter.call(source.symbol, call.arguments);
      ASSERT_TRUE(results.ok())
          << source.symbol << ": " << results.status().str();
      for (size_t k = 0; k < results->size(); ++k)
        expectSame((*results)[k], call.results[k],
                   source.symbol + " call " + std::to_string(number) +
                       " result " + std::to_string(k),
                   kTileTolerance);
      ++number;
    }
    EXPECT_GT(number, 0) << source.symbol << " is never called";
  }
}

static std::vector<std::string> folders() {
  std::vector<std::string> found{std::string(SEQC_SOURCE_DIR) +
                                 "/docs/examples/kjv-seqboat"};
  if (const char *goldens = std::getenv("SEQC_GOLDENS")) {
    std::filesystem::path cases = std::filesystem::path(goldens) / "seqboat";
    std::error_code error;
    for (const auto &entry : std::filesystem::directory_iterator(cases, error))
      found.push_back(entry.path().string());
    std::sort(found.begin() + 1, found.end());
  }
  return found;
}

class PhaseOracle : public testing::TestWithParam<std::string> {};

TEST_P(PhaseOracle, PhasesKeepTheResults) {
  Model model(GetParam());
  ASSERT_TRUE(model.module);
  Interpreter imported(*model.module);
  Result<NamedValues> expected = model.evaluate(imported);
  ASSERT_TRUE(expected.ok()) << expected.status().str();
  for (passes::Phase phase : {passes::Phase::Simplify, passes::Phase::Fuse,
                              passes::Phase::Partition}) {
    ASSERT_TRUE(mlir::succeeded(model.run(phase)))
        << passes::toString(phase).str();
    // Passes replace ops: plans of the old ones are of no use.
    Interpreter interpreter(*model.module);
    Result<NamedValues> results = model.evaluate(interpreter);
    ASSERT_TRUE(results.ok())
        << passes::toString(phase).str() << ": " << results.status().str();
    for (const auto &[name, value] : *expected) {
      auto found = results->find(name);
      ASSERT_NE(found, results->end()) << name;
      expectSame(found->second, value,
                 passes::toString(phase).str() + ": " + name, kTolerance);
    }
    if (phase == passes::Phase::Partition)
      checkTiles(model, interpreter.calls());
  }
}

INSTANTIATE_TEST_SUITE_P(
    Models, PhaseOracle, testing::ValuesIn(folders()),
    [](const testing::TestParamInfo<std::string> &info) {
      std::string name = std::filesystem::path(info.param).filename().string();
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });
