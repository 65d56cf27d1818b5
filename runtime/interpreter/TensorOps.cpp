//===- TensorOps.cpp - the tensor dialect
//----------------------------------===//

#include "runtime/interpreter/Errors.h"
#include "runtime/interpreter/OpCall.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace seqc::interpreter {

namespace {
/// A strided part of a tensor.
struct Window {
  Shape offsets, sizes, strides;
};
} // namespace

/// Values of static and dynamic entries of a list of sizes or offsets.
static Shape mixed(OpCall &call, ArrayRef<OpFoldResult> entries) {
  Shape values;
  for (OpFoldResult entry : entries)
    if (auto attribute = dyn_cast<Attribute>(entry))
      values.push_back(cast<IntegerAttr>(attribute).getInt());
    else
      values.push_back(call.intOf(cast<mlir::Value>(entry)));
  return values;
}

static Status checkWindow(Operation *op, const Window &window,
                          const Shape &shape) {
  for (size_t i = 0; i < shape.size(); ++i) {
    int64_t last =
        window.offsets[i] + (window.sizes[i] - 1) * window.strides[i];
    if (window.offsets[i] < 0 || window.sizes[i] < 0 ||
        (window.sizes[i] > 0 && (last < 0 || last >= shape[i])))
      return errorAt(op, "expected a slice within extent " +
                             std::to_string(shape[i]) + " of axis " +
                             std::to_string(i) + ", got offset " +
                             std::to_string(window.offsets[i]) + " and size " +
                             std::to_string(window.sizes[i]));
  }
  return {};
}

/// Calls `copy(inside, at)` with the element number in the window and in the
/// whole, once for every run of the last axis.
template <class Copy>
static void forEachRun(const Window &window, const Shape &shape, Copy copy) {
  Shape strides = rowMajorStrides(shape), index(shape.size(), 0);
  int64_t count = elementCount(window.sizes);
  if (count == 0)
    return;
  int64_t run = shape.empty() ? 1 : window.sizes.back();
  for (int64_t inside = 0; inside < count; inside += run) {
    int64_t at = 0;
    for (size_t i = 0; i < shape.size(); ++i)
      at += (window.offsets[i] + index[i] * window.strides[i]) * strides[i];
    copy(inside, at, run, shape.empty() ? 1 : window.strides.back());
    for (size_t i = shape.size() - (shape.empty() ? 0 : 1); i-- > 0;) {
      if (++index[i] < window.sizes[i])
        break;
      index[i] = 0;
    }
  }
}

template <class T>
static void copyStrided(const T *from, int64_t fromStride, T *to,
                        int64_t toStride, int64_t count) {
  for (int64_t k = 0; k < count; ++k)
    to[k * toStride] = from[k * fromStride];
}

static Status evaluateExtractSlice(tensor::ExtractSliceOp op, OpCall &call) {
  Window window{mixed(call, op.getMixedOffsets()),
                mixed(call, op.getMixedSizes()),
                mixed(call, op.getMixedStrides())};
  Value source = call.of(op.getSource());
  if (Status status = checkWindow(op, window, source.shape()); !status.ok())
    return status;
  Shape shape;
  llvm::SmallBitVector dropped = op.getDroppedDims();
  for (size_t i = 0; i < window.sizes.size(); ++i)
    if (!dropped.test(i))
      shape.push_back(window.sizes[i]);
  Value result = source.isFloat() ? Value::floats(shape) : Value::ints(shape);
  forEachRun(window, source.shape(),
             [&](int64_t in, int64_t at, int64_t n, int64_t s) {
               if (source.isFloat())
                 copyStrided(source.f() + at, s, result.mutableF() + in, 1, n);
               else
                 copyStrided(source.i() + at, s, result.mutableI() + in, 1, n);
             });
  call.results.push_back(std::move(result));
  return {};
}

/// For insert_slice and parallel_insert_slice.
template <class Op> static Status evaluateInsertSlice(Op op, OpCall &call) {
  Window window{mixed(call, op.getMixedOffsets()),
                mixed(call, op.getMixedSizes()),
                mixed(call, op.getMixedStrides())};
  Value source = call.of(op.getSource());
  Value result = std::move(call.of(op.getDest()));
  if (Status status = checkWindow(op, window, result.shape()); !status.ok())
    return status;
  if (elementCount(window.sizes) != source.size())
    return errorAt(op, "expected a source of the size of the slice");
  Shape shape = result.shape();
  forEachRun(window, shape, [&](int64_t in, int64_t at, int64_t n, int64_t s) {
    if (source.isFloat())
      copyStrided(source.f() + in, 1, result.mutableF() + at, s, n);
    else
      copyStrided(source.i() + in, 1, result.mutableI() + at, s, n);
  });
  call.results.push_back(std::move(result));
  return {};
}

static Status evaluateConcat(tensor::ConcatOp op, OpCall &call) {
  int64_t axis = op.getDim();
  Shape shape = call.operands.front().shape();
  shape[axis] = 0;
  for (const Value &operand : call.operands)
    shape[axis] += operand.shape()[axis];
  Value result = call.operands.front().isFloat() ? Value::floats(shape)
                                                 : Value::ints(shape);
  Window window{Shape(shape.size(), 0), {}, Shape(shape.size(), 1)};
  for (const Value &operand : call.operands) {
    window.sizes = operand.shape();
    if (Status status = checkWindow(op, window, shape); !status.ok())
      return status;
    forEachRun(
        window, shape, [&](int64_t in, int64_t at, int64_t n, int64_t s) {
          if (operand.isFloat())
            copyStrided(operand.f() + in, 1, result.mutableF() + at, s, n);
          else
            copyStrided(operand.i() + in, 1, result.mutableI() + at, s, n);
        });
    window.offsets[axis] += operand.shape()[axis];
  }
  call.results.push_back(std::move(result));
  return {};
}

/// Element number of `indices`, or -1 outside of the tensor.
static int64_t elementAt(OpCall &call, const Shape &shape, ValueRange indices) {
  Shape strides = rowMajorStrides(shape);
  int64_t at = 0;
  for (auto [i, index] : llvm::enumerate(indices)) {
    int64_t value = call.intOf(index);
    if (value < 0 || value >= shape[i])
      return -1;
    at += value * strides[i];
  }
  return at;
}

static Status evaluateExtract(tensor::ExtractOp op, OpCall &call) {
  const Value &tensor = call.of(op.getTensor());
  int64_t at = elementAt(call, tensor.shape(), op.getIndices());
  if (at < 0)
    return errorAt(op, "expected an index within the tensor");
  call.results.push_back(tensor.isFloat() ? Value::scalar(tensor.f()[at])
                                          : Value::scalarInt(tensor.i()[at]));
  return {};
}

static Status evaluateInsert(tensor::InsertOp op, OpCall &call) {
  Value scalar = call.of(op.getScalar());
  Value result = std::move(call.of(op.getDest()));
  int64_t at = elementAt(call, result.shape(), op.getIndices());
  if (at < 0)
    return errorAt(op, "expected an index within the tensor");
  if (result.isFloat())
    result.mutableF()[at] = scalar.asFloat();
  else
    result.mutableI()[at] = scalar.asInt();
  call.results.push_back(std::move(result));
  return {};
}

static Status reshapeTo(OpCall &call, const Value &source, Shape shape) {
  if (elementCount(shape) != source.size())
    return errorAt(call.op, "expected as many elements as before, " +
                                std::to_string(source.size()) + ", got " +
                                std::to_string(elementCount(shape)));
  call.results.push_back(source.reshaped(std::move(shape)));
  return {};
}

static Status evaluateCollapse(tensor::CollapseShapeOp op, OpCall &call) {
  const Value &source = call.of(op.getSrc());
  Shape shape;
  for (const ReassociationIndices &group : op.getReassociationIndices()) {
    shape.push_back(1);
    for (int64_t axis : group)
      shape.back() *= source.shape()[axis];
  }
  return reshapeTo(call, source, std::move(shape));
}

static Status evaluateDim(tensor::DimOp op, OpCall &call) {
  Value source = call.of(op.getSource());
  int64_t axis = call.intOf(op.getIndex());
  if (axis < 0 || axis >= source.rank())
    return errorAt(op, "expected an axis below " +
                           std::to_string(source.rank()) + ", got " +
                           std::to_string(axis));
  call.results.push_back(Value::scalarInt(source.shape()[axis]));
  return {};
}

static Status evaluateFromElements(tensor::FromElementsOp op, OpCall &call) {
  Shape shape = shapeOf(op.getType());
  bool isFloat = isa<FloatType>(op.getType().getElementType());
  Value result = isFloat ? Value::floats(shape) : Value::ints(shape);
  for (auto [k, operand] : llvm::enumerate(call.operands))
    if (isFloat)
      result.mutableF()[k] = operand.asFloat();
    else
      result.mutableI()[k] = operand.asInt();
  call.results.push_back(std::move(result));
  return {};
}

static Status evaluateSplat(tensor::SplatOp op, OpCall &call) {
  Shape sizes;
  for (mlir::Value size : op.getDynamicSizes())
    sizes.push_back(call.intOf(size));
  Shape shape = shapeOf(op.getType(), sizes);
  const Value &input = call.of(op.getInput());
  int64_t count = elementCount(shape);
  call.results.push_back(
      input.isFloat()
          ? Value::floats(shape, std::vector<double>(count, input.asFloat()))
          : Value::ints(shape, std::vector<int64_t>(count, input.asInt())));
  return {};
}

static Status evaluateEmpty(tensor::EmptyOp op, OpCall &call) {
  Shape sizes;
  for (mlir::Value size : op.getDynamicSizes()) {
    sizes.push_back(call.intOf(size));
    if (sizes.back() < 0)
      return errorAt(op, "expected an extent of at least 0, got " +
                             std::to_string(sizes.back()));
  }
  call.results.push_back(
      poison(op.getType().getElementType(), shapeOf(op.getType(), sizes)));
  return {};
}

static Status evaluateCast(tensor::CastOp op, OpCall &call) {
  Value source = call.of(op.getSource());
  auto type = dyn_cast<RankedTensorType>(op.getType());
  if (!type || type.getRank() != source.rank())
    return unsupported(op, "unranked tensors");
  for (auto [i, extent] : llvm::enumerate(type.getShape()))
    if (!ShapedType::isDynamic(extent) && extent != source.shape()[i])
      return errorAt(op, "expected extent " + std::to_string(extent) +
                             " of axis " + std::to_string(i) + ", got " +
                             std::to_string(source.shape()[i]));
  call.results.push_back(source);
  return {};
}

Status evaluateTensorOp(OpCall &call) {
  return llvm::TypeSwitch<Operation *, Status>(call.op)
      .Case([&](tensor::EmptyOp op) { return evaluateEmpty(op, call); })
      .Case([&](tensor::DimOp op) { return evaluateDim(op, call); })
      .Case([&](tensor::CastOp op) { return evaluateCast(op, call); })
      .Case([&](tensor::ExtractOp op) { return evaluateExtract(op, call); })
      .Case([&](tensor::InsertOp op) { return evaluateInsert(op, call); })
      .Case([&](tensor::ExtractSliceOp op) {
        return evaluateExtractSlice(op, call);
      })
      .Case([&](tensor::InsertSliceOp op) {
        return evaluateInsertSlice(op, call);
      })
      .Case([&](tensor::ParallelInsertSliceOp op) {
        return evaluateInsertSlice(op, call);
      })
      .Case([&](tensor::ConcatOp op) { return evaluateConcat(op, call); })
      .Case([&](tensor::CollapseShapeOp op) {
        return evaluateCollapse(op, call);
      })
      .Case([&](tensor::ExpandShapeOp op) {
        return reshapeTo(call, call.of(op.getSrc()),
                         mixed(call, op.getMixedOutputShape()));
      })
      .Case([&](tensor::FromElementsOp op) {
        return evaluateFromElements(op, call);
      })
      .Case([&](tensor::SplatOp op) { return evaluateSplat(op, call); })
      .Default([&](Operation *op) { return unsupported(op); });
}

} // namespace seqc::interpreter
