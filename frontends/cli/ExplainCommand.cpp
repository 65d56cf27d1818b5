//===- ExplainCommand.cpp - `seqc explain` --------------------------------===//

#include "frontends/cli/Common.h"

#include <iostream>

using namespace seqc;
using namespace seqc::cli;

static int runExplain(const CommonOptions &options) {
  ProgressLine progress(!options.json);
  Result<OpenModel> model = openModel(options, progress);
  if (!model)
    return report(model.status());
  const Program &program = model->program;
  const CompileStats &stats = program.stats();
  if (options.json) {
    nlohmann::ordered_json line = {{"fingerprint", program.fingerprint()},
                                   {"target", program.target()},
                                   {"kernels", stats.kernels},
                                   {"compile_ms", stats.totalMs},
                                   {"cache", stats.warm ? "warm" : "cold"},
                                   {"plan", program.explain()}};
    std::cout << line.dump() << '\n';
    return kDone;
  }
  std::cout << program.explain();
  return kDone;
}

void cli::addExplainCommand(CLI::App &app, Action &action) {
  auto *explain = app.add_subcommand(
      "explain", "kernels, buffers and steps of a compiled model\n"
                 "example: seqc explain model.json");
  auto options = std::make_shared<CommonOptions>();
  addModelArgument(*explain, *options);
  addCommonFlags(*explain, *options);
  explain->callback([&action, options] {
    action = [options] { return runExplain(*options); };
  });
}
