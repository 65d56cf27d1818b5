//===- PlanFromIRTest.cpp - plans of partitioned modules ------------------===//

#include "runtime/jit/PlanFromIR.h"

#include "passes/Passes.h"
#include "passes/Pipelines.h"
#include "runtime/jit/Registry.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/STLExtras.h"
#include "gtest/gtest.h"

#include <optional>

using namespace seqc;
using namespace seqc::rt;

namespace {

class PlanFromIR : public ::testing::Test {
protected:
  PlanFromIR() {
    context = std::make_unique<mlir::MLIRContext>(
        jit::compilerRegistry(), mlir::MLIRContext::Threading::DISABLED);
    context->loadAllAvailableDialects();
    handler =
        context->getDiagEngine().registerHandler([this](mlir::Diagnostic &d) {
          messages += d.str() + "\n";
          return mlir::success();
        });
  }

  /// simplify, fuse and partition, then the plan; none where a step failed.
  std::optional<Plan> plan(mlir::OwningOpRef<mlir::ModuleOp> parsed) {
    module = std::move(parsed);
    if (!module) {
      ADD_FAILURE() << messages;
      return std::nullopt;
    }
    mlir::PassManager pm(context.get());
    for (passes::Phase phase : {passes::Phase::Simplify, passes::Phase::Fuse,
                                passes::Phase::Partition})
      passes::addPhase(pm, phase);
    if (mlir::failed(pm.run(*module))) {
      ADD_FAILURE() << messages;
      return std::nullopt;
    }
    return fromModule();
  }
  std::optional<Plan> fromModule() {
    mlir::FailureOr<Plan> made = jit::planFromModule(*module);
    if (mlir::failed(made))
      return std::nullopt;
    return *made;
  }
  std::optional<Plan> planOf(llvm::StringRef text) {
    return plan(mlir::parseSourceString<mlir::ModuleOp>(text, context.get()));
  }
  std::optional<Plan> planOfFile(const std::string &name) {
    std::string path =
        std::string(SEQC_SOURCE_DIR) + "/test/Passes/Inputs/" + name;
    return plan(mlir::parseSourceFile<mlir::ModuleOp>(path, context.get()));
  }

  std::unique_ptr<mlir::MLIRContext> context;
  mlir::DiagnosticEngine::HandlerID handler = 0;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::string messages;
};

int32_t owner(const Plan &plan, int32_t buffer) {
  return plan.buffers[buffer].alias < 0 ? buffer : plan.buffers[buffer].alias;
}

/// Index of the n-th step of this kind or, for kernels, whose symbol starts so.
int find(const Plan &plan, StepKind kind, const std::string &prefix = "",
         int n = 0) {
  for (size_t i = 0; i < plan.run.size(); ++i) {
    const PlanStep &step = plan.run[i];
    if (step.kind != kind)
      continue;
    bool named = kind != StepKind::Kernel ||
                 plan.kernels[step.kernel].symbol.rfind(prefix, 0) == 0;
    if (named && n-- == 0)
      return int(i);
  }
  return -1;
}

int count(const Plan &plan, StepKind kind) {
  return int(llvm::count_if(plan.run,
                            [&](const PlanStep &s) { return s.kind == kind; }));
}

TEST_F(PlanFromIR, gatedModel) {
  std::optional<Plan> plan = planOfFile("seqboat.mlir");
  ASSERT_TRUE(plan) << messages;
  EXPECT_TRUE(verify(*plan).ok()) << verify(*plan).str();
  EXPECT_EQ(plan->maxPositions, 64);
  EXPECT_TRUE(plan->causal);
  EXPECT_EQ(plan->symbols,
            (std::vector<std::string>{"rows", "sequences", "layers.0.active",
                                      "layers.1.active"}));
  ASSERT_EQ(plan->gates.size(), 2u);
  EXPECT_EQ(plan->gates[1].layer, "layers.1");
  EXPECT_EQ(plan->gates[1].symbol, 3);
  EXPECT_EQ(count(*plan, StepKind::Count), 2);
  // Packs happen once, before any call.
  EXPECT_EQ(count(*plan, StepKind::Pack), 0);
  EXPECT_EQ(llvm::count_if(
                plan->prepare,
                [](const PlanStep &s) { return s.kind == StepKind::Pack; }),
            6);
  Result<Plan> again = parsePlan(serialise(*plan));
  ASSERT_TRUE(again.ok()) << again.status().str();
  EXPECT_EQ(serialise(*again), serialise(*plan));
}

TEST_F(PlanFromIR, layersShareKernels) {
  std::optional<Plan> plan = planOfFile("seqboat.mlir");
  ASSERT_TRUE(plan) << messages;
  int first = find(*plan, StepKind::Kernel, "queries_attend");
  int second = find(*plan, StepKind::Kernel, "queries_attend", 1);
  ASSERT_GE(first, 0);
  ASSERT_GE(second, 0);
  EXPECT_EQ(plan->run[first].kernel, plan->run[second].kernel);
  EXPECT_EQ(plan->run[first].layer, "layers.0");
  EXPECT_EQ(plan->run[second].layer, "layers.1");
  const PlanKernel &kernel = plan->kernels[plan->run[first].kernel];
  EXPECT_EQ(kernel.summary, "queries: softmax attention z=8 h=16 + map + "
                            "matmul 16x16 + map + scatter add");
  EXPECT_TRUE(llvm::is_contained(kernel.baked, "left=11"));
  EXPECT_TRUE(llvm::is_contained(kernel.free, "sequences"));
}

TEST_F(PlanFromIR, activatedRows) {
  std::optional<Plan> plan = planOfFile("seqboat.mlir");
  ASSERT_TRUE(plan) << messages;
  const PlanStep &gather =
      plan->run[find(*plan, StepKind::Kernel, "rows_gather")];
  const PlanBuffer &out = plan->buffers[gather.args.back()];
  EXPECT_EQ(out.shape[0], (Extent{2, 0}));
  EXPECT_EQ(out.capacity[0], (Extent{kSymbolRows, 0}));
  // The leading rows of the index are a view.
  const PlanBuffer &index = plan->buffers[gather.args[1]];
  ASSERT_GE(index.alias, 0);
  EXPECT_EQ(index.shape[0], (Extent{2, 0}));
  EXPECT_EQ(plan->buffers[index.alias].shape[0], (Extent{kSymbolRows, 0}));
}

TEST_F(PlanFromIR, stepsWithoutEffectWhenAGateIsClosed) {
  std::optional<Plan> plan = planOfFile("seqboat.mlir");
  ASSERT_TRUE(plan) << messages;
  auto idleWith = [&](llvm::StringRef kernel) {
    int step = find(*plan, StepKind::Kernel, kernel.str());
    EXPECT_GE(step, 0) << kernel.str();
    return step < 0 ? -2 : plan->run[step].idleWith;
  };
  // Empty results; rows that are scattered into a destination; pushed rows.
  EXPECT_EQ(idleWith("rows_gather"), 2);
  EXPECT_EQ(idleWith("queries_attend"), 2);
  EXPECT_EQ(idleWith("serial_ring_push"), 2);
  // What all rows go through, and what makes the count.
  EXPECT_EQ(idleWith("rows_matmul_32_route"), -1);
  EXPECT_EQ(idleWith("serial_compress"), -1);
  for (const PlanStep &step : plan->run)
    if (step.kind != StepKind::Kernel)
      EXPECT_EQ(step.idleWith, -1);
  // A ring's new count is written for each sequence, activated rows or not.
  for (const PlanStep &step : plan->run)
    for (int32_t arg : step.args)
      if (plan->buffers[arg].name == "layers.0.count" &&
          step.kind == StepKind::Kernel && step.args[0] == arg)
        EXPECT_EQ(step.idleWith, -1);
}

TEST_F(PlanFromIR, updatesInPlace) {
  std::optional<Plan> plan = planOfFile("seqboat.mlir");
  ASSERT_TRUE(plan) << messages;
  // The rings are states and are written where they are, after the attention.
  int attend = find(*plan, StepKind::Kernel, "queries_attend");
  int push = find(*plan, StepKind::Kernel, "serial_ring_push");
  ASSERT_GE(attend, 0);
  ASSERT_GT(push, attend);
  int32_t ring = plan->run[push].args.back();
  EXPECT_EQ(ring, plan->find(BufferKind::State, "layers.0.keys"));
  // The scatter adds to the rows that the router's kernel wrote.
  int route = find(*plan, StepKind::Kernel, "rows_matmul_32_route");
  int scatter = find(*plan, StepKind::Kernel, "queries_attend");
  ASSERT_GE(route, 0);
  ASSERT_GE(scatter, 0);
  EXPECT_EQ(plan->run[scatter].args.back(), plan->run[route].args.back());
  // New counts of the rings depend on the old ones, so they are copied back.
  EXPECT_EQ(count(*plan, StepKind::Copy), 2);
  EXPECT_EQ(plan->run.back().kind, StepKind::Copy);
  EXPECT_EQ(plan->run.back().args[1],
            plan->find(BufferKind::State, "layers.1.count"));
}

TEST_F(PlanFromIR, outputIsWrittenByItsKernel) {
  std::optional<Plan> plan = planOf(R"(
    func.func @forward(%x: tensor<?x8xf32> {seqc.input = "x"}, %w: tensor<32x8xf32> {seqc.weight = "w"})
        -> (tensor<?x32xf32> {seqc.output = "y"}) {
      %c0 = arith.constant 0 : index
      %zero = arith.constant 0.0 : f32
      %n = tensor.dim %x, %c0 : tensor<?x8xf32>
      %e = tensor.empty(%n) : tensor<?x32xf32>
      %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x32xf32>) -> tensor<?x32xf32>
      %y = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                                          affine_map<(m, n, k) -> (m, n)>]
          ins(%x, %w : tensor<?x8xf32>, tensor<32x8xf32>) outs(%f : tensor<?x32xf32>) -> tensor<?x32xf32>
      return %y : tensor<?x32xf32>
    })");
  ASSERT_TRUE(plan) << messages;
  int32_t output = plan->find(BufferKind::Output, "y");
  ASSERT_GE(output, 0);
  EXPECT_EQ(plan->buffers[output].shape.size(), 2u);
  ASSERT_EQ(plan->run.size(), 1u);
  int32_t written = plan->run[0].args.back();
  EXPECT_EQ(plan->buffers[written].shape.size(), 3u);
  EXPECT_EQ(owner(*plan, written), output);
  EXPECT_FALSE(plan->causal);
}

/// A scan each way over x; `returns` says which of y and z the model puts out.
static std::string bothWays(const std::string &results,
                            const std::string &returns) {
  return R"(
    #t = affine_map<(t, d, n) -> (t, d)>
    #d = affine_map<(t, d, n) -> (d)>
    func.func @forward(%x: tensor<?x8xf32> {seqc.input = "x"}, %off: tensor<?xi32> {seqc.builtin = "offsets"})
        -> ()" +
         results + R"() {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %zero = arith.constant 0.0 : f32
      %n = tensor.dim %x, %c0 : tensor<?x8xf32>
      %m = tensor.dim %off, %c0 : tensor<?xi32>
      %b = arith.subi %m, %c1 : index
      %e = tensor.empty(%n) : tensor<?x8xf32>
      %h = tensor.empty(%b) : tensor<?x8xf32>
      %h0 = linalg.fill ins(%zero : f32) outs(%h : tensor<?x8xf32>) -> tensor<?x8xf32>
      %y, %h1 = seqc.scan {delays = array<i64: 0>, maps = [#t, #t, #d]}
          inputs(%x : tensor<?x8xf32>) offsets(%off : tensor<?xi32>)
          outs(%e : tensor<?x8xf32>) states(%h0 : tensor<?x8xf32>) {
      ^bb0(%xt: f32, %c: f32):
        %hn = arith.addf %c, %xt : f32
        seqc.yield %hn, %hn : f32, f32
      } -> tensor<?x8xf32>, tensor<?x8xf32>
      %z, %h2 = seqc.scan {direction = #seqc.direction<reverse>, delays = array<i64: 0, 0>, maps = [#t, #t, #t, #d]}
          inputs(%x, %y : tensor<?x8xf32>, tensor<?x8xf32>) offsets(%off : tensor<?xi32>)
          outs(%e : tensor<?x8xf32>) states(%h0 : tensor<?x8xf32>) {
      ^bb0(%xt: f32, %yt: f32, %c: f32):
        %hn = arith.addf %c, %xt : f32
        %zt = arith.addf %hn, %yt : f32
        seqc.yield %zt, %hn : f32, f32
      } -> tensor<?x8xf32>, tensor<?x8xf32>
      )" +
         returns + "\n}";
}

TEST_F(PlanFromIR, unreadResultLiesWhereItIsMadeIntoAnother) {
  std::optional<Plan> plan = planOf(bothWays(
      R"(tensor<?x8xf32> {seqc.output = "z"})", "return %z : tensor<?x8xf32>"));
  ASSERT_TRUE(plan) << messages;
  ASSERT_EQ(plan->run.size(), 1u);
  int32_t output = plan->find(BufferKind::Output, "z");
  EXPECT_EQ(llvm::count(plan->run[0].args, output), 2);
  // Read outside, it keeps a place of its own.
  plan = planOf(bothWays(R"(tensor<?x8xf32> {seqc.output = "y"},
                            tensor<?x8xf32> {seqc.output = "z"})",
                         "return %y, %z : tensor<?x8xf32>, tensor<?x8xf32>"));
  ASSERT_TRUE(plan) << messages;
  for (const char *name : {"y", "z"})
    EXPECT_EQ(
        llvm::count(plan->run[0].args, plan->find(BufferKind::Output, name)),
        1);
}

/// Rows of x, some of them replaced, then `body` makes %y of %a.
static std::string afterScatter(const std::string &results,
                                const std::string &body) {
  return R"(
    #rc = affine_map<(r, c) -> (r, c)>
    #r = affine_map<(r, c) -> (r)>
    func.func @forward(%x: tensor<?x8xf32> {seqc.input = "x"}, %u: tensor<?x8xf32> {seqc.input = "u"},
                       %i: tensor<?xi32> {seqc.input = "i"}) -> ()" +
         results + R"() {
      %c0 = arith.constant 0 : index
      %n = tensor.dim %x, %c0 : tensor<?x8xf32>
      %e = tensor.empty(%n) : tensor<?x8xf32>
      %b = linalg.exp ins(%x : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
      %a = seqc.scatter_rows set ins(%u, %i : tensor<?x8xf32>, tensor<?xi32>) outs(%b : tensor<?x8xf32>) -> tensor<?x8xf32>
      )" +
         body + "\n}";
}

TEST_F(PlanFromIR, spentOperandIsOverwritten) {
  const char *y = R"(tensor<?x8xf32> {seqc.output = "y"})";
  const char *exp = R"(
      %y = linalg.exp ins(%a : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
      return %y : tensor<?x8xf32>)";
  std::optional<Plan> plan = planOf(afterScatter(y, exp));
  ASSERT_TRUE(plan) << messages;
  ASSERT_EQ(plan->run.size(), 3u);
  const std::vector<int32_t> &args = plan->run.back().args;
  EXPECT_EQ(args.front(), args.back());
  EXPECT_EQ(args.back(), plan->find(BufferKind::Output, "y"));
  // Not one that the model gives away, nor one of which the kernel reads more
  // than the entry that it makes.
  plan = planOf(afterScatter(
      std::string(y) + R"(, tensor<?x8xf32> {seqc.output = "a"})", R"(
      %y = linalg.exp ins(%a : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
      return %y, %a : tensor<?x8xf32>, tensor<?x8xf32>)"));
  ASSERT_TRUE(plan) << messages;
  int last = find(*plan, StepKind::Kernel, "rows_map", 1);
  ASSERT_GE(last, 0);
  EXPECT_NE(plan->run[last].args.front(), plan->run[last].args.back());
  plan = planOf(afterScatter(y, R"(
      %y = seqc.norm rms {eps = 1.0e-05 : f32} ins(%a : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
      return %y : tensor<?x8xf32>)"));
  ASSERT_TRUE(plan) << messages;
  EXPECT_NE(plan->run.back().args.front(), plan->run.back().args.back());
}

TEST_F(PlanFromIR, oldValueNeededLater) {
  // s is returned as an output and replaced as a state: the update works on a
  // copy, and the output is copied before the state changes.
  std::optional<Plan> plan = planOf(R"(
    func.func @forward(%x: tensor<?x8xf32> {seqc.input = "x"}, %i: tensor<?xi32> {seqc.input = "i"},
                       %s: tensor<?x8xf32> {seqc.state = "s"})
        -> (tensor<?x8xf32> {seqc.output = "old"}, tensor<?x8xf32> {seqc.state = "s"}) {
      %a = seqc.scatter_rows set ins(%x, %i : tensor<?x8xf32>, tensor<?xi32>) outs(%s : tensor<?x8xf32>) -> tensor<?x8xf32>
      return %s, %a : tensor<?x8xf32>, tensor<?x8xf32>
    })");
  ASSERT_TRUE(plan) << messages;
  int32_t state = plan->find(BufferKind::State, "s");
  int32_t old = plan->find(BufferKind::Output, "old");
  ASSERT_EQ(plan->run.size(), 4u);
  EXPECT_EQ(plan->run[0].kind, StepKind::Copy);
  EXPECT_EQ(plan->run[0].args[0], state);
  EXPECT_EQ(plan->run[1].args.back(), plan->run[0].args[1]);
  EXPECT_EQ(plan->run[2].args, (std::vector<int32_t>{state, old}));
  EXPECT_EQ(plan->run[3].args,
            (std::vector<int32_t>{plan->run[0].args[1], state}));
}

TEST_F(PlanFromIR, statesThatSwap) {
  std::optional<Plan> plan = planOf(R"(
    func.func @forward(%a: tensor<?x8xf32> {seqc.state = "a"}, %b: tensor<?x8xf32> {seqc.state = "b"})
        -> (tensor<?x8xf32> {seqc.state = "a"}, tensor<?x8xf32> {seqc.state = "b"}) {
      return %b, %a : tensor<?x8xf32>, tensor<?x8xf32>
    })");
  ASSERT_TRUE(plan) << messages;
  int32_t a = plan->find(BufferKind::State, "a"),
          b = plan->find(BufferKind::State, "b");
  ASSERT_EQ(plan->run.size(), 4u);
  EXPECT_EQ(plan->run[0].args[0], b);
  EXPECT_EQ(plan->run[1].args[0], a);
  EXPECT_EQ(plan->run[2].args, (std::vector<int32_t>{plan->run[0].args[1], a}));
  EXPECT_EQ(plan->run[3].args, (std::vector<int32_t>{plan->run[1].args[1], b}));
}

TEST_F(PlanFromIR, refusals) {
  module = mlir::parseSourceString<mlir::ModuleOp>("module {}", context.get());
  EXPECT_FALSE(fromModule());
  EXPECT_NE(messages.find("expected a function @forward"), std::string::npos)
      << messages;

  messages.clear();
  module = mlir::parseSourceString<mlir::ModuleOp>(R"(
    func.func @forward(%x: tensor<?x8xf32> {seqc.input = "x"}) -> (tensor<?x8xf32> {seqc.output = "y"}) {
      %y = linalg.exp ins(%x : tensor<?x8xf32>) outs(%x : tensor<?x8xf32>) -> tensor<?x8xf32>
      return %y : tensor<?x8xf32>
    })",
                                                   context.get());
  EXPECT_FALSE(fromModule());
  EXPECT_NE(messages.find("has no place in a plan"), std::string::npos)
      << messages;

  messages.clear();
  module = mlir::parseSourceString<mlir::ModuleOp>(R"(
    func.func @forward(%x: tensor<?x?xf32> {seqc.input = "x"}) -> (tensor<?x?xf32> {seqc.output = "y"}) {
      return %x : tensor<?x?xf32>
    })",
                                                   context.get());
  EXPECT_FALSE(fromModule());
  EXPECT_NE(messages.find("no plan can compute"), std::string::npos)
      << messages;
}

} // namespace
