//===- JsonWriter.cpp - JSON text that people read ------------------------===//

#include "frontends/json/JsonWriter.h"

#include <nlohmann/json.hpp>

#include <algorithm>

using namespace seqc;
using namespace seqc::frontend;

ObjectText &ObjectText::raw(std::string_view key, std::string_view value) {
  text += (text.empty() ? "" : ", ") + quoteJson(key) + ": ";
  text += value;
  return *this;
}

ObjectText &ObjectText::string(std::string_view key, std::string_view value) {
  return raw(key, quoteJson(value));
}

ObjectText &ObjectText::integer(std::string_view key, int64_t value) {
  return raw(key, std::to_string(value));
}

ObjectText &ObjectText::real(std::string_view key, double value) {
  return raw(key, nlohmann::json(value).dump());
}

ObjectText &ObjectText::boolean(std::string_view key, bool value) {
  return raw(key, value ? "true" : "false");
}

static bool isContainer(const JsonValue &value) {
  return value.is(JsonValue::Kind::Array) || value.is(JsonValue::Kind::Object);
}

static std::string scalarText(const JsonValue &value) {
  switch (value.kind) {
  case JsonValue::Kind::Bool:
    return value.boolean ? "true" : "false";
  case JsonValue::Kind::Integer:
    return std::to_string(value.integer);
  case JsonValue::Kind::Real:
    return nlohmann::json(value.real).dump();
  case JsonValue::Kind::String:
    return quoteJson(value.text);
  default:
    return "null";
  }
}

/// `column`: where the value starts; `indent`: of the line that it starts on.
static void format(const JsonValue &value, size_t column, size_t indent,
                   size_t width, std::string &out) {
  if (!isContainer(value)) {
    out += scalarText(value);
    return;
  }
  bool isObject = value.is(JsonValue::Kind::Object);
  std::vector<std::string> keys;
  std::vector<const JsonValue *> inner;
  for (const JsonValue::Member &member : value.members) {
    keys.push_back(quoteJson(member.first) + ": ");
    inner.push_back(&member.second);
  }
  for (const JsonValue &element : value.elements) {
    keys.emplace_back();
    inner.push_back(&element);
  }
  if (std::none_of(inner.begin(), inner.end(),
                   [](const JsonValue *v) { return isContainer(*v); })) {
    std::string line = isObject && !inner.empty() ? "{ " : isObject ? "{" : "[";
    for (size_t i = 0; i < inner.size(); ++i)
      line += (i ? ", " : "") + keys[i] + scalarText(*inner[i]);
    line += isObject && !inner.empty() ? " }" : isObject ? "}" : "]";
    // One more column for a comma behind it.
    if (column + line.size() + 1 <= width || inner.empty()) {
      out += line;
      return;
    }
  }
  out += isObject ? "{\n" : "[\n";
  for (size_t i = 0; i < inner.size(); ++i) {
    out += std::string(indent + 2, ' ') + keys[i];
    format(*inner[i], indent + 2 + keys[i].size(), indent + 2, width, out);
    out += i + 1 < inner.size() ? ",\n" : "\n";
  }
  out += std::string(indent, ' ') + (isObject ? "}" : "]");
}

std::string frontend::formatJson(const JsonValue &value, size_t width) {
  std::string out;
  format(value, 0, 0, width, out);
  return out;
}
