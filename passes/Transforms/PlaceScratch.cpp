//===- PlaceScratch.cpp - temporaries as views of one argument ------------===//

#include "passes/Passes.h"

#include "dialect/SeqcDialect.h"
#include "passes/Analysis/KernelForm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/Support/MathExtras.h"

namespace seqc::passes {
#define GEN_PASS_DEF_PLACESCRATCHPASS
#include "passes/Passes.h.inc"
} // namespace seqc::passes

using namespace mlir;
using namespace seqc;
using namespace seqc::passes;

static constexpr int64_t kScratchAlignment = 64;

namespace {
struct PlaceScratchPass : passes::impl::PlaceScratchPassBase<PlaceScratchPass> {
  using PlaceScratchPassBase::PlaceScratchPassBase;
  void runOnOperation() override;
};

/// A temporary: bytes, first and last op (by position) of the task that touch
/// it.
struct Temporary {
  memref::AllocOp alloc;
  int64_t bytes = 0, offset = 0;
  int64_t first = 0, last = 0;
  size_t number = 0; ///< in program order

  bool overlapsInTime(const Temporary &other) const {
    return first <= other.last && other.first <= last;
  }
};

/// Positions of the ops of one task.
class TaskOrder {
public:
  explicit TaskOrder(Block &body) : body(body) {
    for (Operation &op : body)
      positions[&op] = positions.size();
  }
  void setLifetime(Temporary &temporary);

private:
  int64_t end() const { return positions.size(); }
  bool extend(Temporary &temporary, Value buffer);

  Block &body;
  DenseMap<Operation *, int64_t> positions;
};
} // namespace

/// False where a use cannot be followed.
bool TaskOrder::extend(Temporary &temporary, Value buffer) {
  for (Operation *user : buffer.getUsers()) {
    Operation *ancestor = body.findAncestorOpInBlock(*user);
    if (!ancestor)
      return false;
    if (auto view = dyn_cast<ViewLikeOpInterface>(user)) {
      if (!extend(temporary, user->getResult(0)))
        return false;
      continue;
    }
    // A buffer that a loop or branch passes on may be used under another name.
    if (llvm::any_of(user->getResultTypes(),
                     [](Type type) { return isa<BaseMemRefType>(type); }) ||
        user->hasTrait<OpTrait::IsTerminator>() ||
        isa<LoopLikeOpInterface>(user))
      return false;
    temporary.first = std::min(temporary.first, positions[ancestor]);
    temporary.last = std::max(temporary.last, positions[ancestor]);
  }
  return true;
}

void TaskOrder::setLifetime(Temporary &temporary) {
  temporary.first = end();
  temporary.last = -1;
  if (extend(temporary, temporary.alloc))
    return;
  temporary.first = 0;
  temporary.last = end();
}

/// Bytes that the temporary never exceeds.
static FailureOr<int64_t> boundBytes(memref::AllocOp alloc) {
  MemRefType type = alloc.getType();
  if (!type.getLayout().isIdentity() || !type.getElementType().isIntOrFloat())
    return alloc.emitOpError(
               "expected a temporary of numbers in identity layout, got ")
           << type;
  int64_t bytes = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    int64_t extent = type.getDimSize(dim);
    if (type.isDynamicDim(dim)) {
      FailureOr<int64_t> bound = ValueBoundsConstraintSet::computeConstantBound(
          presburger::BoundType::UB, {alloc.getResult(), dim}, nullptr,
          /*closedUB=*/true);
      if (failed(bound))
        return alloc.emitOpError(
                   "expected a temporary of bounded extents, got ")
               << type
               << "; tile the axis or make the value a result of the kernel";
      extent = std::max<int64_t>(*bound, 0);
    }
    bytes *= extent;
  }
  return bytes;
}

/// First fit below the temporaries that live at the same time; returns the end.
static int64_t assignOffsets(MutableArrayRef<Temporary> temporaries) {
  int64_t total = 0;
  for (size_t i = 0; i < temporaries.size(); ++i) {
    Temporary &current = temporaries[i];
    SmallVector<const Temporary *> busy;
    for (const Temporary &placed : temporaries.take_front(i))
      if (placed.overlapsInTime(current))
        busy.push_back(&placed);
    llvm::sort(busy, [](const Temporary *a, const Temporary *b) {
      return a->offset < b->offset;
    });
    int64_t offset = 0;
    for (const Temporary *placed : busy) {
      if (offset + current.bytes <= placed->offset)
        break;
      offset = std::max<int64_t>(
          offset,
          llvm::alignTo(placed->offset + placed->bytes, kScratchAlignment));
    }
    current.offset = offset;
    total = std::max<int64_t>(
        total, llvm::alignTo(offset + current.bytes, kScratchAlignment));
  }
  return total;
}

static void replaceByView(Temporary &temporary, Value scratch) {
  memref::AllocOp alloc = temporary.alloc;
  OpBuilder builder(alloc);
  Value offset =
      arith::ConstantIndexOp::create(builder, alloc.getLoc(), temporary.offset);
  Value view = memref::ViewOp::create(builder, alloc.getLoc(), alloc.getType(),
                                      scratch, offset, alloc.getDynamicSizes());
  alloc.replaceAllUsesWith(view);
  alloc.erase();
}

void PlaceScratchPass::runOnOperation() {
  func::FuncOp kernel = getOperation();
  if (!isKernel(kernel))
    return;
  if (kernel->hasAttr(ir::names::kScratch)) {
    kernel.emitOpError(
        "expected a kernel without scratch, got one with seqc.scratch");
    return signalPassFailure();
  }
  Block &entry = kernel.getBody().front();
  auto loops = entry.getOps<scf::ForallOp>();
  TaskOrder order(loops.empty() ? entry : *(*loops.begin()).getBody());
  SmallVector<Temporary> temporaries;
  WalkResult walk = kernel.walk([&](memref::AllocOp alloc) {
    FailureOr<int64_t> bytes = boundBytes(alloc);
    if (failed(bytes))
      return WalkResult::interrupt();
    Temporary &temporary = temporaries.emplace_back();
    temporary.alloc = alloc;
    temporary.bytes = *bytes;
    temporary.number = temporaries.size();
    order.setLifetime(temporary);
    return WalkResult::advance();
  });
  if (walk.wasInterrupted())
    return signalPassFailure();

  // Large ones first waste least; ties keep program order.
  llvm::sort(temporaries, [](const Temporary &a, const Temporary &b) {
    return std::tie(b.bytes, a.number) < std::tie(a.bytes, b.number);
  });
  int64_t total = assignOffsets(temporaries);

  Builder builder(&getContext());
  auto type = MemRefType::get({ShapedType::kDynamic}, builder.getI8Type());
  unsigned index = kernel.getNumArguments();
  if (failed(kernel.insertArgument(index, type, {}, kernel.getLoc())))
    return signalPassFailure();
  for (Temporary &temporary : temporaries)
    replaceByView(temporary, kernel.getArgument(index));
  kernel->setAttr(ir::names::kScratch, builder.getI64IntegerAttr(total));
  numTemporaries += temporaries.size();
}
