//===- ExplainReport.cpp - an explanation as tables and as JSON -----------===//

#include "frontends/cli/Explain.h"

#include <algorithm>
#include <numeric>

using namespace seqc;
using namespace seqc::cli;

double cli::meanOf(const std::vector<double> &values) {
  if (values.empty())
    return 0;
  return std::accumulate(values.begin(), values.end(), 0.0) /
         double(values.size());
}

static std::string percent(double share, int digits = 1) {
  return formatNumber(100 * share, digits) + " %";
}

std::string cli::reasonOf(const VariantInfo &variant) {
  std::string gain = percent(variant.gain);
  if (variant.state == "kept")
    return variant.measured ? "saves " + gain : "compiled ahead";
  if (variant.state == "dropped")
    return variant.noise > std::max(variant.gain, 0.0)
               ? "gains " + gain + ", not more than the noise"
               : "gains " + gain + " only";
  if (variant.state == "seen")
    return "wanted by too few calls";
  if (variant.state == "unseen")
    return "no call is like that";
  if (variant.state == "evicted")
    return "made room for others";
  return variant.message;
}

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

std::string cli::idleText(const ExplainStep &step, const std::string &none) {
  if (step.idleWith.empty())
    return none;
  return step.idleWith + " = 0, " + std::to_string(step.leftOut) + " calls";
}

static std::string stepsTable(const Explanation &about) {
  std::vector<std::vector<std::string>> rows = {{"step", "layer", "ran", "us",
                                                 "Gflop/s", "GB/s", "of limit",
                                                 "left out if"}};
  double total = 0, limit = 0;
  for (const ExplainStep &step : about.steps) {
    total += step.ms;
    limit += step.limitMs;
    bool works = step.ms > 0 && step.flops > 0;
    rows.push_back(
        {step.kernel, step.layer.empty() ? "-" : step.layer,
         step.variant.empty() ? "-" : step.variant,
         formatNumber(1e3 * step.ms, 1),
         works ? formatNumber(step.flops / step.ms / 1e6, 1) : "-",
         step.ms > 0 && step.bytes > 0
             ? formatNumber(step.bytes / step.ms / 1e6, 1)
             : "-",
         works && step.limitMs > 0 ? percent(step.limitMs / step.ms, 0) : "-",
         idleText(step, "-")});
  }
  rows.push_back({"all", "-", "-", formatNumber(1e3 * total, 1), "-", "-",
                  total > 0 && limit > 0 ? percent(limit / total, 0) : "-",
                  "-"});
  return formatTable(rows);
}

static std::string gatesTable(const Explanation &about) {
  std::vector<std::vector<std::string>> rows = {
      {"layer", "least", "mean", "most"}};
  for (const GateCurve &gate : about.gates) {
    auto [least, most] =
        std::minmax_element(gate.density.begin(), gate.density.end());
    rows.push_back({gate.layer, percent(*least), percent(meanOf(gate.density)),
                    percent(*most)});
  }
  return formatTable(rows);
}

static std::string variantsTable(const Explanation &about) {
  std::vector<std::vector<std::string>> rows = {
      {"kernel", "layer", "variant", "state", "calls", "generic us",
       "variant us", "compile ms", "from", "why", "runs where"}};
  int others = 0;
  for (const SiteVariants &site : about.sites)
    for (const VariantInfo &variant : site.variants) {
      if (variant.state == "unseen") {
        ++others;
        continue;
      }
      bool code = !variant.origin.empty();
      rows.push_back(
          {site.kernel, site.layer, variant.name, variant.state,
           std::to_string(variant.calls),
           variant.measured ? formatNumber(variant.currentUs, 1) : "-",
           variant.measured ? formatNumber(variant.candidateUs, 1) : "-",
           code ? formatNumber(variant.compileMs, 1) : "-",
           code ? variant.origin : "-", reasonOf(variant), variant.guard});
    }
  std::string text = rows.size() > 1 ? formatTable(rows) : "";
  return text + std::to_string(others) +
         " more are for calls that did not come (--json lists them)\n";
}

std::string cli::explainText(const Explanation &about) {
  const CompileStats &compile = about.compile;
  std::string text =
      "the calls\n" +
      formatTable(
          {{"calls", std::to_string(about.calls)},
           {"sequences", std::to_string(about.sequences)},
           {"tokens of a call", std::to_string(about.tokens)},
           {"threads", std::to_string(about.threads)},
           {"kernels", std::to_string(compile.kernels) + ", " +
                           std::to_string(compile.kernelsCompiled) +
                           " compiled in " + formatNumber(compile.totalMs, 1) +
                           " ms"},
           {"machine",
            formatNumber(about.machine.fmaGflops, 1) + " Gflop/s, " +
                formatNumber(about.machine.expGops, 2) + " Gexp/s, " +
                formatNumber(about.machine.readGbs, 1) + " GB/s on a thread"}});
  if (!about.gates.empty())
    text += "\nactive rows\n" + gatesTable(about);
  text += "\nsteps, least times\n" + stepsTable(about);
  if (!about.sites.empty())
    text += "\nvariants\n" + variantsTable(about);
  return text;
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

static nlohmann::ordered_json toJson(const SiteVariants &site) {
  nlohmann::ordered_json variants = nlohmann::ordered_json::array();
  for (const VariantInfo &variant : site.variants)
    variants.push_back({{"name", variant.name},
                        {"guard", variant.guard},
                        {"state", variant.state},
                        {"reason", reasonOf(variant)},
                        {"calls", variant.calls},
                        {"ran", variant.ran},
                        {"measured", variant.measured},
                        {"current_us", variant.currentUs},
                        {"candidate_us", variant.candidateUs},
                        {"gain", variant.gain},
                        {"noise", variant.noise},
                        {"samples", variant.samples},
                        {"compile_ms", variant.compileMs},
                        {"origin", variant.origin},
                        {"object", variant.objectKey},
                        {"object_bytes", variant.objectBytes}});
  return {{"layer", site.layer},
          {"kernel", site.kernel},
          {"generic_calls", site.genericCalls},
          {"variants", std::move(variants)}};
}

nlohmann::ordered_json cli::explainJson(const Explanation &about) {
  nlohmann::ordered_json steps = nlohmann::ordered_json::array(), gates = steps,
                         sites = steps, compiles = steps;
  for (const ExplainStep &step : about.steps)
    steps.push_back({{"kernel", step.kernel},
                     {"layer", step.layer},
                     {"ran", step.variant},
                     {"gated", step.gated},
                     {"idle_with", step.idleWith},
                     {"left_out", step.leftOut},
                     {"ms", step.ms},
                     {"flops", step.flops},
                     {"exps", step.exps},
                     {"bytes", step.bytes},
                     {"limit_ms", step.limitMs}});
  for (const GateCurve &gate : about.gates)
    gates.push_back({{"layer", gate.layer},
                     {"mean", meanOf(gate.density)},
                     {"density", gate.density}});
  for (const SiteVariants &site : about.sites)
    sites.push_back(toJson(site));
  for (const VariantCompile &compile : about.compiles)
    compiles.push_back({{"kernel", compile.kernel},
                        {"variant", compile.variant},
                        {"start_ms", compile.startMs},
                        {"end_ms", compile.endMs},
                        {"ok", compile.ok}});
  return {{"calls", about.calls},
          {"sequences", about.sequences},
          {"tokens", about.tokens},
          {"threads", about.threads},
          {"machine",
           {{"fma_gflops", about.machine.fmaGflops},
            {"exp_gops", about.machine.expGops},
            {"read_gbs", about.machine.readGbs}}},
          {"gates", std::move(gates)},
          {"steps", std::move(steps)},
          {"sites", std::move(sites)},
          {"compiles", std::move(compiles)}};
}
