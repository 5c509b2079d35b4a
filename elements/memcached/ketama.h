// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace smartswitch::memcached {

/// A ring of points on which every key belongs to the server of the next point: when a server comes or goes, only its share of the keys
/// moves. The points are libketama's: 160 for each server of average weight, four from each MD5 of "name-i".
class Ketama {
 public:
  struct Server {
    std::string name;
    std::uint32_t weight = 1;
  };
  /// Needs one server at least, and a weight above 0.
  explicit Ketama(const std::vector<Server>& servers);

  /// The number of the server that has the first point at or after `hash`.
  [[nodiscard]] std::uint32_t server_of(std::uint32_t hash) const {
    std::uint32_t i = starts_[hash >> shift_];
    while (points_[i].value < hash) ++i;
    return points_[i].server;
  }
  [[nodiscard]] std::size_t points() const { return points_.size() - 1; }

 private:
  struct Point {
    std::uint32_t value;
    std::uint32_t server;
  };
  // A point at 2^32 - 1 that stands for the first one ends the ring, so that no look-up has to wrap.
  std::vector<Point> points_;
  // For each value of a hash's leading bits, the first point not before: about one step is left to go.
  std::vector<std::uint32_t> starts_;
  unsigned shift_ = 0;
};

}  // namespace smartswitch::memcached
