//===- LaneFrame.cpp - running lane programs
//-------------------------------===//

#include "runtime/interpreter/LaneProgram.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>

namespace seqc::interpreter {

LaneFrame::LaneFrame(const LaneProgram &program, int64_t lanes)
    : program(program), capacity(lanes), pointers(program.registers.size()) {
  int64_t floatCells = 0, intCells = 0;
  for (const Register &reg : program.registers)
    (reg.isFloat ? floatCells : intCells) += reg.width * lanes;
  floats.resize(floatCells);
  ints.resize(intCells);
  double *f = floats.data();
  int64_t *i = ints.data();
  for (size_t r = 0; r < pointers.size(); ++r) {
    int64_t cells = program.registers[r].width * lanes;
    if (program.registers[r].isFloat)
      pointers[r].f = std::exchange(f, f + cells);
    else
      pointers[r].i = std::exchange(i, i + cells);
  }
  for (const auto &[reg, value] : program.constants)
    fill(reg, value);
}

void LaneFrame::fill(int32_t reg, const Value &value) {
  int64_t width = program.registers[reg].width;
  // A splat constant may be stored as one element.
  int64_t stored = value.size();
  for (int64_t lane = 0; lane < capacity; ++lane)
    for (int64_t k = 0; k < width; ++k)
      if (value.isFloat())
        pointers[reg].f[lane * width + k] = value.f()[k < stored ? k : 0];
      else
        pointers[reg].i[lane * width + k] = value.i()[k < stored ? k : 0];
}

void LaneFrame::fillInt(int32_t reg, int64_t value) {
  std::fill_n(pointers[reg].i, capacity, value);
}

void LaneFrame::permute(const Instruction &inst, int64_t lanes) {
  int64_t width = program.registers[inst.result].width;
  bool isFloat = program.registers[inst.result].isFloat;
  Cells to = pointers[inst.result];
  for (int64_t k = 0; k < width; ++k) {
    auto [operand, element] = inst.picks[k];
    int32_t source = inst.operands[operand];
    int64_t sourceWidth = program.registers[source].width;
    Cells from = pointers[source];
    for (int64_t lane = 0; lane < lanes; ++lane)
      if (isFloat)
        to.f[lane * width + k] = from.f[lane * sourceWidth + element];
      else
        to.i[lane * width + k] = from.i[lane * sourceWidth + element];
  }
}

void LaneFrame::select(const Instruction &inst, int64_t lanes) {
  int64_t width = program.registers[inst.result].width;
  bool isFloat = program.registers[inst.result].isFloat;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    bool first = pointers[inst.operands[0]].i[lane] != 0;
    Cells from = pointers[inst.operands[first ? 1 : 2]],
          to = pointers[inst.result];
    if (isFloat)
      std::copy_n(from.f + lane * width, width, to.f + lane * width);
    else
      std::copy_n(from.i + lane * width, width, to.i + lane * width);
  }
}

void LaneFrame::reduce(const Instruction &inst, int64_t lanes) {
  int64_t width = program.registers[inst.operands[0]].width;
  bool isFloat = program.registers[inst.result].isFloat;
  bool hasStart = inst.operands.size() > 1;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    Cells source = pointers[inst.operands[0]], to = pointers[inst.result];
    source = {source.f ? source.f + lane * width : nullptr,
              source.i ? source.i + lane * width : nullptr};
    Cells running{to.f ? to.f + lane : nullptr, to.i ? to.i + lane : nullptr};
    Cells start = hasStart ? pointers[inst.operands[1]] : source;
    int64_t at = hasStart ? lane : 0;
    if (isFloat)
      *running.f = start.f[at];
    else
      *running.i = start.i[at];
    for (int64_t k = hasStart ? 0 : 1; k < width; ++k) {
      Cells operands[2] = {running,
                           {source.f ? source.f + k : nullptr,
                            source.i ? source.i + k : nullptr}};
      inst.kernel(1, running, operands);
    }
  }
}

bool LaneFrame::extract(const Instruction &inst, int64_t lanes) {
  const Value &tensor = tensors[inst.tensor];
  Shape strides = rowMajorStrides(tensor.shape());
  Cells to = pointers[inst.result];
  for (int64_t lane = 0; lane < lanes; ++lane) {
    int64_t offset = 0;
    for (size_t axis = 0; axis < strides.size(); ++axis) {
      int64_t index = pointers[inst.operands[axis]].i[lane];
      if (index < 0 || index >= tensor.shape()[axis])
        return false;
      offset += index * strides[axis];
    }
    if (tensor.isFloat())
      to.f[lane] = tensor.f()[offset];
    else
      to.i[lane] = tensor.i()[offset];
  }
  return true;
}

/// Whether the divisors are all legal.
static bool divisible(const int64_t *divisors, int64_t count) {
  return std::find(divisors, divisors + count, 0) == divisors + count;
}

bool LaneFrame::element(const Instruction &inst, int64_t lanes) {
  int64_t count = lanes * program.registers[inst.result].width;
  Cells operands[3];
  for (size_t k = 0; k < inst.operands.size(); ++k)
    operands[k] = pointers[inst.operands[k]];
  std::vector<int64_t> extended[3];
  if (inst.zeroExtendBits < 64)
    for (size_t k = 0; k < inst.operands.size(); ++k) {
      extended[k].assign(operands[k].i, operands[k].i + count);
      for (int64_t &x : extended[k])
        x &= llvm::maskTrailingOnes<uint64_t>(inst.zeroExtendBits);
      operands[k].i = extended[k].data();
    }
  if (inst.divides && !divisible(operands[1].i, count))
    return false;
  Cells to = pointers[inst.result];
  inst.kernel(count, to, operands);
  if (inst.wrapBits < 64)
    for (int64_t k = 0; k < count; ++k)
      to.i[k] = wrapTo(to.i[k], inst.wrapBits);
  return true;
}

mlir::Operation *LaneFrame::run(int64_t lanes) {
  for (const Instruction &inst : program.instructions) {
    switch (inst.kind) {
    case Instruction::Kind::Element:
      if (!element(inst, lanes))
        return inst.source;
      break;
    case Instruction::Kind::Select:
      select(inst, lanes);
      break;
    case Instruction::Kind::Permute:
      permute(inst, lanes);
      break;
    case Instruction::Kind::Reduce:
      reduce(inst, lanes);
      break;
    case Instruction::Kind::Extract:
      if (!extract(inst, lanes))
        return inst.source;
      break;
    }
  }
  return nullptr;
}

} // namespace seqc::interpreter
