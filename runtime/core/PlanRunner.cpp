//===- PlanRunner.cpp - memory and execution of one session's plan --------===//
#include "runtime/core/PlanRunner.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace seqc::rt {

PlanRunner::PlanRunner(std::shared_ptr<const LoadedPlan> loadedPlan,
                       std::shared_ptr<const Parallel> threads,
                       std::shared_ptr<Specialiser> specialiser, bool counted)
    : loaded(std::move(loadedPlan)), parallel(std::move(threads)),
      counting(counted), counts(loaded->plan(), loaded->sites()),
      dispatcher(loaded->sites(), counts, std::move(specialiser)),
      steps(loaded->plan(), loaded->plan().run, loaded->kernels(), *parallel),
      pieces(loaded->pieces()), own(loaded->plan().buffers.size()) {
  if (counting && !loaded->interpreter())
    steps.attach(dispatcher, counts);
  for (size_t i = 0; i < own.size(); ++i)
    if (void *constant = loaded->constant(static_cast<int32_t>(i)))
      steps.bind(static_cast<int32_t>(i), constant);
}

static bool ownsMemory(BufferKind kind) {
  return kind == BufferKind::Offsets || kind == BufferKind::Positions ||
         kind == BufferKind::Option || kind == BufferKind::State;
}

/// Room for a little more than asked, so that inputs that get longer call by
/// call do not allocate each time.
static int64_t grown(int64_t wanted, int64_t capacity) {
  if (wanted <= capacity)
    return capacity;
  return capacity < 0 ? wanted : std::max(wanted, capacity + capacity / 2);
}

Status PlanRunner::grow(int64_t newRows, int64_t newSequences) {
  for (LivePiece &piece : pieces) {
    int64_t bytes = steps.capacityBytes(piece.buffer, newRows, newSequences);
    if (bytes < 0)
      return Status::error(ErrorCode::ResourceExhausted,
                           "temporaries are too large for " +
                               std::to_string(newRows) + " rows");
    piece.bytes = static_cast<size_t>(bytes);
  }
  size_t total = placePieces(pieces);
  auto failure = [&](size_t bytes) {
    return Status::error(ErrorCode::ResourceExhausted,
                         "no memory for " + std::to_string(bytes) +
                             " bytes of workspace; use fewer or shorter "
                             "sequences per call");
  };
  if (!workspace.reserve(total))
    return failure(total);
  for (const LivePiece &piece : pieces)
    steps.bind(piece.buffer,
               static_cast<char *>(workspace.data()) + piece.offset);

  for (size_t i = 0; i < own.size(); ++i) {
    const PlanBuffer &buffer = plan().buffers[i];
    int32_t index = static_cast<int32_t>(i);
    if (buffer.alias >= 0 || !ownsMemory(buffer.kind))
      continue;
    int64_t bytes = steps.capacityBytes(index, newRows, newSequences);
    size_t wanted = bytes < 0 ? SIZE_MAX / 2 : static_cast<size_t>(bytes);
    if (own[i].data() && wanted <= own[i].size())
      continue;
    AlignedBuffer fresh;
    if (bytes < 0 || !fresh.reserve(wanted))
      return failure(wanted);
    // Options and states survive: more rows must not change the model's memory.
    std::memset(fresh.data(), 0, fresh.size());
    if (own[i].data())
      std::memcpy(fresh.data(), own[i].data(), own[i].size());
    own[i] = std::move(fresh);
    steps.bind(index, own[i].data());
  }
  rowCapacity = newRows;
  sequenceCapacity = newSequences;
  return steps.reserveScratch();
}

Status PlanRunner::reserve(int64_t newRows, int64_t newSequences) {
  if (newRows == rows && newSequences == sequences)
    return {};
  if (newRows > rowCapacity || newSequences > sequenceCapacity)
    if (Status status = grow(grown(newRows, rowCapacity),
                             grown(newSequences, sequenceCapacity));
        !status.ok()) {
      // Roomy growth may be what did not fit.
      if (Status exact = grow(std::max(newRows, rowCapacity),
                              std::max(newSequences, sequenceCapacity));
          !exact.ok()) {
        rows = sequences = rowCapacity = sequenceCapacity = -1;
        return exact;
      }
    }
  rows = sequences = -1;
  if (Status status = steps.resize(newRows, newSequences); !status.ok())
    return status;
  rows = newRows;
  sequences = newSequences;
  return {};
}

void PlanRunner::clearStates() {
  for (size_t i = 0; i < own.size(); ++i)
    if (plan().buffers[i].kind == BufferKind::State && own[i].data())
      std::memset(own[i].data(), 0, own[i].size());
}

size_t PlanRunner::bytes(int32_t buffer) const {
  int64_t bytes = steps.capacityBytes(buffer, rows, sequences);
  return bytes < 0 ? 0 : static_cast<size_t>(bytes);
}

void *PlanRunner::stage(int32_t buffer) {
  int64_t wanted = steps.capacityBytes(buffer, rowCapacity, sequenceCapacity);
  if (wanted < 0 || !own[buffer].reserve(static_cast<size_t>(wanted)))
    return nullptr;
  steps.bind(buffer, own[buffer].data());
  return own[buffer].data();
}

Status PlanRunner::run() {
  if (const Interpreter &interpreter = loaded->interpreter()) {
    Status status = interpreter(steps.allBuffers(), steps.allSymbols());
    // How they are spread over several sequences it does not say.
    for (size_t i = 0; counting && status.ok() && i < plan().gates.size(); ++i)
      counts.countGate(i, symbol(plan().gates[i].symbol),
                       sequences == 1 ? symbol(plan().gates[i].symbol) : -1,
                       rows);
    return status;
  }
  return steps.run();
}

size_t PlanRunner::workspaceBytes() const {
  size_t total = workspace.size() + steps.scratchBytes();
  for (size_t i = 0; i < own.size(); ++i)
    if (plan().buffers[i].kind != BufferKind::State)
      total += own[i].size();
  return total;
}

} // namespace seqc::rt
