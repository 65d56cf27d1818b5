//===- ExplainCommand.cpp - `seqc explain` --------------------------------===//

#include "frontends/cli/Explain.h"

#include <iostream>

using namespace seqc;
using namespace seqc::cli;

static nlohmann::ordered_json planJson(const Program &program) {
  const CompileStats &stats = program.stats();
  return {{"fingerprint", program.fingerprint()},
          {"target", program.target()},
          {"kernels", stats.kernels},
          {"compile_ms", stats.totalMs},
          {"cache", stats.warm ? "warm" : "cold"},
          {"plan", program.explain()}};
}

static int runExplain(const ExplainOptions &options) {
  ProgressLine progress(!options.common.json);
  if (!options.html.empty())
    if (Status status = checkWritable(options.html); !status.ok())
      return report(status);
  Result<OpenModel> model = openModel(options.common, progress);
  if (!model)
    return report(model.status());
  const Program &program = model->program;
  nlohmann::ordered_json line = planJson(program);
  std::string text = program.explain();
  if (options.runs()) {
    Result<Explanation> about = explainRun(options, *model, progress);
    if (!about)
      return report(about.status());
    if (!options.html.empty())
      if (Status status =
              writeFile(options.html, explainPage(*about, program.explain()));
          !status.ok())
        return report(status);
    line["run"] = explainJson(*about);
    text += "\n" + explainText(*about);
  }
  if (options.common.json)
    std::cout << line.dump() << '\n';
  else
    std::cout << text;
  return kDone;
}

void cli::addExplainCommand(CLI::App &app, Action &action) {
  auto *explain = app.add_subcommand(
      "explain", "kernels, buffers and steps of a compiled model; with calls, "
                 "which variants ran, why, and how fast\n"
                 "example: seqc explain model.json --calls 100 --html "
                 "model.html");
  auto options = std::make_shared<ExplainOptions>();
  addModelArgument(*explain, options->common);
  addCommonFlags(*explain, options->common);
  options->common.specialise = "on";
  addSpecialiseFlags(*explain, options->common);
  explain->add_option("--profile", options->common.profile,
                      "profile for --specialise=aot");
  auto *input = explain->add_option("--input", options->input,
                                    "run on the tensors of a safetensors file "
                                    "(-: standard input)");
  explain
      ->add_option("--calls", options->calls,
                   "run on random input, so many calls after the variants "
                   "have settled")
      ->check(aboveZero());
  explain
      ->add_option("--length", options->length,
                   "tokens per sequence of random input (default: window)")
      ->check(aboveZero())
      ->excludes(input);
  explain
      ->add_option("--batch", options->batch,
                   "sequences per call of random input")
      ->check(aboveZero())
      ->excludes(input);
  explain->add_option("--act-bias", options->actBias,
                      "added to every skip logit (inf: nothing active)");
  explain->add_option("--html", options->html,
                      "write a page with plots, which needs no network");
  explain->callback([&action, options] {
    Status status = checkUse(
        {{!options->html.empty(), options->runs(),
          "--html shows calls: expected --input or --calls as well"},
         {options->length != 0 || options->batch != 1, options->calls > 0,
          "--length and --batch are of random input: expected --calls as "
          "well"},
         {options->actBias != 0, options->runs(),
          "--act-bias changes calls: expected --input or --calls as well"},
         {!options->common.profile.empty(), options->common.readsProfile(),
          "--profile says what to compile ahead: expected --specialise=aot as "
          "well"}});
    if (!status.ok())
      throw CLI::ValidationError("explain", status.message());
    action = [options] { return runExplain(*options); };
  });
}
