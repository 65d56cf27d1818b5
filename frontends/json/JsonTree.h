//===- JsonTree.h - JSON values that know where they stand ----------------===//
#ifndef SEQC_FRONTENDS_JSON_JSONTREE_H
#define SEQC_FRONTENDS_JSON_JSONTREE_H

#include "seqc/Status.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace seqc::frontend {

/// A value of a document, with the line and column (from 1, in bytes) of its
/// first character and its path ("blocks[0].layers[1].window").
class JsonValue {
public:
  enum class Kind : uint8_t {
    Null,
    Bool,
    Integer,
    Real,
    String,
    Array,
    Object
  };
  using Member = std::pair<std::string, JsonValue>;

  Kind kind = Kind::Null;
  int line = 0;
  int column = 0;
  std::string path;
  bool boolean = false;
  int64_t integer = 0;
  double real = 0; ///< also set for Integer
  std::string text;
  std::vector<JsonValue> elements;
  std::vector<Member> members; ///< in document order, keys distinct
  /// Places of the members' keys, in the order of `members`.
  std::vector<std::pair<int, int>> keyPlaces;

  bool is(Kind other) const { return kind == other; }
  bool isNumber() const { return kind == Kind::Integer || kind == Kind::Real; }
  /// The member, or null.
  const JsonValue *find(std::string_view key) const;
};

/// "a string", "a list" and so on.
const char *describe(JsonValue::Kind kind);
/// What a message says was found: the kind, and the value where it is short.
std::string describe(const JsonValue &value);

struct JsonDocument {
  std::string name; ///< what messages call the document
  JsonValue root;
};

/// Deeper documents are refused.
inline constexpr int kMaxJsonDepth = 64;

/// Reads strict JSON. A key that occurs twice in one object is an error.
Result<JsonDocument> parseJson(std::string_view text, std::string name);

/// The text as a JSON string with its quotes.
std::string quoteJson(std::string_view text);

} // namespace seqc::frontend

#endif // SEQC_FRONTENDS_JSON_JSONTREE_H
