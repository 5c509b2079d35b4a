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
  starts_.resize(std::size_t{1} << bits);
  std::uint32_t point = 0;
  for (std::size_t slot = 0; slot < starts_.size(); ++slot) {
    while (points_[point].value < static_cast<std::uint64_t>(slot) << shift_) ++point;
    starts_[slot] = point;
  }
}

}  // namespace smartswitch::memcached
