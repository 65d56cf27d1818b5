//===- SessionChecks.cpp - what a call must look like ---------------------===//
//
// All of this runs before any work, so that a refused call leaves the state and
// the caller's outputs as they were.
//
//===----------------------------------------------------------------------===//
#include "runtime/core/SessionImpl.h"

#include <algorithm>
#include <cassert>
#include <limits>

using namespace seqc;
using namespace seqc::rt;

static constexpr int64_t kMaxRows = SEQC_KERNEL_MAX_ROWS;

static Status invalid(std::string message) {
  return Status::error(ErrorCode::InvalidArgument, std::move(message));
}

static std::string quoted(const std::string &name) { return "'" + name + "'"; }

Status Session::Impl::checkCounts(size_t inputCount, size_t outputCount) const {
  auto listed = [&](const std::vector<BoundTensor> &tensors) {
    std::string text;
    for (const BoundTensor &tensor : tensors)
      text += (text.empty() ? "" : ", ") + plan().buffers[tensor.buffer].name;
    return text;
  };
  if (inputCount != inputs.size() && inputCount != inputs.size() + 1)
    return invalid("expected " + std::to_string(inputs.size()) + " inputs (" +
                   listed(inputs) + ") and optionally lengths, got " +
                   std::to_string(inputCount));
  if (outputCount != outputs.size())
    return invalid("expected " + std::to_string(outputs.size()) + " outputs (" +
                   listed(outputs) + "), got " + std::to_string(outputCount));
  return {};
}

static bool isInteger(DType dtype) {
  return dtype == DType::I32 || dtype == DType::I64;
}

/// Inputs of either integer type do for each other.
static bool sameType(DType given, DType wanted, bool input) {
  return given == wanted || (input && isInteger(given) && isInteger(wanted));
}

static std::string typesFor(DType wanted, bool input) {
  return input && isInteger(wanted) ? "I64 or I32" : toString(wanted);
}

/// Type, place and strides of a tensor; the shape is left to the callers.
static Status checkBasics(const std::string &name, const TensorRef &tensor,
                          DType dtype, bool input, int32_t rank,
                          const std::string &shape) {
  if (tensor.device == Device::Cuda)
    return invalid(name + ": expected host memory, got device memory");
  if (!sameType(tensor.dtype, dtype, input))
    return invalid(name + ": expected " + typesFor(dtype, input) + ", got " +
                   toString(tensor.dtype));
  if (tensor.rank != rank)
    return invalid(name + ": expected rank " + std::to_string(rank) + " " +
                   shape + ", got rank " + std::to_string(tensor.rank));
  if (!tensor.shape)
    return invalid(name + ": has no shape");
  int64_t count = 1;
  for (int32_t d = 0; d < rank; ++d)
    if (tensor.shape[d] < 0 ||
        __builtin_mul_overflow(count, tensor.shape[d], &count) ||
        count > std::numeric_limits<int64_t>::max() / 64)
      return invalid(name + ": dimension " + std::to_string(d) + " is " +
                     std::to_string(tensor.shape[d]) +
                     ", which makes no tensor");
  if (!tensor.data && count > 0)
    return invalid(name + ": has no data");
  return {};
}

static std::string expectedShape(const PlanBuffer &buffer, bool perToken) {
  std::string text = perToken ? "[B, T" : "[B";
  for (size_t d = 1; d < buffer.shape.size(); ++d)
    text += ", " + std::to_string(buffer.shape[d].addend);
  return text + "]";
}

static Status checkInner(const std::string &name, const TensorRef &tensor,
                         const PlanBuffer &buffer) {
  int32_t rank = static_cast<int32_t>(buffer.shape.size());
  int32_t leading = tensor.rank - rank + 1;
  for (int32_t d = 1; d < rank; ++d)
    if (tensor.shape[leading + d - 1] != buffer.shape[d].addend)
      return invalid(name + ": dimension " + std::to_string(leading + d - 1) +
                     " is " + std::to_string(tensor.shape[leading + d - 1]) +
                     ", expected " + std::to_string(buffer.shape[d].addend));
  return {};
}

Status Session::Impl::checkLead(const std::string &name, int32_t dimension,
                                int64_t extent, bool known,
                                int64_t &expected) const {
  if (!known)
    expected = extent;
  if (extent == expected && extent <= kMaxRows)
    return {};
  std::string text = name + ": dimension " + std::to_string(dimension) +
                     (dimension == 0 ? " (B)" : " (T)") + " is " +
                     std::to_string(extent);
  if (extent != expected)
    return invalid(text + ", expected " + std::to_string(expected) +
                   " as in the tensors before it");
  return invalid(text + ", expected at most " + std::to_string(kMaxRows));
}

Status Session::Impl::checkTensor(const char *role, const TensorRef &tensor,
                                  BoundTensor &bound) {
  const PlanBuffer &buffer = plan().buffers[bound.buffer];
  // Strings are made for messages only: a good call does not allocate.
  bool input = buffer.kind == BufferKind::Input;
  int32_t rank =
      static_cast<int32_t>(buffer.shape.size()) + (bound.perToken ? 1 : 0);
  bool good = tensor.device != Device::Cuda && tensor.rank == rank &&
              sameType(tensor.dtype, buffer.dtype, input) && tensor.shape;
  int64_t count = 1;
  for (int32_t d = 0; good && d < rank; ++d)
    good = tensor.shape[d] >= 0 &&
           !__builtin_mul_overflow(count, tensor.shape[d], &count) &&
           count <= std::numeric_limits<int64_t>::max() / 64;
  good = good && (tensor.data || count == 0);
  int32_t leading = bound.perToken ? 2 : 1;
  for (int32_t d = leading; good && d < rank; ++d)
    good = tensor.shape[d] == buffer.shape[d - leading + 1].addend;
  good = good && tensor.shape[0] <= kMaxRows &&
         (!knownBatch || tensor.shape[0] == batch);
  if (good && bound.perToken)
    good = tensor.shape[1] <= kMaxRows &&
           (!knownTokens || tensor.shape[1] == tokens);
  if (!good) {
    std::string name = std::string(role) + " " + quoted(buffer.name);
    if (Status status = checkBasics(name, tensor, buffer.dtype, input, rank,
                                    expectedShape(buffer, bound.perToken));
        !status.ok())
      return status;
    if (Status status = checkInner(name, tensor, buffer); !status.ok())
      return status;
    if (Status status = checkLead(name, 0, tensor.shape[0], knownBatch, batch);
        !status.ok())
      return status;
    assert(bound.perToken && "a check without a message");
    return checkLead(name, 1, tensor.shape[1], knownTokens, tokens);
  }
  batch = tensor.shape[0];
  knownBatch = true;
  if (bound.perToken) {
    tokens = tensor.shape[1];
    knownTokens = true;
  }
  bound.view(tensor);
  return {};
}

Status Session::Impl::readLengths(const TensorRef *tensor) {
  lengths.resize(static_cast<size_t>(batch));
  ragged = false;
  if (!tensor) {
    if (tokens > 0 && batch > kMaxRows / tokens)
      return invalid("expected at most " + std::to_string(kMaxRows) +
                     " tokens per call, got " + std::to_string(batch) + " x " +
                     std::to_string(tokens));
    for (int64_t &length : lengths)
      length = tokens;
    rows = batch * tokens;
    return {};
  }
  if (tensor->device == Device::Cuda || tensor->rank != 1 || !tensor->shape ||
      !sameType(tensor->dtype, DType::I64, true) ||
      (!tensor->data && batch > 0) || tensor->shape[0] != batch) {
    if (Status status =
            checkBasics("input 'lengths'", *tensor, DType::I64, true, 1, "[B]");
        !status.ok())
      return status;
    int64_t expected = batch;
    return checkLead("input 'lengths'", 0, tensor->shape[0], true, expected);
  }
  BoundTensor view;
  view.view(*tensor);
  rows = 0;
  for (int64_t b = 0; b < batch; ++b) {
    int64_t length = 0;
    readRow(view, b, 0, &length, DType::I64);
    if (length < 0 || length > tokens)
      return invalid("input 'lengths': sequence " + std::to_string(b) +
                     " has length " + std::to_string(length) +
                     ", expected 0 to " + std::to_string(tokens));
    lengths[b] = length;
    ragged |= length < tokens;
    rows += length;
    if (rows > kMaxRows)
      return invalid("expected at most " + std::to_string(kMaxRows) +
                     " tokens per call");
  }
  return {};
}

Status Session::Impl::checkPositions() const {
  int64_t limit = plan().maxPositions;
  for (int64_t b = 0; b < batch; ++b) {
    bool carried = plan().causal && sequences == batch;
    int64_t next = (carried ? position[b] : 0) + lengths[b];
    if (limit >= 0 && next > limit)
      return invalid("sequence " + std::to_string(b) + " reaches position " +
                     std::to_string(next) + ", but the position table has " +
                     std::to_string(limit) +
                     " entries; use a shorter input or a model with a larger "
                     "table");
    // What kernels add to a count of entries has to fit as well.
    int64_t most =
        carried ? std::max(next, reached[b] + lengths[b]) : lengths[b];
    if (most > kMaxRows)
      return invalid("sequence " + std::to_string(b) + " reaches position " +
                     std::to_string(most) + ", expected at most " +
                     std::to_string(kMaxRows) + "; reset the state");
  }
  return {};
}

Status Session::Impl::checkIds(const BoundTensor &bound) const {
  const PlanBuffer &buffer = plan().buffers[bound.buffer];
  bool narrowed = bound.dtype == DType::I64 && buffer.dtype == DType::I32;
  if (buffer.valueLimit < 0 && !narrowed)
    return {};
  for (int64_t b = 0; b < batch; ++b) {
    int64_t end = bound.perToken ? lengths[b] : 1;
    for (int64_t t = 0; t < end; ++t) {
      int64_t id = 0;
      if (!findBadId(bound, b, t, buffer.valueLimit, id))
        continue;
      std::string range = buffer.valueLimit < 0
                              ? "a value of 32 bits"
                              : "0 to " + std::to_string(buffer.valueLimit - 1);
      return invalid("input " + quoted(buffer.name) + ": id " +
                     std::to_string(id) + " at sequence " + std::to_string(b) +
                     ", token " + std::to_string(t) + ", expected " + range);
    }
  }
  return {};
}

Status Session::Impl::checkCall(const TensorRef *inputRefs, size_t inputCount,
                                const TensorRef *outputRefs,
                                size_t outputCount) {
  if (inputCount != inputs.size() || outputCount != outputs.size())
    if (Status status = checkCounts(inputCount, outputCount); !status.ok())
      return status;
  if (!inputRefs && inputCount > 0)
    return invalid("the array of inputs is null, expected " +
                   std::to_string(inputCount) + " tensors");
  if (!outputRefs && outputCount > 0)
    return invalid("the array of outputs is null, expected " +
                   std::to_string(outputCount) + " tensors");
  knownBatch = knownTokens = false;
  for (size_t i = 0; i < inputs.size(); ++i)
    if (Status status = checkTensor("input", inputRefs[i], inputs[i]);
        !status.ok())
      return status;
  bool given = inputCount > inputs.size();
  if (Status status = readLengths(given ? &inputRefs[inputs.size()] : nullptr);
      !status.ok())
    return status;
  for (size_t i = 0; i < outputs.size(); ++i)
    if (Status status = checkTensor("output", outputRefs[i], outputs[i]);
        !status.ok())
      return status;
  if (sequences >= 0 && batch != sequences && carries())
    return invalid("the state belongs to " + std::to_string(sequences) +
                   " sequences, but the call has " + std::to_string(batch) +
                   "; reset the state first");
  if (Status status = checkPositions(); !status.ok())
    return status;
  for (const BoundTensor &input : inputs)
    if (Status status = checkIds(input); !status.ok())
      return status;
  return {};
}

Status Session::Impl::checkState(std::string_view name, const TensorRef &tensor,
                                 BoundTensor &bound) const {
  std::string text = "state " + quoted(std::string(name));
  if (!plan().causal)
    return Status::error(ErrorCode::Unsupported,
                         text + ": this model carries no state: a layer is not "
                                "causal or keeps none from call to call");
  static const PlanBuffer kPosition = [] {
    PlanBuffer buffer;
    buffer.dtype = DType::I64;
    buffer.shape = {{kSymbolSequences, 0}};
    return buffer;
  }();
  bound.buffer = plan().find(BufferKind::State, name);
  if (bound.buffer < 0 && name != "position") {
    std::string known;
    for (const PlanBuffer &buffer : plan().buffers)
      if (buffer.kind == BufferKind::State && buffer.alias < 0)
        known += buffer.name + ", ";
    return invalid(text + ": no such state; this model has " + known +
                   "position");
  }
  const PlanBuffer &buffer =
      bound.buffer < 0 ? kPosition : plan().buffers[bound.buffer];
  if (Status status = checkBasics(text, tensor, buffer.dtype, false,
                                  static_cast<int32_t>(buffer.shape.size()),
                                  expectedShape(buffer, false));
      !status.ok())
    return status;
  if (Status status = checkInner(text, tensor, buffer); !status.ok())
    return status;
  int64_t expected = sequences;
  if (Status status =
          checkLead(text, 0, tensor.shape[0], sequences >= 0, expected);
      !status.ok())
    return status;
  bound.view(tensor);
  return {};
}

/// Kernels take carried integers as they are, as positions in a table or as
/// counts of entries in a ring.
Status Session::Impl::checkStateValues(std::string_view name,
                                       const BoundTensor &bound,
                                       int64_t count) const {
  int64_t most = plan().maxPositions < 0 ? kMaxRows : plan().maxPositions;
  int64_t limit =
      bound.buffer < 0 ? most + 1 : plan().buffers[bound.buffer].valueLimit;
  for (int64_t b = 0; limit >= 0 && b < count; ++b) {
    int64_t bad = 0, at = 0;
    if (!findBadId(bound, b, 0, limit, bad, &at))
      continue;
    std::string entry =
        bound.innerCount == 1 ? "" : ", entry " + std::to_string(at);
    return invalid("state " + quoted(std::string(name)) + ": sequence " +
                   std::to_string(b) + entry + " has " + std::to_string(bad) +
                   ", expected 0 to " + std::to_string(limit - 1));
  }
  return {};
}
