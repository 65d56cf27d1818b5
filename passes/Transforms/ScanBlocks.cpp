//===- ScanBlocks.cpp - scans by blocks of rows and groups of states ------===//
//
//   params of all channels, turned around, to scratch
//   for each sequence
//     states, turned around, to scratch
//     for each block of rows
//       for each vector of channels
//         for each row: what states wait for
//         for each group of states: for each row: their share of the sums
//         for each row: outs
//     states back
//
// Where one group has all states, their loop makes the outs as well; the first
// loop is there for what takes long, and where sums start from 0.
//
//===----------------------------------------------------------------------===//

#include "passes/Transforms/ScanBlocks.h"

#include "passes/Transforms/ScanAccess.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace seqc;
using namespace seqc::passes;

static constexpr int64_t kScratchAlignment = 64;

namespace {
/// Vectors in scratch, numbered along one axis.
class VectorArray {
public:
  /// `offset` counts bytes.
  VectorArray(LaneBuilder &lb, Value scratch, Value offset, int64_t count)
      : lb(&lb), scratch(scratch), offset(offset) {
    auto type =
        MemRefType::get({count, lb.getLanes()}, lb.builder().getF32Type());
    view = memref::ViewOp::create(lb.builder(), lb.getLoc(), type, scratch,
                                  offset, ValueRange());
  }

  /// `count` vectors from number `first` on: their numbers become constants.
  VectorArray slice(Value first, int64_t count) const {
    Value bytes = lb->mul(first, lb->index(lb->getLanes() * sizeof(float)));
    return {*lb, scratch, lb->add(offset, bytes), count};
  }
  Value load(Value at) const {
    return lb->load(view, {at, lb->index(0)}, /*axis=*/1, {});
  }
  void store(Value vector, Value at) const {
    lb->store(vector, view, {at, lb->index(0)}, /*axis=*/1, {});
  }
  Lanes loadAll() const {
    Lanes vectors;
    for (int64_t j = 0; j < cast<MemRefType>(view.getType()).getDimSize(0); ++j)
      vectors.push_back(load(lb->index(j)));
    return vectors;
  }
  void storeAll(ArrayRef<Value> vectors) const {
    for (auto [j, vector] : llvm::enumerate(vectors))
      store(vector, lb->index(j));
  }

private:
  LaneBuilder *lb;
  Value scratch, offset, view;
};

class BlockedScanEmitter {
public:
  BlockedScanEmitter(OpBuilder &builder, ir::ScanOp op, int64_t lanes,
                     const ScanPhases &phases, BlockSize size)
      : op(op), lb(builder, op.getLoc(), lanes),
        access(op, lb, LaneAxis::Channels), phases(phases), size(size),
        grouped(size.states < phases.states),
        kept(grouped || phases.beforeCallsMath) {}

  void emit(int64_t mostChannels);

private:
  /// Rows of a sequence, `first` being visited first, for one vector of
  /// channels.
  struct Block {
    const SequenceRows &sequence;
    Value first, count;
    const ChannelChunk &chunk;
  };
  using Operations = ArrayRef<Operation *>;

  VectorArray allocate(int64_t vectors);
  bool isParam(unsigned i) {
    return i >= access.firstParam() && i < access.firstOut();
  }
  void forEachChunk(llvm::function_ref<void(const ChannelChunk &)> body);
  void forEachGroup(llvm::function_ref<void(StateRange)> body);
  VectorArray sliceOf(unsigned i, const ChannelChunk &chunk, StateRange states);
  int64_t turnWidth();
  void turnIn(Value sequence, unsigned begin, unsigned end);
  void turnOut(Value sequence);
  void emitSequence(Value sequence);
  void emitBefore(const Block &block);
  void emitGroup(const Block &block, StateRange states);
  SmallVector<Value> emitRow(const Block &block, Value i, StateRange states,
                             ValueRange carried);
  void emitAfter(const Block &block);
  void emitOuts(StepEmitter &step, const Block &block, Value i);
  Value rowOf(const Block &block, Value i) {
    return access.rowAt(block.sequence, lb.add(block.first, i));
  }
  void bind(StepEmitter &step, Operations readers, bool readsOuts,
            const Block &block, Value i, StateRange states);
  ValueRange yielded() {
    return op.getStep().front().getTerminator()->getOperands();
  }

  ir::ScanOp op;
  LaneBuilder lb;
  ScanAccess access;
  const ScanPhases &phases;
  BlockSize size;
  bool grouped; ///< there are several groups of states
  bool kept;    ///< what states wait for has a loop of its own
  /// Params with a state axis and states, by operand number.
  llvm::DenseMap<unsigned, VectorArray> arrays;
  /// Those of the chunk and the group that are emitted.
  llvm::DenseMap<unsigned, VectorArray> slices;
  llvm::DenseMap<unsigned, Lanes> paramVectors;
  SmallVector<VectorArray> keptRows, sumRows;
};
} // namespace

VectorArray BlockedScanEmitter::allocate(int64_t vectors) {
  auto kernel = op->getParentOfType<func::FuncOp>();
  auto scratch = kernel->getAttrOfType<IntegerAttr>(ir::names::kScratch);
  OpBuilder &b = lb.builder();
  int64_t offset = llvm::alignTo(scratch.getInt(), kScratchAlignment);
  int64_t bytes = vectors * lb.getLanes() * int64_t(sizeof(float));
  kernel->setAttr(ir::names::kScratch, b.getI64IntegerAttr(offset + bytes));
  return {lb, kernel.getArguments().back(), lb.index(offset), vectors};
}

void BlockedScanEmitter::emit(int64_t mostChannels) {
  int64_t chunks = llvm::divideCeil(mostChannels, lb.getLanes());
  for (unsigned i = access.firstParam(); i < access.numOperands(); ++i)
    if (op.hasStateAxis(i))
      arrays.try_emplace(i, allocate(chunks * phases.states));
  if (kept)
    for (size_t k = 0; k < phases.kept.size(); ++k)
      keptRows.push_back(allocate(size.rows));
  if (grouped)
    for (size_t k = 0; k < phases.sums.size(); ++k)
      sumRows.push_back(allocate(size.rows));

  turnIn({}, access.firstParam(), access.firstOut());
  Value sequences = lb.sub(lb.dim(op.getOffsets(), 0), lb.index(1));
  lb.forEach(sequences, 1, [&](Value sequence) { emitSequence(sequence); });
}

void BlockedScanEmitter::forEachChunk(
    llvm::function_ref<void(const ChannelChunk &)> body) {
  Value channels = access.channels();
  int64_t width = access.width();
  Value vectorEnd = lb.floorTo(channels, width);
  lb.ifNotZero(vectorEnd, [&] {
    lb.forEach(vectorEnd, width,
               [&](Value channel) { body({channel, {}, width}); });
  });
  Value rest = lb.sub(channels, vectorEnd);
  lb.ifNotZero(rest, [&] {
    body({vectorEnd, lb.maskBelow(rest),
          getConstantIntValue(rest).value_or(-1)});
  });
}

void BlockedScanEmitter::forEachGroup(
    llvm::function_ref<void(StateRange)> body) {
  if (!grouped)
    return body({lb.index(0), phases.states});
  int64_t whole = phases.states - phases.states % size.states;
  lb.forEach(lb.index(whole), size.states,
             [&](Value first) { body({first, size.states}); });
  if (whole < phases.states)
    body({lb.index(whole), phases.states - whole});
}

/// Some states of a chunk in the array of operand `i`.
VectorArray BlockedScanEmitter::sliceOf(unsigned i, const ChannelChunk &chunk,
                                        StateRange states) {
  OpBuilder &b = lb.builder();
  Value number = b.createOrFold<arith::DivUIOp>(lb.getLoc(), chunk.channel,
                                                lb.index(access.width()));
  Value first = lb.add(lb.mul(number, lb.index(phases.states)), states.first);
  return arrays.at(i).slice(first, states.count);
}

/// States turned around at once. Once for many rows, one at a time is least
/// code; whole squares are faster, which counts where few rows go by blocks as
/// well.
int64_t BlockedScanEmitter::turnWidth() {
  return grouped && phases.states % lb.getLanes() == 0 ? lb.getLanes() : 1;
}

void BlockedScanEmitter::turnIn(Value sequence, unsigned begin, unsigned end) {
  int64_t width = turnWidth();
  forEachChunk([&](const ChannelChunk &chunk) {
    lb.forEach(lb.index(phases.states), width, [&](Value n) {
      for (unsigned i = begin; i < end; ++i)
        if (op.hasStateAxis(i))
          sliceOf(i, chunk, {n, width})
              .storeAll(access.loadStates(i, sequence, chunk, {n, width}));
    });
  });
}

void BlockedScanEmitter::turnOut(Value sequence) {
  int64_t width = turnWidth();
  forEachChunk([&](const ChannelChunk &chunk) {
    lb.forEach(lb.index(phases.states), width, [&](Value n) {
      for (unsigned i = access.firstState(); i < access.numOperands(); ++i)
        access.storeStates(i, sequence, chunk, n,
                           sliceOf(i, chunk, {n, width}).loadAll());
    });
  });
}

void BlockedScanEmitter::emitSequence(Value sequence) {
  Value start = lb.loadIndex(op.getOffsets(), sequence);
  Value end = lb.loadIndex(op.getOffsets(), lb.add(sequence, lb.index(1)));
  SequenceRows rows{start, lb.sub(end, start)};
  turnIn(sequence, access.firstState(), access.numOperands());
  OpBuilder &b = lb.builder();
  auto loop = scf::ForOp::create(b, lb.getLoc(), lb.index(0), rows.length,
                                 lb.index(size.rows));
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value first = loop.getInductionVar();
    Value count = lb.min(lb.sub(rows.length, first), lb.index(size.rows));
    forEachChunk([&](const ChannelChunk &chunk) {
      Block block{rows, first, count, chunk};
      if (kept)
        emitBefore(block);
      forEachGroup([&](StateRange states) { emitGroup(block, states); });
      if (grouped)
        emitAfter(block);
    });
  }
  turnOut(sequence);
}

/// What `readers` (and the outs) take from the row, from params and from values
/// that were kept; of operands over states, those of `states`.
void BlockedScanEmitter::bind(StepEmitter &step, Operations readers,
                              bool readsOuts, const Block &block, Value i,
                              StateRange states) {
  llvm::SmallPtrSet<Value, 8> read;
  for (Operation *reader : readers)
    read.insert(reader->operand_begin(), reader->operand_end());
  if (readsOuts)
    read.insert(yielded().begin(), yielded().end());
  Value row = rowOf(block, i);
  for (unsigned k = 0; k < access.firstOut(); ++k) {
    Value argument = op.getStep().getArgument(k);
    if (!read.contains(argument))
      continue;
    Value lead = isParam(k) ? Value() : row;
    if (!op.hasStateAxis(k))
      step.bind(argument, access.load(k, lead, block.chunk));
    else if (isParam(k))
      step.bind(argument,
                phases.callsMath ? paramVectors.at(k) : slices.at(k).loadAll());
    else
      step.bind(argument, access.loadStates(k, row, block.chunk, states));
  }
  for (Operation *constant : phases.constants)
    step.emit(constant);
  for (auto [value, rows] : llvm::zip(phases.kept, keptRows))
    if (read.contains(value))
      step.bind(value, {rows.load(i)});
}

void BlockedScanEmitter::emitBefore(const Block &block) {
  lb.forEach(block.count, 1, [&](Value i) {
    StepEmitter step(lb, LaneAxis::Channels);
    // Nothing is kept yet.
    SmallVector<VectorArray> none;
    std::swap(none, keptRows);
    bind(step, phases.before, false, block, i, {});
    std::swap(none, keptRows);
    for (Operation *inner : phases.before)
      step.emit(inner);
    for (auto [value, rows] : llvm::zip_equal(phases.kept, keptRows))
      rows.store(step.lookup(value).front(), i);
    for (const VectorArray &rows : sumRows)
      rows.store(lb.zero(lb.builder().getF32Type()), i);
  });
}

void BlockedScanEmitter::emitGroup(const Block &block, StateRange states) {
  OpBuilder &b = lb.builder();
  slices.clear();
  paramVectors.clear();
  for (unsigned i = access.firstParam(); i < access.numOperands(); ++i)
    if (op.hasStateAxis(i))
      slices.try_emplace(i, sliceOf(i, block.chunk, states));
  // Factors of an exponential are prepared ahead of the rows; others are
  // operands in memory, which saves copies of what finds no register.
  if (phases.callsMath)
    for (unsigned i = access.firstParam(); i < access.firstOut(); ++i)
      if (op.hasStateAxis(i))
        paramVectors[i] = slices.at(i).loadAll();
  SmallVector<Value> carried;
  for (unsigned i = access.firstState(); i < access.numOperands(); ++i)
    llvm::append_range(carried, slices.at(i).loadAll());
  auto loop = scf::ForOp::create(b, lb.getLoc(), lb.index(0), block.count,
                                 lb.index(1), carried);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    scf::YieldOp::create(b, lb.getLoc(),
                         emitRow(block, loop.getInductionVar(), states,
                                 loop.getRegionIterArgs()));
  }
  for (unsigned i = access.firstState(), at = 0; i < access.numOperands();
       ++i, at += states.count)
    slices.at(i).storeAll(
        SmallVector<Value>(loop.getResults().slice(at, states.count)));
}

SmallVector<Value> BlockedScanEmitter::emitRow(const Block &block, Value i,
                                               StateRange states,
                                               ValueRange carried) {
  StepEmitter step(lb, LaneAxis::Channels, states.count);
  SmallVector<Operation *> readers(phases.perState);
  if (!kept)
    llvm::append_range(readers, phases.before);
  if (!grouped)
    llvm::append_range(readers, phases.after);
  bind(step, readers, /*readsOuts=*/!grouped, block, i, states);
  unsigned outs = op.getOuts().size(), numStates = op.getStates().size();
  for (unsigned s = 0; s < numStates; ++s)
    step.bind(op.getStep().getArgument(access.firstOut() + s),
              Lanes(carried.slice(s * states.count, states.count)));
  if (!kept)
    for (Operation *inner : phases.before)
      step.emit(inner);
  for (Operation *inner : phases.perState) {
    auto sum = dyn_cast<vector::ReductionOp>(inner);
    if (!sum) {
      step.emit(inner);
      continue;
    }
    Value partial = step.sumOf(sum);
    if (grouped) {
      size_t k = llvm::find(phases.sums, sum) - phases.sums.begin();
      sumRows[k].store(arith::AddFOp::create(lb.builder(), lb.getLoc(),
                                             sumRows[k].load(i), partial),
                       i);
    } else {
      step.bind(sum.getDest(), {partial});
    }
  }
  if (!grouped)
    emitOuts(step, block, i);
  SmallVector<Value> next;
  for (unsigned s = 0; s < numStates; ++s)
    llvm::append_range(next, step.lookup(yielded()[outs + s]));
  return next;
}

void BlockedScanEmitter::emitAfter(const Block &block) {
  lb.forEach(block.count, 1, [&](Value i) {
    StepEmitter step(lb, LaneAxis::Channels);
    bind(step, phases.after, /*readsOuts=*/true, block, i, {});
    for (auto [sum, rows] : llvm::zip_equal(phases.sums, sumRows))
      step.bind(sum->getResult(0), {rows.load(i)});
    emitOuts(step, block, i);
  });
}

/// Sums are bound, without their accumulators. The row behind the block, which
/// the next block visits, is fetched.
void BlockedScanEmitter::emitOuts(StepEmitter &step, const Block &block,
                                  Value i) {
  for (Operation *inner : phases.after) {
    auto sum = dyn_cast<vector::ReductionOp>(inner);
    if (!sum)
      step.emit(inner);
    else if (sum.getAcc())
      step.bind(sum.getDest(),
                {arith::AddFOp::create(lb.builder(), lb.getLoc(),
                                       step.lookup(sum.getDest()).front(),
                                       step.lookup(sum.getAcc()).front())});
  }
  Value row = rowOf(block, i);
  for (unsigned k = 0; k < op.getOuts().size(); ++k)
    access.store(access.firstOut() + k, row, block.chunk,
                 step.lookup(yielded()[k]));
  Value last = lb.sub(block.sequence.length, lb.index(1));
  Value later = lb.add(lb.add(block.first, i), lb.index(size.rows));
  access.prefetch(access.rowAt(block.sequence, lb.min(later, last)),
                  block.chunk);
}

void seqc::passes::emitBlockedScan(OpBuilder &builder, ir::ScanOp op,
                                   int64_t lanes, const ScanPhases &phases,
                                   BlockSize size, int64_t mostChannels) {
  BlockedScanEmitter(builder, op, lanes, phases, size).emit(mostChannels);
}
