//===- FuseScan.cpp - elementwise work into the step of a scan ------------===//

#include "passes/Analysis/Extents.h"
#include "passes/Passes.h"

#include "dialect/SeqcOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Transforms/RegionUtils.h"

namespace seqc::passes {
#define GEN_PASS_DEF_FUSESCANPASS
#include "passes/Passes.h.inc"
} // namespace seqc::passes

using namespace mlir;
using namespace seqc::ir;
using namespace seqc::passes;

static constexpr llvm::StringLiteral kCategory = "seqc-fuse-scan";

/// The maps of operands that a step sees once per (t, d) and once per d.
static AffineMap rowMap(MLIRContext *context) {
  return AffineMap::getMultiDimIdentityMap(3, context).getMajorSubMap(2);
}
static AffineMap channelMap(MLIRContext *context) {
  return AffineMap::get(3, 0, getAffineDimExpr(1, context));
}
/// One that it sees once per t, the same for all channels.
static AffineMap scalarMap(MLIRContext *context) {
  return AffineMap::get(3, 0, getAffineDimExpr(0, context));
}

/// An operand per channel: [D], and a weight or a constant rather than rows.
static bool isChannelVector(linalg::LinalgOp op, OpOperand &operand) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  auto type = cast<ShapedType>(operand.get().getType());
  return type.getRank() == 1 && type.hasStaticShape() &&
         map.getNumResults() == 1 &&
         map.getResult(0) == getAffineDimExpr(1, op.getContext());
}

/// An operand per row: [R], as the mean of a norm.
static bool isRowScalar(linalg::LinalgOp op, OpOperand &operand) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  return map.getNumResults() == 1 &&
         map.getResult(0) == getAffineDimExpr(0, op.getContext());
}

/// Why a step cannot compute `op`; empty if it can.
static StringRef unfit(linalg::LinalgOp op) {
  if (op->getNumResults() != 1 || op.getNumLoops() != 2 ||
      !linalg::isElementwise(op))
    return "it is not elementwise over rows and channels";
  if (!op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isIdentity() ||
      op.payloadUsesValueFromOperand(op.getDpsInitOperand(0)))
    return "it updates its destination";
  for (OpOperand &operand : op->getOpOperands()) {
    auto type = dyn_cast<RankedTensorType>(operand.get().getType());
    if (!type || !type.getElementType().isF32())
      return "an operand is not f32";
    if (!op.getMatchingIndexingMap(&operand).isIdentity() &&
        !isChannelVector(op, operand) && !isRowScalar(op, operand))
      return "an operand is neither rows by channels nor one value per row or "
             "channel";
  }
  for (Operation &inner : op.getBlock()->without_terminator())
    if (!isa<arith::ArithDialect, math::MathDialect>(inner.getDialect()))
      return "its body is more than arithmetic";
  llvm::SetVector<Value> captured;
  getUsedValuesDefinedAbove(op->getRegions(), captured);
  for (Value value : captured)
    if (!matchPattern(value, m_Constant()))
      return "its body reads a value from outside";
  return "";
}

namespace {
/// A scan taken apart, changed and put together again.
class ScanBuilder {
public:
  explicit ScanBuilder(ScanOp scan)
      : scan(scan), inputs(scan.getInputs()), params(scan.getParams()),
        outs(scan.getOuts()), delays(scan.getDelays()) {
    unsigned count = scan->getNumOperands() - 1; // all but offsets
    for (unsigned i = 0; i < count; ++i)
      maps.push_back(scan.getMap(i));
  }

  /// Computes `op`, a reader of the scan's outs, in the step. Its result is the
  /// last out of the new scan; outs that only `op` read are dropped.
  void absorbConsumer(linalg::LinalgOp op, IRRewriter &rewriter);
  /// Computes `op`, which makes input `i`, in the step; it goes with its last
  /// reader.
  void absorbProducer(linalg::LinalgOp op, unsigned i, IRRewriter &rewriter);

private:
  unsigned mapOfParam(unsigned i) const { return inputs.size() + i; }
  unsigned mapOfOut(unsigned i) const {
    return inputs.size() + params.size() + i;
  }
  Block &step() { return scan.getStep().front(); }
  Value input(Value tensor, AffineMap map);
  Value channel(Value tensor);
  Value argumentFor(linalg::LinalgOp op, OpOperand &operand);
  void dropInput(unsigned i);
  void dropOut(unsigned i);
  Value cloneBody(linalg::LinalgOp op, ArrayRef<Value> operands,
                  IRRewriter &rewriter);
  ScanOp rebuild(IRRewriter &rewriter);

  ScanOp scan;
  SmallVector<Value> inputs, params, outs;
  SmallVector<int64_t> delays;
  SmallVector<AffineMap> maps; ///< inputs, params, outs, states
  SmallVector<Value> yielded;  ///< outs, states
};
} // namespace

/// The step's argument for row t of `tensor`; a new input where it has none.
Value ScanBuilder::input(Value tensor, AffineMap map) {
  for (unsigned i = 0; i < inputs.size(); ++i)
    if (inputs[i] == tensor && maps[i] == map && delays[i] == 0)
      return step().getArgument(i);
  unsigned at = inputs.size();
  maps.insert(maps.begin() + at, map);
  inputs.push_back(tensor);
  delays.push_back(0);
  return step().insertArgument(at, Float32Type::get(scan.getContext()),
                               tensor.getLoc());
}

Value ScanBuilder::channel(Value tensor) {
  AffineMap map = channelMap(scan.getContext());
  for (unsigned i = 0; i < params.size(); ++i)
    if (params[i] == tensor && maps[mapOfParam(i)] == map)
      return step().getArgument(mapOfParam(i));
  unsigned at = mapOfParam(params.size());
  maps.insert(maps.begin() + at, map);
  params.push_back(tensor);
  return step().insertArgument(at, Float32Type::get(scan.getContext()),
                               tensor.getLoc());
}

/// What the step sees of an operand of `op`.
Value ScanBuilder::argumentFor(linalg::LinalgOp op, OpOperand &operand) {
  if (op.getMatchingIndexingMap(&operand).isIdentity())
    return input(operand.get(), rowMap(scan.getContext()));
  if (isRowScalar(op, operand))
    return input(operand.get(), scalarMap(scan.getContext()));
  return channel(operand.get());
}

void ScanBuilder::dropInput(unsigned i) {
  maps.erase(maps.begin() + i);
  inputs.erase(inputs.begin() + i);
  delays.erase(delays.begin() + i);
  step().eraseArgument(i);
}

void ScanBuilder::dropOut(unsigned i) {
  maps.erase(maps.begin() + mapOfOut(i));
  outs.erase(outs.begin() + i);
  yielded.erase(yielded.begin() + i);
}

Value ScanBuilder::cloneBody(linalg::LinalgOp op, ArrayRef<Value> operands,
                             IRRewriter &rewriter) {
  IRMapping mapping;
  for (auto [argument, value] :
       llvm::zip(op.getBlock()->getArguments(), operands))
    mapping.map(argument, value);
  llvm::SetVector<Value> captured;
  getUsedValuesDefinedAbove(op->getRegions(), captured);
  for (Value value : captured)
    mapping.map(value, rewriter.clone(*value.getDefiningOp())->getResult(0));
  for (Operation &inner : op.getBlock()->without_terminator())
    rewriter.clone(inner, mapping);
  return mapping.lookupOrDefault(op.getBlock()->getTerminator()->getOperand(0));
}

ScanOp ScanBuilder::rebuild(IRRewriter &rewriter) {
  SmallVector<Type> types;
  for (Value out : outs)
    types.push_back(out.getType());
  llvm::append_range(types, TypeRange(scan.getStates()));
  rewriter.setInsertionPoint(scan);
  auto made = ScanOp::create(
      rewriter, scan.getLoc(), types, inputs, params, scan.getOffsets(), outs,
      scan.getStates(), rewriter.getAffineMapArrayAttr(maps),
      scan.getDirectionAttr(), rewriter.getDenseI64ArrayAttr(delays));
  if (Attribute layer = scan->getAttr(names::kLayer))
    made->setAttr(names::kLayer, layer);
  made.getStep().takeBody(scan.getStep());
  made.getStep().front().getTerminator()->setOperands(yielded);
  return made;
}

void ScanBuilder::absorbConsumer(linalg::LinalgOp op, IRRewriter &rewriter) {
  Operation *yield = step().getTerminator();
  yielded.assign(yield->operand_begin(), yield->operand_end());
  rewriter.setInsertionPoint(yield);
  SmallVector<Value> operands;
  for (OpOperand *operand : op.getDpsInputOperands()) {
    auto result = dyn_cast<OpResult>(operand->get());
    if (result && result.getOwner() == scan)
      operands.push_back(yielded[result.getResultNumber()]);
    else
      operands.push_back(argumentFor(op, *operand));
  }
  Value value = cloneBody(op, operands, rewriter);

  // The new out comes last among the outs; the map of an out is that of rows.
  SmallVector<Value> results(scan.getResults());
  unsigned oldOuts = outs.size();
  maps.insert(maps.begin() + mapOfOut(oldOuts), rowMap(scan.getContext()));
  outs.push_back(op.getDpsInits()[0]);
  yielded.insert(yielded.begin() + oldOuts, value);
  results.insert(results.begin() + oldOuts, op->getResult(0));
  for (unsigned i = oldOuts; i-- > 0;) {
    bool others = llvm::any_of(results[i].getUsers(),
                               [&](Operation *user) { return user != op; });
    if (others)
      continue;
    dropOut(i);
    results.erase(results.begin() + i);
  }
  ScanOp made = rebuild(rewriter);
  for (auto [from, to] : llvm::zip(results, made.getResults()))
    rewriter.replaceAllUsesWith(from, to);
  rewriter.eraseOp(op);
  rewriter.eraseOp(scan);
}

void ScanBuilder::absorbProducer(linalg::LinalgOp op, unsigned i,
                                 IRRewriter &rewriter) {
  Operation *yield = step().getTerminator();
  rewriter.setInsertionPointToStart(&step());
  SmallVector<Value> operands;
  for (OpOperand *operand : op.getDpsInputOperands())
    operands.push_back(argumentFor(op, *operand));
  Value value = cloneBody(op, operands, rewriter);
  rewriter.replaceAllUsesWith(step().getArgument(i), value);
  yielded.assign(yield->operand_begin(), yield->operand_end());
  dropInput(i);
  ScanOp made = rebuild(rewriter);
  rewriter.replaceAllUsesWith(scan.getResults(), made.getResults());
  rewriter.eraseOp(scan);
  if (op->use_empty())
    rewriter.eraseOp(op);
}

/// Moves what `op` needs, other than results of `scan`, before `scan`. False,
/// with nothing moved, if some of it depends on `scan`.
static bool hoistOperands(linalg::LinalgOp op, ScanOp scan) {
  llvm::SetVector<Operation *> needed;
  SmallVector<Value> work(op->getOperands());
  llvm::erase_if(work, [&](Value v) { return v.getDefiningOp() == scan; });
  while (!work.empty()) {
    Operation *def = work.pop_back_val().getDefiningOp();
    if (!def || def->getBlock() != scan->getBlock() ||
        def->isBeforeInBlock(scan))
      continue;
    if (def == scan)
      return false;
    if (!needed.insert(def))
      continue;
    work.append(def->operand_begin(), def->operand_end());
    llvm::SetVector<Value> captured;
    getUsedValuesDefinedAbove(def->getRegions(), captured);
    work.append(captured.begin(), captured.end());
  }
  SmallVector<Operation *> ordered = needed.takeVector();
  llvm::sort(ordered,
             [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  for (Operation *def : ordered)
    def->moveBefore(scan);
  return true;
}

static void remarkOn(ScanOp scan, Operation *op, StringRef reason) {
  if (reason.empty()) {
    remark::passed(op->getLoc(),
                   remark::RemarkOpts::name("inlined").category(kCategory))
        << remark::metric("op", op->getName().getStringRef());
    return;
  }
  remark::missed(op->getLoc(),
                 remark::RemarkOpts::name("not inlined").category(kCategory))
      << remark::metric("op", op->getName().getStringRef())
      << remark::reason("{0}", reason);
}

/// Rows of the operands of `op` are rows of the scan.
static bool sameRows(linalg::LinalgOp op, ScanOp scan, Value reference) {
  SymbolicExtent rows = extentOf(reference, 0);
  return llvm::all_of(op->getOpOperands(), [&](OpOperand &operand) {
    return isChannelVector(op, operand) || extentOf(operand.get(), 0) == rows;
  });
}

/// A reader that makes something of each value that the scan puts out.
static bool inlineConsumer(ScanOp scan, IRRewriter &rewriter) {
  AffineMap row = rowMap(scan.getContext());
  for (auto [i, out] : llvm::enumerate(scan.getOuts())) {
    if (scan.getMap(unsigned(scan.getNumInputs() + scan.getNumParams() + i)) !=
        row)
      continue;
    for (Operation *user : scan.getResult(unsigned(i)).getUsers()) {
      auto op = dyn_cast<linalg::LinalgOp>(user);
      if (!op || op->getBlock() != scan->getBlock() ||
          op.getNumReductionLoops() > 0)
        continue;
      StringRef reason = unfit(op);
      if (reason.empty() && !sameRows(op, scan, out))
        reason = "it runs over other rows";
      // States and outs with a state axis are no rows by channels.
      for (Value operand : op->getOperands())
        if (auto result = dyn_cast<OpResult>(operand);
            result && result.getOwner() == scan && reason.empty() &&
            (result.getResultNumber() >= scan.getOuts().size() ||
             scan.getMap(scan.getNumInputs() + scan.getNumParams() +
                         result.getResultNumber()) != row))
          reason = "it reads the scan's state";
      if (reason.empty() && !hoistOperands(op, scan))
        reason = "another operand depends on the scan";
      remarkOn(scan, op, reason);
      if (!reason.empty())
        continue;
      ScanBuilder(scan).absorbConsumer(op, rewriter);
      return true;
    }
  }
  return false;
}

/// An op that applies values per row to rows, as the last part of a norm: a few
/// operations on rows that others read anyway.
static bool appliesRowScalars(linalg::LinalgOp op) {
  return llvm::any_of(op->getOpOperands(), [&](OpOperand &operand) {
    return isRowScalar(op, operand);
  });
}

/// Readers of `op` that are scans can each compute it.
static bool isReadByScansAlone(Operation *op) {
  return llvm::all_of(op->getUsers(),
                      [](Operation *user) { return isa<ScanOp>(user); });
}

/// The maker of an input. Where its own operands come from row kernels it joins
/// those, which costs nothing.
static bool inlineProducer(ScanOp scan, IRRewriter &rewriter) {
  AffineMap row = rowMap(scan.getContext());
  for (auto [i, input] : llvm::enumerate(scan.getInputs())) {
    auto op = input.getDefiningOp<linalg::LinalgOp>();
    if (!op || scan.getMap(unsigned(i)) != row || op.getNumReductionLoops() > 0)
      continue;
    StringRef reason = unfit(op);
    bool scales = reason.empty() && appliesRowScalars(op);
    if (reason.empty() && !op->hasOneUse() &&
        !(scales && isReadByScansAlone(op)))
      reason = "others read its result";
    if (reason.empty() && scan.getDelays()[i] != 0)
      reason = "the input is delayed";
    if (reason.empty() && !sameRows(op, scan, input))
      reason = "it runs over other rows";
    bool fromRows = llvm::any_of(op.getDpsInputs(), [](Value v) {
      Operation *def = v.getDefiningOp();
      return def && !isa<ScanOp, AttendOp>(def);
    });
    if (reason.empty() && fromRows && !scales)
      reason = "it joins the row kernel that makes its operands";
    remarkOn(scan, op, reason);
    if (!reason.empty())
      continue;
    ScanBuilder(scan).absorbProducer(op, unsigned(i), rewriter);
    return true;
  }
  return false;
}

namespace {
struct FuseScanPass
    : public seqc::passes::impl::FuseScanPassBase<FuseScanPass> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    IRRewriter rewriter(&getContext());
    // Last scans first: the sum of two scans goes into the later one, which
    // then reads the earlier one's rows.
    bool changed = true;
    while (changed) {
      changed = false;
      SmallVector<ScanOp> scans(function.getOps<ScanOp>());
      for (ScanOp scan : llvm::reverse(scans)) {
        changed =
            inlineConsumer(scan, rewriter) || inlineProducer(scan, rewriter);
        if (!changed)
          continue;
        ++inlined;
        break;
      }
    }
  }
};
} // namespace
