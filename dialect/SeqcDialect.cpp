//===- SeqcDialect.cpp - registration and generated definitions -----------===//

#include "dialect/SeqcDialect.h"

#include "dialect/OpSupport.h"
#include "dialect/SeqcOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace seqc::ir;

#include "dialect/SeqcDialect.cpp.inc"
#include "dialect/SeqcEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialect/SeqcAttrs.cpp.inc"
#define GET_OP_CLASSES
#include "dialect/SeqcOps.cpp.inc"

int64_t TasksAttr::getMappingId() const { return 0; }
bool TasksAttr::isLinearMapping() const { return true; }
int64_t TasksAttr::getRelativeIndex() const { return 0; }

void SeqcDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialect/SeqcAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialect/SeqcOps.cpp.inc"
      >();
}
