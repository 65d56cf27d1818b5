//===- Digest.cpp - XXH3-128 ----------------------------------------------===//
#include "runtime/core/Digest.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstring>

namespace seqc::rt {

struct alignas(64) Digester::State {
  XXH3_state_t xxh;
};

static Digest canonical(XXH128_hash_t hash) {
  XXH128_canonical_t bytes;
  XXH128_canonicalFromHash(&bytes, hash);
  Digest digest;
  static_assert(sizeof(bytes.digest) == sizeof(Digest));
  std::memcpy(digest.data(), bytes.digest, digest.size());
  return digest;
}

Digester::Digester() : state(std::make_unique<State>()) {
  XXH3_128bits_reset(&state->xxh);
}

Digester::~Digester() = default;

Digester &Digester::add(std::string_view bytes) {
  XXH3_128bits_update(&state->xxh, bytes.data(), bytes.size());
  return *this;
}

Digester &Digester::add(uint64_t number) {
  unsigned char bytes[8];
  for (unsigned char &byte : bytes) {
    byte = static_cast<unsigned char>(number);
    number >>= 8;
  }
  XXH3_128bits_update(&state->xxh, bytes, sizeof(bytes));
  return *this;
}

Digest Digester::finish() const {
  return canonical(XXH3_128bits_digest(&state->xxh));
}

Digest digestOf(std::string_view bytes) {
  return canonical(XXH3_128bits(bytes.data(), bytes.size()));
}

std::string toHex(const Digest &digest) {
  static const char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * digest.size());
  for (uint8_t byte : digest) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

} // namespace seqc::rt
