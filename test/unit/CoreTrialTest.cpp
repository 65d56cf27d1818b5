//===- CoreTrialTest.cpp - comparisons by pairs, the idle thread ----------===//
#include "runtime/core/IdleThread.h"
#include "runtime/core/Trial.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <functional>
#include <future>
#include <random>
#include <thread>
#include <vector>

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace seqc::rt;

//===----------------------------------------------------------------------===//
// Trials
//===----------------------------------------------------------------------===//

/// Calls until it is decided; `work` of the n-th call and its time by side.
static int runTrial(Trial &trial, const std::function<int64_t(int)> &work,
                    const std::function<double(bool, int64_t)> &ns) {
  int n = 0;
  for (; trial.outcome() == Outcome::Open && n < 100000; ++n) {
    int64_t size = work(n);
    bool candidate = trial.takesCandidate(size);
    trial.add(candidate, static_cast<int64_t>(ns(candidate, size)), size);
  }
  return n;
}

static int64_t sameSize(int) { return 1000; }

TEST(TrialTest, FasterIsBetter) {
  Trial trial(15, 0.02);
  int calls = runTrial(trial, sameSize, [](bool candidate, int64_t) {
    return candidate ? 800.0 : 1000.0;
  });
  EXPECT_EQ(trial.outcome(), Outcome::Better);
  TrialFigures figures = trial.figures();
  EXPECT_EQ(figures.samples, 15);
  EXPECT_EQ(figures.currentNs, 1000);
  EXPECT_EQ(figures.candidateNs, 800);
  EXPECT_NEAR(figures.gain, 0.2, 1e-9);
  EXPECT_NEAR(figures.noise, 0, 1e-9);
  EXPECT_LE(calls, 2 * 15 + 2 * 15) << "few calls are lost between pairs";
}

TEST(TrialTest, SlowerEqualAndHardlyFasterAreNot) {
  for (double time : {1500.0, 1000.0, 990.0}) {
    Trial trial(15, 0.02);
    runTrial(trial, sameSize, [&](bool candidate, int64_t) {
      return candidate ? time : 1000.0;
    });
    EXPECT_EQ(trial.outcome(), Outcome::NotBetter) << time;
    EXPECT_NEAR(trial.figures().gain, 1 - time / 1000, 1e-9);
  }
}

TEST(TrialTest, NoiseLeavesItUnclear) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> wobble(0.3, 3);
  Trial trial(15, 0.02);
  runTrial(trial, sameSize, [&](bool candidate, int64_t) {
    return (candidate ? 970.0 : 1000.0) * wobble(random);
  });
  EXPECT_NE(trial.outcome(), Outcome::Better);
  EXPECT_GE(trial.figures().samples, 15);
}

TEST(TrialTest, AGainBeyondTheNoiseIsFoundInMoreRounds) {
  int better = 0;
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> wobble(0.9, 1.1);
    Trial trial(15, 0.02);
    runTrial(trial, sameSize, [&](bool candidate, int64_t) {
      return (candidate ? 900.0 : 1000.0) * wobble(random);
    });
    better += trial.outcome() == Outcome::Better;
  }
  EXPECT_GE(better, 18);
}

TEST(TrialTest, EqualKernelsAreHardlyEverKept) {
  int better = 0;
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    std::normal_distribution<double> wobble(1, 0.05);
    Trial trial(15, 0.02);
    runTrial(trial, sameSize,
             [&](bool, int64_t) { return 1000 * wobble(random); });
    better += trial.outcome() == Outcome::Better;
  }
  EXPECT_LE(better, 8) << "of 200";
}

TEST(TrialTest, CallsOfDifferentSizeAreComparedByWork) {
  std::mt19937 random(2);
  for (int pattern : {0, 1}) {
    Trial trial(15, 0.02);
    // By chance, or a caller that alternates between large and small.
    auto work = [&](int n) -> int64_t {
      return pattern == 0 ? 10 + static_cast<int64_t>(random() % 5000)
                          : (n % 2 ? 6000 : 40);
    };
    runTrial(trial, work, [](bool candidate, int64_t size) {
      return (candidate ? 90.0 : 100.0) * static_cast<double>(size);
    });
    EXPECT_EQ(trial.outcome(), Outcome::Better) << pattern;
    EXPECT_NEAR(trial.figures().gain, 0.1, 1e-6) << pattern;
  }
}

TEST(TrialTest, TheFirstCallOfNewCodeDoesNotCount) {
  Trial trial(3, 0.02);
  EXPECT_TRUE(trial.takesCandidate(10));
  trial.add(true, 1000000, 10);
  runTrial(trial, sameSize,
           [](bool candidate, int64_t) { return candidate ? 500.0 : 1000.0; });
  EXPECT_EQ(trial.outcome(), Outcome::Better);
  EXPECT_EQ(trial.figures().candidateNs, 500);
}

TEST(TrialTest, TimesOfZeroDoNoHarm) {
  Trial trial(3, 0.02);
  runTrial(trial, [](int) { return 0; }, [](bool, int64_t) { return 0.0; });
  EXPECT_EQ(trial.outcome(), Outcome::NotBetter);
  EXPECT_EQ(trial.figures().gain, 0);
}

//===----------------------------------------------------------------------===//
// The idle thread
//===----------------------------------------------------------------------===//

TEST(IdleThreadTest, RunsJobsInOrderWithIdlePriority) {
  IdleThread thread;
  std::vector<int> order;
  bool idle = false;
  EXPECT_TRUE(thread.post([&] {
    int tid = static_cast<int>(::syscall(SYS_gettid));
    idle = ::sched_getscheduler(tid) == SCHED_IDLE ||
           ::getpriority(PRIO_PROCESS, static_cast<id_t>(tid)) == 19;
  }));
  for (int i = 0; i < 50; ++i)
    EXPECT_TRUE(thread.post([&order, i] { order.push_back(i); }));
  thread.wait();
  EXPECT_TRUE(idle);
  ASSERT_EQ(order.size(), 50u);
  for (int i = 0; i < 50; ++i)
    EXPECT_EQ(order[i], i);
}

TEST(IdleThreadTest, WithoutJobsThereIsNothingToWaitFor) {
  IdleThread thread;
  thread.wait();
}

TEST(IdleThreadTest, StopFinishesOneJobAndDropsTheRest) {
  IdleThread thread;
  std::promise<void> begun, release;
  std::atomic<int> finished{0};
  thread.post([&] {
    begun.set_value();
    release.get_future().wait();
    ++finished;
  });
  for (int i = 0; i < 5; ++i)
    thread.post([&] { finished += 100; });
  begun.get_future().wait();
  std::thread stopper([&] { thread.stop(); });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(finished, 0);
  release.set_value();
  stopper.join();
  EXPECT_EQ(finished, 1);
  EXPECT_FALSE(thread.post([&] { finished += 100; }));
  thread.wait();
  EXPECT_EQ(finished, 1);
}
