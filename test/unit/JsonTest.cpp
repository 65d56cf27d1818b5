//===- JsonTest.cpp - located JSON and typed reads ------------------------===//
//
// Library under test: frontends/json.
//
//===----------------------------------------------------------------------===//

#include "frontends/json/JsonReader.h"
#include "frontends/json/JsonTree.h"
#include "frontends/json/JsonWriter.h"

#include <gtest/gtest.h>

#include <random>

using namespace seqc;
using namespace seqc::frontend;

namespace {

const JsonValue &at(const JsonValue &value, const char *key) {
  const JsonValue *found = value.find(key);
  EXPECT_NE(found, nullptr) << key;
  static const JsonValue none;
  return found ? *found : none;
}

void expectPlace(const JsonValue &value, int line, int column,
                 const char *path) {
  EXPECT_EQ(value.line, line) << path;
  EXPECT_EQ(value.column, column) << path;
  EXPECT_EQ(value.path, path);
}

Diagnostic firstProblem(const std::string &text) {
  auto document = parseJson(text, "doc");
  EXPECT_FALSE(document.ok()) << text;
  if (document.ok() || document.status().diagnostics().empty())
    return Diagnostic();
  return document.status().diagnostics().front();
}

} // namespace

TEST(JsonTree, PlacesAndValues) {
  auto document = parseJson("{\n  \"a\" : [1, -2.5e1,\n   \"q\\\"x\"],\n"
                            "\t\"b\": {\"c\":true, \"d\":null}\n}",
                            "doc");
  ASSERT_TRUE(document.ok()) << document.status().str();
  const JsonValue &root = document->root;
  expectPlace(root, 1, 1, "");
  const JsonValue &a = at(root, "a");
  expectPlace(a, 2, 9, "a");
  ASSERT_EQ(a.elements.size(), 3u);
  expectPlace(a.elements[0], 2, 10, "a[0]");
  EXPECT_EQ(a.elements[0].integer, 1);
  expectPlace(a.elements[1], 2, 13, "a[1]");
  EXPECT_EQ(a.elements[1].real, -25);
  expectPlace(a.elements[2], 3, 4, "a[2]");
  EXPECT_EQ(a.elements[2].text, "q\"x");
  const JsonValue &b = at(root, "b");
  expectPlace(at(b, "c"), 4, 12, "b.c");
  expectPlace(at(b, "d"), 4, 22, "b.d");
  EXPECT_EQ(b.keyPlaces[1], std::make_pair(4, 18));
}

TEST(JsonTree, LargeIntegersBecomeReals) {
  auto document =
      parseJson("[9223372036854775807, 9223372036854775808]", "doc");
  ASSERT_TRUE(document.ok());
  EXPECT_EQ(document->root.elements[0].kind, JsonValue::Kind::Integer);
  EXPECT_EQ(document->root.elements[1].kind, JsonValue::Kind::Real);
}

TEST(JsonTree, ByteOrderMark) {
  auto document = parseJson("\xEF\xBB\xBF{\"a\":1}", "doc");
  ASSERT_TRUE(document.ok()) << document.status().str();
  expectPlace(at(document->root, "a"), 1, 6, "a");
}

TEST(JsonTree, DuplicateKeys) {
  Diagnostic problem = firstProblem("{\"o\": {\"k\": 1,\n \"k\": 2}}");
  EXPECT_EQ(problem.line, 2);
  EXPECT_EQ(problem.column, 2);
  EXPECT_EQ(problem.path, "o");
  EXPECT_NE(problem.text.find("'k' occurs twice"), std::string::npos);
  ASSERT_EQ(problem.notes.size(), 1u);
  EXPECT_EQ(problem.notes[0].line, 1);
  EXPECT_EQ(problem.notes[0].column, 8);
}

TEST(JsonTree, SyntaxErrors) {
  Diagnostic problem = firstProblem("{\n  \"a\": 1,\n  \"b\" 2\n}");
  EXPECT_EQ(problem.file, "doc");
  EXPECT_EQ(problem.line, 3);
  EXPECT_NE(problem.text.find("not valid JSON"), std::string::npos)
      << problem.text;
  EXPECT_EQ(problem.text.find("json.exception"), std::string::npos)
      << problem.text;
  firstProblem("");
  firstProblem("{\"a\": Infinity}");
  firstProblem("[1] x");
  firstProblem("[1e999]");
  firstProblem("[\"\xff\"]");
}

TEST(JsonTree, DepthIsLimited) {
  auto nested = [](int depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(parseJson(nested(kMaxJsonDepth), "doc").ok());
  EXPECT_FALSE(parseJson(nested(kMaxJsonDepth + 1), "doc").ok());
  Diagnostic problem = firstProblem(nested(100000));
  EXPECT_NE(problem.text.find("levels deep"), std::string::npos);
}

TEST(JsonTree, RandomTextNeverCrashes) {
  std::mt19937 random(7);
  const std::string valid =
      R"({"a": [1, 2.5, "x\u00e9\\"], "b": {"c": null, "d": false}})";
  const std::string alphabet = "{}[]\",:\\ \n0123456789.eE+-truefalsn\xc3\xa9u";
  int accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string text = valid;
    for (int edits = 1 + static_cast<int>(random() % 4); edits > 0; --edits) {
      size_t place = random() % text.size();
      if (random() % 2)
        text[place] = alphabet[random() % alphabet.size()];
      else
        text.insert(place, 1, alphabet[random() % alphabet.size()]);
    }
    auto document = parseJson(text, "doc");
    accepted += document.ok();
    if (!document) {
      EXPECT_FALSE(document.status().diagnostics().empty());
      EXPECT_GE(document.status().diagnostics().front().line, 1);
    }
  }
  EXPECT_GT(accepted, 0);
}

TEST(JsonReader, ReadsWithDefaults) {
  auto document = parseJson(
      R"({"n": 3, "r": 0.5, "s": "t", "b": true, "w": "two", "l": ["p", "q"]})",
      "doc");
  ASSERT_TRUE(document.ok());
  Problems problems("doc");
  ObjectReader reader(document->root, problems);
  EXPECT_EQ(reader.requireInteger("n"), 3);
  EXPECT_EQ(reader.integer("absent", 8), 8);
  EXPECT_EQ(reader.real("r", 0), 0.5);
  EXPECT_EQ(reader.positive("n", 1), 3);
  EXPECT_EQ(reader.requireString("s"), "t");
  EXPECT_TRUE(reader.boolean("b", false));
  EXPECT_EQ(reader.oneOf("w", {"one", "two"}), "two");
  EXPECT_EQ(reader.oneOf("v", {"one", "two"}), "one");
  EXPECT_EQ(reader.strings("l"), (std::vector<std::string>{"p", "q"}));
  EXPECT_EQ(reader.strings("s"), std::vector<std::string>{"t"});
  reader.finish();
  EXPECT_FALSE(problems.any()) << problems.status().str();
}

TEST(JsonReader, CollectsAllProblems) {
  auto document = parseJson("{\"n\": \"3\",\n \"m\": 0,\n \"w\": \"twoo\",\n"
                            " \"b\": 1,\n \"widnow\": 5,\n \"l\": [1]}",
                            "doc");
  ASSERT_TRUE(document.ok());
  Problems problems("doc");
  ObjectReader reader(document->root, problems);
  reader.requireInteger("n");
  reader.requireInteger("m");
  reader.oneOf("w", {"one", "two"});
  reader.boolean("b", false);
  reader.integer("window", 1);
  reader.strings("l");
  reader.requireString("gone");
  reader.finish();
  std::vector<std::string> expected = {
      "doc:1:7: error: n: expected an integer, got '3'",
      "doc:2:7: error: m: expected an integer from 1 to 2147483647, got 0",
      "doc:3:7: error: w: expected one of 'one', 'two', got 'twoo'; did you "
      "mean 'two'?",
      "doc:4:7: error: b: expected true or false, got 1",
      "doc:6:8: error: l[0]: expected a string, got 1",
      "doc:1:1: error: missing key 'gone'",
      "doc:5:2: error: unknown key 'widnow'; did you mean 'window'?"};
  ASSERT_EQ(problems.count(), expected.size()) << problems.status().str();
  for (size_t i = 0; i < expected.size(); ++i)
    EXPECT_EQ(problems.all()[i].str(), expected[i]);
  EXPECT_EQ(problems.status().code(), ErrorCode::InvalidModel);
}

TEST(JsonReader, NearestIgnoresStrangers) {
  EXPECT_EQ(nearest("windw", {"window", "width"}), "window");
  EXPECT_EQ(nearest("zzzz", {"window", "width"}), "");
}

TEST(JsonReader, NotAnObject) {
  auto document = parseJson("[1]", "doc");
  ASSERT_TRUE(document.ok());
  Problems problems("doc");
  ObjectReader reader(document->root, problems);
  EXPECT_EQ(reader.requireInteger("n"), 1);
  reader.finish();
  ASSERT_EQ(problems.count(), 1u);
  EXPECT_NE(problems.all()[0].text.find("expected an object, got a list"),
            std::string::npos);
}

TEST(Json, Quoting) {
  EXPECT_EQ(quoteJson("a\"b\\c\n"), "\"a\\\"b\\\\c\\n\"");
  auto document = parseJson(quoteJson("x\t\x01é"), "doc");
  ASSERT_TRUE(document.ok());
  EXPECT_EQ(document->root.text, "x\t\x01é");
}

TEST(JsonWriter, LaysOutForPeople) {
  auto document = parseJson(
      R"({"a": 1, "b": {"c": [1, 2.5, null], "d": "x\"y"}, "e": [], "f": {},
          "g": [{"long": "a text that does not fit", "flag": true}]})",
      "doc");
  ASSERT_TRUE(document.ok()) << document.status().str();
  EXPECT_EQ(formatJson(document->root, 40), R"({
  "a": 1,
  "b": {
    "c": [1, 2.5, null],
    "d": "x\"y"
  },
  "e": [],
  "f": {},
  "g": [
    {
      "long": "a text that does not fit",
      "flag": true
    }
  ]
})");
}

TEST(JsonWriter, FormattedTextReadsBack) {
  std::string text = ObjectText()
                         .string("s", "tab\there")
                         .integer("i", -7)
                         .real("r", 1e-5)
                         .boolean("b", false)
                         .raw("o", "{\"x\": [1, {\"y\": 2}]}")
                         .str();
  auto document = parseJson(text, "doc");
  ASSERT_TRUE(document.ok()) << document.status().str();
  for (size_t width : {10, 80}) {
    auto again = parseJson(formatJson(document->root, width), "again");
    ASSERT_TRUE(again.ok()) << again.status().str();
    EXPECT_EQ(at(again->root, "s").text, "tab\there");
    EXPECT_EQ(at(again->root, "i").integer, -7);
    EXPECT_EQ(at(again->root, "r").real, 1e-5);
    EXPECT_FALSE(at(again->root, "b").boolean);
    EXPECT_EQ(at(at(again->root, "o"), "x").elements.size(), 2u);
  }
}
