//===- InterpreterSeqcTest.cpp - seqc ops in f64
//---------------------------===//
//
// Library under test: runtime/interpreter.
//
//===----------------------------------------------------------------------===//

#include "runtime/reference/Attention.h"
#include "test/unit/InterpreterCase.h"

#include <cmath>

using namespace seqc;
using namespace seqc::test;

//===--- scan
//-----------------------------------------------------------------===//

// h = q * h + x per state, y = sum of h: against three plain loops, with more
// channels than one block of lanes holds.
TEST(InterpreterScan, MovingAverage) {
  InterpreterCase c(R"(
    func.func @f(%x: tensor<?x300xf32>, %q: tensor<300x16xf32>, %off: tensor<?xi32>,
                 %init: tensor<?x300xf32>, %h0: tensor<?x300x16xf32>)
        -> (tensor<?x300xf32>, tensor<?x300x16xf32>) {
      %y, %h = seqc.scan {delays = array<i64: 0>,
          maps = [affine_map<(t, d, n) -> (t, d)>, affine_map<(t, d, n) -> (d, n)>,
                  affine_map<(t, d, n) -> (t, d)>, affine_map<(t, d, n) -> (d, n)>]}
          inputs(%x : tensor<?x300xf32>) params(%q : tensor<300x16xf32>)
          offsets(%off : tensor<?xi32>) outs(%init : tensor<?x300xf32>)
          states(%h0 : tensor<?x300x16xf32>) {
      ^bb0(%xt: f32, %qd: vector<16xf32>, %h: vector<16xf32>):
        %xv = vector.broadcast %xt : f32 to vector<16xf32>
        %qh = arith.mulf %qd, %h : vector<16xf32>
        %hn = arith.addf %qh, %xv : vector<16xf32>
        %yt = vector.reduction <add>, %hn : vector<16xf32> into f32
        seqc.yield %yt, %hn : f32, vector<16xf32>
      } -> tensor<?x300xf32>, tensor<?x300x16xf32>
      return %y, %h : tensor<?x300xf32>, tensor<?x300x16xf32>
    })");
  const int64_t D = 300, N = 16, R = 7;
  std::vector<int64_t> offsets{0, 3, 3, 7};
  Value x = randoms({R, D}, 1), q = randoms({D, N}, 2),
        h0 = randoms({3, D, N}, 3);
  auto r = c.run({x, q, ints({4}, offsets), Value::floats({R, D}), h0});
  for (int64_t b = 0; b < 3; ++b)
    for (int64_t d = 0; d < D; ++d) {
      std::vector<double> h(h0.f() + (b * D + d) * N,
                            h0.f() + (b * D + d + 1) * N);
      for (int64_t t = offsets[b]; t < offsets[b + 1]; ++t) {
        double y = 0;
        for (int64_t n = 0; n < N; ++n)
          y += h[n] = q.f()[d * N + n] * h[n] + x.f()[t * D + d];
        ASSERT_NEAR(r[0].f()[t * D + d], y, 1e-9);
      }
      for (int64_t n = 0; n < N; ++n)
        ASSERT_NEAR(r[1].f()[(b * D + d) * N + n], h[n], 1e-9);
    }
  EXPECT_NE(c.error({x, q, ints({4}, {0, 3, 2, 7}), Value::floats({R, D}), h0})
                .find("never decrease"),
            std::string::npos);
}

// y[t] = x[t] - x[delayed], within each sequence, in both directions.
TEST(InterpreterScan, DelaysAndDirections) {
  for (bool reverse : {false, true}) {
    InterpreterCase c(std::string(R"(
      func.func @f(%x: tensor<?x1xf32>, %off: tensor<?xi32>, %init: tensor<?x1xf32>)
          -> tensor<?x1xf32> {
        %y = seqc.scan {direction = #seqc.direction<)") +
                      (reverse ? "reverse" : "forward") +
                      R"(>, delays = array<i64: 0, 2>,
            maps = [affine_map<(t, d, n) -> (t, d)>, affine_map<(t, d, n) -> (t, d)>,
                    affine_map<(t, d, n) -> (t, d)>]}
            inputs(%x, %x : tensor<?x1xf32>, tensor<?x1xf32>) offsets(%off : tensor<?xi32>)
            outs(%init : tensor<?x1xf32>) {
        ^bb0(%a: f32, %b: f32):
          %s = arith.subf %a, %b : f32
          seqc.yield %s : f32
        } -> tensor<?x1xf32>
        return %y : tensor<?x1xf32>
      })");
    auto r = c.run({floats({5, 1}, {1, 2, 4, 8, 16}), ints({3}, {0, 1, 5}),
                    Value::floats({5, 1})});
    if (reverse)
      expectFloats(r[0], {5, 1}, {1, 2 - 8, 4 - 16, 8, 16});
    else
      expectFloats(r[0], {5, 1}, {1, 2, 4, 8 - 2, 16 - 4});
  }
}

// Every kind of operand, states that trade places, and the vector ops.
TEST(InterpreterScan, FormsAndVectorOps) {
  InterpreterCase c(R"(
    func.func @f(%a: tensor<?x2xf32>, %b: tensor<?x3xf32>, %e: tensor<?x2x3xf32>,
                 %p: tensor<2xf32>, %q: tensor<3xf32>, %off: tensor<?xi32>,
                 %o1: tensor<?x2x3xf32>, %s1: tensor<?x2xf32>, %s2: tensor<?x2xf32>)
        -> (tensor<?x2x3xf32>, tensor<?x2xf32>, tensor<?x2xf32>) {
      %0:3 = seqc.scan {delays = array<i64: 0, 0, 0>,
          maps = [affine_map<(t, d, n) -> (t, d)>, affine_map<(t, d, n) -> (t, n)>,
                  affine_map<(t, d, n) -> (t, d, n)>, affine_map<(t, d, n) -> (d)>,
                  affine_map<(t, d, n) -> (n)>, affine_map<(t, d, n) -> (t, d, n)>,
                  affine_map<(t, d, n) -> (d)>, affine_map<(t, d, n) -> (d)>]}
          inputs(%a, %b, %e : tensor<?x2xf32>, tensor<?x3xf32>, tensor<?x2x3xf32>)
          params(%p, %q : tensor<2xf32>, tensor<3xf32>) offsets(%off : tensor<?xi32>)
          outs(%o1 : tensor<?x2x3xf32>) states(%s1, %s2 : tensor<?x2xf32>, tensor<?x2xf32>) {
      ^bb0(%x: f32, %y: vector<3xf32>, %z: vector<3xf32>, %u: f32, %v: vector<3xf32>,
           %h: f32, %g: f32):
        %y1 = vector.extract %y[1] : f32 from vector<3xf32>
        %w0 = vector.insert %x, %z[0] : f32 into vector<3xf32>
        %w1 = vector.shuffle %w0, %v [0, 5, 2] : vector<3xf32>, vector<3xf32>
        %f = vector.from_elements %y1, %u, %h : vector<3xf32>
        %w = arith.addf %w1, %f : vector<3xf32>
        %m = vector.reduction <maximumf>, %z, %y1 : vector<3xf32> into f32
        seqc.yield %w, %g, %m : vector<3xf32>, f32, f32
      } -> tensor<?x2x3xf32>, tensor<?x2xf32>, tensor<?x2xf32>
      return %0#0, %0#1, %0#2 : tensor<?x2x3xf32>, tensor<?x2xf32>, tensor<?x2xf32>
    })");
  auto r =
      c.run({floats({2, 2}, {1, 2, 3, 4}), floats({2, 3}, {0, 10, 0, 0, 20, 0}),
             floats({2, 2, 3}, {1, 2, 3, 4, 5, 66, 7, 8, 9, 1, 2, 3}),
             floats({2}, {100, 200}), floats({3}, {7, 8, 9}), ints({2}, {0, 2}),
             Value::floats({2, 2, 3}), floats({1, 2}, {0.5, 0.25}),
             floats({1, 2}, {-1, -2})});
  // Row: [x + y1, q[2] + p, z[2] + h]; h is the older g, g the maximum.
  expectFloats(r[0], {2, 2, 3},
               {1 + 10, 9 + 100, 3 + 0.5, 2 + 10, 9 + 200, 66 + 0.25, 3 + 20,
                9 + 100, 9 - 1, 4 + 20, 9 + 200, 3 - 2});
  expectFloats(r[1], {1, 2}, {10, 66});
  expectFloats(r[2], {1, 2}, {20, 20});
}

//===--- gating
//---------------------------------------------------------------===//

TEST(InterpreterGating, RouteCompressGatherScatter) {
  InterpreterCase c(R"(
    func.func @f(%x: tensor<?x2xf32>, %u: tensor<?x2xf32>, %off: tensor<?xi32>)
        -> (tensor<?x2xf32>, tensor<?xi32>, index) {
      %c0 = arith.constant 0 : index
      %one = arith.constant dense<1.0> : tensor<1xf32>
      %zero = arith.constant dense<0.0> : tensor<1xf32>
      %n = tensor.dim %x, %c0 : tensor<?x2xf32>
      %b = tensor.dim %off, %c0 : tensor<?xi32>
      %ai = tensor.empty(%n) : tensor<?xi32>
      %ci = tensor.empty(%n) : tensor<?xf32>
      %ii = tensor.empty(%n) : tensor<?xi32>
      %oi = tensor.empty(%b) : tensor<?xi32>
      %a, %c = seqc.route ins(%u, %zero, %one : tensor<?x2xf32>, tensor<1xf32>, tensor<1xf32>)
          outs(%ai, %ci : tensor<?xi32>, tensor<?xf32>) -> tensor<?xi32>, tensor<?xf32>
      %i, %p = seqc.compress ins(%a, %off : tensor<?xi32>, tensor<?xi32>)
          outs(%ii, %oi : tensor<?xi32>, tensor<?xi32>) -> tensor<?xi32>, tensor<?xi32>
      %k = seqc.count %p {gate = "layers.7"} : tensor<?xi32>
      %gi = tensor.empty(%k) : tensor<?x2xf32>
      %g = seqc.gather_rows ins(%x, %i : tensor<?x2xf32>, tensor<?xi32>)
          outs(%gi : tensor<?x2xf32>) -> tensor<?x2xf32>
      %y = seqc.scatter_rows add ins(%g, %i : tensor<?x2xf32>, tensor<?xi32>)
          scale(%c : tensor<?xf32>) outs(%x : tensor<?x2xf32>) -> tensor<?x2xf32>
      return %y, %p, %k : tensor<?x2xf32>, tensor<?xi32>, index
    })");
  auto r = c.run({floats({3, 2}, {1, 2, 3, 4, 5, 6}),
                  floats({3, 2}, {0, 0, 0, 1, 0, 2}), ints({3}, {0, 2, 3})});
  double c1 = 1 / (1 + std::exp(-1.0)), c2 = 1 / (1 + std::exp(-2.0));
  expectFloats(r[0], {3, 2},
               {1, 2, 3 + 3 * c1, 4 + 4 * c1, 5 + 5 * c2, 6 + 6 * c2});
  expectInts(r[1], {3}, {0, 1, 2});
  EXPECT_EQ(r[2].asInt(), 2);
  ASSERT_EQ(c.interpreter().gates().size(), 1u);
  EXPECT_EQ(c.interpreter().gates()[0].layer, "layers.7");
  EXPECT_EQ(c.interpreter().gates()[0].active, 2);
}

TEST(InterpreterGating, GatherReportsTheCallersIds) {
  InterpreterCase c(
      "func.func @f(%t: tensor<4x2xf32>, %i: tensor<?xi32>,\n"
      "             %o: tensor<?x2xf32>) -> tensor<?x2xf32> {\n"
      "  %y = seqc.gather_rows ins(%t, %i : tensor<4x2xf32>, tensor<?xi32>)\n"
      "      outs(%o : tensor<?x2xf32>) -> tensor<?x2xf32>\n"
      "  return %y : tensor<?x2xf32>\n"
      "}");
  Result<std::vector<Value>> bad = c.interpreter().call(
      "f", {randoms({4, 2}, 1), ints({2}, {3, 4}), Value::floats({2, 2})});
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.status().code(), ErrorCode::InvalidArgument);
  EXPECT_EQ(bad.status().str(),
            "case.mlir:3:8: error: 'seqc.gather_rows' expected row "
            "indices in [0, 4), entry 1 is 4");
}

//===--- norm, pool, ring
//-----------------------------------------------------===//

TEST(InterpreterRows, NormPoolRing) {
  InterpreterCase c(R"(
    func.func @f(%x: tensor<?x2xf32>, %off: tensor<?xi32>, %mean: tensor<?x2xf32>,
                 %ring: tensor<?x2x2xf32>, %n: tensor<?xi32>, %at: tensor<?x2xi32>,
                 %pos: tensor<?xi32>)
        -> (tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2x2xf32>, tensor<?x2xi32>) {
      %g = arith.constant dense<[2.0, 1.0]> : tensor<2xf32>
      %y = seqc.norm layer {eps = 1.0e-12 : f32} ins(%x : tensor<?x2xf32>)
          gain(%g : tensor<2xf32>) outs(%x : tensor<?x2xf32>) -> tensor<?x2xf32>
      %m = seqc.pool mean ins(%x, %off : tensor<?x2xf32>, tensor<?xi32>)
          outs(%mean : tensor<?x2xf32>) -> tensor<?x2xf32>
      %r = seqc.ring_push ins(%x, %off, %n : tensor<?x2xf32>, tensor<?xi32>, tensor<?xi32>)
          outs(%ring : tensor<?x2x2xf32>) -> tensor<?x2x2xf32>
      %p = seqc.ring_push ins(%pos, %off, %n : tensor<?xi32>, tensor<?xi32>, tensor<?xi32>)
          outs(%at : tensor<?x2xi32>) -> tensor<?x2xi32>
      return %y, %m, %r, %p
          : tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2x2xf32>, tensor<?x2xi32>
    })");
  auto r = c.run(
      {floats({3, 2}, {1, 3, 5, 4, 0, 8}), ints({3}, {0, 2, 3}),
       Value::floats({2, 2}), floats({2, 2, 2}, {9, 9, 0, 0, 0, 0, 0, 0}),
       ints({2}, {1, 0}), ints({2, 2}, {6, 0, 0, 0}), ints({3}, {7, 8, 5})});
  expectFloats(r[0], {3, 2}, {-2, 1, 2, -1, -2, 1}, 1e-9);
  expectFloats(r[1], {2, 2}, {3, 3.5, 0, 8});
  // Entry e is in slot e mod 2.
  expectFloats(r[2], {2, 2, 2}, {5, 4, 1, 3, 0, 8, 0, 0});
  expectInts(r[3], {2, 2}, {8, 7, 5, 0});
}

//===--- attend
//---------------------------------------------------------------===//

TEST(InterpreterAttend, EveryOperandReachesTheReference) {
  InterpreterCase c(R"(
    func.func @f(%q: tensor<?x4xf32>, %k: tensor<?x4xf32>, %v: tensor<?x3xf32>,
        %off: tensor<?xi32>, %pos: tensor<?xi32>, %cos: tensor<50x2xf32>,
        %sin: tensor<50x2xf32>, %t: tensor<4xf32>, %pk: tensor<?x3x4xf32>,
        %pv: tensor<?x3x3xf32>, %pc: tensor<?xi32>, %pp: tensor<?x3xi32>,
        %init: tensor<?x3xf32>) -> tensor<?x3xf32> {
      %o = seqc.attend laplace {left = 3 : i64, right = 0 : i64, scale = 0.25 : f32,
                                bias = #seqc.bias_kind<rank>, table_origin = 3 : i64}
          ins(%q, %k, %v, %off
              : tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x3xf32>, tensor<?xi32>)
          positions(%pos : tensor<?xi32>)
          rotary(%cos, %sin : tensor<50x2xf32>, tensor<50x2xf32>)
          table(%t : tensor<4xf32>)
          past(%pk, %pv, %pc : tensor<?x3x4xf32>, tensor<?x3x3xf32>, tensor<?xi32>)
          past_positions(%pp : tensor<?x3xi32>)
          outs(%init : tensor<?x3xf32>) -> tensor<?x3xf32>
      return %o : tensor<?x3xf32>
    })");
  Value q = randoms({5, 4}, 1), k = randoms({5, 4}, 2), v = randoms({5, 3}, 3);
  Value offsets = ints({3}, {0, 2, 5}),
        positions = ints({5}, {40, 42, 3, 7, 8});
  Value cosines = randoms({50, 2}, 4), sines = randoms({50, 2}, 5),
        table = randoms({4}, 6);
  Value pastKey = randoms({2, 3, 4}, 7), pastValue = randoms({2, 3, 3}, 8);
  Value pastCount = ints({2}, {9, 1}),
        pastPositions = ints({2, 3}, {3, 7, 20, 1, 0, 0});
  Value got =
      c.run({q, k, v, offsets, positions, cosines, sines, table, pastKey,
             pastValue, pastCount, pastPositions, Value::floats({5, 3})})[0];

  reference::Attend op;
  op.score = reference::ScoreKind::Laplace, op.bias = reference::BiasKind::Rank;
  op.left = 3, op.right = 0, op.scale = 0.25, op.tableOrigin = 3;
  op.rows = 5, op.keySize = 4, op.valueSize = 3;
  op.query = q.f(), op.key = k.f(), op.value = v.f();
  op.offsets = {offsets.i(), 3}, op.positions = {positions.i(), 5};
  op.cosines = {cosines.f(), 50, 2}, op.sines = {sines.f(), 50, 2};
  op.table = {table.f(), 4};
  op.pastCapacity = 3, op.pastKey = pastKey.f(), op.pastValue = pastValue.f();
  op.pastCount = {pastCount.i(), 2}, op.pastPositions = pastPositions.i();
  std::vector<double> expected(15);
  ASSERT_EQ(reference::attend(op, expected.data()), "");
  expectFloats(got, {5, 3}, expected);
}

// Values 1, 10 and 100 at positions 0, 4 and 5, with a window of 4: by position
// the last query no longer sees the first key.
TEST(InterpreterAttend, WindowOverPositions) {
  for (bool byPosition : {false, true}) {
    InterpreterCase c(std::string(R"(
    func.func @f(%q: tensor<?x1xf32>, %v: tensor<?x1xf32>, %off: tensor<?xi32>,
                 %pos: tensor<?xi32>, %init: tensor<?x1xf32>) -> tensor<?x1xf32> {
      %o = seqc.attend relu {left = 4 : i64, right = 0 : i64, scale = 1.0 : f32)") +
                      (byPosition ? ", by_position" : "") + R"(}
          ins(%q, %q, %v, %off : tensor<?x1xf32>, tensor<?x1xf32>, tensor<?x1xf32>,
              tensor<?xi32>)
          positions(%pos : tensor<?xi32>)
          outs(%init : tensor<?x1xf32>) -> tensor<?x1xf32>
      return %o : tensor<?x1xf32>
    })");
    auto r =
        c.run({floats({3, 1}, {1, 1, 1}), floats({3, 1}, {1, 10, 100}),
               ints({2}, {0, 3}), ints({3}, {0, 4, 5}), Value::floats({3, 1})});
    expectFloats(r[0], {3, 1}, {1, 11, byPosition ? 110.0 : 111.0});
  }
}

TEST(InterpreterAttend, GroupedHeads) {
  InterpreterCase c(R"(
    func.func @f(%q: tensor<2x?x1xf32>, %k: tensor<1x?x1xf32>, %v: tensor<1x?x1xf32>,
                 %off: tensor<?xi32>, %init: tensor<2x?x1xf32>) -> tensor<2x?x1xf32> {
      %o = seqc.attend relu {left = -1 : i64, right = -1 : i64, scale = 1.0 : f32}
          ins(%q, %k, %v, %off : tensor<2x?x1xf32>, tensor<1x?x1xf32>, tensor<1x?x1xf32>,
              tensor<?xi32>)
          outs(%init : tensor<2x?x1xf32>) -> tensor<2x?x1xf32>
      return %o : tensor<2x?x1xf32>
    })");
  auto r = c.run({floats({2, 2, 1}, {1, 2, -1, 3}), floats({1, 2, 1}, {1, 2}),
                  floats({1, 2, 1}, {10, 100}), ints({2}, {0, 2}),
                  Value::floats({2, 2, 1})});
  expectFloats(r[0], {2, 2, 1}, {210, 420, 0, 630});
}
