//===- LaneEmitter.cpp - the body of a linalg op on a vector of lanes -----===//

#include "passes/Transforms/LaneEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace seqc::passes;

LaneEmitter::LaneEmitter(linalg::LinalgOp op, int64_t lanes,
                         std::optional<unsigned> laneDim)
    : ivs(op.getNumLoops()), op(op), lanes(lanes), laneDim(laneDim) {}

static bool isLaneElement(Type type) {
  // i1 is a byte in memory but a bit in a vector; index has no fixed width.
  return type.isIntOrFloat() && type.getIntOrFloatBitWidth() >= 8;
}

bool LaneEmitter::supports(linalg::LinalgOp op) {
  for (OpOperand &operand : op->getOpOperands()) {
    auto type = dyn_cast<MemRefType>(operand.get().getType());
    if (!type)
      continue;
    if (!isLaneElement(type.getElementType()) ||
        !isSimpleAccess(op.getMatchingIndexingMap(&operand)))
      return false;
  }
  for (Operation &inner : op.getBlock()->without_terminator()) {
    if (inner.getNumRegions() != 0)
      return false;
    if (auto load = dyn_cast<memref::LoadOp>(inner)) {
      if (!isLaneElement(load.getMemRefType().getElementType()))
        return false;
      continue;
    }
    if (!isa<linalg::IndexOp>(inner) &&
        !inner.hasTrait<OpTrait::ConstantLike>() &&
        !OpTrait::hasElementwiseMappableTraits(&inner))
      return false;
  }
  return true;
}

Value LaneEmitter::asVector(OpBuilder &builder, Value value) {
  return laneDim ? widen(builder, op.getLoc(), value, lanes) : value;
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

static bool isRead(linalg::LinalgOp op, OpOperand &operand) {
  return !op.isDpsInit(&operand) || op.payloadUsesValueFromOperand(&operand);
}

void LaneEmitter::preloadUniform(OpBuilder &builder) {
  uniform.clear();
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isRead(op, operand) || op.isDpsInit(&operand))
      continue;
    if (laneDim && positionOf(op.getMatchingIndexingMap(&operand), *laneDim))
      continue;
    Value value = load(builder, operand);
    if (isa<FloatType>(value.getType()))
      value = asVector(builder, value);
    uniform[&operand] = value;
  }
}

Value LaneEmitter::load(OpBuilder &builder, OpOperand &operand) {
  if (Value value = uniform.lookup(&operand))
    return value;
  if (!isa<MemRefType>(operand.get().getType()))
    return operand.get();
  AffineMap map = op.getMatchingIndexingMap(&operand);
  SmallVector<Value> indices = accessIndices(builder, op.getLoc(), map, ivs);
  std::optional<unsigned> position =
      laneDim ? positionOf(map, *laneDim) : std::nullopt;
  if (!position)
    return memref::LoadOp::create(builder, op.getLoc(), operand.get(), indices);
  return loadLanes(builder, op.getLoc(), operand.get(), indices, *position,
                   lanes, mask);
}

void LaneEmitter::store(OpBuilder &builder, OpOperand &operand, Value value) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  SmallVector<Value> indices = accessIndices(builder, op.getLoc(), map, ivs);
  std::optional<unsigned> position =
      laneDim ? positionOf(map, *laneDim) : std::nullopt;
  if (!position) {
    memref::StoreOp::create(builder, op.getLoc(), value, operand.get(),
                            indices);
    return;
  }
  storeLanes(builder, op.getLoc(), asVector(builder, value), operand.get(),
             indices, *position, mask);
}

SmallVector<Value> LaneEmitter::loadInputs(OpBuilder &builder) {
  SmallVector<Value> values;
  for (OpOperand &operand : op->getOpOperands()) {
    if (isRead(op, operand))
      values.push_back(load(builder, operand));
    else
      values.push_back(
          splatConstant(builder, op.getLoc(),
                        getElementTypeOrSelf(operand.get().getType()), 0));
  }
  return values;
}

//===----------------------------------------------------------------------===//
// Body
//===----------------------------------------------------------------------===//

Value LaneEmitter::lookup(const ValueMap &map, Value value) const {
  if (Value mapped = map.lookup(value))
    return mapped;
  return value; // defined outside of the op
}

Value LaneEmitter::emitIndex(OpBuilder &builder, linalg::IndexOp index) {
  Location loc = index.getLoc();
  if (!laneDim || index.getDim() != *laneDim)
    return ivs[index.getDim()];
  Value base = widen(builder, loc, ivs[*laneDim], lanes);
  return arith::AddIOp::create(builder, loc, base,
                               laneNumbers(builder, loc, lanes));
}

Value LaneEmitter::emitLoad(OpBuilder &builder, Operation &inner,
                            const ValueMap &map) {
  auto load = cast<memref::LoadOp>(inner);
  Location loc = load.getLoc();
  SmallVector<Value> indices;
  SmallVector<unsigned> varying;
  for (auto [position, index] : llvm::enumerate(load.getIndices())) {
    Value value = lookup(map, index);
    if (isa<VectorType>(value.getType()))
      varying.push_back(position);
    indices.push_back(value);
  }
  Value memref = lookup(map, load.getMemRef());
  if (varying.empty())
    return memref::LoadOp::create(builder, loc, memref, indices);
  // The lane number itself as the index: consecutive elements.
  if (varying.size() == 1) {
    auto index = load.getIndices()[varying[0]].getDefiningOp<linalg::IndexOp>();
    if (index && index->getParentOp() == op) {
      indices[varying[0]] = ivs[*laneDim];
      return loadLanes(builder, loc, memref, indices, varying[0], lanes, mask);
    }
  }
  return gatherElements(builder, loc, memref, indices, lanes, mask);
}

/// Vectors of index are held as i32, so most index casts vanish.
Value LaneEmitter::emitIndexCast(OpBuilder &builder, Operation &inner,
                                 Value operand) {
  Type result = inner.getResult(0).getType();
  if (result.isIndex())
    result = builder.getI32Type();
  auto from = cast<VectorType>(operand.getType());
  auto to = VectorType::get(lanes, result);
  unsigned fromBits = from.getElementTypeBitWidth(),
           toBits = to.getElementTypeBitWidth();
  if (fromBits == toBits)
    return operand;
  Location loc = inner.getLoc();
  if (fromBits > toBits)
    return arith::TruncIOp::create(builder, loc, to, operand);
  if (isa<arith::IndexCastUIOp>(inner))
    return arith::ExtUIOp::create(builder, loc, to, operand);
  return arith::ExtSIOp::create(builder, loc, to, operand);
}

/// Lanes outside the mask may hold zeros: dividing by them must not trap.
Value LaneEmitter::guardDivisor(OpBuilder &builder, Operation &inner,
                                Value divisor) {
  if (!mask ||
      !isa<arith::DivSIOp, arith::DivUIOp, arith::RemSIOp, arith::RemUIOp,
           arith::CeilDivSIOp, arith::CeilDivUIOp, arith::FloorDivSIOp>(inner))
    return divisor;
  Value one = splatConstant(builder, inner.getLoc(), divisor.getType(), 1);
  return arith::SelectOp::create(builder, inner.getLoc(), mask, divisor, one);
}

void LaneEmitter::emitElementwise(OpBuilder &builder, Operation &inner,
                                  ValueMap &map) {
  SmallVector<Value> operands;
  bool uniformOperands = true;
  for (Value operand : inner.getOperands()) {
    operands.push_back(lookup(map, operand));
    uniformOperands &= !isa<VectorType>(operands.back().getType());
  }
  bool isFloat = llvm::any_of(inner.getResultTypes(), llvm::IsaPred<FloatType>);
  bool stayScalar = !laneDim || (uniformOperands && !isFloat);
  if (!stayScalar && isa<arith::IndexCastOp, arith::IndexCastUIOp>(inner)) {
    map[inner.getResult(0)] = emitIndexCast(builder, inner, operands[0]);
    return;
  }
  IRMapping mapping;
  for (auto [index, operand] : llvm::enumerate(inner.getOperands())) {
    Value value =
        stayScalar ? operands[index] : asVector(builder, operands[index]);
    if (index == 1 && !stayScalar)
      value = guardDivisor(builder, inner, value);
    mapping.map(operand, value);
  }
  Operation *clone = builder.clone(inner, mapping);
  for (auto [from, to] :
       llvm::zip_equal(inner.getResults(), clone->getResults())) {
    if (!stayScalar) {
      Type element =
          from.getType().isIndex() ? builder.getI32Type() : from.getType();
      to.setType(VectorType::get(lanes, element));
    }
    map[from] = to;
  }
  if (stayScalar)
    return;
  // i32 lanes stand for index: promises about 64-bit overflow do not carry
  // over.
  if (llvm::any_of(inner.getResultTypes(), llvm::IsaPred<IndexType>))
    if (auto flags = dyn_cast<arith::ArithIntegerOverflowFlagsInterface>(clone))
      clone->setAttr(
          flags.getIntegerOverflowAttrName(),
          arith::IntegerOverflowFlagsAttr::get(
              builder.getContext(), arith::IntegerOverflowFlags::none));
  // Lets the target fuse multiply and add where it can.
  if (isa<arith::MulFOp, arith::AddFOp, arith::SubFOp>(clone)) {
    auto fastmath = cast<arith::ArithFastMathInterface>(clone);
    clone->setAttr(
        fastmath.getFastMathAttrName(),
        arith::FastMathFlagsAttr::get(
            builder.getContext(), fastmath.getFastMathFlagsAttr().getValue() |
                                      arith::FastMathFlags::contract));
  }
}

void LaneEmitter::emitOp(OpBuilder &builder, Operation &inner, ValueMap &map) {
  if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
    map[index.getResult()] = emitIndex(builder, index);
    return;
  }
  if (isa<memref::LoadOp>(inner)) {
    map[inner.getResult(0)] = emitLoad(builder, inner, map);
    return;
  }
  if (inner.hasTrait<OpTrait::ConstantLike>()) {
    map[inner.getResult(0)] = builder.clone(inner)->getResult(0);
    return;
  }
  emitElementwise(builder, inner, map);
}

SmallVector<Value> LaneEmitter::emitBody(OpBuilder &builder,
                                         ValueRange arguments) {
  ValueMap map;
  Block *block = op.getBlock();
  for (auto [argument, value] :
       llvm::zip_equal(block->getArguments(), arguments))
    map[argument] = value;
  for (Operation &inner : block->without_terminator())
    emitOp(builder, inner, map);
  SmallVector<Value> results;
  for (Value yielded : block->getTerminator()->getOperands())
    results.push_back(lookup(map, yielded));
  return results;
}

Value LaneEmitter::emitValue(OpBuilder &builder, ValueRange arguments,
                             Value value) {
  ValueMap map;
  Block *block = op.getBlock();
  for (auto [argument, replacement] :
       llvm::zip_equal(block->getArguments(), arguments))
    if (replacement)
      map[argument] = replacement;
  SmallVector<Operation *> pending;
  llvm::SmallPtrSet<Operation *, 16> needed;
  auto need = [&](Value wanted) {
    Operation *def = wanted.getDefiningOp();
    if (def && def->getBlock() == block && needed.insert(def).second)
      pending.push_back(def);
  };
  need(value);
  while (!pending.empty())
    for (Value operand : pending.pop_back_val()->getOperands())
      need(operand);
  for (Operation &inner : block->without_terminator())
    if (needed.contains(&inner))
      emitOp(builder, inner, map);
  return lookup(map, value);
}
