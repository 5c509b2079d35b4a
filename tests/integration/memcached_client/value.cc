// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "tests/integration/memcached_client/value.h"

#include <fmt/format.h>

#include <charconv>

namespace client {
namespace {

constexpr std::size_t kVersionDigits = 16;

std::uint64_t next(std::uint64_t& state) {  // splitmix64
  state += 0x9E3779B97F4A7C15U;
  std::uint64_t z = state;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31U);
}

std::uint64_t seed_of(std::string_view key, std::uint64_t version) {
  std::uint64_t state = version;
  for (const char c : key) state = next(state) ^ static_cast<unsigned char>(c);
  return state;
}

}  // namespace

std::string key_name(std::uint64_t index) { return fmt::format("key-{:012}", index); }

std::string value_of(std::string_view key, std::uint64_t version, std::size_t size) {
  std::uint64_t state = seed_of(key, version);
  const bool has_line = next(state) % 8 == 0;
  std::string value = fmt::format("{:016x}{}", version, has_line ? "\r\nEND\r\n" : "");
  while (value.size() < size) value += fmt::format("{:016x}", next(state));
  value.resize(size);
  return value;
}

std::optional<std::uint64_t> version_of(std::string_view key, std::string_view value) {
  if (value.size() < kSmallestValue) return std::nullopt;
  std::uint64_t version = 0;
  const char* end = value.data() + kVersionDigits;
  const auto [stop, error] = std::from_chars(value.data(), end, version, 16);
  if (error != std::errc() || stop != end || value_of(key, version, value.size()) != value) return std::nullopt;
  return version;
}

}  // namespace client
