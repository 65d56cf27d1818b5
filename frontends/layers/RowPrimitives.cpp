//===- RowPrimitives.cpp - primitives that treat rows one by one ----------===//

#include "frontends/layers/LayerBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace seqc;
using namespace seqc::frontend;

static Value constant(ImplicitLocOpBuilder &b, double value) {
  return arith::ConstantOp::create(
      b, b.getF32FloatAttr(static_cast<float>(value)));
}

static Value sigmoid(ImplicitLocOpBuilder &b, Value x) {
  Value e = math::ExpOp::create(b, arith::NegFOp::create(b, x));
  Value one = constant(b, 1);
  return arith::DivFOp::create(b, one, arith::AddFOp::create(b, one, e));
}

static Value silu(ImplicitLocOpBuilder &b, Value x) {
  Value e = math::ExpOp::create(b, arith::NegFOp::create(b, x));
  return arith::DivFOp::create(b, x,
                               arith::AddFOp::create(b, constant(b, 1), e));
}

static Value relu(ImplicitLocOpBuilder &b, Value x) {
  return arith::MaximumFOp::create(b, x, constant(b, 0));
}

/// x (1 + g) / 2 with g the error function or its tanh approximation.
static Value gelu(ImplicitLocOpBuilder &b, Value x, bool approximate) {
  Value g;
  if (approximate) {
    Value cube = arith::MulFOp::create(b, arith::MulFOp::create(b, x, x), x);
    Value inner = arith::AddFOp::create(
        b, x, arith::MulFOp::create(b, cube, constant(b, 0.044715)));
    g = math::TanhOp::create(
        b, arith::MulFOp::create(b, inner, constant(b, 0.7978845608028654)));
  } else {
    g = math::ErfOp::create(
        b, arith::MulFOp::create(b, x, constant(b, 0.7071067811865476)));
  }
  Value half = arith::MulFOp::create(b, x, constant(b, 0.5));
  return arith::MulFOp::create(b, half,
                               arith::AddFOp::create(b, g, constant(b, 1)));
}

/// max(x, 0) + log(1 + exp(-|x|)): no overflow for large x.
static Value softplus(ImplicitLocOpBuilder &b, Value x) {
  Value size = arith::NegFOp::create(b, math::AbsFOp::create(b, x));
  Value tail = math::LogOp::create(
      b,
      arith::AddFOp::create(b, constant(b, 1), math::ExpOp::create(b, size)));
  return arith::AddFOp::create(b, relu(b, x), tail);
}

static Value applyFunction(ImplicitLocOpBuilder &b, Function function,
                           Value x) {
  switch (function) {
  case Function::Silu:
    return silu(b, x);
  case Function::Relu:
    return relu(b, x);
  case Function::Relu2: {
    Value r = relu(b, x);
    return arith::MulFOp::create(b, r, r);
  }
  case Function::Gelu:
    return gelu(b, x, /*approximate=*/false);
  case Function::GeluTanh:
    return gelu(b, x, /*approximate=*/true);
  case Function::Sigmoid:
    return sigmoid(b, x);
  case Function::Tanh:
    return math::TanhOp::create(b, x);
  case Function::Exp:
    return math::ExpOp::create(b, x);
  case Function::Softplus:
    return softplus(b, x);
  case Function::Negate:
    return arith::NegFOp::create(b, x);
  case Function::OneMinus:
    return arith::SubFOp::create(b, constant(b, 1), x);
  }
  llvm_unreachable("all functions are listed");
}

static AffineMap rowMap(Builder &b) { return b.getMultiDimIdentityMap(2); }

/// (m, n) -> (n): one value per column.
static AffineMap columnMap(Builder &b) {
  return AffineMap::get(2, 0, b.getAffineDimExpr(1));
}

Value LayerBuilder::elementwise(ValueRange inputs, ArrayRef<AffineMap> maps,
                                Value out, Body body) {
  auto type = cast<RankedTensorType>(out.getType());
  SmallVector<AffineMap> allMaps(maps);
  allMaps.push_back(b.getMultiDimIdentityMap(type.getRank()));
  SmallVector<utils::IteratorType> iterators(type.getRank(),
                                             utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             b, TypeRange(type), inputs, ValueRange(out), allMaps, iterators,
             [&](OpBuilder &nested, Location loc, ValueRange arguments) {
               ImplicitLocOpBuilder inner(loc, nested);
               Value result = body(inner, arguments);
               linalg::YieldOp::create(inner, result);
             })
      .getResult(0);
}

Rows LayerBuilder::rowwise(const RowSpace *space, int64_t width,
                           ValueRange inputs, ArrayRef<AffineMap> maps,
                           Body body) {
  Value out = empty({ShapedType::kDynamic, width}, space->extent);
  return {elementwise(inputs, maps, out, body), space};
}

bool LayerBuilder::sameSpace(ArrayRef<Rows> rows) {
  for (const Rows &other : rows.drop_front()) {
    if (other.space != rows.front().space) {
      error("expected operands with the same rows, got activated rows and "
            "others; use "
            "gather_rows or scatter_rows between them");
      return false;
    }
    if (other.width() != rows.front().width()) {
      if (!guessed)
        error("expected operands of one width, got " +
              std::to_string(rows.front().width()) + " and " +
              std::to_string(other.width()));
      return false;
    }
  }
  return true;
}

Rows LayerBuilder::linear(Rows x, const LinearConfig &config) {
  Value matrix = weight(config.weights + "weight", {config.width, x.width()});
  int64_t width = cast<RankedTensorType>(matrix.getType()).getDimSize(0);
  Value out = empty({ShapedType::kDynamic, width}, x.space->extent);
  Value zero = arith::ConstantOp::create(b, b.getF32FloatAttr(0));
  out =
      linalg::FillOp::create(b, ValueRange(zero), ValueRange(out)).getResult(0);
  Value product = linalg::MatmulTransposeBOp::create(
                      b, b.getLoc(), TypeRange(out.getType()),
                      ValueRange({x.value, matrix}), ValueRange(out))
                      .getResult(0);
  if (!config.bias)
    return {product, x.space};
  Value bias = weight(config.weights + "bias", {width});
  return rowwise(x.space, width, {product, bias}, {rowMap(b), columnMap(b)},
                 [](ImplicitLocOpBuilder &in, ValueRange v) -> Value {
                   return arith::AddFOp::create(in, v[0], v[1]);
                 });
}

Rows LayerBuilder::map(Rows x, Function function) {
  return rowwise(x.space, x.width(), x.value, rowMap(b),
                 [&](ImplicitLocOpBuilder &in, ValueRange v) {
                   return applyFunction(in, function, v[0]);
                 });
}

Rows LayerBuilder::add(ArrayRef<Rows> terms) {
  Rows sum = terms.front();
  if (!sameSpace(terms))
    return sum;
  for (const Rows &term : terms.drop_front())
    sum = rowwise(sum.space, sum.width(), {sum.value, term.value},
                  {rowMap(b), rowMap(b)},
                  [](ImplicitLocOpBuilder &in, ValueRange v) -> Value {
                    return arith::AddFOp::create(in, v[0], v[1]);
                  });
  return sum;
}

Rows LayerBuilder::multiply(ArrayRef<Rows> factors) {
  Rows product = factors.front();
  if (!sameSpace(factors))
    return product;
  for (const Rows &factor : factors.drop_front())
    product = rowwise(product.space, product.width(),
                      {product.value, factor.value}, {rowMap(b), rowMap(b)},
                      [](ImplicitLocOpBuilder &in, ValueRange v) -> Value {
                        return arith::MulFOp::create(in, v[0], v[1]);
                      });
  return product;
}

Rows LayerBuilder::scaleShift(Rows x, const ScaleShiftConfig &config) {
  int64_t width = x.width();
  Value scale = weight(config.scale, {config.rows, width});
  Value shift = weight(config.shift, {config.rows, width});
  AffineMap fixedRow = AffineMap::get(
      2, 0, {b.getAffineConstantExpr(config.row), b.getAffineDimExpr(1)},
      b.getContext());
  return rowwise(x.space, width, {x.value, scale, shift},
                 {rowMap(b), fixedRow, fixedRow},
                 [](ImplicitLocOpBuilder &in, ValueRange v) -> Value {
                   Value scaled = arith::MulFOp::create(in, v[0], v[1]);
                   return arith::AddFOp::create(in, scaled, v[2]);
                 });
}

void LayerBuilder::expectWidth(Rows x, int64_t width) {
  if (x.width() != width && !guessed)
    error("expected rows of width " + std::to_string(width) + ", got " +
          std::to_string(x.width()));
}

Rows LayerBuilder::columns(Rows x, int64_t first, int64_t width) {
  if (first + width > x.width()) {
    if (!guessed && !problems.any())
      error("expected at least " + std::to_string(first + width) +
            " columns, got " + std::to_string(x.width()));
    // The module is thrown away, but building goes on with rows of this width.
    return rowwise(
        x.space, width, {}, {},
        [](ImplicitLocOpBuilder &in, ValueRange) { return constant(in, 0); });
  }
  SmallVector<OpFoldResult> offsets = {b.getIndexAttr(0),
                                       b.getIndexAttr(first)};
  SmallVector<OpFoldResult> sizes = {x.space->extent, b.getIndexAttr(width)};
  SmallVector<OpFoldResult> strides(2, b.getIndexAttr(1));
  return {tensor::ExtractSliceOp::create(b, x.value, offsets, sizes, strides),
          x.space};
}

//===----------------------------------------------------------------------===//
// Normalisation
//===----------------------------------------------------------------------===//

/// At inference batch normalisation is a scale and a shift per column, made of
/// weights alone.
Rows LayerBuilder::batchNorm(Rows x, const NormConfig &config) {
  int64_t width = x.width();
  SmallVector<Value> inputs = {weight(config.weights + "running_mean", {width}),
                               weight(config.weights + "running_var", {width})};
  if (config.affine) {
    inputs.push_back(weight(config.weights + "weight", {width}));
    inputs.push_back(weight(config.weights + "bias", {width}));
  }
  AffineMap identity = b.getMultiDimIdentityMap(1);
  auto scaleOf = [&](ImplicitLocOpBuilder &in, ValueRange v) -> Value {
    Value variance = arith::AddFOp::create(in, v[1], constant(in, config.eps));
    Value inverse = arith::DivFOp::create(in, constant(in, 1),
                                          math::SqrtOp::create(in, variance));
    return config.affine ? arith::MulFOp::create(in, inverse, v[2]).getResult()
                         : inverse;
  };
  SmallVector<AffineMap> maps(inputs.size(), identity);
  Value scale = elementwise(inputs, maps, empty({width}, {}), scaleOf);
  Value shift = elementwise(
      inputs, maps, empty({width}, {}),
      [&](ImplicitLocOpBuilder &in, ValueRange v) {
        Value moved = arith::MulFOp::create(in, v[0], scaleOf(in, v));
        return config.affine
                   ? arith::SubFOp::create(in, v[3], moved).getResult()
                   : arith::NegFOp::create(in, moved).getResult();
      });
  return rowwise(x.space, width, {x.value, scale, shift},
                 {rowMap(b), columnMap(b), columnMap(b)},
                 [](ImplicitLocOpBuilder &in, ValueRange v) -> Value {
                   Value scaled = arith::MulFOp::create(in, v[0], v[1]);
                   return arith::AddFOp::create(in, scaled, v[2]);
                 });
}

Rows LayerBuilder::norm(Rows x, const NormConfig &config) {
  using Kind = NormConfig::Kind;
  if (config.kind == Kind::Batch)
    return batchNorm(x, config);
  int64_t width = x.width();
  ir::NormKind kind = ir::NormKind::Layer;
  Value gain, bias;
  if (config.kind == Kind::Scale) {
    kind = ir::NormKind::Scale;
    gain = weight(config.weights + "scalar", {1});
  } else if (config.kind == Kind::Rms) {
    kind = ir::NormKind::Rms;
    gain = config.affine ? weight(config.weights + "weight", {width}) : Value();
  } else if (config.affine) {
    gain = weight(config.weights + "weight", {width});
    bias = weight(config.weights + "bias", {width});
  }
  Value out = empty({ShapedType::kDynamic, width}, x.space->extent);
  Value result =
      ir::NormOp::create(b, out.getType(), x.value, gain, bias, out, kind,
                         APFloat(static_cast<float>(config.eps)))
          .getResult();
  return {result, x.space};
}
