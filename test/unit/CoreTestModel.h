//===- CoreTestModel.h - a small model with hand-written kernels ----------===//
//
// What a compiler would make, by hand: a running sum per sequence as state, a
// gate that keeps some rows, a gather and a scatter over the kept rows, a
// pooled output, positions and a table lookup.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_TEST_UNIT_CORETESTMODEL_H
#define SEQC_TEST_UNIT_CORETESTMODEL_H

#include "runtime/core/KernelSet.h"
#include "runtime/core/Plan.h"
#include "seqc/WeightSource.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace seqc::test {

inline constexpr int64_t kWidth = 3;
inline constexpr int64_t kVocab = 10;
inline constexpr int64_t kTile = 4; ///< rows per task

inline const float *f32(const SeqcBuffer &b) {
  return static_cast<const float *>(b.data);
}
inline float *f32w(const SeqcBuffer &b) { return static_cast<float *>(b.data); }
inline const int32_t *i32(const SeqcBuffer &b) {
  return static_cast<const int32_t *>(b.data);
}
inline int32_t *i32w(const SeqcBuffer &b) {
  return static_cast<int32_t *>(b.data);
}
inline int64_t tiles(int64_t rows) { return (rows + kTile - 1) / kTile; }

// sum(x, offsets, state, y): y[t] = state += x[t]; a task is a sequence.
inline int64_t sumTasks(const SeqcBuffer *a) { return a[2].dims[0]; }
inline void sumRun(const SeqcBuffer *a, int64_t begin, int64_t end, void *) {
  for (int64_t b = begin; b < end; ++b)
    for (int64_t t = i32(a[1])[b]; t < i32(a[1])[b + 1]; ++t)
      for (int64_t d = 0; d < kWidth; ++d)
        f32w(a[3])[t * kWidth + d] = f32w(a[2])[b * kWidth + d] +=
            f32(a[0])[t * kWidth + d];
}

// gate(x, bias, offsets, index, packed): keeps rows with x[t, 0] + bias > 0.
inline int64_t oneTask(const SeqcBuffer *) { return 1; }
inline void gateRun(const SeqcBuffer *a, int64_t, int64_t, void *) {
  int32_t kept = 0;
  int64_t sequences = a[2].dims[0] - 1;
  for (int64_t b = 0; b < sequences; ++b) {
    i32w(a[4])[b] = kept;
    for (int32_t t = i32(a[2])[b]; t < i32(a[2])[b + 1]; ++t)
      if (f32(a[0])[t * kWidth] + f32(a[1])[0] > 0)
        i32w(a[3])[kept++] = t;
  }
  i32w(a[4])[sequences] = kept;
}

// gather(y, index, scale, g): g[i] = y[index[i]] * scale[d], through scratch.
inline int64_t gatherTasks(const SeqcBuffer *a) { return tiles(a[1].dims[0]); }
inline void gatherRun(const SeqcBuffer *a, int64_t begin, int64_t end,
                      void *scratch) {
  float *row = static_cast<float *>(scratch);
  int64_t last = std::min(end * kTile, a[1].dims[0]);
  for (int64_t i = begin * kTile; i < last; ++i) {
    for (int64_t d = 0; d < kWidth; ++d)
      row[d] = f32(a[0])[i32(a[1])[i] * kWidth + d] * f32(a[2])[d];
    std::copy_n(row, kWidth, f32w(a[3]) + i * kWidth);
  }
}

// scatter(g, index, out): out[index[i]] = g[i].
inline void scatterRun(const SeqcBuffer *a, int64_t begin, int64_t end,
                       void *) {
  int64_t last = std::min(end * kTile, a[1].dims[0]);
  for (int64_t i = begin * kTile; i < last; ++i)
    std::copy_n(f32(a[0]) + i * kWidth, kWidth,
                f32w(a[2]) + i32(a[1])[i] * kWidth);
}

// pool(y, offsets, pooled): mean of the rows, zero without rows.
inline void poolRun(const SeqcBuffer *a, int64_t, int64_t, void *) {
  for (int64_t b = 0; b < a[2].dims[0]; ++b)
    for (int64_t d = 0; d < kWidth; ++d) {
      float sum = 0;
      int32_t first = i32(a[1])[b], last = i32(a[1])[b + 1];
      for (int32_t t = first; t < last; ++t)
        sum += f32(a[0])[t * kWidth + d];
      f32w(a[2])[b * kWidth + d] = last > first ? sum / (last - first) : 0;
    }
}

// look(ids, positions, table, z): z[t] = table[ids[t]] + 100 * position.
inline int64_t lookTasks(const SeqcBuffer *a) { return tiles(a[0].dims[0]); }
inline void lookRun(const SeqcBuffer *a, int64_t begin, int64_t end, void *) {
  int64_t last = std::min(end * kTile, a[0].dims[0]);
  for (int64_t t = begin * kTile; t < last; ++t)
    f32w(a[3])[t] = f32(a[2])[i32(a[0])[t]] + 100.0f * i32(a[1])[t];
}

// twice(in, out), for the prepare steps.
inline int64_t twiceTasks(const SeqcBuffer *a) { return a[0].dims[0]; }
inline void twiceRun(const SeqcBuffer *a, int64_t begin, int64_t end, void *) {
  for (int64_t i = begin; i < end; ++i)
    f32w(a[1])[i] = 2 * f32(a[0])[i];
}

inline rt::KernelSet testKernels() {
  rt::KernelSet set;
  set.entries = {{sumRun, sumTasks},       {gateRun, oneTask},
                 {gatherRun, gatherTasks}, {scatterRun, gatherTasks},
                 {poolRun, oneTask},       {lookRun, lookTasks},
                 {twiceRun, twiceTasks}};
  return set;
}

/// Adds buffers by name; steps name them.
class PlanMaker {
public:
  rt::Plan plan;

  using Extents = std::vector<rt::Extent>;
  void buffer(const std::string &name, rt::BufferKind kind, DType dtype,
              Extents shape, Extents capacity = {}, int32_t alias = -1) {
    rt::PlanBuffer buffer;
    buffer.name = name;
    buffer.kind = kind;
    buffer.dtype = dtype;
    buffer.capacity = capacity.empty() ? shape : capacity;
    buffer.shape = std::move(shape);
    buffer.alias = alias;
    index[name] = static_cast<int32_t>(plan.buffers.size());
    plan.buffers.push_back(std::move(buffer));
  }
  int32_t at(const std::string &name) const { return index.at(name); }
  rt::PlanStep step(rt::StepKind kind, std::vector<std::string> args) const {
    rt::PlanStep step;
    step.kind = kind;
    for (const std::string &arg : args)
      step.args.push_back(at(arg));
    return step;
  }
  void kernel(int32_t kernel, std::vector<std::string> args,
              std::string layer = "") {
    plan.run.push_back(step(rt::StepKind::Kernel, std::move(args)));
    plan.run.back().kernel = kernel;
    plan.run.back().layer = std::move(layer);
  }

private:
  std::map<std::string, int32_t> index;
};

inline rt::Plan testPlan() {
  using rt::BufferKind;
  constexpr int32_t kept = rt::kFirstCountSymbol;
  rt::Extent rows{rt::kSymbolRows, 0}, sequences{rt::kSymbolSequences, 0},
      ends{rt::kSymbolSequences, 1}, count{kept, 0}, width{-1, kWidth};
  PlanMaker m;
  m.plan.model = "toy";
  m.plan.target = "test";
  m.plan.symbols = {"rows", "sequences", "kept"};
  m.plan.maxPositions = 5000;
  const char *names[] = {"sum",  "gate", "gather", "scatter",
                         "pool", "look", "twice"};
  for (const char *name : names) {
    rt::PlanKernel kernel;
    kernel.symbol = name;
    kernel.summary = std::string("test ") + name;
    kernel.scratchBytes = std::string(name) == "gather" ? 4 * kWidth : 0;
    kernel.free = {"rows"};
    m.plan.kernels.push_back(kernel);
  }
  m.buffer("x", BufferKind::Input, DType::F32, {rows, width});
  m.buffer("ids", BufferKind::Input, DType::I32, {rows});
  m.plan.buffers.back().valueLimit = kVocab;
  m.buffer("offsets", BufferKind::Offsets, DType::I32, {ends});
  m.buffer("positions", BufferKind::Positions, DType::I32, {rows});
  m.buffer("act_bias", BufferKind::Option, DType::F32, {{-1, 1}});
  m.buffer("scale", BufferKind::Weight, DType::F32, {width});
  m.buffer("table", BufferKind::Weight, DType::F32, {{-1, kVocab}});
  m.buffer("grid", BufferKind::Weight, DType::F32, {{-1, 5}, {-1, 2}});
  m.buffer("scale2", BufferKind::Prepared, DType::F32, {width});
  m.buffer("panels", BufferKind::Prepared, DType::F32,
           {{-1, 3}, {-1, 2}, {-1, 2}});
  m.buffer("sum", BufferKind::State, DType::F32, {sequences, width});
  m.buffer("y", BufferKind::Temp, DType::F32, {rows, width});
  m.buffer("index", BufferKind::Temp, DType::I32, {rows});
  m.buffer("packed", BufferKind::Temp, DType::I32, {ends});
  m.buffer("kept", BufferKind::Temp, DType::I32, {count}, {rows},
           m.at("index"));
  m.buffer("g", BufferKind::Temp, DType::F32, {count, width}, {rows, width});
  m.buffer("out", BufferKind::Output, DType::F32, {rows, width});
  m.buffer("pooled", BufferKind::Output, DType::F32, {sequences, width});
  m.buffer("z", BufferKind::Output, DType::F32, {rows});

  m.plan.prepare.push_back(m.step(rt::StepKind::Kernel, {"scale", "scale2"}));
  m.plan.prepare.back().kernel = 6;
  m.plan.prepare.push_back(m.step(rt::StepKind::Pack, {"grid", "panels"}));
  m.plan.prepare.back().panel = 2;

  m.kernel(0, {"x", "offsets", "sum", "y"}, "layers.0");
  m.kernel(1, {"x", "act_bias", "offsets", "index", "packed"}, "layers.0");
  m.plan.run.push_back(m.step(rt::StepKind::Count, {"packed"}));
  m.plan.run.back().symbol = kept;
  m.kernel(2, {"y", "kept", "scale2", "g"}, "layers.0");
  m.plan.run.push_back(m.step(rt::StepKind::Copy, {"y", "out"}));
  m.kernel(3, {"g", "kept", "out"}, "layers.0");
  m.kernel(4, {"y", "offsets", "pooled"});
  m.kernel(5, {"ids", "positions", "table", "z"});
  m.plan.gates.push_back({"layers.0", kept});
  return m.plan;
}

/// Weights in memory, by name.
class MapSource : public WeightSource {
public:
  std::map<std::string, Tensor, std::less<>> tensors;

  std::vector<std::string> names() const override {
    std::vector<std::string> list;
    for (const auto &item : tensors)
      list.push_back(item.first);
    return list;
  }
  TensorRef find(std::string_view name) const override {
    auto found = tensors.find(name);
    return found == tensors.end() ? TensorRef()
                                  : const_cast<Tensor &>(found->second).ref();
  }
  std::string description() const override { return "test weights"; }

  void set(const std::string &name, std::vector<int64_t> shape,
           const std::vector<float> &values) {
    Tensor tensor(DType::F32, std::move(shape));
    std::copy(values.begin(), values.end(), tensor.as<float>());
    tensors[name] = std::move(tensor);
  }
};

inline std::shared_ptr<MapSource> testWeights() {
  auto source = std::make_shared<MapSource>();
  source->set("scale", {kWidth}, {0.5f, 1.5f, -2.0f});
  source->set("table", {kVocab}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  source->set("grid", {5, 2}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  return source;
}

} // namespace seqc::test

#endif // SEQC_TEST_UNIT_CORETESTMODEL_H
