// RUN: seqc-opt %s --split-input-file --verify-diagnostics

// expected-error @+1 {{expected equals, at_most, same, zero, longest or one_row, got about}}
func.func private @kind(%x: tensor<?xf32>) attributes {seqc.kernel, seqc.assume = [#seqc.fact<about arg0[0], 1>]} {
  return
}

// -----

// expected-error @+1 {{expected an argument such as arg0}}
func.func private @name(%x: tensor<?xf32>) attributes {seqc.kernel, seqc.assume = [#seqc.fact<equals x[0], 1>]} {
  return
}

// -----

// expected-error @+1 {{expected an extent of 0 or more, got -1}}
func.func private @negative(%x: tensor<?xf32>) attributes {seqc.kernel, seqc.assume = [#seqc.fact<equals arg0[0], -1>]} {
  return
}

// -----

// expected-error @+1 {{expected seqc.assume, an array of #seqc.fact, on a kernel function}}
func.func private @no_kernel(%x: tensor<?xf32>) attributes {seqc.assume = [#seqc.fact<equals arg0[0], 1>]} {
  return
}

// -----

// expected-error @+1 {{expected facts in seqc.assume, got 1 : i32}}
func.func private @no_fact(%x: tensor<?xf32>) attributes {seqc.kernel, seqc.assume = [1 : i32]} {
  return
}

// -----

// expected-error @+1 {{assumes something of arg1, expected one of 1 arguments}}
func.func private @fact_c1_argument(%x: tensor<?xf32>) attributes {seqc.kernel, seqc.assume = [#seqc.fact<equals arg1[0], 1>]} {
  return
}

// -----

// expected-error @+1 {{assumes something of arg0[1], got an argument of type 'tensor<?xf32>'}}
func.func private @fact_c1_dimension(%x: tensor<?xf32>) attributes {seqc.kernel, seqc.assume = [#seqc.fact<at_most arg0[1], 1>]} {
  return
}

// -----

// expected-error @+1 {{assumes something of arg2, expected one of 1 arguments}}
func.func private @fact_c1_other(%x: tensor<?xf32>) attributes {seqc.kernel, seqc.assume = [#seqc.fact<same arg0[0], arg2[0]>]} {
  return
}

// -----

// expected-error @+1 {{assumes #seqc.fact<equals arg0[0], 3>, which the type 'tensor<4xf32>' contradicts}}
func.func private @fact_c2_contradiction(%x: tensor<4xf32>) attributes {seqc.kernel, seqc.assume = [#seqc.fact<equals arg0[0], 3>]} {
  return
}

// -----

// expected-error @+1 {{assumes something of the entries of arg0, expected a vector of i32, got 'tensor<?xf32>'}}
func.func private @fact_c3_entries(%x: tensor<?xf32>) attributes {seqc.kernel, seqc.assume = [#seqc.fact<zero arg0>]} {
  return
}

// -----

// expected-error @+1 {{expected seqc.increasing on a vector of i32}}
func.func private @rising(%x: tensor<?xf32> {seqc.increasing}) attributes {seqc.kernel} {
  return
}
