//===- Workspace.cpp - temporaries that share memory ----------------------===//
#include "runtime/core/Workspace.h"

#include "runtime/core/Memory.h"

#include <algorithm>

namespace seqc::rt {

std::vector<LivePiece> livePieces(const Plan &plan,
                                  const std::vector<PlanStep> &steps) {
  std::vector<int32_t> pieceOf(plan.buffers.size(), -1);
  std::vector<LivePiece> pieces;
  for (size_t s = 0; s < steps.size(); ++s) {
    for (int32_t arg : steps[s].args) {
      int32_t owner =
          plan.buffers[arg].alias < 0 ? arg : plan.buffers[arg].alias;
      if (plan.buffers[owner].kind != BufferKind::Temp)
        continue;
      if (pieceOf[owner] < 0) {
        pieceOf[owner] = static_cast<int32_t>(pieces.size());
        LivePiece piece;
        piece.buffer = owner;
        piece.first = static_cast<int32_t>(s);
        pieces.push_back(piece);
      }
      pieces[pieceOf[owner]].last = static_cast<int32_t>(s);
    }
  }
  return pieces;
}

/// A machine tells a load from an earlier store by the last twelve bits of
/// their addresses: where two arrays lie whole pages apart, loads of one wait
/// for stores to the other that have nothing to do with them. That counts where
/// stores take long, in arrays that fill caches.
static constexpr size_t kLargePiece = 1 << 16, kApart = 5 * kAlignment;

static size_t placeFor(const LivePiece &piece) {
  return alignUp(piece.bytes) + (piece.bytes >= kLargePiece ? kApart : 0);
}

size_t placePieces(std::vector<LivePiece> &pieces) {
  std::vector<LivePiece *> order;
  for (LivePiece &piece : pieces)
    order.push_back(&piece);
  std::sort(order.begin(), order.end(),
            [](const LivePiece *a, const LivePiece *b) {
              // Equal sizes in order of first use: pointers into one vector.
              return a->bytes != b->bytes ? a->bytes > b->bytes : a < b;
            });
  std::vector<const LivePiece *> placed; ///< by offset
  size_t total = 0;
  for (LivePiece *piece : order) {
    size_t offset = 0, bytes = placeFor(*piece);
    for (const LivePiece *other : placed) {
      if (other->last < piece->first || piece->last < other->first)
        continue;
      if (offset + bytes <= other->offset)
        break;
      offset = std::max(offset, other->offset + placeFor(*other));
    }
    piece->offset = offset;
    total = std::max(total, offset + bytes);
    placed.insert(std::upper_bound(placed.begin(), placed.end(), piece,
                                   [](const LivePiece *a, const LivePiece *b) {
                                     return a->offset < b->offset;
                                   }),
                  piece);
  }
  return total;
}

} // namespace seqc::rt
