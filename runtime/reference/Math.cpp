//===- Math.cpp - scalar functions and the dense product
//-------------------===//

#include "runtime/reference/Math.h"

#include <algorithm>
#include <cmath>

namespace seqc::reference {

Problem checkOffsets(ConstInts offsets, int64_t rows) {
  if (offsets.size < 1 || offsets[0] != 0)
    return "expected offsets that start with 0";
  for (int64_t b = 1; b < offsets.size; ++b)
    if (offsets[b] < offsets[b - 1])
      return "expected offsets that never decrease, entry " +
             std::to_string(b) + " is below the one before it";
  if (offsets[offsets.size - 1] > rows)
    return "expected offsets within " + std::to_string(rows) + " rows, got " +
           std::to_string(offsets[offsets.size - 1]);
  return {};
}

double sigmoid(double x) {
  // Either branch keeps the exponent from overflowing.
  if (x >= 0)
    return 1 / (1 + std::exp(-x));
  double e = std::exp(x);
  return e / (1 + e);
}

double silu(double x) { return x * sigmoid(x); }

double softplus(double x) {
  return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x)));
}

double gelu(double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); }

// Written so that NaN stays NaN.
double relu(double x) { return x < 0 ? 0 : x; }

double relu2(double x) { return relu(x) * relu(x); }

double laplace(double x) {
  return 0.5 * (1 + std::erf((x - 0.707107) / (0.282095 * std::sqrt(2.0))));
}

void softmax(Vector values) {
  bool masked = std::all_of(values.data, values.data + values.size,
                            [](double x) { return std::isinf(x) && x < 0; });
  if (masked) {
    std::fill_n(values.data, values.size, 0.0);
    return;
  }
  double largest = *std::max_element(values.data, values.data + values.size);
  double sum = 0;
  for (int64_t i = 0; i < values.size; ++i)
    sum += values[i] = std::exp(values[i] - largest);
  for (int64_t i = 0; i < values.size; ++i)
    values[i] /= sum;
}

void linear(ConstMatrix x, ConstMatrix weight, Matrix out) {
  for (int64_t m = 0; m < out.rows; ++m)
    for (int64_t n = 0; n < out.columns; ++n)
      for (int64_t k = 0; k < x.columns; ++k)
        out.at(m, n) += x.at(m, k) * weight.at(n, k);
}

} // namespace seqc::reference
