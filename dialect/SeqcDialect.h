//===- SeqcDialect.h - the seqc dialect, its enums and attributes ---------===//
#ifndef SEQC_DIALECT_SEQCDIALECT_H
#define SEQC_DIALECT_SEQCDIALECT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/SCF/IR/DeviceMappingInterface.h"
#include "mlir/IR/Attributes.h"
#include "mlir/IR/Dialect.h"

#include "dialect/SeqcEnums.h.inc"
#include "dialect/SeqcDialect.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialect/SeqcAttrs.h.inc"

namespace seqc::ir {

/// Attribute names on functions, their arguments and results. One list, used by
/// importers, passes and the plan builder.
namespace names {
inline constexpr llvm::StringLiteral kInput = "seqc.input";       ///< "x"
inline constexpr llvm::StringLiteral kOutput = "seqc.output";     ///< on results
inline constexpr llvm::StringLiteral kWeight = "seqc.weight";     ///< tensor name
inline constexpr llvm::StringLiteral kState = "seqc.state";       ///< on argument and result
inline constexpr llvm::StringLiteral kOption = "seqc.option";     ///< "act_bias"
inline constexpr llvm::StringLiteral kBuiltin = "seqc.builtin";   ///< "offsets", "positions"
inline constexpr llvm::StringLiteral kPrepared = "seqc.prepared"; ///< @prepare result, @forward argument
inline constexpr llvm::StringLiteral kLayer = "seqc.layer";       ///< on ops: "layers.2"
inline constexpr llvm::StringLiteral kMaxPositions = "seqc.max_positions"; ///< on @forward
inline constexpr llvm::StringLiteral kCausal = "seqc.causal";     ///< unit, on @forward
inline constexpr llvm::StringLiteral kLimit = "seqc.limit";       ///< i64, on an i32 input that indexes a table
inline constexpr llvm::StringLiteral kMetadata = "seqc.metadata"; ///< dictionary of strings, on the module
inline constexpr llvm::StringLiteral kSchedule = "seqc.schedule"; ///< on kernels
inline constexpr llvm::StringLiteral kTarget = "seqc.target";     ///< on the module
inline constexpr llvm::StringLiteral kKernel = "seqc.kernel";     ///< unit, on kernels
inline constexpr llvm::StringLiteral kScratch = "seqc.scratch";   ///< i64 bytes, on kernels
inline constexpr llvm::StringLiteral kAssume = "seqc.assume";     ///< facts, on kernels
inline constexpr llvm::StringLiteral kIncreasing = "seqc.increasing"; ///< unit, on arguments: entries rise strictly
} // namespace names

} // namespace seqc::ir

#endif // SEQC_DIALECT_SEQCDIALECT_H
