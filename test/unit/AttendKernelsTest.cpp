//===- AttendKernelsTest.cpp - attention kernels, compiled and run --------===//
//
// Every case of attention through the pipeline that models take, as object code
// for this machine, against the definition.
//
//===----------------------------------------------------------------------===//

#include "AttendCase.h"
#include "KernelRunner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

using namespace seqc::test;

class AttendKernels
    : public testing::TestWithParam<std::tuple<AttendCase, std::string>> {};

TEST_P(AttendKernels, MatchesDefinition) {
  auto [test, target] = GetParam();
  std::vector<std::string> runnable = seqc::codegen::runnableCpuTargets();
  if (std::find(runnable.begin(), runnable.end(), target) == runnable.end())
    GTEST_SKIP() << "this machine does not run " << target;
  KernelRunner runner(kernelText(test), "attend", target,
                      seqc::passes::Phase::Tile);
  ASSERT_TRUE(bool(runner));
  AttendData data = makeData(test);
  std::vector<SeqcBuffer> args;
  for (AttendTensor &tensor : data.arguments)
    args.push_back(bufferOf(tensor));
  runner.run(args);

  const std::vector<float> &got = data.arguments.back().f32;
  ASSERT_EQ(got.size(), data.expected.size());
  for (size_t i = 0; i < got.size(); ++i) {
    if (!std::isfinite(data.expected[i]))
      continue; // such rows must only leave the others alone
    ASSERT_NEAR(got[i], data.expected[i],
                5e-5 * (1 + std::abs(data.expected[i])))
        << "row " << int64_t(i) / test.h << " column " << int64_t(i) % test.h;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Cases, AttendKernels,
    testing::Combine(
        testing::ValuesIn(attendCases()),
        testing::Values(seqc::codegen::runnableCpuTargets().front())),
    [](const auto &info) { return std::get<0>(info.param).name; });

// Narrower vectors, where lane masks and blocks differ.
static std::vector<AttendCase> someCases() {
  std::vector<AttendCase> cases;
  for (const AttendCase &test : attendCases())
    if (test.name == "several_blocks_past" || test.name == "grouped_heads" ||
        test.name == "laplace" || test.name == "past_decode")
      cases.push_back(test);
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Avx2, AttendKernels,
                         testing::Combine(testing::ValuesIn(someCases()),
                                          testing::Values("cpu:avx2")),
                         [](const auto &info) {
                           return std::get<0>(info.param).name;
                         });

// Every option with one query for each sequence, which the kernel is told.
static std::vector<AttendCase> oneRowCases() {
  std::vector<AttendCase> cases = attendCases();
  for (AttendCase &test : cases) {
    test.lengths.assign(test.lengths.size(), 1);
    test.oneRowEach = true;
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(
    OneRowEach, AttendKernels,
    testing::Combine(
        testing::ValuesIn(oneRowCases()),
        testing::Values(seqc::codegen::runnableCpuTargets().front())),
    [](const auto &info) { return std::get<0>(info.param).name; });
