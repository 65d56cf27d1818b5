//===- Work.h - what a call of a kernel costs -----------------------------===//
#ifndef SEQC_RUNTIME_CORE_WORK_H
#define SEQC_RUNTIME_CORE_WORK_H

#include "runtime/core/Plan.h"

namespace seqc::rt {

struct Work {
  double flops = 0, exps = 0, bytes = 0;
};

/// For these arguments, whose extents and offsets are known.
Work workOf(const PlanKernel &kernel, const SeqcBuffer *args);

} // namespace seqc::rt

#endif // SEQC_RUNTIME_CORE_WORK_H
