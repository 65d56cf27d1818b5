//===- AddressConstantsTest.cpp - constants out of address arithmetic -----===//

#include "codegen/cpu/AddressConstants.h"

#include "llvm/AsmParser/Parser.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Operator.h"
#include "llvm/IR/PatternMatch.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Support/SourceMgr.h"

#include <gtest/gtest.h>

using namespace llvm;
using namespace llvm::PatternMatch;

namespace {
class AddressConstants : public testing::Test {
protected:
  /// The address that `body` returns, its constants taken apart.
  Value *addressOf(const std::string &body) {
    SMDiagnostic error;
    module = parseAssemblyString("define ptr @f(ptr %p, i64 %k, i64 %c) {\n" +
                                     body + "}\n",
                                 error, context);
    EXPECT_TRUE(module) << error.getMessage().str();
    if (!module)
      return nullptr;
    Function *function = module->getFunction("f");
    seqc::codegen::separateAddressConstants(*function);
    EXPECT_FALSE(verifyFunction(*function, &errs()));
    return cast<ReturnInst>(function->back().getTerminator())->getReturnValue();
  }

  Value *argument(unsigned i) { return module->getFunction("f")->getArg(i); }

  LLVMContext context;
  std::unique_ptr<Module> module;
};
} // namespace

TEST_F(AddressConstants, LeaveSumsAndProducts) {
  // p[(k + 3) * 256 + c] is 3 * 256 * 4 bytes behind p[k * 256 + c].
  Value *address = addressOf("%row = add i64 %k, 3\n"
                             "%start = mul i64 %row, 256\n"
                             "%at = add i64 %start, %c\n"
                             "%a = getelementptr float, ptr %p, i64 %at\n"
                             "ret ptr %a\n");
  ASSERT_TRUE(address);
  Value *place = nullptr;
  ASSERT_TRUE(match(address, m_PtrAdd(m_Value(place), m_SpecificInt(3072))));
  auto *variable = dyn_cast<GEPOperator>(place);
  ASSERT_TRUE(variable);
  EXPECT_EQ(variable->getPointerOperand(), argument(0));
  EXPECT_TRUE(match(variable->getOperand(1),
                    m_Add(m_Mul(m_Specific(argument(1)), m_SpecificInt(256)),
                          m_Specific(argument(2)))));
}

TEST_F(AddressConstants, KeepTheirSignInDifferences) {
  // p[(10 - k) - 4] is 24 bytes behind p[-k].
  Value *address = addressOf("%left = sub i64 10, %k\n"
                             "%at = sub i64 %left, 4\n"
                             "%a = getelementptr float, ptr %p, i64 %at\n"
                             "ret ptr %a\n");
  ASSERT_TRUE(address);
  Value *place = nullptr;
  ASSERT_TRUE(match(address, m_PtrAdd(m_Value(place), m_SpecificInt(24))));
  EXPECT_TRUE(match(cast<GEPOperator>(place)->getOperand(1),
                    m_Neg(m_Specific(argument(1)))));
}

TEST_F(AddressConstants, StayWhereThereAreNone) {
  Value *address = addressOf("%start = mul i64 %k, 256\n"
                             "%at = add i64 %start, %c\n"
                             "%a = getelementptr float, ptr %p, i64 %at\n"
                             "ret ptr %a\n");
  ASSERT_TRUE(address);
  EXPECT_EQ(module->getFunction("f")->getInstructionCount(), 4u);
  EXPECT_EQ(address->getName(), "a");
}

TEST_F(AddressConstants, StayInNarrowIndices) {
  // 32-bit sums wrap where addresses do not.
  Value *address = addressOf("%n = trunc i64 %k to i32\n"
                             "%at = add i32 %n, 5\n"
                             "%a = getelementptr float, ptr %p, i32 %at\n"
                             "ret ptr %a\n");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->getName(), "a");
  EXPECT_EQ(cast<GEPOperator>(address)->getOperand(1)->getName(), "at");
}
