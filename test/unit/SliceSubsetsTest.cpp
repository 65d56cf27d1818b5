//===- SliceSubsetsTest.cpp - which slices bufferization takes for one ----===//

#include "passes/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/SubsetOpInterface.h"
#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

using namespace mlir;

namespace {
class SliceSubsets : public testing::Test {
protected:
  SliceSubsets() {
    DialectRegistry registry;
    registry
        .insert<affine::AffineDialect, arith::ArithDialect, func::FuncDialect,
                linalg::LinalgDialect, memref::MemRefDialect, scf::SCFDialect,
                tensor::TensorDialect, vector::VectorDialect>();
    seqc::passes::registerDialectExtensions(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
  }

  /// Is the slice that `extract` reads of %t the one that `insert` writes?
  bool isSameSlice(const std::string &extract, const std::string &insert) {
    auto module = parseSourceString<ModuleOp>(
        "func.func @f(%t: tensor<?x8xf32>, %other: tensor<?x8xf32>,\n"
        "    %v: tensor<?x8xf32>, %i: index, %n: index) {\n"
        "  %j = affine.apply affine_map<(d0) -> (d0 + 4)>(%i)\n"
        "  %k = affine.apply affine_map<(d0) -> (d0 + 4)>(%i)\n"
        "  %l = affine.apply affine_map<(d0) -> (d0 + 5)>(%i)\n"
        "  %e = tensor.extract_slice " +
            extract +
            " : tensor<?x8xf32> to tensor<?x8xf32>\n"
            "  %r = tensor.insert_slice %v into " +
            insert +
            " : tensor<?x8xf32> into tensor<?x8xf32>\n"
            "  return\n"
            "}\n",
        ParserConfig(&context));
    EXPECT_TRUE(module);
    if (!module)
      return false;
    SubsetOpInterface from, to;
    module->walk([&](tensor::ExtractSliceOp op) {
      from = cast<SubsetOpInterface>(op.getOperation());
    });
    module->walk([&](tensor::InsertSliceOp op) {
      to = cast<SubsetOpInterface>(op.getOperation());
    });
    auto isSame = [](Value a, Value b) { return a == b; };
    bool forward = to.operatesOnEquivalentSubset(from, isSame);
    EXPECT_EQ(forward, from.operatesOnEquivalentSubset(to, isSame));
    return forward;
  }

  MLIRContext context;
};
} // namespace

TEST_F(SliceSubsets, SameValuesAreTheSameSlice) {
  EXPECT_TRUE(isSameSlice("%t[%i, 0] [%n, 8] [1, 1]", //
                          "%t[%i, 0] [%n, 8] [1, 1]"));
}

TEST_F(SliceSubsets, EveryOffsetSizeAndStrideCounts) {
  const char *whole = "%t[%i, 0] [%n, 8] [1, 1]";
  EXPECT_FALSE(isSameSlice(whole, "%t[%l, 0] [%n, 8] [1, 1]"));
  EXPECT_FALSE(isSameSlice(whole, "%t[%i, 0] [%l, 8] [1, 1]"));
  EXPECT_FALSE(isSameSlice(whole, "%t[%i, 0] [%n, 8] [2, 1]"));
}

TEST_F(SliceSubsets, TheContainerCounts) {
  EXPECT_FALSE(
      isSameSlice("%other[%i, 0] [%n, 8] [1, 1]", "%t[%i, 0] [%n, 8] [1, 1]"));
}

TEST_F(SliceSubsets, DifferentValuesMayBeEqual) {
  EXPECT_TRUE(isSameSlice("%t[%j, 0] [%n, 8] [1, 1]", //
                          "%t[%k, 0] [%n, 8] [1, 1]"));
  EXPECT_FALSE(isSameSlice("%t[%j, 0] [%n, 8] [1, 1]", //
                           "%t[%l, 0] [%n, 8] [1, 1]"));
}
