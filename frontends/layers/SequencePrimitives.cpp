//===- SequencePrimitives.cpp - primitives that mix or pick rows ----------===//

#include "frontends/layers/LayerBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <cmath>

using namespace mlir;
using namespace seqc;
using namespace seqc::frontend;

static constexpr int64_t kAny = ShapedType::kDynamic;

Value LayerBuilder::zeros(ArrayRef<int64_t> shape, Value extent) {
  Value out = empty(shape, extent);
  Value zero = arith::ConstantOp::create(b, b.getF32FloatAttr(0));
  return linalg::FillOp::create(b, ValueRange(zero), ValueRange(out))
      .getResult(0);
}

//===----------------------------------------------------------------------===//
// Exponential moving average
//===----------------------------------------------------------------------===//

/// The [channels, states] half of a [D, N, 1] or [D, N] weight that belongs to
/// the direction.
Value LayerBuilder::emaWeight(const std::string &name, const EmaConfig &config,
                              int64_t channels, bool reverse) {
  int64_t total = config.bidirectional ? 2 * channels : channels;
  bool isGamma = name == "gamma";
  SmallVector<int64_t> shape = {total, config.states};
  if (!isGamma)
    shape.push_back(1);
  Value value = weight(config.weights + name, shape);
  if (!isGamma) {
    SmallVector<ReassociationIndices> axes = {{0}, {1, 2}};
    value = tensor::CollapseShapeOp::create(b, value, axes);
  }
  if (!config.bidirectional)
    return value;
  SmallVector<OpFoldResult> offsets = {b.getIndexAttr(reverse ? channels : 0),
                                       b.getIndexAttr(0)};
  SmallVector<OpFoldResult> sizes = {b.getIndexAttr(channels),
                                     b.getIndexAttr(config.states)};
  SmallVector<OpFoldResult> strides(2, b.getIndexAttr(1));
  return tensor::ExtractSliceOp::create(b, value, offsets, sizes, strides);
}

static Value emaSigmoid(ImplicitLocOpBuilder &b, Value x) {
  Value one = arith::ConstantOp::create(b, b.getF32FloatAttr(1));
  Value e = math::ExpOp::create(b, arith::NegFOp::create(b, x));
  return arith::DivFOp::create(b, one, arith::AddFOp::create(b, one, e));
}

/// q = 1 - p sigmoid(alpha) with p = sigmoid(delta).
static Value emaDecay(ImplicitLocOpBuilder &b, Value delta, Value alpha) {
  Value one = arith::ConstantOp::create(b, b.getF32FloatAttr(1));
  Value damped =
      arith::MulFOp::create(b, emaSigmoid(b, delta), emaSigmoid(b, alpha));
  return arith::SubFOp::create(b, one, damped);
}

/// x^exponent by squaring.
static Value power(ImplicitLocOpBuilder &b, Value x, int64_t exponent) {
  Value result;
  for (; exponent > 0; exponent /= 2) {
    if (exponent % 2 == 1)
      result = result ? arith::MulFOp::create(b, result, x).getResult() : x;
    if (exponent > 1)
      x = arith::MulFOp::create(b, x, x);
  }
  return result;
}

/// A state that nobody carries is kept without its input factor p beta: that
/// goes to the output, one multiplication per state and row less.
LayerBuilder::EmaCoefficients
LayerBuilder::emaCoefficients(const EmaConfig &config, int64_t channels,
                              bool reverse, bool carried) {
  Value delta = emaWeight("delta", config, channels, reverse);
  Value alpha = emaWeight("alpha", config, channels, reverse);
  Value beta = emaWeight("beta", config, channels, reverse);
  Value gamma = emaWeight("gamma", config, channels, reverse);
  SmallVector<int64_t> shape = {channels, config.states};
  AffineMap identity = b.getMultiDimIdentityMap(2);

  EmaCoefficients c;
  c.decay = elementwise({delta, alpha}, {identity, identity}, empty(shape, {}),
                        [](ImplicitLocOpBuilder &in, ValueRange v) {
                          return emaDecay(in, v[0], v[1]);
                        });
  Value input = elementwise(
      {delta, beta}, {identity, identity}, empty(shape, {}),
      [](ImplicitLocOpBuilder &in, ValueRange v) -> Value {
        return arith::MulFOp::create(in, emaSigmoid(in, v[0]), v[1]);
      });
  float scale =
      static_cast<float>(1 / std::sqrt(static_cast<double>(config.states)));
  c.output = elementwise(gamma, identity, empty(shape, {}),
                         [&](ImplicitLocOpBuilder &in, ValueRange v) -> Value {
                           Value factor = arith::ConstantOp::create(
                               in, in.getF32FloatAttr(scale));
                           return arith::MulFOp::create(in, v[0], factor);
                         });
  if (carried) {
    c.input = input;
    return c;
  }
  c.output =
      elementwise({c.output, input}, {identity, identity}, empty(shape, {}),
                  [](ImplicitLocOpBuilder &in, ValueRange v) -> Value {
                    return arith::MulFOp::create(in, v[0], v[1]);
                  });
  if (config.truncation == 0)
    return c;
  c.delayedInput = elementwise(c.decay, identity, empty(shape, {}),
                               [&](ImplicitLocOpBuilder &in, ValueRange v) {
                                 return power(in, v[0], config.truncation);
                               });
  return c;
}

/// The step region of an average over `n` states. A truncated one takes the tap
/// that leaves the kernel away again; a direct one adds omega * x. `carried`
/// as at the coefficients.
static void buildEmaStep(ImplicitLocOpBuilder &b, ir::ScanOp scan, int64_t n,
                         bool carried, bool truncated, bool direct) {
  OpBuilder::InsertionGuard guard(b);
  Block *body = b.createBlock(&scan.getStep());
  Type scalar = b.getF32Type(), lanes = VectorType::get({n}, scalar);
  auto argument = [&](Type type) {
    return body->addArgument(type, b.getLoc());
  };
  Value xt = argument(scalar), delayed = truncated ? argument(scalar) : Value();
  Value q = argument(lanes), p = carried ? argument(lanes) : Value();
  Value g = argument(lanes);
  Value pk = truncated ? argument(lanes) : Value();
  Value omega = direct ? argument(scalar) : Value();
  Value h = argument(lanes);
  auto scaled = [&](Value coefficients, Value sample) -> Value {
    Value spread = vector::BroadcastOp::create(b, lanes, sample);
    if (!coefficients)
      return spread;
    return arith::MulFOp::create(b, coefficients, spread);
  };
  Value next =
      arith::AddFOp::create(b, arith::MulFOp::create(b, q, h), scaled(p, xt));
  if (truncated)
    next = arith::SubFOp::create(b, next, scaled(pk, delayed));
  Value y = vector::ReductionOp::create(b, vector::CombiningKind::ADD,
                                        arith::MulFOp::create(b, g, next));
  if (direct)
    y = arith::AddFOp::create(b, y, arith::MulFOp::create(b, omega, xt));
  ir::YieldOp::create(b, ValueRange({y, next}));
}

/// One direction. `direct` adds omega * x.
Rows LayerBuilder::emaScan(Rows x, const EmaConfig &config, bool reverse,
                           bool direct) {
  int64_t channels = x.width(), n = config.states;
  bool truncated = config.truncation > 0;
  bool carried = streamable && !reverse && !truncated;
  EmaCoefficients c = emaCoefficients(config, channels, reverse, carried);
  SmallVector<Value> inputs = {x.value}, params = {c.decay};
  if (carried)
    params.push_back(c.input);
  params.push_back(c.output);
  SmallVector<int64_t> delays = {0};
  AffineExpr t, d, s;
  bindDims(b.getContext(), t, d, s);
  auto map = [&](ArrayRef<AffineExpr> axes) {
    return AffineMap::get(3, 0, axes, b.getContext());
  };
  SmallVector<AffineMap> maps = {map({t, d})};
  if (truncated) {
    inputs.push_back(x.value);
    delays.push_back(config.truncation);
    maps.push_back(map({t, d}));
    params.push_back(c.delayedInput);
  }
  maps.append(params.size(), map({d, s}));
  if (direct) {
    params.push_back(weight(config.weights + "omega", {channels}));
    maps.push_back(map({d}));
  }
  maps.push_back(map({t, d}));
  maps.push_back(map({d, s}));

  Value before = carried ? state("h", {kAny, channels, n}, b.getF32Type())
                         : zeros({kAny, channels, n}, sequenceCount);
  Value out = empty({kAny, channels}, x.space->extent);
  auto scan = ir::ScanOp::create(
      b, TypeRange({out.getType(), before.getType()}), inputs, params,
      x.space->offsets, ValueRange(out), ValueRange(before),
      b.getAffineMapArrayAttr(maps),
      reverse ? ir::Direction::Reverse : ir::Direction::Forward, delays);
  if (carried)
    setState(before, scan.getResult(1));

  buildEmaStep(b, scan, n, carried, truncated, direct);
  return {scan.getResult(0), x.space};
}

/// The row of the outer loop in the mask's only column.
static AffineMap maskMap(Builder &b, unsigned loops) {
  return AffineMap::get(loops, 0,
                        {b.getAffineDimExpr(0), b.getAffineConstantExpr(0)},
                        b.getContext());
}

/// `value`, or 0 at padding. Not a product: what stands there may be infinite.
static Value keepTokens(ImplicitLocOpBuilder &b, Value value, Value mask) {
  Value zero = arith::ConstantOp::create(b, b.getF32FloatAttr(0));
  Value padding =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, mask, zero);
  Value none = arith::ConstantOp::create(b, b.getZeroAttr(value.getType()));
  return arith::SelectOp::create(b, padding, none, value);
}

Rows LayerBuilder::withoutPadding(Rows x) {
  if (!mask || x.space != &allRows())
    return x;
  return rowwise(x.space, x.width(), {x.value, mask},
                 {b.getMultiDimIdentityMap(2), maskMap(b, 2)},
                 [](ImplicitLocOpBuilder &in, ValueRange v) {
                   return keepTokens(in, v[0], v[1]);
                 });
}

Rows LayerBuilder::ema(Rows x, const EmaConfig &config) {
  Rows heard = withoutPadding(x);
  bool masked = heard.value != x.value;
  Rows sum = emaScan(heard, config, /*reverse=*/false, /*direct=*/!masked);
  if (masked) {
    // A row at padding feeds the average nothing but still hears itself.
    Value omega = weight(config.weights + "omega", {x.width()});
    AffineMap columns = AffineMap::get(2, 0, b.getAffineDimExpr(1));
    Rows direct = rowwise(x.space, x.width(), {x.value, omega},
                          {b.getMultiDimIdentityMap(2), columns},
                          [](ImplicitLocOpBuilder &in, ValueRange v) -> Value {
                            return arith::MulFOp::create(in, v[0], v[1]);
                          });
    sum = add({sum, direct});
  }
  if (!config.bidirectional)
    return sum;
  return add({sum, emaScan(heard, config, /*reverse=*/true, /*direct=*/false)});
}

Rows LayerBuilder::recurrence(Rows x, Rows decay, bool reverse) {
  if (!sameSpace({x, decay}))
    return x;
  x = withoutPadding(x);
  int64_t channels = x.width();
  AffineExpr t, d;
  bindDims(b.getContext(), t, d);
  AffineMap rows = AffineMap::get(3, 0, {t, d}, b.getContext());
  AffineMap perChannel = AffineMap::get(3, 0, d);
  bool carried = streamable && !reverse;
  Value before = carried ? state("h", {kAny, channels}, b.getF32Type())
                         : zeros({kAny, channels}, sequenceCount);
  Value out = empty({kAny, channels}, x.space->extent);
  auto scan = ir::ScanOp::create(
      b, TypeRange({out.getType(), before.getType()}),
      ValueRange({x.value, decay.value}), ValueRange(), x.space->offsets,
      ValueRange(out), ValueRange(before),
      b.getAffineMapArrayAttr({rows, rows, rows, perChannel}),
      reverse ? ir::Direction::Reverse : ir::Direction::Forward,
      ArrayRef<int64_t>{0, 0});
  if (carried)
    setState(before, scan.getResult(1));
  OpBuilder::InsertionGuard guard(b);
  SmallVector<Type> types(3, b.getF32Type());
  SmallVector<Location> places(3, b.getLoc());
  Block *body = b.createBlock(&scan.getStep(), {}, types, places);
  Value kept =
      arith::MulFOp::create(b, body->getArgument(1), body->getArgument(2));
  Value next = arith::AddFOp::create(b, kept, body->getArgument(0));
  ir::YieldOp::create(b, ValueRange({next, next}));
  return {scan.getResult(0), x.space};
}

Rows LayerBuilder::pool(Rows x) {
  if (mask)
    error("a mean over all rows would count those at padding; expected an "
          "input without 'mask'");
  auto &space = spaces.emplace_back(std::make_unique<RowSpace>());
  space->extent = sequenceCount;
  Value out = empty({kAny, x.width()}, space->extent);
  Value pooled = ir::PoolOp::create(b, out.getType(), x.value, x.space->offsets,
                                    out, ir::PoolKind::Mean)
                     .getResult();
  return {pooled, space.get()};
}

//===----------------------------------------------------------------------===//
// Sparse activation
//===----------------------------------------------------------------------===//

Routing LayerBuilder::route(Rows logits, const std::string &temperature) {
  if (logits.space != &allRows()) {
    error("expected router logits of all tokens, got those of activated rows");
    logits = {zeros({kAny, logits.width()}, allRows().extent), &allRows()};
  }
  if (logits.width() != 2) {
    if (!guessed)
      error("expected two router logits per token, got " +
            std::to_string(logits.width()));
    logits = columns(logits, 0, 2);
  }
  Value inverse = elementwise(
      weight(temperature, {1}), b.getMultiDimIdentityMap(1), empty({1}, {}),
      [](ImplicitLocOpBuilder &in, ValueRange v) -> Value {
        return math::ExpOp::create(in, arith::NegFOp::create(in, v[0]));
      });
  Value active = empty({kAny}, logits.space->extent, b.getI32Type());
  Value confidence = empty({kAny}, logits.space->extent);
  auto route = ir::RouteOp::create(
      b, TypeRange({active.getType(), confidence.getType()}), logits.value,
      option("act_bias"), inverse, active, confidence);
  Value taken = route.getResult(0);
  if (mask) {
    Value out = empty({kAny}, logits.space->extent, b.getI32Type());
    taken =
        elementwise({taken, mask}, {b.getMultiDimIdentityMap(1), maskMap(b, 1)},
                    out, [](ImplicitLocOpBuilder &in, ValueRange v) {
                      return keepTokens(in, v[0], v[1]);
                    });
  }
  return {taken, route.getResult(1)};
}

const RowSpace *LayerBuilder::compress(Value active) {
  auto &space = spaces.emplace_back(std::make_unique<RowSpace>());
  Value index = empty({kAny}, allRows().extent, b.getI32Type());
  Value packed = empty({kAny}, borderCount, b.getI32Type());
  auto compress =
      ir::CompressOp::create(b, TypeRange({index.getType(), packed.getType()}),
                             active, allRows().offsets, index, packed);
  space->index = compress.getResult(0);
  space->offsets = compress.getResult(1);
  space->extent = ir::CountOp::create(b, b.getIndexType(), space->offsets,
                                      b.getStringAttr(layerName));
  return space.get();
}

Rows LayerBuilder::gatherRows(Rows source, const RowSpace *space) {
  if (source.space != &allRows()) {
    error("expected rows of all tokens to gather from, got activated rows");
    source = {zeros({kAny, source.width()}, allRows().extent), &allRows()};
  }
  Value out = empty({kAny, source.width()}, space->extent);
  return {ir::GatherRowsOp::create(b, out.getType(), source.value, space->index,
                                   out)
              .getResult(),
          space};
}

Rows LayerBuilder::scatterRows(Rows source, Rows into, Value scale,
                               bool replace) {
  if (!source.space->index || into.space != &allRows()) {
    error("expected activated rows to scatter into rows of all tokens");
    return into;
  }
  if (source.width() != into.width()) {
    if (!guessed)
      error("expected rows of width " + std::to_string(into.width()) +
            " to scatter, got " + std::to_string(source.width()));
    return into;
  }
  Value result =
      ir::ScatterRowsOp::create(
          b, into.value.getType(), source.value, source.space->index, scale,
          into.value, replace ? ir::ScatterMode::Set : ir::ScatterMode::Add)
          .getResult();
  return {result, into.space};
}
