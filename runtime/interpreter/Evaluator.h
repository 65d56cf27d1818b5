//===- Evaluator.h - blocks of a module run in f64
//-------------------------===//
#ifndef SEQC_RUNTIME_INTERPRETER_EVALUATOR_H
#define SEQC_RUNTIME_INTERPRETER_EVALUATOR_H

#include "runtime/interpreter/Interpreter.h"
#include "runtime/interpreter/OpCall.h"

#include "dialect/SeqcOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/DenseSet.h"

namespace seqc::interpreter {

/// What is behind an Interpreter: plans of ops, and the records of one call.
class Evaluator {
public:
  explicit Evaluator(mlir::ModuleOp module) : module(module) {}

  Result<Values> call(mlir::func::FuncOp function, Values arguments);
  /// Forgets the records of the call before.
  void start(const EvaluateOptions &chosen);

  mlir::ModuleOp module;
  std::vector<TraceEntry> trace;
  std::vector<GateRecord> gates;
  std::vector<CallRecord> calls;

private:
  Result<Values> runBlock(mlir::Block &block, Values arguments,
                          Environment &environment);
  /// Finds the last use of every value that the block defines.
  void analyse(mlir::Block &block);
  Status runOp(mlir::Operation *op, Environment &environment);
  Status dispatch(OpCall &call, Environment &environment);
  Status runConstant(mlir::arith::ConstantOp op, OpCall &call);
  void record(mlir::Operation *op, bool cleanOperands,
              llvm::ArrayRef<Value> results);

  // Ops with blocks of their own.
  Status runIf(mlir::scf::IfOp op, OpCall &call, Environment &environment);
  Status runFor(mlir::scf::ForOp op, OpCall &call, Environment &environment);
  Status runForall(mlir::scf::ForallOp op, OpCall &call,
                   Environment &environment);
  Status runTask(mlir::scf::ForallOp op, const Shape &index, Values &shared,
                 Environment &environment);
  Status runKernel(ir::KernelOp op, OpCall &call);
  Status runCall(mlir::func::CallOp op, OpCall &call);

  EvaluateOptions options;
  ProgramCache programs;
  llvm::DenseMap<mlir::Operation *, Value> constants;
  /// Values whose last use in their own block is the key.
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<mlir::Value>> dying;
  llvm::DenseSet<mlir::Block *> analysed;
  unsigned depth = 0;
};

} // namespace seqc::interpreter

#endif // SEQC_RUNTIME_INTERPRETER_EVALUATOR_H
