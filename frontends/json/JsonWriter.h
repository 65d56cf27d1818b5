//===- JsonWriter.h - JSON text that people read --------------------------===//
#ifndef SEQC_FRONTENDS_JSON_JSONWRITER_H
#define SEQC_FRONTENDS_JSON_JSONWRITER_H

#include "frontends/json/JsonTree.h"

#include <string>
#include <string_view>

namespace seqc::frontend {

/// Collects the members of one object, in the order of the calls.
class ObjectText {
public:
  /// `value` is JSON text.
  ObjectText &raw(std::string_view key, std::string_view value);
  ObjectText &string(std::string_view key, std::string_view value);
  ObjectText &integer(std::string_view key, int64_t value);
  ObjectText &real(std::string_view key, double value);
  ObjectText &boolean(std::string_view key, bool value);
  bool empty() const { return text.empty(); }
  std::string str() const { return "{" + text + "}"; }

private:
  std::string text;
};

/// Two blanks a level; an object or list that fits in `width` columns and holds
/// no object or list of its own stays on one line. Ends without a newline.
std::string formatJson(const JsonValue &value, size_t width = 80);

} // namespace seqc::frontend

#endif // SEQC_FRONTENDS_JSON_JSONWRITER_H
