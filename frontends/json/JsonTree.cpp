//===- JsonTree.cpp - builds the located tree -----------------------------===//

#include "frontends/json/JsonTree.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <new>

using namespace seqc;
using namespace seqc::frontend;

const JsonValue *JsonValue::find(std::string_view key) const {
  for (const Member &member : members)
    if (member.first == key)
      return &member.second;
  return nullptr;
}

const char *frontend::describe(JsonValue::Kind kind) {
  switch (kind) {
  case JsonValue::Kind::Null:
    return "null";
  case JsonValue::Kind::Bool:
    return "true or false";
  case JsonValue::Kind::Integer:
    return "an integer";
  case JsonValue::Kind::Real:
    return "a number";
  case JsonValue::Kind::String:
    return "a string";
  case JsonValue::Kind::Array:
    return "a list";
  case JsonValue::Kind::Object:
    return "an object";
  }
  return "a value";
}

std::string frontend::describe(const JsonValue &value) {
  switch (value.kind) {
  case JsonValue::Kind::Bool:
    return value.boolean ? "true" : "false";
  case JsonValue::Kind::Integer:
    return std::to_string(value.integer);
  case JsonValue::Kind::Real:
    return "the number " + nlohmann::json(value.real).dump();
  case JsonValue::Kind::String:
    return value.text.size() > 40 ? "a string" : "'" + value.text + "'";
  default:
    return describe(value.kind);
  }
}

std::string frontend::quoteJson(std::string_view text) {
  return nlohmann::json(std::string(text))
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

namespace {

/// Turns byte offsets into lines and columns; offsets only grow.
class Cursor {
public:
  explicit Cursor(std::string_view text) : text(text) {
    if (text.substr(0, 3) == "\xEF\xBB\xBF")
      offset = lineStart = 3;
  }

  /// Moves to the next token, past blanks and separators.
  void seek() {
    while (offset < text.size() &&
           std::string_view(" \t\r\n,:").find(text[offset]) !=
               std::string_view::npos)
      step();
  }

  /// Moves past the token that starts here. The parser has accepted it.
  void skipToken() {
    if (offset >= text.size())
      return;
    char first = text[offset];
    step();
    if (first == '"') {
      while (offset < text.size() && text[offset] != '"') {
        if (text[offset] == '\\')
          step();
        step();
      }
      step();
      return;
    }
    if (std::string_view("{}[]").find(first) != std::string_view::npos)
      return;
    while (offset < text.size() &&
           std::string_view(" \t\r\n,:{}[]").find(text[offset]) ==
               std::string_view::npos)
      step();
  }

  void moveTo(size_t target) {
    while (offset < std::min(target, text.size()))
      step();
  }

  bool isBefore(const Cursor &other) const { return offset < other.offset; }
  int line() const { return currentLine; }
  int column() const { return static_cast<int>(offset - lineStart) + 1; }

private:
  void step() {
    if (offset < text.size() && text[offset] == '\n') {
      ++currentLine;
      lineStart = offset + 1;
    }
    ++offset;
  }

  std::string_view text;
  size_t offset = 0, lineStart = 0;
  int currentLine = 1;
};

/// Builds the tree from the parser's events. The parser does not say where a
/// value starts; the cursor follows it through the text, token by token.
class TreeHandler {
public:
  using number_integer_t = nlohmann::json::number_integer_t;
  using number_unsigned_t = nlohmann::json::number_unsigned_t;
  using number_float_t = nlohmann::json::number_float_t;
  using string_t = nlohmann::json::string_t;
  using binary_t = nlohmann::json::binary_t;

  TreeHandler(std::string_view text, const std::string &name, JsonValue &root)
      : text(text), name(name), root(root), cursor(text) {}

  Diagnostic problem;

  bool null() { return scalar(JsonValue::Kind::Null); }
  bool boolean(bool value) {
    bool added = scalar(JsonValue::Kind::Bool);
    current->boolean = value;
    return added;
  }
  bool number_integer(number_integer_t value) {
    bool added = scalar(JsonValue::Kind::Integer);
    current->integer = value;
    current->real = static_cast<double>(value);
    return added;
  }
  bool number_unsigned(number_unsigned_t value) {
    if (value <= static_cast<uint64_t>(INT64_MAX))
      return number_integer(static_cast<number_integer_t>(value));
    return number_float(static_cast<double>(value), "");
  }
  bool number_float(number_float_t value, const string_t &) {
    bool added = scalar(JsonValue::Kind::Real);
    current->real = value;
    return added;
  }
  bool string(string_t &value) {
    bool added = scalar(JsonValue::Kind::String);
    current->text = std::move(value);
    return added;
  }
  bool binary(binary_t &) { return false; }

  bool start_object(std::size_t) { return open(JsonValue::Kind::Object); }
  bool start_array(std::size_t) { return open(JsonValue::Kind::Array); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool key(string_t &value) {
    cursor.seek();
    JsonValue &object = *stack.back();
    for (size_t i = 0; i < object.members.size(); ++i) {
      if (object.members[i].first != value)
        continue;
      problem =
          makeDiagnostic("key '" + value + "' occurs twice in this object");
      problem.path = object.path;
      Diagnostic note = problem;
      note.severity = Severity::Note;
      note.line = object.keyPlaces[i].first;
      note.column = object.keyPlaces[i].second;
      note.text = "first here";
      problem.notes = {note};
      return false;
    }
    object.members.emplace_back(value, JsonValue());
    object.keyPlaces.emplace_back(cursor.line(), cursor.column());
    cursor.skipToken();
    return true;
  }

  bool parse_error(std::size_t position, const std::string &,
                   const nlohmann::detail::exception &error) {
    // The message repeats the place in its own style; keep what follows it.
    std::string_view message = error.what();
    if (size_t colon = message.find(": "); colon != std::string_view::npos)
      message.remove_prefix(colon + 2);
    if (size_t bracket = message.find("] ");
        message.substr(0, 1) == "[" && bracket != std::string_view::npos)
      message.remove_prefix(bracket + 2);
    // The parser counts to the end of the token that it could not take; the
    // cursor finds the token's start, but would go past a stray separator.
    Cursor end(text), start = cursor;
    end.moveTo(position == 0 ? 0 : position - 1);
    start.seek();
    cursor = start.isBefore(end) ? start : end;
    problem = makeDiagnostic("not valid JSON: " + std::string(message));
    return false;
  }

private:
  Diagnostic makeDiagnostic(std::string message) const {
    Diagnostic diagnostic;
    diagnostic.file = name;
    diagnostic.line = cursor.line();
    diagnostic.column = cursor.column();
    diagnostic.text = std::move(message);
    return diagnostic;
  }

  /// Makes room for the next value in the container that is open.
  JsonValue &append() {
    if (stack.empty())
      return root;
    JsonValue &parent = *stack.back();
    if (parent.is(JsonValue::Kind::Array)) {
      parent.elements.emplace_back();
      parent.elements.back().path =
          parent.path + "[" + std::to_string(parent.elements.size() - 1) + "]";
      return parent.elements.back();
    }
    JsonValue::Member &member = parent.members.back();
    member.second.path =
        parent.path.empty() ? member.first : parent.path + "." + member.first;
    return member.second;
  }

  bool scalar(JsonValue::Kind kind) {
    cursor.seek();
    current = &append();
    current->kind = kind;
    current->line = cursor.line();
    current->column = cursor.column();
    cursor.skipToken();
    return true;
  }

  bool open(JsonValue::Kind kind) {
    scalar(kind);
    if (stack.size() == kMaxJsonDepth) {
      problem = makeDiagnostic("nested more than " +
                               std::to_string(kMaxJsonDepth) + " levels deep");
      return false;
    }
    // Containers grow only while they are on top of the stack, so the pointers
    // below stay valid.
    stack.push_back(current);
    return true;
  }

  bool close() {
    cursor.seek();
    cursor.skipToken();
    stack.pop_back();
    return true;
  }

  std::string_view text;
  const std::string &name;
  JsonValue &root;
  JsonValue *current = nullptr;
  std::vector<JsonValue *> stack;
  Cursor cursor;
};

} // namespace

Result<JsonDocument> frontend::parseJson(std::string_view text,
                                         std::string name) {
  JsonDocument document;
  document.name = std::move(name);
  try {
    TreeHandler handler(text, document.name, document.root);
    if (nlohmann::json::sax_parse(text.begin(), text.end(), &handler))
      return document;
    return Status::error(ErrorCode::InvalidModel, std::move(handler.problem));
  } catch (const std::bad_alloc &) {
    return Status::error(ErrorCode::ResourceExhausted,
                         document.name +
                             ": not enough memory for the document");
  }
}
