//===- ScanPrimitives.cpp - convolution, selective and complex scan -------===//

#include "frontends/layers/LayerBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace seqc;
using namespace seqc::frontend;

static constexpr int64_t kAny = ShapedType::kDynamic;

/// A map of seqc.scan over (t, d, n).
static AffineMap scanMap(Builder &b, ArrayRef<unsigned> axes) {
  SmallVector<AffineExpr> results;
  for (unsigned axis : axes)
    results.push_back(b.getAffineDimExpr(axis));
  return AffineMap::get(3, 0, results, b.getContext());
}
static constexpr unsigned kRow = 0, kChannel = 1, kState = 2;

Value LayerBuilder::scanState(StringRef name, ArrayRef<int64_t> shape,
                              bool carried) {
  return carried ? state(name, shape, b.getF32Type())
                 : zeros(shape, sequenceCount);
}

//===----------------------------------------------------------------------===//
// Convolution
//===----------------------------------------------------------------------===//

/// The carry holds the taps - 1 rows before this one, oldest first.
static void buildConvStep(ImplicitLocOpBuilder &b, ir::ScanOp scan,
                          int64_t taps, bool biased) {
  OpBuilder::InsertionGuard guard(b);
  Block *body = b.createBlock(&scan.getStep());
  Type scalar = b.getF32Type();
  auto argument = [&](Type type) {
    return body->addArgument(type, b.getLoc());
  };
  Value x = argument(scalar);
  Value weights = argument(VectorType::get({taps}, scalar));
  Value sum = biased ? argument(scalar) : Value();
  auto carryType = VectorType::get({taps - 1}, scalar);
  Value carry = argument(carryType);
  SmallVector<Value> rows;
  for (int64_t j = 0; j + 1 < taps; ++j)
    rows.push_back(vector::ExtractOp::create(b, carry, j));
  rows.push_back(x);
  for (auto [j, row] : llvm::enumerate(rows)) {
    Value weight = vector::ExtractOp::create(b, weights, int64_t(j));
    Value term = arith::MulFOp::create(b, weight, row);
    sum = sum ? arith::AddFOp::create(b, sum, term).getResult() : term;
  }
  Value next = vector::FromElementsOp::create(b, carryType,
                                              ValueRange(rows).drop_front());
  ir::YieldOp::create(b, ValueRange({sum, next}));
}

Rows LayerBuilder::conv(Rows x, const ConvConfig &config) {
  x = withoutPadding(x);
  int64_t channels = x.width(), taps = config.taps;
  std::string name = config.weights + "weight";
  // Libraries store depthwise weights with an axis of one input per group.
  bool grouped = source.find(name).rank == 3;
  Value weights = grouped ? weight(name, {channels, 1, taps})
                          : weight(name, {channels, taps});
  if (grouped) {
    SmallVector<ReassociationIndices> axes = {{0}, {1, 2}};
    weights = tensor::CollapseShapeOp::create(b, weights, axes);
  }
  SmallVector<Value> params = {weights};
  SmallVector<AffineMap> maps = {scanMap(b, {kRow, kChannel}),
                                 scanMap(b, {kChannel, kState})};
  if (config.bias) {
    params.push_back(weight(config.weights + "bias", {channels}));
    maps.push_back(scanMap(b, {kChannel}));
  }
  maps.push_back(scanMap(b, {kRow, kChannel}));
  maps.push_back(scanMap(b, {kChannel, kState}));
  Value before = scanState("conv", {kAny, channels, taps - 1}, streamable);
  Value out = empty({kAny, channels}, x.space->extent);
  auto scan =
      ir::ScanOp::create(b, TypeRange({out.getType(), before.getType()}),
                         x.value, params, x.space->offsets, ValueRange(out),
                         ValueRange(before), b.getAffineMapArrayAttr(maps),
                         ir::Direction::Forward, ArrayRef<int64_t>{0});
  if (streamable)
    setState(before, scan.getResult(1));
  buildConvStep(b, scan, taps, config.bias);
  return {scan.getResult(0), x.space};
}

//===----------------------------------------------------------------------===//
// Selective scan
//===----------------------------------------------------------------------===//

static void buildSelectiveStep(ImplicitLocOpBuilder &b, ir::ScanOp scan,
                               int64_t states, bool skips) {
  OpBuilder::InsertionGuard guard(b);
  Block *body = b.createBlock(&scan.getStep());
  Type scalar = b.getF32Type(), lanes = VectorType::get({states}, scalar);
  auto argument = [&](Type type) {
    return body->addArgument(type, b.getLoc());
  };
  Value x = argument(scalar), delta = argument(scalar);
  Value in = argument(lanes), out = argument(lanes), decay = argument(lanes);
  Value skip = skips ? argument(scalar) : Value();
  Value h = argument(lanes);
  auto scaled = [&](Value vector, Value factor) -> Value {
    Value spread = vector::BroadcastOp::create(b, lanes, factor);
    return arith::MulFOp::create(b, vector, spread);
  };
  Value kept =
      arith::MulFOp::create(b, math::ExpOp::create(b, scaled(decay, delta)), h);
  Value next = arith::AddFOp::create(
      b, kept, scaled(in, arith::MulFOp::create(b, delta, x)));
  Value y = vector::ReductionOp::create(b, vector::CombiningKind::ADD,
                                        arith::MulFOp::create(b, next, out));
  if (skips)
    y = arith::AddFOp::create(b, y, arith::MulFOp::create(b, skip, x));
  ir::YieldOp::create(b, ValueRange({y, next}));
}

Rows LayerBuilder::selectiveScan(Rows x, Rows delta, Rows in, Rows out,
                                 const SelectiveScanConfig &config) {
  if (!sameSpace({x, delta}) || !sameSpace({in, out}))
    return x;
  if (in.space != x.space) {
    error("expected inputs and outputs of states with the same rows as the "
          "values");
    return x;
  }
  // With a step of 0 the state passes padding unchanged.
  delta = withoutPadding(delta);
  int64_t channels = x.width(), states = in.width();
  Value decay = weight(config.decay, {channels, states});
  if (config.logarithmic)
    decay = elementwise(
        decay, b.getMultiDimIdentityMap(2), empty({channels, states}, {}),
        [](ImplicitLocOpBuilder &inner, ValueRange v) -> Value {
          return arith::NegFOp::create(inner, math::ExpOp::create(inner, v[0]));
        });
  SmallVector<Value> params = {decay};
  AffineMap perChannel = scanMap(b, {kRow, kChannel}),
            shared = scanMap(b, {kRow, kState}),
            ofStates = scanMap(b, {kChannel, kState});
  SmallVector<AffineMap> maps = {perChannel, perChannel, shared, shared,
                                 ofStates};
  if (!config.skip.empty()) {
    params.push_back(weight(config.skip, {channels}));
    maps.push_back(scanMap(b, {kChannel}));
  }
  maps.push_back(perChannel);
  maps.push_back(ofStates);
  Value before = scanState("h", {kAny, channels, states}, streamable);
  Value result = empty({kAny, channels}, x.space->extent);
  auto scan = ir::ScanOp::create(
      b, TypeRange({result.getType(), before.getType()}),
      ValueRange({x.value, delta.value, in.value, out.value}), params,
      x.space->offsets, ValueRange(result), ValueRange(before),
      b.getAffineMapArrayAttr(maps), ir::Direction::Forward,
      ArrayRef<int64_t>{0, 0, 0, 0});
  if (streamable)
    setState(before, scan.getResult(1));
  buildSelectiveStep(b, scan, states, !config.skip.empty());
  return {scan.getResult(0), x.space};
}

//===----------------------------------------------------------------------===//
// Complex states
//===----------------------------------------------------------------------===//

static void buildComplexStep(ImplicitLocOpBuilder &b, ir::ScanOp scan,
                             int64_t states) {
  OpBuilder::InsertionGuard guard(b);
  Block *body = b.createBlock(&scan.getStep());
  Type scalar = b.getF32Type(), lanes = VectorType::get({states}, scalar);
  auto argument = [&](Type type) {
    return body->addArgument(type, b.getLoc());
  };
  auto mul = [&](Value lhs, Value rhs) -> Value {
    return arith::MulFOp::create(b, lhs, rhs);
  };
  auto add = [&](Value lhs, Value rhs) -> Value {
    return arith::AddFOp::create(b, lhs, rhs);
  };
  auto sub = [&](Value lhs, Value rhs) -> Value {
    return arith::SubFOp::create(b, lhs, rhs);
  };
  Value x = argument(scalar);
  Value decayRe = argument(lanes), decayIm = argument(lanes),
        outRe = argument(lanes), outIm = argument(lanes);
  Value skip = argument(scalar), re = argument(lanes), im = argument(lanes);
  Value spread = vector::BroadcastOp::create(b, lanes, x);
  Value nextRe = sub(add(mul(decayRe, re), spread), mul(decayIm, im));
  Value nextIm = add(mul(decayRe, im), mul(decayIm, re));
  Value sum =
      vector::ReductionOp::create(b, vector::CombiningKind::ADD,
                                  sub(mul(outRe, nextRe), mul(outIm, nextIm)));
  ir::YieldOp::create(b, ValueRange({add(sum, mul(skip, x)), nextRe, nextIm}));
}

Rows LayerBuilder::complexScan(Rows x, const ComplexScanConfig &config) {
  x = withoutPadding(x);
  int64_t channels = x.width(), states = config.states;
  AffineMap perChannel = scanMap(b, {kRow, kChannel}),
            ofStates = scanMap(b, {kChannel, kState});
  SmallVector<Value> params;
  SmallVector<AffineMap> maps = {perChannel};
  for (const char *name : {"decay_re", "decay_im", "out_re", "out_im"}) {
    params.push_back(weight(config.weights + name, {channels, states}));
    maps.push_back(ofStates);
  }
  params.push_back(weight(config.weights + "skip", {channels}));
  maps.push_back(scanMap(b, {kChannel}));
  maps.append({perChannel, ofStates, ofStates});
  Value re = scanState("re", {kAny, channels, states}, streamable);
  Value im = scanState("im", {kAny, channels, states}, streamable);
  Value result = empty({kAny, channels}, x.space->extent);
  auto scan = ir::ScanOp::create(
      b, TypeRange({result.getType(), re.getType(), im.getType()}), x.value,
      params, x.space->offsets, ValueRange(result), ValueRange({re, im}),
      b.getAffineMapArrayAttr(maps), ir::Direction::Forward,
      ArrayRef<int64_t>{0});
  if (streamable) {
    setState(re, scan.getResult(1));
    setState(im, scan.getResult(2));
  }
  buildComplexStep(b, scan, states);
  return {scan.getResult(0), x.space};
}
