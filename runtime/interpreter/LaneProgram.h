//===- LaneProgram.h - scalar regions as flat programs over lanes
//----------===//
//
// The region of a linalg op or of a scan is small and runs very often. It is
// compiled once to a list of instructions whose every operand is an array: one
// cell (a scalar, or the N elements of a vector) per lane. A caller loads the
// argument cells of many lanes, runs, and reads the yielded cells, so the cost
// of choosing an instruction is shared by the lanes.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_RUNTIME_INTERPRETER_LANEPROGRAM_H
#define SEQC_RUNTIME_INTERPRETER_LANEPROGRAM_H

#include "runtime/interpreter/ElementOps.h"
#include "runtime/interpreter/Value.h"
#include "seqc/Status.h"

#include "mlir/IR/Block.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/SmallVector.h"

namespace seqc::interpreter {

struct Register {
  bool isFloat = true;
  int64_t width = 1; ///< elements per lane
};

struct Instruction {
  enum class Kind {
    Element, ///< kernel, elementwise
    Select,  ///< kernel, but operand 0 has one element per lane
    Permute, ///< result element j is element picks[j].second of operand
             ///< picks[j].first
    Reduce, ///< kernel folded over the elements of operand 0 (operand 1: start)
    Extract ///< element of captured tensor `tensor` at the indices in the
            ///< operands
  };
  Kind kind = Kind::Element;
  ElementKernel kernel = nullptr;
  int32_t result = -1;
  llvm::SmallVector<int32_t, 3> operands;
  llvm::SmallVector<std::pair<int32_t, int32_t>, 0> picks;
  int32_t tensor = -1;
  unsigned wrapBits = 64, zeroExtendBits = 64; ///< see ElementOp
  bool divides = false;
  mlir::Operation *source = nullptr;
};

/// Immutable after compile.
class LaneProgram {
public:
  /// Every op of the block but its terminator, whose operands are the yields.
  static Result<LaneProgram> compile(mlir::Block &block);
  /// A program of one op with its operands as arguments and its results as
  /// yields; tensors count as one element per lane.
  static Result<LaneProgram> compile(mlir::Operation *op);

  int64_t maxWidth() const { return widest; }

  llvm::SmallVector<Register> registers;
  llvm::SmallVector<int32_t> arguments;
  llvm::SmallVector<int32_t> yields;
  /// Scalars from outside: the caller fills the register.
  llvm::SmallVector<std::pair<mlir::Value, int32_t>> captures;
  /// Tensors from outside that Extract reads.
  llvm::SmallVector<mlir::Value> tensors;
  /// linalg.index: (loop, register).
  llvm::SmallVector<std::pair<int64_t, int32_t>> indices;
  /// Filled when a frame is made.
  llvm::SmallVector<std::pair<int32_t, Value>> constants;
  llvm::SmallVector<Instruction, 0> instructions;

private:
  friend class LaneCompiler;
  int64_t widest = 1;
};

/// Registers of a running program for up to `lanes` lanes.
class LaneFrame {
public:
  LaneFrame(const LaneProgram &program, int64_t lanes);

  Cells cells(int32_t reg) { return pointers[reg]; }
  /// The same value in every lane.
  void fill(int32_t reg, const Value &value);
  void fillInt(int32_t reg, int64_t value);
  void bindTensors(llvm::SmallVector<Value> values) {
    tensors = std::move(values);
  }

  /// Runs the first `lanes` lanes. Null if all went well, else the op that
  /// could not be evaluated (division by zero, index out of range).
  mlir::Operation *run(int64_t lanes);

private:
  bool element(const Instruction &inst, int64_t lanes);
  void permute(const Instruction &inst, int64_t lanes);
  void select(const Instruction &inst, int64_t lanes);
  void reduce(const Instruction &inst, int64_t lanes);
  bool extract(const Instruction &inst, int64_t lanes);

  const LaneProgram &program;
  int64_t capacity;
  std::vector<double> floats;
  std::vector<int64_t> ints;
  std::vector<Cells> pointers;
  llvm::SmallVector<Value> tensors;
};

} // namespace seqc::interpreter

#endif // SEQC_RUNTIME_INTERPRETER_LANEPROGRAM_H
