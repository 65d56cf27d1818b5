//===- Importer.cpp - from a model description to IR ----------------------===//

#include "frontends/layers/Importer.h"

#include "dialect/SeqcDialect.h"
#include "frontends/layers/LayerBuilder.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;
using namespace seqc;
using namespace seqc::frontend;

static Rows buildInput(LayerBuilder &b, const InputConfig &input) {
  b.enter(*input.place);
  Rows rows;
  if (input.isTokens)
    rows = b.tokens(input.name,
                    b.weight(input.embedding, {input.vocabulary, input.width}));
  else
    rows = b.features(input.name, input.width);
  for (const auto &[name, width] : input.also)
    b.addInput(name, width);
  if (!input.mask.empty())
    b.setMask(b.input(input.mask));
  return rows;
}

static Rows buildOutput(LayerBuilder &b, const OutputConfig &output,
                        Rows rows) {
  if (output.norm) {
    b.enter(*output.normPlace);
    rows = b.norm(rows, *output.norm);
  }
  b.enter(*output.place);
  if (output.poolMean)
    rows = b.pool(rows);
  if (output.linear) {
    b.enter(*output.linearPlace);
    rows = b.linear(rows, *output.linear);
  }
  b.enter(*output.place);
  return rows;
}

/// Marks the ops that a layer added behind `last`.
static void markLayer(Block &block, Operation *last, const std::string &name) {
  auto first = last ? std::next(last->getIterator()) : block.begin();
  StringAttr attribute = StringAttr::get(block.getParent()->getContext(), name);
  for (Operation &op : llvm::make_range(first, block.end()))
    if (!op.hasTrait<OpTrait::ConstantLike>())
      op.setAttr(ir::names::kLayer, attribute);
}

static void setMetadata(ModuleOp module, const ModelDescription &model) {
  Builder builder(module.getContext());
  SmallVector<NamedAttribute> entries;
  for (const auto &[key, value] : model.metadata)
    if (!key.empty())
      entries.push_back(
          builder.getNamedAttr(key, builder.getStringAttr(value)));
  module->setAttr(ir::names::kMetadata, builder.getDictionaryAttr(entries));
}

/// A verifier error here means that this importer built something wrong; the
/// text still goes to the caller.
static Status verifyModule(ModuleOp module) {
  std::vector<seqc::Diagnostic> found;
  ScopedDiagnosticHandler handler(
      module.getContext(), [&](mlir::Diagnostic &diagnostic) {
        seqc::Diagnostic copy;
        copy.text = diagnostic.str();
        if (auto place = dyn_cast<FileLineColLoc>(diagnostic.getLocation())) {
          copy.file = place.getFilename().str();
          copy.line = static_cast<int>(place.getLine());
          copy.column = static_cast<int>(place.getColumn());
        }
        found.push_back(std::move(copy));
        return success();
      });
  if (succeeded(mlir::verify(module)))
    return Status();
  return Status::error(ErrorCode::Internal,
                       "the imported model is not valid IR", std::move(found));
}

Result<OwningOpRef<ModuleOp>>
frontend::importModel(MLIRContext &context, const ModelDescription &model,
                      const WeightSource &weights) {
  context.loadDialect<func::FuncDialect, ir::SeqcDialect>();
  const JsonDocument &document = *model.document;
  Location loc = FileLineColLoc::get(&context, document.name,
                                     document.root.line, document.root.column);
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc, model.name);
  setMetadata(*module, model);

  Problems problems(document.name);
  LayerBuilder builder(*module, weights, problems, model.isStreamable());
  Rows rows = buildInput(builder, model.input);
  Block &block = *rows.value.getParentBlock();
  for (const auto &layer : model.layers) {
    Operation *last = block.empty() ? nullptr : &block.back();
    builder.enter(*layer->place, layer->name);
    rows = layer->build(builder, rows);
    markLayer(block, last, layer->name);
  }
  rows = buildOutput(builder, model.output, rows);
  if (problems.any())
    return problems.status();
  builder.finish(rows, model.output.name);
  if (Status status = verifyModule(*module); !status.ok())
    return status;
  return std::move(module);
}
