//===- ScanOps.cpp - seqc.scan over lanes of channels
//----------------------===//

#include "runtime/interpreter/ScanOps.h"

#include "runtime/interpreter/Errors.h"
#include "runtime/reference/Scan.h"

using namespace mlir;
namespace ref = seqc::reference;

namespace seqc::interpreter {

namespace {
/// Axes of an operand over (t, d, n), the sequence axis of states left out.
struct Axes {
  bool d = false, n = false;
  int64_t width = 1; ///< extent of n
};

/// One scan: the step's program runs for a block of channels at a time.
class Scan {
public:
  Scan(ir::ScanOp op, OpCall &call, const LaneProgram &program)
      : op(op), call(call), program(program), channels(op.getNumChannels()) {
    inputs = op.getInputs().size(), params = op.getParams().size();
    outs = op.getOuts().size(), states = op.getStates().size();
  }

  Status run();

private:
  /// Number of the operand with map `i`: offsets, which has none, is skipped.
  unsigned operandOf(unsigned i) const {
    return i < inputs + params ? i : i + 1;
  }
  const Value &valueOf(unsigned i) const { return call.operands[operandOf(i)]; }
  Value &valueOf(unsigned i) { return call.operands[operandOf(i)]; }

  Status findExtents();
  void loadInput(unsigned i, int64_t row);
  void loadParam(unsigned i);
  void step(int64_t t);
  void moveState(unsigned k, int64_t sequence, bool load);

  ir::ScanOp op;
  OpCall &call;
  const LaneProgram &program;
  int64_t channels;
  unsigned inputs, params, outs, states;
  SmallVector<Axes> axes;
  ref::ConstInts offsets;
  std::optional<LaneFrame> frame;
  int64_t first = 0, lanes = 0; ///< channels [first, first + lanes)
  int64_t begin = 0, end = 0;   ///< rows of the sequence at hand
  Operation *failed = nullptr;
};
} // namespace

Status Scan::findExtents() {
  for (unsigned i = 0; i < inputs + params + outs + states; ++i) {
    Axes found;
    for (AffineExpr expr : op.getMap(i).getResults()) {
      found.d |= cast<AffineDimExpr>(expr).getPosition() == 1;
      found.n |= cast<AffineDimExpr>(expr).getPosition() == 2;
    }
    const Value &value = valueOf(i);
    if (found.n)
      found.width = value.extent(-1);
    bool state = i >= inputs + params + outs;
    bool perRow = i < inputs || (i >= inputs + params && !state);
    if (found.d) {
      int64_t extent = value.extent((perRow || state) ? 1 : 0);
      if (ShapedType::isDynamic(channels))
        channels = extent;
      if (extent != channels)
        return errorAt(op, "expected " + std::to_string(channels) +
                               " channels in operand #" +
                               std::to_string(operandOf(i)) + ", got " +
                               std::to_string(extent));
    }
    axes.push_back(found);
    int64_t rows = offsets[offsets.size - 1];
    int64_t expected = state ? ref::sequences(offsets) : rows;
    if ((perRow || state) && value.extent(0) < expected)
      return errorAt(op, "expected extent " + std::to_string(expected) +
                             " of operand #" + std::to_string(operandOf(i)) +
                             ", got " + std::to_string(value.extent(0)));
  }
  return {};
}

/// Row -1 stands for a delayed row that does not exist: 0.
void Scan::loadInput(unsigned i, int64_t row) {
  double *cells = frame->cells(program.arguments[i]).f;
  int64_t width = axes[i].width;
  if (row < 0) {
    std::fill_n(cells, lanes * width, 0.0);
    return;
  }
  const double *from = valueOf(i).f();
  if (axes[i].d) {
    std::copy_n(from + (row * channels + first) * width, lanes * width, cells);
    return;
  }
  for (int64_t lane = 0; lane < lanes; ++lane)
    std::copy_n(from + row * width, width, cells + lane * width);
}

void Scan::loadParam(unsigned i) {
  double *cells = frame->cells(program.arguments[i]).f;
  int64_t width = axes[i].width;
  const double *from = valueOf(i).f();
  for (int64_t lane = 0; lane < lanes; ++lane)
    std::copy_n(from + (axes[i].d ? first + lane : 0) * width, width,
                cells + lane * width);
}

/// Between the carry's argument register and row `sequence` of the state.
void Scan::moveState(unsigned k, int64_t sequence, bool load) {
  unsigned i = inputs + params + outs + k;
  double *cells = frame->cells(program.arguments[inputs + params + k]).f;
  int64_t width = axes[i].width;
  int64_t at = (sequence * channels + first) * width;
  if (load)
    std::copy_n(valueOf(i).f() + at, lanes * width, cells);
  else
    std::copy_n(cells, lanes * width, valueOf(i).mutableF() + at);
}

void Scan::step(int64_t t) {
  auto direction = op.getDirection() == ir::Direction::Forward
                       ? ref::Direction::Forward
                       : ref::Direction::Reverse;
  for (unsigned i = 0; i < inputs; ++i)
    loadInput(i, ref::delayedRow(begin, end, t, op.getDelays()[i], direction));
  if (Operation *bad = frame->run(lanes))
    failed = bad;
  for (unsigned k = 0; k < outs; ++k) {
    unsigned i = inputs + params + k;
    std::copy_n(frame->cells(program.yields[k]).f, lanes * axes[i].width,
                valueOf(i).mutableF() + (t * channels + first) * axes[i].width);
  }
  // A carry may be yielded by another one's argument: read all before writing.
  std::vector<std::vector<double>> next(states);
  for (unsigned k = 0; k < states; ++k) {
    const double *cells = frame->cells(program.yields[outs + k]).f;
    next[k].assign(cells,
                   cells + lanes * axes[inputs + params + outs + k].width);
  }
  for (unsigned k = 0; k < states; ++k)
    llvm::copy(next[k], frame->cells(program.arguments[inputs + params + k]).f);
}

Status Scan::run() {
  offsets = {call.of(op.getOffsets()).i(), call.of(op.getOffsets()).size()};
  if (offsets.size == 0)
    return errorAt(op, "expected offsets with at least one entry");
  if (ref::Problem p = ref::checkOffsets(offsets, offsets[offsets.size - 1]);
      !p.empty())
    return errorAt(op, p);
  if (Status status = findExtents(); !status.ok())
    return status;
  int64_t block = std::max<int64_t>(1, 2048 / program.maxWidth());
  frame.emplace(program, std::min(block, std::max<int64_t>(channels, 1)));
  auto direction = op.getDirection() == ir::Direction::Forward
                       ? ref::Direction::Forward
                       : ref::Direction::Reverse;
  for (first = 0; first < channels && !failed; first += block) {
    lanes = std::min(block, channels - first);
    for (unsigned i = inputs; i < inputs + params; ++i)
      loadParam(i);
    ref::scan(
        offsets, direction,
        [&](int64_t b) {
          begin = offsets[b], end = offsets[b + 1];
          for (unsigned k = 0; k < states; ++k)
            moveState(k, b, true);
        },
        [&](int64_t, int64_t t) { step(t); },
        [&](int64_t b) {
          for (unsigned k = 0; k < states; ++k)
            moveState(k, b, false);
        });
  }
  if (failed)
    return errorAt(failed, "expected a divisor other than 0");
  for (unsigned k = 0; k < outs + states; ++k)
    call.results.push_back(std::move(valueOf(inputs + params + k)));
  return {};
}

Status evaluateScan(ir::ScanOp op, OpCall &call) {
  Result<const LaneProgram *> program = call.programs.region(op);
  if (!program)
    return program.status();
  return Scan(op, call, **program).run();
}

} // namespace seqc::interpreter
