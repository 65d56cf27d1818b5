//===- KernelWork.cpp - operations and bytes of a kernel ------------------===//

#include "passes/Analysis/KernelWork.h"

#include "passes/Analysis/Extents.h"

#include "dialect/SeqcOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace seqc::ir;
using namespace seqc::passes;

namespace {
struct Operations {
  double flops = 0, exps = 0;
};

class Counter {
public:
  explicit Counter(func::FuncOp kernel) : kernel(kernel) {}
  std::vector<WorkTerm> count();

private:
  /// The term with this factor.
  WorkTerm &term(WorkTerm::Factor factor, unsigned arg, unsigned dim);
  /// The term of an extent; a static one becomes a multiple of One.
  WorkTerm &termOf(Value tensor, int64_t dim, double &multiple);
  void add(Value tensor, int64_t dim, Operations each, double bytes = 0);
  void countOp(Operation &op);
  void countLinalg(linalg::LinalgOp op);
  void countAttend(AttendOp op);
  void countBytes(BlockArgument arg);

  func::FuncOp kernel;
  std::vector<WorkTerm> terms;
};
} // namespace

WorkTerm &Counter::term(WorkTerm::Factor factor, unsigned arg, unsigned dim) {
  for (WorkTerm &known : terms)
    if (known.factor == factor && known.arg == arg && known.dim == dim)
      return known;
  terms.emplace_back();
  terms.back().factor = factor;
  terms.back().arg = arg;
  terms.back().dim = dim;
  return terms.back();
}

WorkTerm &Counter::termOf(Value tensor, int64_t dim, double &multiple) {
  auto type = cast<ShapedType>(tensor.getType());
  if (!type.isDynamicDim(dim)) {
    multiple *= double(type.getDimSize(dim));
    return term(WorkTerm::Factor::One, 0, 0);
  }
  SymbolicExtent extent = extentOf(tensor, dim);
  auto arg = dyn_cast_or_null<BlockArgument>(extent.base);
  // An extent that no argument has is some other argument's rows: the largest
  // guess that is always there is the first result's.
  if (!arg || extent.dim < 0)
    return term(WorkTerm::Factor::Extent,
                kernel.getNumArguments() - kernel.getNumResults(), 0);
  return term(WorkTerm::Factor::Extent, arg.getArgNumber(),
              unsigned(extent.dim));
}

void Counter::add(Value tensor, int64_t dim, Operations each, double bytes) {
  double multiple = 1;
  WorkTerm &target = termOf(tensor, dim, multiple);
  target.flops += multiple * each.flops;
  target.exps += multiple * each.exps;
  target.bytes += multiple * bytes;
}

static double elementsOf(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  return vector ? double(vector.getNumElements()) : 1;
}

/// What one pass over a body computes.
static Operations operationsOf(Block &body) {
  Operations sum;
  for (Operation &op : body) {
    if (op.getNumResults() != 1 || op.getNumOperands() == 0)
      continue;
    Type type = op.getResult(0).getType();
    if (!getElementTypeOrSelf(type).isF32())
      continue;
    double elements = elementsOf(type);
    if (auto reduction = dyn_cast<vector::ReductionOp>(op))
      elements = elementsOf(reduction.getSourceVectorType()) - 1;
    if (isa<math::ExpOp, math::Exp2Op, math::LogOp, math::Log1pOp, math::TanhOp,
            math::ErfOp, math::SinOp, math::CosOp, math::PowFOp>(op))
      sum.exps += elements;
    else if (isa<vector::ReductionOp, arith::AddFOp, arith::SubFOp,
                 arith::MulFOp, arith::DivFOp, arith::MaximumFOp,
                 arith::MaxNumFOp, arith::MinimumFOp, math::SqrtOp,
                 math::RsqrtOp, math::FmaOp>(op))
      sum.flops += elements;
  }
  return sum;
}

/// Elements of a row: the product of the extents but `except`.
static double rowElements(Value tensor, int64_t except) {
  auto type = cast<ShapedType>(tensor.getType());
  double elements = 1;
  for (int64_t d = 0; d < type.getRank(); ++d)
    if (d != except && !type.isDynamicDim(d))
      elements *= double(type.getDimSize(d));
  return elements;
}

void Counter::countLinalg(linalg::LinalgOp op) {
  if (isa<linalg::FillOp, linalg::CopyOp>(op))
    return;
  Operations each = operationsOf(*op.getBlock());
  // Each loop runs over some axis of some operand.
  double fixed = 1;
  Value rows;
  int64_t rowAxis = 0;
  for (unsigned loop = 0; loop < op.getNumLoops(); ++loop) {
    for (OpOperand &operand : op->getOpOperands()) {
      AffineMap map = op.getMatchingIndexingMap(&operand);
      std::optional<unsigned> axis =
          map.getResultPosition(getAffineDimExpr(loop, op.getContext()));
      if (!axis)
        continue;
      auto type = cast<ShapedType>(operand.get().getType());
      if (type.isDynamicDim(*axis)) {
        rows = operand.get();
        rowAxis = *axis;
      } else {
        fixed *= double(type.getDimSize(*axis));
      }
      break;
    }
  }
  each.flops *= fixed;
  each.exps *= fixed;
  if (rows)
    return add(rows, rowAxis, each);
  WorkTerm &once = term(WorkTerm::Factor::One, 0, 0);
  once.flops += each.flops;
  once.exps += each.exps;
}

void Counter::countAttend(AttendOp op) {
  auto offsets = dyn_cast<BlockArgument>(op.getOffsets());
  if (!offsets)
    return;
  auto last = [](Value value) {
    auto type = cast<ShapedType>(value.getType());
    return double(type.getDimSize(type.getRank() - 1));
  };
  double heads =
      op.hasHeads() ? rowElements(op.getQuery(), 1) / last(op.getQuery()) : 1;
  WorkTerm &pairs = term(WorkTerm::Factor::Pairs, offsets.getArgNumber(), 0);
  pairs.left = op.getLeft();
  pairs.right = op.getRight();
  pairs.flops += heads * 2 * (last(op.getQuery()) + last(op.getValue()));
  if (op.getScore() == ScoreKind::Softmax ||
      op.getScore() == ScoreKind::Laplace)
    pairs.exps += heads;
}

void Counter::countOp(Operation &op) {
  llvm::TypeSwitch<Operation *>(&op)
      .Case([&](linalg::LinalgOp o) { countLinalg(o); })
      .Case([&](AttendOp o) { countAttend(o); })
      .Case([&](ScanOp o) {
        Operations each = operationsOf(o.getStep().front());
        double channels = double(o.getNumChannels());
        add(o.getOuts().front(), 0,
            {channels * each.flops, channels * each.exps});
      })
      .Case([&](NormOp o) {
        // Mean, deviation and its square, scale and shift.
        add(o.getOut(), 0, {5 * rowElements(o.getOut(), 0), 0});
      })
      .Case([&](RouteOp o) { add(o->getOperand(0), 0, {6, 2}); });
}

/// Memory of an argument, or of the rows of it that an index names.
void Counter::countBytes(BlockArgument arg) {
  auto type = cast<ShapedType>(arg.getType());
  double element = double(type.getElementTypeBitWidth()) / 8;
  Value index;
  bool picked = !arg.use_empty();
  for (OpOperand &use : arg.getUses()) {
    if (auto gather = dyn_cast<GatherRowsOp>(use.getOwner());
        gather && use.get() == gather.getSource())
      index = gather.getIndex();
    else if (auto scatter = dyn_cast<ScatterRowsOp>(use.getOwner());
             scatter && use.get() == scatter.getOut())
      index = scatter.getIndex();
    else
      picked = false;
  }
  int64_t rows = rowDimension(arg);
  double row = rowElements(arg, rows) * element;
  if (picked && index)
    return add(index, 0, {}, row);
  if (type.getRank() > 0)
    return add(arg, rows, {}, row);
  term(WorkTerm::Factor::One, 0, 0).bytes += row;
}

std::vector<WorkTerm> Counter::count() {
  for (Operation &op : kernel.getBody().front())
    countOp(op);
  for (BlockArgument arg : kernel.getArguments())
    countBytes(arg);
  llvm::erase_if(terms, [](const WorkTerm &term) {
    return term.flops == 0 && term.exps == 0 && term.bytes == 0;
  });
  return std::move(terms);
}

std::vector<WorkTerm> seqc::passes::workOf(func::FuncOp kernel) {
  return Counter(kernel).count();
}
