//===- CorePlanTest.cpp - plans, statuses, tensors, environment -----------===//
#include "test/unit/CoreTestModel.h"

#include "runtime/core/Digest.h"
#include "runtime/core/LoadedPlan.h"
#include "runtime/core/PlanRunner.h"
#include "runtime/core/Work.h"
#include "seqc/Engine.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <functional>
#include <random>

using namespace seqc;
using namespace seqc::rt;
using namespace seqc::test;

//===----------------------------------------------------------------------===//
// Public value types
//===----------------------------------------------------------------------===//

TEST(StatusTest, PrintsPlacesAndNotes) {
  Diagnostic note{Severity::Note, "a.json", 2, 0, "", "first defined here", {}};
  Diagnostic error{Severity::Error,
                   "a.json",
                   7,
                   3,
                   "blocks[0].window",
                   "expected a positive number, got 0",
                   {note}};
  Status status = Status::error(ErrorCode::InvalidModel, error);
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(status.message(), "expected a positive number, got 0");
  EXPECT_EQ(status.str(), "a.json:7:3: error: blocks[0].window: expected a "
                          "positive number, got 0\n"
                          "a.json:2: note: first defined here");
  EXPECT_EQ(Status().message(), "");
  EXPECT_EQ(Status().code(), ErrorCode::Ok);
  EXPECT_STREQ(toString(ErrorCode::ResourceExhausted), "resource-exhausted");
}

TEST(TensorTest, CopiesKeepContentAndAlignment) {
  for (int64_t n : {0, 1, 3, 100}) {
    Tensor a(DType::F32, {n, 2});
    for (int64_t i = 0; i < 2 * n; ++i)
      a.as<float>()[i] = static_cast<float>(i);
    // Several copies at once, since the allocator decides the misalignment.
    std::vector<Tensor> copies(5, a);
    for (Tensor &copy : copies) {
      EXPECT_EQ(reinterpret_cast<uintptr_t>(copy.data()) % 64, 0u);
      EXPECT_EQ(copy.shape(), a.shape());
      EXPECT_EQ(std::memcmp(copy.data(), a.data(), a.bytes()), 0);
    }
    Tensor moved = std::move(copies[0]);
    EXPECT_EQ(std::memcmp(moved.data(), a.data(), a.bytes()), 0);
  }
  EXPECT_EQ(Tensor().size(), 0);
  EXPECT_EQ(Tensor(DType::F64, {}).bytes(), 8u);
}

TEST(TensorTest, DTypeNamesRoundTrip) {
  for (DType dtype :
       {DType::F32, DType::F64, DType::I32, DType::I64, DType::U8})
    EXPECT_EQ(parseDType(toString(dtype)), dtype);
  EXPECT_FALSE(parseDType("f32"));
}

TEST(DigestTest, PiecesAndWholeAgree) {
  EXPECT_EQ(toHex(digestOf("")), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(Digester().add("ab").add("c").finish(), digestOf("abc"));
  EXPECT_NE(digestOf("abc"), digestOf("abd"));
  // Numbers are eight little-endian bytes.
  EXPECT_EQ(Digester().add(uint64_t(0x0102)).finish(),
            digestOf(std::string_view("\2\1\0\0\0\0\0\0", 8)));
}

namespace {

class EnvironmentTest : public testing::Test {
protected:
  void SetUp() override {
    for (const char *name : {"SEQC_CACHE_DIR", "SEQC_DISABLE_CACHE",
                             "SEQC_THREADS", "XDG_CACHE_HOME"})
      ::unsetenv(name);
    ::setenv("HOME", "/some/home", 1);
  }
};

} // namespace

TEST_F(EnvironmentTest, ReadsTheDocumentedVariables) {
  EXPECT_EQ(EngineOptions::fromEnvironment().cacheDir,
            "/some/home/.cache/seqc");
  ::setenv("XDG_CACHE_HOME", "relative", 1);
  EXPECT_EQ(EngineOptions::fromEnvironment().cacheDir,
            "/some/home/.cache/seqc");
  ::setenv("XDG_CACHE_HOME", "/xdg", 1);
  EXPECT_EQ(EngineOptions::fromEnvironment().cacheDir, "/xdg/seqc");
  ::setenv("SEQC_CACHE_DIR", "/mine", 1);
  EXPECT_EQ(EngineOptions::fromEnvironment().cacheDir, "/mine");
  ::setenv("SEQC_DISABLE_CACHE", "0", 1);
  EXPECT_EQ(EngineOptions::fromEnvironment().cacheDir, "/mine");
  ::setenv("SEQC_DISABLE_CACHE", "1", 1);
  EXPECT_EQ(EngineOptions::fromEnvironment().cacheDir, "");
  EXPECT_EQ(EngineOptions::fromEnvironment().threads, 0);
  ::setenv("SEQC_THREADS", "3", 1);
  EXPECT_EQ(EngineOptions::fromEnvironment().threads, 3);
  for (const char *bad :
       {"three", "3x", "-1", "-5", "1025", "99999999999999999999"}) {
    ::setenv("SEQC_THREADS", bad, 1);
    EXPECT_EQ(EngineOptions::fromEnvironment().threads, -1)
        << bad << " is for Engine::create to refuse";
  }
}

//===----------------------------------------------------------------------===//
// Work
//===----------------------------------------------------------------------===//

TEST(WorkTest, FactorsAreThoseOfTheCall) {
  std::vector<int32_t> offsets = {0, 7, 7, 8, 40};
  SeqcBuffer args[] = {{nullptr, {40, 16, 1, 1}},
                       {offsets.data(), {5, 1, 1, 1}}};
  PlanKernel kernel;
  kernel.work = {{PlanWork::Factor::One, 0, 0, -1, -1, 1, 2, 3},
                 {PlanWork::Factor::Extent, 0, 1, -1, -1, 10, 0, 4}};
  Work work = workOf(kernel, args);
  EXPECT_EQ(work.flops, 161);
  EXPECT_EQ(work.exps, 2);
  EXPECT_EQ(work.bytes, 67);
  for (int64_t left : {-1, 0, 3, 31, 32, 100})
    for (int64_t right : {-1, 0, 5, 100}) {
      double pairs = 0;
      for (size_t b = 0; b + 1 < offsets.size(); ++b)
        for (int64_t q = offsets[b]; q < offsets[b + 1]; ++q)
          for (int64_t k = offsets[b]; k < offsets[b + 1]; ++k)
            pairs +=
                (left < 0 || q - k <= left) && (right < 0 || k - q <= right);
      kernel.work = {{PlanWork::Factor::Pairs, 1, 0, left, right, 1}};
      EXPECT_EQ(workOf(kernel, args).flops, pairs) << left << ", " << right;
    }
}

//===----------------------------------------------------------------------===//
// Text of plans
//===----------------------------------------------------------------------===//

TEST(PlanText, RoundTripsBitForBit) {
  Plan plan = testPlan();
  plan.model = "quotes \" \\ and \n and \xc3\xa9";
  plan.kernels[0].objectKey = "00ff";
  plan.kernels[0].baked = {"window=64", ""};
  plan.kernels[0].scratchBytes = int64_t(1) << 32;
  plan.kernels[0].variants = {
      {"few-rows", "[#seqc.fact<1>]", {{GuardKind::AtMost, 1, 0, 64, 0, 0}}}};
  plan.kernels[0].work = {
      {PlanWork::Factor::Pairs, 1, 0, 64, -1, 0.1, 1e300, 3}};
  plan.causal = false;
  std::string text = serialise(plan);
  Result<Plan> read = parsePlan(text);
  ASSERT_TRUE(read.ok()) << read.status().str();
  EXPECT_EQ(serialise(*read), text);
  EXPECT_EQ(read->model, plan.model);
  EXPECT_EQ(read->kernels[0].baked, plan.kernels[0].baked);
  EXPECT_EQ(read->kernels[0].scratchBytes, int64_t(1) << 32);
  EXPECT_EQ(read->kernels[0].variants[0].guards,
            plan.kernels[0].variants[0].guards);
  EXPECT_EQ(read->kernels[0].work[0].flops, 0.1);
  EXPECT_EQ(read->buffers[1].valueLimit, kVocab);
  EXPECT_EQ(read->buffers[14].alias, 12);
  EXPECT_EQ(read->run[2].symbol, 2);
  EXPECT_FALSE(read->causal);
}

TEST(PlanText, RefusesOtherText) {
  auto message = [](const std::string &text) {
    Result<Plan> plan = parsePlan(text);
    return plan.ok() ? std::string("accepted") : plan.status().message();
  };
  EXPECT_NE(message("").find("not JSON"), std::string::npos);
  EXPECT_NE(message("[").find("not JSON"), std::string::npos);
  EXPECT_EQ(message("[]"), "plan: expected an object with 'version'");
  EXPECT_EQ(message("{}"), "plan: no field 'version'");
  EXPECT_EQ(message(R"({"version": 2.5})"),
            "plan: expected an integer for 'version'");
  EXPECT_EQ(message(R"({"version": 1})"), "plan: version 1, expected " +
                                              std::to_string(kPlanVersion) +
                                              "; compile the model again");
  std::string text = serialise(testPlan());
  auto replaced = [&](const std::string &from, const std::string &to) {
    std::string copy = text;
    size_t at = copy.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return message(copy.replace(at, from.size(), to));
  };
  EXPECT_EQ(replaced("\"alias\": -1", "\"alias\": 4294967296"),
            "plan: 'alias' is out of range");
  EXPECT_EQ(replaced("\"maxPositions\": 5000",
                     "\"maxPositions\": 18446744073709551615"),
            "plan: 'maxPositions' is out of range");
  EXPECT_EQ(replaced("\"F32\"", "\"F33\""), "plan: unknown dtype 'F33'");
  EXPECT_EQ(replaced("\"input\"", "\"inputs\""), "plan: unknown kind 'inputs'");
  EXPECT_EQ(replaced("\"causal\": true", "\"causal\": 1"),
            "plan: expected true or false for 'causal'");
}

TEST(PlanText, ExplainShowsEveryPart) {
  Plan plan = testPlan();
  plan.run[3].idleWith = kFirstCountSymbol;
  std::string text = explain(plan);
  for (const char *part :
       {"model toy, target test, causal, at most 5000 positions", "test gather",
        "view of #12", "own, up to [rows, 3]", "[sequences+1]", "pack by 2",
        "count kept", "layers.0", "kept = 0", "once per set of weights"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  EXPECT_EQ(text.find(" \n"), std::string::npos);
}

//===----------------------------------------------------------------------===//
// Checks of plans
//===----------------------------------------------------------------------===//

static std::string verdict(const std::function<void(Plan &)> &change) {
  Plan plan = testPlan();
  change(plan);
  return verify(plan).message();
}

TEST(PlanVerify, AcceptsTheTestPlan) {
  EXPECT_EQ(verify(testPlan()).message(), "");
}

TEST(PlanVerify, RefusesEachDefect) {
  struct Case {
    const char *expected;
    std::function<void(Plan &)> change;
  };
  const Case cases[] = {
      {"expected 'rows' and", [](Plan &p) { p.symbols = {"rows"}; }},
      {"max positions", [](Plan &p) { p.maxPositions = -2; }},
      {"no symbol", [](Plan &p) { p.kernels[1].symbol = ""; }},
      {"expected scratch", [](Plan &p) { p.kernels[1].scratchBytes = -1; }},
      {"expected a variant",
       [](Plan &p) { p.kernels[0].variants = {{"a", "", {}}}; }},
      {"illegal guard",
       [](Plan &p) {
         p.kernels[0].variants = {
             {"a", "", {{GuardKind::AtMost, 99, 0, 1, 0, 0}}}};
       }},
      {"illegal guard",
       [](Plan &p) {
         p.kernels[0].variants = {
             {"a", "", {{GuardKind::Same, 0, 0, 0, 0, 4}}}};
       }},
      {"illegal guard",
       [](Plan &p) {
         // The output is no vector of i32.
         int32_t last = int32_t(p.run[0].args.size()) - 1;
         p.kernels[p.run[0].kernel].variants = {
             {"a", "", {{GuardKind::Zero, last, 0, 0, 0, 0}}}};
       }},
      {"its work names",
       [](Plan &p) {
         p.kernels[0].work = {{PlanWork::Factor::Extent, 99, 0}};
       }},
      {"unknown kind",
       [](Plan &p) { p.buffers[0].kind = static_cast<BufferKind>(77); }},
      {"unknown element type",
       [](Plan &p) { p.buffers[0].dtype = static_cast<DType>(77); }},
      {"expected rank 0 to 4", [](Plan &p) { p.buffers[11].shape.resize(5); }},
      {"differ in rank", [](Plan &p) { p.buffers[11].capacity.pop_back(); }},
      {"value limit", [](Plan &p) { p.buffers[0].valueLimit = 4; }},
      {"value limit", [](Plan &p) { p.buffers[1].valueLimit = -2; }},
      {"value limit", [](Plan &p) { p.buffers[5].valueLimit = 4; }},
      {"value limit", [](Plan &p) { p.buffers[10].valueLimit = 4; }},
      {"no symbol 3", [](Plan &p) { p.buffers[11].shape[0].symbol = 3; }},
      {"no symbol -2", [](Plan &p) { p.buffers[11].shape[0].symbol = -2; }},
      {"is illegal",
       [](Plan &p) {
         p.buffers[5].shape[0].addend = p.buffers[5].capacity[0].addend = -1;
       }},
      {"too large",
       [](Plan &p) {
         Extent huge{-1, int64_t(1) << 40};
         p.buffers[11].shape = p.buffers[11].capacity = {huge, huge};
       }},
      {"may not depend on a count",
       [](Plan &p) { p.buffers[15].capacity[0].symbol = 2; }},
      {"without a count",
       [](Plan &p) { p.buffers[11].capacity[0].addend = 7; }},
      {"two counts",
       [](Plan &p) {
         p.symbols.push_back("more");
         p.buffers[15].shape[1] = {3, 0};
       }},
      {"to alias", [](Plan &p) { p.buffers[14].alias = 99; }},
      {"to alias", [](Plan &p) { p.buffers[14].alias = -7; }},
      {"aliases an alias", [](Plan &p) { p.buffers[14].alias = 14; }},
      {"kind or type", [](Plan &p) { p.buffers[14].alias = 11; }},
      {"larger than the buffer",
       [](Plan &p) {
         p.buffers.push_back(p.buffers[5]);
         p.buffers.back().alias = 5;
         p.buffers.back().shape[0].addend = 4;
         p.buffers.back().capacity = p.buffers.back().shape;
       }},
      {"offsets are", [](Plan &p) { p.buffers[2].dtype = DType::I64; }},
      {"positions are",
       [](Plan &p) { p.buffers[3].shape = p.buffers[3].capacity = {{1, 0}}; }},
      {"an option is",
       [](Plan &p) { p.buffers[4].shape = p.buffers[4].capacity = {{-1, 2}}; }},
      {"static extents",
       [](Plan &p) { p.buffers[5].shape = p.buffers[5].capacity = {{0, 0}}; }},
      {"a state is",
       [](Plan &p) {
         p.buffers[10].shape[0] = p.buffers[10].capacity[0] = {0, 0};
       }},
      {"inputs and outputs",
       [](Plan &p) {
         p.buffers[0].shape[0] = p.buffers[0].capacity[0] = {0, 1};
       }},
      {"has no name", [](Plan &p) { p.buffers[0].name = ""; }},
      {"appears twice", [](Plan &p) { p.buffers.push_back(p.buffers[0]); }},
      {"appears twice",
       [](Plan &p) {
         p.buffers.push_back(p.buffers[2]);
         p.buffers.back().name = "again";
       }},
      {"no buffer -1", [](Plan &p) { p.run[0].args[0] = -1; }},
      {"no buffer 19", [](Plan &p) { p.run[0].args[0] = 19; }},
      {"more than 256", [](Plan &p) { p.run[0].args.resize(300); }},
      {"no kernel 7", [](Plan &p) { p.run[0].kernel = 7; }},
      {"no kernel -1", [](Plan &p) { p.run[0].kernel = -1; }},
      {"elsewhere with 4",
       [](Plan &p) {
         p.run.push_back(p.run[0]);
         p.run.back().args.pop_back();
       }},
      {"differs in type or rank",
       [](Plan &p) {
         p.run.push_back(p.run[0]);
         p.run.back().args[0] = 1;
       }},
      {"not known yet", [](Plan &p) { p.run.erase(p.run.begin() + 2); }},
      {"not known yet", [](Plan &p) { std::swap(p.run[2], p.run[3]); }},
      {"no count symbol 1", [](Plan &p) { p.run[2].symbol = 1; }},
      {"no count symbol 3", [](Plan &p) { p.run[2].symbol = 3; }},
      {"a second time", [](Plan &p) { p.run.push_back(p.run[2]); }},
      {"one I32 buffer", [](Plan &p) { p.run[2].args[0] = 11; }},
      {"give no counts",
       [](Plan &p) {
         p.prepare.push_back(p.run[2]);
         p.prepare.back().args[0] = 5;
       }},
      {"not known yet", [](Plan &p) { p.prepare[0].args[0] = 0; }},
      {"does not exist before", [](Plan &p) { p.prepare[0].args[0] = 4; }},
      {"a panel width", [](Plan &p) { p.prepare[1].panel = 0; }},
      {"expected a target of [2, 2, 3]",
       [](Plan &p) { p.prepare[1].panel = 3; }},
      {"static [N, K]", [](Plan &p) { p.prepare[1].args[0] = 5; }},
      {"a source and a target", [](Plan &p) { p.run[4].args.pop_back(); }},
      {"differ in type or shape", [](Plan &p) { p.run[4].args[0] = 0 + 1; }},
      {"may not be written", [](Plan &p) { p.run[4].args[1] = 0; }},
      {"share memory", [](Plan &p) { p.run[4].args[0] = 16; }},
      {"unknown kind",
       [](Plan &p) { p.run[4].kind = static_cast<StepKind>(9); }},
      {"gate 'layers.0'", [](Plan &p) { p.gates[0].symbol = 1; }},
      {"gate 'layers.0'", [](Plan &p) { p.gates[0].symbol = 50; }},
  };
  int number = 0;
  for (const Case &item : cases) {
    std::string message = verdict(item.change);
    EXPECT_NE(message.find(item.expected), std::string::npos)
        << "case " << number << ": expected '" << item.expected << "', got '"
        << message << "'";
    ++number;
  }
}

//===----------------------------------------------------------------------===//
// Hostile plans
//===----------------------------------------------------------------------===//

TEST(PlanHostile, DamagedTextNeverCrashes) {
  std::string text = serialise(testPlan());
  std::mt19937 random(7);
  int parsed = 0, verified = 0;
  for (int round = 0; round < 1500; ++round) {
    std::string damaged = text;
    for (int change = 0, n = 1 + round % 3; change < n; ++change) {
      size_t at = random() % damaged.size();
      switch (random() % 4) {
      case 0:
        damaged[at] = static_cast<char>(random());
        break;
      case 1:
        damaged.resize(at + 1);
        break;
      case 2:
        damaged.erase(at, random() % 20);
        break;
      case 3:
        damaged.insert(at, damaged.substr(random() % damaged.size(), 15));
        break;
      }
      if (damaged.empty())
        damaged = "{";
    }
    Result<Plan> plan = parsePlan(damaged);
    if (!plan.ok())
      continue;
    ++parsed;
    if (!verify(*plan).ok())
      continue;
    ++verified;
    Result<Plan> again = parsePlan(serialise(*plan));
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(serialise(*again), serialise(*plan));
    EXPECT_FALSE(explain(*plan).empty());
  }
  EXPECT_GT(parsed, 0);
  EXPECT_GT(verified, 0);
}

TEST(PlanHostile, DeepNestingIsRefused) {
  EXPECT_FALSE(parsePlan(std::string(200000, '[')).ok());
}

/// Packs, copies and counts only, so that a mutated plan can be run: there is
/// no machine code that trusts it.
static Plan kernelFreePlan() {
  PlanMaker m;
  Extent rows{kSymbolRows, 0}, ends{kSymbolSequences, 1}, count{2, 0};
  m.plan.symbols = {"rows", "sequences", "n"};
  m.buffer("x", BufferKind::Input, DType::F32, {rows, {-1, 3}});
  m.buffer("offsets", BufferKind::Offsets, DType::I32, {ends});
  m.buffer("w", BufferKind::Weight, DType::F32, {{-1, 5}, {-1, 2}});
  m.buffer("panels", BufferKind::Prepared, DType::F32,
           {{-1, 3}, {-1, 2}, {-1, 2}});
  m.buffer("a", BufferKind::Temp, DType::F32, {rows, {-1, 3}});
  m.buffer("b", BufferKind::Temp, DType::F32, {count, {-1, 3}},
           {rows, {-1, 3}});
  m.buffer("c", BufferKind::Temp, DType::F32, {count, {-1, 3}}, {rows, {-1, 3}},
           m.at("a"));
  m.buffer("y", BufferKind::Output, DType::F32, {rows, {-1, 3}});
  m.plan.prepare.push_back(m.step(StepKind::Pack, {"w", "panels"}));
  m.plan.prepare.back().panel = 2;
  m.plan.run.push_back(m.step(StepKind::Copy, {"x", "a"}));
  m.plan.run.push_back(m.step(StepKind::Count, {"offsets"}));
  m.plan.run.back().symbol = 2;
  m.plan.run.push_back(m.step(StepKind::Copy, {"c", "b"}));
  m.plan.run.push_back(m.step(StepKind::Copy, {"b", "c"}));
  m.plan.run.push_back(m.step(StepKind::Copy, {"a", "y"}));
  return m.plan;
}

/// Replaces the n-th integer of the text.
static std::string withInteger(const std::string &text, size_t n,
                               const std::string &value) {
  size_t seen = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    bool starts =
        (std::isdigit(static_cast<unsigned char>(text[i])) || text[i] == '-') &&
        (text[i - 1] == ' ' || text[i - 1] == '\n');
    if (!starts || seen++ != n)
      continue;
    size_t end = text.find_first_not_of("-0123456789", i);
    return text.substr(0, i) + value + text.substr(end);
  }
  return "";
}

static bool runsAsFarAsItCan(const Plan &plan) {
  auto parallel = std::make_shared<const Parallel>(1);
  Result<std::shared_ptr<const LoadedPlan>> loaded = LoadedPlan::create(
      plan, {},
      [] {
        auto weights = std::make_shared<MapSource>();
        weights->set("w", {5, 2}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
        return weights;
      }(),
      *parallel);
  if (!loaded.ok())
    return false;
  PlanRunner runner(*loaded, parallel);
  for (int64_t rows : {6, 0, 2, 9}) {
    if (!runner.reserve(rows, 2).ok())
      return false;
    for (size_t i = 0; i < plan.buffers.size(); ++i) {
      const PlanBuffer &buffer = plan.buffers[i];
      int32_t index = static_cast<int32_t>(i);
      if (buffer.alias >= 0)
        continue;
      if (buffer.kind == BufferKind::Input || buffer.kind == BufferKind::Output)
        std::memset(runner.stage(index), 0, runner.bytes(index));
      if (buffer.kind == BufferKind::Offsets) {
        int32_t *offsets = static_cast<int32_t *>(runner.data(index));
        offsets[0] = 0;
        offsets[1] = static_cast<int32_t>(rows / 2);
        offsets[2] = static_cast<int32_t>(rows);
      }
    }
    if (!runner.run().ok())
      return false;
  }
  return true;
}

TEST(PlanHostile, WhatPassesTheCheckRunsSafely) {
  ASSERT_TRUE(runsAsFarAsItCan(kernelFreePlan()));
  std::string text = serialise(kernelFreePlan());
  int verified = 0, refused = 0;
  for (size_t n = 0;; ++n) {
    if (withInteger(text, n, "0").empty())
      break;
    for (const char *value :
         {"-2", "-1", "0", "1", "2", "3", "4", "5", "6", "7", "8", "17",
          "2147483647", "9223372036854775807"}) {
      Result<Plan> plan = parsePlan(withInteger(text, n, value));
      if (!plan.ok() || !verify(*plan).ok()) {
        ++refused;
        continue;
      }
      ++verified;
      runsAsFarAsItCan(*plan);
    }
  }
  EXPECT_GT(refused, 100);
  EXPECT_GT(verified, 10);
}
