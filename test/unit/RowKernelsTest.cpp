//===- RowKernelsTest.cpp - row movement against plain loops --------------===//

#include "KernelRunner.h"
#include "TestData.h"

#include "codegen/cpu/CpuTarget.h"

#include <gtest/gtest.h>

#include <algorithm>

using namespace seqc;
using namespace seqc::test;

/// `op` in a kernel with one task.
static KernelRunner compileRows(const std::string &arguments,
                                const std::string &op,
                                const std::string &target = "cpu") {
  return KernelRunner("func.func private @kernel(" + arguments +
                          ", %scratch: memref<?xi8>) attributes {seqc.kernel, "
                          "seqc.scratch = 0 : i64} {\n  scf.forall (%task) in "
                          "(1) {\n    " +
                          op + "\n  }\n  return\n}\n",
                      "kernel", target);
}

static std::string rows(int64_t width, const char *element = "f32") {
  return "memref<?x" + std::to_string(width) + "x" + element + ">";
}

/// `count` different rows below `extent`, in no order.
static std::vector<int32_t> pickRows(Numbers &numbers, int32_t extent,
                                     size_t count) {
  std::vector<int32_t> picked(extent);
  for (int32_t i = 0; i < extent; ++i)
    picked[i] = i;
  for (int32_t i = extent - 1; i > 0; --i)
    std::swap(picked[i], picked[numbers.next() % (i + 1)]);
  picked.resize(count);
  return picked;
}

//===----------------------------------------------------------------------===//
// gather_rows, scatter_rows
//===----------------------------------------------------------------------===//

TEST(RowKernels, GatherRows) {
  Numbers numbers(1);
  for (int64_t width : {1, 7, 16, 60, 128, 200}) {
    SCOPED_TRACE(width);
    std::string type = rows(width);
    KernelRunner kernel =
        compileRows("%x: " + type + ", %i: memref<?xi32>, %y: " + type,
                    "seqc.gather_rows ins(%x, %i : " + type +
                        ", memref<?xi32>) outs(%y : " + type + ")");
    ASSERT_TRUE(bool(kernel));
    std::vector<float> x = numbers.vector(9 * width, -1, 1);
    std::vector<float> y(5 * width + 1, 42.0f);
    std::vector<int32_t> index = pickRows(numbers, 9, 7); // longer than y
    kernel.run(
        {buffer(x, {9, width}), buffer(index, {7}), buffer(y, {5, width})});
    for (int64_t i = 0; i < 5 * width; ++i)
      ASSERT_EQ(y[i], x[index[i / width] * width + i % width]) << i;
    EXPECT_EQ(y.back(), 42.0f);
  }
}

TEST(RowKernels, GatherElements) {
  Numbers numbers(2);
  KernelRunner kernel =
      compileRows("%x: memref<?xi32>, %i: memref<?xi32>, %y: memref<?xi32>",
                  "seqc.gather_rows ins(%x, %i : memref<?xi32>, memref<?xi32>) "
                  "outs(%y : memref<?xi32>)");
  ASSERT_TRUE(bool(kernel));
  for (size_t count : {0, 3, 16, 37}) {
    std::vector<int32_t> x = pickRows(numbers, 50, 50);
    std::vector<int32_t> index = pickRows(numbers, 50, count);
    std::vector<int32_t> y(count + 1, -5);
    kernel.run({buffer(x, {50}), buffer(index, {int64_t(count)}),
                buffer(y, {int64_t(count)})});
    for (size_t i = 0; i < count; ++i)
      ASSERT_EQ(y[i], x[index[i]]);
    EXPECT_EQ(y[count], -5);
  }
}

static void checkScatter(const std::string &mode, bool scaled, int64_t width,
                         const std::string &target) {
  SCOPED_TRACE(mode + (scaled ? " scaled, " : ", ") + std::to_string(width) +
               " on " + target);
  Numbers numbers(width);
  std::string type = rows(width);
  KernelRunner kernel = compileRows(
      "%x: " + type + ", %i: memref<?xi32>, %s: memref<?xf32>, %y: " + type,
      "seqc.scatter_rows " + mode + " ins(%x, %i : " + type +
          ", memref<?xi32>) " + (scaled ? "scale(%s : memref<?xf32>) " : "") +
          "outs(%y : " + type + ")",
      target);
  ASSERT_TRUE(bool(kernel));
  std::vector<float> x = numbers.vector(4 * width, -1, 1);
  std::vector<float> scale = numbers.vector(6, 0, 1);
  std::vector<float> y = numbers.vector(6 * width, -1, 1), expected = y;
  std::vector<int32_t> index = pickRows(numbers, 6, 4);
  for (int64_t i = 0; i < 4 * width; ++i) {
    float &entry = expected[index[i / width] * width + i % width];
    float value = x[i] * (scaled ? scale[index[i / width]] : 1);
    entry = mode == "add" ? entry + value : value;
  }
  kernel.run({buffer(x, {4, width}), buffer(index, {4}), buffer(scale, {6}),
              buffer(y, {6, width})});
  for (int64_t i = 0; i < 6 * width; ++i)
    ASSERT_NEAR(y[i], expected[i], 1e-6) << i;
}

TEST(RowKernels, ScatterRows) {
  for (const std::string &target : codegen::runnableCpuTargets())
    for (const char *mode : {"set", "add"})
      for (bool scaled : {false, true})
        for (int64_t width : {3, 16, 53})
          checkScatter(mode, scaled, width, target);
}

//===----------------------------------------------------------------------===//
// compress
//===----------------------------------------------------------------------===//

static void checkCompress(const KernelRunner &kernel,
                          const std::vector<int32_t> &lengths,
                          uint32_t density) {
  Numbers numbers(density + lengths.size());
  std::vector<int32_t> offsets{0}, active;
  for (int32_t length : lengths)
    offsets.push_back(offsets.back() + length);
  for (int32_t t = 0; t < offsets.back(); ++t)
    active.push_back(numbers.next() % 100 < density ? 1 + t % 3 : 0);
  size_t total = active.size();
  std::vector<int32_t> index(total + 1, -7), packed(offsets.size(), -7);
  std::vector<int32_t> wantIndex(total + 1, -7), wantPacked;
  int32_t kept = 0;
  for (size_t b = 0; b < lengths.size(); ++b) {
    wantPacked.push_back(kept);
    for (int32_t t = offsets[b]; t < offsets[b + 1]; ++t)
      if (active[t])
        wantIndex[kept++] = t;
  }
  wantPacked.push_back(kept);
  auto count = [](auto &values) { return static_cast<int64_t>(values.size()); };
  kernel.run({buffer(active, {count(active)}),
              buffer(offsets, {count(offsets)}), buffer(index, {count(active)}),
              buffer(packed, {count(packed)})});
  EXPECT_EQ(index, wantIndex);
  EXPECT_EQ(packed, wantPacked);
}

TEST(RowKernels, Compress) {
  for (const std::string &target : codegen::runnableCpuTargets()) {
    SCOPED_TRACE(target);
    KernelRunner kernel = compileRows(
        "%a: memref<?xi32>, %o: memref<?xi32>, %i: memref<?xi32>, %p: "
        "memref<?xi32>",
        "seqc.compress ins(%a, %o : memref<?xi32>, memref<?xi32>) "
        "outs(%i, %p : memref<?xi32>, memref<?xi32>)",
        target);
    ASSERT_TRUE(bool(kernel));
    for (uint32_t density : {0, 30, 100}) {
      checkCompress(kernel, {}, density);
      checkCompress(kernel, {0, 1, 0}, density);
      checkCompress(kernel, {16}, density);
      checkCompress(kernel, {5, 0, 33, 16, 100}, density);
    }
  }
}

//===----------------------------------------------------------------------===//
// ring_push
//===----------------------------------------------------------------------===//

namespace {
struct Push {
  int32_t rows, count; ///< pushed now, pushed before
};
} // namespace

/// Rings of entries of `width` numbers, numbered by when they were pushed;
/// `width` 0 stands for rank-2 rings.
static void checkPush(int64_t window, int64_t width,
                      const std::vector<Push> &pushes,
                      const std::string &target) {
  SCOPED_TRACE("window " + std::to_string(window) + " width " +
               std::to_string(width) + " on " + target);
  std::string row = width ? "x" + std::to_string(width) : "";
  std::string source = "memref<?" + row + "xi32>";
  std::string ring = "memref<?x" + std::to_string(window) + row + "xi32>";
  KernelRunner kernel = compileRows(
      "%x: " + source + ", %o: memref<?xi32>, %n: memref<?xi32>, %r: " + ring,
      "seqc.ring_push ins(%x, %o, %n : " + source +
          ", memref<?xi32>, memref<?xi32>) outs(%r : " + ring + ")",
      target);
  ASSERT_TRUE(bool(kernel));
  int64_t entry = std::max<int64_t>(width, 1);
  std::vector<int32_t> offsets{0}, counts, x, before, after;
  auto append = [&](std::vector<int32_t> &to, int32_t sequence, int32_t age) {
    for (int64_t j = 0; j < entry; ++j)
      to.push_back(1000000 * (sequence + 1) + 1000 * (age + 1) + int32_t(j));
  };
  auto fill = [&](std::vector<int32_t> &to, int32_t sequence, int32_t total) {
    // Entry number e is in slot e mod w.
    for (int32_t slot = 0; slot < window; ++slot) {
      int32_t rounds = (total - 1 - slot) / int32_t(window);
      if (slot < total)
        append(to, sequence, slot + rounds * int32_t(window));
      else
        to.resize(to.size() + entry, 0);
    }
  };
  for (size_t b = 0; b < pushes.size(); ++b) {
    auto [rows, count] = pushes[b];
    for (int32_t i = 0; i < rows; ++i)
      append(x, b, count + i);
    offsets.push_back(offsets.back() + rows);
    counts.push_back(count);
    fill(before, b, count);
    fill(after, b, count + rows);
  }
  int64_t sequences = pushes.size(), total = offsets.back();
  kernel.run({buffer(x, {total, entry}), buffer(offsets, {sequences + 1}),
              buffer(counts, {sequences}),
              buffer(before, {sequences, window, entry})});
  EXPECT_EQ(before, after);
}

TEST(RowKernels, RingPush) {
  std::vector<Push> pushes = {{0, 0}, {0, 3},  {1, 0},  {2, 3},  {5, 8},
                              {8, 2}, {30, 5}, {3, 40}, {40, 0}, {7, 7}};
  for (const std::string &target : codegen::runnableCpuTargets())
    for (int64_t window : {1, 8, 40})
      for (int64_t width : {0, 1, 20, 48})
        checkPush(window, width, pushes, target);
}

//===----------------------------------------------------------------------===//
// pool
//===----------------------------------------------------------------------===//

TEST(RowKernels, PoolMean) {
  for (int64_t width : {1, 16, 45, 300}) {
    SCOPED_TRACE(width);
    std::string type = rows(width);
    KernelRunner kernel =
        compileRows("%x: " + type + ", %o: memref<?xi32>, %y: " + type,
                    "seqc.pool mean ins(%x, %o : " + type +
                        ", memref<?xi32>) outs(%y : " + type + ")");
    ASSERT_TRUE(bool(kernel));
    std::vector<int32_t> offsets = {0, 5, 5, 6, 38};
    Numbers numbers(width);
    std::vector<float> x = numbers.vector(38 * width, -1, 1);
    std::vector<float> y(4 * width, 42.0f);
    kernel.run(
        {buffer(x, {38, width}), buffer(offsets, {5}), buffer(y, {4, width})});
    for (int64_t i = 0; i < 4 * width; ++i) {
      int32_t begin = offsets[i / width], end = offsets[i / width + 1];
      double sum = 0;
      for (int32_t t = begin; t < end; ++t)
        sum += x[t * width + i % width];
      ASSERT_NEAR(y[i], begin == end ? 0 : sum / (end - begin), 1e-6) << i;
    }
  }
}
