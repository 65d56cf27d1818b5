//===- LayerBuilder.cpp - signature of @forward, weights, state -----------===//

#include "frontends/layers/LayerBuilder.h"

#include "frontends/layers/GeneratedWeights.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace seqc;
using namespace seqc::frontend;
namespace names = seqc::ir::names;

/// Order of the arguments of @forward.
enum ArgumentGroup : unsigned {
  kInputs,
  kBuiltins,
  kOptions,
  kStates,
  kWeights,
  kGroupCount
};

int64_t Rows::width() const {
  return cast<RankedTensorType>(value.getType()).getDimSize(1);
}

LayerBuilder::LayerBuilder(ModuleOp module, const WeightSource &source,
                           Problems &problems, bool streamable)
    : b(module.getLoc(), module.getContext()), source(source),
      problems(problems), streamable(streamable), groupSizes(kGroupCount, 0) {
  b.setInsertionPointToEnd(module.getBody());
  function = func::FuncOp::create(b, "forward", b.getFunctionType({}, {}));
  b.setInsertionPointToStart(function.addEntryBlock());
  zeroIndex = constantIndex(0);
  spaces.push_back(std::make_unique<RowSpace>());
}

void LayerBuilder::enter(const JsonValue &element, StringRef layer) {
  place = &element;
  layerName = layer.str();
  b.setLoc(FileLineColLoc::get(b.getContext(), problems.fileName(),
                               element.line, element.column));
}

void LayerBuilder::error(std::string text, ErrorCode code) {
  problems.error(*place, std::move(text), code);
}

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

Value LayerBuilder::argument(unsigned group, Type type, StringRef attribute,
                             StringRef name) {
  unsigned position = 0;
  for (unsigned i = 0; i <= group; ++i)
    position += groupSizes[i];
  ++groupSizes[group];
  NamedAttribute named(b.getStringAttr(attribute), b.getStringAttr(name));
  (void)function.insertArgument(position, type, b.getDictionaryAttr(named),
                                b.getLoc());
  return function.getArgument(position);
}

Value LayerBuilder::builtin(StringRef name) {
  Value &known = others[name];
  if (!known)
    known =
        argument(kBuiltins,
                 RankedTensorType::get({ShapedType::kDynamic}, b.getI32Type()),
                 names::kBuiltin, name);
  return known;
}

Value LayerBuilder::option(StringRef name) {
  Value &known = others[("option:" + name).str()];
  if (!known)
    known = argument(kOptions, RankedTensorType::get({1}, b.getF32Type()),
                     names::kOption, name);
  return known;
}

void LayerBuilder::startRows(Value input) {
  RowSpace &rows = *spaces.front();
  rows.offsets = builtin("offsets");
  rows.extent = tensor::DimOp::create(b, input, zeroIndex);
  borderCount = tensor::DimOp::create(b, rows.offsets, zeroIndex);
  sequenceCount = arith::SubIOp::create(b, borderCount, constantIndex(1));
}

Rows LayerBuilder::features(StringRef name, int64_t width) {
  auto type =
      RankedTensorType::get({ShapedType::kDynamic, width}, b.getF32Type());
  Value rows = argument(kInputs, type, names::kInput, name);
  startRows(rows);
  return {rows, spaces.front().get()};
}

void LayerBuilder::addInput(const std::string &name, int64_t width) {
  auto type =
      RankedTensorType::get({ShapedType::kDynamic, width}, b.getF32Type());
  extraInputs[name] = {argument(kInputs, type, names::kInput, name),
                       spaces.front().get()};
}

Rows LayerBuilder::tokens(StringRef name, Value table) {
  auto type = RankedTensorType::get({ShapedType::kDynamic}, b.getI32Type());
  Value ids = argument(kInputs, type, names::kInput, name);
  auto tableType = cast<RankedTensorType>(table.getType());
  function.setArgAttr(cast<BlockArgument>(ids).getArgNumber(), names::kLimit,
                      b.getI64IntegerAttr(tableType.getDimSize(0)));
  startRows(ids);
  Value out =
      empty({ShapedType::kDynamic, tableType.getDimSize(1)}, allRows().extent);
  Value rows =
      ir::GatherRowsOp::create(b, out.getType(), table, ids, out).getResult();
  return {rows, spaces.front().get()};
}

static std::string shapeText(ArrayRef<int64_t> shape) {
  std::string text = "[";
  for (int64_t extent : shape)
    text += (text.size() > 1 ? ", " : "") +
            (extent < 0 ? "any" : std::to_string(extent));
  return text + "]";
}

Value LayerBuilder::weight(const std::string &name, ArrayRef<int64_t> shape) {
  if (Value known = weights.lookup(name)) {
    auto type = cast<RankedTensorType>(known.getType());
    bool fits = type.getRank() == static_cast<int64_t>(shape.size());
    for (auto [expected, found] : llvm::zip(shape, type.getShape()))
      fits &= expected < 0 || expected == found;
    if (fits)
      return known;
  }
  TensorRef found = source.find(name);
  ArrayRef<int64_t> foundShape(found.shape, found.data ? found.rank : 0);
  SmallVector<int64_t> resolved(shape);
  bool fits = found.data && foundShape.size() == shape.size();
  for (size_t i = 0; i < shape.size(); ++i) {
    if (resolved[i] < 0) {
      guessed |= !fits;
      resolved[i] = fits ? foundShape[i] : 1;
    }
    fits = fits && resolved[i] == foundShape[i];
  }
  if (!found.data) {
    std::string close = nearest(name, source.names());
    error("weight '" + name + "' is not in " + source.description() +
          ", expected shape " + shapeText(shape) +
          (close.empty() ? "" : "; did you mean '" + close + "'?"));
  } else if (!fits) {
    error("weight '" + name + "': expected shape " + shapeText(shape) +
          ", found " + shapeText(foundShape) + " in " + source.description());
  } else if (found.dtype != DType::F32) {
    error("weight '" + name + "': expected dtype F32, found " +
              toString(found.dtype),
          ErrorCode::Unsupported);
  }
  Value value =
      argument(kWeights, RankedTensorType::get(resolved, b.getF32Type()),
               names::kWeight, name);
  weights[name] = value;
  return value;
}

Value LayerBuilder::generatedWeight(const std::string &name,
                                    ArrayRef<int64_t> shape) {
  Value &known = weights[name];
  if (!known)
    known = argument(kWeights, RankedTensorType::get(shape, b.getF32Type()),
                     names::kWeight, name);
  return known;
}

Value LayerBuilder::state(StringRef name, ArrayRef<int64_t> shape,
                          Type element) {
  std::string full = layerName + "." + name.str();
  for (int number = 2; !stateNames.insert(full).second; ++number)
    full = layerName + "." + name.str() + "_" + std::to_string(number);
  Value value = argument(kStates, RankedTensorType::get(shape, element),
                         names::kState, full);
  states[value] = {full, Value()};
  return value;
}

void LayerBuilder::setState(Value state, Value next) {
  states[state].next = next;
}

//===----------------------------------------------------------------------===//
// Extents and destinations
//===----------------------------------------------------------------------===//

Value LayerBuilder::constantIndex(int64_t value) {
  return arith::ConstantIndexOp::create(b, value);
}

Value LayerBuilder::empty(ArrayRef<int64_t> shape, Value extent, Type element) {
  if (!element)
    element = b.getF32Type();
  SmallVector<Value> extents;
  if (ShapedType::isDynamicShape(shape))
    extents.push_back(extent);
  return tensor::EmptyOp::create(b, shape, element, extents);
}

//===----------------------------------------------------------------------===//
// End of the function
//===----------------------------------------------------------------------===//

void LayerBuilder::finish(Rows result, StringRef name) {
  SmallVector<Value> values = {result.value};
  SmallVector<DictionaryAttr> attributes;
  auto named = [&](StringRef attribute, StringRef value) {
    return b.getDictionaryAttr(
        NamedAttribute(b.getStringAttr(attribute), b.getStringAttr(value)));
  };
  attributes.push_back(named(names::kOutput, name));
  for (auto &[state, entry] : states) {
    values.push_back(entry.next);
    attributes.push_back(named(names::kState, entry.name));
  }
  func::ReturnOp::create(b, values);
  function.setType(b.getFunctionType(function.getBody().getArgumentTypes(),
                                     TypeRange(ValueRange(values))));
  for (auto [i, attribute] : llvm::enumerate(attributes))
    function.setResultAttrs(i, attribute);
  if (maxPositions > 0)
    function->setAttr(names::kMaxPositions, b.getI64IntegerAttr(maxPositions));
  if (streamable)
    function->setAttr(names::kCausal, b.getUnitAttr());
}
