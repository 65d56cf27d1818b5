//===- Bufferization.cpp - external models of the seqc ops ----------------===//

#include "passes/Passes.h"

#include "mlir/IR/DialectRegistry.h"

void seqc::passes::registerDialectExtensions(mlir::DialectRegistry &registry) {}
