// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/ring_hash.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "elements/memcached/key_hashes.h"
#include "elements/sdk/hash.h"

namespace smartswitch::memcached {
namespace {

constexpr std::uint32_t kPointsPerMd5 = 4;

struct HostAndPort {
  std::string host;
  std::string port;
};

// A name may have the port with it, as that of a server without a name of its own has.
HostAndPort host_and_port(const Backend& server) {
  const std::size_t colon = server.name.rfind(':');
  if (colon != std::string::npos && colon + 1 < server.name.size() &&
      std::all_of(server.name.begin() + static_cast<std::ptrdiff_t>(colon) + 1, server.name.end(),
                  [](char c) { return c >= '0' && c <= '9'; }))
    return {server.name.substr(0, colon), server.name.substr(colon + 1)};
  return {server.name, std::to_string(server.port)};
}

std::string ring_name(const Backend& server, RingMode mode) {
  const auto [host, port] = host_and_port(server);
  if (mode == RingMode::kTwemProxy && port == std::to_string(kPort)) return host;
  if (mode == RingMode::kEvCache) return fmt::format("{}/{}:{}", host, host, port);
  return fmt::format("{}:{}", host, port);
}

std::vector<Ring::Point> ring_points(const std::vector<Backend>& servers, RingMode mode, std::uint32_t points_each) {
  std::vector<Ring::Point> points;
  for (std::uint32_t number = 0; number < servers.size(); ++number) {
    const std::string name = ring_name(servers[number], mode);
    const std::uint32_t n = points_each * servers[number].weight / (mode == RingMode::kDefault ? 1 : kPointsPerMd5);
    for (std::uint32_t i = 0; i < n; ++i) {
      const std::string text = fmt::format("{}-{}", name, i);
      if (mode == RingMode::kDefault) {
        points.push_back({static_cast<std::uint32_t>(hash_key(text)), number});
      } else {
        for (const std::uint32_t value : md5_words(text)) points.push_back({value, number});
      }
    }
  }
  return points;
}

}  // namespace

RingHash::RingHash(const std::vector<Backend>& servers, RingMode mode, std::uint32_t points) : ring_(ring_points(servers, mode, points)) {}

}  // namespace smartswitch::memcached
