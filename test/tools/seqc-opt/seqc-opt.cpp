//===- seqc-opt.cpp - run passes on IR from a file, for tests -------------===//

#include "dialect/SeqcDialect.h"
#include "passes/Passes.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  registry.insert<seqc::ir::SeqcDialect>();
  seqc::passes::registerDialectExtensions(registry);
  mlir::registerAllPasses();
  seqc::passes::registerSeqcPasses();
  seqc::passes::registerPhasePipelines();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "seqc optimiser driver\n", registry));
}
