// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/load/values.h"

#include <cstring>

namespace smartswitch::load {
namespace {

constexpr std::size_t kWord = sizeof(std::uint64_t);

std::uint64_t value_seed(std::size_t size, std::uint64_t key, std::uint64_t version) { return mix(mix(key) + version * 3 + size); }

// One multiplication a word: the processor does four of these at a time.
std::uint64_t value_word(std::uint64_t seed, std::size_t at) {
  std::uint64_t word = (seed + at) * 0x9E3779B97F4A7C15ULL;
  return word ^ word >> 29;
}

std::uint64_t load_word(const std::uint8_t* from, std::size_t bytes = kWord) {
  std::uint64_t word = 0;
  std::memcpy(&word, from, bytes);
  return word;
}

}  // namespace

void write_value(std::uint8_t* to, std::size_t size, std::uint64_t key, std::uint64_t version) {
  const std::uint64_t seed = value_seed(size, key, version);
  std::memcpy(to, &version, kWord);
  std::size_t at = kWord;
  for (; at + kWord <= size; at += kWord) {
    const std::uint64_t word = value_word(seed, at);
    std::memcpy(to + at, &word, kWord);
  }
  const std::uint64_t last = value_word(seed, at);
  std::memcpy(to + at, &last, size - at);
}

std::optional<std::uint64_t> version_of_value(const std::uint8_t* from, std::size_t size, std::uint64_t key) {
  if (size < kSmallestValue) return std::nullopt;
  const std::uint64_t version = load_word(from);
  const std::uint64_t seed = value_seed(size, key, version);
  std::uint64_t difference = 0;
  std::size_t at = kWord;
  for (; at + kWord <= size; at += kWord) difference |= load_word(from + at) ^ value_word(seed, at);
  const std::size_t rest = size - at;
  const std::uint64_t expected = value_word(seed, at);
  std::uint64_t last = 0;
  std::memcpy(&last, &expected, rest);
  difference |= load_word(from + at, rest) ^ last;
  if (difference != 0) return std::nullopt;
  return version;
}

}  // namespace smartswitch::load
