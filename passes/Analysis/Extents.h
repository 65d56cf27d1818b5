//===- Extents.h - extents of tensors as symbols of the call --------------===//
#ifndef SEQC_PASSES_ANALYSIS_EXTENTS_H
#define SEQC_PASSES_ANALYSIS_EXTENTS_H

#include "mlir/IR/Value.h"

namespace seqc::passes {

/// An extent as `symbol + addend`. Two extents are equal in every call if all
/// members agree; nothing is known about differing ones.
struct SymbolicExtent {
  enum class Kind {
    Static,    ///< addend alone
    Rows,      ///< R
    Sequences, ///< B
    Count,     ///< result `base` of a seqc.count
    Unknown    ///< dimension `dim` of `base`, or the index `base` (dim -1)
  };
  Kind kind = Kind::Static;
  mlir::Value base;
  int64_t dim = -1;
  int64_t addend = 0;

  bool isStatic() const { return kind == Kind::Static; }
  /// Same symbol, whatever the addend.
  bool sameSymbol(const SymbolicExtent &o) const {
    return kind == o.kind && base == o.base && dim == o.dim;
  }
  bool operator==(const SymbolicExtent &o) const {
    return sameSymbol(o) && addend == o.addend;
  }
  bool operator!=(const SymbolicExtent &o) const { return !(*this == o); }
};

/// Extent of dimension `dim` of a tensor inside a model function.
SymbolicExtent extentOf(mlir::Value tensor, int64_t dim);
/// What an index value counts.
SymbolicExtent extentOf(mlir::Value index);

/// Dimension that counts tokens: the first dynamic one, 0 where there is none.
int64_t rowDimension(mlir::Value tensor);

} // namespace seqc::passes

#endif // SEQC_PASSES_ANALYSIS_EXTENTS_H
