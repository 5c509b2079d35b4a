// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include "elements/memcached/slots.h"

namespace smartswitch::memcached {

/// Jump consistent hash (Lamping and Veach 2014, arXiv:1406.2294): perfectly even, nothing to store, and a slot that comes or goes at the
/// end moves only its share of the keys.
class Jump {
 public:
  explicit Jump(const std::vector<Backend>& servers) : slots_(servers) {}
  [[nodiscard]] std::uint32_t server_of(std::uint64_t hash) const { return slots_[slot_of(hash, slots_.size())]; }

  /// The slot of `hash` among `slots`.
  [[nodiscard]] static std::uint32_t slot_of(std::uint64_t hash, std::uint32_t slots) {
    std::uint64_t slot = 0;
    for (std::uint64_t next = 0; next < slots;) {
      slot = next;
      hash = hash * 2862933555777941757ULL + 1;
      next = static_cast<std::uint64_t>(static_cast<double>(slot + 1) * (0x1.0p31 / static_cast<double>((hash >> 33) + 1)));
    }
    return static_cast<std::uint32_t>(slot);
  }

 private:
  Slots slots_;
};

}  // namespace smartswitch::memcached
