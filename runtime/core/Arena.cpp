//===- Arena.cpp - the part of oneTBB that is used ------------------------===//
//
// Never compiled for the thread sanitizer: libtbb.so is not either, and a half
// instrumented scheduler makes it see races between a task and the next one in
// the same memory. What runs inside the tasks is watched as usual.
//
//===----------------------------------------------------------------------===//
#include "runtime/core/Arena.h"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

namespace seqc::rt {

struct Arena::Impl {
  explicit Impl(int threads) : arena(threads) {}
  tbb::task_arena arena;
};

Arena::Arena(int threads) : impl(std::make_unique<Impl>(threads)) {}
Arena::~Arena() = default;

int Arena::cores() { return tbb::info::default_concurrency(); }

void Arena::enter(FunctionRef<void()> work) {
  impl->arena.execute([&] { work(); });
}

void Arena::parallelFor(int64_t n, int64_t grain, Parallel::Body body) {
  auto runRange = [&](const tbb::blocked_range<int64_t> &range) {
    body(range.begin(), range.end(),
         tbb::this_task_arena::current_thread_index());
  };
  // Isolation keeps a waiting thread from starting another session's work in
  // the middle of this one.
  impl->arena.execute([&] {
    tbb::this_task_arena::isolate([&] {
      tbb::parallel_for(tbb::blocked_range<int64_t>(0, n, grain), runRange);
    });
  });
}

} // namespace seqc::rt
