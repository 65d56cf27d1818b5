//===- CheckCommand.cpp - `seqc check` ------------------------------------===//

#include "frontends/cli/CheckOptions.h"
#include "frontends/cli/InputTensors.h"

#include "frontends/cli/NotFinite.h"

#include <cmath>
#include <iostream>
#include <random>

using namespace seqc;
using namespace seqc::cli;

std::vector<Tensor> cli::randomInputs(const Program &program, int64_t batch,
                                      int64_t length) {
  std::mt19937_64 random(1);
  std::vector<Tensor> tensors;
  std::string vocabulary = program.metadata("vocab");
  int64_t limit = vocabulary.empty()
                      ? 1
                      : std::max<int64_t>(1, std::atoll(vocabulary.c_str()));
  for (const TensorSpec &spec : program.signature().inputs) {
    if (spec.optional)
      continue;
    std::vector<int64_t> shape = spec.shape;
    for (size_t i = 0; i < shape.size(); ++i)
      if (shape[i] < 0)
        shape[i] = spec.dims[i] == "B" ? batch : length;
    Tensor tensor(spec.dtype, shape);
    for (int64_t i = 0; i < tensor.size(); ++i) {
      double unit = std::generate_canonical<double, 53>(random);
      if (spec.dtype == DType::F32)
        tensor.as<float>()[i] = static_cast<float>(2 * unit - 1);
      else if (spec.dtype == DType::I32)
        tensor.as<int32_t>()[i] = static_cast<int32_t>(unit * double(limit));
      else if (spec.dtype == DType::I64)
        tensor.as<int64_t>()[i] = static_cast<int64_t>(unit * double(limit));
    }
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

Result<std::vector<Tensor>> cli::runOnce(const Program &program,
                                         const std::vector<TensorRef> &inputs) {
  Result<Session> session = program.session();
  if (!session)
    return session.status();
  std::vector<Tensor> results = resultsFor(program.signature(), inputs);
  std::vector<TensorRef> outputs;
  for (Tensor &tensor : results)
    outputs.push_back(tensor.ref());
  Status status = session->run(inputs.data(), inputs.size(), outputs.data(),
                               outputs.size());
  if (!status.ok())
    return status;
  return results;
}

Difference cli::compare(const TensorRef &got, const TensorRef &expected,
                        double rtol, double atol) {
  Difference difference;
  int64_t count = elementCount(expected.shape, expected.rank);
  auto valueAt = [](const TensorRef &tensor, int64_t i) -> double {
    switch (tensor.dtype) {
    case DType::F32:
      return static_cast<const float *>(tensor.data)[i];
    case DType::F64:
      return static_cast<const double *>(tensor.data)[i];
    case DType::I32:
      return static_cast<const int32_t *>(tensor.data)[i];
    case DType::I64:
      return static_cast<double>(static_cast<const int64_t *>(tensor.data)[i]);
    case DType::U8:
      return static_cast<const uint8_t *>(tensor.data)[i];
    }
    return 0;
  };
  bool exact = expected.dtype != DType::F32 && expected.dtype != DType::F64;
  for (int64_t i = 0; i < count; ++i) {
    double a = valueAt(got, i), b = valueAt(expected, i);
    if (a == b || (std::isnan(a) && std::isnan(b)))
      continue;
    double error = std::fabs(a - b);
    bool close = !exact && std::isfinite(a) && std::isfinite(b) &&
                 error <= atol + rtol * std::fabs(b);
    difference.ok &= close;
    if (!std::isfinite(error)) {
      difference.absolute = difference.relative = INFINITY;
      continue;
    }
    difference.absolute = std::max(difference.absolute, error);
    if (std::fabs(b) > atol)
      difference.relative = std::max(difference.relative, error / std::fabs(b));
  }
  return difference;
}

/// Compiled code against the f64 reference on the same inputs.
static int checkModel(const CheckOptions &options) {
  ProgressLine progress(!options.common.json);
  // What the reference says of ops that leave the numbers is part of the
  // result.
  std::vector<Diagnostic> ops;
  bool inReference = false;
  Result<OpenModel> model =
      openModel(options.common, progress, [&](const Diagnostic &diagnostic) {
        if (inReference)
          ops.push_back(diagnostic);
        else
          printDiagnostic(diagnostic);
      });
  if (!model)
    return report(model.status());
  const Program &compiled = model->program;
  Result<Program> reference =
      compileModel(model->engine, onReference(options.common));
  if (!reference)
    return report(reference.status());

  std::vector<Tensor> random;
  std::vector<TensorRef> inputs;
  std::unique_ptr<InputFile> file;
  if (options.input.empty()) {
    int64_t length = 64;
    if (int64_t most = compiled.signature().maxPositions; most > 0)
      length = std::min(length, most);
    random = randomInputs(compiled, 2, length);
    for (Tensor &tensor : random)
      inputs.push_back(tensor.ref());
  } else {
    Result<std::unique_ptr<InputFile>> opened = openInput(options.input);
    if (!opened)
      return report(opened.status());
    file = std::move(*opened);
    Result<std::vector<TensorRef>> given =
        inputsOf(*file, compiled.signature());
    if (!given)
      return report(given.status());
    inputs = std::move(*given);
  }
  Result<std::vector<Tensor>> got = runOnce(compiled, inputs);
  if (!got)
    return report(got.status());
  inReference = true;
  Result<std::vector<Tensor>> expected = runOnce(*reference, inputs);
  inReference = false;
  if (!expected)
    return report(expected.status());

  bool ok = true;
  nlohmann::ordered_json outputs = nlohmann::ordered_json::object();
  std::vector<std::vector<std::string>> table = {
      {"output", "max abs error", "max rel error", "status"}};
  for (size_t i = 0; i < got->size(); ++i) {
    const std::string &name = compiled.signature().outputs[i].name;
    Difference difference = compare((*got)[i].ref(), (*expected)[i].ref(),
                                    kRelativeTolerance, kAbsoluteTolerance);
    ok &= difference.ok;
    outputs[name] = {{"max_abs", difference.absolute},
                     {"max_rel", difference.relative}};
    table.push_back({name, formatScientific(difference.absolute),
                     formatScientific(difference.relative),
                     difference.ok ? "ok" : "differs"});
  }
  NonFiniteReport notFinite =
      findNonFinite(compiled.signature(), modelWeights(options.common.model),
                    inputs, *expected, *got, std::move(ops));
  if (options.common.json) {
    nlohmann::ordered_json line = {{"case", options.common.model},
                                   {"target", compiled.target()},
                                   {"status", ok ? "passed" : "failed"},
                                   {"outputs", outputs},
                                   {"not_finite", notFinite.json()}};
    std::cout << line.dump() << '\n';
  } else {
    std::cout << formatTable(table) << notFinite.str();
  }
  return ok ? kDone : kCheckFailed;
}

static int runCheck(const CheckOptions &options) {
  bool golden = !options.golden.empty();
  Status status = checkUse(
      {{golden, options.common.model.empty(),
        "--golden names cases, which bring their models: expected no MODEL "
        "beside it"},
       {golden, options.input.empty(),
        "--golden names cases, which bring their inputs: expected no --input "
        "beside it"},
       {options.batchFaithful, golden,
        "--batch-faithful is for recorded cases: expected --golden PATH as "
        "well"}});
  if (!status.ok())
    return report(status);
  if (golden)
    return checkGoldens(options);
  if (options.common.model.empty())
    return report(Status::error(
        ErrorCode::InvalidArgument,
        "expected a model or --golden PATH; see `seqc check --help`"));
  return checkModel(options);
}

void cli::addCheckCommand(CLI::App &app, Action &action) {
  auto *check = app.add_subcommand(
      "check",
      "compare compiled code with the f64 reference or recorded cases\n"
      "example: seqc check model.json --target cpu:avx2");
  auto options = std::make_shared<CheckOptions>();
  addModelArgument(*check, options->common, /*required=*/false);
  addCommonFlags(*check, options->common);
  addSpecialiseFlags(*check, options->common, /*hasProfile=*/false);
  check->add_option("--input", options->input,
                    "safetensors file with inputs (default: random)");
  check
      ->add_option("--golden", options->golden,
                   "case folders, or trees of them")
      ->excludes("--schedule");
  check->add_flag("--batch-faithful", options->batchFaithful,
                  "compare batches with the authors' batch-dependent form "
                  "(target reference)");
  check->callback([&action, options] {
    action = [options] { return runCheck(*options); };
  });
}
