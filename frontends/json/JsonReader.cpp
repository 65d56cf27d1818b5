//===- JsonReader.cpp - typed reads that report instead of failing --------===//

#include "frontends/json/JsonReader.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace seqc;
using namespace seqc::frontend;

void Problems::error(const JsonValue &place, std::string text, ErrorCode code) {
  Diagnostic diagnostic;
  diagnostic.line = place.line;
  diagnostic.column = place.column;
  diagnostic.path = place.path;
  diagnostic.text = std::move(text);
  add(std::move(diagnostic), code);
}

void Problems::add(Diagnostic diagnostic, ErrorCode code) {
  if (diagnostic.file.empty())
    diagnostic.file = file;
  // Two readers of one value find the same problem.
  for (const Diagnostic &known : found)
    if (known.line == diagnostic.line && known.column == diagnostic.column &&
        known.text == diagnostic.text && known.line != 0)
      return;
  if (found.empty())
    first = code;
  found.push_back(std::move(diagnostic));
}

Status Problems::status() const {
  if (found.empty())
    return Status();
  return Status::error(first, found.front().text, found);
}

/// Levenshtein distance.
static size_t editDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t(0));
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      size_t replace = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replace, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::string frontend::nearest(std::string_view word,
                              const std::vector<std::string> &candidates) {
  // A suggestion that shares less than half of the word is noise.
  size_t best = word.size() / 2 + 1;
  std::string choice;
  for (const std::string &candidate : candidates) {
    size_t distance = editDistance(word, candidate);
    if (distance < best) {
      best = distance;
      choice = candidate;
    }
  }
  return choice;
}

static std::string listWords(const std::vector<std::string> &words) {
  std::string text;
  for (const std::string &word : words)
    text += (text.empty() ? "'" : ", '") + word + "'";
  return text;
}

void frontend::reportUnknown(Problems &problems, const JsonValue &place,
                             std::string_view what, std::string_view word,
                             const std::vector<std::string> &candidates) {
  std::string text =
      "unknown " + std::string(what) + " '" + std::string(word) + "'";
  std::string close = nearest(word, candidates);
  if (!close.empty())
    text += "; did you mean '" + close + "'?";
  else if (!candidates.empty())
    text += ", expected one of " + listWords(candidates);
  problems.error(place, text);
}

ObjectReader::ObjectReader(const JsonValue &value, Problems &problems)
    : object(value), problems(problems),
      valid(value.is(JsonValue::Kind::Object)) {
  if (!valid)
    problems.error(value, "expected an object, got " + describe(value));
}

const JsonValue *ObjectReader::get(std::string_view key) {
  known.emplace_back(key);
  return object.find(key);
}

const JsonValue *ObjectReader::require(std::string_view key) {
  const JsonValue *value = get(key);
  if (!value && valid)
    problems.error(object, "missing key '" + std::string(key) + "'");
  return value;
}

bool ObjectReader::check(const JsonValue &value, JsonValue::Kind kind) {
  if (value.is(kind))
    return true;
  problems.error(value, std::string("expected ") + describe(kind) + ", got " +
                            describe(value));
  return false;
}

std::string ObjectReader::string(std::string_view key, std::string fallback) {
  const JsonValue *value = get(key);
  return value && check(*value, JsonValue::Kind::String) ? value->text
                                                         : fallback;
}

std::string ObjectReader::requireString(std::string_view key) {
  const JsonValue *value = require(key);
  if (!value || !check(*value, JsonValue::Kind::String))
    return "";
  if (value->text.empty())
    problems.error(*value, "expected a string that is not empty");
  return value->text;
}

int64_t ObjectReader::readInteger(const JsonValue &value, int64_t fallback,
                                  int64_t least, int64_t most) {
  if (!check(value, JsonValue::Kind::Integer))
    return fallback;
  if (value.integer >= least && value.integer <= most)
    return value.integer;
  problems.error(value, "expected an integer from " + std::to_string(least) +
                            " to " + std::to_string(most) + ", got " +
                            std::to_string(value.integer));
  return fallback;
}

int64_t ObjectReader::integer(std::string_view key, int64_t fallback,
                              int64_t least, int64_t most) {
  const JsonValue *value = get(key);
  return value ? readInteger(*value, fallback, least, most) : fallback;
}

int64_t ObjectReader::requireInteger(std::string_view key, int64_t least,
                                     int64_t most) {
  const JsonValue *value = require(key);
  return value ? readInteger(*value, least, least, most) : least;
}

double ObjectReader::real(std::string_view key, double fallback) {
  const JsonValue *value = get(key);
  if (!value)
    return fallback;
  if (value->isNumber() && std::isfinite(value->real))
    return value->real;
  problems.error(*value, "expected a number, got " + describe(*value));
  return fallback;
}

double ObjectReader::positive(std::string_view key, double fallback) {
  double number = real(key, fallback);
  if (number > 0)
    return number;
  problems.error(*object.find(key), "expected a number above 0, got " +
                                        describe(*object.find(key)));
  return fallback;
}

bool ObjectReader::boolean(std::string_view key, bool fallback) {
  const JsonValue *value = get(key);
  return value && check(*value, JsonValue::Kind::Bool) ? value->boolean
                                                       : fallback;
}

std::string ObjectReader::readWord(const JsonValue &value,
                                   std::initializer_list<const char *> words) {
  if (!check(value, JsonValue::Kind::String))
    return *words.begin();
  std::vector<std::string> all(words.begin(), words.end());
  if (std::find(all.begin(), all.end(), value.text) != all.end())
    return value.text;
  std::string close = nearest(value.text, all);
  problems.error(value,
                 (all.size() > 1 ? "expected one of " : "expected ") +
                     listWords(all) + ", got '" + value.text + "'" +
                     (close.empty() ? "" : "; did you mean '" + close + "'?"));
  return all.front();
}

std::string ObjectReader::oneOf(std::string_view key,
                                std::initializer_list<const char *> words) {
  const JsonValue *value = get(key);
  return value ? readWord(*value, words) : *words.begin();
}

std::string
ObjectReader::requireOneOf(std::string_view key,
                           std::initializer_list<const char *> words) {
  const JsonValue *value = require(key);
  return value ? readWord(*value, words) : *words.begin();
}

std::vector<std::string> ObjectReader::strings(std::string_view key) {
  const JsonValue *value = get(key);
  if (!value)
    return {};
  if (value->is(JsonValue::Kind::String))
    return {value->text};
  if (!value->is(JsonValue::Kind::Array)) {
    problems.error(*value, "expected a string or a list of strings, got " +
                               describe(*value));
    return {};
  }
  std::vector<std::string> all;
  for (const JsonValue &element : value->elements)
    if (check(element, JsonValue::Kind::String))
      all.push_back(element.text);
  return all;
}

std::vector<int64_t> ObjectReader::integers(std::string_view key,
                                            int64_t least) {
  std::vector<int64_t> all;
  if (const std::vector<JsonValue> *elements = list(key))
    for (const JsonValue &element : *elements)
      all.push_back(readInteger(element, least, least,
                                std::numeric_limits<int32_t>::max()));
  return all;
}

const std::vector<JsonValue> *ObjectReader::list(std::string_view key) {
  const JsonValue *value = get(key);
  return value && check(*value, JsonValue::Kind::Array) ? &value->elements
                                                        : nullptr;
}

const std::vector<JsonValue> *ObjectReader::requireList(std::string_view key) {
  const JsonValue *value = require(key);
  return value && check(*value, JsonValue::Kind::Array) ? &value->elements
                                                        : nullptr;
}

void ObjectReader::finish() {
  for (size_t i = 0; i < object.members.size(); ++i) {
    const std::string &key = object.members[i].first;
    if (std::find(known.begin(), known.end(), key) != known.end())
      continue;
    std::string text = "unknown key '" + key + "'";
    if (std::string suggestion = nearest(key, known); !suggestion.empty())
      text += "; did you mean '" + suggestion + "'?";
    Diagnostic diagnostic;
    diagnostic.line = object.keyPlaces[i].first;
    diagnostic.column = object.keyPlaces[i].second;
    diagnostic.path = object.path;
    diagnostic.text = std::move(text);
    problems.add(std::move(diagnostic));
  }
}
