//===- KernelPool.h - compiled kernels, each made once --------------------===//
#ifndef SEQC_RUNTIME_JIT_KERNELPOOL_H
#define SEQC_RUNTIME_JIT_KERNELPOOL_H

#include "runtime/core/Parallel.h"
#include "runtime/core/Store.h"
#include "runtime/jit/KernelCompiler.h"

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

namespace seqc::jit {

using SharedKernel = std::shared_ptr<const KernelArtifact>;

/// The kernels of a process and, with a store, those on disk. Whoever wants a
/// kernel that another thread is compiling waits for it: two models compiled at
/// once share the kernels that they have in common. Thread-safe.
class KernelPool {
public:
  /// `store` may be null: no disk.
  explicit KernelPool(std::shared_ptr<rt::Store> store)
      : store(std::move(store)) {}

  using Maker = rt::FunctionRef<Result<KernelArtifact>()>;

  /// A kernel that exists, in memory or on disk; else null. One that was made
  /// for another machine than `source.machine` does not count.
  SharedKernel find(const KernelSource &source, bool useDisk);
  /// The same, else what `make` returns, which runs on the caller's thread.
  /// `made` says whether it did. If it fails, those who wait make it anew.
  Result<SharedKernel> get(const KernelSource &source, bool useDisk, Maker make,
                           bool &made);

private:
  SharedKernel findInMemory(const KernelSource &source, bool useDisk);
  SharedKernel loadFromDisk(const KernelSource &source);

  const std::shared_ptr<rt::Store> store;
  std::mutex mutex; ///< of what follows; not held while anything is made
  std::condition_variable changed;
  std::set<std::string> busy;
  std::map<std::string, SharedKernel> kernels;
};

} // namespace seqc::jit

#endif // SEQC_RUNTIME_JIT_KERNELPOOL_H
