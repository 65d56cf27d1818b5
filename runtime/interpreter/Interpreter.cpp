//===- Interpreter.cpp - calls by order and by name
//------------------------===//

#include "runtime/interpreter/Interpreter.h"

#include "runtime/interpreter/Errors.h"
#include "runtime/interpreter/Evaluator.h"

using namespace mlir;

namespace seqc::interpreter {

struct Interpreter::Impl : Evaluator {
  using Evaluator::Evaluator;
};

Interpreter::Interpreter(ModuleOp module)
    : impl(std::make_unique<Impl>(module)) {}
Interpreter::~Interpreter() = default;
Interpreter::Interpreter(Interpreter &&) noexcept = default;
Interpreter &Interpreter::operator=(Interpreter &&) noexcept = default;

const std::vector<TraceEntry> &Interpreter::trace() const {
  return impl->trace;
}
const std::vector<CallRecord> &Interpreter::calls() const {
  return impl->calls;
}
const std::vector<GateRecord> &Interpreter::gates() const {
  return impl->gates;
}

const TraceEntry *Interpreter::firstNonFinite() const {
  for (const TraceEntry &entry : impl->trace)
    if (!entry.source && !entry.finite() && entry.cleanOperands)
      return &entry;
  return nullptr;
}

/// Whether a value may be passed for an argument of this type.
static std::string mismatch(const Value &value, Type type) {
  if (!value)
    return "expected a value, got none";
  bool isFloat = isa<FloatType>(getElementTypeOrSelf(type));
  if (isFloat != value.isFloat())
    return std::string("expected ") + (isFloat ? "floats" : "integers");
  Shape expected;
  if (auto shaped = dyn_cast<RankedTensorType>(type))
    expected.assign(shaped.getShape().begin(), shaped.getShape().end());
  if (expected.size() != value.shape().size())
    return "expected rank " + std::to_string(expected.size()) + ", got " +
           std::to_string(value.rank());
  for (size_t i = 0; i < expected.size(); ++i)
    if (!ShapedType::isDynamic(expected[i]) && expected[i] != value.shape()[i])
      return "expected extent " + std::to_string(expected[i]) + " of axis " +
             std::to_string(i) + ", got " + std::to_string(value.shape()[i]);
  return {};
}

static Result<std::vector<Value>>
callFunction(Evaluator &evaluator, func::FuncOp function, Values arguments) {
  if (function.getNumArguments() != arguments.size())
    return errorAt(function,
                   "expected " + std::to_string(function.getNumArguments()) +
                       " arguments, got " + std::to_string(arguments.size()),
                   ErrorCode::InvalidArgument);
  for (auto [i, value] : llvm::enumerate(arguments))
    if (std::string problem =
            mismatch(value, function.getArgument(i).getType());
        !problem.empty())
      return errorAt(function, problem + " as argument #" + std::to_string(i),
                     ErrorCode::InvalidArgument);
  Result<Values> results = evaluator.call(function, std::move(arguments));
  if (!results)
    return results.status();
  return std::vector<Value>(std::make_move_iterator(results->begin()),
                            std::make_move_iterator(results->end()));
}

static Result<func::FuncOp> findFunction(ModuleOp module,
                                         std::string_view name) {
  if (auto function = module.lookupSymbol<func::FuncOp>(StringRef(name)))
    return function;
  return Status::error(ErrorCode::InvalidArgument, "expected a function '" +
                                                       std::string(name) +
                                                       "' in the module");
}

Result<std::vector<Value>> Interpreter::call(std::string_view name,
                                             std::vector<Value> arguments,
                                             const EvaluateOptions &options) {
  Result<func::FuncOp> function = findFunction(impl->module, name);
  if (!function)
    return function.status();
  impl->start(options);
  return callFunction(*impl, *function,
                      Values(std::make_move_iterator(arguments.begin()),
                             std::make_move_iterator(arguments.end())));
}

/// "input.x" and the like, empty if the attributes name nothing.
static std::string nameOf(DictionaryAttr attributes) {
  static const std::pair<llvm::StringLiteral, const char *> kRoles[] = {
      {ir::names::kInput, "input."},      {ir::names::kOutput, "output."},
      {ir::names::kWeight, "weight."},    {ir::names::kState, "state."},
      {ir::names::kOption, "option."},    {ir::names::kBuiltin, "builtin."},
      {ir::names::kPrepared, "prepared."}};
  if (!attributes)
    return {};
  for (const auto &[attribute, prefix] : kRoles)
    if (auto name = attributes.getAs<StringAttr>(attribute))
      return prefix + name.str();
  return {};
}

/// Calls a function whose arguments and results have names; adds the results.
static Status callByName(Evaluator &evaluator, func::FuncOp function,
                         const NamedValues &arguments, NamedValues &results) {
  Values ordered;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    std::string name = nameOf(function.getArgAttrDict(i));
    auto found = arguments.find(name);
    if (name.empty() || found == arguments.end())
      return errorAt(function,
                     "expected a value for argument #" + std::to_string(i) +
                         " '" + name + "', got none",
                     ErrorCode::InvalidArgument);
    if (std::string problem =
            mismatch(found->second, function.getArgument(i).getType());
        !problem.empty())
      return errorAt(function, problem + " as '" + name + "'",
                     ErrorCode::InvalidArgument);
    ordered.push_back(found->second);
  }
  Result<std::vector<Value>> values =
      callFunction(evaluator, function, std::move(ordered));
  if (!values)
    return values.status();
  for (auto [i, value] : llvm::enumerate(*values))
    results[nameOf(function.getResultAttrDict(i))] = std::move(value);
  return {};
}

Result<NamedValues> Interpreter::forward(const NamedValues &arguments,
                                         const EvaluateOptions &options) {
  Result<func::FuncOp> function = findFunction(impl->module, "forward");
  if (!function)
    return function.status();
  impl->start(options);
  NamedValues all = arguments, results;
  if (auto prepare = impl->module.lookupSymbol<func::FuncOp>("prepare"))
    if (Status status = callByName(*impl, prepare, arguments, all);
        !status.ok())
      return status;
  if (Status status = callByName(*impl, *function, all, results); !status.ok())
    return status;
  return results;
}

std::string describe(const TraceEntry &entry) {
  std::string text = entry.op;
  if (!entry.name.empty())
    text += " '" + entry.name + "'";
  if (!entry.layer.empty())
    text += " of " + entry.layer;
  text += " gave " + std::to_string(entry.nans) + " NaN and " +
          std::to_string(entry.infinities) + " infinities in ";
  for (size_t i = 0; i < entry.shape.size(); ++i)
    text += (i ? "x" : "") + std::to_string(entry.shape[i]);
  if (entry.shape.empty())
    return text + "one value";
  text += " values";
  if (entry.firstBad < 0)
    return text;
  std::string index;
  int64_t rest = entry.firstBad;
  for (int64_t extent : llvm::reverse(entry.shape)) {
    index = std::to_string(rest % extent) + (index.empty() ? "" : ", ") + index;
    rest /= extent;
  }
  return text + ", the first at [" + index + "]";
}

Diagnostic toDiagnostic(const TraceEntry &entry) {
  Diagnostic diagnostic;
  diagnostic.severity = Severity::Warning;
  diagnostic.file = entry.file;
  diagnostic.line = entry.line;
  diagnostic.column = entry.column;
  diagnostic.text = "not finite first here: " + describe(entry);
  return diagnostic;
}

} // namespace seqc::interpreter
