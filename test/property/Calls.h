//===- Calls.h - a model on a target and on the reference -----------------===//
#ifndef SEQC_TEST_PROPERTY_CALLS_H
#define SEQC_TEST_PROPERTY_CALLS_H

#include "Property.h"

#include "test/conformance/Lab.h"

namespace seqc::property {

/// |got - expected| <= relative * (what `perElement` says) + absolute.
struct Bound {
  double relative = lab::kAgainstReference;
  double absolute = 1e-35; ///< smaller results may be flushed to 0
  /// Relative to the element itself; else to the tensor's largest finite one.
  bool perElement = false;
  /// A NaN may stand for an infinity and the other way round.
  bool anyNonFinite = false;
  bool sameBits = false; ///< but for the payload of a NaN
};

/// Empty where `got` is right: the same NaNs and infinities, numbers within the
/// bound.
std::string compare(const Tensor &got, const Tensor &expected, Bound bound);

struct Questions {
  int cases = 20;
  int64_t mostSequences = 4, longest = 40;
  Bound bound;
  /// Values of an f32 input; default: -1 .. 1.
  std::function<float(Random &)> value;
  /// Chance of a call with a few infinities, NaNs, denormals and negative
  /// zeros.
  double poisoned = 0;
  /// Largest value of an integer input.
  int64_t largestId = 0;
};

/// Compiles the model for the trial's target and for the reference and asks
/// both the same: calls with random lengths, layouts of the callers' tensors
/// and options, with carried state where the model has one. Now and then a call
/// that must be refused.
void askBoth(Trial &trial, const lab::Model &model, const Questions &questions);

/// A number of any kind: ordinary, huge, denormal, -0, infinite, NaN.
float anyNumber(Random &random);

/// Adds a weight of random values.
void addWeight(Random &random, lab::Model &model, const std::string &name,
               std::vector<int64_t> shape, double low, double high);
/// The tensors of a linear step with the prefix `name`.
void addLinear(Random &random, lab::Model &model, const std::string &name,
               int64_t rows, int64_t columns);

} // namespace seqc::property

#endif // SEQC_TEST_PROPERTY_CALLS_H
