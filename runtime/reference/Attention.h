//===- Attention.h - attention over a window of keys
//-----------------------===//
#ifndef SEQC_RUNTIME_REFERENCE_ATTENTION_H
#define SEQC_RUNTIME_REFERENCE_ATTENTION_H

#include "runtime/reference/Views.h"

#include <limits>

namespace seqc::reference {

enum class ScoreKind { Softmax, Relu, Relu2, Laplace };
enum class BiasKind { None, Position, Rank };

/// What `seqc.attend` is given. Arrays are dense and row-major; optional ones
/// are null where the op lacks them.
struct Attend {
  ScoreKind score = ScoreKind::Softmax;
  BiasKind bias = BiasKind::None;
  int64_t left = -1, right = -1; ///< -1: unbounded
  double scale = 1;
  int64_t tableOrigin = 0;
  bool byPosition = false; ///< the window and rank bias go by position

  int64_t heads = 1;             ///< of queries
  int64_t keyHeads = 1;          ///< of keys and values; divides `heads`
  int64_t rows = 0;              ///< n
  int64_t keySize = 0;           ///< z
  int64_t valueSize = 0;         ///< h
  const double *query = nullptr; ///< [heads, n, z]
  const double *key = nullptr;   ///< [keyHeads, n, z]
  const double *value = nullptr; ///< [keyHeads, n, h]
  ConstInts offsets;             ///< [B+1]
  ConstInts positions;           ///< [n] or null
  ConstMatrix cosines, sines;    ///< [P, z/2] or null
  ConstVector table;             ///< or null

  int64_t pastCapacity = 0; ///< w
  const double *pastKey =
      nullptr; ///< [B, w, z], unrotated; entry e in slot e mod w
  const double *pastValue = nullptr; ///< [B, w, h]
  ConstInts pastCount;               ///< [B]; min(count, w) entries are valid
  const int64_t *pastPositions = nullptr; ///< [B, w] or null

  /// Keys of rank from <= j < to count.
  int64_t from = std::numeric_limits<int64_t>::min();
  int64_t to = std::numeric_limits<int64_t>::max();
  /// [heads, n] or null: what softmax is left open with.
  double *maximum = nullptr, *total = nullptr;
};

/// `seqc.attend` (attend_c1 to attend_c10) into `out` [heads, n, h]. A problem
/// is a position outside the rotary tables or a rank outside the bias table.
Problem attend(const Attend &op, double *out);

} // namespace seqc::reference

#endif // SEQC_RUNTIME_REFERENCE_ATTENTION_H
