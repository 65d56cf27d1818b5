//===- Arena.h - the part of oneTBB that is used --------------------------===//
#ifndef SEQC_RUNTIME_CORE_ARENA_H
#define SEQC_RUNTIME_CORE_ARENA_H

#include "runtime/core/Parallel.h"

#include <cstdint>
#include <memory>

namespace seqc::rt {

/// Threads by oneTBB. Parallel adds the ordering that sanitizers can see.
class Arena {
public:
  explicit Arena(int threads);
  ~Arena();
  void enter(FunctionRef<void()> work);
  void parallelFor(int64_t n, int64_t grain, Parallel::Body body);

  static int cores();

private:
  struct Impl;
  std::unique_ptr<Impl> impl;
};

} // namespace seqc::rt

#endif // SEQC_RUNTIME_CORE_ARENA_H
