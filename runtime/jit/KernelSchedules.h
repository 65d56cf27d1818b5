//===- KernelSchedules.h - a schedule file on the kernels of a model ------===//
#ifndef SEQC_RUNTIME_JIT_KERNELSCHEDULES_H
#define SEQC_RUNTIME_JIT_KERNELSCHEDULES_H

#include "runtime/jit/ScheduleFile.h"

#include "mlir/IR/BuiltinOps.h"

#include <string_view>
#include <vector>

namespace seqc::jit {

/// Sets the schedules of the file's kernels in a partitioned module. All that
/// is wrong with the file is in the status, with its place.
Status applySchedule(mlir::ModuleOp partitioned, const ScheduleFile &file,
                     std::string_view target);

/// The choices for all kernels of a partitioned module, in order.
std::vector<ScheduleChoice> scheduleChoices(mlir::ModuleOp partitioned);

} // namespace seqc::jit

#endif // SEQC_RUNTIME_JIT_KERNELSCHEDULES_H
