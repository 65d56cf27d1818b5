//===- Explain.h - what `seqc explain` finds out and shows ----------------===//
#ifndef SEQC_FRONTENDS_CLI_EXPLAIN_H
#define SEQC_FRONTENDS_CLI_EXPLAIN_H

#include "frontends/cli/Common.h"
#include "runtime/jit/Roofline.h"

#include <string>
#include <vector>

namespace seqc::cli {

struct ExplainOptions {
  CommonOptions common;
  std::string input; ///< safetensors file; empty: random input
  int64_t calls = 0; ///< with random input; 0: the model is not run
  int64_t length = 0, batch = 1;
  double actBias = 0;
  std::string html; ///< page to write; empty: none

  bool runs() const { return !input.empty() || calls > 0; }
};

/// A kernel step of the calls, each with its least time.
struct ExplainStep {
  std::string layer, kernel;
  std::string variant;  ///< that answered last; "" where there are none
  std::string idleWith; ///< count with which it is left out where it is 0
  bool gated = false;
  int64_t leftOut = 0; ///< calls
  double ms = 0;
  double flops = 0, exps = 0, bytes = 0;
  double limitMs = 0; ///< what this machine needs at least
};

struct GateCurve {
  std::string layer;
  std::vector<double> density; ///< of each call: active rows over rows
};

struct Explanation {
  std::string model, target, fingerprint;
  int threads = 1;
  CompileStats compile;
  int64_t calls = 0, sequences = 0, tokens = 0; ///< of a call
  jit::Roofline machine;
  std::vector<ExplainStep> steps;
  std::vector<GateCurve> gates;
  std::vector<SiteVariants> sites;
  std::vector<VariantCompile> compiles;
};

/// Calls the model and watches.
Result<Explanation> explainRun(const ExplainOptions &options,
                               const OpenModel &model, ProgressLine &progress);

std::string explainText(const Explanation &about);
nlohmann::ordered_json explainJson(const Explanation &about);
/// A page that needs no network: tables and plots.
std::string explainPage(const Explanation &about, const std::string &plan);

/// Why the site ran what it ran, in a few words.
std::string reasonOf(const VariantInfo &variant);
/// Where the step is left out, and in how many of the calls it was.
std::string idleText(const ExplainStep &step, const std::string &none = "");
/// Mean of the calls; 0 without any.
double meanOf(const std::vector<double> &values);

} // namespace seqc::cli

#endif // SEQC_FRONTENDS_CLI_EXPLAIN_H
