//===- Store.h - disk cache of compiled artifacts -------------------------===//
//
// One file per key in <dir>/v1. A file is complete and undamaged or it is a
// miss: it is written under another name, synced and renamed, and carries a
// digest of everything in it. Several processes may share a folder. Since what
// is loaded will be run, a folder that others may write to is refused.
//
// The store never fails its user: without a usable disk it keeps artifacts in
// memory and says so once.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_RUNTIME_CORE_STORE_H
#define SEQC_RUNTIME_CORE_STORE_H

#include "seqc/Engine.h"
#include "seqc/Status.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace seqc::rt {

struct StoreOptions {
  std::string dir;       ///< empty: memory only, without a warning
  uint64_t maxBytes = 0; ///< on disk; least recently used entries go first
  DiagnosticHandler onDiagnostic;
  // For tests.
  std::function<int64_t()> clock;     ///< nanoseconds; may go backwards
  std::function<void()> beforeRename; ///< between staging and publishing
};

struct StoreItem {
  std::string key;
  std::string meta;
  uint64_t bytes = 0;  ///< of the file
  int64_t lastUse = 0; ///< orders entries; a time in ns unless clocks jumped
  bool legible = true; ///< the header makes sense
};

struct StoreReport {
  size_t kept = 0;
  uint64_t keptBytes = 0;
  std::vector<std::string> removed; ///< keys, and names of leftovers
  uint64_t removedBytes = 0;
  std::vector<std::string> defects; ///< keys whose file is damaged
};

/// Thread-safe. Keys are 8 to 128 lower-case hexadecimal digits.
class Store {
public:
  static std::shared_ptr<Store> open(StoreOptions options);
  ~Store();
  Store(const Store &) = delete;
  Store &operator=(const Store &) = delete;

  /// The bytes of put(), or nothing. Marks the entry as used.
  std::optional<std::string> load(std::string_view key);
  /// Marks the entry as used, if it is on disk, without reading it.
  void touch(std::string_view key);
  /// Keeps `bytes` under `key`, replacing what is there; `meta` is a short text
  /// for list().
  void put(std::string_view key, std::string_view bytes, std::string_view meta);

  /// Ok while the disk is in use, else why it is not.
  Status diskStatus() const;
  /// Folder that holds the entries.
  const std::string &path() const;

  // For people. All of them leave entries in memory alone and fail only if the
  // folder cannot be used.
  /// Most recently used first.
  Result<std::vector<StoreItem>> list() const;
  /// Reads every entry; removes the damaged ones if asked to.
  Result<StoreReport> verify(bool removeDefects);
  /// Drops leftovers of dead writers and old entries until at most `maxBytes`
  /// are left.
  Result<StoreReport> prune(uint64_t maxBytes);
  Result<StoreReport> clear();

private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl;
};

} // namespace seqc::rt

#endif // SEQC_RUNTIME_CORE_STORE_H
