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
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/IR/ValueBoundsOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "mlir/Dialect/Vector/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Interfaces/SubsetOpInterface.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"

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

static bool isSame(ArrayRef<OpFoldResult> a, ArrayRef<OpFoldResult> b) {
  return a.size() == b.size() &&
         llvm::all_of_zip(a, b, isEqualConstantIntOrValue);
}

namespace {
/// Slices of the same values are the same slice. Upstream has each of them
/// proved by elimination in a system of inequalities, which took half of the
/// time of bufferization; where the values differ it still is.
template <typename OpTy>
struct SliceModel : SubsetOpInterface::ExternalModel<SliceModel<OpTy>, OpTy> {
  FailureOr<HyperrectangularSlice>
  getAccessedHyperrectangularSlice(Operation *op) const {
    return HyperrectangularSlice(cast<OffsetSizeAndStrideOpInterface>(op));
  }

  bool operatesOnEquivalentSubset(
      Operation *op, SubsetOpInterface candidate,
      function_ref<bool(Value, Value)> isEquivalent) const {
    auto slice = cast<OpTy>(op);
    auto other =
        dyn_cast<OffsetSizeAndStrideOpInterface>(candidate.getOperation());
    if (other && isSame(slice.getMixedOffsets(), other.getMixedOffsets()) &&
        isSame(slice.getMixedSizes(), other.getMixedSizes()) &&
        isSame(slice.getMixedStrides(), other.getMixedStrides()))
      return isEquivalent(cast<SubsetOpInterface>(op).getTensorContainer(),
                          candidate.getTensorContainer());
    return mlir::detail::defaultOperatesOnEquivalentSubset(op, candidate,
                                                           isEquivalent);
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
  // Ahead of upstream's own: the first one stays.
  registry.addExtension(+[](MLIRContext *context, tensor::TensorDialect *) {
    tensor::ExtractSliceOp::attachInterface<SliceModel<tensor::ExtractSliceOp>>(
        *context);
    tensor::InsertSliceOp::attachInterface<SliceModel<tensor::InsertSliceOp>>(
        *context);
  });
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
