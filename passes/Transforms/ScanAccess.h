//===- ScanAccess.h - a scan's operands as vectors ------------------------===//
#ifndef SEQC_PASSES_TRANSFORMS_SCANACCESS_H
#define SEQC_PASSES_TRANSFORMS_SCANACCESS_H

#include "passes/Transforms/ScanStep.h"

namespace seqc::passes {

/// Channels of one vector: `mask` is null and `count` the width except at a
/// ragged end, whose count is -1 if it is not known.
struct ChannelChunk {
  mlir::Value channel, mask;
  int64_t count;
};

/// Rows of a sequence in visiting order.
struct SequenceRows {
  mlir::Value start, length;
};

/// Some states of each channel.
struct StateRange {
  mlir::Value first;
  int64_t count;
};

/// Reads and writes the operands of a scan on memrefs, numbered as in `maps`.
class ScanAccess {
public:
  ScanAccess(ir::ScanOp op, LaneBuilder &lb, LaneAxis axis)
      : op(op), lb(lb), axis(axis) {}

  unsigned firstParam() { return op.getNumInputs(); }
  unsigned firstOut() { return firstParam() + op.getNumParams(); }
  unsigned firstState() { return firstOut() + op.getOuts().size(); }
  unsigned numOperands() { return firstState() + op.getStates().size(); }

  // `offsets` sits between params and outs but has no map.
  mlir::Value operand(unsigned i) {
    return op->getOperand(i < firstOut() ? i : i + 1);
  }
  bool hasChannelAxis(unsigned i);
  int64_t numStates(unsigned i);
  /// Channels, and those of them that fill whole vectors.
  mlir::Value channels();
  int64_t width() const {
    return axis == LaneAxis::Channels ? lb.getLanes() : 1;
  }

  /// All states of operand `i` for one row or sequence `lead`.
  Lanes load(unsigned i, mlir::Value lead, const ChannelChunk &chunk);
  void store(unsigned i, mlir::Value lead, const ChannelChunk &chunk,
             llvm::ArrayRef<mlir::Value> vectors);
  /// Lanes over channels: some states of an operand that has them.
  Lanes loadStates(unsigned i, mlir::Value lead, const ChannelChunk &chunk,
                   StateRange states);
  void storeStates(unsigned i, mlir::Value lead, const ChannelChunk &chunk,
                   mlir::Value first, llvm::ArrayRef<mlir::Value> vectors);

  mlir::Value rowAt(const SequenceRows &rows, mlir::Value i);
  /// Fetches what a later row of the chunk reads and writes.
  void prefetch(mlir::Value row, const ChannelChunk &chunk);

private:
  bool isTransposed(unsigned i, const ChannelChunk &chunk);
  Lanes loadOverStates(unsigned i, llvm::SmallVector<mlir::Value> indices);
  void storeOverStates(unsigned i, llvm::SmallVector<mlir::Value> indices,
                       llvm::ArrayRef<mlir::Value> vectors);

  ir::ScanOp op;
  LaneBuilder &lb;
  LaneAxis axis;
};

} // namespace seqc::passes

#endif // SEQC_PASSES_TRANSFORMS_SCANACCESS_H
