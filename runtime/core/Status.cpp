//===- Status.cpp - results and diagnostics -------------------------------===//
#include "seqc/Status.h"

namespace seqc {

const char *toString(ErrorCode code) noexcept {
  switch (code) {
  case ErrorCode::Ok:
    return "ok";
  case ErrorCode::InvalidArgument:
    return "invalid-argument";
  case ErrorCode::InvalidModel:
    return "invalid-model";
  case ErrorCode::Unsupported:
    return "unsupported";
  case ErrorCode::CompileFailed:
    return "compile-failed";
  case ErrorCode::Unavailable:
    return "unavailable";
  case ErrorCode::ResourceExhausted:
    return "resource-exhausted";
  case ErrorCode::Cancelled:
    return "cancelled";
  case ErrorCode::DeviceError:
    return "device-error";
  case ErrorCode::Internal:
    return "internal";
  }
  return "unknown";
}

static const char *toString(Severity severity) noexcept {
  switch (severity) {
  case Severity::Note:
    return "note";
  case Severity::Remark:
    return "remark";
  case Severity::Warning:
    return "warning";
  case Severity::Error:
    return "error";
  }
  return "error";
}

std::string Diagnostic::str() const {
  std::string out;
  if (!file.empty()) {
    out += file;
    if (line > 0) {
      out += ':' + std::to_string(line);
      if (column > 0)
        out += ':' + std::to_string(column);
    }
    out += ": ";
  }
  out += toString(severity);
  out += ": ";
  if (!path.empty())
    out += path + ": ";
  out += text;
  for (const Diagnostic &note : notes)
    out += '\n' + note.str();
  return out;
}

Status Status::error(ErrorCode code, std::string message,
                     std::vector<Diagnostic> diagnostics) {
  assert(code != ErrorCode::Ok && "an error needs a code");
  Status status;
  status.state = std::make_shared<const State>(
      State{code, std::move(message), std::move(diagnostics)});
  return status;
}

Status Status::error(ErrorCode code, Diagnostic diagnostic) {
  std::string message = diagnostic.text;
  std::vector<Diagnostic> diagnostics;
  diagnostics.push_back(std::move(diagnostic));
  return error(code, std::move(message), std::move(diagnostics));
}

const std::string &Status::message() const noexcept {
  static const std::string empty;
  return state ? state->message : empty;
}

const std::vector<Diagnostic> &Status::diagnostics() const noexcept {
  static const std::vector<Diagnostic> empty;
  return state ? state->diagnostics : empty;
}

std::string Status::str() const {
  if (diagnostics().empty())
    return message();
  std::string out;
  for (const Diagnostic &diagnostic : diagnostics()) {
    if (!out.empty())
      out += '\n';
    out += diagnostic.str();
  }
  return out;
}

} // namespace seqc
