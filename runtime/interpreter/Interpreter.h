//===- Interpreter.h - imported IR evaluated in f64
//------------------------===//
//
// Walks a module as it comes out of `import` (or after any later phase that is
// still on tensors, so passes can be checked against it) and evaluates it in
// double precision by way of runtime/reference. Slow and plain on purpose: what
// compiled kernels are compared with.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_RUNTIME_INTERPRETER_INTERPRETER_H
#define SEQC_RUNTIME_INTERPRETER_INTERPRETER_H

#include "runtime/interpreter/Value.h"
#include "seqc/Status.h"

#include "mlir/IR/BuiltinOps.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace seqc::interpreter {

/// Values by role and name as `@forward` has them: "input.x",
/// "builtin.offsets", "option.act_bias", "weight.layers.0.gamma",
/// "state.layers.0.ema"; results are "output.y" and "state.layers.0.ema".
using NamedValues = std::map<std::string, Value>;

/// What one op gave for one float result.
struct TraceEntry {
  std::string op;   ///< "seqc.scan"
  std::string file; ///< empty if unknown
  int line = 0, column = 0;
  std::string name;  ///< from the location, "layers.0/scan"
  std::string layer; ///< of the op or one around it
  unsigned result = 0;
  Shape shape;
  int64_t nans = 0, infinities = 0;
  int64_t firstBad = -1; ///< position in row-major order, -1: none
  double largest = 0;    ///< greatest finite magnitude
  /// Comes from nothing but constants or uninitialised memory, so that what is
  /// not finite here is meant (a maximum starts at minus infinity).
  bool source = false;
  /// All float operands were finite.
  bool cleanOperands = true;
  Value value; ///< only with EvaluateOptions::keepValues

  bool finite() const { return nans == 0 && infinities == 0; }
};

/// A gate's `seqc.count`, in the order of evaluation.
struct GateRecord {
  std::string layer;
  int64_t active = 0;
};

/// A call of one function by another, with EvaluateOptions::keepValues.
struct CallRecord {
  std::string callee;
  std::vector<Value> arguments, results;
};

struct EvaluateOptions {
  bool trace = false;
  bool keepValues = false;
};

/// Not thread-safe. The module must outlive it and must not change.
class Interpreter {
public:
  explicit Interpreter(mlir::ModuleOp module);
  ~Interpreter();
  Interpreter(Interpreter &&) noexcept;
  Interpreter &operator=(Interpreter &&) noexcept;

  /// Arguments and results in the function's order.
  Result<std::vector<Value>> call(std::string_view function,
                                  std::vector<Value> arguments,
                                  const EvaluateOptions &options = {});
  /// `@forward` with arguments and results by name, after `@prepare` if the
  /// module has one. Values that the functions do not have are ignored; a
  /// missing one is an error.
  Result<NamedValues> forward(const NamedValues &arguments,
                              const EvaluateOptions &options = {});

  /// Of the last call.
  const std::vector<TraceEntry> &trace() const;
  const std::vector<GateRecord> &gates() const;
  const std::vector<CallRecord> &calls() const;
  /// The first op that gave NaN or infinity from finite operands, or null;
  /// needs EvaluateOptions::trace.
  const TraceEntry *firstNonFinite() const;

private:
  struct Impl;
  std::unique_ptr<Impl> impl;
};

/// "seqc.scan of layers.0 gave 3 NaN and 0 infinities in 16x128 values, the
/// first at [2, 7]".
std::string describe(const TraceEntry &entry);
/// The same as a warning at the op's place.
Diagnostic toDiagnostic(const TraceEntry &entry);

} // namespace seqc::interpreter

#endif // SEQC_RUNTIME_INTERPRETER_INTERPRETER_H
