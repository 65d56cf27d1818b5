//===- SplitNorms.cpp - norms in front of scans ---------------------------===//

#include "passes/Passes.h"

#include "dialect/SeqcOps.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Remarks.h"

namespace seqc::passes {
#define GEN_PASS_DEF_SPLITNORMSPASS
#include "passes/Passes.h.inc"
} // namespace seqc::passes

using namespace mlir;
using namespace seqc::ir;

static constexpr llvm::StringLiteral kCategory = "seqc-split-norms";

/// The scan sees each element of `operand` once, in its own row.
static bool isRowInput(OpOperand &operand) {
  auto scan = dyn_cast<ScanOp>(operand.getOwner());
  unsigned i = operand.getOperandNumber();
  return scan && i < scan.getNumInputs() && scan.getDelays()[i] == 0 &&
         scan.getMap(i) ==
             AffineMap::getMultiDimIdentityMap(3, scan.getContext())
                 .getMajorSubMap(2);
}

/// Rows that `norm` alone reads are best made normalised.
static bool isKeptAnyway(Value source, NormOp norm) {
  return !source.getDefiningOp() ||
         llvm::any_of(source.getUsers(), [&](Operation *user) {
           return user != norm && !isa<tensor::DimOp>(user);
         });
}

/// Why the norm is not split; empty if it is.
static StringRef unfit(NormOp norm) {
  for (OpOperand &use : norm->getUses())
    if (!isRowInput(use))
      return isa<ScanOp>(use.getOwner())
                 ? "a scan reads it delayed or by other axes"
                 : "others than scans read its result";
  if (cast<RankedTensorType>(norm.getSource().getType()).isDynamicDim(1))
    return "the width of a row is not known";
  if (norm.getGain() && norm.getKind() == NormKind::Scale)
    return "its gain is one value for all channels";
  if (!isKeptAnyway(norm.getSource(), norm))
    return "nothing else reads the rows that it is made of";
  return "";
}

namespace {
struct SplitNormsPass : seqc::passes::impl::SplitNormsPassBase<SplitNormsPass> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<NormOp> norms;
    getOperation().walk([&](NormOp norm) {
      bool feedsScan = llvm::any_of(
          norm->getUsers(), [](Operation *user) { return isa<ScanOp>(user); });
      if (feedsScan && norm->getNumResults() == 1)
        norms.push_back(norm);
    });
    for (NormOp norm : norms) {
      if (StringRef reason = unfit(norm); !reason.empty()) {
        remark::missed(
            norm.getLoc(),
            remark::RemarkOpts::name("not split").category(kCategory))
            << remark::reason("{0}", reason);
        continue;
      }
      remark::passed(norm.getLoc(),
                     remark::RemarkOpts::name("split").category(kCategory))
          << remark::metric("op", norm->getName().getStringRef());
      if (failed(split(norm, rewriter)))
        return signalPassFailure();
      ++numSplit;
    }
  }

private:
  LogicalResult split(NormOp norm, IRRewriter &rewriter);
};
} // namespace

LogicalResult SplitNormsPass::split(NormOp norm, IRRewriter &rewriter) {
  Operation *before = norm->getPrevNode();
  rewriter.setInsertionPoint(norm);
  FailureOr<SmallVector<Value>> values = norm.decomposeOperation(rewriter);
  if (failed(values))
    return failure();
  if (Attribute layer = norm->getAttr(names::kLayer)) {
    Operation *made =
        before ? before->getNextNode() : &norm->getBlock()->front();
    for (; made != norm; made = made->getNextNode())
      if (isa<linalg::LinalgOp>(made))
        made->setAttr(names::kLayer, layer);
  }
  rewriter.replaceOp(norm, *values);
  return success();
}
