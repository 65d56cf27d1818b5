//===- GeneratedWeights.h - tables that stand in no weight file -----------===//
//
// Some inputs of a model behave like weights but follow from its description.
// The importer names them "$..."; whoever binds weights asks here. No MLIR.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_FRONTENDS_LAYERS_GENERATEDWEIGHTS_H
#define SEQC_FRONTENDS_LAYERS_GENERATEDWEIGHTS_H

#include <cstdint>
#include <string>
#include <string_view>

namespace seqc::frontend {

/// "$rotary.<theta>.<positions>x<pairs>.<cos or sin>": entry [p, c] is the
/// cosine or sine of p * theta^(-c / pairs).
std::string rotaryTableName(double theta, int64_t positions, int64_t pairs,
                            std::string_view part);

bool isGeneratedWeight(std::string_view name);

/// Fills `count` values of a generated weight, computed in f64 and rounded.
/// False where the name is not known or has another number of elements.
bool fillGeneratedWeight(std::string_view name, float *out, int64_t count);

} // namespace seqc::frontend

#endif // SEQC_FRONTENDS_LAYERS_GENERATEDWEIGHTS_H
