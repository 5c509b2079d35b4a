// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace smartswitch::memcached {

/// Points on a circle of 2^32, each of which is a server's: a value belongs to the server of the next point.
class Ring {
 public:
  struct Point {
    std::uint32_t value;
    std::uint32_t server;
  };

  /// Needs one point at least. Of equal points the first one given counts.
  explicit Ring(std::vector<Point> points);

  /// The number of the server that has the first point at or after `value`.
  [[nodiscard]] std::uint32_t server_of(std::uint32_t value) const {
    const std::uint16_t server = servers_[value >> shift_];
    return server != kDepends ? server : points_[point_of(value)].server;
  }

  /// The same among those that are up; nothing if none of them has a point.
  template <class Up>
  [[nodiscard]] std::optional<std::uint32_t> server_of(std::uint32_t value, Up up) const {
    std::size_t point = point_of(value);
    for (std::size_t i = 0; i < points_.size(); ++i) {
      if (up(points_[point].server)) return points_[point].server;
      if (++point == points_.size()) point = 0;
    }
    return std::nullopt;
  }
  [[nodiscard]] std::size_t points() const { return points_.size() - 1; }

 private:
  [[nodiscard]] std::size_t point_of(std::uint32_t value) const {
    std::uint32_t i = starts_[value >> shift_];
    while (points_[i].value < value) ++i;
    return i;
  }

  // A point at 2^32 - 1 that stands for the first one ends the ring, so that no look-up has to wrap.
  std::vector<Point> points_;
  // For each value of a hash's leading bits, the server of all values that begin so, or kDepends if there is a point among them. One
  // small table answers for most values: it stays in the processor's cache where points would not.
  static constexpr std::uint16_t kDepends = UINT16_MAX;
  std::vector<std::uint16_t> servers_;
  // For each value of the leading bits, the first point not before: seldom more than one step is left to go.
  std::vector<std::uint32_t> starts_;
  unsigned shift_ = 0;
};

}  // namespace smartswitch::memcached
