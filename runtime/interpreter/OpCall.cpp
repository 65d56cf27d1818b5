//===- OpCall.cpp - one op being evaluated, and elementwise ops
//------------===//

#include "runtime/interpreter/OpCall.h"

#include "runtime/interpreter/Errors.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/TypeUtilities.h"

#include <cmath>

using namespace mlir;

namespace seqc::interpreter {

Result<const LaneProgram *> ProgramCache::region(Operation *op) {
  std::unique_ptr<Compiled> &slot = programs[op];
  if (!slot)
    slot = std::make_unique<Compiled>(
        LaneProgram::compile(op->getRegion(0).front()));
  if (!slot->ok())
    return slot->status();
  return &slot->value();
}

Result<const LaneProgram *> ProgramCache::single(Operation *op) {
  std::unique_ptr<Compiled> &slot = programs[op];
  if (!slot)
    slot = std::make_unique<Compiled>(LaneProgram::compile(op));
  if (!slot->ok())
    return slot->status();
  return &slot->value();
}

Value &OpCall::of(mlir::Value value) {
  static Value none;
  if (!value)
    return none = Value();
  for (OpOperand &operand : op->getOpOperands())
    if (operand.get() == value)
      return operands[operand.getOperandNumber()];
  llvm_unreachable("not an operand of this op");
}

Shape shapeOf(Type type, llvm::ArrayRef<int64_t> dynamic) {
  Shape shape;
  size_t next = 0;
  for (int64_t extent : cast<ShapedType>(type).getShape())
    shape.push_back(ShapedType::isDynamic(extent) ? dynamic[next++] : extent);
  return shape;
}

Value poison(Type elementType, Shape shape) {
  int64_t count = elementCount(shape);
  if (isa<FloatType>(elementType))
    return Value::floats(std::move(shape), std::vector<double>(count, NAN));
  return Value::ints(std::move(shape), std::vector<int64_t>(count, INT32_MIN));
}

/// Values of the map's results for the operands of the call.
static Result<Shape> evaluateMap(AffineMap map, OpCall &call) {
  Builder builder(call.op->getContext());
  SmallVector<Attribute> operands, results;
  for (const Value &operand : call.operands)
    operands.push_back(builder.getIndexAttr(operand.asInt()));
  if (failed(map.constantFold(operands, results)))
    return errorAt(call.op, "expected a map that has a value at its operands");
  Shape values;
  for (Attribute result : results)
    values.push_back(cast<IntegerAttr>(result).getInt());
  return values;
}

Status evaluateAffineOp(OpCall &call) {
  auto map = call.op->getAttrOfType<AffineMapAttr>("map");
  if (!map ||
      !isa<affine::AffineApplyOp, affine::AffineMinOp, affine::AffineMaxOp>(
          call.op))
    return unsupported(call.op);
  Result<Shape> values = evaluateMap(map.getValue(), call);
  if (!values)
    return values.status();
  int64_t value = isa<affine::AffineMaxOp>(call.op)
                      ? *std::max_element(values->begin(), values->end())
                      : *std::min_element(values->begin(), values->end());
  call.results.push_back(Value::scalarInt(value));
  return {};
}

/// Loads one lane per element of the result; scalars go to every lane.
static void loadLanes(LaneFrame &frame, int32_t reg, const Value &value,
                      int64_t first, int64_t lanes) {
  if (value.size() == 1) {
    frame.fill(reg, value);
    return;
  }
  if (value.isFloat())
    std::copy_n(value.f() + first, lanes, frame.cells(reg).f);
  else
    std::copy_n(value.i() + first, lanes, frame.cells(reg).i);
}

Status evaluateElementOp(OpCall &call) {
  // A scalar condition picks a whole value; the extents of the two may differ.
  if (isa<arith::SelectOp>(call.op) && call.operands[0].rank() == 0) {
    call.results.push_back(call.operands[call.operands[0].asInt() ? 1 : 2]);
    return {};
  }
  Result<const LaneProgram *> program = call.programs.single(call.op);
  if (!program)
    return program.status();
  Shape shape;
  for (const Value &operand : call.operands)
    if (operand.rank() > 0)
      shape = operand.shape();
  Type element = getElementTypeOrSelf(call.op->getResult(0).getType());
  Value result =
      isa<FloatType>(element) ? Value::floats(shape) : Value::ints(shape);
  constexpr int64_t kLanes = 1024;
  int64_t count = result.size();
  LaneFrame frame(**program, std::min(count, kLanes));
  for (int64_t first = 0; first < count; first += kLanes) {
    int64_t lanes = std::min(count - first, kLanes);
    for (auto [reg, operand] :
         llvm::zip_equal((*program)->arguments, call.operands))
      loadLanes(frame, reg, operand, first, lanes);
    if (frame.run(lanes))
      return errorAt(call.op, "expected a divisor other than 0");
    Cells cells = frame.cells((*program)->yields.front());
    if (result.isFloat())
      std::copy_n(cells.f, lanes, result.mutableF() + first);
    else
      std::copy_n(cells.i, lanes, result.mutableI() + first);
  }
  call.results.push_back(std::move(result));
  return {};
}

} // namespace seqc::interpreter
