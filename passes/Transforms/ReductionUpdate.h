//===- ReductionUpdate.h - how a reduction's body combines ----------------===//
#ifndef SEQC_PASSES_TRANSFORMS_REDUCTIONUPDATE_H
#define SEQC_PASSES_TRANSFORMS_REDUCTIONUPDATE_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <optional>

namespace seqc::passes {

enum class Combiner { Add, Mul, Max, Min };

/// `out = combiner(out, value)` in f32, where value does not depend on any out.
struct Update {
  Combiner combiner;
  mlir::Value value;
};

/// The update of an output, if its body has that form. Maxima may be written as
/// arith ops or as a compare and a select.
std::optional<Update> matchUpdate(mlir::linalg::LinalgOp op, unsigned output);

/// Combines scalars or vectors. Maxima drop NaN among the values.
mlir::Value combine(mlir::OpBuilder &builder, mlir::Location loc,
                    Combiner combiner, mlir::Value sum, mlir::Value value);

/// The value that changes nothing.
double identityOf(Combiner combiner);

/// The combination of all lanes of `partial` and the scalar `init`.
mlir::Value combineLanes(mlir::OpBuilder &builder, mlir::Location loc,
                         Combiner combiner, mlir::Value partial,
                         mlir::Value init);

} // namespace seqc::passes

#endif // SEQC_PASSES_TRANSFORMS_REDUCTIONUPDATE_H
