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

  const unsigned bits = std::min<unsigned>(20, static_cast<unsigned>(std::bit_width(points_.size())) + 3);
  shift_ = 32 - bits;
  starts_.resize(std::size_t{1} << bits);
  servers_.resize(starts_.size());
  std::uint32_t point = 0;
  for (std::size_t slot = 0; slot < starts_.size(); ++slot) {
    const std::uint64_t first = static_cast<std::uint64_t>(slot) << shift_;
    const std::uint64_t last = first + (std::uint64_t{1} << shift_) - 1;
    while (points_[point].value < first) ++point;
    starts_[slot] = point;
    const Point& next = points_[point];
    servers_[slot] = next.value >= last && next.server < kDepends ? static_cast<std::uint16_t>(next.server) : kDepends;
  }
}

}  // namespace smartswitch::memcached
