//===- Passes.td - passes of seqc, in pipeline order ----------------------===//
#ifndef SEQC_PASSES_TD
#define SEQC_PASSES_TD

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// simplify, fuse, partition (whole model, tensors)
//===----------------------------------------------------------------------===//

def PackWeightsPass : Pass<"seqc-pack-weights", "::mlir::func::FuncOp"> {
  let summary = "store the weights of contractions as panels";
  let description = [{
    Rewrites `rows * weight^T` with a weight stored [N, K] into a pack of the
    weight into panels of p output features and a contraction that reads one
    panel row per step. N is padded with zeros to a multiple of p. Each weight is
    packed once, whatever the number of products that use it. p is a multiple of
    the target's lane count (1 to 4) that loses least to padding and to narrow
    register tiles, unless the option says otherwise.

    ```mlir
    %y = linalg.matmul indexing_maps = [(m,n,k)->(m,k), (m,n,k)->(n,k), (m,n,k)->(m,n)]
        ins(%x, %w : tensor<?x64xf32>, tensor<130x64xf32>) outs(%zero : tensor<?x130xf32>)
    // becomes
    %p = linalg.pack %w padding_value(%c0) inner_dims_pos = [0] inner_tiles = [48]
        into %e : tensor<130x64xf32> -> tensor<3x64x48xf32>
    %t = linalg.generic {maps (m,k), (n0,k,n1), (m,n0,n1)} ins(%x, %p) outs(%zero3)
    %c = tensor.collapse_shape %t [[0], [1, 2]] : tensor<?x3x48xf32> into tensor<?x144xf32>
    %y = tensor.extract_slice %c[0, 0] [%m, 130] [1, 1]
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
  let options = [
    Option<"panel", "panel", "int64_t", "0",
           "output features per panel; 0: chosen from seqc.target">];
  let statistics = [
    Statistic<"packedProducts", "packed-products", "contractions rewritten to panels">,
    Statistic<"packedWeights", "packed-weights", "weights packed">];
}

def SplitNormsPass : Pass<"seqc-split-norms", "::mlir::func::FuncOp"> {
  let summary = "take norms apart that only scans read";
  let description = [{
    A norm becomes statistics, one or two values per row, and an elementwise op that
    applies them, where scans read the rows of its result and nothing else does:
    `seqc-fuse-scan` computes the elementwise op in the steps, and normalised rows are
    never written. Only where the rows themselves stay in memory anyway: they are an
    argument, or others (a residual) read them.

    ```mlir
    %u = seqc.norm rms ins(%x) gain(%g) outs(%e)
    %y, %h1 = seqc.scan inputs(%u) ...
    // becomes
    %s = linalg.generic ins(%x) ...      // [R], reciprocal deviations
    %u = linalg.generic ins(%x, %s, %g)  // x * s * g
    %y, %h1 = seqc.scan inputs(%u) ...
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"];
  let statistics = [Statistic<"numSplit", "split", "norms taken apart">];
}

def FuseScanPass : Pass<"seqc-fuse-scan", "::mlir::func::FuncOp"> {
  let summary = "compute elementwise neighbours of a scan in its step";
  let description = [{
    An elementwise op that reads a scan's output row by row and channel by channel
    is computed in the step region: its other operands of shape [rows, channels]
    or [rows] become inputs, those of shape [channels] params. An op that makes an input of
    the scan and nothing else is taken in too, unless it can join the row kernel
    that makes its own operands. Where an op reads two scans, the later one takes
    it in and reads the rows of the earlier. What applies values per row, as the end of a
    norm, is computed in each of several scans that read it.

    ```mlir
    %y, %h1 = seqc.scan inputs(%x) ... outs(%e) states(%h) {
      ... seqc.yield %yt, %hn
    }
    %z = linalg.generic ins(%y, %g) { %r = arith.mulf %a, %b ... }
    // becomes
    %z, %h1 = seqc.scan inputs(%x, %g) ... outs(%e) states(%h) {
      ... %r = arith.mulf %yt, %gt
      seqc.yield %r, %hn
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
  let statistics = [Statistic<"inlined", "inlined", "ops computed in a step">];
}

def FuseKernelsPass : Pass<"seqc-fuse-kernels", "::mlir::func::FuncOp"> {
  let summary = "group the ops of a model into kernels";
  let description = [{
    Puts every op that touches data into a `seqc.kernel` of one of the forms of
    docs/Rationale/KernelForms.md. Ops that treat rows one by one join the kernels
    of the ops whose rows they read, as long as no op of another kernel lies
    between and a tile's temporaries fit the cache; elementwise work on the result
    of an attention joins it; scans and serial ops stay alone. Fresh destinations
    move inside, extents become extents of arguments. A value that leaves is
    written through an `outs` operand: a fresh tensor, or the one that the op
    updates. Kernels are ordered so that an update comes after the readers of the
    old value.

    ```mlir
    %e = tensor.empty(%n) : tensor<?x8xf32>
    %a = linalg.generic {...} ins(%x) outs(%e)
    %b = seqc.scatter_rows add ins(%a, %i) outs(%y)
    // becomes
    %b = seqc.kernel ins(%x, %i) outs(%y) {
    ^bb0(%x1, %i1, %y1):
      %n1 = tensor.dim %x1, %c0
      %e1 = tensor.empty(%n1)
      %a1 = linalg.generic {...} ins(%x1) outs(%e1)
      %b1 = seqc.scatter_rows add ins(%a1, %i1) outs(%y1)
      seqc.yield %b1
    }
    ```

    Remarks (category seqc-fuse-kernels) tell each merge and each refusal.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect", "::seqc::ir::SeqcDialect"];
  let statistics = [
    Statistic<"kernels", "kernels", "kernels made">,
    Statistic<"fusedOps", "fused-ops", "ops inside kernels">];
}

def PartitionPass : Pass<"seqc-partition", "::mlir::ModuleOp"> {
  let summary = "outline kernels, share equal ones, move weight-only work apart";
  let description = [{
    Each `seqc.kernel` becomes a private function named after its content, and
    kernels of equal content become one function: layers of the same shape share
    all their kernels. Work on weights alone moves from `@forward` to `@prepare`,
    whose results are arguments of `@forward` with the same `seqc.prepared` name;
    weights that `@forward` no longer reads are dropped from it. A call keeps the
    layer's name.

    ```mlir
    func.func @forward(%x {seqc.input}, %w {seqc.weight = "w"}) -> (... {seqc.output}) {
      %p = linalg.pack %w ...
      %y = seqc.kernel {layer = "layers.0"} ins(%x, %p) outs(%e) { ... }
    }
    // becomes
    func.func @prepare(%w {seqc.weight = "w"}) -> (... {seqc.prepared = "w.panels"}) {
      %p = linalg.pack %w ...
    }
    func.func @forward(%x {seqc.input}, %p {seqc.prepared = "w.panels"}) -> (... {seqc.output}) {
      %y = call @rows_matmul_544(%x, %p, %e) {seqc.layer = "layers.0"}
    }
    func.func private @rows_matmul_544(%x {bufferization.writable = false}, ...,
        %e {bufferization.writable = true}) -> ... attributes {seqc.kernel} { ... }
    ```
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect",
                           "::mlir::func::FuncDialect"];
  let statistics = [
    Statistic<"kernels", "kernels", "distinct kernels">,
    Statistic<"calls", "calls", "calls of kernels">,
    Statistic<"preparedTensors", "prepared-tensors", "tensors computed once per model">];
}

//===----------------------------------------------------------------------===//
// schedule
//===----------------------------------------------------------------------===//

def ApplyAssumptionsPass : Pass<"seqc-apply-assumptions", "::mlir::func::FuncOp"> {
  let summary = "simplify a kernel under what seqc.assume says of its arguments";
  let description = [{
    The signature stays, so that the variant can stand in for the kernel:

    * an extent that is assumed becomes a constant;
    * rows gathered by an index that rises strictly (`seqc.increasing`), as many
      as the source has, are the source; rows scattered by it are an elementwise
      update;
    * an attention of which no sequence carries keys loses its `past`;
    * a window that no sequence is longer than becomes unbounded.

    ```mlir
    func.func private @k(%x: tensor<?x8xf32>, %i: tensor<?xi32> {seqc.increasing}, %o: tensor<?x8xf32>)
        attributes {seqc.kernel, seqc.assume = [#seqc.fact<same arg2[0], arg0[0]>]} {
      %g = seqc.gather_rows ins(%x, %i) outs(%e)
      %y = linalg.exp ins(%g) outs(%o)
    // becomes
      %y = linalg.exp ins(%x) outs(%o)
    ```

    What else a fact changes is decided where it is decided without one: tiles in
    `seqc-schedule`, the loop over the rows of a sequence in `seqc-vectorize-scan`.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect", "::seqc::ir::SeqcDialect"];
  let statistics = [
    Statistic<"numRewritten", "rewritten", "ops simplified">,
    Statistic<"numExtents", "extents", "extents that became constants">];
}

def SchedulePass : Pass<"seqc-schedule", "::mlir::func::FuncOp"> {
  let summary = "choose the tiles of a kernel from its shapes and the target";
  let description = [{
    Sets `seqc.schedule` on kernel functions that have none, by the model in
    passes/Analysis/ScheduleModel.h: rows of a tile from the size of its
    temporaries, the register tile from the panel width and the number of vector
    registers, queries and keys of an attention tile from the width of a value.
    A contraction whose panel is not the kernel's gets a schedule of its own.

    ```mlir
    func.func private @k(...) attributes {seqc.kernel}
    // becomes
    func.func private @k(...) attributes {seqc.kernel,
        seqc.schedule = #seqc.schedule<"rows", rows = 64, micro = 8 by 3, keys = 0, unroll = 4>}
    ```
  }];
  let dependentDialects = ["::seqc::ir::SeqcDialect"];
  let statistics = [Statistic<"scheduled", "scheduled", "kernels given a schedule">];
}

//===----------------------------------------------------------------------===//
// tile (one kernel, tensors)
//===----------------------------------------------------------------------===//

// rows

def DecomposePass : Pass<"seqc-decompose", "::mlir::func::FuncOp"> {
  let summary = "replace norm, route and named linalg ops in kernels by generics";
  let description = [{
    Each op says itself what it is (`AggregatedOpInterface`); a norm becomes two
    reductions over the last axis, a value per row, and an elementwise generic.
    Named linalg ops other than those of the tile level become generics as well.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"];
}

def SinkSlicesPass : Pass<"seqc-sink-slices", "::mlir::func::FuncOp"> {
  let summary = "split the operands of elementwise ops whose results are split";
  let description = [{
    An elementwise generic of which only disjoint parts along one axis are read is
    done part by part, so that each part can be written where it is wanted:

    ```mlir
    %y = linalg.generic ... ins(%x, %bias : tensor<?x96xf32>, tensor<96xf32>) ...
    %a = tensor.extract_slice %y[0, 0] [%n, 32] [1, 1]
    %b = tensor.extract_slice %y[0, 32] [%n, 64] [1, 1]
    ```

    becomes two generics on slices of `%x` and `%bias`. Kernels over rows only.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
  let statistics = [Statistic<"numSplit", "num-split", "ops done part by part">];
}

def FuseElementwisePass : Pass<"seqc-fuse-elementwise", "::mlir::func::FuncOp"> {
  let summary = "make one generic of elementwise ops that feed each other";
  let description = [{
    Within a kernel over rows, where the producer has one reader that takes each
    of its values once.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect"];
  let statistics = [Statistic<"numFused", "num-fused", "producers fused">];
}

def BindDestinationsPass : Pass<"seqc-bind-destinations", "::mlir::func::FuncOp"> {
  let summary = "make the producers of a kernel's results write its outs arguments";
  let description = [{
    A result whose destination chain starts at a fresh `tensor.empty` is made to
    start at its outs argument, views in between being inverted:

    ```mlir
    %e = tensor.empty(%n) : tensor<?x2x16xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x2x16xf32>) -> tensor<?x2x16xf32>
    %r = tensor.collapse_shape %f [[0], [1, 2]] : tensor<?x2x16xf32> into tensor<?x32xf32>
    return %r : tensor<?x32xf32>
    ```

    fills a `tensor.expand_shape` of the outs argument afterwards. Where this
    cannot be done a `linalg.copy` to the outs argument ends the chain. Users of
    one uninitialised tensor, or of one fill, get their own.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
  let statistics = [Statistic<"numCopies", "num-copies", "results that had to be copied">];
}

def TileRowsPass : Pass<"seqc-tile-rows", "::mlir::func::FuncOp"> {
  let summary = "cut kernels of row-wise ops into tasks over blocks of rows";
  let description = [{
    The body moves into an `scf.forall` over blocks of rows (64, or what
    `seqc.schedule` says; 1024 for kernels of one value per row). Every op is
    re-created on the rows of the block; operands that do not run over rows are
    used whole. A scatter writes the whole shared destination at its own rows.
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
                           "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
                           "::seqc::ir::SeqcDialect"];
}

def TileSerialPass : Pass<"seqc-tile-serial", "::mlir::func::FuncOp"> {
  let summary = "make one task of a kernel of compress, ring_push or pool";
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
                           "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
                           "::seqc::ir::SeqcDialect"];
}

// scan

def TileScanPass : Pass<"seqc-tile-scan", "::mlir::func::FuncOp"> {
  let summary = "cut scan kernels into tasks over blocks of channels";
  let description = [{
    Inputs, params, outs and states are sliced along the channels; a block is
    `registerVectors` of `seqc.schedule` times the lanes of `seqc.target`, in
    multiples of 16 (64 by default). The last block may be shorter.
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
                           "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
                           "::seqc::ir::SeqcDialect"];
}

// attend

def SeqcTileAttend : Pass<"seqc-tile-attend", "::mlir::func::FuncOp"> {
  let summary = "task loop and tiles of a kernel with windowed attention";
  let description = [{
    A kernel of form `queries` (one `seqc.attend`, elementwise generics on its rows)
    becomes one `scf.forall` over heads x query tiles; each task walks `offsets` to
    find its tile and visits the key tiles that its window meets. `rows` and `keys`
    of the schedule are the tile sizes. Why the tile looks as it does:
    docs/Rationale/WindowAttention.md.

    ```mlir
    func.func private @k(%q, %k, %v, %off, %out) -> tensor<?x64xf32> attributes {seqc.kernel} {
      %0 = seqc.attend softmax {...} ins(%q, %k, %v, %off ...) outs(%out ...) -> ...
      return %0
    }
    // becomes
      %r = scf.forall (%task) in (%tasks) shared_outs(%o = %out) -> (tensor<?x64xf32>) {
        // row, rank and sequence of the tile
        %sums:3 = scf.for %j = %lo to %hi step %c64 iter_args(...) {
          // scores, weights, weighted values
        }
        scf.forall.in_parallel { tensor.parallel_insert_slice ... }
      }
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect"
  ];
}

//===----------------------------------------------------------------------===//
// bufferize
//===----------------------------------------------------------------------===//

def BufferizePass : Pass<"seqc-bufferize", "::mlir::ModuleOp"> {
  let summary = "turn kernels on tensors into kernels on buffers without results";
  let description = [{
    One-shot bufferization across the function boundary: outs arguments may be
    written, ins may not, all have identity layout. Results, being outs arguments,
    go away. Temporaries are `memref.alloc` until `seqc-place-scratch`, copies are
    `memref.copy` until `seqc-lower-copies`.
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect",
                           "::mlir::memref::MemRefDialect"];
}

def LowerCopiesPass : Pass<"seqc-lower-copies", "::mlir::func::FuncOp"> {
  let summary = "drop copies of a buffer to itself, make tile-level ops of others";
  let description = [{
    In-place insertions leave a `memref.copy` between two views that are the same.
    Views are compared by their operands; run after canonicalisation.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect"];
  let statistics = [Statistic<"numCopies", "num-copies", "copies that stay">];
}

def PlaceScratchPass : Pass<"seqc-place-scratch", "::mlir::func::FuncOp"> {
  let summary = "place a kernel's temporaries in its scratch argument";
  let description = [{
    Adds the argument `%scratch : memref<?xi8>` and records its size as
    `seqc.scratch`. Each `memref.alloc` becomes a `memref.view` of it at a 64-byte
    aligned offset; two whose lifetimes within a task do not meet may share
    memory. Extents must have a constant bound.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"];
  let statistics = [Statistic<"numTemporaries", "num-temporaries", "temporaries placed">];
}

def VerifyNoAllocPass : Pass<"seqc-verify-no-alloc", "::mlir::func::FuncOp"> {
  let summary = "reject allocations and copies of whole arguments in kernels";
}

//===----------------------------------------------------------------------===//
// vectorize (one kernel, memrefs)
//===----------------------------------------------------------------------===//

// linalg

class SeqcVectorizePass<string flag> : Pass<flag, "::mlir::func::FuncOp"> {
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
}

def SeqcVectorizeContraction : SeqcVectorizePass<"seqc-vectorize-contraction"> {
  let summary = "contractions to register tiles of vector multiply-adds";
}

def SeqcVectorizeReduction : SeqcVectorizePass<"seqc-vectorize-reduction"> {
  let summary = "reductions to vectors of partial results";
}

def SeqcVectorizeTranspose : SeqcVectorizePass<"seqc-vectorize-transpose"> {
  let summary = "transposing copies to blocks that are transposed in registers";
}

def SeqcVectorizeElementwise : SeqcVectorizePass<"seqc-vectorize-elementwise"> {
  let summary = "all-parallel linalg ops (and memref.copy) to loops over lanes";
}

// seqc ops

def VectorizeScanPass : Pass<"seqc-vectorize-scan", "::mlir::func::FuncOp"> {
  let summary = "turn seqc.scan on memrefs into loops of vectors";
  let description = [{
    Lanes run over channels: for each vector of channels a loop over sequences
    and in it a loop over rows that carries the states in registers. Parameters
    are loaded once per vector of channels. Scans with long or per-row state
    vectors use lanes over states instead. A scan on tensors is left alone.

    ```mlir
    seqc.scan … inputs(%x : memref<?x32xf32>) offsets(%off : memref<?xi32>)
      outs(%y : memref<?x32xf32>) states(%h : memref<?x32xf32>) { … }
    ```

    becomes

    ```mlir
    scf.for %d = … { scf.for %b = … {
      %h0 = vector.load %h[%b, %d] : …, vector<16xf32>
      %h1 = scf.for %i = … iter_args(%s = %h0) -> (vector<16xf32>) { … }
      vector.store %h1, %h[%b, %d]
    } }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
  let statistics = [Statistic<"numVectorized", "scans", "Number of scans vectorized">];
}

def VectorizeRowsPass : Pass<"seqc-vectorize-rows", "::mlir::func::FuncOp"> {
  let summary = "turn row movement on memrefs into loops of vectors";
  let description = [{
    `seqc.gather_rows`, `seqc.scatter_rows`, `seqc.compress`, `seqc.ring_push` and
    `seqc.pool` become loops over rows around vector loads and stores; ragged ends
    are masked. Ops on tensors are left alone.

    ```mlir
    seqc.gather_rows ins(%x, %i : memref<?x16xf32>, memref<?xi32>) outs(%y : memref<?x16xf32>)
    ```

    becomes

    ```mlir
    scf.for %r = … {
      %s = memref.load %i[%r] : memref<?xi32>
      %v = vector.load %x[%s, %c0] : memref<?x16xf32>, vector<16xf32>
      vector.store %v, %y[%r, %c0] : memref<?x16xf32>, vector<16xf32>
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect"];
  let statistics = [Statistic<"numVectorized", "ops", "Number of ops vectorized">];
}

// math

def SeqcExpandMath : SeqcVectorizePass<"seqc-expand-math"> {
  let summary = "math functions to polynomials that need no library";
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect", "::mlir::math::MathDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
}

def SeqcVerifyVectorized : Pass<"seqc-verify-vectorized", "::mlir::func::FuncOp"> {
  let summary = "no scalar f32 arithmetic is left in an innermost loop";
}

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

def SeqcLowerToLLVM : Pass<"seqc-lower-to-llvm", "::mlir::ModuleOp"> {
  let summary = "convert vectors, buffers and loops to the LLVM dialect at once";
  let description = [{
    Every op of a kernel that has its entry points becomes one of the LLVM
    dialect. Sums over the lanes of a vector may take any order.

    ```mlir
    %v = vector.load %a[%i] : memref<?xf32>, vector<16xf32>
    // becomes
    %p = llvm.getelementptr %base[%i] : (!llvm.ptr, i64) -> !llvm.ptr, f32
    %v = llvm.load %p {alignment = 4 : i64} : !llvm.ptr -> vector<16xf32>
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::arith::ArithDialect",
                           "::mlir::cf::ControlFlowDialect",
                           "::mlir::affine::AffineDialect",
                           "::mlir::memref::MemRefDialect"];
}

#endif // SEQC_PASSES_TD
