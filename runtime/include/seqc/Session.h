//===- Session.h - one stream of calls with its carried state -------------===//
#ifndef SEQC_SESSION_H
#define SEQC_SESSION_H

#include "seqc/Profile.h"
#include "seqc/Status.h"
#include "seqc/Tensor.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace seqc {

/// Activated rows of one gated layer in the last call.
struct GateCount {
  std::string layer;
  int64_t active = 0;
  int64_t rows = 0;
};

/// Wall time of one plan step in the last call, if timing is on.
struct StepTime {
  std::string layer;
  std::string kernel;
  bool gated = false; ///< its work follows a count of activated rows
  double ms = 0;
  std::string variant; ///< of the kernel, or "generic"; empty where there are
                       ///< no variants or was nothing to do
  /// Of a kernel in that call: additions and multiplications, exponentials and
  /// the like, bytes of what it reads and writes, each counted once.
  double flops = 0, exps = 0, bytes = 0;
  /// The count with which the step changes nothing where it is 0; "" without.
  std::string idleWith;
  bool leftOut = false; ///< it was 0 in that call
};

/// Runs a program and carries its state from call to call. Movable, NOT
/// thread-safe: one caller at a time; different sessions of one program may run
/// at the same time. After the first call of a shape, run() allocates nothing.
class Session {
public:
  Session(Session &&) noexcept;
  Session &operator=(Session &&) noexcept;
  ~Session();

  /// Inputs and outputs in the order of Program::signature(); a trailing
  /// optional input may be left out. All shapes and dtypes are checked before
  /// any work. Reads inputs, writes outputs, keeps neither. The number of
  /// sequences may change only after resetState().
  Status run(const TensorRef *inputs, size_t inputCount,
             const TensorRef *outputs, size_t outputCount);

  /// Scalar run-time option ("act_bias"); NaN is refused.
  Status setOption(std::string_view name, float value);

  /// All states zero, position 0.
  Status resetState();
  /// Copies the named state ([B, ...], see Signature::states) out or in;
  /// "position" (i64 [B]) counts the tokens consumed. Without calls or imports
  /// since it was made or reset, a session gets B from importState; after that
  /// another B is refused, and so are, always, positions and counts that kernels
  /// could not follow.
  Status exportState(std::string_view name, TensorRef destination) const;
  Status importState(std::string_view name, TensorRef source);

  std::vector<GateCount> gateCounts() const;
  /// Switches per-step timing on or off (off by default).
  void setTiming(bool on);
  std::vector<StepTime> stepTimes() const;
  /// What its calls were like so far; counted at all times.
  Profile profile() const;
  /// Bytes held for temporaries and scratch.
  size_t workspaceBytes() const;

  struct Impl; ///< private, named here so that runtime/core can build one
  explicit Session(std::unique_ptr<Impl> impl);

private:
  std::unique_ptr<Impl> impl;
};

} // namespace seqc

#endif // SEQC_SESSION_H
