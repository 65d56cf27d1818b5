//===- ScheduleFileTest.cpp - schedules that a user sets ------------------===//
//
// Under test: runtime/jit/ScheduleFile and KernelSchedules.
//
//===----------------------------------------------------------------------===//

#include "dialect/SeqcDialect.h"
#include "runtime/jit/KernelSchedules.h"
#include "runtime/jit/Registry.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

using namespace seqc;
using namespace seqc::jit;

namespace {

std::string withKernels(const std::string &kernels) {
  return R"({"format": "seqc-schedule", "version": 1, "kernels": {)" + kernels +
         "}}";
}

ScheduleFile parsed(const std::string &text) {
  Result<ScheduleFile> file = parseScheduleFile(text, "file");
  EXPECT_TRUE(file.ok()) << file.status().str();
  return file ? *file : ScheduleFile();
}

TEST(ScheduleFile, ReadsValuesAndPlaces) {
  ScheduleFile file = parsed("{\"format\": \"seqc-schedule\", \"version\": 1,\n"
                             " \"target\": \"cpu:avx2\",\n \"kernels\": {\n"
                             "  \"a\": {\"block\": 16, \"rows\": 3},\n"
                             "  \"b\": {}}}");
  EXPECT_EQ(file.target, "cpu:avx2");
  EXPECT_EQ(file.targetPlace.line, 2);
  EXPECT_EQ(file.targetPlace.column, 12);
  ASSERT_EQ(file.kernels.size(), 2u);
  const ScheduleKernel *a = file.find("a");
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(a->place.line, 4);
  EXPECT_EQ(a->place.column, 3);
  ASSERT_EQ(a->entries.size(), 2u);
  // In the order of the fields, not of the document.
  EXPECT_EQ(a->entries[0].field, ScheduleField::Rows);
  EXPECT_EQ(a->entries[0].value, 3);
  EXPECT_EQ(a->entries[0].place.column, 30);
  EXPECT_EQ(a->entries[0].place.path, "kernels.a.rows");
  EXPECT_EQ(a->entries[1].field, ScheduleField::Block);
  EXPECT_EQ(summary(*a), "rows=3 block=16");
  EXPECT_TRUE(file.find("b")->entries.empty());
  EXPECT_EQ(file.find("c"), nullptr);
}

TEST(ScheduleFile, WritesWhatItReads) {
  std::string all = withKernels(
      R"("k": {"rows": 1, "registerRows": 2, "registerVectors": 3, "keys": 8, "unroll": 4, "block": 48}, "l": {"keys": 16}, "m": {})");
  ScheduleFile file = parsed(all);
  std::string text = writeScheduleFile(file);
  EXPECT_EQ(writeScheduleFile(parsed(text)), text);
  EXPECT_EQ(text.find("target"), std::string::npos);
  file.target = "cpu:avx512";
  EXPECT_NE(writeScheduleFile(file), text);
  EXPECT_EQ(parsed(writeScheduleFile(file)).target, "cpu:avx512");
  // White space and the order of fields are not content.
  EXPECT_EQ(
      writeScheduleFile(parsed(withKernels(R"("k":{"keys":8,"rows":1})"))),
      writeScheduleFile(
          parsed(withKernels(R"( "k" : { "rows" : 1, "keys" : 8 } )"))));
}

TEST(ScheduleFile, SaysAllThatIsWrong) {
  Result<ScheduleFile> file = parseScheduleFile(
      withKernels(R"("k": {"rows": -1, "unroll": 17, "key": 8}, "l": [])"),
      "file");
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.status().code(), ErrorCode::InvalidArgument);
  EXPECT_EQ(file.status().diagnostics().size(), 4u);
  for (
      const char *text :
      {"", "[]", "{", R"({"format": "seqc-schedule", "version": 1})",
       R"({"format": "seqc-schedule", "kernels": {}})",
       R"({"version": 1, "kernels": {}})",
       R"({"format": "seqc-schedule", "version": 1, "kernels": {}, "x": 1})",
       R"({"format": "seqc-schedule", "version": 1, "kernels": {"k": {"rows": 1, "rows": 2}}})"}) {
    Result<ScheduleFile> wrong = parseScheduleFile(text, "file");
    ASSERT_FALSE(wrong.ok()) << text;
    EXPECT_EQ(wrong.status().code(), ErrorCode::InvalidArgument) << text;
    ASSERT_FALSE(wrong.status().diagnostics().empty()) << text;
    EXPECT_EQ(wrong.status().diagnostics()[0].line, 1) << text;
  }
}

TEST(ScheduleFile, ComesFromOptions) {
  CompileOptions options;
  Result<std::optional<ScheduleFile>> none = readScheduleFile(options);
  ASSERT_TRUE(none.ok());
  EXPECT_FALSE(none->has_value());
  options.scheduleText = withKernels("");
  ASSERT_TRUE(readScheduleFile(options)->has_value());
  EXPECT_EQ((**readScheduleFile(options)).name, "<schedule>");
  options.schedule = "absent.json";
  EXPECT_EQ((**readScheduleFile(options)).name, "absent.json");
  options.scheduleText.clear();
  EXPECT_EQ(readScheduleFile(options).status().code(),
            ErrorCode::InvalidArgument);
}

/// Two kernels: a contraction over panels of two vectors and a copy.
constexpr const char *kModule = R"(
module attributes {seqc.target = #seqc.target<"avx2", bits = 256, registers = 16, fma = true, l1 = 32768, l2 = 262144>} {
  func.func private @product(%x: tensor<?x8xf32>, %w: tensor<2x8x16xf32>, %o: tensor<?x2x16xf32>) -> tensor<?x2x16xf32> attributes {seqc.kernel} {
    %zero = arith.constant 0.0 : f32
    %g = linalg.fill ins(%zero : f32) outs(%o : tensor<?x2x16xf32>) -> tensor<?x2x16xf32>
    %y = linalg.generic {indexing_maps = [affine_map<(m, n, p, k) -> (m, k)>, affine_map<(m, n, p, k) -> (n, k, p)>, affine_map<(m, n, p, k) -> (m, n, p)>],
        iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
        ins(%x, %w : tensor<?x8xf32>, tensor<2x8x16xf32>) outs(%g : tensor<?x2x16xf32>) {
    ^bb0(%p: f32, %q: f32, %s: f32):
      %m = arith.mulf %p, %q : f32
      %r = arith.addf %s, %m : f32
      linalg.yield %r : f32
    } -> tensor<?x2x16xf32>
    return %y : tensor<?x2x16xf32>
  }
  func.func private @twice(%x: tensor<?x8xf32>, %o: tensor<?x8xf32>) -> tensor<?x8xf32> attributes {seqc.kernel} {
    %y = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>], iterator_types = ["parallel", "parallel"]}
        ins(%x : tensor<?x8xf32>) outs(%o : tensor<?x8xf32>) {
    ^bb0(%p: f32, %q: f32):
      %r = arith.addf %p, %p : f32
      linalg.yield %r : f32
    } -> tensor<?x8xf32>
    return %y : tensor<?x8xf32>
  }
})";

class KernelSchedules : public ::testing::Test {
protected:
  KernelSchedules() : context(compilerRegistry()) {
    module = mlir::parseSourceString<mlir::ModuleOp>(
        kModule, mlir::ParserConfig(&context));
    EXPECT_TRUE(module);
  }

  Status apply(const std::string &kernels) {
    return applySchedule(*module, parsed(withKernels(kernels)), "cpu:avx2");
  }
  ScheduleValues current(size_t kernel) {
    return scheduleChoices(*module)[kernel].current;
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

TEST_F(KernelSchedules, ChoicesAreTheModels) {
  std::vector<ScheduleChoice> choices = scheduleChoices(*module);
  ASSERT_EQ(choices.size(), 2u);
  EXPECT_EQ(choices[0].kernel, "product");
  EXPECT_EQ(choices[0].lanes, 8);
  EXPECT_EQ(choices[0].model, (ScheduleValues{64, 6, 2, 0, 4, 0}));
  EXPECT_EQ(choices[0].current, choices[0].model);
  EXPECT_EQ(choices[0].fields.size(), 3u);
  // Without a contraction register tiles are not made.
  EXPECT_EQ(choices[1].fields, std::vector<ScheduleField>{ScheduleField::Rows});
}

TEST_F(KernelSchedules, SetsOnlyWhatTheFileNames) {
  ASSERT_TRUE(apply(R"("product": {"registerRows": 4})").ok());
  EXPECT_EQ(current(0), (ScheduleValues{64, 4, 2, 0, 4, 0}));
  EXPECT_EQ(scheduleChoices(*module)[0].model,
            (ScheduleValues{64, 6, 2, 0, 4, 0}));
  EXPECT_FALSE(module->lookupSymbol("twice")->hasAttr(ir::names::kSchedule));
}

TEST_F(KernelSchedules, LeavesAKernelAsItIsForTheModelsOwnChoice) {
  ASSERT_TRUE(apply(R"("product": {"registerRows": 6, "rows": 64})").ok());
  EXPECT_FALSE(module->lookupSymbol("product")->hasAttr(ir::names::kSchedule));
}

TEST_F(KernelSchedules, SetsNothingThatBreaksALimit) {
  struct Case {
    const char *kernels, *text;
  };
  for (const Case &each :
       {Case{R"("product": {"registerRows": 7})",
             "a register tile of 7 rows by 2 vectors takes 17 vector "
             "registers, cpu:avx2 has 16; expected at most 6 rows"},
        Case{R"("product": {"keys": 8})",
             "'keys' has no meaning for a kernel of form 'rows', expected one "
             "of 'rows', 'registerRows', 'unroll'"},
        Case{R"("produkt": {"rows": 8})",
             "unknown kernel 'produkt'; did you mean 'product'?"}}) {
    Status status = apply(each.kernels);
    ASSERT_FALSE(status.ok()) << each.text;
    EXPECT_EQ(status.code(), ErrorCode::InvalidArgument);
    EXPECT_EQ(status.message(), each.text);
    EXPECT_FALSE(
        module->lookupSymbol("product")->hasAttr(ir::names::kSchedule));
  }
  // The largest that fits.
  EXPECT_TRUE(apply(R"("product": {"registerRows": 6, "unroll": 16})").ok());
  EXPECT_EQ(current(0), (ScheduleValues{64, 6, 2, 0, 16, 0}));
}

TEST_F(KernelSchedules, KnowsItsTarget) {
  ScheduleFile file = parsed(withKernels(R"("product": {"rows": 8})"));
  file.target = "cpu:avx512";
  EXPECT_FALSE(applySchedule(*module, file, "cpu:avx2").ok());
  file.target = "cpu:avx2";
  EXPECT_TRUE(applySchedule(*module, file, "cpu:avx2").ok());
  EXPECT_EQ(current(0)[0], 8);
}

} // namespace
