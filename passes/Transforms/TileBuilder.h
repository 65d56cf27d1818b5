//===- TileBuilder.h - short forms for building tile-level IR -------------===//
//
// Index arithmetic, slices and generics on tensors as they appear between
// `tile` and `bufferize`. Folds constants as it goes.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_PASSES_TRANSFORMS_TILEBUILDER_H
#define SEQC_PASSES_TRANSFORMS_TILEBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace seqc::passes {

class TileBuilder : public mlir::ImplicitLocOpBuilder {
public:
  using BodyFn =
      llvm::function_ref<mlir::Value(TileBuilder &, mlir::ValueRange)>;

  TileBuilder(mlir::Location loc, mlir::OpBuilder builder)
      : ImplicitLocOpBuilder(loc, builder) {}

  mlir::Value index(int64_t value);
  mlir::Value i32(int64_t value);
  mlir::Value f32(double value);

  mlir::Value add(mlir::Value a, mlir::Value b) {
    return createOrFold<mlir::arith::AddIOp>(a, b);
  }
  mlir::Value sub(mlir::Value a, mlir::Value b) {
    return createOrFold<mlir::arith::SubIOp>(a, b);
  }
  mlir::Value mul(mlir::Value a, mlir::Value b) {
    return createOrFold<mlir::arith::MulIOp>(a, b);
  }
  mlir::Value addF(mlir::Value a, mlir::Value b) {
    return createOrFold<mlir::arith::AddFOp>(a, b);
  }
  mlir::Value subF(mlir::Value a, mlir::Value b) {
    return createOrFold<mlir::arith::SubFOp>(a, b);
  }
  mlir::Value mulF(mlir::Value a, mlir::Value b) {
    return createOrFold<mlir::arith::MulFOp>(a, b);
  }
  mlir::Value min(mlir::Value a, mlir::Value b) {
    return createOrFold<mlir::arith::MinSIOp>(a, b);
  }
  mlir::Value max(mlir::Value a, mlir::Value b) {
    return createOrFold<mlir::arith::MaxSIOp>(a, b);
  }
  mlir::Value cmp(mlir::arith::CmpIPredicate predicate, mlir::Value a,
                  mlir::Value b) {
    return createOrFold<mlir::arith::CmpIOp>(predicate, a, b);
  }
  mlir::Value select(mlir::Value condition, mlir::Value a, mlir::Value b) {
    return createOrFold<mlir::arith::SelectOp>(condition, a, b);
  }
  /// Casts between index and integers.
  mlir::Value toIndex(mlir::Value value);
  mlir::Value toI32(mlir::Value value);

  mlir::Value dim(mlir::Value tensor, int64_t axis);
  /// An element of a rank-1 or rank-2 i32 tensor, as an index.
  mlir::Value loadIndex(mlir::Value tensor, mlir::ValueRange at);

  mlir::Value empty(llvm::ArrayRef<int64_t> shape, mlir::Type element);
  /// Slice with unit strides; leading unit extents are dropped down to `rank`.
  mlir::Value slice(mlir::Value tensor,
                    llvm::ArrayRef<mlir::OpFoldResult> offsets,
                    llvm::ArrayRef<mlir::OpFoldResult> sizes, unsigned rank);
  /// `tile` put into `tensor` at the same kind of slice.
  mlir::Value insert(mlir::Value tile, mlir::Value tensor,
                     llvm::ArrayRef<mlir::OpFoldResult> offsets,
                     llvm::ArrayRef<mlir::OpFoldResult> sizes);
  mlir::OpFoldResult attr(int64_t value) { return getIndexAttr(value); }
  /// Rows [row, row + count) of a matrix, or of matrix `lead` of a stack of
  /// them.
  mlir::Value rows(mlir::Value tensor, mlir::Value lead, mlir::Value row,
                   mlir::Value count);
  /// Elements [first, first + count) of a vector, or of row `lead` of a matrix.
  mlir::Value elements(mlir::Value tensor, mlir::Value lead, mlir::Value first,
                       mlir::Value count);
  mlir::Value copy(mlir::Value source, mlir::Value destination);
  mlir::Value fill(mlir::Value tensor, mlir::Value scalar);

  /// Map from `loops` axes to the listed ones.
  mlir::AffineMap axes(unsigned loops, llvm::ArrayRef<unsigned> targets);
  /// A generic with one output; `reductions` are the loops that are not
  /// parallel. The body gets the inputs' elements, then the output's.
  mlir::Value generic(mlir::ValueRange inputs, mlir::Value output,
                      llvm::ArrayRef<mlir::AffineMap> maps,
                      llvm::ArrayRef<unsigned> reductions, BodyFn body);
  /// C += A * B for the given maps of A, B and C; loop `reduction` is summed.
  mlir::Value contract(mlir::Value a, mlir::Value b, mlir::Value c,
                       llvm::ArrayRef<mlir::AffineMap> maps,
                       unsigned reduction);
};

} // namespace seqc::passes

#endif // SEQC_PASSES_TRANSFORMS_TILEBUILDER_H
