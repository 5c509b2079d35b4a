// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The MemSwitch redirect as somebody would write it who needs nothing else: one loop, no elements, no annotations, the same checks and the
// same choice of servers. Compiled without link-time optimisation, and beginning at cache lines: what the compiler makes of it, and how
// that lies in cache lines, is the same whatever else changes in the program.
#pragma once

#include <rte_mbuf.h>

#include <atomic>
#include <cstdint>

#include "elements/memcached/backend_pool.h"
#include "elements/sdk/parameter.h"

namespace smartswitch::bench {

/// Packets that are no get of one key for the service are left as they are. Returns how many were rewritten.
[[gnu::aligned(64)]] unsigned redirect_fused(rte_mbuf** packets, unsigned n, const memcached::BackendPool& pool, rte_be32_t service);

/// What the loop over devices works on. It runs on one thread until `stop`; others may read `redirected`.
struct Bare {
  RxQueue rx;
  TxQueue tx;
  memcached::BackendPool backends;
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> redirected{0};
};

/// Receives, redirects and sends, with nothing around it.
[[gnu::aligned(64)]] void bare_loop(Bare& bare);

}  // namespace smartswitch::bench
