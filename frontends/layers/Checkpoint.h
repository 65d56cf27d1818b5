//===- Checkpoint.h - checkpoint folders as models ------------------------===//
//
// A checkpoint is a folder with config.json, which says what model it is, and
// safetensors files. It is turned into the text of a model description, so that
// everything behind knows one format only.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_FRONTENDS_LAYERS_CHECKPOINT_H
#define SEQC_FRONTENDS_LAYERS_CHECKPOINT_H

#include "seqc/Status.h"

#include <cstdint>
#include <string>
#include <vector>

namespace seqc::frontend {

/// Model types that can be imported, as messages write them.
std::vector<std::string> checkpointTypes();

/// Whether the folder is a checkpoint rather than a model: it has a config.json
/// and no model.json.
bool isCheckpoint(const std::string &folder);

struct Checkpoint {
  std::string type; ///< "SeqBoat"
  std::string name; ///< of the model, from the folder
  /// The description, laid out for people. Weight files are relative to
  /// `baseDir`.
  std::string text;
  std::string baseDir;
  std::vector<std::string> weightFiles;
  /// What config.json says, or -1.
  int64_t statedParameters = -1;
};

/// Reads config.json and looks which weight files are there; reads no weights.
/// `baseDir` is the folder that the description is for. Unsupported for a model
/// type that is not known; problems of config.json have their places.
Result<Checkpoint> readCheckpoint(const std::string &folder,
                                  const std::string &baseDir);

struct CheckpointContents {
  int64_t layers = 0;
  int64_t parameters = 0; ///< elements of the tensors that are used
  std::vector<std::string> used, unused;
};

/// Loads the description: every weight that the model asks for is there and has
/// its shape.
Result<CheckpointContents> verifyCheckpoint(const Checkpoint &checkpoint);

} // namespace seqc::frontend

#endif // SEQC_FRONTENDS_LAYERS_CHECKPOINT_H
