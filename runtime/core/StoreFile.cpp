//===- StoreFile.cpp - files of the artifact store ------------------------===//
#include "runtime/core/StoreFile.h"

#include "runtime/core/Digest.h"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

namespace seqc::rt {

//===----------------------------------------------------------------------===//
// Format
//===----------------------------------------------------------------------===//

static constexpr char kMagic[8] = {'S', 'E', 'Q', 'C', 'A', 'R', 'T', '\n'};
static constexpr uint64_t kFormat = 1;
static constexpr size_t kNumbers = 4; // format, key, meta and byte lengths
static constexpr size_t kDigestAt = sizeof(kMagic) + 8 * kNumbers;
static constexpr size_t kHeader = kDigestAt + sizeof(Digest);
static constexpr uint64_t kMaxFile = uint64_t(1) << 32;
static constexpr uint64_t kMaxMeta = uint64_t(1) << 20;
static constexpr std::string_view kEntrySuffix = ".art";
static constexpr std::string_view kStagingSuffix = ".tmp";

static void appendNumber(std::string &text, uint64_t number) {
  for (int i = 0; i < 8; ++i, number >>= 8)
    text += static_cast<char>(number & 255);
}

static uint64_t numberAt(std::string_view text, size_t index) {
  uint64_t number = 0;
  for (int i = 7; i >= 0; --i)
    number = number << 8 |
             static_cast<unsigned char>(text[sizeof(kMagic) + 8 * index + i]);
  return number;
}

static Digest digestOfFile(std::string_view text) {
  return Digester()
      .add(text.substr(0, kDigestAt))
      .add(text.substr(kHeader))
      .finish();
}

std::string encodeArtifact(std::string_view key, std::string_view meta,
                           std::string_view bytes) {
  std::string text(kMagic, sizeof(kMagic));
  text.reserve(kHeader + key.size() + meta.size() + bytes.size());
  for (uint64_t number : {kFormat, uint64_t(key.size()), uint64_t(meta.size()),
                          uint64_t(bytes.size())})
    appendNumber(text, number);
  text.append(sizeof(Digest), '\0');
  text.append(key).append(meta).append(bytes);
  Digest digest = digestOfFile(text);
  std::memcpy(&text[kDigestAt], digest.data(), digest.size());
  return text;
}

namespace {

struct Header {
  size_t keySize, metaSize, byteSize;
};

} // namespace

/// `text` is at least the header of a file of `size` bytes.
static std::optional<Header> readHeader(std::string_view text, uint64_t size) {
  if (text.size() < kHeader || size > kMaxFile ||
      std::memcmp(text.data(), kMagic, sizeof(kMagic)) != 0 ||
      numberAt(text, 0) != kFormat)
    return std::nullopt;
  uint64_t key = numberAt(text, 1), meta = numberAt(text, 2),
           bytes = numberAt(text, 3);
  // Each is small enough that the sum cannot wrap.
  if (key > kMaxMeta || meta > kMaxMeta || bytes > kMaxFile ||
      kHeader + key + meta + bytes != size)
    return std::nullopt;
  return Header{key, meta, bytes};
}

std::optional<ArtifactFile> decodeArtifact(std::string_view key,
                                           std::string_view text) {
  std::optional<Header> header = readHeader(text, text.size());
  if (!header || text.substr(kHeader, header->keySize) != key)
    return std::nullopt;
  Digest digest = digestOfFile(text);
  if (std::memcmp(text.data() + kDigestAt, digest.data(), digest.size()) != 0)
    return std::nullopt;
  size_t metaAt = kHeader + header->keySize;
  return ArtifactFile{std::string(text.substr(metaAt, header->metaSize)),
                      std::string(text.substr(metaAt + header->metaSize))};
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

FileHandle &FileHandle::operator=(FileHandle &&other) noexcept {
  if (this != &other) {
    if (fd >= 0)
      ::close(fd);
    fd = other.release();
  }
  return *this;
}

FileHandle::~FileHandle() {
  if (fd >= 0)
    ::close(fd);
}

static bool readExactly(int fd, char *target, size_t size) {
  while (size > 0) {
    ssize_t got = ::read(fd, target, size);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return false;
    target += got;
    size -= static_cast<size_t>(got);
  }
  return true;
}

static bool writeExactly(int fd, std::string_view text) {
  while (!text.empty()) {
    ssize_t put = ::write(fd, text.data(), text.size());
    if (put < 0 && errno == EINTR)
      continue;
    if (put < 0)
      return false;
    text.remove_prefix(static_cast<size_t>(put));
  }
  return true;
}

static bool onlyOwnerWrites(const struct stat &info) {
  return info.st_uid == ::geteuid() &&
         (info.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

std::optional<ArtifactFile> readArtifact(int dir, std::string_view key,
                                         const std::string &name,
                                         bool metaOnly) {
  // Not blocking, or a pipe of that name would hold the caller for ever.
  FileHandle file(::openat(dir, name.c_str(),
                           O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat info;
  if (!file.ok() || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode) ||
      !onlyOwnerWrites(info))
    return std::nullopt;
  uint64_t size = static_cast<uint64_t>(info.st_size);
  std::string text(kHeader, '\0');
  if (size < kHeader || !readExactly(file.get(), text.data(), kHeader))
    return std::nullopt;
  std::optional<Header> header = readHeader(text, size);
  if (!header)
    return std::nullopt;
  text.resize(metaOnly ? kHeader + header->keySize + header->metaSize : size);
  if (!readExactly(file.get(), text.data() + kHeader, text.size() - kHeader))
    return std::nullopt;
  if (!metaOnly)
    return decodeArtifact(key, text);
  if (text.compare(kHeader, header->keySize, key) != 0)
    return std::nullopt;
  return ArtifactFile{text.substr(kHeader + header->keySize), {}};
}

void setLastUse(int dir, const std::string &name, int64_t time) {
  constexpr int64_t kSecond = 1000000000;
  struct timespec times[2];
  times[0].tv_sec = 0;
  times[0].tv_nsec = UTIME_OMIT;
  times[1].tv_sec = time / kSecond;
  times[1].tv_nsec = time % kSecond;
  // An entry that cannot be marked, on a read-only disk say, is still good.
  (void)::utimensat(dir, name.c_str(), times, AT_SYMLINK_NOFOLLOW);
}

//===----------------------------------------------------------------------===//
// Folders
//===----------------------------------------------------------------------===//

static Status unavailable(std::string message) {
  return Status::error(ErrorCode::Unavailable, std::move(message));
}

static void makeFolders(const std::string &path) {
  for (size_t at = path.find('/', 1); at != std::string::npos;
       at = path.find('/', at + 1))
    (void)::mkdir(path.substr(0, at).c_str(), 0700);
  (void)::mkdir(path.c_str(), 0700);
}

Result<FileHandle> openOwnFolder(const std::string &path) {
  makeFolders(path);
  FileHandle folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.ok())
    return unavailable("cannot open the cache folder " + path + ": " +
                       std::strerror(errno) +
                       "; choose another one with SEQC_CACHE_DIR");
  struct stat info;
  if (::fstat(folder.get(), &info) != 0)
    return unavailable("cannot examine the cache folder " + path + ": " +
                       std::strerror(errno));
  if (info.st_uid != ::geteuid())
    return unavailable("the cache folder " + path + " belongs to user " +
                       std::to_string(info.st_uid) + ", expected " +
                       std::to_string(::geteuid()) +
                       "; code from it would be somebody else's, choose "
                       "another one with SEQC_CACHE_DIR");
  if (!onlyOwnerWrites(info))
    return unavailable("the cache folder " + path +
                       " may be written by others, who could put code into "
                       "it; run chmod go-w on it or choose another one with "
                       "SEQC_CACHE_DIR");
  return folder;
}

std::vector<FolderEntry> listFolder(int dir) {
  std::vector<FolderEntry> entries;
  // A descriptor of its own, since reading moves the position.
  int fd = ::openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *stream = fd < 0 ? nullptr : ::fdopendir(fd);
  if (!stream) {
    if (fd >= 0)
      ::close(fd);
    return entries;
  }
  while (const dirent *item = ::readdir(stream)) {
    struct stat info;
    if (::fstatat(dir, item->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(info.st_mode))
      continue;
    FolderEntry entry;
    entry.name = item->d_name;
    entry.bytes = static_cast<uint64_t>(info.st_size);
    entry.lastUse =
        int64_t(info.st_mtim.tv_sec) * 1000000000 + info.st_mtim.tv_nsec;
    entries.push_back(std::move(entry));
  }
  ::closedir(stream);
  return entries;
}

//===----------------------------------------------------------------------===//
// Names and staging
//===----------------------------------------------------------------------===//

bool isStoreKey(std::string_view key) {
  return key.size() >= 8 && key.size() <= 128 &&
         key.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string entryName(std::string_view key) {
  return std::string(key) += kEntrySuffix;
}

static bool endsWith(std::string_view text, std::string_view suffix) {
  return text.size() >= suffix.size() &&
         text.substr(text.size() - suffix.size()) == suffix;
}

std::string_view keyOfEntry(std::string_view name) {
  if (!endsWith(name, kEntrySuffix))
    return {};
  std::string_view key = name.substr(0, name.size() - kEntrySuffix.size());
  return isStoreKey(key) ? key : std::string_view();
}

bool isStagingName(std::string_view name) {
  return endsWith(name, kStagingSuffix) &&
         isStoreKey(name.substr(0, name.find('.')));
}

uint64_t randomNumber() {
  uint64_t number = 0;
  if (::getrandom(&number, sizeof(number), 0) == sizeof(number))
    return number;
  struct timespec time;
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return uint64_t(time.tv_nsec) << 32 ^ uint64_t(::getpid());
}

std::string stagingName(std::string_view key, uint64_t writer,
                        uint64_t number) {
  std::string name(key);
  name += '.' + std::to_string(writer) + '-' + std::to_string(number);
  return name += kStagingSuffix;
}

bool removeDeadStaging(int dir, const std::string &name) {
  FileHandle file(::openat(dir, name.c_str(),
                           O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  // The kernel drops the lock of a writer that dies, however it dies.
  if (!file.ok() || ::flock(file.get(), LOCK_EX | LOCK_NB) != 0)
    return false;
  return ::unlinkat(dir, name.c_str(), 0) == 0;
}

FileHandle writeStaging(int dir, const std::string &name, std::string_view text,
                        int &error) {
  FileHandle file(::openat(dir, name.c_str(),
                           O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                           0600));
  error = 0;
  if (!file.ok()) {
    error = errno;
    return file;
  }
  bool written = ::flock(file.get(), LOCK_EX | LOCK_NB) == 0 &&
                 writeExactly(file.get(), text) &&
                 (::fsync(file.get()) == 0 || errno == EINVAL);
  if (written)
    return file;
  error = errno;
  (void)::unlinkat(dir, name.c_str(), 0);
  return FileHandle();
}

} // namespace seqc::rt
