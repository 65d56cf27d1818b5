//===- Status.h - results and diagnostics of the public API ---------------===//
//
// Every fallible public function returns a Status or a Result<T>. Nothing is
// thrown, printed or aborted. Messages are lower case, have no full stop, and
// say what was expected, what was found and what to do.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_STATUS_H
#define SEQC_STATUS_H

#include <cassert>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace seqc {

enum class ErrorCode : uint8_t {
  Ok,
  InvalidArgument,   ///< a caller's tensor, flag or option is wrong
  InvalidModel,      ///< the model description or its weights are wrong
  Unsupported,       ///< valid, but this version or target cannot do it
  CompileFailed,     ///< the compiler rejected IR that it should accept
  Unavailable,       ///< the environment lacks something (file, device, library)
  ResourceExhausted, ///< memory or disk
  Cancelled,         ///< a progress callback asked to stop
  DeviceError,
  Internal ///< a bug in seqc
};

/// Name of a code as it appears in JSON output, e.g. "invalid-argument".
const char *toString(ErrorCode code) noexcept;

enum class Severity : uint8_t { Note, Remark, Warning, Error };

/// A message with a place. `file` may be empty; `line` and `column` count from
/// 1, 0 means unknown. `path` is the place inside a JSON document
/// ("blocks[0].layers[1].window"), empty where there is none.
struct Diagnostic {
  Severity severity = Severity::Error;
  std::string file;
  int line = 0;
  int column = 0;
  std::string path;
  std::string text;
  std::vector<Diagnostic> notes;

  /// "file:line:column: error: path: text", then notes on lines of their own.
  std::string str() const;
};

/// Success, or a code with a message and located diagnostics. Cheap to copy and
/// to move when ok. Immutable, so safe to read from several threads.
class [[nodiscard]] Status {
public:
  Status() noexcept = default;
  static Status error(ErrorCode code, std::string message,
                      std::vector<Diagnostic> diagnostics = {});
  static Status error(ErrorCode code, Diagnostic diagnostic);

  bool ok() const noexcept { return !state; }
  ErrorCode code() const noexcept { return state ? state->code : ErrorCode::Ok; }
  /// Empty when ok.
  const std::string &message() const noexcept;
  const std::vector<Diagnostic> &diagnostics() const noexcept;
  /// All diagnostics, or the message where there are none; ends without a
  /// newline.
  std::string str() const;

private:
  struct State {
    ErrorCode code;
    std::string message;
    std::vector<Diagnostic> diagnostics;
  };
  std::shared_ptr<const State> state;
};

/// A T or the Status that says why there is none.
template <class T>
class [[nodiscard]] Result {
public:
  Result(T value) : stored(std::move(value)) {}
  Result(Status status) : failure(std::move(status)) {
    assert(!failure.ok() && "an ok Status carries no value");
  }

  bool ok() const noexcept { return stored.has_value(); }
  explicit operator bool() const noexcept { return ok(); }
  const Status &status() const noexcept { return failure; }
  /// Precondition: ok().
  T &value() & {
    assert(ok());
    return *stored;
  }
  const T &value() const & {
    assert(ok());
    return *stored;
  }
  T &&value() && {
    assert(ok());
    return std::move(*stored);
  }
  T &operator*() & { return value(); }
  const T &operator*() const & { return value(); }
  /// By value, so that `for (auto &x : *makeList())` does not dangle.
  T operator*() && { return std::move(*this).value(); }
  T *operator->() { return &value(); }
  const T *operator->() const { return &value(); }

private:
  std::optional<T> stored;
  Status failure;
};

} // namespace seqc

#endif // SEQC_STATUS_H
