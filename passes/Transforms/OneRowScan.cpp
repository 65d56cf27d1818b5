//===- OneRowScan.cpp - a scan of which every sequence has one row --------===//

#include "passes/Transforms/OneRowScan.h"

#include "passes/Analysis/Assumptions.h"
#include "passes/Transforms/LaneBuilder.h"
#include "passes/Transforms/ScanStep.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace seqc;
using namespace seqc::passes;

namespace {
class OneRowEmitter {
public:
  OneRowEmitter(ir::ScanOp op, OpBuilder &builder, int64_t lanes)
      : op(op), lb(builder, op.getLoc(), lanes) {}

  bool fits();
  void emit();

private:
  /// Channels from `first` on; `count` is null if there are as many as lanes.
  struct Channels {
    Value first, count;
  };
  Value operand(unsigned i) {
    return op->getOperand(i < firstOut() ? i : i + 1);
  }
  unsigned firstParam() { return op.getNumInputs(); }
  unsigned firstOut() { return firstParam() + op.getNumParams(); }
  unsigned firstState() { return firstOut() + op.getOuts().size(); }
  unsigned numOperands() { return firstState() + op.getStates().size(); }
  bool hasChannels(unsigned i) { return op.getMap(i).isFunctionOfDim(1); }
  int64_t statesOf(unsigned i) {
    return cast<MemRefType>(operand(i).getType()).getShape().back();
  }

  Value maskOf(const Channels &channels, int64_t states, int64_t vector);
  Lanes load(unsigned i, Value lead, const Channels &channels);
  Lanes loadShared(unsigned i, SmallVector<Value> indices);
  void store(unsigned i, Value lead, const Channels &channels,
             const Lanes &vectors);
  Value collapse(unsigned i);
  void emitStepOf(Value sequence, const Channels &channels);
  void emitChannels(const Channels &channels);

  ir::ScanOp op;
  LaneBuilder lb;
};
} // namespace

bool seqc::passes::hasOneRowForm(ir::ScanOp op, int64_t lanes) {
  return !findUnsupported(op, LaneAxis::Memory, lanes);
}

/// Rows of states follow one another.
static bool isContiguous(Value memref, int64_t lanes) {
  auto type = cast<MemRefType>(memref.getType());
  SmallVector<int64_t> strides;
  int64_t offset, states = type.getShape().back();
  if (ShapedType::isDynamic(states) ||
      failed(type.getStridesAndOffset(strides, offset)) || strides.size() < 2)
    return false;
  bool fills = lanes % states == 0 || states % lanes == 0;
  return fills && strides.back() == 1 && strides.end()[-2] == states;
}

bool OneRowEmitter::fits() {
  for (unsigned i = 0; i < numOperands(); ++i) {
    if (op.hasStateAxis(i) && hasChannels(i) &&
        !isContiguous(operand(i), lb.getLanes()))
      return false;
    bool isResult = i >= firstOut();
    if (isResult && !hasChannels(i))
      return false;
  }
  return hasOneRowForm(op, lb.getLanes());
}

/// Entries of the channels in vector number `vector` of their states.
Value OneRowEmitter::maskOf(const Channels &channels, int64_t states,
                            int64_t vector) {
  if (!channels.count)
    return {};
  Value entries = lb.mul(channels.count, lb.index(states));
  Value rest = lb.sub(entries, lb.index(vector * lb.getLanes()));
  return lb.maskBelow(lb.max(rest, lb.index(0)));
}

/// The operand with channels and states as one axis.
Value OneRowEmitter::collapse(unsigned i) {
  Value memref = operand(i);
  int64_t rank = cast<MemRefType>(memref.getType()).getRank();
  SmallVector<ReassociationIndices> groups;
  for (int64_t axis = 0; axis + 2 < rank; ++axis)
    groups.push_back({axis});
  groups.push_back({rank - 2, rank - 1});
  return memref::CollapseShapeOp::create(lb.builder(), lb.getLoc(), memref,
                                         groups);
}

/// States that all channels share, repeated for each channel.
Lanes OneRowEmitter::loadShared(unsigned i, SmallVector<Value> indices) {
  int64_t states = statesOf(i), lanes = lb.getLanes(), axis = indices.size();
  Lanes once;
  indices.push_back({});
  for (int64_t n = 0; n < states; n += lanes) {
    indices.back() = lb.index(n);
    once.push_back(
        lb.load(operand(i), indices, axis, lb.maskBelow(lb.index(states - n))));
  }
  if (states < lanes) {
    SmallVector<int64_t> repeated;
    for (int64_t lane = 0; lane < lanes; ++lane)
      repeated.push_back(lane % states);
    once.front() = vector::ShuffleOp::create(
        lb.builder(), lb.getLoc(), once.front(), once.front(), repeated);
  }
  Lanes vectors;
  for (int64_t j = 0; j < states; ++j)
    vectors.push_back(once[j % once.size()]);
  return vectors;
}

Lanes OneRowEmitter::load(unsigned i, Value lead, const Channels &channels) {
  SmallVector<Value> indices;
  if (lead)
    indices.push_back(lead);
  if (!hasChannels(i) && op.hasStateAxis(i))
    return loadShared(i, indices);
  if (!hasChannels(i))
    return {lb.splat(memref::LoadOp::create(lb.builder(), lb.getLoc(),
                                            operand(i), indices))};
  int64_t axis = indices.size();
  indices.push_back(channels.first);
  if (!op.hasStateAxis(i))
    return {lb.load(operand(i), indices, axis, maskOf(channels, 1, 0))};
  Value flat = collapse(i);
  int64_t states = statesOf(i);
  Value first = lb.mul(channels.first, lb.index(states));
  Lanes vectors;
  for (int64_t j = 0; j < states; ++j) {
    indices.back() = lb.add(first, lb.index(j * lb.getLanes()));
    vectors.push_back(
        lb.load(flat, indices, axis, maskOf(channels, states, j)));
  }
  return vectors;
}

void OneRowEmitter::store(unsigned i, Value lead, const Channels &channels,
                          const Lanes &vectors) {
  if (!op.hasStateAxis(i))
    return lb.store(vectors.front(), operand(i), {lead, channels.first},
                    /*axis=*/1, maskOf(channels, 1, 0));
  Value flat = collapse(i);
  int64_t states = statesOf(i);
  Value first = lb.mul(channels.first, lb.index(states));
  for (auto [j, vector] : llvm::enumerate(vectors))
    lb.store(vector, flat, {lead, lb.add(first, lb.index(j * lb.getLanes()))},
             /*axis=*/1, maskOf(channels, states, j));
}

void OneRowEmitter::emitStepOf(Value sequence, const Channels &channels) {
  SmallVector<Lanes> args;
  for (unsigned i = 0; i < firstParam(); ++i) {
    // There is no earlier row.
    int64_t count = op.hasStateAxis(i) ? statesOf(i) : 1;
    if (op.getDelays()[i] > 0)
      args.push_back(Lanes(count, lb.zero(lb.builder().getF32Type())));
    else
      args.push_back(load(i, sequence, channels));
  }
  for (unsigned i = firstParam(); i < firstOut(); ++i)
    args.push_back(load(i, {}, channels));
  for (unsigned i = firstState(); i < numOperands(); ++i)
    args.push_back(load(i, sequence, channels));
  SmallVector<Lanes> results = emitStep(lb, op, LaneAxis::Memory, args);
  for (auto [i, vectors] : llvm::enumerate(results)) {
    unsigned number = firstOut() + i;
    // A value that is the same for all states is one vector.
    Lanes all = vectors;
    if (op.hasStateAxis(number) && all.size() == 1)
      all.assign(statesOf(number), vectors.front());
    store(number, sequence, channels, all);
  }
}

void OneRowEmitter::emitChannels(const Channels &channels) {
  Value sequences = lb.sub(lb.dim(op.getOffsets(), 0), lb.index(1));
  lb.forEach(sequences, 1,
             [&](Value sequence) { emitStepOf(sequence, channels); });
}

void OneRowEmitter::emit() {
  unsigned some = op.getOuts().empty() ? firstState() : firstOut();
  Value channels = lb.dim(operand(some), 1);
  Value full = lb.floorTo(channels, lb.getLanes());
  OpBuilder &b = lb.builder();
  auto loop = scf::ForOp::create(b, lb.getLoc(), lb.index(0), full,
                                 lb.index(lb.getLanes()));
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    emitChannels({loop.getInductionVar(), {}});
  }
  Value rest = lb.sub(channels, full);
  lb.ifNotZero(rest, [&] { emitChannels({full, rest}); });
}

bool seqc::passes::emitOneRowScan(OpBuilder &builder, ir::ScanOp op,
                                  int64_t lanes) {
  if (!Assumptions(op).isOneRowEach(op.getOffsets()))
    return false;
  OneRowEmitter emitter(op, builder, lanes);
  if (!emitter.fits())
    return false;
  emitter.emit();
  return true;
}
