//===- JsonFields.h - checked reading of JSON -----------------------------===//
//
// For the files of this folder that are compiled with exceptions, since the
// JSON library throws. They catch what these functions throw.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_RUNTIME_CORE_JSONFIELDS_H
#define SEQC_RUNTIME_CORE_JSONFIELDS_H

#include <nlohmann/json.hpp>

#include <cstdint>
#include <limits>
#include <string>

namespace seqc::rt {

using Json = nlohmann::ordered_json;

/// What is wrong with a document, for people.
struct Malformed {
  std::string what;
};

inline const Json &field(const Json &json, const char *name) {
  if (!json.is_object())
    throw Malformed{std::string("expected an object with '") + name + "'"};
  auto found = json.find(name);
  if (found == json.end())
    throw Malformed{std::string("no field '") + name + "'"};
  return *found;
}

inline const Json &array(const Json &json, const char *what) {
  if (!json.is_array())
    throw Malformed{std::string("expected an array for '") + what + "'"};
  return json;
}

/// get<int>() would convert and wrap in silence.
template <class T> T integer(const Json &json, const char *what) {
  if (!json.is_number_integer())
    throw Malformed{std::string("expected an integer for '") + what + "'"};
  if (json.is_number_unsigned() &&
      json.get<uint64_t>() > uint64_t(std::numeric_limits<int64_t>::max()))
    throw Malformed{std::string("'") + what + "' is out of range"};
  int64_t value = json.get<int64_t>();
  if (value < std::numeric_limits<T>::min() ||
      value > std::numeric_limits<T>::max())
    throw Malformed{std::string("'") + what + "' is out of range"};
  return static_cast<T>(value);
}

inline std::string text(const Json &json, const char *what) {
  if (!json.is_string())
    throw Malformed{std::string("expected a string for '") + what + "'"};
  return json.get<std::string>();
}

} // namespace seqc::rt

#endif // SEQC_RUNTIME_CORE_JSONFIELDS_H
