//===- ControlFlow.cpp - ops that run blocks
//-------------------------------===//

#include "runtime/interpreter/Evaluator.h"

#include "runtime/interpreter/Errors.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace seqc::interpreter {

Status Evaluator::runIf(scf::IfOp op, OpCall &call, Environment &environment) {
  Region &region =
      call.operands.front().asInt() ? op.getThenRegion() : op.getElseRegion();
  if (region.empty())
    return {};
  Result<Values> results = runBlock(region.front(), {}, environment);
  if (!results)
    return results.status();
  call.results = std::move(*results);
  return {};
}

Status Evaluator::runFor(scf::ForOp op, OpCall &call,
                         Environment &environment) {
  int64_t lower = call.operands[0].asInt(), upper = call.operands[1].asInt();
  int64_t step = call.operands[2].asInt();
  if (step <= 0)
    return errorAt(op, "expected a positive step, got " + std::to_string(step));
  Values carried(std::make_move_iterator(call.operands.begin() + 3),
                 std::make_move_iterator(call.operands.end()));
  for (int64_t i = lower; i < upper; i += step) {
    Values arguments{Value::scalarInt(i)};
    llvm::append_range(arguments, carried);
    carried.clear();
    Result<Values> results =
        runBlock(*op.getBody(), std::move(arguments), environment);
    if (!results)
      return results.status();
    carried = std::move(*results);
  }
  call.results = std::move(carried);
  return {};
}

Status Evaluator::runKernel(ir::KernelOp op, OpCall &call) {
  Environment inner;
  Result<Values> results =
      runBlock(op.getBody().front(), std::move(call.operands), inner);
  if (!results)
    return results.status();
  call.results = std::move(*results);
  return {};
}

Status Evaluator::runCall(func::CallOp op, OpCall &call) {
  auto callee = module.lookupSymbol<func::FuncOp>(op.getCallee());
  if (!callee)
    return errorAt(op, "expected a function '" + op.getCallee().str() + "'");
  CallRecord record;
  if (options.keepValues)
    record.arguments.assign(call.operands.begin(), call.operands.end());
  Result<Values> results = this->call(callee, std::move(call.operands));
  if (!results)
    return results.status();
  call.results = std::move(*results);
  if (options.keepValues) {
    record.callee = op.getCallee().str();
    record.results.assign(call.results.begin(), call.results.end());
    calls.push_back(std::move(record));
  }
  return {};
}

/// Tasks one after another: they are independent, so the order is free.
Status Evaluator::runForall(scf::ForallOp op, OpCall &call,
                            Environment &environment) {
  Shape lower, upper, step, index;
  auto read = [&](ArrayRef<OpFoldResult> bounds, Shape &values) {
    for (OpFoldResult bound : bounds)
      if (auto attribute = dyn_cast<Attribute>(bound))
        values.push_back(cast<IntegerAttr>(attribute).getInt());
      else
        values.push_back(call.intOf(cast<mlir::Value>(bound)));
  };
  read(op.getMixedLowerBound(), lower);
  read(op.getMixedUpperBound(), upper);
  read(op.getMixedStep(), step);
  size_t outs = op.getOutputs().size();
  Values shared(call.operands.end() - outs, call.operands.end());
  call.operands.clear();
  bool some = true;
  for (size_t i = 0; i < lower.size(); ++i)
    some &= lower[i] < upper[i];
  index = lower;
  while (some) {
    if (Status status = runTask(op, index, shared, environment); !status.ok())
      return status;
    some = false;
    for (size_t i = index.size(); i-- > 0 && !some;) {
      index[i] += step[i];
      some = index[i] < upper[i];
      if (!some)
        index[i] = lower[i];
    }
  }
  call.results = std::move(shared);
  return {};
}

Status Evaluator::runTask(scf::ForallOp op, const Shape &index, Values &shared,
                          Environment &environment) {
  Values arguments;
  for (int64_t i : index)
    arguments.push_back(Value::scalarInt(i));
  llvm::append_range(arguments, shared);
  if (Result<Values> body =
          runBlock(*op.getBody(), std::move(arguments), environment);
      !body)
    return body.status();
  Block &terminator = op.getTerminator().getRegion().front();
  for (Operation &inner : terminator) {
    auto insert = dyn_cast<tensor::ParallelInsertSliceOp>(inner);
    if (!insert)
      return unsupported(&inner);
    auto target = dyn_cast<BlockArgument>(insert.getDest());
    if (!target || target.getOwner() != op.getBody())
      return unsupported(&inner, "a destination that is not shared");
    OpCall call{&inner, {}, {}, environment, programs};
    for (mlir::Value operand : inner.getOperands())
      call.operands.push_back(environment.lookup(operand));
    // Earlier insertions of this task count.
    Value &out = shared[target.getArgNumber() - index.size()];
    call.of(target) = std::move(out);
    environment.erase(target);
    if (Status status = evaluateTensorOp(call); !status.ok())
      return status;
    out = std::move(call.results.front());
    environment[target] = out;
  }
  for (mlir::Value argument : op.getBody()->getArguments())
    environment.erase(argument);
  return {};
}

} // namespace seqc::interpreter
