//===- KernelEntry.cpp - give a kernel the entry points of the ABI --------===//
//
// Mirrors runtime/abi/KernelAbi.h: any change there must be made here.
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "dialect/SeqcDialect.h"
#include "runtime/abi/KernelAbi.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"

namespace seqc::passes {
#define GEN_PASS_DEF_SEQCKERNELENTRY
#include "passes/Passes.h.inc"
} // namespace seqc::passes

using namespace mlir;

/// Bytes of a SeqcBuffer and of the dims array inside it.
static constexpr int64_t kBufferBytes = sizeof(SeqcBuffer);
static constexpr int64_t kDimsOffset = offsetof(SeqcBuffer, dims);

static Value loadField(OpBuilder &b, Location loc, Value base,
                       int64_t byteOffset, Type type) {
  Type ptr = LLVM::LLVMPointerType::get(b.getContext());
  Value address = LLVM::GEPOp::create(
      b, loc, ptr, b.getI8Type(), base,
      ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(byteOffset)});
  return LLVM::LoadOp::create(b, loc, type, address);
}

/// The memref of kernel argument `index`, read from the argument array. Layouts
/// are dense row-major, so strides are products of extents.
static Value readArgument(OpBuilder &b, Location loc,
                          const LLVMTypeConverter &converter, Value args,
                          unsigned index, MemRefType type) {
  int64_t base = index * kBufferBytes;
  Type i64 = b.getI64Type();
  Value data =
      loadField(b, loc, args, base, LLVM::LLVMPointerType::get(b.getContext()));
  auto descriptor =
      MemRefDescriptor::poison(b, loc, converter.convertType(type));
  descriptor.setAllocatedPtr(b, loc, data);
  descriptor.setAlignedPtr(b, loc, data);
  descriptor.setConstantOffset(b, loc, 0);
  Value stride = LLVM::ConstantOp::create(b, loc, i64, b.getI64IntegerAttr(1));
  for (int64_t dim = type.getRank() - 1; dim >= 0; --dim) {
    Value extent;
    if (type.isDynamicDim(dim))
      extent = loadField(b, loc, args, base + kDimsOffset + dim * 8, i64);
    else
      extent = LLVM::ConstantOp::create(
          b, loc, i64, b.getI64IntegerAttr(type.getDimSize(dim)));
    descriptor.setSize(b, loc, dim, extent);
    descriptor.setStride(b, loc, dim, stride);
    if (dim)
      stride = LLVM::MulOp::create(b, loc, i64, stride, extent);
  }
  Value packed = descriptor;
  return UnrealizedConversionCastOp::create(b, loc, type, packed).getResult(0);
}

/// The scratch argument: a byte buffer of the size that the kernel declared.
static Value readScratch(OpBuilder &b, Location loc,
                         const LLVMTypeConverter &converter, Value pointer,
                         MemRefType type, int64_t bytes) {
  auto descriptor =
      MemRefDescriptor::poison(b, loc, converter.convertType(type));
  descriptor.setAllocatedPtr(b, loc, pointer);
  descriptor.setAlignedPtr(b, loc, pointer);
  descriptor.setConstantOffset(b, loc, 0);
  Value size = LLVM::ConstantOp::create(b, loc, b.getI64Type(),
                                        b.getI64IntegerAttr(bytes));
  descriptor.setSize(b, loc, 0, size);
  descriptor.setConstantStride(b, loc, 0, 1);
  Value packed = descriptor;
  return UnrealizedConversionCastOp::create(b, loc, type, packed).getResult(0);
}

/// Canonicalisation dissolves a task loop of one constant task: puts it back.
static scf::ForallOp wrapInTaskLoop(func::FuncOp kernel) {
  Block &entry = kernel.getBody().front();
  OpBuilder b = OpBuilder::atBlockBegin(&entry);
  auto loop = scf::ForallOp::create(
      b, kernel.getLoc(), ArrayRef<OpFoldResult>{b.getIndexAttr(1)},
      /*outputs=*/ValueRange(), /*mapping=*/std::nullopt);
  loop.getBody()->getOperations().splice(
      loop.getTerminator()->getIterator(), entry.getOperations(),
      std::next(loop->getIterator()), entry.getTerminator()->getIterator());
  return loop;
}

/// The one task loop at the top level of the kernel.
static FailureOr<scf::ForallOp> findTaskLoop(func::FuncOp kernel) {
  scf::ForallOp loop;
  for (Operation &op : kernel.getBody().front()) {
    auto forall = dyn_cast<scf::ForallOp>(op);
    if (!forall)
      continue;
    if (loop)
      return kernel.emitOpError(
                 "expected one top-level scf.forall, got a second one"),
             failure();
    loop = forall;
  }
  if (!loop)
    loop = wrapInTaskLoop(kernel);
  if (loop.getRank() != 1 || !loop.isNormalized() || loop.getNumResults() != 0)
    return loop.emitOpError(
               "expected a task loop of rank 1 from 0 by 1 on buffers"),
           failure();
  return loop;
}

/// `<kernel>_tasks(args) -> i64`: the task loop's bound and what it depends on.
static LogicalResult buildTasks(func::FuncOp kernel, scf::ForallOp loop,
                                OpBuilder &b,
                                const LLVMTypeConverter &converter) {
  Location loc = kernel.getLoc();
  Type ptr = LLVM::LLVMPointerType::get(b.getContext());
  auto type = b.getFunctionType({ptr}, {b.getI64Type()});
  auto tasks =
      func::FuncOp::create(b, loc, (kernel.getName() + "_tasks").str(), type);
  OpBuilder body = OpBuilder::atBlockEnd(tasks.addEntryBlock());

  SetVector<Operation *> slice;
  BackwardSliceOptions options;
  options.omitBlockArguments = true;
  options.inclusive = true;
  options.omitUsesFromAbove = false;
  Value bound = loop.getUpperBound(body).front();
  if (Operation *def = bound.getDefiningOp();
      def && def->getBlock() == loop->getBlock())
    (void)getBackwardSlice(def, &slice, options);
  IRMapping map;
  unsigned index = 0;
  for (BlockArgument arg : kernel.getArguments()) {
    bool used = llvm::any_of(arg.getUsers(), [&](Operation *user) {
      return llvm::any_of(slice,
                          [&](Operation *op) { return op->isAncestor(user); });
    });
    if (used || bound == arg)
      map.map(arg, readArgument(body, loc, converter, tasks.getArgument(0),
                                index, cast<MemRefType>(arg.getType())));
    ++index;
  }
  SmallVector<Operation *> ordered;
  for (Operation &op : kernel.getBody().front())
    if (slice.contains(&op))
      ordered.push_back(&op);
  for (Operation *op : ordered)
    body.clone(*op, map);
  Value result = arith::IndexCastOp::create(body, loc, b.getI64Type(),
                                            map.lookupOrDefault(bound));
  func::ReturnOp::create(body, loc, result);
  return success();
}

/// Replaces the task loop by a loop over [begin, end).
static void splitTaskLoop(scf::ForallOp loop, Value begin, Value end) {
  OpBuilder b(loop);
  Location loc = loop.getLoc();
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  auto range = scf::ForOp::create(b, loc, begin, end, one);
  Block *from = loop.getBody();
  Block *to = range.getBody();
  from->getTerminator()->erase();
  to->getOperations().splice(to->begin(), from->getOperations());
  from->getArgument(0).replaceAllUsesWith(range.getInductionVar());
  loop.erase();
}

static LogicalResult addEntryPoints(func::FuncOp kernel) {
  FailureOr<scf::ForallOp> loop = findTaskLoop(kernel);
  if (failed(loop))
    return failure();
  MLIRContext *context = kernel.getContext();
  LLVMTypeConverter converter(context);
  OpBuilder b(kernel);
  for (Type type : kernel.getArgumentTypes()) {
    auto memref = dyn_cast<MemRefType>(type);
    if (!memref || !memref.getLayout().isIdentity() ||
        memref.getRank() > SEQC_KERNEL_MAX_RANK)
      return kernel.emitOpError(
                 "expected dense memref arguments of rank at most ")
             << SEQC_KERNEL_MAX_RANK << ", got " << type;
  }
  if (failed(buildTasks(kernel, *loop, b, converter)))
    return failure();

  Location loc = kernel.getLoc();
  Type ptr = LLVM::LLVMPointerType::get(context);
  Type i64 = b.getI64Type();
  Block &entry = kernel.getBody().front();
  unsigned count = kernel.getNumArguments();
  int64_t scratchBytes = 0;
  if (auto attr = kernel->getAttrOfType<IntegerAttr>(seqc::ir::names::kScratch))
    scratchBytes = attr.getInt();
  SmallVector<Value> added;
  for (Type type : {ptr, i64, i64, ptr})
    added.push_back(entry.addArgument(type, loc));
  OpBuilder body = OpBuilder::atBlockBegin(&entry);
  for (unsigned i = 0; i < count; ++i) {
    BlockArgument arg = entry.getArgument(i);
    if (arg.use_empty())
      continue;
    auto type = cast<MemRefType>(arg.getType());
    bool isScratch = i + 1 == count && type.getElementType().isInteger(8);
    Value value =
        isScratch
            ? readScratch(body, loc, converter, added[3], type, scratchBytes)
            : readArgument(body, loc, converter, added[0], i, type);
    arg.replaceAllUsesWith(value);
  }
  Value begin =
      arith::IndexCastOp::create(body, loc, b.getIndexType(), added[1]);
  Value end = arith::IndexCastOp::create(body, loc, b.getIndexType(), added[2]);
  splitTaskLoop(*loop, begin, end);
  entry.eraseArguments(0, count);
  kernel.setType(b.getFunctionType({ptr, i64, i64, ptr}, {}));
  kernel.removeArgAttrsAttr();
  kernel->removeAttr(seqc::ir::names::kAssume);
  kernel.setPublic();
  return success();
}

namespace {
class KernelEntryPass
    : public seqc::passes::impl::SeqcKernelEntryBase<KernelEntryPass> {
public:
  void runOnOperation() override {
    SmallVector<func::FuncOp> kernels;
    for (auto func : getOperation().getOps<func::FuncOp>())
      if (func->hasAttr(seqc::ir::names::kKernel))
        kernels.push_back(func);
    for (func::FuncOp kernel : kernels)
      if (failed(addEntryPoints(kernel)))
        return signalPassFailure();
  }
};
} // namespace
