//===- Parallel.cpp - threads by oneTBB -----------------------------------===//
#include "runtime/core/Parallel.h"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <atomic>

namespace seqc::rt {

struct Parallel::Arena {
  explicit Arena(int threads) : arena(threads) {}
  tbb::task_arena arena;
};

Parallel::Parallel(int threads) {
  // TBB has no more threads than cores, and prints if asked for more.
  int cores = std::max(1, tbb::info::default_concurrency());
  count = threads > 0 ? std::min(threads, cores) : cores;
  if (count > 1)
    arena = std::make_unique<Arena>(count);
}

Parallel::~Parallel() = default;

void Parallel::enter(FunctionRef<void()> work) const {
  if (!arena)
    return work();
  arena->arena.execute([&] { work(); });
}

// libtbb is not built for the thread sanitizer, which therefore cannot see that
// a task starts after its creation and that the wait ends after the task. The
// two atomics say so in code that it does see; they cost one uncontended
// increment per range.
void Parallel::parallelFor(int64_t n, int64_t grain, Body body) const {
  if (n <= 0)
    return;
  if (!arena || n <= grain)
    return body(0, n, 0);
  std::atomic<bool> started{false};
  std::atomic<int64_t> finished{0};
  auto runRange = [&](const tbb::blocked_range<int64_t> &range) {
    (void)started.load(std::memory_order_acquire);
    body(range.begin(), range.end(),
         tbb::this_task_arena::current_thread_index());
    finished.fetch_add(1, std::memory_order_release);
  };
  started.store(true, std::memory_order_release);
  // Isolation keeps a waiting thread from starting another session's work in
  // the middle of this one.
  arena->arena.execute([&] {
    tbb::this_task_arena::isolate([&] {
      tbb::parallel_for(tbb::blocked_range<int64_t>(0, n, grain), runRange);
    });
  });
  (void)finished.load(std::memory_order_acquire);
}

} // namespace seqc::rt
