//===- LaneProgram.cpp - compiling regions to lane programs
//----------------===//

#include "runtime/interpreter/LaneProgram.h"

#include "runtime/interpreter/Errors.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace seqc::interpreter {

/// Builds one program.
class LaneCompiler {
public:
  Status compileBlock(Block &block);
  Status compileOp(Operation *op);
  int32_t addArgument(mlir::Value value);
  LaneProgram take() { return std::move(program); }
  Status addYields(ValueRange values);

private:
  using Picks = SmallVector<std::pair<int32_t, int32_t>, 0>;

  int32_t define(mlir::Value value);
  int32_t use(mlir::Value value);
  void emit(Operation *op, Instruction inst, unsigned result = 0);
  void emitPermute(Operation *op, Picks picks, unsigned result = 0);
  Status compileConstant(Operation *op, TypedAttr attribute);
  Status compileElement(Operation *op);
  Status compileExtract(tensor::ExtractOp op);
  bool compileVector(Operation *op);
  void compileBroadcast(vector::BroadcastOp op);
  void compileReduction(vector::ReductionOp op);
  void compileSubvector(vector::ExtractOp op);
  void compileInsert(vector::InsertOp op);
  void compileShuffle(vector::ShuffleOp op);

  LaneProgram program;
  llvm::DenseMap<mlir::Value, int32_t> registers;
};

static int64_t widthOf(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  return vector ? vector.getNumElements() : 1;
}

int32_t LaneCompiler::define(mlir::Value value) {
  Register reg;
  reg.isFloat = isa<FloatType>(getElementTypeOrSelf(value.getType()));
  reg.width = widthOf(value.getType());
  program.widest = std::max(program.widest, reg.width);
  program.registers.push_back(reg);
  int32_t number = static_cast<int32_t>(program.registers.size()) - 1;
  registers[value] = number;
  return number;
}

int32_t LaneCompiler::use(mlir::Value value) {
  auto found = registers.find(value);
  if (found != registers.end())
    return found->second;
  int32_t number = define(value);
  program.captures.emplace_back(value, number);
  return number;
}

int32_t LaneCompiler::addArgument(mlir::Value value) {
  auto found = registers.find(value);
  int32_t number = found != registers.end() ? found->second : define(value);
  program.arguments.push_back(number);
  return number;
}

Status LaneCompiler::addYields(ValueRange values) {
  for (mlir::Value value : values)
    program.yields.push_back(use(value));
  return {};
}

void LaneCompiler::emit(Operation *op, Instruction inst, unsigned result) {
  for (mlir::Value operand : op->getOperands())
    if (inst.kind != Instruction::Kind::Extract ||
        !isa<TensorType>(operand.getType()))
      inst.operands.push_back(use(operand));
  inst.result = define(op->getResult(result));
  inst.source = op;
  program.instructions.push_back(std::move(inst));
}

void LaneCompiler::emitPermute(Operation *op, Picks picks, unsigned result) {
  Instruction inst;
  inst.kind = Instruction::Kind::Permute;
  inst.picks = std::move(picks);
  emit(op, std::move(inst), result);
}

Status LaneCompiler::compileConstant(Operation *op, TypedAttr attribute) {
  std::optional<Value> value = valueOfAttribute(attribute);
  if (!value)
    return unsupported(op, "unknown kind of constant");
  program.constants.emplace_back(define(op->getResult(0)), std::move(*value));
  return {};
}

Status LaneCompiler::compileElement(Operation *op) {
  std::optional<ElementOp> element = findElementOp(op);
  if (!element)
    return unsupported(op);
  Instruction inst;
  inst.kernel = element->kernel;
  inst.wrapBits = element->wrapBits;
  inst.zeroExtendBits = element->zeroExtendBits;
  inst.divides = element->divides;
  bool select = isa<arith::SelectOp>(op);
  if (select && widthOf(op->getOperand(0).getType()) !=
                    widthOf(op->getResult(0).getType()))
    inst.kind = Instruction::Kind::Select;
  emit(op, std::move(inst));
  return {};
}

Status LaneCompiler::compileExtract(tensor::ExtractOp op) {
  Instruction inst;
  inst.kind = Instruction::Kind::Extract;
  inst.tensor = static_cast<int32_t>(program.tensors.size());
  program.tensors.push_back(op.getTensor());
  emit(op, std::move(inst));
  return {};
}

void LaneCompiler::compileBroadcast(vector::BroadcastOp op) {
  auto type = cast<VectorType>(op.getType());
  auto source = dyn_cast<VectorType>(op.getSourceType());
  Picks picks;
  for (int64_t j = 0; j < type.getNumElements(); ++j) {
    // Axes of the source are the last ones of the result; extent 1 stretches.
    int64_t element = 0, stride = 1, rest = j;
    for (int64_t axis = type.getRank() - 1,
                 s = source ? source.getRank() - 1 : -1;
         s >= 0; --axis, --s) {
      int64_t extent = source.getDimSize(s);
      element += (extent == 1 ? 0 : rest % type.getDimSize(axis)) * stride;
      rest /= type.getDimSize(axis);
      stride *= extent;
    }
    picks.emplace_back(0, static_cast<int32_t>(element));
  }
  emitPermute(op, std::move(picks));
}

void LaneCompiler::compileReduction(vector::ReductionOp op) {
  // Folding is elementwise on the running value: reuse the arith kernels.
  static const std::pair<vector::CombiningKind, llvm::StringLiteral> kNames[] =
      {
          {vector::CombiningKind::ADD, "add"},
          {vector::CombiningKind::MUL, "mul"},
          {vector::CombiningKind::MINSI, "minsi"},
          {vector::CombiningKind::MAXSI, "maxsi"},
          {vector::CombiningKind::AND, "andi"},
          {vector::CombiningKind::OR, "ori"},
          {vector::CombiningKind::XOR, "xori"},
          {vector::CombiningKind::MINUI, "minui"},
          {vector::CombiningKind::MAXUI, "maxui"},
          {vector::CombiningKind::MINNUMF, "minnumf"},
          {vector::CombiningKind::MAXNUMF, "maxnumf"},
          {vector::CombiningKind::MINIMUMF, "minimumf"},
          {vector::CombiningKind::MAXIMUMF, "maximumf"},
      };
  bool isFloat = isa<FloatType>(op.getType());
  Instruction inst;
  inst.kind = Instruction::Kind::Reduce;
  for (auto [kind, name] : kNames) {
    if (kind != op.getKind())
      continue;
    std::string full = "arith." + name.str();
    if (kind == vector::CombiningKind::ADD ||
        kind == vector::CombiningKind::MUL)
      full += isFloat ? "f" : "i";
    inst.kernel = findElementKernel(full);
  }
  assert(inst.kernel && "every kind has an arith op");
  emit(op, std::move(inst));
}

/// Number of the first element below the leading `position` of `type`.
static int64_t leadingOffset(VectorType type, ArrayRef<int64_t> position) {
  int64_t offset = 0, stride = type.getNumElements();
  for (auto [axis, p] : llvm::enumerate(position)) {
    stride /= type.getDimSize(axis);
    offset += p * stride;
  }
  return offset;
}

void LaneCompiler::compileSubvector(vector::ExtractOp op) {
  int64_t first =
      leadingOffset(op.getSourceVectorType(), op.getStaticPosition());
  Picks picks;
  for (int64_t j = 0; j < widthOf(op.getType()); ++j)
    picks.emplace_back(0, static_cast<int32_t>(first + j));
  emitPermute(op, std::move(picks));
}

void LaneCompiler::compileInsert(vector::InsertOp op) {
  int64_t first = leadingOffset(op.getDestVectorType(), op.getStaticPosition());
  int64_t count = widthOf(op.getValueToStoreType());
  Picks picks;
  for (int64_t j = 0; j < widthOf(op.getType()); ++j) {
    bool inside = j >= first && j < first + count;
    picks.emplace_back(inside ? 0 : 1,
                       static_cast<int32_t>(inside ? j - first : j));
  }
  emitPermute(op, std::move(picks));
}

void LaneCompiler::compileShuffle(vector::ShuffleOp op) {
  VectorType first = op.getV1VectorType();
  // Rank-0 operands count as vectors of one element.
  int64_t leading = first.getRank() == 0 ? 1 : first.getDimSize(0);
  int64_t slice = leading == 0 ? 0 : first.getNumElements() / leading;
  Picks picks;
  for (int64_t m : op.getMask()) {
    bool second = m >= leading;
    int64_t from = m < 0    ? 0
                   : second ? m - leading
                            : m; // -1: any value will do
    for (int64_t k = 0; k < slice; ++k)
      picks.emplace_back(second ? 1 : 0,
                         static_cast<int32_t>(from * slice + k));
  }
  emitPermute(op, std::move(picks));
}

/// Whether the op is a vector op that was compiled.
bool LaneCompiler::compileVector(Operation *op) {
  if (auto broadcast = dyn_cast<vector::BroadcastOp>(op)) {
    compileBroadcast(broadcast);
    return true;
  }
  if (auto reduction = dyn_cast<vector::ReductionOp>(op)) {
    compileReduction(reduction);
    return true;
  }
  if (auto extract = dyn_cast<vector::ExtractOp>(op)) {
    if (!extract.hasDynamicPosition())
      compileSubvector(extract);
    return !extract.hasDynamicPosition();
  }
  if (auto insert = dyn_cast<vector::InsertOp>(op)) {
    if (!insert.hasDynamicPosition())
      compileInsert(insert);
    return !insert.hasDynamicPosition();
  }
  if (auto shuffle = dyn_cast<vector::ShuffleOp>(op)) {
    compileShuffle(shuffle);
    return true;
  }
  if (auto cast = dyn_cast<vector::ShapeCastOp>(op)) {
    Picks picks;
    for (int64_t j = 0; j < widthOf(cast.getType()); ++j)
      picks.emplace_back(0, static_cast<int32_t>(j));
    emitPermute(op, std::move(picks));
    return true;
  }
  if (isa<vector::FromElementsOp>(op)) {
    Picks picks;
    for (unsigned j = 0; j < op->getNumOperands(); ++j)
      picks.emplace_back(static_cast<int32_t>(j), 0);
    emitPermute(op, std::move(picks));
    return true;
  }
  if (isa<vector::ToElementsOp>(op)) {
    for (unsigned j = 0; j < op->getNumResults(); ++j)
      emitPermute(op, {{0, static_cast<int32_t>(j)}}, j);
    return true;
  }
  return false;
}

Status LaneCompiler::compileOp(Operation *op) {
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return compileConstant(op, constant.getValue());
  if (auto index = dyn_cast<linalg::IndexOp>(op)) {
    program.indices.emplace_back(index.getDim(), define(index.getResult()));
    return {};
  }
  if (auto extract = dyn_cast<tensor::ExtractOp>(op))
    return compileExtract(extract);
  if (compileVector(op))
    return {};
  return compileElement(op);
}

Status LaneCompiler::compileBlock(Block &block) {
  for (BlockArgument argument : block.getArguments())
    addArgument(argument);
  for (Operation &op : block.without_terminator())
    if (Status status = compileOp(&op); !status.ok())
      return status;
  return addYields(block.getTerminator()->getOperands());
}

Result<LaneProgram> LaneProgram::compile(Block &block) {
  LaneCompiler compiler;
  if (Status status = compiler.compileBlock(block); !status.ok())
    return status;
  return compiler.take();
}

Result<LaneProgram> LaneProgram::compile(Operation *op) {
  LaneCompiler compiler;
  for (mlir::Value operand : op->getOperands())
    compiler.addArgument(operand);
  if (Status status = compiler.compileOp(op); !status.ok())
    return status;
  if (Status status = compiler.addYields(op->getResults()); !status.ok())
    return status;
  return compiler.take();
}

} // namespace seqc::interpreter
