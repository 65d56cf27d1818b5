//===- JsonReader.h - typed reads that report instead of failing ----------===//
//
// A reader takes the members of one object by name and type. What is missing,
// of another type or out of range becomes a diagnostic at its place; reading
// goes on with a default, so that one run shows all problems of a document.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_FRONTENDS_JSON_JSONREADER_H
#define SEQC_FRONTENDS_JSON_JSONREADER_H

#include "frontends/json/JsonTree.h"

#include <functional>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace seqc::frontend {

/// Collects the problems of one document.
class Problems {
public:
  explicit Problems(std::string file) : file(std::move(file)) {}

  void error(const JsonValue &place, std::string text,
             ErrorCode code = ErrorCode::InvalidModel);
  void add(Diagnostic diagnostic, ErrorCode code = ErrorCode::InvalidModel);
  bool any() const { return !found.empty(); }
  size_t count() const { return found.size(); }
  const std::vector<Diagnostic> &all() const { return found; }
  const std::string &fileName() const { return file; }
  /// Ok if there are none. The code is that of the first problem.
  Status status() const;

private:
  std::string file;
  std::vector<Diagnostic> found;
  ErrorCode first = ErrorCode::Ok;
};

/// The candidate with the fewest edits to `word`, or "" where none is close.
std::string nearest(std::string_view word,
                    const std::vector<std::string> &candidates);

/// "unknown <what> '<word>'", with the nearest candidate or all of them.
void reportUnknown(Problems &problems, const JsonValue &place,
                   std::string_view what, std::string_view word,
                   const std::vector<std::string> &candidates);

class ObjectReader {
public:
  /// Reports where `value` is not an object; reads then give defaults.
  ObjectReader(const JsonValue &value, Problems &problems);

  const JsonValue &place() const { return object; }
  bool has(std::string_view key) const { return object.find(key) != nullptr; }

  /// The member, or null; `require` reports a missing one.
  const JsonValue *get(std::string_view key);
  const JsonValue *require(std::string_view key);

  std::string string(std::string_view key, std::string fallback = "");
  std::string requireString(std::string_view key);
  int64_t integer(std::string_view key, int64_t fallback, int64_t least = 1,
                  int64_t most = std::numeric_limits<int32_t>::max());
  int64_t requireInteger(std::string_view key, int64_t least = 1,
                         int64_t most = std::numeric_limits<int32_t>::max());
  double real(std::string_view key, double fallback);
  /// Reports a number that is not above 0.
  double positive(std::string_view key, double fallback);
  bool boolean(std::string_view key, bool fallback);
  /// One of the given words; the first is the fallback.
  std::string oneOf(std::string_view key,
                    std::initializer_list<const char *> words);
  std::string requireOneOf(std::string_view key,
                           std::initializer_list<const char *> words);
  /// A list of strings, or one string for a list of one.
  std::vector<std::string> strings(std::string_view key);
  /// A list of integers from `least` on.
  std::vector<int64_t> integers(std::string_view key, int64_t least = 1);
  /// A list; reports another kind. Null where it is absent.
  const std::vector<JsonValue> *list(std::string_view key);
  const std::vector<JsonValue> *requireList(std::string_view key);

  /// Keys that are legal without having been read.
  void allow(std::string_view key) { known.emplace_back(key); }
  /// Reports every member that nobody asked for, with the nearest known key.
  void finish();

private:
  bool check(const JsonValue &value, JsonValue::Kind kind);
  int64_t readInteger(const JsonValue &value, int64_t fallback, int64_t least,
                      int64_t most);
  std::string readWord(const JsonValue &value,
                       std::initializer_list<const char *> words);

  const JsonValue &object;
  Problems &problems;
  std::vector<std::string> known;
  bool valid;
};

} // namespace seqc::frontend

#endif // SEQC_FRONTENDS_JSON_JSONREADER_H
