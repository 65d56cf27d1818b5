//===- LayerBuilder.h - primitives that layer builders compose ------------===//
//
// Every system (SeqBoat.cpp, ...) and every layer that a model description
// composes itself is written in these functions. They emit ops at the place of
// the JSON element that is being built and check weights as they are asked for:
// a wrong weight is reported and replaced by an argument of the right shape, so
// that one import shows all of them.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_FRONTENDS_LAYERS_LAYERBUILDER_H
#define SEQC_FRONTENDS_LAYERS_LAYERBUILDER_H

#include "dialect/SeqcOps.h"
#include "frontends/json/JsonReader.h"
#include "frontends/layers/LayerConfig.h"
#include "seqc/WeightSource.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

#include <map>

namespace seqc::frontend {

/// A set of rows: all tokens, the activated tokens of a gate, or one row per
/// sequence. Only rows of the same space can be combined.
struct RowSpace {
  mlir::Value extent;  ///< number of rows, index
  mlir::Value offsets; ///< borders of the sequences; null after pooling
  mlir::Value index;   ///< row among all tokens; null for all tokens
};

/// f32 rows [extent, width] of one space.
struct Rows {
  mlir::Value value;
  const RowSpace *space = nullptr;

  int64_t width() const;
  explicit operator bool() const { return static_cast<bool>(value); }
};

/// What a router decides for every token.
struct Routing {
  mlir::Value active;     ///< i32 [R]
  mlir::Value confidence; ///< f32 [R]
};

class LayerBuilder {
public:
  /// Starts @forward in `module`. `streamable`: state may be carried.
  LayerBuilder(mlir::ModuleOp module, const WeightSource &source,
               Problems &problems, bool streamable);

  /// The ops that follow stand at this place and belong to this layer.
  void enter(const JsonValue &place, llvm::StringRef layer = "");
  const std::string &layer() const { return layerName; }
  bool isStreamable() const { return streamable; }
  void error(std::string text, ErrorCode code = ErrorCode::InvalidModel);

  // Arguments.
  Rows features(llvm::StringRef name, int64_t width);
  Rows tokens(llvm::StringRef name, mlir::Value table);
  /// Another input with the rows of the first.
  void addInput(const std::string &name, int64_t width);
  Rows input(const std::string &name) const { return extraInputs.at(name); }
  /// Rows where `rows` (of width 1) is 0 are padding: they are computed like
  /// others, but scans read 0 there and routes skip them.
  void setMask(Rows rows) { mask = rows.value; }
  /// An f32 weight. An extent of -1 takes what the file has.
  mlir::Value weight(const std::string &name, llvm::ArrayRef<int64_t> shape);
  /// A table that fillGeneratedWeight knows how to fill.
  mlir::Value generatedWeight(const std::string &name,
                              llvm::ArrayRef<int64_t> shape);
  mlir::Value option(llvm::StringRef name);
  /// State "<layer>.<name>", first extent B; numbered if the name is taken.
  mlir::Value state(llvm::StringRef name, llvm::ArrayRef<int64_t> shape,
                    mlir::Type element);
  void setState(mlir::Value state, mlir::Value next);
  const RowSpace &allRows() const { return *spaces.front(); }

  // Row by row.
  Rows linear(Rows x, const LinearConfig &config);
  Rows map(Rows x, Function function);
  Rows norm(Rows x, const NormConfig &config);
  /// Sum or product of rows.
  Rows add(llvm::ArrayRef<Rows> terms);
  Rows multiply(llvm::ArrayRef<Rows> factors);
  /// x * scale[row] + shift[row] with weights [rows, width].
  Rows scaleShift(Rows x, const ScaleShiftConfig &config);
  void expectWidth(Rows x, int64_t width);
  Rows columns(Rows x, int64_t first, int64_t width);

  // Along a sequence.
  Rows ema(Rows x, const EmaConfig &config);
  /// h_t = decay_t * h_(t-1) + x_t.
  Rows recurrence(Rows x, Rows decay, bool reverse);
  /// y_t = bias + sum_j weight_j x_(t - taps + 1 + j), 0 before the sequence.
  Rows conv(Rows x, const ConvConfig &config);
  /// h_t = exp(delta_t A) h_(t-1) + delta_t x_t in_t; y_t = <h_t, out_t>, one
  /// vector h of states per channel, `in` and `out` shared by the channels.
  Rows selectiveScan(Rows x, Rows delta, Rows in, Rows out,
                     const SelectiveScanConfig &config);
  /// h_t = decay h_(t-1) + x_t with complex states; y_t is the real part of
  /// <h_t, out>, plus skip x_t.
  Rows complexScan(Rows x, const ComplexScanConfig &config);
  Rows attend(Rows query, Rows key, Rows value, const AttendConfig &config);
  Rows pool(Rows x);

  // Sparse activation.
  Routing route(Rows logits, const std::string &temperature);
  /// The rows that are active.
  const RowSpace *compress(mlir::Value active);
  Rows gatherRows(Rows source, const RowSpace *space);
  Rows scatterRows(Rows source, Rows into, mlir::Value scale, bool replace);

  /// Ends @forward.
  void finish(Rows result, llvm::StringRef name);

private:
  struct EmaCoefficients {
    mlir::Value decay, input, output, delayedInput;
  };

  using Body = llvm::function_ref<mlir::Value(mlir::ImplicitLocOpBuilder &,
                                              mlir::ValueRange)>;
  mlir::Value argument(unsigned group, mlir::Type type,
                       llvm::StringRef attribute, llvm::StringRef name);
  mlir::Value builtin(llvm::StringRef name);
  mlir::Value constantIndex(int64_t value);
  /// Extents that every layer uses are computed once, ahead of all.
  void startRows(mlir::Value input);
  mlir::Value empty(llvm::ArrayRef<int64_t> shape, mlir::Value extent,
                    mlir::Type element = {});
  mlir::Value zeros(llvm::ArrayRef<int64_t> shape, mlir::Value extent);
  mlir::Value elementwise(mlir::ValueRange inputs,
                          llvm::ArrayRef<mlir::AffineMap> maps, mlir::Value out,
                          Body body);
  Rows rowwise(const RowSpace *space, int64_t width, mlir::ValueRange inputs,
               llvm::ArrayRef<mlir::AffineMap> maps, Body body);
  Rows batchNorm(Rows x, const NormConfig &config);
  mlir::Value emaWeight(const std::string &name, const EmaConfig &config,
                        int64_t channels, bool reverse);
  EmaCoefficients emaCoefficients(const EmaConfig &config, int64_t channels,
                                  bool reverse, bool carried);
  /// State of a forward scan: carried if the model's is, else 0.
  mlir::Value scanState(llvm::StringRef name, llvm::ArrayRef<int64_t> shape,
                        bool carried);
  Rows emaScan(Rows x, const EmaConfig &config, bool reverse, bool direct);
  /// x with zeros at padding.
  Rows withoutPadding(Rows x);
  mlir::Value positionsOf(const RowSpace *space);
  mlir::Value rotaryTable(const AttendConfig &config, int64_t width,
                          const char *part);
  /// The last keys of each sequence, carried from call to call.
  struct Ring {
    mlir::Value key, value, positions, count;
  };
  Ring ringState(int64_t window, int64_t keyWidth, int64_t valueWidth);
  void pushRing(const Ring &ring, const RowSpace *space, mlir::Value keys,
                mlir::Value values, mlir::Value positions);
  mlir::Value splitHeads(Rows x, int64_t heads);
  mlir::Value joinHeads(mlir::Value x, const RowSpace *space, int64_t heads);
  bool checkHeads(Rows query, Rows key, Rows value, const AttendConfig &config);
  mlir::Value countAfter(const RowSpace *space, mlir::Value count);
  mlir::Value borders(mlir::Value offsets, int64_t first);
  mlir::Value longest(mlir::Value offsets);
  Rows selectByBatch(Rows full, Rows other);
  struct AttendOperands;
  Rows attendOver(const AttendOperands &operands, bool byPosition);
  void addTables(AttendOperands &operands);
  bool checkAttend(Rows query, Rows key, Rows value,
                   const AttendConfig &config);
  bool sameSpace(llvm::ArrayRef<Rows> rows);

  mlir::ImplicitLocOpBuilder b;
  mlir::func::FuncOp function;
  const WeightSource &source;
  Problems &problems;
  const JsonValue *place = nullptr;
  std::string layerName;
  const bool streamable;
  /// A shape had to be guessed, so that messages on widths may be wrong.
  bool guessed = false;
  std::vector<std::unique_ptr<RowSpace>> spaces;
  mlir::Value zeroIndex, borderCount, sequenceCount, mask;
  int64_t maxPositions = -1;

  /// Arguments so far of each group of the signature.
  llvm::SmallVector<unsigned> groupSizes;
  llvm::StringMap<mlir::Value> weights, others;
  std::map<std::string, Rows> extraInputs;
  llvm::StringSet<> stateNames;
  struct State {
    std::string name;
    mlir::Value next;
  };
  llvm::MapVector<mlir::Value, State> states;
};

} // namespace seqc::frontend

#endif // SEQC_FRONTENDS_LAYERS_LAYERBUILDER_H
