//===- OutputFile.cpp - files and streams that commands write -------------===//

#include "frontends/cli/OutputFile.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <streambuf>
#include <sys/stat.h>
#include <unistd.h>

using namespace seqc;
using namespace seqc::cli;

namespace fs = std::filesystem;

static Status cannotWrite(const std::string &what, int error) {
  return Status::error(
      ErrorCode::Unavailable,
      "cannot write " + what +
          (error ? std::string(": ") + std::strerror(error) : std::string()));
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

namespace {
/// What is at a path.
struct Place {
  fs::path path; ///< behind links
  struct stat about = {};
  bool exists = false;

  /// Whether another file can take its place. Links of /proc lead to open
  /// files, which need not have a path.
  bool isReplaceable() const {
    struct stat there;
    return !exists ||
           (S_ISREG(about.st_mode) && stat(path.c_str(), &there) == 0 &&
            there.st_dev == about.st_dev && there.st_ino == about.st_ino);
  }
  bool isStandardOutput() const {
    struct stat out;
    return exists && fstat(STDOUT_FILENO, &out) == 0 &&
           out.st_dev == about.st_dev && out.st_ino == about.st_ino;
  }
};
} // namespace

static Place placeOf(fs::path path) {
  Place place;
  place.exists = stat(path.c_str(), &place.about) == 0;
  // A file that is made appears where a link points to.
  constexpr int kMostLinks = 40;
  std::error_code error;
  for (int i = 0; i < kMostLinks && fs::is_symlink(path, error); ++i) {
    fs::path target = fs::read_symlink(path, error);
    if (error)
      break;
    path = path.parent_path() / target;
  }
  place.path = path;
  return place;
}

/// Into what is there.
static Status writeInto(const fs::path &path,
                        const std::function<Status(std::ostream &)> &write) {
  errno = 0;
  std::ofstream stream(path, std::ios::binary);
  if (!stream)
    return cannotWrite(path.string(), errno);
  Status status = write(stream);
  stream.close();
  if (!stream)
    return cannotWrite(path.string(), errno);
  return status;
}

/// Beside its place, then moved there. `begun` is false where nothing can be
/// made beside it.
static Status writeBeside(const Place &place, bool &begun,
                          const std::function<Status(std::ostream &)> &write) {
  fs::path staged = place.path;
  staged += ".part" + std::to_string(getpid());
  errno = 0;
  std::ofstream stream(staged, std::ios::binary);
  begun = bool(stream);
  if (!begun)
    return {};
  // Before there is content: it may be meant for few eyes.
  if (place.exists)
    chmod(staged.c_str(), place.about.st_mode & 07777);
  Status status = write(stream);
  stream.close();
  if (!stream ||
      (status.ok() && std::rename(staged.c_str(), place.path.c_str()) != 0))
    status = cannotWrite(place.path.string(), errno);
  if (!status.ok())
    std::remove(staged.c_str());
  return status;
}

Status cli::writeFile(const fs::path &path,
                      const std::function<Status(std::ostream &)> &write) {
  if (Status status = checkWritable(path); !status.ok())
    return status;
  Place place = placeOf(path);
  if (place.isStandardOutput())
    return writeStandardOutput(write);
  if (place.isReplaceable()) {
    bool begun = false;
    Status status = writeBeside(place, begun, write);
    if (begun)
      return status;
  }
  return writeInto(path, write);
}

Status cli::writeFile(const fs::path &path, const std::string &text) {
  return writeFile(path, [&](std::ostream &stream) {
    stream << text;
    return Status();
  });
}

Status cli::checkWritable(const fs::path &path) {
  Place place = placeOf(path);
  if (place.exists && S_ISDIR(place.about.st_mode))
    return cannotWrite(path.string(), EISDIR);
  fs::path folder = place.path.parent_path();
  if (folder.empty())
    folder = ".";
  if (access(place.exists ? path.c_str() : folder.c_str(), W_OK) != 0)
    return cannotWrite(path.string(), errno);
  return {};
}

void LineCopy::open(const std::string &to) {
  path = to;
  if (path.empty())
    return;
  errno = 0;
  stream.open(path, std::ios::app);
  if (!stream)
    problem = cannotWrite(path, errno);
}

void LineCopy::add(const std::string &line) {
  if (!stream.is_open() || !problem.ok())
    return;
  errno = 0;
  stream << line << std::endl;
  if (!stream)
    problem = cannotWrite(path, errno);
}

//===----------------------------------------------------------------------===//
// Standard output
//===----------------------------------------------------------------------===//

namespace {
/// Standard output with the reason why a write failed: by the time that a
/// command ends, errno speaks of something else.
class OutputBuffer : public std::streambuf {
public:
  OutputBuffer() : isTerminal(isatty(STDOUT_FILENO)) {
    setp(bytes.data(), bytes.data() + bytes.size());
  }
  int error() const { return firstError; }

protected:
  int_type overflow(int_type next) override {
    if (sync() != 0)
      return traits_type::eof();
    if (traits_type::eq_int_type(next, traits_type::eof()))
      return traits_type::not_eof(next);
    return sputc(traits_type::to_char_type(next));
  }
  std::streamsize xsputn(const char *text, std::streamsize count) override {
    std::streamsize put = std::streambuf::xsputn(text, count);
    if (isTerminal && std::memchr(text, '\n', static_cast<size_t>(put)))
      sync();
    return put;
  }
  int sync() override {
    for (const char *from = pbase(); from < pptr() && !firstError;) {
      ssize_t put = ::write(STDOUT_FILENO, from, size_t(pptr() - from));
      if (put >= 0)
        from += put;
      else if (errno != EINTR)
        firstError = errno;
    }
    setp(bytes.data(), bytes.data() + bytes.size());
    return firstError ? -1 : 0;
  }

private:
  const bool isTerminal;
  int firstError = 0;
  std::array<char, 1 << 16> bytes;
};
} // namespace

static OutputBuffer &outputBuffer() {
  // Never destroyed: std::cout may be used until the process ends.
  static auto *buffer = new OutputBuffer;
  return *buffer;
}

Status
cli::writeStandardOutput(const std::function<Status(std::ostream &)> &write) {
  Status status = write(std::cout);
  return std::cout ? status : Status();
}

void cli::openStandardOutput() { std::cout.rdbuf(&outputBuffer()); }

Status cli::closeStandardOutput(bool &readerIsGone) {
  std::cout.flush();
  int error = outputBuffer().error();
  readerIsGone = error == EPIPE;
  return error ? cannotWrite("to standard output", error) : Status();
}
