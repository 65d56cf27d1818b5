//===- VectorizeScan.cpp - seqc.scan on memrefs to loops of vectors -------===//
//
// docs/Rationale/ScanKernels.md says why the loops look like this.
//
//===----------------------------------------------------------------------===//

#include "passes/Analysis/ScheduleModel.h"
#include "passes/Passes.h"
#include "passes/Transforms/OneRowScan.h"
#include "passes/Transforms/ScanAccess.h"
#include "passes/Transforms/ScanBlocks.h"
#include "passes/Transforms/ScanOrder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"

namespace seqc::passes {
#define GEN_PASS_DEF_VECTORIZESCANPASS
#include "passes/Passes.h.inc"
} // namespace seqc::passes

using namespace mlir;
using namespace seqc;
using namespace seqc::passes;

/// Independent recurrences that hide the latency of a fused multiply-add.
static constexpr int64_t kWantedChains = 8;
static constexpr int64_t kMaxChannelVectors = 4;
/// Longer state vectors fill whole vectors themselves: lanes over channels
/// would be as fast, but in twenty times the code.
static constexpr int64_t kMaxStateVectors = 32;
/// Inputs delayed by more steps are loaded again instead of being carried.
static constexpr int64_t kMaxCarriedDelay = 8;
/// Rows fetched ahead of use: a row's work times this covers an access to the
/// last-level cache.
static constexpr int64_t kPrefetchRows = 32;

namespace {
/// Earlier values of an input that its delayed readers see.
struct DelayLine {
  unsigned input;
  int64_t depth;
};

class ScanEmitter {
public:
  ScanEmitter(ir::ScanOp op, OpBuilder &builder, LaneAxis axis, int64_t lanes)
      : op(op), lb(builder, op.getLoc(), lanes), access(op, lb, axis),
        axis(axis) {}

  void emit();

private:
  // Delays.
  void planDelays();
  std::optional<unsigned> delayLineOf(unsigned input);
  Lanes loadDelayed(unsigned input, const SequenceRows &rows, Value i,
                    const ChannelChunk &chunk);

  // Loops.
  int64_t groupSize(std::optional<int64_t> vectors);
  void emitGroups(Value begin, Value end, int64_t count);
  void emitChunks(Value channel, int64_t count, Value mask, int64_t channels);
  void emitSequence(Value sequence, ArrayRef<ChannelChunk> chunks,
                    ArrayRef<SmallVector<Lanes>> params);
  void prefetchAhead(const SequenceRows &rows, Value i,
                     const ChannelChunk &chunk);
  void emitRow(const SequenceRows &rows, Value i, const ChannelChunk &chunk,
               ArrayRef<Lanes> params, ArrayRef<Value> carried,
               SmallVectorImpl<Value> &next);
  void loadCarried(Value sequence, const SequenceRows &rows,
                   const ChannelChunk &chunk, ArrayRef<Lanes> params,
                   SmallVectorImpl<Value> &carried);
  SmallVector<Lanes> aheadAt(Value row, const ChannelChunk &chunk,
                             ArrayRef<Lanes> params);
  SmallVector<Value> firstAhead(const SequenceRows &rows,
                                const ChannelChunk &chunk,
                                ArrayRef<Lanes> params);
  int64_t numCarried();

  ir::ScanOp op;
  LaneBuilder lb;
  ScanAccess access;
  LaneAxis axis;
  SmallVector<DelayLine> delayLines;
  AheadValues ahead;
};
} // namespace

//===----------------------------------------------------------------------===//
// Delays
//===----------------------------------------------------------------------===//

// Readers of one array at several delays, as in a short convolution, share one
// load: its earlier values are carried from row to row.
void ScanEmitter::planDelays() {
  for (unsigned i = 0; i < op.getNumInputs(); ++i) {
    int64_t delay = op.getDelays()[i];
    if (delay == 0 || delay > kMaxCarriedDelay || op.hasStateAxis(i))
      continue;
    auto sameArray = [&](const DelayLine &line) {
      return access.operand(line.input) == access.operand(i) &&
             op.getMap(line.input) == op.getMap(i);
    };
    auto line = llvm::find_if(delayLines, sameArray);
    if (line == delayLines.end())
      delayLines.push_back({i, delay});
    else
      line->depth = std::max(line->depth, delay);
  }
}

std::optional<unsigned> ScanEmitter::delayLineOf(unsigned input) {
  if (op.getDelays()[input] > kMaxCarriedDelay)
    return std::nullopt;
  for (auto [k, line] : llvm::enumerate(delayLines))
    if (access.operand(line.input) == access.operand(input) &&
        op.getMap(line.input) == op.getMap(input))
      return k;
  return std::nullopt;
}

Lanes ScanEmitter::loadDelayed(unsigned input, const SequenceRows &rows,
                               Value i, const ChannelChunk &chunk) {
  OpBuilder &b = lb.builder();
  Value earlier = lb.sub(i, lb.index(op.getDelays()[input]));
  Value exists = arith::CmpIOp::create(
      b, lb.getLoc(), arith::CmpIPredicate::sge, earlier, lb.index(0));
  Lanes vectors = access.load(
      input, access.rowAt(rows, lb.max(earlier, lb.index(0))), chunk);
  for (Value &vector : vectors)
    vector = arith::SelectOp::create(b, lb.getLoc(), exists, vector,
                                     lb.zero(b.getF32Type()));
  return vectors;
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

int64_t ScanEmitter::numCarried() {
  int64_t vectors = 0;
  for (unsigned s = 0; s < op.getStates().size(); ++s) {
    Type type = op.getStep().getArgument(access.firstOut() + s).getType();
    vectors += laneCount(type, axis, lb.getLanes());
  }
  for (const DelayLine &line : delayLines)
    vectors += line.depth;
  return vectors;
}

// With few states per channel the recurrence's latency is what a row costs;
// neighbouring channels fill the gap. Where the number of vectors is known, a
// group that leaves none over is preferred.
int64_t ScanEmitter::groupSize(std::optional<int64_t> vectors) {
  int64_t chains = numCarried(), group = 1;
  if (chains == 0)
    return 1;
  while (group < kMaxChannelVectors && group * chains < kWantedChains)
    group *= 2;
  if (!vectors)
    return group;
  for (int64_t fitting = group; fitting > 1; --fitting)
    if (*vectors % fitting == 0)
      return fitting;
  return *vectors < group ? 1 : group;
}

void ScanEmitter::emit() {
  planDelays();
  ahead = findAheadValues(op);
  Value channels = access.channels();
  int64_t width = access.width();
  std::optional<int64_t> vectors = getConstantIntValue(channels);
  if (vectors)
    *vectors /= width;
  int64_t group = groupSize(vectors);

  Value groupEnd = lb.floorTo(channels, group * width);
  Value vectorEnd = lb.floorTo(channels, width);
  emitGroups(lb.index(0), groupEnd, group);
  emitGroups(groupEnd, vectorEnd, 1);
  Value rest = lb.sub(channels, vectorEnd);
  lb.ifNotZero(rest, [&] {
    emitChunks(vectorEnd, 1, lb.maskBelow(rest),
               getConstantIntValue(rest).value_or(-1));
  });
}

void ScanEmitter::emitGroups(Value begin, Value end, int64_t count) {
  if (isEqualConstantIntOrValue(begin, end))
    return;
  int64_t width = access.width();
  OpBuilder &b = lb.builder();
  auto loop =
      scf::ForOp::create(b, lb.getLoc(), begin, end, lb.index(count * width));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  emitChunks(loop.getInductionVar(), count, {}, width);
}

void ScanEmitter::emitChunks(Value channel, int64_t count, Value mask,
                             int64_t channels) {
  int64_t width = access.width();
  SmallVector<ChannelChunk> chunks;
  SmallVector<SmallVector<Lanes>> params;
  for (int64_t u = 0; u < count; ++u) {
    chunks.push_back({lb.add(channel, lb.index(u * width)), mask, channels});
    SmallVector<Lanes> &own = params.emplace_back();
    for (unsigned i = access.firstParam(); i < access.firstOut(); ++i)
      own.push_back(access.load(i, {}, chunks.back()));
  }
  Value sequences = lb.sub(lb.dim(op.getOffsets(), 0), lb.index(1));
  lb.forEach(sequences, 1,
             [&](Value sequence) { emitSequence(sequence, chunks, params); });
}

/// States, earlier values of inputs, and what the first row needs ahead.
void ScanEmitter::loadCarried(Value sequence, const SequenceRows &rows,
                              const ChannelChunk &chunk, ArrayRef<Lanes> params,
                              SmallVectorImpl<Value> &carried) {
  for (unsigned i = access.firstState(); i < access.numOperands(); ++i)
    llvm::append_range(carried, access.load(i, sequence, chunk));
  for (const DelayLine &line : delayLines)
    carried.append(line.depth, lb.zero(lb.builder().getF32Type()));
  if (!ahead.values.empty())
    llvm::append_range(carried, firstAhead(rows, chunk, params));
}

SmallVector<Lanes> ScanEmitter::aheadAt(Value row, const ChannelChunk &chunk,
                                        ArrayRef<Lanes> params) {
  SmallVector<Lanes> args(op.getStep().getNumArguments());
  for (unsigned i : ahead.arguments)
    args[i] = i < access.firstParam() ? access.load(i, row, chunk)
                                      : params[i - access.firstParam()];
  return emitAhead(lb, op, axis, ahead, args);
}

/// A sequence without rows has no first one to read.
SmallVector<Value> ScanEmitter::firstAhead(const SequenceRows &rows,
                                           const ChannelChunk &chunk,
                                           ArrayRef<Lanes> params) {
  OpBuilder &b = lb.builder();
  Value some = arith::CmpIOp::create(b, lb.getLoc(), arith::CmpIPredicate::sgt,
                                     rows.length, lb.index(0));
  auto first = scf::IfOp::create(
      b, lb.getLoc(), some,
      [&](OpBuilder &, Location loc) {
        SmallVector<Value> values;
        for (const Lanes &vectors :
             aheadAt(access.rowAt(rows, lb.index(0)), chunk, params))
          values.push_back(vectors.front());
        scf::YieldOp::create(b, loc, values);
      },
      [&](OpBuilder &, Location loc) {
        SmallVector<Value> values;
        for (Value value : ahead.values)
          values.push_back(lb.zero(value.getType()));
        scf::YieldOp::create(b, loc, values);
      });
  return first.getResults();
}

void ScanEmitter::emitSequence(Value sequence, ArrayRef<ChannelChunk> chunks,
                               ArrayRef<SmallVector<Lanes>> params) {
  OpBuilder &b = lb.builder();
  Value start = lb.loadIndex(op.getOffsets(), sequence);
  Value end = lb.loadIndex(op.getOffsets(), lb.add(sequence, lb.index(1)));
  SequenceRows rows{start, lb.sub(end, start)};
  SmallVector<Value> carried;
  for (auto [chunk, own] : llvm::zip_equal(chunks, params))
    loadCarried(sequence, rows, chunk, own, carried);

  auto loop = scf::ForOp::create(b, lb.getLoc(), lb.index(0), rows.length,
                                 lb.index(1), carried);
  size_t perChunk = carried.size() / chunks.size();
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> iterArgs(loop.getRegionIterArgs()), next;
    for (auto [u, chunk] : llvm::enumerate(chunks))
      emitRow(rows, loop.getInductionVar(), chunk, params[u],
              ArrayRef(iterArgs).slice(u * perChunk, perChunk), next);
    if (!next.empty())
      scf::YieldOp::create(b, lb.getLoc(), next);
  }
  for (auto [u, chunk] : llvm::enumerate(chunks)) {
    SmallVector<Value> final(loop.getResults().slice(u * perChunk, perChunk));
    ArrayRef<Value> rest = final;
    for (unsigned i = access.firstState(); i < access.numOperands(); ++i) {
      Type type = op.getStep().getArgument(i - op.getOuts().size()).getType();
      size_t vectors = laneCount(type, axis, lb.getLanes());
      access.store(i, sequence, chunk, rest.take_front(vectors));
      rest = rest.drop_front(vectors);
    }
  }
}

void ScanEmitter::prefetchAhead(const SequenceRows &rows, Value i,
                                const ChannelChunk &chunk) {
  if (axis == LaneAxis::States)
    return;
  Value last = lb.sub(rows.length, lb.index(1));
  Value ahead = lb.min(lb.add(i, lb.index(kPrefetchRows)), last);
  access.prefetch(access.rowAt(rows, ahead), chunk);
}

void ScanEmitter::emitRow(const SequenceRows &rows, Value i,
                          const ChannelChunk &chunk, ArrayRef<Lanes> params,
                          ArrayRef<Value> carried,
                          SmallVectorImpl<Value> &next) {
  Value row = access.rowAt(rows, i);
  prefetchAhead(rows, i, chunk);
  SmallVector<Lanes> following;
  if (!ahead.values.empty()) {
    Value last = lb.sub(rows.length, lb.index(1));
    Value nextRow = access.rowAt(rows, lb.min(lb.add(i, lb.index(1)), last));
    following = aheadAt(nextRow, chunk, params);
  }
  SmallVector<Lanes> states;
  for (unsigned s = 0; s < op.getStates().size(); ++s) {
    Type type = op.getStep().getArgument(access.firstOut() + s).getType();
    size_t vectors = laneCount(type, axis, lb.getLanes());
    states.push_back(Lanes(carried.take_front(vectors)));
    carried = carried.drop_front(vectors);
  }
  // history[k][d]: the value of line k visited d rows ago.
  SmallVector<SmallVector<Value>> history;
  for (const DelayLine &line : delayLines) {
    SmallVector<Value> &values =
        history.emplace_back(access.load(line.input, row, chunk));
    llvm::append_range(values, carried.take_front(line.depth));
    carried = carried.drop_front(line.depth);
  }

  SmallVector<Lanes> args;
  for (unsigned input = 0; input < op.getNumInputs(); ++input) {
    int64_t delay = op.getDelays()[input];
    if (std::optional<unsigned> line = delayLineOf(input))
      args.push_back({history[*line][delay]});
    else
      args.push_back(delay == 0 ? access.load(input, row, chunk)
                                : loadDelayed(input, rows, i, chunk));
  }
  llvm::append_range(args, params);
  llvm::append_range(args, states);
  SmallVector<Lanes> known;
  for (Value vector : carried)
    known.push_back({vector});
  SmallVector<Lanes> results = emitStep(lb, op, axis, args, ahead, known);
  size_t outs = op.getOuts().size();
  for (size_t out = 0; out < outs; ++out)
    access.store(access.firstOut() + out, row, chunk, results[out]);
  for (const Lanes &state : ArrayRef(results).drop_front(outs))
    llvm::append_range(next, state);
  for (ArrayRef<Value> values : history)
    llvm::append_range(next, values.drop_back());
  for (const Lanes &vectors : following)
    next.push_back(vectors.front());
}

//===----------------------------------------------------------------------===//
// Choice of the lane axis
//===----------------------------------------------------------------------===//

// A row of (t, d, n) holds a channel's states side by side: lanes over states
// read it whole, lanes over channels would gather. Long state vectors do not
// fit the registers side by side either.
static bool prefersStates(ir::ScanOp op, int64_t lanes) {
  int64_t longest = 0;
  for (auto [i, argument] : llvm::enumerate(op.getStep().getArguments())) {
    auto vectorType = dyn_cast<VectorType>(argument.getType());
    if (!vectorType)
      continue;
    longest = std::max(longest, vectorType.getNumElements());
    bool isInput = i < op.getNumInputs();
    if (isInput && op.getMap(i).isFunctionOfDim(1) &&
        vectorType.getNumElements() % lanes == 0)
      return true;
  }
  return longest > kMaxStateVectors;
}

static FailureOr<LaneAxis> chooseAxis(ir::ScanOp op, int64_t lanes) {
  if (prefersStates(op, lanes) && !findUnsupported(op, LaneAxis::States, lanes))
    return LaneAxis::States;
  Operation *bad = findUnsupported(op, LaneAxis::Channels, lanes);
  if (!bad)
    return LaneAxis::Channels;
  bad->emitOpError(
      "has no vector form in a scan step; use elementwise arith and math ops, "
      "vector.broadcast, vector.reduction and vector ops at constant "
      "positions");
  return failure();
}

/// The kernel around `op` has scratch to extend.
static bool hasScratch(ir::ScanOp op) {
  auto kernel = op->getParentOfType<func::FuncOp>();
  return kernel && kernel->hasAttr(ir::names::kScratch) &&
         kernel.getNumArguments() > 0;
}

static std::optional<int64_t> boundChannels(ir::ScanOp op) {
  FailureOr<int64_t> most = ValueBoundsConstraintSet::computeConstantBound(
      presburger::BoundType::UB, {op.getStates().front(), 1},
      /*stopCondition=*/nullptr, /*closedUB=*/true);
  if (failed(most))
    return std::nullopt;
  return *most;
}

/// By blocks of rows, where the schedule wants them and the step allows it.
static bool emitInBlocks(ir::ScanOp op, OpBuilder &builder, int64_t lanes) {
  auto kernel = op->getParentOfType<func::FuncOp>();
  auto schedule =
      kernel ? kernel->getAttrOfType<ir::ScheduleAttr>(ir::names::kSchedule)
             : ir::ScheduleAttr();
  if (!schedule || schedule.getRows() <= 0 ||
      findUnsupported(op, LaneAxis::Channels, lanes))
    return false;
  std::optional<ScanPhases> phases = findPhases(op);
  if (!phases)
    return false;
  int64_t states = phases->states;
  if (schedule.getBlock() > 0)
    states = std::min(states, schedule.getBlock());
  std::optional<int64_t> channels = boundChannels(op);
  if (!channels || !hasScratch(op))
    return false;
  BlockSize size{schedule.getRows(), states};
  if (states < phases->states) {
    emitBlockedScan(builder, op, lanes, *phases, size, *channels);
    return true;
  }
  LaneBuilder lb(builder, op.getLoc(), lanes);
  Value sequences = lb.sub(lb.dim(op.getOffsets(), 0), lb.index(1));
  Value rows = lb.sub(lb.loadIndex(op.getOffsets(), sequences),
                      lb.loadIndex(op.getOffsets(), lb.index(0)));
  auto branch = scf::IfOp::create(
      builder, op.getLoc(),
      goesByBlocks(lb, op, rows, sequences, *phases, *channels),
      /*withElseRegion=*/true);
  builder.setInsertionPointToStart(branch.elseBlock());
  ScanEmitter(op, builder, LaneAxis::Channels, lanes).emit();
  builder.setInsertionPointToStart(branch.thenBlock());
  emitBlockedScan(builder, op, lanes, *phases, size, *channels);
  return true;
}

namespace {
struct VectorizeScanPass
    : passes::impl::VectorizeScanPassBase<VectorizeScanPass> {
  void runOnOperation() override {
    SmallVector<ir::ScanOp> scans;
    getOperation()->walk([&](ir::ScanOp op) {
      if (op->getNumResults() == 0)
        scans.push_back(op);
    });
    for (ir::ScanOp op : scans) {
      int64_t lanes = targetLanes(op);
      OpBuilder builder(op);
      if (!emitOneRowScan(builder, op, lanes) &&
          !emitInBlocks(op, builder, lanes)) {
        FailureOr<LaneAxis> axis = chooseAxis(op, lanes);
        if (failed(axis))
          return signalPassFailure();
        ScanEmitter(op, builder, *axis, lanes).emit();
      }
      op.erase();
      ++numVectorized;
    }
  }
};
} // namespace
