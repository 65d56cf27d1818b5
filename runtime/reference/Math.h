//===- Math.h - scalar functions and the dense product
//---------------------===//
#ifndef SEQC_RUNTIME_REFERENCE_MATH_H
#define SEQC_RUNTIME_REFERENCE_MATH_H

#include "runtime/reference/Views.h"

namespace seqc::reference {

double sigmoid(double x);
double silu(double x);
/// log(1 + exp(x)) without overflow.
double softplus(double x);
/// x * Phi(x) with the exact normal distribution.
double gelu(double x);
double relu(double x);
/// max(x, 0)^2.
double relu2(double x);
/// Mean 0.707107, deviation 0.282095: the constants that `attend` names.
double laplace(double x);

/// Replaces the values by their softmax. All minus infinity, as the scores of
/// masked keys, become 0; an empty vector stays empty.
void softmax(Vector values);

/// `linalg.matmul` with a transposed B map:
/// `out[m, n] += sum_k x[m, k] * weight[n, k]`.
void linear(ConstMatrix x, ConstMatrix weight, Matrix out);

} // namespace seqc::reference

#endif // SEQC_RUNTIME_REFERENCE_MATH_H
