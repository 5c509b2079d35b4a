// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace smartswitch::memcached {

/// Points on a circle of 2^32, each of which is a server's: a value belongs to the server of the next point.
class Ring {
  struct Slot;

 public:
  struct Point {
    std::uint32_t value;
    std::uint32_t server;
  };

  /// What a look-up needs: a copy on the stack stays in registers in a loop that writes to packets. Valid as long as its ring.
  class Table {
   public:
    Table(const Slot* slots, unsigned shift, const Point* points) : slots_(slots), shift_(shift), points_(points) {}

    /// The number of the server that has the first point at or after `value`.
    [[nodiscard]] std::uint32_t server_of(std::uint32_t value) const {
      const Slot& slot = slots_[value >> shift_];
      if (slot.servers[0] == kCrowded) return server_from(slot.value, value);
      return slot.servers[value > slot.value];
    }

   private:
    [[nodiscard, gnu::noinline]] std::uint32_t server_from(std::uint32_t point, std::uint32_t value) const {
      return points_[point_from(points_, point, value)].server;
    }
    const Slot* slots_;
    unsigned shift_;
    const Point* points_;
  };

  /// Needs one point at least. Of equal points the first one given counts.
  explicit Ring(std::vector<Point> points);

  [[nodiscard]] Table table() const { return {slots_.data(), shift_, points_.data()}; }
  [[nodiscard]] std::uint32_t server_of(std::uint32_t value) const { return table().server_of(value); }

  /// The same among those that are up; nothing if none of them has a point.
  template <class Up>
  [[nodiscard]] std::optional<std::uint32_t> server_of(std::uint32_t value, Up up) const {
    const std::uint32_t own = server_of(value);
    if (up(own)) return own;
    const auto next = std::lower_bound(points_.begin(), points_.end(), value, [](const Point& p, std::uint32_t v) { return p.value < v; });
    auto point = static_cast<std::size_t>(next - points_.begin());
    for (std::size_t i = 0; i < points_.size(); ++i) {
      if (up(points_[point].server)) return points_[point].server;
      if (++point == points_.size()) point = 0;
    }
    return std::nullopt;
  }
  [[nodiscard]] std::size_t points() const { return points_.size() - 1; }
  /// All points in order, and one at 2^32 - 1 that stands for the first.
  [[nodiscard]] const std::vector<Point>& all() const { return points_; }

 private:
  static constexpr std::uint16_t kCrowded = UINT16_MAX;
  // Of all values that begin with the same bits: whose they are up to the only point among them, and whose behind it. One small table tells
  // the server, without a branch that would be mispredicted. Where there are several points, the first server is kCrowded and `value` is
  // the first point's number.
  struct Slot {
    std::uint32_t value;
    std::uint16_t servers[2];
  };

  [[nodiscard]] Slot slot_of(std::uint32_t last, std::uint32_t point) const;
  [[nodiscard]] static std::uint32_t point_from(const Point* points, std::uint32_t point, std::uint32_t value) {
    while (points[point].value < value) ++point;
    return point;
  }

  // A point at 2^32 - 1 that stands for the first one ends the ring, so that no look-up has to wrap.
  std::vector<Point> points_;
  std::vector<Slot> slots_;
  unsigned shift_ = 0;
};

}  // namespace smartswitch::memcached
