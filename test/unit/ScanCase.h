//===- ScanCase.h - scan kernels with data and expected rows --------------===//
//
// A case is one seqc.scan kernel: a recurrence, given as the text of its step
// region and as a function on doubles, and a shape.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_TEST_UNIT_SCANCASE_H
#define SEQC_TEST_UNIT_SCANCASE_H

#include "runtime/abi/KernelAbi.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace seqc::test {

using ScanEntry = std::vector<double>; ///< one value, or one per state index
using ScanStep =
    std::function<std::vector<ScanEntry>(const std::vector<ScanEntry> &)>;

/// An operand: its axes, a letter each, and the range of its numbers.
struct ScanOperand {
  std::string axes;
  float low = -1, high = 1;
  int64_t delay = 0;
  int sameAs = -1; ///< reads the array of this input
};

/// A step region as text ("%a0" … are its arguments, V its vector type) and as
/// a function.
struct Recurrence {
  std::vector<ScanOperand> inputs, params, outs, states;
  std::string region;
  ScanStep step;
};

struct ScanShape {
  int64_t channels, statesPerChannel;
  std::vector<int64_t> lengths;
  bool reverse = false;
  int64_t firstChannel = 0; ///< the scan sees a slice of wider arrays
  bool dynamicChannels = false;
};

/// Calls a kernel, as KernelRunner::run does.
using ScanRun = std::function<void(const std::vector<SeqcBuffer> &)>;

/// Text and data of one scan kernel.
class ScanCase {
public:
  ScanCase(Recurrence recurrence, ScanShape shape, uint64_t seed);
  /// With `oneRowEach` the kernel assumes what its name says.
  std::string text(bool oneRowEach = false) const;
  /// Runs the kernel on the data and compares what it leaves there with the
  /// reference.
  void check(const ScanRun &run);

private:
  struct Array {
    ScanOperand operand;
    char role;
    std::vector<float> data;
  };
  int64_t extent(char axis) const;
  int64_t width() const { return shape.channels + 2 * shape.firstChannel; }
  std::vector<int64_t> dims(const Array &array) const;
  std::string type(const Array &array) const;
  std::string slice(size_t i) const;
  size_t at(const Array &array, int64_t lead, int64_t d, int64_t n) const;
  ScanEntry read(const Array &array, int64_t lead, int64_t d) const;
  void write(std::vector<double> &to, const Array &array, int64_t lead,
             int64_t d, const ScanEntry &entry) const;
  void runChannel(std::vector<std::vector<double>> &results, int64_t b,
                  int64_t d) const;
  const Array &input(size_t i) const {
    int same = arrays[i].operand.sameAs;
    return arrays[same < 0 ? i : static_cast<size_t>(same)];
  }
  size_t numInputs() const { return recurrence.inputs.size(); }
  size_t firstOut() const { return numInputs() + recurrence.params.size(); }
  size_t firstState() const { return firstOut() + recurrence.outs.size(); }

  Recurrence recurrence;
  ScanShape shape;
  std::vector<int32_t> offsets{0};
  std::vector<Array> arrays; ///< inputs, params, outs, states
};

/// The recurrences that tests use.
Recurrence movingAverage();
/// An average of rows that values per row and per channel scale first.
Recurrence scaledRows();
Recurrence selectiveScan();
Recurrence complexRecurrence();
Recurrence delayed();
Recurrence wideRows();

} // namespace seqc::test

#endif // SEQC_TEST_UNIT_SCANCASE_H
