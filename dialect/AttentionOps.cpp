//===- AttentionOps.cpp - attention over a window of keys -----------------===//

#include "dialect/OpSupport.h"

using namespace mlir;
using namespace seqc::ir;

SEQC_STRUCTURED_OP_METHODS(AttendOp)

bool AttendOp::hasHeads() {
  return cast<ShapedType>(getQuery().getType()).getRank() == 3;
}

LogicalResult AttendOp::verify() { return success(); }
