//===- ElementOps.h - elementwise arith and math ops in f64 and i64
//--------===//
#ifndef SEQC_RUNTIME_INTERPRETER_ELEMENTOPS_H
#define SEQC_RUNTIME_INTERPRETER_ELEMENTOPS_H

#include "mlir/IR/Operation.h"

#include <cstdint>
#include <optional>

namespace seqc::interpreter {

/// Cells of one register: f64 or i64.
struct Cells {
  double *f = nullptr;
  int64_t *i = nullptr;
};

/// `count` results from as many elements of each operand.
using ElementKernel = void (*)(int64_t count, Cells result,
                               const Cells *operands);

/// How to evaluate an elementwise op. Integers of fewer than 64 bits are kept
/// sign-extended, i1 as 0 and 1.
struct ElementOp {
  ElementKernel kernel = nullptr;
  unsigned wrapBits = 64;       ///< bring results back to this width
  unsigned zeroExtendBits = 64; ///< operands are unsigned of this width
  bool divides = false;         ///< operand 1 must not be 0
};

/// Nothing if the op is not elementwise or not known.
std::optional<ElementOp> findElementOp(mlir::Operation *op);

/// Kernel of a binary arith op, null if there is none of that name.
ElementKernel findElementKernel(llvm::StringRef name);

/// Sign-extends from `bits` (i1: 0 or 1).
int64_t wrapTo(int64_t value, unsigned bits);

} // namespace seqc::interpreter

#endif // SEQC_RUNTIME_INTERPRETER_ELEMENTOPS_H
