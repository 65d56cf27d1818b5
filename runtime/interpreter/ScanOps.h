//===- ScanOps.h - seqc.scan over lanes of channels
//------------------------===//
#ifndef SEQC_RUNTIME_INTERPRETER_SCANOPS_H
#define SEQC_RUNTIME_INTERPRETER_SCANOPS_H

#include "runtime/interpreter/OpCall.h"

#include "dialect/SeqcOps.h"

namespace seqc::interpreter {

Status evaluateScan(ir::ScanOp op, OpCall &call);

} // namespace seqc::interpreter

#endif // SEQC_RUNTIME_INTERPRETER_SCANOPS_H
