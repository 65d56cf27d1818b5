//===- CoreExecutorTest.cpp - loading and running plans -------------------===//
#include "test/unit/CoreTestReference.h"

#include "runtime/core/LoadedPlan.h"
#include "runtime/core/PlanRunner.h"
#include "runtime/core/Workspace.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <thread>

using namespace seqc;
using namespace seqc::rt;
using namespace seqc::test;

//===----------------------------------------------------------------------===//
// Parallel
//===----------------------------------------------------------------------===//

TEST(ParallelTest, CoversEachTaskOnce) {
  for (int threads : {1, 2, 3}) {
    Parallel parallel(threads);
    EXPECT_LE(parallel.threads(), threads);
    for (int64_t n : {0, 1, 2, 7, 1000}) {
      std::vector<std::atomic<int>> seen(static_cast<size_t>(n));
      std::vector<std::atomic<int>> inside(static_cast<size_t>(threads));
      std::atomic<bool> clash{false};
      parallel.parallelFor(n, 1, [&](int64_t begin, int64_t end, int slot) {
        ASSERT_TRUE(slot >= 0 && slot < threads);
        if (inside[slot]++ != 0)
          clash = true;
        for (int64_t i = begin; i < end; ++i)
          ++seen[i];
        --inside[slot];
      });
      for (const std::atomic<int> &count : seen)
        EXPECT_EQ(count, 1);
      EXPECT_FALSE(clash) << "two threads had one slot";
    }
  }
  EXPECT_GE(Parallel(0).threads(), 1);
  EXPECT_EQ(Parallel(1).threads(), 1);
  EXPECT_EQ(Parallel(100000).threads(), Parallel(0).threads());
}

TEST(ParallelTest, SmallWorkStaysOnTheCaller) {
  Parallel parallel(2);
  std::thread::id caller = std::this_thread::get_id();
  parallel.parallelFor(8, 8, [&](int64_t begin, int64_t end, int) {
    EXPECT_EQ(begin, 0);
    EXPECT_EQ(end, 8);
    EXPECT_EQ(std::this_thread::get_id(), caller);
  });
}

TEST(ParallelTest, WorksInsideEnterAndFromManyThreads) {
  Parallel parallel(2);
  std::atomic<int64_t> total{0};
  auto work = [&] {
    for (int round = 0; round < 20; ++round)
      parallel.enter([&] {
        for (int step = 0; step < 5; ++step)
          parallel.parallelFor(100, 1, [&](int64_t begin, int64_t end, int) {
            total += end - begin;
          });
      });
  };
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i)
    callers.emplace_back(work);
  for (std::thread &caller : callers)
    caller.join();
  EXPECT_EQ(total, 4 * 20 * 5 * 100);
}

//===----------------------------------------------------------------------===//
// Workspace
//===----------------------------------------------------------------------===//

static bool together(const LivePiece &a, const LivePiece &b) {
  return a.first <= b.last && b.first <= a.last;
}

TEST(WorkspaceTest, PiecesThatLiveTogetherDoNotOverlap) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    std::vector<LivePiece> pieces(1 + random() % 30);
    size_t sum = 0;
    for (size_t i = 0; i < pieces.size(); ++i) {
      pieces[i].buffer = static_cast<int32_t>(i);
      pieces[i].first = static_cast<int32_t>(random() % 20);
      pieces[i].last = pieces[i].first + static_cast<int32_t>(random() % 5);
      pieces[i].bytes = random() % 1000;
      sum += alignUp(pieces[i].bytes);
    }
    size_t total = placePieces(pieces);
    EXPECT_LE(total, sum);
    for (const LivePiece &a : pieces) {
      EXPECT_EQ(a.offset % kAlignment, 0u);
      EXPECT_LE(a.offset + a.bytes, total);
      for (const LivePiece &b : pieces)
        if (&a != &b && together(a, b) && a.bytes && b.bytes)
          EXPECT_TRUE(a.offset + a.bytes <= b.offset ||
                      b.offset + b.bytes <= a.offset);
    }
  }
}

TEST(WorkspaceTest, LargePiecesAreNotWholePagesApart) {
  std::vector<LivePiece> pieces(3);
  for (LivePiece &piece : pieces) {
    piece.last = 1;
    piece.bytes = 2 << 20;
  }
  placePieces(pieces);
  for (const LivePiece &a : pieces)
    for (const LivePiece &b : pieces)
      if (&a != &b)
        EXPECT_NE(a.offset % 4096, b.offset % 4096);
}

TEST(WorkspaceTest, AChainNeedsTwoBuffers) {
  std::vector<LivePiece> pieces;
  for (int32_t i = 0; i < 10; ++i)
    pieces.push_back({i, i, i + 1, 640, 0});
  EXPECT_EQ(placePieces(pieces), 1280u);
}

TEST(WorkspaceTest, AliasesKeepTheirOwnerAlive) {
  Plan plan = testPlan();
  std::vector<LivePiece> pieces = livePieces(plan, plan.run);
  ASSERT_EQ(pieces.size(), 4u); // y, index, packed, g
  EXPECT_EQ(plan.buffers[pieces[1].buffer].name, "index");
  EXPECT_EQ(pieces[1].first, 1);
  EXPECT_EQ(pieces[1].last, 5); // the scatter reads it as "kept"
}

//===----------------------------------------------------------------------===//
// Loading
//===----------------------------------------------------------------------===//

TEST(LoadedPlanTest, PreparesOnceAndBindsWithoutCopies) {
  Parallel parallel(2);
  std::shared_ptr<MapSource> weights = testWeights();
  auto loaded =
      LoadedPlan::create(testPlan(), testKernels(), weights, parallel);
  ASSERT_TRUE(loaded.ok()) << loaded.status().str();
  EXPECT_EQ((*loaded)->constant(5), weights->find("scale").data);
  const float *scale2 = static_cast<const float *>((*loaded)->constant(8));
  EXPECT_EQ(scale2[0], 1.0f);
  EXPECT_EQ(scale2[2], -4.0f);
  // [5, 2] by panels of 2: [3, 2, 2], the last row is padding.
  const float *panels = static_cast<const float *>((*loaded)->constant(9));
  const float expected[] = {1, 3, 2, 4, 5, 7, 6, 8, 9, 0, 10, 0};
  for (int i = 0; i < 12; ++i)
    EXPECT_EQ(panels[i], expected[i]) << i;
}

namespace {

/// Serves one weight from an odd address.
class OddSource : public MapSource {
public:
  OddSource() : bytes(64) { std::memset(bytes.data(), 0, bytes.size()); }
  TensorRef find(std::string_view name) const override {
    TensorRef found = MapSource::find(name);
    if (name == "scale") {
      std::memcpy(bytes.data() + 1, found.data, 4 * kWidth);
      found.data = bytes.data() + 1;
    }
    return found;
  }

private:
  mutable std::vector<char> bytes;
};

} // namespace

TEST(LoadedPlanTest, CopiesOnlyMisalignedWeights) {
  Parallel parallel(1);
  auto odd = std::make_shared<OddSource>();
  odd->tensors = testWeights()->tensors;
  auto loaded = LoadedPlan::create(testPlan(), testKernels(), odd, parallel);
  ASSERT_TRUE(loaded.ok());
  const float *scale = static_cast<const float *>((*loaded)->constant(5));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(scale) % 4, 0u);
  EXPECT_EQ(scale[1], 1.5f);
  EXPECT_EQ((*loaded)->constant(6), odd->find("table").data);
}

TEST(LoadedPlanTest, SaysWhatIsWrongWithWeights) {
  Parallel parallel(1);
  auto message = [&](std::shared_ptr<MapSource> weights) {
    auto loaded =
        LoadedPlan::create(testPlan(), testKernels(), weights, parallel);
    return loaded.ok() ? std::string("loaded") : loaded.status().message();
  };
  std::shared_ptr<MapSource> weights = testWeights();
  weights->tensors.erase("table");
  EXPECT_EQ(message(weights), "weight 'table' [10] is missing in test weights");
  weights->set("table", {5, 2}, {});
  EXPECT_EQ(message(weights), "weight 'table' in test weights: expected shape "
                              "[10], got [5, 2]");
  weights->tensors["table"] = Tensor(DType::F64, {10});
  EXPECT_EQ(message(weights),
            "weight 'table' in test weights: expected F32, got F64");
  EXPECT_EQ(message(nullptr),
            "weight 'scale' [3] is missing in no weight source");

  KernelSet kernels = testKernels();
  kernels.entries[2].tasks = nullptr;
  EXPECT_EQ(LoadedPlan::create(testPlan(), kernels, testWeights(), parallel)
                .status()
                .message(),
            "kernel 'gather' has no code");
  kernels.entries.pop_back();
  EXPECT_FALSE(
      LoadedPlan::create(testPlan(), kernels, testWeights(), parallel).ok());
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

namespace {

struct Executor {
  explicit Executor(int threads, Plan plan = testPlan(),
                    KernelSet kernels = testKernels())
      : parallel(std::make_shared<const Parallel>(threads)),
        loaded(*LoadedPlan::create(std::move(plan), std::move(kernels),
                                   testWeights(), *parallel)),
        runner(loaded, parallel) {}

  int32_t at(const char *name) const {
    for (size_t i = 0; i < loaded->plan().buffers.size(); ++i)
      if (loaded->plan().buffers[i].name == name)
        return static_cast<int32_t>(i);
    return -1;
  }
  template <class T> T *data(const char *name) {
    return static_cast<T *>(runner.data(at(name)));
  }

  /// Zero state, then one call over packed rows; compares everything.
  void check(std::vector<Sequence> &sequences, float bias) {
    int64_t rows = 0;
    for (const Sequence &sequence : sequences)
      rows += static_cast<int64_t>(sequence.x.size());
    Status status =
        runner.reserve(rows, static_cast<int64_t>(sequences.size()));
    ASSERT_TRUE(status.ok()) << status.str();
    runner.clearStates();
    for (const char *name : {"x", "ids", "out", "pooled", "z"})
      ASSERT_NE(runner.stage(at(name)), nullptr);
    data<float>("act_bias")[0] = bias;
    int32_t row = 0;
    data<int32_t>("offsets")[0] = 0;
    for (size_t b = 0; b < sequences.size(); ++b) {
      for (size_t t = 0; t < sequences[b].x.size(); ++t, ++row) {
        std::copy_n(sequences[b].x[t].data(), kWidth,
                    data<float>("x") + row * kWidth);
        data<int32_t>("ids")[row] = sequences[b].ids[t];
        data<int32_t>("positions")[row] = static_cast<int32_t>(t);
      }
      data<int32_t>("offsets")[b + 1] = row;
    }
    status = runner.run();
    ASSERT_TRUE(status.ok()) << status.str();
    compare(sequences, bias);
  }

  void compare(std::vector<Sequence> &sequences, float bias) {
    int64_t row = 0, kept = 0;
    for (size_t b = 0; b < sequences.size(); ++b) {
      Sequence &sequence = sequences[b];
      sequence.sum = {};
      sequence.position = 0;
      sequence.compute(bias);
      kept += sequence.kept;
      for (size_t t = 0; t < sequence.x.size(); ++t, ++row) {
        ASSERT_EQ(data<float>("z")[row], sequence.z[t]);
        for (int64_t d = 0; d < kWidth; ++d)
          ASSERT_EQ(data<float>("out")[row * kWidth + d], sequence.out[t][d])
              << "sequence " << b << " token " << t;
      }
      for (int64_t d = 0; d < kWidth; ++d) {
        ASSERT_EQ(data<float>("pooled")[b * kWidth + d], sequence.pooled[d]);
        ASSERT_EQ(data<float>("sum")[b * kWidth + d], sequence.sum[d]);
      }
    }
    EXPECT_EQ(runner.symbol(2), kept);
  }

  std::shared_ptr<const Parallel> parallel;
  std::shared_ptr<const LoadedPlan> loaded;
  PlanRunner runner;
};

} // namespace

static std::vector<Sequence> batchOf(std::vector<int64_t> lengths,
                                     std::mt19937 &random) {
  std::vector<Sequence> sequences(lengths.size());
  for (size_t b = 0; b < lengths.size(); ++b)
    randomTokens(sequences[b], lengths[b], random);
  return sequences;
}

TEST(ExecutorTest, RowsAndSequencesMayChange) {
  std::mt19937 random(1);
  for (int threads : {1, 2}) {
    Executor executor(threads);
    for (std::vector<int64_t> lengths : std::vector<std::vector<int64_t>>{
             {5}, {5}, {1}, {0}, {}, {3, 0, 7}, {9, 9, 9, 9}, {2}, {0, 0}})
      for (float bias : {0.0f, 100.0f, -100.0f}) {
        std::vector<Sequence> sequences = batchOf(lengths, random);
        executor.check(sequences, bias);
      }
  }
}

TEST(ExecutorTest, LargeStepsRunOnSeveralThreads) {
  std::mt19937 random(2);
  Executor executor(2);
  for (int64_t length : {3000, 100, 4000}) {
    std::vector<Sequence> sequences = batchOf({length, 17, length / 2}, random);
    executor.check(sequences, 0.5f);
  }
}

TEST(ExecutorTest, WorkspaceGrowsOnlyForMore) {
  std::mt19937 random(4);
  Executor executor(1);
  auto workspace = [&](std::vector<int64_t> lengths) {
    std::vector<Sequence> sequences = batchOf(lengths, random);
    executor.check(sequences, 0);
    return executor.runner.workspaceBytes();
  };
  size_t large = workspace({1000});
  EXPECT_EQ(workspace({3}), large);
  EXPECT_EQ(workspace({0}), large);
  EXPECT_EQ(workspace({1000}), large);
  EXPECT_GT(workspace({2000}), large);
}

TEST(ExecutorTest, TemporariesShareMemory) {
  // Ten copies in a row: two temporaries' worth of memory, not ten.
  PlanMaker m;
  Extent rows{kSymbolRows, 0};
  m.plan.symbols = {"rows", "sequences"};
  m.buffer("x", BufferKind::Input, DType::F32, {rows});
  m.buffer("y", BufferKind::Output, DType::F32, {rows});
  std::string previous = "x";
  for (int i = 0; i < 10; ++i) {
    std::string name = "t" + std::to_string(i);
    m.buffer(name, BufferKind::Temp, DType::F32, {rows});
    m.plan.run.push_back(m.step(StepKind::Copy, {previous, name}));
    previous = name;
  }
  m.plan.run.push_back(m.step(StepKind::Copy, {previous, "y"}));
  Executor executor(1, m.plan, {});
  ASSERT_TRUE(executor.runner.reserve(1024, 1).ok());
  std::vector<float> x(1024), y(1024);
  for (int i = 0; i < 1024; ++i)
    x[i] = static_cast<float>(i);
  executor.runner.bind(0, x.data());
  executor.runner.bind(1, y.data());
  ASSERT_TRUE(executor.runner.run().ok());
  EXPECT_EQ(x, y);
  EXPECT_LE(executor.runner.workspaceBytes(), 2 * 4096u + 256u);
}

static void countTooMany(const SeqcBuffer *a, int64_t, int64_t, void *) {
  i32w(a[4])[a[2].dims[0] - 1] = static_cast<int32_t>(a[0].dims[0]) + 1;
}
static void countNegative(const SeqcBuffer *a, int64_t, int64_t, void *) {
  i32w(a[4])[a[2].dims[0] - 1] = -1;
}

TEST(ExecutorTest, ImpossibleCountsAreCaught) {
  for (SeqcKernelFn wrong : {countTooMany, countNegative}) {
    KernelSet kernels = testKernels();
    kernels.entries[1].run = wrong;
    Executor executor(1, testPlan(), kernels);
    ASSERT_TRUE(executor.runner.reserve(8, 1).ok());
    for (const char *name : {"x", "ids", "out", "pooled", "z"})
      executor.runner.stage(executor.at(name));
    executor.data<int32_t>("offsets")[0] = 0;
    executor.data<int32_t>("offsets")[1] = 0;
    Status status = executor.runner.run();
    EXPECT_EQ(status.code(), ErrorCode::Internal);
    EXPECT_NE(status.message().find("count 'kept' is"), std::string::npos);
  }
}

TEST(ExecutorTest, AbsurdSizesAreRefused) {
  Executor executor(1);
  Status status = executor.runner.reserve(int64_t(1) << 50, 1);
  EXPECT_EQ(status.code(), ErrorCode::ResourceExhausted);
  std::mt19937 random(5);
  std::vector<Sequence> sequences = batchOf({4}, random);
  executor.check(sequences, 0); // and it still works
}

TEST(ExecutorTest, AViewMustFitItsBuffer) {
  Plan plan = testPlan();
  // [rows, 2] seen in a buffer of [rows] fits as long as there are no rows.
  plan.buffers[14].shape.push_back({-1, 2});
  plan.buffers[14].capacity.push_back({-1, 2});
  Executor executor(1, plan);
  Status status = executor.runner.reserve(4, 1);
  EXPECT_EQ(status.code(), ErrorCode::Internal);
  EXPECT_NE(status.message().find("view 'kept' is larger"), std::string::npos);
}

TEST(ExecutorTest, ScratchIsAlignedAndPrivate) {
  static std::atomic<int> wrong{0};
  wrong = 0;
  KernelSet kernels = testKernels();
  kernels.entries[2].run = [](const SeqcBuffer *a, int64_t begin, int64_t end,
                              void *scratch) {
    if (reinterpret_cast<uintptr_t>(scratch) % 64 != 0)
      ++wrong;
    // Whoever shares the scratch overwrites the mark.
    float mark = static_cast<float>(begin);
    static_cast<float *>(scratch)[kWidth - 1] = mark;
    std::this_thread::yield();
    if (static_cast<float *>(scratch)[kWidth - 1] != mark)
      ++wrong;
    gatherRun(a, begin, end, scratch);
  };
  Executor executor(3, testPlan(), kernels);
  std::mt19937 random(6);
  std::vector<Sequence> sequences = batchOf({4000}, random);
  executor.check(sequences, 100);
  EXPECT_EQ(wrong, 0);
}
