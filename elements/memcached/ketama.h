// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "elements/memcached/backend.h"
#include "elements/memcached/ring.h"

namespace smartswitch::memcached {

/// A ring of points on which every key belongs to the server of the next point: when a server comes or goes, only its share of the keys
/// moves. The points are libmemcached's (weighted ketama) and TwemProxy's: 160 for a server of average weight, four from each MD5 of
/// "name-i". A server with less than 1/40 of the average weight has none.
class Ketama {
 public:
  /// Needs one server at least, and weights above 0.
  explicit Ketama(const std::vector<Backend>& servers);

  /// The number of the server that has the first point at or after the upper half of `hash`.
  [[nodiscard]] std::uint32_t server_of(std::uint64_t hash) const { return ring_.server_of(value_of(hash)); }
  /// The same among those that are up; nothing if none of them has a point.
  template <class Up>
  [[nodiscard]] std::optional<std::uint32_t> server_of(std::uint64_t hash, Up up) const {
    return ring_.server_of(value_of(hash), up);
  }
  /// What the ring knows of a hash.
  [[nodiscard]] static std::uint32_t value_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }
  [[nodiscard]] std::size_t points() const { return ring_.points(); }
  [[nodiscard]] const Ring& ring() const { return ring_; }

 private:
  Ring ring_;
};

}  // namespace smartswitch::memcached
