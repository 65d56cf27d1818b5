//===- VectorizeTest.cpp - vectorised kernels against plain loops ---------===//

#include "KernelRunner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <functional>
#include <random>
#include <sstream>

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

/// The register tile of the schedule fits: no accumulator goes through memory.
TEST(VectorizeCode, PackedGemmKeepsItsRegisters) {
  for (auto [target, registers] :
       {std::pair<const char *, const char *>{"cpu:avx512", "%zmm"},
        {"cpu:avx2", "%ymm"}}) {
    SCOPED_TRACE(target);
    std::string text = KernelRunner::assembly(packedGemm(12, 128, 48), target);
    size_t fused = 0, spills = 0;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      if (line.find(registers) == std::string::npos)
        continue;
      fused += line.find("vfmadd") != std::string::npos;
      spills += line.find("(%rsp)") != std::string::npos;
    }
    EXPECT_GE(fused, 48u);
    EXPECT_EQ(spills, 0u);
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

TEST_P(Vectorize, Transposes) {
  for (auto [fm, fh] :
       {std::pair<int64_t, int64_t>{0, 0}, {48, 16}, {5, 130}}) {
    std::string m = fm ? str(fm) : "?", h = fh ? str(fh) : "?";
    std::string in = "memref<2x" + m + "x" + h + "xf32>";
    std::string out = "memref<" + h + "x2x" + m + "xf32>";
    KernelRunner runner(kernel("tr", "%x: " + in + ", %o: " + out,
                               "linalg.transpose ins(%x : " + in +
                                   ") outs(%o : " + out +
                                   ") permutation = [2, 0, 1]"),
                        "tr", GetParam());
    ASSERT_TRUE(bool(runner));
    for (auto [rows, columns] : {std::pair<int64_t, int64_t>{1, 1},
                                 {16, 48},
                                 {48, 16},
                                 {5, 130},
                                 {33, 7},
                                 {0, 4}}) {
      if (fm && (rows != fm || columns != fh))
        continue;
      SCOPED_TRACE(str(rows) + " " + str(columns));
      Array x(2 * rows * columns), o(2 * rows * columns);
      x.randomize(1);
      runner.run(
          {{x.data, {2, rows, columns, 1}}, {o.data, {columns, 2, rows, 1}}});
      EXPECT_TRUE(o.guarded());
      for (int64_t b = 0; b < 2; ++b)
        for (int64_t i = 0; i < rows; ++i)
          for (int64_t j = 0; j < columns; ++j)
            ASSERT_EQ(o[(j * 2 + b) * rows + i],
                      x[(b * rows + i) * columns + j]);
    }
  }
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

/// A reduction with `maps` of input and output over (a, b) with this body.
static std::string reduction(const std::string &name, const std::string &inMap,
                             const std::string &outMap,
                             const std::string &iterators,
                             const std::string &input,
                             const std::string &output,
                             const std::string &body) {
  return kernel(name, "%x: " + input + ", %o: " + output,
                "    linalg.generic {indexing_maps = [affine_map<(a,b) -> " +
                    inMap + ">, affine_map<(a,b) -> " + outMap +
                    ">], iterator_types = [" + iterators +
                    "]}\n ins(%x : " + input + ") outs(%o : " + output +
                    ") {\n ^bb0(%e: f32, %s: f32):\n" + body +
                    "\n linalg.yield %r : f32\n }");
}

TEST_P(Vectorize, RowSumsAndMaxima) {
  const std::string square = "%q = arith.mulf %e, %e : f32\n"
                             "%r = arith.addf %s, %q : f32";
  const std::string maximum = "%r = arith.maximumf %e, %s : f32";
  for (int64_t fixed : {0, 1, 16, 23, 144}) {
    std::string columns = fixed ? str(fixed) : "?";
    auto make = [&](const std::string &name, const std::string &body) {
      return reduction(name, "(a,b)", "(a)", "\"parallel\", \"reduction\"",
                       "memref<?x" + columns + "xf32>", "memref<?xf32>", body);
    };
    KernelRunner sum(make("sum", square), "sum", GetParam());
    KernelRunner max(make("max", maximum), "max", GetParam());
    ASSERT_TRUE(sum && max);
    for (int64_t h : {1, 16, 23, 64, 144, 200}) {
      if (fixed && h != fixed)
        continue;
      SCOPED_TRACE(columns + " " + str(h));
      int64_t m = 3;
      Array x(m * h), s(m), t(m);
      x.randomize(1, -3, -1);
      for (int i = 0; i < m; ++i) {
        s[i] = float(i);
        t[i] = -100;
      }
      sum.run({{x.data, {m, h, 1, 1}}, {s.data, {m, 1, 1, 1}}});
      max.run({{x.data, {m, h, 1, 1}}, {t.data, {m, 1, 1, 1}}});
      for (int64_t i = 0; i < m; ++i) {
        double want = double(i);
        float best = -100;
        for (int64_t j = 0; j < h; ++j) {
          want += double(x[i * h + j]) * x[i * h + j];
          best = std::max(best, x[i * h + j]);
        }
        EXPECT_NEAR(s[i], want, 2e-6 * want);
        EXPECT_EQ(t[i], best);
      }
    }
  }
}

TEST_P(Vectorize, LeadingAxisReductions) {
  const std::string maximum = "%c = arith.cmpf ogt, %s, %e : f32\n"
                              "%r = arith.select %c, %s, %e : f32";
  const std::string sum = "%r = arith.addf %e, %s : f32";
  for (int64_t fixed : {0, 48, 130}) {
    std::string columns = fixed ? str(fixed) : "?";
    auto make = [&](const std::string &name, const std::string &body) {
      return reduction(name, "(a,b)", "(b)", "\"reduction\", \"parallel\"",
                       "memref<?x" + columns + "xf32>",
                       "memref<" + columns + "xf32>", body);
    };
    KernelRunner add(make("add", sum), "add", GetParam());
    KernelRunner max(make("max", maximum), "max", GetParam());
    ASSERT_TRUE(add && max);
    for (int64_t q : {1, 48, 130})
      for (int64_t k : {0, 1, 7}) {
        if (fixed && q != fixed)
          continue;
        SCOPED_TRACE(columns + " " + str(q) + " " + str(k));
        Array x(k * q), s(q), t(q);
        x.randomize(1);
        s.randomize(2);
        t.randomize(3, -0.5f, 0);
        std::vector<double> sums(q), best(q);
        for (int64_t j = 0; j < q; ++j) {
          sums[j] = s[j];
          best[j] = t[j];
          for (int64_t i = 0; i < k; ++i) {
            sums[j] += x[i * q + j];
            best[j] = std::max<double>(best[j], x[i * q + j]);
          }
        }
        add.run({{x.data, {k, q, 1, 1}}, {s.data, {q, 1, 1, 1}}});
        max.run({{x.data, {k, q, 1, 1}}, {t.data, {q, 1, 1, 1}}});
        EXPECT_TRUE(s.guarded() && t.guarded());
        for (int64_t j = 0; j < q; ++j) {
          EXPECT_NEAR(s[j], sums[j], 1e-5);
          EXPECT_EQ(t[j], best[j]);
        }
      }
  }
}

/// A body that is no plain combination: the index of the first largest element,
/// per row. Lanes have to run over rows then.
TEST_P(Vectorize, ArgumentOfMaximum) {
  std::string text = kernel("arg",
                            "%x: memref<?x?xf32>, %v: memref<?xf32>, "
                            "%i: memref<?xi32>",
                            R"(
    linalg.generic {indexing_maps = [affine_map<(m,h) -> (m,h)>,
        affine_map<(m,h) -> (m)>, affine_map<(m,h) -> (m)>],
        iterator_types = ["parallel", "reduction"]}
        ins(%x : memref<?x?xf32>) outs(%v, %i : memref<?xf32>, memref<?xi32>) {
      ^bb0(%a: f32, %best: f32, %at: i32):
        %n = linalg.index 1 : index
        %j = arith.index_cast %n : index to i32
        %c = arith.cmpf ogt, %a, %best : f32
        %b = arith.select %c, %a, %best : f32
        %w = arith.select %c, %j, %at : i32
        linalg.yield %b, %w : f32, i32
    })");
  KernelRunner runner(text, "arg", GetParam());
  ASSERT_TRUE(bool(runner));
  int64_t m = 21, h = 9;
  Array x(m * h), v(m);
  x.randomize(1);
  std::vector<int32_t> at(m + 1, -1);
  for (int64_t i = 0; i < m; ++i)
    v[i] = -2;
  runner.run({{x.data, {m, h, 1, 1}},
              {v.data, {m, 1, 1, 1}},
              {at.data(), {m, 1, 1, 1}}});
  for (int64_t i = 0; i < m; ++i) {
    float *row = x.data + i * h;
    int64_t want = std::max_element(row, row + h) - row;
    EXPECT_EQ(at[i], want);
    EXPECT_EQ(v[i], row[want]);
  }
  EXPECT_EQ(at[m], -1);
}

//===----------------------------------------------------------------------===//
// Math
//===----------------------------------------------------------------------===//

/// o = f(x) elementwise; an op's name, "sigmoid" or "softplus".
static std::string function(const std::string &op) {
  std::string body = "%r = " + op + " %a : f32";
  if (op == "sigmoid")
    body = R"(%one = arith.constant 1.0 : f32
        %n = arith.negf %a : f32
        %e = math.exp %n : f32
        %d = arith.addf %one, %e : f32
        %r = arith.divf %one, %d : f32)";
  if (op == "softplus")
    body = R"(%one = arith.constant 1.0 : f32
        %nil = arith.constant 0.0 : f32
        %s = math.absf %a : f32
        %n = arith.negf %s : f32
        %e = math.exp %n : f32
        %d = arith.addf %one, %e : f32
        %l = math.log %d : f32
        %m = arith.maximumf %a, %nil : f32
        %r = arith.addf %m, %l : f32)";
  return kernel("f", "%x: memref<?xf32>, %o: memref<?xf32>", R"(
    linalg.generic {indexing_maps = [affine_map<(a) -> (a)>,
        affine_map<(a) -> (a)>], iterator_types = ["parallel"]}
        ins(%x : memref<?xf32>) outs(%o : memref<?xf32>) {
      ^bb0(%a: f32, %u: f32):
        )" + body + R"(
        linalg.yield %r : f32
    })");
}

static std::vector<float> evaluate(const std::string &op,
                                   const std::string &target,
                                   const std::vector<float> &inputs) {
  KernelRunner runner(function(op), "f", target);
  if (!runner)
    return {};
  int64_t n = inputs.size();
  Array x(n), o(n);
  std::copy(inputs.begin(), inputs.end(), x.data);
  runner.run({{x.data, {n, 1, 1, 1}}, {o.data, {n, 1, 1, 1}}});
  EXPECT_TRUE(o.guarded());
  return {o.data, o.data + n};
}

static std::vector<float> grid(float low, float high, int count) {
  std::vector<float> values(count);
  for (int i = 0; i < count; ++i)
    values[i] = low + (high - low) * float(i) / float(count - 1);
  return values;
}

/// Largest error of `op` on [low, high], relative to |f| or, where that is
/// smaller, to `floor`. It may grow by `growth` per unit of |x|.
static void checkFunction(const std::string &op, const std::string &target,
                          double (*f)(double), float low, float high,
                          double tolerance, double floor, double growth = 0) {
  SCOPED_TRACE(op);
  std::vector<float> x = grid(low, high, 200001);
  std::vector<float> y = evaluate(op, target, x);
  ASSERT_EQ(x.size(), y.size());
  double worst = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    double want = f(x[i]);
    double error = std::abs(y[i] - want) / std::max(std::abs(want), floor) -
                   growth * std::abs(x[i]);
    if (!(error <= worst))
      worst = error;
  }
  EXPECT_LE(worst, tolerance);
}

/// The short form of exp rounds x log2(e) (passes/Transforms/ExpandMath.cpp).
static double expGrowth(const std::string &target) {
  return target == "cpu:avx512" ? 7e-8 : 0;
}

TEST_P(Vectorize, MathIsAccurate) {
  const std::string &t = GetParam();
  double growth = expGrowth(t);
  checkFunction("math.exp", t, std::exp, -86, 88, 2e-7, 0, growth);
  checkFunction("math.exp", t, std::exp, -1, 1, 2e-7, 0, growth);
  // Decays close to 1, whose errors add up over rows.
  checkFunction("math.exp", t, std::exp, -1e-2f, 0, 1.2e-7, 0);
  checkFunction("math.exp2", t, std::exp2, -30, 30, 2e-6, 0);
  checkFunction("math.log", t, std::log, 1e-30f, 1e3f, 1.5e-7, 1e-30);
  checkFunction("math.log", t, std::log, 0.5f, 2.0f, 1.5e-7, 1e-30);
  checkFunction("math.log", t, std::log, 1e-42f, 1e-38f, 1.5e-7, 1e-30);
  checkFunction("math.log1p", t, std::log1p, -0.9f, 10, 3e-7, 1e-30);
  checkFunction("math.log1p", t, std::log1p, 0, 1e-4f, 3e-7, 1e-30);
  checkFunction(
      "sigmoid", t, [](double x) { return 1 / (1 + std::exp(-x)); }, -80, 80,
      4e-7, 0, growth);
  // Small results are exact to their own size, as 1 + exp would not be.
  checkFunction(
      "softplus", t,
      [](double x) {
        return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
      },
      -80, 80, 4e-7, 0, growth);
  checkFunction("math.erf", t, std::erf, -6, 6, 5e-7, 1);
  checkFunction("math.tanh", t, std::tanh, -10, 10, 4e-7, 1e-30);
  checkFunction(
      "math.rsqrt", t, [](double x) { return 1 / std::sqrt(x); }, 1e-3f, 100,
      2e-7, 0);
  checkFunction("math.sqrt", t, std::sqrt, 0, 100, 1e-7, 1e-30);
  checkFunction("math.sin", t, std::sin, -3, 3, 1e-6, 1);
  checkFunction("math.floor", t, std::floor, -3, 3, 0, 1);
  checkFunction("math.ceil", t, std::ceil, -3e9f, 3e9f, 0, 1);
  checkFunction("math.trunc", t, std::trunc, -3, 3, 0, 1);
}

TEST_P(Vectorize, MathAtTheEdges) {
  float inf = INFINITY, nan = NAN;
  auto e =
      evaluate("math.exp", GetParam(),
               {-inf, -1e30f, -104, -88, 0, 88.8f, 1e30f, inf, nan, 88.7f});
  ASSERT_EQ(e.size(), 10u);
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(e[i], 0) << i;
  EXPECT_EQ(e[4], 1);
  EXPECT_EQ(e[5], inf);
  EXPECT_EQ(e[6], inf);
  EXPECT_EQ(e[7], inf);
  EXPECT_TRUE(std::isnan(e[8]));
  EXPECT_NEAR(e[9] / std::exp(double(88.7f)), 1,
              2e-7 + 88.7 * expGrowth(GetParam()));
  auto l = evaluate("math.log", GetParam(), {0, -1, 1, inf, nan, -inf});
  ASSERT_EQ(l.size(), 6u);
  EXPECT_EQ(l[0], -inf);
  EXPECT_TRUE(std::isnan(l[1]));
  EXPECT_EQ(l[2], 0);
  EXPECT_EQ(l[3], inf);
  EXPECT_TRUE(std::isnan(l[4]) && std::isnan(l[5]));
  auto p = evaluate("math.log1p", GetParam(), {0, -1, inf, nan, -2});
  ASSERT_EQ(p.size(), 5u);
  EXPECT_EQ(p[0], 0);
  EXPECT_EQ(p[1], -inf);
  EXPECT_EQ(p[2], inf);
  EXPECT_TRUE(std::isnan(p[3]) && std::isnan(p[4]));
  auto s = evaluate("sigmoid", GetParam(), {0, -inf, inf, nan, -1e30f, 1e30f});
  ASSERT_EQ(s.size(), 6u);
  EXPECT_EQ(s[0], 0.5f);
  EXPECT_LT(s[1], 2e-38f);
  EXPECT_EQ(s[2], 1);
  EXPECT_TRUE(std::isnan(s[3]));
  EXPECT_LT(s[4], 2e-38f);
  EXPECT_EQ(s[5], 1);
  auto o = evaluate("softplus", GetParam(), {-inf, inf, nan, 1e30f, -1e30f});
  ASSERT_EQ(o.size(), 5u);
  EXPECT_EQ(o[0], 0);
  EXPECT_EQ(o[1], inf);
  EXPECT_TRUE(std::isnan(o[2]));
  EXPECT_EQ(o[3], 1e30f);
  EXPECT_EQ(o[4], 0);
  auto h = evaluate("math.tanh", GetParam(), {0, -inf, inf, nan});
  ASSERT_EQ(h.size(), 4u);
  EXPECT_EQ(h[0], 0);
  EXPECT_EQ(h[1], -1);
  EXPECT_EQ(h[2], 1);
  EXPECT_TRUE(std::isnan(h[3]));
  auto g = evaluate("math.erf", GetParam(), {0, -inf, inf, nan});
  ASSERT_EQ(g.size(), 4u);
  EXPECT_EQ(g[0], 0);
  EXPECT_NEAR(g[1], -1, 1.2e-7);
  EXPECT_NEAR(g[2], 1, 1.2e-7);
  EXPECT_TRUE(std::isnan(g[3]));
}

//===----------------------------------------------------------------------===//
// Speed (shown, not judged: run with --gtest_also_run_disabled_tests)
//===----------------------------------------------------------------------===//

/// Processor time: machines that run tests are busy.
static double bestSeconds(int repeats, const std::function<void()> &run) {
  auto now = [] {
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return double(time.tv_sec) + 1e-9 * double(time.tv_nsec);
  };
  double best = 1e9;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    double start = now();
    run();
    best = std::min(best, now() - start);
  }
  return best;
}

TEST_P(Vectorize, DISABLED_SpeedOfPackedGemm) {
  for (auto [k, panels] : {std::pair<int64_t, int64_t>{128, 12}, {616, 54}}) {
    int64_t p = 48;
    KernelRunner gemm(packedGemm(panels, k, p), "gemm", GetParam());
    ASSERT_TRUE(bool(gemm));
    for (int64_t m : {64, 61, 16, 4, 1}) {
      Array a(m * k), b(panels * k * p), c(m * panels * p);
      a.randomize(1);
      b.randomize(2);
      std::vector<SeqcBuffer> args = {{a.data, {m, k, 1, 1}},
                                      {b.data, {panels, k, p, 1}},
                                      {c.data, {m, panels, p, 1}}};
      double best = bestSeconds(k < 200 ? 200 : 20, [&] { gemm.run(args); });
      std::printf("k %ld n %ld m %ld: %.1f GFLOP/s\n", long(k),
                  long(panels * p), long(m), 2e-9 * m * k * panels * p / best);
    }
  }
}

TEST_P(Vectorize, DISABLED_SpeedOfFunctions) {
  for (const char *op :
       {"math.exp", "math.log", "math.erf", "math.tanh", "sigmoid"}) {
    KernelRunner runner(function(op), "f", GetParam());
    ASSERT_TRUE(bool(runner));
    for (float low : {-1.0f, -1e30f}) {
      int64_t n = 4096;
      Array x(n), o(n);
      x.randomize(1, low, low < -1 ? low / 2 : 1);
      std::vector<SeqcBuffer> args = {{x.data, {n, 1, 1, 1}},
                                      {o.data, {n, 1, 1, 1}}};
      double best = bestSeconds(500, [&] { runner.run(args); });
      std::printf("%s from %g: %.2f G/s\n", op, low, 1e-9 * n / best);
    }
  }
}
