// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace smartswitch::load {

inline constexpr std::size_t kKeyPrefix = 3;
/// Every number of 64 bits fits into that many digits.
inline constexpr std::size_t kMostDigits = 20;

/// Writes the name of a key, "key" and its number with leading zeros, in `size` bytes.
inline void write_key(std::uint8_t* to, std::size_t size, std::uint64_t number) {
  std::memcpy(to, "key", kKeyPrefix);
  std::size_t at = size;
  for (; number != 0 && at > kKeyPrefix; number /= 10) to[--at] = static_cast<std::uint8_t>('0' + number % 10);
  std::memset(to + kKeyPrefix, '0', at - kKeyPrefix);
}

/// True if all numbers up to `largest` have names of `size` bytes.
constexpr bool key_fits(std::size_t size, std::uint64_t largest) {
  std::size_t digits = 1;
  for (; largest >= 10; largest /= 10) ++digits;
  return size >= kKeyPrefix + digits;
}

}  // namespace smartswitch::load
