//===- IdleThread.cpp - work for when nobody else wants the processor -----===//
#include "runtime/core/IdleThread.h"

#include <csignal>

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace seqc::rt {

static void becomeIdle() {
#ifdef SCHED_IDLE
  sched_param none = {};
  if (pthread_setschedparam(pthread_self(), SCHED_IDLE, &none) == 0)
    return;
#endif
#ifdef SYS_gettid
  // Linux has a nice value per thread.
  (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)),
                      19);
#endif
}

void *IdleThread::enter(void *self) {
  becomeIdle();
  static_cast<IdleThread *>(self)->work();
  return nullptr;
}

bool IdleThread::post(Job job) {
  std::lock_guard<std::mutex> lock(mutex);
  if (stopping)
    return false;
  if (!started) {
    // Signals are for the threads of whoever has handlers for them. Not
    // std::thread, which would end the program if there is none to be had.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    started = pthread_create(&thread, nullptr, &IdleThread::enter, this) == 0;
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  if (!started)
    return false;
  jobs.push_back(std::move(job));
  changed.notify_all();
  return true;
}

void IdleThread::work() {
  std::unique_lock<std::mutex> lock(mutex);
  while (true) {
    changed.wait(lock, [&] { return stopping || !jobs.empty(); });
    if (stopping)
      return;
    Job job = std::move(jobs.front());
    jobs.pop_front();
    busy = true;
    lock.unlock();
    job();
    job = nullptr; // what it holds goes before anyone hears that it is done
    lock.lock();
    busy = false;
    changed.notify_all();
  }
}

void IdleThread::wait() {
  std::unique_lock<std::mutex> lock(mutex);
  changed.wait(lock, [&] { return stopping || (jobs.empty() && !busy); });
}

void IdleThread::stop() {
  std::deque<Job> dropped;
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (stopping)
      return;
    stopping = true;
    dropped.swap(jobs);
    changed.notify_all();
  }
  if (started)
    pthread_join(thread, nullptr);
}

} // namespace seqc::rt
