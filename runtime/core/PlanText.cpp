//===- PlanText.cpp - plans as JSON ---------------------------------------===//
//
// Compiled with exceptions, since the JSON library throws. None leaves this
// file.
//
//===----------------------------------------------------------------------===//
#include "runtime/core/JsonFields.h"
#include "runtime/core/Plan.h"

namespace seqc::rt {

static constexpr const char *kKindNames[] = {"input",  "offsets", "positions",
                                             "option", "weight",  "prepared",
                                             "state",  "temp",    "output"};
static constexpr const char *kStepNames[] = {"kernel", "count", "pack", "copy"};
static constexpr const char *kGuardNames[] = {
    "equals", "at-most", "same", "zero", "longest-at-most", "one-row-each"};
static constexpr const char *kFactorNames[] = {"one", "extent", "pairs"};

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

static Json toJson(const std::vector<Extent> &extents) {
  Json list = Json::array();
  for (const Extent &extent : extents)
    list.push_back(Json::array({extent.symbol, extent.addend}));
  return list;
}

static Json toJson(const PlanBuffer &buffer) {
  Json json;
  json["name"] = buffer.name;
  json["kind"] = kKindNames[static_cast<size_t>(buffer.kind)];
  json["dtype"] = toString(buffer.dtype);
  json["shape"] = toJson(buffer.shape);
  json["capacity"] = toJson(buffer.capacity);
  json["alias"] = buffer.alias;
  json["valueLimit"] = buffer.valueLimit;
  return json;
}

template <class T> static Json listToJson(const std::vector<T> &items);

static Json toJson(const Guard &guard) {
  return Json::array({kGuardNames[static_cast<size_t>(guard.kind)], guard.arg,
                      guard.dim, guard.value, guard.other, guard.otherDim});
}

static Json toJson(const PlanWork &work) {
  return Json::array({kFactorNames[static_cast<size_t>(work.factor)], work.arg,
                      work.dim, work.left, work.right, work.flops, work.exps,
                      work.bytes});
}

static Json toJson(const PlanVariant &variant) {
  Json json;
  json["name"] = variant.name;
  json["assumption"] = variant.assumption;
  json["guards"] = listToJson(variant.guards);
  return json;
}

static Json toJson(const PlanKernel &kernel) {
  Json json;
  json["symbol"] = kernel.symbol;
  json["objectKey"] = kernel.objectKey;
  json["summary"] = kernel.summary;
  json["scratchBytes"] = kernel.scratchBytes;
  json["baked"] = kernel.baked;
  json["free"] = kernel.free;
  json["variants"] = listToJson(kernel.variants);
  json["work"] = listToJson(kernel.work);
  return json;
}

static Json toJson(const PlanStep &step) {
  Json json;
  json["kind"] = kStepNames[static_cast<size_t>(step.kind)];
  json["kernel"] = step.kernel;
  json["symbol"] = step.symbol;
  json["panel"] = step.panel;
  json["args"] = step.args;
  json["layer"] = step.layer;
  json["idleWith"] = step.idleWith;
  return json;
}

static Json toJson(const PlanGate &gate) {
  Json json;
  json["layer"] = gate.layer;
  json["symbol"] = gate.symbol;
  json["window"] = gate.window;
  return json;
}

template <class T> static Json listToJson(const std::vector<T> &items) {
  Json list = Json::array();
  for (const T &item : items)
    list.push_back(toJson(item));
  return list;
}

std::string serialise(const Plan &plan) {
  Json json;
  json["version"] = kPlanVersion;
  json["model"] = plan.model;
  json["target"] = plan.target;
  json["symbols"] = plan.symbols;
  json["buffers"] = listToJson(plan.buffers);
  json["kernels"] = listToJson(plan.kernels);
  json["prepare"] = listToJson(plan.prepare);
  json["run"] = listToJson(plan.run);
  json["gates"] = listToJson(plan.gates);
  json["maxPositions"] = plan.maxPositions;
  json["causal"] = plan.causal;
  // Names that are not UTF-8 are legible, if altered, rather than fatal.
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

template <class T> static T integerField(const Json &json, const char *name) {
  return integer<T>(field(json, name), name);
}

static std::string textField(const Json &json, const char *name) {
  return text(field(json, name), name);
}

static std::vector<std::string> textsField(const Json &json, const char *name) {
  std::vector<std::string> list;
  for (const Json &item : array(field(json, name), name))
    list.push_back(text(item, name));
  return list;
}

template <size_t N>
static size_t choice(const Json &json, const char *name,
                     const char *const (&choices)[N]) {
  std::string chosen = text(json, name);
  for (size_t i = 0; i < N; ++i)
    if (chosen == choices[i])
      return i;
  throw Malformed{"unknown " + std::string(name) + " '" + chosen + "'"};
}

template <size_t N>
static size_t choiceField(const Json &json, const char *name,
                          const char *const (&choices)[N]) {
  return choice(field(json, name), name, choices);
}

template <class T>
static std::vector<T> listField(const Json &json, const char *name,
                                T (*from)(const Json &)) {
  std::vector<T> list;
  const Json &items = array(field(json, name), name);
  list.reserve(items.size());
  for (const Json &item : items)
    list.push_back(from(item));
  return list;
}

static std::vector<Extent> extentsField(const Json &json, const char *name) {
  std::vector<Extent> extents;
  for (const Json &item : array(field(json, name), name)) {
    if (array(item, name).size() != 2)
      throw Malformed{std::string("expected [symbol, addend] in '") + name +
                      "'"};
    extents.push_back(
        {integer<int32_t>(item[0], name), integer<int64_t>(item[1], name)});
  }
  return extents;
}

static PlanBuffer bufferFrom(const Json &json) {
  PlanBuffer buffer;
  buffer.name = textField(json, "name");
  buffer.kind = static_cast<BufferKind>(choiceField(json, "kind", kKindNames));
  std::string dtype = textField(json, "dtype");
  std::optional<DType> parsed = parseDType(dtype);
  if (!parsed)
    throw Malformed{"unknown dtype '" + dtype + "'"};
  buffer.dtype = *parsed;
  buffer.shape = extentsField(json, "shape");
  buffer.capacity = extentsField(json, "capacity");
  buffer.alias = integerField<int32_t>(json, "alias");
  buffer.valueLimit = integerField<int64_t>(json, "valueLimit");
  return buffer;
}

static Guard guardFrom(const Json &json) {
  if (array(json, "guards").size() != 6)
    throw Malformed{"expected [kind, arg, dim, value, other, dim] in 'guards'"};
  Guard guard;
  guard.kind = static_cast<GuardKind>(choice(json[0], "guards", kGuardNames));
  guard.arg = integer<int32_t>(json[1], "guards");
  guard.dim = integer<int32_t>(json[2], "guards");
  guard.value = integer<int64_t>(json[3], "guards");
  guard.other = integer<int32_t>(json[4], "guards");
  guard.otherDim = integer<int32_t>(json[5], "guards");
  return guard;
}

static double count(const Json &json) {
  double value = json.is_number() ? json.get<double>() : -1;
  if (!(value >= 0))
    throw Malformed{"expected a count of 0 or more in 'work'"};
  return value;
}

static PlanWork workFrom(const Json &json) {
  if (array(json, "work").size() != 8)
    throw Malformed{"expected [factor, arg, dim, left, right, flops, exps, "
                    "bytes] in 'work'"};
  PlanWork work;
  work.factor =
      static_cast<PlanWork::Factor>(choice(json[0], "work", kFactorNames));
  work.arg = integer<int32_t>(json[1], "work");
  work.dim = integer<int32_t>(json[2], "work");
  work.left = integer<int64_t>(json[3], "work");
  work.right = integer<int64_t>(json[4], "work");
  work.flops = count(json[5]);
  work.exps = count(json[6]);
  work.bytes = count(json[7]);
  return work;
}

static PlanVariant variantFrom(const Json &json) {
  return {textField(json, "name"), textField(json, "assumption"),
          listField(json, "guards", guardFrom)};
}

static PlanKernel kernelFrom(const Json &json) {
  PlanKernel kernel;
  kernel.symbol = textField(json, "symbol");
  kernel.objectKey = textField(json, "objectKey");
  kernel.summary = textField(json, "summary");
  kernel.scratchBytes = integerField<int64_t>(json, "scratchBytes");
  kernel.baked = textsField(json, "baked");
  kernel.free = textsField(json, "free");
  kernel.variants = listField(json, "variants", variantFrom);
  kernel.work = listField(json, "work", workFrom);
  return kernel;
}

static PlanStep stepFrom(const Json &json) {
  PlanStep step;
  step.kind = static_cast<StepKind>(choiceField(json, "kind", kStepNames));
  step.kernel = integerField<int32_t>(json, "kernel");
  step.symbol = integerField<int32_t>(json, "symbol");
  step.panel = integerField<int64_t>(json, "panel");
  for (const Json &item : array(field(json, "args"), "args"))
    step.args.push_back(integer<int32_t>(item, "args"));
  step.layer = textField(json, "layer");
  step.idleWith = integerField<int32_t>(json, "idleWith");
  return step;
}

static PlanGate gateFrom(const Json &json) {
  return {textField(json, "layer"), integerField<int32_t>(json, "symbol"),
          integerField<int64_t>(json, "window")};
}

static Plan planFrom(const Json &json) {
  int version = integerField<int32_t>(json, "version");
  if (version != kPlanVersion)
    throw Malformed{"version " + std::to_string(version) + ", expected " +
                    std::to_string(kPlanVersion) + "; compile the model again"};
  Plan plan;
  plan.model = textField(json, "model");
  plan.target = textField(json, "target");
  plan.symbols = textsField(json, "symbols");
  plan.buffers = listField(json, "buffers", bufferFrom);
  plan.kernels = listField(json, "kernels", kernelFrom);
  plan.prepare = listField(json, "prepare", stepFrom);
  plan.run = listField(json, "run", stepFrom);
  plan.gates = listField(json, "gates", gateFrom);
  plan.maxPositions = integerField<int64_t>(json, "maxPositions");
  const Json &causal = field(json, "causal");
  if (!causal.is_boolean())
    throw Malformed{"expected true or false for 'causal'"};
  plan.causal = causal.get<bool>();
  return plan;
}

Result<Plan> parsePlan(std::string_view text) {
  try {
    return planFrom(Json::parse(text));
  } catch (const Malformed &malformed) {
    return Status::error(ErrorCode::InvalidModel, "plan: " + malformed.what);
  } catch (const Json::exception &error) {
    return Status::error(ErrorCode::InvalidModel,
                         std::string("plan: not JSON: ") + error.what());
  } catch (...) {
    return Status::error(ErrorCode::ResourceExhausted,
                         "plan: too little memory to read it");
  }
}

} // namespace seqc::rt
