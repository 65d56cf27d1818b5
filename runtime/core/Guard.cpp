//===- Guard.cpp - what a variant assumes of a call -----------------------===//
#include "runtime/core/Guard.h"

namespace seqc::rt {

std::string toString(const Guard &guard) {
  std::string arg = "arg" + std::to_string(guard.arg);
  std::string extent = arg + "." + std::to_string(guard.dim);
  std::string value = std::to_string(guard.value);
  switch (guard.kind) {
  case GuardKind::Equals:
    return extent + " == " + value;
  case GuardKind::AtMost:
    return extent + " <= " + value;
  case GuardKind::Same:
    return extent + " == arg" + std::to_string(guard.other) + "." +
           std::to_string(guard.otherDim);
  case GuardKind::Zero:
    return arg + " all 0";
  case GuardKind::LongestAtMost:
    return "sequences of " + arg + " <= " + value;
  case GuardKind::OneRowEach:
    return "one row per sequence of " + arg;
  }
  return extent;
}

static bool holds(const Guard &guard, const SeqcBuffer *args) {
  const SeqcBuffer &arg = args[guard.arg];
  int64_t extent = arg.dims[guard.dim];
  const int32_t *entries = static_cast<const int32_t *>(arg.data);
  switch (guard.kind) {
  case GuardKind::Equals:
    return extent == guard.value;
  case GuardKind::AtMost:
    return extent <= guard.value;
  case GuardKind::Same:
    return extent == args[guard.other].dims[guard.otherDim];
  case GuardKind::Zero:
    for (int64_t i = 0; i < arg.dims[0]; ++i)
      if (entries[i] != 0)
        return false;
    return true;
  case GuardKind::LongestAtMost:
    for (int64_t b = 0; b + 1 < arg.dims[0]; ++b)
      if (entries[b + 1] - entries[b] > guard.value)
        return false;
    return true;
  case GuardKind::OneRowEach:
    for (int64_t b = 0; b < arg.dims[0]; ++b)
      if (entries[b] != b)
        return false;
    return true;
  }
  return false;
}

bool holds(const std::vector<Guard> &guards, const SeqcBuffer *args) {
  for (const Guard &guard : guards)
    if (!holds(guard, args))
      return false;
  return true;
}

} // namespace seqc::rt
