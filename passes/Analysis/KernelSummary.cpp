//===- KernelSummary.cpp - what a kernel does, for names and reports ------===//

#include "passes/Analysis/KernelSummary.h"

#include "passes/Analysis/KernelGroups.h"

#include "dialect/SeqcOps.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace seqc::ir;
using namespace seqc::passes;

namespace {
/// One main op of a kernel.
struct Part {
  std::string name; ///< in a symbol
  std::string text; ///< in a summary
};
} // namespace

static std::string dim(Value value, int64_t d) {
  auto type = cast<ShapedType>(value.getType());
  return type.isDynamicDim(d) ? "?" : std::to_string(type.getDimSize(d));
}

static int64_t lastExtent(Value value) {
  auto type = cast<ShapedType>(value.getType());
  return type.getRank() == 0 ? 1 : type.getDimSize(type.getRank() - 1);
}

/// A contraction over packed weights ([m, k] x [n0, k, n1]) or any other.
static Part contractionPart(linalg::LinalgOp op) {
  auto weight = cast<ShapedType>(op.getDpsInputs()[1].getType());
  auto out = cast<ShapedType>(op.getDpsInits()[0].getType());
  int64_t columns = 1;
  for (int64_t d = 1; d < out.getRank(); ++d)
    columns *= out.isDynamicDim(d) ? 1 : out.getDimSize(d);
  std::string k = weight.getRank() == 3 ? dim(op.getDpsInputs()[1], 1) : "?";
  std::string n = std::to_string(columns);
  return {"matmul_" + n, "matmul " + k + "x" + n};
}

static Part scanPart(ScanOp op) {
  int64_t states = 1;
  for (Value state : op.getStates())
    if (auto type = cast<ShapedType>(state.getType()); type.getRank() == 3)
      states = std::max(states, type.getDimSize(2));
  std::string d = std::to_string(op.getNumChannels()),
              n = std::to_string(states);
  bool reverse = op.getDirection() == Direction::Reverse;
  return {(reverse ? "reverse_scan_" : "scan_") + d + "x" + n,
          std::string(reverse ? "reverse scan" : "scan") + " d=" + d +
              " n=" + n};
}

static std::optional<Part> partOf(Operation *op) {
  return llvm::TypeSwitch<Operation *, std::optional<Part>>(op)
      .Case([](ScanOp o) { return scanPart(o); })
      .Case([](AttendOp o) {
        std::string score = stringifyScoreKind(o.getScore()).str();
        int64_t z = lastExtent(o.getQuery()), h = lastExtent(o.getValue());
        return Part{"attend_" + score + "_" + std::to_string(h),
                    score + " attention z=" + std::to_string(z) +
                        " h=" + std::to_string(h)};
      })
      .Case([](NormOp o) {
        std::string kind = stringifyNormKind(o.getKind()).str();
        return Part{"norm",
                    kind + " norm " + std::to_string(lastExtent(o.getOut()))};
      })
      .Case([](GatherRowsOp) { return Part{"gather", "gather"}; })
      .Case([](ScatterRowsOp o) {
        std::string mode = stringifyScatterMode(o.getMode()).str();
        return Part{"scatter", "scatter " + mode};
      })
      .Case([](RouteOp) { return Part{"route", "route"}; })
      .Case([](CompressOp) { return Part{"compress", "compress"}; })
      .Case([](RingPushOp) { return Part{"ring_push", "ring push"}; })
      .Case([](PoolOp) { return Part{"pool", "pool"}; })
      .Case([](linalg::FillOp) { return std::nullopt; })
      .Case([](linalg::CopyOp) { return std::nullopt; })
      .Case([](linalg::LinalgOp o) -> std::optional<Part> {
        if (isContraction(o))
          return contractionPart(o);
        if (o.getNumReductionLoops() > 0)
          return Part{"reduce", "reduce"};
        return Part{"", "map"};
      })
      .Default([](Operation *) { return std::nullopt; });
}

std::string seqc::passes::kernelName(Block &body) {
  std::string name = toString(formOf(body)).str(), last;
  bool any = false;
  int64_t width = 1;
  for (Operation &op : body) {
    std::optional<Part> part = partOf(&op);
    if (!part)
      continue;
    width = lastExtent(op.getResult(0));
    if (part->name.empty() || part->name == last)
      continue;
    name += "_" + part->name;
    last = part->name;
    any = true;
  }
  if (!any)
    name += "_map" +
            (ShapedType::isDynamic(width) ? "" : "_" + std::to_string(width));
  return name;
}

static void bakedFacts(Operation *op, std::vector<std::string> &baked) {
  auto say = [&](const char *key, const llvm::Twine &value) {
    std::string fact = (key + llvm::Twine("=") + value).str();
    if (!llvm::is_contained(baked, fact))
      baked.push_back(fact);
  };
  if (auto attend = dyn_cast<AttendOp>(op)) {
    auto side = [](int64_t n) {
      return n < 0 ? std::string("all") : std::to_string(n);
    };
    say("left", side(attend.getLeft()));
    say("right", side(attend.getRight()));
    if (attend.hasHeads())
      say("heads", dim(attend.getQuery(), 0));
    if (attend.hasPast())
      say("past", dim(attend.getPastKey(), 1));
    if (attend.getByPosition())
      say("window", "positions");
    if (attend.hasRotary())
      say("rotary", dim(attend.getCosines(), 0));
  }
  if (auto scan = dyn_cast<ScanOp>(op))
    for (int64_t delay : scan.getDelays())
      if (delay > 0)
        say("delay", llvm::Twine(delay));
  if (auto ring = dyn_cast<RingPushOp>(op))
    say("window", dim(ring.getRing(), 1));
}

KernelSummary seqc::passes::summarise(Block &body) {
  KernelSummary summary;
  SmallVector<std::string> parts;
  for (Operation &op : body) {
    bakedFacts(&op, summary.baked);
    std::optional<Part> part = partOf(&op);
    if (part && (parts.empty() || parts.back() != part->text))
      parts.push_back(part->text);
  }
  summary.text = toString(formOf(body)).str() + ": " + llvm::join(parts, " + ");
  bool dynamicRows = false, offsets = false;
  for (BlockArgument arg : body.getArguments()) {
    auto type = cast<ShapedType>(arg.getType());
    dynamicRows |= !type.hasStaticShape();
  }
  for (Operation &op : body)
    offsets |= isa<ScanOp, AttendOp, CompressOp, RingPushOp, PoolOp>(op);
  if (dynamicRows)
    summary.free.push_back("rows");
  if (offsets)
    summary.free.push_back("sequences");
  return summary;
}
