//===- CoreSpecialiserTest.cpp - observe, compile, try, keep --------------===//
#include "test/unit/CoreTestCall.h"
#include "test/unit/CoreTestVariants.h"

#include "runtime/core/SessionImpl.h"

#include <gtest/gtest.h>

#include <map>
#include <mutex>

using namespace seqc;
using namespace seqc::rt;
using namespace seqc::test;

//===----------------------------------------------------------------------===//
// A program
//===----------------------------------------------------------------------===//

namespace {

struct Toy {
  explicit Toy(SpecialiserOptions options = {},
                   SpecialiserHooks hooks = {compileVariant, {}, {}, {}, {}},
                   int threads = 1)
      : parallel(std::make_shared<const Parallel>(threads)),
        loaded(*LoadedPlan::create(variantPlan(), testKernels(), testWeights(),
                                   *parallel)),
        specialiser(std::make_shared<Specialiser>(loaded->plan(),
                                                  std::move(hooks), options)) {}

  Session session() const {
    return *makeSession(loaded, parallel, specialiser);
  }
  int32_t slot(int32_t kernel, int32_t variant) const {
    for (const Site &site : specialiser->sites().sites)
      if (site.kernel == kernel)
        return site.firstSlot + variant;
    return -1;
  }
  VariantReport report(int32_t kernel, int32_t variant) const {
    for (const SiteReport &site : specialiser->report())
      if (site.kernel == kernel)
        return site.variants[variant];
    return {};
  }

  std::shared_ptr<const Parallel> parallel;
  std::shared_ptr<const LoadedPlan> loaded;
  std::shared_ptr<Specialiser> specialiser;
};

} // namespace

static void runChecked(Session &session, std::vector<Sequence> &sequences,
                       float bias = 0) {
  Call call(sequences);
  ASSERT_TRUE(session.setOption("act_bias", bias).ok());
  Status status = call.run(session);
  ASSERT_TRUE(status.ok()) << status.str();
  compute(sequences, bias);
  call.expect(sequences);
}

TEST(SpecialiserTest, ForcedVariantsRunWhereTheyMay) {
  SpecialiserOptions options;
  options.mode = SpecialiseMode::Force;
  Toy program(options);
  EXPECT_EQ(program.specialiser->timeline().size(), 4u);
  Session session = program.session();
  session.setTiming(true);
  int64_t few = variantUse[kFewRows].ran, all = variantUse[kAllRows].ran,
          one = variantUse[kOneRow].ran, shortRuns = variantUse[kShort].ran;
  std::vector<Sequence> sequences = batchOf({9}, 1);
  runChecked(session, sequences, 100); // all rows
  EXPECT_GT(variantUse[kAllRows].ran, all);
  EXPECT_EQ(variantUse[kFewRows].ran, few);
  EXPECT_EQ(session.stepTimes()[0].variant, "generic");
  EXPECT_EQ(session.stepTimes()[1].variant, "");
  EXPECT_EQ(session.stepTimes()[3].variant, "all-rows");
  ASSERT_TRUE(session.resetState().ok());
  sequences = batchOf({1, 1, 1}, 2);
  runChecked(session, sequences);
  EXPECT_EQ(variantUse[kOneRow].ran, one + 1);
  EXPECT_EQ(variantUse[kShort].ran, shortRuns + 1);
  EXPECT_EQ(session.stepTimes()[0].variant, "one-row");
  ASSERT_TRUE(session.resetState().ok());
  sequences = batchOf({3, 40}, 3);
  runChecked(session, sequences, -100); // none: nothing to gather
  EXPECT_EQ(session.stepTimes()[3].variant, "");
  EXPECT_EQ(ranDead, 0);
}
