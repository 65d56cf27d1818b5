//===- PackWeights.cpp - weights of contractions as panels ----------------===//

#include "passes/Analysis/ScheduleModel.h"
#include "passes/Analysis/WeightOnly.h"
#include "passes/Passes.h"

#include "dialect/SeqcDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/MathExtras.h"

namespace seqc::passes {
#define GEN_PASS_DEF_PACKWEIGHTSPASS
#include "passes/Passes.h.inc"
} // namespace seqc::passes

using namespace mlir;
using namespace seqc::ir;
using namespace seqc::passes;

static constexpr llvm::StringLiteral kCategory = "seqc-pack-weights";

/// Why `op` is no product of rows by a stored weight, or empty if it is one.
static StringRef refusal(linalg::LinalgOp op, const WeightOnly &weights) {
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 ||
      op.getNumLoops() != 3)
    return "it is not a product of two matrices";
  Value weight = op.getDpsInputs()[1];
  auto type = dyn_cast<RankedTensorType>(weight.getType());
  if (!type || !weights.contains(weight))
    return "the second operand is not a weight";
  AffineExpr m, n, k;
  bindDims(op->getContext(), m, n, k);
  using Exprs = ArrayRef<ArrayRef<AffineExpr>>;
  SmallVector<AffineMap> stored = AffineMap::inferFromExprList(
      Exprs{{m, k}, {n, k}, {m, n}}, op->getContext());
  if (op.getIndexingMapsArray() != stored)
    return "the weight is not stored as [outputs, inputs]";
  if (!type.getElementType().isF32())
    return "the weight is not f32";
  return "";
}

namespace {
struct Packer {
  IRRewriter &rewriter;
  llvm::MapVector<std::pair<Value, int64_t>, Value> packs;

  /// [N, K] -> [ceil(N/p), K, p], made once for each weight and width, right
  /// behind the weight so that it dominates all uses.
  Value pack(Value weight, int64_t panel) {
    Value &known = packs[{weight, panel}];
    if (known)
      return known;
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPointAfterValue(weight);
    Location loc = weight.getLoc();
    auto type = cast<RankedTensorType>(weight.getType());
    int64_t n = type.getDimSize(0), k = type.getDimSize(1);
    std::optional<Value> padding;
    if (n % panel)
      padding = arith::ConstantOp::create(rewriter, loc,
                                          rewriter.getF32FloatAttr(0.0f));
    Value dest = tensor::EmptyOp::create(
        rewriter, loc, {int64_t(llvm::divideCeil(n, panel)), k, panel},
        type.getElementType());
    known = linalg::PackOp::create(rewriter, loc, weight, dest,
                                   ArrayRef<int64_t>{0},
                                   {rewriter.getIndexAttr(panel)}, padding)
                .getResult();
    return known;
  }

  /// The contraction over panels, collapsed and cut back to [m, N].
  Value contract(linalg::LinalgOp op, int64_t panel);
};
} // namespace

static Value zeroInit(OpBuilder &b, Location loc,
                      ArrayRef<OpFoldResult> sizes) {
  Value empty = tensor::EmptyOp::create(b, loc, sizes, b.getF32Type());
  Value zero = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(0.0f));
  return linalg::FillOp::create(b, loc, zero, empty).getResult(0);
}

Value Packer::contract(linalg::LinalgOp op, int64_t panel) {
  Location loc = op.getLoc();
  rewriter.setInsertionPoint(op);
  Value rows = op.getDpsInputs()[0], weight = op.getDpsInputs()[1];
  int64_t n = cast<RankedTensorType>(weight.getType()).getDimSize(0);
  int64_t panels = llvm::divideCeil(n, panel);
  OpFoldResult m = tensor::getMixedSize(rewriter, loc, rows, 0);
  Value init = zeroInit(
      rewriter, loc,
      {m, rewriter.getIndexAttr(panels), rewriter.getIndexAttr(panel)});

  AffineExpr dm, dn0, dn1, dk;
  bindDims(rewriter.getContext(), dm, dn0, dn1, dk);
  using Exprs = ArrayRef<ArrayRef<AffineExpr>>;
  SmallVector<AffineMap> maps = AffineMap::inferFromExprList(
      Exprs{{dm, dk}, {dn0, dk, dn1}, {dm, dn0, dn1}}, rewriter.getContext());
  SmallVector<utils::IteratorType> iterators(3, utils::IteratorType::parallel);
  iterators.push_back(utils::IteratorType::reduction);
  auto product = linalg::GenericOp::create(
      rewriter, loc, TypeRange{init.getType()},
      ValueRange{rows, pack(weight, panel)}, ValueRange{init}, maps, iterators,
      [](OpBuilder &b, Location at, ValueRange args) {
        Value mul = arith::MulFOp::create(b, at, args[0], args[1]);
        Value sum = arith::AddFOp::create(b, at, args[2], mul);
        linalg::YieldOp::create(b, at, sum);
      });
  if (Attribute layer = op->getAttr(names::kLayer))
    product->setAttr(names::kLayer, layer);
  Value result = tensor::CollapseShapeOp::create(
      rewriter, loc, product.getResult(0),
      SmallVector<ReassociationIndices>{{0}, {1, 2}});
  if (panels * panel == n)
    return result;
  SmallVector<OpFoldResult> offsets(2, rewriter.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(2, rewriter.getIndexAttr(1));
  SmallVector<OpFoldResult> sizes{m, rewriter.getIndexAttr(n)};
  return tensor::ExtractSliceOp::create(rewriter, loc, result, offsets, sizes,
                                        strides);
}

/// The accumulator starts from zero.
static bool startsFromZero(linalg::LinalgOp op) {
  auto fill = op.getDpsInits()[0].getDefiningOp<linalg::FillOp>();
  return fill && matchPattern(fill.getInputs()[0], m_AnyZeroFloat());
}

namespace {
struct PackWeightsPass
    : public seqc::passes::impl::PackWeightsPassBase<PackWeightsPass> {
  using PackWeightsPassBase::PackWeightsPassBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    WeightOnly weights(function);
    TargetAttr target = targetOf(function);
    SmallVector<linalg::LinalgOp> products;
    function.walk([&](linalg::LinalgOp op) {
      if (linalg::isaContractionOpInterface(op))
        products.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    Packer packer{rewriter, {}};
    for (linalg::LinalgOp op : products) {
      StringRef reason = refusal(op, weights);
      if (reason.empty() && !startsFromZero(op))
        reason = "its accumulator does not start from zero";
      if (reason.empty() && weights.contains(op.getOperation()))
        reason = "both operands are weights";
      if (!reason.empty()) {
        remark::missed(
            op.getLoc(),
            remark::RemarkOpts::name("not packed").category(kCategory))
            << remark::reason("{0}", reason);
        continue;
      }
      auto type = cast<RankedTensorType>(op.getDpsInputs()[1].getType());
      int64_t width =
          panel > 0 ? panel : choosePanel(type.getDimSize(0), target);
      remark::passed(op.getLoc(),
                     remark::RemarkOpts::name("packed").category(kCategory))
          << remark::metric("columns", type.getDimSize(0))
          << remark::metric("panel", width);
      Value result = packer.contract(op, width);
      if (result.getType() != op->getResult(0).getType())
        result = tensor::CastOp::create(rewriter, op.getLoc(),
                                        op->getResult(0).getType(), result);
      rewriter.replaceOp(op, result);
      ++packedProducts;
    }
    packedWeights = packer.packs.size();
  }
};
} // namespace
