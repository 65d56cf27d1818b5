//===- ScoreCommand.cpp - bits per byte of a text -------------------------===//

#include "frontends/cli/RunOptions.h"
#include "frontends/cli/TokenFile.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iostream>
#include <map>
#include <numeric>
#include <thread>

using namespace seqc;
using namespace seqc::cli;

namespace {
/// What one pass over the text measured.
struct Score {
  double bits = 0;
  int64_t scored = 0; ///< predicted tokens
  int64_t tokens = 0; ///< tokens run
  int64_t windows = 0;
  double seconds = 0; ///< in Session::run and scoring
  std::vector<GateCount> gates;
  std::vector<StepTime> steps; ///< summed, if timing was on
};

/// Runs a text window by window and adds up what it costs to predict it.
class Scorer {
public:
  Scorer(const Program &program, Session &session, int64_t window,
         int64_t batch, int threads)
      : session(session), window(window), batch(batch), threads(threads),
        vocabulary(program.signature().outputs[0].shape.back()),
        ids(DType::I32, {batch, window}), lengths(DType::I64, {batch}),
        logits(DType::F32, {batch, window, vocabulary}) {}

  Result<Score> run(const std::vector<int32_t> &tokens, ProgressLine &progress);

private:
  Status runBatch(const std::vector<int32_t> &tokens, int64_t first,
                  Score &score);
  double bitsOf(const float *row, int32_t token) const;
  double
  bitsOfAll(const std::vector<std::pair<const float *, int32_t>> &predictions);

  Session &session;
  int64_t window, batch;
  int threads;
  int64_t vocabulary;
  Tensor ids, lengths, logits;
};
} // namespace

/// -log2 softmax(row)[token].
double Scorer::bitsOf(const float *row, int32_t token) const {
  float largest = row[0];
  for (int64_t i = 1; i < vocabulary; ++i)
    largest = std::max(largest, row[i]);
  double sum = 0;
  for (int64_t i = 0; i < vocabulary; ++i)
    sum += std::exp(row[i] - largest);
  return (std::log(sum) - (double(row[token]) - largest)) / std::log(2.0);
}

/// Over all threads, but added up in order: the sum has the same bits for any
/// number of threads.
double Scorer::bitsOfAll(
    const std::vector<std::pair<const float *, int32_t>> &predictions) {
  std::vector<double> bits(predictions.size());
  size_t share = (predictions.size() + threads - 1) / threads;
  auto work = [&](size_t begin) {
    size_t end = std::min(begin + share, predictions.size());
    for (size_t i = begin; i < end; ++i)
      bits[i] = bitsOf(predictions[i].first, predictions[i].second);
  };
  std::vector<std::thread> helpers;
  for (size_t begin = share; begin < predictions.size(); begin += share)
    helpers.emplace_back(work, begin);
  work(0);
  for (std::thread &helper : helpers)
    helper.join();
  return std::accumulate(bits.begin(), bits.end(), 0.0);
}

Status Scorer::runBatch(const std::vector<int32_t> &tokens, int64_t first,
                        Score &score) {
  int64_t total = static_cast<int64_t>(tokens.size());
  int64_t count = std::min(batch, (total - first + window - 1) / window);
  int64_t last = std::min(total - first - (count - 1) * window, window);
  if (last < 2) // a window of one token predicts nothing
    --count;
  if (count == 0)
    return {};
  int64_t longest =
      count == 1 && last >= 2 ? std::min(total - first, window) : window;
  for (int64_t b = 0; b < count; ++b) {
    int64_t start = first + b * window;
    int64_t length = std::min(window, total - start);
    lengths.as<int64_t>()[b] = length;
    std::copy_n(&tokens[start], length, ids.as<int32_t>() + b * longest);
  }
  int64_t idShape[] = {count, longest}, lengthShape[] = {count};
  int64_t logitShape[] = {count, longest, vocabulary};
  TensorRef in[] = {
      {ids.data(), DType::I32, Device::Cpu, idShape, nullptr, 2},
      {lengths.data(), DType::I64, Device::Cpu, lengthShape, nullptr, 1}};
  TensorRef out[] = {
      {logits.data(), DType::F32, Device::Cpu, logitShape, nullptr, 3}};
  if (Status status = session.resetState(); !status.ok())
    return status;
  if (Status status = session.run(in, 2, out, 1); !status.ok())
    return status;
  std::vector<std::pair<const float *, int32_t>> predictions;
  for (int64_t b = 0; b < count; ++b) {
    int64_t start = first + b * window, length = lengths.as<int64_t>()[b];
    for (int64_t t = 0; t + 1 < length; ++t)
      predictions.push_back(
          {logits.as<float>() + (b * longest + t) * vocabulary,
           tokens[start + t + 1]});
    score.scored += length - 1;
    score.tokens += length;
  }
  score.bits += bitsOfAll(predictions);
  score.windows += count;
  std::vector<GateCount> gates = session.gateCounts();
  if (score.gates.empty())
    score.gates.resize(gates.size());
  for (size_t i = 0; i < gates.size(); ++i) {
    score.gates[i].layer = gates[i].layer;
    score.gates[i].active += gates[i].active;
    score.gates[i].rows += gates[i].rows;
  }
  std::vector<StepTime> steps = session.stepTimes();
  if (score.steps.empty())
    score.steps = steps;
  else
    for (size_t i = 0; i < steps.size(); ++i)
      score.steps[i].ms += steps[i].ms;
  return {};
}

Result<Score> Scorer::run(const std::vector<int32_t> &tokens,
                          ProgressLine &progress) {
  Score score;
  auto start = std::chrono::steady_clock::now();
  for (int64_t first = 0; first < int64_t(tokens.size());
       first += window * batch) {
    if (interrupted())
      return Status::error(ErrorCode::Cancelled, "interrupted");
    if (Status status = runBatch(tokens, first, score); !status.ok())
      return status;
    progress.update("scoring", double(first) / double(tokens.size()));
  }
  score.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  progress.finish();
  if (score.scored == 0)
    return Status::error(ErrorCode::InvalidArgument,
                         "expected a text of at least 2 tokens, got " +
                             std::to_string(tokens.size()));
  return score;
}

//===----------------------------------------------------------------------===//
// Output
//===----------------------------------------------------------------------===//

static std::vector<double> activationRates(const Score &score) {
  std::vector<double> rates;
  for (const GateCount &gate : score.gates)
    rates.push_back(gate.rows ? double(gate.active) / double(gate.rows) : 0);
  return rates;
}

static void printScore(const Score &score, const Program &program,
                       const RunOptions &options, int threads) {
  const CompileStats &stats = program.stats();
  double bpb = score.bits / double(score.scored);
  double speed = double(score.tokens) / score.seconds;
  std::vector<double> rates = activationRates(score);
  const char *cache = stats.warm ? "warm" : "cold";
  if (options.common.json) {
    nlohmann::ordered_json line = {{"bits_per_byte", bpb},
                                   {"tokens", score.tokens},
                                   {"windows", score.windows},
                                   {"activation_rate", rates},
                                   {"tokens_per_second", speed},
                                   {"compile_ms", stats.totalMs},
                                   {"cache", cache},
                                   {"threads", threads},
                                   {"target", program.target()},
                                   {"version", SEQC_VERSION}};
    std::cout << line.dump() << '\n';
    return;
  }
  std::vector<std::vector<std::string>> table = {
      {"bits per byte", formatNumber(bpb, 6)},
      {"tokens", std::to_string(score.tokens) + " in " +
                     std::to_string(score.windows) + " windows"},
      {"tokens/s", formatNumber(speed, 0)},
      {"compile", formatNumber(stats.totalMs, 1) + " ms (" + cache + ", " +
                      std::to_string(stats.kernelsCompiled) + " of " +
                      std::to_string(stats.kernels) + " kernels)"},
      {"target", std::string(program.target()) + ", " +
                     std::to_string(threads) +
                     (threads == 1 ? " thread" : " threads")}};
  for (size_t i = 0; i < rates.size(); ++i)
    table.push_back({"active, " + score.gates[i].layer,
                     formatNumber(100 * rates[i], 2) + " %"});
  std::cout << formatTable(table);
}

//===----------------------------------------------------------------------===//
// Density table
//===----------------------------------------------------------------------===//

static double overallRate(const Score &score) {
  int64_t active = 0, rows = 0;
  for (const GateCount &gate : score.gates) {
    active += gate.active;
    rows += gate.rows;
  }
  return rows ? double(active) / double(rows) : 0;
}

/// The bias on the skip logits that makes `rate` of all rows active.
static Result<float> findBias(double rate, const std::vector<int32_t> &tokens,
                              Session &session, Scorer &scorer,
                              ProgressLine &progress) {
  if (rate <= 0 || rate >= 1)
    return rate <= 0 ? INFINITY : -INFINITY;
  float low = -64, high = 64;
  for (int step = 0; step < 24; ++step) {
    float middle = (low + high) / 2;
    if (Status status = session.setOption("act_bias", middle); !status.ok())
      return status;
    Result<Score> score = scorer.run(tokens, progress);
    if (!score)
      return score.status();
    (overallRate(*score) > rate ? low : high) = middle;
  }
  return (low + high) / 2;
}

static std::string densityJson(const Score &score, float bias,
                               const std::string &layer, double alwaysUs,
                               double gatedUs, const Program &program) {
  nlohmann::ordered_json line = {
      {"active", overallRate(score)},
      {"act_bias", std::isinf(bias)
                       ? nlohmann::ordered_json(bias > 0 ? "inf" : "-inf")
                       : nlohmann::ordered_json(bias)},
      {"bits_per_byte", score.bits / double(score.scored)},
      {"layer", layer},
      {"always_on_us_per_token", alwaysUs},
      {"gated_us_per_token", gatedUs},
      {"tokens", score.tokens},
      {"target", program.target()},
      {"version", SEQC_VERSION}};
  return line.dump();
}

static int printDensityTable(const std::vector<int32_t> &text,
                             const Program &program, Session &session,
                             Scorer &scorer, const RunOptions &options,
                             ProgressLine &progress) {
  // A slice of the text is enough to find the bias and to time a layer.
  std::vector<int32_t> tokens(
      text.begin(), text.begin() + std::min<size_t>(text.size(), 16384));
  std::vector<std::vector<std::string>> table = {
      {"active", "act-bias", "bits/byte", "layer", "always on us/token",
       "gated us/token", "total us/token"}};
  for (double rate : {0.0, 0.25, 0.5, 1.0}) {
    session.setTiming(false);
    Result<float> bias = findBias(rate, tokens, session, scorer, progress);
    if (!bias)
      return report(bias.status());
    if (Status status = session.setOption("act_bias", *bias); !status.ok())
      return report(status);
    session.setTiming(true);
    Score best;
    for (int repeat = 0; repeat < 5; ++repeat) {
      Result<Score> score = scorer.run(tokens, progress);
      if (!score)
        return report(score.status());
      if (best.steps.empty())
        best = *score;
      for (size_t i = 0; i < best.steps.size(); ++i)
        best.steps[i].ms = std::min(best.steps[i].ms, score->steps[i].ms);
    }
    std::map<std::string, std::pair<double, double>> layers;
    for (const StepTime &step : best.steps)
      if (!step.layer.empty())
        (step.gated ? layers[step.layer].second : layers[step.layer].first) +=
            step.ms;
    for (const auto &[layer, times] : layers) {
      double scale = 1000.0 / double(best.tokens);
      if (options.common.json)
        std::cout << densityJson(best, *bias, layer, times.first * scale,
                                 times.second * scale, program)
                  << '\n';
      table.push_back({formatNumber(100 * overallRate(best), 1) + " %",
                       formatNumber(*bias, 3),
                       formatNumber(best.bits / double(best.scored), 4), layer,
                       formatNumber(times.first * scale, 3),
                       formatNumber(times.second * scale, 3),
                       formatNumber((times.first + times.second) * scale, 3)});
    }
  }
  progress.finish();
  if (!options.common.json)
    std::cout << formatTable(table) << "over the first " << tokens.size()
              << " of " << text.size() << " tokens\n";
  return kDone;
}

int cli::scoreText(const RunOptions &options) {
  ProgressLine progress(!options.common.json);
  Result<std::string> text = readFile(options.score);
  if (!text)
    return report(text.status());
  Result<OpenModel> model = openModel(options.common, progress);
  if (!model)
    return report(model.status());
  const Program &program = model->program;
  if (Status status = requireLanguageModel(program); !status.ok())
    return report(status);
  Result<std::vector<int32_t>> tokens = tokenize(program, *text);
  if (!tokens)
    return report(tokens.status());
  Result<Session> session = program.session();
  if (!session)
    return report(session.status());
  if (Status status = applyOptions(*session, options); !status.ok())
    return report(status);

  // More than the text has would only take memory.
  int64_t window =
      std::min(options.window ? options.window : windowOf(program),
               std::max<int64_t>(2, static_cast<int64_t>(tokens->size())));
  int threads =
      model->engine.options().threads ? model->engine.options().threads : 1;
  // Several windows per call give every thread work between barriers.
  Scorer scorer(program, *session, window, threads == 1 ? 1 : 4 * threads,
                threads);
  if (options.densityTable)
    return printDensityTable(*tokens, program, *session, scorer, options,
                             progress);
  // The first call of a shape allocates; it is not what is measured.
  std::vector<int32_t> warmUp(tokens->begin(),
                              tokens->begin() +
                                  std::min<size_t>(tokens->size(), window));
  if (Result<Score> first = scorer.run(warmUp, progress); !first)
    return report(first.status());
  if (options.waitVariants) {
    auto call = [&]() -> Status {
      return scorer.run(warmUp, progress).status();
    };
    if (Status status = settleVariants(program, call); !status.ok())
      return report(status);
  }
  Result<Score> score = scorer.run(*tokens, progress);
  if (!score)
    return report(score.status());
  if (Status status = writeProfile(*session, options); !status.ok())
    return report(status);
  printScore(*score, program, options, threads);
  return kDone;
}
