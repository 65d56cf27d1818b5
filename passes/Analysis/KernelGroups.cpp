//===- KernelGroups.cpp - which ops of a model share a kernel -------------===//

#include "passes/Analysis/KernelGroups.h"

#include "passes/Analysis/RowAccess.h"
#include "passes/Analysis/ScheduleModel.h"
#include "passes/Analysis/WeightOnly.h"

#include "dialect/SeqcOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace seqc::ir;
using namespace seqc::passes;

static constexpr llvm::StringLiteral kCategory = "seqc-fuse-kernels";

StringRef seqc::passes::toString(KernelForm form) {
  switch (form) {
  case KernelForm::Rows:
    return "rows";
  case KernelForm::Channels:
    return "channels";
  case KernelForm::Queries:
    return "queries";
  case KernelForm::Serial:
    return "serial";
  }
  llvm_unreachable("all forms are listed");
}

static std::optional<KernelForm> anchorForm(Operation *op) {
  if (isa<ScanOp>(op))
    return KernelForm::Channels;
  if (isa<AttendOp>(op))
    return KernelForm::Queries;
  if (isa<CompressOp, RingPushOp, PoolOp>(op))
    return KernelForm::Serial;
  return std::nullopt;
}

KernelForm seqc::passes::formOf(Block &body) {
  for (Operation &op : body)
    if (std::optional<KernelForm> form = anchorForm(&op))
      return *form;
  return KernelForm::Rows;
}

bool seqc::passes::isFreshInit(Operation *op) {
  if (op->hasTrait<OpTrait::ConstantLike>() || isa<tensor::EmptyOp>(op))
    return true;
  auto fill = dyn_cast<linalg::FillOp>(op);
  return fill && fill.getOutputs()[0].getDefiningOp<tensor::EmptyOp>() &&
         matchPattern(fill.getInputs()[0], m_Constant());
}

bool seqc::passes::isContraction(Operation *op) {
  auto generic = dyn_cast<linalg::LinalgOp>(op);
  if (!generic || generic.getNumReductionLoops() != 1 ||
      generic.getNumDpsInputs() != 2)
    return false;
  return llvm::all_of(generic.getDpsInputs(), [](Value input) {
    return cast<ShapedType>(input.getType()).getRank() > 1;
  });
}

namespace {
/// What an op is before grouping.
enum class Kind { Init, Outside, View, Rows, Channels, Queries, Serial };

struct Node {
  Operation *op = nullptr;
  Kind kind = Kind::Outside;
  std::optional<RowAccess> access;
  SmallVector<unsigned> preds; ///< ops that must run before
  SmallVector<unsigned> hard;  ///< of these, ones that may not share the kernel
  bool weightOnly = false;
  int64_t scratch = 0; ///< bytes per row of the results
  unsigned leader = 0;
};

class Grouper {
public:
  explicit Grouper(func::FuncOp function) : block(function.getBody().front()) {
    budget = scratchBudget(targetOf(function)) / (kTileRows / 2);
  }

  LogicalResult classify(func::FuncOp function);
  void mergeAlongEdges();
  void mergeSiblings();
  std::vector<KernelGroup> order();

private:
  void mergeAll(ArrayRef<unsigned> users);
  void connect(unsigned i);
  void connectInPlace(unsigned i);
  void placeView(unsigned i);
  void join(unsigned i, Kind wanted);
  void joinScan(unsigned i);
  void tryUnite(unsigned producer, unsigned i);
  StringRef refusal(unsigned a, unsigned b);
  bool reaches(unsigned from, unsigned a, unsigned b);
  void unite(unsigned a, unsigned b, Operation *at);
  bool isSoft(OpOperand &use, unsigned producer, const Node &user);
  bool isRowsGroup(unsigned leader) const;
  AttendOp attendOf(unsigned leader) const;
  bool followsQueries(unsigned i, unsigned group) const;
  std::optional<unsigned> nodeOf(Value value) const;
  int64_t groupScratch(unsigned leader);

  Block &block;
  int64_t budget = 0; ///< bytes per row
  std::vector<Node> nodes;
  DenseMap<Operation *, unsigned> index;
  std::vector<SmallVector<unsigned>> members; ///< by leader
};
} // namespace

static FailureOr<Kind> kindOf(Operation *op) {
  if (isFreshInit(op))
    return Kind::Init;
  if (isa<tensor::DimOp, CountOp, linalg::PackOp>(op))
    return Kind::Outside;
  if (std::optional<KernelForm> form = anchorForm(op))
    return *form == KernelForm::Channels  ? Kind::Channels
           : *form == KernelForm::Queries ? Kind::Queries
                                          : Kind::Serial;
  if (isRowView(op))
    return Kind::View;
  if (isMemoryView(op))
    return Kind::Outside;
  if (rowAccess(op))
    return Kind::Rows;
  bool onIndices =
      llvm::all_of(op->getResultTypes(), [](Type t) { return t.isIndex(); });
  if (onIndices && isPure(op))
    return Kind::Outside;
  return op->emitOpError(
      "belongs to no kernel form: expected a scan, an attention, a "
      "serial op or an op that treats rows one by one; rewrite it "
      "with linalg.generic over rows");
}

/// Bytes that one row of the results takes in a tile. An elementwise op over a
/// value that nothing else reads works in place.
static int64_t rowBytes(Operation *op, const RowAccess &access) {
  int64_t bytes = 0;
  for (auto [i, result] : llvm::enumerate(op->getResults())) {
    auto type = cast<RankedTensorType>(result.getType());
    int64_t elements = 1;
    for (int64_t d = 0; d < type.getRank(); ++d)
      if (d != access.results[i] && !type.isDynamicDim(d))
        elements *= type.getDimSize(d);
    bytes += elements * 4;
  }
  auto generic = dyn_cast<linalg::LinalgOp>(op);
  if (generic && op->getNumResults() == 1 && linalg::isElementwise(generic))
    for (Value input : generic.getDpsInputs())
      if (input.getType() == op->getResult(0).getType() && input.hasOneUse() &&
          input.getDefiningOp())
        return 0;
  return bytes;
}

std::optional<unsigned> Grouper::nodeOf(Value value) const {
  Operation *op = value.getDefiningOp();
  auto at = index.find(op);
  if (!op || at == index.end() || nodes[at->second].kind == Kind::Init)
    return std::nullopt;
  return at->second;
}

bool Grouper::isRowsGroup(unsigned leader) const {
  bool rows = false;
  for (unsigned i : members[leader]) {
    rows |= nodes[i].kind == Kind::Rows;
    if (nodes[i].kind == Kind::Queries)
      return false;
  }
  return rows;
}

/// The attention that a group is built around, if any.
AttendOp Grouper::attendOf(unsigned leader) const {
  for (unsigned i : members[leader])
    if (auto attend = dyn_cast<AttendOp>(nodes[i].op))
      return attend;
  return {};
}

/// A scan reads what another scan puts out, channel by channel: a task that has
/// all rows of some channels can go on with them.
static bool followsChannels(OpOperand &use) {
  auto made = use.get().getDefiningOp<ScanOp>();
  auto scan = dyn_cast<ScanOp>(use.getOwner());
  unsigned input = use.getOperandNumber();
  return made && scan && input < scan.getNumInputs() &&
         scan.getMap(input).isFunctionOfDim(1) &&
         cast<OpResult>(use.get()).getResultNumber() < made.getOuts().size() &&
         made.getOffsets() == scan.getOffsets();
}

/// The user's row i needs row i of the producer and nothing else of it; of
/// scans, the same for channels.
bool Grouper::isSoft(OpOperand &use, unsigned producer, const Node &user) {
  if (followsChannels(use))
    return true;
  const std::optional<RowAccess> &made = nodes[producer].access;
  if (!user.access || !made)
    return false;
  int read = user.access->operands[use.getOperandNumber()];
  int written = made->results[cast<OpResult>(use.get()).getResultNumber()];
  return read != RowAccess::kWhole && read == written &&
         made->extent == user.access->extent;
}

void Grouper::connect(unsigned i) {
  Node &node = nodes[i];
  for (OpOperand &use : node.op->getOpOperands()) {
    auto init = index.find(use.get().getDefiningOp());
    if (init != index.end() && nodes[init->second].kind == Kind::Init)
      node.preds.append(nodes[init->second].preds); // the sizes
    std::optional<unsigned> producer = nodeOf(use.get());
    if (!producer)
      continue;
    node.preds.push_back(*producer);
    if (!isSoft(use, *producer, node))
      node.hard.push_back(*producer);
  }
  llvm::SetVector<Value> captured;
  getUsedValuesDefinedAbove(node.op->getRegions(), captured);
  for (Value value : captured)
    if (std::optional<unsigned> producer = nodeOf(value)) {
      node.preds.push_back(*producer);
      node.hard.push_back(*producer);
    }
}

/// An op that updates a value in place runs after the earlier readers of it.
void Grouper::connectInPlace(unsigned i) {
  Node &node = nodes[i];
  auto style = dyn_cast<DestinationStyleOpInterface>(node.op);
  if (!style || node.kind == Kind::Init)
    return;
  for (auto [k, init] : llvm::enumerate(style.getDpsInitsMutable())) {
    bool fresh =
        init.get().getDefiningOp() && isFreshInit(init.get().getDefiningOp());
    if (fresh || !readsDestination(node.op, k))
      continue;
    for (Operation *user : init.get().getUsers()) {
      auto reader = index.find(block.findAncestorOpInBlock(*user));
      if (reader == index.end() || reader->second >= i)
        continue;
      node.preds.push_back(reader->second);
      node.hard.push_back(reader->second);
    }
  }
}

LogicalResult Grouper::classify(func::FuncOp function) {
  WeightOnly weights(function);
  for (Operation &op : block.without_terminator()) {
    FailureOr<Kind> kind = kindOf(&op);
    if (failed(kind))
      return failure();
    Node node;
    node.op = &op;
    node.kind = *kind;
    node.weightOnly = weights.contains(&op);
    if (*kind == Kind::Rows || *kind == Kind::View)
      node.access = rowAccess(&op);
    if (*kind == Kind::Rows)
      node.scratch = rowBytes(&op, *node.access);
    if (auto attend = dyn_cast<AttendOp>(op)) {
      int row = attend.hasHeads() ? 1 : 0;
      node.access =
          RowAccess{extentOf(attend.getOut(), row),
                    SmallVector<int>(op.getNumOperands(), RowAccess::kWhole),
                    {row}};
    }
    node.leader = nodes.size();
    index[&op] = nodes.size();
    members.push_back({unsigned(nodes.size())});
    nodes.push_back(std::move(node));
  }
  for (unsigned i = 0; i < nodes.size(); ++i) {
    connect(i);
    connectInPlace(i);
  }
  return success();
}

/// `from` or something it needs is in group a or b, on a way that leaves them.
bool Grouper::reaches(unsigned from, unsigned a, unsigned b) {
  llvm::DenseSet<unsigned> seen;
  SmallVector<unsigned> work{nodes[from].leader};
  while (!work.empty()) {
    unsigned leader = work.pop_back_val();
    if (leader == a || leader == b)
      return true;
    if (!seen.insert(leader).second)
      continue;
    for (unsigned member : members[leader])
      for (unsigned pred : nodes[member].preds)
        work.push_back(nodes[pred].leader);
  }
  return false;
}

int64_t Grouper::groupScratch(unsigned leader) {
  int64_t bytes = 0;
  for (unsigned i : members[leader])
    bytes += nodes[i].scratch;
  return bytes;
}

/// Why groups a and b cannot be one kernel; empty if they can.
StringRef Grouper::refusal(unsigned a, unsigned b) {
  unsigned anyA = members[a].front(), anyB = members[b].front();
  if (nodes[anyA].weightOnly != nodes[anyB].weightOnly)
    return "one of them depends on weights alone and is computed once";
  for (unsigned leader : {a, b})
    for (unsigned i : members[leader])
      for (unsigned pred : nodes[i].preds) {
        unsigned other = nodes[pred].leader;
        if (other == leader)
          continue;
        if (other == a || other == b) {
          if (llvm::is_contained(nodes[i].hard, pred))
            return "rows of one need more than the same row of the other";
          continue;
        }
        if (reaches(pred, a, b))
          return "an op between them belongs to another kernel";
      }
  if (groupScratch(a) + groupScratch(b) > budget)
    return "the temporaries of a tile would not fit half of the second-level "
           "cache";
  return "";
}

void Grouper::unite(unsigned a, unsigned b, Operation *at) {
  for (unsigned i : members[b]) {
    nodes[i].leader = a;
    members[a].push_back(i);
  }
  members[b].clear();
  llvm::sort(members[a]);
  remark::passed(at->getLoc(),
                 remark::RemarkOpts::name("fused").category(kCategory))
      << remark::metric("op", at->getName().getStringRef())
      << remark::metric("with",
                        nodes[members[a].front()].op->getName().getStringRef());
}

/// A view goes where its source is. What is left is a view of a value from
/// outside: a reshape is free between kernels; a slice is repeated in the row
/// kernels that read it, and copied for any other reader.
void Grouper::placeView(unsigned i) {
  Node &node = nodes[i];
  std::optional<unsigned> source = nodeOf(node.op->getOperand(0));
  if (source && !llvm::is_contained(node.hard, *source) &&
      nodes[*source].weightOnly == node.weightOnly) {
    bool inRows =
        nodes[*source].kind == Kind::Rows || nodes[*source].kind == Kind::View;
    AttendOp attend = attendOf(nodes[*source].leader);
    if (inRows &&
        (attend ? !attend.hasHeads() : isRowsGroup(nodes[*source].leader)))
      return unite(nodes[*source].leader, i, node.op);
  }
  if (isMemoryView(node.op)) {
    node.kind = Kind::Outside;
    return;
  }
  bool forRows = llvm::all_of(node.op->getUsers(), [&](Operation *user) {
    auto at = index.find(block.findAncestorOpInBlock(*user));
    return at != index.end() && nodes[at->second].kind == Kind::Rows;
  });
  node.kind = forRows ? Kind::Init : Kind::Rows;
}

/// Row operands decide which groups an op can join.
void Grouper::join(unsigned i, Kind wanted) {
  SmallVector<unsigned> producers;
  for (unsigned pred : nodes[i].preds)
    if (!llvm::is_contained(nodes[i].hard, pred))
      producers.push_back(pred);
  llvm::sort(producers, std::greater<>());
  for (unsigned producer : producers) {
    unsigned group = nodes[producer].leader, own = nodes[i].leader;
    if (group == own)
      continue;
    bool queries = attendOf(group) != nullptr;
    if (queries != (wanted == Kind::Queries) ||
        (queries ? !followsQueries(i, group) : !isRowsGroup(group)))
      continue;
    tryUnite(producer, i);
  }
}

/// Unites the groups of `producer` and `i`, or says why not.
void Grouper::tryUnite(unsigned producer, unsigned i) {
  unsigned group = nodes[producer].leader, own = nodes[i].leader;
  StringRef reason = refusal(group, own);
  if (reason.empty()) {
    unite(group, own, nodes[i].op);
    return;
  }
  remark::missed(nodes[i].op->getLoc(),
                 remark::RemarkOpts::name("not fused").category(kCategory))
      << remark::metric("op", nodes[i].op->getName().getStringRef())
      << remark::metric("with", nodes[producer].op->getName().getStringRef())
      << remark::reason("{0}", reason);
}

/// A scan goes with those whose outs it reads.
void Grouper::joinScan(unsigned i) {
  for (unsigned pred : SmallVector<unsigned>(nodes[i].preds))
    if (nodes[pred].kind == Kind::Channels &&
        nodes[pred].leader != nodes[i].leader)
      tryUnite(pred, i);
}

/// An op that computes each element of a query's row from that row's element,
/// from values per column and from nothing else.
static bool isElementwiseOnRows(Operation *op) {
  auto generic = dyn_cast<linalg::LinalgOp>(op);
  if (!generic || op->getNumResults() != 1 || !linalg::isElementwise(generic) ||
      readsDestination(op, 0))
    return false;
  unsigned columns = generic.getNumLoops() - 1;
  return llvm::all_of(op->getOpOperands(), [&](OpOperand &operand) {
    AffineMap map = generic.getMatchingIndexingMap(&operand);
    return map.isIdentity() || map.getNumResults() == 0 ||
           (map.getNumResults() == 1 && map.isFunctionOfDim(columns));
  });
}

/// What a kernel around an attention takes besides. With heads, a task has one
/// head's part of a row; without, it has whole rows, and can go on with them up
/// to one product with weights and where that goes.
bool Grouper::followsQueries(unsigned i, unsigned group) const {
  Operation *op = nodes[i].op;
  AttendOp attend = attendOf(group);
  if (!attend || attend.hasHeads())
    return isElementwiseOnRows(op);
  if (isContraction(op))
    return llvm::none_of(members[group], [&](unsigned member) {
      return isContraction(nodes[member].op);
    });
  auto generic = dyn_cast<linalg::LinalgOp>(op);
  return isa<ScatterRowsOp>(op) || (generic && linalg::isElementwise(generic));
}

void Grouper::mergeAlongEdges() {
  for (unsigned i = 0; i < nodes.size(); ++i) {
    if (nodes[i].kind == Kind::View)
      placeView(i);
    if (nodes[i].kind == Kind::Channels)
      joinScan(i);
    if (nodes[i].kind != Kind::Rows || nodes[i].leader != i)
      continue;
    // A repeated slice is no op that an attention kernel can hold.
    bool cuts = llvm::any_of(nodes[i].op->getOperands(), [&](Value operand) {
      auto slice = operand.getDefiningOp<tensor::ExtractSliceOp>();
      return slice && nodes[index[slice]].kind == Kind::Init;
    });
    if (!cuts)
      join(i, Kind::Queries);
    if (nodes[i].leader == i)
      join(i, Kind::Rows);
  }
}

/// Row groups that read the same rows of a value from outside, and the
/// weight-only work of a layer over one extent.
void Grouper::mergeSiblings() {
  llvm::MapVector<std::pair<Value, int>, SmallVector<unsigned>> readers;
  llvm::MapVector<std::pair<Attribute, int64_t>, SmallVector<unsigned>>
      prepared;
  for (unsigned i = 0; i < nodes.size(); ++i) {
    const Node &node = nodes[i];
    if (node.kind != Kind::Rows)
      continue;
    if (node.access->extent.isStatic()) {
      if (node.weightOnly)
        prepared[{node.op->getAttr(names::kLayer), node.access->extent.addend}]
            .push_back(i);
      continue;
    }
    for (OpOperand &use : node.op->getOpOperands()) {
      int dim = node.access->operands[use.getOperandNumber()];
      Operation *def = use.get().getDefiningOp();
      if (dim != RowAccess::kWhole && !(def && isFreshInit(def)))
        readers[{use.get(), dim}].push_back(i);
    }
  }
  for (auto &[value, users] : readers)
    mergeAll(users);
  for (auto &[layer, users] : prepared)
    mergeAll(users);
}

/// Unites the groups of `users` with that of the first, where they can be.
void Grouper::mergeAll(ArrayRef<unsigned> users) {
  for (unsigned user : users.drop_front()) {
    unsigned first = nodes[users[0]].leader, other = nodes[user].leader;
    if (first == other || !isRowsGroup(first) || !isRowsGroup(other) ||
        nodes[users[0]].access->extent != nodes[user].access->extent)
      continue;
    if (refusal(first, other).empty())
      unite(first, other, nodes[user].op);
  }
}

std::vector<KernelGroup> Grouper::order() {
  std::vector<KernelGroup> groups;
  llvm::DenseSet<unsigned> done;
  // Depth first over leaders in block order: stable, and each group comes right
  // behind what it needs.
  auto emit = [&](auto &&self, unsigned leader) -> void {
    if (!done.insert(leader).second)
      return;
    SmallVector<unsigned> needed;
    for (unsigned member : members[leader])
      needed.append(nodes[member].preds);
    llvm::sort(needed);
    for (unsigned pred : needed)
      self(self, nodes[pred].leader);
    KernelGroup group;
    for (unsigned member : members[leader])
      group.ops.push_back(nodes[member].op);
    Kind kind = nodes[members[leader].front()].kind;
    group.outside = members[leader].size() == 1 &&
                    (kind == Kind::Init || kind == Kind::Outside);
    groups.push_back(std::move(group));
  };
  // Constants and fresh destinations carry no edges; they come first.
  for (unsigned i = 0; i < nodes.size(); ++i)
    if (nodes[i].op->hasTrait<OpTrait::ConstantLike>())
      emit(emit, i);
  for (unsigned i = 0; i < nodes.size(); ++i)
    if (!members[i].empty())
      emit(emit, i);
  return groups;
}

FailureOr<std::vector<KernelGroup>>
seqc::passes::groupKernels(func::FuncOp function) {
  Grouper grouper(function);
  if (failed(grouper.classify(function)))
    return failure();
  grouper.mergeAlongEdges();
  grouper.mergeSiblings();
  return grouper.order();
}
