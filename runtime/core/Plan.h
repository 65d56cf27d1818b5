//===- Plan.h - what a compiled model does, as flat data ------------------===//
//
// The plan is what `partition` leaves of a model: buffers, symbols and steps.
// It knows nothing of MLIR or LLVM, is serialised next to the kernel objects,
// and is all that a session needs to run. Steps run in order; a kernel step may
// use several threads inside.
//
// Rows. All sequences of a call are packed along one row axis: R rows in total,
// B sequences; sequence b owns rows [offsets[b], offsets[b+1]). `offsets` has
// B+1 entries of i32, the first is 0, the last R.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_RUNTIME_CORE_PLAN_H
#define SEQC_RUNTIME_CORE_PLAN_H

#include "runtime/core/Guard.h"
#include "seqc/Status.h"
#include "seqc/Tensor.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace seqc::rt {

/// Bumped whenever the meaning or the serialised form of a plan changes.
inline constexpr int kPlanVersion = 6;

/// Symbols with fixed numbers; counts that the model computes follow.
enum : int32_t { kSymbolRows = 0, kSymbolSequences = 1, kFirstCountSymbol = 2 };

/// An extent of a buffer: `addend`, plus the value of `symbol` if that is >= 0.
struct Extent {
  int32_t symbol = -1;
  int64_t addend = 0;
  bool operator==(const Extent &o) const {
    return symbol == o.symbol && addend == o.addend;
  }
};

enum class BufferKind : uint8_t {
  Input,     ///< the caller's, packed to rows
  Offsets,   ///< builtin i32 [B+1]
  Positions, ///< builtin i32 [R]: position of each row in its sequence, state
             ///< included
  Option,    ///< scalar f32 [1] set per run ("act_bias")
  Weight,    ///< from the model file, never written
  Prepared,  ///< computed from weights once, by the prepare steps
  State,     ///< [B, ...], carried between calls, zero at reset
  Temp,      ///< workspace, no content between steps that name it
  Output     ///< the caller's, unpacked from rows
};

struct PlanBuffer {
  std::string name;
  BufferKind kind = BufferKind::Temp;
  DType dtype = DType::F32;
  std::vector<Extent> shape; ///< extents seen by kernels
  std::vector<Extent>
      capacity; ///< upper bound over rows and sequences only;
                ///< what is allocated (equals shape if no count)
  int32_t alias =
      -1; ///< >= 0: no memory of its own, the leading bytes of that
          ///< buffer seen with another shape. The named buffer has
          ///< alias -1, the same dtype and at least the capacity;
          ///< `kind` is that buffer's, and it lives while any alias does
  int64_t valueLimit = -1; ///< integer inputs and states: a session refuses
                           ///< to take in values outside [0, valueLimit); -1:
                           ///< unchecked
};

/// What else a kernel may be compiled to: faster where its guards hold, wrong
/// where they do not.
struct PlanVariant {
  std::string name;       ///< "few-rows", for people and for verdicts
  std::string assumption; ///< attribute that the compiler gets, as text
  std::vector<Guard> guards;
};

/// Part of what a call of a kernel costs: what is counted here, times a factor.
struct PlanWork {
  enum class Factor : uint8_t {
    One,    ///< once per call
    Extent, ///< dimension `dim` of argument `arg`
    Pairs   ///< pairs of a query and a key that it sees, by the i32 offsets in
            ///< argument `arg`: `left` keys before it, `right` behind (-1:
            ///< all); carried keys are not counted
  };
  Factor factor = Factor::One;
  int32_t arg = 0, dim = 0;
  int64_t left = -1, right = -1;
  double flops = 0; ///< additions and multiplications, each for itself
  double exps = 0;  ///< exponentials, logarithms and the like
  double bytes = 0; ///< compulsory: arguments, each once
};

/// Measured or derived facts about a kernel that explain, cache and bench show.
struct PlanKernel {
  std::string symbol;    ///< entry point; `<symbol>_tasks` sizes the task space
  std::string objectKey; ///< content key of the object that defines it
  std::string summary;   ///< "scan d=128 n=16 + silu", for people
  int64_t scratchBytes = 0;       ///< per task-running thread
  std::vector<std::string> baked; ///< constants compiled in, "window=64"
  std::vector<std::string> free;  ///< run-time values, "rows"
  /// What may be compiled later, the most special first.
  std::vector<PlanVariant> variants;
  std::vector<PlanWork> work; ///< summed up: what a call costs
};

enum class StepKind : uint8_t {
  Kernel, ///< run kernels[kernel] on args
  Count,  ///< symbol <- last element of the i32 buffer args[0]
  Pack,   ///< args[1] <- args[0] as panels: [N,K] -> [ceil(N/panel),K,panel],
          ///< zero filled
  Copy    ///< args[1] <- args[0], same shape
};

struct PlanStep {
  StepKind kind = StepKind::Kernel;
  int32_t kernel = -1;
  int32_t symbol = -1;
  int64_t panel = 0;
  std::vector<int32_t> args; ///< indices into buffers, in kernel argument order
  std::string layer;         ///< "layers.2", empty outside repeated blocks
  int32_t idleWith = -1;     ///< count symbol: where it is 0, the step changes
                             ///< nothing and may be left out; kernels only
};

/// One gate whose activated rows are worth reporting (a Count step's symbol).
struct PlanGate {
  std::string layer;
  int32_t symbol = -1;
  int64_t window = -1; ///< of the attention over the activated rows of a
                       ///< sequence; -1: none or not known
};

struct Plan {
  std::string model;
  std::string target;
  std::vector<std::string> symbols; ///< names; [0] "rows", [1] "sequences"
  std::vector<PlanBuffer> buffers;
  std::vector<PlanKernel> kernels;
  std::vector<PlanStep> prepare; ///< once per set of weights
  std::vector<PlanStep> run;     ///< once per call
  std::vector<PlanGate> gates;
  int64_t maxPositions = -1; ///< longest sequence incl. state; -1: unbounded
  bool causal = true;        ///< state may be carried between calls

  /// Index of the buffer, or -1.
  int32_t find(BufferKind kind, std::string_view name) const;
};

/// Structural check: every index in range, kernels' and steps' shapes legal.
/// A plan read from disk must pass this before it is run.
Status verify(const Plan &plan);

/// JSON text with stable key order; read back by parsePlan bit for bit.
std::string serialise(const Plan &plan);
/// The text is checked for form only; follow with verify().
Result<Plan> parsePlan(std::string_view text);

/// Tables for people: kernels, buffers that reach memory, steps.
std::string explain(const Plan &plan);

} // namespace seqc::rt

#endif // SEQC_RUNTIME_CORE_PLAN_H
