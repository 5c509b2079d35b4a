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
    const auto at = static_cast<std::uint32_t>((random >> 32) * slots_.size() >> 32);
    const Slot& slot = slots_[at];
    return static_cast<std::uint32_t>(random) < slot.chance ? at : slot.other;
  }

 private:
  // Either its own number, or another one.
  struct Slot {
    std::uint32_t chance = 0;  // of its own number, in 2^32
    std::uint32_t other = 0;
  };
  std::vector<Slot> slots_;
};

}  // namespace smartswitch::load
