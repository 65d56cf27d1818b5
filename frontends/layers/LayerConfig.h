//===- LayerConfig.h - parameters of the primitives, read from JSON -------===//
//
// Plain structures and their readers; no MLIR. `weights` is a name prefix.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_FRONTENDS_LAYERS_LAYERCONFIG_H
#define SEQC_FRONTENDS_LAYERS_LAYERCONFIG_H

#include "frontends/json/JsonReader.h"

#include <cstdint>
#include <optional>
#include <string>

namespace seqc::frontend {

enum class Function : uint8_t {
  Silu,
  Relu,
  Relu2,
  Gelu,
  GeluTanh,
  Sigmoid,
  Tanh,
  Exp,
  Softplus,
  Negate,
  OneMinus
};

/// "silu", "relu", ...; nothing for an unknown word.
std::optional<Function> parseFunction(std::string_view word);
const std::vector<std::string> &functionNames();

/// Layer, rms, scale or batch normalisation. Weights: `weight` and `bias`
/// (layer, batch), `weight` (rms), `scalar` (scale), `running_mean` and
/// `running_var` (batch).
struct NormConfig {
  enum class Kind : uint8_t { Layer, Rms, Scale, Batch };
  Kind kind = Kind::Layer;
  std::string weights;
  double eps = 1e-5;
  bool affine = true;
};

/// Weights: `weight` [width, inputs], `bias` [width].
struct LinearConfig {
  std::string weights;
  int64_t width = -1; ///< -1: what the file has
  bool bias = true;
};

struct ScaleShiftConfig {
  std::string scale, shift; ///< weights [rows, width]
  int64_t rows = 1;
  int64_t row = 0;
};

/// Multi-dimensional damped exponential moving average. Weights: `delta`,
/// `alpha`, `beta` [D, N, 1], `gamma` [D, N], `omega` [d], D = d or 2 d if
/// bidirectional.
struct EmaConfig {
  std::string weights;
  int64_t states = 16;
  bool bidirectional = false;
  int64_t truncation = 0; ///< taps of the kernel; 0: unbounded
};

/// Depthwise causal convolution. Weights: `weight` [d, taps] or [d, 1, taps],
/// the last tap on the row itself, and `bias` [d].
struct ConvConfig {
  std::string weights;
  int64_t taps = 4;
  bool bias = true;
};

/// A recurrence whose decay, input and output depend on the row. Names of
/// weights: `decay` [d, states], `skip` [d] or empty.
struct SelectiveScanConfig {
  std::string decay, skip;
  bool logarithmic = false; ///< the decay is -exp of the weight
};

/// A recurrence of complex states that do not depend on the row, as in S4D and
/// LRU layers. Weights: `decay_re`, `decay_im`, `out_re`, `out_im` [d, states],
/// `skip` [d].
struct ComplexScanConfig {
  std::string weights;
  int64_t states = 16;
};

struct AttendConfig {
  enum class Score : uint8_t { Softmax, Relu, Relu2, Laplace };
  enum class Bias : uint8_t { None, Position, Rank, Rotary };
  /// What the window counts: rows, positions in the sequence, or rows until a
  /// sequence of the batch has a row at each position, and then positions.
  enum class WindowOver : uint8_t { Rows, Positions, Batch };
  Score score = Score::Softmax;
  Bias bias = Bias::None;
  int64_t window = 1; ///< -1: every key
  WindowOver windowOver = WindowOver::Rows;
  int64_t heads = 1;    ///< of queries, side by side in their rows
  int64_t keyHeads = 1; ///< of keys and values; divides `heads`
  bool bidirectional = false;
  double scale = 0;          ///< 0: the score function's own
  std::string table;         ///< weight of the bias table
  int64_t maxPositions = -1; ///< rows of the position or rotary table
  double theta = 10000;

  /// The keys that later rows see can be kept: there is a bound on them, no
  /// other sequence has a say, and a ring has no heads.
  bool isStreamable() const {
    return !bidirectional && window > 0 && heads == 1 &&
           windowOver != WindowOver::Batch;
  }
};

/// "layer", "rms", "scale" or "batch".
NormConfig::Kind normKind(const std::string &word);

/// Readers take the keys of their structure from an object; `prefix` is put
/// before weight names.
Function readFunction(ObjectReader &reader, Problems &problems);
NormConfig readNorm(ObjectReader &reader, const std::string &prefix);
LinearConfig readLinear(ObjectReader &reader, const std::string &prefix);
EmaConfig readEma(ObjectReader &reader, const std::string &prefix);
ConvConfig readConv(ObjectReader &reader, const std::string &prefix);
SelectiveScanConfig readSelectiveScan(ObjectReader &reader, Problems &problems,
                                      const std::string &prefix);
ComplexScanConfig readComplexScan(ObjectReader &reader,
                                  const std::string &prefix);
AttendConfig readAttend(ObjectReader &reader, Problems &problems,
                        const std::string &prefix);
/// `heads` and `key_heads`, for layers that may have several.
void readHeads(ObjectReader &reader, Problems &problems, AttendConfig &config);

} // namespace seqc::frontend

#endif // SEQC_FRONTENDS_LAYERS_LAYERCONFIG_H
