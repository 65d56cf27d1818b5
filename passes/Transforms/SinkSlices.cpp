//===- SinkSlices.cpp - split first, compute then -------------------------===//

#include "passes/Passes.h"

#include "passes/Analysis/KernelForm.h"
#include "passes/Transforms/TaskTiler.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"

namespace seqc::passes {
#define GEN_PASS_DEF_SINKSLICESPASS
#include "passes/Passes.h.inc"
} // namespace seqc::passes

using namespace mlir;
using namespace seqc;
using namespace seqc::passes;

namespace {
struct SinkSlicesPass : passes::impl::SinkSlicesPassBase<SinkSlicesPass> {
  using SinkSlicesPassBase::SinkSlicesPassBase;
  void runOnOperation() override;
};

/// Part of one axis.
struct AxisRange {
  int64_t axis, offset, size;
};
} // namespace

/// The one axis that `slice` does not keep whole; none if there is no such axis
/// or the part is not known.
static std::optional<AxisRange> cutAxis(tensor::ExtractSliceOp slice) {
  if (slice.getDroppedDims().any() || !slice.hasUnitStride())
    return std::nullopt;
  std::optional<AxisRange> cut;
  RankedTensorType source = slice.getSourceType(), result = slice.getType();
  for (int64_t axis = 0; axis < source.getRank(); ++axis) {
    int64_t offset = slice.getStaticOffset(axis);
    // An unknown extent counts as kept: rows are never cut inside a kernel
    // form.
    bool whole =
        offset == 0 && source.getDimSize(axis) == result.getDimSize(axis);
    if (whole)
      continue;
    if (cut || ShapedType::isDynamic(offset) || result.isDynamicDim(axis) ||
        source.isDynamicDim(axis))
      return std::nullopt;
    cut = AxisRange{axis, offset, result.getDimSize(axis)};
  }
  return cut;
}

/// All readers of `op` take parts of one axis that do not overlap.
static bool isOnlySplit(linalg::GenericOp op) {
  SmallVector<AxisRange> ranges;
  for (Operation *user : op->getUsers()) {
    auto slice = dyn_cast<tensor::ExtractSliceOp>(user);
    std::optional<AxisRange> range = slice ? cutAxis(slice) : std::nullopt;
    if (!range || (!ranges.empty() && ranges.front().axis != range->axis))
      return false;
    ranges.push_back(*range);
  }
  llvm::sort(ranges, [](const AxisRange &a, const AxisRange &b) {
    return a.offset < b.offset;
  });
  for (size_t i = 1; i < ranges.size(); ++i)
    if (ranges[i - 1].offset + ranges[i - 1].size > ranges[i].offset)
      return false;
  return !ranges.empty();
}

/// An elementwise generic that writes a fresh tensor in order.
static bool isSimpleMap(linalg::GenericOp op) {
  if (op.getNumParallelLoops() != op.getNumLoops() ||
      op.getNumDpsInits() != 1 || op.hasIndexSemantics() ||
      !op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isIdentity())
    return false;
  return op.getDpsInits()[0].getDefiningOp<tensor::EmptyOp>() &&
         !op.payloadUsesValueFromOperand(op.getDpsInitOperand(0));
}

/// Not by tensor.dim of a computed value, which would be one more reader of it.
static SmallVector<OpFoldResult> sizesOf(OpBuilder &builder, Value value) {
  SmallVector<OpFoldResult> sizes;
  for (int64_t dim = 0; dim < cast<RankedTensorType>(value.getType()).getRank();
       ++dim)
    sizes.push_back(traceExtent(builder, value, dim));
  return sizes;
}

/// The part of `operand` that iterations of `range` read.
static Value sliceOperand(OpBuilder &builder, OpOperand &operand, AffineMap map,
                          AxisRange range) {
  Value value = operand.get();
  auto type = dyn_cast<RankedTensorType>(value.getType());
  for (auto [axis, expr] : llvm::enumerate(map.getResults())) {
    if (!type || !expr.isFunctionOfDim(range.axis))
      continue;
    SmallVector<OpFoldResult> sizes = sizesOf(builder, value);
    SmallVector<OpFoldResult> offsets(sizes.size(), builder.getIndexAttr(0));
    SmallVector<OpFoldResult> strides(sizes.size(), builder.getIndexAttr(1));
    offsets[axis] = builder.getIndexAttr(range.offset);
    sizes[axis] = builder.getIndexAttr(range.size);
    return tensor::ExtractSliceOp::create(builder, operand.getOwner()->getLoc(),
                                          value, offsets, sizes, strides);
  }
  return value;
}

/// The generic on one part of its operands.
static Value computePart(RewriterBase &rewriter, linalg::GenericOp op,
                         tensor::ExtractSliceOp slice) {
  AxisRange range = *cutAxis(slice);
  SmallVector<Value> operands;
  for (OpOperand *input : op.getDpsInputOperands())
    operands.push_back(sliceOperand(rewriter, *input,
                                    op.getMatchingIndexingMap(input), range));
  SmallVector<OpFoldResult> sizes = sizesOf(rewriter, op.getDpsInits()[0]);
  sizes[range.axis] = rewriter.getIndexAttr(range.size);
  operands.push_back(tensor::EmptyOp::create(rewriter, op.getLoc(), sizes,
                                             slice.getType().getElementType()));
  Operation *part = rewriter.clone(*op);
  part->setOperands(operands);
  part->getResult(0).setType(operands.back().getType());
  return part->getResult(0);
}

void SinkSlicesPass::runOnOperation() {
  func::FuncOp kernel = getOperation();
  if (!isKernel(kernel) || isTiled(kernel) ||
      kernelForm(kernel) != KernelForm::Rows)
    return;
  SmallVector<linalg::GenericOp> generics(
      kernel.getBody().front().getOps<linalg::GenericOp>());
  IRRewriter rewriter(&getContext());
  // Backwards: slices of operands are slices of an earlier op's result.
  for (linalg::GenericOp op : llvm::reverse(generics)) {
    if (!isSimpleMap(op) || !isOnlySplit(op))
      continue;
    rewriter.setInsertionPoint(op);
    for (Operation *user : llvm::make_early_inc_range(op->getUsers())) {
      auto slice = cast<tensor::ExtractSliceOp>(user);
      Value part = computePart(rewriter, op, slice);
      if (part.getType() != slice.getType())
        part = tensor::CastOp::create(rewriter, slice.getLoc(), slice.getType(),
                                      part);
      rewriter.replaceOp(slice, part);
    }
    rewriter.eraseOp(op);
    ++numSplit;
  }
}
