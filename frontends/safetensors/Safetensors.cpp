//===- Safetensors.cpp - maps and checks weight files ---------------------===//

#include "frontends/safetensors/Safetensors.h"

#include "frontends/safetensors/SafetensorsHeader.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace seqc;
using namespace seqc::frontend;

/// What other readers accept; a longer header is an attack or a mistake.
static constexpr uint64_t kMaxHeaderBytes = 100'000'000;
static constexpr size_t kLengthBytes = 8;

static Status invalid(const std::string &file, const std::string &text) {
  return Status::error(ErrorCode::InvalidModel, file + ": " + text);
}

static uint64_t readLittleEndian(const std::byte *bytes) {
  uint64_t value = 0;
  for (int i = 7; i >= 0; --i)
    value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

/// Bytes of a tensor, or nothing where they do not fit 63 bits.
static std::optional<uint64_t> checkedBytes(const std::vector<uint64_t> &shape,
                                            uint64_t elementBytes) {
  constexpr uint64_t limit = std::numeric_limits<int64_t>::max();
  // A zero anywhere makes the tensor empty, but the other extents must be
  // representable all the same.
  bool empty = false;
  uint64_t bytes = elementBytes;
  for (uint64_t extent : shape) {
    if (extent > limit)
      return std::nullopt;
    empty |= extent == 0;
    if (extent != 0 && bytes > limit / extent)
      return std::nullopt;
    bytes *= std::max<uint64_t>(extent, 1);
  }
  return empty ? 0 : bytes;
}

static Status checkEntry(const HeaderEntry &entry, uint64_t dataBytes,
                         const std::string &file) {
  std::string tensor = "tensor '" + entry.name + "'";
  std::optional<DType> dtype = parseDType(entry.dtype);
  if (!dtype)
    return Status::error(
        ErrorCode::Unsupported,
        file + ": " + tensor + " has dtype " + entry.dtype +
            ", expected F32, F64, I32, I64 or U8; convert the file");
  uint64_t begin = entry.offsets[0], end = entry.offsets[1];
  if (begin > end || end > dataBytes)
    return invalid(
        file, tensor + " has data_offsets [" + std::to_string(begin) + ", " +
                  std::to_string(end) + "], expected a range inside the " +
                  std::to_string(dataBytes) + " bytes of data");
  std::optional<uint64_t> bytes = checkedBytes(entry.shape, byteSize(*dtype));
  if (!bytes)
    return invalid(file, tensor + " has a shape whose size overflows");
  if (*bytes != end - begin)
    return invalid(file, tensor + ": shape and dtype make " +
                             std::to_string(*bytes) +
                             " bytes, but data_offsets span " +
                             std::to_string(end - begin));
  return Status();
}

/// The data ranges must follow each other without overlap and without bytes
/// that belong to no tensor, as the format demands.
static Status checkCoverage(const std::vector<HeaderEntry> &entries,
                            uint64_t dataBytes, const std::string &file) {
  std::vector<const HeaderEntry *> order;
  for (const HeaderEntry &entry : entries)
    order.push_back(&entry);
  std::sort(order.begin(), order.end(),
            [](const HeaderEntry *a, const HeaderEntry *b) {
              return a->offsets < b->offsets;
            });
  uint64_t covered = 0;
  for (const HeaderEntry *entry : order) {
    if (entry->offsets[0] < covered)
      return invalid(file,
                     "tensor '" + entry->name + "' overlaps another tensor");
    if (entry->offsets[0] > covered)
      return invalid(file, "bytes " + std::to_string(covered) + " to " +
                               std::to_string(entry->offsets[0]) +
                               " of the data belong to no tensor");
    covered = entry->offsets[1];
  }
  if (covered != dataBytes)
    return invalid(file,
                   std::to_string(dataBytes - covered) +
                       " bytes at the end of the file belong to no tensor");
  return Status();
}

Status SafetensorsFile::load(const std::byte *bytes, size_t size) {
  if (size < kLengthBytes)
    return invalid(name, "expected a safetensors file, got " +
                             std::to_string(size) + " bytes");
  uint64_t headerBytes = readLittleEndian(bytes);
  if (headerBytes > kMaxHeaderBytes || headerBytes > size - kLengthBytes)
    return invalid(name, "header length is " + std::to_string(headerBytes) +
                             ", but the file has " + std::to_string(size) +
                             " bytes");
  std::string_view json(reinterpret_cast<const char *>(bytes + kLengthBytes),
                        headerBytes);
  if (json.empty() || json.front() != '{')
    return invalid(name, "expected a header that starts with '{'");
  Result<SafetensorsHeader> header = parseSafetensorsHeader(json, name);
  if (!header)
    return header.status();

  const std::byte *data = bytes + kLengthBytes + headerBytes;
  uint64_t dataBytes = size - kLengthBytes - headerBytes;
  for (const HeaderEntry &entry : header->tensors)
    if (Status status = checkEntry(entry, dataBytes, name); !status.ok())
      return status;
  if (Status status = checkCoverage(header->tensors, dataBytes, name);
      !status.ok())
    return status;

  for (const HeaderEntry &found : header->tensors) {
    Entry &entry = tensors[found.name];
    entry.dtype = *parseDType(found.dtype);
    entry.shape.assign(found.shape.begin(), found.shape.end());
    entry.data = data + found.offsets[0];
    uint64_t length = found.offsets[1] - found.offsets[0];
    if (length == 0 ||
        reinterpret_cast<uintptr_t>(entry.data) % byteSize(entry.dtype) == 0)
      continue;
    entry.aligned.reset(new (std::nothrow) std::byte[length]);
    if (!entry.aligned)
      return Status::error(ErrorCode::ResourceExhausted,
                           name + ": not enough memory for tensor '" +
                               found.name + "'");
    std::memcpy(entry.aligned.get(), entry.data, length);
    entry.data = entry.aligned.get();
  }
  freeForm = std::move(header->metadata);
  return Status();
}

Result<std::shared_ptr<SafetensorsFile>>
SafetensorsFile::parse(const void *data, size_t size, std::string name) {
  std::shared_ptr<SafetensorsFile> file(new SafetensorsFile());
  file->name = std::move(name);
  if (Status status = file->load(static_cast<const std::byte *>(data), size);
      !status.ok())
    return status;
  return file;
}

Result<std::shared_ptr<SafetensorsFile>>
SafetensorsFile::open(const std::string &path) {
  auto unavailable = [&](const char *what) {
    return Status::error(ErrorCode::Unavailable,
                         path + ": " + what + ": " + std::strerror(errno));
  };
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    return unavailable("cannot open the weight file");
  struct stat info;
  if (::fstat(descriptor, &info) != 0) {
    Status status = unavailable("cannot read the weight file");
    ::close(descriptor);
    return status;
  }
  if (!S_ISREG(info.st_mode)) {
    ::close(descriptor);
    return Status::error(ErrorCode::Unavailable,
                         path + ": expected a file, got something else");
  }
  std::shared_ptr<SafetensorsFile> file(new SafetensorsFile());
  file->name = path;
  size_t size = static_cast<size_t>(info.st_size);
  // An empty file cannot be mapped; load() has the message for it.
  if (size != 0) {
    void *mapping =
        ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (mapping == MAP_FAILED) {
      Status status = unavailable("cannot map the weight file");
      ::close(descriptor);
      return status;
    }
    file->mapping = mapping;
    file->mappingBytes = size;
  }
  ::close(descriptor);
  if (Status status =
          file->load(static_cast<const std::byte *>(file->mapping), size);
      !status.ok())
    return status;
  return file;
}

SafetensorsFile::~SafetensorsFile() {
  if (mapping)
    ::munmap(mapping, mappingBytes);
}

std::vector<std::string> SafetensorsFile::names() const {
  std::vector<std::string> all;
  for (const auto &[tensor, entry] : tensors)
    all.push_back(tensor);
  return all;
}

TensorRef SafetensorsFile::find(std::string_view tensor) const {
  auto found = tensors.find(tensor);
  if (found == tensors.end())
    return TensorRef();
  const Entry &entry = found->second;
  TensorRef ref;
  // Views are typed for callers that write too; weights are only ever read.
  ref.data = const_cast<std::byte *>(entry.data);
  ref.dtype = entry.dtype;
  ref.shape = entry.shape.data();
  ref.rank = static_cast<int32_t>(entry.shape.size());
  return ref;
}
