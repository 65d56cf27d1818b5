//===- AddressConstants.cpp - constants out of address arithmetic ---------===//
//
// LLVM distributes a product over a sum only where the sum has no other use,
// and the index of an unrolled row has several: each of its arrays multiplies
// it by a stride of its own. Strength reduction would find the common address
// in the end, by a search that takes as long as the rest of the back end.
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/AddressConstants.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/IR/DataLayout.h"
#include "llvm/IR/Function.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Module.h"

using namespace llvm;

namespace {

/// variable + constant; no variable is 0.
struct Split {
  Value *variable = nullptr;
  APInt constant;
};

class Splitter {
public:
  explicit Splitter(Function &function) : function(function) {}
  void run();

private:
  Split split(Value *value);
  Split splitSum(BinaryOperator *sum);
  Split splitProduct(BinaryOperator *product, Value *factor,
                     const APInt &scale);
  void splitAddress(GetElementPtrInst *address);

  Function &function;
  DenseMap<Value *, Split> known;
};

} // namespace

Split Splitter::splitSum(BinaryOperator *sum) {
  Split left = split(sum->getOperand(0)), right = split(sum->getOperand(1));
  bool minus = sum->getOpcode() == Instruction::Sub;
  APInt constant =
      minus ? left.constant - right.constant : left.constant + right.constant;
  if (!right.variable)
    return {left.variable, constant};
  if (!left.variable && !minus)
    return {right.variable, constant};
  if (left.constant.isZero() && right.constant.isZero())
    return {sum, constant};
  IRBuilder<> builder(sum);
  if (!left.variable)
    return {builder.CreateNeg(right.variable), constant};
  return {minus ? builder.CreateSub(left.variable, right.variable)
                : builder.CreateAdd(left.variable, right.variable),
          constant};
}

Split Splitter::splitProduct(BinaryOperator *product, Value *factor,
                             const APInt &scale) {
  Split part = split(factor);
  if (part.constant.isZero())
    return {product, part.constant};
  Value *variable = nullptr;
  if (part.variable)
    variable = IRBuilder<>(product).CreateMul(
        part.variable, ConstantInt::get(product->getType(), scale));
  return {variable, part.constant * scale};
}

Split Splitter::split(Value *value) {
  unsigned bits = value->getType()->getIntegerBitWidth();
  if (auto *constant = dyn_cast<ConstantInt>(value))
    return {nullptr, constant->getValue()};
  if (auto found = known.find(value); found != known.end())
    return found->second;
  Split result{value, APInt(bits, 0)};
  if (auto *op = dyn_cast<BinaryOperator>(value)) {
    auto *right = dyn_cast<ConstantInt>(op->getOperand(1));
    auto *left = dyn_cast<ConstantInt>(op->getOperand(0));
    if (op->getOpcode() == Instruction::Add ||
        op->getOpcode() == Instruction::Sub)
      result = splitSum(op);
    else if (op->getOpcode() == Instruction::Mul && right)
      result = splitProduct(op, op->getOperand(0), right->getValue());
    else if (op->getOpcode() == Instruction::Mul && left)
      result = splitProduct(op, op->getOperand(1), left->getValue());
  }
  known[value] = result;
  return result;
}

void Splitter::splitAddress(GetElementPtrInst *address) {
  if (address->getNumIndices() != 1 || address->getType()->isVectorTy())
    return;
  Value *index = *address->idx_begin();
  const DataLayout &layout = function.getParent()->getDataLayout();
  if (isa<Constant>(index) ||
      index->getType()->getIntegerBitWidth() !=
          layout.getIndexTypeSizeInBits(address->getType()))
    return;
  Split parts = split(index);
  TypeSize size = layout.getTypeAllocSize(address->getSourceElementType());
  if (parts.constant.isZero() || size.isScalable())
    return;
  IRBuilder<> builder(address);
  Value *place = address->getPointerOperand();
  if (parts.variable)
    place = builder.CreateGEP(address->getSourceElementType(), place,
                              parts.variable);
  APInt bytes = parts.constant * size.getFixedValue();
  place = builder.CreatePtrAdd(place, builder.getInt(bytes));
  address->replaceAllUsesWith(place);
  address->eraseFromParent();
}

void Splitter::run() {
  for (Instruction &instruction : make_early_inc_range(instructions(function)))
    if (auto *address = dyn_cast<GetElementPtrInst>(&instruction))
      splitAddress(address);
}

void seqc::codegen::separateAddressConstants(Function &function) {
  Splitter(function).run();
}
