//===- Errors.h - located errors of the interpreter
//------------------------===//
#ifndef SEQC_RUNTIME_INTERPRETER_ERRORS_H
#define SEQC_RUNTIME_INTERPRETER_ERRORS_H

#include "runtime/interpreter/Value.h"
#include "seqc/Status.h"

#include "mlir/IR/BuiltinAttributeInterfaces.h"
#include "mlir/IR/Operation.h"

#include <optional>
#include <string>

namespace seqc::interpreter {

/// An error at the op's location.
Status errorAt(mlir::Operation *op, std::string text,
               ErrorCode code = ErrorCode::InvalidModel);
/// "unsupported op 'x' in the reference interpreter".
Status unsupported(mlir::Operation *op, std::string detail = {});

/// A diagnostic at the first file position of a location, without text.
Diagnostic placeOf(mlir::Location location);
/// Names of a location ("layers.0/scan"), outermost first; empty if it has
/// none.
std::string nameOfLocation(mlir::Location location);

/// Elements of a number or of a dense constant.
std::optional<Value> valueOfAttribute(mlir::TypedAttr attribute);

} // namespace seqc::interpreter

#endif // SEQC_RUNTIME_INTERPRETER_ERRORS_H
