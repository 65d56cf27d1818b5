//===- LowerToLLVM.cpp - vectors, buffers and loops to the LLVM dialect ---===//
//
// What has to be taken apart first, then loops, then one conversion for all
// dialects. A chain of upstream passes does the same, but each of them visits
// every op again and leaves casts between what it converted and what it did
// not: half of the time that a kernel spent in passes.
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ConvertToLLVM/ToLLVMInterface.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Transforms/DialectConversion.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace seqc::passes {
#define GEN_PASS_DEF_SEQCLOWERTOLLVM
#include "passes/Passes.h.inc"
} // namespace seqc::passes

using namespace mlir;

/// What upstream would say of each of these: elements lie at multiples of their
/// size. It makes a context of LLVM each time to find out.
template <typename... Ops> static void alignToElements(ModuleOp module) {
  auto align = [](auto op) {
    Type element = op.getMemRefType().getElementType();
    if (!op.getAlignment() && element.isIntOrFloat())
      op.setAlignment(llvm::divideCeil(element.getIntOrFloatBitWidth(), 8));
  };
  (module.walk([&](Ops op) { align(op); }), ...);
}

/// Nothing to take apart: most of a kernel.
static bool isPlain(Operation *op) {
  return !isa_and_present<memref::MemRefDialect, vector::VectorDialect>(
             op->getDialect()) ||
         isa<memref::LoadOp, memref::StoreOp, vector::LoadOp, vector::StoreOp,
             vector::FMAOp, vector::ShuffleOp>(op);
}

/// Views become sizes, offsets and strides, and vector ops that LLVM has no
/// form for become such that it has.
static void takeApart(ModuleOp module) {
  RewritePatternSet patterns(module.getContext());
  memref::populateExpandStridedMetadataPatterns(patterns);
  vector::populateVectorToVectorCanonicalizationPatterns(patterns);
  vector::populateVectorBitCastLoweringPatterns(patterns);
  vector::populateVectorBroadcastLoweringPatterns(patterns);
  vector::populateVectorMaskOpLoweringPatterns(patterns);
  vector::populateVectorShapeCastLoweringPatterns(patterns);
  vector::populateVectorInterleaveLoweringPatterns(patterns);
  vector::populateVectorTransposeLoweringPatterns(
      patterns, vector::VectorTransposeLowering::EltWise);
  vector::populateVectorMaskMaterializationPatterns(
      patterns, /*force32BitVectorIndices=*/true);
  vector::populateVectorInsertExtractStridedSliceTransforms(patterns);
  vector::populateVectorStepLoweringPatterns(patterns);
  vector::populateVectorRankReducingFMAPattern(patterns);
  vector::populateVectorGatherLoweringPatterns(patterns);
  GreedyRewriteConfig config;
  config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
  // Otherwise each new op has the loops around it asked whether they are dead.
  config.setStrictness(GreedyRewriteStrictness::ExistingAndNewOps);
  SmallVector<Operation *> ops;
  module.walk([&](Operation *op) {
    if (!isPlain(op))
      ops.push_back(op);
  });
  (void)applyOpPatternsGreedily(ops, std::move(patterns), config);
}

/// On its own: the values that branches carry change their types while their
/// blocks do below.
static LogicalResult branch(ModuleOp module) {
  ConversionTarget target(*module.getContext());
  target.addIllegalDialect<scf::SCFDialect>();
  target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
  RewritePatternSet patterns(module.getContext());
  populateSCFToControlFlowConversionPatterns(patterns);
  return applyPartialConversion(module, target, std::move(patterns));
}

static LogicalResult convert(ModuleOp module) {
  MLIRContext *context = module.getContext();
  LLVMTypeConverter converter(context);
  LLVMConversionTarget target(*context);
  target.addLegalOp<ModuleOp, UnrealizedConversionCastOp>();
  RewritePatternSet patterns(context);
  populateAffineToStdConversionPatterns(patterns);
  for (Dialect *dialect : context->getLoadedDialects())
    if (auto *known = dyn_cast<ConvertToLLVMPatternInterface>(dialect);
        known && !isa<vector::VectorDialect>(dialect))
      known->populateConvertToLLVMConversionPatterns(target, converter,
                                                     patterns);
  populateVectorToLLVMConversionPatterns(converter, patterns,
                                         /*reassociateFPReductions=*/true,
                                         /*force32BitVectorIndices=*/true);
  ConversionConfig config;
  // No pattern here fails after it has begun to rewrite, and constants fold in
  // LLVM: to be able to undo, and to fold, took a third of the time.
  config.allowPatternRollback = false;
  config.foldingMode = DialectConversionFoldingMode::Never;
  return applyFullConversion(module, target, std::move(patterns), config);
}

/// Fields of descriptors become the values that were put there, and what
/// nothing uses any more goes. In order, once: no more is needed.
static void forwardFields(ModuleOp module) {
  SmallVector<Operation *> ops;
  module.walk<WalkOrder::PreOrder>([&](Operation *op) {
    ops.push_back(op);
    auto field = dyn_cast<LLVM::ExtractValueOp>(op);
    if (!field)
      return;
    SmallVector<OpFoldResult> folded;
    if (failed(op->fold(folded)) || folded.empty())
      return;
    if (auto value = dyn_cast<Value>(folded.front()))
      field.replaceAllUsesWith(value);
  });
  for (Operation *op : llvm::reverse(ops))
    if (isOpTriviallyDead(op))
      op->erase();
}

namespace {
class LowerToLLVMPass
    : public seqc::passes::impl::SeqcLowerToLLVMBase<LowerToLLVMPass> {
public:
  void runOnOperation() override {
    alignToElements<vector::LoadOp, vector::StoreOp>(getOperation());
    takeApart(getOperation());
    if (failed(branch(getOperation())) || failed(convert(getOperation())))
      return signalPassFailure();
    SmallVector<UnrealizedConversionCastOp> casts;
    getOperation().walk(
        [&](UnrealizedConversionCastOp cast) { casts.push_back(cast); });
    reconcileUnrealizedCasts(casts);
    forwardFields(getOperation());
  }
};
} // namespace
