//===- InterpreterCase.h - IR text evaluated, for tests
//--------------------===//
#ifndef SEQC_TEST_UNIT_INTERPRETERCASE_H
#define SEQC_TEST_UNIT_INTERPRETERCASE_H

#include "dialect/SeqcOps.h"
#include "runtime/interpreter/Interpreter.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

#include <random>

namespace seqc::test {

using interpreter::EvaluateOptions;
using interpreter::Interpreter;
using interpreter::NamedValues;
using interpreter::Shape;
using interpreter::Value;

inline Value floats(Shape shape, std::vector<double> elements) {
  return Value::floats(std::move(shape), std::move(elements));
}
inline Value ints(Shape shape, std::vector<int64_t> elements) {
  return Value::ints(std::move(shape), std::move(elements));
}
inline Value randoms(Shape shape, unsigned seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<double> normal;
  std::vector<double> elements(interpreter::elementCount(shape));
  for (double &x : elements)
    x = normal(engine);
  return floats(std::move(shape), std::move(elements));
}

inline void expectFloats(const Value &value, const Shape &shape,
                         const std::vector<double> &elements,
                         double tolerance = 1e-12) {
  ASSERT_TRUE(value.isFloat());
  ASSERT_EQ(value.shape(), shape);
  for (size_t k = 0; k < elements.size(); ++k)
    EXPECT_NEAR(value.f()[k], elements[k], tolerance) << "element " << k;
}
inline void expectInts(const Value &value, const Shape &shape,
                       const std::vector<int64_t> &elements) {
  ASSERT_TRUE(value.isInt());
  ASSERT_EQ(value.shape(), shape);
  EXPECT_EQ(std::vector<int64_t>(value.i(), value.i() + value.size()),
            elements);
}

/// A parsed module and its interpreter.
class InterpreterCase {
public:
  explicit InterpreterCase(const std::string &text)
      : context(mlir::MLIRContext::Threading::DISABLED) {
    context.loadDialect<ir::SeqcDialect, mlir::func::FuncDialect,
                        mlir::scf::SCFDialect, mlir::linalg::LinalgDialect,
                        mlir::math::MathDialect, mlir::tensor::TensorDialect,
                        mlir::vector::VectorDialect>();
    module =
        mlir::parseSourceString<mlir::ModuleOp>(text, &context, "case.mlir");
    EXPECT_TRUE(module) << text;
    if (module)
      evaluator.emplace(*module);
  }

  std::vector<Value> run(std::vector<Value> arguments,
                         const EvaluateOptions &options = {}) {
    Result<std::vector<Value>> results =
        evaluator->call("f", std::move(arguments), options);
    EXPECT_TRUE(results.ok()) << results.status().str();
    return results.ok() ? *results : std::vector<Value>();
  }
  std::string error(std::vector<Value> arguments) {
    Result<std::vector<Value>> results =
        evaluator->call("f", std::move(arguments));
    return results.ok() ? "no error" : results.status().str();
  }
  Interpreter &interpreter() { return *evaluator; }

private:
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::optional<Interpreter> evaluator;
};

} // namespace seqc::test

#endif // SEQC_TEST_UNIT_INTERPRETERCASE_H
