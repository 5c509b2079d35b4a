// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace smartswitch::memcached {

/// The hashes by which memcached's clients and proxies choose a server. All but XXH3 have 32 bits and give what TwemProxy 0.5.0 gives,
/// bit for bit; where libmemcached 1.1 has a hash of that name, it gives the same.
enum class KeyHash : std::uint8_t {
  kXxh3,
  kOneAtATime,
  kMd5,
  kCrc16,
  kCrc32,
  kCrc32a,
  kFnv1_64,
  kFnv1a_64,
  kFnv1_32,
  kFnv1a_32,
  kHsieh,
  kMurmur,
  kJenkins,
  kMcrouterCrc32,  ///< mcrouter's Crc32: 31 bits
};

/// A key's hash as distributions take it: 64 bits of XXH3, or the 32 bits of another one, twice. Ketama and modula look at the upper half.
std::uint64_t key_hash(KeyHash hash, std::string_view key);

/// The MD5 of `text` (RFC 1321) as four little-endian words.
std::array<std::uint32_t, 4> md5_words(std::string_view text);

}  // namespace smartswitch::memcached
