//===- VectorizeScan.cpp - seqc.scan on memrefs to loops of vectors -------===//
//
// docs/Rationale/ScanKernels.md says why the loops look like this.
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"
#include "passes/Transforms/LaneBuilder.h"
#include "passes/Transforms/OneRowScan.h"
#include "passes/Transforms/ScanStep.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

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
/// Shorter rows of states are gathered.
static constexpr int64_t kMinTransposedStates = 3;
/// Rows fetched ahead of use: a row's work times this covers an access to the
/// last-level cache.
static constexpr int64_t kPrefetchRows = 32;

namespace {
/// Earlier values of an input that its delayed readers see.
struct DelayLine {
  unsigned input;
  int64_t depth;
};

/// Rows of a sequence in visiting order.
struct Rows {
  Value start, length;
};

class ScanEmitter {
public:
  ScanEmitter(ir::ScanOp op, OpBuilder &builder, LaneAxis axis, int64_t lanes)
      : op(op), lb(builder, op.getLoc(), lanes), axis(axis) {}

  void emit();

private:
  /// Channels of one vector: `mask` is null and `count` the width except at a
  /// ragged end, whose count is -1 if it is not known.
  struct Chunk {
    Value channel, mask;
    int64_t count;
  };

  // Operands, numbered as in `maps`.
  Value operand(unsigned i);
  bool hasChannelAxis(unsigned i);
  bool isTransposed(unsigned i, const Chunk &chunk);
  Lanes load(unsigned i, Value lead, const Chunk &chunk);
  void store(unsigned i, Value lead, const Chunk &chunk,
             ArrayRef<Value> vectors);
  unsigned firstParam() { return op.getNumInputs(); }
  unsigned firstOut() { return firstParam() + op.getNumParams(); }
  unsigned firstState() { return firstOut() + op.getOuts().size(); }
  unsigned numOperands() { return firstState() + op.getStates().size(); }

  // Delays.
  void planDelays();
  std::optional<unsigned> delayLineOf(unsigned input);
  Lanes loadDelayed(unsigned input, const Rows &rows, Value i,
                    const Chunk &chunk);

  // Loops.
  int64_t groupSize(std::optional<int64_t> vectors);
  void emitGroups(Value begin, Value end, int64_t count);
  void emitChunks(Value channel, int64_t count, Value mask, int64_t channels);
  void emitSequence(Value sequence, ArrayRef<Chunk> chunks,
                    ArrayRef<SmallVector<Lanes>> params);
  Value rowAt(const Rows &rows, Value i);
  void prefetch(const Rows &rows, Value i, const Chunk &chunk);
  void emitRow(const Rows &rows, Value i, const Chunk &chunk,
               ArrayRef<Lanes> params, ArrayRef<Value> carried,
               SmallVectorImpl<Value> &next);
  void loadCarried(Value sequence, const Rows &rows, const Chunk &chunk,
                   ArrayRef<Lanes> params, SmallVectorImpl<Value> &carried);
  SmallVector<Lanes> aheadAt(Value row, const Chunk &chunk,
                             ArrayRef<Lanes> params);
  SmallVector<Value> firstAhead(const Rows &rows, const Chunk &chunk,
                                ArrayRef<Lanes> params);
  int64_t numCarried();

  ir::ScanOp op;
  LaneBuilder lb;
  LaneAxis axis;
  SmallVector<DelayLine> delayLines;
  AheadValues ahead;
};
} // namespace

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

// `offsets` sits between params and outs but has no map.
Value ScanEmitter::operand(unsigned i) {
  return op->getOperand(i < firstOut() ? i : i + 1);
}

static bool usesDim(AffineMap map, unsigned dim) {
  return map.isFunctionOfDim(dim);
}

bool ScanEmitter::hasChannelAxis(unsigned i) {
  return usesDim(op.getMap(i), 1);
}

// Whole rows of states are read and turned around in registers where they are
// long enough to be worth it; gathers cost a memory access per lane.
bool ScanEmitter::isTransposed(unsigned i, const Chunk &chunk) {
  if (axis == LaneAxis::States || !hasChannelAxis(i) || !op.hasStateAxis(i) ||
      chunk.count < 0)
    return false;
  auto type = cast<MemRefType>(operand(i).getType());
  int64_t inner = type.getRank() - 1;
  return type.getDimSize(inner) >= kMinTransposedStates &&
         lb.isDenseAlong(operand(i), inner);
}

Lanes ScanEmitter::load(unsigned i, Value lead, const Chunk &chunk) {
  Value memref = operand(i);
  SmallVector<Value> indices;
  if (lead)
    indices.push_back(lead);
  if (hasChannelAxis(i))
    indices.push_back(chunk.channel);
  int64_t axisOfD = indices.size() - 1;
  bool overChannels = axis == LaneAxis::Channels;
  auto one = [&]() -> Value {
    if (overChannels && hasChannelAxis(i))
      return lb.load(memref, indices, axisOfD, chunk.mask);
    return lb.splat(
        memref::LoadOp::create(lb.builder(), lb.getLoc(), memref, indices));
  };
  if (!op.hasStateAxis(i))
    return {one()};

  int64_t axisOfN = indices.size();
  int64_t extent = cast<MemRefType>(memref.getType()).getDimSize(axisOfN);
  if (isTransposed(i, chunk)) {
    indices.push_back(lb.index(0));
    return lb.loadTransposed(memref, indices, chunk.count, extent);
  }
  Lanes vectors;
  indices.push_back({});
  for (int64_t n = 0; n < extent; n += overChannels ? 1 : lb.getLanes()) {
    indices.back() = lb.index(n);
    vectors.push_back(overChannels
                          ? one()
                          : lb.load(memref, indices, axisOfN,
                                    lb.maskBelow(lb.index(extent - n))));
  }
  return vectors;
}

void ScanEmitter::store(unsigned i, Value lead, const Chunk &chunk,
                        ArrayRef<Value> vectors) {
  Value memref = operand(i);
  SmallVector<Value> indices{lead, chunk.channel};
  if (!op.hasStateAxis(i)) {
    if (axis == LaneAxis::Channels)
      return lb.store(vectors.front(), memref, indices, /*axis=*/1, chunk.mask);
    Value scalar = vector::ExtractOp::create(lb.builder(), lb.getLoc(),
                                             vectors.front(), 0);
    memref::StoreOp::create(lb.builder(), lb.getLoc(), scalar, memref, indices);
    return;
  }
  int64_t extent = cast<MemRefType>(memref.getType()).getDimSize(2);
  if (isTransposed(i, chunk)) {
    indices.push_back(lb.index(0));
    return lb.storeTransposed(vectors, memref, indices, chunk.count);
  }
  int64_t step = axis == LaneAxis::Channels ? 1 : lb.getLanes();
  indices.push_back({});
  for (auto [j, vector] : llvm::enumerate(vectors)) {
    int64_t n = j * step;
    indices.back() = lb.index(n);
    if (axis == LaneAxis::Channels)
      lb.store(vector, memref, indices, /*axis=*/1, chunk.mask);
    else
      lb.store(vector, memref, indices, /*axis=*/2,
               lb.maskBelow(lb.index(extent - n)));
  }
}

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
      return operand(line.input) == operand(i) &&
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
    if (operand(line.input) == operand(input) &&
        op.getMap(line.input) == op.getMap(input))
      return k;
  return std::nullopt;
}

Lanes ScanEmitter::loadDelayed(unsigned input, const Rows &rows, Value i,
                               const Chunk &chunk) {
  OpBuilder &b = lb.builder();
  Value earlier = lb.sub(i, lb.index(op.getDelays()[input]));
  Value exists = arith::CmpIOp::create(
      b, lb.getLoc(), arith::CmpIPredicate::sge, earlier, lb.index(0));
  Lanes vectors = load(input, rowAt(rows, lb.max(earlier, lb.index(0))), chunk);
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
    Type type = op.getStep().getArgument(firstOut() + s).getType();
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
  unsigned first = op.getOuts().empty() ? firstState() : firstOut();
  Value channels = lb.dim(operand(first), 1);
  int64_t width = axis == LaneAxis::Channels ? lb.getLanes() : 1;
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
  int64_t width = axis == LaneAxis::Channels ? lb.getLanes() : 1;
  OpBuilder &b = lb.builder();
  auto loop =
      scf::ForOp::create(b, lb.getLoc(), begin, end, lb.index(count * width));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  emitChunks(loop.getInductionVar(), count, {}, width);
}

void ScanEmitter::emitChunks(Value channel, int64_t count, Value mask,
                             int64_t channels) {
  int64_t width = axis == LaneAxis::Channels ? lb.getLanes() : 1;
  SmallVector<Chunk> chunks;
  SmallVector<SmallVector<Lanes>> params;
  for (int64_t u = 0; u < count; ++u) {
    chunks.push_back({lb.add(channel, lb.index(u * width)), mask, channels});
    SmallVector<Lanes> &own = params.emplace_back();
    for (unsigned i = firstParam(); i < firstOut(); ++i)
      own.push_back(load(i, {}, chunks.back()));
  }
  Value sequences = lb.sub(lb.dim(op.getOffsets(), 0), lb.index(1));
  lb.forEach(sequences, 1,
             [&](Value sequence) { emitSequence(sequence, chunks, params); });
}

/// States, earlier values of inputs, and what the first row needs ahead.
void ScanEmitter::loadCarried(Value sequence, const Rows &rows,
                              const Chunk &chunk, ArrayRef<Lanes> params,
                              SmallVectorImpl<Value> &carried) {
  for (unsigned i = firstState(); i < numOperands(); ++i)
    llvm::append_range(carried, load(i, sequence, chunk));
  for (const DelayLine &line : delayLines)
    carried.append(line.depth, lb.zero(lb.builder().getF32Type()));
  if (!ahead.values.empty())
    llvm::append_range(carried, firstAhead(rows, chunk, params));
}

SmallVector<Lanes> ScanEmitter::aheadAt(Value row, const Chunk &chunk,
                                        ArrayRef<Lanes> params) {
  SmallVector<Lanes> args(op.getStep().getNumArguments());
  for (unsigned i : ahead.arguments)
    args[i] = i < firstParam() ? load(i, row, chunk) : params[i - firstParam()];
  return emitAhead(lb, op, axis, ahead, args);
}

/// A sequence without rows has no first one to read.
SmallVector<Value> ScanEmitter::firstAhead(const Rows &rows, const Chunk &chunk,
                                           ArrayRef<Lanes> params) {
  OpBuilder &b = lb.builder();
  Value some = arith::CmpIOp::create(b, lb.getLoc(), arith::CmpIPredicate::sgt,
                                     rows.length, lb.index(0));
  auto first = scf::IfOp::create(
      b, lb.getLoc(), some,
      [&](OpBuilder &, Location loc) {
        SmallVector<Value> values;
        for (const Lanes &vectors :
             aheadAt(rowAt(rows, lb.index(0)), chunk, params))
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

void ScanEmitter::emitSequence(Value sequence, ArrayRef<Chunk> chunks,
                               ArrayRef<SmallVector<Lanes>> params) {
  OpBuilder &b = lb.builder();
  Value start = lb.loadIndex(op.getOffsets(), sequence);
  Value end = lb.loadIndex(op.getOffsets(), lb.add(sequence, lb.index(1)));
  Rows rows{start, lb.sub(end, start)};
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
    for (unsigned i = firstState(); i < numOperands(); ++i) {
      Type type = op.getStep().getArgument(i - op.getOuts().size()).getType();
      size_t vectors = laneCount(type, axis, lb.getLanes());
      store(i, sequence, chunk, rest.take_front(vectors));
      rest = rest.drop_front(vectors);
    }
  }
}

Value ScanEmitter::rowAt(const Rows &rows, Value i) {
  if (op.getDirection() == ir::Direction::Forward)
    return lb.add(rows.start, i);
  Value last = lb.sub(lb.add(rows.start, rows.length), lb.index(1));
  return lb.sub(last, i);
}

// Rows of one vector of channels are far apart in memory, which the machine
// does not fetch ahead by itself.
void ScanEmitter::prefetch(const Rows &rows, Value i, const Chunk &chunk) {
  if (axis == LaneAxis::States)
    return;
  Value last = lb.sub(rows.length, lb.index(1));
  Value ahead = lb.min(lb.add(i, lb.index(kPrefetchRows)), last);
  Value row = rowAt(rows, ahead);
  SmallPtrSet<Value, 8> seen;
  for (unsigned k = 0; k < firstState(); ++k) {
    bool isParam = k >= firstParam() && k < firstOut();
    if (isParam || !hasChannelAxis(k) || op.hasStateAxis(k) ||
        !seen.insert(operand(k)).second)
      continue;
    memref::PrefetchOp::create(lb.builder(), lb.getLoc(), operand(k),
                               ValueRange{row, chunk.channel},
                               /*isWrite=*/k >= firstOut(),
                               /*localityHint=*/3, /*isDataCache=*/true);
  }
}

void ScanEmitter::emitRow(const Rows &rows, Value i, const Chunk &chunk,
                          ArrayRef<Lanes> params, ArrayRef<Value> carried,
                          SmallVectorImpl<Value> &next) {
  Value row = rowAt(rows, i);
  prefetch(rows, i, chunk);
  SmallVector<Lanes> states;
  for (unsigned s = 0; s < op.getStates().size(); ++s) {
    Type type = op.getStep().getArgument(firstOut() + s).getType();
    size_t vectors = laneCount(type, axis, lb.getLanes());
    states.push_back(Lanes(carried.take_front(vectors)));
    carried = carried.drop_front(vectors);
  }
  // history[k][d]: the value of line k visited d rows ago.
  SmallVector<SmallVector<Value>> history;
  for (const DelayLine &line : delayLines) {
    SmallVector<Value> &values =
        history.emplace_back(load(line.input, row, chunk));
    llvm::append_range(values, carried.take_front(line.depth));
    carried = carried.drop_front(line.depth);
  }

  SmallVector<Lanes> args;
  for (unsigned input = 0; input < op.getNumInputs(); ++input) {
    int64_t delay = op.getDelays()[input];
    if (std::optional<unsigned> line = delayLineOf(input))
      args.push_back({history[*line][delay]});
    else
      args.push_back(delay == 0 ? load(input, row, chunk)
                                : loadDelayed(input, rows, i, chunk));
  }
  llvm::append_range(args, params);
  llvm::append_range(args, states);
  SmallVector<Lanes> known, following;
  for (Value vector : carried)
    known.push_back({vector});
  if (!ahead.values.empty()) {
    Value last = lb.sub(rows.length, lb.index(1));
    Value row = rowAt(rows, lb.min(lb.add(i, lb.index(1)), last));
    following = aheadAt(row, chunk, params);
  }
  SmallVector<Lanes> results = emitStep(lb, op, axis, args, ahead, known);

  size_t outs = op.getOuts().size();
  for (size_t out = 0; out < outs; ++out)
    store(firstOut() + out, row, chunk, results[out]);
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
    if (isInput && usesDim(op.getMap(i), 1) &&
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
      if (emitOneRowScan(builder, op, lanes)) {
        op.erase();
        ++numVectorized;
        continue;
      }
      FailureOr<LaneAxis> axis = chooseAxis(op, lanes);
      if (failed(axis))
        return signalPassFailure();
      ScanEmitter(op, builder, *axis, lanes).emit();
      op.erase();
      ++numVectorized;
    }
  }
};
} // namespace
