//===- ScanKernelsTest.cpp - vectorized scans against doubles -------------===//

#include "KernelRunner.h"
#include "ScanCase.h"

#include "codegen/cpu/CpuTarget.h"

#include <gtest/gtest.h>

using namespace seqc;
using namespace seqc::test;

static void checkCase(const Recurrence &recurrence, const ScanShape &shape,
                      const std::string &target = "cpu",
                      bool oneRowEach = false) {
  SCOPED_TRACE("D " + std::to_string(shape.channels) + " N " +
               std::to_string(shape.statesPerChannel) + " B " +
               std::to_string(shape.lengths.size()) +
               (shape.reverse ? " reverse on " : " on ") + target);
  ScanCase scan(recurrence, shape, 7 * shape.channels + shape.statesPerChannel);
  KernelRunner kernel(scan.text(oneRowEach), "kernel", target);
  ASSERT_TRUE(bool(kernel)) << scan.text();
  scan.check([&](const std::vector<SeqcBuffer> &args) { kernel.run(args); });
}

static const std::vector<ScanShape> &shapes() {
  static const std::vector<ScanShape> kShapes = {
      {16, 16, {33}},
      {1, 1, {2, 0, 5}},
      {7, 4, {0}, true},
      {48, 17, {1}},
      {60, 16, {33, 0, 2}, true},
      {130, 4, {5, 1, 2}},
      {33, 64, {9}},
      {16, 80, {4, 3}, true},
      {3, 100, {4, 0, 3}},
      {128, 1, {7}},
      {2, 256, {3}},
      {20, 16, {12, 3}, false, 3},
      {19, 3, {12, 3}, true, 0, true},
  };
  return kShapes;
}

TEST(ScanKernels, MovingAverage) {
  for (const ScanShape &shape : shapes())
    checkCase(movingAverage(), shape);
}

TEST(ScanKernels, ScaledRows) {
  for (const ScanShape &shape : shapes())
    checkCase(scaledRows(), shape);
}

TEST(ScanKernels, SelectiveScan) {
  for (const ScanShape &shape : shapes())
    checkCase(selectiveScan(), shape);
}

// Rows of wide arrays, so many of them that they go by blocks, or fewer where
// arrays are whole pages apart.
TEST(ScanKernels, BlocksOfRows) {
  checkCase(movingAverage(), {20, 16, {300, 0, 2}, false, 8000});
  checkCase(scaledRows(), {20, 16, {300, 0, 2}, true, 8000});
  checkCase(selectiveScan(), {20, 16, {5, 550}, true, 8000});
  for (bool reverse : {false, true})
    checkCase(scaledRows(), {64, 16, {300, 0, 2}, reverse, 448});
}

TEST(ScanKernels, ComplexRecurrence) {
  for (const ScanShape &shape : shapes())
    checkCase(complexRecurrence(), shape);
}

TEST(ScanKernels, Delays) {
  for (const ScanShape &shape : shapes())
    checkCase(delayed(), shape);
}

TEST(ScanKernels, WideRows) {
  for (const ScanShape &shape : shapes())
    checkCase(wideRows(), shape);
}

TEST(ScanKernels, EveryTarget) {
  for (const std::string &target : codegen::runnableCpuTargets()) {
    checkCase(movingAverage(), {21, 5, {3, 0, 6}}, target);
    checkCase(scaledRows(), {21, 5, {3, 0, 6}}, target);
    checkCase(delayed(), {21, 5, {3, 0, 16}}, target);
    checkCase(wideRows(), {5, 16, {3, 2}}, target);
  }
}

/// Each sequence has one row, which the kernel was told: states as they lie in
/// memory, whole vectors of them or several channels to a vector, dense or in
/// wider arrays, ragged or not; other numbers of states take the usual way.
TEST(ScanKernels, OneRowEach) {
  const ScanShape kShapes[] = {
      {16, 16, {1}},     {60, 16, {1, 1, 1}},
      {130, 4, {1, 1}},  {33, 64, {1, 1}},
      {128, 1, {1}},     {20, 16, {1, 1}, false, 3},
      {7, 3, {1, 1}},    {19, 4, {1, 1}, true, 0, true},
      {5, 2, {1, 1, 1}}, {18, 32, {1, 1}, true},
      {48, 16, {}},
  };
  for (const ScanShape &shape : kShapes)
    for (const Recurrence &recurrence :
         {movingAverage(), scaledRows(), selectiveScan(), complexRecurrence(),
          delayed(), wideRows()})
      checkCase(recurrence, shape, "cpu", true);
  for (const std::string &target : codegen::runnableCpuTargets())
    for (const Recurrence &recurrence :
         {movingAverage(), scaledRows(), selectiveScan(), delayed(),
          wideRows()})
      checkCase(recurrence, {21, 8, {1, 1, 1}}, target, true);
}
