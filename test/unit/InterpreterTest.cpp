//===- InterpreterTest.cpp - upstream ops and control flow in f64
//----------===//
//
// Library under test: runtime/interpreter. The seqc ops are in
// InterpreterSeqcTest.cpp.
//
//===----------------------------------------------------------------------===//

#include "test/unit/InterpreterCase.h"

#include <cmath>

using namespace seqc;
using namespace seqc::test;

//===--- arith, math
//----------------------------------------------------------===//

TEST(InterpreterElement, ScalarsAndTensors) {
  InterpreterCase c(R"(
    func.func @f(%x: tensor<?xf32>, %s: f32) -> (tensor<?xf32>, f32) {
      %two = arith.constant dense<2.0> : tensor<1xf32>
      %e = math.exp %x : tensor<?xf32>
      %y = arith.mulf %e, %x : tensor<?xf32>
      %c = arith.constant 0.5 : f32
      %t = math.fma %s, %c, %s : f32
      return %y, %t : tensor<?xf32>, f32
    })");
  auto r = c.run({floats({3}, {0, 1, -2}), Value::scalar(3)});
  expectFloats(r[0], {3}, {0, std::exp(1.0), -2 * std::exp(-2.0)});
  expectFloats(r[1], {}, {4.5});
}

TEST(InterpreterElement, IntegersWrapAtTheirWidth) {
  InterpreterCase c(R"(
    func.func @f(%a: i32, %b: i32) -> (i32, i64, i32, i1, i32, i32, i32) {
      %0 = arith.addi %a, %b : i32
      %1 = arith.extui %a : i32 to i64
      %2 = arith.divui %a, %b : i32
      %3 = arith.cmpi ult, %b, %a : i32
      %4 = arith.floordivsi %a, %b : i32
      %5 = arith.ceildivsi %a, %b : i32
      %6 = arith.shrui %a, %b : i32
      return %0, %1, %2, %3, %4, %5, %6 : i32, i64, i32, i1, i32, i32, i32
    })");
  auto r = c.run({Value::scalarInt(2147483647), Value::scalarInt(1)});
  EXPECT_EQ(r[0].asInt(), -2147483648LL);
  r = c.run({Value::scalarInt(-7), Value::scalarInt(2)});
  EXPECT_EQ(r[1].asInt(), 4294967289LL);
  EXPECT_EQ(r[2].asInt(), 2147483644LL);
  EXPECT_EQ(r[3].asInt(), 1);
  EXPECT_EQ(r[4].asInt(), -4);
  EXPECT_EQ(r[5].asInt(), -3);
  EXPECT_EQ(r[6].asInt(), 1073741822);
}

TEST(InterpreterElement, CastsAndSelect) {
  InterpreterCase c(R"(
    func.func @f(%x: tensor<3xf32>, %y: tensor<3xf32>, %b: i1)
        -> (tensor<3xi1>, tensor<3xf32>, tensor<3xi32>, i32, f32, tensor<3xf32>) {
      %lt = arith.cmpf olt, %x, %y : tensor<3xf32>
      %m = arith.select %lt, %x, %y : tensor<3xi1>, tensor<3xf32>
      %i = arith.fptosi %x : tensor<3xf32> to tensor<3xi32>
      %s = arith.extsi %b : i1 to i32
      %f = arith.uitofp %b : i1 to f32
      %one = arith.select %b, %x, %y : tensor<3xf32>
      return %lt, %m, %i, %s, %f, %one
          : tensor<3xi1>, tensor<3xf32>, tensor<3xi32>, i32, f32, tensor<3xf32>
    })");
  auto r = c.run({floats({3}, {1.5, NAN, -3.7}), floats({3}, {2, 2, -4}),
                  Value::scalarInt(1)});
  expectInts(r[0], {3}, {1, 0, 0});
  expectFloats(r[1], {3}, {1.5, 2, -4});
  expectInts(r[2], {3}, {1, 0, -3});
  EXPECT_EQ(r[3].asInt(), -1);
  EXPECT_EQ(r[4].asFloat(), 1);
  EXPECT_EQ(r[5].f()[0], 1.5);
}

TEST(InterpreterElement, MaximaDifferOnNan) {
  InterpreterCase c(R"(
    func.func @f(%x: f32, %y: f32) -> (f32, f32) {
      %0 = arith.maximumf %x, %y : f32
      %1 = arith.maxnumf %x, %y : f32
      return %0, %1 : f32, f32
    })");
  auto r = c.run({Value::scalar(NAN), Value::scalar(1)});
  EXPECT_TRUE(std::isnan(r[0].asFloat()));
  EXPECT_EQ(r[1].asFloat(), 1);
}

TEST(InterpreterElement, DivisionByZeroIsLocated) {
  InterpreterCase c("func.func @f(%a: index) -> index {\n"
                    "  %z = arith.constant 0 : index\n"
                    "  %q = arith.divsi %a, %z : index\n"
                    "  return %q : index\n"
                    "}");
  EXPECT_EQ(
      c.error({Value::scalarInt(4)}),
      "case.mlir:3:8: error: 'arith.divsi' expected a divisor other than 0");
}

//===--- tensor
//---------------------------------------------------------------===//

TEST(InterpreterTensor, SlicesAndShapes) {
  InterpreterCase c(R"(
    func.func @f(%x: tensor<?x4xf32>, %n: index)
        -> (tensor<2x?xf32>, tensor<?xf32>, tensor<?x4xf32>, tensor<?xf32>,
            tensor<?x2x2xf32>) {
      %a = tensor.extract_slice %x[1, 0] [2, %n] [1, 2]
          : tensor<?x4xf32> to tensor<2x?xf32>
      %b = tensor.extract_slice %x[0, 1] [%n, 1] [1, 1] : tensor<?x4xf32> to tensor<?xf32>
      %c = tensor.insert_slice %b into %x[0, 3] [%n, 1] [1, 1]
          : tensor<?xf32> into tensor<?x4xf32>
      %d = tensor.collapse_shape %x [[0, 1]] : tensor<?x4xf32> into tensor<?xf32>
      %e = tensor.expand_shape %x [[0], [1, 2]] output_shape [3, 2, 2]
          : tensor<?x4xf32> into tensor<?x2x2xf32>
      return %a, %b, %c, %d, %e : tensor<2x?xf32>, tensor<?xf32>, tensor<?x4xf32>,
          tensor<?xf32>, tensor<?x2x2xf32>
    })");
  std::vector<double> x{0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23};
  auto r = c.run({floats({3, 4}, x), Value::scalarInt(2)});
  expectFloats(r[0], {2, 2}, {10, 12, 20, 22});
  expectFloats(r[1], {2}, {1, 11});
  expectFloats(r[2], {3, 4}, {0, 1, 2, 1, 10, 11, 12, 11, 20, 21, 22, 23});
  expectFloats(r[3], {12}, x); // %x itself is as it was
  expectFloats(r[4], {3, 2, 2}, x);
}

TEST(InterpreterTensor, ConcatExtractInsertFromElements) {
  InterpreterCase c(R"(
    func.func @f(%x: tensor<2x1xf32>, %y: tensor<2x2xf32>, %i: tensor<?xi32>)
        -> (tensor<2x3xf32>, f32, tensor<?xi32>, tensor<2xf32>, tensor<2x2xf32>, index) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c = tensor.concat dim(1) %x, %y
          : (tensor<2x1xf32>, tensor<2x2xf32>) -> tensor<2x3xf32>
      %e = tensor.extract %y[%c1, %c0] : tensor<2x2xf32>
      %k = arith.constant 7 : i32
      %j = tensor.insert %k into %i[%c1] : tensor<?xi32>
      %f = tensor.from_elements %e, %e : tensor<2xf32>
      %s = tensor.splat %e : tensor<2x2xf32>
      %n = tensor.dim %i, %c0 : tensor<?xi32>
      return %c, %e, %j, %f, %s, %n : tensor<2x3xf32>, f32, tensor<?xi32>, tensor<2xf32>,
          tensor<2x2xf32>, index
    })");
  auto r = c.run({floats({2, 1}, {1, 2}), floats({2, 2}, {3, 4, 5, 6}),
                  ints({2}, {8, 9})});
  expectFloats(r[0], {2, 3}, {1, 3, 4, 2, 5, 6});
  EXPECT_EQ(r[1].asFloat(), 5);
  expectInts(r[2], {2}, {8, 7});
  expectFloats(r[3], {2}, {5, 5});
  expectFloats(r[4], {2, 2}, {5, 5, 5, 5});
  EXPECT_EQ(r[5].asInt(), 2);
}

TEST(InterpreterTensor, SliceOutsideIsAnError) {
  InterpreterCase c(
      "func.func @f(%x: tensor<?xf32>, %n: index) -> tensor<?xf32> {\n"
      "  %y = tensor.extract_slice %x[1] [%n] [1] : tensor<?xf32> to "
      "tensor<?xf32>\n"
      "  return %y : tensor<?xf32>\n"
      "}");
  EXPECT_EQ(c.error({floats({3}, {0, 1, 2}), Value::scalarInt(3)}),
            "case.mlir:2:8: error: 'tensor.extract_slice' expected a slice "
            "within extent 3 "
            "of axis 0, got offset 1 and size 3");
}

TEST(InterpreterTensor, EmptyIsPoison) {
  InterpreterCase c(R"(
    func.func @f(%n: index) -> (tensor<?xf32>, tensor<2xi32>) {
      %x = tensor.empty(%n) : tensor<?xf32>
      %y = tensor.empty() : tensor<2xi32>
      return %x, %y : tensor<?xf32>, tensor<2xi32>
    })");
  auto r = c.run({Value::scalarInt(2)});
  EXPECT_TRUE(std::isnan(r[0].f()[1]));
  EXPECT_LT(r[1].i()[0], 0);
}

//===--- linalg
//---------------------------------------------------------------===//

TEST(InterpreterLinalg, GenericWithBroadcastTransposeAndIndex) {
  InterpreterCase c(R"(
    func.func @f(%x: tensor<?x3xf32>, %b: tensor<3xf32>, %init: tensor<3x?xf32>)
        -> tensor<3x?xf32> {
      %y = linalg.generic {indexing_maps = [affine_map<(j, i) -> (i, j)>,
            affine_map<(j, i) -> (j)>, affine_map<(j, i) -> (j, i)>],
          iterator_types = ["parallel", "parallel"]}
          ins(%x, %b : tensor<?x3xf32>, tensor<3xf32>) outs(%init : tensor<3x?xf32>) {
        ^bb0(%xe: f32, %be: f32, %o: f32):
          %i = linalg.index 1 : index
          %k = arith.index_cast %i : index to i32
          %f = arith.sitofp %k : i32 to f32
          %s = arith.addf %xe, %be : f32
          %t = arith.addf %s, %f : f32
          linalg.yield %t : f32
      } -> tensor<3x?xf32>
      return %y : tensor<3x?xf32>
    })");
  auto r = c.run({floats({2, 3}, {0, 1, 2, 3, 4, 5}), floats({3}, {10, 20, 30}),
                  floats({3, 2}, std::vector<double>(6, NAN))});
  expectFloats(r[0], {3, 2}, {10, 14, 21, 25, 32, 36});
}

// More than one block of lanes, in both forms: flat and with an axis of lanes.
TEST(InterpreterLinalg, ManyLanes) {
  InterpreterCase c(R"(
    #id = affine_map<(i, j) -> (i, j)>
    func.func @f(%x: tensor<?x?xf32>, %r: tensor<?xf32>) -> (tensor<?x?xf32>, tensor<?x?xf32>) {
      %a = linalg.generic {indexing_maps = [#id, #id],
          iterator_types = ["parallel", "parallel"]}
          ins(%x : tensor<?x?xf32>) outs(%x : tensor<?x?xf32>) {
        ^bb0(%e: f32, %o: f32):
          %s = arith.addf %e, %o : f32
          linalg.yield %s : f32
      } -> tensor<?x?xf32>
      %b = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, #id],
          iterator_types = ["parallel", "parallel"]}
          ins(%r : tensor<?xf32>) outs(%x : tensor<?x?xf32>) {
        ^bb0(%e: f32, %o: f32):
          %s = arith.mulf %e, %o : f32
          linalg.yield %s : f32
      } -> tensor<?x?xf32>
      return %a, %b : tensor<?x?xf32>, tensor<?x?xf32>
    })");
  Value x = randoms({3, 1300}, 1), r = randoms({3}, 2);
  auto y = c.run({x, r});
  for (int64_t i = 0; i < x.size(); ++i) {
    ASSERT_EQ(y[0].f()[i], 2 * x.f()[i]);
    ASSERT_EQ(y[1].f()[i], r.f()[i / 1300] * x.f()[i]);
  }
}

TEST(InterpreterLinalg, Reduction) {
  InterpreterCase c(R"(
    func.func @f(%x: tensor<2x3xf32>) -> (tensor<2xf32>, tensor<f32>) {
      %m = arith.constant 0xFF800000 : f32
      %e = tensor.empty() : tensor<2xf32>
      %i = linalg.fill ins(%m : f32) outs(%e : tensor<2xf32>) -> tensor<2xf32>
      %y = linalg.reduce { arith.maximumf } ins(%x : tensor<2x3xf32>)
          outs(%i : tensor<2xf32>) dimensions = [1]
      %z = arith.constant dense<0.0> : tensor<f32>
      %s = linalg.reduce { arith.addf } ins(%y : tensor<2xf32>)
          outs(%z : tensor<f32>) dimensions = [0]
      return %y, %s : tensor<2xf32>, tensor<f32>
    })");
  auto r = c.run({floats({2, 3}, {1, 5, 2, -1, -3, -2})});
  expectFloats(r[0], {2}, {5, -1});
  expectFloats(r[1], {}, {4});
}

TEST(InterpreterLinalg, MatmulWithTransposedWeights) {
  InterpreterCase c(R"(
    func.func @f(%x: tensor<?x6xf32>, %w: tensor<3x6xf32>, %init: tensor<?x3xf32>)
        -> tensor<?x3xf32> {
      %y = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>,
            affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
          ins(%x, %w : tensor<?x6xf32>, tensor<3x6xf32>)
          outs(%init : tensor<?x3xf32>) -> tensor<?x3xf32>
      return %y : tensor<?x3xf32>
    })");
  Value x = randoms({5, 6}, 1), w = randoms({3, 6}, 2),
        init = randoms({5, 3}, 3);
  Value y = c.run({x, w, init})[0];
  for (int64_t m = 0; m < 5; ++m)
    for (int64_t n = 0; n < 3; ++n) {
      double sum = init.f()[m * 3 + n];
      for (int64_t k = 0; k < 6; ++k)
        sum += x.f()[m * 6 + k] * w.f()[n * 6 + k];
      EXPECT_NEAR(y.f()[m * 3 + n], sum, 1e-12);
    }
}

// The form that matmuls take after `simplify`: packed panels, padded columns.
TEST(InterpreterLinalg, PackedContraction) {
  InterpreterCase c(R"(
    func.func @f(%x: tensor<?x6xf32>, %w: tensor<3x6xf32>, %p: tensor<2x6x2xf32>,
                 %init: tensor<?x2x2xf32>) -> tensor<?x2x2xf32> {
      %zero = arith.constant 0.0 : f32
      %pw = linalg.pack %w padding_value(%zero : f32) inner_dims_pos = [0]
          inner_tiles = [2] into %p : tensor<3x6xf32> -> tensor<2x6x2xf32>
      %y = linalg.generic {indexing_maps = [affine_map<(m, n0, n1, k) -> (m, k)>,
            affine_map<(m, n0, n1, k) -> (n0, k, n1)>,
            affine_map<(m, n0, n1, k) -> (m, n0, n1)>],
          iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
          ins(%x, %pw : tensor<?x6xf32>, tensor<2x6x2xf32>)
          outs(%init : tensor<?x2x2xf32>) {
        ^bb0(%a: f32, %b: f32, %o: f32):
          %m = arith.mulf %a, %b : f32
          %s = arith.addf %o, %m : f32
          linalg.yield %s : f32
      } -> tensor<?x2x2xf32>
      return %y : tensor<?x2x2xf32>
    })");
  Value x = randoms({4, 6}, 1), w = randoms({3, 6}, 2);
  Value y =
      c.run({x, w, Value::floats({2, 6, 2}), Value::floats({4, 2, 2})})[0];
  for (int64_t m = 0; m < 4; ++m)
    for (int64_t n = 0; n < 4; ++n) {
      double sum = 0;
      for (int64_t k = 0; n < 3 && k < 6; ++k)
        sum += x.f()[m * 6 + k] * w.f()[n * 6 + k];
      EXPECT_NEAR(y.f()[m * 4 + n], sum, 1e-12);
    }
}

TEST(InterpreterLinalg, NamedOpsAndRegionsThatReadTensors) {
  InterpreterCase c(R"(
    func.func @f(%x: tensor<2x3xf32>, %t: tensor<?xf32>, %i: tensor<2xi32>, %k: f32)
        -> (tensor<3x2xf32>, tensor<2xf32>, tensor<2x3xf32>) {
      %e = tensor.empty() : tensor<3x2xf32>
      %a = linalg.transpose ins(%x : tensor<2x3xf32>) outs(%e : tensor<3x2xf32>)
          permutation = [1, 0]
      %e1 = tensor.empty() : tensor<2xf32>
      %b = linalg.map ins(%i : tensor<2xi32>) outs(%e1 : tensor<2xf32>)
        (%n: i32, %o: f32) {
          %at = arith.index_cast %n : i32 to index
          %v = tensor.extract %t[%at] : tensor<?xf32>
          %s = arith.mulf %v, %k : f32
          linalg.yield %s : f32
        }
      %c = linalg.exp ins(%x : tensor<2x3xf32>) outs(%x : tensor<2x3xf32>)
          -> tensor<2x3xf32>
      return %a, %b, %c : tensor<3x2xf32>, tensor<2xf32>, tensor<2x3xf32>
    })");
  auto r = c.run({floats({2, 3}, {0, 1, 2, 3, 4, 5}), floats({4}, {1, 2, 3, 4}),
                  ints({2}, {3, 0}), Value::scalar(10)});
  expectFloats(r[0], {3, 2}, {0, 3, 1, 4, 2, 5});
  expectFloats(r[1], {2}, {40, 10});
  EXPECT_NEAR(r[2].f()[5], std::exp(5.0), 1e-9);
  EXPECT_NE(c.error({randoms({2, 3}, 1), randoms({4}, 1), ints({2}, {4, 0}),
                     Value::scalar(1)})
                .find("index within the tensor"),
            std::string::npos);
}

TEST(InterpreterLinalg, ExtentsMustAgree) {
  InterpreterCase c(R"(
    func.func @f(%x: tensor<?xf32>, %y: tensor<?xf32>) -> tensor<?xf32> {
      %z = linalg.add ins(%x, %y : tensor<?xf32>, tensor<?xf32>)
          outs(%x : tensor<?xf32>) -> tensor<?xf32>
      return %z : tensor<?xf32>
    })");
  EXPECT_NE(c.error({randoms({2}, 1), randoms({3}, 1)})
                .find("expected extent 2 of loop 0, got 3 in operand #1"),
            std::string::npos);
  expectFloats(c.run({floats({0}, {}), floats({0}, {})})[0], {0}, {});
}

//===--- control flow, names, reports
//-----------------------------------------===//

TEST(InterpreterFlow, LoopsBranchesCallsAndKernels) {
  InterpreterCase c(R"(
    func.func private @twice(%x: tensor<?xf32>) -> tensor<?xf32> {
      %y = arith.addf %x, %x : tensor<?xf32>
      return %y : tensor<?xf32>
    }
    func.func @f(%x: tensor<?xf32>, %n: index, %b: i1) -> (tensor<?xf32>, tensor<?xf32>) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %y = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x) -> tensor<?xf32> {
        %t = func.call @twice(%a) : (tensor<?xf32>) -> tensor<?xf32>
        scf.yield %t : tensor<?xf32>
      }
      %z = scf.if %b -> tensor<?xf32> {
        scf.yield %y : tensor<?xf32>
      } else {
        %k = seqc.kernel ins(%x : tensor<?xf32>) outs(%y : tensor<?xf32>) {
        ^bb0(%a: tensor<?xf32>, %o: tensor<?xf32>):
          %s = linalg.add ins(%a, %o : tensor<?xf32>, tensor<?xf32>)
              outs(%o : tensor<?xf32>) -> tensor<?xf32>
          seqc.yield %s : tensor<?xf32>
        } -> tensor<?xf32>
        scf.yield %k : tensor<?xf32>
      }
      return %y, %z : tensor<?xf32>, tensor<?xf32>
    })");
  auto r =
      c.run({floats({2}, {1, 2}), Value::scalarInt(3), Value::scalarInt(1)});
  expectFloats(r[0], {2}, {8, 16});
  expectFloats(r[1], {2}, {8, 16});
  r = c.run({floats({2}, {1, 2}), Value::scalarInt(3), Value::scalarInt(0)});
  expectFloats(r[0], {2}, {8, 16}); // the kernel did not write into %y
  expectFloats(r[1], {2}, {9, 18});
}

TEST(InterpreterFlow, RecursionEnds) {
  InterpreterCase c(R"(
    func.func @f(%x: f32) -> f32 {
      %y = func.call @f(%x) : (f32) -> f32
      return %y : f32
    })");
  EXPECT_NE(c.error({Value::scalar(1)}).find("nested less than"),
            std::string::npos);
}

TEST(InterpreterFlow, UnsupportedOpsAreNamedWithTheirPlace) {
  InterpreterCase c(
      "func.func @f(%x: tensor<2xf32>) -> tensor<2xf32> {\n"
      "  %c0 = arith.constant 0 : index\n"
      "  %y = scf.while (%a = %x) : (tensor<2xf32>) -> tensor<2xf32> {\n"
      "    %no = arith.constant false\n"
      "    scf.condition(%no) %a : tensor<2xf32>\n"
      "  } do {\n"
      "  ^bb0(%b: tensor<2xf32>):\n"
      "    scf.yield %b : tensor<2xf32>\n"
      "  }\n"
      "  return %y : tensor<2xf32>\n"
      "}");
  EXPECT_EQ(c.error({randoms({2}, 1)}),
            "case.mlir:3:8: error: unsupported op 'scf.while' "
            "in the reference interpreter");
}

TEST(InterpreterFlow, ArgumentsAreChecked) {
  InterpreterCase c("func.func @f(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {\n"
                    "  return %x : tensor<?x2xf32>\n"
                    "}");
  EXPECT_NE(c.error({}).find("expected 1 arguments, got 0"), std::string::npos);
  EXPECT_NE(
      c.error({ints({1, 2}, {0, 0})}).find("expected floats as argument #0"),
      std::string::npos);
  EXPECT_NE(c.error({randoms({2}, 1)}).find("expected rank 2, got 1"),
            std::string::npos);
  EXPECT_NE(
      c.error({randoms({2, 3}, 1)}).find("expected extent 2 of axis 1, got 3"),
      std::string::npos);
  EXPECT_FALSE(c.interpreter().call("g", {}).ok());
}

TEST(InterpreterFlow, ForwardByName) {
  InterpreterCase c(R"(
    func.func @forward(%w: tensor<1xf32> {seqc.weight = "a"},
                       %x: tensor<?xf32> {seqc.input = "a"},
                       %s: tensor<?xf32> {seqc.state = "a"},
                       %o: tensor<1xf32> {seqc.option = "a"},
                       %off: tensor<?xi32> {seqc.builtin = "offsets"})
        -> (tensor<?xf32> {seqc.output = "a"}, tensor<?xf32> {seqc.state = "a"}) {
      return %x, %s : tensor<?xf32>, tensor<?xf32>
    })");
  NamedValues arguments{{"weight.a", floats({1}, {1})},
                        {"input.a", floats({2}, {2, 3})},
                        {"state.a", floats({1}, {4})},
                        {"option.a", floats({1}, {5})},
                        {"builtin.offsets", ints({2}, {0, 2})}};
  Result<NamedValues> results = c.interpreter().forward(arguments);
  ASSERT_TRUE(results.ok()) << results.status().str();
  EXPECT_EQ(results->size(), 2u);
  expectFloats(results->at("output.a"), {2}, {2, 3});
  expectFloats(results->at("state.a"), {1}, {4});
  arguments.erase("option.a");
  Result<NamedValues> missing = c.interpreter().forward(arguments);
  ASSERT_FALSE(missing.ok());
  EXPECT_NE(missing.status().str().find("argument #3 'option.a'"),
            std::string::npos);
}

TEST(InterpreterTrace, NamesTheFirstOpThatLeavesTheNumbers) {
  InterpreterCase c(
      "func.func @f(%x: tensor<2xf32>) -> tensor<2xf32> {\n"
      "  %low = arith.constant dense<0xFF800000> : tensor<2xf32>\n"
      "  %m = arith.maximumf %x, %low : tensor<2xf32>\n"
      "  %l = math.log %m {seqc.layer = \"layers.1\"} : tensor<2xf32>\n"
      "  %y = arith.addf %l, %x : tensor<2xf32>\n"
      "  return %y : tensor<2xf32>\n"
      "}");
  EvaluateOptions options;
  options.trace = options.keepValues = true;
  c.run({floats({2}, {2, 3})}, options);
  EXPECT_EQ(c.interpreter().firstNonFinite(), nullptr);
  c.run({floats({2}, {-1, 0})}, options);
  const interpreter::TraceEntry *entry = c.interpreter().firstNonFinite();
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(interpreter::toDiagnostic(*entry).str(),
            "case.mlir:4:8: warning: not finite first here: math.log of "
            "layers.1 gave 1 NaN and 1 infinities in 2 values, "
            "the first at [0]");
  EXPECT_EQ(c.interpreter().trace().size(), 4u);
  expectFloats(c.interpreter().trace()[1].value, {2}, {-1, 0});
  c.run({floats({2}, {1, 2})});
  EXPECT_TRUE(c.interpreter().trace().empty());
}

// Memory that a later op fills is no result, and neither is what comes from it.
TEST(InterpreterTrace, UninitialisedMemoryIsNoAlarm) {
  InterpreterCase c(R"(
    func.func @f(%x: tensor<2xf32>) -> tensor<4xf32> {
      %e = tensor.empty() : tensor<4xf32>
      %a = tensor.insert_slice %x into %e[0] [2] [1] : tensor<2xf32> into tensor<4xf32>
      %b = tensor.insert_slice %x into %a[2] [2] [1] : tensor<2xf32> into tensor<4xf32>
      %e2 = tensor.empty() : tensor<4xf32>
      %y = linalg.exp ins(%b : tensor<4xf32>) outs(%e2 : tensor<4xf32>) -> tensor<4xf32>
      return %y : tensor<4xf32>
    })");
  EvaluateOptions options;
  options.trace = true;
  c.run({floats({2}, {1, 2})}, options);
  EXPECT_EQ(c.interpreter().firstNonFinite(), nullptr);
  c.run({floats({2}, {1, 1000})}, options);
  ASSERT_NE(c.interpreter().firstNonFinite(), nullptr);
  EXPECT_EQ(c.interpreter().firstNonFinite()->op, "linalg.exp");
}
