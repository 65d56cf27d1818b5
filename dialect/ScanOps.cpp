//===- ScanOps.cpp - recurrences along the rows of a sequence -------------===//

#include "dialect/OpSupport.h"

using namespace mlir;
using namespace seqc::ir;

SEQC_STRUCTURED_OP_METHODS(ScanOp)
SEQC_STRUCTURED_OP_METHODS(PoolOp)

MutableOperandRange ScanOp::getDpsInitsMutable() {
  unsigned first = getInputs().size() + getParams().size() + 1;
  return MutableOperandRange(*this, first,
                             getOuts().size() + getStates().size());
}

AffineMap ScanOp::getMap(unsigned i) {
  return cast<AffineMapAttr>(getMaps()[i]).getValue();
}

bool ScanOp::hasStateAxis(unsigned i) {
  return llvm::any_of(getMap(i).getResults(), [](AffineExpr e) {
    auto dim = dyn_cast<AffineDimExpr>(e);
    return dim && dim.getPosition() == 2;
  });
}

int64_t ScanOp::getNumChannels() {
  Value reference = getOuts().empty() ? getStates().front() : getOuts().front();
  return cast<ShapedType>(reference.getType()).getDimSize(1);
}

void ScanOp::getAsmBlockArgumentNames(Region &region,
                                      OpAsmSetValueNameFn setName) {
  unsigned inputs = getInputs().size(), params = getParams().size();
  for (BlockArgument arg : region.getArguments()) {
    unsigned i = arg.getArgNumber();
    setName(arg, i < inputs ? "x" : i < inputs + params ? "p" : "carry");
  }
}

namespace {
/// The four kinds of operands that have a map, in map order.
enum class ScanRole { Input, Param, Out, State };
} // namespace

static StringRef roleName(ScanRole role) {
  switch (role) {
  case ScanRole::Input:
    return "input";
  case ScanRole::Param:
    return "param";
  case ScanRole::Out:
    return "out";
  case ScanRole::State:
    return "state";
  }
  llvm_unreachable("covered switch");
}

/// Operands with their roles in the order of `maps`.
static SmallVector<std::pair<ScanRole, Value>> mappedOperands(ScanOp op) {
  SmallVector<std::pair<ScanRole, Value>> operands;
  for (Value v : op.getInputs())
    operands.emplace_back(ScanRole::Input, v);
  for (Value v : op.getParams())
    operands.emplace_back(ScanRole::Param, v);
  for (Value v : op.getOuts())
    operands.emplace_back(ScanRole::Out, v);
  for (Value v : op.getStates())
    operands.emplace_back(ScanRole::State, v);
  return operands;
}

/// Axes (t, d, n) of the map as a string, empty where it is no projection in
/// this order.
static std::string axesOf(AffineMap map) {
  if (map.getNumDims() != 3 || map.getNumSymbols() != 0)
    return "";
  std::string axes;
  for (AffineExpr e : map.getResults()) {
    auto dim = dyn_cast<AffineDimExpr>(e);
    if (!dim)
      return "";
    axes += "tdn"[dim.getPosition()];
  }
  return axes;
}

static bool isLegalForm(ScanRole role, StringRef axes) {
  switch (role) {
  case ScanRole::Input:
    return axes == "td" || axes == "t" || axes == "tn" || axes == "tdn";
  case ScanRole::Param:
    return axes == "dn" || axes == "d" || axes == "n";
  case ScanRole::Out:
    return axes == "td" || axes == "tdn";
  case ScanRole::State:
    return axes == "dn" || axes == "d";
  }
  llvm_unreachable("covered switch");
}

/// Extents of an operand along d and n: -1 where it lacks the axis.
static std::pair<int64_t, int64_t>
channelAndStateExtent(ScanOp op, unsigned i, ScanRole role, Value value) {
  std::string axes = axesOf(op.getMap(i));
  unsigned shift = role == ScanRole::State ? 1 : 0;
  auto type = cast<ShapedType>(value.getType());
  auto at = [&](char axis) {
    size_t position = axes.find(axis);
    return position == std::string::npos ? int64_t(-1)
                                         : type.getDimSize(position + shift);
  };
  return {at('d'), at('n')};
}

/// What the region sees of operand `i`: f32, or vector<N x f32>.
static Type stepType(ScanOp op, unsigned i, ScanRole role, Value value) {
  Type f32 = Float32Type::get(op.getContext());
  int64_t n = channelAndStateExtent(op, i, role, value).second;
  return n < 0 ? f32 : VectorType::get({n}, f32);
}

/// scan_c1, and the rank part of scan_c3.
static LogicalResult verifyMaps(ScanOp op) {
  auto operands = mappedOperands(op);
  if (op.getMaps().size() != operands.size())
    return op.emitOpError("expected ")
           << operands.size()
           << " maps, one per input, param, out and state, got "
           << op.getMaps().size();
  for (auto [i, entry] : llvm::enumerate(operands)) {
    auto [role, value] = entry;
    AffineMap map = op.getMap(i);
    if (!isLegalForm(role, axesOf(map)))
      return op.emitOpError("expected map #")
             << i << " to be a form of " << roleName(role)
             << " over (t, d, n), got " << AffineMapAttr::get(map);
    int64_t rank = map.getNumResults() + (role == ScanRole::State ? 1 : 0);
    auto type = cast<ShapedType>(value.getType());
    if (type.getRank() != rank)
      return op.emitOpError("expected ")
             << roleName(role) << " operand of map #" << i << " to have rank "
             << rank << ", got " << type;
  }
  return success();
}

/// scan_c2.
static LogicalResult verifyExtents(ScanOp op) {
  int64_t channels = ShapedType::kDynamic;
  for (auto [i, entry] : llvm::enumerate(mappedOperands(op))) {
    auto [role, value] = entry;
    auto [d, n] = channelAndStateExtent(op, i, role, value);
    if (ShapedType::isDynamic(n))
      return op.emitOpError("expected a static extent of n in the ")
             << roleName(role) << " of map #" << i << ", got "
             << value.getType();
    if (d < 0 || ShapedType::isDynamic(d))
      continue;
    if (ShapedType::isDynamic(channels))
      channels = d;
    if (d != channels)
      return op.emitOpError("expected extent ")
             << channels << " of d in the " << roleName(role) << " of map #"
             << i << ", got " << d;
  }
  return success();
}

LogicalResult ScanOp::verify() {
  if (failed(verifyOneForm(*this)))
    return failure();
  // scan_c3
  if (getOuts().empty() && getStates().empty())
    return emitOpError("expected at least one out or state, got none");
  if (failed(verifyMaps(*this)) || failed(verifyExtents(*this)))
    return failure();
  for (Value state : getStates())
    if (failed(
            verifyOffsets(*this, {"offsets", getOffsets()}, {"state", state})))
      return failure();
  // scan_c6
  ArrayRef<int64_t> delays = getDelays();
  if (delays.size() != getInputs().size())
    return emitOpError("expected ")
           << getInputs().size() << " delays, one per input, got "
           << delays.size();
  for (auto [i, delay] : llvm::enumerate(delays))
    if (delay < 0)
      return emitOpError("expected a non-negative delay of input #")
             << i << ", got " << delay;
  return success();
}

LogicalResult ScanOp::verifyRegions() {
  auto operands = mappedOperands(*this);
  SmallVector<Type> argTypes, yieldTypes;
  for (auto [i, entry] : llvm::enumerate(operands)) {
    Type type = stepType(*this, i, entry.first, entry.second);
    if (entry.first != ScanRole::Out)
      argTypes.push_back(type);
    if (entry.first == ScanRole::Out || entry.first == ScanRole::State)
      yieldTypes.push_back(type);
  }
  // scan_c4
  Block &block = getStep().front();
  if (block.getNumArguments() != argTypes.size())
    return emitOpError("expected ")
           << argTypes.size()
           << " step arguments, one per input, param and state, got "
           << block.getNumArguments();
  for (auto [arg, type] : llvm::zip_equal(block.getArguments(), argTypes))
    if (arg.getType() != type)
      return emitOpError("expected step argument #")
             << arg.getArgNumber() << " of type " << type << ", got "
             << arg.getType();
  // scan_c5
  auto yield = cast<YieldOp>(block.getTerminator());
  if (yield.getValues().size() != yieldTypes.size())
    return emitOpError("expected ")
           << yieldTypes.size()
           << " values from the step, one per out and state, got "
           << yield.getValues().size();
  for (auto [i, value, type] : llvm::enumerate(yield.getValues(), yieldTypes))
    if (value.getType() != type)
      return emitOpError("expected value #")
             << i << " from the step of type " << type << ", got "
             << value.getType();
  return success();
}

LogicalResult PoolOp::verify() {
  NamedValue source{"source", getSource()}, out{"out", getOut()};
  // pool_c1
  if (failed(verifyOneForm(*this)) || failed(verifyRank(*this, source, 2)) ||
      failed(verifyRank(*this, out, 2)) ||
      failed(verifySameExtent(*this, source, 1, out, 1)))
    return failure();
  return verifyOffsets(*this, {"offsets", getOffsets()}, out);
}
