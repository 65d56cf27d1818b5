//===- SeqcOps.h - op classes of the seqc dialect -------------------------===//
#ifndef SEQC_DIALECT_SEQCOPS_H
#define SEQC_DIALECT_SEQCOPS_H

#include "dialect/SeqcDialect.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/TilingInterface.h"

#define GET_OP_CLASSES
#include "dialect/SeqcOps.h.inc"

#endif // SEQC_DIALECT_SEQCOPS_H
