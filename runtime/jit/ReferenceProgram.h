//===- ReferenceProgram.h - the target `reference` ------------------------===//
#ifndef SEQC_RUNTIME_JIT_REFERENCEPROGRAM_H
#define SEQC_RUNTIME_JIT_REFERENCEPROGRAM_H

#include "runtime/core/LoadedPlan.h"
#include "runtime/jit/ModelCompiler.h"
#include "seqc/Engine.h"

#include <memory>

namespace seqc::jit {

/// The imported model as a plan that the f64 interpreter runs. Sessions of it
/// behave like sessions of compiled code; inside a call everything is f64,
/// carried state is kept as f32 between calls. The first call whose results are
/// not finite reports the op where that begins, if it is not the data.
Result<std::shared_ptr<const rt::LoadedPlan>>
loadReference(const ModelInput &model, DiagnosticHandler report = {});

} // namespace seqc::jit

#endif // SEQC_RUNTIME_JIT_REFERENCEPROGRAM_H
