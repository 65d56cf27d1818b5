//===- LaneEmitter.h - the body of a linalg op on a vector of lanes -------===//
#ifndef SEQC_PASSES_TRANSFORMS_LANEEMITTER_H
#define SEQC_PASSES_TRANSFORMS_LANEEMITTER_H

#include "passes/Transforms/VectorUtils.h"

#include "llvm/ADT/DenseMap.h"

namespace seqc::passes {

/// Emits operand accesses and the scalar body of one linalg op on memrefs for a
/// block of lanes along one iteration dimension. Values that do not vary along
/// the lanes ("uniform") stay scalars until a vector is needed. Without a lane
/// dimension everything stays scalar.
class LaneEmitter {
public:
  LaneEmitter(mlir::linalg::LinalgOp op, int64_t lanes,
              std::optional<unsigned> laneDim);

  /// Whether the op's accesses and body have a form that can be emitted.
  static bool supports(mlir::linalg::LinalgOp op);

  /// Value of each iteration dimension; for the lane dimension its first lane.
  llvm::SmallVector<mlir::Value> ivs;
  /// Lanes that count; null for all of them.
  mlir::Value mask;

  /// Loads the uniform inputs now, so that they stay out of the lane loop.
  void preloadUniform(mlir::OpBuilder &builder);
  mlir::Value load(mlir::OpBuilder &builder, mlir::OpOperand &operand);
  void store(mlir::OpBuilder &builder, mlir::OpOperand &operand,
             mlir::Value value);

  /// Loads all inputs (zeros for an init that the body does not read).
  llvm::SmallVector<mlir::Value> loadInputs(mlir::OpBuilder &builder);

  /// Yielded values for these values of the block arguments.
  llvm::SmallVector<mlir::Value> emitBody(mlir::OpBuilder &builder,
                                          mlir::ValueRange arguments);

  /// The value that `value` of the body has for these block arguments.
  mlir::Value emitValue(mlir::OpBuilder &builder, mlir::ValueRange arguments,
                        mlir::Value value);

  mlir::Value asVector(mlir::OpBuilder &builder, mlir::Value value);

private:
  using ValueMap = llvm::DenseMap<mlir::Value, mlir::Value>;
  mlir::Value lookup(const ValueMap &map, mlir::Value value) const;
  void emitOp(mlir::OpBuilder &builder, mlir::Operation &op, ValueMap &map);
  mlir::Value emitIndex(mlir::OpBuilder &builder, mlir::linalg::IndexOp op);
  mlir::Value emitLoad(mlir::OpBuilder &builder, mlir::Operation &op,
                       const ValueMap &map);
  mlir::Value emitIndexCast(mlir::OpBuilder &builder, mlir::Operation &op,
                            mlir::Value operand);
  void emitElementwise(mlir::OpBuilder &builder, mlir::Operation &op,
                       ValueMap &map);
  mlir::Value guardDivisor(mlir::OpBuilder &builder, mlir::Operation &op,
                           mlir::Value divisor);

  mlir::linalg::LinalgOp op;
  int64_t lanes;
  std::optional<unsigned> laneDim;
  llvm::DenseMap<mlir::OpOperand *, mlir::Value> uniform;
};

} // namespace seqc::passes

#endif // SEQC_PASSES_TRANSFORMS_LANEEMITTER_H
