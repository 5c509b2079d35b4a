// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The packet pool that all ports and workers of a switch take from, and the one for packets longer than any device's.
#pragma once

#include <rte_mempool.h>

#include <cstdint>
#include <memory>

#include "elements/sdk/value.h"
#include "graph/plan.h"

namespace smartswitch::runtime {

struct PoolFree {
  void operator()(rte_mempool* pool) const { rte_mempool_free(pool); }
};
using Pool = std::unique_ptr<rte_mempool, PoolFree>;

struct PoolSize {
  std::uint32_t packets = 0;
  std::uint32_t cache = 0;      ///< packets that each worker keeps at hand
  std::uint16_t data_room = 0;  ///< bytes of a buffer, headroom included
  [[nodiscard]] std::uint64_t bytes() const;
};

/// What packets must have room for.
struct PoolNeeds {
  std::uint64_t in_rings = 0;  ///< packets that the descriptor rings of all ports may hold
  std::uint64_t may_hold = 0;  ///< packets that all elements may
  std::uint16_t mtu = 0;       ///< the largest
};
/// Packets beyond these needs, for what reloads add to them.
inline constexpr std::uint64_t kReserveForReloads = 4096;
PoolSize size_pool(const graph::Plan& plan, const PoolNeeds& needs);
/// Room for `packets` of kLargestPacket bytes.
PoolSize size_large_pool(std::uint64_t packets);

/// What the plan says of ports, before devices are asked, which may change it.
PoolNeeds planned_needs(const graph::Plan& plan);
/// Packets that the port's descriptor rings may hold.
std::uint64_t planned_in_rings(const graph::Port& port, std::size_t workers);
/// Packets that all threads together may keep at hand.
std::uint64_t packets_in_caches(const graph::Plan& plan);

/// Whether a frame of an MTU fits a packet of the pool.
bool fits(rte_mempool* pool, std::uint16_t mtu);

/// Null, with the reason in `problems`, if there is no memory for it.
Pool make_pool(const PoolSize& size, Problems& problems);

}  // namespace smartswitch::runtime
