//===- CoreTestVariants.h - hand-written variants of the test model -------===//
//
// Each is right only where its guards hold, and only while its code is alive,
// which it checks.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_TEST_UNIT_CORETESTVARIANTS_H
#define SEQC_TEST_UNIT_CORETESTVARIANTS_H

#include "test/unit/CoreTestCall.h"
#include "test/unit/CoreTestModel.h"

#include "runtime/core/SessionImpl.h"
#include "runtime/core/Specialiser.h"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace seqc::test {

enum TestVariant : int { kFewRows, kAllRows, kOneRow, kShort, kTestVariants };

/// How often each ran, how many copies of its code there are, and whether it
/// ever ran without.
struct VariantUse {
  std::atomic<int64_t> ran{0};
  std::atomic<int64_t> alive{0};
};
inline VariantUse variantUse[kTestVariants];
inline std::atomic<int64_t> ranDead{0};

inline void noteRun(TestVariant variant) {
  ++variantUse[variant].ran;
  if (variantUse[variant].alive == 0)
    ++ranDead;
}

// gather of at most kTile rows, as one task; uses more scratch.
inline int64_t fewTasks(const SeqcBuffer *a) { return a[1].dims[0] > 0; }
inline void fewRun(const SeqcBuffer *a, int64_t, int64_t, void *scratch) {
  noteRun(kFewRows);
  float *rows = static_cast<float *>(scratch);
  for (int64_t i = 0; i < std::min(kTile, a[1].dims[0]); ++i)
    for (int64_t d = 0; d < kWidth; ++d)
      rows[i * kWidth + d] =
          f32(a[0])[i32(a[1])[i] * kWidth + d] * f32(a[2])[d];
  std::copy_n(rows, std::min(kTile, a[1].dims[0]) * kWidth, f32w(a[3]));
}

// gather of all rows: the index is the identity.
inline void allRun(const SeqcBuffer *a, int64_t begin, int64_t end, void *) {
  noteRun(kAllRows);
  int64_t last = std::min(end * kTile, a[1].dims[0]);
  for (int64_t i = begin * kTile * kWidth; i < last * kWidth; ++i)
    f32w(a[3])[i] = f32(a[0])[i] * f32(a[2])[i % kWidth];
}

// sum where sequence b owns row b.
inline void oneRowRun(const SeqcBuffer *a, int64_t begin, int64_t end, void *) {
  noteRun(kOneRow);
  for (int64_t i = begin * kWidth; i < end * kWidth; ++i)
    f32w(a[3])[i] = f32w(a[2])[i] += f32(a[0])[i];
}

// pool of at most two rows per sequence, as one task per call.
inline void shortRun(const SeqcBuffer *a, int64_t, int64_t, void *) {
  noteRun(kShort);
  for (int64_t b = 0; b < a[2].dims[0]; ++b)
    for (int64_t d = 0; d < kWidth; ++d) {
      int32_t first = i32(a[1])[b], count = i32(a[1])[b + 1] - first;
      float sum = count > 0 ? f32(a[0])[first * kWidth + d] : 0;
      if (count > 1)
        sum += f32(a[0])[(first + 1) * kWidth + d];
      f32w(a[2])[b * kWidth + d] = count > 0 ? sum / count : 0;
    }
}

inline constexpr int32_t kGather = 2, kSum = 0, kPool = 4;

inline rt::Plan variantPlan() {
  using rt::GuardKind;
  rt::Plan plan = testPlan();
  plan.kernels[kGather].variants = {
      {"few-rows", "few", {{GuardKind::AtMost, 1, 0, kTile, 0, 0}}},
      {"all-rows", "all", {{GuardKind::Same, 1, 0, 0, 0, 0}}}};
  plan.kernels[kSum].variants = {{"one-row",
                                  "one",
                                  {{GuardKind::OneRowEach, 1, 0, 0, 0, 0},
                                   {GuardKind::Same, 0, 0, 0, 2, 0}}}};
  plan.kernels[kPool].variants = {
      {"short", "short", {{GuardKind::LongestAtMost, 1, 0, 2, 0, 0}}}};
  return plan;
}

inline std::shared_ptr<void> liveCode(TestVariant variant) {
  ++variantUse[variant].alive;
  return std::shared_ptr<void>(new int(variant), [variant](void *memory) {
    --variantUse[variant].alive;
    delete static_cast<int *>(memory);
  });
}

inline Result<rt::CompiledVariant> compileVariant(int32_t kernel,
                                                  int32_t variant) {
  rt::CompiledVariant compiled;
  compiled.origin = "compiled";
  compiled.objectKey =
      "key-" + std::to_string(kernel) + "-" + std::to_string(variant);
  compiled.compileMs = 7;
  compiled.objectBytes = 100;
  if (kernel == kGather && variant == 0) {
    compiled.entry = {fewRun, fewTasks};
    compiled.scratchBytes = 4 * kWidth * kTile;
    compiled.code = liveCode(kFewRows);
  } else if (kernel == kGather) {
    compiled.entry = {allRun, gatherTasks};
    compiled.code = liveCode(kAllRows);
  } else if (kernel == kSum) {
    compiled.entry = {oneRowRun, sumTasks};
    compiled.code = liveCode(kOneRow);
  } else {
    compiled.entry = {shortRun, oneTask};
    compiled.code = liveCode(kShort);
  }
  return compiled;
}

//===----------------------------------------------------------------------===//
// A program with variants
//===----------------------------------------------------------------------===//

struct Toy {
  explicit Toy(
      rt::SpecialiserOptions options = {},
      rt::SpecialiserHooks hooks = {compileVariant, {}, {}, {}, {}, {}},
      int threads = 1)
      : parallel(std::make_shared<const rt::Parallel>(threads)),
        loaded(*rt::LoadedPlan::create(variantPlan(), testKernels(),
                                       testWeights(), *parallel)),
        specialiser(std::make_shared<rt::Specialiser>(
            loaded->plan(), std::move(hooks), options)) {}

  Session session() const {
    return *rt::makeSession(loaded, parallel, specialiser);
  }
  int32_t slot(int32_t kernel, int32_t variant) const {
    for (const rt::Site &site : specialiser->sites().sites)
      if (site.kernel == kernel)
        return site.firstSlot + variant;
    return -1;
  }
  rt::VariantReport report(int32_t kernel, int32_t variant) const {
    for (const rt::SiteReport &site : specialiser->report())
      if (site.kernel == kernel)
        return site.variants[variant];
    return {};
  }

  std::shared_ptr<const rt::Parallel> parallel;
  std::shared_ptr<const rt::LoadedPlan> loaded;
  std::shared_ptr<rt::Specialiser> specialiser;
};

inline void runChecked(Session &session, std::vector<Sequence> &sequences,
                       float bias = 0) {
  Call call(sequences);
  ASSERT_TRUE(session.setOption("act_bias", bias).ok());
  Status status = call.run(session);
  ASSERT_TRUE(status.ok()) << status.str();
  compute(sequences, bias);
  call.expect(sequences);
}

} // namespace seqc::test

#endif // SEQC_TEST_UNIT_CORETESTVARIANTS_H
