//===- GoldenCase.h - recorded cases of a layer as models -----------------===//
//
// A golden case is a folder with case.json (system, configuration) and
// tensors.safetensors (weights under "weight.", inputs, outputs). It is turned
// into the text of a model description, so that cases and models share one
// path.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_FRONTENDS_LAYERS_GOLDENCASE_H
#define SEQC_FRONTENDS_LAYERS_GOLDENCASE_H

#include "frontends/layers/ModelDescription.h"
#include "seqc/Status.h"

#include <string>

namespace seqc::frontend {

/// What the description says of a batch. `PerSequence`: each sequence gives
/// what it gives alone. `Batch`: rows at padding are computed, told apart by
/// another input "valid", and a window counts what the authors' program lets it
/// count.
enum class GoldenForm : uint8_t { PerSequence, Batch };

/// The description of the case as JSON text. The input is "x" or "ids", the
/// output "y", the only layer of a single-layer case "layer". Unsupported for a
/// system that has no builder.
Result<std::string> goldenCaseText(const std::string &folder,
                                   GoldenForm form = GoldenForm::PerSequence);

/// The same, read.
Result<ModelDescription> describeGoldenCase(const std::string &folder);

} // namespace seqc::frontend

#endif // SEQC_FRONTENDS_LAYERS_GOLDENCASE_H
