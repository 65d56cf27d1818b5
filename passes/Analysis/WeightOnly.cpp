//===- WeightOnly.cpp - values that depend on weights alone ---------------===//

#include "passes/Analysis/WeightOnly.h"

#include "dialect/SeqcDialect.h"

#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace seqc::ir;
using namespace seqc::passes;

static bool hasStaticResults(Operation *op) {
  return llvm::all_of(op->getResultTypes(), [](Type type) {
    auto shaped = dyn_cast<ShapedType>(type);
    return !shaped || shaped.hasStaticShape();
  });
}

WeightOnly::WeightOnly(func::FuncOp function) {
  if (function.isExternal())
    return;
  for (BlockArgument arg : function.getArguments())
    if (function.getArgAttr(arg.getArgNumber(), names::kWeight) ||
        function.getArgAttr(arg.getArgNumber(), names::kPrepared))
      values.insert(arg);
  for (Operation &op : function.getBody().front().without_terminator()) {
    if (!isMemoryEffectFree(&op) || !hasStaticResults(&op))
      continue;
    bool known =
        llvm::all_of(op.getOperands(), [&](Value v) { return contains(v); });
    llvm::SetVector<Value> captured;
    getUsedValuesDefinedAbove(op.getRegions(), captured);
    known &= llvm::all_of(captured, [&](Value v) { return contains(v); });
    if (known)
      values.insert(op.result_begin(), op.result_end());
  }
}
