//===- VectorizeTest.cpp - vectorised kernels against plain loops ---------===//

#include "KernelRunner.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <random>

using namespace seqc;
using test::KernelRunner;

namespace {

/// Values with 64-byte alignment and a guard behind the end.
struct Array {
  static constexpr float kGuard = 12345.5f;
  std::vector<float> storage;
  float *data;
  int64_t size;

  explicit Array(int64_t size) : storage(size + 32, kGuard), size(size) {
    auto address = reinterpret_cast<uintptr_t>(storage.data());
    data = reinterpret_cast<float *>((address + 63) / 64 * 64);
    std::fill(data, data + size, 0.0f);
  }
  void randomize(unsigned seed, float low = -1, float high = 1) {
    std::mt19937 engine(seed);
    std::uniform_real_distribution<float> draw(low, high);
    for (int64_t i = 0; i < size; ++i)
      data[i] = draw(engine);
  }
  bool guarded() const { return data[size] == kGuard; }
  float &operator[](int64_t i) { return data[i]; }
};

std::string str(int64_t value) { return std::to_string(value); }

/// A kernel of one task around `body`.
std::string kernel(const std::string &name, const std::string &args,
                   const std::string &body, const std::string &schedule = "") {
  return "func.func private @" + name + "(" + args +
         ", %scratch: memref<?xi8>) attributes {seqc.kernel, seqc.scratch = "
         "64 : i64" +
         (schedule.empty() ? "" : ", seqc.schedule = " + schedule) +
         "} {\n  %c0 = arith.constant 0 : index\n  %zero = arith.constant 0.0 "
         ": f32\n  scf.forall (%task) in (1) {\n" +
         body + "\n  }\n  return\n}\n";
}

class Vectorize : public ::testing::TestWithParam<std::string> {};

} // namespace

INSTANTIATE_TEST_SUITE_P(Targets, Vectorize,
                         ::testing::ValuesIn(codegen::runnableCpuTargets()),
                         [](const auto &info) {
                           return info.param.substr(info.param.find(':') + 1);
                         });

//===----------------------------------------------------------------------===//
// Contractions
//===----------------------------------------------------------------------===//

static std::string packedGemm(int64_t panels, int64_t k, int64_t p) {
  std::string a = "memref<?x" + str(k) + "xf32>";
  std::string b =
      "memref<" + str(panels) + "x" + str(k) + "x" + str(p) + "xf32>";
  std::string c = "memref<?x" + str(panels) + "x" + str(p) + "xf32>";
  return kernel("gemm", "%a: " + a + ", %b: " + b + ", %c: " + c,
                R"(
    linalg.fill ins(%zero : f32) outs(%c : )" +
                    c + R"()
    linalg.generic {indexing_maps = [affine_map<(m,n0,n1,k) -> (m,k)>,
        affine_map<(m,n0,n1,k) -> (n0,k,n1)>, affine_map<(m,n0,n1,k) -> (m,n0,n1)>],
        iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
        ins(%a, %b : )" +
                    a + ", " + b + ") outs(%c : " + c +
                    R"() {
      ^bb0(%x: f32, %w: f32, %s: f32):
        %p = arith.mulf %x, %w : f32
        %t = arith.addf %s, %p : f32
        linalg.yield %t : f32
    })");
}

static void checkGemm(const KernelRunner &gemm, int64_t m, int64_t panels,
                      int64_t k, int64_t p) {
  SCOPED_TRACE("m " + str(m) + " k " + str(k) + " n " + str(panels * p));
  Array a(m * k), b(panels * k * p), c(m * panels * p);
  a.randomize(1);
  b.randomize(2);
  c.randomize(3); // overwritten
  gemm.run({{a.data, {m, k, 1, 1}},
            {b.data, {panels, k, p, 1}},
            {c.data, {m, panels, p, 1}}});
  EXPECT_TRUE(c.guarded());
  double worst = 0;
  for (int64_t i = 0; i < m; ++i)
    for (int64_t n0 = 0; n0 < panels; ++n0)
      for (int64_t n1 = 0; n1 < p; ++n1) {
        double sum = 0;
        for (int64_t j = 0; j < k; ++j)
          sum += double(a[i * k + j]) * b[(n0 * k + j) * p + n1];
        worst = std::max(worst, std::abs(sum - c[(i * panels + n0) * p + n1]));
      }
  EXPECT_LT(worst, 1e-7 * (k + 8));
}

TEST_P(Vectorize, PackedGemm) {
  for (auto [panels, k, p] : {std::tuple<int64_t, int64_t, int64_t>{2, 37, 48},
                              {1, 1, 48},
                              {3, 128, 24},
                              {1, 64, 10}}) {
    KernelRunner gemm(packedGemm(panels, k, p), "gemm", GetParam());
    ASSERT_TRUE(bool(gemm));
    for (int64_t m : {0, 1, 2, 3, 4, 5, 7, 8, 13, 64})
      checkGemm(gemm, m, panels, k, p);
  }
}

/// C(j,q) += sum over c of A(c,j) * B(c,q) on slices, all extents dynamic.
TEST_P(Vectorize, SlicedContraction) {
  const char *slice = "memref<?x?xf32, strided<[?, 1], offset: ?>>";
  std::string full = "memref<?x?xf32>";
  std::string s = slice;
  auto view = [&](const char *name, const char *from, const char *rows,
                  const char *columns) {
    return std::string("    %") + name + " = memref.subview %" + from +
           "[1, 2] [%" + rows + ", %" + columns +
           "] [1, 1] : " + "memref<?x?xf32> to " + s + "\n";
  };
  std::string text =
      kernel("slices", "%a: " + full + ", %b: " + full + ", %c: " + full,
             R"(
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %kp = memref.dim %a, %c0 : memref<?x?xf32>
    %jp = memref.dim %a, %c1 : memref<?x?xf32>
    %qp = memref.dim %b, %c1 : memref<?x?xf32>
    %k = arith.subi %kp, %c1 : index
    %j = arith.subi %jp, %c2 : index
    %q = arith.subi %qp, %c2 : index
)" + view("as", "a", "k", "j") +
                 view("bs", "b", "k", "q") + view("cs", "c", "j", "q") + R"(
    linalg.generic {indexing_maps = [affine_map<(j,q,c) -> (c,j)>,
        affine_map<(j,q,c) -> (c,q)>, affine_map<(j,q,c) -> (j,q)>],
        iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%as, %bs : )" +
                 s + ", " + s + ") outs(%cs : " + s +
                 R"() {
      ^bb0(%x: f32, %w: f32, %t: f32):
        %p = arith.mulf %w, %x : f32
        %u = arith.addf %p, %t : f32
        linalg.yield %u : f32
    })");
  KernelRunner runner(text, "slices", GetParam());
  ASSERT_TRUE(bool(runner));
  for (auto [j, q, k] : {std::tuple<int64_t, int64_t, int64_t>{1, 2, 1},
                         {5, 130, 37},
                         {64, 48, 8},
                         {9, 17, 0}}) {
    SCOPED_TRACE(str(j) + " " + str(q) + " " + str(k));
    Array a((k + 1) * (j + 2)), b((k + 1) * (q + 2)), c((j + 1) * (q + 2));
    a.randomize(1);
    b.randomize(2);
    c.randomize(3);
    Array want = c;
    want.data = want.storage.data() + (c.data - c.storage.data());
    for (int64_t r = 0; r < j; ++r)
      for (int64_t n = 0; n < q; ++n) {
        double sum = want[(r + 1) * (q + 2) + n + 2];
        for (int64_t i = 0; i < k; ++i)
          sum += double(a[(i + 1) * (j + 2) + r + 2]) *
                 b[(i + 1) * (q + 2) + n + 2];
        want[(r + 1) * (q + 2) + n + 2] = float(sum);
      }
    runner.run({{a.data, {k + 1, j + 2, 1, 1}},
                {b.data, {k + 1, q + 2, 1, 1}},
                {c.data, {j + 1, q + 2, 1, 1}}});
    EXPECT_TRUE(c.guarded());
    for (int64_t i = 0; i < c.size; ++i)
      ASSERT_NEAR(c[i], want[i], 1e-5) << i;
  }
}

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

TEST_P(Vectorize, ElementwiseBroadcastsAndIndices) {
  // o(m,h) = x(m,h) * g(h) + r(m) + float(h), and a copy of x transposed.
  std::string text = kernel("ew",
                            "%x: memref<?x?xf32>, %g: memref<?xf32>, %r: "
                            "memref<?xf32>, %o: memref<?x?xf32>, "
                            "%t: memref<?x?xf32>",
                            R"(
    linalg.generic {indexing_maps = [affine_map<(m,h) -> (m,h)>,
        affine_map<(m,h) -> (h)>, affine_map<(m,h) -> (m)>,
        affine_map<(m,h) -> (m,h)>, affine_map<(m,h) -> (h,m)>],
        iterator_types = ["parallel", "parallel"]}
        ins(%x, %g, %r : memref<?x?xf32>, memref<?xf32>, memref<?xf32>)
        outs(%o, %t : memref<?x?xf32>, memref<?x?xf32>) {
      ^bb0(%a: f32, %b: f32, %c: f32, %u: f32, %v: f32):
        %i = linalg.index 1 : index
        %j = arith.index_cast %i : index to i32
        %f = arith.sitofp %j : i32 to f32
        %p = arith.mulf %a, %b : f32
        %q = arith.addf %p, %c : f32
        %s = arith.addf %q, %f : f32
        linalg.yield %s, %a : f32, f32
    })");
  KernelRunner runner(text, "ew", GetParam());
  ASSERT_TRUE(bool(runner));
  for (auto [m, h] : {std::pair<int64_t, int64_t>{0, 5},
                      {1, 1},
                      {3, 16},
                      {5, 130},
                      {17, 31}}) {
    SCOPED_TRACE(str(m) + " " + str(h));
    Array x(m * h), g(h), r(m), o(m * h), t(m * h);
    x.randomize(1);
    g.randomize(2);
    r.randomize(3);
    runner.run({{x.data, {m, h, 1, 1}},
                {g.data, {h, 1, 1, 1}},
                {r.data, {m, 1, 1, 1}},
                {o.data, {m, h, 1, 1}},
                {t.data, {h, m, 1, 1}}});
    EXPECT_TRUE(o.guarded() && t.guarded());
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < h; ++j) {
        ASSERT_NEAR(o[i * h + j], x[i * h + j] * g[j] + r[i] + j, 2e-5);
        ASSERT_EQ(t[j * m + i], x[i * h + j]);
      }
  }
}

TEST_P(Vectorize, PairsAndGathers) {
  // Rotary-like: even and odd lanes of x, and a table read at a computed index.
  std::string text = kernel("pairs",
                            "%x: memref<?x?x2xf32>, %tab: memref<?xf32>, "
                            "%pos: memref<?xi32>, %o: memref<?x?xf32>",
                            R"(
    linalg.generic {indexing_maps = [affine_map<(m,c) -> (m,c,0)>,
        affine_map<(m,c) -> (m,c,1)>, affine_map<(m,c) -> (m)>,
        affine_map<(m,c) -> (m,c)>],
        iterator_types = ["parallel", "parallel"]}
        ins(%x, %x, %pos : memref<?x?x2xf32>, memref<?x?x2xf32>, memref<?xi32>)
        outs(%o : memref<?x?xf32>) {
      ^bb0(%a: f32, %b: f32, %p: i32, %u: f32):
        %i = linalg.index 1 : index
        %j = arith.index_cast %i : index to i32
        %three = arith.constant 3 : i32
        %k = arith.addi %j, %p : i32
        %w = arith.remsi %k, %three : i32
        %z = arith.index_cast %w : i32 to index
        %e = memref.load %tab[%z] : memref<?xf32>
        %d = arith.subf %a, %b : f32
        %s = arith.mulf %d, %e : f32
        linalg.yield %s : f32
    })");
  KernelRunner runner(text, "pairs", GetParam());
  ASSERT_TRUE(bool(runner));
  for (int64_t h : {1, 16, 21}) {
    int64_t m = 3;
    Array x(m * h * 2), tab(3), o(m * h);
    x.randomize(1);
    tab.randomize(2);
    int32_t pos[3] = {5, 0, 1};
    runner.run({{x.data, {m, h, 2, 1}},
                {tab.data, {3, 1, 1, 1}},
                {pos, {m, 1, 1, 1}},
                {o.data, {m, h, 1, 1}}});
    EXPECT_TRUE(o.guarded());
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < h; ++j)
        ASSERT_NEAR(o[i * h + j],
                    (x[(i * h + j) * 2] - x[(i * h + j) * 2 + 1]) *
                        tab[(j + pos[i]) % 3],
                    1e-6);
  }
}

//===----------------------------------------------------------------------===//
// Speed (shown, not judged: run with --gtest_also_run_disabled_tests)
//===----------------------------------------------------------------------===//

TEST(VectorizeSpeed, DISABLED_PackedGemm) {
  int64_t k = 128, panels = 12, p = 48;
  KernelRunner gemm(packedGemm(panels, k, p), "gemm", "cpu");
  ASSERT_TRUE(bool(gemm));
  for (int64_t m : {64, 4, 1}) {
    Array a(m * k), b(panels * k * p), c(m * panels * p);
    a.randomize(1);
    b.randomize(2);
    double best = 1e9;
    for (int repeat = 0; repeat < 200; ++repeat) {
      auto start = std::chrono::steady_clock::now();
      gemm.run({{a.data, {m, k, 1, 1}},
                {b.data, {panels, k, p, 1}},
                {c.data, {m, panels, p, 1}}});
      best = std::min(best, std::chrono::duration<double>(
                                std::chrono::steady_clock::now() - start)
                                .count());
    }
    std::printf("m %ld: %.1f GFLOP/s\n", long(m),
                2e-9 * m * k * panels * p / best);
  }
}
