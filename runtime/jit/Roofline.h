//===- Roofline.h - what this machine can do at best ----------------------===//
#ifndef SEQC_RUNTIME_JIT_ROOFLINE_H
#define SEQC_RUNTIME_JIT_ROOFLINE_H

#include "seqc/Status.h"

#include <string>

namespace seqc::jit {

/// Limits of one thread, measured with generated kernels of the target.
struct Roofline {
  double fmaGflops = 0; ///< multiply-adds on registers, two flops each
  double expGops = 0;   ///< exponentials of values in the first-level cache
  double readGbs = 0;   ///< streaming read of a buffer beyond the caches
  double l2ReadGbs = 0; ///< the same of a buffer of 256 KiB
};

/// Takes about 0.2 s. `target` as in CompileOptions, a CPU that runs here.
Result<Roofline> measureRoofline(const std::string &target);

} // namespace seqc::jit

#endif // SEQC_RUNTIME_JIT_ROOFLINE_H
