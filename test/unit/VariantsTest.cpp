//===- VariantsTest.cpp - variants of kernels compute what kernels do -----===//
//
// Models run step by step with interpreted kernels, in f64. Wherever the guards
// of a kernel's variant hold for a call, the variant's machine code gets the
// same arguments and has to give the same results. The calls are chosen so that
// every variant is met.
//
//===----------------------------------------------------------------------===//

#include "PlanFixture.h"
#include "PlanMachine.h"

#include "dialect/SeqcDialect.h"
#include "frontends/layers/Importer.h"
#include "runtime/jit/KernelCompiler.h"
#include "runtime/jit/VariantPlan.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"

#include <map>
#include <random>

using namespace seqc;
using namespace seqc::rt;
using namespace seqc::test;

namespace {

using Lengths = std::vector<int64_t>;

/// A variant as machine code.
struct VariantCode {
  PlanVariant plan;
  jit::KernelArtifact artifact;
  std::shared_ptr<codegen::LoadedCode> code;
  int calls = 0; ///< in which its guards held
};

class Variants : public PlanFixture {
protected:
  /// Partitions a model and compiles the variants of its kernels.
  void open(const std::string &file) {
    path = std::string(SEQC_SOURCE_DIR) + file;
    module = mlir::parseSourceFile<mlir::ModuleOp>(path, &context);
    ASSERT_TRUE(module) << path;
    std::optional<Plan> made = partition(*module);
    ASSERT_TRUE(made);
    plan = *made;
    std::vector<jit::KernelSource> sources =
        jit::extractKernels(*module, *target);
    for (size_t k = 0; k < sources.size(); ++k)
      for (const PlanVariant &variant : plan.kernels[k].variants)
        compile(sources[k], variant);
  }

  void compile(const jit::KernelSource &generic, const PlanVariant &variant) {
    Result<jit::KernelSource> source =
        jit::variantSource(generic, variant.assumption, *target);
    ASSERT_TRUE(source.ok()) << variant.name << ": " << source.status().str();
    EXPECT_EQ(source->symbol, generic.symbol);
    EXPECT_NE(source->key, generic.key);
    Result<jit::KernelArtifact> artifact = jit::compileKernel(*source, *target);
    ASSERT_TRUE(artifact.ok()) << generic.symbol << " " << variant.name << ": "
                               << artifact.status().str();
    Result<jit::KernelArtifact> usual = jit::compileKernel(generic, *target);
    ASSERT_TRUE(usual.ok()) << usual.status().str();
    EXPECT_NE(artifact->object, usual->object)
        << generic.symbol << " " << variant.name << " is the same code";
    auto loader = codegen::KernelLoader::create();
    ASSERT_TRUE(static_cast<bool>(loader));
    auto loaded = (*loader)->load({artifact->object},
                                  {generic.symbol, generic.symbol + "_tasks"});
    ASSERT_TRUE(static_cast<bool>(loaded))
        << llvm::toString(loaded.takeError());
    variants[generic.symbol].push_back(
        {variant, std::move(*artifact), std::move(*loaded)});
  }

  /// What a variant makes of arguments for which its guards hold.
  static std::vector<Value> run(const VariantCode &variant,
                                std::vector<ArgumentMemory> &memory,
                                const std::vector<SeqcBuffer> &buffers,
                                size_t results) {
    auto kernel = reinterpret_cast<SeqcKernelFn>(variant.code->addresses[0]);
    auto tasks = reinterpret_cast<SeqcTasksFn>(variant.code->addresses[1]);
    Tensor scratch(DType::U8, {variant.artifact.scratchBytes});
    // Any split in any order: the second half goes first.
    int64_t count = tasks(buffers.data()), half = count / 2;
    kernel(buffers.data(), half, count, scratch.data());
    kernel(buffers.data(), 0, half, scratch.data());
    std::vector<Value> made;
    for (size_t i = memory.size() - results; i < memory.size(); ++i)
      made.push_back(memory[i].value());
    return made;
  }

  static void expectNear(const std::vector<Value> &expected,
                         const std::vector<Value> &got,
                         const std::string &what) {
    for (size_t r = 0; r < expected.size(); ++r)
      for (int64_t i = 0; i < expected[r].size(); ++i) {
        if (expected[r].isInt()) {
          ASSERT_EQ(got[r].i()[i], expected[r].i()[i]) << what << " " << i;
          continue;
        }
        double wanted = expected[r].f()[i];
        // What nobody wrote.
        if (std::isnan(wanted) && std::isnan(got[r].f()[i]))
          continue;
        ASSERT_NEAR(got[r].f()[i], wanted, 1e-4 * (1 + std::fabs(wanted)))
            << what << " result " << r << " at " << i;
      }
  }

  std::vector<Value> call(interpreter::Interpreter &interpreted,
                          const std::string &symbol,
                          const std::vector<Value> &arguments) {
    Result<std::vector<Value>> expected = interpreted.call(symbol, arguments);
    EXPECT_TRUE(expected.ok()) << symbol << ": " << expected.status().str();
    for (VariantCode &variant : variants[symbol]) {
      std::vector<ArgumentMemory> memory(arguments.begin(), arguments.end());
      std::vector<SeqcBuffer> buffers;
      for (ArgumentMemory &argument : memory)
        buffers.push_back(argument.buffer());
      if (!holds(variant.plan.guards, buffers.data()))
        continue;
      ++variant.calls;
      expectNear(*expected, run(variant, memory, buffers, expected->size()),
                 symbol + " " + variant.plan.name);
    }
    return *expected;
  }

  Value randomFloats(Shape shape, double lowest = -0.6, double highest = 0.6) {
    std::vector<double> elements(interpreter::elementCount(shape));
    std::uniform_real_distribution<double> numbers(lowest, highest);
    for (double &element : elements)
      element = float(numbers(random));
    return Value::floats(std::move(shape), std::move(elements));
  }

  /// Arguments of a call with these lengths.
  void fill(NamedValues &values, const Lengths &lengths, const Lengths &before,
            double bias) {
    int64_t rows = 0;
    std::vector<int64_t> offsets{0}, positions;
    for (size_t b = 0; b < lengths.size(); ++b) {
      for (int64_t i = 0; i < lengths[b]; ++i)
        positions.push_back(before[b] + i);
      offsets.push_back(rows += lengths[b]);
    }
    values["builtin.offsets"] = Value::ints({int64_t(offsets.size())}, offsets);
    values["builtin.positions"] = Value::ints({rows}, positions);
    for (const PlanBuffer &buffer : plan.buffers) {
      Shape shape;
      for (const Extent &extent : buffer.shape)
        shape.push_back(extent.addend + (extent.symbol == kSymbolRows ? rows
                                         : extent.symbol == kSymbolSequences
                                             ? lengths.size()
                                             : 0));
      std::string name = roleOf(buffer.kind) + buffer.name;
      if (buffer.alias >= 0)
        continue;
      if (buffer.kind == BufferKind::Input)
        values[name] = randomFloats(shape, -1, 1);
      else if (buffer.kind == BufferKind::Option)
        values[name] = Value::floats({1}, {bias});
      else if (buffer.kind == BufferKind::Weight && !values.count(name))
        values[name] = randomFloats(shape);
      else if (buffer.kind == BufferKind::State && !values.count(name))
        values[name] = buffer.dtype == DType::F32 ? Value::floats(shape)
                                                  : Value::ints(shape);
    }
  }

  /// Calls one after the other on the same sequences. A large negative bias
  /// makes every row active, a large positive one none.
  void session(const std::vector<Lengths> &calls, double bias) {
    interpreter::Interpreter interpreted(*module);
    PlanMachine machine(
        plan, *module,
        [&](const std::string &symbol, std::vector<Value> arguments,
            const std::vector<int32_t> &) -> Result<std::vector<Value>> {
          return call(interpreted, symbol, arguments);
        });
    NamedValues values;
    Lengths before(calls.front().size(), 0);
    fill(values, calls.front(), before, bias);
    machine.prepare(values);
    for (const Lengths &lengths : calls) {
      fill(values, lengths, before, bias);
      for (auto &[name, value] : machine.call(values))
        if (name.rfind("state.", 0) == 0)
          values[name] = value;
      for (size_t b = 0; b < lengths.size(); ++b)
        before[b] += lengths[b];
    }
  }

  std::string path;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  Plan plan;
  std::map<std::string, std::vector<VariantCode>> variants;
  std::mt19937 random{5};
};

TEST_F(Variants, gatedLayers) {
  ASSERT_NO_FATAL_FAILURE(open("/test/Passes/Inputs/seqboat.mlir"));
  const double kAll = -1000, kSome = 0;
  session({{5, 0, 7}, {1, 1, 1}, {1, 1, 1}}, kAll);
  session({{5, 0, 7}, {2, 3, 1}, {1, 1, 1}}, kSome);
  session({{1}, {1}, {1}}, kAll);
  session({{1, 1, 1, 1}, {1, 1, 1, 1}}, kAll);
  session({{1, 1}, {5, 3}}, kAll);
  session({{40}, {40}, {1}}, kAll);
  int kinds = 0;
  for (const auto &[symbol, list] : variants)
    for (const VariantCode &variant : list) {
      EXPECT_GT(variant.calls, 0)
          << symbol << " " << variant.plan.name << " was never run";
      ++kinds;
    }
  EXPECT_GE(kinds, 4);
}

/// A guard that does not hold is seen to fail: with rows left out, no variant
/// for all rows runs.
TEST_F(Variants, guardsFail) {
  ASSERT_NO_FATAL_FAILURE(open("/test/Passes/Inputs/seqboat.mlir"));
  session({{6, 9}, {5, 4}}, 1000);
  for (const auto &[symbol, list] : variants)
    for (const VariantCode &variant : list)
      if (variant.plan.name == "all-rows")
        EXPECT_EQ(variant.calls, 0) << symbol << " " << variant.plan.name;
}

TEST_F(Variants, refusesWhatDoesNotFit) {
  ASSERT_NO_FATAL_FAILURE(open("/test/Passes/Inputs/seqboat.mlir"));
  jit::KernelSource generic = jit::extractKernels(*module, *target).front();
  for (const char *assumption :
       {"[#seqc.fact<equals arg99[0], 1>]", "[1 : i32]", "{}", "nonsense"}) {
    Result<jit::KernelSource> made =
        jit::variantSource(generic, assumption, *target);
    EXPECT_FALSE(made.ok()) << assumption;
  }
}

} // namespace
