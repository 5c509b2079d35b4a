// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

// Keys are short, so xxhash's vector code would never run; leaving it out also spares GCC 12's false warnings about AVX-512 (PR 105593).
#define XXH_VECTOR XXH_SCALAR
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstdint>
#include <string_view>

namespace smartswitch {

/// The one hash of application keys inside the switch: caches, tables and Annotations::key_hash use it, so a key is hashed once a packet.
/// XXH3 takes about 3 ns for a 16-byte key; servers may be chosen by other hashes, where clients must agree.
[[gnu::always_inline, gnu::flatten]] inline std::uint64_t hash_key(std::string_view key) { return XXH3_64bits(key.data(), key.size()); }

}  // namespace smartswitch
