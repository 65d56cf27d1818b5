//===- IdleThread.h - work for when nobody else wants the processor -------===//
#ifndef SEQC_RUNTIME_CORE_IDLETHREAD_H
#define SEQC_RUNTIME_CORE_IDLETHREAD_H

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

#include <pthread.h>

namespace seqc::rt {

/// One thread of idle priority that runs jobs one after another; it is created
/// with the first. Thread-safe.
class IdleThread {
public:
  using Job = std::function<void()>;

  IdleThread() = default;
  /// Waits for the job at work; those that have not begun are dropped.
  ~IdleThread() { stop(); }
  IdleThread(const IdleThread &) = delete;
  IdleThread &operator=(const IdleThread &) = delete;

  /// False, and nothing will run, if there is no thread to be had or stop()
  /// was called.
  bool post(Job job);
  /// Until no job is left. Not from a job.
  void wait();
  /// As the destructor; later jobs are refused.
  void stop();

private:
  static void *enter(void *self);
  void work();

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Job> jobs;
  bool started = false, busy = false, stopping = false;
  pthread_t thread = {};
};

} // namespace seqc::rt

#endif // SEQC_RUNTIME_CORE_IDLETHREAD_H
