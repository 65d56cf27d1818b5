//===- LoadedPlan.cpp - a plan with its code and weights ------------------===//
#include "runtime/core/LoadedPlan.h"

#include "runtime/core/StepRunner.h"

#include <cstring>

namespace seqc::rt {

static std::string shapeText(const int64_t *shape, size_t rank) {
  std::string text = "[";
  for (size_t i = 0; i < rank; ++i)
    text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

/// Extents of a buffer that has static ones only, and their product.
static std::vector<int64_t> staticShape(const PlanBuffer &buffer) {
  std::vector<int64_t> shape;
  for (const Extent &extent : buffer.shape)
    shape.push_back(extent.addend);
  return shape;
}

static size_t staticBytes(const PlanBuffer &buffer) {
  std::vector<int64_t> shape = staticShape(buffer);
  return static_cast<size_t>(
             elementCount(shape.data(), static_cast<int32_t>(shape.size()))) *
         byteSize(buffer.dtype);
}

static Status noMemory(const PlanBuffer &buffer) {
  return Status::error(ErrorCode::ResourceExhausted,
                       "no memory for '" + buffer.name + "' of " +
                           std::to_string(staticBytes(buffer)) + " bytes");
}

Result<std::shared_ptr<const LoadedPlan>>
LoadedPlan::create(Plan plan, KernelSet kernels,
                   std::shared_ptr<const WeightSource> weights,
                   const Parallel &parallel) {
  if (Status status = verify(plan); !status.ok())
    return status;
  std::shared_ptr<LoadedPlan> loaded(new LoadedPlan);
  loaded->description = std::move(plan);
  loaded->code = std::move(kernels);
  loaded->source = std::move(weights);
  loaded->constants.assign(loaded->description.buffers.size(), nullptr);
  if (Status status = loaded->checkCode(); !status.ok())
    return status;
  if (Status status = loaded->bindWeights(); !status.ok())
    return status;
  if (Status status = loaded->prepare(parallel); !status.ok())
    return status;
  loaded->livePieces =
      rt::livePieces(loaded->description, loaded->description.run);
  loaded->siteList = sitesOf(loaded->description);
  return std::shared_ptr<const LoadedPlan>(std::move(loaded));
}

Result<std::shared_ptr<const LoadedPlan>>
LoadedPlan::interpret(Plan plan, Interpreter interpreter) {
  if (Status status = verify(plan); !status.ok())
    return status;
  if (!plan.run.empty() || !plan.prepare.empty())
    return Status::error(ErrorCode::Internal,
                         "expected a plan without steps to interpret");
  std::shared_ptr<LoadedPlan> loaded(new LoadedPlan);
  loaded->description = std::move(plan);
  loaded->interpreted = std::move(interpreter);
  loaded->constants.assign(loaded->description.buffers.size(), nullptr);
  return std::shared_ptr<const LoadedPlan>(std::move(loaded));
}

size_t LoadedPlan::constantBytes() const {
  size_t bytes = 0;
  for (const AlignedBuffer &buffer : owned)
    bytes += buffer.size();
  return bytes;
}

Status LoadedPlan::checkCode() const {
  if (code.entries.size() != description.kernels.size())
    return Status::error(
        ErrorCode::Internal,
        "expected code of " + std::to_string(description.kernels.size()) +
            " kernels, got " + std::to_string(code.entries.size()));
  for (size_t i = 0; i < code.entries.size(); ++i)
    if (!code.entries[i].run || !code.entries[i].tasks)
      return Status::error(ErrorCode::Internal,
                           "kernel '" + description.kernels[i].symbol +
                               "' has no code");
  return {};
}

static Status checkWeight(const PlanBuffer &buffer, const TensorRef &weight,
                          const WeightSource *source) {
  std::string from = source ? source->description() : "no weight source";
  std::string name = "weight '" + buffer.name + "'";
  std::vector<int64_t> shape = staticShape(buffer);
  size_t rank = shape.size();
  if (!weight.data && staticBytes(buffer) > 0)
    return Status::error(ErrorCode::InvalidModel,
                         name + " " + shapeText(shape.data(), rank) +
                             " is missing in " + from);
  if (weight.dtype != buffer.dtype)
    return Status::error(ErrorCode::InvalidModel,
                         name + " in " + from + ": expected " +
                             toString(buffer.dtype) + ", got " +
                             toString(weight.dtype));
  bool same = static_cast<size_t>(weight.rank) == rank;
  for (size_t i = 0; same && i < rank; ++i)
    same = weight.shape[i] == shape[i];
  if (same)
    return {};
  return Status::error(ErrorCode::InvalidModel,
                       name + " in " + from + ": expected shape " +
                           shapeText(shape.data(), rank) + ", got " +
                           shapeText(weight.shape, weight.rank));
}

Status LoadedPlan::bindWeights() {
  for (size_t i = 0; i < description.buffers.size(); ++i) {
    const PlanBuffer &buffer = description.buffers[i];
    if (buffer.kind != BufferKind::Weight || buffer.alias >= 0)
      continue;
    TensorRef weight;
    weight.dtype = buffer.dtype;
    if (source)
      weight = source->find(buffer.name);
    if (Status status = checkWeight(buffer, weight, source.get()); !status.ok())
      return status;
    constants[i] = weight.data;
    if (reinterpret_cast<uintptr_t>(weight.data) % byteSize(buffer.dtype) == 0)
      continue;
    AlignedBuffer copy;
    if (!copy.reserve(staticBytes(buffer)))
      return noMemory(buffer);
    std::memcpy(copy.data(), weight.data, staticBytes(buffer));
    constants[i] = copy.data();
    owned.push_back(std::move(copy));
  }
  return {};
}

Status LoadedPlan::prepare(const Parallel &parallel) {
  for (size_t i = 0; i < description.buffers.size(); ++i) {
    const PlanBuffer &buffer = description.buffers[i];
    if (buffer.kind != BufferKind::Prepared || buffer.alias >= 0)
      continue;
    AlignedBuffer memory;
    if (!memory.reserve(staticBytes(buffer)))
      return noMemory(buffer);
    constants[i] = memory.data();
    owned.push_back(std::move(memory));
  }
  if (description.prepare.empty())
    return {};

  StepRunner runner(description, description.prepare, code, parallel);
  if (Status status = runner.resize(0, 0); !status.ok())
    return status;
  if (Status status = runner.reserveScratch(); !status.ok())
    return status;
  std::vector<LivePiece> temporaries =
      rt::livePieces(description, description.prepare);
  for (LivePiece &piece : temporaries)
    piece.bytes = static_cast<size_t>(runner.capacityBytes(piece.buffer, 0, 0));
  AlignedBuffer workspace;
  if (!workspace.reserve(placePieces(temporaries)))
    return Status::error(ErrorCode::ResourceExhausted,
                         "no memory to prepare the weights");
  for (const LivePiece &piece : temporaries)
    runner.bind(piece.buffer,
                static_cast<char *>(workspace.data()) + piece.offset);
  for (size_t i = 0; i < constants.size(); ++i)
    if (description.buffers[i].alias < 0 && constants[i])
      runner.bind(static_cast<int32_t>(i), constants[i]);
  return runner.run();
}

} // namespace seqc::rt
