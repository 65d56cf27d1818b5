//===- StoreMeta.cpp - what an entry of the artifact store says it is -----===//

#include "runtime/core/StoreMeta.h"

#include <algorithm>

namespace seqc::rt {

std::string_view StoreMeta::field(std::string_view key) const {
  for (const auto &[name, value] : fields)
    if (name == key)
      return value;
  return {};
}

static void append(std::string &text, std::string_view part) {
  for (char c : part)
    text += static_cast<unsigned char>(c) < ' ' || c == 127 ? ' ' : c;
}

std::string toText(const StoreMeta &meta) {
  std::string text;
  append(text, meta.kind);
  text += ' ';
  append(text, meta.name);
  for (const auto &[key, value] : meta.fields) {
    text += '\t';
    append(text, key);
    text += '=';
    append(text, value);
  }
  return text;
}

/// Cuts off and returns what is before `separator`, or everything.
static std::string takeUntil(std::string_view &text, char separator) {
  size_t end = text.find(separator);
  std::string part;
  append(part, text.substr(0, end));
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return part;
}

StoreMeta parseStoreMeta(std::string_view text) {
  StoreMeta meta;
  std::string_view head = text.substr(0, text.find('\t'));
  text.remove_prefix(std::min(text.size(), head.size() + 1));
  meta.kind = takeUntil(head, ' ');
  append(meta.name, head);
  while (!text.empty()) {
    std::string_view field = text.substr(0, text.find('\t'));
    text.remove_prefix(std::min(text.size(), field.size() + 1));
    std::string key = takeUntil(field, '=');
    std::string value;
    append(value, field);
    meta.fields.emplace_back(std::move(key), std::move(value));
  }
  return meta;
}

} // namespace seqc::rt
