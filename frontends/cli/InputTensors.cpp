//===- InputTensors.cpp - a model's inputs from a safetensors file --------===//

#include "frontends/cli/InputTensors.h"

#include <iostream>
#include <iterator>

using namespace seqc;
using namespace seqc::cli;

Result<std::unique_ptr<InputFile>> cli::openInput(const std::string &path) {
  auto input = std::make_unique<InputFile>();
  auto file = Result<std::shared_ptr<frontend::SafetensorsFile>>(nullptr);
  if (path == "-") {
    input->bytes.assign(std::istreambuf_iterator<char>(std::cin), {});
    file = frontend::SafetensorsFile::parse(
        input->bytes.data(), input->bytes.size(), "standard input");
  } else {
    file = frontend::SafetensorsFile::open(path);
  }
  if (!file)
    return Status::error(ErrorCode::InvalidArgument, file.status().message());
  input->file = std::move(*file);
  return Result<std::unique_ptr<InputFile>>(std::move(input));
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
