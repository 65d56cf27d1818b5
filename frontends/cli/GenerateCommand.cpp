//===- GenerateCommand.cpp - continue a prompt ----------------------------===//

#include "frontends/cli/RunOptions.h"
#include "frontends/cli/TokenFile.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iostream>
#include <numeric>
#include <random>

using namespace seqc;
using namespace seqc::cli;

namespace {
/// Picks the next token from a row of logits.
class Sampler {
public:
  Sampler(double temperature, double topP, uint64_t seed)
      : temperature(temperature), topP(topP), random(seed) {}

  int32_t pick(const float *logits, int64_t count);

private:
  double temperature, topP;
  std::mt19937_64 random;
  std::vector<double> weights;
  std::vector<int32_t> order;
};
} // namespace

int32_t Sampler::pick(const float *logits, int64_t count) {
  auto best =
      std::max_element(logits, logits + count); // the first of equal ones
  if (temperature <= 0)
    return static_cast<int32_t>(best - logits);
  weights.resize(count);
  order.resize(count);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int32_t a, int32_t b) { return logits[a] > logits[b]; });
  double total = 0;
  for (int64_t i = 0; i < count; ++i)
    total += weights[i] =
        std::exp((double(logits[order[i]]) - *best) / temperature);
  double kept = 0;
  int64_t last = 0;
  while (last < count && kept < topP * total)
    kept += weights[last++];
  double point = std::generate_canonical<double, 53>(random) * kept;
  for (int64_t i = 0; i < last; ++i)
    if ((point -= weights[i]) < 0)
      return order[i];
  return order[last ? last - 1 : 0];
}

namespace {
/// Runs tokens through a session that carries its state.
class Stream {
public:
  Stream(const Program &program, Session &session)
      : session(session),
        vocabulary(program.signature().outputs[0].shape.back()) {}

  /// Logits of the last token.
  Result<const float *> feed(const int32_t *tokens, int64_t count) {
    if (int64_t(logits.size()) < count * vocabulary)
      logits.resize(count * vocabulary);
    int64_t idShape[] = {1, count}, logitShape[] = {1, count, vocabulary};
    TensorRef in{const_cast<int32_t *>(tokens),
                 DType::I32,
                 Device::Cpu,
                 idShape,
                 nullptr,
                 2};
    TensorRef out{logits.data(), DType::F32, Device::Cpu,
                  logitShape,    nullptr,    3};
    if (Status status = session.run(&in, 1, &out, 1); !status.ok())
      return status;
    return static_cast<const float *>(logits.data() + (count - 1) * vocabulary);
  }
  int64_t vocabularySize() const { return vocabulary; }

private:
  Session &session;
  int64_t vocabulary;
  std::vector<float> logits;
};
} // namespace

/// Nothing can be picked from numbers that are none.
static Status checkLogits(const float *logits, int64_t count,
                          int64_t position) {
  for (int64_t i = 0; i < count; ++i)
    if (std::isnan(logits[i]) || logits[i] == INFINITY)
      return Status::error(
          ErrorCode::Internal,
          "logit " + std::to_string(i) + " behind the token at position " +
              std::to_string(position) + " is " +
              (std::isnan(logits[i]) ? "nan" : "infinite") +
              "; `seqc check` says where values first stop being finite");
  return {};
}

/// Median of the step times around a position, in microseconds; 0 if not run.
static double stepTimeAt(const std::vector<double> &micros,
                         int64_t promptLength, int64_t position) {
  int64_t middle = position - promptLength;
  std::vector<double> near;
  for (int64_t i = middle - 8; i <= middle + 8; ++i)
    if (i >= 0 && i < int64_t(micros.size()))
      near.push_back(micros[i]);
  if (near.empty())
    return 0;
  std::nth_element(near.begin(), near.begin() + near.size() / 2, near.end());
  return near[near.size() / 2];
}

static void printSummary(const RunOptions &options, const Program &program,
                         const std::string &continuation,
                         const std::vector<double> &micros,
                         int64_t promptLength) {
  double total = std::accumulate(micros.begin(), micros.end(), 0.0);
  double speed = total > 0 ? 1e6 * double(micros.size()) / total : 0;
  if (options.common.json) {
    std::vector<int> bytes;
    for (unsigned char c : continuation)
      bytes.push_back(c);
    nlohmann::ordered_json line = {
        {"continuation_bytes", bytes},
        {"tokens", micros.size()},
        {"tokens_per_second", speed},
        {"us_per_token_at_50", stepTimeAt(micros, promptLength, 50)},
        {"us_per_token_at_500", stepTimeAt(micros, promptLength, 500)},
        {"compile_ms", program.stats().totalMs},
        {"cache", program.stats().warm ? "warm" : "cold"},
        {"target", program.target()},
        {"version", SEQC_VERSION}};
    std::cout << line.dump() << '\n';
    return;
  }
  std::cout << std::endl;
  std::cerr << "seqc: " << micros.size() << " tokens, "
            << formatNumber(speed, 0) << " tokens/s";
  for (int64_t position : {50, 500})
    if (double at = stepTimeAt(micros, promptLength, position); at > 0)
      std::cerr << ", " << formatNumber(at, 1) << " us/token at position "
                << position;
  std::cerr << '\n';
}

int cli::generateText(const RunOptions &options) {
  ProgressLine progress(!options.common.json);
  if (options.prompt.empty())
    return report(Status::error(
        ErrorCode::InvalidArgument,
        "expected a prompt of at least one token; give --prompt TEXT"));
  Result<OpenModel> model = openModel(options.common, progress);
  if (!model)
    return report(model.status());
  const Program &program = model->program;
  if (Status status = requireLanguageModel(program); !status.ok())
    return report(status);
  if (!program.signature().causal)
    return report(
        Status::error(ErrorCode::Unsupported,
                      "the model cannot continue a text: a layer is not causal "
                      "or keeps no state from call to call"));
  Result<std::vector<int32_t>> prompt = tokenize(program, options.prompt);
  if (!prompt)
    return report(prompt.status());
  Result<Session> session = program.session();
  if (!session)
    return report(session.status());
  if (Status status = applyOptions(*session, options); !status.ok())
    return report(status);

  Stream stream(program, *session);
  Sampler sampler(options.temperature, options.topP, options.seed);
  Result<const float *> logits =
      stream.feed(prompt->data(), int64_t(prompt->size()));
  if (!logits)
    return report(logits.status());
  std::string continuation;
  std::vector<double> micros;
  for (int64_t i = 0; i < options.generate; ++i) {
    if (interrupted())
      return report(Status::error(ErrorCode::Cancelled, "interrupted"));
    if (Status status = checkLogits(*logits, stream.vocabularySize(),
                                    int64_t(prompt->size()) + i - 1);
        !status.ok()) {
      std::cerr << "seqc: " << status.message() << '\n';
      return kCheckFailed;
    }
    int32_t token = sampler.pick(*logits, stream.vocabularySize());
    continuation.push_back(static_cast<char>(token));
    if (!options.common.json)
      std::cout << static_cast<char>(token) << std::flush;
    if (i + 1 == options.generate || !std::cout)
      break;
    auto start = std::chrono::steady_clock::now();
    logits = stream.feed(&token, 1);
    if (!logits)
      return report(logits.status());
    micros.push_back(std::chrono::duration<double, std::micro>(
                         std::chrono::steady_clock::now() - start)
                         .count());
  }
  if (Status status = writeProfile(*session, options); !status.ok())
    return report(status);
  printSummary(options, program, continuation, micros, int64_t(prompt->size()));
  return kDone;
}
