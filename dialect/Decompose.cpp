//===- Decompose.cpp - ops in terms of linalg -----------------------------===//
//
// The one definition of each decomposable op by upstream ops. It holds on
// tensors only; the buffer forms of these ops do not outlive `tile`.
//
//===----------------------------------------------------------------------===//

#include "dialect/SeqcOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace seqc::ir;

namespace {

/// What the decompositions below share: generics over rows `r`, or over rows
/// and columns `(r, c)`, of one op's operands.
class RowBuilder {
public:
  RowBuilder(OpBuilder &builder, Location loc)
      : b(builder), loc(loc), row(b.getAffineDimExpr(0)),
        column(b.getAffineDimExpr(1)) {}

  using Body = function_ref<Value(OpBuilder &, ValueRange)>;

  AffineMap map(unsigned loops, ArrayRef<AffineExpr> results) {
    return AffineMap::get(loops, 0, results, b.getContext());
  }

  Value generic(ValueRange inputs, Value init, ArrayRef<AffineMap> maps,
                ArrayRef<utils::IteratorType> iterators, Body body) {
    return linalg::GenericOp::create(
               b, loc, init.getType(), inputs, init, maps, iterators,
               [&](OpBuilder &nested, Location, ValueRange args) {
                 linalg::YieldOp::create(nested, loc, body(nested, args));
               })
        .getResult(0);
  }

  /// init[r] = body(inputs at r), each input read through its own map.
  Value overRows(ValueRange inputs, Value init, ArrayRef<AffineMap> inputMaps,
                 Body body) {
    SmallVector<AffineMap> maps(inputMaps);
    maps.push_back(map(1, row));
    return generic(inputs, init, maps, utils::IteratorType::parallel, body);
  }

  /// A value per row: the sum over the columns of what `body` makes of an
  /// element.
  Value sumOverColumns(ValueRange inputs, ArrayRef<AffineMap> inputMaps,
                       Value like, Body body) {
    Value zero = constant(0.0f);
    Value init =
        linalg::FillOp::create(b, loc, zero, emptyRows(like, b.getF32Type()))
            .getResult(0);
    SmallVector<AffineMap> maps(inputMaps);
    maps.push_back(map(2, row));
    return generic(
        inputs, init, maps,
        {utils::IteratorType::parallel, utils::IteratorType::reduction},
        [&](OpBuilder &nested, ValueRange args) -> Value {
          Value term = body(nested, args.drop_back());
          return arith::AddFOp::create(nested, loc, args.back(), term);
        });
  }

  /// An uninitialised value per row of `like`.
  Value emptyRows(Value like, Type elementType) {
    OpFoldResult rows = tensor::getMixedSize(b, loc, like, 0);
    return tensor::EmptyOp::create(b, loc, rows, elementType);
  }

  Value constant(float value) {
    return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(value));
  }

  OpBuilder &b;
  Location loc;
  AffineExpr row, column;
};

} // namespace

//===----------------------------------------------------------------------===//
// norm
//===----------------------------------------------------------------------===//

/// sum(x) / d per row.
static Value buildMean(RowBuilder &rows, Value source, float width) {
  Value sum =
      rows.sumOverColumns(source, rows.map(2, {rows.row, rows.column}), source,
                          [](OpBuilder &, ValueRange args) { return args[0]; });
  Value count = rows.constant(width);
  return rows.overRows(
      sum, rows.emptyRows(source, rows.b.getF32Type()), rows.map(1, rows.row),
      [&](OpBuilder &b, ValueRange args) -> Value {
        return arith::DivFOp::create(b, rows.loc, args[0], count);
      });
}

/// rsqrt(mean of squares + eps) per row, of x or of x - mean if there is a
/// mean.
static Value buildInverseDeviation(RowBuilder &rows, Value source, Value mean,
                                   float width, float eps) {
  Location loc = rows.loc;
  SmallVector<Value> inputs = {source};
  SmallVector<AffineMap> maps = {rows.map(2, {rows.row, rows.column})};
  if (mean) {
    inputs.push_back(mean);
    maps.push_back(rows.map(2, rows.row));
  }
  Value squares = rows.sumOverColumns(
      inputs, maps, source, [&](OpBuilder &b, ValueRange args) -> Value {
        Value x = args[0];
        if (mean)
          x = arith::SubFOp::create(b, loc, x, args[1]);
        return arith::MulFOp::create(b, loc, x, x);
      });
  Value count = rows.constant(width), offset = rows.constant(eps);
  return rows.overRows(
      squares, rows.emptyRows(source, rows.b.getF32Type()),
      rows.map(1, rows.row), [&](OpBuilder &b, ValueRange args) -> Value {
        Value variance = arith::DivFOp::create(b, loc, args[0], count);
        Value shifted = arith::AddFOp::create(b, loc, variance, offset);
        return math::RsqrtOp::create(b, loc, shifted);
      });
}

FailureOr<SmallVector<Value>> NormOp::decomposeOperation(OpBuilder &builder) {
  auto type = dyn_cast<RankedTensorType>(getSource().getType());
  if (!type)
    return emitOpError("expected tensors in order to decompose, got ")
           << getSource().getType();
  if (type.isDynamicDim(1))
    return emitOpError(
               "expected a static last extent in order to decompose, got ")
           << type;

  RowBuilder rows(builder, getLoc());
  auto width = static_cast<float>(type.getDimSize(1));
  Value mean = getKind() == NormKind::Layer
                   ? buildMean(rows, getSource(), width)
                   : Value();
  Value deviation = buildInverseDeviation(rows, getSource(), mean, width,
                                          getEps().convertToFloat());

  SmallVector<Value> inputs = {getSource(), deviation};
  AffineMap perElement = rows.map(2, {rows.row, rows.column});
  SmallVector<AffineMap> maps = {perElement, rows.map(2, rows.row)};
  auto add = [&](Value value, AffineMap map) -> int {
    if (!value)
      return -1;
    inputs.push_back(value);
    maps.push_back(map);
    return inputs.size() - 1;
  };
  int meanIndex = add(mean, rows.map(2, rows.row));
  AffineExpr gainColumn = getKind() == NormKind::Scale
                              ? builder.getAffineConstantExpr(0)
                              : rows.column;
  int gainIndex = add(getGain(), rows.map(2, gainColumn));
  int biasIndex = add(getBias(), rows.map(2, rows.column));
  maps.push_back(perElement);

  Location loc = getLoc();
  Value one = getUnitOffset() ? rows.constant(1.0f) : Value();
  SmallVector<utils::IteratorType> iterators(2, utils::IteratorType::parallel);
  Value result =
      rows.generic(inputs, getOut(), maps, iterators,
                   [&](OpBuilder &b, ValueRange args) -> Value {
                     Value y = args[0];
                     if (meanIndex >= 0)
                       y = arith::SubFOp::create(b, loc, y, args[meanIndex]);
                     y = arith::MulFOp::create(b, loc, y, args[1]);
                     if (gainIndex >= 0) {
                       Value gain = args[gainIndex];
                       if (one)
                         gain = arith::AddFOp::create(b, loc, gain, one);
                       y = arith::MulFOp::create(b, loc, y, gain);
                     }
                     if (biasIndex >= 0)
                       y = arith::AddFOp::create(b, loc, y, args[biasIndex]);
                     return y;
                   });
  return SmallVector<Value>{result};
}

//===----------------------------------------------------------------------===//
// route
//===----------------------------------------------------------------------===//

FailureOr<SmallVector<Value>> RouteOp::decomposeOperation(OpBuilder &builder) {
  if (!isa<RankedTensorType>(getLogits().getType()))
    return emitOpError("expected tensors in order to decompose, got ")
           << getLogits().getType();

  RowBuilder rows(builder, getLoc());
  Location loc = getLoc();
  AffineExpr zero = builder.getAffineConstantExpr(0),
             one = builder.getAffineConstantExpr(1);
  AffineMap skip = rows.map(1, {rows.row, zero}),
            take = rows.map(1, {rows.row, one});
  AffineMap scalar = rows.map(1, zero);
  auto difference = [&](OpBuilder &b, ValueRange args) -> Value {
    Value u0 = arith::AddFOp::create(b, loc, args[0], args[2]);
    return arith::SubFOp::create(b, loc, args[1], u0);
  };

  Value active = rows.overRows(
      {getLogits(), getLogits(), getSkipBias()}, getActive(),
      {skip, take, scalar}, [&](OpBuilder &b, ValueRange args) -> Value {
        Value u0 = arith::AddFOp::create(b, loc, args[0], args[2]);
        Value greater = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT,
                                              args[1], u0);
        return arith::ExtUIOp::create(b, loc, b.getI32Type(), greater);
      });
  // The larger of two softmax values is the logistic function of their
  // distance.
  Value unit = rows.constant(1.0f);
  Value confidence = rows.overRows(
      {getLogits(), getLogits(), getSkipBias(), getInverseTemperature()},
      getConfidence(), {skip, take, scalar, scalar},
      [&](OpBuilder &b, ValueRange args) -> Value {
        Value scaled =
            arith::MulFOp::create(b, loc, difference(b, args), args[3]);
        Value distance = math::AbsFOp::create(b, loc, scaled);
        Value decay = math::ExpOp::create(
            b, loc, arith::NegFOp::create(b, loc, distance));
        return arith::DivFOp::create(
            b, loc, unit, arith::AddFOp::create(b, loc, unit, decay));
      });
  return SmallVector<Value>{active, confidence};
}
