//===- ScratchCache.h - a disk cache for a measurement --------------------===//
#ifndef SEQC_FRONTENDS_CLI_SCRATCHCACHE_H
#define SEQC_FRONTENDS_CLI_SCRATCHCACHE_H

#include "seqc/Status.h"

#include <cstdlib>
#include <filesystem>
#include <string>

namespace seqc::cli {

/// A disk cache of its own for the time of a measurement.
class ScratchCache {
public:
  ScratchCache() {
    std::error_code failed;
    std::filesystem::path place =
        std::filesystem::temp_directory_path(failed) / "seqc-jit-XXXXXX";
    path = place.string();
    if (failed || !::mkdtemp(path.data()))
      path.clear();
  }
  ScratchCache(const ScratchCache &) = delete;
  ScratchCache &operator=(const ScratchCache &) = delete;
  ~ScratchCache() {
    std::error_code ignored;
    if (!path.empty())
      std::filesystem::remove_all(path, ignored);
  }
  /// Whether there is a folder.
  Status status() const {
    return path.empty() ? Status::error(ErrorCode::Unavailable,
                                        "cannot make a folder for a disk "
                                        "cache; set TMPDIR")
                        : Status();
  }
  std::string path;
};

} // namespace seqc::cli

#endif // SEQC_FRONTENDS_CLI_SCRATCHCACHE_H
