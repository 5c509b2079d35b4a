// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Values that say what they should be: every byte follows from the key's number, the version and the size, so that whoever reads one can
// tell whether it is whole, the right key's, and of which version.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace smartswitch::load {

/// A value holds its version and a check of its own.
inline constexpr std::size_t kSmallestValue = 16;
/// A set is one datagram, and one packet.
inline constexpr std::size_t kLargestValue = 65'000;

/// SplitMix64's finisher (Steele et al. 2014, doi:10.1145/2660193.2660195): near numbers become far ones.
constexpr std::uint64_t mix(std::uint64_t number) {
  number = (number ^ number >> 30) * 0xBF58476D1CE4E5B9ULL;
  number = (number ^ number >> 27) * 0x94D049BB133111EBULL;
  return number ^ number >> 31;
}

/// Writes `size` bytes to `to`.
void write_value(std::uint8_t* to, std::size_t size, std::uint64_t key, std::uint64_t version);
/// The version of a whole and right value of `key`; nothing if a single byte is not what it should be.
std::optional<std::uint64_t> version_of_value(const std::uint8_t* from, std::size_t size, std::uint64_t key);

}  // namespace smartswitch::load
