//===- LinalgOps.cpp - structured ops by their maps and region
//-------------===//
//
// Every op with the structured interface is evaluated alike: loops over its
// iteration space, one parallel loop being the lanes of the region's program.
// Contractions get a loop of their own.
//
//===----------------------------------------------------------------------===//

#include "runtime/interpreter/Errors.h"
#include "runtime/interpreter/OpCall.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/AffineExprVisitor.h"

using namespace mlir;

namespace seqc::interpreter {

namespace {
/// Where the element of an operand is: `base + sum of loop * stride`.
struct Access {
  int64_t base = 0;
  Shape strides; ///< one per loop
};

struct Space {
  Shape extents;
  SmallVector<utils::IteratorType> kinds;
  SmallVector<Access> accesses; ///< one per operand; scalars have no strides

  bool empty() const { return llvm::is_contained(extents, 0); }
  int64_t address(size_t operand, const Shape &index) const {
    int64_t at = accesses[operand].base;
    for (size_t d = 0; d < index.size(); ++d)
      at += index[d] * accesses[operand].strides[d];
    return at;
  }
};
} // namespace

/// Coefficients of a linear expression over the loops, the constant last.
static bool linearForm(AffineExpr expr, Shape &coefficients,
                       int64_t factor = 1) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    coefficients[dim.getPosition()] += factor;
    return true;
  }
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    coefficients.back() += factor * constant.getValue();
    return true;
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return false;
  if (expr.getKind() == AffineExprKind::Add)
    return linearForm(binary.getLHS(), coefficients, factor) &&
           linearForm(binary.getRHS(), coefficients, factor);
  auto scale = dyn_cast<AffineConstantExpr>(binary.getRHS());
  return expr.getKind() == AffineExprKind::Mul && scale &&
         linearForm(binary.getLHS(), coefficients, factor * scale.getValue());
}

static Status inferExtents(linalg::LinalgOp op, const OpCall &call,
                           Space &space) {
  space.extents.assign(op.getNumLoops(), -1);
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    const Shape &shape = call.operands[operand.getOperandNumber()].shape();
    for (auto [axis, expr] : llvm::enumerate(map.getResults()))
      if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
        int64_t &extent = space.extents[dim.getPosition()];
        if (extent >= 0 && extent != shape[axis])
          return errorAt(op, "expected extent " + std::to_string(extent) +
                                 " of loop " +
                                 std::to_string(dim.getPosition()) + ", got " +
                                 std::to_string(shape[axis]) + " in operand #" +
                                 std::to_string(operand.getOperandNumber()));
        extent = shape[axis];
      }
  }
  for (auto [loop, extent] : llvm::enumerate(space.extents))
    if (extent < 0)
      return unsupported(op, "no operand tells the extent of loop " +
                                 std::to_string(loop));
  return {};
}

/// Strides of one operand; checks that the loops stay inside of it.
static Status inferAccess(linalg::LinalgOp op, OpOperand &operand,
                          const Shape &shape, Space &space) {
  size_t loops = space.extents.size();
  Access access;
  access.strides.assign(loops, 0);
  Shape strides = rowMajorStrides(shape);
  AffineMap map = op.getMatchingIndexingMap(&operand);
  for (auto [axis, expr] : llvm::enumerate(map.getResults())) {
    Shape coefficients(loops + 1, 0);
    if (!linearForm(expr, coefficients))
      return unsupported(op, "an indexing map that is not linear");
    int64_t least = coefficients.back(), most = coefficients.back();
    for (size_t d = 0; d < loops; ++d) {
      int64_t reach = coefficients[d] * (space.extents[d] - 1);
      (reach < 0 ? least : most) += reach;
      access.strides[d] += coefficients[d] * strides[axis];
    }
    access.base += coefficients.back() * strides[axis];
    if (!space.empty() && (least < 0 || most >= shape[axis]))
      return errorAt(op, "expected indices within extent " +
                             std::to_string(shape[axis]) + " of operand #" +
                             std::to_string(operand.getOperandNumber()) +
                             ", got " + std::to_string(least) + " to " +
                             std::to_string(most));
  }
  space.accesses.push_back(std::move(access));
  return {};
}

static Result<Space> inferSpace(linalg::LinalgOp op, const OpCall &call) {
  Space space;
  space.kinds = llvm::to_vector(op.getIteratorTypesArray());
  if (Status status = inferExtents(op, call, space); !status.ok())
    return status;
  for (OpOperand &operand : op->getOpOperands())
    if (Status status = inferAccess(
            op, operand, call.operands[operand.getOperandNumber()].shape(),
            space);
        !status.ok())
      return status;
  return space;
}

/// Elementwise ops over equal shapes are one loop over all elements.
static void flatten(linalg::LinalgOp op, const OpCall &call, Space &space) {
  if (op.hasIndexSemantics() || space.extents.size() < 2)
    return;
  for (OpOperand &operand : op->getOpOperands()) {
    bool scalar = call.operands[operand.getOperandNumber()].rank() == 0;
    if (!scalar && !op.getMatchingIndexingMap(&operand).isIdentity())
      return;
  }
  space.extents = {elementCount(space.extents)};
  space.kinds = {utils::IteratorType::parallel};
  for (auto [access, value] : llvm::zip_equal(space.accesses, call.operands))
    access.strides = {value.rank() == 0 ? 0 : 1};
}

/// The loop that becomes the lanes, -1 if none may.
static int64_t chooseLanes(const Space &space) {
  constexpr int64_t kEnough = 32;
  int64_t best = -1;
  for (int64_t d = static_cast<int64_t>(space.extents.size()) - 1; d >= 0;
       --d) {
    if (space.kinds[d] != utils::IteratorType::parallel)
      continue;
    if (best < 0 || space.extents[d] > space.extents[best])
      best = d;
    if (space.extents[best] >= kEnough)
      break;
  }
  return best;
}

/// Steps `index` over `extents`, the last axis fastest, axis `skip` excluded.
/// False after the last point.
static bool advance(Shape &index, const Shape &extents, int64_t skip) {
  for (int64_t d = static_cast<int64_t>(index.size()) - 1; d >= 0; --d) {
    if (d == skip)
      continue;
    if (++index[d] < extents[d])
      return true;
    index[d] = 0;
  }
  return false;
}

template <class T>
static void copyStrided(const T *from, int64_t fromStride, T *to,
                        int64_t toStride, int64_t count) {
  for (int64_t k = 0; k < count; ++k)
    to[k * toStride] = from[k * fromStride];
}

namespace {
/// Runs a region over an iteration space, outs in place.
class Nest {
public:
  Nest(linalg::LinalgOp op, OpCall &call, const LaneProgram &program,
       Space &space)
      : op(op), call(call), program(program), space(space),
        lane(chooseLanes(space)),
        laneExtent(lane < 0 ? 1 : space.extents[lane]),
        frame(program, std::min<int64_t>(laneExtent, 512)) {}

  Status run() {
    bindCaptures();
    Shape index(space.extents.size(), 0);
    do {
      for (int64_t first = 0; first < laneExtent; first += 512) {
        int64_t lanes = std::min<int64_t>(laneExtent - first, 512);
        if (lane >= 0)
          index[lane] = first;
        load(index, lanes);
        if (Operation *failed = frame.run(lanes))
          return errorAt(failed,
                         "expected a divisor other than 0 or an index within "
                         "the tensor");
        store(index, lanes);
      }
      if (lane >= 0)
        index[lane] = 0;
    } while (advance(index, space.extents, lane));
    return {};
  }

private:
  void bindCaptures() {
    for (auto [value, reg] : program.captures)
      frame.fill(reg, call.environment.lookup(value));
    Values tensors;
    for (mlir::Value tensor : program.tensors)
      tensors.push_back(call.environment.lookup(tensor));
    frame.bindTensors(std::move(tensors));
    for (OpOperand &operand : op->getOpOperands()) {
      BlockArgument argument = op.getMatchingBlockArgument(&operand);
      if (argument && !argument.use_empty())
        loads.emplace_back(operand.getOperandNumber(),
                           program.arguments[argument.getArgNumber()]);
    }
  }

  int64_t laneStride(size_t operand) const {
    return lane < 0 ? 0 : space.accesses[operand].strides[lane];
  }

  void load(const Shape &index, int64_t lanes) {
    for (auto [operand, reg] : loads) {
      const Value &value = call.operands[operand];
      int64_t at = space.address(operand, index), stride = laneStride(operand);
      if (value.isFloat())
        copyStrided(value.f() + at, stride, frame.cells(reg).f, 1, lanes);
      else
        copyStrided(value.i() + at, stride, frame.cells(reg).i, 1, lanes);
    }
    for (auto [loop, reg] : program.indices)
      for (int64_t k = 0; k < lanes; ++k)
        frame.cells(reg).i[k] = index[loop] + (loop == lane ? k : 0);
  }

  void store(const Shape &index, int64_t lanes) {
    size_t first = op.getNumDpsInputs();
    for (auto [k, reg] : llvm::enumerate(program.yields)) {
      Value &value = call.operands[first + k];
      int64_t at = space.address(first + k, index),
              stride = laneStride(first + k);
      if (value.isFloat())
        copyStrided(frame.cells(reg).f, 1, value.mutableF() + at, stride,
                    lanes);
      else
        copyStrided(frame.cells(reg).i, 1, value.mutableI() + at, stride,
                    lanes);
    }
  }

  linalg::LinalgOp op;
  OpCall &call;
  const LaneProgram &program;
  Space &space;
  int64_t lane;
  int64_t laneExtent;
  LaneFrame frame;
  SmallVector<std::pair<size_t, int32_t>> loads;
};
} // namespace

/// Whether the region is `out + a * b` on floats.
static bool isContraction(linalg::LinalgOp op) {
  if (op->getNumOperands() != 3 || op.getNumReductionLoops() == 0)
    return false;
  Block *block = op.getBlock();
  if (block->getNumArguments() != 3 || block->getOperations().size() != 3)
    return false;
  auto add =
      block->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!add)
    return false;
  mlir::Value product = add.getLhs() == block->getArgument(2)   ? add.getRhs()
                        : add.getRhs() == block->getArgument(2) ? add.getLhs()
                                                                : mlir::Value();
  auto mul = product ? product.getDefiningOp<arith::MulFOp>() : arith::MulFOp();
  return mul && ((mul.getLhs() == block->getArgument(0) &&
                  mul.getRhs() == block->getArgument(1)) ||
                 (mul.getLhs() == block->getArgument(1) &&
                  mul.getRhs() == block->getArgument(0)));
}

/// Sum of products of two strided runs, by four partial sums so that additions
/// need not wait for each other.
static double dot(const double *a, int64_t aStride, const double *b,
                  int64_t bStride, int64_t count) {
  double sums[4] = {0, 0, 0, 0};
  int64_t k = 0;
  for (; k + 4 <= count; k += 4)
    for (int64_t j = 0; j < 4; ++j)
      sums[j] += a[(k + j) * aStride] * b[(k + j) * bStride];
  for (; k < count; ++k)
    sums[0] += a[k * aStride] * b[k * bStride];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

static void contract(OpCall &call, const Space &space) {
  int64_t inner = static_cast<int64_t>(space.extents.size()) - 1;
  while (space.kinds[inner] != utils::IteratorType::reduction)
    --inner;
  const double *a = call.operands[0].f(), *b = call.operands[1].f();
  double *out = call.operands[2].mutableF();
  int64_t aStride = space.accesses[0].strides[inner];
  int64_t bStride = space.accesses[1].strides[inner];
  Shape index(space.extents.size(), 0);
  do {
    out[space.address(2, index)] +=
        dot(a + space.address(0, index), aStride, b + space.address(1, index),
            bStride, space.extents[inner]);
  } while (advance(index, space.extents, inner));
}

static Status evaluateStructured(linalg::LinalgOp op, OpCall &call) {
  Result<Space> space = inferSpace(op, call);
  if (!space)
    return space.status();
  Result<const LaneProgram *> program = call.programs.region(op);
  if (!program)
    return program.status();
  if (!space->empty()) {
    if (isContraction(op)) {
      contract(call, *space);
    } else {
      flatten(op, call, *space);
      if (Status status = Nest(op, call, **program, *space).run(); !status.ok())
        return status;
    }
  }
  for (size_t k = op.getNumDpsInputs(); k < call.operands.size(); ++k)
    call.results.push_back(std::move(call.operands[k]));
  return {};
}

/// linalg.pack: tiles of the source, its ragged end filled with the padding.
static Status evaluatePack(linalg::PackOp op, OpCall &call) {
  Value source = call.of(op.getSource());
  Value result = std::move(call.of(op.getDest()));
  double padding =
      op.getPaddingValue() ? call.of(op.getPaddingValue()).asFloat() : 0;
  if (!source.isFloat())
    return unsupported(op, "integers");
  ArrayRef<int64_t> outer = op.getOuterDimsPerm(), inner = op.getInnerDimsPos();
  size_t rank = source.shape().size();
  Shape strides = rowMajorStrides(source.shape()),
        index(result.shape().size(), 0);
  double *to = result.mutableF();
  Shape shape = result.shape();
  if (llvm::is_contained(shape, 0)) {
    call.results.push_back(std::move(result));
    return {};
  }
  do {
    Shape at(rank, 0);
    for (size_t i = 0; i < rank; ++i)
      at[outer.empty() ? i : outer[i]] = index[i];
    for (size_t j = 0; j < inner.size(); ++j)
      at[inner[j]] = at[inner[j]] * shape[rank + j] + index[rank + j];
    int64_t from = 0;
    bool inside = true;
    for (size_t i = 0; i < rank; ++i) {
      inside &= at[i] < source.shape()[i];
      from += at[i] * strides[i];
    }
    *to++ = inside ? source.f()[from] : padding;
  } while (advance(index, shape, -1));
  call.results.push_back(std::move(result));
  return {};
}

Status evaluateLinalgOp(OpCall &call) {
  if (auto pack = dyn_cast<linalg::PackOp>(call.op))
    return evaluatePack(pack, call);
  if (auto structured = dyn_cast<linalg::LinalgOp>(call.op)) {
    if (structured.hasPureTensorSemantics())
      return evaluateStructured(structured, call);
  }
  return unsupported(call.op);
}

} // namespace seqc::interpreter
