//===- PlanSemanticsTest.cpp - plans compute what the model says ----------===//
//
// A model is evaluated in f64 as imported, and again as the plan that simplify,
// fuse, partition and planFromModule make of it, kernel by kernel on buffers
// with real memory: outputs and carried states of two calls have to agree. The
// kernels are interpreted, or compiled for the machine at hand.
//
//===----------------------------------------------------------------------===//

#include "PlanFixture.h"
#include "PlanMachine.h"
#include "RandomModel.h"

#include "frontends/layers/GoldenCase.h"
#include "frontends/layers/Importer.h"
#include "runtime/interpreter/Interpreter.h"

#include "dialect/SeqcDialect.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <random>

using namespace seqc;
using namespace seqc::rt;
using namespace seqc::test;

namespace {

/// Lengths of the sequences of one call.
using Lengths = std::vector<int64_t>;

/// A value of this shape and type; what integers may be is the caller's matter.
Value randomValue(Shape shape, bool isFloat, double lowest, double highest,
                  std::mt19937 &random) {
  int64_t size = interpreter::elementCount(shape);
  if (isFloat) {
    std::uniform_real_distribution<double> numbers(lowest, highest);
    std::vector<double> elements(size);
    for (double &element : elements)
      element = float(numbers(random)); // what a model file can hold
    return Value::floats(std::move(shape), std::move(elements));
  }
  std::uniform_int_distribution<int64_t> numbers{int64_t(lowest),
                                                 int64_t(highest)};
  std::vector<int64_t> elements(size);
  for (int64_t &element : elements)
    element = numbers(random);
  return Value::ints(std::move(shape), std::move(elements));
}

/// Arguments of @forward: weights and zero states first, the rest per call.
class Inputs {
public:
  explicit Inputs(mlir::func::FuncOp forward, unsigned seed) : random(seed) {
    for (mlir::BlockArgument arg : forward.getArguments()) {
      auto type = llvm::cast<mlir::RankedTensorType>(arg.getType());
      for (llvm::StringRef role :
           {"input", "weight", "state", "option", "builtin"}) {
        auto name = forward.getArgAttrOfType<mlir::StringAttr>(
            arg.getArgNumber(), ("seqc." + role).str());
        if (!name)
          continue;
        Argument made{role.str() + "." + name.str(),
                      type.getElementType().isF32(), Shape(type.getShape()), 8};
        if (auto limit = forward.getArgAttrOfType<mlir::IntegerAttr>(
                arg.getArgNumber(), ir::names::kLimit))
          made.limit = limit.getInt();
        arguments.push_back(std::move(made));
      }
    }
  }

  void start(NamedValues &values, int64_t sequences) {
    for (Argument &argument : arguments) {
      Shape shape = argument.shape;
      if (argument.name.rfind("state.", 0) == 0) {
        shape[0] = sequences;
        values[argument.name] =
            argument.isFloat ? Value::floats(shape) : Value::ints(shape);
      } else if (argument.name.rfind("weight.", 0) == 0) {
        // Variances have to be positive.
        bool positive = argument.name.find("var") != std::string::npos;
        values[argument.name] = randomValue(shape, true, positive ? 0.5 : -0.6,
                                            positive ? 1.5 : 0.6, random);
      }
    }
  }

  void call(NamedValues &values, const Lengths &lengths,
            const Lengths &before) {
    int64_t rows = 0;
    std::vector<int64_t> offsets{0}, positions;
    for (size_t b = 0; b < lengths.size(); ++b) {
      for (int64_t i = 0; i < lengths[b]; ++i)
        positions.push_back(before[b] + i);
      offsets.push_back(rows += lengths[b]);
    }
    values["builtin.offsets"] = Value::ints({int64_t(offsets.size())}, offsets);
    values["builtin.positions"] = Value::ints({rows}, positions);
    for (Argument &argument : arguments) {
      Shape shape = argument.shape;
      if (argument.name.rfind("input.", 0) == 0) {
        shape[0] = rows;
        values[argument.name] =
            argument.isFloat
                ? randomValue(shape, true, -1, 1, random)
                : randomValue(shape, false, 0, argument.limit - 1, random);
      } else if (argument.name.rfind("option.", 0) == 0) {
        values[argument.name] = randomValue(shape, true, -0.2, 0.2, random);
      }
    }
  }

private:
  struct Argument {
    std::string name;
    bool isFloat;
    Shape shape;
    int64_t limit;
  };
  std::vector<Argument> arguments;
  std::mt19937 random;
};

void expectEqual(const NamedValues &expected, const NamedValues &got,
                 const std::string &what, double tolerance) {
  for (const auto &[name, value] : expected) {
    auto at = got.find(name);
    ASSERT_NE(at, got.end()) << what << ": no " << name;
    ASSERT_EQ(at->second.shape(), value.shape()) << what << ": " << name;
    double worst = 0, scale = 0;
    for (int64_t i = 0; i < value.size(); ++i) {
      if (value.isInt()) {
        ASSERT_EQ(at->second.i()[i], value.i()[i])
            << what << ": " << name << " " << i;
        continue;
      }
      ASSERT_TRUE(std::isfinite(value.f()[i]))
          << what << ": " << name << " " << i;
      worst = std::fmax(worst, std::fabs(at->second.f()[i] - value.f()[i]));
      ASSERT_TRUE(std::isfinite(at->second.f()[i]))
          << what << ": " << name << " " << i;
      scale = std::fmax(scale, std::fabs(value.f()[i]));
    }
    EXPECT_LE(worst, tolerance * (1 + scale)) << what << ": " << name;
  }
}

class PlanSemantics : public PlanFixture {
protected:
  /// With `compiled`, the kernels run as machine code, in f32.
  void check(mlir::OwningOpRef<mlir::ModuleOp> module, const std::string &what,
             bool compiled = false) {
    ASSERT_TRUE(module) << what;
    auto forward = module->lookupSymbol<mlir::func::FuncOp>("forward");
    bool causal = forward->hasAttr(ir::names::kCausal);
    mlir::OwningOpRef<mlir::ModuleOp> imported = module->clone();
    std::optional<Plan> plan = partition(*module);
    ASSERT_TRUE(plan) << what;

    interpreter::Interpreter reference(*imported);
    interpreter::Interpreter interpreted(*module);
    CompiledKernels code;
    if (compiled)
      code.compile(*module, *target);
    ASSERT_FALSE(HasFatalFailure());
    PlanMachine machine(
        *plan, *module,
        [&](const std::string &symbol, std::vector<Value> arguments,
            const std::vector<int32_t> &owners) {
          return compiled ? code.call(symbol, arguments, owners)
                          : interpreted.call(symbol, std::move(arguments));
        });
    double tolerance = compiled ? 1e-4 : 1e-9;
    Inputs inputs(imported->lookupSymbol<mlir::func::FuncOp>("forward"), 7);
    Lengths before(3, 0);
    NamedValues values;
    inputs.start(values, 3);
    machine.prepare(values);
    for (const Lengths &lengths : {Lengths{5, 0, 7}, Lengths{2, 3, 1}}) {
      if (!causal)
        before.assign(3, 0);
      inputs.call(values, lengths, before);
      Result<NamedValues> expected = reference.forward(values);
      ASSERT_TRUE(expected.ok()) << what << ": " << expected.status().str();
      expectEqual(*expected, machine.call(values), what, tolerance);
      for (auto &[name, value] : *expected)
        if (name.rfind("state.", 0) == 0)
          values[name] = value;
      for (size_t b = 0; b < 3; ++b)
        before[b] += lengths[b];
    }
  }

  void checkDescription(Result<frontend::ModelDescription> model,
                        const std::string &what) {
    ASSERT_TRUE(model.ok()) << model.status().str();
    auto weights = frontend::openWeights(*model);
    ASSERT_TRUE(weights.ok()) << weights.status().str();
    auto module = frontend::importModel(context, *model, **weights);
    ASSERT_TRUE(module.ok()) << module.status().str();
    check(std::move(*module), what);
  }
};

TEST_F(PlanSemantics, gatedLayers) {
  std::string path =
      std::string(SEQC_SOURCE_DIR) + "/test/Passes/Inputs/seqboat.mlir";
  check(mlir::parseSourceFile<mlir::ModuleOp>(path, &context), "seqboat.mlir");
}

TEST_F(PlanSemantics, composedModel) {
  std::string path =
      std::string(SEQC_SOURCE_DIR) + "/docs/examples/composed/model.json";
  checkDescription(frontend::ModelDescription::fromFile(path), "composed");
}

TEST_F(PlanSemantics, randomModels) {
  for (unsigned seed = 1; seed <= 60 && !HasFailure(); ++seed) {
    std::string text = randomModel(seed, 6 + int(seed % 20));
    check(mlir::parseSourceString<mlir::ModuleOp>(text, &context),
          "seed " + std::to_string(seed));
    if (HasFailure())
      ADD_FAILURE() << text;
  }
}

TEST_F(PlanSemantics, compiledModels) {
  std::string path =
      std::string(SEQC_SOURCE_DIR) + "/test/Passes/Inputs/seqboat.mlir";
  check(mlir::parseSourceFile<mlir::ModuleOp>(path, &context), "seqboat.mlir",
        true);
  for (unsigned seed = 101; seed <= 108 && !HasFailure(); ++seed) {
    std::string text = randomModel(seed, 12);
    check(mlir::parseSourceString<mlir::ModuleOp>(text, &context),
          "seed " + std::to_string(seed), true);
    if (HasFailure())
      ADD_FAILURE() << text;
  }
}

/// Every recorded case that the importer knows, where there are recorded cases.
TEST_F(PlanSemantics, recordedCases) {
  const char *folder = std::getenv("SEQC_GOLDENS");
  if (!folder)
    GTEST_SKIP() << "needs the recorded cases (SEQC_GOLDENS)";
  int checked = 0;
  for (const auto &system : std::filesystem::directory_iterator(folder)) {
    if (!system.is_directory())
      continue;
    for (const auto &entry :
         std::filesystem::directory_iterator(system.path())) {
      if (!std::filesystem::exists(entry.path() / "case.json"))
        continue;
      auto model = frontend::describeGoldenCase(entry.path().string());
      if (!model.ok() && model.status().code() == ErrorCode::Unsupported)
        continue;
      checkDescription(std::move(model), entry.path().filename().string());
      ++checked;
    }
  }
  EXPECT_GT(checked, 0) << folder;
}

} // namespace
