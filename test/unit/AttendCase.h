//===- AttendCase.h - attention kernels with data and expected rows -------===//
//
// A case is the options of one seqc.attend kernel. It gives the kernel's IR,
// the arguments and, straight from the op's definition, the expected output in
// f64.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_TEST_UNIT_ATTENDCASE_H
#define SEQC_TEST_UNIT_ATTENDCASE_H

#include "runtime/abi/KernelAbi.h"

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

namespace seqc::test {

struct AttendCase {
  std::string name;
  std::string score = "softmax"; ///< softmax, relu, relu2, laplace
  int64_t left = 5, right = 0;
  int64_t z = 8, h = 12;
  int64_t heads = 0, keyHeads = 0; ///< 0: no heads axis
  std::vector<int64_t> lengths = {17, 0, 3, 40};
  bool rotary = false;
  std::string bias = "none"; ///< none, position, rank
  int64_t tableOrigin = 0;
  std::vector<int64_t> pastCounts; ///< one per sequence; empty: no past
  int64_t ring = 0;                ///< w of the past arrays
  bool gated = true;               ///< rows multiplied by r [n, h]
  int64_t queryTile = 16, keyTile = 8;
  bool poison = false;       ///< keys of every third row give infinite scores
  bool poisonValues = false; ///< values of every sixth row are infinite
  /// Share of the bias table that is minus infinity: masks.
  double masked = 0;
  unsigned seed = 7;       ///< of the numbers
  bool oneRowEach = false; ///< the kernel assumes it
};

/// For the messages of failed tests.
inline void PrintTo(const AttendCase &test, std::ostream *out) {
  *out << test.name;
}

/// A kernel argument: f32 or i32, row-major.
struct AttendTensor {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<float> f32;
  std::vector<int32_t> i32;
  bool isFloat = true;
};

struct AttendData {
  std::vector<AttendTensor> arguments; ///< in kernel order, the output last
  std::vector<double> expected;
  const AttendTensor &get(const std::string &name) const;
};

/// `func.func @attend` with the attributes of a kernel; batch extents dynamic.
std::string kernelText(const AttendCase &test);
AttendData makeData(const AttendCase &test);
/// The tensor as a kernel sees it; it keeps the memory.
SeqcBuffer bufferOf(AttendTensor &tensor);
/// Cases for every option of the op.
std::vector<AttendCase> attendCases();

} // namespace seqc::test

#endif // SEQC_TEST_UNIT_ATTENDCASE_H
