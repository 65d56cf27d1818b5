//===- Bufferize.cpp - kernels from tensors to buffers --------------------===//

#include "passes/Passes.h"

#include "dialect/SeqcOps.h"
#include "passes/Analysis/KernelForm.h"

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotModuleBufferize.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"

namespace seqc::passes {
#define GEN_PASS_DEF_BUFFERIZEPASS
#include "passes/Passes.h.inc"
} // namespace seqc::passes

using namespace mlir;
using namespace seqc;
using namespace seqc::passes;

namespace {
struct BufferizePass : passes::impl::BufferizePassBase<BufferizePass> {
  using BufferizePassBase::BufferizePassBase;
  void runOnOperation() override;
};
} // namespace

/// Outs may be written, ins may not, whether or not the maker said so.
static void markWritable(func::FuncOp kernel) {
  unsigned firstOuts = kernel.getNumArguments() - kernel.getNumResults();
  OpBuilder builder(kernel.getContext());
  for (BlockArgument argument : kernel.getArguments())
    if (isa<TensorType>(argument.getType()))
      kernel.setArgAttr(
          argument.getArgNumber(),
          bufferization::BufferizationDialect::kWritableAttrName,
          builder.getBoolAttr(argument.getArgNumber() >= firstOuts));
}

static LogicalResult runBufferization(ModuleOp module) {
  bufferization::OneShotBufferizationOptions options;
  options.bufferizeFunctionBoundaries = true;
  options.allowReturnAllocsFromLoops = true;
  options.setFunctionBoundaryTypeConversion(
      bufferization::LayoutMapOption::IdentityLayoutMap);
  bufferization::BufferizationState state;
  return bufferization::runOneShotModuleBufferize(module, options, state);
}

/// Every result is an outs argument by now: the caller knows it already.
static LogicalResult dropResults(func::FuncOp kernel) {
  Operation *terminator = kernel.getBody().front().getTerminator();
  for (OpOperand &operand : terminator->getOpOperands()) {
    Value value = operand.get();
    while (auto cast = value.getDefiningOp<memref::CastOp>())
      value = cast.getSource();
    if (value != outsArgument(kernel, operand.getOperandNumber()))
      return kernel.emitOpError("expected result ")
             << operand.getOperandNumber()
             << " to be written to its outs argument; run "
             << "seqc-bind-destinations before tiling";
  }
  llvm::BitVector all(kernel.getNumResults(), true);
  terminator->setOperands({});
  return kernel.eraseResults(all);
}

void BufferizePass::runOnOperation() {
  ModuleOp module = getOperation();
  SmallVector<func::FuncOp> kernels;
  for (func::FuncOp function : module.getOps<func::FuncOp>())
    if (isKernel(function))
      kernels.push_back(function);
  for (func::FuncOp kernel : kernels)
    markWritable(kernel);
  if (failed(runBufferization(module)))
    return signalPassFailure();
  for (func::FuncOp kernel : kernels)
    if (failed(dropResults(kernel)))
      return signalPassFailure();
}
