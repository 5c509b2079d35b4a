// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/ketama.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "elements/memcached/key_hashes.h"

namespace smartswitch::memcached {
namespace {

constexpr float kPointsPerServer = 160;
constexpr float kPointsPerDigest = 4;

// In single precision, in this order: whether a server of average weight has 40 digests or, after rounding, 39 is part of being compatible.
std::uint32_t digests(std::uint32_t weight, std::uint32_t total, std::size_t servers) {
  const float share = static_cast<float>(weight) / static_cast<float>(total);
  const float exact = share * kPointsPerServer / kPointsPerDigest * static_cast<float>(servers);
  return static_cast<std::uint32_t>(std::floor(static_cast<float>(static_cast<double>(exact) + 1e-10)));
}

}  // namespace

Ketama::Ketama(const std::vector<Backend>& servers) {
  std::uint32_t total = 0;
  for (const Backend& server : servers) total += server.weight;
  for (std::uint32_t number = 0; number < servers.size(); ++number) {
    const std::uint32_t n = digests(servers[number].weight, total, servers.size());
    for (std::uint32_t i = 0; i < n; ++i) {
      for (const std::uint32_t value : md5_words(servers[number].name + "-" + std::to_string(i))) points_.push_back({value, number});
    }
  }
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
