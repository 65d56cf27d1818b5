//===- OpCall.h - one op being evaluated
//-----------------------------------===//
#ifndef SEQC_RUNTIME_INTERPRETER_OPCALL_H
#define SEQC_RUNTIME_INTERPRETER_OPCALL_H

#include "runtime/interpreter/LaneProgram.h"
#include "runtime/interpreter/Value.h"
#include "seqc/Status.h"

#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"

namespace seqc::interpreter {

using Values = llvm::SmallVector<Value>;
using Environment = llvm::DenseMap<mlir::Value, Value>;

/// Lane programs by op or, for regions, by the op that has the region.
class ProgramCache {
public:
  Result<const LaneProgram *> region(mlir::Operation *op);
  Result<const LaneProgram *> single(mlir::Operation *op);

private:
  using Compiled = Result<LaneProgram>;
  llvm::DenseMap<mlir::Operation *, std::unique_ptr<Compiled>> programs;
};

/// An op with the values of its operands. `results` is filled by the
/// evaluation, which may take operands over and change them in place.
struct OpCall {
  mlir::Operation *op;
  Values operands;
  Values results;
  const Environment &environment; ///< for values that regions capture
  ProgramCache &programs;

  /// The value of an operand given by its SSA value (a null one gives an empty
  /// Value); the op must have it as an operand.
  Value &of(mlir::Value value);
  int64_t intOf(mlir::Value value) { return of(value).asInt(); }
};

/// Evaluations by dialect. They report ops that they do not know as
/// unsupported.
Status evaluateTensorOp(OpCall &call);
Status evaluateLinalgOp(OpCall &call);
Status evaluateSeqcOp(OpCall &call);
/// affine.apply, affine.min and affine.max on indices.
Status evaluateAffineOp(OpCall &call);
/// arith and math on scalars, and elementwise on tensors.
Status evaluateElementOp(OpCall &call);

/// Extents of a ranked type whose dynamic ones are taken from `dynamic` in
/// order.
Shape shapeOf(mlir::Type type, llvm::ArrayRef<int64_t> dynamic = {});
/// Uninitialised content: NaN for floats, the least i32 for integers, so that
/// what reads it is noticed.
Value poison(mlir::Type elementType, Shape shape);

} // namespace seqc::interpreter

#endif // SEQC_RUNTIME_INTERPRETER_OPCALL_H
