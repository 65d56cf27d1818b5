//===- TilingTest.cpp - ops tiled by their interface mean the same --------===//
//
// Library under test: dialect (TilingInterface of each op). The loops are made
// by upstream's tiling, the values are those of the interpreter. Names of cases
// are the labels of the rules in the op documents.
//
//===----------------------------------------------------------------------===//

#include "dialect/SeqcOps.h"
#include "runtime/interpreter/Interpreter.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/TilingInterfaceImpl.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

#include <random>

using namespace seqc;
using interpreter::Interpreter;
using interpreter::Shape;
using interpreter::Value;
using LoopType = mlir::scf::SCFTilingOptions::LoopType;

namespace {

struct Case {
  const char *name;
  std::string text; ///< a function @f
  std::vector<Value> arguments;
  std::vector<std::vector<int64_t>> tiles; ///< sizes of loops, 0: not tiled
  bool inOrder = false;                    ///< tiles depend on each other
};

Value randoms(Shape shape, unsigned seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<double> normal;
  std::vector<double> elements(interpreter::elementCount(shape));
  for (double &x : elements)
    x = normal(engine);
  return Value::floats(std::move(shape), std::move(elements));
}

Value ints(std::vector<int64_t> elements) {
  Shape shape{static_cast<int64_t>(elements.size())};
  return Value::ints(std::move(shape), std::move(elements));
}

class Module {
public:
  explicit Module(const std::string &text)
      : context(mlir::MLIRContext::Threading::DISABLED) {
    mlir::DialectRegistry registry;
    registry.insert<ir::SeqcDialect, mlir::func::FuncDialect,
                    mlir::scf::SCFDialect, mlir::affine::AffineDialect>();
    mlir::linalg::registerTilingInterfaceExternalModels(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
    module = mlir::parseSourceString<mlir::ModuleOp>(text, &context, "f.mlir");
    EXPECT_TRUE(module) << text;
  }

  std::vector<Value> run(const std::vector<Value> &arguments) {
    Interpreter evaluator(*module);
    auto results = evaluator.call("f", arguments);
    EXPECT_TRUE(results.ok()) << results.status().str() << print();
    return results.ok() ? *results : std::vector<Value>();
  }

  /// The last op of @f that has loops.
  mlir::TilingInterface last() {
    mlir::TilingInterface found;
    module->walk([&](mlir::TilingInterface op) { found = op; });
    return found;
  }

  std::string print() {
    std::string text;
    llvm::raw_string_ostream stream(text);
    module->print(stream);
    return text;
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

mlir::scf::SCFTilingOptions optionsFor(mlir::MLIRContext &context,
                                       const std::vector<int64_t> &sizes,
                                       LoopType type) {
  mlir::Builder builder(&context);
  llvm::SmallVector<mlir::OpFoldResult> tiles;
  for (int64_t size : sizes)
    tiles.push_back(builder.getIndexAttr(size));
  mlir::scf::SCFTilingOptions options;
  options.setTileSizes(tiles).setLoopType(type);
  return options;
}

void expectSame(const std::vector<Value> &got,
                const std::vector<Value> &expected, const std::string &what) {
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) {
    ASSERT_EQ(got[i].shape(), expected[i].shape()) << what;
    for (int64_t k = 0; k < expected[i].size(); ++k)
      if (expected[i].isFloat())
        ASSERT_EQ(got[i].f()[k], expected[i].f()[k])
            << "result " << i << ", element " << k << what;
      else
        ASSERT_EQ(got[i].i()[k], expected[i].i()[k])
            << "result " << i << ", element " << k << what;
  }
}

// Nine rows of four sequences, one of them empty.
const std::vector<int64_t> kOffsets{0, 4, 4, 5, 9};

std::vector<Case> cases() {
  std::vector<Case> all;
  all.push_back({"scan_t1_channels_and_scan_t2_rows",
                 R"(
    #td = affine_map<(t, d, n) -> (t, d)>
    #tn = affine_map<(t, d, n) -> (t, n)>
    #dn = affine_map<(t, d, n) -> (d, n)>
    func.func @f(%x: tensor<?x5xf32>, %c: tensor<?x3xf32>, %q: tensor<5x3xf32>,
        %off: tensor<?xi32>, %o: tensor<?x5xf32>, %h0: tensor<?x5x3xf32>)
        -> (tensor<?x5xf32>, tensor<?x5x3xf32>) {
      %y, %h1 = seqc.scan {maps = [#td, #tn, #dn, #td, #dn], delays = array<i64: 0, 0>}
          inputs(%x, %c : tensor<?x5xf32>, tensor<?x3xf32>) params(%q : tensor<5x3xf32>)
          offsets(%off : tensor<?xi32>) outs(%o : tensor<?x5xf32>)
          states(%h0 : tensor<?x5x3xf32>) {
      ^bb0(%xt: f32, %ct: vector<3xf32>, %qd: vector<3xf32>, %h: vector<3xf32>):
        %xv = vector.broadcast %xt : f32 to vector<3xf32>
        %qh = arith.mulf %qd, %h : vector<3xf32>
        %hn = arith.addf %qh, %xv : vector<3xf32>
        %hc = arith.mulf %hn, %ct : vector<3xf32>
        %yt = vector.reduction <add>, %hc : vector<3xf32> into f32
        seqc.yield %yt, %hn : f32, vector<3xf32>
      } -> tensor<?x5xf32>, tensor<?x5x3xf32>
      return %y, %h1 : tensor<?x5xf32>, tensor<?x5x3xf32>
    })",
                 {randoms({9, 5}, 1), randoms({9, 3}, 2), randoms({5, 3}, 3),
                  ints(kOffsets), randoms({9, 5}, 4), randoms({4, 5, 3}, 5)},
                 {{2, 0}, {0, 1}, {0, 2}, {0, 4}, {3, 5}, {5, 9}},
                 true});
  all.push_back({"scan_t1_channels_in_reverse",
                 R"(
    #td = affine_map<(t, d, n) -> (t, d)>
    func.func @f(%x: tensor<?x6xf32>, %off: tensor<?xi32>, %o: tensor<?x6xf32>)
        -> tensor<?x6xf32> {
      %y = seqc.scan {maps = [#td, #td, #td], delays = array<i64: 0, 2>,
          direction = #seqc.direction<reverse>}
          inputs(%x, %x : tensor<?x6xf32>, tensor<?x6xf32>)
          offsets(%off : tensor<?xi32>) outs(%o : tensor<?x6xf32>) {
      ^bb0(%a: f32, %b: f32):
        %s = arith.subf %a, %b : f32
        seqc.yield %s : f32
      } -> tensor<?x6xf32>
      return %y : tensor<?x6xf32>
    })",
                 {randoms({9, 6}, 1), ints(kOffsets), randoms({9, 6}, 2)},
                 {{1, 0}, {4, 0}}});
  all.push_back({"pool_t1_sequences_and_columns",
                 R"(
    func.func @f(%x: tensor<?x5xf32>, %off: tensor<?xi32>, %o: tensor<?x5xf32>)
        -> tensor<?x5xf32> {
      %y = seqc.pool mean ins(%x, %off : tensor<?x5xf32>, tensor<?xi32>)
          outs(%o : tensor<?x5xf32>) -> tensor<?x5xf32>
      return %y : tensor<?x5xf32>
    })",
                 {randoms({9, 5}, 1), ints(kOffsets), randoms({4, 5}, 2)},
                 {{1, 0}, {3, 0}, {0, 2}, {2, 4}}});
  all.push_back({"route_t1_rows",
                 R"(
    func.func @f(%u: tensor<?x2xf32>, %b: tensor<1xf32>, %t: tensor<1xf32>,
        %a: tensor<?xi32>, %c: tensor<?xf32>) -> (tensor<?xi32>, tensor<?xf32>) {
      %r:2 = seqc.route ins(%u, %b, %t : tensor<?x2xf32>, tensor<1xf32>, tensor<1xf32>)
          outs(%a, %c : tensor<?xi32>, tensor<?xf32>) -> tensor<?xi32>, tensor<?xf32>
      return %r#0, %r#1 : tensor<?xi32>, tensor<?xf32>
    })",
                 {randoms({9, 2}, 1), randoms({1}, 2), randoms({1}, 3),
                  ints(std::vector<int64_t>(9)), randoms({9}, 4)},
                 {{1}, {4}, {16}}});
  // The index is longer than out.
  all.push_back(
      {"gather_rows_t1_rows_and_columns",
       R"(
    func.func @f(%x: tensor<?x5xf32>, %i: tensor<?xi32>, %o: tensor<?x5xf32>)
        -> tensor<?x5xf32> {
      %y = seqc.gather_rows ins(%x, %i : tensor<?x5xf32>, tensor<?xi32>)
          outs(%o : tensor<?x5xf32>) -> tensor<?x5xf32>
      return %y : tensor<?x5xf32>
    })",
       {randoms({9, 5}, 1), ints({8, 0, 3, 3, 1, 7, 99}), randoms({6, 5}, 2)},
       {{2, 0}, {4, 3}, {0, 1}}});
  all.push_back(
      {"gather_rows_t1_of_single_values",
       R"(
    func.func @f(%x: tensor<?xi32>, %i: tensor<?xi32>, %o: tensor<?xi32>)
        -> tensor<?xi32> {
      %y = seqc.gather_rows ins(%x, %i : tensor<?xi32>, tensor<?xi32>)
          outs(%o : tensor<?xi32>) -> tensor<?xi32>
      return %y : tensor<?xi32>
    })",
       {ints({5, 7, 11}), ints({2, 0, 1, 1, 2}), ints({0, 0, 0, 0, 0})},
       {{2}, {5}}});
  for (const char *mode : {"set", "add"})
    all.push_back(
        {mode[0] == 's' ? "scatter_rows_t2_set" : "scatter_rows_t2_add",
         std::string(R"(
    func.func @f(%x: tensor<?x5xf32>, %i: tensor<?xi32>, %c: tensor<?xf32>,
        %o: tensor<?x5xf32>) -> tensor<?x5xf32> {
      %y = seqc.scatter_rows )") +
             mode +
             R"( ins(%x, %i : tensor<?x5xf32>, tensor<?xi32>)
          scale(%c : tensor<?xf32>) outs(%o : tensor<?x5xf32>) -> tensor<?x5xf32>
      return %y : tensor<?x5xf32>
    })",
         {randoms({4, 5}, 1), ints({8, 0, 3, 5}), randoms({9}, 2),
          randoms({9, 5}, 3)},
         {{1, 0}, {3, 0}, {0, 2}, {2, 3}},
         true});
  all.push_back({"scatter_rows_t1_columns",
                 R"(
    func.func @f(%x: tensor<?x5xf32>, %i: tensor<?xi32>, %o: tensor<?x5xf32>)
        -> tensor<?x5xf32> {
      %y = seqc.scatter_rows add ins(%x, %i : tensor<?x5xf32>, tensor<?xi32>)
          outs(%o : tensor<?x5xf32>) -> tensor<?x5xf32>
      return %y : tensor<?x5xf32>
    })",
                 {randoms({4, 5}, 1), ints({8, 0, 3, 5}), randoms({9, 5}, 3)},
                 {{0, 2}, {0, 5}}});
  all.push_back({"norm_t1_rows",
                 R"(
    func.func @f(%x: tensor<?x5xf32>, %g: tensor<5xf32>, %b: tensor<5xf32>,
        %o: tensor<?x5xf32>) -> tensor<?x5xf32> {
      %y = seqc.norm layer {eps = 1.0e-05 : f32} ins(%x : tensor<?x5xf32>)
          gain(%g : tensor<5xf32>) bias(%b : tensor<5xf32>)
          outs(%o : tensor<?x5xf32>) -> tensor<?x5xf32>
      return %y : tensor<?x5xf32>
    })",
                 {randoms({9, 5}, 1), randoms({5}, 2), randoms({5}, 3),
                  randoms({9, 5}, 4)},
                 {{1}, {4}}});
  all.push_back({"ring_push_t1_sequences_and_elements",
                 R"(
    func.func @f(%k: tensor<?x5xf32>, %off: tensor<?xi32>, %n: tensor<?xi32>,
        %ring: tensor<?x3x5xf32>) -> tensor<?x3x5xf32> {
      %r = seqc.ring_push ins(%k, %off, %n : tensor<?x5xf32>, tensor<?xi32>, tensor<?xi32>)
          outs(%ring : tensor<?x3x5xf32>) -> tensor<?x3x5xf32>
      return %r : tensor<?x3x5xf32>
    })",
                 {randoms({9, 5}, 1), ints(kOffsets), ints({0, 2, 5, 1}),
                  randoms({4, 3, 5}, 2)},
                 {{1, 0}, {3, 0}, {0, 2}, {2, 4}}});
  all.push_back(
      {"ring_push_t1_of_single_values",
       R"(
    func.func @f(%k: tensor<?xi32>, %off: tensor<?xi32>, %n: tensor<?xi32>,
        %ring: tensor<?x3xi32>) -> tensor<?x3xi32> {
      %r = seqc.ring_push ins(%k, %off, %n : tensor<?xi32>, tensor<?xi32>, tensor<?xi32>)
          outs(%ring : tensor<?x3xi32>) -> tensor<?x3xi32>
      return %r : tensor<?x3xi32>
    })",
       {ints({1, 2, 3, 4, 5, 6, 7, 8, 9}), ints(kOffsets), ints({0, 2, 5, 1}),
        Value::ints({4, 3}, std::vector<int64_t>(12))},
       {{1}, {3}}});
  all.push_back({"attend_t1_columns",
                 R"(
    func.func @f(%q: tensor<?x4xf32>, %k: tensor<?x4xf32>, %v: tensor<?x5xf32>,
        %off: tensor<?xi32>, %pk: tensor<?x3x4xf32>, %pv: tensor<?x3x5xf32>,
        %pc: tensor<?xi32>, %o: tensor<?x5xf32>) -> tensor<?x5xf32> {
      %y = seqc.attend softmax {left = 2 : i64, right = 0 : i64, scale = 0.5 : f32}
          ins(%q, %k, %v, %off : tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x5xf32>, tensor<?xi32>)
          past(%pk, %pv, %pc : tensor<?x3x4xf32>, tensor<?x3x5xf32>, tensor<?xi32>)
          outs(%o : tensor<?x5xf32>) -> tensor<?x5xf32>
      return %y : tensor<?x5xf32>
    })",
                 {randoms({9, 4}, 1), randoms({9, 4}, 2), randoms({9, 5}, 3),
                  ints(kOffsets), randoms({4, 3, 4}, 4), randoms({4, 3, 5}, 5),
                  ints({0, 2, 5, 1}), randoms({9, 5}, 6)},
                 {{1, 0}, {2, 0}, {5, 0}}});
  for (int64_t groups : {1, 2, 4}) {
    std::string keys = std::to_string(groups);
    Case heads{
        "",
        R"(
    func.func @f(%q: tensor<4x?x4xf32>, %k: tensor<)" +
            keys + R"(x?x4xf32>,
        %v: tensor<)" +
            keys + R"(x?x5xf32>, %off: tensor<?xi32>, %o: tensor<4x?x5xf32>)
        -> tensor<4x?x5xf32> {
      %y = seqc.attend softmax {left = -1 : i64, right = 1 : i64, scale = 0.5 : f32}
          ins(%q, %k, %v, %off : tensor<4x?x4xf32>, tensor<)" +
            keys + R"(x?x4xf32>, tensor<)" + keys + R"(x?x5xf32>, tensor<?xi32>)
          outs(%o : tensor<4x?x5xf32>) -> tensor<4x?x5xf32>
      return %y : tensor<4x?x5xf32>
    })",
        {randoms({4, 9, 4}, 1), randoms({groups, 9, 4}, 2),
         randoms({groups, 9, 5}, 3), ints(kOffsets), randoms({4, 9, 5}, 6)},
        {{1, 0, 0}, {1, 3, 0}, {0, 2, 0}}};
    heads.name = groups == 1   ? "attend_t2_heads_of_one_key_head"
                 : groups == 2 ? "attend_t2_heads_that_share_key_heads"
                               : "attend_t2_heads_with_their_own_keys";
    if (groups != 2)
      heads.tiles.push_back({2, 0, 0});
    all.push_back(heads);
  }
  return all;
}

class Tiling : public testing::TestWithParam<Case> {};

std::string nameOf(const testing::TestParamInfo<Case> &info) {
  return info.param.name;
}

} // namespace

// Equal to the bit: a tile does the same operations in the same order.
TEST_P(Tiling, GivesWhatTheWholeGives) {
  const Case &param = GetParam();
  std::vector<Value> expected = Module(param.text).run(param.arguments);
  for (const std::vector<int64_t> &sizes : param.tiles)
    for (LoopType type : {LoopType::ForOp, LoopType::ForallOp}) {
      if (param.inOrder && type == LoopType::ForallOp)
        continue;
      Module tiled(param.text);
      mlir::TilingInterface op = tiled.last();
      mlir::IRRewriter rewriter(op);
      auto result = mlir::scf::tileUsingSCF(
          rewriter, op, optionsFor(tiled.context, sizes, type));
      ASSERT_TRUE(mlir::succeeded(result));
      ASSERT_FALSE(result->loops.empty());
      rewriter.replaceOp(op, result->replacements);
      ASSERT_TRUE(mlir::succeeded(mlir::verify(*tiled.module)))
          << tiled.print();
      expectSame(tiled.run(param.arguments), expected, "\n" + tiled.print());
    }
}

INSTANTIATE_TEST_SUITE_P(Ops, Tiling, testing::ValuesIn(cases()), nameOf);

// A consumer's tiles pull the tiles of what it reads into its loop.
TEST(TileAndFuse, PullsProducersIntoTheLoop) {
  const std::string text = R"(
    func.func @f(%x: tensor<?x5xf32>, %i: tensor<?xi32>, %g: tensor<5xf32>,
        %o: tensor<?x5xf32>) -> tensor<?x5xf32> {
      %y = seqc.gather_rows ins(%x, %i : tensor<?x5xf32>, tensor<?xi32>)
          outs(%o : tensor<?x5xf32>) -> tensor<?x5xf32>
      %n = seqc.norm rms {eps = 1.0e-05 : f32} ins(%y : tensor<?x5xf32>)
          gain(%g : tensor<5xf32>) outs(%o : tensor<?x5xf32>) -> tensor<?x5xf32>
      %e = linalg.exp ins(%n : tensor<?x5xf32>) outs(%o : tensor<?x5xf32>) -> tensor<?x5xf32>
      return %e : tensor<?x5xf32>
    })";
  std::vector<Value> arguments = {randoms({9, 5}, 1), ints({8, 0, 3, 3, 1, 7}),
                                  randoms({5}, 2), randoms({6, 5}, 3)};
  std::vector<Value> expected = Module(text).run(arguments);
  Module fused(text);
  mlir::TilingInterface op = fused.last();
  mlir::IRRewriter rewriter(op);
  mlir::scf::SCFTileAndFuseOptions options;
  options.setTilingOptions(
      optionsFor(fused.context, {4, 0}, LoopType::ForallOp));
  auto result =
      mlir::scf::tileConsumerAndFuseProducersUsingSCF(rewriter, op, options);
  ASSERT_TRUE(mlir::succeeded(result));
  EXPECT_EQ(result->fusedProducers.size(), 2u);
  ASSERT_EQ(result->loops.size(), 1u);
  rewriter.replaceOp(op, result->replacements[op->getResult(0)]);
  int inside = 0;
  fused.module->walk([&](mlir::scf::ForallOp loop) {
    loop.walk([&](mlir::Operation *each) {
      inside += mlir::isa<ir::GatherRowsOp, ir::NormOp>(each);
    });
  });
  EXPECT_EQ(inside, 2);
  ASSERT_TRUE(mlir::succeeded(mlir::verify(*fused.module)));
  expectSame(fused.run(arguments), expected, "\n" + fused.print());
}

//===----------------------------------------------------------------------===//
// attend_t3: parts of the keys
//===----------------------------------------------------------------------===//

namespace {

struct Parts {
  const char *name;
  std::string score; ///< with attributes
  bool heads = false;

  bool positions() const {
    return score.find("by_position") != std::string::npos;
  }
};

class KeyParts : public testing::TestWithParam<Parts> {
protected:
  std::string text() const {
    if (GetParam().heads)
      return R"(
    func.func @f(%q: tensor<4x?x4xf32>, %k: tensor<2x?x4xf32>, %v: tensor<2x?x5xf32>,
        %off: tensor<?xi32>, %pos: tensor<?xi32>, %o: tensor<4x?x5xf32>)
        -> tensor<4x?x5xf32> {
      %y = seqc.attend )" +
             GetParam().score + R"(
          ins(%q, %k, %v, %off : tensor<4x?x4xf32>, tensor<2x?x4xf32>, tensor<2x?x5xf32>, tensor<?xi32>)
          )" +
             (GetParam().positions() ? "positions(%pos : tensor<?xi32>)" : "") +
             R"(
          outs(%o : tensor<4x?x5xf32>) -> tensor<4x?x5xf32>
      return %y : tensor<4x?x5xf32>
    })";
    return R"(
    func.func @f(%q: tensor<?x4xf32>, %k: tensor<?x4xf32>, %v: tensor<?x5xf32>,
        %off: tensor<?xi32>, %pk: tensor<?x3x4xf32>, %pv: tensor<?x3x5xf32>,
        %pc: tensor<?xi32>, %o: tensor<?x5xf32>) -> tensor<?x5xf32> {
      %y = seqc.attend )" +
           GetParam().score + R"(
          ins(%q, %k, %v, %off : tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x5xf32>, tensor<?xi32>)
          past(%pk, %pv, %pc : tensor<?x3x4xf32>, tensor<?x3x5xf32>, tensor<?xi32>)
          outs(%o : tensor<?x5xf32>) -> tensor<?x5xf32>
      return %y : tensor<?x5xf32>
    })";
  }

  std::vector<Value> arguments() const {
    if (GetParam().heads)
      return {randoms({4, 9, 4}, 1),
              randoms({2, 9, 4}, 2),
              randoms({2, 9, 5}, 3),
              ints(kOffsets),
              ints({0, 3, 4, 8, 9, 10, 14, 20, 21}),
              randoms({4, 9, 5}, 4)};
    return {randoms({9, 4}, 1), randoms({9, 4}, 2),    randoms({9, 5}, 3),
            ints(kOffsets),     randoms({4, 3, 4}, 4), randoms({4, 3, 5}, 5),
            ints({0, 2, 5, 1}), randoms({9, 5}, 6)};
  }
};

std::string nameOfParts(const testing::TestParamInfo<Parts> &info) {
  return info.param.name;
}

} // namespace

// Parts are computed in a parallel loop and merged. Parts of one key, parts
// that some queries see nothing of, and one part that is the whole.
TEST_P(KeyParts, MergeToTheWhole) {
  std::vector<Value> expected = Module(text()).run(arguments());
  for (int64_t size : {1, 2, 5, 16}) {
    Module tiled(text());
    auto op = mlir::cast<mlir::PartialReductionOpInterface>(
        tiled.last().getOperation());
    mlir::IRRewriter rewriter(op);
    unsigned keys = GetParam().heads ? 2 : 1;
    std::vector<int64_t> sizes(keys + 1);
    sizes[keys] = size;
    mlir::scf::SCFTilingOptions options =
        optionsFor(tiled.context, sizes, LoopType::ForallOp);
    options.setReductionDims({keys}).setReductionTilingStrategy(
        mlir::ReductionTilingStrategy::PartialReductionOuterParallel);
    auto result = mlir::scf::tileUsingSCF(
        rewriter, mlir::cast<mlir::TilingInterface>(op.getOperation()),
        options);
    ASSERT_TRUE(mlir::succeeded(result));
    ASSERT_EQ(result->loops.size(), 1u);
    ASSERT_FALSE(result->mergeOps.empty());
    rewriter.replaceOp(op, result->replacements);
    ASSERT_TRUE(mlir::succeeded(mlir::verify(*tiled.module))) << tiled.print();
    std::vector<Value> got = tiled.run(arguments());
    ASSERT_EQ(got.size(), expected.size());
    for (int64_t k = 0; k < expected[0].size(); ++k)
      ASSERT_NEAR(got[0].f()[k], expected[0].f()[k], 1e-12)
          << "parts of " << size << ", element " << k << "\n"
          << tiled.print();
  }
}

INSTANTIATE_TEST_SUITE_P(
    Ops, KeyParts,
    testing::Values(
        Parts{"attend_t3_softmax",
              "softmax {left = 2 : i64, right = 0 : i64, scale = 40.0 : f32}"},
        Parts{"attend_t3_softmax_of_all_keys",
              "softmax {left = -1 : i64, right = 0 : i64, scale = 0.5 : f32}"},
        Parts{"attend_t3_relu",
              "relu {left = 4 : i64, right = 0 : i64, scale = 0.5 : f32}"},
        Parts{"attend_t3_laplace",
              "laplace {left = 4 : i64, right = 0 : i64, scale = 0.5 : f32}"},
        Parts{"attend_t3_softmax_with_heads",
              "softmax {left = 2 : i64, right = 1 : i64, scale = 0.5 : f32}",
              true},
        Parts{"attend_t3_relu2_with_heads",
              "relu2 {left = -1 : i64, right = -1 : i64, scale = 0.5 : f32}",
              true},
        Parts{"attend_t3_softmax_by_position",
              "softmax {left = 4 : i64, right = 1 : i64, scale = 0.5 : f32, "
              "by_position}",
              true}),
    nameOfParts);
