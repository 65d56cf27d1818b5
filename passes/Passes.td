//===- Passes.td - passes of seqc, in pipeline order ----------------------===//
#ifndef SEQC_PASSES_TD
#define SEQC_PASSES_TD

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// simplify, fuse, partition (whole model, tensors)
//===----------------------------------------------------------------------===//

//===----------------------------------------------------------------------===//
// schedule
//===----------------------------------------------------------------------===//

//===----------------------------------------------------------------------===//
// tile (one kernel, tensors)
//===----------------------------------------------------------------------===//

// rows

// scan

// attend

//===----------------------------------------------------------------------===//
// bufferize
//===----------------------------------------------------------------------===//

//===----------------------------------------------------------------------===//
// vectorize (one kernel, memrefs)
//===----------------------------------------------------------------------===//

// linalg

// seqc ops

// math

//===----------------------------------------------------------------------===//
// lower
//===----------------------------------------------------------------------===//

def SeqcKernelEntry : Pass<"seqc-kernel-entry", "::mlir::ModuleOp"> {
  let summary = "give each kernel the two entry points of the kernel ABI";
  let description = [{
    Rewrites `func.func @k(memref..., %scratch)` with its one task loop into the
    functions that runtime/abi/KernelAbi.h describes. Arguments come from an
    array of buffers; the task loop runs over the caller's range.

    ```mlir
    func.func private @k(%a: memref<?x8xf32>, %scratch: memref<?xi8>) attributes {seqc.kernel} {
      %n = memref.dim %a, %c0 : memref<?x8xf32>
      scf.forall (%i) in (%n) { ... }
    }
    // becomes
    func.func @k_tasks(%args: !llvm.ptr) -> i64 { ... }
    func.func @k(%args: !llvm.ptr, %begin: i64, %end: i64, %scratch: !llvm.ptr) {
      scf.for %i = %begin to %end step 1 { ... }
    }
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::arith::ArithDialect",
                           "::mlir::scf::SCFDialect"];
}

#endif // SEQC_PASSES_TD
