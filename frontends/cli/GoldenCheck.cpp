//===- GoldenCheck.cpp - recorded cases -----------------------------------===//

#include "frontends/cli/CheckOptions.h"

#include "frontends/layers/GoldenCase.h"
#include "frontends/safetensors/Safetensors.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>

using namespace seqc;
using namespace seqc::cli;
namespace fs = std::filesystem;

std::string cli::formatScientific(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof(buffer), "%.1e", value);
  return buffer;
}

SafetensorsSources cli::modelWeights(const std::string &model) {
  Result<frontend::ModelDescription> description =
      frontend::ModelDescription::fromFile(model);
  if (!description)
    return {};
  Result<std::shared_ptr<const WeightSource>> weights =
      frontend::openWeights(*description);
  return weights ? SafetensorsSources{*weights} : SafetensorsSources{};
}

namespace {
/// One recorded case: its description, tensors and what came out.
struct GoldenRun {
  fs::path folder;
  std::string name, system, status = "passed", why;
  nlohmann::json about;
  std::shared_ptr<frontend::SafetensorsFile> tensors;
  std::vector<std::pair<std::string, Difference>> outputs;
  frontend::GoldenForm form = frontend::GoldenForm::PerSequence;

  void unsupported(const std::string &reason) {
    status = "unsupported";
    why = reason;
  }
  void failed(const std::string &reason) {
    status = "failed";
    why = reason;
  }
  void add(const std::string &output, const Difference &difference) {
    outputs.emplace_back(output, difference);
    if (!difference.ok && status == "passed")
      status = "failed";
  }
  double rtol() const { return about["tolerance"].value("rtol", 0.0); }
  double atol() const { return about["tolerance"].value("atol", 0.0); }
};
} // namespace

/// Case folders below a path, sorted.
static std::vector<fs::path> findCases(const std::vector<std::string> &paths,
                                       Status &status) {
  std::vector<fs::path> cases;
  for (const std::string &path : paths) {
    std::error_code error;
    size_t before = cases.size();
    if (fs::exists(fs::path(path) / "case.json", error))
      cases.push_back(path);
    else if (fs::is_directory(path, error))
      for (const auto &entry : fs::recursive_directory_iterator(path, error))
        if (entry.path().filename() == "case.json")
          cases.push_back(entry.path().parent_path());
    if (cases.size() == before)
      status = Status::error(ErrorCode::InvalidArgument,
                             "expected a folder with case.json below " + path +
                                 ", found none");
  }
  std::sort(cases.begin(), cases.end());
  return cases;
}

/// The model inputs of a case: x or ids, and from the padding mask the lengths
/// or, for a model that computes rows at padding, which rows are tokens.
static std::vector<TensorRef>
caseInputs(const GoldenRun &run, const Program &program, Tensor &fromMask) {
  TensorRef rows = run.tensors->find("in.x");
  if (!rows.shape)
    rows = run.tensors->find("in.ids");
  std::vector<TensorRef> inputs = {rows};
  bool asksMask = false;
  for (const TensorSpec &spec : program.signature().inputs)
    asksMask |= spec.name == "valid";
  TensorRef mask = run.tensors->find("in.padding_mask");
  if (!rows.shape || (!mask.shape && !asksMask))
    return inputs;
  const int64_t *extents = mask.shape ? mask.shape : rows.shape;
  int64_t batch = extents[0], tokens = extents[1];
  fromMask = asksMask ? Tensor(DType::F32, {batch, tokens, 1})
                      : Tensor(DType::I64, {batch});
  const auto *padding = static_cast<const uint8_t *>(mask.data);
  for (int64_t i = 0; i < batch * tokens; ++i) {
    bool isToken = !mask.shape || padding[i] == 0;
    if (asksMask)
      fromMask.as<float>()[i] = isToken;
    else
      fromMask.as<int64_t>()[i / tokens] += isToken;
  }
  inputs.push_back(fromMask.ref());
  return inputs;
}

static const char *comparedOutput(const GoldenRun &run) {
  if (run.form == frontend::GoldenForm::Batch)
    return "out.batch_faithful";
  bool batch = run.tensors->find("out.per_sequence").shape;
  return batch ? "out.per_sequence" : "out.y";
}

static void compareParallel(GoldenRun &run, const Program &program) {
  Tensor fromMask;
  std::vector<TensorRef> inputs = caseInputs(run, program, fromMask);
  Result<std::vector<Tensor>> got = runOnce(program, inputs);
  if (!got)
    return run.failed(got.status().str());
  std::string name = comparedOutput(run);
  TensorRef expected = run.tensors->find(name);
  Tensor &result = got->front();
  if (!expected.shape ||
      elementCount(expected.shape, expected.rank) != result.size())
    return run.failed("output '" + name +
                      "' has another shape than the model gives");
  run.add(name, compare(result.ref(), expected, run.rtol(), run.atol()));
}

/// Turns a ring as sessions keep it (entry e in slot e mod w) into the recorded
/// form: oldest first, unused positions -1.
static void orderRing(const Session &session, const std::string &field,
                      Tensor &ring) {
  Tensor count(DType::I32, {1});
  if (!session.exportState("layer.count", count.ref()).ok())
    return;
  int64_t pushed = count.as<int32_t>()[0], slots = ring.shape()[1];
  size_t slotBytes = ring.bytes() / static_cast<size_t>(slots);
  auto *bytes = static_cast<char *>(ring.data());
  if (pushed > slots)
    std::rotate(bytes, bytes + static_cast<size_t>(pushed % slots) * slotBytes,
                bytes + ring.bytes());
  if (field == "ring_pos")
    for (int64_t i = pushed; i < slots; ++i)
      ring.as<int32_t>()[i] = -1;
}

/// Compares the carried state after a prefix with out.state_<t>.*.
static void compareStates(GoldenRun &run, Session &session,
                          const Program &program, int64_t t) {
  std::string prefix = "out.state_" + std::to_string(t) + ".";
  for (const std::string &name : run.tensors->names()) {
    if (name.rfind(prefix, 0) != 0)
      continue;
    std::string field = name.substr(prefix.size());
    TensorRef expected = run.tensors->find(name);
    std::string ours = field == "t" ? "position" : "layer." + field;
    bool derived = field == "ring_len";
    if (derived)
      ours = "layer.count";
    const std::vector<TensorSpec> &states = program.signature().states;
    auto spec = std::find_if(
        states.begin(), states.end(),
        [&](const TensorSpec &state) { return state.name == ours; });
    if (spec == states.end()) {
      run.failed("the model has no state '" + ours + "'");
      continue;
    }
    std::vector<int64_t> shape = spec->shape;
    shape[0] = 1;
    Tensor state(spec->dtype, shape);
    if (Status status = session.exportState(ours, state.ref()); !status.ok()) {
      run.failed(status.str());
      continue;
    }
    if (derived) {
      auto window = run.about["config"]["window_size"].get<int32_t>();
      state.as<int32_t>()[0] = std::min(state.as<int32_t>()[0], window);
    }
    if (field.rfind("ring_", 0) == 0 && !derived)
      orderRing(session, field, state);
    if (elementCount(expected.shape, expected.rank) != state.size())
      run.failed("state '" + ours + "' has another shape than '" + name + "'");
    else
      run.add(name, compare(state.ref(), expected, run.rtol(), run.atol()));
  }
}

/// Runs the recorded prefixes as separate calls of one session.
static void compareStreaming(GoldenRun &run, const Program &program) {
  TensorRef x = run.tensors->find("in.x");
  TensorRef expected = run.tensors->find("out.y");
  Result<Session> session = program.session();
  if (!session)
    return run.failed(session.status().str());
  Tensor result(DType::F32, {1, x.shape[1], x.shape[2]});
  int64_t done = 0;
  for (const auto &prefix : run.about["config"]["prefixes"]) {
    int64_t end = prefix.get<int64_t>();
    int64_t shape[] = {1, end - done, x.shape[2]};
    TensorRef in{static_cast<float *>(x.data) + done * x.shape[2],
                 DType::F32,
                 Device::Cpu,
                 shape,
                 nullptr,
                 3};
    TensorRef out{result.as<float>() + done * x.shape[2],
                  DType::F32,
                  Device::Cpu,
                  shape,
                  nullptr,
                  3};
    if (Status status = session->run(&in, 1, &out, 1); !status.ok())
      return run.failed(status.str());
    done = end;
    compareStates(run, *session, program, end);
  }
  run.add("out.y", compare(result.ref(), expected, run.rtol(), run.atol()));
  // Token by token from the start must give the same.
  if (Status status = session->resetState(); !status.ok())
    return run.failed(status.str());
  for (int64_t t = 0; t < x.shape[1]; ++t) {
    int64_t shape[] = {1, 1, x.shape[2]};
    TensorRef in{static_cast<float *>(x.data) + t * x.shape[2],
                 DType::F32,
                 Device::Cpu,
                 shape,
                 nullptr,
                 3};
    TensorRef out{result.as<float>() + t * x.shape[2],
                  DType::F32,
                  Device::Cpu,
                  shape,
                  nullptr,
                  3};
    if (Status status = session->run(&in, 1, &out, 1); !status.ok())
      return run.failed(status.str());
  }
  run.add("out.y by token",
          compare(result.ref(), expected, run.rtol(), run.atol()));
}

static void checkCase(GoldenRun &run, const Engine &engine,
                      const CheckOptions &options) {
  std::ifstream stream(run.folder / "case.json");
  run.about =
      nlohmann::json::parse(stream, nullptr, /*allow_exceptions=*/false);
  if (!run.about.is_object())
    return run.failed("case.json is not a JSON object");
  run.system = run.about.value("system", "");
  if (options.batchFaithful && run.about.contains("tensors") &&
      run.about["tensors"].contains("out.batch_faithful"))
    run.form = frontend::GoldenForm::Batch;
  Result<std::string> text =
      frontend::goldenCaseText(run.folder.string(), run.form);
  if (!text && text.status().code() == ErrorCode::Unsupported)
    return run.unsupported(text.status().message());
  if (!text)
    return run.failed(text.status().str());
  auto tensors = frontend::SafetensorsFile::open(
      (run.folder / "tensors.safetensors").string());
  if (!tensors)
    return run.failed(tensors.status().str());
  run.tensors = *tensors;
  ModelSource source =
      ModelSource::fromText(*text, (run.folder / "case.json").string());
  source.baseDir = run.folder.string();
  CompileOptions compile;
  compile.target = options.common.target;
  compile.useCache = !options.common.noCache;
  Result<Program> program = engine.compile(source, compile);
  if (!program && program.status().code() == ErrorCode::Unsupported)
    return run.unsupported(program.status().message());
  if (!program)
    return run.failed(program.status().str());
  if (run.about["config"].contains("prefixes"))
    return compareStreaming(run, *program);
  compareParallel(run, *program);
}

static void printRun(const GoldenRun &run, const CheckOptions &options) {
  if (options.common.json) {
    nlohmann::ordered_json outputs = nlohmann::ordered_json::object();
    for (const auto &[name, difference] : run.outputs)
      outputs[name] = {{"max_abs", difference.absolute},
                       {"max_rel", difference.relative},
                       {"ok", difference.ok}};
    nlohmann::ordered_json line = {{"case", run.name},
                                   {"system", run.system},
                                   {"target", options.common.target},
                                   {"status", run.status},
                                   {"outputs", outputs}};
    if (!run.why.empty())
      line["why"] = run.why;
    std::cout << line.dump() << '\n';
    return;
  }
  std::cout << run.status << "  " << run.name;
  for (const auto &[name, difference] : run.outputs)
    if (run.outputs.size() < 4 || !difference.ok)
      std::cout << "  " << name << " abs "
                << formatScientific(difference.absolute) << " rel "
                << formatScientific(difference.relative);
  if (!run.why.empty())
    std::cout << "  " << run.why;
  std::cout << '\n';
}

int cli::checkGoldens(const CheckOptions &options) {
  if (options.batchFaithful && options.common.target != "reference")
    return report(Status::error(
        ErrorCode::InvalidArgument,
        "--batch-faithful needs --target reference: compiled code gives "
        "every sequence the result it has alone"));
  Status status;
  std::vector<fs::path> cases = findCases(options.golden, status);
  if (!status.ok())
    return report(status);
  ProgressLine progress(false);
  Result<Engine> engine = createEngine(options.common, progress);
  if (!engine)
    return report(engine.status());
  int passed = 0, failed = 0, unsupported = 0;
  for (const fs::path &folder : cases) {
    if (interrupted())
      return report(Status::error(ErrorCode::Cancelled, "interrupted"));
    GoldenRun run;
    run.folder = folder;
    run.name = folder.parent_path().filename().string() + "/" +
               folder.filename().string();
    checkCase(run, *engine, options);
    // A case that Ctrl-C cut short has not failed.
    if (interrupted())
      return report(Status::error(ErrorCode::Cancelled, "interrupted"));
    printRun(run, options);
    (run.status == "passed"   ? passed
     : run.status == "failed" ? failed
                              : unsupported)++;
  }
  if (!options.common.json)
    std::cout << passed << " passed, " << failed << " failed, " << unsupported
              << " unsupported\n";
  return failed ? kCheckFailed : unsupported ? kUnsupported : kDone;
}
