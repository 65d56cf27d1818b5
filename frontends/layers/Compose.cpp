//===- Compose.cpp - layers that a description composes itself ------------===//
//
// A composed layer is a list of steps. Each step takes values by name, applies
// one primitive and names its result; "x" is the layer's input. Names and kinds
// of values are checked when the description is read, widths and rows when the
// layer is built.
//
//===----------------------------------------------------------------------===//

#include "frontends/layers/Layer.h"
#include "frontends/layers/LayerBuilder.h"

#include <functional>

using namespace seqc;
using namespace seqc::frontend;

namespace {

enum class ValueKind : uint8_t { Rows, Active, Confidence, Selection };

/// What a name stands for while a layer is built.
struct NamedValue {
  Rows rows;
  Routing routing;
  const RowSpace *selection = nullptr;
};

using Values = std::map<std::string, NamedValue>;

struct Step {
  const JsonValue *place = nullptr;
  bool streamable = true;
  std::function<void(LayerBuilder &, Values &)> build;
};

class ComposedLayer final : public Layer {
public:
  bool isStreamable() const override {
    for (const Step &step : steps)
      if (!step.streamable)
        return false;
    return true;
  }

  Rows build(LayerBuilder &b, Rows rows) const override {
    Values values;
    values["x"].rows = rows;
    for (const Step &step : steps) {
      b.enter(*step.place, name);
      step.build(b, values);
    }
    Rows out = values[result].rows;
    if (out.space == &b.allRows())
      return out;
    b.error("expected the result '" + result +
            "' to have a row per token; add a "
            "scatter_rows step");
    return rows;
  }

  std::vector<Step> steps;
  std::string result;
};

/// Reads the steps of one layer and keeps what is known of the names so far.
class StepListReader {
public:
  explicit StepListReader(LayerContext &context) : context(context) {
    kinds["x"] = ValueKind::Rows;
  }

  void read(const JsonValue &value, ComposedLayer &layer);
  bool isRows(const std::string &name) const {
    auto found = kinds.find(name);
    return found != kinds.end() && found->second == ValueKind::Rows;
  }
  std::string lastRows = "x";

private:
  struct StepParser {
    const char *op;
    void (StepListReader::*parse)(ObjectReader &, Step &);
  };
  static const std::vector<StepParser> &parsers();

  void readInputStep(ObjectReader &reader, Step &step);
  void readNormStep(ObjectReader &reader, Step &step);
  void readLinearStep(ObjectReader &reader, Step &step);
  void readMap(ObjectReader &reader, Step &step);
  void readScaleShift(ObjectReader &reader, Step &step);
  void readSplit(ObjectReader &reader, Step &step);
  void readAdd(ObjectReader &reader, Step &step);
  void readMultiply(ObjectReader &reader, Step &step);
  void readEmaStep(ObjectReader &reader, Step &step);
  void readRecurrence(ObjectReader &reader, Step &step);
  void readConvStep(ObjectReader &reader, Step &step);
  void readSelectiveScanStep(ObjectReader &reader, Step &step);
  void readComplexScanStep(ObjectReader &reader, Step &step);
  void readRoute(ObjectReader &reader, Step &step);
  void readCompress(ObjectReader &reader, Step &step);
  void readGather(ObjectReader &reader, Step &step);
  void readScatter(ObjectReader &reader, Step &step);
  void readAttendStep(ObjectReader &reader, Step &step);

  void check(const JsonValue &place, const std::string &name, ValueKind kind);
  std::string use(ObjectReader &reader, const char *key,
                  ValueKind kind = ValueKind::Rows);
  std::vector<std::string> useList(ObjectReader &reader, const char *key);
  void define(const JsonValue &place, const std::string &name, ValueKind kind);
  std::string define(ObjectReader &reader, const char *key,
                     ValueKind kind = ValueKind::Rows);

  LayerContext &context;
  std::map<std::string, ValueKind> kinds;
};

} // namespace

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

static const char *kindText(ValueKind kind) {
  switch (kind) {
  case ValueKind::Rows:
    return "rows";
  case ValueKind::Active:
    return "the active mask of a route step";
  case ValueKind::Confidence:
    return "the confidence of a route step";
  case ValueKind::Selection:
    return "the result of a compress step";
  }
  return "";
}

void StepListReader::check(const JsonValue &place, const std::string &name,
                           ValueKind kind) {
  auto found = kinds.find(name);
  if (found == kinds.end()) {
    std::vector<std::string> candidates;
    for (const auto &[known, knownKind] : kinds)
      if (knownKind == kind)
        candidates.push_back(known);
    reportUnknown(context.problems, place, "value", name, candidates);
  } else if (found->second != kind) {
    context.problems.error(place, std::string("expected ") + kindText(kind) +
                                      ", but '" + name + "' is " +
                                      kindText(found->second));
  }
}

std::string StepListReader::use(ObjectReader &reader, const char *key,
                                ValueKind kind) {
  std::string name = reader.requireString(key);
  if (!name.empty())
    check(*reader.get(key), name, kind);
  return name;
}

std::vector<std::string> StepListReader::useList(ObjectReader &reader,
                                                 const char *key) {
  const JsonValue *place = reader.require(key);
  std::vector<std::string> names = reader.strings(key);
  for (const std::string &name : names)
    check(*place, name, ValueKind::Rows);
  if (place && names.size() < 2)
    context.problems.error(*place, "expected a list of at least two names");
  return names;
}

void StepListReader::define(const JsonValue &place, const std::string &name,
                            ValueKind kind) {
  if (!kinds.try_emplace(name, kind).second)
    context.problems.error(place, "the name '" + name + "' is already taken");
  if (kind == ValueKind::Rows)
    lastRows = name;
}

std::string StepListReader::define(ObjectReader &reader, const char *key,
                                   ValueKind kind) {
  std::string name = reader.requireString(key);
  if (!name.empty())
    define(*reader.get(key), name, kind);
  return name;
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

void StepListReader::readInputStep(ObjectReader &reader, Step &step) {
  std::string name = reader.requireString("name");
  if (!name.empty() && !llvm::is_contained(context.inputs, name))
    reportUnknown(context.problems, *reader.get("name"), "input", name,
                  context.inputs);
  std::string out = define(reader, "out");
  step.build = [=](LayerBuilder &b, Values &v) { v[out].rows = b.input(name); };
}

void StepListReader::readNormStep(ObjectReader &reader, Step &step) {
  std::string in = use(reader, "in");
  NormConfig config = readNorm(reader, context.prefix);
  std::string out = define(reader, "out");
  step.build = [=](LayerBuilder &b, Values &v) {
    v[out].rows = b.norm(v[in].rows, config);
  };
}

void StepListReader::readLinearStep(ObjectReader &reader, Step &step) {
  std::string in = use(reader, "in");
  LinearConfig config = readLinear(reader, context.prefix);
  std::string out = define(reader, "out");
  step.build = [=](LayerBuilder &b, Values &v) {
    v[out].rows = b.linear(v[in].rows, config);
  };
}

void StepListReader::readMap(ObjectReader &reader, Step &step) {
  std::string in = use(reader, "in");
  Function function = readFunction(reader, context.problems);
  std::string out = define(reader, "out");
  step.build = [=](LayerBuilder &b, Values &v) {
    v[out].rows = b.map(v[in].rows, function);
  };
}

void StepListReader::readScaleShift(ObjectReader &reader, Step &step) {
  std::string in = use(reader, "in");
  ScaleShiftConfig config;
  config.scale = context.prefix + reader.requireString("scale");
  config.shift = context.prefix + reader.requireString("shift");
  config.rows = reader.integer("rows", 1, 1, 1 << 16);
  config.row = reader.integer("row", 0, 0, config.rows - 1);
  std::string out = define(reader, "out");
  step.build = [=](LayerBuilder &b, Values &v) {
    v[out].rows = b.scaleShift(v[in].rows, config);
  };
}

void StepListReader::readSplit(ObjectReader &reader, Step &step) {
  std::string in = use(reader, "in");
  std::vector<int64_t> widths = reader.integers("widths");
  std::vector<std::string> names = reader.strings("out");
  const JsonValue *place = reader.require("out");
  reader.require("widths");
  if (widths.size() != names.size() || names.empty()) {
    context.problems.error(reader.place(),
                           "expected as many names in 'out' as 'widths', "
                           "at least one");
    return;
  }
  for (const std::string &name : names)
    define(*place, name, ValueKind::Rows);
  step.build = [=](LayerBuilder &b, Values &v) {
    int64_t first = 0, total = 0;
    for (int64_t width : widths)
      total += width;
    b.expectWidth(v[in].rows, total);
    for (size_t i = 0; i < widths.size(); ++i) {
      v[names[i]].rows = b.columns(v[in].rows, first, widths[i]);
      first += widths[i];
    }
  };
}

static std::vector<Rows> allRowsOf(Values &v,
                                   const std::vector<std::string> &names) {
  std::vector<Rows> rows;
  for (const std::string &name : names)
    rows.push_back(v[name].rows);
  return rows;
}

void StepListReader::readAdd(ObjectReader &reader, Step &step) {
  std::vector<std::string> in = useList(reader, "in");
  std::string out = define(reader, "out");
  step.build = [=](LayerBuilder &b, Values &v) {
    v[out].rows = b.add(allRowsOf(v, in));
  };
}

void StepListReader::readMultiply(ObjectReader &reader, Step &step) {
  std::vector<std::string> in = useList(reader, "in");
  std::string out = define(reader, "out");
  step.build = [=](LayerBuilder &b, Values &v) {
    v[out].rows = b.multiply(allRowsOf(v, in));
  };
}

void StepListReader::readEmaStep(ObjectReader &reader, Step &step) {
  std::string in = use(reader, "in");
  EmaConfig config =
      readEma(reader, context.prefix + reader.requireString("weights"));
  std::string out = define(reader, "out");
  step.streamable = config.truncation == 0 && !config.bidirectional;
  step.build = [=](LayerBuilder &b, Values &v) {
    v[out].rows = b.ema(v[in].rows, config);
  };
}

void StepListReader::readRecurrence(ObjectReader &reader, Step &step) {
  std::string in = use(reader, "in"), decay = use(reader, "decay");
  bool reverse = reader.boolean("reverse", false);
  std::string out = define(reader, "out");
  step.streamable = !reverse;
  step.build = [=](LayerBuilder &b, Values &v) {
    v[out].rows = b.recurrence(v[in].rows, v[decay].rows, reverse);
  };
}

void StepListReader::readConvStep(ObjectReader &reader, Step &step) {
  std::string in = use(reader, "in");
  ConvConfig config = readConv(reader, context.prefix);
  std::string out = define(reader, "out");
  step.build = [=](LayerBuilder &b, Values &v) {
    v[out].rows = b.conv(v[in].rows, config);
  };
}

void StepListReader::readSelectiveScanStep(ObjectReader &reader, Step &step) {
  std::string in = use(reader, "in"), delta = use(reader, "delta"),
              stateIn = use(reader, "state_in"),
              stateOut = use(reader, "state_out");
  SelectiveScanConfig config =
      readSelectiveScan(reader, context.problems, context.prefix);
  std::string out = define(reader, "out");
  step.build = [=](LayerBuilder &b, Values &v) {
    v[out].rows = b.selectiveScan(v[in].rows, v[delta].rows, v[stateIn].rows,
                                  v[stateOut].rows, config);
  };
}

void StepListReader::readComplexScanStep(ObjectReader &reader, Step &step) {
  std::string in = use(reader, "in");
  ComplexScanConfig config = readComplexScan(reader, context.prefix);
  std::string out = define(reader, "out");
  step.build = [=](LayerBuilder &b, Values &v) {
    v[out].rows = b.complexScan(v[in].rows, config);
  };
}

void StepListReader::readRoute(ObjectReader &reader, Step &step) {
  std::string in = use(reader, "in");
  std::string temperature =
      context.prefix + reader.requireString("temperature");
  std::string active = define(reader, "active", ValueKind::Active);
  std::string confidence = define(reader, "confidence", ValueKind::Confidence);
  step.build = [=](LayerBuilder &b, Values &v) {
    Routing routing = b.route(v[in].rows, temperature);
    v[active].routing = v[confidence].routing = routing;
  };
}

void StepListReader::readCompress(ObjectReader &reader, Step &step) {
  std::string in = use(reader, "in", ValueKind::Active);
  std::string out = define(reader, "out", ValueKind::Selection);
  step.build = [=](LayerBuilder &b, Values &v) {
    v[out].selection = b.compress(v[in].routing.active);
  };
}

void StepListReader::readGather(ObjectReader &reader, Step &step) {
  std::string in = use(reader, "in");
  std::string selection = use(reader, "rows", ValueKind::Selection);
  std::string out = define(reader, "out");
  step.build = [=](LayerBuilder &b, Values &v) {
    v[out].rows = b.gatherRows(v[in].rows, v[selection].selection);
  };
}

void StepListReader::readScatter(ObjectReader &reader, Step &step) {
  std::string in = use(reader, "in"), into = use(reader, "into");
  bool scaled = reader.has("scale");
  std::string scale = scaled ? use(reader, "scale", ValueKind::Confidence) : "";
  reader.allow("scale");
  bool replace = reader.oneOf("mode", {"add", "set"}) == "set";
  std::string out = define(reader, "out");
  step.build = [=](LayerBuilder &b, Values &v) {
    mlir::Value confidence =
        scaled ? v[scale].routing.confidence : mlir::Value();
    v[out].rows = b.scatterRows(v[in].rows, v[into].rows, confidence, replace);
  };
}

void StepListReader::readAttendStep(ObjectReader &reader, Step &step) {
  std::string query = use(reader, "query"), key = use(reader, "key"),
              value = use(reader, "value");
  AttendConfig config = readAttend(reader, context.problems, context.prefix);
  readHeads(reader, context.problems, config);
  std::string out = define(reader, "out");
  step.streamable = config.isStreamable();
  step.build = [=](LayerBuilder &b, Values &v) {
    v[out].rows = b.attend(v[query].rows, v[key].rows, v[value].rows, config);
  };
}

const std::vector<StepListReader::StepParser> &StepListReader::parsers() {
  static const std::vector<StepParser> table = {
      {"input", &StepListReader::readInputStep},
      {"norm", &StepListReader::readNormStep},
      {"linear", &StepListReader::readLinearStep},
      {"map", &StepListReader::readMap},
      {"scale_shift", &StepListReader::readScaleShift},
      {"split", &StepListReader::readSplit},
      {"add", &StepListReader::readAdd},
      {"multiply", &StepListReader::readMultiply},
      {"ema", &StepListReader::readEmaStep},
      {"recurrence", &StepListReader::readRecurrence},
      {"conv", &StepListReader::readConvStep},
      {"selective_scan", &StepListReader::readSelectiveScanStep},
      {"complex_scan", &StepListReader::readComplexScanStep},
      {"route", &StepListReader::readRoute},
      {"compress", &StepListReader::readCompress},
      {"gather_rows", &StepListReader::readGather},
      {"scatter_rows", &StepListReader::readScatter},
      {"attend", &StepListReader::readAttendStep}};
  return table;
}

void StepListReader::read(const JsonValue &value, ComposedLayer &layer) {
  ObjectReader reader(value, context.problems);
  std::string op = reader.requireString("op");
  Step step;
  step.place = &value;
  std::vector<std::string> ops;
  const StepParser *found = nullptr;
  for (const StepParser &known : parsers()) {
    ops.push_back(known.op);
    if (op == known.op)
      found = &known;
  }
  if (!found) {
    if (!op.empty())
      reportUnknown(context.problems, *reader.get("op"), "step", op, ops);
    return;
  }
  (this->*found->parse)(reader, step);
  reader.finish();
  layer.steps.push_back(std::move(step));
}

static std::unique_ptr<Layer> readSteps(ObjectReader &reader,
                                        LayerContext &context) {
  auto layer = std::make_unique<ComposedLayer>();
  StepListReader steps(context);
  size_t before = context.problems.count();
  if (const std::vector<JsonValue> *list = reader.requireList("steps"))
    for (const JsonValue &step : *list)
      steps.read(step, *layer);
  layer->result = reader.string("result", steps.lastRows);
  if (const JsonValue *place = reader.get("result");
      place && !steps.isRows(layer->result))
    context.problems.error(
        *place, "expected the name of rows that a step makes, got '" +
                    layer->result + "'");
  // A layer with a broken step is never built.
  return context.problems.count() == before ? std::move(layer) : nullptr;
}

std::unique_ptr<Layer> frontend::parseComposeLayer(ObjectReader &reader,
                                                   LayerContext &context) {
  return readSteps(reader, context);
}

std::unique_ptr<Layer> frontend::parseComposedSteps(const JsonValue &definition,
                                                    LayerContext &context) {
  ObjectReader reader(definition, context.problems);
  reader.allow("description");
  std::unique_ptr<Layer> layer = readSteps(reader, context);
  reader.finish();
  return layer;
}
