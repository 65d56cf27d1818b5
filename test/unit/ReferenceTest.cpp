//===- ReferenceTest.cpp - runtime/reference against hand-made numbers
//-----===//

#include "runtime/reference/Attention.h"
#include "runtime/reference/Gating.h"
#include "runtime/reference/Math.h"
#include "runtime/reference/Rows.h"
#include "runtime/reference/Scan.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

using namespace seqc::reference;

namespace {
using Doubles = std::vector<double>;
using Longs = std::vector<int64_t>;

ConstInts ints(const Longs &v) { return {v.data(), int64_t(v.size())}; }
Ints ints(Longs &v) { return {v.data(), int64_t(v.size())}; }
ConstVector vec(const Doubles &v) { return {v.data(), int64_t(v.size())}; }
Vector vec(Doubles &v) { return {v.data(), int64_t(v.size())}; }
ConstMatrix mat(const Doubles &v, int64_t columns) {
  return {v.data(), int64_t(v.size()) / columns, columns};
}
Matrix mat(Doubles &v, int64_t columns) {
  return {v.data(), int64_t(v.size()) / columns, columns};
}

Doubles randoms(size_t count, unsigned seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<double> normal;
  Doubles values(count);
  for (double &v : values)
    v = normal(engine);
  return values;
}

void expectNear(const Doubles &a, const Doubles &b, double tolerance = 1e-12) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i)
    EXPECT_NEAR(a[i], b[i], tolerance) << "entry " << i;
}
} // namespace

//===--- Math
//---------------------------------------------------------------===//

TEST(ReferenceMath, KnownPoints) {
  EXPECT_DOUBLE_EQ(sigmoid(0), 0.5);
  EXPECT_NEAR(sigmoid(2) + sigmoid(-2), 1, 1e-15);
  EXPECT_EQ(sigmoid(-1000), 0);
  EXPECT_NEAR(silu(1), 0.7310585786300049, 1e-15);
  EXPECT_NEAR(softplus(0), std::log(2.0), 1e-15);
  EXPECT_DOUBLE_EQ(softplus(1000), 1000);
  EXPECT_NEAR(gelu(1), 0.8413447460685429, 1e-15);
  EXPECT_EQ(relu(-3), 0);
  EXPECT_EQ(relu2(3), 9);
  EXPECT_TRUE(std::isnan(relu(NAN)));
  EXPECT_NEAR(laplace(0.707107), 0.5, 1e-15);
  EXPECT_NEAR(laplace(0.707107 + 0.282095), 0.8413447460685429, 1e-12);
}

TEST(ReferenceMath, SoftmaxSumsToOneAndShifts) {
  Doubles a{1, 2, 3}, b{1001, 1002, 1003};
  softmax(vec(a));
  softmax(vec(b));
  EXPECT_NEAR(a[0] + a[1] + a[2], 1, 1e-15);
  EXPECT_NEAR(a[2] / a[1], std::exp(1.0), 1e-14);
  expectNear(a, b);
}

TEST(ReferenceMath, SoftmaxOfMaskedKeysIsZero) {
  Doubles all{-INFINITY, -INFINITY}, some{-INFINITY, 1}, broken{-INFINITY, NAN};
  softmax(vec(all));
  softmax(vec(some));
  softmax(vec(broken));
  expectNear(all, {0, 0});
  expectNear(some, {0, 1});
  EXPECT_TRUE(std::isnan(broken[1]));
}

TEST(ReferenceMath, LinearAddsToItsInit) {
  Doubles x{1, 2, 3, 4}, w{1, 0, 0, 1, 1, 1}, out{10, 0, 0, 0, 0, 0};
  linear(mat(x, 2), mat(w, 2), mat(out, 3));
  expectNear(out, {11, 2, 3, 3, 4, 7});
}

//===--- Scan
//---------------------------------------------------------------===//

TEST(ReferenceScan, VisitsRowsOfEachSequenceInDirection) {
  Longs offsets{0, 2, 2, 5};
  for (Direction direction : {Direction::Forward, Direction::Reverse}) {
    Longs visited, begun, ended;
    scan(
        ints(offsets), direction, [&](int64_t b) { begun.push_back(b); },
        [&](int64_t, int64_t t) { visited.push_back(t); },
        [&](int64_t b) { ended.push_back(b); });
    EXPECT_EQ(begun, (Longs{0, 1, 2}));
    EXPECT_EQ(ended, begun);
    EXPECT_EQ(visited, direction == Direction::Forward
                           ? (Longs{0, 1, 2, 3, 4})
                           : (Longs{1, 0, 4, 3, 2}));
  }
}

TEST(ReferenceScan, DelayStaysInsideTheSequence) {
  EXPECT_EQ(delayedRow(2, 5, 4, 2, Direction::Forward), 2);
  EXPECT_EQ(delayedRow(2, 5, 3, 2, Direction::Forward), -1);
  EXPECT_EQ(delayedRow(2, 5, 2, 2, Direction::Reverse), 4);
  EXPECT_EQ(delayedRow(2, 5, 3, 2, Direction::Reverse), -1);
}

//===--- Norm, pool, ring
//---------------------------------------------------===//

TEST(ReferenceNorm, Layer) {
  Doubles x{1, 3}, gain{2, 1}, bias{0.5, 0}, out(2);
  norm(NormKind::Layer, mat(x, 2), vec(gain), vec(bias), 1e-12, false,
       mat(out, 2));
  expectNear(out, {-1.5, 1}, 1e-9);
  norm(NormKind::Layer, mat(x, 2), {}, {}, 1e-12, true, mat(out, 2));
  expectNear(out, {-1, 1}, 1e-9);
}

TEST(ReferenceNorm, RmsAndScale) {
  Doubles x{3, 4}, gain{1, 0}, one{2}, out(2);
  double rms = std::sqrt(12.5 + 0.5);
  norm(NormKind::Rms, mat(x, 2), vec(gain), {}, 0.5, true, mat(out, 2));
  expectNear(out, {3 / rms * 2, 4 / rms});
  norm(NormKind::Scale, mat(x, 2), vec(one), {}, 0.5, false, mat(out, 2));
  expectNear(out, {6 / rms, 8 / rms});
}

TEST(ReferencePool, MeanAndEmpty) {
  Doubles x{1, 2, 3, 4, 5, 6}, out(6, 9);
  ASSERT_EQ(poolMean(mat(x, 2), ints(Longs{0, 2, 2, 3}), mat(out, 2)), "");
  expectNear(out, {2, 3, 0, 0, 5, 6});
}

TEST(ReferenceRing, FillsThenOverwritesTheOldest) {
  Doubles ring{1, 2, 0, 0, 0, 0}, x{3, 4, 5, 6};
  ASSERT_EQ(ringPush<double>(mat(x, 1), ints(Longs{0, 3, 4}), ints(Longs{2, 0}),
                             3, ring.data()),
            "");
  expectNear(ring, {4, 5, 3, 6, 0, 0});
}

TEST(ReferenceRing, SequenceWithoutRowsKeepsItsRing) {
  Doubles ring{7, 8}, none;
  ASSERT_EQ(ringPush<double>({none.data(), 0, 1}, ints(Longs{0, 0}),
                             ints(Longs{5}), 2, ring.data()),
            "");
  expectNear(ring, {7, 8});
}

TEST(ReferenceRing, PushingOneByOneEqualsPushingAll) {
  Doubles x = randoms(14, 1), all(6), step(6);
  ASSERT_EQ(ringPush<double>(mat(x, 2), ints(Longs{0, 7}), ints(Longs{0}), 3,
                             all.data()),
            "");
  for (int64_t t = 0; t < 7; ++t)
    ASSERT_EQ(ringPush<double>(MatrixView<const double>{x.data() + 2 * t, 1, 2},
                               ints(Longs{0, 1}), ints(Longs{t}), 3,
                               step.data()),
              "");
  expectNear(all, step);
}

//===--- Gating
//-------------------------------------------------------------===//

TEST(ReferenceRoute, TieAndNanSkip) {
  Doubles u{0, 1, 1, 1, 0, NAN, 1, 1.5}, confidence(4);
  Longs active(4);
  route(mat(u, 2), 0, 2, ints(active), vec(confidence));
  EXPECT_EQ(active, (Longs{1, 0, 0, 1}));
  EXPECT_NEAR(confidence[0], 1 / (1 + std::exp(-2.0)), 1e-15);
  EXPECT_DOUBLE_EQ(confidence[1], 0.5);
  EXPECT_TRUE(std::isnan(confidence[2]));
  route(mat(u, 2), 0.75, 2, ints(active), vec(confidence));
  EXPECT_EQ(active, (Longs{1, 0, 0, 0}));
}

TEST(ReferenceCompress, KeepsOrderPerSequence) {
  Longs active{1, 0, 1, 0, 0, 1}, index(6, -7), packed(4);
  ASSERT_EQ(compress(ints(active), ints(Longs{0, 3, 5, 6}), ints(index),
                     ints(packed)),
            "");
  EXPECT_EQ(index, (Longs{0, 2, 5, -7, -7, -7}));
  EXPECT_EQ(packed, (Longs{0, 2, 2, 3}));
}

TEST(ReferenceGather, ScatterOfGatherIsTheIdentityOnActiveRows) {
  Doubles x = randoms(15, 2), gathered(9), back(15, 0);
  Longs index{0, 2, 4, -1};
  ASSERT_EQ(gatherRows<double>(mat(std::as_const(x), 3), ints(index),
                               mat(gathered, 3)),
            "");
  ASSERT_EQ(scatterRows(mat(gathered, 3), ints(index), {}, ScatterMode::Set,
                        mat(back, 3)),
            "");
  for (int64_t t = 0; t < 5; ++t)
    for (int64_t j = 0; j < 3; ++j)
      EXPECT_EQ(back[t * 3 + j], t % 2 == 0 ? x[t * 3 + j] : 0);
}

TEST(ReferenceScatter, ScaleIsReadAtTheDestination) {
  Doubles x{1, 2}, scale{10, 100, 1000}, out{1, 1, 1};
  ASSERT_EQ(scatterRows(mat(x, 1), ints(Longs{2, 0}), vec(scale),
                        ScatterMode::Add, mat(out, 1)),
            "");
  expectNear(out, {21, 1, 1001});
}

TEST(ReferenceGather, SaysWhichIndexIsOutOfRange) {
  Doubles x{1, 2}, out(2);
  EXPECT_EQ(gatherRows<double>(mat(std::as_const(x), 1), ints(Longs{0, 2}),
                               mat(out, 1)),
            "expected row indices in [0, 2), entry 1 is 2");
  EXPECT_EQ(scatterRows(mat(x, 1), ints(Longs{1, 1}), {}, ScatterMode::Set,
                        mat(out, 1)),
            "expected distinct row indices, got 1 twice");
}

//===--- Attention
//----------------------------------------------------------===//

namespace {
/// Operands of an attend over one or more sequences, without heads by default.
struct AttendCase {
  Doubles query, key, value, cosines, sines, table;
  Longs offsets, positions;
  Attend op;

  AttendCase(int64_t rows, int64_t z, int64_t h, Longs sequences)
      : query(randoms(rows * z, 3)), key(randoms(rows * z, 4)),
        value(randoms(rows * h, 5)), offsets(std::move(sequences)) {
    for (int64_t b = 0; b + 1 < int64_t(offsets.size()); ++b)
      for (int64_t t = offsets[b]; t < offsets[b + 1]; ++t)
        positions.push_back(3 * (t - offsets[b]) + b);
    op.rows = rows;
    op.keySize = z;
    op.valueSize = h;
    op.scale = 0.5;
  }
  void addRotary(int64_t count) {
    for (int64_t p = 0; p < count; ++p)
      for (int64_t c = 0; c < op.keySize / 2; ++c) {
        cosines.push_back(std::cos(p / std::pow(10.0, c)));
        sines.push_back(std::sin(p / std::pow(10.0, c)));
      }
  }
  Attend bound() const {
    Attend bound = op;
    bound.query = query.data(), bound.key = key.data(),
    bound.value = value.data();
    bound.offsets = ints(offsets);
    bound.positions = ints(positions);
    if (!cosines.empty()) {
      bound.cosines = mat(cosines, op.keySize / 2);
      bound.sines = mat(sines, op.keySize / 2);
    }
    if (!table.empty())
      bound.table = vec(table);
    return bound;
  }
  Doubles run() const {
    Doubles out(op.heads * op.rows * op.valueSize, NAN);
    EXPECT_EQ(attend(bound(), out.data()), "");
    return out;
  }
};
} // namespace

TEST(ReferenceAttend, TwoKeysByHand) {
  AttendCase c(2, 1, 1, {0, 2});
  c.query = {1, 2}, c.key = {1, 3}, c.value = {10, 20};
  c.op.scale = 1, c.op.right = 0;
  double e = 1 / (1 + std::exp(-4.0)); // scores of row 1: 2 and 6
  expectNear(c.run(), {10, 10 + 10 * e});
  c.op.score = ScoreKind::Relu;
  expectNear(c.run(), {10, 20 + 120});
  c.op.score = ScoreKind::Relu2;
  expectNear(c.run(), {10, 40 + 720});
  c.op.score = ScoreKind::Laplace;
  expectNear(c.run(), {10 * laplace(1), 10 * laplace(2) + 20 * laplace(6)});
}

// Every visible key has score 1 and value 1, so the sum shows how many a query
// sees.
TEST(ReferenceAttend, WindowCounts) {
  for (int64_t left : {-1, 0, 2})
    for (int64_t right : {-1, 0, 1}) {
      AttendCase c(9, 1, 1, {0, 4, 4, 9});
      c.query.assign(9, 0), c.value.assign(9, 1);
      c.op.left = left, c.op.right = right;
      c.op.bias = BiasKind::Rank, c.op.tableOrigin = 9, c.table.assign(19, 1);
      c.op.score = ScoreKind::Relu;
      Doubles out = c.run();
      for (int64_t b = 0; b + 1 < 4; ++b)
        for (int64_t t = c.offsets[b]; t < c.offsets[b + 1]; ++t) {
          int64_t before = t - c.offsets[b], after = c.offsets[b + 1] - 1 - t;
          int64_t seen = 1 + (left < 0 ? before : std::min(before, left)) +
                         (right < 0 ? after : std::min(after, right));
          EXPECT_EQ(out[t], seen)
              << "row " << t << " left " << left << " right " << right;
        }
    }
}

TEST(ReferenceAttend, SoftmaxRowsSumToOne) {
  AttendCase c(11, 4, 1, {0, 3, 11});
  c.value.assign(11, 1);
  c.op.left = 3, c.op.right = 2;
  expectNear(c.run(), Doubles(11, 1));
}

TEST(ReferenceAttend, KeysOutsideTheWindowCountForNothing) {
  AttendCase c(6, 2, 2, {0, 6});
  c.op.left = 1, c.op.right = 0, c.op.score = ScoreKind::Laplace;
  Doubles before = c.run();
  c.key[0] += 100, c.value[1] += 100;
  Doubles after = c.run();
  for (size_t i = 4; i < 12; ++i)
    EXPECT_EQ(before[i], after[i]);
  EXPECT_NE(before[1], after[1]);
}

TEST(ReferenceAttend, SequencesDoNotMeet) {
  AttendCase c(5, 2, 3, {0, 2, 5});
  Doubles both = c.run();
  AttendCase first(2, 2, 3, {0, 2});
  first.query.assign(c.query.begin(), c.query.begin() + 4);
  first.key.assign(c.key.begin(), c.key.begin() + 4);
  first.value.assign(c.value.begin(), c.value.begin() + 6);
  expectNear(first.run(), Doubles(both.begin(), both.begin() + 6));
}

// Four query heads on two key heads equal four separate calls.
TEST(ReferenceAttend, GroupedHeads) {
  AttendCase c(5, 2, 2, {0, 5});
  c.query = randoms(4 * 5 * 2, 6), c.key = randoms(2 * 5 * 2, 7);
  c.value = randoms(2 * 5 * 2, 8);
  c.op.heads = 4, c.op.keyHeads = 2, c.op.right = 0;
  Doubles out = c.run();
  for (int64_t head = 0; head < 4; ++head) {
    AttendCase one(5, 2, 2, {0, 5});
    one.op.right = 0;
    one.query.assign(c.query.begin() + head * 10,
                     c.query.begin() + (head + 1) * 10);
    int64_t group = head / 2;
    one.key.assign(c.key.begin() + group * 10,
                   c.key.begin() + (group + 1) * 10);
    one.value.assign(c.value.begin() + group * 10,
                     c.value.begin() + (group + 1) * 10);
    expectNear(one.run(),
               Doubles(out.begin() + head * 10, out.begin() + (head + 1) * 10));
  }
}

// A quarter turn of the pair (1, 0) is (0, 1), so query and key at a distance
// of one position become orthogonal.
TEST(ReferenceAttend, RotaryTurnsInterleavedPairs) {
  AttendCase c(2, 2, 1, {0, 2});
  c.query = {1, 0, 1, 0}, c.key = {1, 0, 1, 0}, c.value = {1, 10};
  c.positions = {0, 1};
  c.cosines = {1, 0}, c.sines = {0, 1};
  c.op.scale = 1, c.op.score = ScoreKind::Relu;
  expectNear(c.run(), {1, 10});
}

TEST(ReferenceAttend, RotaryDependsOnDistanceOnly) {
  AttendCase c(4, 4, 2, {0, 4});
  c.addRotary(40);
  Doubles near = c.run();
  for (int64_t &p : c.positions)
    p += 20;
  expectNear(c.run(), near, 1e-9);
}

TEST(ReferenceAttend, BiasByPositionAndRank) {
  AttendCase c(2, 1, 1, {0, 2});
  c.query = {0, 0}, c.value = {1, 10};
  c.op.scale = 1, c.op.score = ScoreKind::Relu;
  c.positions = {0, 5}; // further than the table reaches: clamped to 2
  c.op.bias = BiasKind::Position, c.table = {0.1, 0.2, 0.3, 0.4, 0.5};
  expectNear(c.run(), {0.3 + 5, 0.1 + 3});
  c.op.bias = BiasKind::Rank, c.op.tableOrigin = 1, c.table = {0.2, 0.3, 0.4};
  expectNear(c.run(), {0.3 + 4, 0.2 + 3});
}

// A window over positions sees what one over rows sees once every position that
// no row has is filled with a key that weighs nothing.
TEST(ReferenceAttend, WindowOverPositionsIsAWindowWithHoles) {
  const Longs places{0, 1, 4, 5, 6, 9};
  for (ScoreKind score : {ScoreKind::Softmax, ScoreKind::Relu2})
    for (int64_t right : {0, 2}) {
      AttendCase few(6, 2, 3, {0, 6}), all(10, 2, 3, {0, 10});
      few.positions = places;
      few.op.byPosition = true;
      for (AttendCase *c : {&few, &all}) {
        c->op.left = 3, c->op.right = right, c->op.score = score;
        c->op.bias = BiasKind::Rank, c->op.tableOrigin = 3;
        c->table = randoms(6, 9);
        c->query.assign(c->query.size(), 1);
      }
      // A key's score is the sum of its row.
      all.key.assign(all.key.size(), score == ScoreKind::Softmax ? -1e6 : -10);
      for (size_t i = 0; i < places.size(); ++i) {
        std::copy_n(&few.key[2 * i], 2, &all.key[2 * places[i]]);
        std::copy_n(&few.value[3 * i], 3, &all.value[3 * places[i]]);
      }
      Doubles got = few.run(), wide = all.run(), expected;
      for (int64_t place : places)
        expected.insert(expected.end(), &wide[3 * place], &wide[3 * place] + 3);
      expectNear(got, expected);
    }
}

// Positions of the first sequence: 0 3 6 9, so that a window of 5 reaches one
// row back and one of rows would reach all.
TEST(ReferenceAttend, WindowOverPositionsCountsPastKeys) {
  AttendCase c(4, 1, 1, {0, 4});
  c.query.assign(4, 0), c.value = {1, 10, 100, 1000};
  c.op.left = 5, c.op.right = 0, c.op.score = ScoreKind::Relu;
  c.op.bias = BiasKind::Rank, c.op.tableOrigin = 5, c.table.assign(6, 1);
  c.op.byPosition = true;
  expectNear(c.run(), {1, 11, 110, 1100});

  // Five were pushed: the oldest of the three that are left is in slot 2.
  Doubles pastKey(3, 0), pastValue{3000, 20000, 500000};
  Longs count{5}, pastPositions{-4, -1, -9};
  Attend op = c.bound();
  op.pastCapacity = 3, op.pastKey = pastKey.data();
  op.pastValue = pastValue.data(), op.pastPositions = pastPositions.data();
  op.pastCount = ints(std::as_const(count));
  Doubles out(4);
  ASSERT_EQ(attend(op, out.data()), "");
  // Row 0 at position 0 sees -4 and -1, row 1 at 3 sees -1 and not -4.
  expectNear(out, {23001, 20011, 110, 1100});
}

TEST(ReferenceAttend, NamesWhatIsOutOfTheTables) {
  AttendCase c(3, 2, 1, {0, 3});
  c.addRotary(2);
  Doubles out(3);
  EXPECT_EQ(attend(c.bound(), out.data()),
            "expected positions in [0, 2) of the rotary tables, got 3");
  AttendCase d(3, 2, 1, {0, 3});
  d.op.bias = BiasKind::Rank, d.op.tableOrigin = 1, d.table = {1, 1, 1};
  EXPECT_EQ(attend(d.bound(), out.data()),
            "expected bias entries in [0, 3), got 3");
}

// Two sequences, fed in uneven pieces with the past in rings, give what one
// call over everything gives: rotary, a rank bias and a window of 3 included.
TEST(ReferenceAttend, StreamingEqualsParallel) {
  const int64_t z = 4, h = 3, w = 3;
  AttendCase all(14, z, h, {0, 6, 14});
  all.op.left = w, all.op.right = 0;
  all.addRotary(40);
  all.op.bias = BiasKind::Rank, all.op.tableOrigin = w,
  all.table = randoms(w + 1, 9);
  Doubles expected = all.run();

  Doubles ringKey(2 * w * z), ringValue(2 * w * h);
  Longs ringPositions(2 * w), counts{0, 0};
  for (auto [a, b] : {std::pair<int64_t, int64_t>{1, 4}, {0, 1}, {5, 3}}) {
    AttendCase part(a + b, z, h, {0, a, a + b});
    part.op = all.op, part.op.rows = a + b;
    part.cosines = all.cosines, part.sines = all.sines, part.table = all.table;
    Longs rows;
    for (int64_t i = 0; i < a; ++i)
      rows.push_back(counts[0] + i);
    for (int64_t i = 0; i < b; ++i)
      rows.push_back(6 + counts[1] + i);
    for (size_t i = 0; i < rows.size(); ++i) {
      std::copy_n(&all.query[rows[i] * z], z, &part.query[i * z]);
      std::copy_n(&all.key[rows[i] * z], z, &part.key[i * z]);
      std::copy_n(&all.value[rows[i] * h], h, &part.value[i * h]);
      part.positions[i] = all.positions[rows[i]];
    }
    Attend op = part.bound();
    op.pastCapacity = w, op.pastKey = ringKey.data(),
    op.pastValue = ringValue.data();
    op.pastCount = ints(std::as_const(counts));
    op.pastPositions = ringPositions.data();
    Doubles out(rows.size() * h);
    ASSERT_EQ(attend(op, out.data()), "");
    for (size_t i = 0; i < rows.size(); ++i)
      for (int64_t c = 0; c < h; ++c)
        EXPECT_NEAR(out[i * h + c], expected[rows[i] * h + c], 1e-12);

    ConstInts offsets = op.offsets, count = op.pastCount;
    ASSERT_EQ(ringPush<double>({part.key.data(), a + b, z}, offsets, count, w,
                               ringKey.data()),
              "");
    ASSERT_EQ(ringPush<double>({part.value.data(), a + b, h}, offsets, count, w,
                               ringValue.data()),
              "");
    ASSERT_EQ(ringPush<int64_t>({part.positions.data(), a + b, 1}, offsets,
                                count, w, ringPositions.data()),
              "");
    counts[0] += a, counts[1] += b;
  }
  EXPECT_EQ(counts, (Longs{6, 8}));
}
