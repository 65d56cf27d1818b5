//===- InputTensors.h - a model's inputs from a safetensors file ----------===//
#ifndef SEQC_FRONTENDS_CLI_INPUTTENSORS_H
#define SEQC_FRONTENDS_CLI_INPUTTENSORS_H

#include "frontends/safetensors/Safetensors.h"
#include "seqc/Program.h"

#include <memory>
#include <string>
#include <vector>

namespace seqc::cli {

/// A safetensors file, and its bytes where they came from standard input.
struct InputFile {
  std::string bytes;
  std::shared_ptr<frontend::SafetensorsFile> file;
};

/// "-" is standard input.
Result<std::unique_ptr<InputFile>> openInput(const std::string &path);

/// The tensors that the program takes, in its order; optional ones at the end
/// may be missing. They live as long as the file.
Result<std::vector<TensorRef>> inputsOf(const InputFile &file,
                                        const Signature &signature);

/// Memory for what a call with these inputs gives.
std::vector<Tensor> resultsFor(const Signature &signature,
                               const std::vector<TensorRef> &inputs);

} // namespace seqc::cli

#endif // SEQC_FRONTENDS_CLI_INPUTTENSORS_H
