//===- VectorizeReduction.cpp - reductions to vectors of partial results --===//
//
// Two shapes. Lanes along the reduction: partial results per lane, in several
// chains, combined at the end of each row. Lanes along a parallel axis: the
// results of several vectors of lanes are carried through the reduction loops;
// the body may be anything then.
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"
#include "passes/Transforms/LaneEmitter.h"
#include "passes/Transforms/ReductionUpdate.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace seqc::passes {
#define GEN_PASS_DEF_SEQCVECTORIZEREDUCTION
#include "passes/Passes.h.inc"
} // namespace seqc::passes

using namespace mlir;
using namespace seqc::passes;

namespace {

/// Partial results of one row that are in flight at once.
constexpr int64_t kChains = 4;
/// Vectors of lanes that one pass over a leading axis carries.
constexpr int64_t kGroup = 4;

struct VectorizeReduction
    : seqc::passes::impl::SeqcVectorizeReductionBase<VectorizeReduction> {
  void runOnOperation() override;
};

} // namespace

//===----------------------------------------------------------------------===//
// Lanes along the reduction
//===----------------------------------------------------------------------===//

namespace {
class RowReduction {
public:
  RowReduction(linalg::LinalgOp op, int64_t lanes, unsigned laneDim,
               SmallVector<Update> updates)
      : op(op), lanes(lanes), laneDim(laneDim), updates(std::move(updates)),
        emitter(op, lanes, laneDim), loc(op.getLoc()) {}
  void emit();

private:
  void emitRow(OpBuilder &builder);
  SmallVector<Value> emitLaneLoops(OpBuilder &builder, SmallVector<Value> sums);
  /// Adds the block of lanes at `base` to the partial results of one chain.
  void emitBlock(OpBuilder &builder, Value base, Value mask,
                 MutableArrayRef<Value> sums);

  linalg::LinalgOp op;
  int64_t lanes;
  unsigned laneDim;
  SmallVector<Update> updates;
  LaneEmitter emitter;
  Location loc;
  SmallVector<OpFoldResult> extents;
  SmallVector<unsigned> reductionDims; ///< other than the lanes
};
} // namespace

void RowReduction::emit() {
  OpBuilder builder(op);
  extents = loopExtents(builder, op);
  SmallVector<unsigned> parallelDims;
  op.getParallelDims(parallelDims);
  op.getReductionDims(reductionDims);
  llvm::erase(reductionDims, laneDim);
  emitLoopNest(builder, loc, extents, parallelDims, emitter.ivs,
               [&](OpBuilder &inner) { emitRow(inner); });
  op->erase();
}

void RowReduction::emitBlock(OpBuilder &builder, Value base, Value mask,
                             MutableArrayRef<Value> sums) {
  emitter.ivs[laneDim] = base;
  emitter.mask = mask;
  SmallVector<Value> arguments;
  for (OpOperand *input : op.getDpsInputOperands())
    arguments.push_back(emitter.load(builder, *input));
  arguments.resize(op.getBlock()->getNumArguments());
  for (auto [update, sum] : llvm::zip_equal(updates, sums)) {
    Value value = emitter.asVector(
        builder, emitter.emitValue(builder, arguments, update.value));
    if (mask) {
      Value identity = splatConstant(builder, loc, value.getType(),
                                     identityOf(update.combiner));
      value = arith::SelectOp::create(builder, loc, mask, value, identity);
    }
    sum = combine(builder, loc, update.combiner, sum, value);
  }
}

/// Blocks of kChains vectors, then single vectors, then a masked rest.
SmallVector<Value> RowReduction::emitLaneLoops(OpBuilder &builder,
                                               SmallVector<Value> sums) {
  size_t outputs = updates.size();
  auto emitLoop = [&](Value lower, Value upper, int64_t chains) {
    auto loop =
        scf::ForOp::create(builder, loc, lower, upper,
                           indexConstant(builder, loc, chains * lanes), sums);
    OpBuilder inner = OpBuilder::atBlockEnd(loop.getBody());
    SmallVector<Value> values(loop.getRegionIterArgs());
    for (int64_t chain = 0; chain < chains; ++chain) {
      Value base =
          arith::AddIOp::create(inner, loc, loop.getInductionVar(),
                                indexConstant(inner, loc, chain * lanes));
      emitBlock(inner, base, {},
                MutableArrayRef(values).slice(chain * outputs, outputs));
    }
    scf::YieldOp::create(inner, loc, values);
    sums.assign(loop.getResults().begin(), loop.getResults().end());
  };
  auto first = [&](SmallVector<Value> &values) {
    return MutableArrayRef(values).take_front(outputs);
  };
  int64_t width = kChains * lanes;
  if (std::optional<int64_t> known = getConstantIntValue(extents[laneDim])) {
    int64_t wide = *known - *known % width, full = *known - *known % lanes;
    if (wide)
      emitLoop(indexConstant(builder, loc, 0),
               indexConstant(builder, loc, wide), kChains);
    for (int64_t base = wide, chain = 0; base < full; base += lanes, ++chain)
      emitBlock(builder, indexConstant(builder, loc, base), {},
                MutableArrayRef(sums).slice(chain * outputs, outputs));
    if (full != *known)
      emitBlock(
          builder, indexConstant(builder, loc, full),
          laneMask(builder, loc, lanes, builder.getIndexAttr(*known - full)),
          first(sums));
    return sums;
  }
  Value end = cast<Value>(extents[laneDim]);
  auto multiple = [&](int64_t factor) {
    Value rest = arith::RemUIOp::create(builder, loc, end,
                                        indexConstant(builder, loc, factor));
    return arith::SubIOp::create(builder, loc, end, rest).getResult();
  };
  Value wide = multiple(width);
  emitLoop(indexConstant(builder, loc, 0), wide, kChains);
  // What is left fits one loop with masks: at most kChains steps.
  auto rest = scf::ForOp::create(builder, loc, wide, end,
                                 indexConstant(builder, loc, lanes),
                                 ValueRange(sums).take_front(outputs));
  OpBuilder inner = OpBuilder::atBlockEnd(rest.getBody());
  SmallVector<Value> values(rest.getRegionIterArgs());
  Value count = arith::SubIOp::create(inner, loc, end, rest.getInductionVar());
  emitBlock(inner, rest.getInductionVar(), laneMask(inner, loc, lanes, count),
            values);
  scf::YieldOp::create(inner, loc, values);
  llvm::copy(rest.getResults(), sums.begin());
  return sums;
}

void RowReduction::emitRow(OpBuilder &builder) {
  auto type = VectorType::get(lanes, builder.getF32Type());
  std::optional<int64_t> known = getConstantIntValue(extents[laneDim]);
  int64_t chains =
      known ? std::clamp<int64_t>(*known / lanes, 1, kChains) : kChains;
  size_t outputs = updates.size();
  SmallVector<Value> sums;
  for (int64_t chain = 0; chain < chains; ++chain)
    for (const Update &update : updates)
      sums.push_back(
          splatConstant(builder, loc, type, identityOf(update.combiner)));

  // Reduction axes besides the lanes: loops that carry the partial results.
  SmallVector<scf::ForOp> loops;
  OpBuilder inner = builder;
  for (unsigned dim : reductionDims) {
    auto loop = scf::ForOp::create(inner, loc, indexConstant(inner, loc, 0),
                                   indexValue(inner, loc, extents[dim]),
                                   indexConstant(inner, loc, 1), sums);
    inner.setInsertionPointToEnd(loop.getBody());
    emitter.ivs[dim] = loop.getInductionVar();
    sums.assign(loop.getRegionIterArgs().begin(),
                loop.getRegionIterArgs().end());
    loops.push_back(loop);
  }
  emitter.preloadUniform(inner);
  sums = emitLaneLoops(inner, std::move(sums));
  for (scf::ForOp loop : llvm::reverse(loops)) {
    OpBuilder end = OpBuilder::atBlockEnd(loop.getBody());
    scf::YieldOp::create(end, loc, sums);
    sums.assign(loop.getResults().begin(), loop.getResults().end());
  }

  for (auto [index, update] : llvm::enumerate(updates)) {
    Value partial = sums[index];
    for (int64_t chain = 1; chain < chains; ++chain)
      partial = combine(builder, loc, update.combiner, partial,
                        sums[chain * outputs + index]);
    OpOperand *out = op.getDpsInitOperand(index);
    Value init = emitter.load(builder, *out);
    emitter.store(builder, *out,
                  combineLanes(builder, loc, update.combiner, partial, init));
  }
}

//===----------------------------------------------------------------------===//
// Lanes along a parallel axis
//===----------------------------------------------------------------------===//

namespace {
class LaneReduction {
public:
  LaneReduction(linalg::LinalgOp op, int64_t lanes,
                std::optional<unsigned> laneDim, SmallVector<Update> updates)
      : op(op), lanes(lanes), laneDim(laneDim), updates(std::move(updates)),
        loc(op.getLoc()), ivs(op.getNumLoops()) {}
  void emit();

private:
  using Blocks = SmallVector<std::pair<Value, Value>>; ///< first lane, mask
  void emitLanes(OpBuilder &builder);
  /// Reduces these vectors of lanes in one pass over the reduction axes.
  void emitBlocks(OpBuilder &builder, const Blocks &blocks);
  bool canChain(int64_t chains);
  void emitStep(OpBuilder &builder, MutableArrayRef<LaneEmitter> emitters,
                MutableArrayRef<Value> sums);
  void emitLoops(OpBuilder &builder, MutableArrayRef<LaneEmitter> emitters,
                 SmallVector<Value> &sums);
  void emitChains(OpBuilder &builder, MutableArrayRef<LaneEmitter> emitters,
                  int64_t chains, SmallVector<Value> &sums);

  linalg::LinalgOp op;
  int64_t lanes;
  std::optional<unsigned> laneDim;
  SmallVector<Update> updates; ///< one per output, or none
  Location loc;
  SmallVector<Value> ivs;
  SmallVector<OpFoldResult> extents;
  SmallVector<unsigned> reductionDims;
};
} // namespace

void LaneReduction::emit() {
  OpBuilder builder(op);
  extents = loopExtents(builder, op);
  SmallVector<unsigned> outer;
  op.getParallelDims(outer);
  op.getReductionDims(reductionDims);
  if (laneDim)
    llvm::erase(outer, *laneDim);
  emitLoopNest(builder, loc, extents, outer, ivs, [&](OpBuilder &inner) {
    if (laneDim)
      emitLanes(inner);
    else
      emitBlocks(inner, {{Value(), Value()}});
  });
  op->erase();
}

void LaneReduction::emitLanes(OpBuilder &builder) {
  std::optional<int64_t> known = getConstantIntValue(extents[*laneDim]);
  if (!known)
    return emitLaneBlocks(builder, loc, extents[*laneDim], lanes,
                          /*oneBody=*/true,
                          [&](OpBuilder &inner, Value base, Value mask) {
                            emitBlocks(inner, {{base, mask}});
                          });
  int64_t width = kGroup * lanes, wide = *known - *known % width;
  auto blocksFrom = [&](OpBuilder &inner, Value first, int64_t count) {
    Blocks blocks;
    for (int64_t done = 0; done < count; done += lanes) {
      Value base = arith::AddIOp::create(inner, loc, first,
                                         indexConstant(inner, loc, done));
      Value mask;
      if (count - done < lanes)
        mask = laneMask(inner, loc, lanes, inner.getIndexAttr(count - done));
      blocks.push_back({base, mask});
    }
    return blocks;
  };
  if (wide) {
    auto loop = scf::ForOp::create(builder, loc, indexConstant(builder, loc, 0),
                                   indexConstant(builder, loc, wide),
                                   indexConstant(builder, loc, width));
    OpBuilder inner = OpBuilder::atBlockTerminator(loop.getBody());
    emitBlocks(inner, blocksFrom(inner, loop.getInductionVar(), width));
  }
  if (wide != *known)
    emitBlocks(builder, blocksFrom(builder, indexConstant(builder, loc, wide),
                                   *known - wide));
}

void LaneReduction::emitBlocks(OpBuilder &builder, const Blocks &blocks) {
  SmallVector<LaneEmitter> emitters;
  SmallVector<Value> sums;
  for (auto [base, mask] : blocks) {
    LaneEmitter &emitter = emitters.emplace_back(op, lanes, laneDim);
    emitter.ivs = ivs;
    emitter.mask = mask;
    if (laneDim)
      emitter.ivs[*laneDim] = base;
    for (OpOperand &out : op.getDpsInitsMutable())
      sums.push_back(emitter.asVector(builder, emitter.load(builder, out)));
  }
  int64_t chains = kChains / blocks.size();
  if (canChain(chains))
    emitChains(builder, emitters, chains, sums);
  else
    emitLoops(builder, emitters, sums);
  size_t outputs = op.getNumDpsInits();
  for (auto [index, emitter] : llvm::enumerate(emitters))
    for (auto [output, out] : llvm::enumerate(op.getDpsInitsMutable()))
      emitter.store(builder, out, sums[index * outputs + output]);
}

/// Whether one vector of results may be split in partial ones, and is worth it.
bool LaneReduction::canChain(int64_t chains) {
  if (chains < 2 || !laneDim || reductionDims.size() != 1 ||
      updates.size() != size_t(op.getNumDpsInits()))
    return false;
  std::optional<int64_t> known =
      getConstantIntValue(extents[reductionDims.front()]);
  return !known || *known >= 2 * chains;
}

/// One step of the body as it is written, for every vector of lanes.
void LaneReduction::emitStep(OpBuilder &builder,
                             MutableArrayRef<LaneEmitter> emitters,
                             MutableArrayRef<Value> sums) {
  size_t outputs = op.getNumDpsInits();
  for (auto [index, emitter] : llvm::enumerate(emitters)) {
    MutableArrayRef<Value> results = sums.slice(index * outputs, outputs);
    SmallVector<Value> arguments;
    for (OpOperand *input : op.getDpsInputOperands())
      arguments.push_back(emitter.load(builder, *input));
    llvm::append_range(arguments, results);
    for (auto [result, value] :
         llvm::zip_equal(results, emitter.emitBody(builder, arguments)))
      result = emitter.asVector(builder, value);
  }
}

void LaneReduction::emitLoops(OpBuilder &builder,
                              MutableArrayRef<LaneEmitter> emitters,
                              SmallVector<Value> &sums) {
  SmallVector<scf::ForOp> loops;
  OpBuilder inner = builder;
  for (unsigned dim : reductionDims) {
    auto loop = scf::ForOp::create(inner, loc, indexConstant(inner, loc, 0),
                                   indexValue(inner, loc, extents[dim]),
                                   indexConstant(inner, loc, 1), sums);
    inner.setInsertionPointToEnd(loop.getBody());
    for (LaneEmitter &emitter : emitters)
      emitter.ivs[dim] = loop.getInductionVar();
    sums.assign(loop.getRegionIterArgs().begin(),
                loop.getRegionIterArgs().end());
    loops.push_back(loop);
  }
  emitStep(inner, emitters, sums);
  for (scf::ForOp loop : llvm::reverse(loops)) {
    OpBuilder end = OpBuilder::atBlockEnd(loop.getBody());
    scf::YieldOp::create(end, loc, sums);
    sums.assign(loop.getResults().begin(), loop.getResults().end());
  }
}

/// Few vectors of lanes: `chains` partial results each, or every step would
/// wait for the one before.
void LaneReduction::emitChains(OpBuilder &builder,
                               MutableArrayRef<LaneEmitter> emitters,
                               int64_t chains, SmallVector<Value> &sums) {
  unsigned dim = reductionDims.front();
  size_t results = sums.size();
  auto combinerOf = [&](size_t result) {
    return updates[result % updates.size()].combiner;
  };
  SmallVector<Value> partial = sums;
  while (partial.size() < results * chains) {
    size_t result = partial.size() % results;
    partial.push_back(splatConstant(builder, loc, sums[result].getType(),
                                    identityOf(combinerOf(result))));
  }
  auto emitLoop = [&](Value lower, Value upper, int64_t step,
                      SmallVector<Value> &values) {
    auto loop = scf::ForOp::create(builder, loc, lower, upper,
                                   indexConstant(builder, loc, step), values);
    OpBuilder inner = OpBuilder::atBlockEnd(loop.getBody());
    values.assign(loop.getRegionIterArgs().begin(),
                  loop.getRegionIterArgs().end());
    for (int64_t chain = 0; chain < step; ++chain) {
      Value position = arith::AddIOp::create(inner, loc, loop.getInductionVar(),
                                             indexConstant(inner, loc, chain));
      for (LaneEmitter &emitter : emitters)
        emitter.ivs[dim] = position;
      emitStep(inner, emitters,
               MutableArrayRef(values).slice(chain * results, results));
    }
    scf::YieldOp::create(inner, loc, values);
    values.assign(loop.getResults().begin(), loop.getResults().end());
  };
  Value end = indexValue(builder, loc, extents[dim]);
  Value rest = arith::RemUIOp::create(builder, loc, end,
                                      indexConstant(builder, loc, chains));
  Value full = arith::SubIOp::create(builder, loc, end, rest);
  emitLoop(indexConstant(builder, loc, 0), full, chains, partial);
  for (size_t result = 0; result < results; ++result) {
    sums[result] = partial[result];
    for (int64_t chain = 1; chain < chains; ++chain)
      sums[result] = combine(builder, loc, combinerOf(result), sums[result],
                             partial[chain * results + result]);
  }
  emitLoop(full, end, 1, sums);
}

//===----------------------------------------------------------------------===//
// Pass
//===----------------------------------------------------------------------===//

/// A reduction axis along which some input is contiguous, provided that no
/// input is contiguous along the output's lanes: then those would have to be
/// gathered.
static std::optional<unsigned>
rowReductionDim(linalg::LinalgOp op, std::optional<unsigned> outputDim) {
  std::optional<unsigned> found;
  for (OpOperand *input : op.getDpsInputOperands()) {
    auto type = dyn_cast<MemRefType>(input->get().getType());
    AffineMap map = op.getMatchingIndexingMap(input);
    if (!type || type.getRank() == 0)
      continue;
    // A column of width 1 is as good as a row.
    int64_t position = type.getRank() - 1;
    while (position > 0 && type.getDimSize(position) == 1)
      --position;
    auto dim = dyn_cast<AffineDimExpr>(map.getResult(position));
    if (!dim)
      continue;
    if (outputDim && dim.getPosition() == *outputDim && map.getNumResults() > 1)
      return std::nullopt;
    if (op.getIteratorTypesArray()[dim.getPosition()] ==
        utils::IteratorType::reduction)
      found = dim.getPosition();
  }
  return found;
}

/// The output's innermost axis of more than one element.
static std::optional<unsigned> outputLaneDim(linalg::LinalgOp op) {
  OpOperand *out = op.getDpsInitOperand(0);
  auto type = cast<MemRefType>(out->get().getType());
  ArrayRef<AffineExpr> exprs = op.getMatchingIndexingMap(out).getResults();
  for (int64_t position = type.getRank() - 1; position >= 0; --position)
    if (auto dim = dyn_cast<AffineDimExpr>(exprs[position]);
        dim && type.getDimSize(position) != 1)
      return dim.getPosition();
  return std::nullopt;
}

static void vectorizeOp(linalg::LinalgOp op, int64_t lanes) {
  std::optional<unsigned> outputDim = outputLaneDim(op);
  std::optional<unsigned> rowDim = rowReductionDim(op, outputDim);
  SmallVector<Update> updates;
  for (unsigned output = 0, end = op.getNumDpsInits(); output < end; ++output)
    if (std::optional<Update> update = matchUpdate(op, output))
      updates.push_back(*update);
  bool known = updates.size() == size_t(op.getNumDpsInits());
  if (!known)
    updates.clear();
  if (rowDim && known)
    return RowReduction(op, lanes, *rowDim, std::move(updates)).emit();
  LaneReduction(op, lanes, outputDim, std::move(updates)).emit();
}

void VectorizeReduction::runOnOperation() {
  int64_t lanes = getVectorTarget(getOperation()).lanes;
  SmallVector<linalg::LinalgOp> ops;
  getOperation().walk([&](linalg::LinalgOp op) {
    if (op.hasPureBufferSemantics() && op.getNumReductionLoops() > 0)
      ops.push_back(op);
  });
  for (linalg::LinalgOp op : ops) {
    if (LaneEmitter::supports(op))
      vectorizeOp(op, lanes);
    else
      lowerToScalarLoops(op);
  }
}
