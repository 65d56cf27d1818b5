//===- ScheduleFile.h - schedules that a user sets for kernels ------------===//
//
// A JSON document names kernels and fields of their #seqc.schedule:
//
//   {"format": "seqc-schedule", "version": 1, "target": "cpu:avx512",
//    "kernels": {"rows_matmul_144": {"rows": 32, "registerRows": 6}}}
//
// What it does not name stays as the schedule model chooses it.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_RUNTIME_JIT_SCHEDULEFILE_H
#define SEQC_RUNTIME_JIT_SCHEDULEFILE_H

#include "frontends/json/JsonReader.h"
#include "seqc/Engine.h"
#include "seqc/Status.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace seqc::jit {

enum class ScheduleField : uint8_t {
  Rows,
  RegisterRows,
  RegisterVectors,
  Keys,
  Unroll,
  Block
};
inline constexpr size_t kScheduleFields = 6;

/// The name in a file: "registerRows".
const char *toString(ScheduleField field);

/// One number per field.
using ScheduleValues = std::array<int64_t, kScheduleFields>;

/// Where something stands in the document.
struct SchedulePlace {
  int line = 0;
  int column = 0;
  std::string path;
};

struct ScheduleEntry {
  ScheduleField field = ScheduleField::Rows;
  int64_t value = 0;
  SchedulePlace place;
};

struct ScheduleKernel {
  std::string name;
  SchedulePlace place;
  std::vector<ScheduleEntry> entries;
};

struct ScheduleFile {
  std::string name;   ///< what messages call the file
  std::string target; ///< empty: any
  SchedulePlace targetPlace;
  std::vector<ScheduleKernel> kernels;

  const ScheduleKernel *find(std::string_view kernel) const;
};

Result<ScheduleFile> parseScheduleFile(std::string_view text, std::string name);

/// The schedule that the options name; none where they name none.
Result<std::optional<ScheduleFile>>
readScheduleFile(const CompileOptions &options);

/// JSON that parseScheduleFile reads; without places.
std::string writeScheduleFile(const ScheduleFile &file);

/// The problems of a file as an InvalidArgument.
Status asArgument(const frontend::Problems &problems);

/// The error of a schedule for the target "reference".
Status refuseReference();

/// The fields of a kernel for people, "rows=32 keys=64".
std::string summary(const ScheduleKernel &kernel);

/// What a search for better schedules of one kernel starts from.
struct ScheduleChoice {
  std::string kernel;
  ScheduleValues model{};            ///< what the schedule model chooses
  ScheduleValues current{};          ///< with the options' schedule
  std::vector<ScheduleField> fields; ///< those that reach the code
  int64_t lanes = 1;                 ///< f32 elements of a vector
};

/// Where a search starts, for all kernels of a model. Compiles nothing.
Result<std::vector<ScheduleChoice>>
scheduleChoices(const ModelSource &source, const CompileOptions &options);

} // namespace seqc::jit

#endif // SEQC_RUNTIME_JIT_SCHEDULEFILE_H
