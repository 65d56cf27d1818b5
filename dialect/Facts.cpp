//===- Facts.cpp - what may be assumed of a kernel's arguments ------------===//

#include "dialect/SeqcDialect.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace seqc::ir;

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

/// `arg2`, and `[0]` where an extent is meant.
static ParseResult parsePlace(AsmParser &parser, bool onExtent, int64_t &arg,
                              int64_t &dim) {
  StringRef name;
  SMLoc place = parser.getCurrentLocation();
  if (parser.parseKeyword(&name))
    return failure();
  if (!name.consume_front("arg") || name.getAsInteger(10, arg))
    return parser.emitError(place, "expected an argument such as arg0");
  if (!onExtent)
    return success();
  return failure(parser.parseLSquare() || parser.parseInteger(dim) ||
                 parser.parseRSquare());
}

Attribute FactAttr::parse(AsmParser &parser, Type) {
  StringRef name;
  SMLoc place = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseKeyword(&name))
    return {};
  std::optional<FactKind> kind = symbolizeFactKind(name);
  if (!kind) {
    parser.emitError(place, "expected equals, at_most, same, zero, longest or "
                            "one_row, got ")
        << name;
    return {};
  }
  bool onExtent = *kind <= FactKind::Same;
  int64_t arg = 0, dim = 0, value = 0, other = 0, otherDim = 0;
  if (parsePlace(parser, onExtent, arg, dim))
    return {};
  bool hasMore = *kind != FactKind::Zero && *kind != FactKind::OneRow;
  if (hasMore && parser.parseComma())
    return {};
  if (*kind == FactKind::Same) {
    if (parsePlace(parser, true, other, otherDim))
      return {};
  } else if (hasMore && parser.parseInteger(value)) {
    return {};
  }
  if (parser.parseGreater())
    return {};
  return parser.getChecked<FactAttr>(place, parser.getContext(), *kind, arg,
                                     dim, value, other, otherDim);
}

void FactAttr::print(AsmPrinter &printer) const {
  printer << '<' << stringifyFactKind(getKind()) << " arg" << getArg();
  if (isOnExtent())
    printer << '[' << getDim() << ']';
  if (getKind() == FactKind::Same)
    printer << ", arg" << getOther() << '[' << getOtherDim() << ']';
  else if (getKind() != FactKind::Zero && getKind() != FactKind::OneRow)
    printer << ", " << getValue();
  printer << '>';
}

LogicalResult FactAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               FactKind kind, int64_t arg, int64_t dim,
                               int64_t value, int64_t other, int64_t otherDim) {
  if (arg < 0 || dim < 0 || other < 0 || otherDim < 0)
    return emitError() << "expected arguments and dimensions from 0 on";
  if (value < 0)
    return emitError() << "expected an extent of 0 or more, got " << value;
  return success();
}

//===----------------------------------------------------------------------===//
// On functions
//===----------------------------------------------------------------------===//

static bool isIndexVector(Type type) {
  auto shaped = dyn_cast<ShapedType>(type);
  return shaped && shaped.hasRank() && shaped.getRank() == 1 &&
         shaped.getElementType().isInteger(32);
}

/// fact_c1
static LogicalResult verifyExtent(Operation *op, ArrayRef<Type> types,
                                  int64_t arg, int64_t dim) {
  if (arg >= int64_t(types.size()))
    return op->emitOpError("assumes something of arg")
           << arg << ", expected one of " << types.size() << " arguments";
  auto type = dyn_cast<ShapedType>(types[arg]);
  if (!type || !type.hasRank() || dim >= type.getRank())
    return op->emitOpError("assumes something of arg")
           << arg << "[" << dim << "], got an argument of type " << types[arg];
  return success();
}

static LogicalResult verifyFact(Operation *op, ArrayRef<Type> types,
                                FactAttr fact) {
  if (failed(verifyExtent(op, types, fact.getArg(), fact.getDim())))
    return failure();
  auto type = cast<ShapedType>(types[fact.getArg()]);
  // fact_c3
  if (!fact.isOnExtent()) {
    if (isIndexVector(type))
      return success();
    return op->emitOpError("assumes something of the entries of arg")
           << fact.getArg() << ", expected a vector of i32, got " << type;
  }
  if (fact.getKind() == FactKind::Same)
    return verifyExtent(op, types, fact.getOther(), fact.getOtherDim());
  // fact_c2
  if (type.isDynamicDim(fact.getDim()))
    return success();
  int64_t known = type.getDimSize(fact.getDim());
  bool holds = fact.getKind() == FactKind::Equals ? known == fact.getValue()
                                                  : known <= fact.getValue();
  if (!holds)
    return op->emitOpError("assumes ")
           << fact << ", which the type " << type << " contradicts";
  return success();
}

LogicalResult SeqcDialect::verifyOperationAttribute(Operation *op,
                                                    NamedAttribute attribute) {
  if (attribute.getName() != names::kAssume)
    return success();
  auto function = dyn_cast<FunctionOpInterface>(op);
  auto facts = dyn_cast<ArrayAttr>(attribute.getValue());
  if (!function || !op->hasAttr(names::kKernel) || !facts)
    return op->emitOpError("expected seqc.assume, an array of #seqc.fact, on "
                           "a kernel function");
  for (Attribute fact : facts) {
    if (!isa<FactAttr>(fact))
      return op->emitOpError("expected facts in seqc.assume, got ") << fact;
    if (failed(
            verifyFact(op, function.getArgumentTypes(), cast<FactAttr>(fact))))
      return failure();
  }
  return success();
}

LogicalResult SeqcDialect::verifyRegionArgAttribute(Operation *op, unsigned,
                                                    unsigned arg,
                                                    NamedAttribute attribute) {
  if (attribute.getName() != names::kIncreasing)
    return success();
  auto function = dyn_cast<FunctionOpInterface>(op);
  if (function && isIndexVector(function.getArgumentTypes()[arg]))
    return success();
  return op->emitOpError("expected seqc.increasing on a vector of i32");
}
