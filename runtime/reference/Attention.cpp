//===- Attention.cpp - attention over a window of keys
//---------------------===//

#include "runtime/reference/Attention.h"

#include "runtime/reference/Math.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace seqc::reference {

namespace {
/// The keys of one sequence and head in order of rank: past ones first.
struct Keys {
  int64_t firstRank = 0;       ///< -len
  std::vector<double> rotated; ///< [count, z]
  std::vector<const double *> values;
  std::vector<int64_t> positions; ///< empty without positions
  bool byPosition = false;

  int64_t count() const { return static_cast<int64_t>(values.size()); }
  /// How far entry `to` is ahead of entry `from`, as the window counts it.
  int64_t distance(int64_t from, int64_t to) const {
    return byPosition ? positions[to] - positions[from] : to - from;
  }
};
} // namespace

/// Rotates the pairs (2c, 2c+1) of x by the angles of `position`.
static Problem rotate(const Attend &op, int64_t position, double *x) {
  if (position < 0 || position >= op.cosines.rows)
    return "expected positions in [0, " + std::to_string(op.cosines.rows) +
           ") of the rotary tables, got " + std::to_string(position);
  for (int64_t c = 0; c < op.keySize / 2; ++c) {
    double cosine = op.cosines.at(position, c), sine = op.sines.at(position, c);
    double even = x[2 * c], odd = x[2 * c + 1];
    x[2 * c] = even * cosine - odd * sine;
    x[2 * c + 1] = even * sine + odd * cosine;
  }
  return {};
}

static Problem addKey(const Attend &op, const double *key, const double *value,
                      const int64_t *position, Keys &keys) {
  keys.rotated.insert(keys.rotated.end(), key, key + op.keySize);
  keys.values.push_back(value);
  if (position)
    keys.positions.push_back(*position);
  if (!op.cosines.data)
    return {};
  return rotate(op, *position,
                keys.rotated.data() + keys.rotated.size() - op.keySize);
}

static Problem collectKeys(const Attend &op, int64_t sequence, int64_t keyHead,
                           Keys &keys) {
  int64_t w = op.pastCapacity;
  int64_t past = op.pastKey ? std::min(op.pastCount[sequence], w) : 0;
  keys.firstRank = -past;
  keys.byPosition = op.byPosition;
  for (int64_t p = 0; p < past; ++p) {
    // Entry number e of the ring is in slot e mod w.
    int64_t number = op.pastCount[sequence] - past + p;
    int64_t entry = sequence * w + number % w;
    const int64_t *position =
        op.pastPositions ? op.pastPositions + entry : nullptr;
    if (Problem problem =
            addKey(op, op.pastKey + entry * op.keySize,
                   op.pastValue + entry * op.valueSize, position, keys);
        !problem.empty())
      return problem;
  }
  for (int64_t t = op.offsets[sequence]; t < op.offsets[sequence + 1]; ++t) {
    int64_t row = keyHead * op.rows + t;
    const int64_t *position = op.positions ? op.positions.data + t : nullptr;
    if (Problem problem = addKey(op, op.key + row * op.keySize,
                                 op.value + row * op.valueSize, position, keys);
        !problem.empty())
      return problem;
  }
  return {};
}

/// Bias of key j (an index into `keys`) seen from query i (likewise).
static Problem biasOf(const Attend &op, const Keys &keys, int64_t i, int64_t j,
                      double &bias) {
  bias = 0;
  if (op.bias == BiasKind::None)
    return {};
  int64_t entry;
  if (op.bias == BiasKind::Position) {
    int64_t reach = op.table.size / 2; // P - 1
    int64_t distance = keys.positions[j] - keys.positions[i];
    entry = reach + std::clamp(distance, -reach, reach);
  } else {
    entry = op.tableOrigin + keys.distance(i, j);
  }
  if (entry < 0 || entry >= op.table.size)
    return "expected bias entries in [0, " + std::to_string(op.table.size) +
           "), got " + std::to_string(entry);
  bias = op.table[entry];
  return {};
}

static double weightOf(ScoreKind kind, double score) {
  switch (kind) {
  case ScoreKind::Relu:
    return relu(score);
  case ScoreKind::Relu2:
    return relu2(score);
  case ScoreKind::Laplace:
    return laplace(score);
  case ScoreKind::Softmax:
    break;
  }
  return score; // softmax looks at all scores of a query
}

/// Weights from scores, with what is needed to add those of other keys.
static void openSoftmax(std::vector<double> &scores, double &maximum,
                        double &total) {
  maximum = std::numeric_limits<float>::lowest();
  total = 0;
  for (double score : scores)
    maximum = std::max(maximum, score);
  for (double &score : scores)
    total += score = std::exp(score - maximum);
}

/// Entries of `keys` in the window of entry `own`.
static std::vector<int64_t> visibleKeys(const Attend &op, const Keys &keys,
                                        int64_t own) {
  int64_t first = 0, last = keys.count() - 1;
  // Positions may come in any order; ranks bound the search.
  if (!op.byPosition && op.left >= 0)
    first = std::max(first, own - op.left);
  if (!op.byPosition && op.right >= 0)
    last = std::min(last, own + op.right);
  if (op.from > keys.firstRank + first)
    first = op.from - keys.firstRank;
  if (op.to <= keys.firstRank + last)
    last = op.to - 1 - keys.firstRank;
  std::vector<int64_t> visible;
  for (int64_t j = first; j <= last; ++j) {
    int64_t ahead = keys.distance(own, j);
    if ((op.left < 0 || ahead >= -op.left) &&
        (op.right < 0 || ahead <= op.right))
      visible.push_back(j);
  }
  return visible;
}

/// Query `rank` of the sequence, whose own key is entry `rank - firstRank`.
static Problem attendQuery(const Attend &op, const Keys &keys, int64_t rank,
                           const double *query, int64_t row, double *out) {
  int64_t own = rank - keys.firstRank;
  std::vector<int64_t> visible = visibleKeys(op, keys, own);
  std::vector<double> weights;
  for (int64_t j : visible) {
    double dot = 0, bias = 0;
    for (int64_t c = 0; c < op.keySize; ++c)
      dot += query[c] * keys.rotated[j * op.keySize + c];
    if (Problem problem = biasOf(op, keys, own, j, bias); !problem.empty())
      return problem;
    weights.push_back(weightOf(op.score, op.scale * dot + bias));
  }
  if (op.maximum)
    openSoftmax(weights, op.maximum[row], op.total[row]);
  else if (op.score == ScoreKind::Softmax)
    softmax({weights.data(), static_cast<int64_t>(weights.size())});
  std::fill_n(out, op.valueSize, 0.0);
  for (size_t k = 0; k < visible.size(); ++k)
    for (int64_t c = 0; c < op.valueSize; ++c)
      out[c] += weights[k] * keys.values[visible[k]][c];
  return {};
}

static Problem attendSequence(const Attend &op, int64_t sequence, int64_t head,
                              double *out) {
  Keys keys;
  int64_t keyHead = head * op.keyHeads / op.heads;
  if (Problem problem = collectKeys(op, sequence, keyHead, keys);
      !problem.empty())
    return problem;
  std::vector<double> query(op.keySize);
  for (int64_t t = op.offsets[sequence]; t < op.offsets[sequence + 1]; ++t) {
    int64_t row = head * op.rows + t;
    std::copy_n(op.query + row * op.keySize, op.keySize, query.begin());
    if (op.cosines.data)
      if (Problem problem = rotate(op, op.positions[t], query.data());
          !problem.empty())
        return problem;
    if (Problem problem =
            attendQuery(op, keys, t - op.offsets[sequence], query.data(), row,
                        out + row * op.valueSize);
        !problem.empty())
      return problem;
  }
  return {};
}

Problem attend(const Attend &op, double *out) {
  if (Problem problem = checkOffsets(op.offsets, op.rows); !problem.empty())
    return problem;
  for (int64_t head = 0; head < op.heads; ++head)
    for (int64_t b = 0; b < sequences(op.offsets); ++b)
      if (Problem problem = attendSequence(op, b, head, out); !problem.empty())
        return problem;
  return {};
}

} // namespace seqc::reference
