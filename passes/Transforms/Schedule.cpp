//===- Schedule.cpp - tiles of each kernel --------------------------------===//

#include "passes/Analysis/KernelForm.h"
#include "passes/Analysis/ScheduleModel.h"
#include "passes/Passes.h"

#include "mlir/IR/Remarks.h"

namespace seqc::passes {
#define GEN_PASS_DEF_SCHEDULEPASS
#include "passes/Passes.h.inc"
} // namespace seqc::passes

using namespace mlir;
using namespace seqc::ir;
using namespace seqc::passes;

static constexpr llvm::StringLiteral kCategory = "seqc-schedule";

namespace {
struct SchedulePass
    : public seqc::passes::impl::SchedulePassBase<SchedulePass> {
  void runOnOperation() override {
    func::FuncOp kernel = getOperation();
    if (!isKernel(kernel) || isTiled(kernel))
      return;
    TargetAttr target = targetOf(kernel);
    auto schedule = kernel->getAttrOfType<ScheduleAttr>(names::kSchedule);
    if (!schedule) {
      schedule = chooseSchedule(kernel, target);
      kernel->setAttr(names::kSchedule, schedule);
      ++scheduled;
    }
    remark::analysis(kernel.getLoc(),
                     remark::RemarkOpts::name("tiles").category(kCategory))
        << remark::metric("kernel", kernel.getSymName())
        << remark::metric("rows", schedule.getRows())
        << remark::metric("registerRows", schedule.getRegisterRows())
        << remark::metric("registerVectors", schedule.getRegisterVectors())
        << remark::metric("keys", schedule.getKeys());
    kernel.walk([&](linalg::LinalgOp op) {
      if (!panelVectors(op, target))
        return;
      ScheduleAttr own = contractionSchedule(op, schedule, target);
      if (own != schedule)
        op->setAttr(names::kSchedule, own);
    });
  }
};
} // namespace
