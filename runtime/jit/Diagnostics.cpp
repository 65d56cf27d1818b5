//===- Diagnostics.cpp - MLIR diagnostics as seqc::Diagnostic -------------===//

#include "runtime/jit/Diagnostics.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"

using namespace seqc;

/// The first file position inside a location of any kind.
static mlir::FileLineColLoc findPosition(mlir::Location location) {
  mlir::FileLineColLoc found;
  location->walk([&](mlir::Location nested) {
    if (auto file = mlir::dyn_cast<mlir::FileLineColLoc>(nested)) {
      found = file;
      return mlir::WalkResult::interrupt();
    }
    return mlir::WalkResult::advance();
  });
  return found;
}

static Severity convert(mlir::DiagnosticSeverity severity) {
  switch (severity) {
  case mlir::DiagnosticSeverity::Note:
    return Severity::Note;
  case mlir::DiagnosticSeverity::Warning:
    return Severity::Warning;
  case mlir::DiagnosticSeverity::Error:
    return Severity::Error;
  case mlir::DiagnosticSeverity::Remark:
    return Severity::Remark;
  }
  return Severity::Error;
}

Diagnostic seqc::jit::convert(mlir::Diagnostic &diagnostic) {
  Diagnostic result;
  result.severity = ::convert(diagnostic.getSeverity());
  result.text = diagnostic.str();
  if (mlir::FileLineColLoc position = findPosition(diagnostic.getLocation())) {
    result.file = position.getFilename().str();
    result.line = static_cast<int>(position.getLine());
    result.column = static_cast<int>(position.getColumn());
  }
  for (mlir::Diagnostic &note : diagnostic.getNotes())
    result.notes.push_back(convert(note));
  return result;
}

jit::DiagnosticCollector::DiagnosticCollector(mlir::MLIRContext *context)
    : handler(context, [this](mlir::Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Remark)
          return;
        std::lock_guard<std::mutex> lock(mutex);
        collected.push_back(convert(diagnostic));
      }) {}

std::vector<Diagnostic> jit::DiagnosticCollector::take() {
  std::lock_guard<std::mutex> lock(mutex);
  return std::move(collected);
}
