// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "elements/memcached/backend.h"

namespace smartswitch::memcached {

/// A ring of points on which every key belongs to the server of the next point: when a server comes or goes, only its share of the keys
/// moves. The points are libmemcached's (weighted ketama) and TwemProxy's: 160 for a server of average weight, four from each MD5 of
/// "name-i". A server with less than 1/40 of the average weight has none.
class Ketama {
 public:
  /// Needs one server at least, and weights above 0.
  explicit Ketama(const std::vector<Backend>& servers);

  /// The number of the server that has the first point at or after the upper half of `hash`.
  [[nodiscard]] std::uint32_t server_of(std::uint64_t hash) const { return points_[point_of(hash)].server; }

  /// The same among those that are up; nothing if none of them has a point.
  template <class Up>
  [[nodiscard]] std::optional<std::uint32_t> server_of(std::uint64_t hash, Up up) const {
    std::size_t point = point_of(hash);
    for (std::size_t i = 0; i < points_.size(); ++i) {
      if (up(points_[point].server)) return points_[point].server;
      if (++point == points_.size()) point = 0;
    }
    return std::nullopt;
  }
  [[nodiscard]] std::size_t points() const { return points_.size() - 1; }

 private:
  struct Point {
    std::uint32_t value;
    std::uint32_t server;
  };
  [[nodiscard]] std::size_t point_of(std::uint64_t hash) const {
    const auto value = static_cast<std::uint32_t>(hash >> 32);
    std::uint32_t i = starts_[value >> shift_];
    while (points_[i].value < value) ++i;
    return i;
  }

  // A point at 2^32 - 1 that stands for the first one ends the ring, so that no look-up has to wrap.
  std::vector<Point> points_;
  // For each value of a hash's leading bits, the first point not before: about one step is left to go.
  std::vector<std::uint32_t> starts_;
  unsigned shift_ = 0;
};

}  // namespace smartswitch::memcached
