//===- RunOptions.h - options of `seqc run` -------------------------------===//
#ifndef SEQC_FRONTENDS_CLI_RUNOPTIONS_H
#define SEQC_FRONTENDS_CLI_RUNOPTIONS_H

#include "frontends/cli/Common.h"

#include <cstdint>
#include <string>

namespace seqc::cli {

struct RunOptions {
  CommonOptions common;
  std::string input, output; ///< safetensors, "-" for standard streams
  std::string score;         ///< text to score
  int64_t window = 0;        ///< 0: the model's, else 512
  bool densityTable = false;
  int64_t generate = -1;
  std::string prompt;
  double temperature = 0; ///< 0: the most likely token
  double topP = 1;
  uint64_t seed = 0;
  double actBias = 0;
  bool waitVariants = false; ///< before what is measured
};

/// Applies --act-bias to a session.
Status applyOptions(Session &session, const RunOptions &options);

/// After the calls: what they were like, if a file was asked for.
Status writeProfile(const Session &session, const RunOptions &options);

int scoreText(const RunOptions &options);
int generateText(const RunOptions &options);

} // namespace seqc::cli

#endif // SEQC_FRONTENDS_CLI_RUNOPTIONS_H
