// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstdint>
#include <vector>

#include "elements/memcached/backend.h"

namespace smartswitch::memcached {

/// As many slots for each server as its weight says, in the order of the file: what distributions that only count spread keys over.
class Slots {
 public:
  /// The total weight may not be larger: a slot takes four bytes.
  static constexpr std::uint64_t kMost = 1 << 24;

  explicit Slots(const std::vector<Backend>& servers) {
    for (std::uint32_t number = 0; number < servers.size(); ++number) servers_.insert(servers_.end(), servers[number].weight, number);
  }
  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(servers_.size()); }
  [[nodiscard]] std::uint32_t operator[](std::uint32_t slot) const { return servers_[slot]; }

 private:
  std::vector<std::uint32_t> servers_;
};

}  // namespace smartswitch::memcached
