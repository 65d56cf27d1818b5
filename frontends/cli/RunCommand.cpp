//===- RunCommand.cpp - `seqc run` ----------------------------------------===//

#include "frontends/cli/RunOptions.h"

#include "frontends/cli/InputTensors.h"

#include <cmath>
#include <iostream>

using namespace seqc;
using namespace seqc::cli;

Status cli::applyOptions(Session &session, const RunOptions &options) {
  if (options.actBias == 0)
    return {};
  return session.setOption("act_bias", static_cast<float>(options.actBias));
}

Status cli::writeProfile(const Session &session, const RunOptions &options) {
  if (options.common.profile.empty() || options.common.readsProfile())
    return {};
  return writeFile(options.common.profile, session.profile().serialise());
}

static Status
writeOutput(const std::string &path,
            const std::vector<std::pair<std::string, TensorRef>> &tensors) {
  auto write = [&](std::ostream &stream) {
    return frontend::writeSafetensors(stream, tensors);
  };
  return path == "-" ? writeStandardOutput(write) : writeFile(path, write);
}

/// What was written, as one object; beside the tensors if those go to standard
/// output.
static void
printWritten(const RunOptions &options, const Program &program,
             const std::vector<std::pair<std::string, TensorRef>> &tensors) {
  nlohmann::ordered_json written = nlohmann::ordered_json::array();
  for (const auto &[name, tensor] : tensors)
    written.push_back(
        {{"name", name},
         {"dtype", toString(tensor.dtype)},
         {"shape",
          std::vector<int64_t>(tensor.shape, tensor.shape + tensor.rank)}});
  nlohmann::ordered_json line = {
      {"output", options.output},
      {"tensors", std::move(written)},
      {"compile_ms", program.stats().totalMs},
      {"cache", program.stats().warm ? "warm" : "cold"},
      {"target", program.target()},
      {"version", SEQC_VERSION}};
  (options.output == "-" ? std::cerr : std::cout) << line.dump() << '\n';
}

/// Runs the tensors of one safetensors file through the model once.
static int runTensors(const RunOptions &options) {
  ProgressLine progress(!options.common.json);
  Result<std::unique_ptr<InputFile>> opened = openInput(options.input);
  if (!opened)
    return report(opened.status());
  Result<OpenModel> model = openModel(options.common, progress);
  if (!model)
    return report(model.status());
  const Program &program = model->program;
  Result<Session> session = program.session();
  if (!session)
    return report(session.status());
  if (Status status = applyOptions(*session, options); !status.ok())
    return report(status);

  const Signature &signature = program.signature();
  Result<std::vector<TensorRef>> inputs = inputsOf(**opened, signature);
  if (!inputs)
    return report(inputs.status());
  std::vector<Tensor> results = resultsFor(signature, *inputs);
  std::vector<std::pair<std::string, TensorRef>> named;
  std::vector<TensorRef> outputs;
  for (size_t i = 0; i < results.size(); ++i) {
    outputs.push_back(results[i].ref());
    named.emplace_back(signature.outputs[i].name, outputs.back());
  }
  if (Status status = session->run(inputs->data(), inputs->size(),
                                   outputs.data(), outputs.size());
      !status.ok())
    return report(status);
  if (Status status = writeOutput(options.output, named); !status.ok())
    return report(status);
  if (Status status = writeProfile(*session, options); !status.ok())
    return report(status);
  if (options.common.json)
    printWritten(options, program, named);
  return kDone;
}

static int runCommand(const RunOptions &options) {
  if (std::isnan(options.actBias))
    return report(Status::error(ErrorCode::InvalidArgument,
                                "expected a number for --act-bias"));
  if (options.window == 1)
    return report(Status::error(ErrorCode::InvalidArgument,
                                "expected a --window of at least 2 tokens: "
                                "one token predicts nothing"));
  // Before long work, not behind it.
  if (!options.common.profile.empty() && !options.common.readsProfile())
    if (Status status = checkWritable(options.common.profile); !status.ok())
      return report(status);
  if (!options.output.empty() && options.output != "-")
    if (Status status = checkWritable(options.output); !status.ok())
      return report(status);
  if (!options.score.empty())
    return scoreText(options);
  if (options.generate >= 0)
    return generateText(options);
  return runTensors(options);
}

void cli::addRunCommand(CLI::App &app, Action &action) {
  auto *run = app.add_subcommand(
      "run", "run a model on tensors or text\n"
             "example: seqc run model.json --score text.txt --json");
  auto options = std::make_shared<RunOptions>();
  addModelArgument(*run, options->common);
  addCommonFlags(*run, options->common);
  options->common.specialise = "on";
  addSpecialiseFlags(*run, options->common);
  run->add_option("--profile", options->common.profile,
                  "write what the calls were like to this file (with "
                  "--specialise=aot: read it and compile for it)");
  auto *input = run->add_option(
      "--input", options->input,
      "safetensors file with the model's inputs (-: standard input)");
  auto *output =
      run->add_option("--output", options->output,
                      "safetensors file for the results (-: standard output)");
  input->needs(output);
  output->needs(input);
  auto *score = run->add_option("--score", options->score,
                                "text to score in bits per byte");
  run->add_option("--window", options->window,
                  "tokens per scored window (default: the model's, else 512)")
      ->check(aboveZero())
      ->needs(score);
  run->add_flag("--wait-variants", options->waitVariants,
                "before the text is scored, run windows of it until no variant "
                "is being compiled or tried")
      ->needs(score);
  run->add_flag("--density-table", options->densityTable,
                "time per layer at 0, 25, 50 and 100 % active rows, over the "
                "first 16384 tokens of the text")
      ->needs(score);
  auto *generate =
      run->add_option("--generate", options->generate, "tokens to generate")
          ->check(zeroOrMore());
  run->add_option("--prompt", options->prompt, "text to continue")
      ->needs(generate);
  run->add_option("--temperature", options->temperature,
                  "0: always the most likely token")
      ->check(zeroOrMore())
      ->needs(generate);
  run->add_option("--top-p", options->topP,
                  "keep the likeliest tokens of this total probability")
      ->check(zeroOrMore())
      ->check(CLI::Range(0.0, 1.0))
      ->needs(generate);
  // Of an unsigned number, -1 would be the largest.
  run->add_option("--seed", options->seed, "seed of the sampler")
      ->check(zeroOrMore())
      ->needs(generate);
  run->add_option(
      "--act-bias", options->actBias,
      "added to every skip logit (inf: nothing active, -inf: everything)");
  input->excludes(score)->excludes(generate);
  score->excludes(generate);
  run->callback([&action, options] {
    if (options->input.empty() && options->score.empty() &&
        options->generate < 0)
      throw CLI::ValidationError("run", "expected one of --input, --score and "
                                        "--generate; see `seqc run --help`");
    action = [options] { return runCommand(*options); };
  });
}
