//===- CoreSessionTest.cpp - packing, state, checks, allocation -----------===//
#include "test/unit/CoreTestCall.h"
#include "test/unit/CoreTestVariants.h"

#include "runtime/core/SessionImpl.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <new>
#include <thread>

//===----------------------------------------------------------------------===//
// Counted allocation
//===----------------------------------------------------------------------===//

static std::atomic<int64_t> allocations{0};

#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define SEQC_TEST_SANITIZED
#endif
#endif

#ifdef SEQC_TEST_SANITIZED
// The sanitizers own operator new, and tell about it.
extern "C" int __sanitizer_install_malloc_and_free_hooks(
    void (*allocated)(const volatile void *, size_t),
    void (*freed)(const volatile void *));
static const int kHooks = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void *, size_t) { ++allocations; },
    [](const volatile void *) {});
#else
static void *counted(void *memory) {
  ++allocations;
  if (!memory)
    std::abort();
  return memory;
}
void *operator new(size_t size) { return counted(std::malloc(size + 1)); }
void *operator new(size_t size, std::align_val_t alignment) {
  size_t unit = static_cast<size_t>(alignment);
  return counted(std::aligned_alloc(unit, (size + unit) / unit * unit));
}
void operator delete(void *memory) noexcept { std::free(memory); }
void operator delete(void *memory, size_t) noexcept { std::free(memory); }
void operator delete(void *memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void *memory, size_t, std::align_val_t) noexcept {
  std::free(memory);
}
#endif

using namespace seqc;
using namespace seqc::rt;
using namespace seqc::test;

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

static Session newSession(int threads = 1, Plan plan = testPlan()) {
  auto parallel = std::make_shared<const Parallel>(threads);
  auto loaded = LoadedPlan::create(std::move(plan), testKernels(),
                                   testWeights(), *parallel);
  EXPECT_TRUE(loaded.ok()) << loaded.status().str();
  Result<Session> session = makeSession(*loaded, parallel);
  EXPECT_TRUE(session.ok()) << session.status().str();
  return std::move(*session);
}

TEST(SessionTest, PacksBatchesWithLengths) {
  for (int threads : {1, 2}) {
    Session session = newSession(threads);
    int seed = 0;
    for (std::vector<int64_t> lengths : std::vector<std::vector<int64_t>>{
             {4}, {4, 4}, {1, 5, 3}, {0, 2}, {0}, {0, 0}, {}, {7}, {900, 1200}})
      for (int64_t padTo : {0, 9}) {
        SCOPED_TRACE(testing::Message() << lengths.size() << " pad " << padTo);
        ASSERT_TRUE(session.resetState().ok());
        std::vector<Sequence> sequences = batchOf(lengths, ++seed);
        Call call(sequences, padTo);
        Status status = call.run(session);
        ASSERT_TRUE(status.ok()) << status.str();
        compute(sequences);
        call.expect(sequences);
      }
  }
}

TEST(SessionTest, WithoutLengthsAllTokensCount) {
  Session session = newSession();
  std::vector<Sequence> sequences = batchOf({6, 6}, 1);
  Call call(sequences);
  ASSERT_TRUE(call.run(session, false).ok());
  compute(sequences);
  call.expect(sequences);
}

TEST(SessionTest, BatchesDoNotChangeASequence) {
  std::vector<Sequence> sequences = batchOf({5, 1, 8, 0}, 2);
  Session together = newSession();
  Call all(sequences);
  ASSERT_TRUE(all.run(together).ok());
  for (size_t b = 0; b < sequences.size(); ++b) {
    Session alone = newSession();
    Call one({sequences[b]});
    ASSERT_TRUE(one.run(alone).ok());
    EXPECT_EQ(std::memcmp(one.out.data(),
                          all.out.as<float>() +
                              static_cast<int64_t>(b) * all.tokens * kWidth,
                          one.out.bytes()),
              0);
  }
}

TEST(SessionTest, CarriesStateAndPositions) {
  // Unequal pieces, an empty one among them, against the whole at once.
  std::vector<Sequence> whole = batchOf({20, 13}, 3), pieces = whole;
  Session session = newSession();
  size_t at[2] = {0, 0};
  const size_t cuts[][2] = {{3, 0}, {0, 5}, {9, 1}, {8, 7}};
  for (const auto &cut : cuts) {
    for (size_t b = 0; b < 2; ++b) {
      pieces[b].x.assign(whole[b].x.begin() + at[b],
                         whole[b].x.begin() + at[b] + cut[b]);
      pieces[b].ids.assign(whole[b].ids.begin() + at[b],
                           whole[b].ids.begin() + at[b] + cut[b]);
      at[b] += cut[b];
    }
    Call call(pieces);
    ASSERT_TRUE(call.run(session).ok());
    compute(pieces);
    call.expect(pieces);
  }
  compute(whole);
  Tensor state(DType::F32, {2, kWidth}), position(DType::I64, {2});
  ASSERT_TRUE(session.exportState("sum", state.ref()).ok());
  ASSERT_TRUE(session.exportState("position", position.ref()).ok());
  for (size_t b = 0; b < 2; ++b) {
    EXPECT_EQ(position.as<int64_t>()[b], whole[b].position);
    for (int64_t d = 0; d < kWidth; ++d)
      EXPECT_EQ(state.as<float>()[b * kWidth + d], whole[b].sum[d]);
  }
}

TEST(SessionTest, ImportedStateContinues) {
  std::vector<Sequence> sequences = batchOf({6, 6}, 4);
  Session first = newSession(), second = newSession();
  Call call(sequences);
  ASSERT_TRUE(call.run(first).ok());
  compute(sequences);
  Tensor state(DType::F32, {2, kWidth}), position(DType::I64, {2});
  ASSERT_TRUE(first.exportState("sum", state.ref()).ok());
  ASSERT_TRUE(first.exportState("position", position.ref()).ok());
  ASSERT_TRUE(second.importState("sum", state.ref()).ok());
  ASSERT_TRUE(second.importState("position", position.ref()).ok());
  Call next(sequences);
  ASSERT_TRUE(next.run(second).ok());
  compute(sequences);
  next.expect(sequences);

  // After a reset every state is zero, for any number of sequences.
  ASSERT_TRUE(second.resetState().ok());
  Tensor five(DType::F32, {5, kWidth});
  std::fill_n(five.as<float>(), five.size(), 3.0f);
  ASSERT_TRUE(second.exportState("sum", five.ref()).ok());
  EXPECT_EQ(*std::max_element(five.as<float>(), five.as<float>() + five.size()),
            0.0f);
  std::vector<Sequence> fresh = batchOf({3, 1, 2, 3, 1}, 5);
  Call again(fresh);
  ASSERT_TRUE(again.run(second).ok());
  compute(fresh);
  again.expect(fresh);
}

TEST(SessionTest, LongerCallsKeepTheState) {
  // Growth moves the state; its content has to come along.
  Session session = newSession();
  std::vector<Sequence> sequences(2);
  std::mt19937 random(6);
  for (int64_t length : {1, 2, 40, 3, 900}) {
    for (Sequence &sequence : sequences)
      randomTokens(sequence, length, random);
    Call call(sequences);
    ASSERT_TRUE(call.run(session).ok());
    compute(sequences);
    call.expect(sequences);
  }
}

TEST(SessionTest, TakesAnyStrides) {
  std::vector<Sequence> sequences = batchOf({4, 2, 3}, 7);
  Call call(sequences);
  // x and out stored [T, B, W] with one float between elements, ids backwards
  // and I32, pooled transposed.
  int64_t B = call.batch, T = call.tokens;
  std::vector<float> x(T * B * kWidth * 2), out(T * B * kWidth * 2, -7.0f),
      pooled(B * kWidth);
  std::vector<int32_t> ids(B * T);
  for (int64_t b = 0; b < B; ++b)
    for (int64_t t = 0; t < T; ++t) {
      ids[B * T - 1 - (b * T + t)] =
          static_cast<int32_t>(call.ids.as<int64_t>()[b * T + t]);
      for (int64_t d = 0; d < kWidth; ++d)
        x[((t * B + b) * kWidth + d) * 2] =
            call.x.as<float>()[(b * T + t) * kWidth + d];
    }
  int64_t wide[] = {kWidth * 2, B * kWidth * 2, 2}, back[] = {-T, -1},
          turned[] = {1, B};
  call.inputs[0].data = x.data();
  call.inputs[0].strides = wide;
  call.inputs[1].data = ids.data() + B * T - 1;
  call.inputs[1].dtype = DType::I32;
  call.inputs[1].strides = back;
  call.outputs[0].data = out.data();
  call.outputs[0].strides = wide;
  call.outputs[1].data = pooled.data();
  call.outputs[1].strides = turned;
  Session session = newSession();
  Status status = call.run(session);
  ASSERT_TRUE(status.ok()) << status.str();
  for (int64_t b = 0; b < B; ++b)
    for (int64_t d = 0; d < kWidth; ++d) {
      call.pooled.as<float>()[b * kWidth + d] = pooled[d * B + b];
      for (int64_t t = 0; t < T; ++t) {
        size_t place = ((t * B + b) * kWidth + d) * 2;
        call.out.as<float>()[(b * T + t) * kWidth + d] = out[place];
        EXPECT_EQ(out[place + 1], -7.0f) << "wrote between elements";
      }
    }
  compute(sequences);
  call.expect(sequences);
}

TEST(SessionTest, OutputsMayOverwriteInputs) {
  std::vector<Sequence> sequences = batchOf({5, 5}, 8);
  Call call(sequences);
  call.outputs[0].data = call.x.data();
  Session session = newSession();
  ASSERT_TRUE(call.run(session, false).ok());
  std::memcpy(call.out.data(), call.x.data(), call.out.bytes());
  compute(sequences);
  call.expect(sequences);
}

TEST(SessionTest, OptionsAndGateCounts) {
  std::vector<Sequence> sequences = batchOf({30, 10}, 9);
  for (float bias :
       {0.0f, -2.0f, 1000.0f, -std::numeric_limits<float>::infinity()}) {
    Session session = newSession();
    ASSERT_TRUE(session.setOption("act_bias", bias).ok());
    std::vector<Sequence> copy = sequences;
    Call call(copy);
    ASSERT_TRUE(call.run(session).ok());
    compute(copy, bias);
    call.expect(copy);
    std::vector<GateCount> counts = session.gateCounts();
    ASSERT_EQ(counts.size(), 1u);
    EXPECT_EQ(counts[0].layer, "layers.0");
    EXPECT_EQ(counts[0].active, copy[0].kept + copy[1].kept);
    EXPECT_EQ(counts[0].rows, 40);
  }
  Session session = newSession();
  EXPECT_EQ(session.setOption("act_bias", std::nanf("")).message(),
            "option 'act_bias': expected a number, got NaN");
  EXPECT_EQ(session.setOption("bias", 1).message(),
            "option 'bias': no such option; this model has act_bias");
  EXPECT_EQ(session.gateCounts()[0].active, 0);
}

TEST(SessionTest, TimesStepsOnRequest) {
  Session session = newSession();
  std::vector<Sequence> sequences = batchOf({50}, 10);
  Call call(sequences);
  ASSERT_TRUE(call.run(session).ok());
  EXPECT_TRUE(session.stepTimes().empty());
  session.setTiming(true);
  ASSERT_TRUE(call.run(session).ok());
  std::vector<StepTime> times = session.stepTimes();
  ASSERT_EQ(times.size(), testPlan().run.size());
  EXPECT_EQ(times[0].kernel, "sum");
  EXPECT_EQ(times[0].layer, "layers.0");
  EXPECT_FALSE(times[0].gated);
  EXPECT_EQ(times[2].kernel, "count");
  EXPECT_EQ(times[3].kernel, "gather");
  EXPECT_TRUE(times[3].gated);
  EXPECT_EQ(times[4].kernel, "copy");
  double total = 0;
  for (const StepTime &time : times)
    total += time.ms;
  EXPECT_GT(total, 0);
  session.setTiming(false);
  EXPECT_TRUE(session.stepTimes().empty());
}

TEST(SessionTest, ModelsThatAreNotCausalStartAnew) {
  Plan plan = testPlan();
  plan.causal = false;
  Session session = newSession(1, plan);
  for (std::vector<int64_t> lengths :
       std::vector<std::vector<int64_t>>{{4, 2}, {4, 2}, {3}}) {
    std::vector<Sequence> sequences = batchOf(lengths, 11);
    Call call(sequences);
    ASSERT_TRUE(call.run(session).ok());
    compute(sequences);
    call.expect(sequences);
  }
  Tensor state(DType::F32, {1, kWidth});
  EXPECT_EQ(session.exportState("sum", state.ref()).code(),
            ErrorCode::Unsupported);
  EXPECT_TRUE(signatureOf(plan).states.empty());
}

TEST(SessionTest, SignatureFollowsThePlan) {
  Signature signature = signatureOf(testPlan());
  ASSERT_EQ(signature.inputs.size(), 3u);
  EXPECT_EQ(signature.inputs[0].name, "x");
  EXPECT_EQ(signature.inputs[0].shape, (std::vector<int64_t>{-1, -1, 3}));
  EXPECT_EQ(signature.inputs[0].dims, (std::vector<std::string>{"B", "T", ""}));
  EXPECT_EQ(signature.inputs[1].dtype, DType::I64);
  EXPECT_EQ(signature.inputs[2].name, "lengths");
  EXPECT_TRUE(signature.inputs[2].optional);
  ASSERT_EQ(signature.outputs.size(), 3u);
  EXPECT_EQ(signature.outputs[1].dims, (std::vector<std::string>{"B", ""}));
  ASSERT_EQ(signature.states.size(), 2u);
  EXPECT_EQ(signature.states[0].name, "sum");
  EXPECT_EQ(signature.states[1].name, "position");
  EXPECT_EQ(signature.maxPositions, 5000);
}

TEST(SessionTest, AnInterpreterMayStandInForSteps) {
  Plan plan = testPlan();
  plan.run.clear();
  plan.prepare.clear();
  auto loaded = LoadedPlan::interpret(
      plan, [](const SeqcBuffer *buffers, int64_t *symbols) {
        for (int64_t i = 0; i < buffers[0].dims[0] * kWidth; ++i)
          f32w(buffers[16])[i] = f32(buffers[0])[i] + f32(buffers[4])[0];
        symbols[2] = 5;
        return Status();
      });
  ASSERT_TRUE(loaded.ok()) << loaded.status().str();
  Result<Session> session =
      makeSession(*loaded, std::make_shared<const Parallel>(1));
  ASSERT_TRUE(session.ok());
  ASSERT_TRUE(session->setOption("act_bias", 0.25f).ok());
  std::vector<Sequence> sequences = batchOf({3, 5}, 12);
  Call call(sequences);
  ASSERT_TRUE(call.run(*session).ok());
  EXPECT_EQ(call.out.as<float>()[5 * kWidth], sequences[1].x[0][0] + 0.25f);
  EXPECT_EQ(call.out.as<float>()[4 * kWidth], 0.0f);
  EXPECT_EQ(session->gateCounts()[0].active, 5);
  EXPECT_FALSE(LoadedPlan::interpret(testPlan(), {}).ok());
}

//===----------------------------------------------------------------------===//
// Refused calls
//===----------------------------------------------------------------------===//

static std::string refusal(const std::function<void(Call &)> &change,
                           std::vector<int64_t> lengths = {4, 2}) {
  Session session = newSession();
  Call call(batchOf(lengths, 13));
  change(call);
  return call.run(session).message();
}

TEST(SessionChecks, OneClearMessageEach) {
  int64_t shape[] = {2, 4, 64}, three[] = {3, 4, 3}, five[] = {2, 5},
          negative[] = {2, -4, 3}, one[] = {1}, pool[] = {2, 4};
  struct Case {
    const char *expected;
    std::function<void(Call &)> change;
  };
  const Case cases[] = {
      {"", [](Call &) {}},
      {"input 'x': expected F32, got F64",
       [](Call &c) { c.inputs[0].dtype = DType::F64; }},
      {"input 'x': expected rank 3 [B, T, 3], got rank 2",
       [](Call &c) { c.inputs[0].rank = 2; }},
      {"input 'x': dimension 2 is 64, expected 3",
       [&](Call &c) { c.inputs[0].shape = shape; }},
      {"input 'x': dimension 1 is -4, which makes no tensor",
       [&](Call &c) { c.inputs[0].shape = negative; }},
      {"input 'x': has no data", [](Call &c) { c.inputs[0].data = nullptr; }},
      {"input 'x': has no shape", [](Call &c) { c.inputs[0].shape = nullptr; }},
      {"input 'x': expected host memory, got device memory",
       [](Call &c) { c.inputs[0].device = Device::Cuda; }},
      {"input 'ids': dimension 0 (B) is 2, expected 3 as in the tensors before "
       "it",
       [&](Call &c) { c.inputs[0].shape = three; }},
      {"input 'ids': dimension 1 (T) is 5, expected 4 as in the tensors before "
       "it",
       [&](Call &c) { c.inputs[1].shape = five; }},
      {"input 'ids': expected I64 or I32, got F32",
       [](Call &c) { c.inputs[1].dtype = DType::F32; }},
      {"input 'ids': id 10 at sequence 1, token 1, expected 0 to 9",
       [](Call &c) { c.ids.as<int64_t>()[5] = 10; }},
      {"input 'ids': id -1 at sequence 0, token 3, expected 0 to 9",
       [](Call &c) { c.ids.as<int64_t>()[3] = -1; }},
      {"input 'ids': id 4294967296 at sequence 0, token 0, expected 0 to 9",
       [](Call &c) { c.ids.as<int64_t>()[0] = int64_t(1) << 32; }},
      {"input 'lengths': sequence 1 has length 5, expected 0 to 4",
       [](Call &c) { c.lengths.as<int64_t>()[1] = 5; }},
      {"input 'lengths': sequence 0 has length -1, expected 0 to 4",
       [](Call &c) { c.lengths.as<int64_t>()[0] = -1; }},
      {"input 'lengths': dimension 0 (B) is 1, expected 2 as in the tensors "
       "before it",
       [&](Call &c) { c.inputs[2].shape = one; }},
      {"input 'lengths': expected I64 or I32, got F32",
       [](Call &c) { c.inputs[2].dtype = DType::F32; }},
      {"output 'out': dimension 1 (T) is 5, expected 4 as in the tensors "
       "before it",
       [](Call &c) {
         c.out = Tensor(DType::F32, {2, 5, 3});
         c.refs();
       }},
      {"output 'pooled': dimension 1 is 4, expected 3",
       [&](Call &c) { c.outputs[1].shape = pool; }},
      {"output 'z': expected F32, got I32",
       [](Call &c) { c.outputs[2].dtype = DType::I32; }},
  };
  for (const Case &item : cases)
    EXPECT_EQ(refusal(item.change), item.expected);
}

TEST(SessionChecks, NumberOfTensors) {
  Session session = newSession();
  Call call(batchOf({2}, 1));
  EXPECT_EQ(
      session.run(call.inputs.data(), 1, call.outputs.data(), 3).message(),
      "expected 2 inputs (x, ids) and optionally lengths, got 1");
  EXPECT_EQ(
      session.run(call.inputs.data(), 2, call.outputs.data(), 2).message(),
      "expected 3 outputs (out, pooled, z), got 2");
}

TEST(SessionChecks, PositionsEndWithTheTable) {
  Plan plan = testPlan();
  plan.maxPositions = 512;
  Session session = newSession(1, plan);
  Call tooLong(batchOf({700}, 1));
  EXPECT_EQ(tooLong.run(session).message(),
            "sequence 0 reaches position 700, but the position table has 512 "
            "entries; use a shorter input or a model with a larger table");
  Call most(batchOf({10, 510}, 1)), rest(batchOf({3, 3}, 1)),
      fits(batchOf({3, 2}, 1));
  ASSERT_TRUE(most.run(session).ok());
  EXPECT_EQ(rest.run(session).message(),
            "sequence 1 reaches position 513, but the position table has 512 "
            "entries; use a shorter input or a model with a larger table");
  EXPECT_TRUE(fits.run(session).ok());
}

TEST(SessionChecks, ARefusedCallChangesNothing) {
  Session session = newSession();
  std::vector<Sequence> sequences = batchOf({4, 2}, 14);
  Call first(sequences), bad(sequences), second(sequences);
  ASSERT_TRUE(first.run(session).ok());
  compute(sequences);
  bad.ids.as<int64_t>()[5] = 99;
  ASSERT_FALSE(bad.run(session).ok());
  EXPECT_EQ(bad.out.as<float>()[0], -77.0f);
  EXPECT_EQ(bad.z.as<float>()[0], -77.0f);
  ASSERT_TRUE(second.run(session).ok());
  compute(sequences);
  second.expect(sequences);
}

TEST(SessionChecks, StateBelongsToItsSequences) {
  Session session = newSession();
  Call two(batchOf({2, 2}, 1)), three(batchOf({2, 2, 2}, 1));
  ASSERT_TRUE(two.run(session).ok());
  EXPECT_EQ(three.run(session).message(),
            "the state belongs to 2 sequences, but the call has 3; reset the "
            "state first");
  Tensor state(DType::F32, {3, kWidth}), narrow(DType::F32, {2, 4}),
      position(DType::I64, {2});
  EXPECT_EQ(session.exportState("sum", state.ref()).message(),
            "state 'sum': dimension 0 (B) is 3, expected 2 as in the tensors "
            "before it");
  EXPECT_EQ(session.importState("sum", narrow.ref()).message(),
            "state 'sum': dimension 1 is 4, expected 3");
  EXPECT_EQ(session.importState("total", state.ref()).message(),
            "state 'total': no such state; this model has sum, position");
  position.as<int64_t>()[1] = -3;
  EXPECT_EQ(session.importState("position", position.ref()).message(),
            "state 'position': sequence 1 has -3, expected 0 to 5000");
  position.as<int64_t>()[1] = 5001;
  EXPECT_EQ(session.importState("position", position.ref()).message(),
            "state 'position': sequence 1 has 5001, expected 0 to 5000");
  ASSERT_TRUE(session.resetState().ok());
  EXPECT_TRUE(three.run(session).ok());
}

TEST(SessionChecks, ArraysOfTensorsAreThere) {
  Session session = newSession();
  Call call(batchOf({2}, 1));
  ASSERT_TRUE(call.run(session).ok());
  TensorRef none;
  EXPECT_EQ(session.run(nullptr, 2, &none, 3).message(),
            "the array of inputs is null, expected 2 tensors");
  EXPECT_EQ(session.run(&none, 2, nullptr, 3).message(),
            "the array of outputs is null, expected 3 tensors");
}

TEST(SessionChecks, AModelNeedsTokens) {
  PlanMaker m;
  m.plan.symbols = {"rows", "sequences"};
  m.buffer("x", BufferKind::Input, DType::F32, {{kSymbolSequences, 0}});
  auto parallel = std::make_shared<const Parallel>(1);
  auto loaded = LoadedPlan::create(m.plan, {}, nullptr, *parallel);
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(makeSession(*loaded, parallel).status().code(),
            ErrorCode::InvalidModel);
}

//===----------------------------------------------------------------------===//
// Allocation and threads
//===----------------------------------------------------------------------===//

TEST(SessionMemory, ARepeatedShapeAllocatesNothing) {
  Session session = newSession();
  // Dense, padded and converted inputs; fewer rows than before; timing on.
  session.setTiming(true);
  Call large(batchOf({40, 40}, 1)), ragged(batchOf({40, 7}, 2)),
      small(batchOf({1, 1}, 3));
  for (Call *call : {&large, &ragged, &small})
    ASSERT_TRUE(call->run(session).ok());
  size_t workspace = session.workspaceBytes();
  int64_t before = allocations;
  ASSERT_GT(before, 0) << "nothing is counted";
  bool good = true;
  for (int round = 0; round < 3; ++round) {
    for (Call *call : {&ragged, &large, &small})
      good &= call->run(session).ok();
    good &= session.resetState().ok();
  }
  int64_t after = allocations;
  EXPECT_TRUE(good);
  EXPECT_EQ(after - before, 0);
  EXPECT_EQ(session.workspaceBytes(), workspace);
}

TEST(SessionMemory, VariantsAndTheirCountsAllocateNothing) {
  for (SpecialiseMode mode : {SpecialiseMode::Off, SpecialiseMode::Force}) {
    SpecialiserOptions options;
    options.mode = mode;
    Toy toy(options);
    Session session = toy.session();
    Call all(batchOf({9}, 1)), few(batchOf({1, 1}, 2));
    int64_t allocated = 0;
    auto run = [&](Call &call, float bias) {
      bool good = session.resetState().ok() &&
                  session.setOption("act_bias", bias).ok(); // makes messages
      int64_t before = allocations;
      good &= call.run(session).ok();
      allocated += allocations - before;
      return good;
    };
    bool good = run(all, 100) && run(few, 100);
    allocated = 0;
    for (int round = 0; round < 20; ++round) // counts are handed over twice
      good &= run(all, 100) && run(few, 0) && run(all, -100);
    EXPECT_EQ(allocated, 0);
    EXPECT_TRUE(good);
  }
}

TEST(SessionMemory, SessionsOfOneProgramRunAtTheSameTime) {
  auto parallel = std::make_shared<const Parallel>(2);
  auto loaded =
      LoadedPlan::create(testPlan(), testKernels(), testWeights(), *parallel);
  ASSERT_TRUE(loaded.ok());
  std::atomic<int> failures{0};
  auto work = [&](unsigned seed) {
    Result<Session> session = makeSession(*loaded, parallel);
    for (unsigned round = 0; round < 5; ++round) {
      std::vector<Sequence> sequences = batchOf({900, 1300}, seed + round);
      Call call(sequences);
      if (!session->resetState().ok() || !call.run(*session).ok())
        ++failures;
      compute(sequences);
      for (int64_t t = 0; t < 1300; ++t)
        if (call.out.as<float>()[(1300 + t) * kWidth] != sequences[1].out[t][0])
          ++failures;
    }
  };
  std::vector<std::thread> callers;
  for (unsigned i = 0; i < 3; ++i)
    callers.emplace_back(work, 100 * i);
  for (std::thread &caller : callers)
    caller.join();
  EXPECT_EQ(failures, 0);
}
