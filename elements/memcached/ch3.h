// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "elements/memcached/backend.h"

namespace smartswitch::memcached {

/// mcrouter's Ch3 and, where weights differ, its WeightedCh3. A key makes an endless string of bits; they are read as a decision tree, so
/// that a server that comes or goes at the end moves only its share of the keys. Nothing is stored. Servers stand in the order of the file.
class Ch3 {
 public:
  /// The largest number of servers that the room for bits is enough for.
  static constexpr std::uint32_t kMost = 4096;

  explicit Ch3(const std::vector<Backend>& servers);

  [[nodiscard]] std::uint32_t server_of(std::string_view key) const;
  /// A hash is as good as a key of eight bytes: for finding another server.
  [[nodiscard]] std::uint32_t server_of(std::uint64_t hash) const {
    return server_of(std::string_view(reinterpret_cast<const char*>(&hash), sizeof hash));
  }

 private:
  std::uint32_t servers_;
  // With weights that differ: a key stays with a server if its other hash is below this, and is hashed again with a digit behind it if not.
  std::vector<std::uint64_t> limits_;
};

/// Jenkins' SpookyHash V2 (2012), its lower 32 bits, both seeds the same.
std::uint32_t spooky32(std::string_view text, std::uint32_t seed);

}  // namespace smartswitch::memcached
