// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstdint>
#include <vector>

#include "elements/memcached/backend.h"

namespace smartswitch::memcached {

/// Maglev's table (Eisenbud et al., NSDI 2016, section 3.4): a look-up is one read, shares are even to a few slots, and little more than a
/// server's own share moves when it comes or goes.
class Maglev {
 public:
  /// A prime, so that each server's steps visit every slot.
  static constexpr std::uint32_t kSlots = 65537;

  explicit Maglev(const std::vector<Backend>& servers);
  [[nodiscard]] std::uint32_t server_of(std::uint64_t hash) const {
    // The older hashes leave some of their 32 bits unused: the product has all of them in its upper half.
    return table_[(hash * 0x9E3779B97F4A7C15ULL >> 32) * kSlots >> 32];
  }

 private:
  std::vector<std::uint16_t> table_;
};

}  // namespace smartswitch::memcached
