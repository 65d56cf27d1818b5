//===- Parallel.h - run a task space on several threads -------------------===//
#ifndef SEQC_RUNTIME_CORE_PARALLEL_H
#define SEQC_RUNTIME_CORE_PARALLEL_H

#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

namespace seqc::rt {

/// A callable that somebody else owns; never allocates.
template <class Signature> class FunctionRef;

template <class R, class... Args> class FunctionRef<R(Args...)> {
public:
  template <class F, class = std::enable_if_t<
                         !std::is_same_v<std::decay_t<F>, FunctionRef>>>
  FunctionRef(F &&callable)
      : object(const_cast<void *>(static_cast<const void *>(&callable))),
        call([](void *object, Args... args) -> R {
          return (*static_cast<std::remove_reference_t<F> *>(object))(
              std::forward<Args>(args)...);
        }) {}

  R operator()(Args... args) const {
    return call(object, std::forward<Args>(args)...);
  }

private:
  void *object;
  R (*call)(void *, Args...);
};

class Arena;

/// A set of threads that several sessions may share. Thread-safe.
class Parallel {
public:
  /// Called with [begin, end) and a slot in [0, threads()) that no other thread
  /// has at the same time within one parallelFor.
  using Body = FunctionRef<void(int64_t begin, int64_t end, int slot)>;

  /// 0: one per core, which is also the most. 1: everything runs on the
  /// caller's thread.
  explicit Parallel(int threads);
  ~Parallel();
  Parallel(const Parallel &) = delete;
  Parallel &operator=(const Parallel &) = delete;

  int threads() const { return count; }

  /// Covers [0, n) with disjoint ranges of about `grain` or more; returns when
  /// all are done. One range, on the caller's thread, if n <= grain.
  void parallelFor(int64_t n, int64_t grain, Body body) const;

  /// Joins the threads for the duration of `work`, so that each parallelFor
  /// inside starts without joining anew.
  void enter(FunctionRef<void()> work) const;

private:
  std::unique_ptr<Arena> arena; ///< null with one thread
  int count = 1;
};

} // namespace seqc::rt

#endif // SEQC_RUNTIME_CORE_PARALLEL_H
