//===- Bufferization.cpp - external models of the seqc ops ----------------===//
//
// For the ops that outlive `tile`. Each bufferizes to its buffer form: the same
// op on memrefs without results.
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "dialect/SeqcOps.h"

#include "mlir/Dialect/Affine/IR/ValueBoundsOpInterfaceImpl.h"
#include "mlir/Dialect/Arith/IR/ValueBoundsOpInterfaceImpl.h"
#include "mlir/Dialect/Arith/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Bufferization/Transforms/FuncBufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Linalg/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Linalg/Transforms/TilingInterfaceImpl.h"
#include "mlir/Dialect/MemRef/IR/ValueBoundsOpInterfaceImpl.h"
#include "mlir/Dialect/SCF/IR/ValueBoundsOpInterfaceImpl.h"
#include "mlir/Dialect/SCF/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/IR/ValueBoundsOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "mlir/Dialect/Vector/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/IR/DialectRegistry.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace seqc;

/// The op overwrites all of this destination without looking at it.
static bool overwrites(Operation *op, OpOperand &operand) {
  if (isa<ir::GatherRowsOp, ir::PoolOp>(op))
    return cast<DestinationStyleOpInterface>(op).isDpsInit(&operand);
  if (auto scan = dyn_cast<ir::ScanOp>(op))
    return llvm::is_contained(scan.getOuts(), operand.get()) &&
           !llvm::is_contained(scan.getStates(), operand.get());
  return false;
}

namespace {
template <typename OpTy>
struct StructuredOpModel
    : DstBufferizableOpInterfaceExternalModel<StructuredOpModel<OpTy>, OpTy> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const AnalysisState &) const {
    return !overwrites(op, operand);
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto structured = cast<DestinationStyleOpInterface>(op);
    if (structured.hasPureBufferSemantics())
      return success();
    if (!structured.hasPureTensorSemantics())
      return op->emitOpError(
          "expected all operands to be tensors or all to be memrefs");
    SmallVector<Value> operands;
    for (Value operand : op->getOperands()) {
      if (!isa<TensorType>(operand.getType())) {
        operands.push_back(operand);
        continue;
      }
      FailureOr<Value> buffer = getBuffer(rewriter, operand, options, state);
      if (failed(buffer))
        return failure();
      operands.push_back(*buffer);
    }
    SmallVector<Value> results;
    for (OpResult result : op->getResults())
      results.push_back(
          operands[structured.getTiedOpOperand(result)->getOperandNumber()]);
    rewriter.setInsertionPoint(op);
    clone(rewriter, op, TypeRange(), operands);
    replaceOpWithBufferizedValues(rewriter, op, results);
    return success();
  }
};
} // namespace

template <typename... Ops> static void attachModels(MLIRContext *context) {
  (Ops::template attachInterface<StructuredOpModel<Ops>>(*context), ...);
}

void seqc::passes::registerDialectExtensions(DialectRegistry &registry) {
  registry.insert<bufferization::BufferizationDialect>();
  arith::registerBufferizableOpInterfaceExternalModels(registry);
  bufferization::func_ext::registerBufferizableOpInterfaceExternalModels(
      registry);
  linalg::registerBufferizableOpInterfaceExternalModels(registry);
  linalg::registerTilingInterfaceExternalModels(registry);
  scf::registerBufferizableOpInterfaceExternalModels(registry);
  tensor::registerBufferizableOpInterfaceExternalModels(registry);
  vector::registerBufferizableOpInterfaceExternalModels(registry);
  affine::registerValueBoundsOpInterfaceExternalModels(registry);
  arith::registerValueBoundsOpInterfaceExternalModels(registry);
  memref::registerValueBoundsOpInterfaceExternalModels(registry);
  scf::registerValueBoundsOpInterfaceExternalModels(registry);
  tensor::registerValueBoundsOpInterfaceExternalModels(registry);
  registry.addExtension(+[](MLIRContext *context, ir::SeqcDialect *) {
    attachModels<ir::ScanOp, ir::CompressOp, ir::RingPushOp, ir::PoolOp,
                 ir::GatherRowsOp, ir::ScatterRowsOp>(context);
  });
}
