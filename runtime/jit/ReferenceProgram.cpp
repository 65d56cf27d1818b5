//===- ReferenceProgram.cpp - the target `reference` ----------------------===//

#include "runtime/jit/ReferenceProgram.h"

#include "dialect/SeqcOps.h"
#include "frontends/layers/GeneratedWeights.h"
#include "passes/Analysis/Extents.h"
#include "passes/Analysis/StateLimits.h"
#include "runtime/interpreter/Interpreter.h"
#include "runtime/jit/Diagnostics.h"
#include "runtime/jit/Registry.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <cmath>
#include <cstring>
#include <mutex>

using namespace seqc;
using namespace seqc::jit;
using interpreter::Value;

namespace {
/// Which plan buffer stands for which named value of @forward.
struct Binding {
  std::string name; ///< as NamedValues spells it
  bool isArgument = false;
  bool isResult = false;
};

/// The module with everything that evaluating it needs. Calls are serialised:
/// the interpreter is not thread-safe.
class ReferenceModel {
public:
  ReferenceModel()
      : context(compilerRegistry(), mlir::MLIRContext::Threading::DISABLED) {}

  Status load(const ModelInput &model);
  Status run(const SeqcBuffer *buffers, int64_t *symbols);

  rt::Plan plan;
  DiagnosticHandler report; ///< empty once it has been used

private:
  Status addArgument(mlir::func::FuncOp forward, unsigned index,
                     const WeightSource &weights);
  Status addWeight(const std::string &name, mlir::RankedTensorType type,
                   const WeightSource &weights);
  void addResult(mlir::func::FuncOp forward, unsigned index);
  void reportNonFinite(const interpreter::NamedValues &arguments,
                       const interpreter::NamedValues &results);
  rt::Extent extentOf(mlir::Value value, int64_t dim) const;
  rt::PlanBuffer describe(mlir::Value value, std::string name,
                          rt::BufferKind kind) const;

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::unique_ptr<interpreter::Interpreter> evaluator;
  std::vector<Binding> bindings; ///< by plan buffer
  interpreter::NamedValues constants;
  std::mutex mutex;
};
} // namespace

static Value readValue(DType dtype, const void *data,
                       interpreter::Shape shape) {
  int64_t count = interpreter::elementCount(shape);
  if (dtype == DType::F32) {
    auto *from = static_cast<const float *>(data);
    return Value::floats(std::move(shape),
                         std::vector<double>(from, from + count));
  }
  auto *from = static_cast<const int32_t *>(data);
  return Value::ints(std::move(shape),
                     std::vector<int64_t>(from, from + count));
}

static void writeValue(DType dtype, void *data, const Value &value) {
  for (int64_t i = 0, e = value.size(); i < e; ++i) {
    if (dtype == DType::F32)
      static_cast<float *>(data)[i] = static_cast<float>(value.f()[i]);
    else
      static_cast<int32_t *>(data)[i] = static_cast<int32_t>(value.i()[i]);
  }
}

/// One symbol per gate, in the order in which gates are evaluated.
static void addGates(mlir::func::FuncOp forward, rt::Plan &plan) {
  forward.walk([&](ir::CountOp count) {
    if (!count.getGate())
      return;
    plan.gates.push_back(
        {count.getGate()->str(), static_cast<int32_t>(plan.symbols.size())});
    plan.symbols.push_back("active." + count.getGate()->str());
  });
}

rt::Extent ReferenceModel::extentOf(mlir::Value value, int64_t dim) const {
  using Kind = passes::SymbolicExtent::Kind;
  passes::SymbolicExtent extent = passes::extentOf(value, dim);
  if (extent.kind == Kind::Sequences)
    return {rt::kSymbolSequences, extent.addend};
  if (extent.kind == Kind::Static)
    return {-1, extent.addend};
  return {rt::kSymbolRows, extent.addend};
}

rt::PlanBuffer ReferenceModel::describe(mlir::Value value, std::string name,
                                        rt::BufferKind kind) const {
  auto type = mlir::cast<mlir::RankedTensorType>(value.getType());
  rt::PlanBuffer buffer;
  buffer.name = std::move(name);
  buffer.kind = kind;
  buffer.dtype = type.getElementType().isF32() ? DType::F32 : DType::I32;
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    buffer.shape.push_back(extentOf(value, dim));
  buffer.capacity = buffer.shape;
  return buffer;
}

Status ReferenceModel::addWeight(const std::string &name,
                                 mlir::RankedTensorType type,
                                 const WeightSource &weights) {
  interpreter::Shape shape(type.getShape().begin(), type.getShape().end());
  if (frontend::isGeneratedWeight(name)) {
    std::vector<float> table(interpreter::elementCount(shape));
    if (!frontend::fillGeneratedWeight(name, table.data(),
                                       static_cast<int64_t>(table.size())))
      return Status::error(ErrorCode::Internal,
                           "no generated weight is named '" + name + "'");
    constants["weight." + name] = readValue(DType::F32, table.data(), shape);
    return {};
  }
  TensorRef tensor = weights.find(name);
  if (!tensor.data || tensor.dtype != DType::F32 ||
      elementCount(tensor.shape, tensor.rank) !=
          interpreter::elementCount(shape))
    return Status::error(ErrorCode::InvalidModel,
                         weights.description() + " has no weight '" + name +
                             "' of the shape that the model needs");
  constants["weight." + name] = readValue(DType::F32, tensor.data, shape);
  return {};
}

Status ReferenceModel::addArgument(mlir::func::FuncOp forward, unsigned index,
                                   const WeightSource &weights) {
  mlir::BlockArgument argument = forward.getArgument(index);
  auto attribute = [&](llvm::StringRef key) {
    auto attr = forward.getArgAttrOfType<mlir::StringAttr>(index, key);
    return attr ? attr.getValue().str() : std::string();
  };
  auto bind = [&](const char *role, const std::string &name,
                  rt::BufferKind kind) {
    plan.buffers.push_back(describe(argument, name, kind));
    bindings.push_back({role + name, true, kind == rt::BufferKind::State});
  };
  if (std::string name = attribute(ir::names::kWeight); !name.empty())
    return addWeight(
        name, mlir::cast<mlir::RankedTensorType>(argument.getType()), weights);
  if (std::string name = attribute(ir::names::kInput); !name.empty()) {
    bind("input.", name, rt::BufferKind::Input);
    if (auto limit = forward.getArgAttrOfType<mlir::IntegerAttr>(
            index, ir::names::kLimit))
      plan.buffers.back().valueLimit = limit.getInt();
  } else if (std::string name = attribute(ir::names::kState); !name.empty()) {
    bind("state.", name, rt::BufferKind::State);
    plan.buffers.back().valueLimit = passes::stateLimit(forward, index);
  } else if (std::string name = attribute(ir::names::kOption); !name.empty()) {
    bind("option.", name, rt::BufferKind::Option);
  } else if (std::string name = attribute(ir::names::kBuiltin); !name.empty()) {
    bind("builtin.", name,
         name == "offsets" ? rt::BufferKind::Offsets
                           : rt::BufferKind::Positions);
  }
  return {};
}

void ReferenceModel::addResult(mlir::func::FuncOp forward, unsigned index) {
  auto name =
      forward.getResultAttrOfType<mlir::StringAttr>(index, ir::names::kOutput);
  if (!name)
    return; // a state: bound with its argument
  mlir::Operation *terminator = forward.getBody().front().getTerminator();
  plan.buffers.push_back(describe(terminator->getOperand(index),
                                  name.getValue().str(),
                                  rt::BufferKind::Output));
  bindings.push_back({"output." + name.getValue().str(), false, true});
}

Status ReferenceModel::load(const ModelInput &model) {
  Result<mlir::OwningOpRef<mlir::ModuleOp>> imported =
      importInto(context, model);
  if (!imported)
    return imported.status();
  module = std::move(*imported);
  auto forward = module->lookupSymbol<mlir::func::FuncOp>("forward");
  plan.model = model.name;
  plan.target = "reference";
  plan.symbols = {"rows", "sequences"};
  plan.causal = forward->hasAttr(ir::names::kCausal);
  if (auto most =
          forward->getAttrOfType<mlir::IntegerAttr>(ir::names::kMaxPositions))
    plan.maxPositions = most.getInt();
  for (unsigned i = 0; i < forward.getNumArguments(); ++i)
    if (Status status = addArgument(forward, i, *model.weights); !status.ok())
      return status;
  for (unsigned i = 0; i < forward.getNumResults(); ++i)
    addResult(forward, i);
  addGates(forward, plan);
  evaluator = std::make_unique<interpreter::Interpreter>(*module);
  return {};
}

/// Evaluates once more with a record of every op if a result is not finite.
void ReferenceModel::reportNonFinite(const interpreter::NamedValues &arguments,
                                     const interpreter::NamedValues &results) {
  bool finite = true;
  for (const auto &[name, value] : results)
    for (int64_t i = 0; value.isFloat() && i < value.size(); ++i)
      finite &= std::isfinite(value.f()[i]);
  if (finite || !report)
    return;
  interpreter::EvaluateOptions options;
  options.trace = true;
  bool again = evaluator->forward(arguments, options).ok();
  const interpreter::TraceEntry *entry =
      again ? evaluator->firstNonFinite() : nullptr;
  if (entry)
    report(interpreter::toDiagnostic(*entry));
  report = {};
}

Status ReferenceModel::run(const SeqcBuffer *buffers, int64_t *symbols) {
  std::lock_guard<std::mutex> lock(mutex);
  interpreter::NamedValues arguments = constants;
  for (size_t i = 0; i < bindings.size(); ++i) {
    if (!bindings[i].isArgument)
      continue;
    interpreter::Shape shape(buffers[i].dims,
                             buffers[i].dims + plan.buffers[i].shape.size());
    arguments[bindings[i].name] =
        readValue(plan.buffers[i].dtype, buffers[i].data, shape);
  }
  Result<interpreter::NamedValues> results = evaluator->forward(arguments);
  if (!results)
    return results.status();
  reportNonFinite(arguments, *results);
  for (size_t i = 0; i < bindings.size(); ++i) {
    auto found = results->find(bindings[i].name);
    if (bindings[i].isResult && found != results->end())
      writeValue(plan.buffers[i].dtype, buffers[i].data, found->second);
  }
  for (size_t i = 0; i < evaluator->gates().size() && i < plan.gates.size();
       ++i)
    symbols[plan.gates[i].symbol] = evaluator->gates()[i].active;
  return {};
}

Result<std::shared_ptr<const rt::LoadedPlan>>
jit::loadReference(const ModelInput &model, DiagnosticHandler report) {
  auto reference = std::make_shared<ReferenceModel>();
  reference->report = std::move(report);
  if (Status status = reference->load(model); !status.ok())
    return status;
  return rt::LoadedPlan::interpret(
      reference->plan,
      [reference](const SeqcBuffer *buffers, int64_t *symbols) {
        return reference->run(buffers, symbols);
      });
}
