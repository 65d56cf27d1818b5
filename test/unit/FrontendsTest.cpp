//===- FrontendsTest.cpp - descriptions, generated weights, import --------===//
//
// Library under test: frontends/layers. The IR itself is looked at in
// test/Frontends.
//
//===----------------------------------------------------------------------===//

#include "frontends/layers/GeneratedWeights.h"
#include "frontends/layers/Importer.h"
#include "frontends/layers/ModelDescription.h"
#include "frontends/safetensors/Safetensors.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

using namespace seqc;
using namespace seqc::frontend;

static const char *kModel =
    R"({"format": "seqc-model", "version": 1, "name": "tiny",
  "description": "two numbers in, one out", "metadata": {"author": "us", "year": 2024},
  "input": {"kind": "features", "width": 2},
  "blocks": [{"layers": [{"kind": "linear", "weights": "head."}]}],
  "score": {"window": 9}})";

static Result<mlir::OwningOpRef<mlir::ModuleOp>>
import(mlir::MLIRContext &context, DType dtype, std::vector<int64_t> shape) {
  auto model = ModelDescription::parse(kModel, "tiny.json", "");
  EXPECT_TRUE(model.ok()) << model.status().str();
  double storage[4] = {};
  int64_t one = 1;
  MemoryWeights weights;
  EXPECT_TRUE(
      weights
          .add("head.weight", {storage, dtype, Device::Cpu, shape.data(),
                               nullptr, static_cast<int32_t>(shape.size())})
          .ok());
  EXPECT_TRUE(weights
                  .add("head.bias",
                       {storage, DType::F32, Device::Cpu, &one, nullptr, 1})
                  .ok());
  return importModel(context, *model, weights);
}

TEST(GeneratedWeights, RotaryTables) {
  std::string name = rotaryTableName(10000, 7, 3, "cos");
  EXPECT_EQ(name, "$rotary.10000.7x3.cos");
  EXPECT_TRUE(isGeneratedWeight(name));
  EXPECT_FALSE(isGeneratedWeight("rotary"));
  std::vector<float> cosines(21), sines(21);
  ASSERT_TRUE(fillGeneratedWeight(name, cosines.data(), 21));
  ASSERT_TRUE(fillGeneratedWeight("$rotary.10000.7x3.sin", sines.data(), 21));
  for (int p = 0; p < 7; ++p)
    for (int c = 0; c < 3; ++c) {
      double angle = p / std::exp(std::log(10000.0) * c / 3);
      EXPECT_NEAR(cosines[p * 3 + c], std::cos(angle), 1e-7);
      EXPECT_NEAR(sines[p * 3 + c], std::sin(angle), 1e-7);
    }
}

TEST(GeneratedWeights, BaseWithFraction) {
  std::string name = rotaryTableName(0.5, 2, 2, "sin");
  EXPECT_EQ(name, "$rotary.0.5.2x2.sin");
  float values[4];
  ASSERT_TRUE(fillGeneratedWeight(name, values, 4));
  EXPECT_NEAR(values[3], std::sin(std::sqrt(2.0)), 1e-7);
}

TEST(GeneratedWeights, OtherNamesAreRefused) {
  float values[64] = {};
  for (const char *name :
       {"", "$", "$rotary", "$rotary.", "$rotary.10000.2x2",
        "$rotary.10000.2x2.tan", "$rotary.10000.2y2.cos", "$rotary.x.2x2.cos",
        "$rotary.10000.-2x-2.cos", "$rotary.10000.0x0.cos",
        "$rotary.10000.4x1.cos ", "$other.10000.2x2.cos"})
    EXPECT_FALSE(fillGeneratedWeight(name, values, 4)) << name;
  EXPECT_FALSE(fillGeneratedWeight("$rotary.10000.2x2.cos", values, 5));
  EXPECT_FALSE(
      fillGeneratedWeight("$rotary.1.4611686018427387904x4.cos", values, 0));
}

TEST(ModelDescription, Metadata) {
  auto model = ModelDescription::parse(kModel, "tiny.json", "folder");
  ASSERT_TRUE(model.ok()) << model.status().str();
  EXPECT_EQ(model->name, "tiny");
  EXPECT_EQ(model->baseDir, "folder");
  EXPECT_EQ(model->metadata.at("author"), "us");
  EXPECT_EQ(model->metadata.at("year"), "2024");
  EXPECT_EQ(model->metadata.at("window"), "9");
  EXPECT_EQ(model->metadata.at("description"), "two numbers in, one out");
  EXPECT_EQ(model->metadata.count("vocab"), 0u);
  EXPECT_TRUE(model->isStreamable());
  EXPECT_EQ(model->layers.front()->name, "head");
}

TEST(ModelDescription, FolderWithoutModel) {
  auto model = ModelDescription::fromFile(SEQC_SOURCE_DIR "/docs");
  ASSERT_FALSE(model.ok());
  EXPECT_EQ(model.status().code(), ErrorCode::Unavailable);
}

TEST(ModelDescription, ExampleFolder) {
  auto model =
      ModelDescription::fromFile(SEQC_SOURCE_DIR "/docs/examples/kjv-seqboat");
  ASSERT_TRUE(model.ok()) << model.status().str();
  EXPECT_EQ(model->layers.size(), 4u);
  EXPECT_EQ(model->metadata.at("tokenizer"), "bytes");
  auto weights = openWeights(*model);
  ASSERT_TRUE(weights.ok()) << weights.status().str();
  EXPECT_EQ((*weights)->find("embed.weight").shape[0], 256);
}

TEST(ModelDescription, VersionsAreUnsupported) {
  auto model = ModelDescription::parse(
      R"({"format": "seqc-model", "version": 7, "name": "n",
          "input": {"kind": "features", "width": 1}, "blocks": []})",
      "v.json", "");
  ASSERT_FALSE(model.ok());
  EXPECT_EQ(model.status().code(), ErrorCode::Unsupported);
}

/// Whatever a document says, reading and importing it ends in a status.
TEST(ModelDescription, RandomEditsNeverCrash) {
  const std::string path = SEQC_SOURCE_DIR "/docs/examples/composed/model.json";
  auto valid = ModelDescription::fromFile(path);
  ASSERT_TRUE(valid.ok());
  auto weights = openWeights(*valid);
  ASSERT_TRUE(weights.ok());
  std::FILE *file = std::fopen(path.c_str(), "rb");
  ASSERT_NE(file, nullptr);
  std::string text(1 << 16, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);

  // Words and numbers of the document change places: the text stays valid JSON
  // most of the time, and says something else.
  std::vector<std::string> words = {
      "x",    "normed",   "memory", "logits", "picked", "m",       "update",
      "base", "layer",    "rms",    "relu2",  "silu",   "none",    "add",
      "set",  "compress", "attend", "norm",   "split",  "hx_proj."};
  std::mt19937 random(11);
  int parsed = 0, imported = 0;
  for (int round = 0; round < 400; ++round) {
    std::string edited = text;
    for (int edits = 1 + static_cast<int>(random() % 2); edits > 0; --edits) {
      if (random() % 3 == 0) {
        size_t place =
            edited.find_first_of("0123456789", random() % edited.size());
        if (place != std::string::npos)
          edited[place] = static_cast<char>('0' + random() % 10);
        continue;
      }
      size_t open = edited.find(": \"", random() % edited.size());
      if (open == std::string::npos)
        continue;
      size_t close = edited.find('"', open + 3);
      edited.replace(open + 3, close - open - 3,
                     words[random() % words.size()]);
    }
    auto model = ModelDescription::parse(edited, "edited.json", "");
    if (!model) {
      EXPECT_FALSE(model.status().diagnostics().empty());
      continue;
    }
    ++parsed;
    mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
    auto module = importModel(context, *model, **weights);
    imported += module.ok();
    if (!module)
      EXPECT_NE(module.status().code(), ErrorCode::Internal)
          << module.status().str() << "\n"
          << edited;
  }
  EXPECT_GT(parsed, imported);
  EXPECT_GT(imported, 0);
}

TEST(Importer, WeightsFromMemory) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  auto module = import(context, DType::F32, {1, 2});
  ASSERT_TRUE(module.ok()) << module.status().str();
  auto forward = (*module)->lookupSymbol<mlir::func::FuncOp>("forward");
  ASSERT_TRUE(forward);
  // Rows, offsets, weight, bias.
  EXPECT_EQ(forward.getNumArguments(), 4u);
  auto place = mlir::dyn_cast<mlir::FileLineColLoc>(
      forward.getBody().front().back().getLoc());
  ASSERT_TRUE(place);
  EXPECT_EQ(place.getFilename(), "tiny.json");
}

TEST(Importer, WrongWeights) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  auto other = import(context, DType::F64, {1, 2});
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.status().code(), ErrorCode::Unsupported);
  EXPECT_NE(other.status().message().find("expected dtype F32, found F64"),
            std::string::npos);
  auto rank = import(context, DType::F32, {2});
  ASSERT_FALSE(rank.ok());
  EXPECT_EQ(rank.status().code(), ErrorCode::InvalidModel);
  // The width had to be guessed: nothing is said of the bias that follows from
  // it.
  ASSERT_EQ(rank.status().diagnostics().size(), 1u) << rank.status().str();
  EXPECT_NE(rank.status().message().find("expected shape [any, 2], found [2]"),
            std::string::npos)
      << rank.status().message();
}
