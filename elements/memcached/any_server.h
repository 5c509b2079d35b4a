// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <rte_cycles.h>

#include <cstdint>
#include <vector>

#include "elements/memcached/backend.h"
#include "elements/sdk/worker.h"

namespace smartswitch::memcached {

/// TwemProxy's `random`: any server for any request, whatever the key and the weights.
class AnyServer {
 public:
  AnyServer() = default;
  explicit AnyServer(const std::vector<Backend>& servers) : servers_(static_cast<std::uint32_t>(servers.size())) {}
  [[nodiscard]] std::uint32_t server_of(std::uint64_t /*hash*/) const {
    thread_local Random random(rte_rdtsc());
    return static_cast<std::uint32_t>((random.next() >> 32) * servers_ >> 32);
  }

 private:
  std::uint32_t servers_ = 1;
};

}  // namespace smartswitch::memcached
