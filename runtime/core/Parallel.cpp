//===- Parallel.cpp - run a task space on several threads -----------------===//
#include "runtime/core/Parallel.h"

#include "runtime/core/Arena.h"

#include <algorithm>
#include <atomic>

namespace seqc::rt {

namespace {

/// Work with what the scheduler guarantees said in code that the thread
/// sanitizer sees: it starts after its creation and ends before the wait for it
/// does. Costs an uncontended increment per piece of work.
template <class Work> class HandedOver {
public:
  explicit HandedOver(Work work) : work(work) {
    created.store(1, std::memory_order_release);
  }
  template <class... Args> void operator()(Args... args) {
    // Before anything else that the creating thread has written.
    (void)created.load(std::memory_order_acquire);
    work(args...);
    finished.fetch_add(1, std::memory_order_release);
  }
  void wait() { (void)finished.load(std::memory_order_acquire); }

private:
  std::atomic<int> created{0};
  std::atomic<int64_t> finished{0};
  Work work;
};

} // namespace

Parallel::Parallel(int threads) {
  // TBB has no more threads than cores, and prints if asked for more.
  int cores = std::max(1, Arena::cores());
  count = threads > 0 ? std::min(threads, cores) : cores;
  if (count > 1)
    arena = std::make_unique<Arena>(count);
}

Parallel::~Parallel() = default;

// The work may run on another thread, if all places are taken.
void Parallel::enter(FunctionRef<void()> work) const {
  if (!arena)
    return work();
  HandedOver<FunctionRef<void()>> handed(work);
  arena->enter(handed);
  handed.wait();
}

void Parallel::parallelFor(int64_t n, int64_t grain, Body body) const {
  if (n <= 0)
    return;
  if (!arena || n <= grain)
    return body(0, n, 0);
  HandedOver<Body> handed(body);
  arena->parallelFor(n, grain, handed);
  handed.wait();
}

} // namespace seqc::rt
