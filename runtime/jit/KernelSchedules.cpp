//===- KernelSchedules.cpp - a schedule file on the kernels of a model ----===//

#include "runtime/jit/KernelSchedules.h"

#include "dialect/SeqcDialect.h"
#include "frontends/json/JsonReader.h"
#include "passes/Analysis/KernelForm.h"
#include "passes/Analysis/ScheduleModel.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/STLExtras.h"

using namespace seqc;
using namespace seqc::jit;
using passes::KernelForm;

/// Key tiles are transposed in squares of this size at least.
static constexpr int64_t kKeyStep = 8;
/// A file may go beyond what the schedule model takes for a good size of code.
static constexpr int64_t kMostUnrolledOps = 2 * passes::kMaxUnrolledOps;

/// The fields that the tiling of a form reads.
static std::vector<ScheduleField> fieldsOf(KernelForm form) {
  using Field = ScheduleField;
  switch (form) {
  case KernelForm::Rows:
    // Partition packed the weights: the vectors of a tile are decided.
    return {Field::Rows, Field::RegisterRows, Field::Unroll};
  case KernelForm::Channels:
    return {Field::RegisterVectors};
  case KernelForm::Queries:
    return {Field::Rows, Field::RegisterRows, Field::RegisterVectors,
            Field::Keys, Field::Unroll,       Field::Block};
  case KernelForm::Serial:
    return {};
  }
  llvm_unreachable("all forms are listed");
}

static void report(frontend::Problems &problems, const SchedulePlace &place,
                   std::string text) {
  Diagnostic diagnostic;
  diagnostic.line = place.line;
  diagnostic.column = place.column;
  diagnostic.path = place.path;
  diagnostic.text = std::move(text);
  problems.add(std::move(diagnostic));
}

static ScheduleValues valuesOf(ir::ScheduleAttr schedule) {
  return {schedule.getRows(),
          schedule.getRegisterRows(),
          schedule.getRegisterVectors(),
          schedule.getKeys(),
          schedule.getUnroll(),
          schedule.getBlock()};
}

static ir::ScheduleAttr withValues(ir::ScheduleAttr schedule,
                                   const ScheduleValues &values) {
  return ir::ScheduleAttr::get(schedule.getContext(), schedule.getForm(),
                               values[0], values[1], values[2], values[3],
                               values[4], values[5]);
}

static std::vector<mlir::func::FuncOp> kernelsOf(mlir::ModuleOp module) {
  std::vector<mlir::func::FuncOp> kernels;
  for (auto func : module.getOps<mlir::func::FuncOp>())
    if (passes::isKernel(func))
      kernels.push_back(func);
  return kernels;
}

namespace {
/// Checks and applies what a file says of one kernel.
class KernelScheduler {
public:
  KernelScheduler(mlir::func::FuncOp kernel, const ScheduleKernel &wanted,
                  std::string_view targetName, frontend::Problems &problems)
      : kernel(kernel), wanted(wanted), targetName(targetName),
        problems(problems), target(passes::targetOf(kernel)),
        chosen(passes::chooseSchedule(kernel, target)) {}

  void apply();

private:
  void checkEntry(const ScheduleEntry &entry, KernelForm form);
  void checkTile(const ScheduleValues &values);
  /// The first of `fields` that the file sets, for a message about several.
  const SchedulePlace *
  placeOfFirst(std::initializer_list<ScheduleField> fields);

  mlir::func::FuncOp kernel;
  const ScheduleKernel &wanted;
  std::string targetName;
  frontend::Problems &problems;
  ir::TargetAttr target;
  ir::ScheduleAttr chosen;
};
} // namespace

static std::string quoteAll(const std::vector<ScheduleField> &fields) {
  std::string text;
  for (ScheduleField field : fields)
    text += std::string(text.empty() ? "'" : ", '") + toString(field) + "'";
  return text;
}

void KernelScheduler::checkEntry(const ScheduleEntry &entry, KernelForm form) {
  std::vector<ScheduleField> fields = fieldsOf(form);
  std::string got = std::to_string(entry.value);
  if (!llvm::is_contained(fields, entry.field)) {
    std::string text = std::string("'") + toString(entry.field) +
                       "' has no meaning for a kernel of form '" +
                       chosen.getForm().str() + "'";
    report(problems, entry.place,
           text + (fields.empty() ? ", which has no tiles"
                                  : ", expected one of " + quoteAll(fields)));
    return;
  }
  if (entry.field == ScheduleField::Keys && entry.value % kKeyStep)
    report(problems, entry.place,
           "expected a multiple of " + std::to_string(kKeyStep) + ", got " +
               got);
  if (entry.field == ScheduleField::Block && entry.value % target.lanes())
    report(problems, entry.place,
           "expected a multiple of " + std::to_string(target.lanes()) +
               ", the lanes of a vector of " + targetName + ", got " + got);
}

const SchedulePlace *
KernelScheduler::placeOfFirst(std::initializer_list<ScheduleField> fields) {
  for (ScheduleField field : fields)
    for (const ScheduleEntry &entry : wanted.entries)
      if (entry.field == field)
        return &entry.place;
  return nullptr;
}

void KernelScheduler::checkTile(const ScheduleValues &values) {
  using Field = ScheduleField;
  int64_t rows = values[size_t(Field::RegisterRows)],
          vectors = values[size_t(Field::RegisterVectors)],
          unroll = values[size_t(Field::Unroll)];
  std::string tile = "a register tile of " + std::to_string(rows) +
                     " rows by " + std::to_string(vectors) + " vectors";
  // Accumulators, a row of weights and one operand.
  int64_t needed = (rows + 1) * vectors + 1;
  int64_t registers = target.getVectorRegisters();
  const SchedulePlace *place =
      placeOfFirst({Field::RegisterRows, Field::RegisterVectors});
  if (place && needed > registers)
    return report(problems, *place,
                  tile + " takes " + std::to_string(needed) +
                      " vector registers, " + targetName + " has " +
                      std::to_string(registers) + "; expected at most " +
                      std::to_string(
                          std::max<int64_t>(1, (registers - 1) / vectors - 1)) +
                      " rows");
  place = placeOfFirst(
      {Field::Unroll, Field::RegisterRows, Field::RegisterVectors});
  if (place && rows * vectors * unroll > kMostUnrolledOps)
    report(problems, *place,
           tile + " unrolled " + std::to_string(unroll) + " times is " +
               std::to_string(rows * vectors * unroll) +
               " multiply-adds, expected at most " +
               std::to_string(kMostUnrolledOps));
}

void KernelScheduler::apply() {
  KernelForm form = passes::kernelForm(kernel);
  ScheduleValues values = valuesOf(chosen);
  for (const ScheduleEntry &entry : wanted.entries) {
    checkEntry(entry, form);
    values[static_cast<size_t>(entry.field)] = entry.value;
  }
  // The vectors of channels are a block of them, none is an accumulator.
  if (form != KernelForm::Channels)
    checkTile(values);
  // Where nothing changes the kernel stays the one that the cache knows.
  if (!problems.any() && values != valuesOf(chosen))
    kernel->setAttr(ir::names::kSchedule, withValues(chosen, values));
}

Status jit::applySchedule(mlir::ModuleOp partitioned, const ScheduleFile &file,
                          std::string_view target) {
  frontend::Problems problems(file.name);
  if (!file.target.empty() && file.target != target)
    report(problems, file.targetPlace,
           "expected '" + std::string(target) +
               "', the target of this compile, got '" + file.target +
               "'; tune for this target or compile for the other");
  std::vector<mlir::func::FuncOp> kernels = kernelsOf(partitioned);
  std::vector<std::string> names;
  for (mlir::func::FuncOp kernel : kernels)
    names.push_back(kernel.getName().str());
  for (const ScheduleKernel &wanted : file.kernels) {
    auto found = llvm::find(names, wanted.name);
    if (found != names.end()) {
      KernelScheduler(kernels[found - names.begin()], wanted, target, problems)
          .apply();
      continue;
    }
    frontend::JsonValue place;
    place.line = wanted.place.line;
    place.column = wanted.place.column;
    place.path = wanted.place.path;
    frontend::reportUnknown(problems, place, "kernel", wanted.name, names);
  }
  return asArgument(problems);
}

/// Contractions alone are unrolled and go by register tiles.
static bool hasContraction(mlir::func::FuncOp kernel, ir::TargetAttr target) {
  return kernel
      .walk([&](mlir::Operation *op) {
        return passes::panelVectors(op, target) ? mlir::WalkResult::interrupt()
                                                : mlir::WalkResult::advance();
      })
      .wasInterrupted();
}

std::vector<ScheduleChoice> jit::scheduleChoices(mlir::ModuleOp partitioned) {
  std::vector<ScheduleChoice> choices;
  for (mlir::func::FuncOp kernel : kernelsOf(partitioned)) {
    ir::TargetAttr target = passes::targetOf(kernel);
    KernelForm form = passes::kernelForm(kernel);
    ir::ScheduleAttr model = passes::chooseSchedule(kernel, target);
    auto set = kernel->getAttrOfType<ir::ScheduleAttr>(ir::names::kSchedule);
    ScheduleChoice choice;
    choice.kernel = kernel.getName().str();
    choice.model = valuesOf(model);
    choice.current = valuesOf(set ? set : model);
    choice.fields = fieldsOf(form);
    choice.lanes = target.lanes();
    if (form == KernelForm::Rows && !hasContraction(kernel, target))
      choice.fields = {ScheduleField::Rows};
    choices.push_back(std::move(choice));
  }
  return choices;
}
