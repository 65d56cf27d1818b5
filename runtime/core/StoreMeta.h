//===- StoreMeta.h - what an entry of the artifact store says it is -------===//
#ifndef SEQC_RUNTIME_CORE_STOREMETA_H
#define SEQC_RUNTIME_CORE_STOREMETA_H

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace seqc::rt {

/// The short text beside an entry's bytes: "kernel rows_map", then fields
/// "target=cpu:avx2" behind tabs. Only people and `seqc cache` read it.
struct StoreMeta {
  std::string kind; ///< "model", "kernel", "verdict"
  std::string name;
  std::vector<std::pair<std::string, std::string>> fields;

  /// Empty if there is no such field.
  std::string_view field(std::string_view key) const;
};

/// Control characters, which would break a table, become spaces.
std::string toText(const StoreMeta &meta);
StoreMeta parseStoreMeta(std::string_view text);

} // namespace seqc::rt

#endif // SEQC_RUNTIME_CORE_STOREMETA_H
