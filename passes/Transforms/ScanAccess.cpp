//===- ScanAccess.cpp - a scan's operands as vectors ----------------------===//

#include "passes/Transforms/ScanAccess.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/SmallPtrSet.h"

using namespace mlir;
using namespace seqc;
using namespace seqc::passes;

/// Shorter rows of states are gathered.
static constexpr int64_t kMinTransposedStates = 3;

bool ScanAccess::hasChannelAxis(unsigned i) {
  return op.getMap(i).isFunctionOfDim(1);
}

int64_t ScanAccess::numStates(unsigned i) {
  auto type = cast<MemRefType>(operand(i).getType());
  return type.getDimSize(type.getRank() - 1);
}

Value ScanAccess::channels() {
  return lb.dim(operand(op.getOuts().empty() ? firstState() : firstOut()), 1);
}

// Whole rows of states are read and turned around in registers where they are
// long enough to be worth it; gathers cost a memory access per lane.
bool ScanAccess::isTransposed(unsigned i, const ChannelChunk &chunk) {
  if (axis == LaneAxis::States || !hasChannelAxis(i) || chunk.count < 0)
    return false;
  int64_t inner = cast<MemRefType>(operand(i).getType()).getRank() - 1;
  return numStates(i) >= kMinTransposedStates &&
         lb.isDenseAlong(operand(i), inner);
}

Lanes ScanAccess::loadOverStates(unsigned i, SmallVector<Value> indices) {
  int64_t extent = numStates(i), axisOfN = indices.size();
  Lanes vectors;
  indices.push_back({});
  for (int64_t n = 0; n < extent; n += lb.getLanes()) {
    indices.back() = lb.index(n);
    vectors.push_back(lb.load(operand(i), indices, axisOfN,
                              lb.maskBelow(lb.index(extent - n))));
  }
  return vectors;
}

Lanes ScanAccess::loadStates(unsigned i, Value lead, const ChannelChunk &chunk,
                             StateRange states) {
  SmallVector<Value> indices;
  if (lead)
    indices.push_back(lead);
  if (hasChannelAxis(i))
    indices.push_back(chunk.channel);
  int64_t axisOfD = indices.size() - 1;
  indices.push_back(states.first);
  if (states.count > 1 && isTransposed(i, chunk))
    return lb.loadTransposed(operand(i), indices, chunk.count, states.count);
  Lanes vectors;
  for (int64_t n = 0; n < states.count; ++n) {
    indices.back() = lb.add(states.first, lb.index(n));
    if (hasChannelAxis(i))
      vectors.push_back(lb.load(operand(i), indices, axisOfD, chunk.mask));
    else
      vectors.push_back(lb.splat(memref::LoadOp::create(
          lb.builder(), lb.getLoc(), operand(i), indices)));
  }
  return vectors;
}

Lanes ScanAccess::load(unsigned i, Value lead, const ChannelChunk &chunk) {
  if (op.hasStateAxis(i) && axis == LaneAxis::Channels)
    return loadStates(i, lead, chunk, {lb.index(0), numStates(i)});
  SmallVector<Value> indices;
  if (lead)
    indices.push_back(lead);
  if (hasChannelAxis(i))
    indices.push_back(chunk.channel);
  if (op.hasStateAxis(i))
    return loadOverStates(i, indices);
  if (axis == LaneAxis::Channels && hasChannelAxis(i))
    return {lb.load(operand(i), indices, indices.size() - 1, chunk.mask)};
  return {lb.splat(
      memref::LoadOp::create(lb.builder(), lb.getLoc(), operand(i), indices))};
}

void ScanAccess::storeOverStates(unsigned i, SmallVector<Value> indices,
                                 ArrayRef<Value> vectors) {
  int64_t extent = numStates(i);
  indices.push_back({});
  for (auto [j, vector] : llvm::enumerate(vectors)) {
    int64_t n = j * lb.getLanes();
    indices.back() = lb.index(n);
    lb.store(vector, operand(i), indices, /*axis=*/2,
             lb.maskBelow(lb.index(extent - n)));
  }
}

void ScanAccess::storeStates(unsigned i, Value lead, const ChannelChunk &chunk,
                             Value first, ArrayRef<Value> vectors) {
  SmallVector<Value> indices{lead, chunk.channel, first};
  if (vectors.size() > 1 && isTransposed(i, chunk))
    return lb.storeTransposed(vectors, operand(i), indices, chunk.count);
  for (auto [n, vector] : llvm::enumerate(vectors)) {
    indices.back() = lb.add(first, lb.index(n));
    lb.store(vector, operand(i), indices, /*axis=*/1, chunk.mask);
  }
}

void ScanAccess::store(unsigned i, Value lead, const ChannelChunk &chunk,
                       ArrayRef<Value> vectors) {
  if (op.hasStateAxis(i) && axis == LaneAxis::Channels)
    return storeStates(i, lead, chunk, lb.index(0), vectors);
  SmallVector<Value> indices{lead, chunk.channel};
  if (op.hasStateAxis(i))
    return storeOverStates(i, indices, vectors);
  if (axis == LaneAxis::Channels)
    return lb.store(vectors.front(), operand(i), indices, /*axis=*/1,
                    chunk.mask);
  Value scalar =
      vector::ExtractOp::create(lb.builder(), lb.getLoc(), vectors.front(), 0);
  memref::StoreOp::create(lb.builder(), lb.getLoc(), scalar, operand(i),
                          indices);
}

Value ScanAccess::rowAt(const SequenceRows &rows, Value i) {
  if (op.getDirection() == ir::Direction::Forward)
    return lb.add(rows.start, i);
  Value last = lb.sub(lb.add(rows.start, rows.length), lb.index(1));
  return lb.sub(last, i);
}

// Rows of one vector of channels are far apart in memory, which the machine
// does not fetch ahead by itself.
void ScanAccess::prefetch(Value row, const ChannelChunk &chunk) {
  llvm::SmallPtrSet<Value, 8> seen;
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
