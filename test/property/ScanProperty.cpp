//===- ScanProperty.cpp - scan kernels of random shape --------------------===//
//
// Two kinds of recurrences: the known ones at random extents, and step regions
// of random operations, which are written down as IR and as a function on
// doubles at once.
//
//===----------------------------------------------------------------------===//

#include "Property.h"

#include "test/unit/KernelRunner.h"
#include "test/unit/ScanCase.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>

using namespace seqc::property;
using namespace seqc::test;

namespace {

/// What a step computes in one operation from two earlier values.
struct Operation {
  enum Kind { Add, Subtract, Multiply, Tanh, Decay, Spread, Sum } kind;
  size_t first, second;
  bool vector;
};

/// Values 0 .. n - 1 are the region's arguments, later ones its operations.
class StepWriter {
public:
  explicit StepWriter(Random &random) : random(random) {}
  /// A recurrence of vectors of `lanes`.
  Recurrence write(size_t lanes);

private:
  size_t anyOf(bool vector);
  size_t add(Operation::Kind kind, size_t first, size_t second, bool vector);
  size_t grow(bool vector);
  void operand(std::vector<ScanOperand> &list, ScanOperand operand);
  std::string text() const;

  Random &random;
  std::vector<bool> isVector;  ///< of all values
  std::vector<bool> fromState; ///< of all values: whether a state is in it
  bool avoidStates = false;    ///< what is grown now must not read them
  std::vector<Operation> operations;
  size_t arguments = 0;
};

} // namespace

void StepWriter::operand(std::vector<ScanOperand> &list, ScanOperand operand) {
  isVector.push_back(operand.axes.find('n') != std::string::npos);
  fromState.push_back(false);
  ++arguments;
  list.push_back(std::move(operand));
}

size_t StepWriter::add(Operation::Kind kind, size_t first, size_t second,
                       bool vector) {
  operations.push_back({kind, first, second, vector});
  isVector.push_back(vector);
  fromState.push_back(fromState[first] || fromState[second]);
  return isVector.size() - 1;
}

/// A value of the wanted type, by way of another one where there is none.
size_t StepWriter::anyOf(bool vector) {
  size_t value = 0; // an input
  for (int i = 0; i < 8; ++i) {
    size_t drawn = size_t(random.between(0, int64_t(isVector.size()) - 1));
    if (avoidStates && fromState[drawn])
      continue;
    value = drawn;
    if (isVector[value] == vector)
      return value;
  }
  if (isVector[value] == vector)
    return value;
  return add(vector ? Operation::Spread : Operation::Sum, value, value, vector);
}

size_t StepWriter::grow(bool vector) {
  auto kind =
      random.pick({Operation::Add, Operation::Subtract, Operation::Multiply,
                   Operation::Multiply, Operation::Tanh, Operation::Decay});
  size_t first = anyOf(vector);
  return add(kind, first, anyOf(vector), vector);
}

Recurrence StepWriter::write(size_t lanes) {
  Recurrence made;
  int64_t inputs = random.between(1, 3), params = random.between(0, 3),
          outs = random.between(1, 2), states = random.between(1, 2);
  for (int64_t i = 0; i < inputs; ++i)
    operand(made.inputs,
            {random.pick<std::string>({"td", "td", "tn", "tdn"}), -1, 1,
             random.chance(0.25) ? random.between(1, 6) : 0});
  for (int64_t i = 0; i < params; ++i)
    operand(made.params, {random.pick<std::string>({"d", "dn", "n"})});
  size_t firstState = isVector.size();
  for (int64_t i = 0; i < states; ++i)
    operand(made.states, {random.pick<std::string>({"d", "dn"})});
  for (size_t s = firstState; s < isVector.size(); ++s)
    fromState[s] = true;
  for (int64_t i = 0; i < outs; ++i)
    made.outs.push_back({random.pick<std::string>({"td", "td", "tdn"})});
  for (int64_t i = random.between(0, 5); i > 0; --i)
    grow(random.chance(0.5));
  std::vector<size_t> yielded;
  for (const ScanOperand &out : made.outs)
    yielded.push_back(grow(out.axes == "tdn"));
  // h = tanh(decay * h + new) with what no state is in: a recurrence whose
  // rounding errors would grow has no result to compare with.
  avoidStates = true;
  for (size_t s = 0; s < made.states.size(); ++s) {
    size_t kept = firstState + s;
    bool vector = isVector[kept];
    if (random.chance(0.7)) {
      size_t source = anyOf(vector);
      size_t decay = add(Operation::Decay, source, source, vector);
      kept = add(Operation::Multiply, kept, decay, vector);
    }
    size_t mixed = add(Operation::Add, kept, grow(vector), vector);
    yielded.push_back(add(Operation::Tanh, mixed, mixed, vector));
  }
  made.region = text();
  std::string values, types;
  for (size_t value : yielded) {
    values += (values.empty() ? "%a" : ", %a") + std::to_string(value);
    types += (types.empty() ? "" : ", ") +
             std::string(isVector[value] ? "V" : "f32");
  }
  made.region += "      seqc.yield " + values + " : " + types + "\n";
  made.step = [lanes, steps = operations,
               yielded](const std::vector<ScanEntry> &a) {
    std::vector<ScanEntry> all = a;
    for (const Operation &step : steps) {
      const ScanEntry &x = all[step.first], &y = all[step.second];
      ScanEntry z(step.vector ? lanes : 1);
      if (step.kind == Operation::Sum) {
        for (double value : x)
          z[0] += value;
      } else {
        for (size_t i = 0; i < z.size(); ++i) {
          double p = x[x.size() == 1 ? 0 : i], q = y[y.size() == 1 ? 0 : i];
          switch (step.kind) {
          case Operation::Add:
            z[i] = p + q;
            break;
          case Operation::Subtract:
            z[i] = p - q;
            break;
          case Operation::Multiply:
            z[i] = p * q;
            break;
          case Operation::Tanh:
            z[i] = std::tanh(p);
            break;
          case Operation::Decay:
            z[i] = std::exp(-std::fabs(p));
            break;
          default:
            z[i] = p;
          }
        }
      }
      all.push_back(std::move(z));
    }
    std::vector<ScanEntry> results;
    for (size_t value : yielded)
      results.push_back(all[value]);
    return results;
  };
  return made;
}

std::string StepWriter::text() const {
  std::ostringstream out;
  for (size_t i = 0; i < operations.size(); ++i) {
    const Operation &op = operations[i];
    std::string name = "%a" + std::to_string(arguments + i),
                x = "%a" + std::to_string(op.first),
                y = "%a" + std::to_string(op.second),
                type = op.vector ? "V" : "f32";
    out << "      ";
    switch (op.kind) {
    case Operation::Add:
      out << name << " = arith.addf " << x << ", " << y;
      break;
    case Operation::Subtract:
      out << name << " = arith.subf " << x << ", " << y;
      break;
    case Operation::Multiply:
      out << name << " = arith.mulf " << x << ", " << y;
      break;
    case Operation::Tanh:
      out << name << " = math.tanh " << x;
      break;
    case Operation::Decay:
      out << name << "s = math.absf " << x << " : " << type << "\n      "
          << name << "n = arith.negf " << name << "s : " << type << "\n      "
          << name << " = math.exp " << name << "n";
      break;
    case Operation::Spread:
      out << name << " = vector.broadcast " << x << " : f32 to V\n";
      continue;
    case Operation::Sum:
      out << name << " = vector.reduction <add>, " << x << " : V into f32\n";
      continue;
    }
    out << " : " << type << "\n";
  }
  return out.str();
}

static std::string describe(const ScanShape &shape) {
  std::ostringstream text;
  text << "D " << shape.channels << ", N " << shape.statesPerChannel
       << (shape.reverse ? ", reverse" : "") << ", first channel "
       << shape.firstChannel << (shape.dynamicChannels ? ", dynamic D" : "")
       << ", lengths";
  for (int64_t length : shape.lengths)
    text << " " << length;
  return text.str();
}

static void runScans(Trial &trial, const Recurrence &recurrence,
                     int64_t states) {
  constexpr int kCases = 20;
  Random &random = trial.random;
  ScanShape shape{random.extent(70), states, {}};
  shape.reverse = random.chance(0.4);
  if (random.chance(0.2))
    shape.firstChannel = random.between(1, 9);
  else
    shape.dynamicChannels = random.chance(0.1);
  std::string text = ScanCase(recurrence, shape, 0).text();
  KernelRunner kernel(text, "kernel", trial.target);
  ASSERT_TRUE(bool(kernel)) << text;
  for (int i = 0; i < kCases; ++i) {
    shape.lengths = randomLengths(random, 5, 40);
    SCOPED_TRACE(describe(shape) + "\n" + recurrence.region);
    ScanCase scan(recurrence, shape, random.bits() >> 1);
    scan.check([&](const std::vector<SeqcBuffer> &args) {
      runAnywhere(random, kernel, args);
    });
    trial.count();
    if (testing::Test::HasFailure())
      return;
  }
}

TEST(ScanProperty, KnownRecurrences) {
  forEachTrial("known recurrences", 20, [](Trial &trial) {
    auto make = trial.random.pick(
        {movingAverage, selectiveScan, complexRecurrence, delayed, wideRows});
    runScans(trial, make(), trial.random.extent(40));
  });
}

TEST(ScanProperty, RandomSteps) {
  forEachTrial("random steps", 24, [](Trial &trial) {
    int64_t states = trial.random.extent(40);
    runScans(trial, StepWriter(trial.random).write(size_t(states)), states);
  });
}
