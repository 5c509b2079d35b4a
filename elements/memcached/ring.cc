// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/ring.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace smartswitch::memcached {

Ring::Ring(std::vector<Point> points) : points_(std::move(points)) {
  std::stable_sort(points_.begin(), points_.end(), [](const Point& a, const Point& b) { return a.value < b.value; });
  points_.push_back({std::numeric_limits<std::uint32_t>::max(), points_.front().server});

  const unsigned bits = std::min<unsigned>(20, static_cast<unsigned>(std::bit_width(points_.size())) + 2);
  shift_ = 32 - bits;
  slots_.reserve(std::size_t{1} << bits);
  std::uint32_t point = 0;
  for (std::uint32_t slot = 0; slot < std::uint32_t{1} << bits; ++slot) {
    const std::uint32_t first = slot << shift_;
    point = point_from(points_.data(), point, first);
    slots_.push_back(slot_of(first + (std::uint32_t{1} << shift_) - 1, point));
  }
}

// Of the values up to `last`; `point` is the first one not before all of them.
Ring::Slot Ring::slot_of(std::uint32_t last, std::uint32_t point) const {
  const Point& own = points_[point];
  const Point& next = own.value >= last ? own : points_[point_from(points_.data(), point, own.value + 1)];
  if (next.value < last || std::max(own.server, next.server) >= kCrowded) return {point, {kCrowded, kCrowded}};
  return {std::min(own.value, last), {static_cast<std::uint16_t>(own.server), static_cast<std::uint16_t>(next.server)}};
}

}  // namespace smartswitch::memcached
