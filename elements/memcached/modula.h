// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include "elements/memcached/slots.h"

namespace smartswitch::memcached {

/// The remainder of the hash by the number of slots, as TwemProxy does it: when a slot comes or goes, nearly all keys move.
class Modula {
 public:
  explicit Modula(const std::vector<Backend>& servers) : slots_(servers) {}
  [[nodiscard]] std::uint32_t server_of(std::uint64_t hash) const { return slots_[static_cast<std::uint32_t>(hash >> 32) % slots_.size()]; }

 private:
  Slots slots_;
};

}  // namespace smartswitch::memcached
