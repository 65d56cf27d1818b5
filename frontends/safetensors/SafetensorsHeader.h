//===- SafetensorsHeader.h - the JSON header as it stands in the file -----===//
#ifndef SEQC_FRONTENDS_SAFETENSORS_SAFETENSORSHEADER_H
#define SEQC_FRONTENDS_SAFETENSORS_SAFETENSORSHEADER_H

#include "seqc/Status.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace seqc::frontend {

/// One tensor of the header, not yet checked against the data.
struct HeaderEntry {
  std::string name;
  std::string dtype;
  std::vector<uint64_t> shape;
  std::vector<uint64_t> offsets;
  bool hasShape = false;
};

struct SafetensorsHeader {
  std::vector<HeaderEntry> tensors;
  std::map<std::string, std::string> metadata;
};

/// Checks the form of the header: one object of objects with the keys dtype,
/// shape and data_offsets, no key twice, no negative or fractional number.
Result<SafetensorsHeader> parseSafetensorsHeader(std::string_view json,
                                                 const std::string &file);

} // namespace seqc::frontend

#endif // SEQC_FRONTENDS_SAFETENSORS_SAFETENSORSHEADER_H
