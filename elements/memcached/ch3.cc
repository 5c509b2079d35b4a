// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/ch3.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>

#include "elements/memcached/protocol.h"

namespace smartswitch::memcached {
namespace {

constexpr std::uint32_t kBitsSeed = 4193360111;
constexpr std::uint32_t kWeightSeed = 0xFACE2014;
// Numbers that are drawn before server 0 is taken, and bits between two of a number.
constexpr unsigned kDraws = 32;
constexpr unsigned kStride = 23;
// Servers that are tried before one is taken whatever its weight, and the digits behind a key that this takes.
constexpr unsigned kWeightTries = 32;
constexpr std::size_t kMostDigits = 2;

// Appleby's MurmurHash64A.
std::uint64_t murmur64a(std::string_view text, std::uint32_t seed) {
  constexpr std::uint64_t kMultiplier = 0xC6A4A7935BD1E995ULL;
  std::uint64_t h = seed ^ (text.size() * kMultiplier);
  for (; text.size() >= 8; text.remove_prefix(8)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), 8);
    word *= kMultiplier;
    word = (word ^ word >> 47) * kMultiplier;
    h = (h ^ word) * kMultiplier;
  }
  if (!text.empty()) {
    std::uint64_t rest = 0;
    std::memcpy(&rest, text.data(), text.size());
    h = (h ^ rest) * kMultiplier;
  }
  h = (h ^ h >> 47) * kMultiplier;
  return h ^ h >> 47;
}

// A key's bits: 64 from its hash, 64 more from the hash of those, and so on.
class Bits {
 public:
  explicit Bits(std::string_view key) { words_[0] = murmur64a(key, kBitsSeed); }
  std::uint32_t operator[](unsigned index) {
    for (; known_ <= index / 64; ++known_)
      words_[known_] = murmur64a({reinterpret_cast<const char*>(&words_[known_ - 1]), sizeof words_[0]}, kBitsSeed);
    return words_[index / 64] >> index % 64 & 1;
  }

 private:
  static constexpr unsigned kDepth = std::bit_width(Ch3::kMost - 1);
  static constexpr unsigned kWords = (kDepth + kDraws * kStride * kDepth) / 64 + 1;
  std::array<std::uint64_t, kWords> words_;
  unsigned known_ = 1;
};

std::uint32_t furc(std::string_view key, std::uint32_t servers) {
  if (servers <= 1) return 0;
  Bits bits(key);
  auto depth = static_cast<unsigned>(std::bit_width(servers - 1));
  unsigned index = depth;
  for (unsigned draw = 0; draw < kDraws; ++draw) {
    while (bits[index] == 0) {
      if (--depth == 0) return 0;
      index = depth;
    }
    std::uint32_t number = 1;
    for (unsigned bit = 1; bit < depth; ++bit) number = number << 1 | bits[index += kStride];
    index += kStride;
    if (number < servers) return number;
  }
  return 0;
}

}  // namespace

Ch3::Ch3(const std::vector<Backend>& servers) : servers_(static_cast<std::uint32_t>(servers.size())) {
  const auto [lightest, heaviest] =
      std::minmax_element(servers.begin(), servers.end(), [](const Backend& a, const Backend& b) { return a.weight < b.weight; });
  if (lightest->weight == heaviest->weight) return;
  for (const Backend& server : servers) {
    const double part = static_cast<double>(server.weight) / heaviest->weight;
    limits_.push_back(static_cast<std::uint64_t>(part * std::numeric_limits<std::uint32_t>::max()));
  }
}

std::uint32_t Ch3::server_of(std::string_view key) const {
  if (limits_.empty()) return furc(key, servers_);
  // A longer one is no memcached key.
  std::array<char, kLongestKey + kMostDigits> salted;
  const std::size_t length = key.copy(salted.data(), kLongestKey);
  std::uint32_t server = 0;
  for (unsigned attempt = 0; attempt < kWeightTries; ++attempt) {
    std::size_t size = length;
    if (attempt > 0) {  // with the number of this rehash behind the key, its last digit first
      unsigned number = attempt - 1;
      do salted[size++] = static_cast<char>('0' + number % 10);
      while ((number /= 10) > 0);
    }
    const std::string_view text(salted.data(), size);
    server = furc(text, servers_);
    if (spooky32(text, kWeightSeed) < limits_[server]) break;
  }
  return server;
}

}  // namespace smartswitch::memcached
