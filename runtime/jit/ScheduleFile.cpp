//===- ScheduleFile.cpp - schedules that a user sets for kernels ----------===//

#include "runtime/jit/ScheduleFile.h"

#include "frontends/json/JsonReader.h"
#include "frontends/json/JsonWriter.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace seqc;
using namespace seqc::jit;

namespace {
struct FieldInfo {
  const char *name;
  int64_t least, most;
};
} // namespace

static constexpr int64_t kMostRows = 8192;

static constexpr FieldInfo kInfos[kScheduleFields] = {
    {"rows", 1, kMostRows}, {"registerRows", 1, 32}, {"registerVectors", 1, 16},
    {"keys", 1, kMostRows}, {"unroll", 1, 16},       {"block", 1, 256}};

static const FieldInfo &infoOf(ScheduleField field) {
  return kInfos[static_cast<size_t>(field)];
}

const char *jit::toString(ScheduleField field) { return infoOf(field).name; }

const ScheduleKernel *ScheduleFile::find(std::string_view kernel) const {
  auto found = llvm::find_if(
      kernels, [&](const ScheduleKernel &each) { return each.name == kernel; });
  return found == kernels.end() ? nullptr : &*found;
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

Status jit::asArgument(const frontend::Problems &problems) {
  Status status = problems.status();
  if (status.ok())
    return status;
  return Status::error(ErrorCode::InvalidArgument, status.message(),
                       status.diagnostics());
}

Status jit::refuseReference() {
  return Status::error(ErrorCode::InvalidArgument,
                       "target 'reference' has no kernels to schedule; "
                       "expected a cpu target");
}

static SchedulePlace placeOf(const frontend::JsonValue &value) {
  return {value.line, value.column, value.path};
}

static ScheduleKernel readKernel(const frontend::JsonValue &parent, size_t i,
                                 frontend::Problems &problems) {
  const frontend::JsonValue &value = parent.members[i].second;
  ScheduleKernel kernel;
  kernel.name = parent.members[i].first;
  // A wrong name is wrong at the key.
  kernel.place = {parent.keyPlaces[i].first, parent.keyPlaces[i].second,
                  parent.path};
  frontend::ObjectReader reader(value, problems);
  for (size_t f = 0; f < kScheduleFields; ++f) {
    const FieldInfo &info = infoOf(ScheduleField(f));
    const frontend::JsonValue *number = value.find(info.name);
    int64_t read = reader.integer(info.name, 0, info.least, info.most);
    if (number && read)
      kernel.entries.push_back({ScheduleField(f), read, placeOf(*number)});
  }
  reader.finish();
  return kernel;
}

Result<ScheduleFile> jit::parseScheduleFile(std::string_view text,
                                            std::string name) {
  Result<frontend::JsonDocument> document = frontend::parseJson(text, name);
  if (!document)
    return Status::error(ErrorCode::InvalidArgument,
                         document.status().message(),
                         document.status().diagnostics());
  ScheduleFile file;
  file.name = name;
  frontend::Problems problems(std::move(name));
  frontend::ObjectReader root(document->root, problems);
  root.requireOneOf("format", {"seqc-schedule"});
  root.requireInteger("version", 1, 1);
  file.target = root.string("target");
  if (const frontend::JsonValue *target = root.get("target"))
    file.targetPlace = placeOf(*target);
  if (const frontend::JsonValue *kernels = root.require("kernels")) {
    frontend::ObjectReader names(*kernels, problems);
    for (size_t i = 0; i < kernels->members.size(); ++i)
      file.kernels.push_back(readKernel(*kernels, i, problems));
  }
  root.finish();
  if (problems.any())
    return asArgument(problems);
  return file;
}

Result<std::optional<ScheduleFile>>
jit::readScheduleFile(const CompileOptions &options) {
  std::string text = options.scheduleText;
  std::string name = options.schedule.empty() ? "<schedule>" : options.schedule;
  if (text.empty()) {
    if (options.schedule.empty())
      return std::optional<ScheduleFile>();
    auto buffer =
        llvm::MemoryBuffer::getFile(options.schedule, /*IsText=*/false,
                                    /*RequiresNullTerminator=*/false);
    if (!buffer)
      return Status::error(ErrorCode::InvalidArgument,
                           "cannot read " + name + ": " +
                               buffer.getError().message());
    text = (*buffer)->getBuffer().str();
  }
  Result<ScheduleFile> file = parseScheduleFile(text, name);
  if (!file)
    return file.status();
  return std::optional<ScheduleFile>(std::move(*file));
}

std::string jit::writeScheduleFile(const ScheduleFile &file) {
  frontend::ObjectText kernels;
  for (const ScheduleKernel &kernel : file.kernels) {
    frontend::ObjectText fields;
    for (const ScheduleEntry &entry : kernel.entries)
      fields.integer(toString(entry.field), entry.value);
    kernels.raw(kernel.name, fields.str());
  }
  frontend::ObjectText root;
  root.string("format", "seqc-schedule").integer("version", 1);
  if (!file.target.empty())
    root.string("target", file.target);
  root.raw("kernels", kernels.str());
  Result<frontend::JsonDocument> document =
      frontend::parseJson(root.str(), file.name);
  assert(document.ok() && "written by this file");
  return frontend::formatJson(document->root) + "\n";
}

std::string jit::summary(const ScheduleKernel &kernel) {
  return llvm::join(llvm::map_range(kernel.entries,
                                    [](const ScheduleEntry &entry) {
                                      return std::string(
                                                 toString(entry.field)) +
                                             "=" + std::to_string(entry.value);
                                    }),
                    " ");
}
