//===- SessionImpl.h - sessions over a loaded plan ------------------------===//
//
// How the parts that make programs (runtime/jit, runtime/interpreter) get
// sessions:
//
//   auto parallel = std::make_shared<const rt::Parallel>(threads);
//   auto loaded = rt::LoadedPlan::create(plan, kernels, weights, *parallel);
//   Signature signature = rt::signatureOf(plan);
//   Result<Session> session = rt::makeSession(*loaded, parallel);
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_RUNTIME_CORE_SESSIONIMPL_H
#define SEQC_RUNTIME_CORE_SESSIONIMPL_H

#include "runtime/core/LoadedPlan.h"
#include "runtime/core/PlanRunner.h"
#include "runtime/core/SessionTensors.h"
#include "seqc/Program.h"
#include "seqc/Session.h"

#include <memory>
#include <string>
#include <vector>

namespace seqc::rt {

/// Inputs (the optional "lengths" last), outputs and states (with "position")
/// in the order of the plan's buffers. Integer inputs are I64 here; a session
/// takes I32 as well.
Signature signatureOf(const Plan &plan);

/// A session with zero states. The plan needs an input with one row per token.
/// `specialiser`, of the same plan, may be null: generic kernels only. Without
/// `counting` there is no profile, and again generic kernels only.
Result<Session> makeSession(std::shared_ptr<const LoadedPlan> loaded,
                            std::shared_ptr<const Parallel> parallel,
                            std::shared_ptr<Specialiser> specialiser = nullptr,
                            bool counting = true);

} // namespace seqc::rt

namespace seqc {

struct Session::Impl {
  Impl(std::shared_ptr<const rt::LoadedPlan> loaded,
       std::shared_ptr<const rt::Parallel> parallel,
       std::shared_ptr<rt::Specialiser> specialiser, bool counting);

  const rt::Plan &plan() const { return loaded->plan(); }
  /// Whether anything but the position passes from call to call.
  bool carries() const;

  Status run(const TensorRef *inputRefs, size_t inputCount,
             const TensorRef *outputRefs, size_t outputCount);
  // The checks of run(); they change nothing that outlives the call.
  Status checkCall(const TensorRef *inputRefs, size_t inputCount,
                   const TensorRef *outputRefs, size_t outputCount);
  Status checkCounts(size_t inputCount, size_t outputCount) const;
  Status checkTensor(const char *role, const TensorRef &tensor,
                     rt::BoundTensor &bound);
  Status checkLead(const std::string &name, int32_t dimension, int64_t extent,
                   bool known, int64_t &expected) const;
  Status readLengths(const TensorRef *tensor);
  Status checkPositions() const;
  Status checkIds(const rt::BoundTensor &bound) const;
  // The work of run().
  Status begin(int64_t count, int64_t rowCount);
  void fillBuiltins();
  Status placeInput(rt::BoundTensor &bound);
  Status placeOutput(rt::BoundTensor &bound);
  void finishOutput(const rt::BoundTensor &bound);
  bool isDirect(const rt::BoundTensor &bound) const;

  Status checkState(std::string_view name, const TensorRef &tensor,
                    rt::BoundTensor &bound) const;
  Status checkStateValues(std::string_view name, const rt::BoundTensor &bound,
                          int64_t count) const;

  std::shared_ptr<const rt::LoadedPlan> loaded;
  std::shared_ptr<const rt::Parallel> parallel;
  rt::PlanRunner runner;
  std::vector<rt::BoundTensor> inputs, outputs; ///< in signature order
  std::vector<int32_t> options;
  std::vector<float> optionValues;
  int32_t offsetsBuffer = -1, positionsBuffer = -1;
  bool hasStates = false;

  int64_t sequences = -1;        ///< of the carried state; -1: after a reset
  std::vector<int64_t> position; ///< tokens consumed, by sequence
  /// No less than any position or count of entries in the states of a sequence:
  /// imported ones need not be those of `position`.
  std::vector<int64_t> reached;
  // The call at hand; kept so that later calls need not allocate.
  int64_t batch = 0, tokens = 0, rows = 0;
  bool knownBatch = false, knownTokens = false;
  bool ragged = false; ///< some sequence is shorter than `tokens`
  std::vector<int64_t> lengths;
  bool timing = false;
};

} // namespace seqc

#endif // SEQC_RUNTIME_CORE_SESSIONIMPL_H
