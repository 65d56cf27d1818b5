//===- GatingOps.cpp - routing, compaction, row gather and scatter --------===//

#include "dialect/OpSupport.h"

using namespace mlir;
using namespace seqc::ir;

SEQC_STRUCTURED_OP_METHODS(RouteOp)
SEQC_STRUCTURED_OP_METHODS(CompressOp)
SEQC_STRUCTURED_OP_METHODS(GatherRowsOp)
SEQC_STRUCTURED_OP_METHODS(ScatterRowsOp)

LogicalResult RouteOp::verify() { return success(); }
LogicalResult CompressOp::verify() { return success(); }
LogicalResult GatherRowsOp::verify() { return success(); }
LogicalResult ScatterRowsOp::verify() { return success(); }
