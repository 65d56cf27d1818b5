//===- WeightSource.cpp - home of the vtable ------------------------------===//
//
// Compiled with run-time type information, unlike the rest: users derive from
// this class, and their compilers want its type.
//
//===----------------------------------------------------------------------===//
#include "seqc/WeightSource.h"

namespace seqc {

WeightSource::~WeightSource() = default;

} // namespace seqc
