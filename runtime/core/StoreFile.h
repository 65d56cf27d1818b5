//===- StoreFile.h - files of the artifact store --------------------------===//
#ifndef SEQC_RUNTIME_CORE_STOREFILE_H
#define SEQC_RUNTIME_CORE_STOREFILE_H

#include "seqc/Status.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace seqc::rt {

/// An open file descriptor that closes itself. Movable.
class FileHandle {
public:
  explicit FileHandle(int fd = -1) : fd(fd) {}
  FileHandle(FileHandle &&other) noexcept : fd(other.release()) {}
  FileHandle &operator=(FileHandle &&other) noexcept;
  ~FileHandle();
  bool ok() const { return fd >= 0; }
  int get() const { return fd; }
  int release() {
    int result = fd;
    fd = -1;
    return result;
  }

private:
  int fd;
};

struct ArtifactFile {
  std::string meta;
  std::string bytes;
};

/// Header, key, meta, bytes; the header holds lengths and a digest of the rest.
std::string encodeArtifact(std::string_view key, std::string_view meta,
                           std::string_view bytes);
/// Nothing if the text is not exactly what encodeArtifact gave for this key.
std::optional<ArtifactFile> decodeArtifact(std::string_view key,
                                           std::string_view text);
/// Reads `name` in `dir`; `metaOnly` leaves the bytes and the digest alone.
/// Nothing if it is damaged, is not a plain file, or others may write to it.
std::optional<ArtifactFile> readArtifact(int dir, std::string_view key,
                                         const std::string &name,
                                         bool metaOnly);
/// Marks a file as used at `time` (ns).
void setLastUse(int dir, const std::string &name, int64_t time);

/// Opens or creates the folder, checks that only its owner may write to it.
Result<FileHandle> openOwnFolder(const std::string &path);

struct FolderEntry {
  std::string name;
  uint64_t bytes = 0;
  int64_t lastUse = 0;
};
/// Plain files of a folder.
std::vector<FolderEntry> listFolder(int dir);

bool isStoreKey(std::string_view key);
std::string entryName(std::string_view key);
/// Key of an entry's file name; empty if it is none.
std::string_view keyOfEntry(std::string_view name);
bool isStagingName(std::string_view name);
/// Writers are told apart by a random number: process ids repeat where
/// containers share a folder.
uint64_t randomNumber();
std::string stagingName(std::string_view key, uint64_t writer, uint64_t number);
/// Removes a staging file unless its writer is alive.
bool removeDeadStaging(int dir, const std::string &name);

/// Writes and syncs `text` as a new file that stays locked while it is open.
/// Returns it, or errno in `error`.
FileHandle writeStaging(int dir, const std::string &name, std::string_view text,
                        int &error);

} // namespace seqc::rt

#endif // SEQC_RUNTIME_CORE_STOREFILE_H
