//===- AttendCase.cpp - attention kernels with data and expected rows -----===//

#include "AttendCase.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <sstream>

using namespace seqc::test;

static constexpr int64_t kPositions = 160; ///< P of rotary and bias tables

const AttendTensor &AttendData::get(const std::string &name) const {
  auto found =
      std::find_if(arguments.begin(), arguments.end(),
                   [&](const AttendTensor &t) { return t.name == name; });
  assert(found != arguments.end() && "no such argument");
  return *found;
}

static int64_t volume(const std::vector<int64_t> &shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t(1),
                         std::multiplies<int64_t>());
}

//===----------------------------------------------------------------------===//
// IR
//===----------------------------------------------------------------------===//

namespace {
/// Name, shape (-1: dynamic) and kind of each kernel argument.
struct Signature {
  struct Entry {
    std::string name;
    std::vector<int64_t> shape;
    bool isFloat;
    std::string type() const {
      std::string text = "tensor<";
      for (int64_t extent : shape)
        text += (extent < 0 ? std::string("?") : std::to_string(extent)) + "x";
      return text + (isFloat ? "f32>" : "i32>");
    }
  };
  std::vector<Entry> entries;
  void add(const std::string &name, std::vector<int64_t> shape,
           bool isFloat = true) {
    entries.push_back({name, std::move(shape), isFloat});
  }
  std::string type(const std::string &name) const {
    for (const Entry &entry : entries)
      if (entry.name == name)
        return entry.type();
    return "";
  }
};
} // namespace

static std::vector<int64_t> rowsShape(int64_t heads, int64_t width) {
  return heads ? std::vector<int64_t>{heads, -1, width}
               : std::vector<int64_t>{-1, width};
}

static bool usesPositions(const AttendCase &test) {
  return test.rotary || test.bias == "position";
}

static int64_t tableSize(const AttendCase &test) {
  return test.bias == "rank" ? 2 * test.tableOrigin + 1 : 2 * kPositions - 1;
}

static Signature signatureOf(const AttendCase &test) {
  Signature s;
  s.add("q", rowsShape(test.heads, test.z));
  s.add("k", rowsShape(test.keyHeads, test.z));
  s.add("v", rowsShape(test.keyHeads, test.h));
  s.add("off", {-1}, false);
  if (usesPositions(test))
    s.add("pos", {-1}, false);
  if (test.rotary) {
    s.add("cos", {kPositions, test.z / 2});
    s.add("sin", {kPositions, test.z / 2});
  }
  if (test.bias != "none")
    s.add("table", {tableSize(test)});
  if (!test.pastCounts.empty()) {
    s.add("pk", {-1, test.ring, test.z});
    s.add("pv", {-1, test.ring, test.h});
    s.add("pc", {-1}, false);
    if (usesPositions(test))
      s.add("pp", {-1, test.ring}, false);
  }
  if (test.gated)
    s.add("r", {-1, test.h});
  s.add("out", rowsShape(test.heads, test.h));
  return s;
}

/// The gate [n, h] multiplies the rows of every head.
static std::string gateText(const AttendCase &test, const Signature &s) {
  std::string loops = test.heads ? "(g, m, n)" : "(m, n)", out = s.type("out");
  std::ostringstream text;
  text << "  %y = linalg.generic {indexing_maps = [affine_map<" << loops
       << " -> " << loops << ">, affine_map<" << loops
       << " -> (m, n)>, affine_map<" << loops << " -> " << loops
       << ">], iterator_types = [" << (test.heads ? "\"parallel\", " : "")
       << "\"parallel\", \"parallel\"]} ins(%a, %r : " << out << ", "
       << s.type("r") << ") outs(%out : " << out << ") {\n"
       << "  ^bb0(%x: f32, %g: f32, %old: f32):\n    %m = arith.mulf %x, %g : "
          "f32\n"
       << "    linalg.yield %m : f32\n  } -> " << out << "\n";
  return text.str();
}

std::string seqc::test::kernelText(const AttendCase &test) {
  Signature s = signatureOf(test);
  std::string out = s.type("out");
  std::ostringstream text;
  text << "func.func @attend(";
  for (const Signature::Entry &entry : s.entries)
    text << (&entry == &s.entries.front() ? "" : ", ") << "%" << entry.name
         << ": " << entry.type() << " {bufferization.writable = "
         << (entry.name == "out" ? "true" : "false") << "}";
  text << ") -> " << out
       << " attributes {seqc.kernel, seqc.schedule = #seqc.schedule<\"queries\""
       << ", rows = " << test.queryTile
       << ", micro = 8 by 1, keys = " << test.keyTile << ", unroll = 4>"
       << (test.oneRowEach ? ", seqc.assume = [#seqc.fact<one_row arg3>]" : "")
       << "} {\n";
  text << "  %a = seqc.attend " << test.score << " {left = " << test.left
       << " : i64, right = " << test.right << " : i64, scale = 0.35 : f32";
  if (test.bias != "none")
    text << ", bias = #seqc.bias_kind<" << test.bias
         << ">, table_origin = " << test.tableOrigin << " : i64";
  text << "}\n    ins(%q, %k, %v, %off : " << s.type("q") << ", " << s.type("k")
       << ", " << s.type("v") << ", " << s.type("off") << ")";
  if (usesPositions(test))
    text << " positions(%pos : " << s.type("pos") << ")";
  if (test.rotary)
    text << " rotary(%cos, %sin : " << s.type("cos") << ", " << s.type("sin")
         << ")";
  if (test.bias != "none")
    text << " table(%table : " << s.type("table") << ")";
  if (!test.pastCounts.empty()) {
    text << " past(%pk, %pv, %pc : " << s.type("pk") << ", " << s.type("pv")
         << ", " << s.type("pc") << ")";
    if (usesPositions(test))
      text << " past_positions(%pp : " << s.type("pp") << ")";
  }
  text << "\n    outs(%out : " << out << ") -> " << out << "\n";
  if (test.gated)
    text << gateText(test, s);
  text << "  return " << (test.gated ? "%y" : "%a") << " : " << out << "\n}\n";
  return text.str();
}

//===----------------------------------------------------------------------===//
// Data and definition
//===----------------------------------------------------------------------===//

static void fillIntegers(const AttendCase &test, AttendTensor &t) {
  int64_t sequences = test.lengths.size();
  auto past = [&](int64_t b) {
    return test.pastCounts.empty() ? 0
                                   : std::min(test.pastCounts[b], test.ring);
  };
  // Age of what slot `p` holds: 0 for the oldest valid entry.
  auto rankIn = [&](int64_t b, int64_t p) {
    int64_t pushed = test.pastCounts[b];
    return pushed <= test.ring
               ? p
               : (p - pushed % test.ring + test.ring) % test.ring;
  };
  // Activated rows: every position but each fifth.
  auto position = [](int64_t rank) { return int32_t(rank + rank / 4); };
  t.i32.clear();
  if (t.name == "off") {
    t.i32.push_back(0);
    for (int64_t length : test.lengths)
      t.i32.push_back(t.i32.back() + int32_t(length));
  } else if (t.name == "pc") {
    t.i32.assign(test.pastCounts.begin(), test.pastCounts.end());
  } else if (t.name == "pos") {
    for (int64_t b = 0; b < sequences; ++b)
      for (int64_t i = 0; i < test.lengths[b]; ++i)
        t.i32.push_back(position(past(b) + i));
  } else {
    // Entries that are not valid must never be used: out of every table's
    // range.
    for (int64_t b = 0; b < sequences; ++b)
      for (int64_t p = 0; p < test.ring; ++p)
        t.i32.push_back(p < past(b) ? position(rankIn(b, p))
                                    : std::numeric_limits<int32_t>::max());
  }
}

static std::vector<double> expectedRows(const AttendCase &test,
                                        const AttendData &data);

AttendData seqc::test::makeData(const AttendCase &test) {
  std::mt19937 random(test.seed);
  std::normal_distribution<float> normal;
  int64_t rows =
      std::accumulate(test.lengths.begin(), test.lengths.end(), int64_t(0));
  AttendData data;
  for (const Signature::Entry &entry : signatureOf(test).entries) {
    AttendTensor t{entry.name, entry.shape, {}, {}, entry.isFloat};
    for (int64_t &extent : t.shape)
      if (extent < 0) // batch first in states, rows elsewhere
        extent = t.name[0] == 'p' && t.name != "pos"
                     ? int64_t(test.lengths.size())
                 : t.name == "off" ? int64_t(test.lengths.size()) + 1
                                   : rows;
    if (!t.isFloat) {
      fillIntegers(test, t);
      data.arguments.push_back(t);
      continue;
    }
    t.f32.resize(volume(t.shape));
    for (size_t i = 0; i < t.f32.size(); ++i)
      t.f32[i] = normal(random);
    if (t.name == "cos" || t.name == "sin")
      for (int64_t p = 0; p < kPositions; ++p)
        for (int64_t c = 0; c < test.z / 2; ++c) {
          double angle =
              double(p) * std::pow(1e4, -2.0 * double(c) / double(test.z));
          t.f32[p * (test.z / 2) + c] =
              float(t.name == "cos" ? std::cos(angle) : std::sin(angle));
        }
    if (t.name == "table" && test.masked > 0)
      for (float &entry : t.f32)
        if (double(random() % 1000) < 1000 * test.masked)
          entry = -std::numeric_limits<float>::infinity();
    if (t.name == "k" && test.poison)
      for (int64_t i = 0; i < rows; i += 3)
        for (int64_t c = 0; c < test.z; ++c)
          t.f32[i * test.z + c] = std::numeric_limits<float>::infinity();
    if (t.name == "v" && test.poisonValues)
      for (int64_t i = 0; i < rows; i += 6)
        for (int64_t c = 0; c < test.h; ++c)
          t.f32[i * test.h + c] = std::numeric_limits<float>::infinity();
    if (t.name == "out")
      std::fill(t.f32.begin(), t.f32.end(), 77.0f); // must all be overwritten
    data.arguments.push_back(t);
  }
  data.expected = expectedRows(test, data);
  return data;
}

namespace {
/// Keys that one query may see, with what the definition needs of each.
struct Key {
  const float *key, *value;
  int64_t rank, position;
};
} // namespace

static std::vector<double> rotated(const AttendCase &test,
                                   const AttendData &data, const float *row,
                                   int64_t position) {
  std::vector<double> result(row, row + test.z);
  if (!test.rotary)
    return result;
  for (int64_t c = 0; c < test.z / 2; ++c) {
    double cosine = data.get("cos").f32[position * (test.z / 2) + c];
    double sine = data.get("sin").f32[position * (test.z / 2) + c];
    double x = row[2 * c], y = row[2 * c + 1];
    result[2 * c] = x * cosine - y * sine;
    result[2 * c + 1] = x * sine + y * cosine;
  }
  return result;
}

static double scoreOf(const AttendCase &test, const AttendData &data,
                      const float *query, int64_t queryRank,
                      int64_t queryPosition, const Key &key) {
  std::vector<double> a = rotated(test, data, query, queryPosition);
  std::vector<double> b = rotated(test, data, key.key, key.position);
  double score = 0.35 * std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
  if (test.bias == "rank")
    score += data.get("table").f32[test.tableOrigin + key.rank - queryRank];
  if (test.bias == "position") {
    int64_t distance = std::clamp(key.position - queryPosition, 1 - kPositions,
                                  kPositions - 1);
    score += data.get("table").f32[kPositions - 1 + distance];
  }
  return score;
}

static std::vector<double> attendRow(const AttendCase &test,
                                     const AttendData &data, const float *query,
                                     int64_t rank, int64_t position,
                                     const std::vector<Key> &keys) {
  std::vector<double> weights;
  for (const Key &key : keys)
    weights.push_back(scoreOf(test, data, query, rank, position, key));
  double largest = -std::numeric_limits<double>::infinity(), total = 0;
  for (double weight : weights)
    largest = weight > largest || std::isnan(weight) ? weight : largest;
  for (double &weight : weights) {
    if (test.score == "softmax")
      weight = std::exp(weight - largest);
    else if (test.score == "laplace")
      weight =
          (1 + std::erf((weight - 0.707107) / (0.282095 * std::sqrt(2.0)))) / 2;
    else
      weight = std::max(weight, 0.0) *
               (test.score == "relu2" ? std::max(weight, 0.0) : 1.0);
    total += weight;
  }
  // Nothing but masked keys: as if there were none.
  if (largest == -std::numeric_limits<double>::infinity())
    total = 1, weights.assign(weights.size(), 0.0);
  std::vector<double> row(test.h, 0.0);
  for (size_t j = 0; j < keys.size(); ++j)
    for (int64_t c = 0; c < test.h; ++c)
      row[c] += weights[j] * keys[j].value[c] /
                (test.score == "softmax" ? total : 1.0);
  return row;
}

static std::vector<Key> keysOf(const AttendCase &test, const AttendData &data,
                               int64_t b, int64_t keyHead, int64_t rank) {
  const std::vector<int32_t> &offsets = data.get("off").i32;
  int64_t rows = offsets.back(), length = test.lengths[b];
  int64_t past =
      test.pastCounts.empty() ? 0 : std::min(test.pastCounts[b], test.ring);
  std::vector<Key> keys;
  for (int64_t j = -past; j < length; ++j) {
    if ((test.left >= 0 && j < rank - test.left) ||
        (test.right >= 0 && j > rank + test.right))
      continue;
    if (j < 0) {
      // Entry number e of a ring is in slot e mod w.
      int64_t entry = b * test.ring + (test.pastCounts[b] + j) % test.ring;
      keys.push_back({&data.get("pk").f32[entry * test.z],
                      &data.get("pv").f32[entry * test.h], j,
                      usesPositions(test) ? data.get("pp").i32[entry] : 0});
      continue;
    }
    int64_t row = offsets[b] + j, entry = keyHead * rows + row;
    keys.push_back({&data.get("k").f32[entry * test.z],
                    &data.get("v").f32[entry * test.h], j,
                    usesPositions(test) ? data.get("pos").i32[row] : 0});
  }
  return keys;
}

static std::vector<double> expectedRows(const AttendCase &test,
                                        const AttendData &data) {
  const std::vector<int32_t> &offsets = data.get("off").i32;
  int64_t rows = offsets.back(), heads = std::max<int64_t>(test.heads, 1);
  std::vector<double> expected(heads * rows * test.h);
  for (int64_t head = 0; head < heads; ++head)
    for (size_t b = 0; b < test.lengths.size(); ++b)
      for (int64_t i = 0; i < test.lengths[b]; ++i) {
        int64_t row = offsets[b] + i,
                keyHead = test.heads ? head * test.keyHeads / heads : 0;
        const float *query = &data.get("q").f32[(head * rows + row) * test.z];
        int64_t position = usesPositions(test) ? data.get("pos").i32[row] : 0;
        std::vector<double> out =
            attendRow(test, data, query, i, position,
                      keysOf(test, data, int64_t(b), keyHead, i));
        for (int64_t c = 0; c < test.h; ++c)
          expected[(head * rows + row) * test.h + c] =
              out[c] * (test.gated ? data.get("r").f32[row * test.h + c] : 1.0);
      }
  return expected;
}

SeqcBuffer seqc::test::bufferOf(AttendTensor &tensor) {
  SeqcBuffer buffer;
  buffer.data = tensor.isFloat ? static_cast<void *>(tensor.f32.data())
                               : static_cast<void *>(tensor.i32.data());
  for (int i = 0; i < SEQC_KERNEL_MAX_RANK; ++i)
    buffer.dims[i] = i < int(tensor.shape.size()) ? tensor.shape[i] : 1;
  return buffer;
}

//===----------------------------------------------------------------------===//
// Cases
//===----------------------------------------------------------------------===//

std::vector<AttendCase> seqc::test::attendCases() {
  std::vector<AttendCase> cases;
  auto add = [&](const char *name, auto edit) {
    AttendCase test;
    test.name = name;
    edit(test);
    cases.push_back(test);
  };
  add("causal", [](AttendCase &) {});
  add("plain", [](AttendCase &t) { t.gated = false; });
  add("bidirectional", [](AttendCase &t) { t.right = 5; });
  add("right_only", [](AttendCase &t) { t.left = 0, t.right = 7; });
  add("self_only", [](AttendCase &t) { t.left = 0; });
  add("dense", [](AttendCase &t) { t.left = -1, t.right = -1; });
  add("causal_unbounded", [](AttendCase &t) { t.left = -1; });
  add("future_unbounded", [](AttendCase &t) { t.left = 3, t.right = -1; });
  add("wide_window", [](AttendCase &t) { t.left = 1000, t.right = 1000; });
  add("one_tile", [](AttendCase &t) { t.keyTile = 64; });
  add("narrow_tile",
      [](AttendCase &t) { t.queryTile = 4, t.keyTile = 3, t.right = 2; });
  add("infinite_scores", [](AttendCase &t) { t.poison = true, t.left = 1; });
  add("infinite_scores_relu",
      [](AttendCase &t) { t.poison = true, t.left = 1, t.score = "relu"; });
  add("infinite_values",
      [](AttendCase &t) { t.poisonValues = true, t.left = 2, t.right = 1; });
  add("infinite_values_relu2", [](AttendCase &t) {
    t.poisonValues = true, t.left = 1, t.score = "relu2", t.gated = false;
  });
  add("several_blocks", [](AttendCase &t) {
    t.queryTile = 40, t.keyTile = 24, t.left = 30, t.right = 2;
    t.lengths = {47, 90}, t.rotary = true, t.z = 6;
  });
  add("several_blocks_past", [](AttendCase &t) {
    t.queryTile = 32, t.keyTile = 64, t.left = 21, t.ring = 21;
    t.lengths = {47, 1}, t.pastCounts = {21, 13}, t.bias = "position";
  });
  add("empty", [](AttendCase &t) { t.lengths = {0, 0}; });
  add("one_row", [](AttendCase &t) { t.lengths = {1}; });
  add("tile_multiple", [](AttendCase &t) { t.lengths = {32, 16}, t.left = 8; });
  add("relu", [](AttendCase &t) { t.score = "relu"; });
  add("relu2", [](AttendCase &t) { t.score = "relu2", t.right = 5; });
  add("laplace", [](AttendCase &t) { t.score = "laplace"; });
  add("rotary", [](AttendCase &t) { t.rotary = true; });
  add("bias_position", [](AttendCase &t) { t.bias = "position", t.right = 4; });
  add("bias_rank", [](AttendCase &t) { t.bias = "rank", t.tableOrigin = 17; });
  add("heads", [](AttendCase &t) { t.heads = 4, t.keyHeads = 4; });
  add("grouped_heads", [](AttendCase &t) {
    t.heads = 4, t.keyHeads = 2, t.rotary = true, t.left = 9, t.gated = false;
  });
  add("past", [](AttendCase &t) { t.ring = 5, t.pastCounts = {5, 2, 0, 11}; });
  add("past_rotary", [](AttendCase &t) {
    t.ring = 9, t.left = 9, t.pastCounts = {4, 9, 9, 1}, t.rotary = true;
  });
  add("past_bias_position", [](AttendCase &t) {
    t.ring = 9, t.left = 9, t.pastCounts = {9, 0, 30, 3}, t.bias = "position";
  });
  add("past_bias_rank", [](AttendCase &t) {
    t.ring = 6, t.left = 6, t.pastCounts = {6, 6, 1, 0}, t.bias = "rank",
    t.tableOrigin = 6;
    t.score = "relu2";
  });
  add("past_decode", [](AttendCase &t) {
    t.ring = 20, t.left = 20, t.lengths = {1, 1, 1}, t.pastCounts = {20, 7, 0},
    t.rotary = true;
    t.z = 32, t.h = 64;
  });
  add("one_column", [](AttendCase &t) { t.h = 1, t.gated = false; });
  add("one_pair", [](AttendCase &t) { t.z = 2, t.rotary = true; });
  add("masked", [](AttendCase &t) {
    t.bias = "rank", t.tableOrigin = 17, t.masked = 0.8;
  });
  add("past_unbounded", [](AttendCase &t) {
    t.ring = 5, t.left = -1, t.pastCounts = {5, 2, 0, 3}, t.score = "laplace";
  });
  return cases;
}
