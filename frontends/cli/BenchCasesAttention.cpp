//===- BenchCasesAttention.cpp - attention cases --------------------------===//
//
// Heads and chunks are laid out one after the other, so that they are sequences
// of their own: [B, H, T, d] is B * H sequences of T tokens. The sample is some
// queries over all the keys that they see.
//
//===----------------------------------------------------------------------===//

#include "frontends/cli/BenchCase.h"

#include "runtime/reference/Math.h"

#include <algorithm>
#include <cmath>

using namespace seqc;
using namespace seqc::cli;
using nlohmann::json;

static constexpr int64_t kSampledQueries = 48;

namespace {
struct AttentionCase {
  int64_t sequences, rows, keyWidth, valueWidth;
  int64_t left, right; ///< -1: unbounded
  bool softmax;
};
} // namespace

static void sampleQuery(CaseInputs &in, const AttentionCase &about,
                        int64_t query, std::vector<Sample> &samples) {
  int64_t T = about.rows, z = about.keyWidth, h = about.valueWidth;
  int64_t first = query / T * T, i = query % T;
  int64_t begin = about.left < 0 ? 0 : std::max<int64_t>(0, i - about.left);
  int64_t end = about.right < 0 ? T : std::min(T, i + about.right + 1);
  const float *q = in.values("q") + query * z,
              *k = in.values("k") + (first + begin) * z,
              *v = in.values("v") + (first + begin) * h;
  std::vector<double> asked(q, q + z), keys(k, k + (end - begin) * z),
      scores(end - begin);
  for (double &value : asked)
    value /= std::sqrt(double(z));
  reference::linear({asked.data(), 1, z}, {keys.data(), end - begin, z},
                    {scores.data(), 1, end - begin});
  if (about.softmax)
    reference::softmax({scores.data(), end - begin});
  else
    for (double &score : scores)
      score = reference::relu(score);
  for (int64_t c = 0; c < h; ++c) {
    double sum = 0;
    for (int64_t j = 0; j < end - begin; ++j)
      sum += scores[j] * double(v[j * h + c]);
    samples.push_back({query * h + c, sum});
  }
}

static BenchCase buildCase(std::shared_ptr<CaseInputs> in,
                           const AttentionCase &about) {
  int64_t S = about.sequences, T = about.rows, z = about.keyWidth,
          h = about.valueWidth;
  BenchCase built;
  json input = {{"kind", "features"},
                {"name", "q"},
                {"width", z},
                {"also", json::array({{{"name", "k"}, {"width", z}},
                                      {{"name", "v"}, {"width", h}}})}};
  json attend = {{"op", "attend"},
                 {"query", "x"},
                 {"key", "k"},
                 {"value", "v"},
                 {"out", "y"},
                 {"bidirectional", about.right != 0},
                 {"window", about.left < 0 ? json() : json(about.left)},
                 {"score", about.softmax ? "softmax" : "relu"}};
  if (!about.softmax)
    attend["scale"] = 1 / std::sqrt(double(z));
  json steps = json::array({{{"op", "input"}, {"name", "k"}, {"out", "k"}},
                            {{"op", "input"}, {"name", "v"}, {"out", "v"}},
                            attend});
  built.description = composeModel(input, steps);
  built.inputs = {{"q", &in->tensor("q"), {S, T, z}},
                  {"k", &in->tensor("k"), {S, T, z}},
                  {"v", &in->tensor("v"), {S, T, h}}};
  built.outputShape = {S, T, h};
  built.sample = [in, about](int64_t) {
    std::vector<Sample> samples;
    for (int64_t query : spread(about.sequences * about.rows, kSampledQueries))
      sampleQuery(*in, about, query, samples);
    return samples;
  };
  return built;
}

static AttentionCase headsOf(CaseInputs &in) {
  int64_t width = in.extent("dh");
  return {in.extent("B") * in.extent("H"),
          in.extent("T"),
          width,
          width,
          -1,
          0,
          /*softmax=*/true};
}

BenchCase cli::buildAttention(std::shared_ptr<CaseInputs> in) {
  AttentionCase about = headsOf(*in);
  about.left = in->extent("left");
  about.right = in->extent("right");
  return buildCase(in, about);
}

BenchCase cli::buildRela(std::shared_ptr<CaseInputs> in) {
  AttentionCase about = headsOf(*in);
  about.softmax = false;
  return buildCase(in, about);
}

BenchCase cli::buildChunkAttention(std::shared_ptr<CaseInputs> in) {
  int64_t rows = in->extent("c");
  int64_t chunks = in->extent("B") * in->extent("T") / rows;
  return buildCase(in, {chunks, rows, in->extent("z"), in->extent("h"), -1, -1,
                        /*softmax=*/true});
}
