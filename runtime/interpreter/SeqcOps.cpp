//===- SeqcOps.cpp - the seqc dialect by way of runtime/reference
//----------===//

#include "runtime/interpreter/Errors.h"
#include "runtime/interpreter/OpCall.h"
#include "runtime/interpreter/ScanOps.h"

#include "dialect/SeqcOps.h"
#include "runtime/reference/Attention.h"
#include "runtime/reference/Gating.h"
#include "runtime/reference/Rows.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
namespace ref = seqc::reference;

namespace seqc::interpreter {

static ref::ConstMatrix matrix(const Value &value) {
  if (!value)
    return {};
  return {value.f(), value.rank() == 2 ? value.extent(0) : value.size(),
          value.rank() == 2 ? value.extent(1) : 1};
}
static ref::Matrix mutableMatrix(Value &value) {
  return {value.mutableF(), value.extent(0),
          value.rank() == 2 ? value.extent(1) : 1};
}
static ref::ConstVector vector(const Value &value) {
  return value ? ref::ConstVector{value.f(), value.size()} : ref::ConstVector{};
}
static ref::ConstInts ints(const Value &value) {
  return value ? ref::ConstInts{value.i(), value.size()} : ref::ConstInts{};
}

/// Turns a problem of the reference into an error at the op.
static Status check(OpCall &call, const ref::Problem &problem) {
  return problem.empty() ? Status() : errorAt(call.op, problem);
}

static Status expectExtent(OpCall &call, const char *what, int64_t got,
                           int64_t expected) {
  if (got == expected)
    return {};
  return errorAt(call.op, std::string("expected ") + what + " of extent " +
                              std::to_string(expected) + ", got " +
                              std::to_string(got));
}

static Status evaluateNorm(ir::NormOp op, OpCall &call) {
  Value source = call.of(op.getSource()), gain = call.of(op.getGain());
  Value bias = call.of(op.getBias()), out = std::move(call.of(op.getOut()));
  if (Status s = expectExtent(call, "out", out.size(), source.size()); !s.ok())
    return s;
  auto kind = op.getKind() == ir::NormKind::Layer ? ref::NormKind::Layer
              : op.getKind() == ir::NormKind::Rms ? ref::NormKind::Rms
                                                  : ref::NormKind::Scale;
  ref::norm(kind, matrix(source), vector(gain), vector(bias),
            op.getEps().convertToFloat(), op.getUnitOffset(),
            mutableMatrix(out));
  call.results.push_back(std::move(out));
  return {};
}

static Status evaluateRoute(ir::RouteOp op, OpCall &call) {
  Value logits = call.of(op.getLogits());
  Value active = std::move(call.of(op.getActive()));
  Value confidence = std::move(call.of(op.getConfidence()));
  for (const Value *out : {&active, &confidence})
    if (Status s = expectExtent(call, "outs", out->size(), logits.extent(0));
        !s.ok())
      return s;
  ref::route(matrix(logits), call.of(op.getSkipBias()).asFloat(),
             call.of(op.getInverseTemperature()).asFloat(),
             {active.mutableI(), active.size()},
             {confidence.mutableF(), confidence.size()});
  call.results.push_back(std::move(active));
  call.results.push_back(std::move(confidence));
  return {};
}

static Status evaluateCompress(ir::CompressOp op, OpCall &call) {
  Value active = call.of(op.getActive()), offsets = call.of(op.getOffsets());
  Value index = std::move(call.of(op.getIndex()));
  Value packed = std::move(call.of(op.getPacked()));
  Status status =
      check(call, ref::compress(ints(active), ints(offsets),
                                {index.mutableI(), index.size()},
                                {packed.mutableI(), packed.size()}));
  call.results.push_back(std::move(index));
  call.results.push_back(std::move(packed));
  return status;
}

template <class T>
static ref::MatrixView<T> rowsOf(T *data, const Value &value) {
  return {data, value.extent(0), value.rank() == 2 ? value.extent(1) : 1};
}

static Status evaluateGather(ir::GatherRowsOp op, OpCall &call) {
  Value source = call.of(op.getSource()), index = call.of(op.getIndex());
  Value out = std::move(call.of(op.getOut()));
  ref::Problem problem =
      source.isFloat()
          ? ref::gatherRows<double>(rowsOf(source.f(), source), ints(index),
                                    rowsOf(out.mutableF(), out))
          : ref::gatherRows<int64_t>(rowsOf(source.i(), source), ints(index),
                                     rowsOf(out.mutableI(), out));
  call.results.push_back(std::move(out));
  // The indices come from the caller's data (token ids), not from the model.
  return problem.empty() ? Status()
                         : errorAt(op, problem, ErrorCode::InvalidArgument);
}

static Status evaluateScatter(ir::ScatterRowsOp op, OpCall &call) {
  Value source = call.of(op.getSource()), index = call.of(op.getIndex());
  Value scale = call.of(op.getScale()), out = std::move(call.of(op.getOut()));
  if (scale)
    if (Status s = expectExtent(call, "scale", scale.size(), out.extent(0));
        !s.ok())
      return s;
  auto mode = op.getMode() == ir::ScatterMode::Add ? ref::ScatterMode::Add
                                                   : ref::ScatterMode::Set;
  ref::Problem problem = ref::scatterRows(
      matrix(source), ints(index), vector(scale), mode, mutableMatrix(out));
  call.results.push_back(std::move(out));
  return check(call, problem);
}

static Status evaluatePool(ir::PoolOp op, OpCall &call) {
  Value source = call.of(op.getSource()), offsets = call.of(op.getOffsets());
  Value out = std::move(call.of(op.getOut()));
  if (Status s =
          expectExtent(call, "offsets", offsets.size(), out.extent(0) + 1);
      !s.ok())
    return s;
  ref::Problem problem =
      ref::poolMean(matrix(source), ints(offsets), mutableMatrix(out));
  call.results.push_back(std::move(out));
  return check(call, problem);
}

static Status evaluateRingPush(ir::RingPushOp op, OpCall &call) {
  Value source = call.of(op.getSource()), offsets = call.of(op.getOffsets());
  Value count = call.of(op.getCount()), ring = std::move(call.of(op.getRing()));
  for (const auto &[what, got] :
       {std::pair<const char *, int64_t>{"offsets", offsets.size() - 1},
        {"count", count.size()}})
    if (Status s = expectExtent(call, what, got, ring.extent(0)); !s.ok())
      return s;
  int64_t capacity = ring.extent(1);
  ref::Problem problem =
      source.isFloat()
          ? ref::ringPush<double>(rowsOf(source.f(), source), ints(offsets),
                                  ints(count), capacity, ring.mutableF())
          : ref::ringPush<int64_t>(rowsOf(source.i(), source), ints(offsets),
                                   ints(count), capacity, ring.mutableI());
  call.results.push_back(std::move(ring));
  return check(call, problem);
}

static ref::ScoreKind scoreOf(ir::ScoreKind kind) {
  switch (kind) {
  case ir::ScoreKind::Softmax:
    return ref::ScoreKind::Softmax;
  case ir::ScoreKind::Relu:
    return ref::ScoreKind::Relu;
  case ir::ScoreKind::Relu2:
    return ref::ScoreKind::Relu2;
  case ir::ScoreKind::Laplace:
    return ref::ScoreKind::Laplace;
  }
  llvm_unreachable("covered switch");
}

static ref::BiasKind biasOf(ir::BiasKind kind) {
  switch (kind) {
  case ir::BiasKind::None:
    return ref::BiasKind::None;
  case ir::BiasKind::Position:
    return ref::BiasKind::Position;
  case ir::BiasKind::Rank:
    return ref::BiasKind::Rank;
  }
  llvm_unreachable("covered switch");
}

static Status evaluateAttend(ir::AttendOp op, OpCall &call) {
  const Value query = call.of(op.getQuery()), key = call.of(op.getKey());
  const Value value = call.of(op.getValue()),
              offsets = call.of(op.getOffsets());
  const Value positions = call.of(op.getPositions()),
              table = call.of(op.getTable());
  const Value cosines = call.of(op.getCosines()),
              sines = call.of(op.getSines());
  const Value pastKey = call.of(op.getPastKey()),
              pastValue = call.of(op.getPastValue());
  const Value pastCount = call.of(op.getPastCount());
  const Value pastPositions = call.of(op.getPastPositions());
  Value out = std::move(call.of(op.getOut()));

  ref::Attend attend;
  attend.score = scoreOf(op.getScore());
  attend.bias = biasOf(op.getBias());
  attend.left = op.getLeft(), attend.right = op.getRight();
  attend.scale = op.getScale().convertToFloat();
  attend.tableOrigin = op.getTableOrigin();
  attend.byPosition = op.getByPosition();
  attend.heads = op.hasHeads() ? query.extent(0) : 1;
  attend.keyHeads = op.hasHeads() ? key.extent(0) : 1;
  attend.rows = query.extent(-2);
  attend.keySize = query.extent(-1), attend.valueSize = out.extent(-1);
  attend.query = query.f(), attend.key = key.f(), attend.value = value.f();
  attend.offsets = ints(offsets), attend.positions = ints(positions);
  attend.cosines = matrix(cosines), attend.sines = matrix(sines);
  attend.table = vector(table);
  for (const Value *v : {&key, &value, static_cast<const Value *>(&out)})
    if (Status s = expectExtent(call, "rows", v->extent(-2), attend.rows);
        !s.ok())
      return s;
  if (positions)
    if (Status s =
            expectExtent(call, "positions", positions.size(), attend.rows);
        !s.ok())
      return s;
  if (pastKey) {
    if (Status s = expectExtent(call, "past_key", pastKey.extent(0),
                                offsets.size() - 1);
        !s.ok())
      return s;
    attend.pastCapacity = pastKey.extent(1);
    attend.pastKey = pastKey.f(), attend.pastValue = pastValue.f();
    attend.pastCount = ints(pastCount);
    attend.pastPositions = pastPositions ? pastPositions.i() : nullptr;
  }
  if (op.hasKeyRange()) {
    attend.from = call.intOf(op.getFrom());
    attend.to = call.intOf(op.getTo());
  }
  Value maximum = call.of(op.getMaximum()), total = call.of(op.getTotal());
  if (op.isOpen())
    attend.maximum = maximum.mutableF(), attend.total = total.mutableF();
  ref::Problem problem = ref::attend(attend, out.mutableF());
  call.results.push_back(std::move(out));
  if (op.isOpen()) {
    call.results.push_back(std::move(maximum));
    call.results.push_back(std::move(total));
  }
  return check(call, problem);
}

static Status evaluateCount(ir::CountOp op, OpCall &call) {
  const Value &offsets = call.of(op.getOffsets());
  if (offsets.size() == 0)
    return errorAt(op, "expected offsets with at least one entry");
  call.results.push_back(Value::scalarInt(offsets.i()[offsets.size() - 1]));
  return {};
}

Status evaluateSeqcOp(OpCall &call) {
  return llvm::TypeSwitch<Operation *, Status>(call.op)
      .Case([&](ir::ScanOp op) { return evaluateScan(op, call); })
      .Case([&](ir::PoolOp op) { return evaluatePool(op, call); })
      .Case([&](ir::AttendOp op) { return evaluateAttend(op, call); })
      .Case([&](ir::RouteOp op) { return evaluateRoute(op, call); })
      .Case([&](ir::CompressOp op) { return evaluateCompress(op, call); })
      .Case([&](ir::CountOp op) { return evaluateCount(op, call); })
      .Case([&](ir::GatherRowsOp op) { return evaluateGather(op, call); })
      .Case([&](ir::ScatterRowsOp op) { return evaluateScatter(op, call); })
      .Case([&](ir::NormOp op) { return evaluateNorm(op, call); })
      .Case([&](ir::RingPushOp op) { return evaluateRingPush(op, call); })
      .Default([&](Operation *op) { return unsupported(op); });
}

} // namespace seqc::interpreter
