//===- Importer.h - from a model description to IR ------------------------===//
#ifndef SEQC_FRONTENDS_LAYERS_IMPORTER_H
#define SEQC_FRONTENDS_LAYERS_IMPORTER_H

#include "frontends/layers/ModelDescription.h"
#include "seqc/Status.h"
#include "seqc/WeightSource.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace seqc::frontend {

/// Builds a module with @forward as docs/Rationale/KernelForms.md describes it,
/// every op at the place of its JSON element. `weights` is asked for names,
/// types and shapes, never for values. Reports every weight that does not fit.
/// Loads the dialects it needs into `context`.
Result<mlir::OwningOpRef<mlir::ModuleOp>>
importModel(mlir::MLIRContext &context, const ModelDescription &model,
            const WeightSource &weights);

} // namespace seqc::frontend

#endif // SEQC_FRONTENDS_LAYERS_IMPORTER_H
