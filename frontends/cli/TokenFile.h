//===- TokenFile.h - text as tokens ---------------------------------------===//
#ifndef SEQC_FRONTENDS_CLI_TOKENFILE_H
#define SEQC_FRONTENDS_CLI_TOKENFILE_H

#include "seqc/Program.h"

#include <cstdint>
#include <string>
#include <vector>

namespace seqc::cli {

/// The whole file, `-` for standard input.
Result<std::string> readFile(const std::string &path);

/// Tokens of a text under the model's tokenizer. Only "bytes" exists: a token
/// is a byte. Unsupported for any other model.
Result<std::vector<int32_t>> tokenize(const Program &program,
                                      const std::string &text);

/// The model takes token ids and gives one row of logits per token.
Status requireLanguageModel(const Program &program);

} // namespace seqc::cli

#endif // SEQC_FRONTENDS_CLI_TOKENFILE_H
