//===- KernelPool.cpp - compiled kernels, each made once ------------------===//

#include "runtime/jit/KernelPool.h"

#include "runtime/core/StoreMeta.h"

#include <cstdio>

using namespace seqc;
using namespace seqc::jit;

static std::string metaOf(const KernelSource &source,
                          const KernelArtifact &artifact) {
  char ms[32];
  std::snprintf(ms, sizeof(ms), "%.1f", artifact.passesMs + artifact.codegenMs);
  return rt::toText(
      {"kernel", source.symbol, {{"target", source.target}, {"ms", ms}}});
}

SharedKernel KernelPool::findInMemory(const KernelSource &source,
                                      bool useDisk) {
  auto found = kernels.find(source.key);
  if (found == kernels.end() || found->second->machine != source.machine)
    return nullptr;
  // Others who share the folder must not see it as unused.
  if (useDisk && store)
    store->touch(source.key);
  return found->second;
}

SharedKernel KernelPool::loadFromDisk(const KernelSource &source) {
  if (!store)
    return nullptr;
  std::optional<std::string> bytes = store->load(source.key);
  auto artifact = std::make_shared<KernelArtifact>();
  if (!bytes || !decode(*bytes, *artifact) ||
      artifact->machine != source.machine)
    return nullptr;
  return artifact;
}

SharedKernel KernelPool::find(const KernelSource &source, bool useDisk) {
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (SharedKernel kernel = findInMemory(source, useDisk))
      return kernel;
  }
  SharedKernel kernel = useDisk ? loadFromDisk(source) : nullptr;
  if (!kernel)
    return nullptr;
  std::lock_guard<std::mutex> lock(mutex);
  return kernels.emplace(source.key, std::move(kernel)).first->second;
}

Result<SharedKernel> KernelPool::get(const KernelSource &source, bool useDisk,
                                     Maker make, bool &made) {
  made = false;
  std::unique_lock<std::mutex> lock(mutex);
  changed.wait(lock, [&] { return !busy.count(source.key); });
  if (SharedKernel kernel = findInMemory(source, useDisk))
    return kernel;
  busy.insert(source.key);
  lock.unlock();
  SharedKernel kernel = useDisk ? loadFromDisk(source) : nullptr;
  Status status;
  if (!kernel) {
    Result<KernelArtifact> artifact = make();
    if (artifact) {
      made = true;
      kernel = std::make_shared<const KernelArtifact>(std::move(*artifact));
      if (useDisk && store)
        store->put(source.key, encode(*kernel), metaOf(source, *kernel));
    } else {
      status = artifact.status();
    }
  }
  lock.lock();
  busy.erase(source.key);
  if (kernel)
    kernels[source.key] = kernel;
  changed.notify_all();
  lock.unlock();
  if (!kernel)
    return status;
  return kernel;
}
