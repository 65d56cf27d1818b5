//===- ScanCase.cpp - scan kernels with data and expected rows ------------===//

#include "ScanCase.h"

#include "TestData.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

using namespace seqc::test;

static void replaceAll(std::string &text, const std::string &from,
                       const std::string &to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos;
       at += to.size())
    text.replace(at, from.size(), to);
}

ScanCase::ScanCase(Recurrence recurrence_, ScanShape shape_, uint64_t seed)
    : recurrence(std::move(recurrence_)), shape(std::move(shape_)) {
  for (int64_t length : shape.lengths)
    offsets.push_back(offsets.back() + static_cast<int32_t>(length));
  Numbers numbers(seed);
  auto append = [&](const std::vector<ScanOperand> &operands, char role) {
    for (const ScanOperand &operand : operands) {
      Array array{operand, role, {}};
      size_t count = 1;
      for (int64_t dim : dims(array))
        count *= static_cast<size_t>(dim);
      array.data = numbers.vector(count, operand.low, operand.high);
      arrays.push_back(std::move(array));
    }
  };
  append(recurrence.inputs, 'i');
  append(recurrence.params, 'p');
  append(recurrence.outs, 'o');
  append(recurrence.states, 's');
}

int64_t ScanCase::extent(char axis) const {
  if (axis == 't')
    return offsets.back();
  return axis == 'd' ? width() : shape.statesPerChannel;
}

std::vector<int64_t> ScanCase::dims(const Array &array) const {
  std::vector<int64_t> result;
  if (array.role == 's')
    result.push_back(static_cast<int64_t>(shape.lengths.size()));
  for (char axis : array.operand.axes)
    result.push_back(extent(axis));
  return result;
}

std::string ScanCase::type(const Array &array) const {
  std::string text = "memref<";
  if (array.role == 's')
    text += "?x";
  for (char axis : array.operand.axes) {
    bool dynamic = axis == 't' || (axis == 'd' && shape.dynamicChannels);
    text += (dynamic ? "?" : std::to_string(extent(axis))) + "x";
  }
  return text + "f32>";
}

// The channels that the scan sees, as a view of the i-th array.
std::string ScanCase::slice(size_t i) const {
  const Array &array = arrays[i];
  std::string number = std::to_string(i), offsetText, sizes, strides, layout;
  std::string result = "memref<", kept = "%m" + number;
  std::string define;
  int64_t stride = 1, offset = 0;
  std::vector<int64_t> extents = dims(array);
  std::string axes = (array.role == 's' ? "b" : "") + array.operand.axes;
  for (size_t k = axes.size(); k-- > 0;) {
    layout = std::to_string(stride) + (layout.empty() ? "" : ", ") + layout;
    offset += axes[k] == 'd' ? stride * shape.firstChannel : 0;
    stride *= extents[k];
  }
  for (size_t k = 0; k < axes.size(); ++k) {
    const char *comma = k ? ", " : "";
    bool outer = axes[k] == 't' || axes[k] == 'b';
    if (outer)
      define = "%z" + number + " = memref.dim %w" + number +
               ", %c0 : " + type(array) + "\n    ";
    std::string size = outer            ? "%z" + number
                       : axes[k] == 'd' ? std::to_string(shape.channels)
                                        : std::to_string(extents[k]);
    offsetText +=
        comma + std::to_string(axes[k] == 'd' ? shape.firstChannel : 0);
    sizes += comma + size;
    strides += std::string(comma) + "1";
    result += (outer ? "?" : size) + "x";
  }
  result +=
      "f32, strided<[" + layout + "], offset: " + std::to_string(offset) + ">>";
  return define + kept + " = memref.subview %w" + number + "[" + offsetText +
         "] [" + sizes + "] [" + strides + "] : " + type(array) + " to " +
         result + "\n";
}

std::string ScanCase::text(bool oneRowEach) const {
  std::string arguments, views, maps, delays, region = recurrence.region;
  std::string lists[4], types[4], blockArguments;
  std::string vectorType =
      "vector<" + std::to_string(shape.statesPerChannel) + "xf32>";
  for (size_t i = 0, values = 0; i < arrays.size(); ++i) {
    const Array &array = arrays[i];
    std::string number = std::to_string(i);
    bool sliced = shape.firstChannel != 0;
    bool shared = array.operand.sameAs >= 0;
    size_t source = shared ? static_cast<size_t>(array.operand.sameAs) : i;
    arguments += "%w" + number + ": " + type(array) + ", ";
    std::string view = sliced ? slice(i) : "";
    views += "    " + view;
    size_t list = std::string("ipos").find(array.role);
    lists[list] += (lists[list].empty() ? "" : ", ") +
                   ("%" + std::string(sliced ? "m" : "w")) +
                   std::to_string(source);
    std::string seen = type(array);
    if (sliced)
      seen = view.substr(view.rfind("memref<"));
    if (!seen.empty() && seen.back() == '\n')
      seen.pop_back();
    types[list] += (types[list].empty() ? "" : ", ") + seen;
    std::string results;
    for (char axis : array.operand.axes)
      results += std::string(results.empty() ? "" : ", ") + axis;
    maps += std::string(i ? ", " : "") + "affine_map<(t, d, n) -> (" + results +
            ")>";
    if (array.role == 'i')
      delays += (i ? ", " : ": ") + std::to_string(array.operand.delay);
    if (array.role == 'o')
      continue;
    bool vector = array.operand.axes.find('n') != std::string::npos;
    blockArguments += std::string(values ? ", " : "") + "%a" +
                      std::to_string(values) + ": " +
                      (vector ? vectorType : "f32");
    ++values;
  }
  replaceAll(region, "V", vectorType);
  auto group = [&](const char *name, int i) {
    return lists[i].empty()
               ? std::string()
               : std::string(name) + "(" + lists[i] + " : " + types[i] + ") ";
  };
  std::string assume = oneRowEach ? ", seqc.assume = [#seqc.fact<one_row arg" +
                                        std::to_string(arrays.size()) + ">]"
                                  : "";
  return "func.func private @kernel(" + arguments +
         "%off: memref<?xi32>, %scratch: memref<?xi8>)\n"
         "    attributes {seqc.kernel, seqc.scratch = 0 : i64" +
         assume +
         "} {\n"
         "  %c0 = arith.constant 0 : index\n"
         "  scf.forall (%task) in (1) {\n" +
         views + "    seqc.scan {direction = #seqc.direction<" +
         (shape.reverse ? "reverse" : "forward") + ">, delays = array<i64" +
         delays + ">,\n      maps = [" + maps + "]}\n      " +
         group("inputs", 0) + group("params", 1) +
         "offsets(%off : memref<?xi32>) " + group("outs", 2) +
         group("states", 3) + "{\n    ^bb0(" + blockArguments + "):\n" +
         region + "    }\n  }\n  return\n}\n";
}

size_t ScanCase::at(const Array &array, int64_t lead, int64_t d,
                    int64_t n) const {
  size_t index = array.role == 's' ? static_cast<size_t>(lead) : 0;
  for (char axis : array.operand.axes) {
    int64_t i = axis == 't' ? lead : axis == 'd' ? d + shape.firstChannel : n;
    index = index * static_cast<size_t>(extent(axis)) + static_cast<size_t>(i);
  }
  return index;
}

ScanEntry ScanCase::read(const Array &array, int64_t lead, int64_t d) const {
  bool vector = array.operand.axes.find('n') != std::string::npos;
  ScanEntry entry;
  for (int64_t n = 0; n < (vector ? shape.statesPerChannel : 1); ++n)
    entry.push_back(array.data[at(array, lead, d, n)]);
  return entry;
}

void ScanCase::write(std::vector<double> &to, const Array &array, int64_t lead,
                     int64_t d, const ScanEntry &entry) const {
  for (size_t n = 0; n < entry.size(); ++n)
    to[at(array, lead, d, static_cast<int64_t>(n))] = entry[n];
}

void ScanCase::runChannel(std::vector<std::vector<double>> &results, int64_t b,
                          int64_t d) const {
  std::vector<ScanEntry> carry;
  for (size_t s = firstState(); s < arrays.size(); ++s)
    carry.push_back(read(arrays[s], b, d));
  int64_t begin = offsets[b], length = offsets[b + 1] - begin;
  for (int64_t i = 0; i < length; ++i) {
    auto row = [&](int64_t visit) {
      return begin + (shape.reverse ? length - 1 - visit : visit);
    };
    std::vector<ScanEntry> args;
    for (size_t k = 0; k < numInputs(); ++k) {
      int64_t delay = arrays[k].operand.delay;
      args.push_back(read(input(k), row(std::max<int64_t>(i - delay, 0)), d));
      if (i < delay)
        args.back().assign(args.back().size(), 0.0);
    }
    for (size_t k = numInputs(); k < firstOut(); ++k)
      args.push_back(read(arrays[k], 0, d));
    args.insert(args.end(), carry.begin(), carry.end());
    std::vector<ScanEntry> values = recurrence.step(args);
    for (size_t k = firstOut(); k < firstState(); ++k)
      write(results[k], arrays[k], row(i), d, values[k - firstOut()]);
    carry.assign(values.begin() + recurrence.outs.size(), values.end());
  }
  for (size_t s = 0; s < carry.size(); ++s)
    write(results[firstState() + s], arrays[firstState() + s], b, d, carry[s]);
}

void ScanCase::check(const ScanRun &run) {
  std::vector<std::vector<double>> expected;
  for (const Array &array : arrays)
    expected.emplace_back(array.data.begin(), array.data.end());
  for (size_t b = 0; b < shape.lengths.size(); ++b)
    for (int64_t d = 0; d < shape.channels; ++d)
      runChannel(expected, static_cast<int64_t>(b), d);

  std::vector<SeqcBuffer> args;
  for (Array &array : arrays)
    args.push_back(buffer(array.data, dims(array)));
  args.push_back(buffer(offsets, {static_cast<int64_t>(offsets.size())}));
  run(args);
  for (size_t k = 0; k < arrays.size(); ++k)
    for (size_t i = 0; i < expected[k].size(); ++i)
      ASSERT_NEAR(arrays[k].data[i], expected[k][i],
                  2e-5 * std::max(1.0, std::fabs(expected[k][i])))
          << "operand " << k << " element " << i;
}

//===----------------------------------------------------------------------===//
// Recurrences
//===----------------------------------------------------------------------===//

static double sum(const ScanEntry &values) {
  double total = 0;
  for (double value : values)
    total += value;
  return total;
}

Recurrence seqc::test::movingAverage() {
  return {{{"td"}},
          {{"dn", 0.1f, 0.9f}, {"dn"}},
          {{"td"}},
          {{"dn"}},
          R"(
      %x = vector.broadcast %a0 : f32 to V
      %q = arith.mulf %a1, %a3 : V
      %h = arith.addf %q, %x : V
      %p = arith.mulf %h, %a2 : V
      %y = vector.reduction <add>, %p : V into f32
      seqc.yield %y, %h : f32, V
)",
          [](const std::vector<ScanEntry> &a) {
            ScanEntry h = a[3], p = a[3];
            for (size_t n = 0; n < h.size(); ++n) {
              h[n] = a[1][n] * h[n] + a[0][0];
              p[n] = h[n] * a[2][n];
            }
            return std::vector<ScanEntry>{{sum(p)}, h};
          }};
}

Recurrence seqc::test::scaledRows() {
  return {{{"td"}, {"t"}, {"t", 0.5f, 2.0f}},
          {{"dn", 0.1f, 0.9f}, {"d"}},
          {{"td"}},
          {{"dn"}},
          R"(
      %c = arith.subf %a0, %a1 : f32
      %s = arith.mulf %c, %a2 : f32
      %u = arith.mulf %s, %a4 : f32
      %x = vector.broadcast %u : f32 to V
      %q = arith.mulf %a3, %a5 : V
      %h = arith.addf %q, %x : V
      %y = vector.reduction <add>, %h : V into f32
      seqc.yield %y, %h : f32, V
)",
          [](const std::vector<ScanEntry> &a) {
            ScanEntry h = a[5];
            for (size_t n = 0; n < h.size(); ++n)
              h[n] = a[3][n] * h[n] + (a[0][0] - a[1][0]) * a[2][0] * a[4][0];
            return std::vector<ScanEntry>{{sum(h)}, h};
          }};
}

Recurrence seqc::test::selectiveScan() {
  return {{{"td", 0.1f, 1.0f}, {"td"}, {"tn"}, {"tn"}},
          {{"dn", -1.0f, -0.1f}, {"d"}},
          {{"td"}},
          {{"dn"}},
          R"(
      %dt = vector.broadcast %a0 : f32 to V
      %e = arith.mulf %dt, %a4 : V
      %decay = math.exp %e : V
      %xs = arith.mulf %a0, %a1 : f32
      %xv = vector.broadcast %xs : f32 to V
      %bx = arith.mulf %xv, %a2 : V
      %kept = arith.mulf %decay, %a6 : V
      %h = arith.addf %kept, %bx : V
      %p = arith.mulf %h, %a3 : V
      %skip = arith.mulf %a5, %a1 : f32
      %y = vector.reduction <add>, %p, %skip : V into f32
      seqc.yield %y, %h : f32, V
)",
          [](const std::vector<ScanEntry> &a) {
            ScanEntry h = a[6], p = a[6];
            for (size_t n = 0; n < h.size(); ++n) {
              h[n] = std::exp(a[0][0] * a[4][n]) * h[n] +
                     a[0][0] * a[1][0] * a[2][n];
              p[n] = h[n] * a[3][n];
            }
            return std::vector<ScanEntry>{{sum(p) + a[5][0] * a[1][0]}, h};
          }};
}

Recurrence seqc::test::complexRecurrence() {
  return {{{"td"}},
          {{"dn", -0.6f, 0.6f}, {"dn", -0.6f, 0.6f}, {"n"}},
          {{"td"}, {"td"}},
          {{"dn"}, {"dn"}},
          R"(
      %x = vector.broadcast %a0 : f32 to V
      %rr = arith.mulf %a1, %a4 : V
      %ii = arith.mulf %a2, %a5 : V
      %ri = arith.mulf %a1, %a5 : V
      %ir = arith.mulf %a2, %a4 : V
      %d = arith.subf %rr, %ii : V
      %re = arith.addf %d, %x : V
      %im = arith.addf %ri, %ir : V
      %w = arith.mulf %re, %a3 : V
      %y = vector.reduction <add>, %w : V into f32
      %z = vector.reduction <add>, %im : V into f32
      seqc.yield %y, %z, %re, %im : f32, f32, V, V
)",
          [](const std::vector<ScanEntry> &a) {
            ScanEntry re = a[4], im = a[5], w = a[4];
            for (size_t n = 0; n < re.size(); ++n) {
              re[n] = a[1][n] * a[4][n] - a[2][n] * a[5][n] + a[0][0];
              im[n] = a[1][n] * a[5][n] + a[2][n] * a[4][n];
              w[n] = re[n] * a[3][n];
            }
            return std::vector<ScanEntry>{{sum(w)}, {sum(im)}, re, im};
          }};
}

// A short convolution (carried), a long delay (loaded again) and a gated state
// without the axis n.
Recurrence seqc::test::delayed() {
  return {{{"td"}, {"td", -1, 1, 1, 0}, {"td", -1, 1, 3, 0}, {"td", -1, 1, 11}},
          {{"d", 0.1f, 0.9f}},
          {{"td"}},
          {{"d"}},
          R"(
      %two = arith.constant 2.0 : f32
      %s1 = arith.mulf %a1, %two : f32
      %s2 = arith.addf %s1, %a0 : f32
      %s3 = arith.subf %s2, %a2 : f32
      %s4 = arith.addf %s3, %a3 : f32
      %keep = arith.cmpf ogt, %a0, %a1 : f32
      %k = arith.mulf %a4, %a5 : f32
      %n = arith.addf %k, %s4 : f32
      %h = arith.select %keep, %n, %a5 : f32
      %y = arith.addf %h, %s1 : f32
      seqc.yield %y, %h : f32, f32
)",
          [](const std::vector<ScanEntry> &a) {
            double mix = 2 * a[1][0] + a[0][0] - a[2][0] + a[3][0];
            double h = a[0][0] > a[1][0] ? a[4][0] * a[5][0] + mix : a[5][0];
            return std::vector<ScanEntry>{{h + 2 * a[1][0]}, {h}};
          }};
}

// Rows with states of their own, in and out, one of them delayed.
Recurrence seqc::test::wideRows() {
  return {{{"tdn"}, {"tn", -1, 1, 2}},
          {},
          {{"tdn"}, {"td"}},
          {{"dn"}},
          R"(
      %half = arith.constant dense<0.5> : V
      %k = arith.mulf %a2, %half : V
      %s = arith.addf %k, %a0 : V
      %h = arith.addf %s, %a1 : V
      %y = vector.reduction <add>, %h : V into f32
      seqc.yield %h, %y, %h : V, f32, V
)",
          [](const std::vector<ScanEntry> &a) {
            ScanEntry h = a[2];
            for (size_t n = 0; n < h.size(); ++n)
              h[n] = 0.5 * h[n] + a[0][n] + a[1][n];
            return std::vector<ScanEntry>{h, {sum(h)}, h};
          }};
}
