// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace smartswitch::load {

/// Draws 0 to n-1, the most popular first, as Zipf's law with exponent `s` has it. (Walker's alias method, ACM TOMS 3(3), 1977: one look-up
/// a draw, 8 bytes a number.)
class Zipf {
 public:
  Zipf(std::size_t n, double s);
  /// `random` is uniform over 64 bits.
  [[nodiscard]] std::uint32_t operator()(std::uint64_t random) const {
    const auto slot = static_cast<std::uint32_t>((random >> 32) * chance_.size() >> 32);
    return static_cast<std::uint32_t>(random) < chance_[slot] ? slot : other_[slot];
  }

 private:
  std::vector<std::uint32_t> chance_;  // of 2^32
  std::vector<std::uint32_t> other_;
};

}  // namespace smartswitch::load
