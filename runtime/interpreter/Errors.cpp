//===- Errors.cpp - located errors of the interpreter
//----------------------===//

#include "runtime/interpreter/Errors.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Location.h"

using namespace mlir;

namespace seqc::interpreter {

/// First file position inside a location.
static FileLineColLoc fileOf(Location location) {
  FileLineColLoc found;
  location->walk([&](Location inner) {
    found = dyn_cast<FileLineColLoc>(inner);
    return found ? WalkResult::interrupt() : WalkResult::advance();
  });
  return found;
}

Diagnostic placeOf(Location location) {
  Diagnostic place;
  if (FileLineColLoc file = fileOf(location)) {
    place.file = file.getFilename().str();
    place.line = static_cast<int>(file.getLine());
    place.column = static_cast<int>(file.getColumn());
  }
  return place;
}

std::string nameOfLocation(Location location) {
  std::string name;
  location->walk([&](Location inner) {
    if (auto named = dyn_cast<NameLoc>(inner)) {
      if (!name.empty())
        name += "/";
      name += named.getName().str();
    }
    return WalkResult::advance();
  });
  return name;
}

Status errorAt(Operation *op, std::string text, ErrorCode code) {
  Diagnostic diagnostic = placeOf(op->getLoc());
  diagnostic.path = nameOfLocation(op->getLoc());
  diagnostic.text =
      "'" + op->getName().getStringRef().str() + "' " + std::move(text);
  return Status::error(code, std::move(diagnostic));
}

Status unsupported(Operation *op, std::string detail) {
  Status located = errorAt(op, "", ErrorCode::Unsupported);
  Diagnostic diagnostic = located.diagnostics().front();
  diagnostic.text = "unsupported op '" + op->getName().getStringRef().str() +
                    "' in the reference interpreter";
  if (!detail.empty())
    diagnostic.text += ": " + detail;
  return Status::error(ErrorCode::Unsupported, std::move(diagnostic));
}

static std::optional<Value> denseValue(DenseElementsAttr dense) {
  ShapedType type = dense.getType();
  Shape shape(type.getShape().begin(), type.getShape().end());
  if (isa<FloatType>(type.getElementType())) {
    std::vector<double> elements;
    elements.reserve(dense.getNumElements());
    for (const APFloat &x : dense.getValues<APFloat>())
      elements.push_back(x.convertToDouble());
    return Value::floats(std::move(shape), std::move(elements));
  }
  if (!isa<IntegerType, IndexType>(type.getElementType()))
    return std::nullopt;
  std::vector<int64_t> elements;
  elements.reserve(dense.getNumElements());
  for (const APInt &x : dense.getValues<APInt>())
    elements.push_back(x.getBitWidth() == 1 ? x.getZExtValue()
                                            : x.getSExtValue());
  return Value::ints(std::move(shape), std::move(elements));
}

std::optional<Value> valueOfAttribute(TypedAttr attribute) {
  if (auto number = dyn_cast<FloatAttr>(attribute))
    return Value::scalar(number.getValueAsDouble());
  if (auto number = dyn_cast<IntegerAttr>(attribute)) {
    APInt x = number.getValue();
    return Value::scalarInt(x.getBitWidth() == 1 ? x.getZExtValue()
                                                 : x.getSExtValue());
  }
  if (auto dense = dyn_cast<DenseElementsAttr>(attribute))
    return denseValue(dense);
  return std::nullopt;
}

} // namespace seqc::interpreter
