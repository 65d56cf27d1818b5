//===- ScanStep.cpp - a scan's step region on whole vectors ---------------===//

#include "passes/Transforms/ScanStep.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace seqc;
using namespace seqc::passes;

/// Sums over states run in two chains: one would make a step as long as its
/// latency, more need registers that the states want.
static constexpr size_t kReductionChains = 2;

static int64_t extentOf(Type type) {
  auto vectorType = dyn_cast<VectorType>(type);
  return vectorType ? vectorType.getNumElements() : 1;
}

int64_t seqc::passes::laneCount(Type type, LaneAxis axis, int64_t lanes) {
  if (!isa<VectorType>(type))
    return 1;
  return axis == LaneAxis::States ? llvm::divideCeil(extentOf(type), lanes)
                                  : extentOf(type);
}

//===----------------------------------------------------------------------===//
// What has a vector form
//===----------------------------------------------------------------------===//

static bool isElementwise(Operation *op) {
  return OpTrait::hasElementwiseMappableTraits(op) || isa<vector::FMAOp>(op);
}

static bool isStepType(Type type) {
  auto vectorType = dyn_cast<VectorType>(type);
  if (!vectorType)
    return type.isIntOrFloat();
  return vectorType.getRank() == 1 && !vectorType.isScalable();
}

static bool isStaticPosition(Operation *op) {
  if (auto extract = dyn_cast<vector::ExtractOp>(op))
    return !extract.hasDynamicPosition();
  if (auto insert = dyn_cast<vector::InsertOp>(op))
    return !insert.hasDynamicPosition();
  return isa<vector::FromElementsOp, vector::ToElementsOp, vector::ShuffleOp>(
      op);
}

/// States of a channel are a part of a vector, or whole vectors.
static bool fillsVectors(Type type, int64_t lanes) {
  int64_t extent = extentOf(type);
  return lanes % extent == 0 || extent % lanes == 0;
}

/// In memory order, where states are not picked one by one.
static bool isSupportedInMemory(Operation *op, int64_t lanes) {
  auto fits = [&](Type type) { return fillsVectors(type, lanes); };
  if (!llvm::all_of(op->getOperandTypes(), fits) ||
      !llvm::all_of(op->getResultTypes(), fits))
    return false;
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    auto dense = dyn_cast<DenseElementsAttr>(constant.getValue());
    return !dense || dense.isSplat();
  }
  if (auto broadcast = dyn_cast<vector::BroadcastOp>(op))
    return !isa<VectorType>(broadcast.getSourceType());
  return isa<ir::YieldOp, vector::ReductionOp>(op) || isElementwise(op);
}

static bool isSupported(Operation *op, LaneAxis axis, int64_t lanes) {
  if (!llvm::all_of(op->getOperandTypes(), isStepType) ||
      !llvm::all_of(op->getResultTypes(), isStepType))
    return false;
  if (axis == LaneAxis::Memory)
    return isSupportedInMemory(op, lanes);
  if (isa<ir::YieldOp>(op) || isElementwise(op))
    return true;
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    auto dense = dyn_cast<DenseElementsAttr>(constant.getValue());
    return axis == LaneAxis::Channels || !dense || dense.isSplat() ||
           dense.getNumElements() % lanes == 0;
  }
  if (auto broadcast = dyn_cast<vector::BroadcastOp>(op))
    return axis == LaneAxis::Channels ||
           !isa<VectorType>(broadcast.getSourceType());
  if (auto reduction = dyn_cast<vector::ReductionOp>(op))
    return axis == LaneAxis::Channels ||
           extentOf(reduction.getVector().getType()) % lanes == 0 ||
           reduction.getKind() == vector::CombiningKind::ADD;
  return axis == LaneAxis::Channels && isStaticPosition(op);
}

Operation *seqc::passes::findUnsupported(ir::ScanOp op, LaneAxis axis,
                                         int64_t lanes) {
  for (Operation &inner : op.getStep().front())
    if (!isSupported(&inner, axis, lanes))
      return &inner;
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Emission
//===----------------------------------------------------------------------===//

void StepEmitter::emit(Operation *op) {
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return bind(constant.getResult(), emitConstant(constant));
  if (auto reduction = dyn_cast<vector::ReductionOp>(op))
    return bind(reduction.getDest(), emitReduction(reduction));
  if (isElementwise(op))
    return emitElementwise(op);
  emitRenaming(op);
}

Lanes StepEmitter::emitConstant(arith::ConstantOp op) {
  OpBuilder &b = lb.builder();
  Type element = getElementTypeOrSelf(op.getType());
  VectorType vectorType = lb.type(element);
  auto constant = [&](ArrayRef<Attribute> entries) -> Value {
    return arith::ConstantOp::create(
        b, lb.getLoc(), DenseElementsAttr::get(vectorType, entries));
  };
  auto dense = dyn_cast<DenseElementsAttr>(op.getValue());
  if (!dense)
    return {constant({op.getValue()})};
  if (dense.isSplat())
    return Lanes(count(op.getType()),
                 constant({dense.getSplatValue<Attribute>()}));
  SmallVector<Attribute> entries =
      llvm::to_vector(dense.getValues<Attribute>());
  size_t step = axis == LaneAxis::Channels ? 1 : lb.getLanes();
  Lanes vectors;
  for (size_t at = 0; at < entries.size(); at += step)
    vectors.push_back(constant(ArrayRef(entries).slice(at, step)));
  return vectors;
}

// A product that feeds an addition is one instruction where the target has it.
static void allowContraction(Operation *op) {
  if (!isa<arith::MulFOp, arith::AddFOp, arith::SubFOp>(op))
    return;
  auto fast = cast<arith::ArithFastMathInterface>(op);
  arith::FastMathFlags flags =
      fast.getFastMathFlagsAttr().getValue() | arith::FastMathFlags::contract;
  op->setAttr(fast.getFastMathAttrName(),
              arith::FastMathFlagsAttr::get(op->getContext(), flags));
}

void StepEmitter::emitElementwise(Operation *op) {
  SmallVector<Type> types;
  for (Type type : op->getResultTypes())
    types.push_back(lb.type(getElementTypeOrSelf(type)));
  SmallVector<Lanes> results(op->getNumResults());
  for (int64_t j = 0, e = count(op->getResult(0).getType()); j < e; ++j) {
    SmallVector<Value> operands;
    for (Value operand : op->getOperands()) {
      const Lanes &vectors = lookup(operand);
      operands.push_back(vectors.size() == 1 ? vectors.front() : vectors[j]);
    }
    Operation *vectorOp =
        lb.builder().create(lb.getLoc(), op->getName().getIdentifier(),
                            operands, types, op->getAttrs());
    allowContraction(vectorOp);
    for (auto [result, vector] :
         llvm::zip_equal(results, vectorOp->getResults()))
      result.push_back(vector);
  }
  for (auto [value, vectors] : llvm::zip_equal(op->getResults(), results))
    bind(value, vectors);
}

static Value combine(LaneBuilder &lb, vector::ReductionOp op, Value lhs,
                     Value rhs) {
  auto flags = arith::FastMathFlagsAttr::get(
      op.getContext(), op.getFastmath() | arith::FastMathFlags::contract);
  return vector::makeArithReduction(lb.builder(), lb.getLoc(), op.getKind(),
                                    lhs, rhs, flags);
}

// Padding lanes hold whatever the step made of zeros.
void StepEmitter::clearPadding(Lanes &vectors, int64_t extent) {
  int64_t valid = extent % lb.getLanes();
  if (valid == 0)
    return;
  OpBuilder &b = lb.builder();
  Value mask = lb.maskBelow(lb.index(valid));
  Type element = cast<VectorType>(vectors.back().getType()).getElementType();
  vectors.back() = arith::SelectOp::create(b, lb.getLoc(), mask, vectors.back(),
                                           lb.zero(element));
}

Value StepEmitter::reduceLanes(vector::ReductionOp op, Value vector) {
  auto flags = op.getFastmath() | arith::FastMathFlags::reassoc;
  Value sum = vector::ReductionOp::create(lb.builder(), lb.getLoc(),
                                          op.getKind(), vector, flags);
  return lb.splat(sum);
}

// Entries of a channel are neighbours: each round combines them in pairs, two
// vectors giving one, until a vector holds one entry per channel.
Value StepEmitter::reduceInMemory(vector::ReductionOp op, Lanes vectors) {
  int64_t lanes = lb.getLanes();
  // Vectors of one channel first.
  size_t perChannel =
      std::max<int64_t>(1, extentOf(op.getVector().getType()) / lanes);
  Lanes sums;
  for (size_t at = 0; at < vectors.size(); at += perChannel) {
    Value sum = vectors[at];
    for (size_t j = 1; j < perChannel; ++j)
      sum = combine(lb, op, sum, vectors[at + j]);
    sums.push_back(sum);
  }
  SmallVector<int64_t> even, odd;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    even.push_back(2 * lane);
    odd.push_back(2 * lane + 1);
  }
  OpBuilder &b = lb.builder();
  while (sums.size() > 1) {
    Lanes halves;
    for (size_t at = 0; at < sums.size(); at += 2) {
      Value low = vector::ShuffleOp::create(b, lb.getLoc(), sums[at],
                                            sums[at + 1], even);
      Value high = vector::ShuffleOp::create(b, lb.getLoc(), sums[at],
                                             sums[at + 1], odd);
      halves.push_back(combine(lb, op, low, high));
    }
    sums = std::move(halves);
  }
  return sums.front();
}

Lanes StepEmitter::emitReduction(vector::ReductionOp op) {
  Value sum = sumOf(op);
  if (op.getAcc())
    sum = combine(lb, op, sum, lookup(op.getAcc()).front());
  return {sum};
}

Value StepEmitter::sumOf(vector::ReductionOp op) {
  Lanes vectors = lookup(op.getVector());
  if (axis == LaneAxis::Memory)
    return reduceInMemory(op, vectors);
  if (axis == LaneAxis::States)
    clearPadding(vectors, extentOf(op.getVector().getType()));
  size_t chains = std::min(kReductionChains, vectors.size());
  Lanes sums(vectors.begin(), vectors.begin() + chains);
  for (size_t j = chains; j < vectors.size(); ++j)
    sums[j % chains] = combine(lb, op, vectors[j], sums[j % chains]);
  Value sum = sums.front();
  for (Value other : ArrayRef(sums).drop_front())
    sum = combine(lb, op, sum, other);
  if (axis == LaneAxis::States)
    sum = reduceLanes(op, sum);
  return sum;
}

int64_t StepEmitter::count(Type type) const {
  if (states && isa<VectorType>(type))
    return states;
  return laneCount(type, axis, lb.getLanes());
}

Lanes seqc::passes::spreadInMemory(LaneBuilder &lb, Value channels,
                                   int64_t states) {
  Lanes vectors;
  for (int64_t j = 0; j < states; ++j) {
    SmallVector<int64_t> from;
    for (int64_t lane = 0; lane < lb.getLanes(); ++lane)
      from.push_back((j * lb.getLanes() + lane) / states);
    vectors.push_back(vector::ShuffleOp::create(lb.builder(), lb.getLoc(),
                                                channels, channels, from));
  }
  return vectors;
}

void StepEmitter::emitRenaming(Operation *op) {
  auto front = [&](Value value) { return lookup(value).front(); };
  if (axis == LaneAxis::Memory) {
    auto broadcast = cast<vector::BroadcastOp>(op);
    return bind(broadcast, spreadInMemory(lb, front(broadcast.getSource()),
                                          extentOf(broadcast.getType())));
  }
  if (auto broadcast = dyn_cast<vector::BroadcastOp>(op)) {
    const Lanes &source = lookup(broadcast.getSource());
    int64_t wanted = count(broadcast.getType());
    bool same = static_cast<int64_t>(source.size()) == wanted;
    return bind(broadcast, same ? source : Lanes(wanted, source.front()));
  }
  if (auto extract = dyn_cast<vector::ExtractOp>(op))
    return bind(
        extract,
        {lookup(extract.getSource())[extract.getStaticPosition().front()]});
  if (auto insert = dyn_cast<vector::InsertOp>(op)) {
    Lanes vectors = lookup(insert.getDest());
    vectors[insert.getStaticPosition().front()] =
        front(insert.getValueToStore());
    return bind(insert, vectors);
  }
  if (auto from = dyn_cast<vector::FromElementsOp>(op))
    return bind(from, llvm::map_to_vector(from.getElements(), front));
  if (auto to = dyn_cast<vector::ToElementsOp>(op)) {
    for (auto [result, vector] :
         llvm::zip_equal(to.getResults(), Lanes(lookup(to.getSource()))))
      bind(result, {vector});
    return;
  }
  auto shuffle = cast<vector::ShuffleOp>(op);
  Lanes pool = lookup(shuffle.getV1()), picked;
  llvm::append_range(pool, lookup(shuffle.getV2()));
  for (int64_t i : shuffle.getMask())
    picked.push_back(i < 0 ? pool.front() : pool[i]);
  bind(shuffle, picked);
}

//===----------------------------------------------------------------------===//
// What can be computed a row ahead
//===----------------------------------------------------------------------===//

/// The operations of the step that `value` depends on, if it is made of inputs
/// and parameters without a state axis alone.
static bool collectSlice(ir::ScanOp op, Value value,
                         llvm::SmallPtrSetImpl<Operation *> &slice) {
  if (isa<VectorType>(value.getType()))
    return false;
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    unsigned i = argument.getArgNumber();
    bool isInput = i < op.getNumInputs();
    return isInput ? op.getDelays()[i] == 0
                   : i < op.getNumInputs() + op.getNumParams();
  }
  Operation *def = value.getDefiningOp();
  if (!slice.insert(def).second)
    return true;
  return llvm::all_of(def->getOperands(), [&](Value operand) {
    return collectSlice(op, operand, slice);
  });
}

AheadValues seqc::passes::findAheadValues(ir::ScanOp op) {
  AheadValues ahead;
  Block &step = op.getStep().front();
  llvm::SmallPtrSet<Operation *, 16> all;
  llvm::SmallSetVector<Value, 4> values;
  for (Operation &inner : step) {
    // Spread over the states of a channel: all their updates wait for it.
    auto spread = dyn_cast<vector::BroadcastOp>(inner);
    if (!spread || isa<VectorType>(spread.getSourceType()))
      continue;
    llvm::SmallPtrSet<Operation *, 16> slice;
    if (!collectSlice(op, spread.getSource(), slice) ||
        llvm::none_of(slice, [](Operation *each) {
          return isa<math::MathDialect>(each->getDialect());
        }))
      continue;
    values.insert(spread.getSource());
    all.insert(slice.begin(), slice.end());
  }
  ahead.values.assign(values.begin(), values.end());
  llvm::BitVector read(step.getNumArguments());
  for (Operation &inner : step) {
    if (!all.contains(&inner))
      continue;
    ahead.slice.push_back(&inner);
    for (Value operand : inner.getOperands())
      if (auto argument = dyn_cast<BlockArgument>(operand))
        read.set(argument.getArgNumber());
  }
  ahead.arguments.assign(read.set_bits_begin(), read.set_bits_end());
  return ahead;
}

SmallVector<Lanes> seqc::passes::emitAhead(LaneBuilder &lb, ir::ScanOp op,
                                           LaneAxis axis,
                                           const AheadValues &ahead,
                                           ArrayRef<Lanes> args) {
  StepEmitter emitter(lb, axis);
  Block &step = op.getStep().front();
  for (unsigned i : ahead.arguments)
    emitter.bind(step.getArgument(i), args[i]);
  for (Operation *inner : ahead.slice)
    emitter.emit(inner);
  SmallVector<Lanes> results;
  for (Value value : ahead.values)
    results.push_back(emitter.lookup(value));
  return results;
}

/// Of the operations that make the known values, those that are needed for
/// something else as well.
static llvm::SmallPtrSet<Operation *, 16>
stillNeeded(const AheadValues &ahead) {
  llvm::SmallPtrSet<Operation *, 16> slice(ahead.slice.begin(),
                                           ahead.slice.end());
  llvm::SmallPtrSet<Operation *, 16> needed;
  for (Operation *inner : llvm::reverse(ahead.slice))
    for (Value result : inner->getResults())
      for (Operation *user : result.getUsers())
        if (!llvm::is_contained(ahead.values, result) &&
            (!slice.contains(user) || needed.contains(user)))
          needed.insert(inner);
  return needed;
}

SmallVector<Lanes> seqc::passes::emitStep(LaneBuilder &lb, ir::ScanOp op,
                                          LaneAxis axis, ArrayRef<Lanes> args,
                                          const AheadValues &ahead,
                                          ArrayRef<Lanes> known) {
  StepEmitter emitter(lb, axis);
  Block &step = op.getStep().front();
  for (auto [argument, vectors] : llvm::zip_equal(step.getArguments(), args))
    emitter.bind(argument, vectors);
  for (auto [value, vectors] : llvm::zip_equal(ahead.values, known))
    emitter.bind(value, vectors);
  llvm::SmallPtrSet<Operation *, 16> needed = stillNeeded(ahead);
  for (Operation &inner : step.without_terminator())
    if (!llvm::is_contained(ahead.slice, &inner) || needed.contains(&inner))
      emitter.emit(&inner);
  SmallVector<Lanes> results;
  for (Value value : step.getTerminator()->getOperands())
    results.push_back(emitter.lookup(value));
  return results;
}
