//===- seqc-import.cpp - print the IR of a model description, for tests ---===//

#include "frontends/layers/GoldenCase.h"
#include "frontends/layers/Importer.h"

#include "mlir/IR/OpImplementation.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/raw_ostream.h"

using namespace seqc;
using namespace seqc::frontend;

namespace cl = llvm::cl;
static cl::opt<std::string> modelPath(cl::Positional, cl::desc("MODEL.json"));
static cl::opt<std::string> goldenPath("golden",
                                       cl::desc("folder of a golden case"));
static cl::opt<bool>
    description("description",
                cl::desc("print the description of a golden case"));
static cl::opt<bool> locations("mlir-print-debuginfo",
                               cl::desc("print locations"));

static int fail(const Status &status) {
  llvm::errs() << status.str() << "\n";
  return 2;
}

static Result<ModelDescription> readDescription() {
  if (goldenPath.empty())
    return ModelDescription::fromFile(modelPath);
  return describeGoldenCase(goldenPath);
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  cl::ParseCommandLineOptions(argc, argv, "seqc model importer\n");
  if (modelPath.empty() == goldenPath.empty()) {
    llvm::errs() << "expected MODEL.json or --golden FOLDER\n";
    return 2;
  }
  if (description && !goldenPath.empty()) {
    Result<std::string> text = goldenCaseText(goldenPath);
    if (!text)
      return fail(text.status());
    llvm::outs() << *text << "\n";
    return 0;
  }
  Result<ModelDescription> model = readDescription();
  if (!model)
    return fail(model.status());
  auto weights = openWeights(*model);
  if (!weights)
    return fail(weights.status());
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  auto module = importModel(context, *model, **weights);
  if (!module)
    return fail(module.status());
  mlir::OpPrintingFlags flags;
  if (locations)
    flags.enableDebugInfo(true, false);
  (*module)->print(llvm::outs(), flags);
  return 0;
}
