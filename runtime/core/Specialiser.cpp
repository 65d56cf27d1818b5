//===- Specialiser.cpp - what is compiled for the calls that come ---------===//
#include "runtime/core/Specialiser.h"

#include <algorithm>
#include <chrono>

namespace seqc::rt {

// A variant that was evicted has to be wanted for longer each time, so that
// more classes than fit do not chase each other out for ever.
static constexpr int32_t kMostDoublings = 20;

Specialiser::Specialiser(const Plan &plan, SpecialiserHooks given,
                         SpecialiserOptions options)
    : list(sitesOf(plan)), hooks(std::move(given)), options(options),
      slots(list.slots()) {
  for (const PlanKernel &kernel : plan.kernels) {
    compileNs.push_back(
        hooks.compileNs ? hooks.compileNs(static_cast<int32_t>(symbols.size()))
                        : 0);
    symbols.push_back(kernel.symbol);
    firstVariant.push_back(static_cast<int32_t>(spent.size()));
    spent.resize(spent.size() + kernel.variants.size());
  }
  if (!hooks.now)
    hooks.now = [] {
      return std::chrono::duration_cast<std::chrono::nanoseconds>(
                 std::chrono::steady_clock::now().time_since_epoch())
          .count();
    };
  auto table = std::make_shared<VariantTable>();
  table->entries.resize(list.slots());
  table->live.resize(list.sites.size());
  current = std::move(table);
  if (list.sites.empty())
    return;
  if (options.mode == SpecialiseMode::Background && hooks.loadVerdict)
    thread.post([this] { loadVerdicts(); });
  if (options.mode != SpecialiseMode::Force)
    return;
  std::vector<VariantId> all;
  for (int32_t slot = 0; slot < static_cast<int32_t>(slots.size()); ++slot)
    if (!isGeneric(slot))
      all.push_back(idOf(slot));
  compileAhead(all);
}

Specialiser::~Specialiser() {
  thread.stop();
  storeVerdicts();
}

std::shared_ptr<const VariantTable> Specialiser::table() const {
  std::lock_guard<std::mutex> lock(mutex);
  return current;
}

void Specialiser::wait() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    for (size_t i = 0; i < slots.size(); ++i)
      if (isWanted(slots[i]) && !isGeneric(static_cast<int32_t>(i)))
        enqueue(static_cast<int32_t>(i));
  }
  drain();
}

//===----------------------------------------------------------------------===//
// What is wanted
//===----------------------------------------------------------------------===//

bool Specialiser::observe(std::vector<SlotCounts> &counts, int64_t runs,
                          bool wait) {
  std::unique_lock<std::mutex> lock(mutex, std::defer_lock);
  if (wait)
    lock.lock();
  else if (!lock.try_lock())
    return false;
  calls += runs;
  for (size_t i = 0; i < counts.size(); ++i) {
    SlotCounts &count = counts[i];
    if (count.wanted == 0 && count.ran == 0)
      continue;
    Slot &slot = slots[i];
    slot.calls += count.wanted;
    slot.since += count.wanted;
    slot.ran += count.ran;
    slot.timed += count.timed;
    slot.timedNs += count.timedNs;
    slot.longestNs = std::max(slot.longestNs, count.longestNs);
    if (count.ran > 0)
      slot.lastUse = calls;
    bool wanted = count.wanted > 0;
    count = {};
    if (wanted && !isGeneric(static_cast<int32_t>(i)))
      want(static_cast<int32_t>(i), slot);
  }
  return true;
}

void Specialiser::want(int32_t index, Slot &slot) {
  if (slot.state == VariantState::Unseen)
    slot.state = VariantState::Seen;
  if (slot.state != VariantState::Seen && slot.state != VariantState::Evicted)
    return;
  // The longest call is left out: the thread may have lost its processor.
  if (int64_t n = std::max<int64_t>(slot.timed - 1, 1); slot.timed > 0) {
    int64_t ns = slot.timedNs - (slot.timed > 1 ? slot.longestNs : 0);
    double mine = static_cast<double>(slot.since) * static_cast<double>(ns) /
                  static_cast<double>(n);
    spentNs(idOf(index)) += mine - slot.spentNs;
    slot.spentNs = mine;
  }
  if (isWanted(slot) && pays(index))
    enqueue(index);
}

/// Often enough to be compiled.
bool Specialiser::isWanted(const Slot &slot) const {
  return options.mode == SpecialiseMode::Background &&
         (slot.state == VariantState::Seen ||
          slot.state == VariantState::Evicted) &&
         slot.since >= options.minCalls
                           << std::min(slot.evictions, kMostDoublings);
}

/// Whether calls have spent as long without it as its compile takes. What was
/// made once, for this layer or another, is only loaded again.
bool Specialiser::pays(int32_t index) {
  VariantId id = idOf(index);
  double cost = static_cast<double>(compileNs[id.kernel]);
  return cost <= 0 || spentNs(id) >= cost || made.count(id);
}

/// False if there is no background thread to be had.
bool Specialiser::enqueue(int32_t index) {
  if (!thread.post([this, index] { makeReady(index); }))
    return false;
  slots[index].state = VariantState::Queued;
  return true;
}

//===----------------------------------------------------------------------===//
// Compiling
//===----------------------------------------------------------------------===//

void Specialiser::makeReady(int32_t index) {
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (slots[index].state != VariantState::Queued)
      return;
    slots[index].state = VariantState::Compiling;
  }
  std::optional<CompiledVariant> variant = compileOnce(idOf(index));
  if (!variant)
    return;
  std::lock_guard<std::mutex> lock(mutex);
  if (slots[index].state == VariantState::Compiling)
    load(index, *variant);
}

/// One compile for all layers that have the kernel.
std::optional<CompiledVariant> Specialiser::compileOnce(VariantId id) {
  std::lock_guard<std::mutex> one(compiling);
  {
    std::lock_guard<std::mutex> lock(mutex);
    auto found = compiled.find(id);
    if (found != compiled.end())
      return found->second;
    if (failed.count(id))
      return std::nullopt;
  }
  Result<CompiledVariant> result = compileTimed(id);
  if (!result.ok()) {
    reportFailure(id, result.status());
    return std::nullopt;
  }
  return std::move(*result);
}

Result<CompiledVariant> Specialiser::compileTimed(VariantId id) {
  CompileEvent event;
  event.variant = id;
  event.startNs = hooks.now();
  Result<CompiledVariant> result =
      hooks.compile
          ? hooks.compile(id.kernel, id.variant)
          : Result<CompiledVariant>(Status::error(
                ErrorCode::Unavailable, "there is no compiler at run time"));
  if (result.ok() && (!result->entry.run || !result->entry.tasks))
    result = Status::error(ErrorCode::Internal, "its code has no entry point");
  event.endNs = hooks.now();
  event.ok = result.ok();
  std::lock_guard<std::mutex> lock(mutex);
  events.push_back(event);
  if (event.ok)
    made.insert(id);
  return result;
}

/// Whoever wants the variant from now on gets the next one that holds.
void Specialiser::reportFailure(VariantId id, const Status &status) {
  std::string name;
  {
    std::lock_guard<std::mutex> lock(mutex);
    failed.insert(id);
    std::shared_ptr<VariantTable> table = edit();
    for (const Site &site : list.sites) {
      if (site.kernel != id.kernel)
        continue;
      int32_t slot = site.firstSlot + id.variant;
      drop(*table, slot, VariantState::Failed);
      slots[slot].message = status.message();
      name = list.names[slot];
    }
    publish(std::move(table));
  }
  if (!hooks.onDiagnostic)
    return;
  Diagnostic diagnostic;
  diagnostic.severity = Severity::Warning;
  diagnostic.text = "variant '" + name + "' of kernel '" + symbols[id.kernel] +
                    "' does not compile, the generic kernel runs instead: " +
                    status.message();
  diagnostic.notes = status.diagnostics();
  hooks.onDiagnostic(diagnostic);
}

size_t Specialiser::compileAhead(const std::vector<VariantId> &variants) {
  size_t ready = 0;
  std::set<VariantId> distinct(variants.begin(), variants.end());
  for (VariantId id : distinct) {
    std::optional<CompiledVariant> variant;
    for (const Site &site : list.sites) {
      if (site.kernel != id.kernel || id.variant < 0 ||
          id.variant >= site.variants)
        continue;
      if (!variant)
        variant = compileOnce(id);
      if (!variant)
        break;
      std::lock_guard<std::mutex> lock(mutex);
      slots[site.firstSlot + id.variant].verdict = std::nullopt;
      load(site.firstSlot + id.variant, *variant);
    }
    ready += variant.has_value();
  }
  return ready;
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

std::shared_ptr<VariantTable> Specialiser::edit() const {
  return std::make_shared<VariantTable>(*current);
}

void Specialiser::publish(std::shared_ptr<VariantTable> table) {
  ++table->version;
  table->scratchBytes = 0;
  std::fill(table->live.begin(), table->live.end(), uint8_t(0));
  for (size_t i = 0; i < table->entries.size(); ++i) {
    const VariantEntry &entry = table->entries[i];
    table->scratchBytes = std::max(table->scratchBytes, entry.scratchBytes);
    if (entry.entry.run)
      table->live[list.siteOfSlot[i]] = 1;
  }
  current = std::move(table);
  latest.store(current->version, std::memory_order_release);
}

void Specialiser::load(int32_t index, const CompiledVariant &variant) {
  std::shared_ptr<VariantTable> table = edit();
  Slot &slot = slots[index];
  bool trial = options.mode == SpecialiseMode::Background &&
               !(slot.verdict && slot.verdict->kept);
  if (options.mode == SpecialiseMode::Background)
    makeRoom(*table, siteOf(index));
  VariantEntry &entry = table->entries[index];
  entry.role = trial ? VariantRole::Trying : VariantRole::Kept;
  entry.entry = variant.entry;
  entry.code = variant.code;
  entry.scratchBytes = variant.scratchBytes;
  entry.trial = trial ? ++trials : 0;
  slot.state = trial ? VariantState::Trying : VariantState::Kept;
  slot.trial.reset();
  if (trial)
    slot.trial.emplace(options.samples, options.leastGain);
  slot.trialNumber = entry.trial;
  slot.lastUse = calls;
  slot.about = variant;
  slot.about.code.reset();
  compiled[idOf(index)] = variant;
  publish(std::move(table));
}

int32_t Specialiser::loadedVariants(const VariantTable &table,
                                    const Site &site) const {
  int32_t loaded = 0;
  for (int32_t v = 0; v < site.variants; ++v)
    loaded += table.entries[site.firstSlot + v].entry.run != nullptr;
  return loaded;
}

void Specialiser::makeRoom(VariantTable &table, const Site &site) {
  while (loadedVariants(table, site) >=
         std::max(1, options.maxVariantsPerSite)) {
    int32_t oldest = -1;
    for (int32_t v = 0; v < site.variants; ++v) {
      int32_t slot = site.firstSlot + v;
      if (table.entries[slot].entry.run &&
          (oldest < 0 || slots[slot].lastUse < slots[oldest].lastUse))
        oldest = slot;
    }
    ++slots[oldest].evictions;
    drop(table, oldest, VariantState::Evicted);
  }
}

/// Takes a variant out of the table; snapshots keep its code.
void Specialiser::drop(VariantTable &table, int32_t index, VariantState why) {
  Slot &slot = slots[index];
  slot.state = why;
  slot.since = 0;
  spentNs(idOf(index)) -= slot.spentNs;
  slot.spentNs = 0;
  slot.trial.reset();
  slot.trialNumber = 0;
  table.entries[index] = {};
  if (why == VariantState::Dropped || why == VariantState::Failed)
    table.entries[index].role = VariantRole::Out;
  forget(idOf(index), table);
}

/// Lets go of code that no layer uses any more.
void Specialiser::forget(VariantId id, const VariantTable &table) {
  for (const Site &site : list.sites)
    if (site.kernel == id.kernel &&
        table.entries[site.firstSlot + id.variant].entry.run)
      return;
  compiled.erase(id);
}

void Specialiser::install(int32_t index, VariantRole role,
                          const CompiledVariant &variant) {
  std::lock_guard<std::mutex> lock(mutex);
  std::shared_ptr<VariantTable> table = edit();
  Slot &slot = slots[index];
  slot.trial.reset();
  VariantEntry &entry = table->entries[index];
  entry = {role, variant.entry, 0, variant.scratchBytes, variant.code};
  slot.state = VariantState::Evicted;
  if (role == VariantRole::Out)
    slot.state = VariantState::Dropped;
  if (role == VariantRole::Kept)
    slot.state = VariantState::Kept;
  if (role == VariantRole::Trying) {
    slot.state = VariantState::Trying;
    slot.trial.emplace(options.samples, options.leastGain);
    entry.trial = ++trials;
  }
  slot.trialNumber = entry.trial;
  publish(std::move(table));
}

//===----------------------------------------------------------------------===//
// Trials and verdicts
//===----------------------------------------------------------------------===//

bool Specialiser::takesCandidate(int32_t index, uint32_t trial, int64_t work) {
  std::lock_guard<std::mutex> lock(mutex);
  Slot &slot = slots[index];
  return slot.trial && slot.trialNumber == trial &&
         slot.trial->takesCandidate(work);
}

void Specialiser::sample(int32_t index, uint32_t trial, bool candidate,
                         int64_t ns, int64_t work) {
  std::lock_guard<std::mutex> lock(mutex);
  Slot &slot = slots[index];
  if (!slot.trial || slot.trialNumber != trial)
    return;
  slot.trial->add(candidate, ns, work);
  if (slot.trial->outcome() != Outcome::Open)
    settle(index, slot);
}

void Specialiser::settle(int32_t index, Slot &slot) {
  Outcome outcome = slot.trial->outcome();
  slot.verdict = {outcome == Outcome::Better, slot.trial->figures()};
  slot.unclear = outcome == Outcome::Unclear;
  std::shared_ptr<VariantTable> table = edit();
  if (slot.verdict->kept) {
    slot.state = VariantState::Kept;
    slot.trial.reset();
    slot.trialNumber = 0;
    table->entries[index].role = VariantRole::Kept;
    table->entries[index].trial = 0;
  } else {
    drop(*table, index, VariantState::Dropped);
  }
  publish(std::move(table));
  // Another process may have a quieter machine.
  if (slot.unclear || !hooks.storeVerdict)
    return;
  unsaved.push_back(index);
  thread.post([this] { storeVerdicts(); });
}

void Specialiser::storeVerdicts() {
  while (true) {
    std::unique_lock<std::mutex> lock(mutex);
    if (unsaved.empty())
      return;
    int32_t index = unsaved.back();
    unsaved.pop_back();
    Verdict verdict = *slots[index].verdict;
    lock.unlock();
    VariantId id = idOf(index);
    hooks.storeVerdict(id.kernel, id.variant, siteOf(index).layer, verdict);
  }
}

/// The first job of all, so what it drops has not been compiled.
void Specialiser::loadVerdicts() {
  for (const Site &site : list.sites) {
    int32_t kept = 0;
    for (int32_t v = 0; v < site.variants; ++v) {
      std::optional<Verdict> verdict =
          hooks.loadVerdict(site.kernel, v, site.layer);
      if (!verdict)
        continue;
      int32_t slot = site.firstSlot + v;
      std::lock_guard<std::mutex> lock(mutex);
      slots[slot].verdict = verdict;
      if (!verdict->kept) {
        std::shared_ptr<VariantTable> table = edit();
        drop(*table, slot, VariantState::Dropped);
        publish(std::move(table));
      } else if (kept++ < options.maxVariantsPerSite) {
        enqueue(slot);
      }
    }
  }
}

} // namespace seqc::rt
