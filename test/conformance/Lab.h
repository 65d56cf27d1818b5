//===- Lab.h - small models and their runs for the conformance suite ------===//
//
// Models are made as descriptions with random weights in memory and run through
// the public API only, so that every target is asked the same questions.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_TEST_CONFORMANCE_LAB_H
#define SEQC_TEST_CONFORMANCE_LAB_H

#include "seqc/Engine.h"

#include <nlohmann/json.hpp>

#include <random>
#include <string>
#include <utility>
#include <vector>

namespace seqc::lab {

/// Bounds on |got - expected| relative to the largest expected value of the
/// tensor; docs/Testing.md has the same table.
inline constexpr double kAgainstReference = 2e-5; ///< f32 code, f64 reference
inline constexpr double kSameTarget = 1e-5;       ///< two ways to one result
inline constexpr double kExact = 0; ///< the same operations in order

/// A description and its weights.
struct Model {
  nlohmann::json document;
  std::string text; ///< MLIR, instead of a document
  std::vector<std::pair<std::string, Tensor>> weights;

  /// `low` .. `high`, the same values for the same name and model.
  void random(const std::string &name, std::vector<int64_t> shape, double low,
              double high);
  void constant(const std::string &name, std::vector<int64_t> shape,
                double value);
  void values(const std::string &name, const std::vector<float> &values);
};

/// A model of composed steps on features [B, T, width]; result "y".
Model composed(int64_t width, nlohmann::json steps);

/// The parameters of one or more equal SeqBoat layers.
struct SeqBoat {
  int64_t width = 24, latent = 8, hidden = 20, states = 4, window = 5;
  int layers = 1;
  std::string score = "softmax", positions = "none";
  std::string norm = "layer", place = "before";
  bool bidirectional = false, affine = true;
  int64_t truncation = 0; ///< 0: unbounded
  int64_t maxPositions = 128;
  double skipBias = 0; ///< added to the skip logits' bias
};
Model seqBoat(const SeqBoat &config);
/// A block of projections, a convolution of `taps` and a selective scan.
Model selective(int64_t width, int64_t inner, int64_t states, int64_t taps);
/// The tensors of one exponential moving average with `rows` rows.
void addAverage(Model &model, const std::string &prefix, int64_t rows,
                int64_t width, int64_t states);

/// Rows [skip, take, v (`rest` wide)]: `steps` compute `result` on the rows
/// "picked" where take is larger; it is put at their places, with zero
/// elsewhere, into rows as wide as `like` ("x" or "v").
Model onPickedRows(int64_t rest, nlohmann::json steps,
                   const std::string &result, const std::string &like);

/// [B, T, width] in -1 .. 1.
Tensor randomRows(int64_t batch, int64_t length, int64_t width, int seed = 1);
/// Rows [begin, end) of a batch of one.
Tensor rowsOf(const Tensor &tensor, int64_t begin, int64_t end);

/// The engine of the suite: no disk cache, two threads.
const Engine &engine();
/// "reference" is not among them.
std::vector<std::string> runnableTargets();
/// The same and "reference".
std::vector<std::string> allTargets();

/// Compiles; what does not compile is thrown, which fails the running test.
Program compile(const Model &model, const std::string &target = "cpu",
                Specialise specialise = Specialise::Background);
/// One call; the result is the first output. `lengths` may be empty.
Tensor call(Session &session, const Program &program, Tensor input,
            const std::vector<int64_t> &lengths = {});
/// One call from zero state.
Tensor runOnce(const Program &program, const Tensor &input,
               const std::vector<int64_t> &lengths = {}, float actBias = 0);
Session open(const Program &program);

/// Largest |got - expected| over the largest |expected|; infinite where shapes
/// differ or a value is not finite.
double difference(const Tensor &got, const Tensor &expected);

} // namespace seqc::lab

#endif // SEQC_TEST_CONFORMANCE_LAB_H
