//===- AddressConstants.h - constants out of address arithmetic -*- C++ -*-===//
#pragma once

namespace llvm {
class Function;
} // namespace llvm

namespace seqc::codegen {

/// Takes constants out of the sums and products that addresses are made of:
/// p[(k + 3) * 256 + c] becomes (p + k * 256 + c) + 3072 bytes. Copies of an
/// unrolled body then share one address, and what tells them apart fits the
/// displacement of their loads.
void separateAddressConstants(llvm::Function &function);

} // namespace seqc::codegen
