//===- OutputFile.h - files and streams that commands write ---------------===//
#ifndef SEQC_FRONTENDS_CLI_OUTPUTFILE_H
#define SEQC_FRONTENDS_CLI_OUTPUTFILE_H

#include "seqc/Status.h"

#include <filesystem>
#include <fstream>
#include <functional>
#include <iosfwd>
#include <string>

namespace seqc::cli {

/// Writes a file, following links. A regular file is written next to its place
/// and moved there, so that an interrupted run leaves the old one; it keeps
/// the mode that it had. What exists and is no regular file (a device, a FIFO)
/// is written into, and so is what standard output goes to.
Status writeFile(const std::filesystem::path &path,
                 const std::function<Status(std::ostream &)> &write);
Status writeFile(const std::filesystem::path &path, const std::string &text);
/// To standard output, whose errors are told when it is closed.
Status writeStandardOutput(const std::function<Status(std::ostream &)> &write);
/// Whether writeFile could begin; leaves what is there as it is.
Status checkWritable(const std::filesystem::path &path);

/// Lines that go to the end of a file besides standard output.
class LineCopy {
public:
  /// An empty path: no copy.
  void open(const std::string &path);
  void add(const std::string &line);
  /// What went wrong with the first line that could not be written.
  const Status &status() const { return problem; }

private:
  std::string path;
  std::ofstream stream;
  Status problem;
};

/// Makes std::cout report what the system says of a failed write.
void openStandardOutput();
/// Writes out what is left. An error if anything could not be written; the
/// process that reads may be gone, which is not worth a message.
Status closeStandardOutput(bool &readerIsGone);

} // namespace seqc::cli

#endif // SEQC_FRONTENDS_CLI_OUTPUTFILE_H
