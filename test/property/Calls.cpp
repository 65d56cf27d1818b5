//===- Calls.cpp - a model on a target and on the reference ---------------===//

#include "Calls.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

using namespace seqc;
using namespace seqc::property;

static bool isRight(float got, float expected, double scale, Bound bound) {
  if (std::isnan(expected) || std::isnan(got))
    return std::isnan(got) == std::isnan(expected) ||
           (bound.anyNonFinite && std::isinf(got) != std::isinf(expected));
  if (bound.sameBits)
    return std::memcmp(&got, &expected, sizeof(float)) == 0;
  if (std::isinf(expected) || std::isinf(got))
    return got == expected;
  return std::fabs(double(got) - double(expected)) <=
         bound.relative * scale + bound.absolute;
}

std::string property::compare(const Tensor &got, const Tensor &expected,
                              Bound bound) {
  const float *a = got.as<float>(), *b = expected.as<float>();
  double largest = 0;
  for (int64_t i = 0; i < expected.size(); ++i)
    if (std::isfinite(b[i]))
      largest = std::max(largest, double(std::fabs(b[i])));
  for (int64_t i = 0; i < expected.size(); ++i) {
    double scale = bound.perElement ? std::fabs(double(b[i])) : largest;
    if (isRight(a[i], b[i], scale, bound))
      continue;
    std::ostringstream text;
    text.precision(9);
    text << "element " << i << " of " << got.size() << ": got " << a[i]
         << ", expected " << b[i] << ", largest " << largest;
    return text.str();
  }
  return {};
}

float property::anyNumber(Random &random) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  float sign = random.chance(0.5) ? -1.0f : 1.0f;
  switch (random.between(0, 11)) {
  case 0:
    return sign * kInfinity;
  case 1:
    return std::numeric_limits<float>::quiet_NaN();
  case 2: // denormal
    return sign * float(random.uniform(0, 1)) *
           std::numeric_limits<float>::min();
  case 3:
    return sign * 0.0f;
  case 4: // around the ends of what exp can give
    return sign * float(random.uniform(85, 92));
  case 5:
    return sign * float(std::exp2(random.uniform(-120, 50)));
  default:
    return float(random.uniform(-4, 4));
  }
}

void property::addWeight(Random &random, lab::Model &model,
                         const std::string &name, std::vector<int64_t> shape,
                         double low, double high) {
  Tensor tensor(DType::F32, std::move(shape));
  for (int64_t i = 0; i < tensor.size(); ++i)
    tensor.as<float>()[i] = float(random.uniform(low, high));
  model.weights.emplace_back(name, std::move(tensor));
}

void property::addLinear(Random &random, lab::Model &model,
                         const std::string &name, int64_t rows,
                         int64_t columns) {
  double fan = std::sqrt(3.0 / double(columns));
  addWeight(random, model, name + "weight", {rows, columns}, -fan, fan);
  addWeight(random, model, name + "bias", {rows}, -0.1, 0.1);
}

//===----------------------------------------------------------------------===//
// Callers' tensors
//===----------------------------------------------------------------------===//

namespace {
/// A tensor as a caller may have it: strides with gaps or backwards, base
/// aligned to nothing. What lies between its elements must stay.
class LaidOut {
public:
  LaidOut(Random &random, DType dtype, std::vector<int64_t> shape);
  void fill(const Tensor &dense);
  Tensor dense() const;
  bool gapsKept() const;
  TensorRef ref();

private:
  template <class Visit> void forEach(Visit visit) const;

  DType dtype;
  std::vector<int64_t> shape, strides;
  std::vector<unsigned char> bytes;
  int64_t first = 0; ///< bytes before element 0
};
} // namespace

static constexpr unsigned char kGap = 0xa5;

LaidOut::LaidOut(Random &random, DType dtype, std::vector<int64_t> shape_)
    : dtype(dtype), shape(std::move(shape_)), strides(shape.size()) {
  bool plain = random.chance(0.4);
  int64_t reach = plain || random.chance(0.8) ? 1 : 2, lowest = 0, highest = 0;
  for (size_t d = shape.size(); d-- > 0;) {
    bool backwards = !plain && random.chance(0.1);
    strides[d] = backwards ? -reach : reach;
    int64_t span = std::max<int64_t>(shape[d] - 1, 0) * reach;
    (backwards ? lowest : highest) += span;
    reach = reach * std::max<int64_t>(shape[d], 1) +
            (plain ? 0 : random.between(0, 5));
  }
  int64_t size = int64_t(byteSize(dtype));
  int64_t shift = random.chance(0.3) ? 0 : random.between(0, 16) * size;
  if (random.chance(0.1))
    shift += random.between(1, size - 1);
  first = shift + lowest * size;
  bytes.assign(size_t(first + (highest + 1) * size + 64), kGap);
}

template <class Visit> void LaidOut::forEach(Visit visit) const {
  int64_t count = elementCount(shape.data(), int32_t(shape.size()));
  int64_t size = int64_t(byteSize(dtype));
  std::vector<int64_t> index(shape.size());
  for (int64_t i = 0; i < count; ++i) {
    visit(first + size * std::inner_product(index.begin(), index.end(),
                                            strides.begin(), int64_t(0)),
          i * size);
    for (size_t d = shape.size(); d-- > 0 && ++index[d] == shape[d];)
      index[d] = 0;
  }
}

void LaidOut::fill(const Tensor &dense) {
  auto *from = static_cast<const unsigned char *>(dense.data());
  forEach([&](int64_t here, int64_t there) {
    std::memcpy(bytes.data() + here, from + there, byteSize(dtype));
  });
}

Tensor LaidOut::dense() const {
  Tensor result(dtype, shape);
  auto *to = static_cast<unsigned char *>(result.data());
  forEach([&](int64_t here, int64_t there) {
    std::memcpy(to + there, bytes.data() + here, byteSize(dtype));
  });
  return result;
}

bool LaidOut::gapsKept() const {
  std::vector<unsigned char> rest = bytes;
  forEach([&](int64_t here, int64_t) {
    std::fill_n(rest.begin() + here, byteSize(dtype), kGap);
  });
  return std::all_of(rest.begin(), rest.end(),
                     [](unsigned char byte) { return byte == kGap; });
}

TensorRef LaidOut::ref() {
  TensorRef tensor;
  tensor.data = bytes.data() + first;
  tensor.dtype = dtype;
  tensor.shape = shape.data();
  tensor.strides = strides.data();
  tensor.rank = int32_t(shape.size());
  return tensor;
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

namespace {
/// One call: padded inputs and true lengths, on both programs.
class Call {
public:
  Call(Random &random, const Program &program, const Questions &questions,
       int64_t sequences);
  /// Expects a good call of both sessions to agree.
  void compareOn(Session &session, Session &reference);
  /// Expects the call, damaged in one of several ways, to be refused.
  void refuseOn(Session &session);
  std::string text() const;

private:
  std::vector<int64_t> shapeOf(const TensorSpec &spec) const;
  std::vector<TensorRef> inputs(std::vector<LaidOut> &tensors);

  Random &random;
  const Program &program;
  const Questions &questions;
  std::vector<int64_t> lengths;
  int64_t tokens = 0;
  bool sayLengths = true;
  std::vector<Tensor> values;
};
} // namespace

std::vector<int64_t> Call::shapeOf(const TensorSpec &spec) const {
  std::vector<int64_t> shape = spec.shape;
  for (size_t i = 0; i < shape.size(); ++i)
    if (shape[i] < 0)
      shape[i] = spec.dims[i] == "B" ? int64_t(lengths.size()) : tokens;
  return shape;
}

Call::Call(Random &random, const Program &program, const Questions &questions,
           int64_t sequences)
    : random(random), program(program), questions(questions) {
  while (int64_t(lengths.size()) < sequences)
    lengths.push_back(random.chance(0.25)
                          ? random.between(0, 1)
                          : random.between(0, questions.longest));
  for (int64_t length : lengths)
    tokens = std::max(tokens, length);
  if (random.chance(0.2)) {
    sayLengths = false;
    std::fill(lengths.begin(), lengths.end(), tokens);
  } else {
    tokens += random.chance(0.3) ? random.between(1, 5) : 0;
  }
  bool poisoned = random.chance(questions.poisoned);
  for (const TensorSpec &spec : program.signature().inputs) {
    if (spec.name == "lengths")
      continue;
    Tensor tensor(spec.dtype == DType::F32 ? DType::F32 : DType::I64,
                  shapeOf(spec));
    for (int64_t i = 0; i < tensor.size(); ++i) {
      if (tensor.dtype() == DType::I64)
        tensor.as<int64_t>()[i] = random.between(0, questions.largestId);
      else
        tensor.as<float>()[i] = questions.value ? questions.value(random)
                                                : float(random.uniform(-1, 1));
    }
    if (poisoned && tensor.dtype() == DType::F32 && tensor.size() > 0)
      for (int64_t i = random.between(1, 4); i > 0; --i)
        tensor.as<float>()[random.between(0, tensor.size() - 1)] =
            random.pick({INFINITY, -INFINITY, NAN, -0.0f, 1e-40f, -3e-39f});
    values.push_back(std::move(tensor));
  }
}

std::string Call::text() const {
  std::ostringstream out;
  out << "T " << tokens << (sayLengths ? ", lengths" : ", no lengths, each");
  for (int64_t length : lengths)
    out << " " << length;
  return out.str();
}

void Call::compareOn(Session &session, Session &reference) {
  std::vector<LaidOut> inputs, outputs;
  std::vector<TensorRef> given, plain, taken, wanted;
  Tensor said(DType::I64, {int64_t(lengths.size())});
  std::copy(lengths.begin(), lengths.end(), said.as<int64_t>());
  for (Tensor &value : values) {
    inputs.emplace_back(random, value.dtype(), value.shape());
    inputs.back().fill(value);
    plain.push_back(value.ref());
  }
  std::vector<Tensor> expected;
  for (const TensorSpec &spec : program.signature().outputs) {
    outputs.emplace_back(random, spec.dtype, shapeOf(spec));
    expected.emplace_back(spec.dtype, shapeOf(spec));
    // What a call leaves unwritten must not pass for a result.
    std::fill_n(expected.back().as<float>(), expected.back().size(), 77.0f);
    outputs.back().fill(expected.back());
  }
  for (LaidOut &input : inputs)
    given.push_back(input.ref());
  for (LaidOut &output : outputs)
    taken.push_back(output.ref());
  for (Tensor &tensor : expected)
    wanted.push_back(tensor.ref());
  if (sayLengths) {
    given.push_back(said.ref());
    plain.push_back(said.ref());
  }
  Status status =
      reference.run(plain.data(), plain.size(), wanted.data(), wanted.size());
  ASSERT_TRUE(status.ok()) << status.str();
  status = session.run(given.data(), given.size(), taken.data(), taken.size());
  ASSERT_TRUE(status.ok()) << status.str();
  for (size_t i = 0; i < outputs.size(); ++i) {
    EXPECT_TRUE(outputs[i].gapsKept()) << "wrote beside output " << i;
    EXPECT_EQ(compare(outputs[i].dense(), expected[i], questions.bound), "")
        << "output " << i;
  }
}

void Call::refuseOn(Session &session) {
  if (values.empty() || lengths.empty())
    return;
  Tensor said(DType::I64, {int64_t(lengths.size())});
  std::copy(lengths.begin(), lengths.end(), said.as<int64_t>());
  std::vector<TensorRef> given;
  for (Tensor &value : values)
    given.push_back(value.ref());
  given.push_back(said.ref());
  std::vector<Tensor> results;
  for (const TensorSpec &spec : program.signature().outputs)
    results.emplace_back(spec.dtype, shapeOf(spec));
  std::vector<TensorRef> taken;
  for (Tensor &tensor : results)
    taken.push_back(tensor.ref());
  std::vector<int64_t> shape = values[0].shape();
  given[0].shape = shape.data();
  switch (random.between(0, 4)) {
  case 0:
    shape.back() += 1;
    break;
  case 1:
    said.as<int64_t>()[0] = tokens + 1;
    break;
  case 2:
    said.as<int64_t>()[0] = -1;
    break;
  case 3:
    given[0].dtype = DType::F64;
    break;
  default:
    given.insert(given.begin(), given[0]);
    given.push_back(given[0]);
  }
  Status status =
      session.run(given.data(), given.size(), taken.data(), taken.size());
  EXPECT_FALSE(status.ok());
  EXPECT_FALSE(status.message().empty());
}

static void compareStates(const Program &program, Session &session,
                          Session &reference, int64_t sequences, Bound bound) {
  for (const TensorSpec &spec : program.signature().states) {
    std::vector<int64_t> shape = spec.shape;
    for (int64_t &extent : shape)
      extent = extent < 0 ? sequences : extent;
    Tensor got(spec.dtype, shape), expected(spec.dtype, shape);
    Status status = session.exportState(spec.name, got.ref());
    ASSERT_TRUE(status.ok()) << status.str();
    status = reference.exportState(spec.name, expected.ref());
    ASSERT_TRUE(status.ok()) << status.str();
    if (spec.dtype == DType::F32)
      EXPECT_EQ(compare(got, expected, bound), "") << "state " << spec.name;
    else
      EXPECT_EQ(std::memcmp(got.data(), expected.data(), got.bytes()), 0)
          << "state " << spec.name;
  }
}

/// A stream of calls.
static void askOnce(Trial &trial, const Program &compiled,
                    const Program &reference, const Questions &questions) {
  Random &random = trial.random;
  Session session = lab::open(compiled), model = lab::open(reference);
  int64_t sequences = random.between(1, questions.mostSequences);
  bool carries = !compiled.signature().states.empty();
  int64_t calls = carries ? random.between(1, 3) : 1;
  for (int64_t i = 0; i < calls; ++i) {
    float bias = random.pick({0.0f, 0.0f, 0.3f, INFINITY, -INFINITY});
    // Models without a router have no such option.
    if (session.setOption("act_bias", bias).ok()) {
      Status status = model.setOption("act_bias", bias);
      ASSERT_TRUE(status.ok()) << status.str();
    }
    Call call(random, compiled, questions, sequences);
    SCOPED_TRACE("call " + std::to_string(i) + " of " + std::to_string(calls) +
                 ": " + call.text() + ", act_bias " + std::to_string(bias));
    if (random.chance(0.1))
      call.refuseOn(session);
    call.compareOn(session, model);
    if (carries)
      compareStates(compiled, session, model, sequences, questions.bound);
  }
}

void property::askBoth(Trial &trial, const lab::Model &model,
                       const Questions &questions) {
  SCOPED_TRACE((model.text.empty() ? model.document.dump() : model.text) +
               "\n" + trial.about.str());
  Program reference = lab::compile(model, "reference");
  Program compiled = lab::compile(model, trial.target);
  for (int i = 0; i < questions.cases; ++i) {
    askOnce(trial, compiled, reference, questions);
    trial.count();
    if (testing::Test::HasFailure())
      return;
  }
}
