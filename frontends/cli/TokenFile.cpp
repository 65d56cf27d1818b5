//===- TokenFile.cpp - text as tokens -------------------------------------===//

#include "frontends/cli/TokenFile.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sys/stat.h>

using namespace seqc;

Result<std::string> cli::readFile(const std::string &path) {
  if (path == "-")
    return std::string(std::istreambuf_iterator<char>(std::cin), {});
  struct stat info;
  if (stat(path.c_str(), &info) != 0)
    return Status::error(ErrorCode::InvalidArgument,
                         "cannot read " + path + ": " + std::strerror(errno));
  if (S_ISDIR(info.st_mode))
    return Status::error(ErrorCode::InvalidArgument,
                         "cannot read " + path + ": it is a folder");
  std::ifstream stream(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(stream), {});
  if (!stream)
    return Status::error(ErrorCode::InvalidArgument,
                         "cannot read " + path + ": " + std::strerror(errno));
  return text;
}

Result<std::vector<int32_t>> cli::tokenize(const Program &program,
                                           const std::string &text) {
  std::string tokenizer = program.metadata("tokenizer");
  if (tokenizer != "bytes")
    return Status::error(ErrorCode::Unsupported,
                         "the model names the tokenizer '" + tokenizer +
                             "'; text input needs \"tokenizer\": \"bytes\"");
  std::vector<int32_t> tokens(text.size());
  for (size_t i = 0; i < text.size(); ++i)
    tokens[i] = static_cast<unsigned char>(text[i]);
  return tokens;
}

Status cli::requireLanguageModel(const Program &program) {
  const Signature &signature = program.signature();
  bool tokens =
      !signature.inputs.empty() && signature.inputs[0].dtype != DType::F32;
  bool logits =
      signature.outputs.size() == 1 && signature.outputs[0].shape.size() == 3;
  if (tokens && logits)
    return {};
  return Status::error(ErrorCode::Unsupported,
                       "this needs a language model: token input and one row "
                       "of logits per token");
}
