//===- Digest.h - 128-bit content digest ----------------------------------===//
//
// XXH3 is fast and finds damage; it does not keep an attacker out. Whoever may
// write the cache folder is trusted, which the store checks.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_RUNTIME_CORE_DIGEST_H
#define SEQC_RUNTIME_CORE_DIGEST_H

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace seqc::rt {

using Digest = std::array<uint8_t, 16>; ///< canonical (big-endian) XXH3-128

/// Digest of bytes that come in pieces. Not thread-safe.
class Digester {
public:
  Digester();
  ~Digester();
  Digester &add(std::string_view bytes);
  /// Little-endian, so that keys agree between machines.
  Digester &add(uint64_t number);
  Digest finish() const;

private:
  struct State;
  std::unique_ptr<State> state;
};

Digest digestOf(std::string_view bytes);
/// 32 lower-case hexadecimal digits.
std::string toHex(const Digest &digest);

} // namespace seqc::rt

#endif // SEQC_RUNTIME_CORE_DIGEST_H
