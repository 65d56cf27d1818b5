//===- InputTensors.cpp - a model's inputs from a safetensors file --------===//

#include "frontends/cli/InputTensors.h"

#include "frontends/json/JsonReader.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <iterator>
#include <unistd.h>

using namespace seqc;
using namespace seqc::cli;

Result<std::unique_ptr<InputFile>> cli::openInput(const std::string &path) {
  auto input = std::make_unique<InputFile>();
  auto file = Result<std::shared_ptr<frontend::SafetensorsFile>>(nullptr);
  if (path == "-") {
    input->bytes.assign(std::istreambuf_iterator<char>(std::cin), {});
    file = frontend::SafetensorsFile::parse(
        input->bytes.data(), input->bytes.size(), "standard input");
  } else if (access(path.c_str(), R_OK) != 0) {
    return Status::error(
        ErrorCode::InvalidArgument,
        path + ": cannot open the input file: " + std::strerror(errno));
  } else {
    file = frontend::SafetensorsFile::open(path);
  }
  if (!file)
    return Status::error(ErrorCode::InvalidArgument, file.status().message());
  input->file = std::move(*file);
  return Result<std::unique_ptr<InputFile>>(std::move(input));
}

static std::string joined(const std::vector<std::string> &names) {
  std::string text;
  for (const std::string &name : names)
    text += (text.empty() ? "'" : ", '") + name + "'";
  return text;
}

/// A tensor that no input takes is a slip: without it the call would run, but
/// on something else.
static Status checkNames(const InputFile &input, const Signature &signature) {
  std::vector<std::string> known;
  for (const TensorSpec &spec : signature.inputs)
    known.push_back(spec.name);
  for (const std::string &name : input.file->names()) {
    if (std::find(known.begin(), known.end(), name) != known.end())
      continue;
    std::string text =
        input.file->description() + ": the model has no input '" + name + "'";
    std::string close = frontend::nearest(name, known);
    if (!close.empty())
      text += "; did you mean '" + close + "'?";
    else
      text += ", expected " + joined(known);
    return Status::error(ErrorCode::InvalidArgument, text);
  }
  return {};
}

Result<std::vector<TensorRef>> cli::inputsOf(const InputFile &input,
                                             const Signature &signature) {
  const std::string source = input.file->description();
  std::vector<TensorRef> inputs;
  for (const TensorSpec &spec : signature.inputs) {
    TensorRef tensor = input.file->find(spec.name);
    if (!tensor.data && !tensor.shape && spec.optional)
      break;
    if (!tensor.shape)
      return Status::error(ErrorCode::InvalidArgument,
                           source + ": expected a tensor '" + spec.name +
                               "', the file has none of that name");
    inputs.push_back(tensor);
  }
  if (Status status = checkNames(input, signature); !status.ok())
    return status;
  if (inputs.empty() || inputs[0].rank < 2)
    return Status::error(ErrorCode::InvalidArgument,
                         source + ": expected '" + signature.inputs[0].name +
                             "' as [sequences, tokens, ...]");
  return inputs;
}

std::vector<Tensor> cli::resultsFor(const Signature &signature,
                                    const std::vector<TensorRef> &inputs) {
  std::vector<Tensor> results;
  for (const TensorSpec &spec : signature.outputs) {
    // Extents that stand for sequences and tokens are those of the first input.
    std::vector<int64_t> shape = spec.shape;
    for (size_t i = 0; i < shape.size(); ++i)
      if (shape[i] < 0)
        shape[i] = inputs[0].shape[spec.dims[i] == "B" ? 0 : 1];
    results.emplace_back(spec.dtype, shape);
  }
  return results;
}
