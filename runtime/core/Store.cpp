//===- Store.cpp - disk cache of compiled artifacts -----------------------===//
#include "runtime/core/Store.h"

#include "runtime/core/StoreFile.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <list>
#include <map>
#include <mutex>
#include <sys/file.h>
#include <unistd.h>

namespace seqc::rt {

// Other processes add to the folder too, so it is counted now and then.
static constexpr uint64_t kPutsBetweenScans = 32;
static constexpr uint64_t kMaxMemory = uint64_t(256) << 20;

namespace {

/// Artifacts without a disk: least recently used ones go first.
class MemoryStore {
public:
  explicit MemoryStore(uint64_t limit) : limit(limit) {}

  std::optional<std::string> load(std::string_view key) {
    std::lock_guard<std::mutex> lock(mutex);
    auto found = entries.find(key);
    if (found == entries.end())
      return std::nullopt;
    order.splice(order.begin(), order, found->second);
    return found->second->second;
  }

  void put(std::string_view key, std::string_view bytes) {
    std::lock_guard<std::mutex> lock(mutex);
    eraseLocked(key);
    if (bytes.size() > limit)
      return;
    order.emplace_front(key, bytes);
    entries.emplace(order.front().first, order.begin());
    held += bytes.size();
    while (held > limit)
      eraseLocked(order.back().first);
  }

  void erase(std::string_view key) {
    std::lock_guard<std::mutex> lock(mutex);
    eraseLocked(key);
  }

private:
  using Item = std::pair<std::string, std::string>;

  void eraseLocked(std::string_view key) {
    auto found = entries.find(key);
    if (found == entries.end())
      return;
    std::list<Item>::iterator item = found->second;
    held -= item->second.size();
    entries.erase(found); // its key points into the item
    order.erase(item);
  }

  std::mutex mutex;
  const uint64_t limit;
  uint64_t held = 0;
  std::list<Item> order;
  std::map<std::string_view, std::list<Item>::iterator> entries;
};

} // namespace

struct Store::Impl {
  explicit Impl(StoreOptions given)
      : options(std::move(given)),
        memory(std::min(options.maxBytes, kMaxMemory)) {}

  int64_t tick();
  void observe(int64_t time);
  void degrade(Status why);
  bool writable() const { return folder.ok() && !stopped; }
  bool putOnDisk(std::string_view key, std::string_view text);
  void countPut(uint64_t bytes);
  StoreReport evict(uint64_t limit, bool wait);
  Status usable() const;

  StoreOptions options;
  std::string path;
  FileHandle folder;
  MemoryStore memory;
  std::atomic<int64_t> lastTick{0};
  const uint64_t writer = randomNumber(); ///< apart from all other stores
  std::atomic<uint64_t> stagingNumber{0};
  std::atomic<bool> stopped{false}; ///< nothing is written to disk any more
  mutable std::mutex mutex;         ///< of what follows
  Status reason;
  uint64_t knownBytes = 0;
  uint64_t putsSinceScan = 0;
};

//===----------------------------------------------------------------------===//
// Recency
//===----------------------------------------------------------------------===//

// Recency is the modification time, set by hand. It is the clock, but never
// less than one more than the latest time seen in the folder or given out: a
// clock that goes backwards does not make new entries look old.
int64_t Store::Impl::tick() {
  int64_t now = 0;
  if (options.clock) {
    now = options.clock();
  } else {
    struct timespec time;
    ::clock_gettime(CLOCK_REALTIME, &time);
    now = int64_t(time.tv_sec) * 1000000000 + time.tv_nsec;
  }
  int64_t last = lastTick.load();
  int64_t next = 0;
  do
    next = std::max(now, last + 1);
  while (!lastTick.compare_exchange_weak(last, next));
  return next;
}

void Store::Impl::observe(int64_t time) {
  int64_t last = lastTick.load();
  while (last < time && !lastTick.compare_exchange_weak(last, time))
    ;
}

//===----------------------------------------------------------------------===//
// Opening, and doing without a disk
//===----------------------------------------------------------------------===//

Store::Store(std::unique_ptr<Impl> impl) : impl(std::move(impl)) {}
Store::~Store() = default;

void Store::Impl::degrade(Status why) {
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (!reason.ok())
      return;
    reason = why;
  }
  stopped = true;
  if (!options.onDiagnostic)
    return;
  Diagnostic warning;
  warning.severity = Severity::Warning;
  warning.text =
      why.message() + "; compiled code is kept in memory for this process only";
  options.onDiagnostic(warning);
}

std::shared_ptr<Store> Store::open(StoreOptions options) {
  std::unique_ptr<Impl> impl = std::make_unique<Impl>(std::move(options));
  if (impl->options.dir.empty()) {
    impl->stopped = true;
    impl->reason =
        Status::error(ErrorCode::Unavailable, "the disk cache is switched off");
    return std::shared_ptr<Store>(new Store(std::move(impl)));
  }
  // The inner folder is ours alone to change if the outer one is.
  Result<FileHandle> outer = openOwnFolder(impl->options.dir);
  impl->path = impl->options.dir + "/v1";
  Result<FileHandle> inner = outer.ok() ? openOwnFolder(impl->path)
                                        : Result<FileHandle>(outer.status());
  if (!inner.ok()) {
    impl->degrade(inner.status());
  } else {
    impl->folder = std::move(*inner);
    for (const FolderEntry &entry : listFolder(impl->folder.get())) {
      impl->knownBytes += entry.bytes;
      impl->observe(entry.lastUse);
    }
  }
  return std::shared_ptr<Store>(new Store(std::move(impl)));
}

Status Store::diskStatus() const {
  std::lock_guard<std::mutex> lock(impl->mutex);
  return impl->reason;
}

const std::string &Store::path() const { return impl->path; }

//===----------------------------------------------------------------------===//
// Loading and putting
//===----------------------------------------------------------------------===//

std::optional<std::string> Store::load(std::string_view key) {
  if (!isStoreKey(key))
    return std::nullopt;
  if (std::optional<std::string> bytes = impl->memory.load(key))
    return bytes;
  if (!impl->folder.ok())
    return std::nullopt;
  std::string name = entryName(key);
  std::optional<ArtifactFile> file =
      readArtifact(impl->folder.get(), key, name, /*metaOnly=*/false);
  if (!file)
    return std::nullopt;
  setLastUse(impl->folder.get(), name, impl->tick());
  return std::move(file->bytes);
}

void Store::touch(std::string_view key) {
  if (isStoreKey(key) && impl->folder.ok())
    setLastUse(impl->folder.get(), entryName(key), impl->tick());
}

/// Errors that concern one entry or one moment, not the folder.
static bool isPassing(int error) {
  return error == EISDIR || error == EEXIST || error == ENOTEMPTY ||
         error == EMFILE || error == ENFILE || error == EINTR ||
         error == EWOULDBLOCK;
}

static const char *remedyFor(int error) {
  bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  return full ? "; make room (`seqc cache prune`) or choose another folder "
                "with SEQC_CACHE_DIR"
              : "";
}

bool Store::Impl::putOnDisk(std::string_view key, std::string_view text) {
  std::string staging = stagingName(key, writer, stagingNumber++);
  int error = 0;
  FileHandle file = writeStaging(folder.get(), staging, text, error);
  if (file.ok()) {
    setLastUse(folder.get(), staging, tick());
    if (options.beforeRename)
      options.beforeRename();
    if (::renameat(folder.get(), staging.c_str(), folder.get(),
                   entryName(key).c_str()) == 0)
      return true;
    error = errno;
    (void)::unlinkat(folder.get(), staging.c_str(), 0);
    if (error == ENOENT) // a cleaner took the file for a leftover
      return false;
  }
  if (!isPassing(error))
    degrade(Status::error(ErrorCode::Unavailable, "cannot write to the cache "
                                                  "folder " +
                                                      path + ": " +
                                                      std::strerror(error) +
                                                      remedyFor(error)));
  return false;
}

void Store::put(std::string_view key, std::string_view bytes,
                std::string_view meta) {
  if (!isStoreKey(key))
    return;
  if (!impl->writable())
    return impl->memory.put(key, bytes);
  std::string text = encodeArtifact(key, meta, bytes);
  if (text.size() > impl->options.maxBytes)
    return;
  if (!impl->putOnDisk(key, text))
    return impl->memory.put(key, bytes);
  // What an earlier, failed attempt left in memory is out of date.
  impl->memory.erase(key);
  impl->countPut(text.size());
}

void Store::Impl::countPut(uint64_t bytes) {
  {
    std::lock_guard<std::mutex> lock(mutex);
    knownBytes += bytes;
    if (knownBytes <= options.maxBytes && ++putsSinceScan < kPutsBetweenScans)
      return;
    putsSinceScan = 0;
  }
  evict(options.maxBytes, /*wait=*/false);
}

/// Removes leftovers and then old entries down to the limit, one process at a
/// time; without `wait`, one that is at it is left to do our work too.
StoreReport Store::Impl::evict(uint64_t limit, bool wait) {
  StoreReport report;
  FileHandle lockFile(::openat(
      folder.get(), "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lockFile.ok() ||
      ::flock(lockFile.get(), wait ? LOCK_EX : LOCK_EX | LOCK_NB) != 0)
    return report;
  std::vector<FolderEntry> entries;
  for (FolderEntry &entry : listFolder(folder.get())) {
    observe(entry.lastUse);
    if (!keyOfEntry(entry.name).empty()) {
      report.keptBytes += entry.bytes;
      entries.push_back(std::move(entry));
    } else if (isStagingName(entry.name) &&
               removeDeadStaging(folder.get(), entry.name)) {
      report.removed.push_back(entry.name);
      report.removedBytes += entry.bytes;
    }
  }
  std::sort(entries.begin(), entries.end(),
            [](const FolderEntry &a, const FolderEntry &b) {
              return a.lastUse != b.lastUse ? a.lastUse < b.lastUse
                                            : a.name < b.name;
            });
  report.kept = entries.size();
  for (const FolderEntry &entry : entries) {
    if (report.keptBytes <= limit)
      break;
    if (::unlinkat(folder.get(), entry.name.c_str(), 0) != 0 && errno != ENOENT)
      continue;
    report.removed.emplace_back(keyOfEntry(entry.name));
    report.removedBytes += entry.bytes;
    report.keptBytes -= entry.bytes;
    --report.kept;
  }
  std::lock_guard<std::mutex> lock(mutex);
  knownBytes = report.keptBytes;
  return report;
}

//===----------------------------------------------------------------------===//
// For people
//===----------------------------------------------------------------------===//

Status Store::Impl::usable() const {
  if (folder.ok())
    return {};
  std::lock_guard<std::mutex> lock(mutex);
  return reason;
}

Result<std::vector<StoreItem>> Store::list() const {
  if (Status status = impl->usable(); !status.ok())
    return status;
  std::vector<StoreItem> items;
  for (const FolderEntry &entry : listFolder(impl->folder.get())) {
    std::string_view key = keyOfEntry(entry.name);
    if (key.empty())
      continue;
    StoreItem item;
    item.key = key;
    item.bytes = entry.bytes;
    item.lastUse = entry.lastUse;
    std::optional<ArtifactFile> file =
        readArtifact(impl->folder.get(), key, entry.name, /*metaOnly=*/true);
    item.legible = file.has_value();
    if (file)
      item.meta = std::move(file->meta);
    items.push_back(std::move(item));
  }
  std::sort(
      items.begin(), items.end(), [](const StoreItem &a, const StoreItem &b) {
        return a.lastUse != b.lastUse ? a.lastUse > b.lastUse : a.key < b.key;
      });
  return items;
}

Result<StoreReport> Store::verify(bool removeDefects) {
  if (Status status = impl->usable(); !status.ok())
    return status;
  StoreReport report;
  for (const FolderEntry &entry : listFolder(impl->folder.get())) {
    std::string key(keyOfEntry(entry.name));
    if (key.empty())
      continue;
    if (readArtifact(impl->folder.get(), key, entry.name, false)) {
      ++report.kept;
      report.keptBytes += entry.bytes;
      continue;
    }
    report.defects.push_back(key);
    if (removeDefects &&
        ::unlinkat(impl->folder.get(), entry.name.c_str(), 0) == 0) {
      report.removed.push_back(key);
      report.removedBytes += entry.bytes;
    }
  }
  std::sort(report.defects.begin(), report.defects.end());
  return report;
}

Result<StoreReport> Store::prune(uint64_t maxBytes) {
  if (Status status = impl->usable(); !status.ok())
    return status;
  return impl->evict(maxBytes, /*wait=*/true);
}

Result<StoreReport> Store::clear() { return prune(0); }

} // namespace seqc::rt
