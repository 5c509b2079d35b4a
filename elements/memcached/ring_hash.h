// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "elements/memcached/backend.h"
#include "elements/memcached/ring.h"

namespace smartswitch::memcached {

/// What a server's points on the ring are made of: the modes that memcached's proxy (1.6.45) has, by its names.
enum class RingMode : std::uint8_t {
  kDefault,    ///< XXH3 of "host:port-i", a point each
  kKetama,     ///< MD5 of "host:port-i", four points each
  kTwemProxy,  ///< the same, but without the port if that is 11211
  kEvCache,    ///< MD5 of "host/host:port-i", four points each
};

/// The rings of memcached's proxy. Unlike Ketama's, they give each server the same number of points whatever rounding does, always know a
/// port, and look up the lower half of a hash.
class RingHash {
 public:
  /// `points` for each unit of a server's weight, a multiple of 4; needs one server at least.
  RingHash(const std::vector<Backend>& servers, RingMode mode, std::uint32_t points);

  [[nodiscard]] std::uint32_t server_of(std::uint64_t hash) const { return ring_.server_of(static_cast<std::uint32_t>(hash)); }
  /// The same among those that are up; nothing if there is none.
  template <class Up>
  [[nodiscard]] std::optional<std::uint32_t> server_of(std::uint64_t hash, Up up) const {
    return ring_.server_of(static_cast<std::uint32_t>(hash), up);
  }

 private:
  Ring ring_;
};

}  // namespace smartswitch::memcached
