//===- ScheduleModel.cpp - tile sizes from shapes and the target ----------===//

#include "passes/Analysis/ScheduleModel.h"

#include "passes/Analysis/Assumptions.h"
#include "passes/Analysis/KernelForm.h"
#include "passes/Analysis/KernelGroups.h"
#include "passes/Analysis/RowAccess.h"
#include "passes/Analysis/ScanPhases.h"

#include "dialect/SeqcOps.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace seqc::ir;
using namespace seqc::passes;

TargetAttr seqc::passes::targetOf(Operation *op) {
  for (Operation *at = op; at; at = at->getParentOp())
    if (auto target = at->getAttrOfType<TargetAttr>(names::kTarget))
      return target;
  return TargetAttr::get(op->getContext(), "avx512", /*vectorBits=*/512,
                         /*vectorRegisters=*/32, /*fma=*/true,
                         /*l1Bytes=*/32 << 10,
                         /*l2Bytes=*/1 << 20);
}

RegisterTile seqc::passes::registerTile(int64_t vectors, TargetAttr target) {
  // Besides the accumulators: one row of weights and two operands in flight;
  // without fused multiply-adds the product as well.
  int64_t others = target.getFma() ? 2 : 3;
  int64_t accumulators = target.getVectorRegisters() - vectors - others;
  RegisterTile tile;
  tile.vectors = vectors;
  tile.rows = std::max<int64_t>(1, accumulators / vectors);
  // Even row counts split into the smaller tiles of a row tail.
  if (tile.rows > 1)
    tile.rows &= ~int64_t(1);
  tile.rows = std::min<int64_t>(tile.rows, 12);
  return tile;
}

/// Share of the peak that a register tile loses to loads: a step does MR*NV
/// multiply-adds for NV loads and MR broadcasts.
static double tileLoss(RegisterTile tile) {
  double loads = double(tile.rows + tile.vectors);
  return 0.3 * loads / double(tile.rows * tile.vectors);
}

/// A tile of few accumulators waits for its loads more often.
static double waitLoss(RegisterTile tile) {
  return tileLoss(tile) + 0.5 / double(tile.rows * tile.vectors);
}

static double narrowLoss(int64_t vectors, TargetAttr target) {
  // Wide tiles have few rows, so that short row tails cost more.
  double tails = vectors > 4 ? 0.05 : 0;
  return tileLoss(registerTile(vectors, target)) + tails;
}

/// Widest register tile worth its few rows.
static constexpr int64_t kMaxPanelVectors = 6;

/// A last panel of fewer vectors has register tiles, and so code, of its own.
static constexpr double kRestLoss = 0.06;

int64_t seqc::passes::choosePanel(int64_t columns, TargetAttr target) {
  int64_t lanes = target.lanes(), best = 1;
  int64_t total = std::max<int64_t>(1, llvm::divideCeil(columns, lanes));
  double bestLoss = 0;
  for (int64_t vectors = kMaxPanelVectors; vectors >= 1; --vectors) {
    int64_t rest = total % vectors;
    double loss = double(total - rest) * narrowLoss(vectors, target);
    if (rest)
      loss += double(rest) * narrowLoss(rest, target);
    loss = loss / double(total) + (rest ? kRestLoss : 0);
    if (vectors == kMaxPanelVectors || loss < bestLoss) {
      best = vectors;
      bestLoss = loss;
    }
  }
  return best * lanes;
}

//===----------------------------------------------------------------------===//
// Schedules
//===----------------------------------------------------------------------===//

/// Rows of a kernel that makes single values per row out of some.
static constexpr int64_t kScalarRows = 1024, kScalarBytes = 64;
static constexpr int64_t kMinTileRows = 8;
/// Rows of a tile whose weights come from memory or the last cache.
static constexpr int64_t kHeavyTileRows = 128;
static constexpr int64_t kKeyTile = 64;
/// A window from which on wider tiles gain nothing.
static constexpr int64_t kLongWindow = 4096;
static constexpr int64_t kWideQueryTile = 128;
/// The same where each tile reads heavy weights of a product.
static constexpr int64_t kWideProductTile = 192;
/// Part of the second-level cache that weights of all keys may take.
static constexpr int64_t kWholePart = 16;
/// Vectors of queries whose scores are computed side by side.
static constexpr int64_t kMaxBlockVectors = 3;
static constexpr int64_t kUnroll = 4;
/// Attention holds the most tiles, and none gains by more than two steps.
static constexpr int64_t kQueriesUnroll = 2;

std::optional<int64_t> seqc::passes::panelVectors(Operation *op,
                                                  TargetAttr target) {
  auto generic = dyn_cast<linalg::LinalgOp>(op);
  if (!generic || generic.getNumReductionLoops() != 1 ||
      generic.getNumDpsInputs() != 2 || generic.getNumLoops() != 4)
    return std::nullopt;
  auto weight = cast<ShapedType>(generic.getDpsInputs()[1].getType());
  if (weight.getRank() != 3 || weight.isDynamicDim(2) ||
      weight.getDimSize(2) % target.lanes())
    return std::nullopt;
  return std::min(weight.getDimSize(2) / target.lanes(), kMaxPanelVectors);
}

/// Multiply-adds per row.
static int64_t workOf(linalg::LinalgOp op) {
  auto weight = cast<ShapedType>(op.getDpsInputs()[1].getType());
  return weight.hasStaticShape() ? weight.getNumElements() : 0;
}

/// Unrolling that keeps the body of a register tile under kMaxUnrolledOps.
static int64_t unrollOf(KernelForm form, RegisterTile tile) {
  int64_t unroll = form == KernelForm::Queries ? kQueriesUnroll : kUnroll;
  while (unroll > 1 && tile.rows * tile.vectors * unroll > kMaxUnrolledOps)
    unroll /= 2;
  return unroll;
}

static ScheduleAttr make(MLIRContext *context, KernelForm form, int64_t rows,
                         RegisterTile tile, int64_t keys = 0,
                         int64_t block = 0) {
  return ScheduleAttr::get(context, toString(form), rows, tile.rows,
                           tile.vectors, keys, unrollOf(form, tile), block);
}

/// Bytes per row of the values that live in a tile's scratch.
static int64_t scratchPerRow(func::FuncOp kernel) {
  int64_t bytes = 0;
  for (Operation &op : kernel.getBody().front()) {
    if (isa<linalg::FillOp>(op) || isFreshInit(&op) || isRowView(&op) ||
        !rowAccess(&op))
      continue;
    for (Value result : op.getResults()) {
      bool leaves = llvm::any_of(result.getUsers(), [](Operation *user) {
        return isa<func::ReturnOp>(user);
      });
      auto type = cast<RankedTensorType>(result.getType());
      int64_t elements = 1, row = rowDimension(result);
      for (int64_t d = 0; d < type.getRank(); ++d)
        if (d != row && !type.isDynamicDim(d))
          elements *= type.getDimSize(d);
      if (!leaves)
        bytes += elements * type.getElementTypeBitWidth() / 8;
    }
  }
  return bytes;
}

static int64_t weightBytes(func::FuncOp kernel, TargetAttr target) {
  int64_t bytes = 0;
  kernel.walk([&](linalg::LinalgOp op) {
    if (panelVectors(op, target))
      bytes += workOf(op) * 4;
  });
  return bytes;
}

/// All that the kernel reads of a row is a few values.
static bool hasScalarRows(func::FuncOp kernel) {
  return llvm::all_of(kernel.getArgumentTypes(), [](Type argument) {
    auto type = cast<RankedTensorType>(argument);
    if (type.getRank() < 2)
      return true;
    int64_t bytes = 4;
    for (int64_t extent : type.getShape())
      bytes *= ShapedType::isDynamic(extent) ? 1 : extent;
    return bytes <= kScalarBytes;
  });
}

static ScheduleAttr scheduleRows(func::FuncOp kernel, TargetAttr target) {
  bool scalars = hasScalarRows(kernel) &&
                 llvm::all_of(kernel.getResultTypes(), [](Type type) {
                   return cast<RankedTensorType>(type).getRank() == 1;
                 });
  int64_t bytes = scratchPerRow(kernel);
  int64_t rows = scalars && bytes <= 16 ? kScalarRows : kTileRows;
  int64_t budget = scratchBudget(target);
  // Weights that do not stay in the cache are read once for each tile: better
  // that a tile's own values go through the next cache.
  if (weightBytes(kernel, target) > target.getL2Bytes()) {
    rows = kHeavyTileRows;
    budget = 4 * target.getL2Bytes();
  }
  while (rows > kMinTileRows && rows * bytes > budget)
    rows /= 2;
  // The widest work decides for the kernel; others carry tiles of their own.
  int64_t vectors = 3, most = -1;
  kernel.walk([&](linalg::LinalgOp op) {
    std::optional<int64_t> panel = panelVectors(op, target);
    if (!panel || workOf(op) <= most)
      return;
    vectors = *panel;
    most = workOf(op);
  });
  return make(kernel.getContext(), KernelForm::Rows, rows,
              registerTile(vectors, target));
}

/// Its instructions have no operands in memory.
static constexpr llvm::StringLiteral kLoadStoreIsa = "neon";

/// Registers of a row besides states and their parameters: partial sums, what a
/// product or an exponential needs, the constants of one.
static int64_t scanTemporaries(const ScanPhases &phases, TargetAttr target) {
  // Without fused multiply-adds, instructions overwrite an operand as well.
  if (!phases.callsMath)
    return target.getFma() ? 4 : 9;
  if (target.getIsa() == kLoadStoreIsa)
    return 22;
  return target.getFma() ? 8 : 12;
}

/// Rows that all channels of a task pass before the next ones: their parts of
/// neighbouring pages and what waits for the next group of states stay near.
static constexpr int64_t kBlockRows = 8, kWideBlockRows = 16;
static constexpr int64_t kNarrowLanes = 4;
/// Most states in one of several groups.
static constexpr int64_t kMostGrouped = 16;
/// Fewer vectors of states do not fill the multiply-add pipes.
static constexpr int64_t kBlockedChains = 8;
/// Channels of a task: pieces of 256 bytes at least, which the machine fetches
/// ahead by itself, and of 1 KB at most.
static constexpr int64_t kLeastTaskChannels = 64, kTaskChannels = 256;

/// States of a channel that registers hold side by side. Parameters are
/// operands in memory where instructions have such.
static int64_t statesInRegisters(const ScanPhases &phases, TargetAttr target) {
  int64_t each = phases.stateVectors;
  // Parts of a state that read one another are all kept until the last one is
  // made. Without fused multiply-adds the temporaries count for that.
  if (target.getFma())
    each += phases.stateVectors - 1;
  if (target.getIsa() == kLoadStoreIsa)
    each += phases.paramVectors;
  int64_t free = target.getVectorRegisters() - int64_t(phases.kept.size()) -
                 scanTemporaries(phases, target);
  int64_t most = std::max<int64_t>(1, free / each);
  // In groups anyway: wider ones gain nothing, but their exponentials, of which
  // more are on their way, spill.
  if (most < phases.states)
    most = std::min(most, kMostGrouped);
  return llvm::divideCeil(phases.states, llvm::divideCeil(phases.states, most));
}

/// A task has a block of channels. Narrow ones give more tasks, wide ones read
/// longer pieces of a row; four tasks are asked for before a block is widened.
static ScheduleAttr scheduleChannels(func::FuncOp kernel, TargetAttr target) {
  int64_t channels = 0, rows = 0, states = 0, lanes = target.lanes();
  kernel.walk([&](ScanOp scan) {
    channels = scan.getNumChannels();
    std::optional<ScanPhases> phases = findPhases(scan);
    if (!phases || phases->states * phases->stateVectors < kBlockedChains)
      return;
    rows = kBlockRows;
    states = statesInRegisters(*phases, target);
    if (states == phases->states)
      states = 0;
  });
  int64_t least = rows ? std::min(channels, kLeastTaskChannels) / lanes : 1;
  int64_t most = rows ? kTaskChannels / lanes : 4;
  int64_t vectors = std::clamp<int64_t>(channels / (4 * lanes),
                                        std::max<int64_t>(1, least), most);
  // Wide rows are many pages: each is used a little longer. A group of states
  // in narrow vectors is little work for a row.
  if (rows &&
      (vectors * lanes >= kTaskChannels || (states && lanes <= kNarrowLanes)))
    rows = kWideBlockRows;
  return make(kernel.getContext(), KernelForm::Channels, rows, {1, vectors},
              /*keys=*/0, states);
}

/// Keys that a query sees; no bound counts as a long sequence.
static int64_t windowOf(AttendOp attend) {
  int64_t left = attend.getLeft(), right = attend.getRight();
  int64_t longest =
      Assumptions(attend).longest(attend.getOffsets()).value_or(kLongWindow);
  if (attend.hasPast())
    longest = kLongWindow;
  if (left < 0 || right < 0)
    return std::min(longest, kLongWindow);
  return std::min({left + right + 1, longest, kLongWindow});
}

/// Whether a query sees its whole sequence, which may be short.
static bool seesSequence(AttendOp attend) {
  return int64_t(attend.getLeft()) < 0 && int64_t(attend.getRight()) < 0;
}

/// Keys that a tile of queries sees are visited at once while their weights
/// keep to a small part of the second-level cache: nothing has to be rescaled,
/// and sums are loaded and stored once.
static bool fitsWhole(int64_t window, int64_t queries, TargetAttr target) {
  return (window + queries) * queries * 4 <= target.getL2Bytes() / kWholePart;
}

static int64_t keyTile(AttendOp attend, int64_t queries, TargetAttr target) {
  if (seesSequence(attend))
    return 2 * kKeyTile;
  int64_t seen = llvm::alignTo(windowOf(attend) + queries, 8);
  if (seen <= 2 * kKeyTile || fitsWhole(windowOf(attend), queries, target))
    return seen;
  // Divided evenly.
  return llvm::alignTo(llvm::divideCeil(seen, llvm::divideCeil(seen, kKeyTile)),
                       8);
}

/// Vectors of a block of queries whose scores take the fewest loads.
static int64_t widestBlock(TargetAttr target) {
  int64_t best = 1;
  for (int64_t vectors = 2; vectors <= kMaxBlockVectors; ++vectors)
    if (tileLoss(registerTile(vectors, target)) <
        tileLoss(registerTile(best, target)))
      best = vectors;
  return best;
}

/// The register tile of weights and values: as many rows as divide a block,
/// whose keys they share, and as many vectors as lose least, those of the
/// last columns included.
static RegisterTile valueTile(int64_t columns, int64_t block,
                              TargetAttr target) {
  RegisterTile best;
  double bestLoss = 0;
  for (int64_t vectors = 1; vectors <= std::min<int64_t>(columns, 4);
       ++vectors) {
    RegisterTile tile = registerTile(vectors, target);
    while (block % tile.rows)
      --tile.rows;
    int64_t rest = columns % vectors;
    double loss = double(columns - rest) * waitLoss(tile);
    if (rest)
      loss += double(rest) * waitLoss({tile.rows, rest});
    if (vectors == 1 || loss < bestLoss) {
      best = tile;
      bestLoss = loss;
    }
  }
  return best;
}

/// Vectors of queries whose scores are computed at once: more of them need
/// fewer loads, but the block sees keys that some of its queries do not, and
/// the last one of a short sequence is padded.
static int64_t blockVectors(AttendOp attend, TargetAttr target) {
  int64_t widest = widestBlock(target);
  if (seesSequence(attend))
    return std::min<int64_t>(widest, 2);
  return std::clamp<int64_t>(windowOf(attend) / (2 * target.lanes()), 1,
                             widest);
}

/// Cache that the results of a tile may take: that of the first level where
/// keys are as many as the queries of a sequence, which may be short, so that
/// sharing them saves less than results cost that go further away.
static int64_t resultBytes(AttendOp attend, TargetAttr target) {
  return seesSequence(attend) ? target.getL1Bytes() : target.getL2Bytes() / 2;
}

/// Queries of a tile share what is loaded of keys and values, and the weights
/// of a product that follows, so a tile is as wide as the window allows, while
/// its results keep to a part of the caches. Where all keys are visited at
/// once, it is a block.
static ScheduleAttr scheduleQueries(func::FuncOp kernel, TargetAttr target) {
  int64_t width = 0;
  AttendOp attend;
  kernel.walk([&](AttendOp op) {
    auto type = cast<ShapedType>(op.getValue().getType());
    int64_t last = type.getDimSize(type.getRank() - 1);
    width = ShapedType::isDynamic(last) ? 0 : last;
    attend = op;
  });
  int64_t lanes = target.lanes(), window = windowOf(attend);
  int64_t columns = std::max<int64_t>(1, llvm::divideCeil(width, lanes));
  int64_t block = lanes * blockVectors(attend, target);
  RegisterTile tile = valueTile(columns, block, target);
  // Weights that stay in the second-level cache cost little for each tile.
  bool isHeavy = weightBytes(kernel, target) > target.getL2Bytes() / 4;
  int64_t widest = isHeavy ? kWideProductTile : kWideQueryTile;
  int64_t queries = block;
  if (isHeavy || !fitsWhole(window, queries, target))
    while (2 * queries <= std::min(window, widest) &&
           2 * queries * width * 4 <= resultBytes(attend, target))
      queries *= 2;
  return make(kernel.getContext(), KernelForm::Queries, queries, tile,
              keyTile(attend, queries, target), block);
}

ScheduleAttr seqc::passes::scoreSchedule(ScheduleAttr kernel, int64_t block,
                                         TargetAttr target) {
  int64_t vectors = llvm::divideCeil(block, target.lanes());
  int64_t tiles = llvm::divideCeil(vectors, widestBlock(target));
  RegisterTile tile = registerTile(llvm::divideCeil(vectors, tiles), target);
  return make(kernel.getContext(), KernelForm::Queries, kernel.getRows(), tile,
              kernel.getKeys(), block);
}

ScheduleAttr seqc::passes::chooseSchedule(func::FuncOp kernel,
                                          TargetAttr target) {
  switch (kernelForm(kernel)) {
  case KernelForm::Rows:
    return scheduleRows(kernel, target);
  case KernelForm::Channels:
    return scheduleChannels(kernel, target);
  case KernelForm::Queries:
    return scheduleQueries(kernel, target);
  case KernelForm::Serial:
    return make(kernel.getContext(), KernelForm::Serial, 0, {1, 1});
  }
  llvm_unreachable("all forms are listed");
}

ScheduleAttr seqc::passes::contractionSchedule(linalg::LinalgOp op,
                                               ScheduleAttr kernel,
                                               TargetAttr target) {
  std::optional<int64_t> vectors = panelVectors(op, target);
  if (!vectors || *vectors == kernel.getRegisterVectors())
    return kernel;
  RegisterTile tile = registerTile(*vectors, target);
  return make(op.getContext(), KernelForm::Rows, kernel.getRows(), tile);
}
