//===- LaneBuilder.h - vectors of the target's width on memrefs -----------===//
#ifndef SEQC_PASSES_TRANSFORMS_LANEBUILDER_H
#define SEQC_PASSES_TRANSFORMS_LANEBUILDER_H

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Builders.h"

namespace seqc::passes {

/// f32 lanes of a vector register of the target that `op`'s module is compiled
/// for; 16 without `seqc.target`.
int64_t targetLanes(mlir::Operation *op);

/// Emits whole-register accesses and index arithmetic at one location. A null
/// mask means that all lanes take part.
class LaneBuilder {
public:
  LaneBuilder(mlir::OpBuilder &builder, mlir::Location loc, int64_t lanes)
      : b(builder), loc(loc), lanes(lanes) {}

  mlir::OpBuilder &builder() { return b; }
  mlir::Location getLoc() const { return loc; }
  int64_t getLanes() const { return lanes; }

  mlir::VectorType type(mlir::Type element) const;
  mlir::Value index(int64_t value);
  mlir::Value add(mlir::Value lhs, mlir::Value rhs);
  mlir::Value sub(mlir::Value lhs, mlir::Value rhs);
  /// Remainder of non-negative indices.
  mlir::Value rem(mlir::Value lhs, mlir::Value rhs);
  mlir::Value mul(mlir::Value lhs, mlir::Value rhs);
  mlir::Value min(mlir::Value lhs, mlir::Value rhs);
  mlir::Value max(mlir::Value lhs, mlir::Value rhs);
  /// Largest multiple of `step` that is not above `extent`.
  mlir::Value floorTo(mlir::Value extent, int64_t step);
  mlir::Value dim(mlir::Value memref, int64_t axis);
  /// An i32 entry of a rank-1 memref as an index.
  mlir::Value loadIndex(mlir::Value memref, mlir::Value at);

  /// The scalar in every lane.
  mlir::Value splat(mlir::Value scalar);
  mlir::Value zero(mlir::Type element);
  /// 0, 1, 2, … as i32.
  mlir::Value iota();
  /// Lanes below `count` on; null if `count` is known to reach the width.
  mlir::Value maskBelow(mlir::Value count);

  /// Lanes run along `axis` from `indices` on: a vector access where that axis
  /// is dense in memory, else a gather or scatter.
  mlir::Value load(mlir::Value memref, mlir::ValueRange indices, int64_t axis,
                   mlir::Value mask);
  void store(mlir::Value value, mlir::Value memref, mlir::ValueRange indices,
             int64_t axis, mlir::Value mask);

  /// Lane `i` of result `j` is entry [.., i, j] of the last two axes from
  /// `indices` on, for `rows` known rows of `columns` entries; missing lanes
  /// are 0. The innermost axis must be dense: whole rows are read and
  /// transposed.
  llvm::SmallVector<mlir::Value> loadTransposed(mlir::Value memref,
                                                mlir::ValueRange indices,
                                                int64_t rows, int64_t columns);
  void storeTransposed(llvm::ArrayRef<mlir::Value> columns, mlir::Value memref,
                       mlir::ValueRange indices, int64_t rows);
  bool isDenseAlong(mlir::Value memref, int64_t axis) const;

  /// The entries of a rank-1 memref at i32 positions.
  mlir::Value gather(mlir::Value memref, mlir::Value positions,
                     mlir::Value mask);

  /// Calls `body(j, mask)` for consecutive vectors that cover [0, extent);
  /// small static extents are unrolled, a ragged end is masked.
  void forEachVector(mlir::Value extent,
                     llvm::function_ref<void(mlir::Value, mlir::Value)> body);
  /// `scf.for` from 0 to `extent` by `step` around `body(i)`.
  void forEach(mlir::Value extent, int64_t step,
               llvm::function_ref<void(mlir::Value)> body);

  /// Emits `body` to be run unless `count` is 0.
  void ifNotZero(mlir::Value count, llvm::function_ref<void()> body);

private:
  struct FlatAccess {
    mlir::Value memref, at, stride;
  };
  void transpose(llvm::MutableArrayRef<mlir::Value> square, int64_t largest);
  llvm::SmallVector<mlir::Value> loadRows(mlir::Value memref,
                                          mlir::ValueRange indices,
                                          int64_t rows, int64_t columns);
  llvm::SmallVector<mlir::Value> loadPieces(mlir::Value memref,
                                            mlir::ValueRange indices,
                                            int64_t rows, int64_t columns);
  FlatAccess flatten(mlir::Value memref, mlir::ValueRange indices,
                     int64_t axis);
  mlir::Value allLanes();

  mlir::OpBuilder &b;
  mlir::Location loc;
  int64_t lanes;
};

} // namespace seqc::passes

#endif // SEQC_PASSES_TRANSFORMS_LANEBUILDER_H
