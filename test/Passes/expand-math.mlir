// RUN: seqc-opt %s --seqc-expand-math --split-input-file --verify-diagnostics | FileCheck %s

// A whole AVX-512 vector is split into integer and fraction by the instructions
// for that; below the smallest normal number the result is 0.
// CHECK-LABEL: func.func @functions(
// CHECK-SAME: %[[X:.*]]: vector<16xf32>
// CHECK-NOT: math.exp
// CHECK: %[[Z:.*]] = arith.mulf %[[X]]
// CHECK: %[[N:.*]] = math.roundeven %[[Z]]
// CHECK: %[[F:.*]] = llvm.call_intrinsic "llvm.x86.avx512.mask.reduce.ps.512"(%[[Z]],
// CHECK-COUNT-5: math.fma %{{.*}}, %[[F]]
// CHECK-NOT: math.fma
// CHECK: %[[R:.*]] = llvm.call_intrinsic "llvm.x86.avx512.mask.scalef.ps.512"(%{{.*}}, %[[N]],
// CHECK: %[[TINY:.*]] = arith.cmpf olt, %[[Z]]
// CHECK: arith.select %[[TINY]], %{{.*}}, %[[R]]
// CHECK-NOT: math.log
// CHECK-NOT: math.erf
// CHECK-NOT: math.tanh
// CHECK: math.sqrt
// CHECK: return
func.func @functions(%x: vector<16xf32>) -> vector<16xf32> {
  %a = math.exp %x : vector<16xf32>
  %b = math.log %a : vector<16xf32>
  %c = math.log1p %b : vector<16xf32>
  %d = math.erf %c : vector<16xf32>
  %e = math.tanh %d : vector<16xf32>
  %f = math.rsqrt %e : vector<16xf32>
  return %f : vector<16xf32>
}

// -----

// A vector of another width and a scalar get the general form.
// CHECK-LABEL: func.func @general(
// CHECK-NOT: math.exp
// CHECK: math.fma %{{.*}} : vector<8xf32>
// CHECK: arith.shli %{{.*}} : vector<8xi32>
func.func @general(%x: vector<8xf32>) -> vector<8xf32> {
  %a = math.exp %x : vector<8xf32>
  return %a : vector<8xf32>
}

// -----

// CHECK-LABEL: func.func @scalar(
// CHECK-NOT: math.exp
// CHECK: arith.bitcast %{{.*}} : i32 to f32
func.func @scalar(%x: f32) -> f32 {
  %a = math.exp %x : f32
  return %a : f32
}

// -----

// A factor that stays takes log2(e) ahead of the loop; one that changes does not,
// nor does a product that is read elsewhere.
// CHECK-LABEL: func.func @decays(
// CHECK-SAME: %[[A:.*]]: vector<16xf32>, %{{.*}}: index)
// CHECK: %[[AL:.*]] = arith.mulf %[[A]],
// CHECK-NEXT: scf.for {{.*}} iter_args(%[[H:.*]] =
// CHECK: %[[Z:.*]] = arith.mulf %[[H]], %[[AL]]
// CHECK: roundeven %[[Z]]
// CHECK: %[[S:.*]] = arith.mulf %[[B:.*]], %[[B]]
// CHECK: %[[SL:.*]] = arith.mulf %[[S]], %cst
// CHECK: roundeven %[[SL]]
// CHECK: %[[T:.*]] = arith.mulf %[[A]], %{{.*}}
// CHECK: %[[TL:.*]] = arith.mulf %[[T]], %cst
// CHECK: roundeven %[[TL]]
// CHECK: return
func.func @decays(%a: vector<16xf32>, %n: index) -> vector<16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%h = %a) -> (vector<16xf32>) {
    %0 = arith.mulf %h, %a : vector<16xf32>
    %1 = math.exp %0 : vector<16xf32>
    %2 = arith.mulf %1, %1 : vector<16xf32>
    %3 = math.exp %2 : vector<16xf32>
    %4 = arith.mulf %a, %3 : vector<16xf32>
    %5 = math.exp %4 : vector<16xf32>
    %6 = arith.addf %4, %5 : vector<16xf32>
    scf.yield %6 : vector<16xf32>
  }
  return %r : vector<16xf32>
}

// -----

// Between 1 and 2 a logarithm is a polynomial of what is added to 1; of another sum
// it is not.
// CHECK-LABEL: func.func @softplus(
// CHECK: %[[E:.*]] = arith.select
// CHECK-COUNT-8: math.fma %{{.*}}, %[[E]]
// CHECK-NEXT: %[[L:.*]] = arith.mulf %[[E]]
// CHECK-NOT: arith.shrsi
// CHECK: math.absf
// CHECK: %[[F:.*]] = arith.select
// CHECK-COUNT-8: math.fma %{{.*}}, %[[F]]
// CHECK-NEXT: arith.mulf %[[F]]
// CHECK: arith.shrsi
// CHECK: return
func.func @softplus(%x: vector<16xf32>) -> vector<16xf32> {
  %one = arith.constant dense<1.0> : vector<16xf32>
  %0 = math.absf %x : vector<16xf32>
  %1 = arith.negf %0 : vector<16xf32>
  %2 = math.exp %1 : vector<16xf32>
  %3 = arith.addf %one, %2 : vector<16xf32>
  %4 = math.log %3 : vector<16xf32>
  %5 = math.absf %4 : vector<16xf32>
  %6 = arith.negf %5 : vector<16xf32>
  %7 = math.exp %6 : vector<16xf32>
  %8 = math.log1p %7 : vector<16xf32>
  %9 = math.exp %8 : vector<16xf32>
  %10 = arith.addf %one, %9 : vector<16xf32>
  %11 = math.log %10 : vector<16xf32>
  return %11 : vector<16xf32>
}

// -----

// Without a fused instruction math.fma would be a call.
// CHECK-LABEL: func.func @unfused(
// CHECK-NOT: math.fma
// CHECK: return
module attributes {seqc.target = #seqc.target<"baseline", bits = 128, registers = 16, fma = false, l1 = 32768, l2 = 1048576>} {
func.func @unfused(%x: vector<4xf32>) -> vector<4xf32> {
  %a = math.exp %x : vector<4xf32>
  %b = math.floor %a : vector<4xf32>
  return %b : vector<4xf32>
}
}

// -----

// A bound that is a constant needs no IEEE maximum; two variables do.
// CHECK-LABEL: func.func @clamps(
// CHECK: arith.cmpf olt, %arg0
// CHECK: arith.select
// CHECK: arith.maximumf
func.func @clamps(%x: vector<16xf32>, %y: vector<16xf32>) -> vector<16xf32> {
  %zero = arith.constant dense<0.0> : vector<16xf32>
  %a = arith.maximumf %x, %zero : vector<16xf32>
  %b = arith.maximumf %a, %y : vector<16xf32>
  return %b : vector<16xf32>
}

// -----

func.func @unknown(%x: vector<16xf32>) -> vector<16xf32> {
  // expected-error @below {{expected a function that the target can compute without a call, got one on 'vector<16xf32>'}}
  %a = math.cbrt %x : vector<16xf32>
  return %a : vector<16xf32>
}

// -----

func.func @other_type(%x: vector<8xf64>) -> vector<8xf64> {
  // expected-error @below {{expected a function that the target can compute without a call, got one on 'vector<8xf64>'}}
  %a = math.exp %x : vector<8xf64>
  return %a : vector<8xf64>
}
