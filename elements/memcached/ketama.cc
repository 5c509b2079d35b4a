// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/ketama.h"

#include <cmath>

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

std::vector<Ring::Point> ketama_points(const std::vector<Backend>& servers) {
  std::vector<Ring::Point> points;
  std::uint32_t total = 0;
  for (const Backend& server : servers) total += server.weight;
  for (std::uint32_t number = 0; number < servers.size(); ++number) {
    const std::uint32_t n = digests(servers[number].weight, total, servers.size());
    for (std::uint32_t i = 0; i < n; ++i) {
      for (const std::uint32_t value : md5_words(servers[number].name + "-" + std::to_string(i))) points.push_back({value, number});
    }
  }
  return points;
}

}  // namespace

Ketama::Ketama(const std::vector<Backend>& servers) : ring_(ketama_points(servers)) {}

}  // namespace smartswitch::memcached
