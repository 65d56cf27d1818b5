// RUN: seqc-opt %s --seqc-verify-vectorized --split-input-file --verify-diagnostics

// Scalars may be loaded, compared and broadcast in a loop, and computed outside
// of the innermost one.
func.func @fine(%x: memref<?x16xf32>, %n: index, %s: f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %twice = arith.addf %s, %s : f32
  scf.for %i = %c0 to %n step %c1 {
    %half = arith.mulf %twice, %s : f32
    scf.for %j = %c0 to %n step %c1 {
      %e = memref.load %x[%i, %c0] : memref<?x16xf32>
      %b = vector.broadcast %e : f32 to vector<16xf32>
      %h = vector.broadcast %half : f32 to vector<16xf32>
      %v = arith.addf %b, %h : vector<16xf32>
      vector.store %v, %x[%i, %c0] : memref<?x16xf32>, vector<16xf32>
    }
  }
  return
}

// -----

func.func @scalar_sum(%x: memref<?xf32>, %n: index) -> f32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %sum = scf.for %i = %c0 to %n step %c1 iter_args(%s = %zero) -> f32 {
    %e = memref.load %x[%i] : memref<?xf32>
    // expected-error @below {{expected no scalar f32 arithmetic in an innermost loop after vectorize, got 'arith.addf'}}
    %t = arith.addf %s, %e : f32
    scf.yield %t : f32
  }
  return %sum : f32
}

// -----

func.func @tile_level(%x: memref<?xf32>, %s: f32) {
  // expected-error @below {{expected no tile-level op after vectorize, got one; no vectorising pass knows its form}}
  linalg.fill ins(%s : f32) outs(%x : memref<?xf32>)
  return
}
