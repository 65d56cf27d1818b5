//===- FuseKernels.cpp - ops into seqc.kernel -----------------------------===//

#include "passes/Analysis/KernelGroups.h"
#include "passes/Analysis/RowAccess.h"
#include "passes/Passes.h"

#include "dialect/SeqcOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/RegionUtils.h"

namespace seqc::passes {
#define GEN_PASS_DEF_FUSEKERNELSPASS
#include "passes/Passes.h.inc"
} // namespace seqc::passes

using namespace mlir;
using namespace seqc::ir;
using namespace seqc::passes;

using ExtentKind = SymbolicExtent::Kind;

/// First argument of the model function whose first extent is of this kind.
static Value argumentWith(func::FuncOp function, ExtentKind kind) {
  for (BlockArgument arg : function.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(arg.getType());
    if (type && type.getRank() > 0 && type.isDynamicDim(0) &&
        extentOf(arg, 0).kind == kind)
      return arg;
  }
  return {};
}

static Value plusConstant(OpBuilder &b, Location loc, Value value,
                          int64_t addend) {
  if (addend == 0)
    return value;
  Value constant = arith::ConstantIndexOp::create(b, loc, addend);
  return arith::AddIOp::create(b, loc, value, constant);
}

/// Index value of an extent in the model function; null if nothing there has
/// it.
static Value materialise(OpBuilder &b, Location loc, func::FuncOp function,
                         const SymbolicExtent &extent) {
  switch (extent.kind) {
  case ExtentKind::Static:
    return arith::ConstantIndexOp::create(b, loc, extent.addend);
  case ExtentKind::Count:
    return plusConstant(b, loc, extent.base, extent.addend);
  case ExtentKind::Unknown:
    if (extent.dim < 0)
      return plusConstant(b, loc, extent.base, extent.addend);
    return plusConstant(b, loc,
                        tensor::DimOp::create(b, loc, extent.base, extent.dim),
                        extent.addend);
  case ExtentKind::Rows:
  case ExtentKind::Sequences:
    break;
  }
  Value arg = argumentWith(function, extent.kind);
  if (!arg)
    return {};
  Value dim = tensor::DimOp::create(b, loc, arg, 0);
  return plusConstant(b, loc, dim, extent.addend - extentOf(arg, 0).addend);
}

/// Reads extents off the arguments instead of off intermediate values, so that
/// an extent makes no kernel wait for another.
static void rebaseExtents(func::FuncOp function) {
  SmallVector<tensor::DimOp> dims;
  function.walk([&](tensor::DimOp dim) {
    if (dim->getParentOp() == function.getOperation() &&
        !isa<BlockArgument>(dim.getSource()))
      dims.push_back(dim);
  });
  IRRewriter rewriter(function.getContext());
  for (tensor::DimOp dim : dims) {
    SymbolicExtent extent = extentOf(dim.getResult());
    if (extent.kind == ExtentKind::Unknown)
      continue;
    rewriter.setInsertionPoint(dim);
    if (Value value = materialise(rewriter, dim.getLoc(), function, extent))
      rewriter.replaceOp(dim, value);
  }
}

/// Whether `value` is columns of an argument, which no buffer of a plan is.
static bool isPartOfArgument(Value value) {
  Operation *slice = value.getDefiningOp();
  if (!isa_and_nonnull<tensor::ExtractSliceOp>(slice) || isMemoryView(slice))
    return false;
  while (Operation *def = value.getDefiningOp()) {
    if (!isRowView(def))
      return false;
    value = def->getOperand(0);
  }
  return true;
}

/// An op that updates columns of an argument updates a copy of them: it would
/// write in place, where other columns stand in between.
static void copyUpdatedColumns(func::FuncOp function) {
  SmallVector<OpOperand *> updated;
  function.walk([&](DestinationStyleOpInterface op) {
    if (op->getParentOp() != function.getOperation())
      return;
    for (OpOperand &init : op.getDpsInitsMutable()) {
      OpResult result = op.getTiedOpResult(&init);
      if (result && readsDestination(op, result.getResultNumber()) &&
          isPartOfArgument(init.get()))
        updated.push_back(&init);
    }
  });
  OpBuilder builder(function.getContext());
  for (OpOperand *init : updated) {
    Operation *user = init->getOwner();
    Value slice = init->get();
    builder.setInsertionPoint(user);
    Value empty = tensor::EmptyOp::create(
        builder, user->getLoc(),
        tensor::getMixedSizes(builder, user->getLoc(), slice),
        getElementTypeOrSelf(slice));
    auto copy = linalg::CopyOp::create(builder, user->getLoc(), slice, empty);
    if (Attribute layer = user->getAttr(names::kLayer))
      copy->setAttr(names::kLayer, layer);
    init->set(copy.getResult(0));
  }
}

namespace {
/// Where a value that leaves a kernel is written.
struct Destination {
  Value escaping;      ///< the value inside the group
  Value out;           ///< operand of the kernel
  bool copied = false; ///< by a copy at the end, not by the op that makes it
};

/// Builds the kernel of one group.
class KernelBuilder {
public:
  KernelBuilder(func::FuncOp function, const KernelGroup &group,
                IRRewriter &rewriter)
      : function(function), group(group), rewriter(rewriter),
        members(group.ops.begin(), group.ops.end()) {}

  LogicalResult build();

private:
  bool isInside(Value value) const {
    return members.contains(value.getDefiningOp());
  }
  bool leaves(Value value);
  Value baseOf(Value value) const;
  void findEscaping();
  LogicalResult chooseDestination(Value escaping);
  Value freshOut(Value like);
  Value inside(Value value, Operation *user);
  Value insideIndex(const SymbolicExtent &extent, Operation *user);
  Value addInput(Value value);
  Value initFor(OpOperand &init, Operation *user);
  Value emptyLike(Value value, Operation *user);
  LogicalResult cloneBody();
  void replace(KernelOp kernel);
  Value outsideView(Value value, IRMapping &results);

  func::FuncOp function;
  const KernelGroup &group;
  IRRewriter &rewriter;
  llvm::DenseSet<Operation *> members;
  SmallVector<Destination> destinations;
  DenseMap<OpOperand *, unsigned> written; ///< init operand -> destination
  SmallVector<Value> views; ///< reshapes of escaping values, repeated outside
  llvm::SetVector<Value> inputs;
  SmallVector<std::pair<SymbolicExtent, Value>> extents;
  std::unique_ptr<Block> body;
  IRMapping mapping;
  bool failed = false;
};
} // namespace

bool KernelBuilder::leaves(Value value) {
  return llvm::any_of(value.getUsers(), [&](Operation *user) {
    Operation *at = function.getBody().front().findAncestorOpInBlock(*user);
    return !members.contains(at);
  });
}

/// The value behind the reshapes that end in `value`.
Value KernelBuilder::baseOf(Value value) const {
  while (isInside(value) && isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(
                                value.getDefiningOp()))
    value = value.getDefiningOp()->getOperand(0);
  return value;
}

/// A scan's state has as many rows as there are sequences, which no scratch of
/// fixed size can hold: it gets memory from outside even if nobody reads it.
static bool isScanState(Value value) {
  auto scan = value.getDefiningOp<ScanOp>();
  return scan &&
         cast<OpResult>(value).getResultNumber() >= scan.getOuts().size();
}

/// A reshape that leaves is repeated behind the kernel, over its base; a slice
/// that leaves is copied to a tensor of its own. Outs and states of a scan have
/// rows or sequences that no tile of channels bounds: they are results of the
/// kernel even if nothing reads them.
void KernelBuilder::findEscaping() {
  llvm::SetVector<Value> escaping;
  for (Operation *op : group.ops)
    for (Value result : op->getResults()) {
      if (!leaves(result) && !isScanState(result))
        continue;
      Value base = baseOf(result);
      bool madeHere =
          isInside(base) && !isa<tensor::ExtractSliceOp>(base.getDefiningOp());
      escaping.insert(madeHere ? base : result);
      if (madeHere && base != result)
        views.push_back(result);
    }
  if (!escaping.empty())
    for (Operation *op : group.ops)
      if (isa<ScanOp>(op))
        escaping.insert_range(op->getResults());
  for (Value value : escaping)
    destinations.push_back({value, {}, false});
}

Value KernelBuilder::freshOut(Value like) {
  auto type = cast<RankedTensorType>(like.getType());
  SmallVector<Value> sizes;
  for (int64_t d = 0; d < type.getRank(); ++d) {
    if (!type.isDynamicDim(d))
      continue;
    Value size =
        materialise(rewriter, like.getLoc(), function, extentOf(like, d));
    if (!size)
      return {};
    sizes.push_back(size);
  }
  return tensor::EmptyOp::create(rewriter, like.getLoc(), type.getShape(),
                                 type.getElementType(), sizes);
}

/// Follows the destinations of `escaping` to where the first op of the chain
/// writes; that op then writes the kernel's out operand.
LogicalResult KernelBuilder::chooseDestination(Value escaping) {
  Destination &destination = *llvm::find_if(
      destinations, [&](Destination &d) { return d.escaping == escaping; });
  unsigned number = &destination - destinations.data();
  Value value = escaping;
  while (true) {
    auto style =
        dyn_cast_or_null<DestinationStyleOpInterface>(value.getDefiningOp());
    if (!style) { // a view
      destination.copied = true;
      break;
    }
    auto result = cast<OpResult>(value);
    OpOperand *init = style.getTiedOpOperand(result);
    Value source = init->get();
    Operation *def = source.getDefiningOp();
    bool reads = readsDestination(style, result.getResultNumber());
    bool chained = reads && isInside(source) && source.hasOneUse() &&
                   isa<DestinationStyleOpInterface>(def) &&
                   llvm::none_of(destinations, [&](Destination &d) {
                     return d.escaping == source;
                   });
    if (chained) {
      value = source;
      continue;
    }
    if (reads && !isInside(source) && !(def && isFreshInit(def)))
      destination.out = source;
    written[init] = number;
    break;
  }
  if (!destination.out)
    destination.out = freshOut(escaping);
  if (!destination.out)
    return emitError(
        escaping.getLoc(),
        "cannot size a kernel's result: expected an argument that holds "
        "rows or states; mark the inputs with seqc.input and seqc.state");
  return success();
}

Value KernelBuilder::addInput(Value value) {
  if (inputs.insert(value))
    mapping.map(value, body->insertArgument(inputs.size() - 1, value.getType(),
                                            value.getLoc()));
  return mapping.lookup(value);
}

/// Index value of an extent inside the kernel, read off an argument.
Value KernelBuilder::insideIndex(const SymbolicExtent &extent,
                                 Operation *user) {
  for (auto &[known, value] : extents)
    if (known == extent)
      return value;
  Location loc = user->getLoc();
  auto remember = [&](Value value) {
    extents.push_back({extent, value});
    return value;
  };
  if (extent.isStatic())
    return remember(
        arith::ConstantIndexOp::create(rewriter, loc, extent.addend));
  auto fromOperand = [&](Value operand, Value argument) -> Value {
    auto type = dyn_cast<RankedTensorType>(operand.getType());
    for (int64_t d = 0; type && d < type.getRank(); ++d) {
      if (!type.isDynamicDim(d))
        continue;
      SymbolicExtent has = extentOf(operand, d);
      if (!has.sameSymbol(extent))
        continue;
      Value dim = tensor::DimOp::create(rewriter, loc, argument, d);
      return plusConstant(rewriter, loc, dim, extent.addend - has.addend);
    }
    return {};
  };
  for (Value input : inputs)
    if (Value found = fromOperand(input, mapping.lookup(input)))
      return remember(found);
  for (auto [i, destination] : llvm::enumerate(destinations))
    if (Value found =
            fromOperand(destination.out, body->getArgument(inputs.size() + i)))
      return remember(found);
  if (extent.kind == ExtentKind::Count) {
    auto count = extent.base.getDefiningOp<CountOp>();
    Value packed = addInput(count.getOffsets());
    Value size = tensor::DimOp::create(rewriter, loc, packed, 0);
    Value last = plusConstant(rewriter, loc, size, -1);
    Value rows = tensor::ExtractOp::create(rewriter, loc, packed, last);
    Value value = arith::IndexCastOp::create(rewriter, loc,
                                             rewriter.getIndexType(), rows);
    return remember(plusConstant(rewriter, loc, value, extent.addend));
  }
  Value source = extent.kind == ExtentKind::Unknown
                     ? extent.base
                     : argumentWith(function, extent.kind);
  if (source && isa<RankedTensorType>(source.getType()) && !isInside(source))
    return remember(fromOperand(source, addInput(source)));
  user->emitOpError(
      "has an extent that no argument of its kernel holds: expected "
      "extents from inputs, states, offsets or seqc.count");
  failed = true;
  return remember(arith::ConstantIndexOp::create(rewriter, loc, 0));
}

Value KernelBuilder::emptyLike(Value value, Operation *user) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<Value> sizes;
  for (int64_t d = 0; d < type.getRank(); ++d)
    if (type.isDynamicDim(d))
      sizes.push_back(insideIndex(extentOf(value, d), user));
  return tensor::EmptyOp::create(rewriter, user->getLoc(), type.getShape(),
                                 type.getElementType(), sizes);
}

/// The value inside the kernel that stands for `value`.
Value KernelBuilder::inside(Value value, Operation *user) {
  if (Value known = mapping.lookupOrNull(value))
    return known;
  if (value.getType().isIndex())
    return insideIndex(extentOf(value), user);
  Operation *def = value.getDefiningOp();
  if (def && def->hasTrait<OpTrait::ConstantLike>()) {
    Operation *copy = rewriter.clone(*def);
    mapping.map(value, copy->getResult(0));
    return copy->getResult(0);
  }
  if (isa_and_nonnull<tensor::EmptyOp>(def))
    return emptyLike(value, user);
  if (def && isFreshInit(def)) {
    auto fill = cast<linalg::FillOp>(def);
    Value scalar = inside(fill.getInputs()[0], user);
    Value empty = emptyLike(value, user);
    return linalg::FillOp::create(rewriter, user->getLoc(), scalar, empty)
        .getResult(0);
  }
  // A slice that is repeated in its readers.
  if (isa_and_nonnull<tensor::ExtractSliceOp>(def) && isRowView(def) &&
      !isMemoryView(def)) {
    IRMapping slice;
    for (Value operand : def->getOperands())
      slice.map(operand, inside(operand, user));
    Operation *copy = rewriter.clone(*def, slice);
    copy->removeAttr(names::kLayer);
    mapping.map(value, copy->getResult(0));
    return copy->getResult(0);
  }
  if (!isa<RankedTensorType>(value.getType())) {
    user->emitOpError("uses a value of type ")
        << value.getType()
        << " from outside its kernel: expected tensors and indices; "
        << "read the scalar inside the op";
    failed = true;
  }
  return addInput(value);
}

/// The destination of a cloned op.
Value KernelBuilder::initFor(OpOperand &init, Operation *user) {
  Value source = init.get();
  auto style = cast<DestinationStyleOpInterface>(user);
  unsigned number = style.getTiedOpResult(&init).getResultNumber();
  bool reads = readsDestination(user, number);
  Operation *def = source.getDefiningOp();
  bool fresh = def && isFreshInit(def);
  bool copies = reads && !fresh;
  Value dest;
  if (auto at = written.find(&init); at != written.end()) {
    dest = body->getArgument(inputs.size() + at->second);
    copies &= destinations[at->second].out != source;
  } else if (isInside(source) && reads) {
    return inside(source, user);
  } else {
    dest = emptyLike(source, user);
  }
  if (auto fill = dyn_cast_or_null<linalg::FillOp>(def); fill && fresh && reads)
    return linalg::FillOp::create(rewriter, user->getLoc(),
                                  inside(fill.getInputs()[0], user), dest)
        .getResult(0);
  if (!copies)
    return dest;
  // Asking for the source may add an input, which moves the block arguments but
  // not the value `dest`.
  Value content = inside(source, user);
  return linalg::CopyOp::create(rewriter, user->getLoc(), content, dest)
      .getResult(0);
}

LogicalResult KernelBuilder::cloneBody() {
  for (Destination &destination : destinations)
    body->addArgument(destination.out.getType(), destination.out.getLoc());
  for (Operation *op : group.ops) {
    auto style = dyn_cast<DestinationStyleOpInterface>(op);
    IRMapping operands;
    for (OpOperand &operand : op->getOpOperands()) {
      bool init = style && style.isDpsInit(&operand);
      // One value may be both an input and a destination of an op.
      if (!init)
        operands.map(operand.get(), inside(operand.get(), op));
    }
    llvm::SetVector<Value> captured;
    getUsedValuesDefinedAbove(op->getRegions(), captured);
    for (Value value : captured)
      operands.map(value, inside(value, op));
    SmallVector<Value> inits;
    for (OpOperand &operand : op->getOpOperands())
      if (style && style.isDpsInit(&operand))
        inits.push_back(initFor(operand, op));
    Operation *copy = rewriter.clone(*op, operands);
    copy->removeAttr(names::kLayer);
    if (style)
      for (auto [init, value] : llvm::zip(
               cast<DestinationStyleOpInterface>(copy).getDpsInitsMutable(),
               inits))
        init.set(value);
    mapping.map(op->getResults(), copy->getResults());
  }
  SmallVector<Value> results;
  for (auto [i, destination] : llvm::enumerate(destinations)) {
    Value value = mapping.lookup(destination.escaping);
    if (destination.copied)
      value =
          linalg::CopyOp::create(rewriter, destination.escaping.getLoc(), value,
                                 body->getArgument(inputs.size() + i))
              .getResult(0);
    results.push_back(value);
  }
  YieldOp::create(rewriter, group.ops.back()->getLoc(), results);
  return failure(failed);
}

Value KernelBuilder::outsideView(Value value, IRMapping &results) {
  if (Value known = results.lookupOrNull(value))
    return known;
  Operation *op = value.getDefiningOp();
  outsideView(op->getOperand(0), results);
  Operation *copy = rewriter.clone(*op, results);
  results.map(value, copy->getResult(0));
  return copy->getResult(0);
}

void KernelBuilder::replace(KernelOp kernel) {
  IRMapping results;
  auto outsideUse = [&](OpOperand &use) {
    Operation *at =
        function.getBody().front().findAncestorOpInBlock(*use.getOwner());
    return !members.contains(at);
  };
  for (auto [destination, result] :
       llvm::zip(destinations, kernel.getResults()))
    results.map(destination.escaping, result);
  SmallVector<std::pair<Value, Value>> replacements;
  for (Value view : views)
    replacements.push_back({view, outsideView(view, results)});
  for (auto [destination, result] :
       llvm::zip(destinations, kernel.getResults()))
    replacements.push_back({destination.escaping, result});
  for (auto [from, to] : replacements)
    rewriter.replaceUsesWithIf(from, to, outsideUse);
}

LogicalResult KernelBuilder::build() {
  findEscaping();
  if (destinations.empty())
    return success(); // nothing reads it
  for (Destination &destination : destinations)
    if (mlir::failed(chooseDestination(destination.escaping)))
      return failure();
  body = std::make_unique<Block>();
  {
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPointToEnd(body.get());
    if (mlir::failed(cloneBody()))
      return failure();
  }
  SmallVector<Value> outs;
  SmallVector<Type> types;
  for (Destination &destination : destinations) {
    outs.push_back(destination.out);
    types.push_back(destination.out.getType());
  }
  StringAttr layer;
  for (Operation *op : group.ops)
    if (!layer)
      layer = op->getAttrOfType<StringAttr>(names::kLayer);
  SmallVector<Location> locations;
  for (Operation *op : group.ops)
    locations.push_back(op->getLoc());
  auto kernel = KernelOp::create(rewriter, rewriter.getFusedLoc(locations),
                                 types, inputs.getArrayRef(), outs, layer);
  kernel.getBody().push_back(body.release());
  replace(kernel);
  return success();
}

namespace {
struct FuseKernelsPass
    : public seqc::passes::impl::FuseKernelsPassBase<FuseKernelsPass> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal() || function->hasAttr(names::kKernel))
      return;
    copyUpdatedColumns(function);
    rebaseExtents(function);
    FailureOr<std::vector<KernelGroup>> groups = groupKernels(function);
    if (failed(groups))
      return signalPassFailure();
    IRRewriter rewriter(&getContext());
    Block &block = function.getBody().front();
    rewriter.setInsertionPoint(block.getTerminator());
    SmallVector<Operation *> fused;
    for (const KernelGroup &group : *groups) {
      if (group.outside) {
        group.ops.front()->moveBefore(block.getTerminator());
        continue;
      }
      if (failed(KernelBuilder(function, group, rewriter).build()))
        return signalPassFailure();
      fused.append(group.ops.begin(), group.ops.end());
      ++kernels;
      fusedOps += group.ops.size();
    }
    for (Operation *op : fused)
      op->dropAllUses();
    for (Operation *op : fused)
      rewriter.eraseOp(op);
    // Fresh destinations and slices that live inside the kernels now.
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
      if (isOpTriviallyDead(&op))
        rewriter.eraseOp(&op);
  }
};
} // namespace
