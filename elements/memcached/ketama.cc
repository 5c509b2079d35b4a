// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/ketama.h"

#include <openssl/evp.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

namespace smartswitch::memcached {
namespace {

constexpr std::uint32_t kDigestsPerServer = 40;  // of four points each: libketama's 160

// The four little-endian words of the MD5 of `text`.
void append_points(const std::string& text, std::vector<std::uint32_t>& values) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  EVP_Digest(text.data(), text.size(), digest, &length, EVP_md5(), nullptr);
  for (int i = 0; i < 16; i += 4) {
    values.push_back(static_cast<std::uint32_t>(digest[i + 3]) << 24 | static_cast<std::uint32_t>(digest[i + 2]) << 16 |
                     static_cast<std::uint32_t>(digest[i + 1]) << 8 | digest[i]);
  }
}

}  // namespace

Ketama::Ketama(const std::vector<Server>& servers) {
  const double total =
      std::accumulate(servers.begin(), servers.end(), 0.0, [](double sum, const Server& s) { return sum + static_cast<double>(s.weight); });
  for (std::uint32_t number = 0; number < servers.size(); ++number) {
    const double share = static_cast<double>(servers[number].weight) / total;
    const auto digests = static_cast<std::uint32_t>(std::floor(share * kDigestsPerServer * static_cast<double>(servers.size()) + 1e-10));
    std::vector<std::uint32_t> values;
    for (std::uint32_t i = 0; i < digests; ++i) append_points(servers[number].name + "-" + std::to_string(i), values);
    for (const std::uint32_t value : values) points_.push_back({value, number});
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
